"""What is known and decided when the batch of a lane is taken, and how it went: values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import attrs

from ..delivery import Dispatch, HostHealth, Superfluous
from ..inbox import Arrived
from ..ports import PortSet


class Awaited(NamedTuple):
    """An inbound task that was read with its batch, and the keys of which one is there where it comes too late."""

    arrived: Arrived
    late: Sequence[str]


class Marks:
    """What the store says of the activities of a batch, read in one go.

    A lane is in the hands of one worker, and all that its activities could end is theirs: so nobody else writes these
    marks meanwhile. Whoever carries out one that ends others has what is known forgotten.

    Args:
        known: What was read, by key; None where there is nothing.
        until_s: Until when it counts.
    """

    def __init__(self, known: Mapping[str, bytes | None], *, until_s: float) -> None:
        self._known: Mapping[str, bytes | None] = known
        self._until_s = until_s

    def of(self, keys: Sequence[str], now_s: float) -> dict[str, bytes] | None:
        """Give the values of those keys that are present; None: the store is to be asked."""
        if now_s >= self._until_s:
            return None
        try:
            return {key: value for key in keys if (value := self._known[key]) is not None}
        except KeyError:
            return None

    def forget(self) -> None:
        """Have the store asked from now on."""
        self._known = {}


# Not `dict[…]` itself, which takes as long to make as ten dicts.
def _nothing_left_out() -> Mapping[int, Superfluous]:
    return {}


def _nothing_awaited() -> dict[int, Awaited]:
    return {}


def _nothing_shared() -> dict[str, Dispatch]:
    return {}


@attrs.frozen(kw_only=True)
class Turn:
    """What is known, and decided, when the batch of a lane is taken.

    Args:
        health: Of the lane's host.
        unavailable: Whether all that waits for it is given up.
        left_out: What of the batch need not be sent, by job.
        ports: For its jobs: what they all need is read once; None: those of the worker.
        awaited: Inbound tasks that were read with the batch, by job; each is taken out as it is carried out.
        marks: What is known of their activities; None: each is asked for.
        dispatches: What deliveries of one sender share, by sender; filled by the first of each.
    """

    health: HostHealth = attrs.field(factory=HostHealth)
    unavailable: bool = False
    left_out: Mapping[int, Superfluous] = attrs.field(factory=_nothing_left_out)
    ports: PortSet | None = attrs.field(default=None, eq=False, repr=False)
    awaited: dict[int, Awaited] = attrs.field(factory=_nothing_awaited, eq=False, repr=False)
    marks: Marks | None = attrs.field(default=None, eq=False, repr=False)
    dispatches: dict[str, Dispatch] = attrs.field(factory=_nothing_shared, init=False, eq=False, repr=False)


NO_TURN: Final = Turn()
"""Nothing is known: what a lane begins with that leads to no host."""


@attrs.frozen(kw_only=True)
class TurnResult:
    """How a turn went.

    Args:
        delivered: Whether the host took anything.
        failure: Why the host failed as a whole, or "".
        sent_count: How many jobs were carried out.
        pause_s: For how long the lane is to rest, by what happened in it.
    """

    delivered: bool
    failure: str
    sent_count: int
    pause_s: float
