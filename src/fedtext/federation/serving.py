"""What of ours there is: actors and objects, asked of the application, as the documents that others get."""

from __future__ import annotations

from typing import Any, Final

from ..config import Limits
from ..delivery import clamp
from ..dispatch import Written
from ..errors import ConfigurationError, MethodRefused, NotFound, PolicyRefusal, RecipientGone
from ..http import Request
from ..ports import Event, PortSet
from ..signatures.negotiation import CAPABILITY_ED25519, CAPABILITY_RFC9421
from ..vocab import Actor, Application, Link, Object, PublicKeyClaim, dump
from ..wire.json import JsonObject, parse_object
from .actor_keys import PublicMembers, key_set_key
from .context import scope_of
from .engine import Engine, tombstone_key
from .mentions import with_ids
from .publishing import complete
from .registry import ObjectRoute
from .routes import Route, RouteKind
from .shown import ShownActor, ShownObject

# `assertionMethod`, and what is in it (FEP-521a).
_MULTIKEY_CONTEXTS: Final = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1")
_IMPLEMENTS: Final = (
    (CAPABILITY_RFC9421, "RFC-9421: HTTP Message Signatures"),
    (CAPABILITY_ED25519, "RFC-9421 signatures using the Ed25519 algorithm"),
)


def refuse_method(request: Request) -> None:
    """Refuse the method.

    Raises:
        MethodRefused: Always.
    """
    raise MethodRefused(method=request.method)


def require_get(request: Request, route: Route) -> None:
    """Let GET and HEAD pass only, and those only where something is read.

    Raises:
        MethodRefused: Any other method; the Allow header names what is served.
    """
    if request.method not in ("GET", "HEAD") or not route.is_read:
        raise MethodRefused(method=request.method, path=route.kind.value)


# ---- actors ----------------------------------------------------------------------------------------------------------


async def own_actor(engine: Engine, identifier: str, ports: PortSet) -> Actor | None:
    """Ask the application for an own actor; an identifier that it cannot read names nobody."""
    if not engine.router.actors:
        return None
    callback = engine.router.actors[0].callback
    context = engine.context(ports, scope_of(identifier))
    try:
        found = await engine.caller.call(callback, context, identifier)
    except ValueError as error:
        ports.observer.emit(Event(name="actor.unreadable_identifier", fields={"error": repr(error)[:200]}))
        return None
    if found is not None and not isinstance(found, Actor):
        raise ConfigurationError("the actor callback gives an actor or None", given=type(found).__name__)
    return found


async def is_there(engine: Engine, identifier: str, ports: PortSet) -> bool:
    """Tell whether there is such an own actor; one that was there a moment ago is not asked for (see `Recipients`).

    Whether it was removed is asked before, of the store.
    """
    now_s = ports.clock.now_s()
    if engine.recipients.is_there(identifier, now_s=now_s, fresh_s=engine.config.inbox.recipient_fresh_s):
        return True
    if await own_actor(engine, identifier, ports) is None:
        return False
    engine.recipients.remember(identifier, now_s=now_s)
    return True


async def require_actor(engine: Engine, identifier: str, ports: PortSet) -> Actor:
    """Give the own actor whose collection is asked for.

    Raises:
        NotFound: There is none.
        RecipientGone: There was.
        PolicyRefusal: It is suspended (ACT-27).
    """
    actor_id = engine.site.origin + engine.actor_path(identifier)
    if await tombstone(ports, engine.site.origin, actor_id) is not None:
        raise RecipientGone
    actor = await own_actor(engine, identifier, ports)
    if actor is None:
        raise NotFound
    if actor.suspended:
        raise PolicyRefusal("the actor is suspended", actor=actor_id)
    return actor


async def actor_document(engine: Engine, identifier: str, ports: PortSet) -> JsonObject | None:
    """Give an own actor as it is served, its public keys added."""
    actor = await own_actor(engine, identifier, ports)
    return None if actor is None else await with_keys(engine, actor, ports)


