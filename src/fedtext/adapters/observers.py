"""Observers: where finished decisions are told to."""

from __future__ import annotations

import json
import logging

from ..ports import Event


class NullObserver:
    """Forgets every event."""

    def emit(self, event: Event) -> None:
        """Take one event."""


class LoggingObserver:
    """Writes each event as one line of JSON to a logger of the standard library.

    Line ends inside of values are escaped by JSON, so an event is always one line.

    Args:
        logger: Defaults to the one named "fedtext".
        level: The level of every line.
    """

    def __init__(self, logger: logging.Logger | None = None, *, level: int = logging.INFO) -> None:
        self._logger = logger if logger is not None else logging.getLogger("fedtext")
        self._level = level

    def emit(self, event: Event) -> None:
        """Take one event."""
        if self._logger.isEnabledFor(self._level):
            line = json.dumps({**event.fields, "event": event.name}, default=str)
            self._logger.log(self._level, "%s", line)


class RecordingObserver:
    """Keeps every event in a list, for tests."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        """Take one event."""
        self.events.append(event)

    def named(self, name: str) -> list[Event]:
        """Give the events of one name, in order."""
        return [event for event in self.events if event.name == name]
