"""Handles in the place of ids."""

from __future__ import annotations

import copy

import pytest

from fedtext.federation.mentions import lost_object, unresolved_handles, with_ids

BOB, EVE = "https://b.example.org/users/bob", "https://b.example.org/users/eve"
FOUND = {"bob@b.example.org": BOB, "eve@b.example.org": EVE, "eve@old.example.org": EVE}
MENTION = {"type": "Mention", "href": "acct:bob@b.example.org", "name": "@bob@b.example.org"}


@pytest.mark.parametrize(
    ("document", "handles"),
    [
        ({}, ()),
        ({"to": [BOB]}, ()),
        ({"to": "acct:bob@b.example.org"}, ("bob@b.example.org",)),
        ({"to": ["acct:a@x.org", "acct:b@x.org"], "cc": ["acct:a@x.org"]}, ("a@x.org", "b@x.org")),
        (
            {"bto": ["acct:a@x.org"], "bcc": ["acct:b@x.org"], "audience": "acct:c@x.org"},
            ("a@x.org", "b@x.org", "c@x.org"),
        ),
        ({"object": {"cc": ["acct:a@x.org"]}}, ("a@x.org",)),
        ({"object": {"object": {"cc": ["acct:a@x.org"]}}}, ()),
        ({"to": [7, None, {"id": "acct:a@x.org"}], "object": [7]}, ()),
        ({"object": "acct:a@x.org"}, ("a@x.org",)),
        ({"object": {"object": "acct:a@x.org"}}, ("a@x.org",)),
        ({"to": "author-of:https://x.org/1"}, ("author-of:https://x.org/1",)),
    ],
)
def test_handles_that_stand_where_ids_will(document, handles):
    assert unresolved_handles(document) == handles


def test_ids_take_their_place_at_both_levels_and_in_tags():
    inner = {"to": ["acct:bob@b.example.org"], "tag": [MENTION, {"type": "Hashtag", "href": "acct-like"}, "x"]}
    document = {"to": ["acct:bob@b.example.org"], "cc": [], "object": inner}
    before = copy.deepcopy(document)
    resolved = with_ids(document, FOUND)
    assert resolved["to"] == [BOB]
    assert resolved["object"] == {
        "to": [BOB],
        "tag": [{**MENTION, "href": BOB}, {"type": "Hashtag", "href": "acct-like"}, "x"],
    }
    assert document == before


def test_who_was_not_found_falls_away_with_his_tag():
    document = {"to": ["acct:nobody@x.org", BOB], "tag": [{"type": "Mention", "href": "acct:nobody@x.org"}]}
    assert with_ids(document, {}) == {"to": [BOB], "tag": []}


def test_two_handles_of_one_actor_address_him_once():
    document = {"to": ["acct:eve@b.example.org", "acct:eve@old.example.org", EVE]}
    assert with_ids(document, FOUND) == {"to": [EVE]}


@pytest.mark.parametrize("tag", [None, "x", {"type": "Mention"}, [{"type": "Mention", "name": "@x"}]])
def test_tags_without_handles_stay_as_they_are(tag):
    assert with_ids({"tag": tag}, FOUND) == {"tag": tag}


@pytest.mark.parametrize(
    "document", [{"object": "acct:bob@b.example.org"}, {"object": {"object": "acct:bob@b.example.org"}}]
)
def test_a_follow_of_somebody_who_was_not_found_is_about_nobody(document):
    assert lost_object(document, with_ids(document, {}))
    assert not lost_object(document, with_ids(document, FOUND))


def test_what_never_had_an_object_has_lost_none():
    assert not lost_object({"to": ["acct:bob@b.example.org"]}, with_ids({"to": ["acct:bob@b.example.org"]}, {}))
