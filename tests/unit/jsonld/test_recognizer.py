"""What the fast road takes. That it reads like the slow road is shown in tests/properties/test_roads.py."""

from __future__ import annotations

from typing import Any

import pytest

from fedtext.errors import LimitExceeded
from fedtext.jsonld import ACTIVITYSTREAMS, SECURITY_V1
from fedtext.jsonld.profiles import profile_of
from fedtext.jsonld.recognizer import is_recognized

CONTEXT: Any = [
    ACTIVITYSTREAMS,
    SECURITY_V1,
    "https://w3id.org/security/data-integrity/v2",
    {"toot": "http://joinmastodon.org/ns#", "ns": "https://ns.example/", "odd": "as:name", "mine": "ns:mine"},
]
PROOF = {"type": "DataIntegrityProof", "cryptosuite": "x", "proofPurpose": "assertionMethod", "proofValue": "z1"}


def recognized(members: dict[str, Any], context: Any = CONTEXT, depth_max: int = 32) -> bool:
    return is_recognized({"@context": context, **members}, profile_of(context), depth_max=depth_max)


TAKEN: list[dict[str, Any]] = [
    {},
    {"type": "Note", "content": "hi", "to": ["https://a.example/1", "as:Public"], "cc": "Public"},
    {"type": ["Note", "Unknown"], "id": None, "summary": None, "tag": [None, {"type": "Mention"}]},
    {"type": "https://ns.example/Wave"},
    {"actor": "did:key:z6Mk"},
    {"actor": "rel"},
    {"contentMap": {"en": "a", "de": ["b"], "und": "c", "@none": "d"}},
    {"contentMap": "x"},
    {"unknown": {"deep": [1, {"x": "y"}]}},
    {"mine": 3, "ns:other": 4, "https://other.example/x": 5, "vcard:bday": 6},
    {"proof": PROOF},
    {"proof": [PROOF, {**PROOF, "@context": CONTEXT}]},
    {"object": {"@context": CONTEXT, "type": "Note"}},
    {"orderedItems": ["https://a.example/1", {"type": "Note"}]},
]
DECLINED: list[dict[str, Any]] = [
    {"@id": "https://a.example/1"},
    {"@type": "Note"},
    {"as:name": "x"},
    {"https://www.w3.org/ns/activitystreams#name": "x"},
    {"_:x": 1},
    {"": 1},
    {"x y": 1},
    {"odd": "x"},
    {"type": "odd"},
    {"type": "vcard"},
    {"type": ["Note", "as"]},
    {"type": "as:Note"},
    {"type": "ns:Wave"},
    {"type": ["https://www.w3.org/ns/activitystreams#Note"]},
    {"proof": ["https://a.example/proof"]},
    {"type": "@id"},
    {"type": {"x": 1}},
    {"type": ["Note", None, 3]},
    {"id": "toot:x"},
    {"id": 3},
    {"actor": "ns:x"},
    {"actor": "as:Public"},
    {"actor": "@x"},
    {"actor": 3},
    {"actor": True},
    {"actor": ["https://a.example/1", 3]},
    {"tag": [["x"]]},
    {"unknown": [[1]]},
    {"content": {"@value": "x"}},
    {"items": [], "orderedItems": []},
    {"contentMap": {"en": "a", "EN": "b"}},
    {"contentMap": {"en": 3}},
    {"contentMap": {"@id": "x"}},
    {"contentMap": [{"en": "x"}]},
    {"proof": "https://a.example/proof"},
    {"proof": {**PROOF, "domain": "x"}},
    {"proof": {**PROOF, "proofPurpose": "authentication"}},
    {"proof": {**PROOF, "@context": ACTIVITYSTREAMS}},
    {"proof": {**PROOF, "proofValue": "_:b"}},
    {"object": {"@context": None, "type": "Note"}},
    {"object": {"@context": [ACTIVITYSTREAMS, {"mine": "ns:mine"}], "type": "Note"}},
    {"object": {"@context": "https://unknown.example/ctx", "type": "Note"}},
]


@pytest.mark.parametrize("members", TAKEN)
def test_plain_names_with_plain_values_are_recognized(members: dict[str, Any]) -> None:
    assert recognized(members)


@pytest.mark.parametrize("members", DECLINED)
@pytest.mark.parametrize("place", ["top", "nested", "listed"])
def test_anything_else_is_left_to_the_slow_road(members: dict[str, Any], place: str) -> None:
    documents = {"top": members, "nested": {"object": members}, "listed": {"tag": ["https://a.example/", members]}}
    assert not recognized(documents[place])


def test_contexts_inside_are_followed_as_long_as_they_add_nothing_of_their_own() -> None:
    usual: Any = [ACTIVITYSTREAMS, {"toot": "http://joinmastodon.org/ns#", "Emoji": "toot:Emoji"}]
    inner = {"@context": SECURITY_V1, "publicKey": {"owner": "https://a.example/1"}}
    assert recognized({"object": inner}, usual)
    assert recognized({"items": [inner, inner, {**inner, "@context": [ACTIVITYSTREAMS, SECURITY_V1]}]}, usual)
    assert not recognized({"object": {**inner, "owner": "sec:x"}}, usual)
    assert not recognized({"object": {**inner, "owner": "toot:x"}}, usual)
    assert not recognized({"object": {**inner, "vcard:x": 1}}, usual)


def test_many_different_contexts_inside_are_not_looked_at() -> None:
    def document(count: int) -> dict[str, Any]:
        return {"items": [{"@context": [ACTIVITYSTREAMS] * n, "type": "Note"} for n in range(2, count + 2)]}

    assert recognized(document(8), ACTIVITYSTREAMS)
    assert not recognized(document(9), ACTIVITYSTREAMS)


@pytest.mark.spec("SEC-020", "JLD-15")
def test_depth_is_bounded_at_the_limit_and_one_above() -> None:
    deep = {"object": {"tag": [{"name": "x"}]}}
    assert recognized(deep, depth_max=4)
    with pytest.raises(LimitExceeded):
        recognized(deep, depth_max=3)
    with pytest.raises(LimitExceeded):
        recognized({"object": {"tag": ["https://a.example/"]}}, depth_max=2)
