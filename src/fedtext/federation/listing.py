"""GET of a collection: its members as far as they are for whoever asks, page by page."""

from __future__ import annotations

from typing import Final, cast
from urllib.parse import parse_qsl

import attrs

from ..delivery import clamp, strip_blind
from ..dispatch import (
    CURSOR_CHARS_MAX,
    Page,
    PageRequest,
    Sharing,
    Viewer,
    collection,
    collection_page,
    document_response,
    may_see,
    may_see_whole,
)
from ..errors import ConfigurationError, NotFound, RecipientGone
from ..http import Request, Response
from ..ports import Event, PortSet
from ..vocab import Activity, Actor, Link, Object, dump
from ..wire.json import JsonObject, JsonValue
from . import serving
from .asking import Visit, find_signer, find_signer_if_valid, viewer_of
from .context import Scope
from .engine import Engine
from .mentions import with_ids
from .publishing import create_of
from .registry import OF_OBJECTS, CollectionRoute
from .routes import Route, RouteKind, owner_of

# Interop: COL-07, COL-08; others look for what is pinned in the collection itself.
_WHOLE: Final = frozenset({"featured", "featuredTags"})
_MAX_AGE_S: Final = 60


async def serve_collection(engine: Engine, visit: Visit, ports: PortSet) -> Response:
    """Serve a collection or one page of it.

    Raises:
        NotFound: Nothing there, or nothing for this viewer: the same answer (COL-11).
        RecipientGone: Its actor was removed.
        PolicyRefusal: Its actor is suspended (ACT-27).
        SignatureError: Of a collection of an object: a signature that does not hold (SIG-27).
        ConfigurationError: The callback gives no page, or too much.
    """
    route = visit.route.collection_route
    if route is None:
        return await _counted(engine, visit, ports)
    # Who asks is found out first, whatever there is (SEC-134).
    find = find_signer if route.name in OF_OBJECTS else find_signer_if_valid
    actor = await find(engine, visit, ports)
    await _require_owner(engine, visit.route, actor, ports)
    paged, cursor = _page_wanted(visit.request)
    page = await _asked_page(engine, visit.route, route, actor, PageRequest(cursor=cursor), ports)
    whole = not paged and route.name in _WHOLE and page.next is None
    shows = (paged or whole) and not page.hidden
    # Threat: SEC-134, a number that counts what is kept from this reader; the first page tells whether it may.
    judges = shows or (page.total is not None and not page.hidden)
    shown = await _seen(engine, route, page, actor, ports) if judges else _with_items(page, [])
    collection_id = _id_of(engine, visit.route, route)
    if paged and shows:
        document = collection_page(collection_id, cursor, shown, ordered=route.ordered)
    else:
        document = collection(collection_id, shown, ordered=route.ordered, whole=whole)
    sharing = Sharing.UNSIGNED if actor is None else Sharing.VIEWER
    return document_response(document, visit.request, sharing=sharing, max_age_s=_MAX_AGE_S)


def _with_items(page: Page[object], items: list[JsonValue], *, counts: bool = True) -> Page[JsonValue]:
    total = page.total if counts else None
    return Page(items, page.next, total, prev=page.prev, last=page.last, hidden=page.hidden)


# ---- whose it is -----------------------------------------------------------------------------------------------------


async def _require_owner(engine: Engine, route: Route, actor: str | None, ports: PortSet) -> None:
    """See that whom or what it belongs to is there, and for whoever asks."""
    if route.identifier is None:
        owner = owner_of(engine.router, route)
        if owner is not None:
            await _require_object(engine, owner, actor, ports)
        return
    await serving.require_actor(engine, route.identifier, ports)
    if route.kind is RouteKind.INBOX and actor != engine.site.origin + engine.actor_path(route.identifier):
        raise NotFound  # COL-16


async def _require_object(engine: Engine, owner: Route, actor: str | None, ports: PortSet) -> None:
    buried = await serving.tombstone(ports, engine.site.origin, engine.site.origin + owner.path)
    if buried is not None:
        raise NotFound if buried.get("public") is False else RecipientGone
    model = await serving.own_object(engine, owner, ports)
    document = {} if model is None else with_ids(dump(model), {})
    if not may_see(document, await viewer_of(engine, ports, actor, [document])):
        raise NotFound


def _id_of(engine: Engine, route: Route, registered: CollectionRoute) -> str:
    """Give the one id of a collection, also where it is asked for at the usual place below its actor."""
    if registered.name is not None and route.identifier is not None:
        return engine.site.origin + engine.collection_path(registered.name, route.identifier)
    return engine.site.origin + route.path


