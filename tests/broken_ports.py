"""A backend with a port that breaks a promise, and what a suite says of it."""

from __future__ import annotations

import attrs

from fedtext.adapters.backends import MemoryBackend
from fedtext.testing.port_rigs import Colour, case_name, run_case


class Broken:
    """A memory backend with one port that breaks a promise."""

    def __init__(self, **ports):
        self._inner = MemoryBackend()
        self._ports = ports
        self._made = {}

    def blocking(self, clock):
        opened = self._inner.blocking(clock)
        made = {name: self._ports[name](getattr(opened, name), clock) for name in self._ports}
        return attrs.evolve(opened, **made)

    asynchronous = blocking

    def close(self):
        self._inner.close()


def failures(cases, make):
    """Give the names of the cases that an adapter fails."""
    found = []
    for case in cases:
        try:
            run_case(case, make, Colour.BLOCKING)
        except (AssertionError, IndexError):
            found.append(case_name(case))
    return found


def over(kind):
    """Make the broken port over the state of the one that it replaces."""
    return lambda port, clock: kind(clock, port._state)
