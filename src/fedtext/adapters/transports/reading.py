"""How much of an answer is read: every byte is counted before it is kept, whatever the peer says about its length.

Invariants: no more than `body_bytes_max` bytes are ever decoded, one byte above is an error; one gzip layer at most,
decoded in bounded steps; a head, its fields and its informational forerunners are bounded too.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Sequence

import attrs

from ...config import Limits
from ...errors import BodyTooLarge, FetchTimeout, Unreachable, WrongMediaType
from ...http import Headers, Response
from ...ports.transport import ExchangeLimits

LIMITS = Limits()

# RFC 9110 section 15.2 sets no number; a server has one or two things to say before the answer (100, 103).
INFORMATIONAL_MAX = 8
# Threat: a body in one-byte chunks costs 6 bytes of wire and some 10 us of parsing each.
PARTS_MAX = 32_768
_CHUNK_OVERHEAD_FACTOR = 8
# A deflate stream that stores everything grows by 5 bytes in 16 kB; 1/64 and 1 KiB for the gzip header is generous.
_GZIP_OVERHEAD_BYTES = 1_024


@attrs.define
class Meter:
    """Counts what one exchange reads and how long it takes.

    Args:
        deadline_s: On the monotonic clock.
        head_bytes_max: Bytes of status lines and header fields, the informational ones included.
        wire_bytes_max: Bytes of the whole answer as they come in, framing included.
    """

    deadline_s: float
    head_bytes_max: int
    wire_bytes_max: int
    received_bytes: int = 0
    informational: int = 0
    parts: int = 0
    in_head: bool = True

    @classmethod
    def of(cls, limits: Limits, exchange: ExchangeLimits, *, deadline_s: float) -> Meter:
        """Take the bounds from the limits."""
        head_bytes_max = limits.header_bytes_max
        wire_bytes_max = head_bytes_max + _CHUNK_OVERHEAD_FACTOR * exchange.body_bytes_max + _GZIP_OVERHEAD_BYTES
        return cls(deadline_s=deadline_s, head_bytes_max=head_bytes_max, wire_bytes_max=wire_bytes_max)

    def remaining_s(self) -> float:
        """Give the time that is left.

        Raises:
            FetchTimeout: None is.
        """
        return remaining_s(self.deadline_s)

    def before_read(self) -> None:
        """Check that more may be read.

        Raises:
            BodyTooLarge: The head or the whole is too large already.
        """
        if self.in_head and self.received_bytes >= self.head_bytes_max:
            raise BodyTooLarge("the head of the answer is too large", bytes_max=self.head_bytes_max)
        if self.received_bytes >= self.wire_bytes_max:
            raise BodyTooLarge("the answer is too large as framed", bytes_max=self.wire_bytes_max)

    def count(self, size_bytes: int) -> None:
        """Add what was read."""
        self.received_bytes += size_bytes

    def count_informational(self) -> None:
        """Add a 1xx answer.

        Raises:
            BodyTooLarge: There were too many.
        """
        self.informational += 1
        if self.informational > INFORMATIONAL_MAX:
            raise BodyTooLarge("too many informational answers", count_max=INFORMATIONAL_MAX)

    def count_part(self) -> None:
        """Add a piece of the body.

        Raises:
            BodyTooLarge: It comes in too many pieces.
        """
        self.parts += 1
        if self.parts > PARTS_MAX:
            raise BodyTooLarge("the answer comes in too many pieces", count_max=PARTS_MAX)


def remaining_s(deadline_s: float) -> float:
    """Give the seconds until a deadline on the monotonic clock.

    Raises:
        FetchTimeout: It has passed.
    """
    left = deadline_s - time.monotonic()
    if left <= 0:
        raise FetchTimeout("the exchange took too long")
    return left


class BodyDecoder:
    """Collects a body, undoing at most one gzip layer, and never holds more than the limit.

    Args:
        coding: The Content-Encoding as received, or None.
        bytes_max: Of the decoded body.

    Raises:
        WrongMediaType: Another coding, or more than one.

    Sources:
        RFC 9110 section 8.4; RFC 1952; SEC-111, SEC-112.
    """

    def __init__(self, coding: str | None, bytes_max: int) -> None:
        name = (coding or "").strip().lower()
        if name not in {"", "identity", "gzip", "x-gzip"}:
            raise WrongMediaType("only gzip is decoded, and only once", coding=name)
        # 16 + 15: a gzip wrapper around a window of at most 32 KiB.
        self._inflater = zlib.decompressobj(16 + zlib.MAX_WBITS) if name.endswith("gzip") else None
        self._bytes_max = bytes_max
        self._raw_bytes = 0
        self._body = bytearray()

    @property
    def decodes(self) -> bool:
        """Whether the body differs from what is on the wire."""
        return self._inflater is not None

    def feed(self, part: bytes) -> None:
        """Take a piece as it came in.

        Raises:
            BodyTooLarge: The limit is passed.
            WrongMediaType: It is not gzip, or something follows the end of it.
        """
        self._raw_bytes += len(part)
        if self._inflater is None:
            self._check_size(self._raw_bytes)
            self._body += part
            return
        # Empty deflate blocks decode to nothing for ever, so what comes in is bounded as well.
        self._check_size(self._raw_bytes - self._bytes_max // 64 - _GZIP_OVERHEAD_BYTES)
        try:
            # One byte above the limit is asked for: enough to know, and never 0, which zlib reads as "no limit".
            self._body += self._inflater.decompress(part, self._bytes_max + 1 - len(self._body))
        except zlib.error as error:
            raise WrongMediaType("the answer is not valid gzip", reason=str(error)) from error
        self._check_size(len(self._body))
        if self._inflater.unused_data or (self._inflater.eof and self._inflater.unconsumed_tail):
            raise WrongMediaType("something follows the end of the gzip stream")

    def finish(self) -> bytes:
        """Give the whole body.

        Raises:
            WrongMediaType: The gzip stream is cut short.
        """
        if self._inflater is not None and self._raw_bytes and not self._inflater.eof:
            raise WrongMediaType("the gzip stream is cut short")
        return bytes(self._body)

    def _check_size(self, size_bytes: int) -> None:
        if size_bytes > self._bytes_max:
            raise BodyTooLarge("the answer is too large", bytes_max=self._bytes_max)


class AnswerReader:
    """Builds one response from its head and the pieces of its body.

    Args:
        method: Of the request.
        status: As received.
        fields: As received.
        limits: The library's; of these the bounds of the head are taken.
        body_bytes_max: Of the decoded body.

    Raises:
        BodyTooLarge: The head has too many or too long fields, or announces too long a body.
        Unreachable: The status is none that ends an exchange.
        WrongMediaType: The content coding is refused.
    """

    def __init__(
        self, method: str, status: int, fields: Sequence[tuple[bytes, bytes]], *, limits: Limits, body_bytes_max: int
    ) -> None:
        if not 200 <= status <= 599:
            raise Unreachable("the status is none that ends an exchange", status=status)
        _check_head(fields, limits)
        self._status = status
        self._headers = Headers.decode(fields)
        self._decoder = BodyDecoder(self._headers.get("content-encoding"), body_bytes_max)
        announced = self._headers.get("content-length")
        bodiless = method == "HEAD" or status in {204, 304}
        # The HTTP parser has made sure that the value is a number and given once.
        if announced is not None and not bodiless and int(announced) > body_bytes_max:
            raise BodyTooLarge("the answer announces too long a body", bytes_max=body_bytes_max, length=announced)

    def feed(self, part: bytes) -> None:
        """Take a piece of the body; see `BodyDecoder.feed`."""
        self._decoder.feed(part)

    def finish(self, url: str) -> Response:
        """Give the response; what described the coded body is left out of its headers."""
        body = self._decoder.finish()
        headers = self._headers
        if self._decoder.decodes:
            headers = headers.without("content-encoding", "content-length")
        return Response(status=self._status, headers=headers, body=body, url=url)


def _check_head(fields: Sequence[tuple[bytes, bytes]], limits: Limits) -> None:
    if len(fields) > limits.header_count_max:
        raise BodyTooLarge("the answer has too many header fields", count_max=limits.header_count_max)
    # ": " and CRLF belong to each field.
    size_bytes = sum([len(name) + len(value) + 4 for name, value in fields])
    if size_bytes > limits.header_bytes_max:
        raise BodyTooLarge("the head of the answer is too large", bytes_max=limits.header_bytes_max)
