"""Lanes that an engine carries: what its messages say, which lanes are announced, when one comes back.

Pure decisions. A message names a lane and nothing else: what waits in the lane stays in the queue, and the lease of
the queue sees to it that one run at a time carries it. So a message may come twice, late or never: a run that finds the
lane held, or nothing due, ends; what no message names, the sweep finds.

Who comes back: only a run that has carried something does. One that was too late leaves it to the run that was there
first; otherwise each doubled message would go on for ever.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, cast

import attrs
from attrs.validators import ge, gt

from ..errors import QueueError
from ..ports import Lane, LaneDue, LaneKind, Task

MESSAGE_VERSION: Final = 1
LANE_CHARS_MAX: Final = 1_000
LANES_AT_ONCE_MAX: Final = 1_000
_MEMBERS: Final = frozenset({"v", "site", "lane"})


@attrs.frozen(kw_only=True)
class CarryPolicy:
    """How an engine carries lanes.

    Args:
        batches_max: Batches of one lane in one run; then the others get their turn.
        return_s_max: Seconds; what is due later than that is left to the sweep. Engines keep such messages in their
            workers' memory, and some hand them out anew when they are kept for long.
        sweep_s: Seconds between two sweeps: so long a lost message stays unnoticed.
        swept_max: Lanes that one sweep calls for, those that have been due the longest.
    """

    batches_max: int = attrs.field(default=10, validator=gt(0))
    return_s_max: float = attrs.field(default=600.0, validator=gt(0))
    sweep_s: float = attrs.field(default=30.0, validator=ge(1))
    swept_max: int = attrs.field(default=1_000, validator=gt(0))


@attrs.frozen
class LaneCall:
    """What a message says: carry this lane of this site."""

    site: str
    lane: Lane

    def dump(self) -> dict[str, str | int]:
        """Give the JSON object that is sent: no payload, no key, no person."""
        return {"v": MESSAGE_VERSION, "site": self.site, "lane": str(self.lane)}


def parse_call(message: object, *, site: str) -> LaneCall:
    """Read a message.

    Args:
        message: As the engine hands it over; untrusted: whoever reaches the broker can write one (SEC-150).
        site: Origin of the only site that is carried here.

    Raises:
        QueueError: Not a message of this version, or one for another site.
    """
    members = cast("Mapping[str, object]", message) if isinstance(message, Mapping) else dict[str, object]()
    if members.keys() != _MEMBERS:
        raise QueueError("not a message that names a lane", members=", ".join(sorted(_MEMBERS)))
    version, lane = members["v"], members["lane"]
    if type(version) is not int or version != MESSAGE_VERSION:
        raise QueueError("a message of another version", version=version, known=MESSAGE_VERSION)
    if members["site"] != site:
        raise QueueError("a message for another site", site=members["site"], served=site)
    if not isinstance(lane, str) or not 0 < len(lane) <= LANE_CHARS_MAX:
        raise QueueError("a message without a lane")
    try:
        return LaneCall(site, Lane.parse(lane))
    except ValueError as error:
        raise QueueError("there are no such lanes", lane=lane) from error


def lanes_of(tasks: Sequence[Task], *, site: str, now_s: float) -> list[Lane]:
    """Give the lanes of a site into which something came that is due, each once, in order."""
    return list(dict.fromkeys(task.lane for task in tasks if task.site == site and task.due_s <= now_s))


def own_lanes(site: str) -> list[Lane]:
    """Give the lanes that a transaction of the application writes to: what a post goes through first."""
    return [Lane(LaneKind.FANOUT, site)]


def calls_of(due: Sequence[LaneDue]) -> list[LaneCall]:
    """Give a message for each lane that may be claimed."""
    return [LaneCall(found.site, found.lane) for found in due]


def plan_return(due_s: float | None, *, now_s: float, return_s_max: float) -> float | None:
    """Say after how many seconds a lane that was carried is to be carried again; None: that is left to the sweep.

    Args:
        due_s: When something in it is due next, in seconds since the epoch; None: nothing waits.
        now_s: Seconds since the epoch.
        return_s_max: See `CarryPolicy`.
    """
    if due_s is None:
        return None
    after_s = max(0.0, math.ceil(due_s - now_s))  # a call that comes a moment too early is for nothing
    return after_s if after_s <= return_s_max else None
