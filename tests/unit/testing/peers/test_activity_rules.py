"""Activities: for each rule a good one, and a bad one that exactly the servers of its rows mind."""

from __future__ import annotations

import pytest
from tests.readable import ALICE, BOB, POST, PUBLIC, THEIRS, Document, activity, create, follow, note, person
from tests.reading import minded_by, unbroken

from fedtext.testing.peers import SERVERS, Verdict, read_as
from fedtext.testing.peers.activity_rules import ACTIVITY_RULES, FLAG_CHARS_MAX

LIKE = {"id": f"{ALICE}#likes/1", "type": "Like", "actor": ALICE, "object": THEIRS}
FEATURED = f"{ALICE}/featured"
ELSEWHERE = "https://c.example/1"
PRIVATE = note(attributedTo=BOB, id=THEIRS, to=[f"{BOB}/followers"], cc=[])

# Rule, who minds, good, bad.
CASES: list[tuple[str, str, Document, Document]] = [
    ("MOD-02", "misskey pixelfed", create(), {**create(), "actor": {"id": ALICE}}),
    ("INB-08", "mastodon misskey pixelfed lemmy", create(), {**create(), "id": ELSEWHERE}),
    ("INB-08", "mastodon misskey pixelfed lemmy", activity("Like", THEIRS), create(id=ELSEWHERE)),
    ("INB-08", "mastodon misskey pixelfed", activity("Delete", POST), activity("Delete", THEIRS)),
    ("INB-18", "mastodon gotosocial", activity("Undo", LIKE), activity("Undo", {**LIKE, "actor": BOB})),
    ("INB-18", "mastodon gotosocial", create("Update", updated="2026-01-03T00:00:00Z"),
     create("Update", attributedTo=BOB)),
    ("ACT-18", "mastodon", activity("Update", person()), activity("Update", person(id=f"{ALICE}0"))),
    ("MOD-41", " ".join(SERVERS), activity("Like", {"id": THEIRS}), activity("Like", {})),
    ("MOD-43", "mastodon pixelfed", activity("Announce", THEIRS, to=[PUBLIC]), activity("Announce", None)),
    ("MOD-44", "mastodon", activity("Announce", {**PRIVATE, "cc": [PUBLIC]}), activity("Announce", PRIVATE)),
    ("MOD-44", "mastodon", activity("Announce", {**PRIVATE, "attributedTo": ALICE}), activity("Announce", PRIVATE)),
    ("MOD-26", "mastodon gotosocial misskey", activity("Delete", {"id": POST, "type": "Tombstone"}),
     activity("Delete", {"type": "Tombstone"})),
    ("MOD-52", "mastodon gotosocial misskey", activity("Flag", [BOB, THEIRS]), activity("Flag", [])),
    ("MOD-52", "mastodon", activity("Flag", [BOB], content="x" * FLAG_CHARS_MAX),
     activity("Flag", [BOB], content="x" * (FLAG_CHARS_MAX + 1))),
    ("MOD-54", "mastodon gotosocial", activity("Move", ALICE, target=BOB), activity("Move", BOB, target=BOB)),
    ("MOD-54", "mastodon gotosocial", activity("Move", {"id": ALICE}, target=BOB), activity("Move", ALICE)),
    ("MOD-56", "mastodon", activity("Add", POST, target=FEATURED), activity("Remove", POST)),
    ("MOD-59", "mastodon", activity("QuoteRequest", THEIRS, instrument=note()), activity("QuoteRequest", THEIRS)),
    ("MOD-42", "mastodon", activity("Like", THEIRS), activity("EmojiReact", THEIRS)),
    ("MOD-46", "gotosocial mastodon threads", activity("Undo", LIKE), activity("Undo", LIKE["id"])),
    ("MOD-46", "gotosocial", activity("Undo", [LIKE]), activity("Undo", {**LIKE, "actor": None})),
    ("MOD-47", "gotosocial mastodon", activity("Undo", LIKE), activity("Undo", {**LIKE, "object": None})),
    ("COL-18", "misskey", activity("Accept", f"{BOB}/follows/5"), activity("Accept", f"{BOB}#follows/5")),
    ("INB-17", "mastodon gotosocial", activity("Accept", follow()), activity("Accept", {**follow(), "object": BOB})),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "servers", "good", "bad"), CASES)
def test_a_bad_activity_is_minded_and_a_good_one_is_not(rule: str, servers: str, good: Document, bad: Document) -> None:
    assert minded_by(rule, bad) == set(servers.split())
    assert minded_by(rule, good) == set()


def test_every_row_is_broken_by_a_bad_activity() -> None:
    assert unbroken(ACTIVITY_RULES, [(bad, None) for *_, bad in CASES]) == []


def test_what_is_known_from_the_words_of_others_is_marked() -> None:
    (finding,) = read_as(activity("Undo", LIKE["id"]), "threads").findings
    assert finding.second_hand


def test_inb_08_moderators_of_lemmy_remove_what_is_on_other_hosts() -> None:
    assert read_as(activity("Delete", THEIRS), "lemmy").verdict is Verdict.SHOWN
