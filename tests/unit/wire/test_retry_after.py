"""Retry-After: seconds or a date, clamped; rubbish asks for nothing."""

from __future__ import annotations

import pytest

from fedtext.wire.retry_after import parse_retry_after

NOW_S = 1_790_000_000.0  # Mon, 21 Sep 2026 14:13:20 GMT


@pytest.mark.spec("DLV-07", "SEC-118")
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 120\t", 120.0),
        ("86400", 86_400.0),
        ("86401", 86_400.0),
        ("1000000000", 86_400.0),
        ("9" * 400, 86_400.0),
        ("Mon, 21 Sep 2026 14:15:20 GMT", 120.0),
        ("Mon, 21 Sep 2026 14:13:19 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400.0),
        ("-1", None),
        ("1.5", None),
        ("١٢", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_sec_118_retry_after(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, now_s=NOW_S, seconds_max=86_400) == seconds
