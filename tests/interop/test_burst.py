"""A burst of posts to two peers, one of which goes away half-way and comes back: all arrive, in order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from .servers import PEER_HOST, Account, Authority, FedifyPeer, Json, Knock, OurServer, running
from .steps import follow, require_calm

POSTS = 200
EDITED_EACH, DELETED_EACH = 10, 25
AT_ONCE = 4  # deliveries to one host (`DeliveryPolicy.per_host_concurrency`)
BACK_S = 150.0  # after the first failure a host is left alone for 15 to 18 s, after the second for twice that


def speak(speaker: Account, numbers: Sequence[int]) -> dict[str, list[str]]:
    """Publish posts, edit some and delete some; give what each is to go through, by its id."""
    said: dict[str, list[str]] = {}
    for number in numbers:
        post = speaker.post(f"number {number}")
        said[post] = ["Create"]
        if number % EDITED_EACH == 0:
            speaker.act("update", object=post, content=f"number {number}, edited")
            said[post].append("Update")
        if number % DELETED_EACH == 0:
            speaker.act("delete", object=post)
            said[post].append("Delete")
    return said


def heard(peer: FedifyPeer, speaker: Account) -> list[Json]:
    """List what a peer has verified of the speaker's posts, oldest first, over all of its lives."""
    return [
        event
        for event in peer.logged("activity")
        if event["actor"] == speaker.id and event["type"] in ("Create", "Update", "Delete")
    ]


def by_post(events: Sequence[Json]) -> dict[str, list[str]]:
    """Give what each post went through, each activity where it came first."""
    found: dict[str, list[str]] = {}
    for event in {event["id"]: event for event in reversed(events)}.values():
        found.setdefault(event["object"], []).insert(0, event["type"])
    return found


@pytest.mark.spec("DLV-06", "DLV-10")
def test_a_burst_arrives_in_order_at_a_peer_that_goes_away_and_comes_back(authority: Authority, tmp_path: Path) -> None:
    """The peers answer when they have handled it: what was acknowledged is not lost with their process."""
    ours = OurServer(authority, tmp_path, ["speaker"])
    staying, leaving = (
        FedifyPeer(authority, tmp_path, ["listener"], first_knock=Knock.CAVAGE, options=["--no-queue"], host=host)
        for host in (PEER_HOST, f"other.{PEER_HOST}")
    )
    with running(ours, staying, leaving):
        speaker = ours.account()
        for peer in (staying, leaving):
            follow(peer.account(), speaker)
        said = speak(speaker, range(1, POSTS // 2 + 1))
        leaving.stop()
        there = len(heard(leaving, speaker))
        said |= speak(speaker, range(POSTS // 2 + 1, POSTS + 1))
        count = sum(map(len, said.values()))
        staying.until(
            "heard everything while the other was away", lambda: len(heard(staying, speaker)) >= count, BACK_S
        )
        assert len(heard(leaving, speaker)) == there < count
        leaving.start()
        leaving.until("heard everything", lambda: by_post(heard(leaving, speaker)) == said, BACK_S)
        assert by_post(heard(staying, speaker)) == said
        # Once each; only what was on its way when the process ended may have come twice.
        assert len(heard(staying, speaker)) == count
        assert len(heard(leaving, speaker)) <= count + AT_ONCE
        require_calm(ours)
