from __future__ import annotations

import contextvars
import subprocess
import sys
import threading

import pytest

from fedtext.adapters.offload import InlineOffload, ThreadOffload
from fedtext.sync import run_sync

VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("VARIABLE", default="unset")


def fail(text):
    raise LookupError(text)


def test_inline_runs_on_this_thread_and_never_suspends():
    assert run_sync(InlineOffload().run(threading.get_ident)) == threading.get_ident()
    assert run_sync(InlineOffload().run(divmod, 7, 2)) == (3, 1)
    with pytest.raises(LookupError, match="no"):
        run_sync(InlineOffload().run(fail, "no"))


@pytest.fixture
def offload():
    offload = ThreadOffload(max_workers=2)
    yield offload
    offload.close()


async def test_threads_run_elsewhere_with_the_caller_s_context(offload):
    VARIABLE.set("set")
    assert await offload.run(threading.get_ident) != threading.get_ident()
    assert await offload.run(divmod, 7, 2) == (3, 1)
    assert await offload.run(VARIABLE.get) == "set"
    with pytest.raises(LookupError, match="no"):
        await offload.run(fail, "no")


async def test_threads_start_again_after_close(offload):
    assert await offload.run(str, 1) == "1"
    offload.close()
    offload.close()
    assert await offload.run(str, 2) == "2"


FORK = """
import asyncio, os, sys
from fedtext.adapters.offload import ThreadOffload
offload = ThreadOffload()
assert asyncio.run(offload.run(str, 1)) == "1"
pid = os.fork()
if pid == 0:
    fine = asyncio.run(offload.run(str, 2)) == "2"
    offload.close()
    os._exit(0 if fine else 1)
print(os.waitpid(pid, 0)[1])
offload.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_a_child_of_a_fork_has_threads_of_its_own():
    command = [sys.executable, "-c", FORK]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "0"
