"""`fedtext block`: who may be named, and how far a rule goes."""

from __future__ import annotations

import argparse
import asyncio

import pytest

from fedtext import Federation, connect
from fedtext.cli.blocking import configure, subject_of
from fedtext.inbox import Severity


@pytest.mark.parametrize(
    ("typed", "severity"),
    [([], Severity.BLOCK), (["--suspend"], Severity.SUSPEND), (["--silence"], Severity.SILENCE)],
)
def test_how_far_a_rule_goes(typed: list[str], severity: Severity) -> None:
    parser = argparse.ArgumentParser()
    configure(parser)
    assert parser.parse_args(["app:fed", *typed, "x.example"]).severity is severity


@pytest.mark.parametrize(
    ("text", "subject"),
    [("x.example", "x.example"), ("@x.example", "x.example"), ("https://x.example/u", "https://x.example/u")],
)
def test_what_needs_no_look_up(text: str, subject: str) -> None:
    federation = Federation("https://blog.example", backend=connect("memory://"), worker="off")
    assert asyncio.run(subject_of(federation, text)) == subject
