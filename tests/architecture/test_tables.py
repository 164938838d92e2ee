"""The committed tables of slow runs: each tells what it was drawn from, and that is what is here."""

from __future__ import annotations

import json
import re

import pytest
from tests.controls import run as controls
from tests.fuzz import run as fuzz
from tests.harness import run as harness
from tests.mutation import run as mutation
from tests.tables import ROOT

pytestmark = pytest.mark.skipif(not (ROOT / "src").is_dir(), reason="the sources are not here: the wheel is tested")

RULES = [f"SEC-{number:03}" for number in range(1, 181)]


@pytest.mark.parametrize("control", controls.controls(), ids=lambda control: f"{control.rule} {control.says}")
def test_a_control_changes_one_line_and_names_tests(control: controls.Control) -> None:
    assert (ROOT / control.path).read_text("utf-8").count(f"{control.old}\n") == 1
    assert control.new != control.old
    assert control.tests
    for test in control.tests:
        file, name = test.partition("::")[0], test.rpartition("::")[2]
        assert re.search(rf"^ *(async )?def {name}\(", (ROOT / "tests" / file).read_text("utf-8"), re.MULTILINE), test


def test_every_rule_has_a_control_or_a_reason() -> None:
    controlled = {control.rule for control in controls.controls()}
    excused = [rule for gap in controls.without() for rule in gap.rules]
    assert sorted([*controlled, *excused]) == RULES
    assert all(len(gap.reason) > 10 for gap in controls.without())


@pytest.mark.parametrize(
    ("table", "hashes", "command"),
    [
        (mutation.TABLE, lambda: mutation.drawn_from(mutation.HARNESS), mutation.COMMAND),
        (controls.TABLE, controls.hashes, controls.COMMAND),
        (fuzz.TABLE, fuzz.hashes, fuzz.COMMAND),
        (harness.TABLE, harness.hashes, harness.COMMAND),
    ],
    ids=["mutation", "controls", "fuzz", "harness"],
)
def test_a_table_is_drawn_from_what_is_here(table, hashes, command) -> None:
    if not table.exists():
        pytest.skip(f"{table.relative_to(ROOT)} has not been drawn yet: run `{command}`")
    drawn, here = json.loads(table.read_text("utf-8"))["drawn_from"], hashes()
    changed = sorted(name for name in drawn.keys() | here.keys() if drawn.get(name) != here.get(name))
    if changed:
        pytest.fail(
            f"{table.name} of {table.parent.name} is stale ({', '.join(changed)}): run `{command}`", pytrace=False
        )


def test_enough_mutants_are_killed_and_every_survivor_has_a_reason() -> None:
    if not mutation.TABLE.exists():
        pytest.skip(f"{mutation.TABLE.relative_to(ROOT)} has not been drawn yet: run `{mutation.COMMAND}`")
    modules = [mutation.Module.from_json(row) for row in json.loads(mutation.TABLE.read_text("utf-8"))["modules"]]
    assert mutation.complaints(modules, mutation.reasons()) == []


def test_nothing_that_was_fuzzed_crashed() -> None:
    """How long an input takes is measured by `bench/run.py FUZZ`, how many steps by the seeds: no clock decides."""
    if not fuzz.TABLE.exists():
        pytest.skip(f"{fuzz.TABLE.relative_to(ROOT)} has not been drawn yet: run `{fuzz.COMMAND}`")
    rows = [fuzz.Row(**row) for row in fuzz.read_table()["rows"]]
    assert {row.name for row in rows if row.seconds >= fuzz.SECONDS} == set(fuzz.TARGETS)
    assert [(row.name, row.faults) for row in rows if row.faults or not row.executions] == []
