"""Every call of a port fails once, on every road through `receive`: nothing half done, and the peer may try again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import attrs
import pytest
from tests.receiving import GONE, INBOX, KEYS, SITE, Door, Peer, PeerActor

from fedtext.errors import FedtextError, FetchTimeout, PortError, QueueError, StoreError, TransportError, Unreachable
from fedtext.fetch.keys import UNAVAILABLE_FRESH_S, remember
from fedtext.http import Request
from fedtext.inbox import activity_key, confirm
from fedtext.inbox.authorship import known_key
from fedtext.keys import VerificationKey
from fedtext.ports import store_prefix
from fedtext.sync import run_sync
from fedtext.testing.faults import FailNth, Moment

CALLS_MAX = 60
"""More than any road has: a fault that never fires must not make a test endless."""


@attrs.frozen(kw_only=True)
class Road:
    """One way through `receive`: how to get there, the outcome, and how many activities wait at its end."""

    name: str
    start: Callable[[Door, PeerActor], Request]
    outcome: str = "queued"
    waiting: int = 1


def first_time(door: Door, alice: PeerActor) -> Request:
    return alice.post(alice.activity())


def with_a_cached_key(door: Door, alice: PeerActor) -> Request:
    run_sync(remember(door.fetcher(), VerificationKey(alice.key_id, alice.id, alice.key.public)))
    return first_time(door, alice)


def with_a_rotated_key(door: Door, alice: PeerActor) -> Request:
    run_sync(remember(door.fetcher(), VerificationKey(alice.key_id, alice.id, KEYS[1].public)))
    return first_time(door, alice)


def with_a_standalone_key(door: Door, alice: PeerActor) -> Request:
    peer = alice.peer
    key_id = peer.url("/keys/1")
    peer.actor(publicKey=key_id)
    peer.serve("/keys/1", {"id": key_id, "owner": alice.id, "publicKeyPem": alice.key.public.pem})
    return alice.post(alice.activity(), key_id=key_id)


def about_what_we_hold(door: Door, alice: PeerActor) -> Request:
    return alice.post(alice.activity("Update", object=alice.note()))


def forwarded(door: Door, alice: PeerActor) -> Request:
    relay = Peer(door.network, "relay.example.org").actor("relay", KEYS[1])
    document = alice.activity("Create", object=alice.note())
    alice.peer.serve("/activities/1", document)
    return relay.post(document)


def departed(door: Door, alice: PeerActor) -> Request:
    run_sync(door.ports.store.put(known_key(SITE, alice.id), b"1"))
    alice.peer.serve("/users/alice", GONE)
    return alice.post(alice.activity("Delete", object=alice.id))


def of_nobody_known(door: Door, alice: PeerActor) -> Request:
    return alice.post(alice.activity("Delete", object=alice.id))


def handled_before(door: Door, alice: PeerActor) -> Request:
    document = alice.activity()
    key = activity_key(SITE, alice.id, document["id"], INBOX, "")
    run_sync(confirm(door.ports.store, key, "00", ttl_s=1000))
    return alice.post(document)


ROADS = [
    Road(name="first time", start=first_time),
    Road(name="cached key", start=with_a_cached_key),
    Road(name="rotated key", start=with_a_rotated_key),
    Road(name="standalone key", start=with_a_standalone_key),
    Road(name="about what we hold", start=about_what_we_hold),
    Road(name="forwarded", start=forwarded),
    Road(name="departed", start=departed),
    Road(name="of nobody known", start=of_nobody_known, outcome="ignored", waiting=0),
    Road(name="handled before", start=handled_before, outcome="duplicate", waiting=0),
]
by_road = pytest.mark.parametrize("road", ROADS, ids=[road.name for road in ROADS])


def harmful(door: Door, before: dict[str, bytes]) -> set[str]:
    """Name what lies in the store that no fault may leave: all but keys, marks of their fetches, and known actors."""
    allowed = tuple(store_prefix(SITE, part) for part in ("key", "key-fetched", "known"))
    return {key for key in door.stored if key not in before and not key.startswith(allowed)}


@attrs.frozen(kw_only=True)
class Walk:
    """One run with a fault: the request is kept, so that the peer can send the very same again."""

    road: Road
    door: Door
    request: Request
    fault: FailNth

    def again(self) -> None:
        """Send the same request again, twice, now that nothing fails: it is enqueued exactly once."""
        outcomes = [self.door.receive(self.request).outcome for _ in range(2)]
        assert outcomes[0] in (self.road.outcome, "duplicate")
        assert outcomes[1] == ("duplicate" if self.road.waiting else self.road.outcome)
        assert len(self.door.take()) == self.road.waiting


def outcome_of(door: Door, request: Request, fault: FailNth) -> str | BaseException:
    try:
        return door.receive(request, fault.wrap_all(door.ports)).outcome
    except BaseException as raised:
        return raised


def walk(road: Road, nth: int, moment: Moment, error: BaseException, methods: set[str] | None = None) -> Walk:
    """Let the n-th call fail and look at what is left."""
    door = Door()
    request = road.start(door, Peer(door.network).actor())
    before = door.stored
    fault = FailNth(nth, error=error, moment=moment, methods=methods)
    outcome = outcome_of(door, request, fault)
    if fault.fired is None:
        assert outcome == road.outcome
        return Walk(road=road, door=door, request=request, fault=fault)
    assert isinstance(outcome, BaseException), f"call {nth} ({fault.fired}) failed and nobody noticed"
    if isinstance(error, Exception):
        assert isinstance(outcome, FedtextError), f"{outcome!r} at call {nth} ({fault.fired})"
        assert not outcome.permanent, f"{outcome!r} at call {nth} ({fault.fired})"
        assert outcome.status_hint in (502, 503)
    else:
        assert outcome is error
    late = fault.fired == "enqueue" and moment is Moment.AFTER
    assert door.waiting == (road.waiting if late else 0)
    assert harmful(door, before) == set()
    return Walk(road=road, door=door, request=request, fault=fault)


@pytest.mark.spec("SEC-088", "SEC-174")
@by_road
@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize(
    "error", [StoreError("full"), QueueError("gone"), TransportError("broken"), asyncio.CancelledError()], ids=repr
)
def test_sec_174_each_call_fails_once_and_a_retry_succeeds_once(
    road: Road, moment: Moment, error: BaseException
) -> None:
    for nth in range(1, CALLS_MAX):
        walked = walk(road, nth, moment, error)
        if walked.fault.fired is None:
            assert nth > 1, "a road without a call shows nothing"
            return
        if isinstance(error, PortError):
            assert error.status_hint == 503
        walked.again()
    raise AssertionError("the fault fired each time: the road never ends")


@pytest.mark.spec("SEC-070", "SIG-26")
@by_road
@pytest.mark.parametrize("error", [Unreachable("no route"), FetchTimeout("too late")], ids=repr)
def test_a_host_that_is_away_for_a_moment(road: Road, error: FedtextError) -> None:
    """The failure is remembered for a minute; the peer, who is told so, succeeds after it."""
    for nth in range(1, CALLS_MAX):
        walked = walk(road, nth, Moment.BEFORE, error, methods={"send"})
        if walked.fault.fired is None:
            return
        walked.door.clock.advance(UNAVAILABLE_FRESH_S + 1)
        walked.again()
    raise AssertionError("the fault fired each time: the road never ends")


def test_what_each_road_calls() -> None:
    """The roads differ, and none is longer than it must be: calls are what an inbox costs."""
    calls = {}
    for road in ROADS:
        walked = walk(road, 0, Moment.BEFORE, PortError())
        calls[road.name] = walked.fault.log
    # Whether it was handled and whether its actor is known, in one look (who is not is noted), and that it waits.
    store_and_queue = ["get_many", "add_if_absent", "enqueue"]
    assert calls["cached key"] == ["get", *store_and_queue]
    # The second reading and the first writing are of how often the host of the key was asked.
    assert calls["first time"] == ["get", "get", "put", "send", "put", "put", *store_and_queue]
    assert calls["of nobody known"] == ["get"]
    assert calls["handled before"].count("enqueue") == 0
    assert calls["about what we hold"].count("get_many") == 3
    assert calls["forwarded"].count("send") == 2
    assert calls["departed"].count("send") == 2
    assert calls["standalone key"].count("send") == 2


@pytest.mark.spec("INB-06")
def test_who_is_known_causes_no_write_but_the_queue_s() -> None:
    door = Door()
    alice = Peer(door.network).actor()
    request = with_a_cached_key(door, alice)
    run_sync(door.ports.store.put(known_key(SITE, alice.id), b"1"))
    fault = FailNth(0, error=PortError())
    assert outcome_of(door, request, fault) == "queued"
    assert fault.log == ["get", "get_many", "enqueue"]
