"""A process that is killed by itself, at a chosen call of a port: SIGKILL, so that nothing can be put in order.

    python -m tests.faults.dying

Reads lines "ERRAND MOMENT NTH FILE": "door" takes one activity, whose key has to be fetched, "work" carries out what
waits. For each it forks a child, which works over that SQLite file and says on the way what it has heard, or at last
that it has answered; then it prints whether the child was "killed" or came to its "end". One interpreter serves all
children, since to start one takes longer than all that they do.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.handling import Handling, activity, arriving
from tests.receiving import NOW_S

from fedtext.sync import run_sync
from fedtext.testing.faults import FailNth, Moment

ERRANDS = ("door", "work")
LATER_S = NOW_S + 3_600


class KillNth(FailNth):
    """Kills the process at the n-th call of a port."""

    async def carry_out(self, name: str, call: Callable[[], Any]) -> Any:
        chosen = self._is_chosen(name)
        if not chosen:
            return await call()
        if self.moment is Moment.AFTER:
            await call()
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("still alive")


def do(errand: str, moment: Moment, nth: int, file: Path | None, say: Callable[[str], object]) -> None:
    """Do an errand, to its end or to its death."""
    world = Handling(file, heard=say, key_is_known=False, now_s=NOW_S if errand == "door" else LATER_S)
    ports = KillNth(nth, moment=moment).wrap_all(world.ports)
    if errand == "door":
        say(f"answered {run_sync(world.take(arriving(activity('Announce')), ports)).status}")
    else:
        while run_sync(world.step(ports)):
            pass
    world.close()


def fork(errand: str, moment: Moment, nth: int, file: Path) -> str:
    """Let a child do it; gives how it ended."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            do(errand, moment, nth, file, lambda line: os.write(1, f"{line}\n".encode()))
            code = 0
        finally:
            os._exit(code)
    _pid, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "killed" if os.WTERMSIG(status) == signal.SIGKILL else f"signal {os.WTERMSIG(status)}"
    return "end" if os.WEXITSTATUS(status) == 0 else "failed"


def main() -> None:
    """Serve lines until there are none. What is made once in a process, as keys are, is made here."""
    do("door", Moment.BEFORE, 0, None, lambda _line: None)
    for line in sys.stdin:
        errand, moment, nth, file = line.split(" ", 3)
        os.write(1, f"{fork(errand, Moment(moment), int(nth), Path(file.strip()))}\n".encode())


if __name__ == "__main__":
    main()
