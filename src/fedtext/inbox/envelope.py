"""What a verified activity looks like while it waits: schema-checked JSON, version 1 (SEC-150)."""

from __future__ import annotations

from functools import lru_cache

import attrs

from ..config import Limits
from ..errors import DocumentError, QueueError
from ..wire.json import JsonObject, JsonValue, dump, dump_parsed, number, parse_object, quoted, utf8

KIND = "inbound"
VERSION = 1
_BEGINNING = b'{"v":1,"kind":"inbound",'
_DEFAULT_LIMITS = Limits()


@attrs.frozen(kw_only=True, slots=False)  # made for every activity, in half the time
class InboundTask:
    """A verified activity in waiting.

    Args:
        site: Origin of the receiving site.
        inbox: Path of the inbox that took it.
        recipient: Identifier of the inbox's owner, or None for the shared inbox.
        signer: Owner of the key that verified.
        key_id: The key.
        scheme: How it was signed.
        how: Why the actor is believed; see `Evidence`.
        received_s: When, in seconds since the epoch.
        content_hash: Hex SHA-256 of what was verified.
        document: The document that verification returned.
        body: What arrived, where it may have to be passed on byte for byte; else "".
        written: The document in its one serialization, where somebody has written it already; else b"".
    """

    site: str
    inbox: str
    recipient: str | None
    signer: str
    key_id: str
    scheme: str
    how: str
    received_s: float
    content_hash: str
    document: JsonObject
    body: str = ""
    written: bytes = attrs.field(default=b"", eq=False, repr=False)

    def encode(self) -> bytes:
        """Give the payload."""
        recipient = "null" if self.recipient is None else quoted(self.recipient)
        before = (
            f'{{"v":{VERSION},"kind":"{KIND}","site":{quoted(self.site)},"inbox":{quoted(self.inbox)},'
            f'"recipient":{recipient},"signer":{quoted(self.signer)},"key_id":{quoted(self.key_id)},'
            f'"scheme":{quoted(self.scheme)},"how":{quoted(self.how)},"received_s":{number(self.received_s)},'
            f'"content_hash":{quoted(self.content_hash)},"document":'
        )
        # The document is the most of it, and is written once only.
        written, body = self.written or dump(self.document), dump_parsed(self.body) if self.body else b'""'
        return b"".join((utf8(before), written, b',"body":', body, b"}"))


def is_envelope(payload: bytes) -> bool:
    """Tell by its beginning, as `InboundTask.encode` writes it, that a payload is an envelope; False: it may be one."""
    return payload.startswith(_BEGINNING)


_TEXT_FIELDS = ("site", "inbox", "signer", "key_id", "scheme", "how", "content_hash")


def decode_envelope(payload: bytes, limits: Limits = _DEFAULT_LIMITS) -> InboundTask:
    """Read a payload.

    Args:
        payload: From `InboundTask.encode`.
        limits: Those under which the document was received.

    Raises:
        QueueError: Not an envelope of this version.
    """
    try:
        value = parse_object(payload, _wider(limits))
    except DocumentError as error:
        raise QueueError("the envelope is not JSON") from error
    if value.get("v") != VERSION or value.get("kind") != KIND:
        raise QueueError("an envelope of another version or kind", version=repr(value.get("v")))
    texts = {name: _text(value, name) for name in _TEXT_FIELDS}
    recipient, received_s, document = value.get("recipient"), value.get("received_s"), value.get("document")
    body = value.get("body", "")  # releases before there was forwarding have left it out
    if (
        not (recipient is None or isinstance(recipient, str))
        or not isinstance(document, dict)
        or not isinstance(body, str)
    ):
        raise QueueError("the envelope lacks a member")
    if isinstance(received_s, bool) or not isinstance(received_s, int | float):
        raise QueueError("the envelope has no time")
    if not texts["content_hash"].isascii():
        raise QueueError("the envelope has no hash of its content")
    return InboundTask(
        site=texts["site"],
        inbox=texts["inbox"],
        recipient=recipient,
        signer=texts["signer"],
        key_id=texts["key_id"],
        scheme=texts["scheme"],
        how=texts["how"],
        received_s=float(received_s),
        content_hash=texts["content_hash"],
        document=document,
        body=body,
    )


@lru_cache(maxsize=8)
def _wider(limits: Limits) -> Limits:
    """Add a level and a few nodes to what has been within the limits already; numbers may grow in writing."""
    return attrs.evolve(
        limits,
        json_depth_max=limits.json_depth_max + 1,
        json_nodes_max=limits.json_nodes_max + 100,
        document_bytes_max=12 * max(limits.body_bytes_max, limits.document_bytes_max) + 65_536,
    )


def _text(value: JsonObject, name: str) -> str:
    found: JsonValue = value.get(name)
    if not isinstance(found, str):
        raise QueueError("the envelope lacks a member", member=name)
    return found
