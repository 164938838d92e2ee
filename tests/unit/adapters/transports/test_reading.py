"""Bounded reading without a network: the meter, the decoder and the reader of answers."""

from __future__ import annotations

import gzip
import time
import tracemalloc
import zlib

import pytest

from fedtext.adapters.transports.reading import (
    INFORMATIONAL_MAX,
    PARTS_MAX,
    AnswerReader,
    BodyDecoder,
    Meter,
    remaining_s,
)
from fedtext.config import Limits
from fedtext.errors import BodyTooLarge, FetchTimeout, Unreachable, WrongMediaType
from fedtext.ports.transport import ExchangeLimits

BODY = b'{"type":"Note"}' * 100
MIB = 1 << 20


def decode(coding: str | None, wire: bytes, *, bytes_max: int = MIB, step: int | None = None) -> bytes:
    decoder = BodyDecoder(coding, bytes_max)
    for start in range(0, len(wire), step or max(1, len(wire))):
        decoder.feed(wire[start : start + (step or len(wire))])
    return decoder.finish()


@pytest.mark.parametrize("step", [None, 1, 7])
@pytest.mark.parametrize(
    ("coding", "wire"),
    [
        (None, BODY),
        ("", BODY),
        ("identity", BODY),
        ("gzip", gzip.compress(BODY)),
        ("x-gzip", gzip.compress(BODY)),
        (" GZip ", gzip.compress(BODY)),
    ],
)
def test_identity_and_one_gzip_are_read_however_they_are_cut(coding: str | None, wire: bytes, step: int | None) -> None:
    assert decode(coding, wire, step=step) == BODY


@pytest.mark.parametrize(
    "coding", ["br", "zstd", "deflate", "compress", "gzip, gzip", "gzip,gzip", "identity, gzip", "gzip" + ", gzip" * 50]
)
def test_sec_112_refuses_other_and_stacked_codings(coding: str) -> None:
    with pytest.raises(WrongMediaType):
        BodyDecoder(coding, MIB)


@pytest.mark.parametrize("step", [None, 1, 7])
@pytest.mark.parametrize(
    "wire",
    [
        gzip.compress(BODY) + b"x",
        gzip.compress(BODY) + gzip.compress(BODY),
        gzip.compress(BODY) + b"\0" * 20,
        gzip.compress(BODY)[:-1],
        gzip.compress(BODY)[:40],
        gzip.compress(BODY)[:-8] + b"\0" * 8,
        b"\x1f\x8b",
        zlib.compress(BODY),
        BODY,
    ],
    ids=["garbage", "two members", "padding", "cut by 1", "cut", "wrong checksum", "magic only", "zlib", "plain"],
)
def test_sec_112_refuses_gzip_with_a_tail_or_without_an_end(wire: bytes, step: int | None) -> None:
    with pytest.raises(WrongMediaType):
        decode("gzip", wire, step=step)


@pytest.mark.parametrize("coding", [None, "gzip"])
def test_an_empty_body_is_empty_whatever_its_coding(coding: str | None) -> None:
    assert decode(coding, b"") == b""


@pytest.mark.parametrize("coding", [None, "gzip"])
@pytest.mark.parametrize("step", [None, 1, 7])
def test_sec_111_the_limit_holds_to_the_byte(coding: str | None, step: int | None) -> None:
    """Threat: CVE-2026-96623."""
    for size, fits in ((1000, True), (1001, False)):
        wire = bytes(size) if coding is None else gzip.compress(bytes(size))
        if fits:
            assert decode(coding, wire, bytes_max=1000, step=step) == bytes(size)
        else:
            with pytest.raises(BodyTooLarge):
                decode(coding, wire, bytes_max=1000, step=step)


def test_sec_112_a_bomb_costs_no_more_than_the_limit() -> None:
    deflater = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(deflater.compress(bytes(MIB)) for _ in range(300)) + deflater.flush()
    decoder = BodyDecoder("gzip", MIB)
    tracemalloc.start()
    try:
        with pytest.raises(BodyTooLarge):
            decoder.feed(bomb)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 4 * MIB


def test_sec_112_a_gzip_stream_of_nothing_ends_too() -> None:
    decoder = BodyDecoder("gzip", 1000)
    decoder.feed(zlib.compressobj(9, zlib.DEFLATED, 31).flush(zlib.Z_FULL_FLUSH))
    with pytest.raises(BodyTooLarge):
        decoder.feed(b"\x00\x00\x00\xff\xff" * 500)  # stored blocks of length 0


