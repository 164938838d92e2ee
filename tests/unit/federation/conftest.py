"""A small home server with an app of its own, and scripted servers of others, on a network without sockets."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import attrs
import pytest

from fedtext import PUBLIC, Context, Federation, Note, Page, PageRequest, Person
from fedtext.adapters.backends import MemoryBackend
from fedtext.adapters.clocks import ManualClock
from fedtext.adapters.observers import RecordingObserver
from fedtext.delivery import Follower
from fedtext.federation.engine import Engine
from fedtext.federation.outcomes import Dispatched, JobOutcome
from fedtext.federation.step import run_job
from fedtext.federation.turns import Turn
from fedtext.http import Headers, Request, Response
from fedtext.inbox import InboundTask
from fedtext.keys import PrivateKey, generate_rsa
from fedtext.ports import Job, PortSet
from fedtext.signatures import build_digest, sign
from fedtext.sync import run_sync
from fedtext.testing.network import VirtualNetwork
from fedtext.testing.peers import SharedKeys

AP = "application/activity+json"
CONTEXT = ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"]
HOME = "https://home.example.com"
BOB = "https://b.example.org/users/bob"


def waiting(document: dict[str, Any]) -> InboundTask:
    """What waits of an activity that Bob has sent, and signed himself, to the first of ours."""
    return InboundTask(
        site=HOME,
        inbox="/users/1/inbox",
        recipient="1",
        signer=BOB,
        key_id=f"{BOB}#main-key",
        scheme="cavage",
        how="signature",
        received_s=1.0,
        content_hash="0" * 64,
        document=document,
    )


async def carried_out(engine: Engine, job: Job, ports: PortSet, turn: Turn | None = None) -> JobOutcome:
    """Carry out a job as a worker does that does one after the other: what was dispatched is confirmed."""
    outcome = await run_job(engine, job, ports, turn)
    return await outcome.confirm() if isinstance(outcome, Dispatched) else outcome


@cache
def remote_key() -> PrivateKey:
    return generate_rsa()


@attrs.define
class Post:
    """A row of the app."""

    pk: int
    author: str
    text: str = "hello"
    to: Any = PUBLIC
    cc: tuple[str, ...] = ()
    bto: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    published: Any = None
    updated: Any = None


class Remote:
    """Somebody else's server: actors with a key, inboxes that answer as told and keep what arrives."""

    def __init__(self, network: VirtualNetwork, host: str) -> None:
        self.host = host
        self.origin = f"https://{host}"
        self.documents: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.got: list[Request] = []
        self.answer: Callable[[Request], int | Response] = lambda _request: 202
        network.script(host, self._serve)

    def actor(self, name: str, **changes: Any) -> str:
        actor_id = f"{self.origin}/users/{name}"
        public = remote_key().public.pem
        self.documents[f"/users/{name}"] = {
            "@context": CONTEXT,
            "id": actor_id,
            "type": "Person",
            "preferredUsername": name,
            "inbox": f"{actor_id}/inbox",
            "outbox": f"{actor_id}/outbox",
            "endpoints": {"sharedInbox": f"{self.origin}/inbox"},
            "publicKey": {"id": f"{actor_id}#main-key", "owner": actor_id, "publicKeyPem": public},
            **changes,
        }
        return actor_id

    def follower(self, name: str) -> Follower:
        actor_id = self.actor(name)
        return Follower(actor_id=actor_id, inbox=f"{actor_id}/inbox", shared_inbox=f"{self.origin}/inbox")

    def deliveries(self) -> list[tuple[str, str]]:
        """Give path and type of what was delivered, whatever it was answered."""
        return [(request.path, json.loads(request.body)["type"]) for request in self.got]

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.body) for request in self.got]

    def _serve(self, request: Request) -> Response:
        if request.method == "POST":
            answer = self.answer(request)
            self.got.append(request)
            return answer if isinstance(answer, Response) else Response(status=answer)
        self.asked.append(request.target)
        if request.path == "/.well-known/webfinger":
            return self._webfinger(request)
        document = self.documents.get(request.path)
        if document is None:
            return Response(status=404)
        return Response(status=200, headers=Headers.build([("content-type", AP)]), body=json.dumps(document).encode())

    def _webfinger(self, request: Request) -> Response:
        name = request.query.partition("acct%3A")[2].partition("%40")[0]
        if f"/users/{name}" not in self.documents:
            return Response(status=404)
        link = {"rel": "self", "type": AP, "href": f"{self.origin}/users/{name}"}
        body = json.dumps({"subject": f"acct:{name}@{self.host}", "links": [link]}).encode()
        return Response(status=200, headers=Headers.build([("content-type", "application/jrd+json")]), body=body)


class Crowd:
    """The app's followers, a page at a time."""

    def __init__(self) -> None:
        self.of: dict[str, list[Follower]] = {}
        self.broken: Exception | None = None
        self.complete = False
        self.following: set[tuple[str, str]] = set()
        self.asked: set[tuple[str, str]] = set()

    async def page(self, context: Context, pk: str, page: PageRequest) -> Page[Follower]:
        if self.broken is not None:
            raise self.broken
        start = int(page.cursor or 0)
        people = self.of.get(pk, [])
        end = start + page.size
        return Page(people[start:end], next=str(end) if end < len(people) else None)

    async def contains(self, context: Context, pk: str, actor_id: str) -> bool:
        return any(follower.actor_id == actor_id for follower in self.of.get(pk, []))

    async def count(self, context: Context, pk: str) -> int:
        return len(self.of.get(pk, []))

    async def following_count(self, context: Context, pk: str) -> int:
        return 7

    async def followed_by(self, context: Context, actor_id: str) -> list[str]:
        return sorted(pk for pk, followed in self.following if followed == actor_id)

    async def followings_total(self, context: Context) -> int:
        return len(self.following)

    async def keep_following(self, context: Context, pk: str, actor_id: str) -> bool:
        known = (pk, actor_id) in self.following | self.asked
        self.following |= {(pk, actor_id)} if known else set()
        return known

    async def drop_following(self, context: Context, pk: str, actor_id: str) -> None:
        self.following.discard((pk, actor_id))


