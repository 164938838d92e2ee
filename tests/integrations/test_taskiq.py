"""taskiq carries the deliveries: in this process, and with workers that are processes, over a stream of Redis."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest
from taskiq import InMemoryBroker, ScheduleSource
from taskiq.scheduler.scheduled_task import ScheduledTask
from taskiq_redis import RedisStreamBroker
from tests.live import Reply

from fedtext import Federation
from fedtext.adapters.clocks import ManualClock
from fedtext.adapters.observers import RecordingObserver
from fedtext.errors import ConfigurationError
from fedtext.integrations.taskiq import carry_deliveries
from fedtext.runtime import CarryPolicy
from fedtext.sync import run_sync

from .engine_blog import POLICY, Post, make_blog
from .engines import EngineWorker, Gate, Peers, peers, redis_server, settings

WAIT_S = 60.0


async def wait_until(what: Callable[[], object]) -> None:
    """Wait until something is so; how long it takes decides nothing."""
    async with asyncio.timeout(WAIT_S):
        while not what():  # noqa: ASYNC110 - it comes from elsewhere
            await asyncio.sleep(0.02)


async def settled(fed: Federation) -> None:
    async with asyncio.timeout(WAIT_S):
        while (depth := await fed.ports.asynchronous().queue.depth()).waiting + depth.leased:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@asynccontextmanager
async def started(broker: InMemoryBroker) -> AsyncIterator[None]:
    await broker.startup()
    try:
        yield
    finally:
        await broker.wait_all()
        await broker.shutdown()


async def test_posts_are_delivered_and_no_worker_of_ours_is_needed() -> None:
    broker = InMemoryBroker()
    with peers("one", "two") as found:
        fed = make_blog("memory://", found.inboxes)
        carry_deliveries(fed, broker)
        assert fed.worker_mode == "off"
        async with started(broker):
            for number in range(5):
                await fed.publish.aio(Post(number, text=f"post {number}"))
            await settled(fed)
        await fed.ports.close()
    assert found.counts() == {(name, f"post {number}"): 1 for name in ("one", "two") for number in range(5)}


async def test_what_plain_code_posts_is_found_by_a_sweep() -> None:
    broker = InMemoryBroker()
    with peers("one") as found:
        fed = make_blog("memory://", found.inboxes)
        carry_deliveries(fed, broker, policy=POLICY)
        thread = threading.Thread(target=lambda: fed.publish(Post(1)))
        thread.start()
        thread.join()
        assert (await fed.ports.asynchronous().queue.depth()).waiting == 1
        async with started(broker):
            await settled(fed)
        await fed.ports.close()
    assert found.got == [("one", "hello")]


class Sent(InMemoryBroker):
    """Keeps messages instead of handing them out."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[dict[str, object]] = []
        self.fails = False

    async def kick(self, message):
        if self.fails:
            raise ConnectionError("no broker")
        self.messages.append(json.loads(message.message))


async def test_sec_150_messages_name_a_lane_only() -> None:
    broker = Sent()
    fed = make_blog("memory://", ["http://one.test:9/inbox"])
    carry_deliveries(fed, broker, name="blog")
    await fed.publish.aio(Post(1, text="a secret between two"))
    assert [message["task_name"] for message in broker.messages] == ["blog.carry_lane"]
    lane = {"v": 1, "site": fed.site.origin, "lane": f"fanout:{fed.site.origin}"}
    assert (broker.messages[0]["args"], broker.messages[0]["kwargs"]) == ([lane], {})
    assert "secret" not in json.dumps(broker.messages)
    broker.executor.shutdown()


class Schedules(ScheduleSource):
    """Keeps what is to be sent later."""

    def __init__(self) -> None:
        self.added: list[ScheduledTask] = []

    async def get_schedules(self) -> list[ScheduledTask]:
        return self.added

    async def add_schedule(self, schedule: ScheduledTask) -> None:
        self.added.append(schedule)


@pytest.mark.parametrize("scheduled", [True, False])
async def test_dlv_06_a_dead_host_comes_back_when_it_is_due(scheduled: bool) -> None:
    broker, schedules = InMemoryBroker(), Schedules()
    asked = 0

    def fail() -> Reply:
        nonlocal asked
        asked += 1
        return Reply(status=503)

    with peers("dead") as found:
        found.answers["dead"] = fail
        fed = make_blog("memory://", found.inboxes)
        clock = ManualClock(datetime.now(UTC).timestamp())
        fed.ports.clock = clock
        carrier = carry_deliveries(
            fed, broker, schedules=schedules if scheduled else None, policy=CarryPolicy(sweep_s=2)
        )
        async with started(broker):
            await fed.publish.aio(Post(1))
            await wait_until(lambda: asked)
            await broker.wait_all()
            again = [(task.task_name, task.args[0]["lane"]) for task in schedules.added]
            port = found.server.port
            assert again == ([("fedtext.carry_lane", f"out:dead.test:{port}")] if scheduled else [])
            for _ in range(3):
                clock.advance(2)
                await carrier.sweep()
                await broker.wait_all()
            assert asked == 1
            clock.advance(60)
            assert await carrier.sweep() == 1
            await broker.wait_all()
            assert asked == 2
        await fed.ports.close()


