"""GET: actors, objects and collections of ours, and who may see them."""

from __future__ import annotations

from typing import Any, Final, cast
from urllib.parse import parse_qsl

from ..config import Limits
from ..delivery import clamp, strip_blind
from ..dispatch import (
    CURSOR_CHARS_MAX,
    Page,
    PageRequest,
    Viewer,
    addressees,
    collection,
    collection_page,
    document_response,
    gone,
    may_see,
    redirect_to_html,
)
from ..errors import (
    ConfigurationError,
    FetchError,
    HostRefused,
    KeyRefused,
    MethodRefused,
    NotAcceptable,
    NotFound,
    PolicyRefusal,
    RecipientGone,
    SignatureMissing,
)
from ..http import Request, Response
from ..inbox import Departed, Gatekeeper
from ..ports import Event, PortSet, store_key
from ..signatures import parse_claims
from ..signatures.negotiation import CAPABILITY_ED25519, CAPABILITY_RFC9421
from ..vocab import Activity, Actor, Application, Link, Object, PublicKeyClaim, dump
from ..wire.json import JsonObject, JsonValue, parse_object
from ..wire.media_types import Representation, prefers_html
from . import partial_followers
from .context import Scope
from .engine import Engine
from .mentions import with_ids
from .publishing import complete, create_of
from .registry import ObjectRoute
from .routes import Route, RouteKind

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
    """Let GET and HEAD pass only.

    Raises:
        MethodRefused: Any other method; the Allow header names what is served.
    """
    if request.method not in ("GET", "HEAD"):
        raise MethodRefused(method=request.method, path=route.kind.value)


async def serve(engine: Engine, request: Request, route: Route, ports: PortSet) -> Response | None:
    """Serve what lives at a route; None: the page for people under the same path is the application's own.

    Raises:
        NotFound: Nothing there, or nothing for this viewer: the same answer (COL-11).
        NotAcceptable: Neither representation is wanted.
        HostRefused: Asked under another host's name.
    """
    if request.authority.lower() not in engine.site.authorities:
        raise HostRefused(host=request.authority)
    wanted = prefers_html(request.headers.get("accept"))
    if wanted is Representation.NONE:
        raise NotAcceptable(accept=request.headers.get("accept"))
    if route.kind is RouteKind.INSTANCE_ACTOR:
        return await _instance_actor(engine, request, ports)
    if route.kind is RouteKind.ACTOR:
        return await _actor(engine, request, route, ports, wanted)
    if route.kind is RouteKind.OBJECT:
        return await _object(engine, request, route, ports, wanted)
    return await _collection(engine, request, route, ports)


# ---- actors ----------------------------------------------------------------------------------------------------------


async def own_actor(engine: Engine, identifier: str, ports: PortSet) -> Actor | None:
    """Ask the application for an own actor; an identifier that it cannot read names nobody."""
    if not engine.router.actors:
        return None
    callback = engine.router.actors[0].callback
    context = engine.context(ports, Scope(identifier=identifier))
    try:
        found = await engine.caller.call(callback, context, identifier)
    except ValueError as error:
        ports.observer.emit(Event(name="actor.unreadable_identifier", fields={"error": repr(error)[:200]}))
        return None
    if found is not None and not isinstance(found, Actor):
        raise ConfigurationError("the actor callback gives an actor or None", given=type(found).__name__)
    return found


async def actor_document(engine: Engine, identifier: str, ports: PortSet) -> JsonObject | None:
    """Give an own actor as it is served, its public keys added."""
    actor = await own_actor(engine, identifier, ports)
    return None if actor is None else await _with_keys(engine, actor, ports)


async def _with_keys(engine: Engine, actor: Actor, ports: PortSet) -> JsonObject:
    """Dump an own actor with its keys, unless it brings keys of its own.

    `publicKey` is added to the model, so that the context explains it too; `assertionMethod` is no member of the model.
    """
    if actor.keys:
        return clamp(dump(actor))
    key, others = await engine.keys.public_members(ports, engine.site.origin, str(actor.id))
    claim = PublicKeyClaim(id=key["id"], owner=key["owner"], pem=key["publicKeyPem"])
    document = clamp(dump(actor.evolve(public_key=claim)))
    if "assertionMethod" not in document:
        document["assertionMethod"] = [*others]
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
    return await _with_keys(engine, actor, ports)


async def _instance_actor(engine: Engine, request: Request, ports: PortSet) -> Response:
    if request.path.endswith("/outbox"):
        document = collection(engine.instance_actor_id + "/outbox", total=0, first=False)
        return document_response(document, request)
    return document_response(await instance_actor_document(engine, ports), request, max_age_s=600)


