"""Interaction policies, in both spellings of their rules."""

from __future__ import annotations

from typing import Any

import pytest

from fedtext.jsonld import ACTIVITYSTREAMS
from fedtext.vocab import PUBLIC, InteractionPolicy, InteractionRule, Note, dump, load

FOLLOWERS = "https://a.example/followers"


@pytest.mark.spec("MOD-60", "MOD-62")
@pytest.mark.parametrize(
    ("rule", "at_once", "on_request"),
    [
        ({"always": ["as:Public"], "approvalRequired": []}, (PUBLIC,), ()),
        ({"automaticApproval": FOLLOWERS, "manualApproval": "Public"}, (FOLLOWERS,), (PUBLIC,)),
        ({"automaticApproval": [FOLLOWERS], "always": [FOLLOWERS, PUBLIC]}, (FOLLOWERS, PUBLIC), ()),
        ({}, (), ()),
    ],
)
def test_who_may_do_it(rule: Any, at_once: tuple[str, ...], on_request: tuple[str, ...]) -> None:
    note = load({"type": "Note", "interactionPolicy": {"canQuote": rule}})
    assert note.interaction_policy is not None
    read = note.interaction_policy.can_quote
    assert read is not None
    assert (read.approved_at_once, read.approved_on_request) == (at_once, on_request)
    assert note.interaction_policy.can_like is None


@pytest.mark.spec("MOD-62")
def test_without_a_policy_nothing_is_said() -> None:
    assert load({"type": "Note"}).interaction_policy is None
    bad = load({"type": "Note", "interactionPolicy": "https://a.example/policy"})
    assert bad.interaction_policy is None
    assert [problem.property for problem in bad.problems] == ["interactionPolicy"]


def test_a_policy_is_written_without_types() -> None:
    rule = InteractionRule(automatic_approval=PUBLIC, always=PUBLIC)
    note = Note(interaction_policy=InteractionPolicy(can_like=rule))
    document = dump(note)
    assert document["interactionPolicy"] == {"canLike": {"automaticApproval": [PUBLIC], "always": [PUBLIC]}}
    context: Any = document["@context"]
    assert context[0] == ACTIVITYSTREAMS
    assert {"gts", "always", "automaticApproval", "canLike", "interactionPolicy"} == context[1].keys()
