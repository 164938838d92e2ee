"""Readings: the worst effect decides; what is satisfied says nothing."""

from __future__ import annotations

import pytest
from tests.readable import note

from fedtext.testing.peers import Finding, Verdict
from fedtext.testing.peers.readers import build_case
from fedtext.testing.peers.reading import LEMMY, MASTODON, WHAT_CHARS_MAX, Rule, read

CASE = build_case(note())


def row(effect: Verdict, what: str | None = "seen", server: str = LEMMY) -> Rule:
    return Rule("X-01", (server,), effect, lambda _case: what, "mend it")


@pytest.mark.parametrize(
    ("effects", "verdict"),
    [
        ([], Verdict.SHOWN),
        ([Verdict.ALTERED], Verdict.ALTERED),
        ([Verdict.NOT_MEANT, Verdict.ALTERED], Verdict.NOT_MEANT),
        ([Verdict.ALTERED, Verdict.DROPPED, Verdict.NOT_MEANT], Verdict.DROPPED),
    ],
)
def test_the_worst_effect_decides_and_comes_first(effects: list[Verdict], verdict: Verdict) -> None:
    found = read(CASE, LEMMY, [row(effect) for effect in effects])
    assert found.verdict is verdict
    assert [finding.effect for finding in found.findings][:1] == [verdict] * bool(effects)


def test_rows_of_others_and_rows_that_are_satisfied_say_nothing() -> None:
    assert read(CASE, LEMMY, [row(Verdict.DROPPED, server=MASTODON), row(Verdict.DROPPED, None)]).findings == ()


@pytest.mark.parametrize(("length", "kept"), [(WHAT_CHARS_MAX, WHAT_CHARS_MAX), (WHAT_CHARS_MAX + 1, WHAT_CHARS_MAX)])
def test_what_was_seen_is_cut(length: int, kept: int) -> None:
    assert len(Finding(rule="X-01", effect=Verdict.DROPPED, what="x" * length, mend="").what) == kept
