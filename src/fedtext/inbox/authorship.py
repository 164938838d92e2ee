"""The one place where an activity becomes authentic.

Threat: every published forgery in this field is a path that skips one of these questions: who signed, is that the
actor, does the id belong to the actor, may the actor say this (SEC-060…064, 072, 079…089, 131).
Only `authenticate` and, for the worker, `restore` make an `AuthenticActivity`.
"""

from __future__ import annotations

from typing import Final, cast

import attrs

from ..errors import (
    BudgetExhausted,
    DocumentError,
    FetchError,
    Gone,
    KeyRefused,
    KeyUnavailable,
    OriginMismatch,
    TypeMismatch,
)
from ..fetch import Budget, Fetcher, cached_documents, fetch_document, origin_or_none
from ..jsonld import normalize
from ..ports import store_key
from ..signatures import SignatureClaim, VerifiedDocument, VerifiedRequest
from ..vocab import Activity, Delete, load
from ..wire.iri import parse_url
from ..wire.json import JsonObject
from .envelope import InboundTask
from .ownership import check_held, check_ours, confine, held_ids, identifier
from .proving import is_fresh
from .signers import Departed


@attrs.frozen(kw_only=True, slots=False)  # made for every activity, in half the time
class Evidence:
    """Why an activity is believed.

    Args:
        signer: Owner of the key that signed the HTTP request.
        key_id: That key.
        scheme: How it was signed.
        how: "signature" (the actor itself signed), "proof" (it carries the actor's proof), "origin" (fetched from the
            actor's origin) or "gone" (410 there).
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
        # A step before that gives way lets nothing pass (SEC-089).
        if not isinstance(activity, Activity):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError("only an activity can be authentic")
        self.activity: Final = activity
        self.document: Final = document
        self.evidence: Final = evidence

    @property
    def actor(self) -> str:
        """Id of the actor: where it is authenticated, the document says it plainly."""
        actor = self.document.get("actor")
        return actor if isinstance(actor, str) else str(self.activity.actor_id)

    @property
    def activity_id(self) -> str | None:
        """Id of the activity; whoever made a model of the document has seen that it is text."""
        activity_id = self.document.get("id")
        return activity_id if isinstance(activity_id, str) else None

    def __repr__(self) -> str:
        """Name the activity and its actor."""
        return f"<AuthenticActivity {self.activity.type_name} {self.activity.id} by {self.evidence.signer}>"


async def authenticate(
    verified: VerifiedRequest | Departed,
    document: JsonObject,
    proof: VerifiedDocument | None = None,
    *,
    fetcher: Fetcher,
    budget: Budget,
) -> AuthenticActivity:
    """Decide whether the actor really said this, and give what it said.

    Args:
        verified: Evidence of an HTTP signature, whose signer need not be the actor (forwarding); or that its key is
            gone, which is enough for an actor's Delete of itself, if the actor is gone, too.
        document: Normalized body; it goes on only if the signer is the actor.
        proof: Evidence that the document is its actor's own; counts where somebody else passes it on.
        fetcher: Used to fetch a forwarded activity from its origin, and for what we hold of the objects.
        budget: Of this message.

    Raises:
        OriginMismatch: Somebody else's word (403).
        KeyRefused: The key is gone, and that is not what the activity is about (401).
        DocumentError: Not an activity that can be used.
        FetchError: The origin of a forwarded activity cannot be asked now.
    """
    activity = _activity(document)
    actor = _actor(document, fetcher)
    if isinstance(verified, Departed):
        evidence = await _departed(verified.claim, document, activity, actor, fetcher, budget)
    else:
        how, policy = "signature", fetcher.config.inbox
        by_proof = proof is not None and policy.forwarded_by_proof and is_fresh(proof, fetcher=fetcher)
        if actor != verified.signer and proof is not None and by_proof:
            document = _from_proof(proof, actor, fetcher)
            activity, how = _activity(document), "proof"
        elif actor != verified.signer:
            if not policy.forwarded_by_fetch:
                raise OriginMismatch("signed by somebody else than its actor", actor=actor)
            document = await _from_origin(document, actor, fetcher, budget)
            activity, how = _activity(document), "origin"
        evidence = Evidence(
            signer=verified.signer,
            key_id=verified.key.key_id,
            scheme=verified.scheme.value,
            how=how,
            received_s=fetcher.ports.clock.now_s(),
        )
    confined = confine(document, activity, actor)
    check_ours(document, activity, fetcher.is_own)
    await _compare(document, activity, actor, fetcher)
    if confined is not document:
        activity = _activity(confined)
    return AuthenticActivity(_SEAL, activity, confined, evidence)


async def _departed(
    claim: SignatureClaim, document: JsonObject, activity: Activity, actor: str, fetcher: Fetcher, budget: Budget
) -> Evidence:
    """Believe an actor's Delete of itself when its own address answers 410 (settled: INB-06, SEC-070)."""
    if not isinstance(activity, Delete) or identifier(document.get("object")) != actor:
        raise KeyRefused("the owner of the key is gone", key_id=claim.key_id)
    try:
        await fetch_document(fetcher, actor, budget)
    except Gone:
        now_s = fetcher.ports.clock.now_s()
        return Evidence(signer=actor, key_id=claim.key_id, scheme=claim.scheme.value, how="gone", received_s=now_s)
    except (FetchError, DocumentError) as error:
        if not error.permanent:
            raise KeyUnavailable("the host of the actor cannot be reached", actor=actor) from error
        raise KeyRefused("the key is gone, but its owner is not said to be", actor=actor) from error
    raise KeyRefused("the key is gone, but its owner is not", actor=actor)


