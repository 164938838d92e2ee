"""What a fuzz target is: something of the library that takes bytes, and what must hold of what it gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import attrs

from fedtext.errors import LocalProtocolError, RemoteProtocolError

T = TypeVar("T")


@attrs.frozen
class Target:
    """One target.

    Args:
        name: Also of the folder of its seeds.
        read: The library's work, which is what is timed. A peer's words may be refused by nothing but a
            `RemoteProtocolError`: whatever else leaves is a fault of ours.
        check: What must hold of what was read: round trips, and what others make of the same bytes.
        packages: Of the library, on which its row of the table depends, with spaces between.
        bytes_max: The longest input.
    """

    name: str
    read: Callable[[bytes], Any]
    check: Callable[[bytes, Any], None]
    packages: str = attrs.field(kw_only=True)
    bytes_max: int = attrs.field(default=16_384, kw_only=True)

    def __call__(self, data: bytes) -> None:
        """Read and check."""
        found = tried(self.read, data)
        if found is not None:
            self.check(data, found)


def tried(read: Callable[..., T], *arguments: Any, **options: Any) -> T | None:
    """Read something, or give None where it is refused."""
    try:
        return read(*arguments, **options)
    except RemoteProtocolError:
        return None


def made(build: Callable[..., T], *arguments: Any, **options: Any) -> T | None:
    """Make something, or give None where it is not fit to be sent by us."""
    try:
        return tried(build, *arguments, **options)
    except LocalProtocolError:
        return None


def text_of(data: bytes) -> str:
    """Give a text in which any bytes have a place: those that are not UTF-8 become lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


def same(found: object, expected: object) -> None:
    """Require two values to be equal, whatever the interpreter does with assertions."""
    if found != expected:
        raise AssertionError(f"{found!r} is not {expected!r}")


def holds(condition: bool, said: object) -> None:
    """Require something."""
    if not condition:
        raise AssertionError(repr(said))