async def _actor(
    engine: Engine, request: Request, route: Route, ports: PortSet, wanted: Representation
) -> Response | None:
    actor_id = engine.site.origin + route.path
    buried = await tombstone(ports, engine.site.origin, actor_id)
    if buried is not None:
        return _gone(buried, actor_id, request)
    actor = await own_actor(engine, route.identifier or "", ports)
    if actor is None:
        raise NotFound
    if wanted is Representation.HTML:
        return _page_for_people(actor, actor_id)
    return document_response(await _with_keys(engine, actor, ports), request)


def _page_for_people(model: Object, model_id: str) -> Response | None:
    """Send a browser to `url`; None when the page lives at the id itself, where the application serves it."""
    url = model.url
    return redirect_to_html(url) if isinstance(url, str) and url != model_id else None


# ---- objects ---------------------------------------------------------------------------------------------------------


async def own_object(engine: Engine, route: Route, ports: PortSet) -> Object | None:
    """Ask the application for an own object and complete it."""
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
    return complete(engine, model, engine.site.origin + route.path)


async def _load_source(engine: Engine, object_route: ObjectRoute, route: Route, ports: PortSet) -> object:
    if object_route.load is not None:
        return await engine.caller.call(object_route.load, engine.context(ports), **route.parameters)
    if engine.load_source is None or object_route.source is None:
        raise ConfigurationError("say how to find the thing: load=…", path=object_route.template.text)
    source, finder = object_route.source, engine.load_source

    def find() -> object:
        return finder(source, dict(route.parameters))

    return await ports.offload.run(find)


async def _object(
    engine: Engine, request: Request, route: Route, ports: PortSet, wanted: Representation
) -> Response | None:
    object_id = engine.site.origin + route.path
    buried = await tombstone(ports, engine.site.origin, object_id)
    if buried is not None:
        return _gone(buried, object_id, request)
    model = await own_object(engine, route, ports)
    document = None if model is None else with_ids(dump(model), {})
    public = document is not None and may_see(document, Viewer())
    # Who asks is found out also where there is nothing, so that what is private looks and lasts as if absent.
    viewer = Viewer() if public else await _viewer(engine, request, ports, document or {})
    if model is None or document is None or not may_see(document, viewer):
        raise NotFound
    if wanted is Representation.HTML:
        return _page_for_people(model, object_id)
    return document_response(clamp(strip_blind(document)), request, public=public)


def _gone(buried: JsonObject, iri: str, request: Request) -> Response:
    """Answer 410; of what was not for everybody nobody is told that it has been (SEC-134).

    Raises:
        NotFound: It was private.
    """
    if buried.get("public") is False:
        raise NotFound
    former = buried.get("formerType")
    return gone(iri, request, former_type=former if isinstance(former, str) else None)


async def _viewer(engine: Engine, request: Request, ports: PortSet, document: JsonObject) -> Viewer:
    """Find out who signed the GET: nobody, where it is unsigned or its signer is refused by policy.

    Raises:
        SignatureError: A signature that does not hold: 401, so that the peer knocks again in another way (SIG-27),
            or 503 when its key cannot be had now.
        PortError: It could not be found out; nobody is told that there is nothing.
    """
    try:
        signer = await _signer(engine, request, ports)
    except (SignatureMissing, PolicyRefusal):
        return Viewer()
    except FetchError as error:
        raise KeyRefused("the owner of the key is not to be had") from error
    source = engine.router.follower_source
    followed: set[str] = set()
    for iri in addressees(document):
        owner = engine.followers_owner(iri)
        if owner is not None and source is not None and await source.contains(engine.context(ports), owner, signer):
            followed.add(iri)
    return Viewer(actor=signer, followed_collections=frozenset(followed))


async def _signer(engine: Engine, request: Request, ports: PortSet) -> str:
    fetcher = engine.fetcher(ports)
    gate = Gatekeeper(fetcher=fetcher, authorities=engine.site.authorities, refuse=engine.refuse)
    claims = gate.check(request, gate.admit(parse_claims(request, engine.config.limits)))
    verified = await gate.verify(request, claims, fetcher.budget())
    if isinstance(verified, Departed):
        raise KeyRefused("the owner of the key is gone", key_id=verified.claim.key_id)
    return verified.signer


# ---- collections -----------------------------------------------------------------------------------------------------