async def with_keys(engine: Engine, actor: Actor, ports: PortSet) -> JsonObject:
    """Dump an own actor with its keys, unless it brings keys of its own.

    `publicKey` is added to the model, so that the context explains it too; `assertionMethod` is no member of the model.
    """
    if actor.keys:
        return clamp(dump(actor))
    return _joined(actor, await engine.keys.public_members(ports, engine.site.origin, str(actor.id)))


async def kept_of_actor(engine: Engine, actor_id: str, ports: PortSet) -> tuple[JsonObject | None, bytes | None]:
    """Give in one read what the store has of an own actor: the tombstone, if it was removed, and its stored keys."""
    buried, keys = tombstone_key(engine.site.origin, actor_id), key_set_key(engine.site.origin, actor_id)
    found = await ports.store.get_many((buried, keys))
    tomb = found.get(buried)
    return None if tomb is None else parse_object(tomb, Limits()), found.get(keys)


async def written_actor(
    engine: Engine, actor: Actor, actor_id: str, ports: PortSet, *, stored: bytes | None = None
) -> Written:
    """Give the own actor of an id as it goes out: see `with_keys`. Its keys are asked for each time.

    Args:
        engine: What is fixed at start-up.
        actor: As the application gave it.
        actor_id: Under which it was asked for.
        ports: Where its keys are.
        stored: The keys of this id as they were just read; None: nobody has looked, or there are none yet.
    """

    def make() -> ShownActor:
        return ShownActor(actor)

    shown = engine.shown.actors.of(actor_id, actor, None, make)
    if shown.brings_keys:
        members = None
    elif stored is not None and shown.id == actor_id:
        members = engine.keys.members_of(actor_id, stored, now_s=ports.clock.now_s())
    else:
        members = await engine.keys.public_members(ports, engine.site.origin, shown.id)
    known = shown.written(members)
    if known is not None:
        return known
    return shown.keep(members, Written(clamp(dump(actor)) if members is None else _joined(actor, members)))


def _joined(actor: Actor, members: PublicMembers) -> JsonObject:
    key, others = members
    claim = PublicKeyClaim(id=key["id"], owner=key["owner"], pem=key["publicKeyPem"])
    document = clamp(dump(actor.evolve(public_key=claim)))
    if "assertionMethod" not in document:
        document["assertionMethod"] = [dict(other) for other in others]
        # At the end: they are protected, so that nothing behind them may define one of their terms anew.
        given = document["@context"]
        entries = given if isinstance(given, list) else [given]
        document["@context"] = [*entries, *(entry for entry in _MULTIKEY_CONTEXTS if entry not in entries)]
    return document


async def instance_actor_document(engine: Engine, ports: PortSet) -> JsonObject:
    """Give the actor that signs on behalf of the server (ACT-21), and says which signatures it takes (SIG-32)."""
    actor_id = engine.instance_actor_id
    actor = Application(
        id=actor_id,
        preferred_username=engine.site.authority,
        name=engine.software.name,
        inbox=actor_id + "/inbox",
        outbox=actor_id + "/outbox",
        url=engine.site.origin + "/",
        shared_inbox=engine.site.origin + engine.paths.shared_inbox,
        manually_approves_followers=True,
        implements=tuple(Link(href=address, name=name) for address, name in _IMPLEMENTS),
    )
    return await with_keys(engine, actor, ports)


# ---- objects ---------------------------------------------------------------------------------------------------------


async def own_object(engine: Engine, route: Route, ports: PortSet) -> Object | None:
    """Ask the application for an own object and complete it."""
    model = await _given_object(engine, route, ports)
    return None if model is None else complete(engine, model, engine.site.origin + route.path)


async def shown_object(engine: Engine, route: Route, ports: PortSet) -> ShownObject | None:
    """Ask the application for an own object; see `own_object`. What was made of the same before is not made again."""
    model = await _given_object(engine, route, ports)
    if model is None:
        return None
    object_id = engine.site.origin + route.path

    def make() -> ShownObject:
        return ShownObject(complete(engine, model, object_id))

    # What completes it follows from its id and from what is registered.
    return engine.shown.objects.of(object_id, model, engine.router.edition, make)


