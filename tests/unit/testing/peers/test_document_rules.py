"""Documents as a whole: for each rule a good one, and a bad one that exactly the servers of its rows mind."""

from __future__ import annotations

import pytest
from tests.readable import ALICE, BOB, CONTEXT, POST, PUBLIC, Document, activity, create, note, person
from tests.reading import minded_by, unbroken

from fedtext.testing.peers import SERVERS
from fedtext.testing.peers.document_rules import DOCUMENT_RULES, PIXELFED_DEPTH_MAX

ALL = " ".join(SERVERS)
FOLLOWERS = f"{ALICE}/followers"


def nested(depth: int) -> Document:
    """A note that is nested so deep."""
    value: object = "x"
    for _ in range(depth - 1):
        value = [value]
    return note(extra=value)


# Rule, who minds, good, bad.
CASES: list[tuple[str, str, Document, Document]] = [
    ("MOD-01", ALL, note(), note(id=None)),
    ("MOD-01", ALL, person(), person(id="acct:alice@a.example")),
    ("MOD-01", ALL, activity("Add", BOB, id=None, target="https://a.example/featured"), activity("Follow", BOB, id={})),
    (
        "MOD-01",
        " ".join(sorted(SERVERS.keys() - {"gotosocial"})),
        activity("Delete", POST),
        activity("Delete", POST, id=None),
    ),
    ("INB-05", "gotosocial misskey", note(type=["Note"]), {"@context": CONTEXT, "id": ALICE}),
    ("JLD-01", "mastodon", note(**{"@context": [CONTEXT, {"x": "y:z"}]}), note(**{"@context": None})),
    ("JLD-01", "mastodon", create(), note(**{"@context": "http://www.w3.org/ns/activitystreams"})),
    ("JLD-06", "mastodon", note(), note(tag=[{"@included": []}])),
    ("JLD-15", "pixelfed", nested(PIXELFED_DEPTH_MAX), nested(PIXELFED_DEPTH_MAX + 1)),
    ("MOD-03", "peertube", note(cc=[]), note(to=PUBLIC)),
    ("MOD-03", "peertube", create(), create(cc=BOB)),
    ("MOD-04", "lemmy peertube", note(), note(to=["as:Public"])),
    ("MOD-04", "lemmy peertube", create(), {**create(), "cc": ["Public"]}),
    ("MOD-05", "lemmy", note(to=[FOLLOWERS], cc=[PUBLIC, BOB]), note(to=[FOLLOWERS], cc=[])),
    ("MOD-07", "mastodon", create(), {**create(), "cc": []}),
    ("MOD-07", "mastodon", {**create(to=None, cc=None), "to": [PUBLIC]}, {**create(), "to": [BOB]}),
]


@pytest.mark.parametrize(("rule", "servers", "good", "bad"), CASES)
def test_a_bad_document_is_minded_and_a_good_one_is_not(rule: str, servers: str, good: Document, bad: Document) -> None:
    assert minded_by(rule, bad) == set(servers.split())
    assert minded_by(rule, good) == set()


def test_every_row_is_broken_by_a_bad_document() -> None:
    assert unbroken(DOCUMENT_RULES, [(bad, None) for *_, bad in CASES]) == []
