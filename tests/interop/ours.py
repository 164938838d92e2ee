"""A server built on `fedtext.social`, for the conversation with the peer.

It answers the same control API as the peer does (`fedify/peer.mjs`), so that a test reads the same in both directions.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import uvicorn

from fedtext import Activity, Context, Federation, Software, connect
from fedtext.behaviors import Follows, FollowState, author_card
from fedtext.config import Config, DevPolicy, Limits
from fedtext.errors import FedtextError
from fedtext.fetch import learn_capabilities
from fedtext.social import Entry, Post, Social, SocialActor, Visibility
from fedtext.vocab import dump, reference_id
from fedtext.wire.json import JsonObject

Json = dict[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
CONTROL = "/_control/"


class Ours:
    """The federation, its actors, and what has happened so far."""

    def __init__(self, options: argparse.Namespace) -> None:
        hosts = ("peer.interop.test", "other.peer.interop.test", "ours.interop.test")
        self.federation = Federation(
            options.origin,
            backend=connect(f"sqlite:///{Path(options.database).absolute()}"),
            software=Software("fedtext-interop", "1.0"),
            config=Config(
                secure=options.secure,
                # All peers of a run live on few hosts, each test with new people.
                limits=Limits(host_fetches_per_minute_max=6_000),
                dev=DevPolicy(hosts=hosts, ca_file=options.ca, resolver=dict.fromkeys(hosts, "127.0.0.1")),
            ),
        )
        self.social = Social(self.federation, follows=Follows(accept="manual" if options.manual_accept else "auto"))
        self.users: list[str] = options.users.split(",")
        self.actors: dict[str, SocialActor] = {}
        self.posts: dict[str, Post] = {}  # own posts by id
        self.follows: dict[str, str] = {}  # Follow's id to whom it asks
        self.events: list[Json] = []
        self.federation.on(Activity)(self.record)
        self.federation.on_unverified(self.record_refusal)

    def log(self, kind: str, **data: Any) -> None:
        """Remember one event."""
        self.events.append({"seq": len(self.events), "kind": kind, **data})

    async def record(self, context: Context, activity: Activity) -> None:
        """Remember a verified activity."""
        self.log(
            "activity",
            type=activity.type_name,
            id=activity.id,
            actor=reference_id(activity.actor) if activity.actor else None,
            object=reference_id(activity.object) if activity.object else None,
            recipient=context.recipient,
            how=context.evidence.how,
            signer=context.evidence.signer,
            activity=dump(activity, context=False),
        )

    async def record_refusal(self, context: Context, error: FedtextError, peeked: Any) -> None:
        """Remember what was refused, and why."""
        self.log("unverified", error=error.code, text=str(error), peeked=str(peeked))

    async def start(self) -> None:
        """Create the actors."""
        for user in self.users:
            self.actors[user] = await self.social.create_actor(user, name=f"{user} (fedtext)", summary="Ours.")


class Control:
    """The control API: what the tests ask of our server."""

    def __init__(self, ours: Ours) -> None:
        self.ours = ours

    # ---- views

    async def state(self, _query: Json) -> Json:
        """Tell what each actor holds."""
        held: Json = {}
        for user, actor in self.ours.actors.items():
            asked = {target: await actor.following(target) for target in dict.fromkeys(self.ours.follows.values())}
            held[user] = {
                "actor": actor.uri,
                "followers": await actor.followers(),
                "following": {target: how is FollowState.ACCEPTED for target, how in asked.items() if how is not None},
            }
        return held

    async def events(self, query: Json) -> list[Json]:
        """List what has happened."""
        kind = query.get("kind")
        return [event for event in self.ours.events if not kind or event["kind"] == kind]

    async def timeline(self, query: Json) -> list[Json]:
        """Show an actor's timeline, newest first."""
        actor = self.ours.actors[query["user"]]
        return [
            {
                "id": entry.id,
                "author": entry.author.id,
                "text": entry.text,
                "reactions": {"like": entry.likes, "announce": entry.boosts},
            }
            async for entry in actor.timeline()
        ]

    # ---- commands

    async def post(self, body: Json) -> Json:
        """Publish a post or a reply; mentions are written into the text, as people do."""
        actor = self._actor(body)
        context = self.ours.federation.context()
        visibility = Visibility[body["visibility"].upper()]
        mentioned = [author_card(await context.get_actor(iri)).handle for iri in body["mentions"]]
        text = " ".join([*(f"@{handle.removeprefix('@')}" for handle in mentioned), body["content"]])
        if answered := body["inReplyTo"]:
            made = await actor.reply(await self._entry(actor, answered) or answered, text, visibility=visibility)
        else:
            made = await actor.post(text, visibility=visibility)
        self.ours.posts[made.uri] = made
        return {"object": made.uri}

    async def update(self, body: Json) -> Json:
        """Edit a post."""
        post = self.ours.posts[body["object"]]
        self.ours.posts[post.uri] = await self._actor(body).edit(post, body["content"])
        return {"activity": ""}

    async def delete(self, body: Json) -> Json:
        """Delete a post."""
        await self._actor(body).delete(self.ours.posts.pop(body["object"]))
        return {"activity": ""}

    async def follow(self, body: Json) -> Json:
        """Follow somebody."""
        activity = await self._actor(body).follow(body["target"])
        self.ours.follows[activity] = body["target"]
        return {"activity": activity}

    async def like(self, body: Json) -> Json:
        """Like a post."""
        return {"activity": await self._actor(body).like(body["object"])}

    async def announce(self, body: Json) -> Json:
        """Boost a post."""
        return {"activity": await self._actor(body).boost(body["object"])}

    async def block(self, body: Json) -> Json:
        """Block somebody."""
        return {"activity": await self._actor(body).block(body["target"])}

    async def undo(self, body: Json) -> Json:
        """Take back a follow, like, boost or block."""
        actor, activity = self._actor(body), body["activity"]
        target = self.ours.follows.get(activity)
        done = await (actor.undo(activity) if target is None else actor.unfollow(target))
        return {"activity": "", "done": done}

    async def accept(self, body: Json) -> Json:
        """Let a follower in who waits."""
        return {"done": await self._actor(body).accept(body["follower"])}

    async def reject(self, body: Json) -> Json:
        """Turn a follower away who waits."""
        return {"done": await self._actor(body).reject(body["follower"])}

    async def lookup(self, body: Json) -> Json:
        """Find what a handle or id names."""
        try:
            found = await self.ours.federation.lookup.aio(body["resource"])
        except FedtextError as error:
            return {"found": False, "object": None, "error": f"{error.code}: {error}"}
        return {"found": True, "object": dump(found, context=False)}

    async def learn(self, body: Json) -> Json:
        """Take it as known what a host takes, as its application would say it (FEP-844e)."""
        application: JsonObject = {
            "type": "Application",
            "inbox": "https://peer.interop.test/inbox",
            "implements": [{"href": body["capability"]}],
        }
        ports = self.ours.federation.ports.asynchronous()
        await learn_capabilities(ports, self.ours.federation.site.origin, body["origin"], application)
        return {}

    def _actor(self, body: Json) -> SocialActor:
        return self.ours.actors[body["user"]]

    async def _entry(self, actor: SocialActor, object_id: str) -> Entry | None:
        return next((entry for entry in [entry async for entry in actor.timeline()] if entry.id == object_id), None)

    # ---- the way in

    async def answer(self, method: str, name: str, query: Json, body: bytes) -> tuple[int, Any]:
        """Run one command or view."""
        if name.startswith("_") or name == "answer" or not hasattr(self, name):
            return 404, {"error": f"unknown command {name}"}
        try:
            return 200, await getattr(self, name)(json.loads(body) if method == "POST" else query)
        except FedtextError:
            return 500, {"error": traceback.format_exc()}


