"""Hosts are asked by few at once and not too often, and left alone where they ask for it or are dead."""

from __future__ import annotations

import asyncio
from typing import Any

import attrs
import pytest
from tests.receiving import NOW_S, Door, Peer, answer

from fedtext.adapters.coalesce import AsyncCoalesce
from fedtext.config import Config, Limits
from fedtext.errors import (
    FetchError,
    FetchTimeout,
    HostPaused,
    HTTPStatusError,
    KeyRefused,
    KeyUnavailable,
    Unreachable,
)
from fedtext.fetch import get_object, resolve
from fedtext.fetch.courtesy import (
    KEPT_S,
    PAUSE_S_MAX,
    PAUSE_S_MIN,
    HostRecord,
    after_answer,
    after_failure,
    decode_record,
    take_turn,
)
from fedtext.http import Headers, Request, Response
from fedtext.ports import ExchangeLimits
from fedtext.sync import run_sync

HOST = "a.example.com"
PER_MINUTE = 60


def note(number: int) -> dict[str, Any]:
    return {"id": f"https://{HOST}/notes/{number}", "type": "Note"}


def get(door: Door, number: int = 1) -> object:
    fetcher = door.fetcher()
    return run_sync(get_object(fetcher, f"https://{HOST}/notes/{number}", fetcher.budget()))


def paused(status: int, retry_after: str | None) -> Response:
    fields = [] if retry_after is None else [("retry-after", retry_after)]
    return Response(status=status, headers=Headers.build(fields))


# ---- pure ------------------------------------------------------------------------------------------------------------


def turn(record: HostRecord | None, now_s: float = NOW_S) -> HostRecord:
    return take_turn(record, host=HOST, now_s=now_s, per_minute_max=PER_MINUTE)


def test_so_many_at_once_and_then_one_a_second() -> None:
    record: HostRecord | None = None
    for _ in range(PER_MINUTE):
        record = turn(record)
    with pytest.raises(HostPaused) as refused:
        turn(record)
    assert refused.value.retry_after_s == 1.0
    record = turn(record, NOW_S + 1)
    with pytest.raises(HostPaused):
        turn(record, NOW_S + 1.5)
    assert turn(record, NOW_S + 10_000).turns_left == PER_MINUTE - 1


def test_a_clock_that_goes_back_gives_no_turns() -> None:
    record = attrs.evolve(turn(None), turns_left=0.0)
    with pytest.raises(HostPaused):
        turn(record, NOW_S - 3_600)


def test_twice_as_long_each_time_up_to_an_hour() -> None:
    record, pauses = turn(None), []
    for _ in range(12):
        record = after_failure(record, now_s=NOW_S)
        pauses.append(record.paused_until_s - NOW_S)
    assert pauses[:4] == [PAUSE_S_MIN, 30, 60, 120]
    assert pauses[-1] == PAUSE_S_MAX
    assert after_failure(attrs.evolve(record, failures_count=10**9), now_s=NOW_S).paused_until_s == NOW_S + PAUSE_S_MAX
    assert after_answer(record, Response(status=500), now_s=NOW_S, retry_after_s_max=9).paused_until_s == 0


@pytest.mark.spec("SEC-118", "DLV-07")
@pytest.mark.parametrize(
    ("response", "until_s"),
    [
        (paused(429, "120"), NOW_S + 120),
        (paused(503, "120"), NOW_S + 120),
        (paused(429, "1000000000"), NOW_S + 86_400),
        (paused(429, None), 0),
        (paused(429, "-5"), 0),
        (paused(500, "120"), 0),  # whoever serves a path must not be able to speak for the host
        (paused(200, "120"), 0),
    ],
)
def test_sec_118_a_host_asks_for_a_pause(response: Response, until_s: float) -> None:
    found = after_answer(turn(None), response, now_s=NOW_S, retry_after_s_max=86_400)
    assert found.paused_until_s == until_s


@pytest.mark.parametrize(
    "value",
    [None, b"", b"x", b"[]", b'{"v":2}', b'{"v":1}', b'{"v":1,"turns_left":1,"counted_s":1,"failures_count":1}'],
)
def test_what_cannot_be_read_is_nothing_known(value: bytes | None) -> None:
    assert decode_record(value) is None


def test_a_record_comes_back() -> None:
    record = HostRecord(turns_left=1.5, counted_s=NOW_S, failures_count=3, paused_until_s=NOW_S + 1)
    assert decode_record(record.encode()) == record


# ---- through the fetcher ---------------------------------------------------------------------------------------------


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def peer(door: Door) -> Peer:
    return Peer(door.network)


@pytest.mark.spec("SEC-109")
def test_sec_109_no_host_is_asked_more_often_than_the_limit(door: Door, peer: Peer) -> None:
    most = Limits().host_fetches_per_minute_max
    for number in range(most + 1):
        peer.serve(f"/notes/{number}", note(number))
    for number in range(most):
        get(door, number)
    with pytest.raises(HostPaused) as refused:
        get(door, most)
    assert not refused.value.permanent
    assert len(peer.asked) == most
    door.clock.advance(1)
    get(door, most)


