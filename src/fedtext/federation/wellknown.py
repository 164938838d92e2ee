"""WebFinger, host metadata and NodeInfo, served from what is registered."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple, cast
from urllib.parse import unquote

import attrs

from ..discovery import (
    HOST_META_TYPES,
    OPEN_FIELDS,
    REL_AVATAR,
    REL_SERVICE,
    JRDLink,
    ResourceKind,
    ServerFacts,
    build_host_meta,
    build_jrd,
    build_nodeinfo,
    build_nodeinfo_index,
    canonical_resource,
    dump_host_meta,
    intent_links,
    parse_question,
    schema_of,
    select_links,
)
from ..dispatch import json_response
from ..errors import ConfigurationError, DocumentError, MalformedIri, NotFound, RecipientGone
from ..http import Headers, Request, Response
from ..ports import Event, PortSet
from ..vocab import Actor, Image, Object, load
from ..wire.acct import Handle, parse_handle, split
from ..wire.iri import Url, parse_url
from ..wire.json import JsonObject
from ..wire.media_types import ACTIVITY_JSON, JRD_JSON, JSON, best_of
from . import serving
from .context import Scope
from .engine import Engine
from .registry import Callback
from .routes import Route, RouteKind

_REL_SERVICE: Final = JRDLink(rel=REL_SERVICE, type=ACTIVITY_JSON)

_KEPT_CHARS_MAX: Final = 512
_kept_question: Final = lru_cache(maxsize=1_024)(parse_question)


class _Subject(NamedTuple):
    """Whom of ours a resource names.

    Attributes:
        identifier: None for the instance actor.
        actor_id: Its id.
        is_looked_up: Whether the store was asked on the way, and knows of no removal.
    """

    identifier: str | None
    actor_id: str
    is_looked_up: bool


async def serve(engine: Engine, request: Request, route: Route, ports: PortSet) -> Response:
    """Answer one of the well-known documents; each is open to every page (WF-07, WF-19).

    Raises:
        MalformedText: See `webfinger`.
        NotFound: See `webfinger`.
        RecipientGone: See `webfinger`.
    """
    if route.kind is RouteKind.WEBFINGER:
        return await webfinger(engine, request, ports)
    if route.kind is RouteKind.HOST_META:
        return host_meta(engine, request)
    return await nodeinfo(engine, route, ports)


def opened(response: Response) -> Response:
    """Let pages of others read an answer, refusals too (RFC 7033 section 5)."""
    return attrs.evolve(response, headers=response.headers.with_fields(OPEN_FIELDS[0]))


# ---- WebFinger -------------------------------------------------------------------------------------------------------


async def webfinger(engine: Engine, request: Request, ports: PortSet) -> Response:
    """Answer `/.well-known/webfinger?resource=…` (RFC 7033; WF-01…WF-05).

    Raises:
        MalformedText: No resource, or more than one (400).
        NotFound: Nobody of ours (404).
        RecipientGone: Was removed (410).
    """
    query = request.query
    question = parse_question(query) if len(query) > _KEPT_CHARS_MAX else _kept_question(query)
    try:
        document, whole = await _descriptor(engine, question.resource, ports)
    except NotFound:
        described = await _described(engine, question.resource, ports)
        if described is None:
            raise
        document, whole = described, None
    if whole is not None and not question.rels:
        return whole
    return _written(select_links(document, question.rels))


def _written(document: JsonObject) -> Response:
    return json_response(document, media_type=JRD_JSON, headers=OPEN_FIELDS)


async def _descriptor(engine: Engine, resource: str, ports: PortSet) -> tuple[JsonObject, Response | None]:
    """Give a descriptor, and the answer that has all of it where that is kept."""
    identifier, actor_id, is_looked_up = await _subject(engine, resource, ports)
    if identifier is None:
        return _of_server(engine), None
    if not is_looked_up and await engine.is_removed(ports, actor_id) is not None:
        raise RecipientGone
    actor = await serving.own_actor(engine, identifier, ports)
    if actor is None:
        raise NotFound

    def make() -> tuple[JsonObject, Response]:
        found = _of_actor(engine, actor, actor_id)
        return found, _written(found)

    return engine.shown.descriptors.of(actor_id, actor, tuple(engine.router.intents), make)


def _of_actor(engine: Engine, actor: Actor, actor_id: str) -> JsonObject:
    """Describe an actor.

    Raises:
        NotFound: It has no name.
    """
    if actor.preferred_username is None:
        raise NotFound
    return build_jrd(
        parse_handle(f"{actor.preferred_username}@{engine.site.handle_host}"),
        actor_id,
        profile_url=_absolute(engine, actor.url),
        avatar=_avatar(engine, actor),
        links=intent_links(engine.router.intents, engine.site.origin),
    )


def _of_server(engine: Engine) -> JsonObject:
    """Describe the actor that signs on behalf of the server, by both of its relations (ACT-21, FEP-d556)."""
    actor_id = engine.instance_actor_id
    handle = Handle(f"{engine.site.authority}@{engine.site.authority}")
    return build_jrd(handle, actor_id, links=(attrs.evolve(_REL_SERVICE, href=actor_id),))


def _avatar(engine: Engine, actor: Actor) -> JRDLink | None:
    """Give the picture of an actor where it has one address (WF-15)."""
    icon = actor.icon
    url = _absolute(engine, icon.url if isinstance(icon, Image) else icon)
    if url is None:
        return None
    return JRDLink(rel=REL_AVATAR, type=icon.media_type if isinstance(icon, Image) else None, href=url)


def _absolute(engine: Engine, url: object) -> str | None:
    """Give an address that others can follow: an application may write a path of its own site."""
    if not isinstance(url, str):
        return None
    return engine.site.origin + url if url.startswith("/") else url


async def _described(engine: Engine, resource: str, ports: PortSet) -> JsonObject | None:
    """Ask the application for what is no actor of ours (WF-08)."""
    callback = engine.router.resource_callback
    if callback is None:
        return None
    found = await engine.caller.call(callback, engine.context(ports, Scope()), resource)
    if found is not None and not isinstance(found, dict):
        raise ConfigurationError("the resource callback gives a JRD as a dict, or None", given=type(found).__name__)
    return cast("JsonObject | None", found)


async def _subject(engine: Engine, resource: str, ports: PortSet) -> _Subject:
    """Give whom a resource names (WF-04)."""
    kind, canonical, handle = (_named if len(resource) > _KEPT_CHARS_MAX else _kept_name)(resource)
    if kind is ResourceKind.URI:
        raise NotFound
    if kind is ResourceKind.URL:
        return await _by_url(engine, canonical, ports)
    if split(handle)[1] not in (engine.site.handle_host, engine.site.authority):
        raise NotFound
    return await _by_handle(engine, handle, ports)


def _named(resource: str) -> tuple[ResourceKind, str, Handle]:
    """Read a resource; see `canonical_resource`. The handle is empty where it is none."""
    kind, canonical = canonical_resource(resource)
    return kind, canonical, parse_handle(resource) if kind is ResourceKind.HANDLE else Handle("")


_kept_name: Final = lru_cache(maxsize=1_024)(_named)


async def _by_handle(engine: Engine, handle: Handle, ports: PortSet) -> _Subject:
    name, host = split(handle)
    if name.lower() == host:
        return _Subject(None, engine.instance_actor_id, False)
    found = await _find_name(engine, name, ports)
    if found is None:
        if await engine.is_removed(ports, engine.handle_uri(name)) is not None:
            raise RecipientGone
        raise NotFound
    return _of_ours(engine, *found)


async def _by_url(engine: Engine, resource: str, ports: PortSet) -> _Subject:
    """Take an actor's id, or the address of its page for people."""
    url = parse_url(resource)
    if url.origin == engine.site.origin:
        if url.target == "/":  # the server itself (FEP-d556)
            return _Subject(None, engine.instance_actor_id, False)
        route = engine.route(url.target)
        if route is not None and route.kind is RouteKind.INSTANCE_ACTOR:
            return _Subject(None, engine.instance_actor_id, False)
        if route is not None and route.kind is RouteKind.ACTOR and route.identifier is not None:
            return _Subject(route.identifier, engine.site.origin + route.path, False)
    if url.authority not in (engine.site.handle_host, engine.site.authority):
        raise NotFound
    # Pages are the application's: the end of the path is tried as a name, and believed if the actor's page is there.
    name = unquote(url.path.rstrip("/").rpartition("/")[2]).removeprefix("@")
    found = await _find_name(engine, name, ports) if name else None
    actor = None if found is None else await serving.own_actor(engine, found[0], ports)
    if actor is None or found is None or not _is_page(actor.url, url):
        raise NotFound
    return _of_ours(engine, *found)


