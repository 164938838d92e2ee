"""Reader models: what each of eight servers makes of a document, and the assertion for tests.

A model is the rules of the tables that name its server. It says what the rules of the wire say, and no more: a document
that it shows is one in which nothing is known to be amiss.

Example:
    >>> assert_readable(create, "lemmy")
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias, cast

from ...config import Limits
from ...errors import ConfigurationError, TypeMismatch
from ...vocab import Object, dump
from ...wire import json
from ...wire.json import JsonObject
from .activity_rules import ACTIVITY_RULES
from .actor_rules import ACTOR_RULES
from .cases import Case, Delivery
from .delivery_rules import DELIVERY_RULES
from .document_rules import DOCUMENT_RULES
from .post_rules import POST_RULES
from .reading import EVERY, SERVERS, Reading, Rule, Verdict, read

Document: TypeAlias = Object | Mapping[str, object] | bytes

RULES: Final[tuple[Rule, ...]] = (
    *DOCUMENT_RULES,
    *POST_RULES,
    *ACTIVITY_RULES,
    *ACTOR_RULES,
    *DELIVERY_RULES,
)
# Above what any server takes, so that what is too large can be said to be so.
READING_LIMITS: Final = Limits(document_bytes_max=4 * 1_048_576)
_USUAL: Final = Delivery()


def read_as(document: Document, server: str, delivery: Delivery | None = None) -> Reading:
    """Read a document as a server does.

    Args:
        document: An activity, actor or post: a model, a dict, or the bytes of JSON.
        server: One of `SERVERS`: "mastodon", "lemmy" …
        delivery: How it came; None: as this library does it.

    Raises:
        ConfigurationError: There is no model of such a server.
        DocumentError: The bytes are no JSON object.
        LocalProtocolError: The dict cannot be written as JSON.
        TypeMismatch: It is no activity, actor or post.
    """
    if server not in SERVERS:
        raise ConfigurationError("there is no reader model of this server", name=server, known=", ".join(SERVERS))
    return read(build_case(document, delivery), server, RULES)


def build_case(document: Document, delivery: Delivery | None = None) -> Case:
    """Give what the models read.

    Raises:
        DocumentError, LocalProtocolError, TypeMismatch: As `read_as`.
    """
    found, size_bytes = _parsed(document)
    case = Case(document=found, delivery=delivery or _USUAL, size_bytes=size_bytes)
    if case.kind and case.subject is None:
        raise TypeMismatch("reader models read activities, actors and posts", property="type", value=case.kind)
    return case


def assert_readable(document: Document, *servers: str, delivery: Delivery | None = None) -> None:
    """Assert that servers show a document as it is.

    What is of a kind that a server shows to nobody passes: `read_as` tells it apart.

    Args:
        document: An activity, actor or post: a model, a dict, or the bytes of JSON.
        servers: Some of `SERVERS`; none: all of them.
        delivery: How it came; None: as this library does it.

    Raises:
        AssertionError: A server drops or alters it; names rules and what to do.
        ConfigurationError, DocumentError, LocalProtocolError, TypeMismatch: As `read_as`.
    """
    lines = [
        f"{SERVERS[server]}: {finding.effect.value} by {finding.rule}: {finding.what}; {finding.mend}"
        for server in servers or EVERY
        for finding in read_as(document, server, delivery).findings
        if finding.effect is not Verdict.NOT_MEANT
    ]
    if lines:
        raise AssertionError("\n".join(["it is not shown as it is:", *lines]))


def _parsed(document: Document) -> tuple[JsonObject, int]:
    """Give what a peer parses: what it gets is bytes in any case."""
    if isinstance(document, bytes):
        body = document
    else:
        body = json.dump(dump(document) if isinstance(document, Object) else cast("JsonObject", dict(document)))
    return json.parse_object(body, READING_LIMITS), len(body)
