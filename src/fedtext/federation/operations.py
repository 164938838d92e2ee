"""What the engine does: answer requests, carry out jobs, and what contexts ask for."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from ..discovery import claimed_handle, lookup_object, resolve_handle
from ..dispatch import failure
from ..errors import ConfigurationError, FedtextError, Gone, HTTPStatusError, NotFound, RecipientGone
from ..fetch import get_object
from ..http import Headers, Request, Response
from ..ports import Claim, Event, Job, LaneKind, PortSet
from ..signatures import BODILESS_METHODS, build_challenge
from ..vocab import Activity, Object, load_as, reference_id
from ..wire.acct import Handle, parse_handle, split
from ..wire.iri import Iri
from . import hosts, outboxes, payloads, reading, sending, serving, step, wellknown
from .context import Context, Scope
from .engine import Engine
from .inboxes import take
from .mentions import ACCT
from .outcomes import JobOutcome
from .routes import Route
from .turns import Turn, TurnResult

_CHALLENGES = {bodiless: build_challenge(bodiless=bodiless) for bodiless in (False, True)}


class EngineOperations:
    """The operations of a real engine."""

    async def handle(
        self, engine: Engine, request: Request, ports: PortSet, route: Route | None = None
    ) -> Response | None:
        """Answer one request; see `Engine.handle`."""
        if route is None and (route := engine.route(request.path)) is None:
            return None
        try:
            if not engine.rulebook.is_fresh(ports.clock.now_s()):
                await engine.rulebook.refresh(ports)
            if request.method == "OPTIONS":
                return _options(route)
            if request.method == "POST" and route.is_posted_to:
                post = outboxes.take if route.takes_clients else take
                return await post(engine, request, route, ports)
            serving.require_get(request, route)
            serve = wellknown.serve if route.is_well_known else reading.serve
            return await serve(engine, request, route, ports)
        except FedtextError as error:
            ports.observer.emit(Event(name="request.refused", fields={"code": error.code, "error": str(error)}))
            allow = route.allow if error.status_hint == 405 else None
            challenge = _CHALLENGES[request.method in BODILESS_METHODS] if error.status_hint == 401 else None
            refusal = failure(error, allow=allow, challenge=challenge)
            return wellknown.opened(refusal) if route.is_well_known else refusal

    def run_job(self, engine: Engine, job: Job, ports: PortSet, turn: Turn | None) -> Coroutine[Any, Any, JobOutcome]:
        """Carry out one job; see `step.run_job`."""
        return step.run_job(engine, job, ports, turn)

    async def begin_turn(self, engine: Engine, claim: Claim, ports: PortSet) -> Turn:
        """Look at the host of a lane, or at what came from it; see `hosts.begin_turn`, `payloads.begin_inbound`."""
        if claim.lane.kind is LaneKind.IN:
            return await payloads.begin_inbound(engine, claim, ports)
        return await hosts.begin_turn(engine, claim, ports)

    async def end_turn(self, engine: Engine, claim: Claim, turn: Turn, result: TurnResult, ports: PortSet) -> float:
        """Write down what a turn says of its host; see `hosts.end_turn`."""
        return await hosts.end_turn(engine, claim, turn, result, ports)

    async def heard_from(self, engine: Engine, iri: str, ports: PortSet) -> None:
        """Take a sign of life; see `hosts.heard_from`."""
        await hosts.heard_from(engine, iri, ports)

    async def get(
        self, engine: Engine, context: Context, reference: object, *, fresh: bool, as_actor: object
    ) -> Object:
        """Give the object behind a reference; see `Context.get`."""
        if isinstance(reference, Object) and not fresh:
            return reference
        iri = reference_id(reference) if isinstance(reference, str | Object) else None
        if iri is None:
            raise ConfigurationError("a reference is an id or a model", reference=repr(reference))
        if context.parse(iri) is not None or iri == engine.instance_actor_id:
            return await _local(engine, iri, context.ports)
        if iri[: len(ACCT)].lower() == ACCT:  # FEP-4adb
            return await self.lookup(engine, context, iri)
        fetcher = engine.way_out(context, iri, as_actor)
        return await get_object(fetcher, iri, fetcher.budget(), fresh=fresh)

    async def lookup(self, engine: Engine, context: Context, text: str) -> Object:
        """Find what a handle or URL names; see `Context.lookup`."""
        local = await wellknown.local_lookup(engine, text, context.ports)
        if local is not None:
            return local
        engine.refuse(text if "://" in text else f"https://{split(parse_handle(text))[1]}/")
        fetcher = engine.fetcher(context.ports)
        found = await lookup_object(fetcher, text, fetcher.budget())
        engine.refuse(str(found.id))  # it may lie on another host than what was asked for (SEC-151)
        return found

    async def handle_of(self, engine: Engine, context: Context, reference: object) -> Handle | None:
        """Give the confirmed handle of an actor; see `Context.handle_of`."""
        # Threat: an actor that somebody has embedded may claim any handle; its own document is asked (FEP-2c59).
        actor = await context.get_actor(reference_id(reference) if isinstance(reference, Object) else reference)
        if actor.id == engine.instance_actor_id:
            return parse_handle(f"{engine.site.authority}@{engine.site.authority}")
        if context.parse(actor) is not None:
            return None if actor.preferred_username is None else context.handle(actor.preferred_username)
        claimed = claimed_handle(actor)
        if claimed is not None:
            engine.refuse(f"https://{split(claimed)[1]}/")
        fetcher = engine.fetcher(context.ports)
        return await resolve_handle(fetcher, actor, fetcher.budget())

    async def send(self, engine: Engine, context: Context, activity: Activity, *, to: object, within: object) -> Iri:
        """Queue an activity; see `Context.send`."""
        return await sending.send(engine, context, activity, to=to, within=within)

    async def confirm(self, engine: Engine, context: Context, scope: Scope, *, within: object) -> None:
        """Mark the present activity as handled; see `Context.confirm`."""
        if scope.confirm_key is None:
            raise ConfigurationError("there is something to confirm in listeners only")
        await sending.confirm(engine, context, scope, scope.confirm_key, within=within)


async def _local(engine: Engine, iri: str, ports: PortSet) -> Object:
    """Give a thing of ours; where there is none, fail as a fetch would: callers need not know whose it is."""
    try:
        return load_as(await serving.local_document(engine, iri, ports), Object)
    except RecipientGone as error:
        raise Gone("it was here", url=iri) from error
    except NotFound as error:
        raise HTTPStatusError("there is nothing here", url=iri, status=404) from error


# What browsers may send from pages of others; cookies are not among it.
_ASKED_WITH = (
    "accept, authorization, content-type, if-none-match, date, digest, content-digest, signature, signature-input"
)


def _options(route: Route) -> Response:
    headers = [
        ("allow", route.allow),
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", route.allow),
        ("access-control-allow-headers", _ASKED_WITH),
        ("content-length", "0"),
    ]
    return Response(status=204, headers=Headers.build(headers))
