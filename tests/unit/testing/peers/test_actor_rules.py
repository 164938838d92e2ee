"""Actors: for each rule a good one, and a bad one that exactly the servers of its rows mind."""

from __future__ import annotations

import pytest
from tests.readable import ALICE, BOB, PEM, Document, activity, note, person
from tests.reading import minded_by, unbroken

from fedtext.testing.peers import SERVERS
from fedtext.testing.peers.actor_rules import (
    ACTOR_RULES,
    BIO_BYTES_MAX,
    FIELDS_MAX,
    NAME_CHARS_MAX,
    PEM_CHARS_MAX,
    USERNAME_CHARS_MAX,
)

ALL = " ".join(SERVERS)
FIELD = {"type": "PropertyValue", "name": "Home", "value": "<p>x</p>"}
KEY = {"id": f"{ALICE}#main-key", "owner": ALICE, "publicKeyPem": PEM}


def pem(length: int) -> Document:
    """An actor with a key of so many characters."""
    return person(publicKey={**KEY, "publicKeyPem": PEM.ljust(length, "x")})


# Rule, who minds, good, bad.
CASES: list[tuple[str, str, Document, Document]] = [
    ("ACT-01", ALL, person(type=["Robot", "Service"]), person(type="Robot")),
    ("ACT-01", "mastodon lemmy peertube", person(), person(inbox=None, type="Person")),
    ("ACT-01", "mastodon", person(preferredUsername=None, webfinger="alice@a.example"), person(preferredUsername=None)),
    ("ACT-01", "lemmy", person(), person(outbox=None)),
    ("ACT-01", "lemmy peertube", activity("Update", person()), activity("Update", person(publicKey=None))),
    ("ACT-01", "peertube", person(), person(url=None)),
    ("ACT-02", "peertube", person(type="Group", attributedTo=BOB), person(type="Group")),
    ("ACT-03", "misskey", person(outbox="https://x.a.example/outbox"), person(outbox="https://a.test/outbox")),
    ("ACT-03", "misskey gotosocial", person(endpoints=None), person(endpoints={"sharedInbox": "https://a.test/inbox"})),
    ("ACT-03", "misskey gotosocial", person(), person(endpoints=None, sharedInbox="https://a.test/inbox")),
    ("ACT-04", "mastodon", person(followers={"id": f"{ALICE}/f"}), person(followers="urn:x:followers")),
    ("ACT-06", "mastodon", person(publicKey=[KEY]), person(publicKey={**KEY, "publicKeyPem": None})),
    ("SIG-18", "mastodon gotosocial", person(), person(publicKey={**KEY, "owner": BOB})),
    ("SIG-23", "peertube", person(), person(publicKey={**KEY, "publicKeyPem": "-----BEGIN RSA PUBLIC KEY-----\nMI"})),
    ("SIG-23", "peertube", pem(PEM_CHARS_MAX), pem(PEM_CHARS_MAX + 1)),
    ("ACT-07", "mastodon misskey", person(icon={"type": "Image", "url": "https://a.example/1"}),
     person(image=[{"type": "Image"}])),
    ("ACT-08", "misskey", person(name=None), person(name=["Alice"])),
    ("ACT-09", "mastodon gotosocial", person(attachment=[FIELD]), person(attachment=[{**FIELD, "value": None}])),
    ("ACT-12", "mastodon", person(suspended=False), person(suspended=True)),
    ("ACT-15", "gotosocial", person(featured=f"{ALICE}/featured"), person(featured="https://b.test/featured")),
    ("ACT-16", "mastodon", person(url=[{"type": "Link", "href": "https://a.example/@a"}]),
     person(url="https://www.a.example/@a")),
    ("MOD-69", "mastodon", person(name="x" * NAME_CHARS_MAX), person(name="x" * (NAME_CHARS_MAX + 1))),
    ("MOD-69", "mastodon", person(summary="x" * BIO_BYTES_MAX), person(summary="x" * (BIO_BYTES_MAX + 1))),
    ("MOD-69", "mastodon", person(attachment=[FIELD] * FIELDS_MAX), person(attachment=[FIELD] * (FIELDS_MAX + 1))),
    ("WF-12", "mastodon misskey", person(preferredUsername="al_1.b-c"), person(preferredUsername="al ice")),
    ("WF-12", "misskey", person(preferredUsername="x" * USERNAME_CHARS_MAX),
     person(preferredUsername="x" * (USERNAME_CHARS_MAX + 1))),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "servers", "good", "bad"), CASES)
def test_a_bad_actor_is_minded_and_a_good_one_is_not(rule: str, servers: str, good: Document, bad: Document) -> None:
    assert minded_by(rule, bad) == set(servers.split())
    assert minded_by(rule, good) == set()


def test_every_row_is_broken_by_a_bad_actor() -> None:
    assert unbroken(ACTOR_RULES, [(bad, None) for *_, bad in CASES]) == []


@pytest.mark.parametrize("document", [person(), activity("Update", person())])
def test_an_actor_is_shown_by_all(document: Document) -> None:
    assert minded_by(None, document) == set()


def test_a_post_is_not_judged_as_an_actor() -> None:
    assert len(unbroken(ACTOR_RULES, [(note(), None)])) == len(ACTOR_RULES)
