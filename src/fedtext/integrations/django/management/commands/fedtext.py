"""`manage.py fedtext worker`: carry out the queue beside the web server."""

from __future__ import annotations

import asyncio
import signal
from argparse import ArgumentTypeError
from contextlib import suppress
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from .....runtime import Federation, Worker
from ...door import federations

_UNITS_S = {"": 1.0, "s": 1.0, "m": 60.0}


class Command(BaseCommand):
    """`manage.py fedtext worker`."""

    help = "Carries out the queues of the federations in the root URL configuration, until it is told to stop."

    def add_arguments(self, parser: CommandParser) -> None:
        """Describe the arguments."""
        parser.add_argument("action", choices=["worker"], help="what to do")
        parser.add_argument("--concurrency", type=int, default=8, help="hosts in work at once (default: 8)")
        parser.add_argument(
            "--drain", type=_seconds, default=50.0, metavar="50s", help="time to finish in, once told to stop"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Work until SIGTERM or SIGINT."""
        found = list(federations())
        if not found:
            raise CommandError('no federation in the URL configuration: path("", include(urls(fed)))')
        for federation in found:
            self.stdout.write(f"working for {federation.site.origin}")
        asyncio.run(_work(found, options["concurrency"], options["drain"]))


async def _work(found: list[Federation], concurrency: int, drain_s: float) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError, RuntimeError):  # not on Windows, not off the main thread
            loop.add_signal_handler(name, stop.set)
    working = [asyncio.create_task(Worker(one, concurrency=concurrency).run(stop=stop)) for one in found]
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([stopping, *working], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    _done, late = await asyncio.wait(working, timeout=drain_s)
    for task in late:
        task.cancel()
    results = await asyncio.gather(*working, return_exceptions=True)
    for federation in found:
        await federation.ports.close()
    for result in results:
        if isinstance(result, Exception):
            raise result


def _seconds(text: str) -> float:
    """Read "50", "50s" or "2m"."""
    number = text.rstrip("sm")
    try:
        return float(number) * _UNITS_S[text[len(number) :]]
    except (ValueError, KeyError):
        raise ArgumentTypeError(f"{text!r} is no time: write 50s or 2m") from None
