"""Celery carries the deliveries: with a worker in a thread, and with workers that are processes, over Redis."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker
from tests.live import Reply

from fedtext import Create
from fedtext.errors import ConfigurationError
from fedtext.integrations.celery import carry_deliveries
from fedtext.runtime import CarryPolicy, LaneCarrier
from fedtext.sync import run_sync

from .engine_blog import POLICY, Post, make_blog
from .engines import EngineWorker, Gate, Peers, peers, redis_server, settings, wait_for


def application(name: str) -> Celery:
    app = Celery(name, broker="memory://", set_as_current=False)
    app.conf.update(
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_transport_options={"polling_interval": 0.01},
    )
    return app


@contextmanager
def working(app: Celery) -> Iterator[None]:
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=30):
        yield


def depth(fed):
    return run_sync(fed.ports.blocking().queue.depth())


def test_posts_are_delivered_and_no_worker_of_ours_is_needed(tmp_path: Path) -> None:
    app = application("plain")
    with peers("one", "two") as found:
        fed = make_blog(f"sqlite:///{tmp_path / 'app.sqlite3'}", found.inboxes)
        carry_deliveries(fed, app)
        assert fed.worker_mode == "off"
        with working(app):
            for number in range(5):
                fed.publish(Post(number, text=f"post {number}"))
            wait_for(lambda: len(found.got) >= 10)
            wait_for(lambda: depth(fed).waiting + depth(fed).leased == 0)
    assert found.counts() == {(name, f"post {number}"): 1 for name in ("one", "two") for number in range(5)}
    run_sync(fed.ports.close())


async def waits(context, activity) -> None:
    await asyncio.sleep(0)


def test_an_application_that_suspends_is_carried_too(tmp_path: Path) -> None:
    app = application("suspending")
    with peers("one") as found:
        fed = make_blog(f"sqlite:///{tmp_path / 'app.sqlite3'}", found.inboxes)
        fed.on(Create)(waits)
        carry_deliveries(fed, app)
        with working(app):
            asyncio.run(fed.publish.aio(Post(1)))
            wait_for(lambda: bool(found.got))
            wait_for(lambda: depth(fed).waiting + depth(fed).leased == 0)
    fed.ports.backend.close()


def test_sec_150_messages_are_json_and_name_a_lane_only() -> None:
    app, sent = application("messages"), []
    fed = make_blog("memory://", ["http://one.test:9/inbox"])
    carry_deliveries(fed, app, queue="lanes")
    with app.connection_for_write() as connection:
        queue = connection.SimpleQueue("lanes")
        fed.publish(Post(1, text="a secret between two"))
        message = queue.get(timeout=5)
        sent.append(message)
        message.ack()
        queue.close()
    assert message.content_type == "application/json"
    arguments, named, _ = message.payload
    assert (arguments, named) == ([{"v": 1, "site": fed.site.origin, "lane": f"fanout:{fed.site.origin}"}], {})
    assert "secret" not in json.dumps(message.payload) + json.dumps(message.headers)


def test_beat_is_told_to_sweep() -> None:
    app = application("beat")
    carry_deliveries(make_blog("memory://", []), app, policy=CarryPolicy(sweep_s=15), queue="lanes")
    entry = app.conf.beat_schedule["fedtext.sweep"]
    assert (entry["task"], entry["schedule"]) == ("fedtext.sweep", 15)
    assert entry["options"] == {"expires": 15, "queue": "lanes"}


def test_two_federations_need_two_names() -> None:
    app = application("two")
    first, second = make_blog("memory://", []), make_blog("memory://", [])
    carry_deliveries(first, app)
    with pytest.raises(ConfigurationError, match="another one"):
        carry_deliveries(second, app)
    assert second.worker_mode == "auto"
    assert isinstance(carry_deliveries(second, app, name="second"), LaneCarrier)


def test_a_broker_that_is_down_keeps_no_post_from_being_written(tmp_path: Path) -> None:
    app = Celery("down", broker="amqp://127.0.0.1:1//", set_as_current=False)
    fed = make_blog(f"sqlite:///{tmp_path / 'app.sqlite3'}", [])
    carry_deliveries(fed, app)
    fed.publish(Post(1))
    fed.publish(Post(2))
    assert depth(fed).waiting == 2
    run_sync(fed.ports.close())


# ---- over Redis, with workers that are processes --------------------------------------------------------------------


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    """A Redis of our own."""
    with redis_server() as address:
        yield address


class Site:
    """The blog's web process, which is this one, and its workers."""

    def __init__(self, folder: Path, found: Peers, broker: str, **more: float) -> None:
        self.folder = folder
        self.environment = settings(folder / "app.sqlite3", found, "celery", broker, **more)
        self.fed = make_blog(f"sqlite:///{folder / 'app.sqlite3'}", found.inboxes)
        self.app = Celery(folder.name, broker=broker, set_as_current=False)
        carry_deliveries(self.fed, self.app, policy=POLICY)
        self.workers: list[EngineWorker] = []

    def worker(self) -> EngineWorker:
        """Start a worker, with beat in it."""
        command = ["celery", "-A", "tests.integrations.engine_blog", "worker", "-B", "--concurrency=2", "-l", "INFO"]
        command += ["-s", str(self.folder / "beat"), "--without-gossip", "--without-mingle"]
        self.workers.append(EngineWorker(command, self.environment, self.folder / "worker.log"))
        return self.workers[-1]

    def close(self) -> None:
        for worker in self.workers:
            worker.close()
        run_sync(self.fed.ports.close())
        self.app.close()


