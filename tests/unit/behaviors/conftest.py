"""A federation on whose listeners a test calls directly: activities as verified, their actors embedded."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from fedtext import Federation, Note, Person, connect
from fedtext.federation.context import Scope
from fedtext.http import Headers, Request, Response
from fedtext.inbox import is_late, remember_ended, select
from fedtext.ports import PortSet
from fedtext.sync import run_sync
from fedtext.testing import ManualClock, VirtualNetwork
from fedtext.testing.peers import SharedKeys
from fedtext.vocab import dump
from fedtext.wire.json import dump as dump_json
from fedtext.wire.json import parse_object

ME = "https://blog.example/users/7"


@attrs.frozen
class Stage:
    """Our side of the network: what is sent waits in the queue, where a test reads it."""

    federation: Federation
    clock: ManualClock
    network: VirtualNetwork

    @property
    def ports(self) -> PortSet:
        return self.federation.ports.blocking()

    def context(self, recipient: str | None = "7"):
        return self.federation.engine.context(self.ports, Scope(recipient=recipient))

    def receive(self, activity: Any, *, recipient: str | None = "7") -> None:
        """Hand a verified activity to all listeners, unless it comes too late, as the worker does."""
        store, engine = self.ports.store, self.federation.engine
        if run_sync(is_late(store, engine.site.origin, activity)):
            return
        run_sync(remember_ended(store, engine.site.origin, activity, engine.config.inbox))
        for listener in select(self.federation.engine.router.listeners, activity):
            result = self.federation.engine.caller.call(listener.callback, self.context(recipient), activity)
            run_sync(result)

    def sent(self) -> list[dict[str, Any]]:
        """Take the activities that wait to be sent."""
        found = []
        while (claim := run_sync(self.ports.queue.claim(lease_s=60, batch_max=50))) is not None:
            for job in claim.jobs:
                payload = parse_object(job.payload)
                body = payload.get("body")
                found.append(parse_object(body.encode()) if isinstance(body, str) else payload["document"])
                run_sync(self.ports.queue.ack(claim, job))
            run_sync(self.ports.queue.release(claim))
        return found  # type: ignore[return-value]


def make_stage(*behaviors: object) -> Stage:
    federation = Federation("https://blog.example", backend=connect("memory://"), keys=SharedKeys(), worker="off")
    clock, network = ManualClock(), VirtualNetwork()
    network.add(federation, clock, blocking=True)
    network.script("peer.example", serve_person)

    @federation.actor("/users/{pk}")
    def actor(context, pk):
        return context.actor(Person, handle=f"user{pk}") if pk in ("7", "8") else None

    @federation.object("/posts/{pk}")
    def post(context, pk):
        if pk != "1":
            return None
        return Note(attributed_to=ME, content="ours", to="https://www.w3.org/ns/activitystreams#Public")

    federation.use(*behaviors)
    return Stage(federation, clock, network)


def serve_person(request: Request) -> Response:
    """Answer for the people elsewhere."""
    found = make_person(request.path.rpartition("/")[2])
    if not request.path.startswith("/users/"):
        return Response(status=404)
    headers = Headers.build([("content-type", "application/activity+json")])
    if found.preferred_username == "mute":
        found = found.evolve(inbox=None)
    return Response(status=200, headers=headers, body=dump_json(dump(found)))


def make_person(name: str, host: str = "peer.example") -> Person:
    base = f"https://{host}/users/{name}"
    return Person(
        id=base,
        preferred_username=name,
        name=name.title(),
        inbox=f"{base}/inbox",
        followers=f"{base}/followers",
        endpoints={"sharedInbox": f"https://{host}/inbox"},
    )


@pytest.fixture
def stage():
    """Make a stage with these behaviors."""
    return make_stage


@pytest.fixture
def person():
    """Make somebody elsewhere."""
    return make_person