def _of_ours(engine: Engine, identifier: str, is_looked_up: bool) -> _Subject:
    return _Subject(identifier, engine.site.origin + engine.actor_path(identifier), is_looked_up)


def _is_page(page: object, url: Url) -> bool:
    try:
        return isinstance(page, str) and str(parse_url(page)).rstrip("/") == str(url).rstrip("/")
    except MalformedIri:
        return False


async def identifier_of(engine: Engine, name: str, ports: PortSet) -> str | None:
    """Map a name to an identifier; without a `handle` callback they are the same. Case counts only if it must."""
    found = await _find_name(engine, name, ports)
    return None if found is None else found[0]


async def _find_name(engine: Engine, name: str, ports: PortSet) -> tuple[str, bool] | None:
    """Give the identifier (see `identifier_of`) and whether the store knows that this actor was not removed."""
    spellings = (name,) if name.islower() else dict.fromkeys((name, name.lower()))
    callback = engine.router.handle_callback
    for spelling in spellings:
        if callback is None:
            found = await _as_identifier(engine, spelling, ports)
        else:
            found = await _mapped(engine, callback, spelling, ports)
        if found is not None:
            return found
    return None


async def _mapped(engine: Engine, callback: Callback, name: str, ports: PortSet) -> tuple[str, bool] | None:
    try:
        found = await engine.caller.call(callback, engine.context(ports, Scope()), name)
    except ValueError as error:  # as for identifiers: what the application cannot read names nobody
        ports.observer.emit(Event(name="handle.unreadable_name", fields={"error": repr(error)[:200]}))
        return None
    return None if found is None else (str(found), False)


