"""Checks and findings, and what they mean for each peer software."""

from __future__ import annotations

from fedtext.cli.doctor.facts import Facts
from fedtext.cli.doctor.judging import PEERS, SEEN_CHARS_MAX, Check, Outcome, Seen, bad, by_peer, check, examine, good


def made(
    name: str, seen: Seen | None, *, peers: tuple[str, ...] = PEERS, warning: bool = False, needs: str = ""
) -> Check:
    make = check(name, name, rules=("X-01",), peers=peers, mend="mend it", is_warning=warning, needs=needs)
    return make(lambda _facts: seen)


def test_outcomes() -> None:
    checks = [
        made("a", good("well")),
        made("b", bad("ill")),
        made("c", bad("unwell"), warning=True),
        made("d", None),
        made("e", None, needs="a key"),
    ]
    assert [(one.outcome, one.seen) for one in examine(Facts(), checks)] == [
        (Outcome.PASSED, "well"),
        (Outcome.FAILED, "ill"),
        (Outcome.WARNING, "unwell"),
        (Outcome.UNKNOWN, ""),
        (Outcome.UNKNOWN, "a key"),
    ]


def test_a_strangers_text_is_cut() -> None:
    (found,) = examine(Facts(), [made("a", bad("x" * (SEEN_CHARS_MAX + 1)))])
    assert len(found.seen) == SEEN_CHARS_MAX


def test_each_software_is_told_what_is_its_own() -> None:
    checks = [
        made("a", good("well")),
        made("b", bad("ill"), peers=("Lemmy",)),
        made("c", bad("unwell"), peers=("Lemmy", "Threads"), warning=True),
        made("d", None),
        made("e", None, needs="a key"),
    ]
    reports = {report.peer: report for report in by_peer(examine(Facts(), checks))}
    assert tuple(reports) == PEERS
    lemmy, threads, mastodon = (reports[name] for name in ("Lemmy", "Threads", "Mastodon"))
    assert [one.check.name for one in lemmy.failures] == ["b"]
    assert [one.check.name for one in lemmy.warnings] == ["c"]
    assert (threads.failures, [one.check.name for one in threads.warnings]) == ((), ["c"])
    assert (mastodon.failures, mastodon.warnings, mastodon.passed, mastodon.unknown) == ((), (), 1, 1)