async def test_a_broker_that_is_down_keeps_no_post_from_being_written() -> None:
    broker = Sent()
    fed = make_blog("memory://", [])
    fed.ports.observer = observer = RecordingObserver()
    carry_deliveries(fed, broker, policy=CarryPolicy(sweep_s=1000))
    broker.fails = True
    await broker.startup()
    await fed.publish.aio(Post(1))
    await wait_until(lambda: len(observer.events) == 2)  # of the post, and of the first sweep
    assert {event.name for event in observer.events} == {"lane.call_failed"}
    assert (await fed.ports.asynchronous().queue.depth()).waiting == 1
    await broker.shutdown()


def test_two_federations_need_two_names() -> None:
    broker = InMemoryBroker()
    first, second = make_blog("memory://", []), make_blog("memory://", [])
    carry_deliveries(first, broker)
    with pytest.raises(ConfigurationError, match="another one"):
        carry_deliveries(second, broker)
    assert second.worker_mode == "auto"
    carry_deliveries(second, broker, name="second")
    broker.executor.shutdown()


# ---- over Redis, with workers that are processes --------------------------------------------------------------------


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    """A Redis of our own."""
    with redis_server() as address:
        yield address


@attrs.define
class Site:
    """The blog's web process, which is this one, and its workers."""

    folder: Path
    environment: dict[str, str]
    fed: Federation
    workers: list[EngineWorker] = attrs.field(factory=list[EngineWorker])

    def worker(self) -> EngineWorker:
        command = [
            "taskiq",
            "worker",
            "tests.integrations.engine_blog:broker",
            "--workers",
            "1",
            "--no-configure-logging",
        ]
        self.workers.append(EngineWorker(command, self.environment, self.folder / "worker.log"))
        return self.workers[-1]


@asynccontextmanager
async def site(folder: Path, found: Peers, address: str, **more: float) -> AsyncIterator[Site]:
    broker = RedisStreamBroker(address)
    fed = make_blog(f"sqlite:///{folder / 'app.sqlite3'}", found.inboxes)
    carry_deliveries(fed, broker, policy=POLICY)
    await broker.startup()
    made = Site(folder, settings(folder / "app.sqlite3", found, "taskiq", address, **more), fed)
    try:
        yield made
    finally:
        for worker in made.workers:
            worker.close()
        await broker.shutdown()
        await fed.ports.close()


async def test_dlv_19_a_worker_that_is_killed_in_a_batch_loses_nothing(tmp_path: Path, redis: str) -> None:
    gate = Gate()
    with peers("stuck", "other") as found:
        found.answers["stuck"] = gate.answer
        async with site(tmp_path, found, redis, lease_s=2.0) as blog:
            try:
                killed = blog.worker()
                for number in range(3):
                    await blog.fed.publish.aio(Post(number, text=f"post {number}"))
                await wait_until(gate.entered.is_set)
                await wait_until(lambda: len(found.got) >= 3)
                killed.kill()
                del found.answers["stuck"]
                gate.opened.set()
                blog.worker()
                await settled(blog.fed)
                assert set(found.got) == {(name, f"post {i}") for name in ("stuck", "other") for i in range(3)}
            finally:
                gate.opened.set()


async def test_a_worker_that_is_told_to_stop_ends_its_batch(tmp_path: Path, redis: str) -> None:
    gate = Gate()
    with peers("slow") as found:
        found.answers["slow"] = gate.answer
        async with site(tmp_path, found, redis) as blog:
            try:
                worker = blog.worker()
                await blog.fed.publish.aio(Post(1))
                await wait_until(gate.entered.is_set)
                stopping = asyncio.create_task(asyncio.to_thread(worker.stop))
                await asyncio.sleep(0.2)
                gate.opened.set()
                assert await stopping == 0
                assert found.got == [("slow", "hello")]
                depth = run_sync(blog.fed.ports.blocking().queue.depth())
                assert (depth.waiting, depth.leased, depth.buried) == (0, 0, 0)
            finally:
                gate.opened.set()
