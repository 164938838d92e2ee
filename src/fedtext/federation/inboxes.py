"""POST to an inbox: find whose it is before anything is parsed, then receive."""

from __future__ import annotations

from ..dispatch import accepted
from ..errors import FedtextError, NotFound, PortError, RecipientGone
from ..http import Request, Response
from ..inbox import Reception, peek, receive
from ..ports import Event, PortSet
from ..wire.json import parse_object
from . import forwarding, serving
from .context import Scope
from .engine import Engine
from .routes import Route, RouteKind
from .synchronizing import take_note


async def take(engine: Engine, request: Request, route: Route, ports: PortSet) -> Response:
    """Answer a POST to an inbox: 202 when it is durable, a typed refusal else.

    Raises:
        NotFound: Nobody has this inbox (404), asked before any parsing (SEC-016).
        RecipientGone: Its owner was removed (410).
        FedtextError: See `inbox.receive`.
    """
    if request.method != "POST":
        serving.refuse_method(request)
    if route.kind is RouteKind.INBOX:
        await _require_owner(engine, route, ports)
    await engine.relaybook.refresh(ports)
    reception = Reception(
        ports=ports,
        fetcher=engine.fetcher(ports),
        config=engine.config,
        site=engine.site.origin,
        authorities=engine.site.authorities,
        refuse=engine.refuse,
        inbox=route.path,
        recipient=route.identifier,
        suspends=engine.rulebook.rules.is_suspended,
        pace=engine.pace,
        passes_on=lambda document: bool(forwarding.targets(engine, document)),
        is_relay=engine.relaybook.is_accepted,
        arrivals=engine.arrivals,
    )
    try:
        receipt = await receive(request, reception)
    except FedtextError as error:
        answer = await _tell(engine, request, route, ports, error)
        if answer is None:
            raise
        return answer
    if receipt.verified is not None:
        await take_note(engine, receipt.verified, ports)
    return accepted()


async def _require_owner(engine: Engine, route: Route, ports: PortSet) -> None:
    identifier = route.identifier or ""
    actor_id = engine.site.origin + engine.actor_path(identifier)
    if await engine.is_removed(ports, actor_id) is not None:
        raise RecipientGone
    if not await serving.is_there(engine, identifier, ports):
        raise NotFound


async def _tell(engine: Engine, request: Request, route: Route, ports: PortSet, error: FedtextError) -> Response | None:
    """Tell `on_unverified` listeners the error and what the body claims, never a model; give what one answers."""
    if not engine.router.unverified or isinstance(error, PortError):
        return None
    try:
        claimed = peek(parse_object(request.body, engine.config.limits))
    except FedtextError:
        claimed = None
    context, answer = engine.context(ports, Scope(recipient=route.identifier)), None
    for callback in engine.router.unverified:
        try:
            given = await engine.caller.call(callback, context, error, claimed)
            answer = answer or (given if isinstance(given, Response) else None)
        except Exception as fault:  # the application's own; the sender is answered what the request deserves
            ports.observer.emit(Event(name="inbox.on_unverified_failed", fields={"error": repr(fault)[:300]}))
    return answer
