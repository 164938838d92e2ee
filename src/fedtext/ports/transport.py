"""The port through which requests leave."""

from __future__ import annotations

from typing import Protocol

import attrs

from ..config import Limits
from ..http import Request, Response


@attrs.frozen(kw_only=True)
class ExchangeLimits:
    """Bounds of one exchange: bytes of the decoded body, seconds to connect, seconds for the whole exchange."""

    body_bytes_max: int
    connect_s_max: float
    exchange_s_max: float

    @classmethod
    def of(cls, limits: Limits, *, body_bytes_max: int | None = None) -> ExchangeLimits:
        """Take the bounds from the table of limits."""
        return cls(
            body_bytes_max=body_bytes_max or limits.document_bytes_max,
            connect_s_max=limits.connect_s_max,
            exchange_s_max=limits.exchange_s_max,
        )


class Transport(Protocol):
    """Sends one request and reads one bounded response; never follows a redirect, never keeps a cookie."""

    async def send(self, request: Request, limits: ExchangeLimits) -> Response:
        """Carry out one exchange.

        Raises:
            FetchRefused: The address may not be reached (scheme, port, not public, ambiguous URL).
            Unreachable: No connection, TLS refused, or the connection broke.
            FetchTimeout: The deadline passed, whoever dripped.
            BodyTooLarge: More than `body_bytes_max` bytes after decoding.
            WrongMediaType: A content coding other than identity or one gzip.
        """
        ...

    async def close(self) -> None:
        """Close idle connections."""
        ...