async def _given_object(engine: Engine, route: Route, ports: PortSet) -> Object | None:
    object_route = route.object_route
    if object_route is None:
        return None
    context = engine.context(ports)
    try:
        if object_route.source is None:
            model = await engine.caller.call(object_route.callback, context, **route.parameters)
        else:
            thing = await _load_source(engine, object_route, route, ports)
            if thing is None:
                return None
            model = await engine.caller.call(object_route.callback, context, thing)
    except ValueError as error:
        ports.observer.emit(Event(name="object.unreadable_identifier", fields={"error": repr(error)[:200]}))
        return None
    if model is None:
        return None
    if not isinstance(model, Object):
        raise ConfigurationError("the object callback gives an object or None", given=type(model).__name__)
    return model


async def _load_source(engine: Engine, object_route: ObjectRoute, route: Route, ports: PortSet) -> object:
    if object_route.load is not None:
        return await engine.caller.call(object_route.load, engine.context(ports), **route.parameters)
    if engine.load_source is None or object_route.source is None:
        raise ConfigurationError("say how to find the thing: load=…", path=object_route.template.text)
    source, finder = object_route.source, engine.load_source

    def find() -> object:
        return finder(source, dict(route.parameters))

    return await ports.offload.run(find)


async def map_thing(engine: Engine, thing: object, ports: PortSet) -> Object | None:
    """Map one of the application's own things to a completed object.

    Raises:
        ConfigurationError: Its class is not registered.
    """
    route = object_route_of(engine, thing)
    model = await engine.caller.call(route.callback, engine.context(ports), thing)
    return None if model is None else complete(engine, model, object_id_of(engine, route, thing))


def object_route_of(engine: Engine, thing: object) -> ObjectRoute:
    """Find the registration for one of the application's own things.

    Raises:
        ConfigurationError: Its class is not registered.
    """
    route = find_object_route(engine, thing)
    if route is None:
        raise ConfigurationError("no object is registered for this class", given=type(thing).__name__)
    return route


def find_object_route(engine: Engine, thing: object) -> ObjectRoute | None:
    """Give the registration for one of the application's own things, or None."""
    routes = engine.router.objects
    return next((route for route in routes if route.source is not None and isinstance(thing, route.source)), None)


def object_id_of(engine: Engine, route: ObjectRoute, thing: object) -> str:
    """Give the id of one of the application's own things: its attributes fill the path."""
    parameters: dict[str, Any] = {}
    for name in route.template.parameters:
        value = getattr(thing, name, None)
        if value is None:
            raise ConfigurationError(
                "the thing has no value for the path yet: save it first", path=route.template.text, attribute=name
            )
        parameters[name] = value
    return engine.site.origin + route.template.expand(parameters)


# ---- both ------------------------------------------------------------------------------------------------------------


async def tombstone(ports: PortSet, site: str, iri: str) -> JsonObject | None:
    """Give the tombstone that is kept for an id of ours, or None."""
    found = await ports.store.get(tombstone_key(site, iri))
    return None if found is None else parse_object(found, Limits())


async def local_document(engine: Engine, iri: str, ports: PortSet) -> JsonObject:
    """Give a document of ours by its id, without the network and without access checks.

    Raises:
        NotFound: Nothing there.
        RecipientGone: There was.
    """
    path = iri[len(engine.site.origin) :].partition("#")[0]
    if await tombstone(ports, engine.site.origin, engine.site.origin + path) is not None:
        raise RecipientGone
    route = engine.route(path)
    if route is not None and route.kind is RouteKind.ACTOR:
        document = await actor_document(engine, route.identifier or "", ports)
        if document is not None:
            return document
    if route is not None and route.kind is RouteKind.OBJECT:
        model = await own_object(engine, route, ports)
        if model is not None:
            return with_ids(dump(model), {})
    if route is not None and route.kind is RouteKind.INSTANCE_ACTOR:
        return await instance_actor_document(engine, ports)
    raise NotFound
