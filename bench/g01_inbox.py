"""G1: what an activity costs from its request to the listener that has heard it, its key in the cache.

Anchor (I1s): what cannot be left out, in straight lines: the digest, reading the Signature field, the text that is
signed, one RSA-2048 verification, the standard library's JSON without repeated names, a look at each name against a
table, remembering the id, a call. Subject: the engine in memory, from `handle` to the worker that has called the
listener: an activity of its own each time, in the shape that Mastodon sends.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import attrs
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from bench import documents
from bench.measuring import Measured, medians_us
from fedtext import Activity, BlockingContext, Federation, Person, connect
from fedtext.adapters.clocks import ManualClock
from fedtext.adapters.observers import NullObserver
from fedtext.config import Config, InboxPolicy
from fedtext.http import Headers, Request, Response
from fedtext.keys import PrivateKey, generate_rsa
from fedtext.signatures import sign
from fedtext.sync import run_sync
from fedtext.testing import VirtualNetwork
from fedtext.testing.peers import SharedKeys

REACH = 1.5
ACTIVITIES = 12_000

NOW_S = 1_790_000_000.0
OURS = "https://blog.example"
KEY_ID = f"{documents.ALICE}#main-key"
PATH = "/ap/inbox"
UNPACED = Config(inbox=InboxPolicy(actor_activities_per_minute_max=0, host_activities_per_minute_max=0))
"""All that is measured is said by one actor, in one minute of a clock that stands still."""
ACTIVITY = "application/activity+json"
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')


def fields_of_a_server(body: bytes) -> list[tuple[str, str]]:
    """Give the fields that a POST has besides those of its signature."""
    return [
        ("user-agent", "Mastodon/4.5.0 (http.rb/5.3.1; +https://social.example/)"),
        ("accept-encoding", "gzip"),
        ("content-type", ACTIVITY),
        ("connection", "close"),
        ("content-length", str(len(body))),
        ("x-forwarded-for", "192.0.2.1"),
        ("x-forwarded-proto", "https"),
    ]


def signed_create(number: int, key: PrivateKey, path: str = PATH) -> Request:
    """Give a POST of a Create, signed in the common form."""
    body = documents.to_bytes(documents.create(number))
    request = Request.to(OURS + path, method="POST", headers=fields_of_a_server(body), body=body)
    return sign(request, key, key_id=KEY_ID, now_s=NOW_S)


# ---- the anchor ------------------------------------------------------------------------------------------------------


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is repeated")
    return found


def _names(value: Any, known: frozenset[str]) -> None:
    """Look at each name."""
    if isinstance(value, dict):
        if not known.issuperset(value):
            raise ValueError("a name is unknown")
        for inner in value.values():
            if isinstance(inner, dict | list):
                _names(inner, known)
    else:
        for inner in value:
            if isinstance(inner, dict | list):
                _names(inner, known)


def _all_names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _all_names(inner)


@attrs.define
class Floor:
    """What cannot be left out."""

    public: rsa.RSAPublicKey
    known: frozenset[str]
    path: str = PATH
    seen: set[str] = attrs.field(factory=set[str])
    heard: int = 0

    @classmethod
    def of(cls, key: PrivateKey) -> Floor:
        """Make one that knows the names of the document."""
        if not isinstance(key.public.material, rsa.RSAPublicKey):
            raise SystemExit("an RSA key was expected")
        plain = {name: value for name, value in documents.create().items() if name != "@context"}
        return cls(key.public.material, frozenset(_all_names(plain)))

    def take(self, fields: Iterable[tuple[str, str]], body: bytes) -> None:
        """Take one POST."""
        found = dict(fields)
        if found["digest"] != "SHA-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode():
            raise ValueError("the digest is another")
        parameters = dict(_PARAMETER.findall(found["signature"]))
        found["(request-target)"] = f"post {self.path}"
        text = "\n".join(f"{name}: {found[name]}" for name in parameters["headers"].split(" "))
        signature = base64.b64decode(parameters["signature"])
        self.public.verify(signature, text.encode(), padding.PKCS1v15(), hashes.SHA256())
        document = json.loads(body, object_pairs_hook=_unique)
        context = document.pop("@context")
        if context != documents.NOTE_CONTEXT:
            raise ValueError("the context is unknown")
        _names(document, self.known)
        if document["id"] not in self.seen:
            self.seen.add(document["id"])
            self.hear(document)

    def hear(self, _document: dict[str, Any]) -> None:
        """Hear something."""
        self.heard += 1


# ---- the subject -----------------------------------------------------------------------------------------------------


def serving(key: PrivateKey) -> Response:
    """Give the answer with alice's document, whatever is asked for."""
    document = documents.person()
    document["publicKey"] = {"id": KEY_ID, "owner": documents.ALICE, "publicKeyPem": key.public.pem}
    fields = Headers.build([("content-type", ACTIVITY)])
    return Response(status=200, headers=fields, body=documents.to_bytes(document))


@attrs.define
class Inbox:
    """A server of ours, and how often its listener has heard something."""

    federation: Federation
    heard: int = 0

    @classmethod
    def open(cls, key: PrivateKey) -> Inbox:
        """Set it up, and a peer that serves alice."""
        made = cls(
            Federation(
                OURS,
                backend=connect("memory://"),
                keys=SharedKeys(),
                worker="off",
                observer=NullObserver(),
                config=UNPACED,
            )
        )
        made.federation.actor("/users/{pk}")(made.actor)
        made.federation.on(Activity)(made.hear)
        network, answer = VirtualNetwork(), serving(key)
        network.add(made.federation, ManualClock(NOW_S), blocking=True)
        network.script("social.example", lambda _request: answer)
        return made

    def actor(self, context: BlockingContext, pk: str) -> Person | None:
        """Give bob."""
        return context.actor(Person, handle="bob") if pk == "1" else None

    def hear(self, _context: BlockingContext, _activity: Activity) -> None:
        """Hear something."""
        self.heard += 1

    def take(self, request: Request) -> None:
        """Take one POST, with fields that nobody has looked at yet."""
        object.__setattr__(request.headers, "_by_name", None)
        response = run_sync(self.federation.engine.handle(request, self.federation.ports.blocking()))
        if response is None or response.status != 202:
            raise SystemExit(f"202 was expected: {response}")

    def take_and_hear(self, request: Request) -> None:
        """Take one, and let the worker do what comes of it."""
        self.take(request)
        while self.federation.worker().step_blocking():
            pass


def measure() -> list[Measured]:
    """Measure."""
    key = generate_rsa()
    requests = [signed_create(number, key) for number in range(ACTIVITIES)]
    floor = Floor.of(key)
    plain = itertools.cycle([(list(request.headers), request.body) for request in requests])
    inbox, good = Inbox.open(key), itertools.cycle(requests)
    found = medians_us({"floor": lambda: floor.take(*next(plain)), "subject": lambda: inbox.take_and_hear(next(good))})
    for heard in (floor.heard, inbox.heard):
        if not 0 < heard < ACTIVITIES:
            raise SystemExit(f"{heard} were heard: not each one was new")
    return [
        Measured(
            goal="G1",
            what=f"a Create of {len(requests[0].body)} bytes, heard",
            anchor=found["floor"],
            subject=found["subject"],
            reach=REACH,
        )
    ]


if __name__ == "__main__":
    for measured in measure():
        print(measured.line())
