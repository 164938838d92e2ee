"""One inbound activity, from bytes to durable: the steps in this order and no other.

Cheap checks come before dear ones; nothing unsigned causes a fetch; 202 means that it is on disk.
"""

from __future__ import annotations

from ..fetch import Budget, learn_inbound
from ..http import Request
from ..jsonld import normalize
from ..ports import Event, Lane, LaneKind, Task
from ..signatures import VerifiedDocument, VerifiedRequest, parse_claims
from ..wire.iri import origin_of
from ..wire.json import JsonObject, dump_parsed, parse_written
from .admission import Peeked, admit, check_claimed, check_plain, peek
from .arrivals import Arrived
from .authorship import AuthenticActivity, authenticate, known_key
from .envelope import InboundTask
from .idempotency import activity_key, confirmed_hash, written_hash
from .policing import admit_actor, count_said, refuse_involved
from .proving import prove
from .reception import Receipt, Reception
from .signers import Departed, Gatekeeper

_TYPE_CHARS_MAX = 100


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
        TooManyActivities: Its actor, or all of its host, say more than is taken (429).
        PortError: Store or queue failed; nothing was acknowledged (503).
    """
    config, ports = reception.config, reception.ports
    # (1) Admit: method, host, media type, length.
    admitted = admit(request, config.limits, reception.authorities)
    # (2) Parse the claims of who signed; ask the policy about the keys' hosts.
    gate = Gatekeeper(fetcher=reception.fetcher, authorities=reception.authorities, refuse=reception.refuse)
    claims = gate.admit(parse_claims(admitted, config.limits))
    # (3) Parse the body strictly and peek at what it claims to be; nothing is fetched for what nobody may say.
    raw, written = parse_written(admitted.body, config.limits)
    claimed = check_claimed(peek(check_plain(raw, admitted.body)), reception.fetcher.is_own)
    admit_actor(reception, claimed)
    if claimed.concerns_own_actor and not await _is_known(reception, claimed.actor):
        return _ignored(reception, claimed)
    claims = gate.check(admitted, claims)
    # (4) Resolve the keys, their owner confirmed, and (5) verify the signature, and what the document proves itself.
    budget = reception.fetcher.budget()
    verified = await gate.verify(admitted, claims, budget)
    count_said(reception, verified)
    proof = await _prove(raw, verified, reception, budget)
    # (6) Normalize: known contexts are mapped, nothing is fetched.
    document = normalize(raw, limits=config.limits)
    # (7) Load it as a model: typed, unknown properties kept, any type name accepted; and (8) authenticate it: who
    # speaks, and may he say this.
    authentic = await authenticate(verified, document, proof, fetcher=reception.fetcher, budget=budget)
    await refuse_involved(reception, authentic, document)
    # (9) Ask whether it has been handled already.
    task = _task(reception, authentic, admitted, written if authentic.document is raw else b"")
    actor, activity_id = authentic.actor, authentic.activity_id
    key = activity_key(reception.site, actor, activity_id, reception.inbox, task.content_hash)
    met = known_key(reception.site, actor)
    marks = await ports.store.get_many([key, met])
    known_hash = confirmed_hash(marks.get(key))
    if known_hash is not None:
        return _duplicate(reception, authentic, verified, same=known_hash == task.content_hash)
    # (10) Enqueue: durable when it returns.
    await _remember_actor(reception, met, is_known=met in marks)
    if not await _enqueue(reception, Arrived(task, authentic, key), origin_of(actor)):
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


async def _is_known(reception: Reception, actor: str) -> bool:
    return await reception.ports.store.get(known_key(reception.site, actor)) is not None


async def _remember_actor(reception: Reception, mark: str, *, is_known: bool) -> None:
    """Keep the fact that we have met this actor, so that its Delete is listened to (INB-06)."""
    if not is_known:  # it was looked up with another: a read is cheaper than a write that changes nothing
        await reception.ports.store.add_if_absent(mark, b"1")


async def _enqueue(reception: Reception, arrived: Arrived, origin: str) -> bool:
    """Let an activity wait for the worker: durable when it returns; False: its like waits already."""
    payload = arrived.task.encode()
    waiting = Task(
        site=reception.site,
        lane=Lane(LaneKind.IN, origin),
        payload=payload,
        dedupe_key=arrived.key,
        ordering_key="",
    )
    if reception.arrivals is not None:
        reception.arrivals.keep(payload, arrived)  # before: the worker may be quick
    return bool(await reception.ports.queue.enqueue([waiting]))


def _task(reception: Reception, authentic: AuthenticActivity, request: Request, written: bytes) -> InboundTask:
    """Make what waits; `written` is its document where that was written already, else b""."""
    evidence, written = authentic.evidence, written or dump_parsed(authentic.document)
    # What was fetched from its origin is known to those who can be told of it there.
    is_passed_on = evidence.how in ("signature", "proof") and reception.passes_on(authentic.document)
    return InboundTask(
        site=reception.site,
        inbox=reception.inbox,
        recipient=reception.recipient,
        signer=evidence.signer,
        key_id=evidence.key_id,
        scheme=evidence.scheme,
        how=evidence.how,
        received_s=evidence.received_s,
        content_hash=written_hash(written),
        document=authentic.document,
        body=request.body.decode("utf-8") if is_passed_on else "",
        written=written,
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
    _emit(reception, "inbox.duplicate", id=authentic.activity_id, same_content=same)
    return Receipt(outcome="duplicate", activity_id=authentic.activity_id, verified=_evidence(verified))


def _queued(reception: Reception, authentic: AuthenticActivity, verified: VerifiedRequest | Departed) -> Receipt:
    activity_id, kind = authentic.activity_id, authentic.activity.type_name[:_TYPE_CHARS_MAX]
    _emit(reception, "inbox.queued", id=activity_id, type=kind, signer=authentic.evidence.signer)
    return Receipt(outcome="queued", activity_id=activity_id, verified=_evidence(verified))


def _evidence(verified: VerifiedRequest | Departed) -> VerifiedRequest | None:
    return None if isinstance(verified, Departed) else verified
