"""The words of the suites: what they compare, and what they say when something differs."""

from __future__ import annotations

import asyncio

import pytest

from fedtext.adapters.backends import MemoryBackend
from fedtext.errors import BlockingEdgeError
from fedtext.testing.port_rigs import Colour, claim_of, expect, names, next_names, payload, run_case, task


def test_a_difference_is_said():
    expect(1, 1, "the same")
    with pytest.raises(AssertionError, match="the number: expected 2, got 1"):
        expect(1, 2, "the number")


@pytest.mark.parametrize("colour", Colour)
def test_a_case_works_on_two_openings_of_one_backend(colour):
    async def case(rig):
        await rig.queue.enqueue([task("one")])
        claim = await claim_of(rig.again.queue)
        assert (names(claim), claim.jobs[0].payload) == (["one"], payload("one"))
        assert await next_names(rig.queue) == []
        with pytest.raises(AssertionError, match="gave nothing"):
            await claim_of(rig.queue)

    run_case(case, MemoryBackend, colour)


def test_the_blocking_colour_may_not_suspend():
    async def case(rig):
        await asyncio.sleep(0)

    with pytest.raises(BlockingEdgeError):
        run_case(case, MemoryBackend, Colour.BLOCKING)
    run_case(case, MemoryBackend, Colour.ASYNCHRONOUS)
