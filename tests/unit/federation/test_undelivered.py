"""The application is told of what was given up on its way out."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from fedtext import PermanentFailure, Router
from fedtext.config import Config, DeliveryPolicy
from fedtext.delivery import Follower
from fedtext.errors import QueueError
from fedtext.ports import LaneKind
from fedtext.testing.faults import Moment
from fedtext.vocab import Like

ALICE = "https://home.example.com/users/1"


@pytest.fixture
def told(make_world):
    """Make a world, and a list of what its application is told."""

    def make(**options: Any) -> tuple[Any, list[PermanentFailure]]:
        world, found = make_world(**options), list[PermanentFailure]()

        @world.fed.on_permanent_failure
        def undelivered(_context: Any, failure: PermanentFailure) -> None:
            found.append(failure)

        return world, found

    return make


def publish(world: Any, *people: Follower) -> None:
    world.crowd.of["1"] = list(people)
    world.fed.publish(world.post(1))
    world.settle()


@pytest.mark.spec("DLV-04", "DLV-08")
@pytest.mark.parametrize("status", [400, 403, 404, 410, 501])
def test_dlv_04_what_is_refused_for_good_is_told_once(told, status):
    world, found = told()
    b = world.remote()
    b.answer = lambda _request: status
    publish(world, attrs.evolve(b.follower("x"), shared_inbox=None))
    assert found == [
        PermanentFailure(
            inbox="https://b.example.org/users/x/inbox",
            host="b.example.org",
            activity_id="https://home.example.com/posts/1#create",
            sender="1",
            actor=None,
            reason=f"status {status}",
            status=status,
            attempts=1,
        )
    ]


@pytest.mark.parametrize("status", [202, 401, 429, 503])
def test_what_arrives_or_is_tried_again_is_not_told(told, status):
    world, found = told()
    b = world.remote()
    b.answer = lambda _request: status
    publish(world, b.follower("x"))
    assert found == []


@pytest.mark.spec("DLV-06")
def test_dlv_06_the_end_of_all_attempts_is_told_with_their_number(told):
    world, found = told(config=Config(delivery=DeliveryPolicy(attempts_max=3)))
    b = world.remote()
    b.answer = lambda _request: 503
    publish(world, b.follower("x"))
    world.pass_time(hours=1, step_s=30)
    assert [(one.reason, one.status, one.attempts) for one in found] == [
        ("status 503, given up after 3 attempts", 503, 3)
    ]
    assert world.buried() == ["status 503, given up after 3 attempts"]


def test_a_recipient_without_an_inbox_is_told_by_its_id(told):
    world, found = told()
    b = world.remote()
    nobody = f"{b.origin}/users/nobody"
    world.context.send(Like(actor=ALICE, object=nobody), to=nobody)
    world.settle()
    assert [(one.inbox, one.host, one.actor, one.attempts) for one in found] == [(None, b.host, nobody, 1)]


def test_a_hook_may_be_async_and_its_failure_changes_nothing(make_world):
    world = make_world(asynchronous=False)
    found: list[str] = []

    async def first(_context: Any, failure: PermanentFailure) -> None:
        raise LookupError("mine")

    async def second(_context: Any, failure: PermanentFailure) -> None:
        found.append(failure.reason)

    router = Router()
    router.on_permanent_failure(first)
    router.on_permanent_failure(second)
    world.fed.include(router)
    assert {first, second} <= set(world.fed.callbacks())
    b = world.remote()
    b.answer = lambda _request: 403
    publish(world, b.follower("x"))
    assert found == world.buried() == ["status 403"]
    [event] = world.events("delivery.on_permanent_failure_failed")
    assert "mine" in event["error"]


@pytest.mark.parametrize(("status", "kept"), [(403, ["status 403"]), (410, [])])
@pytest.mark.parametrize("moment", list(Moment))
def test_where_the_worker_falls_before_it_is_kept_it_is_told_again_and_never_not_at_all(told, status, kept, moment):
    """At least once: told first, then written down. The other way round a fall in between would leave it unsaid."""
    world, found = told()
    b = world.remote()
    b.answer = lambda _request: status
    world.crowd.of["1"] = [attrs.evolve(b.follower("x"), shared_inbox=None)]
    world.fed.publish(world.post(1))
    whole = world.ports
    queue = _FallsAtTheEnd(whole.queue, moment)
    world.fed.ports._blocking = attrs.evolve(whole, queue=queue)
    with pytest.raises(QueueError):
        world.settle()
    assert len(found) == 1
    world.fed.ports._blocking = whole
    world.clock.advance(3_600)
    world.settle()
    assert [failure.reason for failure in found] == [f"status {status}"] * (2 if moment is Moment.BEFORE else 1)
    assert world.buried() == kept


class _FallsAtTheEnd:
    """A queue that goes away when it is to be written down what became of a delivery."""

    def __init__(self, queue: Any, moment: Moment) -> None:
        self._queue = queue
        self._moment = moment
        self._delivers = False

    async def claim(self, **wanted: Any) -> Any:
        claim = await self._queue.claim(**wanted)
        self._delivers = claim is not None and claim.lane.kind is LaneKind.OUT
        return claim

    async def bury(self, claim: Any, job: Any, *, reason: str) -> bool:
        if self._moment is Moment.AFTER:
            await self._queue.bury(claim, job, reason=reason)
        raise QueueError("gone")

    async def release(self, claim: Any, *, done: Any, **given: Any) -> None:
        is_the_end = self._delivers and done
        if not is_the_end or self._moment is Moment.AFTER:
            await self._queue.release(claim, done=done, **given)
        if is_the_end:
            raise QueueError("gone")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._queue, name)


def test_the_hook_may_act_through_its_context(told):
    """Such as to forget a follower who is gone."""
    world, _ = told()
    b = world.remote()
    gone: list[str] = []

    @world.fed.on_permanent_failure
    def forget(context: Any, failure: PermanentFailure) -> None:
        gone.append(context.actor_uri(failure.sender))
        world.crowd.of["1"] = [one for one in world.crowd.of["1"] if one.inbox != failure.inbox]

    b.answer = lambda _request: 410
    publish(world, attrs.evolve(b.follower("x"), shared_inbox=None))
    assert gone == [ALICE]
    assert world.crowd.of["1"] == []