def meter(**changes: int) -> Meter:
    return Meter(deadline_s=time.monotonic() + 5, **{"head_bytes_max": 100, "wire_bytes_max": 1000} | changes)


def test_the_meter_takes_its_bounds_from_the_limits() -> None:
    limits = ExchangeLimits(body_bytes_max=1000, connect_s_max=1, exchange_s_max=1)
    made = Meter.of(Limits(header_bytes_max=500), limits, deadline_s=1)
    assert (made.head_bytes_max, made.wire_bytes_max) == (500, 500 + 8 * 1000 + 1024)


@pytest.mark.parametrize(
    ("in_head", "size", "passes"),
    [(True, 99, True), (True, 100, False), (False, 100, True), (False, 999, True), (False, 1000, False)],
)
def test_the_meter_stops_reading_at_its_bounds(in_head: bool, size: int, passes: bool) -> None:
    counted = meter()
    counted.in_head = in_head
    counted.count(size)
    if passes:
        counted.before_read()
    else:
        with pytest.raises(BodyTooLarge):
            counted.before_read()


def test_sec_114_informational_answers_and_pieces_are_counted() -> None:
    counted = meter()
    for _ in range(INFORMATIONAL_MAX):
        counted.count_informational()
    with pytest.raises(BodyTooLarge):
        counted.count_informational()
    counted.parts = PARTS_MAX - 1
    counted.count_part()
    with pytest.raises(BodyTooLarge):
        counted.count_part()


def test_a_passed_deadline_is_a_timeout() -> None:
    assert 0 < meter().remaining_s() <= 5
    with pytest.raises(FetchTimeout):
        remaining_s(time.monotonic() - 0.001)


def answer(
    *fields: tuple[bytes, bytes],
    status: int = 200,
    method: str = "GET",
    body: bytes = b"",
    bytes_max: int = 1000,
    limits: Limits | None = None,
) -> tuple[dict[str, str], bytes]:
    reader = AnswerReader(method, status, fields, limits=limits or Limits(), body_bytes_max=bytes_max)
    reader.feed(body)
    response = reader.finish("https://a.example/x")
    assert (response.status, response.url) == (status, "https://a.example/x")
    return dict(response.headers), response.body


def test_a_decoded_body_is_not_described_as_coded() -> None:
    wire = gzip.compress(b"hello")
    fields = ((b"Content-Encoding", b"gzip"), (b"Content-Length", b"%d" % len(wire)), (b"Content-Type", b"text/x"))
    assert answer(*fields, body=wire) == ({"content-type": "text/x"}, b"hello")
    assert answer((b"Content-Length", b"5"), body=b"hello") == ({"content-length": "5"}, b"hello")


def test_two_coding_fields_are_stacked_codings() -> None:
    with pytest.raises(WrongMediaType):
        answer((b"Content-Encoding", b"gzip"), (b"Content-Encoding", b"gzip"))


@pytest.mark.parametrize(
    ("status", "method", "length", "passes"),
    [
        (200, "GET", b"1000", True),
        (200, "GET", b"1001", False),
        (404, "GET", b"1001", False),
        # These have no body, whatever they announce (RFC 9110 section 8.6).
        (200, "HEAD", b"99999", True),
        (304, "GET", b"99999", True),
    ],
)
def test_sec_111_an_announced_length_is_judged_first(status: int, method: str, length: bytes, passes: bool) -> None:
    if passes:
        answer((b"content-length", length), status=status, method=method)
    else:
        with pytest.raises(BodyTooLarge):
            answer((b"content-length", length), status=status, method=method)


@pytest.mark.parametrize("status", [0, 101, 199, 600, 999])
def test_a_status_that_ends_no_exchange_is_refused(status: int) -> None:
    with pytest.raises(Unreachable):
        answer(status=status)


@pytest.mark.parametrize(
    ("fields", "passes"),
    [
        ([(b"x", b"y")] * 128, True),
        ([(b"x", b"y")] * 129, False),
        ([(b"x", b"y" * (1000 - 5))], True),
        ([(b"x", b"y" * (1000 - 4))], False),
    ],
)
def test_sec_114_bounds_the_head(fields: list[tuple[bytes, bytes]], passes: bool) -> None:
    limits = Limits(header_bytes_max=1000)
    if passes:
        answer(*fields, limits=limits)
    else:
        with pytest.raises(BodyTooLarge):
            answer(*fields, limits=limits)
