"""Which path is what: pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

import attrs

from .registry import OF_ACTORS, CollectionRoute, ObjectRoute, Router


class RouteKind(Enum):
    """What lives at a path."""

    WEBFINGER = "webfinger"
    HOST_META = "host-meta"
    NODEINFO_INDEX = "nodeinfo-index"
    NODEINFO = "nodeinfo"
    SHARED_INBOX = "shared-inbox"
    INBOX = "inbox"
    OUTBOX = "outbox"
    FOLLOWERS = "followers"
    FOLLOWING = "following"
    FOLLOWERS_SYNCHRONIZATION = "followers-synchronization"
    ACTOR = "actor"
    INSTANCE_ACTOR = "instance-actor"
    OBJECT = "object"
    COLLECTION = "collection"


WELL_KNOWN: Final = frozenset({RouteKind.WEBFINGER, RouteKind.HOST_META, RouteKind.NODEINFO_INDEX, RouteKind.NODEINFO})


@attrs.frozen(kw_only=True)
class Paths:
    """Where the library's own end points live."""

    shared_inbox: str = "/ap/inbox"
    instance_actor: str = "/ap/instance"


@attrs.frozen(kw_only=True)
class Route:
    """A matched path: what it is, of whom, by which registration, and whether clients post to it."""

    kind: RouteKind
    path: str
    identifier: str | None = None
    parameters: Mapping[str, str] = attrs.field(factory=dict[str, str])
    object_route: ObjectRoute | None = None
    collection_route: CollectionRoute | None = None
    takes_clients: bool = False
    # Found out once, since routes are kept (`RouteBook`) and each request asks.
    is_read: bool = attrs.field(
        init=False, eq=False, repr=False, default=attrs.Factory(lambda self: _is_read(self), takes_self=True)
    )
    """Whether it answers GET: all does, but for inboxes that nobody reads over the network (AP-14)."""
    is_well_known: bool = attrs.field(
        init=False, eq=False, repr=False, default=attrs.Factory(lambda self: self.kind in WELL_KNOWN, takes_self=True)
    )
    """Whether it is one of the documents of the server, which every page may read."""

    @property
    def is_posted_to(self) -> bool:
        """Whether it takes POST."""
        return self.takes_clients or self.kind in (RouteKind.INBOX, RouteKind.SHARED_INBOX)

    @property
    def allow(self) -> str:
        """The Allow header of this path."""
        methods = [*(("GET", "HEAD") if self.is_read else ()), *(("POST",) if self.is_posted_to else ()), "OPTIONS"]
        return ", ".join(methods)


def _is_read(route: Route) -> bool:
    if route.kind is RouteKind.INBOX:
        return route.collection_route is not None
    return route.kind is not RouteKind.SHARED_INBOX


ROUTES_KEPT_MAX: Final = 2_048
_KEPT_CHARS_MAX: Final = 200

_FIXED = {
    "/.well-known/webfinger": RouteKind.WEBFINGER,
    "/.well-known/host-meta": RouteKind.HOST_META,
    "/.well-known/host-meta.json": RouteKind.HOST_META,
    "/.well-known/nodeinfo": RouteKind.NODEINFO_INDEX,
    "/nodeinfo/2.0": RouteKind.NODEINFO,
    "/nodeinfo/2.1": RouteKind.NODEINFO,
}
PARTIAL_FOLLOWERS: Final = "followers_synchronization"
"""Where, below an own actor, another server reads which of its actors follow that one."""

_BELOW_ACTOR = {
    "inbox": RouteKind.INBOX,
    "outbox": RouteKind.OUTBOX,
    "followers": RouteKind.FOLLOWERS,
    "following": RouteKind.FOLLOWING,
    PARTIAL_FOLLOWERS: RouteKind.FOLLOWERS_SYNCHRONIZATION,
}


