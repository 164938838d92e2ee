"""What a server shows of an actor: a sound one passes each check, each fault fails the check that cites its rule."""

from __future__ import annotations

import json

import pytest
from tests.doctor_facts import ACTOR, AS2, ID, ORIGIN, PAGE, PEM, SECURE, SILENT, SOUND, answer, with_actor, with_answer

from fedtext.cli.doctor.actor_checks import CHECKS
from fedtext.cli.doctor.facts import Facts, Question
from fedtext.cli.doctor.judging import Outcome, examine
from fedtext.keys import generate_ed25519, generate_rsa

KEY = ACTOR["publicKey"]
PKCS1 = "-----BEGIN RSA PUBLIC KEY-----\nMIIB\n-----END RSA PUBLIC KEY-----\n"
GROUP = with_actor(type="Group", attributedTo=ID)


def actor(**more: object) -> Facts:
    return with_answer(Question.ACTOR, answer(ACTOR, **more))  # type: ignore[arg-type]


def key(**members: object) -> Facts:
    return with_actor(publicKey={name: value for name, value in {**KEY, **members}.items() if value is not None})


def nested(levels: int) -> list[object]:
    found: list[object] = []
    for _ in range(levels - 1):
        found = [found]
    return found


def long(size: int) -> Facts:
    room = size - len(json.dumps({**ACTOR, "summary": ""}))
    return with_actor(summary="x" * room)


FAULTS = [
    ("actor.answer", "INB-10", actor(status=404)),
    ("actor.answer", "INB-10", with_answer(Question.ACTOR, SILENT)),
    ("secure.signed", "COL-11", with_answer(Question.ACTOR_SIGNED, answer(status=401), SECURE)),
    ("secure.signed", "COL-11", with_answer(Question.ACTOR_SIGNED, SILENT, SECURE)),
    ("actor.direct", "INB-10", actor(hops=(ID, f"{ID}/"))),
    ("actor.media_type", "COL-01", actor(kind="application/json")),
    ("actor.media_type", "COL-01", actor(kind="")),
    ("actor.media_type_exact", "COL-01", actor(kind=f"{AS2};charset=utf-8")),
    ("actor.accept_ld", "COL-02", with_answer(Question.ACTOR_AS_LD, answer(status=406))),
    ("actor.accept_ld", "COL-02", with_answer(Question.ACTOR_AS_LD, PAGE)),
    ("actor.object", "ACT-01", with_answer(Question.ACTOR, answer(b"["))),
    ("actor.context", "JLD-01", with_actor(**{"@context": None})),
    ("actor.context", "JLD-01", with_actor(**{"@context": [{"as": "https://www.w3.org/ns/activitystreams"}]})),
    ("actor.id", "INB-10", with_actor(id=f"{ID}/")),
    ("actor.type", "ACT-01", with_actor(type="Robot")),
    ("actor.type", "ACT-01", with_actor(type=["Person"])),
    ("actor.name", "ACT-01", with_actor(preferredUsername=None)),
    ("actor.name", "ACT-08", with_actor(name=["Bob"])),
    ("actor.inbox", "ACT-01", with_actor(inbox=None)),
    ("actor.inbox", "ACT-01", with_actor(inbox="/inbox")),
    ("actor.outbox", "ACT-01", with_actor(outbox=None)),
    ("actor.url", "ACT-01", with_actor(url=None)),
    ("actor.group", "ACT-02", with_actor(type="Group")),
    ("actor.hosts", "ACT-03", with_actor(outbox="https://c.example/outbox")),
    ("actor.hosts", "ACT-03", with_actor(endpoints={"sharedInbox": "https://c.example/inbox"})),
    ("actor.depth", "JLD-15", with_actor(attachment=nested(7))),
    ("actor.size", "MOD-69", long(65_536)),
    ("key.whole", "ACT-06", with_actor(publicKey=None)),
    ("key.whole", "ACT-06", with_actor(publicKey="x")),
    ("key.whole", "ACT-06", key(id=None)),
    ("key.whole", "SIG-18", key(owner="https://c.example/users/1")),
    ("key.kind", "SIG-23", key(publicKeyPem="x")),
    ("key.kind", "SIG-23", key(publicKeyPem=generate_ed25519().public.pem)),
    ("key.form", "SIG-23", key(publicKeyPem=PKCS1)),
    ("key.id", "SIG-16", key(id=f"{ID}/main-key")),
    ("key.host", "SIG-16", key(id="https://c.example/users/1#main-key")),
    ("vary.header", "ACT-26", actor(vary="")),
    ("vary.cache", "ACT-26", with_answer(Question.ACTOR, PAGE)),
    ("vary.cache", "ACT-26", with_answer(Question.PAGE, answer(ACTOR, age="12"))),
    ("vary.cache", "ACT-26", with_answer(Question.PAGE, answer(ACTOR, x_cache="HIT"))),
    ("vary.signature", "COL-11", with_answer(Question.ACTOR_SIGNED, answer(ACTOR), SECURE)),
    ("host.addresses", "SIG-14", with_actor(id="http://127.0.0.1:8000/users/1")),
    ("host.addresses", "SIG-14", with_actor(inbox=f"{ID}/inbox".replace("https", "http"))),
    ("host.addresses", "SIG-14", with_actor(url="https://b.example:8443/@bob")),
    ("profile.public", "TRU-03", with_answer(Question.PROFILE, answer(status=403))),
]


