"""`manage.py fedtext worker`: carry out the queue beside the web server.

`manage.py fedtext sweep`: where Django's tasks carry it, call for what was lost.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from argparse import ArgumentTypeError
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from .....runtime import Federation
from .....runtime.process import run_process
from ...door import federations

_UNITS_S = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


class Command(BaseCommand):
    """`manage.py fedtext worker` and `manage.py fedtext sweep`."""

    help = "Carries out what waits in the queues of the federations in the URL configuration, or lets tasks do it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Describe the arguments."""
        parser.add_argument("action", choices=["worker", "sweep"], help="what to do")
        parser.add_argument("--concurrency", type=int, default=8, help="hosts served at once (default 8)")
        parser.add_argument(
            "--drain",
            type=duration_s,
            metavar="DURATION",
            help="work until nothing is due, at most this long (such as 50s), then end: for cron",
        )

        parser.add_argument(
            "--every",
            type=duration_s,
            metavar="DURATION",
            help="sweep again and again (such as every 30s) until told to stop; without it once: for cron",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Work until SIGTERM or SIGINT, or until nothing is due."""
        if options["action"] == "sweep":
            _sweep(options["every"])
            return
        found = list(federations())
        if not found:
            raise CommandError('no federation in the URL configuration: path("", include(urls(fed)))')
        run_process(self._work(found, options["concurrency"], options["drain"]))

    async def _work(self, found: Sequence[Federation], concurrency: int, drain_s: float | None) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            with suppress(NotImplementedError, RuntimeError):  # not on Windows, not off the main thread
                loop.add_signal_handler(name, stop.set)
        for federation in found:
            self.stdout.write(f"working for {federation.site.origin}")
        self.stdout.flush()
        try:
            async with asyncio.TaskGroup() as group:
                for federation in found:
                    worker = federation.worker(concurrency=concurrency)
                    group.create_task(worker.run(stop=stop) if drain_s is None else _drained(worker.drain(), drain_s))
        finally:
            for federation in found:
                await federation.ports.close()


def _sweep(every_s: float | None) -> None:
    """Enqueue the task that sweeps: behind the messages that wait already, so that it calls for none of them anew."""
    from ...deliveries import sweep

    told = threading.Event()

    def stop(_signal: int, _frame: object) -> None:
        told.set()

    if every_s is not None:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, stop)
    while True:
        sweep.enqueue()
        if every_s is None or told.wait(every_s):
            return


async def _drained(draining: Any, drain_s: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(draining, drain_s)


def duration_s(text: str) -> float:
    """Read "50", "50s" or "2m".

    Raises:
        ArgumentTypeError: It is no duration.
    """
    number = text.rstrip("smh")
    try:
        return float(number) * _UNITS_S[text[len(number) :]]
    except (ValueError, KeyError):
        raise ArgumentTypeError(f"write a duration such as 50s or 2m, not {text!r}") from None
