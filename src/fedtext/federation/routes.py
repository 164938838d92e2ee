"""Which path is what: pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

import attrs

from .registry import ObjectRoute, Router


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


@attrs.frozen(kw_only=True)
class Paths:
    """Where the library's own end points live."""

    shared_inbox: str = "/ap/inbox"
    instance_actor: str = "/ap/instance"


@attrs.frozen(kw_only=True)
class Route:
    """A matched path: what it is, of whom, and by which registration."""

    kind: RouteKind
    path: str
    identifier: str | None = None
    parameters: Mapping[str, str] = attrs.field(factory=dict[str, str])
    object_route: ObjectRoute | None = None

    @property
    def allow(self) -> str:
        """The Allow header of this path."""
        return "POST, OPTIONS" if self.kind in (RouteKind.INBOX, RouteKind.SHARED_INBOX) else "GET, HEAD, OPTIONS"


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
    return _registered(router, path)


def _registered(router: Router, path: str) -> Route | None:
    for actor in router.actors:
        parameters = actor.template.match(path)
        if parameters is not None:
            return _of_actor(RouteKind.ACTOR, path, parameters, actor.parameter)
        head, _, tail = path.rpartition("/")
        if tail in _BELOW_ACTOR:
            parameters = actor.template.match(head)
            if parameters is not None:
                return _of_actor(_BELOW_ACTOR[tail], path, parameters, actor.parameter)
    for outbox in router.outboxes:
        parameters = outbox.template.match(path)
        if parameters is not None:
            return _of_actor(RouteKind.OUTBOX, path, parameters, outbox.template.parameters[0])
    for route in router.objects:
        parameters = route.template.match(path)
        if parameters is not None:
            return Route(kind=RouteKind.OBJECT, path=path, parameters=parameters, object_route=route)
    return None


def _of_actor(kind: RouteKind, path: str, parameters: Mapping[str, str], parameter: str) -> Route:
    return Route(kind=kind, path=path, identifier=parameters[parameter], parameters=parameters)
