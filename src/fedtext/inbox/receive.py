"""One inbound activity, from bytes to durable: the steps in this order and no other.

Cheap checks come before dear ones; nothing unsigned causes a fetch; 202 means that it is on disk.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from ..config import Config
from ..errors import TypeMismatch
from ..fetch import Budget, Fetcher, learn_inbound, origin_or_none
from ..http import Request
from ..jsonld import normalize
from ..ports import Event, Lane, LaneKind, PortSet, Task
from ..signatures import VerifiedDocument, VerifiedRequest, parse_claims
from ..vocab import Activity, load
from ..wire.iri import origin_of
from ..wire.json import JsonObject, JsonValue, parse_object
from .admission import Peeked, admit, check_claimed, check_plain, peek
from .authorship import AuthenticActivity, authenticate, known_key
from .envelope import InboundTask
from .idempotency import activity_key, content_hash, seen
from .proving import prove
from .signers import Departed, Gatekeeper

_TYPE_CHARS_MAX = 100


@attrs.frozen(kw_only=True)
class Reception:
    """All that receiving needs.

    Args:
        ports: Of the colour of the edge.
        fetcher: The one way out.
        config: Limits and policies.
        site: Origin of the receiving site.
        authorities: Hosts under which the site is served.
        refuse: Policy by host or IRI; raises `PolicyRefusal`. Called for every IRI involved, before any work for it.
        inbox: Path of the inbox.
        recipient: Identifier of the inbox's owner, or None for the shared inbox.
    """

    ports: PortSet
    fetcher: Fetcher
    config: Config
    site: str
    authorities: frozenset[str]
    refuse: Callable[[str], None]
    inbox: str
    recipient: str | None


@attrs.frozen(kw_only=True)
class Receipt:
    """What became of it: "queued", "duplicate", "ignored" (all 202). Refusals are errors.

    `verified`: evidence of who signed the request, and what of it; None where nobody that is there did.
    """

    outcome: str
    activity_id: str | None = None
    verified: VerifiedRequest | None = None


async def receive(request: Request, reception: Reception) -> Receipt:
    """Take one POST to an inbox.

    Args:
        request: As received; `request.body` is the exact bytes.
        reception: All that receiving needs.

    Returns:
        A receipt; whatever it says, the answer is 202 (INB-03).

    Raises:
        RequestError: Method, host, media type or size (405, 421, 415, 413).
        SignatureError: Unsigned or not verified (401; 503 when the key's host is down).
        DocumentError: Not a document that can be used (400).
        OriginMismatch: Not the actor's own word (403).
        PolicyRefusal: Refused by this server (403).
        PortError: Store or queue failed; nothing was acknowledged (503).
    """
    config, ports = reception.config, reception.ports
    # (1) Admit: method, host, media type, length.
    admitted = admit(request, config.limits, reception.authorities)
    # (2) Parse the claims of who signed; ask the policy about the keys' hosts.
    gate = Gatekeeper(fetcher=reception.fetcher, authorities=reception.authorities, refuse=reception.refuse)
    claims = gate.admit(parse_claims(admitted, config.limits))
    # (3) Parse the body strictly and peek at what it claims to be; nothing is fetched for what nobody may say.
    raw = check_plain(parse_object(admitted.body, config.limits))
    claimed = check_claimed(peek(raw), reception.fetcher.is_own)
    reception.refuse(claimed.actor)
    if claimed.concerns_own_actor and not await _is_known(reception, claimed.actor):
        return _ignored(reception, claimed)
    claims = gate.check(admitted, claims)
    # (4) Resolve the keys, their owner confirmed, and (5) verify the signature, and what the document proves itself.
    budget = reception.fetcher.budget()
    verified = await gate.verify(admitted, claims, budget)
    proof = await _prove(raw, verified, reception, budget)
    # (6) Normalize: known contexts are mapped, nothing is fetched.
    document = normalize(raw, limits=config.limits)
    # (7) Load it as a model: typed, unknown properties kept, any type name accepted.
    _require_activity(load(document))
    # (8) Authenticate: who speaks, and may he say this.
    authentic = await authenticate(verified, document, proof, fetcher=reception.fetcher, budget=budget)
    _refuse_involved(reception, authentic)
    # (9) Ask whether it has been handled already.
    task = _task(reception, authentic)
    actor = str(authentic.activity.actor_id)
    key = activity_key(reception.site, actor, authentic.activity.id, reception.inbox, task.content_hash)
    known_hash = await seen(ports.store, key)
    if known_hash is not None:
        return _duplicate(reception, authentic, verified, same=known_hash == task.content_hash)
    # (10) Enqueue: durable when it returns.
    await _remember_actor(reception, actor)
    lane = Lane(LaneKind.IN, origin_of(actor))
    waiting = Task(site=reception.site, lane=lane, payload=task.encode(), dedupe_key=key, ordering_key="")
    if not await ports.queue.enqueue([waiting]):
        return _duplicate(reception, authentic, verified, same=None)
    return _queued(reception, authentic, verified)


async def _prove(
    raw: JsonObject, verified: VerifiedRequest | Departed, reception: Reception, budget: Budget
) -> VerifiedDocument | None:
    """Verify what the document proves of itself, under a signature of the request that holds; learn from that one."""
    if isinstance(verified, Departed):
        return None
    await learn_inbound(reception.ports, reception.site, verified)
    proof = await prove(raw, verified.signer, fetcher=reception.fetcher, budget=budget)
    if proof is not None:
        reception.refuse(proof.key.key_id)
    return proof


def _require_activity(loaded: object) -> None:
    if not isinstance(loaded, Activity):
        raise TypeMismatch("an inbox takes activities only", type=type(loaded).__name__)


def _refuse_involved(reception: Reception, authentic: AuthenticActivity) -> None:
    """Ask the policy about every IRI that is involved (SEC-151)."""
    document = authentic.document
    for name in ("id", "actor", "object", "target", "origin", "instrument", "inReplyTo"):
        for iri in _iris(document.get(name)):
            reception.refuse(iri)


def _iris(value: JsonValue) -> list[str]:
    if isinstance(value, str):
        return [value] if origin_or_none(value) is not None else []
    if isinstance(value, list):
        return [iri for item in value for iri in _iris(item)]
    if isinstance(value, dict):
        found = [value.get(name) for name in ("id", "attributedTo", "actor", "inReplyTo", "object")]
        return [iri for item in found for iri in _iris(item)]
    return []


async def _is_known(reception: Reception, actor: str) -> bool:
    return await reception.ports.store.get(known_key(reception.site, actor)) is not None


async def _remember_actor(reception: Reception, actor: str) -> None:
    """Keep the fact that we have met this actor, so that its Delete is listened to (INB-06)."""
    await reception.ports.store.add_if_absent(known_key(reception.site, actor), b"1")


def _task(reception: Reception, authentic: AuthenticActivity) -> InboundTask:
    evidence = authentic.evidence
    return InboundTask(
        site=reception.site,
        inbox=reception.inbox,
        recipient=reception.recipient,
        signer=evidence.signer,
        key_id=evidence.key_id,
        scheme=evidence.scheme,
        how=evidence.how,
        received_s=evidence.received_s,
        content_hash=content_hash(authentic.document),
        document=authentic.document,
    )


def _emit(reception: Reception, name: str, **fields: str | bool | None) -> None:
    reception.ports.observer.emit(Event(name=name, fields={"inbox": reception.inbox, **fields}))


def _ignored(reception: Reception, claimed: Peeked) -> Receipt:
    """A Delete or Update of an actor that we never knew: 202, and no key is fetched (INB-06)."""
    _emit(reception, "inbox.ignored", type=claimed.type, actor=claimed.actor)
    return Receipt(outcome="ignored", activity_id=claimed.activity_id)


def _duplicate(
    reception: Reception, authentic: AuthenticActivity, verified: VerifiedRequest | Departed, *, same: bool | None
) -> Receipt:
    """First wins; the same id with other content is noted (SEC-046, SEC-047). None: the first one waits still."""
    _emit(reception, "inbox.duplicate", id=authentic.activity.id, same_content=same)
    return Receipt(outcome="duplicate", activity_id=authentic.activity.id, verified=_evidence(verified))


def _queued(reception: Reception, authentic: AuthenticActivity, verified: VerifiedRequest | Departed) -> Receipt:
    activity = authentic.activity
    kind = activity.type_name[:_TYPE_CHARS_MAX]
    _emit(reception, "inbox.queued", id=activity.id, type=kind, signer=authentic.evidence.signer)
    return Receipt(outcome="queued", activity_id=activity.id, verified=_evidence(verified))


def _evidence(verified: VerifiedRequest | Departed) -> VerifiedRequest | None:
    return None if isinstance(verified, Departed) else verified
