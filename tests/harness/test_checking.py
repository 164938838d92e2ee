"""The checks by themselves: a run in which all went well passes, and each fault in it is found."""

from __future__ import annotations

import attrs
import pytest

from .checking import altered, doubled, ghosts, kept_wrong, lost, overlong, shortened, swapped, waiting
from .records import EVERYBODY, Intent, Receipt

ONE, TWO, OWN = "http://one.test/inbox", "http://two.test/inbox", "http://one.test/users/1/inbox"
FOLLOWERS = (ONE, TWO)
INTENTS = [
    Intent(what="Create p", about="p", to=EVERYBODY),
    Intent(what="Follow u", about="u", to=OWN),
    Intent(what="Update p 1", about="p", to=EVERYBODY, tries=2),
    Intent(what="Undo u", about="u", to=OWN),
    Intent(what="Delete p", about="p", to=EVERYBODY),
    Intent(what="Create q", about="q", to=EVERYBODY, acknowledged=False),
]


def receipt(inbox: str, what: str, *, number: int = 1, applied: bool = True) -> Receipt:
    return Receipt(inbox=inbox, activity_id=f"{what} {number}", what=what, digest=what, applied=applied)


GOOD = [
    receipt(ONE, "Create p"),
    receipt(OWN, "Follow u"),
    receipt(ONE, "Create p", applied=False),
    receipt(ONE, "Update p 1"),
    receipt(TWO, "Create p"),
    receipt(TWO, "Update p 1"),
    receipt(ONE, "Update p 1", number=2),
    receipt(OWN, "Undo u"),
    receipt(ONE, "Delete p"),
    receipt(TWO, "Create q"),
    receipt(TWO, "Delete p"),
    receipt(ONE, "Create p", applied=False),
]


def said(receipts: list[Receipt]) -> set[str]:
    """Give the kinds of complaints."""
    found = [
        *lost(INTENTS, receipts, FOLLOWERS),
        *doubled(INTENTS, receipts),
        *ghosts(INTENTS, receipts, FOLLOWERS),
        *swapped(INTENTS, receipts),
        *altered(receipts),
    ]
    return {line.partition(":")[0] for line in found}


def test_a_good_run_passes() -> None:
    assert said(GOOD) == set()


def exchanged(first: int, second: int) -> list[Receipt]:
    changed = list(GOOD)
    changed[first], changed[second] = changed[second], changed[first]
    return changed


@pytest.mark.spec("DLV-10")
@pytest.mark.parametrize(
    ("receipts", "kind"),
    [
        (GOOD[:-2], "lost"),
        ([*GOOD[:1], *GOOD[2:]], "lost"),
        ([attrs.evolve(one, applied=False) if one.what == "Undo u" else one for one in GOOD], "lost"),
        ([*GOOD, receipt(TWO, "Delete p")], "doubled"),
        ([*GOOD, receipt(TWO, "Delete p", number=2)], "doubled"),
        ([*GOOD, receipt(TWO, "Create r")], "ghost"),
        ([*GOOD, receipt(TWO, "Follow u")], "ghost"),
        (exchanged(0, 3), "swapped"),
        (exchanged(3, 8), "swapped"),
        (exchanged(1, 7), "swapped"),
        ([*GOOD[:4], attrs.evolve(GOOD[4], digest="other"), *GOOD[5:]], "altered"),
    ],
)
def test_a_fault_is_found(receipts: list[Receipt], kind: str) -> None:
    assert said(receipts) == {kind}


def test_what_waits_or_was_given_up_is_found() -> None:
    done = {"waiting": 0, "leased": 0}
    assert waiting(done, [("out:dead", "gone for 7 days")], ["out:one"]) == []
    assert len(waiting({"waiting": 3, "leased": 1}, [], [])) == 2
    assert waiting(done, [("out:dead", " ")], []) == ["waiting: a dead letter of out:dead has no reason"]
    assert waiting(done, [("out:one", "status 400")], ["out:one"]) == [
        "lost: a job of out:one was given up: status 400"
    ]


def test_an_exchange_beyond_its_deadline_is_found() -> None:
    assert overlong([("one", 1.0), ("two", 1.2)], 1.0) == ["blocked: an exchange with two took 1.2 s, 1.0 is the most"]


@pytest.mark.parametrize(
    ("answered", "kept", "kind"),
    [
        (["a"], ["a", "b"], None),
        (["a", "b"], ["a"], "lost"),
        (["a"], ["a", "a"], "doubled"),
        (["a"], ["a", "c"], "ghost"),
    ],
)
def test_what_a_listener_keeps_is_compared(answered: list[str], kept: list[str], kind: str | None) -> None:
    found = kept_wrong(answered, {"a", "b"}, kept)
    assert [line.partition(":")[0] for line in found] == ([] if kind is None else [kind])


def test_much_of_the_same_is_counted() -> None:
    assert shortened(["x"] * 5) == ["x"] * 5
    assert shortened(["x"] * 7) == ["x"] * 5 + ["… and 2 more like this"]
