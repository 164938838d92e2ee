"""Deliveries: for each rule a good one, and a bad one that exactly the servers of its rows mind."""

from __future__ import annotations

import attrs
import pytest
from tests.readable import ALICE, BOB, POST, Document, activity, create, note, person
from tests.reading import minded_by, unbroken

from fedtext.config import Scheme
from fedtext.testing.peers import SERVERS, Delivery
from fedtext.testing.peers.delivery_rules import (
    DELIVERY_RULES,
    MASTODON_BYTES_MAX,
    MISSKEY_BYTES_MAX,
    WINDOWS_S,
)
from fedtext.wire.json import dump

ALL = " ".join(SERVERS)
LIKE = activity("Like", "https://b.example/posts/4")
RFC9421 = Scheme.RFC9421
USUAL = Delivery()
TARGET = "(request-target)"
NOBODY = frozenset[str]()


def changed(**changes: object) -> Delivery:
    """The usual delivery, but for this."""
    return attrs.evolve(USUAL, **changes)  # type: ignore[arg-type]


def sized(size_bytes: int) -> Document:
    """A Create of so many bytes."""
    found = create()
    return {**found, "x": "x" * (size_bytes - len(dump({**found, "x": ""})))}


# Rule, who minds, what is delivered, a good delivery, a bad one.
CASES: list[tuple[str, str, Document, Delivery, Delivery]] = [
    ("SIG-01", ALL, LIKE, USUAL, changed(scheme=None)),
    ("SIG-01", "mastodon misskey peertube lemmy", LIKE, USUAL, changed(covered=(TARGET, "host", "date"))),
    ("SIG-01", "misskey peertube", LIKE, USUAL, changed(covered=(TARGET, "date", "digest"))),
    ("SIG-01", "misskey peertube mastodon", LIKE, USUAL, changed(covered=(TARGET, "host", "digest"))),
    ("SIG-01", "misskey", LIKE, USUAL, changed(covered=(TARGET, "host", "(created)", "digest"))),
    ("SIG-33", "gotosocial lemmy misskey pixelfed", LIKE, USUAL, changed(scheme=RFC9421)),
    ("SIG-28", "mastodon", LIKE, changed(scheme=RFC9421), changed(scheme=RFC9421, covered=("@method", "@target-uri"))),
    ("SIG-03", "peertube takahe threads", LIKE, USUAL, changed(digest="sha-256")),
    ("SIG-03", "peertube takahe threads lemmy", LIKE, USUAL, changed(digest="SHA-256,SHA-512")),
    ("SIG-06", "gotosocial takahe", LIKE, USUAL, changed(is_tidy=False)),
    ("SIG-06", "takahe", LIKE, USUAL, changed(algorithm=None)),
    ("SIG-08", "mastodon lemmy takahe", LIKE, changed(algorithm="hs2019"), changed(algorithm="rsa-sha512")),
    ("SIG-13", "takahe pixelfed", LIKE, USUAL, changed(has_query=True)),
    ("SIG-14", "misskey", LIKE, USUAL, changed(is_own_host=False)),
    ("SIG-16", "lemmy pixelfed misskey", LIKE, changed(key_id=f"{ALICE}#k"), changed(key_id="https://c.example/k")),
    ("SIG-17", "misskey", LIKE, changed(key_id=f"{ALICE}/main-key"), changed(key_id="acct:alice@a.example")),
    ("SIG-19", "mastodon misskey peertube", LIKE, changed(signer=ALICE), changed(signer=BOB)),
    ("SIG-19", "misskey peertube", {**LIKE, "proof": {"type": "DataIntegrityProof"}}, USUAL, changed(signer=BOB)),
    ("INB-01", "gotosocial", LIKE, USUAL, changed(content_type="application/json")),
    ("COL-01", "mastodon misskey lemmy", note(), USUAL, changed(content_type="application/json")),
    ("COL-01", "lemmy", person(), changed(content_type="application/activity+json; charset=utf-8"),
     changed(content_type="application/activity+json;charset=utf-8")),
    ("INB-10", "mastodon lemmy misskey", note(), changed(url=POST), changed(url=f"{POST}/")),
    ("INB-11", "mastodon", create(), changed(host="b.example", follows=NOBODY),
     changed(host="c.example", follows=NOBODY)),
    ("INB-11", "mastodon", create(), changed(follows=frozenset({ALICE})), changed(follows=NOBODY)),
    ("INB-16", "mastodon", activity("Follow", BOB), changed(host="b.example"), changed(host="c.example")),
    *((
        "SIG-05", " ".join(server for server, (other_s, _) in WINDOWS_S.items() if other_s <= past_s), LIKE,
        changed(age_s=min(past_s for past_s, _ in WINDOWS_S.values())), changed(age_s=past_s + 1),
    ) for past_s, _ in WINDOWS_S.values()),
    *((
        "SIG-05", " ".join(server for server, (_, other_s) in WINDOWS_S.items() if other_s <= ahead_s), LIKE,
        changed(age_s=-60), changed(age_s=-ahead_s - 1),
    ) for _, ahead_s in WINDOWS_S.values()),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "servers", "document", "good", "bad"), CASES)
def test_a_bad_delivery_is_minded_and_a_good_one_is_not(
    rule: str, servers: str, document: Document, good: Delivery, bad: Delivery
) -> None:
    assert minded_by(rule, document, bad) == set(servers.split())
    assert minded_by(rule, document, good) == set()


@pytest.mark.parametrize(
    ("rule", "server", "most"), [("DLV-21", "misskey", MISSKEY_BYTES_MAX), ("INB-04", "mastodon", MASTODON_BYTES_MAX)]
)
def test_what_is_too_large_is_minded(rule: str, server: str, most: int) -> None:
    assert minded_by(rule, sized(most)) == set()
    assert minded_by(rule, sized(most + 1)) == {server}


def test_every_row_is_broken_by_a_bad_delivery() -> None:
    large = [(sized(MASTODON_BYTES_MAX + 1), None)]
    assert unbroken(DELIVERY_RULES, [(document, bad) for _, _, document, _, bad in CASES] + large) == []


def test_what_is_fetched_needs_no_signature() -> None:
    assert minded_by(None, person(), changed(scheme=None)) == set()
