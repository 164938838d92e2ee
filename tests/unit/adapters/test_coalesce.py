from __future__ import annotations

import asyncio
import gc
import itertools
import threading

import pytest

from fedtext.adapters.coalesce import AsyncCoalesce, InlineCoalesce, row_s_max
from fedtext.errors import TooManyWaiting
from fedtext.sync import run_sync


class Work:
    """A factory that counts its runs and ends when it is told to."""

    def __init__(self, error=None):
        self.runs = 0
        self.cancelled = False
        self.gate = asyncio.Event()
        self.error = error

    async def __call__(self):
        self.runs += 1
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        if self.error:
            raise self.error
        return self.runs


async def started(*coroutines):
    tasks = [asyncio.create_task(one) for one in coroutines]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


def test_inline_runs_every_factory_and_never_suspends():
    runs = []

    async def factory():
        runs.append(1)
        return len(runs)

    coalesce = InlineCoalesce()
    assert [run_sync(coalesce.run("k", factory)) for _ in range(2)] == [1, 2]


async def test_many_callers_of_one_key_share_one_run():
    coalesce, work, other = AsyncCoalesce(), Work(), Work()
    tasks = await started(*(coalesce.run("k", work) for _ in range(5)), coalesce.run("other", other))
    work.gate.set()
    other.gate.set()
    assert await asyncio.gather(*tasks) == [1] * 6
    assert (work.runs, other.runs) == (1, 1)


async def test_a_run_that_ended_is_forgotten():
    coalesce, work = AsyncCoalesce(), Work()
    work.gate.set()
    assert [await coalesce.run("k", work) for _ in range(2)] == [1, 2]


async def test_an_error_reaches_every_caller_and_is_not_kept():
    coalesce, work = AsyncCoalesce(), Work(error=LookupError("no"))
    tasks = await started(coalesce.run("k", work), coalesce.run("k", work))
    work.gate.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in found] == [LookupError, LookupError]
    work.error = None
    assert await coalesce.run("k", work) == 2


async def test_a_cancelled_caller_leaves_the_run_to_the_others():
    coalesce, work = AsyncCoalesce(), Work()
    first, second = await started(coalesce.run("k", work), coalesce.run("k", work))
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    work.gate.set()
    assert await second == 1
    assert (work.runs, work.cancelled) == (1, False)


async def test_a_run_that_nobody_waits_for_is_cancelled_and_not_joined():
    coalesce, work, again = AsyncCoalesce(), Work(), Work()
    tasks = await started(coalesce.run("k", work), coalesce.run("k", work))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    again.gate.set()
    assert await coalesce.run("k", again) == 1
    assert work.cancelled


async def test_an_error_that_nobody_waits_for_makes_no_noise():
    loop, noise = asyncio.get_running_loop(), []
    loop.set_exception_handler(lambda _, context: noise.append(context))
    coalesce, work = AsyncCoalesce(), Work(error=LookupError("no"))
    (task,) = await started(coalesce.run("k", work))
    work.gate.set()
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    del task
    gc.collect()
    assert noise == []


def test_each_loop_has_runs_of_its_own():
    coalesce = AsyncCoalesce()

    async def factory():
        await asyncio.sleep(0)
        return 1

    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(asyncio.wait_for(coalesce.run("k", asyncio.Event().wait), 0.01))
    assert asyncio.run(coalesce.run("k", factory)) == 1


# ---- lines -----------------------------------------------------------------------------------------------------------


async def test_a_line_lets_so_many_in_and_forgets_itself() -> None:
    coalesce = AsyncCoalesce()
    present = most = 0

    async def work() -> int:
        nonlocal present, most
        present += 1
        most = max(most, present)
        await asyncio.sleep(0)
        present -= 1
        return most

    await asyncio.gather(*[coalesce.in_turn("a", work, at_once_max=3, waiting_max=20) for _ in range(20)])
    assert most == 3
    assert coalesce._lines == {}


