"""What this process has taken in and its own worker is about to ask for: kept as it was judged, beside the queue.

Where one process serves and works, an activity would else be written, read and judged by its shape again within
milliseconds. The queue stays the only road: what is kept here is found by the payload that the queue gives, byte for
byte, so that it says what reading that payload would say.

Invariants: each is given once, so that nobody gets what somebody has worked on; nothing is kept before a worker of this
process has asked; as many are kept as `ARRIVALS_MAX`, none of them long, and the oldest go first: those, and what
others have taken in, are read from their payload.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import attrs

from .authorship import AuthenticActivity
from .envelope import InboundTask

ARRIVALS_MAX: Final = 256
PAYLOAD_BYTES_MAX: Final = 16_384


@attrs.frozen(slots=False)  # made for every activity, in half the time
class Arrived:
    """An inbound payload, the activity in it, and the key under which it counts as handled."""

    task: InboundTask
    authentic: AuthenticActivity
    key: str

    @property
    def site(self) -> str:
        """Origin of the receiving site."""
        return self.task.site


class Arrivals:
    """What waits in the queue, by payload; each step is one of the interpreter's, so that threads need no lock."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, Arrived] = OrderedDict()
        self._is_asked = False

    def keep(self, payload: bytes, arrived: Arrived) -> None:
        """Keep what is about to wait under a payload, if somebody here asks for such things."""
        if not self._is_asked or len(payload) > PAYLOAD_BYTES_MAX:
            return
        self._kept[payload] = arrived
        if len(self._kept) > ARRIVALS_MAX:
            self._kept.popitem(last=False)

    def take(self, payload: bytes) -> Arrived | None:
        """Give what was kept under a payload, and keep it no longer; None: read the payload."""
        self._is_asked = True
        return self._kept.pop(payload, None)

    def __len__(self) -> int:
        """Give how many are kept."""
        return len(self._kept)
