"""Requests and authorizations."""

from __future__ import annotations

from typing import Any

import pytest

from fedtext.vocab import (
    Accept,
    InteractionAuthorization,
    InteractionRequest,
    LikeAuthorization,
    Note,
    QuoteAuthorization,
    QuoteRequest,
    dump,
    listener_key,
    load,
    load_as,
    matches,
)

BOB = "https://b.example/bob"
POST, QUOTING, STAMP = "https://a.example/1", "https://b.example/2", "https://a.example/stamps/1"


@pytest.mark.spec("MOD-59", "MOD-63")
@pytest.mark.parametrize("kind", ["LikeRequest", "ReplyRequest", "AnnounceRequest", "QuoteRequest", "FeatureRequest"])
def test_requests_are_activities_of_one_kind(kind: str) -> None:
    request = load({"type": kind, "actor": BOB, "object": POST, "instrument": {"id": QUOTING, "type": "Note"}})
    assert isinstance(request, InteractionRequest)
    assert request.object == POST
    assert isinstance(request.instrument, Note)
    assert matches(request, InteractionRequest)
    assert listener_key(QuoteRequest[Note]) == (QuoteRequest, (Note,))


@pytest.mark.spec("MOD-59", "MOD-61")
@pytest.mark.parametrize("kind", ["Like", "Reply", "Announce", "Quote", "Feature"])
def test_authorizations_name_both_sides(kind: str) -> None:
    stamp = load({"type": f"{kind}Authorization", "id": STAMP, "interactingObject": QUOTING, "interactionTarget": POST})
    assert isinstance(stamp, InteractionAuthorization)
    assert (stamp.interacting_object, stamp.interaction_target) == (QUOTING, POST)


def test_an_accept_names_its_authorization() -> None:
    document: Any = {
        "type": "Accept",
        "actor": "https://a.example/alice",
        "object": "https://b.example/r",
        "result": STAMP,
    }
    assert load_as(document, Accept).result == STAMP
    embedded = load_as({**document, "result": {"type": "QuoteAuthorization", "id": STAMP}}, Accept)
    assert isinstance(embedded.result, QuoteAuthorization)


@pytest.mark.spec("MOD-63")
@pytest.mark.parametrize("kind", ["LikeApproval", "ReplyApproval", "AnnounceApproval"])
def test_the_first_authorizations_had_other_names(kind: str) -> None:
    found = load({"type": kind, "id": STAMP, "object": QUOTING, "target": {"id": POST}})
    assert isinstance(found, InteractionAuthorization)
    assert (found.interacting_object, found.interaction_target) == (QUOTING, POST)
    assert found.problems == ()
    assert found.extra == {}
    changed = dump(found.evolve(interaction_target=BOB))
    assert (changed["interactionTarget"], changed["object"]) == (BOB, QUOTING)
    assert "target" not in changed


def test_what_a_type_was_called_is_read_and_never_written() -> None:
    assert dump(LikeAuthorization(), context=False) == {"type": "LikeAuthorization"}
    assert type(load({"type": "https://gotosocial.org/ns#LikeApproval"})) is LikeAuthorization
