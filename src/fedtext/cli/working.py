"""`fedtext worker module:fed`: carries out what waits in the queue, until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import re
import signal

from ..errors import ConfigurationError
from ..runtime import Federation
from .console import Console

_DURATION = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(ms|s|m|h)?")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_HAND_BACK_S = 10.0


def duration_s(text: str) -> float:
    """Read "50s", "1.5m", "200ms" or a plain number of seconds.

    Raises:
        argparse.ArgumentTypeError: It is no duration.
    """
    read = _DURATION.fullmatch(text)
    if read is None:
        raise argparse.ArgumentTypeError(f"write a duration such as 50s, 2m or 200ms, not {text!r}")
    return float(read[1]) * _SECONDS[read[2] or "s"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("target", metavar="MODULE:NAME", help="a Federation or a Social")
    parser.add_argument(
        "--drain",
        type=duration_s,
        metavar="DURATION",
        help="work until nothing is due, at most this long (such as 50s), then end: for cron",
    )
    parser.add_argument("--concurrency", type=int, default=8, help="hosts served at once (default 8)")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Work until SIGINT or SIGTERM, or until nothing is due."""
    from .naming import load_federation

    if arguments.concurrency < 1:
        raise ConfigurationError("at least one at once", concurrency=arguments.concurrency)
    logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(name)s %(message)s")
    federation = load_federation(arguments.target)
    return asyncio.run(_work(federation, arguments.drain, arguments.concurrency, console))


async def _work(federation: Federation, drain_s: float | None, concurrency: int, console: Console) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl+C interrupts the loop instead
            loop.add_signal_handler(name, stop.set)
    console.say(f"working for {federation.site.origin}; Ctrl+C ends")
    console.tell({"event": "working", "origin": federation.site.origin})
    try:
        lanes = None
        if drain_s is None:
            await _until_stopped(federation, concurrency, stop)
        else:
            lanes = await _drain(federation, drain_s, stop)
        depth = await federation.ports.asynchronous().queue.depth()
    finally:
        await federation.ports.close()
    left = depth.waiting
    console.say(f"ended: {left} waiting, {depth.leased} leased, {depth.buried} given up")
    ended = {"event": "ended", "waiting": left, "leased": depth.leased, "buried": depth.buried}
    console.tell(ended if lanes is None else {**ended, "lanes": lanes})
    return 0


async def _until_stopped(federation: Federation, concurrency: int, stop: asyncio.Event) -> None:
    """Work until the event; what is under way ends first, or is handed back after a while."""
    work = asyncio.create_task(federation.worker(concurrency=concurrency).run(stop=stop))
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait((work, waiting), return_when=asyncio.FIRST_COMPLETED)
    done, _ = await asyncio.wait((work,), timeout=_HAND_BACK_S)
    waiting.cancel()
    if not done:
        work.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await work


async def _drain(federation: Federation, seconds: float, stop: asyncio.Event) -> int:
    """Work until nothing is due, the time is over or the event is set; gives how many lanes were worked on."""
    worker, lanes = federation.worker(), 0
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + seconds
    while not stop.is_set() and loop.time() < deadline_s and await worker.step():
        lanes += 1
    return lanes
