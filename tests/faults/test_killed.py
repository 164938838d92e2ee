"""A door and a worker that are killed (SIGKILL) at any call of a port, over one SQLite file that is kept.

What was acknowledged is there; what a listener confirmed is not done again; the next process finds nothing in its way.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from tests.faults.dying import LATER_S
from tests.handling import HOME, Handling, activity, arriving

from fedtext.ports import store_prefix
from fedtext.sync import run_sync
from fedtext.testing.faults import Moment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL and fork are of POSIX")

CALLS_MAX = 60
DOCUMENT = activity("Announce")


@attrs.frozen
class Dying:
    """Processes that are killed; see `dying.py`."""

    parent: subprocess.Popen[str]

    def do(self, errand: str, moment: Moment, nth: int, file: Path) -> list[str]:
        """Let one do an errand; gives what it said, and how it ended."""
        assert self.parent.stdin is not None
        assert self.parent.stdout is not None
        print(errand, moment.value, nth, file, file=self.parent.stdin, flush=True)
        said: list[str] = []
        while not said or said[-1] not in ("killed", "end"):
            line = self.parent.stdout.readline().strip()
            assert line, "the process has failed"
            assert not line.startswith(("failed", "signal")), line
            said.append(line)
        return said


@pytest.fixture(scope="module")
def dying(repository: Path) -> Iterator[Dying]:
    """Start the parent of all of them."""
    command = [sys.executable, "-m", "tests.faults.dying"]
    with subprocess.Popen(command, cwd=repository, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        yield Dying(parent)
        assert parent.stdin is not None
        parent.stdin.close()


def check(file: Path, heard: list[str], what: object) -> None:
    """Open the file anew, let a worker do what is left, and look at it."""
    world = Handling(file, now_s=LATER_S)
    depth = world.settle()
    assert (depth.waiting, depth.leased, depth.buried, depth.lanes) == (0, 0, 0, 0), what
    assert world.rows() == [DOCUMENT["id"]], what
    assert [*heard, *world.calls.elements()].count(DOCUMENT["id"]) in (1, 2), what
    assert len(run_sync(world.ports.store.scan(store_prefix(HOME, "seen"), limit=9))) == 1, what
    world.close()


@pytest.mark.spec("SEC-174", "INB-03")
@pytest.mark.parametrize("moment", Moment)
def test_a_door_that_is_killed_at_any_call(dying: Dying, moment: Moment, tmp_path: Path) -> None:
    """Nobody was answered, so the peer sends the same again."""
    for nth in range(1, CALLS_MAX):
        file = tmp_path / f"{nth}.sqlite3"
        said = dying.do("door", moment, nth, file)
        if said == ["killed"]:
            world = Handling(file, key_is_known=False)
            assert run_sync(world.take(arriving(DOCUMENT))).status == 202, nth
            world.close()
        else:
            assert said == ["answered 202", "end"], (nth, said)
        check(file, [], nth)
        if said[-1] == "end":
            assert nth > 9, "the road has fewer calls than it must have"
            return
    raise AssertionError("the road never ends")


@pytest.mark.spec("SEC-174", "INB-03")
@pytest.mark.parametrize("moment", Moment)
def test_a_worker_that_is_killed_at_any_call(dying: Dying, moment: Moment, tmp_path: Path) -> None:
    for nth in range(1, CALLS_MAX):
        file = tmp_path / f"{nth}.sqlite3"
        world = Handling(file)
        assert run_sync(world.take(arriving(DOCUMENT))).status == 202
        world.close()
        said = dying.do("work", moment, nth, file)
        assert set(said[:-1]) <= {DOCUMENT["id"]}, said
        check(file, said[:-1], nth)
        if said[-1] == "end":
            assert nth > 6, "the step has fewer calls than it must have"
            return
    raise AssertionError("the step never ends")
