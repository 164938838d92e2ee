"""Of other origins only ids are kept; what is kept whole is never taken for somebody's word."""

from __future__ import annotations

from typing import Any

import pytest

from fedtext.fetch import origin_or_none, reduce_foreign
from fedtext.wire.iri import Origin

HERE = Origin("https://a.example.com")
OWN = {"id": "https://a.example.com/1", "type": "Note"}
FAKE = {"id": "https://v.example.org/1", "type": "Note", "content": "never said"}
ID = FAKE["id"]

CASES: list[tuple[str, Any, Any]] = [
    ("an id", ID, ID),
    ("an own object", OWN, OWN),
    ("a foreign object", FAKE, ID),
    ("one among several", [OWN, FAKE, "x"], [OWN, ID, "x"]),
    ("below an own object", {**OWN, "inReplyTo": FAKE}, {**OWN, "inReplyTo": ID}),
    ("below what has no id", {"type": "Create", "object": FAKE}, {"type": "Create", "object": ID}),
    ("under a name that nobody knows", {**OWN, "x": {"y": [FAKE]}}, {**OWN, "x": {"y": [ID]}}),
    ("below a foreign object", {**FAKE, "replies": FAKE}, ID),
    ("another scheme", {"id": "did:key:z6Mk"}, "did:key:z6Mk"),
    ("another port", {"id": "https://a.example.com:8443/1"}, "https://a.example.com:8443/1"),
    (
        "the same origin, written otherwise",
        {"id": "https://A.example.com:443/1"},
        {"id": "https://A.example.com:443/1"},
    ),
    ("an id that is no text", {"id": 1, "object": FAKE}, {"id": 1, "object": ID}),
]


@pytest.mark.spec("INB-09", "SEC-079")
@pytest.mark.parametrize(("given", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_left_of_an_embedded_object(given: Any, expected: Any) -> None:
    document = {"id": "https://a.example.com/activity", "object": given}
    before = repr(document)
    assert reduce_foreign(document, HERE) == {"id": "https://a.example.com/activity", "object": expected}
    assert repr(document) == before, "the given document is not changed"


def test_what_holds_nothing_foreign_is_not_copied() -> None:
    document: Any = {
        "id": "https://a.example.com/activity",
        "object": {**OWN, "inReplyTo": ID},
        "to": [ID],
        "tag": [FAKE],
    }
    assert reduce_foreign(document, HERE) is document


def test_what_is_not_foreign_is_shared() -> None:
    document = {"id": "https://a.example.com/activity", "object": OWN, "target": FAKE}
    reduced = reduce_foreign(document, HERE)
    assert reduced["object"] is OWN
    assert document["target"] is FAKE


@pytest.mark.parametrize("name", ["@context", "tag", "attachment", "icon", "image", "publicKey", "proof", "signature"])
def test_pictures_tags_and_keys_are_kept_whole(name: str) -> None:
    assert reduce_foreign({name: [FAKE]}, HERE) == {name: [FAKE]}


@pytest.mark.spec("SEC-073")
@pytest.mark.parametrize(
    ("iri", "origin"),
    [
        ("https://a.example.com/x#y", "https://a.example.com"),
        ("https://u@a.example.com/", None),
        ("did:key:z6Mk", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_origin_or_none(iri: Any, origin: str | None) -> None:
    assert origin_or_none(iri) == origin
