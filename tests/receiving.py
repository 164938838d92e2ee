"""Both sides of an inbox without a socket: a server of somebody else, and a door of ours over memory ports."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from fedtext.adapters.backends import MemoryBackend
from fedtext.adapters.clocks import ManualClock
from fedtext.adapters.coalesce import AsyncCoalesce, InlineCoalesce
from fedtext.adapters.observers import RecordingObserver
from fedtext.adapters.offload import InlineOffload
from fedtext.adapters.randomness import SeededRandomness
from fedtext.config import Config, Scheme
from fedtext.errors import PolicyRefusal
from fedtext.fetch import Fetcher
from fedtext.fetch.courtesy import HostRecord, decode_record
from fedtext.http import Headers, Request, Response
from fedtext.inbox import InboundTask, Receipt, Reception, decode_envelope, receive
from fedtext.keys import PrivateKey, generate_ed25519
from fedtext.ports import ExchangeLimits, PortSet
from fedtext.signatures import sign
from fedtext.sync import run_sync
from fedtext.testing.network import VirtualNetwork, VirtualTransport
from fedtext.wire.media_types import ACTIVITY_JSON

NOW_S = 1_790_000_000.0
SITE = "https://b.example.com"
INBOX = "/users/bob/inbox"
AS2 = "https://www.w3.org/ns/activitystreams"
PUBLIC = f"{AS2}#Public"
KEYS = [generate_ed25519() for _ in range(3)]

Served = Response | Callable[[Request], Response]


def answer(document: Any, media_type: str = ACTIVITY_JSON, status: int = 200, **headers: str) -> Response:
    """Give a response with a body: JSON unless it is bytes already."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    fields = [("content-type", media_type), *((name.replace("_", "-"), value) for name, value in headers.items())]
    return Response(status=status, headers=Headers.build(fields), body=body)


def redirect(location: str, status: int = 302) -> Response:
    """Give a redirect."""
    return Response(status=status, headers=Headers.build([("location", location)]))


GONE = Response(status=410)


class Peer:
    """A server of somebody else: serves what it is told to serve, and notes what it is asked."""

    def __init__(self, network: VirtualNetwork, authority: str = "a.example.com") -> None:
        self.authority = authority
        self.served: dict[str, Served] = {}
        self.asked: list[Request] = []
        network.script(authority, self._handle)

    def _handle(self, request: Request) -> Response:
        self.asked.append(request)
        found = self.served.get(request.target, Response(status=404))
        return found if isinstance(found, Response) else found(request)

    def url(self, target: str) -> str:
        """Give the URL of something that it serves."""
        return f"https://{self.authority}{target}"

    def serve(self, target: str, document: Any, **options: Any) -> str:
        """Serve a document, a response or a function; gives its URL."""
        given = isinstance(document, Response) or callable(document)
        self.served[target] = document if given else answer(document, **options)
        return self.url(target)

    def actor(self, name: str = "alice", key: PrivateKey = KEYS[0], **members: Any) -> PeerActor:
        """Make an actor, serve its document, and give it."""
        actor = PeerActor(peer=self, id=self.url(f"/users/{name}"), name=name, key=key)
        self.serve(f"/users/{name}", actor.document(**members))
        return actor


@attrs.frozen(kw_only=True)
class PeerActor:
    """An actor of a peer, with its private key."""

    peer: Peer
    id: str
    name: str
    key: PrivateKey

    @property
    def key_id(self) -> str:
        """The id of its key."""
        return f"{self.id}#main-key"

    def document(self, **members: Any) -> dict[str, Any]:
        """Give its document; None takes a member away."""
        document = {
            "@context": [AS2, "https://w3id.org/security/v1"],
            "id": self.id,
            "type": "Person",
            "preferredUsername": self.name,
            "inbox": f"{self.id}/inbox",
            "outbox": f"{self.id}/outbox",
            "publicKey": {"id": self.key_id, "owner": self.id, "publicKeyPem": self.key.public.pem},
            **members,
        }
        return {name: value for name, value in document.items() if value is not None}

    def activity(self, kind: str = "Like", number: int = 1, **members: Any) -> dict[str, Any]:
        """Give an activity of it; None takes a member away."""
        document = {
            "@context": AS2,
            "id": self.peer.url(f"/activities/{number}"),
            "type": kind,
            "actor": self.id,
            "object": f"{SITE}/notes/1",
            **members,
        }
        return {name: value for name, value in document.items() if value is not None}

    def note(self, number: int = 1, **members: Any) -> dict[str, Any]:
        """Give a note of it; None takes a member away."""
        document = {
            "id": self.peer.url(f"/notes/{number}"),
            "type": "Note",
            "attributedTo": self.id,
            "content": "<p>Hello</p>",
            "to": [PUBLIC],
            **members,
        }
        return {name: value for name, value in document.items() if value is not None}

    def post(self, body: Any, **options: Any) -> Request:
        """Give a POST of it to our inbox; see `post`."""
        return post(body, key=self.key, key_id=options.pop("key_id", self.key_id), **options)

    def signed(self, request: Request, key_id: str | None = None) -> Request:
        """Give another request of it, signed."""
        return sign(request, self.key, key_id=key_id or self.key_id, now_s=NOW_S)


