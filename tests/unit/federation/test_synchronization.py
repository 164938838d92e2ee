"""Whether followers are synchronized: off, paused, resumed."""

from __future__ import annotations

import pytest

from fedtext.errors import StoreError
from fedtext.federation import synchronization
from fedtext.federation.synchronization import PauseReason, SynchronizationPause
from fedtext.sync import run_sync

BOB = "https://b.example.org/users/bob"
DAY_S = 86_400


def pause(world, reason=PauseReason.RESTORED, **fields):
    return run_sync(synchronization.pause(world.fed.engine, world.ports, reason, **fields))


def resume(world):
    return run_sync(synchronization.resume(world.fed.engine, world.ports))


def paused(world):
    return run_sync(synchronization.paused(world.fed.engine, world.ports))


def consented(world, sender):
    return run_sync(synchronization.consented(world.fed.engine, world.ports, sender))


def active(world) -> bool:
    return run_sync(synchronization.active_source(world.fed.engine, world.ports)) is world.crowd


def test_sec_141_it_is_off_until_the_source_is_complete(world):
    assert not active(world)
    world.crowd.complete = True
    assert active(world)


@pytest.mark.spec("SEC-141")
def test_sec_141_a_restore_pauses_for_seven_days(world):
    world.crowd.complete = True
    made = pause(world)
    assert made == paused(world)
    assert made.until_s == world.clock.now_s() + 7 * DAY_S
    world.clock.advance(7 * DAY_S - 1)
    assert not active(world)
    world.clock.advance(2)
    assert active(world)
    assert world.events("synchronization.paused") == [{"reason": "restored", "sender": "", "vanishing": 0}]


def test_sec_141_a_command_resumes(world):
    world.crowd.complete = True
    assert resume(world) is None
    made = pause(world)
    assert resume(world) == made
    assert active(world)
    assert paused(world) is None


def test_sec_141_who_resumes_consents_to_what_was_held_up_and_to_that_alone(world):
    pause(world, PauseReason.VANISHING, sender=BOB, vanishing=3)
    resume(world)
    assert consented(world, "https://b.example.org/users/dan") == 0
    assert [consented(world, BOB), consented(world, BOB)] == [3, 0]


def test_sec_141_who_resumes_after_a_restore_consents_to_nothing(world):
    pause(world)
    resume(world)
    assert consented(world, "") == 0


UNREADABLE = [
    b"",
    b"{}",
    b"[1]",
    b'{"reason":"other","until_s":1,"sender":"","vanishing":0}',
    b'{"reason":"restored","until_s":"1","sender":"","vanishing":0}',
]


@pytest.mark.parametrize("value", UNREADABLE)
def test_sec_141_a_pause_that_cannot_be_read_is_no_leave_to_go_on(world, value):
    world.crowd.complete = True
    pause(world)
    key = next(key for key, _ in run_sync(world.ports.store.scan("")) if "synchronization-pause" in key)
    run_sync(world.ports.store.put(key, value))
    with pytest.raises(StoreError):
        active(world)


def test_what_is_kept_of_a_pause_is_read_again():
    made = SynchronizationPause(reason=PauseReason.VANISHING, until_s=1.5, sender=BOB, vanishing=2)
    assert SynchronizationPause.decode(made.encode()) == made
