"""What need not be sent any more: pure, over the deliveries that wait for one inbox.

An Update that a later Update of the same object follows is not sent. A Create whose Delete follows is not sent, when no
attempt was made with it; nor are the Updates in between; nor is its Delete, unless the object was for everybody: then
its host may have fetched it in the meantime, and is told that it is gone.

Invariants: the receiver's final state is that which all of it would have led to; what is one of ours to be seen in
between (an Announce, a Like) keeps a Create and its Delete as they are; nothing that was perhaps sent is thought away;
deliveries for other inboxes play no part.

Sources: MOD-24, MOD-26, AP-S11 (an Update is a complete replacement); DLV-10.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import attrs

from ..errors import FedtextError
from ..wire.json import JsonObject, parse_object
from .addressing import is_for_everybody

_LASTING: Final = ("Create", "Update", "Delete")


@attrs.frozen(kw_only=True)
class Waiting:
    """One delivery that waits.

    Args:
        job_id: Of its job.
        activity_id: Of what it says.
        kind: Its type.
        actor: Who says it.
        object_id: About what; None: it cannot be told.
        public: Whether it is for everybody.
        handed: Whether it may have been sent before.
    """

    job_id: int
    activity_id: str
    kind: str
    actor: str
    object_id: str | None
    public: bool
    handed: bool


@attrs.frozen(kw_only=True)
class Superfluous:
    """Why a delivery is left out.

    Args:
        event: "delivery.superseded": a later Update says it all. "delivery.withdrawn": what it is about is gone.
        by: Id of the later activity.
    """

    event: str
    by: str


def read_waiting(job_id: int, body: str, *, handed: bool) -> Waiting:
    """Read a delivery's body as far as it matters here; what cannot be read is about nothing."""
    try:
        document = parse_object(body.encode("utf-8"))
    except FedtextError:
        document = {}
    return Waiting(
        job_id=job_id,
        activity_id=_text(document.get("id")),
        kind=_text(document.get("type")),
        actor=_text(_id_of(document.get("actor"))),
        object_id=_id_of(document.get("object")),
        public=is_for_everybody(document),
        handed=handed,
    )


def collapse(chain: Sequence[Waiting]) -> Mapping[int, Superfluous]:
    """Choose what need not be sent.

    Args:
        chain: What waits for one inbox under one ordering key, in order.

    Returns:
        By job; what is not in it is sent.
    """
    left_out: dict[int, Superfluous] = {}
    for place, waiting in enumerate(chain):
        if waiting.object_id is None or waiting.job_id in left_out:
            continue
        later = [other for other in chain[place + 1 :] if _is_about_the_same(waiting, other)]
        if waiting.kind == "Update" and later:
            following = next((other for other in later if other.kind in _LASTING), None)
            if following is not None and following.kind == "Update":
                left_out[waiting.job_id] = Superfluous(event="delivery.superseded", by=following.activity_id)
        elif waiting.kind == "Create":
            left_out |= _never_sent(waiting, later)
    return left_out


def _never_sent(create: Waiting, later: Sequence[Waiting]) -> dict[int, Superfluous]:
    """Leave out a Create that was never sent, and what is said of its object until its Delete."""
    span, last = [create, *later], (create, *later)[-1]
    kinds = [waiting.kind for waiting in span]
    if kinds != ["Create", *["Update"] * (len(span) - 2), "Delete"] or any(waiting.handed for waiting in span):
        return {}
    is_told = any(waiting.public for waiting in span)
    why = Superfluous(event="delivery.withdrawn", by=last.activity_id)
    return {waiting.job_id: why for waiting in (span[:-1] if is_told else span)}


def _is_about_the_same(waiting: Waiting, other: Waiting) -> bool:
    return (other.actor, other.object_id) == (waiting.actor, waiting.object_id)


def _id_of(value: Any) -> str | None:
    inner = cast("JsonObject", value).get("id") if isinstance(value, dict) else value
    return inner if isinstance(inner, str) and inner else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
