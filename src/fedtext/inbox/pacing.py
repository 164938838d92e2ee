"""How often somebody may say something here: a count for each actor and each host, in this process's memory.

Only what is verified is counted, so that nobody uses up what others may say. Each web process counts by itself: the
limits bound what one process takes, and need no write for each activity.

Invariant: as many counts are kept as `COUNTS_MAX`; those that were used the longest time ago are dropped first, which
at worst lets somebody say a little more.

Sources: SEC-138; INB-05; AP-S20.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from ..errors import TooManyActivities

COUNTS_MAX: Final = 10_000
_MINUTE_S: Final = 60.0


class Pace:
    """Counts by name; a name may be used so many times a minute, all at once or spread."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str, *, now_s: float, per_minute_max: int) -> None:
        """Count one use.

        Args:
            name: Of whoever is counted.
            now_s: Seconds since the epoch.
            per_minute_max: Uses a minute; 0: there is no limit.

        Raises:
            TooManyActivities: None is left; `retry_after_s` says when there is.
        """
        if per_minute_max <= 0:
            return
        rate = per_minute_max / _MINUTE_S
        left, counted_s = self._counts.get(name, (float(per_minute_max), now_s))
        left = min(float(per_minute_max), left + max(0.0, now_s - counted_s) * rate)
        if left < 1:
            raise TooManyActivities(retry_after_s=max(1, round((1 - left) / rate)))
        self._counts[name] = (left - 1, now_s)
        self._counts.move_to_end(name)
        if len(self._counts) > COUNTS_MAX:
            self._counts.popitem(last=False)

    def __len__(self) -> int:
        """Give how many counts are kept."""
        return len(self._counts)