async def _compare(document: JsonObject, activity: Activity, actor: str, fetcher: Fetcher) -> None:
    """Compare with what we hold of the objects: who is known as an actor, and what is in the cache; no fetch."""
    ids = held_ids(document, activity, actor)
    if not ids:
        return
    marks = {known_key(fetcher.site, object_id): object_id for object_id in ids}
    known = await fetcher.ports.store.get_many(list(marks))
    held = await cached_documents(fetcher, ids)
    check_held(document, activity, actor, held, frozenset(marks[key] for key in known))


def known_key(site: str, actor: str) -> str:
    """Give the store's key of the lasting fact that we have met this actor."""
    return store_key(site, "known", actor)


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


def _actor(document: JsonObject, fetcher: Fetcher) -> str:
    actor = identifier(document.get("actor"))
    if actor is None:
        raise TypeMismatch("the actor is one absolute URL", property="actor")
    if fetcher.is_own(parse_url(actor)):
        raise OriginMismatch("an actor of this server does not speak from outside", actor=actor)
    return actor


def _from_proof(proof: VerifiedDocument, actor: str, fetcher: Fetcher) -> JsonObject:
    """Give what the proof covers: that, and nothing else that was received, goes on."""
    document = normalize(proof.document, limits=fetcher.config.limits)
    if proof.signer != actor or identifier(document.get("actor")) != actor:
        raise OriginMismatch("the proof is not by the actor", actor=actor)
    return document


async def _from_origin(document: JsonObject, actor: str, fetcher: Fetcher, budget: Budget) -> JsonObject:
    """Fetch a forwarded activity at its id and demand that it is by the same actor (INB-15, SEC-131: F<=1)."""
    activity_id = document.get("id")
    if not isinstance(activity_id, str) or "#" in activity_id or origin_or_none(activity_id) != origin_or_none(actor):
        raise OriginMismatch("signed by somebody else than its actor", actor=actor)
    try:
        found = await fetch_document(fetcher, activity_id, budget)
    except (FetchError, DocumentError) as error:
        if not error.permanent or isinstance(error, BudgetExhausted):
            raise
        raise OriginMismatch("its origin does not know this activity", actor=actor, id=activity_id) from error
    if found.get("id") != activity_id or identifier(found.get("actor")) != actor:
        raise OriginMismatch("its origin knows this activity as another's", actor=actor, id=activity_id)
    return found
