"""What waits in the queue on its way out: pure values, JSON envelopes of version 1, never a private key (SEC-150)."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple, cast

import attrs

from ..config import Limits
from ..errors import DocumentError, QueueError
from ..wire.json import JsonObject, dump, parse_object

VERSION = 1
INBOUND: Final = "inbound"
"""The kind of what has arrived, in payloads of releases before its envelope."""
_LIMITS = Limits(document_bytes_max=8_388_608, json_nodes_max=200_000, json_depth_max=48)


@attrs.frozen(kw_only=True)
class ResolveTask:
    """An activity whose mentions are still handles: the worker looks them up, seals it and fans it out.

    Args:
        site: Origin of the sending site.
        sender: Identifier of the own actor.
        document: The unsealed activity, with @context.
        mentions: Handles to be resolved.
        recipients: Ids of single actors that get it besides those in its addressing.
        ordering_key: Jobs of one key keep their order.
    """

    site: str
    sender: str
    document: JsonObject
    mentions: tuple[str, ...]
    recipients: tuple[str, ...]
    ordering_key: str


@attrs.frozen(kw_only=True)
class FanoutTask:
    """A sealed activity and whom it goes to.

    Args:
        site: Origin of the sending site.
        sender: Identifier of the own actor.
        activity_id: Its id.
        actor: Id of its actor.
        body: The exact bytes, as text.
        digest: Digest header value of the body.
        recipients: Ids of single actors; they are served before the crowd (DLV-11).
        blind: Those of them whom the body does not name; they get it in their own inbox (INB-12).
        followers_of: Identifiers of own actors whose followers get it.
        cursor: Where in the followers to go on.
        reached: Inboxes that pages before this one have led to; they are not planned again.
        ordering_key: Jobs of one key keep their order.
        shared: Whether shared inboxes may be used; not for direct messages (DLV-01, AP-S08).
        proved: Whether the body has the proofs that it is to have. What a release before there were proofs has sealed
            goes out as it is.
        forwarded: Whether it is somebody else's word, passed on as it arrived.
        relays: Whether relays are still to get it (DLV-20).
        everybody: Whether all servers that are known here are still to get it (DLV-19).
        spilled: Whether more inboxes were reached than stand in `reached`; the others are kept in the store.
        in_step: Whether the followers are still to be put one job behind, as they are where somebody is addressed by
            himself: an edit that mentions nobody any more must not overtake the post that did (DLV-10).
    """

    site: str
    sender: str
    activity_id: str
    actor: str
    body: str
    digest: str
    recipients: tuple[str, ...]
    blind: tuple[str, ...]
    followers_of: tuple[str, ...]
    cursor: str
    reached: tuple[str, ...]
    ordering_key: str
    shared: bool
    proved: bool = True
    forwarded: bool = False
    relays: bool = False
    everybody: bool = False
    spilled: bool = False
    in_step: bool = False


@attrs.frozen(kw_only=True)
class DeliveryTask:
    """One POST to one inbox.

    Args:
        site: Origin of the sending site.
        sender: Identifier of the own actor, whose key signs.
        activity_id: Its id.
        inbox: Where it goes.
        body: The exact bytes, as text.
        digest: Digest header value of the body.
        forwarded: See `FanoutTask`.
        synchronize: Whether it goes there for the sender's followers, so that it may say which these are (DLV-16).
        shared: Whether that inbox is for all of its host, so that 410 there speaks of the host (DLV-04).
    """

    site: str
    sender: str
    activity_id: str
    inbox: str
    body: str
    digest: str
    forwarded: bool = False
    synchronize: bool = False
    shared: bool = False


@attrs.frozen(kw_only=True)
class SynchronizeTask:
    """A look at whom of ours somebody elsewhere holds for followers (DLV-17).

    Args:
        site: Origin of the receiving site.
        sender: Id of that actor.
        header: What came with a request of that actor's, under the signature.
    """

    site: str
    sender: str
    header: str


AnyTask = ResolveTask | FanoutTask | DeliveryTask | SynchronizeTask
_KINDS: dict[str, type[AnyTask]] = {
    "resolve": ResolveTask,
    "fanout": FanoutTask,
    "deliver": DeliveryTask,
    "synchronize": SynchronizeTask,
}
_NAMES = {task: name for name, task in _KINDS.items()}


def encode_task(task: AnyTask) -> bytes:
    """Give the payload of a task."""
    value: JsonObject = {"v": VERSION, "kind": _NAMES[type(task)]}
    for field in attrs.fields(type(task)):
        member = getattr(task, field.name)
        value[field.name] = [*cast("tuple[str, ...]", member)] if isinstance(member, tuple) else member
    return dump(value)


_PLAIN: Final = r'"([^"\\\x00-\x1f\x7f]*+)"'
_AS_WRITTEN: Final = re.compile(
    rf'{{"v":{VERSION},"kind":"deliver","site":{_PLAIN},"sender":{_PLAIN},"activity_id":{_PLAIN},"inbox":{_PLAIN},'
    rf'"digest":{_PLAIN},"forwarded":(true|false),"synchronize":(true|false),"shared":(true|false)}}'
)
"""What `encode_delivery` writes where nothing had to be escaped, nearly always; read in a third of the time."""
_AS_WRITTEN_BYTES_MAX: Final = 16_384


def encode_delivery(task: DeliveryTask) -> bytes:
    """Give the payload of a delivery whose body stands beside it, as `ports.Task.body`, once for all of its inboxes."""
    value: JsonObject = {field.name: getattr(task, field.name) for field in attrs.fields(DeliveryTask)}
    del value["body"]
    return dump({"v": VERSION, "kind": _NAMES[DeliveryTask], **value})


def decode_task(payload: bytes, body: bytes = b"") -> AnyTask:
    """Read a payload, member by member.

    Args:
        payload: Of a job.
        body: Of the same job; empty where the payload holds it, as in releases before there were such.

    Raises:
        QueueError: Not a task of this version.
    """
    task = decode_outbound(payload, body)
    if task is None:
        raise QueueError("an unknown kind of task", kind=INBOUND)
    return task


def decode_outbound(payload: bytes, body: bytes = b"") -> AnyTask | None:
    """Read a payload of any kind; None: it is what has arrived, as releases before its envelope wrote it.

    Args:
        payload: Of a job.
        body: Of the same job.

    Raises:
        QueueError: Not a task of this version.
    """
    if body and (delivery := _as_written(payload, body)) is not None:
        return delivery
    value = _parse(payload)
    kind = value.get("kind")
    if kind == INBOUND:
        return None
    if not isinstance(kind, str):
        raise QueueError("a task without a kind")
    task_type = _KINDS.get(kind)
    if task_type is None:
        raise QueueError("an unknown kind of task", kind=kind)
    if body:
        value["body"] = _text(body)
    elif task_type is DeliveryTask and "body" not in value:
        raise QueueError("the body of this delivery is gone")
    members: dict[str, Any] = {}
    for name, json_type, default in _MEMBERS[task_type]:
        member: object = value.get(name, default)
        if type(member) is not json_type:
            raise QueueError("a task with a wrong member", member=name)
        members[name] = member if json_type is not list else _texts(name, cast("list[object]", member))
    return task_type(**members)


def _as_written(payload: bytes, body: bytes) -> DeliveryTask | None:
    """Read a delivery that stands there to the letter as it is usually written; None: it has to be parsed."""
    if len(payload) > _AS_WRITTEN_BYTES_MAX:
        return None
    try:
        found = _AS_WRITTEN.fullmatch(payload.decode("utf-8"))
    except UnicodeDecodeError:
        return None
    if found is None:
        return None
    site, sender, activity_id, inbox, digest, *said = found.groups()
    forwarded, synchronize, shared = (one == "true" for one in said)
    return DeliveryTask(
        site=site,
        sender=sender,
        activity_id=activity_id,
        inbox=inbox,
        body=_text(body),
        digest=digest,
        forwarded=forwarded,
        synchronize=synchronize,
        shared=shared,
    )


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise QueueError("the body of the task is not UTF-8") from error


def _texts(name: str, items: list[object]) -> tuple[object, ...]:
    if not all(isinstance(item, str) for item in items):
        raise QueueError("a task with a wrong member", member=name)
    return tuple(items)


def _parse(payload: bytes) -> JsonObject:
    try:
        value = parse_object(payload, _LIMITS)
    except DocumentError as error:
        raise QueueError("the task is not JSON") from error
    version = value.get("v")
    if type(version) is not int or version != VERSION:
        raise QueueError("a task of another version", version=repr(version))
    return value


class _Member(NamedTuple):
    """A member of a task as JSON has it: its type there, and what stands for it where it is absent."""

    name: str
    json_type: type
    default: object

    @classmethod
    def of_field(cls, field: attrs.Attribute[Any]) -> _Member:
        """Read the annotation."""
        annotation = str(field.type)
        json_type = list if annotation.startswith("tuple") else {"bool": bool, "JsonObject": dict}.get(annotation, str)
        return cls(field.name, json_type, field.default)


_MEMBERS: Final = {task: tuple(map(_Member.of_field, attrs.fields(task))) for task in _NAMES}
