"""Plain and async callbacks under both colours."""

from __future__ import annotations

import functools
import threading

import attrs
import pytest

from fedtext import BlockingContext, Context
from fedtext.adapters.offload import ThreadOffload
from fedtext.errors import BlockingEdgeError
from fedtext.federation.calling import Caller
from fedtext.sync import run_sync


def plain(context: object, *arguments: object, **named: object) -> tuple[object, ...]:
    return (type(context), threading.current_thread().name, arguments, named)


async def awaited(context: object, *arguments: object, **named: object) -> tuple[object, ...]:
    return plain(context, *arguments, **named)


class Callable:
    def __call__(self, context: object, *arguments: object, **named: object) -> tuple[object, ...]:
        return plain(context, *arguments, **named)


async def test_on_an_event_loop_plain_callbacks_run_elsewhere_with_blocking_ports(world):
    offload = ThreadOffload(max_workers=1)
    ports = attrs.evolve(world.ports, offload=offload)
    context = world.fed.engine.context(ports)
    caller = Caller(blocking_ports=lambda: world.ports)
    here = threading.current_thread().name
    kind, where, arguments, named = await caller.call(plain, context, 1, key=2)
    assert (kind, arguments, named) == (BlockingContext, (1,), {"key": 2})
    assert where != here
    kind, where, arguments, named = await caller.call(awaited, context, 1, key=2)
    assert (kind, where, arguments, named) == (Context, here, (1,), {"key": 2})
    offload.close()


@pytest.mark.parametrize("callback", [plain, Callable(), functools.partial(plain)])
def test_on_a_blocking_edge_plain_callbacks_run_where_they_are(world, callback):
    caller = Caller(blocking_ports=lambda: world.ports)
    kind, where, _arguments, _named = run_sync(caller.call(callback, world.fed.engine.context(world.ports)))
    assert (kind, where) == (BlockingContext, threading.current_thread().name)


def test_on_a_blocking_edge_async_callbacks_run_as_long_as_they_do_not_suspend(world):
    import asyncio

    async def suspending(_context: object) -> None:
        await asyncio.sleep(0)

    caller = Caller(blocking_ports=lambda: world.ports)
    context = world.fed.engine.context(world.ports)
    assert run_sync(caller.call(awaited, context))[0] is Context
    with pytest.raises(BlockingEdgeError):
        run_sync(caller.call(suspending, context))


async def test_a_plain_callback_may_give_something_to_await(world):
    async def answer() -> str:
        return "later"

    caller = Caller(blocking_ports=lambda: world.ports)
    assert await caller.call(lambda _context: answer(), world.fed.engine.context(world.ports)) == "later"


@pytest.mark.parametrize("colour", ["plain", "async"])
async def test_what_a_callback_raises_passes_through(world, colour):
    def broken(_context: object) -> None:
        raise LookupError("mine")

    async def broken_async(_context: object) -> None:
        raise LookupError("mine")

    caller = Caller(blocking_ports=lambda: world.ports)
    with pytest.raises(LookupError, match="mine"):
        await caller.call(broken if colour == "plain" else broken_async, world.fed.engine.context(world.ports))
