"""Dead letters are told in words, also those that cannot be read."""

from __future__ import annotations

import json

import pytest

from fedtext.federation.deadletters import DeadLetter
from fedtext.ports import Job, Lane, LaneKind


def job(payload: bytes) -> Job:
    lane = Lane(LaneKind.OUT, "b.example")
    return Job(
        job_id=7, site="https://a.example", lane=lane, payload=payload, ordering_key="", attempts=3, enqueued_s=1.0
    )


@pytest.mark.parametrize(
    ("payload", "kind", "activity_id"),
    [
        ({"v": 1, "kind": "deliver", "activity_id": "https://a.example/1"}, "deliver", "https://a.example/1"),
        ({"v": 1, "kind": "inbound", "document": {"id": "https://b.example/1"}}, "inbound", "https://b.example/1"),
        ({"v": 1, "kind": "resolve", "document": {}}, "resolve", ""),
        ({}, "?", ""),
    ],
)
def test_what_a_letter_says(payload: dict[str, object], kind: str, activity_id: str) -> None:
    letter = DeadLetter.of(job(json.dumps(payload).encode()), "status 500")
    assert (letter.number, letter.kind, letter.activity_id) == (7, kind, activity_id)
    assert (letter.reason, letter.attempts, letter.lane) == ("status 500", 3, "out:b.example")


def test_one_that_cannot_be_read() -> None:
    assert DeadLetter.of(job(b"\x80"), "?").kind == "?"
