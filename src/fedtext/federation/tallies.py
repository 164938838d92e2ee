"""What this process has seen of the hosts that it delivers to: counted in memory, for those who look.

Invariant: as many hosts are counted as `TALLIES_MAX`; those that were not used for the longest time are dropped first.

Sources: DLV-24.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, TypeVar

import attrs

T = TypeVar("T")

TALLIES_MAX: Final = 10_000

_LOOK_S: Final = 60.0


@attrs.frozen(kw_only=True)
class HostTally:
    """What this process has seen of a host since it started.

    Args:
        delivered: How often it took something.
        failed: How often it did not.
        last: Its last answer or failure: "status 202", "fetch.timeout"; "" when there was none.
        succeeded_s: When it last took something, in seconds since the epoch; 0: not yet.
    """

    delivered: int = 0
    failed: int = 0
    last: str = ""
    succeeded_s: float = 0.0


_NOTHING_SEEN: Final = HostTally()


@attrs.define
class _Counts:
    """What a tally is made of when somebody looks."""

    delivered: int = 0
    failed: int = 0
    last: int | str = ""
    succeeded_s: float = 0.0

    def tally(self) -> HostTally:
        last = self.last if isinstance(self.last, str) else f"status {self.last}"
        return HostTally(delivered=self.delivered, failed=self.failed, last=last, succeeded_s=self.succeeded_s)


class HostTallies:
    """Counts by host; as many are kept as `TALLIES_MAX`, and those that were not used the longest go first."""

    def __init__(self) -> None:
        self._tallies: OrderedDict[str, _Counts] = OrderedDict()
        self._looked_s: OrderedDict[str, float] = OrderedDict()

    def delivered(self, host: str, *, status: int, now_s: float) -> None:
        """Count a delivery that was taken."""
        counts = self._counts(host)
        counts.delivered += 1
        counts.last, counts.succeeded_s = status, now_s

    def failed(self, host: str, reason: str) -> None:
        """Count one that was not."""
        counts = self._counts(host)
        counts.failed += 1
        counts.last = reason

    def of(self, host: str) -> HostTally:
        """Give what was counted."""
        counts = self._tallies.get(host)
        return _NOTHING_SEEN if counts is None else counts.tally()

    def takes_a_look(self, host: str, now_s: float) -> bool:
        """Tell whether a sign of life is worth a look at what is kept of its host: once a minute."""
        if 0 <= now_s - self._looked_s.get(host, -_LOOK_S) < _LOOK_S:
            return False
        _remember(self._looked_s, host, now_s)
        return True

    def look_again(self, host: str) -> None:
        """Let the next sign of life be worth a look."""
        self._looked_s.pop(host, None)

    def __len__(self) -> int:
        """Give how many hosts are counted."""
        return len(self._tallies)

    def _counts(self, host: str) -> _Counts:
        counts = self._tallies.get(host) or _Counts()
        _remember(self._tallies, host, counts)
        return counts


def _remember(kept: OrderedDict[str, T], host: str, value: T) -> None:
    kept[host] = value
    kept.move_to_end(host)
    if len(kept) > TALLIES_MAX:
        kept.popitem(last=False)
