"""What one message may cost: every nested fetch draws from the same budget (SEC-108, INB-21)."""

from __future__ import annotations

from ..config import Limits
from ..errors import BudgetExhausted
from ..ports import Clock


class Budget:
    """Counts fetches and watches a deadline; shared by all that one inbound message or one look-up causes."""

    __slots__ = ("_clock", "_deadline_s", "fetches_left")

    def __init__(self, clock: Clock, *, fetches_max: int, seconds_max: float) -> None:
        self._clock = clock
        self._deadline_s = clock.monotonic_s() + seconds_max
        self.fetches_left = fetches_max

    @classmethod
    def of(cls, clock: Clock, limits: Limits) -> Budget:
        """Give the budget of one message from the table of limits."""
        return cls(clock, fetches_max=limits.fetches_per_message_max, seconds_max=limits.inbox_s_max)

    @property
    def seconds_left(self) -> float:
        """Seconds until the deadline; 0 when it has passed."""
        return max(0.0, self._deadline_s - self._clock.monotonic_s())

    def spend(self, url: str) -> None:
        """Draw one request.

        Raises:
            BudgetExhausted: Nothing is left, or the deadline has passed.
        """
        self.require(url)
        self.fetches_left -= 1

    def require(self, url: str) -> None:
        """See that one more request may be sent.

        Raises:
            BudgetExhausted: See `spend`.
        """
        if self.fetches_left <= 0:
            raise BudgetExhausted("this message has caused as many fetches as one may", url=url)
        if self.seconds_left <= 0:
            raise BudgetExhausted("this message has taken as long as one may", url=url)
