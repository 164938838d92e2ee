"""What a server answers to what is posted, and its clock: a sound one passes, each fault fails its check."""

from __future__ import annotations

import attrs
import pytest
from tests.doctor_facts import SENT_S, SILENT, SOUND, answer, with_answer

from fedtext.cli.doctor.facts import Facts, Question
from fedtext.cli.doctor.inbox_checks import CHECKS, CLOCK_OFF_S_MAX
from fedtext.cli.doctor.judging import Outcome, examine


def posted(question: Question, status: int) -> Facts:
    return with_answer(question, answer(status=status))


def off(seconds: float, **headers: str) -> Facts:
    """A clock that is ahead by so many seconds."""
    late = attrs.evolve(answer(status=401, **headers), seen_s=SENT_S - seconds)
    return with_answer(Question.POST_UNSIGNED, late)


FAULTS = [
    *[
        ("inbox.unsigned", "SIG-26", posted(Question.POST_UNSIGNED, status))
        for status in (200, 202, 301, 404, 405, 500)
    ],
    ("inbox.unsigned", "SEC-005", with_answer(Question.POST_UNSIGNED, SILENT)),
    ("inbox.shared", "SIG-26", posted(Question.POST_SHARED, 202)),
    *[("inbox.status", "SIG-31", posted(Question.POST_UNSIGNED, status)) for status in (400, 403)],
    *[("inbox.as_ld", "INB-01", posted(Question.POST_AS_LD, status)) for status in (406, 415)],
    ("inbox.as_ld", "INB-01", with_answer(Question.POST_AS_LD, SILENT)),
    ("inbox.mistyped", "INB-01", posted(Question.POST_MISTYPED, 202)),
    *[("inbox.forged", "SIG-27", posted(Question.POST_FORGED, status)) for status in (200, 202, 302)],
    *[("inbox.signed", "INB-03", posted(Question.POST_SIGNED, status)) for status in (301, 401, 500)],
    ("inbox.tampered", "SIG-04", posted(Question.POST_TAMPERED, 202)),
    ("host.passed_on", "SIG-14", posted(Question.POST_SIGNED, 421)),
    ("host.passed_on", "SIG-14", attrs.evolve(posted(Question.POST_SIGNED, 401), disguises={"localhost": True})),
    ("clock.minute", "SIG-05", off(CLOCK_OFF_S_MAX + 1)),
    ("clock.minute", "SIG-05", off(-CLOCK_OFF_S_MAX - 1)),
    ("clock.five_minutes", "SIG-05", off(301)),
]


def outcomes(facts: Facts) -> dict[str, Outcome]:
    return {finding.check.name: finding.outcome for finding in examine(facts, CHECKS)}


def seen(facts: Facts, name: str) -> str:
    return next(finding.seen for finding in examine(facts, CHECKS) if finding.check.name == name)


def test_a_sound_server_passes_every_check() -> None:
    assert set(outcomes(SOUND).values()) == {Outcome.PASSED}


def test_what_was_not_asked_is_no_fault() -> None:
    assert set(outcomes(Facts()).values()) == {Outcome.UNKNOWN}


@pytest.mark.parametrize(("name", "rule", "facts"), FAULTS)
def test_each_fault_fails_the_check_that_cites_its_rule(name: str, rule: str, facts: Facts) -> None:
    (found,) = [finding for finding in examine(facts, CHECKS) if finding.check.name == name]
    assert found.outcome is (Outcome.WARNING if found.check.is_warning else Outcome.FAILED)
    assert rule in found.check.rules
    assert found.seen


def test_every_check_has_a_fault() -> None:
    assert {check.name for check in CHECKS} == {name for name, _, _ in FAULTS}


@pytest.mark.spec("SIG-26")
def test_400_and_403_refuse_what_is_not_signed_though_401_says_it_better() -> None:
    for status in (400, 403):
        assert outcomes(posted(Question.POST_UNSIGNED, status))["inbox.unsigned"] is Outcome.PASSED


@pytest.mark.spec("SIG-26")
@pytest.mark.parametrize("status", [401, 403, 503])
def test_a_key_that_cannot_be_had_now_may_be_503(status: int) -> None:
    assert outcomes(posted(Question.POST_FORGED, status))["inbox.forged"] is Outcome.PASSED


def test_where_a_good_signature_is_refused_a_bad_one_shows_nothing() -> None:
    facts = posted(Question.POST_SIGNED, 401)
    assert outcomes(facts)["inbox.tampered"] is Outcome.UNKNOWN
    assert outcomes(facts)["host.passed_on"] is Outcome.UNKNOWN


def test_why_a_signature_was_refused_is_told() -> None:
    facts = with_answer(Question.POST_SIGNED, answer({"title": "expired"}, status=401))
    assert "expired" in seen(facts, "inbox.signed")
    assert "never asked for" in seen(attrs.evolve(facts, is_key_asked_for=False), "inbox.signed")
    assert "never asked for" not in seen(attrs.evolve(facts, is_key_asked_for=True), "inbox.signed")


@pytest.mark.spec("SIG-05")
@pytest.mark.parametrize("seconds", [-60, 0, 60])
def test_a_minute_is_well(seconds: int) -> None:
    assert outcomes(off(seconds))["clock.minute"] is Outcome.PASSED


@pytest.mark.spec("SIG-05")
def test_clocks_that_are_late_and_copies_that_are_old() -> None:
    assert seen(off(-75), "clock.minute") == "75 s behind ours"
    assert seen(off(75), "clock.minute") == "75 s ahead of ours"
    assert outcomes(off(-75, age="75"))["clock.minute"] is Outcome.PASSED


def test_without_a_date_another_answer_tells() -> None:
    late = attrs.evolve(answer(status=401, date="yesterday"), seen_s=SENT_S - 99)
    assert outcomes(with_answer(Question.POST_UNSIGNED, late))["clock.minute"] is Outcome.PASSED