async def _as_identifier(engine: Engine, name: str, ports: PortSet) -> tuple[str, bool] | None:
    try:
        actor_id = engine.site.origin + engine.actor_path(name)
    except ConfigurationError:  # it cannot stand in the path
        return None
    if await engine.is_removed(ports, actor_id) is not None:
        return name, False
    if not await serving.is_there(engine, name, ports):  # whoever it is gets asked for next
        return None
    return name, True


# ---- host-meta -------------------------------------------------------------------------------------------------------


def host_meta(engine: Engine, request: Request) -> Response:
    """Answer `/.well-known/host-meta`, as XRD or JSON, and `host-meta.json` (WF-08)."""
    offers = HOST_META_TYPES if request.path.endswith("host-meta") else (JSON,)
    media_type = best_of(request.headers.get("accept"), offers)
    body = dump_host_meta(build_host_meta(engine.site.origin), media_type)
    fields = [("content-type", media_type), *OPEN_FIELDS, ("vary", "Accept")]
    return Response(status=200, headers=Headers.build(fields), body=body)


# ---- NodeInfo --------------------------------------------------------------------------------------------------------


async def nodeinfo(engine: Engine, route: Route, ports: PortSet) -> Response:
    """Answer the NodeInfo index and documents, with what the application tells of itself (WF-17, WF-18)."""
    if route.kind is RouteKind.NODEINFO_INDEX:
        document = build_nodeinfo_index(engine.site.origin, application=engine.instance_actor_id)
        return json_response(document, media_type=JSON, headers=OPEN_FIELDS)
    version = route.path.rpartition("/")[2]
    document = build_nodeinfo(
        engine.software, version=version, facts=await _facts(engine, ports), contact=engine.contact
    )
    return json_response(document, media_type=f'{JSON}; profile="{schema_of(version)}#"', headers=OPEN_FIELDS)


async def _facts(engine: Engine, ports: PortSet) -> ServerFacts:
    callback = engine.router.nodeinfo_callback
    found = None if callback is None else await engine.caller.call(callback, engine.context(ports, Scope()))
    if found is None:
        return ServerFacts()
    if not isinstance(found, ServerFacts):
        raise ConfigurationError("the nodeinfo callback gives ServerFacts or None", given=type(found).__name__)
    return found


# ---- what contexts ask for -------------------------------------------------------------------------------------------


async def local_lookup(engine: Engine, text: str, ports: PortSet) -> Object | None:
    """Find what a handle or URL of ours names; None when it is not ours.

    Raises:
        NotFound: It would be ours, but there is nothing.
        RecipientGone: There was.
    """
    if "://" in text:
        if not text.startswith(engine.site.origin + "/"):
            return None
        try:
            return load(await serving.local_document(engine, text, ports))
        except NotFound:
            actor_id = (await _by_url(engine, text, ports)).actor_id
    else:
        try:
            handle = parse_handle(text)
        except DocumentError:
            return None
        if split(handle)[1] not in (engine.site.handle_host, engine.site.authority):
            return None
        actor_id = (await _by_handle(engine, handle, ports)).actor_id
    return load(await serving.local_document(engine, actor_id, ports))
