"""The one place where an activity becomes authentic.

Threat: every published forgery in this field is a path that skips one of these questions: who signed, is that the
actor, does the id belong to the actor, may the actor say this (SEC-060…064, 072, 079…089, 131).
Only `authenticate` and, for the worker, `restore` make an `AuthenticActivity`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, cast

import attrs

from ..errors import Gone, KeyRefused, MalformedIri, OriginMismatch, TypeMismatch
from ..fetch import Budget, Fetcher, fetch_document
from ..signatures import SignatureClaim, VerifiedRequest
from ..vocab import Activity, load
from ..wire.iri import origin_of, parse_iri
from ..wire.json import JsonObject
from .envelope import InboundTask
from .ownership import check_identity, confine, identifier


@attrs.frozen(kw_only=True)
class Evidence:
    """Why an activity is believed.

    Args:
        signer: Owner of the key that signed the HTTP request.
        key_id: That key.
        scheme: How it was signed.
        how: "signature" (the actor itself signed), "origin" (fetched from the actor's origin) or "gone" (410 there).
        received_s: When, in seconds since the epoch.
    """

    signer: str
    key_id: str
    scheme: str
    how: str
    received_s: float


class _Seal:
    """Proves that a value was made in this module."""


_SEAL: Final = _Seal()


class AuthenticActivity:
    """An activity that its actor really made; cannot be built outside of this module."""

    __slots__ = ("activity", "document", "evidence")

    def __init__(self, seal: _Seal, activity: Activity, document: JsonObject, evidence: Evidence) -> None:
        if seal is not _SEAL:
            raise TypeError("an AuthenticActivity is made by inbox.authorship only")
        self.activity: Final = activity
        self.document: Final = document
        self.evidence: Final = evidence

    def __repr__(self) -> str:
        """Name the activity and its actor."""
        return f"<AuthenticActivity {self.activity.type_name} {self.activity.id} by {self.evidence.signer}>"


async def authenticate(
    verified: VerifiedRequest,
    document: JsonObject,
    *,
    fetcher: Fetcher,
    own_origins: Collection[str],
    budget: Budget,
) -> AuthenticActivity:
    """Decide whether the actor really said this, and give what it said.

    Args:
        verified: Evidence of an HTTP signature; its signer need not be the actor (forwarding).
        document: Normalized body; it goes on only if the signer is the actor.
        fetcher: Used only to fetch a forwarded activity from its origin.
        own_origins: Origins served here; their actors never come in from outside (SEC-083).
        budget: Of this message.

    Raises:
        OriginMismatch: Somebody else's word (403).
        TypeMismatch: Not an activity.
        FetchError: A forwarded activity could not be fetched from its origin.
    """
    actor = _actor(document, own_origins)
    how = "signature"
    if actor != verified.signer:
        document = await _from_origin(document, actor, fetcher, budget)
        how = "origin"
    check_identity(document, actor)
    confined = confine(document, actor)
    activity = _activity(confined)
    evidence = Evidence(
        signer=verified.signer,
        key_id=verified.key.key_id,
        scheme=verified.scheme.value,
        how=how,
        received_s=fetcher.ports.clock.now_s(),
    )
    return AuthenticActivity(_SEAL, activity, confined, evidence)


async def authenticate_departed(
    claim: SignatureClaim, document: JsonObject, *, fetcher: Fetcher, budget: Budget
) -> AuthenticActivity:
    """Believe an actor's Delete of itself when its own address answers 410 (settled: INB-06, SEC-070).

    Raises:
        KeyRefused: Anything else than such a Delete, or the actor is still there.
    """
    actor = identifier(document.get("actor"))
    if actor is None or document.get("type") != "Delete" or identifier(document.get("object")) != actor:
        raise KeyRefused("the owner of the key is gone")
    activity = _activity(document)
    check_identity(document, actor)
    try:
        await fetch_document(fetcher, actor, budget)
    except Gone:
        now_s = fetcher.ports.clock.now_s()
        evidence = Evidence(signer=actor, key_id=claim.key_id, scheme=claim.scheme.value, how="gone", received_s=now_s)
        return AuthenticActivity(_SEAL, activity, confine(document, actor), evidence)
    raise KeyRefused("the key is gone, but its owner is not")


def restore(task: InboundTask) -> AuthenticActivity:
    """Take up again what `authenticate` made before it waited in the queue; for the worker step alone.

    Raises:
        TypeMismatch: The envelope holds no activity.
    """
    activity = _activity(task.document)
    evidence = Evidence(
        signer=task.signer, key_id=task.key_id, scheme=task.scheme, how=task.how, received_s=task.received_s
    )
    return AuthenticActivity(_SEAL, activity, task.document, evidence)


def _activity(document: JsonObject) -> Activity:
    loaded = load(document)
    if not isinstance(loaded, Activity):
        raise TypeMismatch("an inbox takes activities only", type=loaded.type_name)
    return cast("Activity", loaded)


def _actor(document: JsonObject, own_origins: Collection[str]) -> str:
    actor = identifier(document.get("actor"))
    if actor is None:
        raise TypeMismatch("the actor is one absolute URL", property="actor")
    parse_iri(actor)
    if origin_of(actor) in own_origins:
        raise OriginMismatch("an actor of this server does not speak from outside", actor=actor)
    return actor


async def _from_origin(document: JsonObject, actor: str, fetcher: Fetcher, budget: Budget) -> JsonObject:
    """Fetch a forwarded activity at its id and demand that it is by the same actor (INB-15, SEC-131: F<=1)."""
    activity_id = document.get("id")
    try:
        same_origin = isinstance(activity_id, str) and origin_of(activity_id) == origin_of(actor)
    except MalformedIri:
        same_origin = False
    if not same_origin or not isinstance(activity_id, str) or "#" in activity_id:
        raise OriginMismatch("signed by somebody else than its actor", actor=actor)
    found = await fetch_document(fetcher, activity_id, budget)
    if found.get("id") != activity_id or identifier(found.get("actor")) != actor:
        raise OriginMismatch("its origin knows this activity as another's", actor=actor, id=activity_id)
    return found
