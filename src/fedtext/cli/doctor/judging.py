"""Checks and findings: how facts are judged, and what that means for each peer software.

A check is one pure function with the rule that it cites, the software that goes by the rule, and how a fault is mended.
It gives what was seen, for better or worse, or None where the facts do not tell. Strangers' texts are cut to
`SEEN_CHARS_MAX` characters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Final, TypeAlias

import attrs

from .facts import Facts

SEEN_CHARS_MAX: Final = 160

PEERS: Final = (
    "Akkoma",
    "BookWyrm",
    "Friendica",
    "GoToSocial",
    "Lemmy",
    "Mastodon",
    "Misskey",
    "Mobilizon",
    "PeerTube",
    "Pixelfed",
    "Takahē",
    "Threads",
    "WordPress",
)
"""The software whose rules are known."""
EVERYBODY: Final = PEERS


class Outcome(Enum):
    """How a check went; FAILED: peers refuse; WARNING: some of them may; UNKNOWN: the facts do not tell."""

    PASSED = "passed"
    FAILED = "failed"
    WARNING = "warning"
    UNKNOWN = "unknown"


@attrs.frozen
class Seen:
    """What a check saw, and whether that is as it should be."""

    is_good: bool
    text: str


def good(text: str) -> Seen:
    """Say that it is as it should be."""
    return Seen(True, text)


def bad(text: str) -> Seen:
    """Say that it is not."""
    return Seen(False, text)


Judge: TypeAlias = Callable[[Facts], Seen | None]


@attrs.frozen(kw_only=True)
class Check:
    """One thing that peers look at.

    Args:
        name: Stable: "actor.id".
        about: The same for people.
        rules: Their ids.
        peers: The software that goes by it.
        mend: What to do about a fault.
        judge: Gives what is seen, or None.
        is_warning: A fault makes no peer refuse for certain.
        needs: What has to be given so that it can be judged; "" where nothing has.
    """

    name: str
    about: str
    rules: tuple[str, ...]
    peers: tuple[str, ...]
    mend: str
    judge: Judge
    is_warning: bool = False
    needs: str = ""


def check(
    name: str,
    about: str,
    *,
    rules: Sequence[str],
    peers: Sequence[str],
    mend: str,
    is_warning: bool = False,
    needs: str = "",
) -> Callable[[Judge], Check]:
    """Make a check of the function that judges; the arguments are those of `Check`."""

    def made(judge: Judge) -> Check:
        return Check(
            name=name,
            about=about,
            rules=tuple(rules),
            peers=tuple(peers),
            mend=mend,
            judge=judge,
            is_warning=is_warning,
            needs=needs,
        )

    return made


def _cut(text: str) -> str:
    return text[:SEEN_CHARS_MAX]


@attrs.frozen(kw_only=True)
class Finding:
    """What became of one check."""

    check: Check
    outcome: Outcome
    seen: str = attrs.field(converter=_cut)


def examine(facts: Facts, checks: Sequence[Check]) -> tuple[Finding, ...]:
    """Judge all facts, check by check."""
    return tuple(_judged(one, one.judge(facts)) for one in checks)


def _judged(one: Check, seen: Seen | None) -> Finding:
    if seen is None:
        return Finding(check=one, outcome=Outcome.UNKNOWN, seen=one.needs)
    fault = Outcome.WARNING if one.is_warning else Outcome.FAILED
    return Finding(check=one, outcome=Outcome.PASSED if seen.is_good else fault, seen=seen.text)


@attrs.frozen(kw_only=True)
class PeerReport:
    """What all of it means for one software.

    Args:
        peer: Its name.
        failures: What it refuses.
        warnings: What it may refuse.
        passed: How many checks it has nothing against.
        unknown: How many could not be judged for want of something that can be given.
    """

    peer: str
    failures: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    passed: int
    unknown: int


def by_peer(findings: Sequence[Finding]) -> tuple[PeerReport, ...]:
    """Sort findings by peer software, in the order of `PEERS`."""
    return tuple(_report(peer, [one for one in findings if peer in one.check.peers]) for peer in PEERS)


def _report(peer: str, found: Sequence[Finding]) -> PeerReport:
    def of(outcome: Outcome) -> tuple[Finding, ...]:
        return tuple(one for one in found if one.outcome is outcome)

    return PeerReport(
        peer=peer,
        failures=of(Outcome.FAILED),
        warnings=of(Outcome.WARNING),
        passed=len(of(Outcome.PASSED)),
        unknown=len([one for one in of(Outcome.UNKNOWN) if one.seen]),
    )