async def _collection(engine: Engine, request: Request, route: Route, ports: PortSet) -> Response:
    identifier = route.identifier or ""
    actor_id = engine.site.origin + engine.actor_path(identifier)
    if await tombstone(ports, engine.site.origin, actor_id) is not None:
        raise RecipientGone
    if await own_actor(engine, identifier, ports) is None:
        raise NotFound
    if route.kind is RouteKind.OUTBOX:
        return await _outbox(engine, request, route, ports)
    if route.kind is RouteKind.FOLLOWERS_SYNCHRONIZATION:
        viewer = await _viewer(engine, request, ports, {})
        document = await partial_followers.collection_for(engine, viewer.actor, route, ports)
        return document_response(document, request, public=False)
    total = await _follow_count(engine, route, identifier, ports)
    return document_response(collection(engine.site.origin + route.path, total=total, first=False), request)


async def _follow_count(engine: Engine, route: Route, identifier: str, ports: PortSet) -> int | None:
    """Count followers or followees; the members themselves are not shown (COL-04)."""
    source = engine.router.follower_source
    if source is None:
        return 0
    context = engine.context(ports)
    if route.kind is RouteKind.FOLLOWERS:
        return await source.count(context, identifier)
    return await source.following_count(context, identifier)


async def _outbox(engine: Engine, request: Request, route: Route, ports: PortSet) -> Response:
    collection_id = engine.site.origin + route.path
    wanted, cursor = _page_wanted(request)
    if not engine.router.outboxes:
        return document_response(collection(collection_id, total=0, first=False), request)
    context = engine.context(ports, Scope(identifier=route.identifier))
    callback = engine.router.outboxes[0].callback
    try:
        page = as_page(await engine.caller.call(callback, context, route.identifier, PageRequest(cursor=cursor)))
    except ValueError as error:  # anybody can write a cursor; one that the application cannot read names no page
        ports.observer.emit(Event(name="outbox.unreadable_cursor", fields={"error": repr(error)[:200]}))
        raise NotFound from error
    if not wanted:
        return document_response(collection(collection_id, total=page.total, first=True), request, max_age_s=60)
    items = [item for thing in page.items if (item := await _outbox_item(engine, thing, ports)) is not None]
    document = collection_page(collection_id, cursor, items, next_cursor=page.next, total=page.total)
    return document_response(document, request, max_age_s=60)


def _as_activity(model: Object) -> Object:
    return cast("Object", model) if isinstance(model, Activity) else create_of(model)


def as_page(value: object) -> Page[object]:
    """Take what an outbox callback gave.

    Raises:
        ConfigurationError: It is no Page.
    """
    if not isinstance(value, Page):
        raise ConfigurationError("the outbox callback gives a Page", given=type(value).__name__)
    return cast("Page[object]", value)


async def _outbox_item(engine: Engine, thing: object, ports: PortSet) -> JsonValue:
    """Give one item as an activity; what is not public stays out, whatever the application gave (GHSA-6r2w)."""
    model = thing if isinstance(thing, Object) else await map_thing(engine, thing, ports)
    if model is None:
        return None
    document = with_ids(dump(_as_activity(model), context=False), {})
    inner = document.get("object")
    hidden = isinstance(inner, dict) and bool(addressees(inner)) and not may_see(inner, Viewer())
    return None if hidden or not may_see(document, Viewer()) else clamp(strip_blind(document))


async def map_thing(engine: Engine, thing: object, ports: PortSet) -> Object | None:
    """Map one of the application's own things to a completed object.

    Raises:
        ConfigurationError: Its class is not registered.
    """
    route = object_route_of(engine, thing)
    model = await engine.caller.call(route.callback, engine.context(ports), thing)
    return None if model is None else complete(engine, model, object_id_of(engine, route, thing))


def object_route_of(engine: Engine, thing: object) -> ObjectRoute:
    """Find the registration for one of the application's own things."""
    for route in engine.router.objects:
        if route.source is not None and isinstance(thing, route.source):
            return route
    raise ConfigurationError("no object is registered for this class", given=type(thing).__name__)


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


def _page_wanted(request: Request) -> tuple[bool, str | None]:
    """Read `?page=true` or `?cursor=…`."""
    try:
        query = dict(parse_qsl(request.query, keep_blank_values=True, max_num_fields=16, strict_parsing=False))
    except ValueError:
        query = {}
    cursor = query.get("cursor")
    if cursor is not None and len(cursor) <= CURSOR_CHARS_MAX:
        return True, cursor
    return "page" in query, None


async def tombstone(ports: PortSet, site: str, iri: str) -> JsonObject | None:
    """Give the tombstone that is kept for an id of ours, or None."""
    found = await ports.store.get(store_key(site, "tombstone", iri))
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
