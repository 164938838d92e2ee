"""Deliveries to hosts that refuse, drip or ask for patience (SEC-149): they cost little, and the others nothing.

Deliveries run in the worker, behind no door.
"""

from __future__ import annotations

import asyncio
from typing import Any

import attrs
import pytest
from tests.unit.federation.conftest import World

from fedtext import Config
from fedtext.config import DeliveryPolicy
from fedtext.delivery import GONE_S, Follower, Retry, classify_response, lane_pause_s, retry_delay_s
from fedtext.http import Headers, Request, Response
from fedtext.ports import ExchangeLimits

DAY_S = 86_400
NOW_S = 1_790_000_000.0


def crowd(world: World, host: str, people: int) -> Any:
    """Give followers of one host, each with an inbox of his own."""
    remote = world.remote(host)
    world.crowd.of["1"] = [
        Follower(actor_id=f"https://{host}/users/u{number}", inbox=f"https://{host}/users/u{number}/inbox")
        for number in range(people)
    ]
    return remote


@pytest.mark.parametrize(
    ("asked", "after_s"),
    [
        ("120", 120.0),
        ("86400", DAY_S),
        ("86401", DAY_S),
        ("99999999999999999999", DAY_S),
        ("Fri, 31 Dec 9999 23:59:59 GMT", DAY_S),
        ("-1", None),
        ("1e9", None),
        ("nan", None),
        ("infinity", None),
        ("soon", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_sec_149_patience_has_an_end(status: int, asked: str, after_s: float | None) -> None:
    response = Response(status=status, headers=Headers.build([("retry-after", asked)]))
    outcome = classify_response(response, now_s=NOW_S, retry_after_s_max=DAY_S)
    assert isinstance(outcome, Retry)
    assert (outcome.after_s, outcome.host_failed) == (after_s, True)


def test_sec_149_pauses_grow_to_a_bound_and_end() -> None:
    policy = DeliveryPolicy()
    pauses = [retry_delay_s(attempt, 0.999, policy) for attempt in range(1, policy.attempts_max)]
    assert sum(pause for pause in pauses if pause is not None) < 7 * DAY_S
    assert retry_delay_s(policy.attempts_max, 0.0, policy) is None
    assert retry_delay_s(10**6, 0.0, policy) is None
    assert max(lane_pause_s(failures, 0.999) for failures in (1, 10, 100, 10**9)) < DAY_S


@pytest.mark.parametrize("status", [404, 410])
def test_sec_149_who_is_gone_is_asked_once(status: int) -> None:
    world = World()
    remote = crowd(world, "b.example.org", 30)
    remote.answer = lambda _request: status
    for number in range(3):
        world.fed.publish(world.post(number))
        world.settle()
    assert len(remote.got) == 30
    assert world.depth().waiting == 0
    world.clock.advance(GONE_S)
    world.fed.publish(world.post(9))
    world.settle()
    assert len(remote.got) == 60


def test_sec_149_a_host_that_fails_is_asked_for_all_that_waits_at_once() -> None:
    """Its breaker holds the rest back: what it costs does not grow with what waits for it."""
    world = World()
    remote = crowd(world, "b.example.org", 40)
    healthy = world.remote("c.example.org")
    world.crowd.of["1"].append(healthy.follower("eve"))
    remote.answer = lambda _request: 503
    world.fed.publish(world.post(7))
    world.settle()
    assert len(remote.got) == 1
    world.pass_time(hours=2)
    assert len(remote.got) < 20
    assert healthy.deliveries() == [("/inbox", "Create")]


def test_sec_149_asking_for_patience_again_and_again_comes_to_an_end() -> None:
    world = World()
    remote = crowd(world, "b.example.org", 1)
    patience = Headers.build([("retry-after", "99999999")])
    remote.answer = lambda _request: Response(status=429, headers=patience)
    world.fed.publish(world.post(7))
    world.settle()
    world.pass_time(hours=24 * 20, step_s=3_600)
    assert world.depth().waiting == 0
    assert len(remote.got) == DeliveryPolicy().attempts_max


@attrs.define
class Watched:
    """A transport that counts who is on the way at once, and what each exchange may take."""

    inner: Any
    limits: list[ExchangeLimits] = attrs.field(factory=list)
    now: int = 0
    most: int = 0

    async def send(self, request: Request, limits: ExchangeLimits) -> Response:
        self.limits.append(limits)
        self.now += 1
        self.most = max(self.most, self.now)
        for _ in range(20):  # others get their turn
            await asyncio.sleep(0)
        self.now -= 1
        return await self.inner.send(request, limits)

    async def close(self) -> None:
        await self.inner.close()


@pytest.mark.parametrize("most", [1, 3])
async def test_sec_149_one_host_is_asked_a_few_things_at_once_each_for_a_bounded_time(most: int) -> None:
    policy = DeliveryPolicy(per_host_concurrency=most)
    world = World(asynchronous=True, config=Config(delivery=policy))
    ports = world.fed.ports
    watched = Watched(ports.async_transport())
    ports.async_transport = lambda: watched
    remote = crowd(world, "b.example.org", 12)
    await world.fed.publish.aio(world.post(7))
    while await world.fed.worker().step():
        pass
    assert len(remote.got) == 12
    assert watched.most == most
    limits = Config().limits
    assert {(given.exchange_s_max, given.connect_s_max) for given in watched.limits} == {
        (limits.exchange_s_max, limits.connect_s_max)
    }
