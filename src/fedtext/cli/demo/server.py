"""One of the two servers: `fedtext serve fedtext.cli.demo.server:make`, told by its environment who it is.

It is an ordinary server built with `fedtext.social`, and beside it a small JSON API, guarded by a token, by which
somebody else lets its actor speak and asks what it holds:

    POST /demo/<command>         {"text": "Hello", …}: post, reply, follow, accept, like, boost, undo, edit, delete, …
    GET  /home/<name>.json       the home timeline, followers, who waits, and how a follow stands
    GET  /demo/arrivals          how often each activity from elsewhere was applied

An answer to a command means that it is durable.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from hmac import compare_digest
from typing import Any, TypeAlias, cast
from urllib.parse import parse_qs

from ...behaviors import Follows, FollowState
from ...config import Config, DeliveryPolicy, DevPolicy, Software
from ...errors import ConfigurationError, FedtextError
from ...runtime import Batch, Context, Federation, Statement, connect
from ...runtime.asgi import Receive, Scope, Send
from ...social import Entry, Post, Social, SocialActor, Visibility
from ...social.pages import Pages
from ...vocab import Create
from ...wire.timestamps import build
from .settings import VARIABLE, Settings

Json: TypeAlias = dict[str, Any]

_BODY_BYTES_MAX = 65_536
_LEASE_S = 5.0  # how long work stays with a process that was killed
_ARRIVALS = "CREATE TABLE IF NOT EXISTS demo_arrivals (activity TEXT NOT NULL)"


def make() -> DemoServer:
    """Make the server that the environment describes."""
    settings = Settings.load(os.environ.get(VARIABLE))
    if settings.tied:
        threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    return DemoServer(settings)


def _end_with_parent() -> None:
    while os.read(0, 4096):  # not sys.stdin: a thread that waits inside of it breaks the end of the interpreter
        pass
    os.kill(os.getpid(), signal.SIGTERM)


class DemoServer:
    """An ASGI application: the JSON API, and behind it pages and federation."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.federation = Federation(
            settings.origin,
            backend=connect(f"sqlite:///{settings.database}"),
            software=Software("fedtext-demo", "1"),
            config=Config(
                dev=DevPolicy.allow_loopback(ports=settings.ports), delivery=DeliveryPolicy(lease_s=_LEASE_S)
            ),
        )
        follows = Follows(accept="manual" if settings.accept == "manual" else "auto")
        self._social = Social(self.federation, follows=follows)
        self._pages = Pages(self._social, readers={settings.token: settings.name})
        self._inner = self.federation.asgi(self._pages)
        self._actor: SocialActor | None = None
        self.federation.on(Create)(self._count)
        self._commands: dict[str, Callable[[SocialActor, Json], Awaitable[Json]]] = {
            "accept": _accept,
            "boost": _boost,
            "delete": _delete,
            "edit": _edit,
            "follow": _follow,
            "like": _like,
            "lookup": self._lookup,
            "post": _post,
            "reply": _reply,
            "undo": _undo,
            "unfollow": _unfollow,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one connection scope."""
        path: str = scope.get("path", "")
        if scope["type"] == "http" and (path.startswith("/demo/") or path == f"/home/{self._settings.name}.json"):
            status, answer = await self._answer(scope, receive, path)
            await _send_json(send, status, answer)
            return
        await self._inner(scope, receive, send)

    async def _count(self, context: Context, create: Create[Any]) -> None:
        """Note that an activity was applied, in one transaction with the fact that it was: never twice."""
        await context.sql.execute(_ARRIVALS)
        batch = Batch()
        await context.confirm(within=batch)
        arrival = Statement("INSERT INTO demo_arrivals (activity) VALUES (?)", (str(create.id),))
        await context.sql.atomic([arrival, *batch.statements])

    # ---- the JSON API --------------------------------------------------------------------------------------------

    async def _answer(self, scope: Scope, receive: Receive, path: str) -> tuple[int, Json]:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        given = headers.get("authorization", "").removeprefix("Bearer ")
        if not compare_digest(given.encode(), self._settings.token.encode()):
            return 401, {"error": "bring the token: Authorization: Bearer …"}
        actor = await self._me()
        try:
            if scope["method"] == "GET":
                query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode("latin-1")).items()}
                if path == "/demo/arrivals":
                    return 200, await self._arrivals()
                return (
                    (404, {"error": "no such view"})
                    if path.startswith("/demo/")
                    else (200, await self._home(actor, query))
                )
            command = self._commands.get(path.removeprefix("/demo/"))
            if command is None:
                return 404, {"error": "no such command", "commands": sorted(self._commands)}
            return 200, await command(actor, await _read_json(receive))
        except FedtextError as error:
            return 422, {"error": error.code, "message": str(error)}
        except (KeyError, ValueError, TypeError) as error:
            return 400, {"error": "not understood", "message": repr(error)}

    async def _me(self) -> SocialActor:
        if self._actor is None:
            settings = self._settings
            self._actor = await self._social.create_actor(settings.name, name=settings.display, summary=settings.about)
        return self._actor

    async def _lookup(self, _actor: SocialActor, given: Json) -> Json:
        found = await self.federation.lookup.aio(given["target"])
        return {"id": found.id, "type": found.type_name, "name": found.name, "url": found.url}

    async def _home(self, actor: SocialActor, query: dict[str, str]) -> Json:
        """Tell what the server holds for its actor; `about` (an id) asks how a follow of somebody stands."""
        context = self.federation.context()
        about = query.get("about")
        state = await actor.following(about) if about else None
        return {
            "actor": {"id": actor.uri, "handle": actor.handle, "name": actor.display_name},
            "followers": await actor.followers(),
            "pending": [iri async for iri in self._social.follows.pending(context, actor.pk)],
            "following": state.value if isinstance(state, FollowState) else None,
            "entries": [_entry_json(entry) async for entry in actor.timeline(limit=200)],
        }

    async def _arrivals(self) -> Json:
        sql = self.federation.context().sql
        await sql.execute(_ARRIVALS)
        rows = await sql.execute("SELECT activity, COUNT(*) FROM demo_arrivals GROUP BY activity")
        return {"arrivals": {str(activity): count for activity, count in rows}}


# ---- commands --------------------------------------------------------------------------------------------------------


async def _post(actor: SocialActor, given: Json) -> Json:
    visibility = Visibility(given.get("visibility", "public"))
    made = await actor.post(given["text"], visibility=visibility, language=given.get("language"), pk=given.get("pk"))
    return _post_json(made)


async def _reply(actor: SocialActor, given: Json) -> Json:
    entry = await _entry(actor, given["to"])
    return _post_json(await actor.reply(entry, given["text"], language=given.get("language")))


async def _edit(actor: SocialActor, given: Json) -> Json:
    return _post_json(await actor.edit(await _own(actor, given["post"]), given["text"]))


async def _delete(actor: SocialActor, given: Json) -> Json:
    post = await _own(actor, given["post"])
    await actor.delete(post)
    return {"deleted": post.uri}


async def _follow(actor: SocialActor, given: Json) -> Json:
    return {"activity": await actor.follow(given["target"])}


async def _unfollow(actor: SocialActor, given: Json) -> Json:
    return {"done": await actor.unfollow(given["target"])}


async def _accept(actor: SocialActor, given: Json) -> Json:
    return {"done": await actor.accept(given["follower"])}


async def _like(actor: SocialActor, given: Json) -> Json:
    return {"activity": await actor.like(await _entry(actor, given["post"]))}


async def _boost(actor: SocialActor, given: Json) -> Json:
    return {"activity": await actor.boost(await _entry(actor, given["post"]))}


async def _undo(actor: SocialActor, given: Json) -> Json:
    return {"done": await actor.undo(given["activity"])}


async def _entry(actor: SocialActor, object_id: str) -> Entry:
    async for entry in actor.timeline(limit=200):
        if entry.id == object_id:
            return entry
    raise ConfigurationError("this post is not in the timeline", post=object_id)


async def _own(actor: SocialActor, object_id: str) -> Post:
    found = await actor.find_post(object_id.rpartition("/")[2])
    if found is None:
        raise ConfigurationError("this is no post of this actor", post=object_id)
    return found


# ---- JSON ------------------------------------------------------------------------------------------------------------


def _post_json(post: Post) -> Json:
    return {"id": post.uri, "pk": post.pk, "text": post.text, "visibility": post.visibility.value}


def _entry_json(entry: Entry) -> Json:
    return {
        "id": entry.id,
        "author": entry.author.handle,
        "text": entry.text,
        "visibility": entry.visibility.value,
        "in_reply_to": entry.in_reply_to,
        "boosted_by": entry.boosted_by.handle if entry.boosted_by else None,
        "likes": entry.likes,
        "boosts": entry.boosts,
        "updated": build(entry.updated) if entry.updated else None,
    }


async def _read_json(receive: Receive) -> Json:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > _BODY_BYTES_MAX:
            break
        if not message.get("more_body", False):
            read: object = json.loads(body or b"{}")
            if isinstance(read, dict):
                return cast("Json", read)
            break
    raise ValueError("send one JSON object")


async def _send_json(send: Send, status: int, answer: Json) -> None:
    body = json.dumps(answer, ensure_ascii=False).encode("utf-8")
    headers = [
        (b"content-type", b"application/json"),
        (b"cache-control", b"private, no-store"),
        (b"content-length", str(len(body)).encode("ascii")),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
