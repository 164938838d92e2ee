"""How it stands with the hosts that we deliver to: for those who look (DLV-24)."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ..delivery import decode_health, is_unavailable
from ..fetch import recall
from ..ports import Lane, LaneKind, LaneStatus, PortSet
from ..signatures import first_scheme
from .engine import Engine
from .hosts import health_key


@attrs.frozen(kw_only=True)
class HostStatus:
    """One host, as queue, store and this process know it.

    Args:
        host: "mastodon.example".
        waiting: Deliveries that wait for it.
        leased: Those that are under way.
        buried: Dead letters.
        failures: Its present run of failures.
        due_s: Until when it is left alone, in seconds since the epoch; 0: it is not.
        paused: Whether somebody has paused it.
        failing_days: On how many distinct days it failed, without one success since.
        unavailable: Whether nothing more is sent to it until it gives a sign of life.
        gone: Whether that is because its shared inbox has answered 410, a day ago at most.
        last: Its last answer or failure: "status 202", "fetch.timeout"; "" where none is known.
        failed_s: When a failure was last written down, in seconds since the epoch; None: none is known.
        succeeded_s: When it last took something, as far as that is known; None: it is not.
        scheme: How the next request to it is signed first: "draft-cavage-http-signatures-12", "rfc9421".
        delivered: How often it took something, from this process, since that started.
        failed: How often it did not.
    """

    host: str
    waiting: int
    leased: int
    buried: int
    failures: int
    due_s: float
    paused: bool
    failing_days: int
    unavailable: bool
    gone: bool
    last: str
    failed_s: float | None
    succeeded_s: float | None
    scheme: str
    delivered: int
    failed: int


async def list_hosts(engine: Engine, ports: PortSet, *, after: str = "", limit: int = 100) -> list[HostStatus]:
    """Tell how it stands with the hosts for which something waits, or lies, or that fail; in order of name.

    Args:
        engine: Of the site.
        ports: Queue and store.
        after: The last host of the page before.
        limit: How many are given.
    """
    site = engine.site.origin
    place = (site, str(Lane(LaneKind.OUT, after)))
    lanes = await ports.queue.lanes(kinds=[LaneKind.OUT], after=place, limit=limit)
    return await describe_hosts(engine, [status for status in lanes if status.site == site], ports)


async def describe_hosts(engine: Engine, lanes: Sequence[LaneStatus], ports: PortSet) -> list[HostStatus]:
    """Tell how it stands with the hosts of some lanes.

    Args:
        engine: Of the site.
        lanes: Of this site, all of `LaneKind.OUT`.
        ports: Where health and schemes are kept.
    """
    site = engine.site.origin
    found = await ports.store.get_many([health_key(site, status.lane.name) for status in lanes])
    return [await _status(engine, lane, found.get(health_key(site, lane.lane.name)), ports) for lane in lanes]


async def _status(engine: Engine, lane: LaneStatus, value: bytes | None, ports: PortSet) -> HostStatus:
    host, now_s = lane.lane.name, ports.clock.now_s()
    health, tally = decode_health(value), engine.hosts.of(host)
    knock = first_scheme(await recall(ports, engine.site.origin, f"https://{host}"), now_s)
    succeeded_s = max(health.succeeded_s, tally.succeeded_s)
    return HostStatus(
        host=host,
        waiting=lane.waiting,
        leased=lane.leased,
        buried=lane.buried,
        failures=lane.failures,
        due_s=lane.due_s,
        paused=lane.paused,
        failing_days=len(health.days),
        unavailable=is_unavailable(health, now_s=now_s, policy=engine.config.delivery),
        gone=health.gone_until_s > now_s,
        last=tally.last or health.reason,
        failed_s=health.failed_s or None,
        succeeded_s=succeeded_s or None,
        scheme=knock.scheme.value,
        delivered=tally.delivered,
        failed=tally.failed,
    )
