"""What this process has taken in itself: given back once, by its payload, and kept in bounds."""

from __future__ import annotations

import attrs
from tests.receiving import Door, Peer

from fedtext.inbox import Arrivals, Arrived, InboundTask, activity_key, decode_envelope, receive, restore
from fedtext.inbox.arrivals import ARRIVALS_MAX, PAYLOAD_BYTES_MAX
from fedtext.ports import Job
from fedtext.sync import run_sync

SITE, ALICE = "https://b.example.com", "https://a.example.com/users/alice"
TASK = InboundTask(
    site=SITE,
    inbox="/users/bob/inbox",
    recipient="bob",
    signer=ALICE,
    key_id=f"{ALICE}#main-key",
    scheme="cavage",
    how="signature",
    received_s=1.0,
    content_hash="0" * 64,
    document={"id": f"{ALICE}#1", "type": "Like", "actor": ALICE, "object": f"{SITE}/notes/1"},
)
ARRIVED = Arrived(TASK, restore(TASK), "key")


def asked() -> Arrivals:
    arrivals = Arrivals()
    assert arrivals.take(b"of another process") is None
    return arrivals


def test_what_is_kept_is_given_once() -> None:
    arrivals = asked()
    arrivals.keep(b"payload", ARRIVED)
    assert arrivals.take(b"another payload") is None
    assert arrivals.take(bytes(bytearray(b"payload"))) is ARRIVED
    assert arrivals.take(b"payload") is None
    assert len(arrivals) == 0
    assert ARRIVED.site == SITE


def test_nothing_is_kept_where_nobody_asks() -> None:
    arrivals = Arrivals()
    arrivals.keep(b"payload", ARRIVED)
    assert len(arrivals) == 0


def test_only_so_many_are_kept_and_none_is_long() -> None:
    arrivals = asked()
    arrivals.keep(b"x" * (PAYLOAD_BYTES_MAX + 1), ARRIVED)
    assert len(arrivals) == 0
    for number in range(ARRIVALS_MAX + 10):
        arrivals.keep(b"%d" % number, ARRIVED)
    assert len(arrivals) == ARRIVALS_MAX
    assert arrivals.take(b"9") is None
    assert arrivals.take(b"10") is ARRIVED


def waiting_job(door: Door) -> Job:
    claim = run_sync(door.ports.queue.claim(lease_s=60, batch_max=1))
    assert claim is not None
    return claim.jobs[0]


def test_what_is_kept_says_what_its_payload_says() -> None:
    door = Door()
    alice = Peer(door.network).actor()
    arrivals = asked()
    tagged = alice.note(tag={"type": "Mention", "name": "@bob"}, sensitive=None, x=[1, 2.5, "\u2028é\U0001f600"])
    stranger = {"id": "https://c.example.net/notes/1", "type": "Note", "attributedTo": "https://c.example.net/c"}
    for number, thing in enumerate((tagged, {**tagged, "replies": stranger}, f"{SITE}/notes/1")):
        activity = alice.activity("Create" if isinstance(thing, dict) else "Like", number, object=thing)
        reception = attrs.evolve(door.reception(), arrivals=arrivals)
        assert run_sync(receive(alice.post(activity), reception)).outcome == "queued"
        job = waiting_job(door)
        kept, read = arrivals.take(job.payload), decode_envelope(job.payload)
        assert kept is not None
        assert (kept.task, kept.authentic.document) == (read, restore(read).document)
        assert type(kept.authentic.activity) is type(restore(read).activity)
        assert (kept.authentic.evidence, kept.authentic.actor) == (restore(read).evidence, alice.id)
        assert kept.key == activity_key(read.site, alice.id, activity["id"], read.inbox, read.content_hash)
        door = Door(door.network)
