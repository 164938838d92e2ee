"""To what an activity leads, and when it is passed on: pure, bounded."""

from __future__ import annotations

from typing import Any

import pytest

from fedtext.inbox import forwarding_targets, linked_ids
from fedtext.inbox.forwarding import LINKS_COUNT_MAX

HOME = "https://me.example"
FOLLOWERS = f"{HOME}/u/ann/followers"


def targets(document: dict[str, Any], **options: Any) -> tuple[str, ...]:
    return forwarding_targets(
        document,
        is_collection=lambda iri: iri.startswith(HOME) and iri.endswith("/followers"),
        is_ours=lambda iri: iri.startswith(HOME),
        **options,
    )


@pytest.mark.spec("AP-S07")
@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"to": FOLLOWERS}, (FOLLOWERS,)),
        ({"to": [{"id": FOLLOWERS, "type": "Collection"}]}, (FOLLOWERS,)),
        ({"to": [FOLLOWERS], "cc": [FOLLOWERS], "audience": FOLLOWERS}, (FOLLOWERS,)),
        ({"cc": [f"{HOME}/u/bo/followers", FOLLOWERS]}, (f"{HOME}/u/bo/followers", FOLLOWERS)),
        ({"bto": [FOLLOWERS], "bcc": [FOLLOWERS]}, ()),
        ({"to": [7, None, {}, {"type": "Collection"}]}, ()),
        ({}, ()),
    ],
)
def test_ap_s07_targets_come_from_the_addressing_of_the_activity(
    members: dict[str, Any], expected: tuple[str, ...]
) -> None:
    document = {"type": "Like", "object": f"{HOME}/n/7", **members}
    assert targets(document) == expected
    assert targets(document, seen_before=True) == ()
    assert targets({**document, "object": "https://c.example/n/7"}) == ()


@pytest.mark.spec("AP-S07")
def test_ap_s07_the_object_s_own_addressing_does_not_count() -> None:
    assert targets({"type": "Create", "object": {"id": f"{HOME}/n/7", "to": [FOLLOWERS]}}) == ()


def nested(depth: int) -> dict[str, Any]:
    found: Any = f"{HOME}/n/7"
    for number in range(depth):
        found = {"id": f"https://c.example/n/{number}", "inReplyTo": found}
    return {"type": "Create", "to": [FOLLOWERS], "object": found}


@pytest.mark.spec("AP-S07")
@pytest.mark.parametrize(("depth", "reached"), [(0, True), (3, True), (4, False), (25, False)])
def test_ap_s07_recursion_has_a_limit(depth: int, reached: bool) -> None:
    assert bool(targets(nested(depth))) is reached


@pytest.mark.spec("SEC-108")
@pytest.mark.parametrize(("others", "reached"), [(LINKS_COUNT_MAX - 1, True), (LINKS_COUNT_MAX, False)])
def test_sec_108_so_many_ids_are_looked_at(others: int, reached: bool) -> None:
    tags: list[Any] = [{"type": "Mention", "href": f"https://c.example/u/{number}"} for number in range(others)]
    document = {"type": "Create", "to": [FOLLOWERS], "tag": [*tags, {"type": "Mention", "href": f"{HOME}/u/ann"}]}
    assert len(linked_ids(document)) == min(others + 1, LINKS_COUNT_MAX)
    assert bool(targets(document)) is reached
