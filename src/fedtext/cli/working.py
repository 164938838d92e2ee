"""`fedtext worker module:fed`: carries out what waits in the queue, until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal

from ..errors import ConfigurationError
from ..runtime import Federation, Worker
from ..runtime.process import run_process
from .console import Console
from .durations import duration_s


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("target", metavar="MODULE:NAME", help="a Federation or a Social")
    parser.add_argument("--once", action="store_true", help="end when nothing is due: for cron and scripts")
    parser.add_argument(
        "--drain",
        type=duration_s,
        default=50.0,
        metavar="DURATION",
        help="time to finish what is under way, once told to stop; the rest is handed back (default 50s)",
    )
    parser.add_argument("--concurrency", type=int, default=8, help="hosts served at once (default 8)")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Work until SIGINT or SIGTERM, or until nothing is due."""
    from .naming import load_federation

    if arguments.concurrency < 1:
        raise ConfigurationError("at least one host at once", concurrency=arguments.concurrency)
    logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(name)s %(message)s")
    federation = load_federation(arguments.target)
    worker = federation.worker(concurrency=arguments.concurrency)
    console.say(f"working for {federation.site.origin}; Ctrl+C ends")
    console.tell({"event": "working", "origin": federation.site.origin})
    run_process(_work(federation, worker, console, once=arguments.once, drain_s=arguments.drain))
    return 0


async def _work(federation: Federation, worker: Worker, console: Console, *, once: bool, drain_s: float) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl+C interrupts the loop instead
            loop.add_signal_handler(name, stop.set)
    working = asyncio.create_task(_until_idle(worker, stop) if once else worker.run(stop=stop))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        finished, _ = await asyncio.wait((working,), timeout=drain_s)
        if not finished:
            working.cancel()  # hands its leases back: somebody else need not wait until they run out
        with contextlib.suppress(asyncio.CancelledError):
            await working
        depth = await federation.ports.asynchronous().queue.depth()
    finally:
        stopping.cancel()
        await federation.ports.close()
    console.say(f"ended: {depth.waiting} waiting, {depth.leased} leased, {depth.buried} given up")
    console.tell({"event": "ended", "waiting": depth.waiting, "leased": depth.leased, "buried": depth.buried})


async def _until_idle(worker: Worker, stop: asyncio.Event) -> None:
    while not stop.is_set() and await worker.step(stop=stop):
        pass
