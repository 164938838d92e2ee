"""Durations as people write them on a command line."""

from __future__ import annotations

import argparse
import re
from typing import Final

_DURATION: Final = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(ms|s|m|h|d)?")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def duration_s(text: str) -> float:
    """Read "50s", "1.5m", "200ms", "7d" or a plain number of seconds.

    Raises:
        argparse.ArgumentTypeError: It is no duration.
    """
    read = _DURATION.fullmatch(text)
    if read is None:
        raise argparse.ArgumentTypeError(f"write a duration such as 50s, 2m, 7d or 200ms, not {text!r}")
    return float(read[1]) * _SECONDS[read[2] or "s"]
