"""WebFinger and NodeInfo, served from what is registered."""

from __future__ import annotations

from urllib.parse import parse_qsl

from ..discovery import build_jrd, build_nodeinfo, build_nodeinfo_index
from ..dispatch import json_response
from ..errors import DocumentError, MalformedText, NotFound, RecipientGone
from ..http import Request, Response
from ..ports import PortSet
from ..vocab import Actor, Object, load
from ..wire.acct import Handle, parse_handle, split
from ..wire.iri import Iri
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
    identifier, actor_id = await _subject(engine, _resource(request), ports)
    if identifier is None:
        return _jrd(Handle(f"{engine.site.authority}@{engine.site.authority}"), actor_id, None)
    if await engine.is_removed(ports, actor_id) is not None:
        raise RecipientGone
    actor = await serving.own_actor(engine, identifier, ports)
    if actor is None or actor.preferred_username is None:
        raise NotFound
    profile = actor.url if isinstance(actor.url, str) else None
    return _jrd(parse_handle(f"{actor.preferred_username}@{engine.site.handle_host}"), actor_id, profile)


def _jrd(handle: Handle, actor_id: str, profile: str | None) -> Response:
    return json_response(build_jrd(handle, actor_id, profile_url=profile), media_type=JRD_JSON, headers=_OPEN)


def _resource(request: Request) -> str:
    try:
        fields = parse_qsl(request.query, keep_blank_values=True, max_num_fields=_QUERY_FIELDS_MAX, errors="strict")
    except (ValueError, UnicodeDecodeError) as error:
        raise MalformedText("the query cannot be read") from error
    resources = [value for name, value in fields if name == "resource"]
    if len(resources) != 1 or not resources[0]:
        raise MalformedText("WebFinger takes exactly one resource", public_detail="Give exactly one resource.")
    return resources[0]


async def _subject(engine: Engine, resource: str, ports: PortSet) -> tuple[str | None, str]:
    """Give identifier and id of whom a resource names; no identifier for the instance actor."""
    if "://" in resource:
        return _by_id(engine, resource)
    handle = parse_handle(resource)
    user, host = split(handle)
    if host not in (engine.site.handle_host, engine.site.authority):
        raise NotFound
    if user.lower() == host:
        return None, engine.instance_actor_id
    identifier = await identifier_of(engine, user, ports)
    if identifier is None:
        raise NotFound
    return identifier, engine.site.origin + engine.actor_path(identifier)


def _by_id(engine: Engine, resource: str) -> tuple[str | None, str]:
    if not resource.startswith(engine.site.origin + "/"):
        raise NotFound
    route = engine.route(resource[len(engine.site.origin) :])
    if route is not None and route.kind is RouteKind.INSTANCE_ACTOR:
        return None, engine.instance_actor_id
    if route is None or route.kind is not RouteKind.ACTOR or route.identifier is None:
        raise NotFound
    return route.identifier, resource


async def identifier_of(engine: Engine, name: str, ports: PortSet) -> str | None:
    """Map a name to an identifier; without a `handle` callback they are the same. Case counts only if it must."""
    callback = engine.router.handle_callback
    if callback is None:
        return name
    context = engine.context(ports, Scope())
    for spelling in dict.fromkeys((name, name.lower())):
        found = await engine.caller.call(callback, context, spelling)
        if found is not None:
            return str(found)
    return None


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
    """Find what a handle or URL of ours names; None when it is not ours."""
    if "://" in text:
        if not text.startswith(engine.site.origin + "/"):
            return None
        return load(await serving.local_document(engine, text, ports))
    try:
        user, host = split(parse_handle(text))
    except DocumentError:
        return None
    if host not in (engine.site.handle_host, engine.site.authority):
        return None
    identifier = await identifier_of(engine, user, ports)
    if identifier is None:
        raise NotFound
    actor_id = Iri(engine.site.origin + engine.actor_path(identifier))
    found = load(await serving.local_document(engine, actor_id, ports))
    if not isinstance(found, Actor):
        raise NotFound
    return found
