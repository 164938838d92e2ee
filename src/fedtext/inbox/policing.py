"""Where the policy of this server is asked about an activity that arrives: by whom, how much, about whom, to whom."""

from __future__ import annotations

from typing import Final

from ..errors import PolicyRefusal
from ..fetch import cached_documents, origin_or_none
from ..signatures import VerifiedRequest
from ..vocab import Activity, Delete, Reject, Undo, Update
from ..wire.iri import origin_of
from ..wire.json import JsonObject, JsonValue
from .admission import Peeked, mentioned_ids, mentions_count
from .authorship import AuthenticActivity
from .reception import Reception
from .signers import Departed

_OF_SUSPENDED: Final = frozenset({"Delete", "Undo", "Reject", "Update"})  # INB-20
_KINDS_OF_SUSPENDED: Final = (Delete, Undo, Reject, Update)
_INVOLVED: Final = ("id", "actor", "object", "target", "origin", "instrument", "inReplyTo")
_NAMING: Final = ("id", "attributedTo", "actor", "inReplyTo", "object")


def admit_actor(reception: Reception, claimed: Peeked) -> None:
    """Ask the policy about who claims to speak (SEC-151).

    Raises:
        PolicyRefusal: Nothing, or nothing of this kind, is heard of him.
    """
    reception.refuse(claimed.actor)
    if claimed.type not in _OF_SUSPENDED and reception.suspends(claimed.actor):
        raise PolicyRefusal("of whom is suspended only endings and changes are heard", actor=claimed.actor)


def count_said(reception: Reception, verified: VerifiedRequest | Departed) -> None:
    """Count what was said, by who has shown to be who he is; a relay that was asked for it says what many say.

    Raises:
        TooManyActivities: He, or all of his host, say more than is taken.
    """
    if isinstance(verified, Departed):
        return
    policy, now_s = reception.config.inbox, reception.ports.clock.now_s()
    if reception.is_relay(verified.signer):
        name, per_minute_max = f"relay {verified.signer}", policy.relay_activities_per_minute_max
        reception.pace.take(name, now_s=now_s, per_minute_max=per_minute_max)
        return
    host = origin_of(verified.key.key_id)
    reception.pace.take(host, now_s=now_s, per_minute_max=policy.host_activities_per_minute_max)
    reception.pace.take(verified.signer, now_s=now_s, per_minute_max=policy.actor_activities_per_minute_max)


async def refuse_involved(reception: Reception, authentic: AuthenticActivity, received: JsonObject) -> None:
    """Ask the policy about every IRI that is involved (SEC-151), and whether it is said to too many (SEC-139).

    Args:
        reception: Whose policy.
        authentic: What goes on.
        received: What was said, also of others: it goes no further, but it was said.

    Raises:
        PolicyRefusal: It is about somebody who is not wanted here, or addressed to too many.
    """
    document, actor = authentic.document, authentic.actor
    suspended = reception.suspends(actor)
    involved: dict[str, None] = {}
    for part in (received,) if received is document else (received, document):
        for name in _INVOLVED:
            _gather(part.get(name), involved)
    for iri in involved:
        reception.refuse(iri)
        if not suspended and reception.suspends(iri):
            raise PolicyRefusal("it is about somebody who is suspended", iri=iri)
    # Threat: what was peeked at is what somebody sent; what goes on may have been fetched, and be something else.
    if suspended and not ends_or_changes(authentic.activity):
        raise PolicyRefusal("of whom is suspended only endings and changes are heard", actor=actor)
    if suspended and isinstance(authentic.activity, Update) and not await _is_held(reception, authentic.activity):
        raise PolicyRefusal("of whom is suspended only changes of what we have are heard", actor=actor)
    if mentions_count(document) <= reception.config.inbox.mentions_count_max:
        return  # nearly always: nobody needs to look who of them is one of ours
    crowd = {iri for iri in mentioned_ids(document) if reception.fetcher.is_own_id(iri)}
    if len(crowd) > reception.config.inbox.mentions_count_max:
        raise PolicyRefusal("it is said to more of us than one may address at once", actors=len(crowd))


def ends_or_changes(activity: Activity) -> bool:
    """Tell whether an activity is one of those that are heard also of somebody who is suspended (INB-20)."""
    return isinstance(activity, _KINDS_OF_SUSPENDED)


async def _is_held(reception: Reception, update: Update) -> bool:
    changed = update.object_id
    if changed is None or changed == update.actor_id:
        return changed is not None
    return bool(await cached_documents(reception.fetcher, [changed]))


def _gather(value: JsonValue, found: dict[str, None]) -> None:
    """Add the IRIs that a value is or names, in their order."""
    if isinstance(value, str):
        if value not in found and origin_or_none(value) is not None:
            found[value] = None
    elif isinstance(value, list):
        for item in value:
            _gather(item, found)
    elif isinstance(value, dict):
        for name in _NAMING:
            if name in value:
                _gather(value[name], found)
