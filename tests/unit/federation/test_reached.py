"""Which inboxes a large fan-out has led to already: small, bounded, and never one too many."""

from __future__ import annotations

import attrs
import pytest

from fedtext.delivery import FanoutTask
from fedtext.federation import reached
from fedtext.federation.reached import keep_reached, mark_of, reached_before
from fedtext.sync import run_sync

HOME = "https://home.example.com"
TASK = FanoutTask(
    site=HOME,
    sender="1",
    activity_id=f"{HOME}/posts/1#create",
    actor=f"{HOME}/users/1",
    body="{}",
    digest="",
    recipients=(),
    blind=(),
    followers_of=("1",),
    cursor="",
    reached=(),
    ordering_key="",
    shared=True,
)
SPILLED = attrs.evolve(TASK, spilled=True)


def inboxes(*numbers: int) -> list[str]:
    return [f"https://h{number}.example.org/inbox" for number in numbers]


def test_what_is_kept_is_added_up(world):
    assert run_sync(reached_before(TASK, world.ports)) == frozenset()
    run_sync(keep_reached(TASK, inboxes(1, 2), world.ports))
    run_sync(keep_reached(SPILLED, inboxes(2, 3), world.ports))
    assert run_sync(reached_before(SPILLED, world.ports)) == {mark_of(inbox) for inbox in inboxes(1, 2, 3)}


def test_what_a_fan_out_before_has_left_behind_does_not_count(world):
    """An activity that is fanned out again, such as a dead letter that is put back, reaches everybody again."""
    run_sync(keep_reached(TASK, inboxes(1), world.ports))
    assert run_sync(reached_before(TASK, world.ports)) == frozenset()
    run_sync(keep_reached(TASK, inboxes(2), world.ports))
    assert run_sync(reached_before(SPILLED, world.ports)) == {mark_of(inboxes(2)[0])}


@pytest.mark.parametrize("change", [{"activity_id": f"{HOME}/posts/2#create"}, {"followers_of": ("2",)}])
def test_fan_outs_are_kept_apart(world, change):
    run_sync(keep_reached(TASK, inboxes(1), world.ports))
    assert run_sync(reached_before(attrs.evolve(SPILLED, **change), world.ports)) == frozenset()


def test_no_more_are_kept_than_there_may_be(world, monkeypatch):
    monkeypatch.setattr(reached, "INBOXES_COUNT_MAX", 3)
    run_sync(keep_reached(TASK, inboxes(*range(10)), world.ports))
    assert run_sync(reached_before(SPILLED, world.ports)) == {mark_of(inbox) for inbox in inboxes(0, 1, 2)}


def test_it_ends_by_itself(world):
    run_sync(keep_reached(TASK, inboxes(1), world.ports))
    world.clock.advance(reached.REACHED_KEPT_S + 1)
    assert run_sync(reached_before(SPILLED, world.ports)) == frozenset()