class World:
    """One home server; nothing suspends in it, so tests are plain functions."""

    def __init__(
        self,
        backend: Any = None,
        *,
        asynchronous: bool = False,
        app: bool = True,
        crowd: bool = True,
        **options: Any,
    ) -> None:
        self.network = VirtualNetwork()
        self.clock = ManualClock(1_790_000_000.0)
        self.observer = RecordingObserver()
        self.fed = Federation(
            HOME,
            backend=backend or MemoryBackend(),
            worker="off",
            observer=self.observer,
            keys=options.pop("keys", SharedKeys()),
            **options,
        )
        self.people = {"1": "alice", "2": "carol"}
        self.posts: dict[str, Post] = {}
        self.crowd = Crowd()
        self.asked: list[str] = []
        if app:
            self._register()
        if app and crowd:
            self.fed.followers(self.crowd)
        self.network.add(self.fed, self.clock, blocking=not asynchronous)

    def _register(self) -> None:
        fed = self.fed

        @fed.actor("/users/{pk}")
        def actor(context: Context, pk: str) -> Person | None:
            self.asked.append(f"actor {pk}")
            int(pk)
            if pk not in self.people:
                return None
            name = self.people[pk]
            return context.actor(Person, handle=name, name=name.title(), url=f"/@{name}")

        @fed.handle
        def handle(context: Context, name: str) -> str | None:
            self.asked.append(f"handle {name}")
            return next((pk for pk, known in self.people.items() if known == name), None)

        def load(context: Context, pk: str) -> Post | None:
            self.asked.append(f"load {pk}")
            int(pk)
            return self.posts.get(pk)

        @fed.object("/posts/{pk}", source=Post, load=load)
        def note(context: Context, post: Post) -> Note:
            return Note(
                attributed_to=context.actor_uri(post.author),
                content=post.text,
                url=f"/p/{post.pk}",
                to=post.to,
                cc=post.cc,
                bto=post.bto,
                bcc=post.bcc,
                published=post.published,
                updated=post.updated,
            )

        @fed.outbox("/users/{pk}/outbox")
        def outbox(context: Context, pk: str, page: PageRequest) -> Page[Post]:
            mine = [post for post in self.posts.values() if post.author == pk][::-1]
            start = int(page.cursor or 0)
            end = start + 2
            return Page(mine[start:end], next=str(end) if end < len(mine) else None, total=len(mine))

    def remote(self, host: str = "b.example.org") -> Remote:
        return Remote(self.network, host)

    def post(self, pk: int, **fields: Any) -> Post:
        made = Post(pk=pk, author=fields.pop("author", "1"), **fields)
        self.posts[str(pk)] = made
        return made

    @property
    def ports(self) -> Any:
        return self.fed.ports.blocking()

    @property
    def context(self) -> Any:
        return self.fed.blocking_context()

    def ask(self, target: str, *, method: str = "GET", by: str | None = None, **headers: str) -> Response | None:
        fields = {"accept": AP, "host": "home.example.com"}
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        request = Request(
            method=method,
            scheme="https",
            authority=headers.get("host", "home.example.com"),
            target=target,
            headers=Headers.build(fields.items()),
        )
        if by is not None:
            request = sign(request, remote_key(), key_id=f"{by}#main-key", now_s=self.clock.now_s())
        return run_sync(self.fed.engine.handle(request, self.ports))

    def get(self, target: str, **options: Any) -> dict[str, Any]:
        response = self.ask(target, **options)
        assert response is not None
        assert response.status == 200, (response.status, response.body)
        return json.loads(response.body)

    def status(self, target: str, **options: Any) -> int | None:
        response = self.ask(target, **options)
        return None if response is None else response.status

    def deliver(
        self,
        activity: dict[str, Any] | bytes,
        *,
        to: str = "/users/1/inbox",
        by: str | None = None,
        ports: Any = None,
    ) -> Response:
        body = activity if isinstance(activity, bytes) else json.dumps(activity).encode()
        request = Request.to(HOME + to, method="POST", headers=[("content-type", AP)], body=body)
        if by is not None:
            now_s = self.clock.now_s()
            request = sign(request, remote_key(), key_id=f"{by}#main-key", now_s=now_s, digest=build_digest(body))
        request = attrs.evolve(request, headers=request.headers.with_fields(("host", request.authority)))
        response = run_sync(self.fed.engine.handle(request, ports or self.ports))
        assert response is not None
        return response

    def settle(self) -> None:
        worker = self.fed.worker()
        for _ in range(10_000):
            if not worker.step_blocking():
                return
        raise AssertionError("the queue does not come to rest")

    def pass_time(self, *, hours: float = 60, step_s: float = 600) -> None:
        """Let time pass, working whenever something is due."""
        for _ in range(int(hours * 3_600 / step_s)):
            if run_sync(self.ports.queue.depth()).waiting == 0:
                return
            self.clock.advance(step_s)
            self.settle()

    def depth(self) -> Any:
        return run_sync(self.ports.queue.depth())

    def buried(self) -> list[str]:
        return [reason for _job, reason in run_sync(self.ports.queue.buried())]

    def events(self, name: str) -> list[dict[str, Any]]:
        return [dict(event.fields) for event in self.observer.events if event.name == name]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def make_world() -> type[World]:
    return World
