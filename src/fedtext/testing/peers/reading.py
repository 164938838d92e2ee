"""How a peer reads a document: findings by rule, and the verdict that they come to.

Decided here: what a verdict is, and that the worst effect decides. Which rules there are stands in the tables beside.

Invariants: pure; the same document and delivery give the same reading; a rule that is satisfied says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final

import attrs

from .cases import Case

WHAT_CHARS_MAX: Final = 160

MASTODON: Final = "mastodon"
GOTOSOCIAL: Final = "gotosocial"
MISSKEY: Final = "misskey"
LEMMY: Final = "lemmy"
PIXELFED: Final = "pixelfed"
PEERTUBE: Final = "peertube"
TAKAHE: Final = "takahe"
THREADS: Final = "threads"
# How they spell themselves.
SERVERS: Final = {
    MASTODON: "Mastodon",
    GOTOSOCIAL: "GoToSocial",
    MISSKEY: "Misskey",
    LEMMY: "Lemmy",
    PIXELFED: "Pixelfed",
    PEERTUBE: "PeerTube",
    TAKAHE: "Takahē",
    THREADS: "Threads",
}
EVERY: Final = tuple(SERVERS)


class Verdict(Enum):
    """What becomes of a document, from the best to the worst."""

    SHOWN = "shown"
    ALTERED = "altered"
    NOT_MEANT = "not for it"
    """It is sound, but of a kind that this server does not show to anybody."""
    DROPPED = "dropped"


_ORDER: Final = tuple(Verdict)


def _cut(text: str) -> str:
    return text if len(text) <= WHAT_CHARS_MAX else text[: WHAT_CHARS_MAX - 1] + "…"


@attrs.frozen(kw_only=True)
class Finding:
    """One rule that a document does not satisfy.

    Args:
        rule: Its id: "MOD-02".
        effect: What the server makes of it.
        what: What was seen, `WHAT_CHARS_MAX` characters at most.
        mend: What to do, in a sentence without a capital and a full stop.
        second_hand: Whether what the server does is known from the words of others only.
    """

    rule: str
    effect: Verdict
    what: str = attrs.field(converter=_cut)
    mend: str
    second_hand: bool = False


@attrs.frozen
class Rule:
    """One row of the tables: what servers do with a document that does not satisfy it.

    Args:
        rule: Its id.
        servers: Those that do so.
        effect: What they do.
        broken: Gives what was seen where the rule is not satisfied; None: it is, or it is not about such documents.
        mend: What to do, in a sentence without a capital and a full stop.
        second_hand: Whether that is known from the words of others only.
    """

    rule: str
    servers: tuple[str, ...]
    effect: Verdict
    broken: Callable[[Case], str | None]
    mend: str
    second_hand: bool = False


@attrs.frozen(kw_only=True)
class Reading:
    """How one server reads one document.

    Args:
        server: Its name among `SERVERS`.
        findings: What it minds, the worst first.
    """

    server: str
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """What becomes of the document."""
        return max((finding.effect for finding in self.findings), key=_ORDER.index, default=Verdict.SHOWN)


def read(case: Case, server: str, rules: Iterable[Rule]) -> Reading:
    """Read a document by rules.

    Args:
        case: The document and its delivery.
        server: Who reads; rules for others are passed over.
        rules: The tables.
    """
    findings = [
        Finding(rule=row.rule, effect=row.effect, what=what, mend=row.mend, second_hand=row.second_hand)
        for row in rules
        if server in row.servers and (what := row.broken(case)) is not None
    ]
    findings.sort(key=lambda finding: -_ORDER.index(finding.effect))
    return Reading(server=server, findings=tuple(findings))