async def test_who_is_cancelled_leaves_the_line() -> None:
    coalesce = AsyncCoalesce()
    gate = asyncio.Event()

    async def wait() -> None:
        await gate.wait()

    tasks = [asyncio.create_task(coalesce.in_turn("a", wait, at_once_max=1, waiting_max=1)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyWaiting):
        await coalesce.in_turn("a", wait, at_once_max=1, waiting_max=1)
    tasks[1].cancel()
    await asyncio.sleep(0)
    third = asyncio.create_task(coalesce.in_turn("a", wait, at_once_max=1, waiting_max=1))
    gate.set()
    await asyncio.gather(tasks[0], third)
    assert coalesce._lines == {}


def test_threads_stand_in_line_too() -> None:
    coalesce = InlineCoalesce()
    present = most = 0
    lock = threading.Lock()

    async def work() -> None:
        nonlocal present, most
        with lock:
            present += 1
            most = max(most, present)
        threading.Event().wait(0.005)
        with lock:
            present -= 1

    def run() -> None:
        run_sync(coalesce.in_turn("a", work, at_once_max=2, waiting_max=8))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most <= 2
    assert coalesce._lines == {}


def test_no_thread_waits_where_the_line_is_full() -> None:
    coalesce = InlineCoalesce()

    async def again() -> None:
        await coalesce.in_turn("a", again, at_once_max=1, waiting_max=0)

    with pytest.raises(TooManyWaiting):
        run_sync(coalesce.in_turn("a", again, at_once_max=1, waiting_max=0))
    assert coalesce._lines == {}


@pytest.mark.spec("SEC-108")
@pytest.mark.parametrize("waits_s_max", [0.0, 0.01])
def test_sec_108_nobody_stands_in_line_longer_than_it_has_time(waits_s_max):
    async def main():
        lines, work = AsyncCoalesce(), Work()
        (first,) = await started(lines.in_turn("k", work, at_once_max=1, waiting_max=9))
        with pytest.raises(TooManyWaiting):
            await lines.in_turn("k", Work(), at_once_max=1, waiting_max=9, waits_s_max=waits_s_max)
        work.gate.set()
        assert await first == 1
        assert await lines.in_turn("k", work, at_once_max=1, waiting_max=9, waits_s_max=waits_s_max or 1) == 2
        assert not lines._lines

    asyncio.run(main())


@pytest.mark.spec("SEC-108")
def test_sec_108_no_thread_stands_in_line_longer_than_it_has_time():
    coalesce = InlineCoalesce()

    async def once():
        return 1

    async def nested():
        with pytest.raises(TooManyWaiting):
            await coalesce.in_turn("a", once, at_once_max=1, waiting_max=9, waits_s_max=0.0)
        return 2

    assert run_sync(coalesce.in_turn("a", nested, at_once_max=1, waiting_max=9)) == 2
    assert run_sync(coalesce.in_turn("a", once, at_once_max=1, waiting_max=9, waits_s_max=0.0)) == 1


# ---- rows ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def seconds_at_once():
    """Let rows last as long as they like, or as a test says."""
    token = row_s_max.set(60.0)
    yield row_s_max.set
    row_s_max.reset(token)


def test_inline_work_is_done_where_it_is_asked_for() -> None:
    coalesce = InlineCoalesce()
    assert run_sync(coalesce.in_row(lambda: 1)) == 1
    with pytest.raises(ValueError, match="no"):
        run_sync(coalesce.in_row(failing))


def failing() -> None:
    raise ValueError("no")


def in_row_of(coalesce: AsyncCoalesce, names: str, told: list[str]):
    async def caller(name: str) -> str:
        told.append(f"{name} asks")
        result = await coalesce.in_row(lambda: told.append(f"{name} is done") or name)
        told.append(f"{name} goes on")
        return result

    return [caller(name) for name in names]


@pytest.mark.usefixtures("seconds_at_once")
async def test_what_many_ask_for_is_done_right_behind_one_another() -> None:
    coalesce, told = AsyncCoalesce(), list[str]()
    assert await asyncio.gather(*in_row_of(coalesce, "abc", told)) == ["a", "b", "c"]
    assert told == [f"{name} {what}" for what in ("asks", "is done", "goes on") for name in "abc"]
    assert not coalesce._rows


async def test_a_row_that_has_lasted_long_enough_lets_the_loop_see_to_the_rest(seconds_at_once) -> None:
    seconds_at_once(0.0)
    coalesce, told = AsyncCoalesce(), list[str]()
    callers = asyncio.gather(*in_row_of(coalesce, "abc", told))
    loop = asyncio.get_running_loop()

    def look() -> None:
        told.append("the loop")
        if not callers.done():
            loop.call_soon(look)

    loop.call_soon(look)
    assert await callers == ["a", "b", "c"]
    done = [place for place, what in enumerate(told) if what.endswith("is done")]
    assert all("the loop" in told[one:other] for one, other in itertools.pairwise(done)), told
    assert not coalesce._rows


@pytest.mark.usefixtures("seconds_at_once")
async def test_an_error_is_that_of_who_asked_and_the_row_goes_on() -> None:
    coalesce = AsyncCoalesce()
    found = await asyncio.gather(
        coalesce.in_row(failing), coalesce.in_row(lambda: 1), coalesce.in_row(failing), return_exceptions=True
    )
    assert [type(one) for one in found] == [ValueError, int, ValueError]
    assert not coalesce._rows


@pytest.mark.usefixtures("seconds_at_once")
async def test_what_nobody_waits_for_is_not_done() -> None:
    coalesce, told = AsyncCoalesce(), list[str]()
    callers = [asyncio.create_task(one) for one in in_row_of(coalesce, "abc", told)]
    asyncio.get_running_loop().call_soon(callers[1].cancel)  # when all have asked, and nothing is done
    assert [type(one) for one in await asyncio.gather(*callers, return_exceptions=True)] == [
        str,
        asyncio.CancelledError,
        str,
    ]
    assert "b asks" in told
    assert "b is done" not in told
    assert not coalesce._rows


@pytest.mark.usefixtures("seconds_at_once")
async def test_what_is_asked_for_later_is_done_in_another_row() -> None:
    coalesce, told = AsyncCoalesce(), list[str]()
    await asyncio.gather(*in_row_of(coalesce, "a", told))
    await asyncio.gather(*in_row_of(coalesce, "b", told))
    assert told == [f"{name} {what}" for name in "ab" for what in ("asks", "is done", "goes on")]


def test_each_loop_has_rows_of_its_own() -> None:
    coalesce, found = AsyncCoalesce(), list[int]()
    asked = threading.Barrier(2, timeout=5)  # by both, before either has done anything

    async def ask() -> int:
        caller = asyncio.ensure_future(coalesce.in_row(threading.get_ident))
        asyncio.get_running_loop().call_soon(asked.wait)  # behind the caller, before its row
        return await asyncio.wait_for(caller, 5)

    def thread() -> None:
        found.append(asyncio.run(ask()))

    threads = [threading.Thread(target=thread) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(found) == sorted(each.ident for each in threads)
    assert not coalesce._rows
