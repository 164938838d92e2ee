"""REFUSALS: a POST that nobody may believe costs little of what a good one costs.

Anchor: a Create by RSA, its key in the cache, from the request to the listener that has heard it. Subjects: the same
without a signature; and one by a key that was not to be had a moment ago. All by an engine in memory, to the shared
inbox and to that of an actor, which the application has given a moment ago (SEC-016).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable

import attrs

from bench.measuring import Measured, medians_us
from fedtext import PUBLIC, Activity, BlockingContext, Federation, Person, connect
from fedtext.adapters.clocks import ManualClock
from fedtext.adapters.observers import NullObserver
from fedtext.config import Config, InboxPolicy
from fedtext.http import Headers, Request, Response
from fedtext.keys import PrivateKey, generate_rsa
from fedtext.signatures import sign
from fedtext.sync import run_sync
from fedtext.testing import VirtualNetwork
from fedtext.testing.peers import SharedKeys

REACH = 0.3

NOW_S = 1_790_000_000.0
SITE, PEER = "https://blog.example", "https://mastodon.example"
BOB = f"{PEER}/users/bob"
KEY_ID, ABSENT = f"{BOB}#main-key", f"{PEER}/none#main-key"
ACTIVITY = "application/activity+json"
UNPACED = Config(inbox=InboxPolicy(actor_activities_per_minute_max=0, host_activities_per_minute_max=0))
"""All that is measured is said by one actor, in one minute of a clock that stands still."""


@attrs.define
class Inbox:
    """A server of ours, and how often its listener has heard something."""

    federation: Federation
    heard: int = 0

    @classmethod
    def open(cls, key: PrivateKey) -> Inbox:
        """Set it up, and a peer that serves bob and nothing else."""
        made = cls(
            Federation(
                SITE,
                backend=connect("memory://"),
                keys=SharedKeys(),
                worker="off",
                observer=NullObserver(),
                config=UNPACED,
            )
        )
        made.federation.actor("/users/{pk}")(made.actor)
        made.federation.on(Activity)(made.hear)
        network = VirtualNetwork()
        network.add(made.federation, ManualClock(NOW_S), blocking=True)
        network.script("mastodon.example", serving(key))
        return made

    def actor(self, context: BlockingContext, pk: str) -> Person | None:
        """Give alice."""
        return context.actor(Person, handle="alice") if pk == "1" else None

    def hear(self, _context: BlockingContext, _activity: Activity) -> None:
        """Hear something."""
        self.heard += 1

    def take(self, request: Request, status: int) -> None:
        """Take one POST."""
        response = run_sync(self.federation.engine.handle(request, self.federation.ports.blocking()))
        if response is None or response.status != status:
            raise SystemExit(f"{status} was expected: {response}")

    def take_and_hear(self, request: Request) -> None:
        """Take a good one, and let the worker do what comes of it."""
        self.take(request, 202)
        while self.federation.worker().step_blocking():
            pass


def serving(key: PrivateKey) -> Callable[[Request], Response]:
    """Give a server of bob's document."""
    owned = {"id": KEY_ID, "owner": BOB, "publicKeyPem": key.public.pem}
    context = ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"]
    document = {"@context": context, "id": BOB, "type": "Person", "inbox": f"{BOB}/inbox", "publicKey": owned}
    found = Response(
        status=200, headers=Headers.build([("content-type", ACTIVITY)]), body=json.dumps(document).encode()
    )
    return lambda request: found if request.path == "/users/bob" else Response(status=404)


def create(number: int, key: PrivateKey, key_id: str, path: str) -> Request:
    """Give a signed Create."""
    note = {
        "id": f"{PEER}/notes/{number}",
        "type": "Note",
        "attributedTo": BOB,
        "content": "<p>hello</p>" * 20,
        "to": [PUBLIC],
    }
    activity = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{PEER}/activities/{number}",
        "type": "Create",
        "actor": BOB,
        "object": note,
        "to": [PUBLIC],
    }
    request = Request.to(
        SITE + path,
        method="POST",
        headers=[("content-type", ACTIVITY)],
        body=json.dumps(activity).encode(),
    )
    return sign(request, key, key_id=key_id, now_s=NOW_S)


def measured(path: str) -> list[Measured]:
    """Measure one inbox."""
    key = generate_rsa()
    inbox = Inbox.open(key)
    good = itertools.cycle([create(number, key, KEY_ID, path) for number in range(4_000)])
    absent = create(0, key, ABSENT, path)
    unsigned = attrs.evolve(absent, headers=absent.headers.without("signature"))
    found = medians_us(
        {
            "good": lambda: inbox.take_and_hear(next(good)),
            "unsigned": lambda: inbox.take(unsigned, 401),
            "a key that is known to be absent": lambda: inbox.take(absent, 401),
        }
    )
    if not 0 < inbox.heard < 4_000:
        raise SystemExit(f"{inbox.heard} were heard: not each good one was new")
    anchor = found.pop("good")
    return [
        Measured(goal="REFUSALS", what=f"{what}, {path}", anchor=anchor, subject=subject, reach=REACH)
        for what, subject in found.items()
    ]


def measure() -> list[Measured]:
    """Measure."""
    return [*measured("/ap/inbox"), *measured("/users/1/inbox")]


if __name__ == "__main__":
    for item in measure():
        print(item.line())
