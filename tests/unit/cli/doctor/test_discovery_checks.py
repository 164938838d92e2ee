"""How a server is found: a sound one passes each check, and each fault fails the check that cites its rule."""

from __future__ import annotations

import attrs
import pytest
from tests.doctor_facts import (
    ACTOR,
    JRD,
    JRD_ANSWER,
    NODEINFO,
    ORIGIN,
    SECURE,
    SELF,
    SILENT,
    SOUND,
    answer,
    with_actor,
    with_answer,
)

from fedtext.cli.doctor.discovery_checks import CHECKS
from fedtext.cli.doctor.facts import Facts, Question
from fedtext.cli.doctor.judging import Outcome, examine
from fedtext.wire.acct import parse_handle

FIRST = JRD_ANSWER["hops"][0]
HTML = {"rel": "self", "type": "text/html", "href": "https://b.example/@bob"}


def jrd(document: object, **more: object) -> Facts:
    return with_answer(Question.WEBFINGER, answer(document, **{**JRD_ANSWER, **more}))  # type: ignore[arg-type]


def hops(count: int) -> dict[str, object]:
    return {"hops": (FIRST, *(f"{ORIGIN}/{number}" for number in range(count)))}


def nodeinfo(**members: object) -> Facts:
    document = {name: value for name, value in {**NODEINFO, **members}.items() if value is not None}
    return with_answer(Question.NODEINFO, answer(document, kind="application/json"))


FAULTS = [
    ("webfinger.answer", "WF-01", jrd(JRD, status=404)),
    ("webfinger.answer", "TRU-04", jrd(JRD, status=401)),
    ("webfinger.answer", "WF-01", jrd(b"<XRD/>")),
    ("webfinger.answer", "WF-01", with_answer(Question.WEBFINGER, SILENT)),
    ("webfinger.answer", "WF-01", with_answer(Question.WEBFINGER, None)),
    ("webfinger.type", "WF-06", jrd(JRD, kind="text/html")),
    ("webfinger.self", "WF-02", jrd({**JRD, "links": "none"})),
    ("webfinger.self", "WF-02", jrd({**JRD, "links": [HTML, SELF]})),
    ("webfinger.self", "WF-03", jrd({**JRD, "links": [{**SELF, "type": "application/json"}]})),
    ("webfinger.actor", "WF-11", jrd({**JRD, "links": [{**SELF, "href": f"{ORIGIN}/users/1/"}]})),
    ("webfinger.subject", "WF-02", jrd({**JRD, "subject": "acct:eve@b.example"})),
    ("webfinger.subject", "WF-09", jrd({"links": [SELF]})),
    ("webfinger.redirects", "WF-16", jrd(JRD, **hops(4))),
    ("webfinger.redirect_once", "WF-16", jrd(JRD, **hops(2))),
    ("webfinger.home", "WF-10", with_answer(Question.WEBFINGER_HOME, answer({**JRD, "links": []}))),
    ("webfinger.home", "WF-10", with_answer(Question.WEBFINGER_HOME, SILENT)),
    ("webfinger.stranger", "WF-01", with_answer(Question.WEBFINGER_STRANGER, answer(JRD))),
    ("handle.name", "WF-12", with_actor(preferredUsername="bob smith")),
    ("handle.name", "WF-12", with_actor(preferredUsername=".bob")),
    ("handle.port", "WF-13", attrs.evolve(SOUND, handle=parse_handle("bob@b.example:8443"))),
    ("nodeinfo.index", "WF-17", with_answer(Question.NODEINFO_INDEX, answer(status=404))),
    ("nodeinfo.index", "NI-01", with_answer(Question.NODEINFO, None)),
    ("nodeinfo.document", "NI-04", with_answer(Question.NODEINFO, answer(b"no"))),
    ("nodeinfo.document", "NI-04", nodeinfo(version="3.0")),
    ("nodeinfo.document", "NI-04", nodeinfo(software={"name": "My Blog", "version": "1"})),
    ("nodeinfo.document", "NI-04", nodeinfo(software={"name": "blog"})),
    ("nodeinfo.document", "NI-04", nodeinfo(protocols=["diaspora"])),
    ("nodeinfo.document", "NI-04", nodeinfo(services={})),
    ("nodeinfo.document", "NI-04", nodeinfo(openRegistrations="no")),
    ("nodeinfo.document", "NI-04", nodeinfo(usage={})),
    ("nodeinfo.document", "NI-04", nodeinfo(metadata=[])),
    ("nodeinfo.type", "NI-03", with_answer(Question.NODEINFO, answer(NODEINFO, kind="text/json"))),
    ("nodeinfo.host", "SEC-160", with_answer(Question.NODEINFO, answer(NODEINFO, hops=("https://c.example/",)))),
    ("server.actor", "SIG-24", with_answer(Question.SERVER_ACTOR, answer(status=401))),
    ("server.actor", "ACT-21", with_answer(Question.SERVER_ACTOR, None, SECURE)),
    ("server.actor", "SIG-25", with_answer(Question.SERVER_ACTOR, answer({**ACTOR, "publicKey": None}))),
]


def outcomes(facts: Facts) -> dict[str, Outcome]:
    return {finding.check.name: finding.outcome for finding in examine(facts, CHECKS)}


def test_a_sound_server_passes_every_check() -> None:
    assert set(outcomes(SOUND).values()) == {Outcome.PASSED}
    assert set(outcomes(SECURE).values()) == {Outcome.PASSED}


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


@pytest.mark.spec("WF-16")
@pytest.mark.parametrize(("count", "failed"), [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2)])
def test_redirects_are_counted_as_each_software_follows_them(count: int, failed: int) -> None:
    found = outcomes(jrd(JRD, **hops(count)))
    assert [found["webfinger.redirect_once"], found["webfinger.redirects"]].count(Outcome.FAILED) == failed


def test_the_subject_is_compared_without_case_and_the_link_to_the_letter() -> None:
    assert outcomes(jrd({**JRD, "subject": "acct:Bob@B.example"}))["webfinger.subject"] is Outcome.PASSED
    link = {**SELF, "href": "https://b.example/Users/1"}
    assert outcomes(jrd({**JRD, "links": [link]}))["webfinger.actor"] is Outcome.FAILED


def test_ports_of_this_machine_are_not_looked_at() -> None:
    facts = attrs.evolve(SOUND, handle=parse_handle("bob@localhost:8443"), is_development=True)
    assert outcomes(facts)["handle.port"] is Outcome.UNKNOWN
