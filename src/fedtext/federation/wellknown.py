"""WebFinger and NodeInfo, served from what is registered."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl, unquote

from ..discovery import build_jrd, build_nodeinfo, build_nodeinfo_index
from ..dispatch import json_response
from ..errors import ConfigurationError, DocumentError, MalformedIri, MalformedText, NotFound, RecipientGone
from ..http import Request, Response
from ..ports import Event, PortSet
from ..vocab import Object, load
from ..wire.acct import Handle, parse_handle, split
from ..wire.iri import Url, parse_url
from ..wire.media_types import JRD_JSON
from . import serving
from .context import Scope
from .engine import Engine
from .routes import Route, RouteKind

_OPEN = [("access-control-allow-origin", "*"), ("cache-control", "public, max-age=3600")]
_QUERY_FIELDS_MAX = 64


async def webfinger(engine: Engine, request: Request, ports: PortSet) -> Response:
    """Answer `/.well-known/webfinger?resource=…` (RFC 7033; WF-01…WF-05).

    Raises:
        MalformedText: No resource, or more than one (400).
        NotFound: Nobody of ours (404).
        RecipientGone: Was removed (410).
    """
    resource, rels = _asked(request)
    identifier, actor_id = await _subject(engine, resource, ports)
    if identifier is None:
        return _jrd(Handle(f"{engine.site.authority}@{engine.site.authority}"), actor_id, None, rels)
    if await engine.is_removed(ports, actor_id) is not None:
        raise RecipientGone
    actor = await serving.own_actor(engine, identifier, ports)
    if actor is None or actor.preferred_username is None:
        raise NotFound
    profile = actor.url if isinstance(actor.url, str) else None
    return _jrd(parse_handle(f"{actor.preferred_username}@{engine.site.handle_host}"), actor_id, profile, rels)


def _jrd(handle: Handle, actor_id: str, profile: str | None, rels: Sequence[str]) -> Response:
    document = build_jrd(handle, actor_id, profile_url=profile, rels=rels)
    return json_response(document, media_type=JRD_JSON, headers=_OPEN)


def _asked(request: Request) -> tuple[str, list[str]]:
    """Give the one resource that is asked for, and the relations of the links that are wanted (none: all)."""
    try:
        fields = parse_qsl(request.query, keep_blank_values=True, max_num_fields=_QUERY_FIELDS_MAX, errors="strict")
    except (ValueError, UnicodeDecodeError) as error:
        raise MalformedText("the query cannot be read") from error
    resources = [value for name, value in fields if name == "resource"]
    if len(resources) != 1 or not resources[0]:
        raise MalformedText("WebFinger takes exactly one resource", public_detail="Give exactly one resource.")
    return resources[0], [value for name, value in fields if name == "rel"]


async def _subject(engine: Engine, resource: str, ports: PortSet) -> tuple[str | None, str]:
    """Give identifier and id of whom a resource names; no identifier for the instance actor (WF-04)."""
    if "://" in resource:
        return await _by_url(engine, resource, ports)
    handle = parse_handle(resource)
    if split(handle)[1] not in (engine.site.handle_host, engine.site.authority):
        raise NotFound
    return await _by_handle(engine, handle, ports)


async def _by_handle(engine: Engine, handle: Handle, ports: PortSet) -> tuple[str | None, str]:
    name, host = split(handle)
    if name.lower() == host:
        return None, engine.instance_actor_id
    identifier = await identifier_of(engine, name, ports)
    if identifier is None:
        if await engine.is_removed(ports, engine.handle_uri(name)) is not None:
            raise RecipientGone
        raise NotFound
    return identifier, engine.site.origin + engine.actor_path(identifier)


async def _by_url(engine: Engine, resource: str, ports: PortSet) -> tuple[str | None, str]:
    """Take an actor's id, or the address of its page for people."""
    url = parse_url(resource)
    if url.origin == engine.site.origin:
        route = engine.route(url.target)
        if route is not None and route.kind is RouteKind.INSTANCE_ACTOR:
            return None, engine.instance_actor_id
        if route is not None and route.kind is RouteKind.ACTOR and route.identifier is not None:
            return route.identifier, engine.site.origin + route.path
    if url.authority not in (engine.site.handle_host, engine.site.authority):
        raise NotFound
    # Pages are the application's: the end of the path is tried as a name, and believed if the actor's page is there.
    name = unquote(url.path.rstrip("/").rpartition("/")[2]).removeprefix("@")
    identifier = await identifier_of(engine, name, ports) if name else None
    actor = None if identifier is None else await serving.own_actor(engine, identifier, ports)
    if actor is None or identifier is None or not _is_page(actor.url, url):
        raise NotFound
    return identifier, engine.site.origin + engine.actor_path(identifier)


def _is_page(page: object, url: Url) -> bool:
    try:
        return isinstance(page, str) and str(parse_url(page)).rstrip("/") == str(url).rstrip("/")
    except MalformedIri:
        return False


async def identifier_of(engine: Engine, name: str, ports: PortSet) -> str | None:
    """Map a name to an identifier; without a `handle` callback they are the same. Case counts only if it must."""
    for spelling in dict.fromkeys((name, name.lower())):
        found = await _mapped(engine, spelling, ports)
        if found is not None:
            return found
    return None


async def _mapped(engine: Engine, name: str, ports: PortSet) -> str | None:
    callback = engine.router.handle_callback
    if callback is None:
        return name if await _is_identifier(engine, name, ports) else None
    try:
        found = await engine.caller.call(callback, engine.context(ports, Scope()), name)
    except ValueError as error:  # as for identifiers: what the application cannot read names nobody
        ports.observer.emit(Event(name="handle.unreadable_name", fields={"error": repr(error)[:200]}))
        return None
    return None if found is None else str(found)


async def _is_identifier(engine: Engine, name: str, ports: PortSet) -> bool:
    try:
        actor_id = engine.site.origin + engine.actor_path(name)
    except ConfigurationError:  # it cannot stand in the path
        return False
    if await engine.is_removed(ports, actor_id) is not None:
        return True
    return await serving.own_actor(engine, name, ports) is not None


def nodeinfo(engine: Engine, route: Route) -> Response:
    """Answer the NodeInfo index and documents (WF-17)."""
    if route.kind is RouteKind.NODEINFO_INDEX:
        document = build_nodeinfo_index(engine.site.origin)
        return json_response(document, media_type="application/json", headers=_OPEN)
    version = route.path.rpartition("/")[2]
    media_type = f'application/json; profile="http://nodeinfo.diaspora.software/ns/schema/{version}#"'
    return json_response(
        build_nodeinfo(engine.software, version=version, contact=engine.contact), media_type=media_type, headers=_OPEN
    )


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
            _identifier, actor_id = await _by_url(engine, text, ports)
    else:
        try:
            handle = parse_handle(text)
        except DocumentError:
            return None
        if split(handle)[1] not in (engine.site.handle_host, engine.site.authority):
            return None
        _identifier, actor_id = await _by_handle(engine, handle, ports)
    return load(await serving.local_document(engine, actor_id, ports))