def outcomes(facts: Facts) -> dict[str, Outcome]:
    return {finding.check.name: finding.outcome for finding in examine(facts, CHECKS)}


def test_a_sound_server_passes_every_check_but_that_for_groups() -> None:
    assert {name: outcome for name, outcome in outcomes(SOUND).items() if outcome is not Outcome.PASSED} == {
        "actor.group": Outcome.UNKNOWN
    }
    assert set(outcomes(GROUP).values()) == {Outcome.PASSED}


def test_secure_mode_is_no_fault() -> None:
    found = outcomes(SECURE)
    assert {name for name, outcome in found.items() if outcome in (Outcome.FAILED, Outcome.WARNING)} == set()
    assert found["secure.signed"] is Outcome.PASSED


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


@pytest.mark.spec("JLD-15")
@pytest.mark.parametrize(("levels", "outcome"), [(6, Outcome.PASSED), (7, Outcome.FAILED)])
def test_seven_levels_are_as_deep_as_pixelfed_reads(levels: int, outcome: Outcome) -> None:
    assert outcomes(with_actor(attachment=nested(levels)))["actor.depth"] is outcome


@pytest.mark.spec("MOD-69")
@pytest.mark.parametrize(("size", "outcome"), [(65_535, Outcome.PASSED), (65_536, Outcome.FAILED)])
def test_an_actor_has_less_than_64_kib(size: int, outcome: Outcome) -> None:
    assert outcomes(long(size))["actor.size"] is outcome


@pytest.mark.parametrize("kind", [AS2, f"{AS2}; charset=utf-8"])
def test_media_types_that_all_take(kind: str) -> None:
    found = outcomes(actor(kind=kind))
    assert (found["actor.media_type"], found["actor.media_type_exact"]) == (Outcome.PASSED, Outcome.PASSED)


def test_a_page_elsewhere_says_nothing_of_proxies() -> None:
    assert outcomes(with_actor(url="https://www.b.example/@bob"))["host.addresses"] is Outcome.PASSED


def test_a_server_without_pages_has_no_cache_to_confuse() -> None:
    assert outcomes(with_answer(Question.PAGE, answer(ACTOR)))["vary.cache"] is Outcome.UNKNOWN
    assert outcomes(with_answer(Question.PAGE, answer(ACTOR, age="0")))["vary.cache"] is Outcome.UNKNOWN


def test_a_key_of_4096_bits_is_well() -> None:
    assert (other := generate_rsa(4096).public.pem) != PEM
    assert outcomes(key(publicKeyPem=other))["key.kind"] is Outcome.PASSED


def test_addresses_are_of_the_host_that_was_asked() -> None:
    assert ORIGIN in ID
