"""A run that lasts while work comes: nothing that is asked for is left undone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

import pytest

from fedtext.adapters.lingering import Lingerer


class Counting(ThreadPoolExecutor):
    """An executor that counts its runs."""

    def __init__(self) -> None:
        super().__init__(1)
        self.runs = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        self.runs += 1
        return super().submit(fn, *args, **kwargs)


@pytest.fixture
def executor() -> Iterator[Counting]:
    made = Counting()
    yield made
    made.shutdown(wait=True)


def wait_for(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_one_run_lasts_while_calls_come(executor: Counting) -> None:
    ran = list[int]()
    lingerer = Lingerer(lambda: ran.append(threading.get_ident()), linger_s=30)
    for number in range(1, 6):
        lingerer.call(lambda: executor)
        wait_for(lambda wanted=number: len(ran) >= wanted)  # type: ignore[misc]
    assert (executor.runs, len(set(ran)), len(ran)) == (1, 1, 5)
    lingerer.end()
    executor.shutdown(wait=True)  # it does not wait for half a minute


def test_a_run_that_nobody_calls_ends_and_another_begins(executor: Counting) -> None:
    ran = list[bool]()
    lingerer = Lingerer(lambda: ran.append(True), linger_s=0.01)
    for number in range(1, 4):
        lingerer.call(lambda: executor)
        wait_for(lambda wanted=number: len(ran) == wanted)  # type: ignore[misc]
        time.sleep(0.1)
    assert executor.runs == 3


def test_calls_that_come_before_a_run_begins_are_one(executor: Counting) -> None:
    begins, ran = threading.Event(), list[bool]()
    executor.submit(begins.wait)
    lingerer = Lingerer(lambda: ran.append(True), linger_s=0.01)
    for _ in range(10):
        lingerer.call(lambda: executor)
    begins.set()
    executor.shutdown(wait=True)
    assert ran == [True]


def test_nothing_is_left_undone(executor: Counting) -> None:
    """However the moment of a call falls into that in which a run ends."""
    pending, done = list[int](), list[int]()

    def run() -> None:
        while pending:
            done.append(pending.pop())

    lingerer = Lingerer(run, linger_s=0.0005)
    for number in range(500):
        pending.append(number)
        lingerer.call(lambda: executor)
        time.sleep(0.0004 + number % 7 * 0.0001)
    wait_for(lambda: sorted(done) == list(range(500)))
    assert executor.runs > 1


def test_a_run_that_fails_makes_way_for_the_next(executor: Counting) -> None:
    ran = list[bool]()

    def run() -> None:
        ran.append(True)
        if len(ran) == 1:
            raise RuntimeError

    lingerer = Lingerer(run, linger_s=0.01)
    lingerer.call(lambda: executor)
    wait_for(lambda: len(ran) == 1)
    time.sleep(0.05)
    lingerer.call(lambda: executor)
    wait_for(lambda: len(ran) == 2)


def test_where_no_thread_can_be_started_the_next_call_tries_again(executor: Counting) -> None:
    ran = list[bool]()
    lingerer = Lingerer(lambda: ran.append(True), linger_s=0.01)

    def none() -> Executor:
        raise RuntimeError("no thread")

    with pytest.raises(RuntimeError, match="no thread"):
        lingerer.call(none)
    lingerer.call(lambda: executor)
    wait_for(lambda: ran == [True])


def test_a_child_begins_anew(executor: Counting) -> None:
    """As after a fork: the thread is gone, and it may have held the lock."""
    ran, stays = list[bool](), threading.Event()
    lingerer = Lingerer(lambda: ran.append(stays.wait(10)), linger_s=0.01)
    lingerer.call(lambda: executor)
    held = lingerer._lock  # pyright: ignore[reportPrivateUsage]
    with held:
        lingerer.forget()
        with ThreadPoolExecutor(1) as other:
            stays.set()
            lingerer.call(lambda: other)
            wait_for(lambda: len(ran) == 2)
