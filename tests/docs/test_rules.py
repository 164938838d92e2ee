"""Every rule that the documentation lists is shown by a test, or it is said why not."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests import discovery_rules, receiving_rules, shown

RULES = {"INB-01": "What comes is taken.", "AP-S02": "Nothing is done to nothing."}

MODULE = """
def test_ap_s02_by_its_name(): ...

@pytest.mark.spec("SEC-001", "INB-01")
async def test_by_its_marker(): ...

@pytest.mark.parametrize("case", ["INB-02"])
def test_cap_01_by_neither(case): ...

def helper_inb_02(): ...
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tests" / "test_x.py"
    path.parent.mkdir()
    path.write_text(MODULE)
    monkeypatch.setattr(shown, "TESTS", path.parent)
    monkeypatch.setattr(shown, "tests", shown.tests.__wrapped__)  # nothing of it stays in the cache


def test_every_rule_is_shown_or_has_a_reason() -> None:
    assert shown.complaints(shown.by_rule(discovery_rules.RULES), {}) == []
    assert shown.complaints(shown.by_rule(receiving_rules.RULES), receiving_rules.GAPS) == []


@pytest.mark.parametrize(
    ("kind", "count"), [("ACT", 27), ("INB", 28), ("COL", 18), ("TRU", 11), ("AP", 14), ("AP-S", 22)]
)
def test_no_rule_of_receiving_and_serving_is_left_out(kind: str, count: int) -> None:
    listed = [rule for rule in receiving_rules.RULES if rule.rstrip("0123456789").removesuffix("-") == kind]
    numbers = [f"{number:02}" for number in range(1, count + 1)]
    assert [rule[-2:] for rule in listed] == numbers


def test_rules_are_read_from_names_and_markers(module: None) -> None:
    assert list(shown.tests()) == [
        ("tests/test_x.py", "test_ap_s02_by_its_name", {"AP-S02"}),
        ("tests/test_x.py", "test_by_its_marker", {"SEC-001", "INB-01"}),
        ("tests/test_x.py", "test_cap_01_by_neither", set()),
    ]


def test_a_hole_is_found_and_a_gap_that_is_none(module: None) -> None:
    assert shown.draw(RULES, {}).count("\n- `tests/test_x.py`: `test_") == 2
    more = {**RULES, "INB-02": "What goes is sent."}
    assert shown.draw(more, {"INB-02": "not yet."}).endswith("What goes is sent.\n\nNo test: not yet.")
    for gaps, complaint in (
        ({}, "INB-02: no test shows it, and no gap says why"),
        ({"INB-02": "not yet.", "INB-01": "?"}, "INB-01: a gap is stated, but there is a test"),
        ({"INB-02": "not yet.", "INB-99": "?"}, "INB-99: a gap is stated, but there is no such rule"),
    ):
        with pytest.raises(SystemExit, match=complaint):
            shown.draw(more, gaps)
