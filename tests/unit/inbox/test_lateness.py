"""What was ended before it came, by whoever may end it (MOD-27, MOD-28)."""

from __future__ import annotations

import pytest
from tests.receiving import SITE, Door

from fedtext.config import InboxPolicy
from fedtext.inbox import is_deleted, is_late, remember_ended
from fedtext.sync import run_sync
from fedtext.vocab import Activity, Create, Delete, Follow, Undo, Update

BOB, EVE = "https://b.example/users/bob", "https://b.example/users/eve"


def late(door: Door, ended: Activity, later: Activity) -> bool:
    run_sync(remember_ended(door.ports.store, SITE, ended, InboxPolicy()))
    return run_sync(is_late(door.ports.store, SITE, later))


def delete(actor: str, what: str) -> Delete:
    return Delete(id=f"{actor}#d", actor=actor, object=what)


@pytest.mark.spec("MOD-27", "MOD-28")
@pytest.mark.parametrize(
    ("ended", "later", "expected"),
    [
        (delete(BOB, f"{BOB}/1"), Create(id=f"{BOB}#c", actor=BOB, object=f"{BOB}/1"), True),
        (delete(BOB, f"{BOB}/1"), Update(id=f"{BOB}#u", actor=BOB, object=f"{BOB}/1"), True),
        (delete(EVE, f"{BOB}/1"), Create(id=f"{BOB}#c", actor=BOB, object=f"{BOB}/1"), False),
        (delete(BOB, BOB), Update(id=f"{BOB}#u", actor=BOB, object=BOB), False),
        (Undo(id=f"{BOB}#x", actor=BOB, object=f"{BOB}#f"), Follow(id=f"{BOB}#f", actor=BOB, object=SITE), True),
        (Undo(id=f"{EVE}#x", actor=EVE, object=f"{BOB}#f"), Follow(id=f"{BOB}#f", actor=BOB, object=SITE), False),
        (Follow(id=f"{BOB}#f", actor=BOB, object=SITE), Follow(id=f"{BOB}#f", actor=BOB, object=SITE), False),
        (Undo(id=f"{BOB}#x", actor=BOB, object=f"{BOB}#f"), Follow(actor=BOB, object=SITE), False),
    ],
)
def test_mod_27_whose_end_it_is(ended: Activity, later: Activity, expected: bool) -> None:
    assert late(Door(), ended, later) is expected


@pytest.mark.spec("MOD-28")
@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        (delete(BOB, f"{BOB}/1"), True),
        (delete(EVE, f"{BOB}/1"), False),
        (delete(BOB, f"{BOB}/2"), False),
        (Undo(id=f"{BOB}#x", actor=BOB, object=f"{BOB}/1"), False),
    ],
)
def test_mod_28_what_its_author_has_deleted_is_known(ended: Activity, expected: bool) -> None:
    store = Door().ports.store
    run_sync(remember_ended(store, SITE, ended, InboxPolicy()))
    assert run_sync(is_deleted(store, SITE, f"{BOB}/1", BOB)) is expected
