"""Steps that conversations share, and how to read what was said."""

from __future__ import annotations

from typing import Any

import httpx

from .servers import Account, Json, OurServer, Server

ACTIVITY_JSON = "application/activity+json"
PUBLIC = {"https://www.w3.org/ns/activitystreams#Public", "as:Public", "Public"}


def follow(follower: Account, followed: Account) -> str:
    """Let one follow the other, wait until both servers agree on it; give the Follow's id."""
    activity = follower.act("follow", target=followed.id)
    followed.server.received("Follow", id=activity, actor=follower.id, object=followed.id)
    followed.server.until("holds the follower", lambda: follower.id in followed.held()["followers"])
    follower.server.received("Accept", actor=followed.id, object=activity)
    follower.server.until("holds the acceptance", lambda: follower.held()["following"].get(followed.id))
    return activity


def audience(document: Json) -> set[str]:
    """Give all of `to` and `cc`; Public in one spelling."""
    named: set[str] = set()
    for key in ("to", "cc"):
        value = document.get(key, [])
        named.update(value if isinstance(value, list) else [value])
    return {"Public" if name in PUBLIC else name for name in named}


def members(value: Any) -> list[Any]:
    """Give a property's values as a list."""
    return value if isinstance(value, list) else [] if value is None else [value]


def anonymous_get(reader: Server, url: str) -> httpx.Response:
    """Fetch one of a server's documents as nobody."""
    with reader.client() as client:
        return client.get(url.removeprefix(reader.origin), headers={"Accept": ACTIVITY_JSON})


def require_calm(ours: OurServer) -> None:
    """Require that our server did not stumble, whatever was said to it."""
    broken = [event for event in ours.events("request") if event["status"] >= 500]
    assert broken == []
    printed = ours.output.read_text("utf-8", "replace")
    assert "Traceback" not in printed, ours.log_tail(60)
