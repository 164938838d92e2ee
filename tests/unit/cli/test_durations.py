"""Durations of the command line."""

from __future__ import annotations

import argparse

import pytest

from fedtext.cli.durations import duration_s


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("50s", 50), ("2m", 120), ("200ms", 0.2), ("1.5m", 90), ("3", 3), ("1h", 3600), ("0", 0), ("7d", 604_800)],
)
def test_durations(text: str, seconds: float) -> None:
    assert duration_s(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "-1s", "1 s", "1w", "1e9", "٣s", "9999999s", "50s\n"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        duration_s(text)