def test_a_dead_host_costs_one_row_and_one_attempt(door: Door) -> None:
    for number in range(50):
        with pytest.raises(Unreachable):
            get(door, number)
    fetcher = door.fetcher()
    for number in range(50):
        with pytest.raises(KeyUnavailable):
            run_sync(resolve(fetcher, f"https://{HOST}/users/{number}#main-key", fetcher.budget()))
    assert len(door.fetches) == 1
    assert door.stored == {}
    assert list(door.hosts) == [HOST]
    door.clock.advance(PAUSE_S_MIN)
    with pytest.raises(Unreachable):
        get(door)
    assert len(door.fetches) == 2
    door.clock.advance(KEPT_S + 1)
    assert door.hosts == {}


def test_a_host_that_comes_back_is_asked_as_before(door: Door) -> None:
    with pytest.raises(Unreachable):
        get(door)
    peer = Peer(door.network)
    peer.serve("/notes/1", note(1))
    with pytest.raises(HostPaused):
        get(door)
    door.clock.advance(PAUSE_S_MIN)
    get(door)
    found = door.hosts[HOST]
    assert found is not None
    assert (found.failures_count, found.paused_until_s) == (0, 0)


@pytest.mark.spec("DLV-07", "SEC-118")
def test_retry_after_is_honoured_on_get(door: Door, peer: Peer) -> None:
    peer.serve("/notes/1", paused(429, "120"))
    peer.serve("/notes/2", note(2))
    with pytest.raises(Unreachable):
        get(door, 1)
    with pytest.raises(HostPaused) as refused:
        get(door, 2)
    assert refused.value.retry_after_s == 120
    assert len(peer.asked) == 1
    door.clock.advance(120)
    get(door, 2)


@pytest.mark.parametrize("fault", [FetchTimeout, HTTPStatusError])
def test_a_path_does_not_speak_for_its_host(door: Door, peer: Peer, fault: type[FetchError]) -> None:
    def slow(_request: Request) -> Response:
        raise fault("so slow that time was up")

    peer.serve("/notes/1", slow)
    peer.serve("/notes/2", note(2))
    with pytest.raises(fault):
        get(door, 1)
    get(door, 2)


def test_who_had_no_time_left_does_not_blame_the_host(door: Door) -> None:
    fetcher = door.fetcher()
    budget = fetcher.budget()
    door.clock.advance(door.config.limits.inbox_s_max - 1)
    with pytest.raises(Unreachable):
        run_sync(get_object(fetcher, f"https://{HOST}/notes/1", budget))
    found = door.hosts[HOST]
    assert found is not None
    assert found.failures_count == 0


class SlowTransport:
    """Notes how many exchanges are under way at once."""

    def __init__(self) -> None:
        self.present = self.most = self.count = 0

    async def send(self, request: Request, limits: ExchangeLimits) -> Response:
        self.present += 1
        self.count += 1
        self.most = max(self.most, self.present)
        await asyncio.sleep(0)
        self.present -= 1
        return attrs.evolve(answer({"id": request.url, "type": "Note"}), url=request.url)

    async def close(self) -> None:
        """Nothing is open."""


async def many(tasks_count: int, limits: Limits, *, same: bool = False) -> tuple[SlowTransport, list[object]]:
    transport = SlowTransport()
    door = Door(config=Config(limits=limits), transport=transport, coalesce=AsyncCoalesce())
    fetcher = door.fetcher()
    urls = [f"https://{HOST}/notes/{1 if same else number}" for number in range(tasks_count)]
    found = await asyncio.gather(*[get_object(fetcher, url, fetcher.budget()) for url in urls], return_exceptions=True)
    return transport, list(found)


async def test_few_at_once() -> None:
    transport, found = await many(40, Limits())
    assert transport.most == Limits().host_fetches_at_once_count_max == 2
    assert not [one for one in found if isinstance(one, BaseException)]


async def test_no_more_wait_in_line_than_the_limit() -> None:
    limits = Limits(host_fetches_waiting_count_max=8)
    transport, found = await many(10, limits)
    assert not [one for one in found if isinstance(one, BaseException)]
    transport, found = await many(11, limits)
    (refused,) = [one for one in found if isinstance(one, BaseException)]
    assert isinstance(refused, HostPaused)
    assert transport.count == 10


@pytest.mark.spec("SEC-110")
async def test_sec_110_a_hundred_tasks_make_one_request() -> None:
    transport, found = await many(100, Limits(), same=True)
    assert transport.count == 1
    assert len({id(one) for one in found}) == 1


@pytest.mark.spec("SEC-109")
def test_sec_109_invented_keys_leave_half_of_the_turns_to_others(door: Door, peer: Peer) -> None:
    most = Limits().host_fetches_per_minute_max
    for number in range(most):
        fetcher = door.fetcher()
        with pytest.raises((KeyRefused, KeyUnavailable)):
            run_sync(resolve(fetcher, f"https://{HOST}/keys/{number}", fetcher.budget()))
    assert len(peer.asked) == most // 2
    for number in range(most // 2):
        peer.serve(f"/notes/{number}", note(number))
        get(door, number)
    with pytest.raises(HostPaused):
        get(door, most)
