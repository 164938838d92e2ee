"""`Deletes`: what is gone stays gone."""

from __future__ import annotations

import pytest

from fedtext import Delete
from fedtext.behaviors import Deletes
from fedtext.sync import run_sync
from fedtext.vocab import Tombstone

BOB = "https://peer.example/users/bob"
NOTE = "https://peer.example/notes/1"
DAY_S = 86_400


@pytest.mark.spec("MOD-26", "MOD-28", "AP-S12")
@pytest.mark.parametrize("what", [NOTE, Tombstone(id=NOTE)])
def test_what_was_removed_is_remembered_however_it_was_told(stage, person, what) -> None:
    deletes = Deletes()
    world = stage(deletes)
    context = world.context()
    assert not run_sync(deletes.is_deleted(context, NOTE, BOB))
    world.receive(Delete(id=f"{NOTE}#delete", actor=person("bob").id, object=what))
    assert run_sync(deletes.is_deleted(context, NOTE, BOB))
    assert context.blocking(world.ports).is_deleted(NOTE, person("bob"))
    assert not run_sync(deletes.is_deleted(context, f"{NOTE}0", BOB))


@pytest.mark.parametrize(("days", "kept"), [(364, True), (366, False)])
def test_for_a_year(stage, person, days: int, kept: bool) -> None:
    deletes = Deletes()
    world = stage(deletes)
    world.receive(Delete(id=f"{NOTE}#delete", actor=person("bob").id, object=NOTE))
    world.clock.advance(days * DAY_S)
    assert run_sync(deletes.is_deleted(world.context(), NOTE, BOB)) is kept


@pytest.mark.parametrize("whose", [(), ("for", "https://b.example/users/amy")])
def test_copies_that_were_kept_go_for_whomever_they_were_kept(stage, person, whose: tuple[str, ...]) -> None:
    world = stage(Deletes())
    context = world.context()
    copy, other = context.key("object", NOTE, *whose), context.key("object", f"{NOTE}0", *whose)
    for key in (copy, other):
        run_sync(context.store.put(key, b"{}"))
    world.receive(Delete(id=f"{NOTE}#delete", actor=person("bob").id, object=NOTE))
    assert run_sync(context.store.get(copy)) is None
    assert run_sync(context.store.get(other)) is not None


def test_called_twice_is_as_called_once(stage, person) -> None:
    world = stage(Deletes())
    for _ in range(2):
        world.receive(Delete(id=f"{NOTE}#delete", actor=person("bob").id, object=NOTE))
    assert run_sync(Deletes().is_deleted(world.context(), NOTE, BOB))


def test_nobody_buries_what_somebody_else_may_write(stage, person) -> None:
    """Threat: the check of origins lets everybody of a server name what lies there."""
    world = stage(Deletes())
    world.receive(Delete(id=f"{NOTE}#delete", actor=person("eve").id, object=NOTE))
    assert not run_sync(Deletes().is_deleted(world.context(), NOTE, BOB))
