"""The report box: what others report to this server is kept, whether or not anybody listens.

Threat: SEC-143. A report is somebody's word, and as long as he likes: its ids and its text are cut, and reports of
hosts whose reports are not wanted are not kept.

Sources: ActivityStreams `Flag` as Mastodon and others send it (TS); TRU-02, TRU-08.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

import attrs

from ..errors import FedtextError
from ..inbox import Rules
from ..ports import PortSet, store_key, store_prefix
from ..vocab import Flag, reference_id
from ..wire.html import to_text
from ..wire.json import JsonObject, JsonValue, dump, parse_object

OBJECTS_COUNT_MAX: Final = 100
COMMENT_CHARS_MAX: Final = 5_000
_VERSION: Final = 1
_REMEMBERED_S: Final = 30 * 86_400


@attrs.frozen(kw_only=True)
class Report:
    """One report.

    Args:
        report_id: By which it is closed.
        reporter: Id of the actor who sent it: usually the actor of a server, which does not say who complained.
        objects: Ids of who and what is reported, at most `OBJECTS_COUNT_MAX`.
        comment: As plain text, at most `COMMENT_CHARS_MAX` characters.
        received_s: When, in seconds since the epoch.
    """

    report_id: str
    reporter: str
    objects: tuple[str, ...]
    comment: str
    received_s: float


async def keep_report(ports: PortSet, site: str, flag: Flag, rules: Rules, *, received_s: float) -> bool:
    """Put a report into the box, once however often and to however many inboxes it comes.

    Returns:
        False where it is there already, or reports from its sender are not wanted.
    """
    reporter = str(flag.actor_id)
    if rules.rejects_reports(reporter):
        return False
    name = sha256(f"{reporter}\n{flag.id or received_s}".encode()).hexdigest()[:16]
    mark = store_key(site, "reported", name)
    if await ports.store.get(mark) is not None:
        return False
    objects = [iri for value in flag.objects[:OBJECTS_COUNT_MAX] if (iri := reference_id(value)) is not None]
    comment = to_text(str(flag.content or ""))[:COMMENT_CHARS_MAX]
    report_id = f"{int(received_s * 1_000):015d}-{name}"
    about: JsonObject = {
        "v": _VERSION,
        "reporter": reporter,
        "objects": list[JsonValue](objects),
        "comment": comment,
        "received_s": received_s,
    }
    await ports.store.put(store_key(site, "report", report_id), dump(about))
    await ports.store.put(mark, b"1", ttl_s=_REMEMBERED_S)
    return True


async def list_reports(ports: PortSet, site: str, *, after: str = "", limit: int = 100) -> list[Report]:
    """Give reports that are not closed, the oldest first.

    Args:
        ports: The store.
        site: Whose box.
        after: The last `report_id` of the page before.
        limit: How many at most.
    """
    prefix = store_prefix(site, "report")
    rows = await ports.store.scan(prefix, after=prefix + after if after else "", limit=limit)
    found = [_read(key[len(prefix) :], value) for key, value in rows]
    return [report for report in found if report is not None]


async def close_report(ports: PortSet, site: str, report_id: str) -> bool:
    """Take a report out of the box; False when it is not there."""
    return bool(await ports.store.delete(store_key(site, "report", report_id)))


def _read(report_id: str, value: bytes) -> Report | None:
    try:
        found = parse_object(value)
    except FedtextError:
        return None
    objects, received_s = found.get("objects"), found.get("received_s")
    if found.get("v") != _VERSION or not isinstance(objects, list) or not isinstance(received_s, int | float):
        return None
    return Report(
        report_id=report_id,
        reporter=str(found.get("reporter")),
        objects=tuple(iri for iri in objects if isinstance(iri, str)),
        comment=str(found.get("comment", "")),
        received_s=float(received_s),
    )
