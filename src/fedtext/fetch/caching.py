"""How a document of others lies in the store: with how long it is fresh, and how to ask whether it has changed.

One line of JSON about the document, a line break, the document. What is of another version counts as absent.

Sources: RFC 9110 sections 8.8 and 13.1; RFC 9111 section 4.3.
"""

from __future__ import annotations

from typing import Final

import attrs

from ..config import Limits
from ..errors import FedtextError
from ..http import Headers
from ..wire.json import JsonObject, dump, parse_object

VALIDATOR_CHARS_MAX: Final = 256
_VERSION: Final = 1


@attrs.frozen(kw_only=True)
class Validators:
    """What a host said by which a copy can be told from a newer one.

    Args:
        address: That gave the copy: only there the others mean anything.
        etag: As given, or "".
        modified: The Last-Modified field as given, or "".
    """

    address: str
    etag: str = ""
    modified: str = ""

    @classmethod
    def of(cls, address: str, headers: Headers) -> Validators:
        """Take them from an answer; what is repeated, too long or not plain text is left out."""
        return cls(address=address, etag=_plain(headers, "etag"), modified=_plain(headers, "last-modified"))

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The fields of a conditional request; none when there is nothing to go by."""
        named = (("if-none-match", self.etag), ("if-modified-since", self.modified))
        return [(name, value) for name, value in named if value]


@attrs.frozen(kw_only=True)
class CachedDocument:
    """A copy in the store.

    Args:
        document: Normalized and checked, as when it was fetched.
        fresh_until_s: Seconds since the epoch; later it is asked for anew.
        validators: See there.
    """

    document: JsonObject
    fresh_until_s: float
    validators: Validators

    def encode(self) -> bytes:
        """Give the value for a store."""
        about: JsonObject = {"v": _VERSION, "until_s": self.fresh_until_s, **attrs.asdict(self.validators)}
        return dump(about) + b"\n" + dump(self.document)


def decode_cached(value: bytes, limits: Limits) -> CachedDocument | None:
    """Read a value of a store; None for another version."""
    first, separator, body = value.partition(b"\n")
    if not separator:
        return None
    try:
        about, document = parse_object(first, limits), parse_object(body, limits)
    except FedtextError:
        return None
    until_s, address = about.get("until_s"), about.get("address")
    if about.get("v") != _VERSION or not isinstance(until_s, int | float) or not isinstance(address, str):
        return None
    validators = Validators(
        address=address, etag=str(about.get("etag") or ""), modified=str(about.get("modified") or "")
    )
    return CachedDocument(document=document, fresh_until_s=float(until_s), validators=validators)


def _plain(headers: Headers, name: str) -> str:
    values = headers.get_all(name)
    if (
        len(values) != 1
        or len(values[0]) > VALIDATOR_CHARS_MAX
        or not (values[0].isascii() and values[0].isprintable())
    ):
        return ""
    return values[0]
