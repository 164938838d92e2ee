"""GET: what lives at a path of ours, for whoever may see it."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from ..dispatch import Page, Sharing, Viewer, collection, document_response, gone, may_see_whole, redirect_to_html
from ..errors import HostRefused, NotAcceptable, NotFound, PolicyRefusal
from ..http import Request, Response
from ..ports import PortSet
from ..vocab import Object
from ..wire.json import JsonObject
from ..wire.media_types import Representation, prefers_html
from . import partial_followers, serving
from .asking import Visit, admit, admits_all, find_signer, viewer_of
from .engine import Engine
from .listing import serve_collection
from .routes import Route, RouteKind

_NOBODY: Final = Viewer()
_ACCEPT_KEPT_CHARS_MAX: Final = 512
_kept_wish: Final = lru_cache(maxsize=256)(prefers_html)


async def serve(engine: Engine, request: Request, route: Route, ports: PortSet) -> Response | None:
    """Serve what lives at a route; None: the page for people under the same path is the application's own.

    Raises:
        NotFound: Nothing there, or nothing for this viewer: the same answer (COL-11).
        NotAcceptable: Neither representation is wanted.
        HostRefused: Asked under another host's name.
        SignatureError: Only who signs is answered here, and this does not hold.
        PolicyRefusal: Who signed it is refused, or the actor is suspended.
    """
    if request.authority.lower() not in engine.site.authorities:
        raise HostRefused(host=request.authority)
    wanted = _wanted(request.headers.get("accept"))
    if wanted is Representation.NONE:
        raise NotAcceptable(accept=request.headers.get("accept"))
    # Before anything is looked for: what is there and what is not takes the same steps (SEC-134).
    visit = Visit(request=request, route=route, wanted=wanted)
    if not admits_all(engine):
        visit = await admit(engine, visit, ports)
    if route.kind is RouteKind.OBJECT:
        return await _object(engine, visit, ports)
    if route.kind is RouteKind.ACTOR:
        return await _actor(engine, visit, ports)
    if route.kind is RouteKind.INSTANCE_ACTOR:
        return await _instance_actor(engine, request, ports)
    if route.kind is RouteKind.FOLLOWERS_SYNCHRONIZATION:
        return await _partial_followers(engine, visit, ports)
    return await serve_collection(engine, visit, ports)


def _wanted(accept: str | None) -> Representation:
    """Choose what is sent; few texts are what nearly all clients say."""
    return prefers_html(accept) if accept and len(accept) > _ACCEPT_KEPT_CHARS_MAX else _kept_wish(accept)


async def _partial_followers(engine: Engine, visit: Visit, ports: PortSet) -> Response:
    """Serve a server those of its own actors that follow one of ours (COL-13)."""
    signer = await find_signer(engine, visit, ports)
    await serving.require_actor(engine, visit.route.identifier or "", ports)
    document = await partial_followers.collection_for(engine, signer, visit.route, ports)
    return document_response(document, visit.request, sharing=Sharing.VIEWER)


async def _instance_actor(engine: Engine, request: Request, ports: PortSet) -> Response:
    if request.path.endswith("/outbox"):
        return document_response(collection(engine.instance_actor_id + "/outbox", Page(total=0, hidden=True)), request)
    return document_response(await serving.instance_actor_document(engine, ports), request, max_age_s=600)


async def _actor(engine: Engine, visit: Visit, ports: PortSet) -> Response | None:
    """Serve an actor; of a suspended one others still learn that it is so, and people see nothing (ACT-27)."""
    actor_id = engine.site.origin + visit.route.path
    buried, keys = await serving.kept_of_actor(engine, actor_id, ports)
    if buried is not None:
        return _gone(buried, actor_id, visit)
    actor = await serving.own_actor(engine, visit.route.identifier or "", ports)
    if actor is None:
        raise NotFound
    if visit.wanted is not Representation.HTML:
        written = await serving.written_actor(engine, actor, actor_id, ports, stored=keys)
        return written.answer(visit.request, sharing=_open_to(visit))
    if actor.suspended:
        raise PolicyRefusal("the actor is suspended", actor=actor_id)
    return _page_for_people(actor, actor_id, Sharing.ANYBODY)


async def _object(engine: Engine, visit: Visit, ports: PortSet) -> Response | None:
    object_id = engine.site.origin + visit.route.path
    buried = await serving.tombstone(ports, engine.site.origin, object_id)
    if buried is not None and buried.get("public") is not False:
        return _gone(buried, object_id, visit)
    shown = await serving.shown_object(engine, visit.route, ports)
    if buried is not None:  # of what was not for everybody nobody is told that it has been: it is absent, step by step
        shown = None
    document = None if shown is None else shown.document
    public = shown is not None and shown.is_public
    # Who asks is found out also where there is nothing, so that what is private looks and lasts as if absent.
    viewer = _NOBODY if public else await _viewer(engine, visit, ports, document or {})
    if shown is None or document is None or not (public or may_see_whole(document, viewer)):
        raise NotFound
    sharing = _open_to(visit) if public else Sharing.VIEWER
    if visit.wanted is Representation.HTML:
        return _page_for_people(shown.model, object_id, sharing)
    return shown.written().answer(visit.request, sharing=sharing)


async def _viewer(engine: Engine, visit: Visit, ports: PortSet, document: JsonObject) -> Viewer:
    return await viewer_of(engine, ports, await find_signer(engine, visit, ports), [document])


def _open_to(visit: Visit) -> Sharing:
    """Tell with whom a cache may share what is for everybody who may ask."""
    return Sharing.ANYBODY if visit.asker is None else Sharing.SIGNED


def _page_for_people(model: Object, model_id: str, sharing: Sharing) -> Response | None:
    """Send a browser to `url`; None when the page lives at the id itself, where the application serves it."""
    url = model.url
    return redirect_to_html(url, model_id, sharing=sharing) if isinstance(url, str) and url != model_id else None


def _gone(buried: JsonObject, iri: str, visit: Visit) -> Response:
    """Answer 410."""
    former = buried.get("formerType")
    return gone(iri, visit.request, former_type=former if isinstance(former, str) else None, sharing=_open_to(visit))
