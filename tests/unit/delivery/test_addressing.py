"""Who gets it, and what nobody may see."""

from __future__ import annotations

import pytest

from fedtext.config import Limits
from fedtext.delivery import audience, strip_blind
from fedtext.errors import LimitExceeded

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
OURS = "https://home.example.com/users/1/followers"
THEIRS = "https://mastodon.example.org/users/eve/followers"
BOB, EVE = "https://mastodon.example.org/users/bob", "https://mastodon.example.org/users/eve"


def owner(iri: str) -> str | None:
    return "1" if iri == OURS else None


@pytest.mark.parametrize("spelling", [PUBLIC, "as:Public", "Public"])
def test_mod_04_public_in_its_three_spellings_is_nobody_s_inbox(spelling):
    found = audience({"to": [spelling], "cc": [OURS, BOB]}, followers_owner=owner)
    assert (found.public, found.followers_of, found.recipients) == (True, ("1",), (BOB,))


@pytest.mark.parametrize(
    ("document", "recipients"),
    [
        ({}, ()),
        ({"to": BOB}, (BOB,)),
        ({"to": [BOB, BOB], "cc": [BOB]}, (BOB,)),
        ({"to": {"id": BOB, "type": "Person"}}, (BOB,)),
        ({"to": [{"id": BOB}, {"id": 7}, 7, None]}, (BOB,)),
        ({"audience": EVE}, (EVE,)),
        ({"bto": [BOB], "bcc": EVE}, (BOB, EVE)),
        ({"to": BOB, "object": {"cc": [EVE]}}, (BOB, EVE)),
        ({"object": [{"to": EVE}, "https://a.example.org/1"]}, (EVE,)),
        ({"object": {"object": {"to": EVE}}}, ()),
    ],
)
def test_recipients_of_the_activity_and_of_what_it_carries_each_once(document, recipients):
    """AP-S04: recipients are de-duplicated."""
    assert audience(document, followers_owner=owner).recipients == recipients


def test_sec_139_a_foreign_followers_collection_is_not_expanded():
    found = audience({"to": [THEIRS]}, followers_owner=owner)
    assert (found.followers_of, found.shared) == ((), False)


@pytest.mark.parametrize("count", [3, 4])
def test_sec_139_recipients_are_capped(count):
    document = {"to": [PUBLIC], "cc": [f"{BOB}{n}" for n in range(count)]}
    limits = Limits(recipients_count_max=3)
    if count > 3:
        with pytest.raises(LimitExceeded) as caught:
            audience(document, followers_owner=owner, limits=limits)
        assert caught.value.context["limit"] == "recipients_count_max"
    else:
        assert len(audience(document, followers_owner=owner, limits=limits).recipients) == 3


@pytest.mark.parametrize(
    ("document", "shared"),
    [
        ({"to": [PUBLIC]}, True),
        ({"cc": [PUBLIC]}, True),
        ({"to": [OURS]}, True),
        ({"audience": [OURS]}, True),
        ({"object": {"to": [OURS]}}, True),
        ({"to": [BOB]}, False),
        ({"bcc": [OURS]}, False),
        ({"to": [BOB], "bto": [PUBLIC]}, False),
    ],
)
def test_ap_s08_shared_inboxes_are_for_what_is_openly_public_or_for_followers(document, shared):
    assert audience(document, followers_owner=owner).shared is shared


def test_blind_are_those_whom_nothing_else_names():
    """INB-12: nobody behind a shared inbox could tell that a blind copy is for him."""
    found = audience({"to": [PUBLIC, BOB], "bcc": [BOB, EVE], "object": {"bto": EVE}}, followers_owner=owner)
    assert (found.recipients, found.blind) == ((BOB, EVE), (EVE,))


BLIND = {"bto": [BOB], "bcc": [EVE]}


@pytest.mark.spec("INB-13", "AP-S09")
@pytest.mark.parametrize(
    ("document", "stripped"),
    [
        ({"id": "1", **BLIND}, {"id": "1"}),
        ({"object": {"id": "2", **BLIND}}, {"object": {"id": "2"}}),
        ({"object": {"object": {"id": "3", **BLIND}}}, {"object": {"object": {"id": "3"}}}),
        ({"object": [{"id": "4", **BLIND}, "x"]}, {"object": [{"id": "4"}, "x"]}),
        ({"instrument": {"tag": [{"id": "5", **BLIND}]}}, {"instrument": {"tag": [{"id": "5"}]}}),
        ({"content": "bcc", "to": ["bto"]}, {"content": "bcc", "to": ["bto"]}),
    ],
)
def test_sec_136_bto_and_bcc_are_stripped_wherever_they_stand(document, stripped):
    before = repr(document)
    assert strip_blind(document) == stripped
    assert repr(document) == before