def test_dlv_19_a_worker_that_is_killed_in_a_batch_loses_nothing(tmp_path: Path, redis: str) -> None:
    gate = Gate()
    with peers("stuck", "other") as found:
        found.answers["stuck"] = gate.answer
        site = Site(tmp_path, found, redis, lease_s=2.0)
        try:
            killed = site.worker()
            for number in range(3):
                site.fed.publish(Post(number, text=f"post {number}"))
            wait_for(gate.entered.is_set, "nobody delivers")
            wait_for(lambda: len(found.got) >= 3, "a stuck host holds up another")
            wait_for(lambda: depth(site.fed).waiting + depth(site.fed).leased == 3)
            killed.kill()
            del found.answers["stuck"]
            gate.opened.set()
            site.worker()
            wait_for(lambda: depth(site.fed).waiting + depth(site.fed).leased == 0, "something was lost")
            assert set(found.got) == {(n, f"post {i}") for n in ("stuck", "other") for i in range(3)}
            assert [text for name, text in found.got if name == "other"] == [f"post {i}" for i in range(3)]
        finally:
            gate.opened.set()
            site.close()


@pytest.mark.long  # tests/unit/runtime/test_carrying.py shows the same without processes
def test_dlv_06_a_dead_host_is_left_alone_between_attempts(tmp_path: Path, redis: str) -> None:
    asked = []

    def fail() -> Reply:
        asked.append(1)
        return Reply(status=503)

    with peers("dead", "alive") as found:
        found.answers["dead"] = fail
        site = Site(tmp_path, found, redis)
        try:
            worker = site.worker()
            for number in range(4):
                site.fed.publish(Post(number, text=f"post {number}"))
            wait_for(lambda: len(found.got) >= 4, "the living one waits for the dead one")
            wait_for(lambda: bool(asked), "nobody tries the dead one")
            swept = worker.said().count("succeeded")
            wait_for(lambda: worker.said().count("succeeded") >= swept + 4, "nobody sweeps")
            assert len(asked) <= 3  # as many at once as one host gets; then back-off, whatever is swept meanwhile
            assert worker.said().count("carry_lane") < 60
            assert worker.stop() == 0  # in peace
            assert depth(site.fed).leased == 0
        finally:
            site.close()


def test_a_worker_that_is_told_to_stop_ends_its_batch(tmp_path: Path, redis: str) -> None:
    gate = Gate()
    with peers("slow") as found:
        found.answers["slow"] = gate.answer
        site = Site(tmp_path, found, redis)
        try:
            worker = site.worker()
            site.fed.publish(Post(1))
            wait_for(gate.entered.is_set, "nobody delivers")
            worker._process.terminate()
            wait_for(lambda: "Warm shutdown" in worker.said(), "it does not hear")
            gate.opened.set()
            assert worker._process.wait(60) == 0
            assert found.got == [("slow", "hello")]
            waiting = depth(site.fed)
            assert (waiting.waiting, waiting.leased, waiting.buried) == (0, 0, 0)
        finally:
            gate.opened.set()
            site.close()