def post(
    body: Any,
    *,
    key: PrivateKey = KEYS[0],
    key_id: str = "https://a.example.com/users/alice#main-key",
    url: str = SITE + INBOX,
    now_s: float = NOW_S,
    media_type: str | None = ACTIVITY_JSON,
    headers: Mapping[str, str] | None = None,
    scheme: Scheme = Scheme.CAVAGE,
) -> Request:
    """Sign a POST as our own deliveries are."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = [("content-type", media_type)] if media_type is not None else []
    request = Request.to(url, method="POST", headers=[*fields, *(headers or {}).items()], body=raw)
    return sign(request, key, key_id=key_id, now_s=now_s, scheme=scheme)


def sign_by_hand(request: Request, key: PrivateKey, key_id: str, covered: str) -> Request:
    """Sign any components, also too few, over headers that are there already."""
    values = {"(request-target)": f"post {request.target}", "host": request.authority, **dict(request.headers)}
    base = "\n".join(f"{name}: {values[name]}" for name in covered.split()).encode()
    signature = base64.b64encode(key.sign(base)).decode()
    value = f'keyId="{key_id}",algorithm="hs2019",headers="{covered}",signature="{signature}"'
    return attrs.evolve(request, headers=request.headers.with_fields(("signature", value)))


class Blocklist:
    """A policy that refuses hosts by name and notes what it was asked."""

    def __init__(self, *blocked: str) -> None:
        self.blocked = blocked
        self.asked: list[str] = []

    def __call__(self, iri: str) -> None:
        self.asked.append(iri)
        if any(host in iri for host in self.blocked):
            raise PolicyRefusal(iri=iri)


class Door:
    """Our inbox over memory ports, and what can be seen of it from outside."""

    def __init__(self, network: VirtualNetwork | None = None, config: Config | None = None, **ports: Any) -> None:
        self.network = network or VirtualNetwork()
        self.clock = ManualClock(NOW_S)
        self.observer = RecordingObserver()
        self.config = config or Config()
        opened = MemoryBackend().blocking(self.clock)
        given = {
            "transport": VirtualTransport(self.network),
            "store": opened.store,
            "queue": opened.queue,
            "sql": None,
            "clock": self.clock,
            "randomness": SeededRandomness(1),
            "offload": InlineOffload(),
            "coalesce": InlineCoalesce(),
            "observer": self.observer,
        }
        self.ports = PortSet(**{**given, **ports})
        self.policy = Blocklist()

    def fetcher(self, ports: PortSet | None = None) -> Fetcher:
        """Give the way out; unsigned."""
        return Fetcher(
            ports=ports or self.ports,
            config=self.config,
            site=SITE,
            own_origins=frozenset({SITE}),
            user_agent="fedtext-test",
        )

    def reception(self, ports: PortSet | None = None, inbox: str = INBOX) -> Reception:
        """Give what receiving needs."""
        return Reception(
            ports=ports or self.ports,
            fetcher=self.fetcher(ports),
            config=self.config,
            site=SITE,
            authorities=frozenset({"b.example.com"}),
            refuse=self.policy,
            inbox=inbox,
            recipient="bob",
        )

    def receive(self, request: Request, ports: PortSet | None = None, inbox: str = INBOX) -> Receipt:
        """Take one POST."""
        return run_sync(receive(request, self.reception(ports, inbox)))

    @property
    def fetches(self) -> list[str]:
        """What has been asked of others, in order."""
        return [exchange.request.url for exchange in self.network.exchanges]

    @property
    def stored(self) -> dict[str, bytes]:
        """All that lies in the store, but for how often which host was asked: see `hosts`."""
        return {key: value for key, value in self._all_stored() if "/fetch-host/" not in key}

    @property
    def hosts(self) -> dict[str, HostRecord | None]:
        """What is kept of hosts, by name."""
        kept = [(key, value) for key, value in self._all_stored() if "/fetch-host/" in key]
        return {key.rpartition("/")[2]: decode_record(value) for key, value in kept}

    def _all_stored(self) -> list[tuple[str, bytes]]:
        return run_sync(self.ports.store.scan("", limit=10_000))

    @property
    def waiting(self) -> int:
        """How many activities wait."""
        return run_sync(self.ports.queue.depth()).waiting

    def take(self) -> list[InboundTask]:
        """Take all that waits out of the queue."""
        tasks: list[InboundTask] = []
        while claim := run_sync(self.ports.queue.claim(lease_s=60, batch_max=100)):
            for job in claim.jobs:
                tasks.append(decode_envelope(job.payload, self.config.limits))
                run_sync(self.ports.queue.ack(claim, job))
            run_sync(self.ports.queue.release(claim))
        return tasks

    def state(self) -> tuple[dict[str, bytes], int, list[str]]:
        """Give all that a refusal must leave as it was: the store, the queue, and what was fetched."""
        return self.stored, self.waiting, self.fetches


class SuspendingTransport(VirtualTransport):
    """One that lets others go on before it has its answer, as a socket does: else nobody would ever come second."""

    async def send(self, request: Request, limits: ExchangeLimits) -> Response:
        await asyncio.sleep(0)
        return await super().send(request, limits)


def door_of_a_loop() -> Door:
    """Give an inbox at which many are at once, as on an event loop."""
    network = VirtualNetwork()
    return Door(network, transport=SuspendingTransport(network), coalesce=AsyncCoalesce())
