"""Rules by host and by actor: which one counts, and what it does (TRU-01, INB-19, INB-20, SEC-151)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.errors import MalformedIri, PolicyRefusal
from fedtext.inbox import Rule, Rules, Severity, decode_rule, parse_subject
from fedtext.inbox.rules import COMMENT_CHARS_MAX, SUBJECT_CHARS_MAX

EVIL = "https://evil.example/users/eve"


def rules(*given: tuple[str, Severity], **options: object) -> Rules:
    made = [Rule(subject=parse_subject(subject), severity=severity) for subject, severity in given]
    return Rules(by_subject={rule.subject: rule for rule in made}, **options)  # type: ignore[arg-type]


def refused(found: Rules, iri: str) -> bool:
    try:
        found.refuse(iri)
    except PolicyRefusal:
        return True
    return False


@pytest.mark.spec("TRU-01", "INB-19")
@pytest.mark.parametrize(
    ("iri", "expected"),
    [
        (EVIL, True),
        ("https://evil.example", True),
        ("https://EVIL.example:8443/x?y#z", True),
        ("https://evil.example./x", True),
        ("http://a.b.evil.example/x", True),
        ("https://notevil.example/x", False),
        ("https://evil.example.org/x", False),
        ("https://b\u00fccher.example/x", True),
        ("https://xn--bcher-kva.example/x", True),
        ("acct:eve@evil.example", False),  # no address; the actor's is asked about
        ("", False),
    ],
)
def test_inb_19_a_host_and_all_below_it(iri: str, expected: bool) -> None:
    assert refused(rules(("Evil.Example.", Severity.BLOCK), ("*.B\u00fccher.example", Severity.BLOCK)), iri) is expected


@pytest.mark.spec("TRU-01")
def test_tru_01_the_closest_rule_counts() -> None:
    found = rules(
        ("example", Severity.BLOCK),
        ("good.example", Severity.ALLOW),
        ("bad.good.example", Severity.SUSPEND),
        ("https://good.example/users/eve", Severity.SILENCE),
        ("https://other.example/users/bob", Severity.ALLOW),
    )
    assert refused(found, "https://x.example/")
    assert not refused(found, "https://good.example/users/bob")
    assert found.is_suspended("https://a.bad.good.example/users/1")
    assert found.is_silenced("https://good.example/users/eve")
    assert not found.is_silenced("https://good.example/users/eve2")
    assert not refused(found, "https://other.example/users/bob")
    assert refused(found, "https://other.example/users/carol")


@pytest.mark.spec("TRU-01", "INB-19")
def test_inb_19_with_an_allow_list_nobody_else_is_heard() -> None:
    listed = rules(
        ("good.example", Severity.ALLOW),
        ("quiet.example", Severity.SILENCE),
        ("gone.example", Severity.SUSPEND),
        allow_listed_only=True,
        own_hosts=frozenset({"me.example"}),
    )
    heard = {host: not refused(listed, f"https://{host}/x") for host in ("good.example", "a.good.example")}
    assert heard == {"good.example": True, "a.good.example": True}
    assert not refused(listed, "https://quiet.example/x")
    assert not refused(listed, "https://me.example/users/1")
    assert refused(listed, "https://gone.example/x")
    assert refused(listed, "https://unknown.example/x")
    assert refused(Rules(allow_listed_only=True), "https://unknown.example/x")


@pytest.mark.parametrize("severity", list(Severity))
def test_a_rule_is_read_back_as_it_was_written(severity: Severity) -> None:
    rule = Rule(subject="x.example", severity=severity, rejects_reports=True, comment="spam\n\u20ac")
    assert decode_rule("x.example", rule.encode()) == rule


def test_a_comment_at_the_limit_and_above() -> None:
    for length in (COMMENT_CHARS_MAX, COMMENT_CHARS_MAX + 1):
        rule = Rule(subject="x.example", severity=Severity.BLOCK, comment="a" * length)
        assert len(decode_rule("x.example", rule.encode()).comment) == COMMENT_CHARS_MAX


@given(st.binary(max_size=60))
def test_what_cannot_be_read_blocks(noise: bytes) -> None:
    assert decode_rule("x.example", noise).severity is Severity.BLOCK


@pytest.mark.parametrize(
    "text", ["", ".", "a b", "a_b.example", "https://", "ftp://x.example/a", "x" * (SUBJECT_CHARS_MAX + 1), "1.2.3"]
)
def test_what_no_rule_can_be_about(text: str) -> None:
    with pytest.raises(MalformedIri):
        parse_subject(text)
