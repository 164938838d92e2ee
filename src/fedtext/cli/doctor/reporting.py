"""How findings are shown: check by check, then software by software; or as records for machines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..console import Console, plain
from .facts import Facts
from .judging import Finding, Outcome, PeerReport, by_peer

_ABOUT_WIDTH: Final = 46
_PEER_WIDTH: Final = 12
_STYLES: Final = {Outcome.WARNING: ("!", "strong"), Outcome.UNKNOWN: ("-", "soft")}


def show(console: Console, facts: Facts, findings: Sequence[Finding]) -> None:
    """Show all findings, and what they mean for each peer software."""
    name = f"@{facts.handle}, " if facts.handle is not None else ""
    console.say(console.style(f"{name}{facts.actor_id or 'no actor was found'}", "strong"))
    for finding in findings:
        _show_finding(console, finding)
        console.tell(as_record(finding))
    console.say()
    console.say(console.style("peers", "strong"))
    for report in by_peer(findings):
        _show_peer(console, report)
        console.tell(_peer_record(report))


def _show_finding(console: Console, finding: Finding) -> None:
    if finding.outcome is Outcome.UNKNOWN and not finding.seen:
        return  # it does not apply
    about, rules = finding.check.about.ljust(_ABOUT_WIDTH), " ".join(finding.check.rules)
    console.say(f"  {_mark(console, finding.outcome)} {about} {console.style(rules, 'soft')}")
    if finding.outcome is Outcome.PASSED:
        return
    if finding.seen:
        console.say(f"      {plain(finding.seen)}")
    if finding.outcome is not Outcome.UNKNOWN:
        console.say(f"      mend: {finding.check.mend}")


def _mark(console: Console, outcome: Outcome) -> str:
    if outcome in _STYLES:
        return console.style(*_STYLES[outcome])
    return console.sign(outcome is Outcome.PASSED)


def _show_peer(console: Console, report: PeerReport) -> None:
    worst = Outcome.FAILED if report.failures else Outcome.WARNING if report.warnings else Outcome.PASSED
    unknown = f", {report.unknown} not judged" if report.unknown else ""
    row = f"  {_mark(console, worst)} {report.peer.ljust(_PEER_WIDTH)} {report.passed} passed{unknown}"
    console.say(row)
    for word, found in (("refuses", report.failures), ("may refuse", report.warnings)):
        for finding in found:
            rules = " ".join(finding.check.rules)
            console.say(f"      {word}: {finding.check.about} ({rules}): {plain(finding.seen)}")


def as_record(finding: Finding) -> dict[str, object]:
    """Give a finding as JSON has it."""
    return {
        "check": finding.check.name,
        "about": finding.check.about,
        "rules": finding.check.rules,
        "outcome": finding.outcome.value,
        "peers": finding.check.peers,
        "seen": finding.seen,
        "mend": finding.check.mend if finding.outcome in (Outcome.FAILED, Outcome.WARNING) else None,
    }


def _peer_record(report: PeerReport) -> dict[str, object]:
    return {
        "peer": report.peer,
        "ok": not report.failures,
        "failures": [finding.check.name for finding in report.failures],
        "warnings": [finding.check.name for finding in report.warnings],
        "passed": report.passed,
        "unknown": report.unknown,
    }
