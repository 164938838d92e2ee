"""Reader models as a whole: what they take, which rules they know, and what they leave to others and why."""

from __future__ import annotations

import pytest
from tests.readable import ALICE, PUBLIC, create, note, person

from fedtext import Note
from fedtext.errors import ConfigurationError, LimitExceeded, LocalProtocolError, MalformedJSON, TypeMismatch
from fedtext.testing import assert_readable
from fedtext.testing.peers import SERVERS, Delivery, Verdict, read_as
from fedtext.testing.peers.readers import READING_LIMITS, RULES
from fedtext.wire.json import dump

ROWS = {row.rule for row in RULES}

# How many rules of each kind there are.
RULES_COUNT = {
    "MOD": 72, "JLD": 17, "SIG": 37, "WF": 20, "ACT": 27, "INB": 28, "DLV": 24, "COL": 18, "TRU": 11,
}  # fmt: skip

# Why a rule has no row: numbers as in "MOD": "1 3-5".
WITHOUT_ROWS = {
    "it says what is taken in every shape; nobody minds it": {
        "MOD": "9 16 19 21 29 31 33 35 39 40 45 53 58 60 62 67", "JLD": "16", "SIG": "12 34 36",
        "ACT": "5 11 22 23 24 25", "INB": "12",
    },
    "it says how documents are read, by which all rows go": {"MOD": "6"},
    "it says what we write, receive or answer, not what others refuse": {
        "MOD": "10 55 63 64 66 68 71 72", "JLD": "2-5 7 8 17", "SIG": "4 7 9 10 26 27 29-32 37",
        "INB": "2 3 6 7 9 13-15 19-28",
    },
    "it depends on what a server remembers": {
        "MOD": "25 27 28 38 49-51 61", "SIG": "20-22", "ACT": "13 14 19 20",
    },
    "whether keys and proofs hold is not looked at": {"JLD": "9-14", "SIG": "15"},
    "it is another row's: SIG-05 has the windows, INB-10 the comparison of ids, COL-18 answers by id": {
        "SIG": "11", "ACT": "17", "MOD": "48",
    },
    "it is asked of a server and not of a document: `fedtext doctor`": {
        "MOD": "30", "SIG": "2 24 25 35", "WF": "1-11 13-20", "ACT": "10 21 26 27", "COL": "2-17",
    },
    "it says when and where to deliver": {"DLV": "1-20 22-24"},
    "it is about moderation and policy": {"TRU": "1-4 6-11"},
}  # fmt: skip

# What the tables of the wire rules (sections 2 to 4) say of readers, and the rows that say it.
TABLES = {
    "2.1 signed headers": "SIG-01", "2.1 algorithms": "SIG-08 SIG-06", "2.1 time window": "SIG-05",
    "2.1 Digest": "SIG-03", "2.1 query": "SIG-13", "2.1 Host of Misskey": "SIG-14", "2.1 media type": "INB-01",
    "2.3 Mastodon": "SIG-28", "2.3 who does not take RFC 9421": "SIG-33",
    "2.4 key ids": "SIG-16 SIG-17", "2.4 owners": "SIG-18 ACT-06", "2.4 PEM": "SIG-23",
    "3 size of bodies": "INB-04 DLV-21", "3 depth": "JLD-15",
    "4 visibility": "MOD-04 MOD-05", "4 follows": "INB-16 INB-17 COL-18", "4 undos": "MOD-46 MOD-47 COL-18",
    "4 deletes": "MOD-26", "4 edits": "MOD-24", "4 quotes": "MOD-57 MOD-59", "4 hosts of inboxes": "ACT-03",
}  # fmt: skip


def numbered(kind: str, text: str) -> list[str]:
    """Read "1 3-5"."""
    spans = [part.partition("-") for part in text.split()]
    return [f"{kind}-{n:02}" for first, _, last in spans for n in range(int(first), int(last or first) + 1)]


def test_every_rule_has_a_row_or_a_reason() -> None:
    without = [rule for group in WITHOUT_ROWS.values() for kind, text in group.items() for rule in numbered(kind, text)]
    every = {rule for kind, count in RULES_COUNT.items() for rule in numbered(kind, f"1-{count}")}
    assert len(without) == len(set(without))
    assert sorted(ROWS & set(without)) == []
    assert sorted(every - ROWS - set(without)) == []
    assert sorted((ROWS | set(without)) - every) == []


@pytest.mark.parametrize("subject", TABLES)
def test_what_the_tables_say_has_a_row(subject: str) -> None:
    assert set(TABLES[subject].split()) <= ROWS


def test_every_row_says_what_to_do_in_a_sentence() -> None:
    for row in RULES:
        assert row.servers
        assert set(row.servers) <= SERVERS.keys()
        assert row.mend
        assert not row.mend.endswith(".")
        assert row.effect is not Verdict.SHOWN


@pytest.mark.parametrize("server", SERVERS)
def test_what_we_write_is_shown_by_each(server: str) -> None:
    for document in (note(), create(), person()):
        assert read_as(document, server).verdict is Verdict.SHOWN


def test_a_model_a_dict_and_bytes_are_read_alike() -> None:
    bad = note(published="yesterday", to=[PUBLIC])
    model = Note(id=ALICE + "/1", attributed_to=ALICE, content="x", to=PUBLIC)
    assert read_as(bad, "mastodon") == read_as(dump(bad), "mastodon")
    assert read_as(note(to=(PUBLIC,)), "peertube").verdict is Verdict.SHOWN
    assert {finding.rule for finding in read_as(model, "pixelfed").findings} == {"MOD-08"}


def test_what_cannot_be_read() -> None:
    with pytest.raises(ConfigurationError):
        read_as(note(), "friendica")
    with pytest.raises(MalformedJSON):
        read_as(b"[", "mastodon")
    with pytest.raises(LocalProtocolError):
        read_as({"type": "Note", "content": {1}}, "mastodon")
    with pytest.raises(TypeMismatch):
        read_as({"type": "OrderedCollection"}, "mastodon")


def test_what_is_larger_than_any_server_takes_is_not_read() -> None:
    whole = dump(note()).ljust(READING_LIMITS.document_bytes_max)
    assert {finding.rule for finding in read_as(whole, "misskey", Delivery(method="POST")).findings} == {"DLV-21"}
    with pytest.raises(LimitExceeded):
        read_as(whole + b" ", "misskey")


def test_assert_readable_names_servers_rules_and_mends() -> None:
    with pytest.raises(
        AssertionError, match=r"PeerTube: dropped by MOD-03: `to` is one text; write `to` and"
    ) as failed:
        assert_readable(note(to=PUBLIC))
    assert "Lemmy" not in str(failed.value)
    assert_readable(note(to=PUBLIC), "lemmy", "mastodon")


def test_assert_readable_minds_what_is_altered_and_passes_what_is_not_meant() -> None:
    assert_readable(note(inReplyTo=None))
    with pytest.raises(AssertionError, match="altered by MOD-12"):
        assert_readable(note(content='<img src="x">'), "mastodon")


def test_assert_readable_looks_at_the_delivery() -> None:
    with pytest.raises(AssertionError, match="Takahē: dropped by SIG-05"):
        assert_readable(create(), delivery=Delivery(age_s=61))
    assert_readable(create(), delivery=Delivery(age_s=60))
