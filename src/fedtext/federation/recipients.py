"""Which of our actors were there a moment ago, so that not each delivery asks the application anew.

Only that there is one is remembered, never that there is none: an actor that the application makes has its inbox at
once. That it was removed is asked of the store each time.

Invariant: at most `KEPT_COUNT_MAX` are kept, the latest.

Sources: SEC-016, SEC-017.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

KEPT_COUNT_MAX: Final = 10_000


class Recipients:
    """Identifiers of own actors, each with the time at which it was seen."""

    def __init__(self) -> None:
        self._seen_s: OrderedDict[str, float] = OrderedDict()

    def is_there(self, identifier: str, *, now_s: float, fresh_s: float) -> bool:
        """Tell whether there was such an actor less than `fresh_s` seconds ago.

        Args:
            identifier: Of an own actor.
            now_s: Seconds since the epoch.
            fresh_s: For how long that counts; 0: not at all.
        """
        seen_s = self._seen_s.get(identifier)
        return seen_s is not None and 0 <= now_s - seen_s < fresh_s

    def remember(self, identifier: str, *, now_s: float) -> None:
        """Keep that there is one."""
        self._seen_s[identifier] = now_s
        self._seen_s.move_to_end(identifier)
        if len(self._seen_s) > KEPT_COUNT_MAX:
            self._seen_s.popitem(last=False)

    def __len__(self) -> int:
        """Give how many are kept."""
        return len(self._seen_s)