def find_route(router: Router, paths: Paths, path: str) -> Route | None:
    """Give what lives at a raw (undecoded) path, or None when it is not ours."""
    if path in _FIXED:
        return Route(kind=_FIXED[path], path=path)
    if path == paths.shared_inbox:
        return Route(kind=RouteKind.SHARED_INBOX, path=path)
    if path == paths.instance_actor:
        return Route(kind=RouteKind.INSTANCE_ACTOR, path=path)
    if path == paths.instance_actor + "/inbox":
        return Route(kind=RouteKind.SHARED_INBOX, path=path)
    if path == paths.instance_actor + "/outbox":
        return Route(kind=RouteKind.INSTANCE_ACTOR, path=path)
    found = _registered(router, path)
    if found is not None and found.kind is RouteKind.OUTBOX:
        return attrs.evolve(found, takes_clients=router.outbox_callback is not None)
    return found


class RouteBook:
    """Remembers which path is what: each request asks more than once, and the same paths are asked for again.

    Paths that are not ours are not kept: those are all pages of the application.

    Invariants: at most `ROUTES_KEPT_MAX` paths of at most `_KEPT_CHARS_MAX` characters, whoever asks for whatever; what
    is registered later counts at once; each step is one dict operation, so that several threads may ask.
    """

    def __init__(self) -> None:
        self._edition: object = None
        self._kept: dict[str, Route] = {}

    def find(self, router: Router, paths: Paths, path: str) -> Route | None:
        """Give what lives at a raw path; see `find_route`."""
        edition = router.edition
        if edition != self._edition:
            self._kept, self._edition = {}, edition  # in this order: a new edition never sees old routes
        kept = self._kept
        found = kept.get(path)
        if found is None:
            found = find_route(router, paths, path)
            if found is not None and len(path) <= _KEPT_CHARS_MAX:
                if len(kept) >= ROUTES_KEPT_MAX:
                    kept.clear()
                kept[path] = found
        return found

    def __len__(self) -> int:
        """Give how many are kept."""
        return len(self._kept)


def owner_of(router: Router, route: Route) -> Route | None:
    """Give the object below which a collection lives, or None."""
    if route.collection_route is None:
        return None
    template = route.collection_route.template
    for owner in router.objects:
        if template.is_below(owner.template):
            path, parameters = owner.template.expand(route.parameters), route.parameters
            return Route(kind=RouteKind.OBJECT, path=path, parameters=parameters, object_route=owner)
    return None


def _registered(router: Router, path: str) -> Route | None:
    for actor in router.actors:
        parameters = actor.template.match(path)
        if parameters is not None:
            return _of_actor(RouteKind.ACTOR, path, parameters, actor.parameter)
        head, _, tail = path.rpartition("/")
        if tail in _BELOW_ACTOR:
            parameters = actor.template.match(head)
            if parameters is not None:
                return _of_actor(_BELOW_ACTOR[tail], path, parameters, actor.parameter, router.collection_of(tail))
    for collection in router.collections:
        parameters = collection.template.match(path)
        if parameters is not None:
            return _of_collection(collection, path, parameters)
    for route in router.objects:
        parameters = route.template.match(path)
        if parameters is not None:
            return Route(kind=RouteKind.OBJECT, path=path, parameters=parameters, object_route=route)
    return None


def _of_actor(
    kind: RouteKind,
    path: str,
    parameters: Mapping[str, str],
    parameter: str,
    collection: CollectionRoute | None = None,
) -> Route:
    return Route(
        kind=kind, path=path, identifier=parameters[parameter], parameters=parameters, collection_route=collection
    )


def _of_collection(collection: CollectionRoute, path: str, parameters: Mapping[str, str]) -> Route:
    name = collection.name or ""
    kind = _BELOW_ACTOR.get(name, RouteKind.COLLECTION)
    if name in OF_ACTORS:
        return _of_actor(kind, path, parameters, collection.template.parameters[0], collection)
    return Route(kind=kind, path=path, parameters=parameters, collection_route=collection)
