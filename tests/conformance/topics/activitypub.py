"""ActivityPub itself: who gets an activity, what is forwarded, and the examples of the specification."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fedtext.delivery import FanoutTask, Follower, audience, plan_inboxes, strip_blind

from ..cases import Case, Overrides, library, listed, own_case
from ..roundtrip import round_trip


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give the cases of the three files."""
    for case, document in listed(folder, "recipients.json"):
        want = case["expect_any"] if "expect_any" in case else [case["expect_inboxes"]]
        yield own_case(
            "recipients.json",
            case,
            [set(one) for one in want],
            lambda case=case, actors=document["actors"]: _inboxes(case, actors),
        )
    targets = library("fedtext.inbox", "forwarding_targets")
    for case, _ in listed(folder, "inbox-forwarding.json"):
        want = case["expect_any"] if "expect_any" in case else [case["expect"]]
        yield own_case(
            "inbox-forwarding.json",
            case,
            [set(one) for one in want],
            lambda case=case: set(_targets(targets, case)),
        )
    for case, _ in listed(folder, "spec-examples.json"):
        yield own_case(
            "spec-examples.json", case, ("accept",), lambda case=case: round_trip(case["json"], folder.parent)
        )


def _inboxes(case: Mapping[str, Any], actors: Mapping[str, Mapping[str, str]]) -> set[str]:
    """Address an activity as a server does that knows these actors and hosts these collections."""
    activity, collections = case["activity"], case.get("collections", {})
    body = json.dumps(strip_blind(activity))
    if any(f'"{name}"' in body for name in case.get("body_must_lack", ())):
        return {"the body has what it must lack"}
    whom = audience(activity, followers_owner=lambda iri: iri if iri in collections else None)
    people = [*whom.recipients, *(member for owner in whom.followers_of for member in collections[owner])]
    known = [
        Follower(actor_id=person, inbox=actors[person]["inbox"], shared_inbox=actors[person].get("sharedInbox"))
        for person in people
        if person in actors
    ]
    task = FanoutTask(
        site="https://me.example",
        sender="sender",
        activity_id="https://me.example/act",
        actor=activity["actor"],
        body=body,
        digest="",
        recipients=whom.recipients,
        blind=whom.blind,
        followers_of=whom.followers_of,
        cursor="",
        reached=(),
        ordering_key="",
        shared=whom.shared,
    )
    return set(plan_inboxes(task, known, refused=lambda iri: iri == activity["actor"]))


def _targets(function: Any, case: Mapping[str, Any]) -> Any:
    home = case["local_origin"] + "/"
    return function(
        case["activity"],
        is_collection=lambda iri: iri.startswith(home) and iri.endswith("/followers"),
        is_ours=lambda iri: iri.startswith(home),
        seen_before=case["seen_before"],
    )
