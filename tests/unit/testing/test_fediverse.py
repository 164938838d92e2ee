"""The network for tests: bound and given back, settled, repeatable."""

from __future__ import annotations

import asyncio

import pytest

from fedtext import Accept, Federation, Follow, connect
from fedtext.errors import ConfigurationError
from fedtext.social import Social
from fedtext.sync import run_sync
from fedtext.testing import Fediverse
from fedtext.testing.peers import SharedKeys


def federate(worker="auto", url: str = "memory://"):
    federation = Federation("https://blog.example", backend=connect(url), keys=SharedKeys(), worker=worker)
    return federation, Social(federation)


async def test_what_is_bound_is_given_back() -> None:
    federation, _ = federate()
    ports = federation.ports
    async with Fediverse() as net:
        bound = net.bind(federation)
        assert (bound.host, bound.federation) == ("blog.example", federation)
        assert federation.ports is not ports
        assert federation.ports.clock is net.clock
        assert federation.worker_mode == "off"
    assert federation.ports is ports
    assert federation.worker_mode == "auto"


def test_also_where_the_test_fails() -> None:
    federation, _ = federate()
    ports = federation.ports

    def failing() -> None:
        with Fediverse() as net:
            net.bind(federation)
            raise LookupError

    with pytest.raises(LookupError):
        failing()
    assert federation.ports is ports


async def test_its_own_observer_still_hears() -> None:
    from fedtext.adapters.observers import RecordingObserver

    federation, social = federate()
    own = RecordingObserver()
    federation.ports.observer = own
    async with Fediverse() as net:
        net.bind(federation)
        await social.create_actor("alice")
        bob = await net.peer("b.example").actor("bob")
        await bob.follow("@alice@blog.example")
        await net.settle()
        assert own.named("inbox.dispatched")
        assert net.observer.named("inbox.dispatched")


async def test_over_a_door_of_each_kind() -> None:
    for door in ("asgi", "wsgi"):
        federation, social = federate()
        async with Fediverse() as net:
            net.bind(federation, getattr(federation, door)())
            await social.create_actor("alice")
            bob = await net.peer("b.example").actor("bob")
            await bob.follow("@alice@blog.example")
            await net.settle()
            assert bob.inbox.has(Accept)
            await asyncio.sleep(0)


@pytest.mark.parametrize("url", ["memory://", "sqlite"])
def test_plain_tests_need_no_event_loop(url: str, tmp_path) -> None:
    federation, social = federate(url=f"sqlite:///{tmp_path}/a.sqlite3" if url == "sqlite" else url)
    with Fediverse() as net:
        net.bind(federation, federation.wsgi())
        alice = run_sync(social.create_actor("alice"))
        bob = net.peer("b.example").actor("bob")
        bob.follow(alice.handle)
        assert net.settle() > 0
        assert net.settle() == 0
        assert bob.inbox.has(Accept)
        assert run_sync(alice.followers()) == [bob.uri]
    run_sync(federation.ports.close())


def test_an_asgi_application_needs_an_async_test() -> None:
    federation, _ = federate()
    with Fediverse() as net, pytest.raises(ConfigurationError):
        net.bind(federation, federation.asgi())


async def test_a_name_is_taken_once() -> None:
    federation, _ = federate()
    async with Fediverse() as net:
        net.bind(federation)
        with pytest.raises(ConfigurationError):
            net.peer("blog.example")
        assert net.peer("b.example") is net.peer("b.example")


@pytest.mark.parametrize(
    ("how_long", "seconds"),
    [({"seconds": 1}, 1), ({"minutes": 1}, 60), ({"hours": 6}, 21_600), ({"days": 1.5}, 129_600)],
)
def test_time_passes_when_told(how_long, seconds: float) -> None:
    net = Fediverse(start_s=100.0)
    net.advance(**how_long)
    assert net.clock.now_s() == 100.0 + seconds


async def run(seed: int) -> tuple[list[str], list[tuple[str, str]]]:
    """A small history: ids that were made, requests that were sent."""
    async with Fediverse(seed=seed) as net:
        actors = [await net.peer(f"{name}.example").actor(name) for name in ("anna", "bert", "cora")]
        for one in actors:
            for other in actors:
                if one is not other:
                    await one.follow(other.handle)
        await net.settle()
        ids = [str(activity.id) for one in actors for activity in one.inbox.of(Follow)]
        return ids, [(exchange.request.method, exchange.request.url) for exchange in net.network.exchanges]


async def test_the_same_seed_gives_the_same_run_and_another_another() -> None:
    assert await run(1) == await run(1)
    assert await run(1) != await run(2)


async def test_a_network_that_never_settles_is_found_out(monkeypatch) -> None:
    from fedtext.testing import fediverse

    monkeypatch.setattr(fediverse, "_STEPS_MAX", 3)
    async with Fediverse() as net:
        alice, bob = await net.peer("a.example").actor("alice"), await net.peer("b.example").actor("bob")
        await bob.follow(alice.handle)
        with pytest.raises(ConfigurationError, match="settle"):
            await net.settle()