# ---- what is in it ---------------------------------------------------------------------------------------------------


async def _counted(engine: Engine, visit: Visit, ports: PortSet) -> Response:
    """Serve a collection that nothing is registered for: how many there are, and nobody by name (COL-04)."""
    identifier = visit.route.identifier or ""
    await serving.require_actor(engine, identifier, ports)
    total = 0
    source = engine.router.follower_source
    if source is not None and visit.route.kind is RouteKind.FOLLOWERS:
        total = await source.count(engine.context(ports), identifier)
    elif source is not None and visit.route.kind is RouteKind.FOLLOWING:
        total = await source.following_count(engine.context(ports), identifier)
    document = collection(engine.site.origin + visit.route.path, Page(total=total, hidden=True))
    sharing = Sharing.ANYBODY if visit.asker is None else Sharing.SIGNED
    return document_response(document, visit.request, sharing=sharing)


async def _asked_page(
    engine: Engine, route: Route, registered: CollectionRoute, actor: str | None, wanted: PageRequest, ports: PortSet
) -> Page[object]:
    """Ask the application for a page.

    Raises:
        NotFound: There is no such collection, or the cursor is none of its.
    """
    context = engine.context(ports, Scope(identifier=route.identifier, viewer=actor))
    try:
        given = await engine.caller.call(registered.callback, context, *route.parameters.values(), wanted)
    except ValueError as error:  # anybody can write a cursor; one that the application cannot read names no page
        ports.observer.emit(Event(name="collection.unreadable_cursor", fields={"error": repr(error)[:200]}))
        raise NotFound from error
    if given is None:
        raise NotFound
    return as_page(given, engine.config.limits.collection_items_count_max)


def as_page(value: object, items_max: int) -> Page[object]:
    """Take what the callback of a collection gave.

    Raises:
        ConfigurationError: It is no Page, or a page of too many items.
    """
    if not isinstance(value, Page):
        raise ConfigurationError("the callback of a collection gives a Page", given=type(value).__name__)
    page = cast("Page[object]", value)
    if len(page.items) > items_max:
        raise ConfigurationError("this page is too long: give as many items as are asked for", items=len(page.items))
    return page


@attrs.frozen
class _Member:
    """A member of a collection, with the id under which it stands there once; `open`: for whoever sees that."""

    key: str
    value: JsonObject | str
    open: bool

    def shown_to(self, viewer: Viewer) -> bool:
        return self.open or not isinstance(self.value, dict) or may_see_whole(self.value, viewer)


async def _seen(
    engine: Engine, route: CollectionRoute, page: Page[object], actor: str | None, ports: PortSet
) -> Page[JsonValue]:
    """Give a page as it is shown: what is not for the viewer stays out, whatever the application gave (AP-08).

    Each member stands there once (AP-09). Where one stays out, the total counts what the viewer may not know of: it is
    not told.
    """
    members = [member for thing in page.items if (member := await _member(engine, route, thing, ports)) is not None]
    judged = [member.value for member in members if isinstance(member.value, dict) and not member.open]
    viewer = await viewer_of(engine, ports, actor, judged)
    seen = [member for member in members if member.shown_to(viewer)]
    shown: dict[str, JsonObject | str] = {}
    for member in seen:
        shown.setdefault(member.key, member.value)
    items: list[JsonValue] = [clamp(strip_blind(one)) if isinstance(one, dict) else one for one in shown.values()]
    return _with_items(page, items, counts=len(seen) == len(members))


async def _member(engine: Engine, route: CollectionRoute, thing: object, ports: PortSet) -> _Member | None:
    """Give one member: an id as it is, models and things as documents, in an outbox as activities."""
    if isinstance(thing, str) and serving.find_object_route(engine, thing) is None:
        return _Member(thing, thing, open=True)
    model = thing if isinstance(thing, Object) else await serving.map_thing(engine, thing, ports)
    if model is None:
        return None
    document = with_ids(dump(_as_activity(model) if route.name == "outbox" else model, context=False), {})
    # Actors and hashtags are addressed to nobody and no secret; an inbox is read by him alone whom its members are for.
    is_open = isinstance(model, Actor | Link) or route.name == "inbox"
    return _Member(str(document.get("id") or document), document, open=is_open)


def _as_activity(model: Object) -> Object:
    return cast("Object", model) if isinstance(model, Activity) else create_of(model)


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
