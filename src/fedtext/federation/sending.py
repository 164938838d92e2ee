"""Send: from an activity to a durable task, without any network."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, cast

import attrs

from ..delivery import DOCUMENT_BYTES_ADVISED, FanoutTask, ResolveTask, audience, encode_task, iris, seal
from ..errors import ConfigurationError
from ..inbox import confirm as confirm_mark
from ..ports import Batch, Event, Lane, LaneKind, PortSet, Statement, Task, store_key
from ..vocab import Accept, Activity, Actor, Object, Reject, Undo, dump, is_public, reference_id
from ..wire.iri import Iri
from ..wire.json import JsonObject
from ..wire.json import dump as dump_json
from .context import Context, Scope
from .engine import Engine
from .mentions import unresolved_handles
from .quotas import admit

# FEP-ae0c: what relays of Mastodon's style pass on.
_RELAYED = frozenset({"Create", "Update", "Delete", "Move"})
# What comes after something else that was said of the same object.
_FOLLOWING = frozenset({"Update", "Delete", "Undo"})


async def send(engine: Engine, context: Context, activity: Activity, *, to: object, within: object) -> Iri:
    """Queue an activity of an own actor; see `Context.send`.

    Raises:
        ConfigurationError: Its actor is not one of ours, or nobody gets it.
        LocalProtocolError: It is not what other servers take.
        PolicyRefusal: The outbound policy does not let its actor say it.
    """
    prepared, recipients = prepare(context, activity, to)
    await send_prepared(engine, context.ports, prepared, recipients=recipients, within=within)
    return Iri(str(prepared.id))


async def send_prepared(
    engine: Engine,
    ports: PortSet,
    activity: Activity,
    *,
    within: object,
    recipients: Sequence[str] = (),
    besides: Sequence[str] = (),
    marks: Sequence[Mark] = (),
) -> None:
    """Queue an activity that has its id, if the outbound policy lets its actor say it.

    Args:
        engine: What is fixed at start-up.
        ports: Of the colour of the caller.
        activity: Complete.
        within: The application's transaction, or None.
        recipients: See `plan_fanout`.
        besides: See `plan_fanout`; these are no mentions.
        marks: Values of the store that are written with it.

    Raises:
        ConfigurationError: Nobody gets it.
        LocalProtocolError: It is not what other servers take.
        PolicyRefusal: See `quotas.admit`.
    """
    task = fanout_task(engine, ports, activity, recipients, besides=besides)
    within = _transaction(engine, within)
    counts = await admit(engine, ports, activity, besides=recipients, within=within)
    counted = [Mark(key=count.key, value=count.value, ttl_s=count.ttl_s) for count in counts]
    await enqueue(engine, ports, task, within=within, marks=(*marks, *counted))


def prepare(context: Context, activity: Activity, to: object) -> tuple[Activity, tuple[str, ...]]:
    """Mint the id, and let the single recipients stand in `to` when nothing else does."""
    actor = activity.actor_id
    local = context.parse(actor)
    if actor is None or local is None or local.kind != "actor":
        raise ConfigurationError("only actors of this server send from here", actor=str(actor))
    recipients = _recipients(to)
    changes: dict[str, object] = {}
    if activity.id is None:
        changes["id"] = Iri(f"{actor}#{activity.type_name.rpartition('/')[2].lower()}s/{context.token()}")
    if recipients and not activity.to and not activity.cc:
        changes["to"] = recipients
    return (activity.evolve(**changes) if changes else activity), recipients


def _recipients(to: object) -> tuple[str, ...]:
    if to is None:
        return ()
    values = cast("Collection[object]", to) if isinstance(to, list | tuple | set | frozenset) else [to]
    found: dict[str, None] = {}
    for value in values:
        iri = reference_id(value) if isinstance(value, str | Object) else None
        if iri is None:
            raise ConfigurationError("a recipient is an actor or an id", recipient=repr(value))
        found[iri] = None
    return tuple(found)


def fanout_task(
    engine: Engine, ports: PortSet, activity: Activity, recipients: Sequence[str] = (), *, besides: Sequence[str] = ()
) -> Task:
    """Seal an activity and plan its fan-out; where handles ("acct:user@host") are addressed, resolve them first.

    Args:
        engine: Knows what is ours.
        ports: Its observer is told of what is large.
        activity: Complete.
        recipients: See `plan_fanout`.
        besides: See `plan_fanout`.

    Raises:
        ConfigurationError: Nobody gets it.
        LocalProtocolError: It is not what other servers take.
    """
    document = dump(activity)
    sender = identifier_of_actor(engine, str(activity.actor_id))
    ordering = ordering_key(activity)
    mentions = unresolved_handles(document)
    if mentions:
        resolve = ResolveTask(
            site=engine.site.origin,
            sender=sender,
            document=document,
            mentions=mentions,
            recipients=(*recipients, *besides),
            ordering_key=ordering,
        )
        return _task(engine, encode_task(resolve), str(activity.id), ordering)
    planned = plan_fanout(engine, document, sender, ordering, recipients, besides=besides)
    size_bytes = len(planned.body.encode("utf-8"))
    if size_bytes > DOCUMENT_BYTES_ADVISED:  # MOD-69: it goes out, but not every server will show it
        ports.observer.emit(Event(name="activity.large", fields={"id": planned.activity_id, "bytes": size_bytes}))
    return _task(engine, encode_task(planned), planned.activity_id, ordering)


def plan_fanout(
    engine: Engine,
    document: JsonObject,
    sender: str,
    ordering: str,
    recipients: Sequence[str] = (),
    *,
    besides: Sequence[str] = (),
) -> FanoutTask:
    """Seal a document and compute whom it goes to.

    It is not proved here: the keys lie in the store, and the application's transaction may hold the lock of its
    database. The worker adds the proofs, once, before anybody gets it (`fanning`).

    Args:
        engine: Knows whose followers collections are ours.
        document: The activity as dumped, still with bto and bcc.
        sender: Identifier of its actor; "" for the instance actor.
        ordering: See `ordering_key`.
        recipients: Ids of single actors besides those in its addressing; none but they learn that they got it.
        besides: Ids of actors whose servers get it since everybody may see it (DLV-02).

    Raises:
        ConfigurationError: Nobody gets it.
        LimitExceeded: Too many recipients.
        LocalProtocolError: It is not what other servers take.
    """
    limits = engine.config.limits
    addressed = audience(document, followers_owner=engine.followers_owner, limits=limits)
    given = audience({"bcc": list(recipients)}, followers_owner=engine.followers_owner, limits=limits)
    sealed = seal(document, limits)
    followers_of = tuple(dict.fromkeys((*addressed.followers_of, *given.followers_of)))
    named_first = dict.fromkeys((*given.recipients, *addressed.recipients, *besides))
    singles = tuple(iri for iri in named_first if iri != sealed.actor)
    if not singles and not followers_of and not addressed.public:
        raise ConfigurationError("nobody gets this activity: give `to`", activity=sealed.activity_id)
    named = (set(addressed.recipients) - set(addressed.blind)) | (set(besides) - set(given.recipients))
    openly = any(is_public(iri) for iri in iris(document.get("to")))
    return FanoutTask(
        site=engine.site.origin,
        sender=sender,
        activity_id=sealed.activity_id,
        actor=sealed.actor,
        body=sealed.body.decode("utf-8"),
        digest=sealed.digest,
        recipients=singles,
        blind=tuple(iri for iri in singles if iri not in named),
        followers_of=followers_of,
        cursor="",
        reached=(),
        ordering_key=ordering,
        shared=addressed.shared,
        proved=not (engine.config.delivery.proofs or engine.config.delivery.linked_data),
        relays=openly and document.get("type") in _RELAYED,
        everybody=openly and document.get("type") == "Delete" and document.get("object") == sealed.actor,
        in_step=not singles and document.get("type") in _FOLLOWING,
    )


def identifier_of_actor(engine: Engine, actor: str) -> str:
    """Give the identifier of an own actor, or "" for the instance actor."""
    if actor == engine.instance_actor_id:
        return ""
    local = engine.parse_path(actor[len(engine.site.origin) :])
    if local is None or local.kind != "actor":
        raise ConfigurationError("only actors of this server send from here", actor=actor)
    return local.pk


def ordering_key(activity: Activity) -> str:
    """Give the key that keeps Create before Update before Delete, and Follow before its Undo (DLV-10)."""
    subject = activity.object_id
    if isinstance(activity, Undo | Accept | Reject) and isinstance(cast("object", activity.object), Activity):
        subject = cast("Activity[Any]", activity.object).object_id
    return f"{activity.actor_id} {subject or activity.id}"


def _task(engine: Engine, payload: bytes, activity_id: str, ordering: str) -> Task:
    return Task(
        site=engine.site.origin,
        lane=Lane(LaneKind.FANOUT, engine.site.origin),
        payload=payload,
        dedupe_key=store_key(engine.site.origin, "fanout", activity_id),
        ordering_key=ordering,
    )


@attrs.frozen(kw_only=True)
class Mark:
    """A value of the store that is written together with a task."""

    key: str
    value: bytes
    ttl_s: float | None = None

    @classmethod
    def tombstone(cls, engine: Engine, iri: str, former_type: str | None, *, public: bool = True) -> Mark:
        """Make the mark that an own object or actor is gone for good.

        Args:
            engine: Knows the key.
            iri: Id of what is gone.
            former_type: What it was.
            public: Whether everybody could see it: of what was not for everybody nobody is told that it has been
                (SEC-134).
        """
        document: JsonObject = {"id": iri, "type": "Tombstone", "public": public}
        if former_type is not None:
            document["formerType"] = former_type
        return cls(key=engine.tombstone_key(iri), value=dump_json(document))


def removal_marks(engine: Engine, actor_id: str, actor: Actor | None) -> tuple[Mark, ...]:
    """Give the marks of an actor that is removed: of its id and, where it is known, of its handle (ACT-19, WF-01)."""
    former_type = None if actor is None else actor.type_name
    marks = [Mark.tombstone(engine, actor_id, former_type)]
    if actor is not None and actor.preferred_username is not None:
        marks.append(Mark.tombstone(engine, engine.handle_uri(actor.preferred_username), former_type))
    return tuple(marks)


async def enqueue(engine: Engine, ports: PortSet, task: Task, *, within: object, marks: Sequence[Mark] = ()) -> None:
    """Put a task and its marks into queue and store, or all of them into the application's transaction.

    Without a transaction of the application they still are written together where there is SQL. Elsewhere the task
    goes first: the worker buries what a Delete removes, so a mark that fails is made up for, a task is not. A store
    without SQL takes no part in the application's transaction: there, too, the worker makes up for the marks.
    """
    within = _transaction(engine, within)
    marks_in_sql = ports.store.dialect is not None
    in_sql = ports.sql is not None and ports.queue.dialect is not None and marks_in_sql
    if within is None and not (marks and in_sql):
        await ports.queue.enqueue([task])
        for mark in marks:
            await ports.store.put(mark.key, mark.value, ttl_s=mark.ttl_s)
        return
    now_s = ports.clock.now_s()
    statements: list[Statement] = ports.queue.statements(task, now_s)
    for mark in marks if marks_in_sql else ():
        expires_s = None if mark.ttl_s is None else now_s + mark.ttl_s
        statements += ports.store.statements(mark.key, mark.value, expires_s=expires_s)
    if within is not None:
        await engine.run_within(within, statements)
        if isinstance(within, Batch):
            within.values.update({mark.key: mark.value for mark in marks})
    elif ports.sql is not None:
        await ports.sql.atomic(statements)


def _transaction(engine: Engine, within: object) -> object:
    """Give the application's transaction: the one that it names, or the one that its framework has open."""
    return within if within is not None else getattr(engine.backend(), "default_within", None)


async def confirm(engine: Engine, context: Context, scope: Scope, key: str, *, within: object) -> None:
    """Mark an inbound activity as handled, in the listener's own transaction.

    A worker whose lease has run out may still be at work when another has the job: of their transactions only the first
    may hold. Several listeners of one call confirm the same; there the first decides.
    """
    value, ttl_s = scope.confirm_value, engine.config.inbox.idempotency_s
    if within is None:
        await confirm_mark(context.ports.store, key, value, ttl_s=ttl_s)
    else:
        once, expires_s = key not in scope.confirmed, context.now_s() + ttl_s
        statements = context.ports.store.statements(key, value.encode("ascii"), expires_s=expires_s, once=once)
        await engine.run_within(within, statements)
    scope.confirmed.append(key)
