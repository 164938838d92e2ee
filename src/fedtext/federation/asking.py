"""Who asks: on this every decision about reading is taken (SEC-134, COL-11)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..dispatch import Viewer, addressees, embedded
from ..errors import FetchError, KeyRefused, PolicyRefusal, SignatureError, SignatureMissing
from ..http import Request
from ..inbox import Departed, Gatekeeper
from ..ports import PortSet
from ..signatures import parse_claims
from ..wire.json import JsonObject
from ..wire.media_types import Representation
from .context import Scope
from .engine import Engine
from .routes import Route, RouteKind


class Visit(NamedTuple):
    """One GET: what is asked for, in which form and, where that is known at the door, by which actor."""

    request: Request
    route: Route
    wanted: Representation
    asker: str | None = None


def admits_all(engine: Engine) -> bool:
    """Tell whether nobody is an owner and nobody has to sign here, so that `admit` lets everybody in as nobody."""
    return engine.router.owner_callback is None and not engine.config.secure


async def admit(engine: Engine, visit: Visit, ports: PortSet) -> Visit:
    """Let owners in, and whoever signs; under `Config.secure` nobody else.

    Raises:
        SignatureError: Only who signs is answered here; see `require_signer`.
        PolicyRefusal: See there.
    """
    if engine.router.owner_callback is not None and await is_owner(engine, visit.request, visit.route, ports):
        return visit._replace(asker=engine.site.origin + engine.actor_path(visit.route.identifier or ""))
    if _needs_signature(engine, visit):
        return visit._replace(asker=await require_signer(engine, visit.request, ports))
    return visit


async def is_owner(engine: Engine, request: Request, route: Route, ports: PortSet) -> bool:
    """Tell whether the owner of an actor asks for one of its collections, as far as the application knows."""
    callback = engine.router.owner_callback
    if callback is None or route.identifier is None or route.kind is RouteKind.ACTOR:
        return False
    context = engine.context(ports, Scope(identifier=route.identifier))
    return await engine.caller.call(callback, context, route.identifier, request) is True


def _needs_signature(engine: Engine, visit: Visit) -> bool:
    """Tell whether only who signs is answered: under `Config.secure` all but pages for people and the instance actor.

    The instance actor is what others need before they can verify anything of ours (ACT-21).
    """
    if not engine.config.secure or visit.route.kind is RouteKind.INSTANCE_ACTOR:
        return False
    return visit.wanted is not Representation.HTML or visit.route.kind not in (RouteKind.ACTOR, RouteKind.OBJECT)


async def require_signer(engine: Engine, request: Request, ports: PortSet) -> str:
    """Give the id of the actor that signed the GET.

    Raises:
        SignatureError: Unsigned, or a signature that does not hold: 401, so that the peer knocks again in another way
            (SIG-27), or 503 when its key cannot be had now.
        PolicyRefusal: The key or its owner is refused: 403 (SEC-135).
        PortError: It could not be found out.
    """
    fetcher = engine.fetcher(ports)
    gate = Gatekeeper(fetcher=fetcher, authorities=engine.site.authorities, refuse=engine.refuse)
    try:
        claims = gate.check(request, gate.admit(parse_claims(request, engine.config.limits)))
        verified = await gate.verify(request, claims, fetcher.budget())
    except FetchError as error:
        raise KeyRefused("the owner of the key is not to be had") from error
    if isinstance(verified, Departed):
        raise KeyRefused("the owner of the key is gone", key_id=verified.claim.key_id)
    return verified.signer


async def find_signer(engine: Engine, visit: Visit, ports: PortSet) -> str | None:
    """Give the id of the actor who asks; None where the GET is unsigned, or its signer is refused by policy.

    Raises:
        SignatureError: See `require_signer`.
        PortError: It could not be found out; nobody is told that there is nothing.
    """
    if visit.asker is not None:
        return visit.asker
    try:
        return await require_signer(engine, visit.request, ports)
    except (SignatureMissing, PolicyRefusal):
        return None


async def find_signer_if_valid(engine: Engine, visit: Visit, ports: PortSet) -> str | None:
    """Give the id of the actor who asks; None for a signature that does not hold, too.

    For what is there for everybody, of which only some see more.
    """
    try:
        return await find_signer(engine, visit, ports)
    except SignatureError:
        return None


async def viewer_of(engine: Engine, ports: PortSet, actor: str | None, documents: Iterable[JsonObject]) -> Viewer:
    """Give who asks, with those collections of ours that the documents are addressed to and in which he is."""
    source = engine.router.follower_source
    if actor is None or source is None:
        return Viewer(actor=actor)
    followed: set[str] = set()
    for iri in {iri for document in documents for iri in _addressed(document)}:
        owner = engine.followers_owner(iri)
        if owner is not None and await source.contains(engine.context(ports), owner, actor):
            followed.add(iri)
    return Viewer(actor=actor, followed_collections=frozenset(followed))


def _addressed(document: JsonObject) -> frozenset[str]:
    return addressees(document).union(*(addressees(item) for item in embedded(document)))
