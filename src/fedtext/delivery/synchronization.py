"""Followers synchronization: what two servers say of who follows whom, so that they can tell when they differ.

A server that sends to followers says by a digest which followers of the sender's it takes the receiving server to have,
and where to read them. Decides what such a header says and whether it may be looked at; knows nothing of who follows
whom, and removes nobody.

Invariants: only ids of one origin are counted, each once, in any order; a header that is not wholly as it must be says
nothing, and raises nothing.

Example:
    >>> followers_digest([], "https://a.example/inbox")[:8]
    '00000000'

Sources: FEP-8fcf; DLV-16, DLV-17; SEC-141.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Final

import attrs

from ..config import Limits
from ..errors import MalformedIri
from ..wire.iri import Origin, origin_of

SYNCHRONIZATION_HEADER: Final = "collection-synchronization"

_DIGEST_BYTES: Final = 32
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")
_PARAMETERS_COUNT_MAX: Final = 16
# The syntax is that of the parameters of draft-cavage: see there.
_PARAMETER = re.compile(
    r'[ \t]*+([A-Za-z][A-Za-z0-9_-]*+)[ \t]*+=[ \t]*+(?:"([^"\\]*+)"|([^ \t",\\]++))[ \t]*+(,|\Z)',
)


@attrs.frozen(kw_only=True)
class CollectionSynchronization:
    """What a `Collection-Synchronization` header says.

    Args:
        collection_id: The followers collection of the sender.
        url: Where those of them are listed who are of the receiving server.
        digest: Over these: 64 hexadecimal digits, lower case.
    """

    collection_id: str
    url: str
    digest: str


def partial_followers(follower_ids: Iterable[str], instance: str) -> tuple[str, ...]:
    """Give the followers that are of one server: their ids have its scheme and authority; each once, in order.

    Args:
        follower_ids: Of all servers; what is no id is left out.
        instance: Any address of the server: an inbox, an actor.

    Raises:
        MalformedIri: `instance` is no address.
    """
    wanted = origin_of(instance)
    return tuple(dict.fromkeys(follower_id for follower_id in follower_ids if _origin(follower_id) == wanted))


def followers_digest(follower_ids: Iterable[str], instance: str) -> str:
    """Give the digest over the followers that are of one server: the SHA-256 of each id, combined by XOR.

    Args:
        follower_ids: As `partial_followers`.
        instance: See there.

    Returns:
        64 hexadecimal digits, lower case; zeros when there are none.

    Raises:
        MalformedIri: `instance` is no address.

    Sources:
        FEP-8fcf, "Partial follower collection digest".
    """
    return followers_digests(partial_followers(follower_ids, instance)).get(origin_of(instance), _written(0))


def followers_digests(follower_ids: Iterable[str]) -> dict[Origin, str]:
    """Give the digests over the followers of each server, as `followers_digest` does, for all of them at once."""
    combined: dict[Origin, int] = {}
    for follower_id in dict.fromkeys(follower_ids):
        origin = _origin(follower_id)
        if origin is not None:
            hashed = int.from_bytes(sha256(follower_id.encode("utf-8")).digest(), "big")
            combined[origin] = combined.get(origin, 0) ^ hashed
    return {origin: _written(digest) for origin, digest in combined.items()}


def peek_collection_synchronization(
    header: str, sender: str, limits: Limits | None = None
) -> CollectionSynchronization | None:
    """Read a header before it is known which the sender's followers collection is.

    Args:
        header: The value of the field.
        sender: Id of the actor that signed the request, and the header with it.
        limits: `signature_bytes_max` bounds the header, `iri_chars_max` its addresses.

    Returns:
        What it says; None where it is not wholly readable, or names something of another origin than the sender's.
    """
    limits = limits or Limits()
    fields = _parameters(header) if len(header) <= limits.signature_bytes_max else {}
    collection_id, url, digest = (fields.get(name, "") for name in ("collectionid", "url", "digest"))
    origin = _origin(sender)
    if origin is None or {_origin(collection_id), _origin(url)} != {origin}:
        return None
    if max(len(collection_id), len(url)) > limits.iri_chars_max or _DIGEST.fullmatch(digest) is None:
        return None
    return CollectionSynchronization(collection_id=collection_id, url=url, digest=digest.lower())


def parse_collection_synchronization(
    header: str, sender: str, followers: str | None, limits: Limits | None = None
) -> CollectionSynchronization | None:
    """Read a header that may be acted upon; it must have come under a signature that covers it.

    Args:
        header: As `peek_collection_synchronization`.
        sender: See there.
        followers: Id of the sender's followers collection, as its own document names it.
        limits: See there.

    Returns:
        What it says; None also where it is about another collection.
    """
    found = peek_collection_synchronization(header, sender, limits)
    return found if found is not None and found.collection_id == followers else None


def build_collection_synchronization(value: CollectionSynchronization) -> str:
    """Write the header; the addresses are our own, and need no escapes."""
    return f'collectionId="{value.collection_id}", url="{value.url}", digest="{value.digest}"'


def _parameters(text: str) -> dict[str, str]:
    """Read parameters, their names in lower case; none where one of them breaks the grammar or stands twice."""
    found: dict[str, str] = {}
    position, comma = 0, ","
    while comma:
        match = _PARAMETER.match(text, position)
        if match is None or match[1].lower() in found or len(found) == _PARAMETERS_COUNT_MAX:
            return {}
        found[match[1].lower()] = match[3] if match[2] is None else match[2]
        position, comma = match.end(), match[4]
    return found


def _written(digest: int) -> str:
    return digest.to_bytes(_DIGEST_BYTES, "big").hex()


def _origin(iri: str) -> Origin | None:
    try:
        return origin_of(iri)
    except MalformedIri:
        return None