async def read_all(receive: Receive) -> bytes:
    """Read a request's body."""
    body: bytes = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


class Application:
    """The ASGI application: the control API below /_control/, the federation everywhere else."""

    def __init__(self, ours: Ours) -> None:
        self.ours = ours
        self.control = Control(ours)
        self.inner = ours.federation.asgi()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["path"].startswith(CONTROL):
            await self.answer_control(scope, receive, send)
        elif scope["type"] == "http":
            await self.answer_others(scope, receive, send)
        else:
            await self.inner(scope, receive, send)

    async def answer_control(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the tests."""
        query = {key: values[-1] for key, values in parse_qs(scope["query_string"].decode()).items()}
        name = scope["path"].removeprefix(CONTROL)
        status, answer = await self.control.answer(scope["method"], name, query, await read_all(receive))
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    async def answer_others(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer other servers, and remember what they wanted."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        scheme = "rfc9421" if "signature-input" in headers else "draft-cavage" if "signature" in headers else None

        async def send_noting_status(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self.ours.log(
                    "request", method=scope["method"], path=scope["path"], status=message["status"], signature=scheme
                )
            await send(message)

        await self.inner(scope, receive, send_noting_status)


class Server(uvicorn.Server):
    """uvicorn that creates the actors first and says when it listens."""

    def __init__(self, config: uvicorn.Config, ours: Ours) -> None:
        super().__init__(config)
        self.ours = ours

    async def startup(self, sockets: Any = None) -> None:
        """Start."""
        await self.ours.start()
        await super().startup(sockets)
        print(json.dumps({"ready": True, "users": self.ours.users}), flush=True)


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("origin", "users", "tls-cert", "tls-key", "ca", "database"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--manual-accept", action="store_true")
    parser.add_argument("--secure", action="store_true")
    options = parser.parse_args()
    ours = Ours(options)
    config = uvicorn.Config(
        Application(ours),
        host="127.0.0.1",
        port=options.port,
        ssl_certfile=options.tls_cert,
        ssl_keyfile=options.tls_key,
        lifespan="on",
        log_level="info",
        access_log=False,
    )
    with contextlib.suppress(KeyboardInterrupt):
        Server(config, ours).run()


if __name__ == "__main__":
    main()
