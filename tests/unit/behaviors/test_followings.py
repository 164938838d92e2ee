"""Whom our actors follow, by whom they follow: an index that says the same as the records."""

from __future__ import annotations

import pytest

from fedtext.behaviors import Follows, FollowState, followings
from fedtext.behaviors.followings import Record
from fedtext.federation import digests
from fedtext.sync import run_sync
from fedtext.vocab import Accept, Block, Delete, Follow, Reject, Undo

ME = "https://blog.example/users/7"
BOB = "https://peer.example/users/bob"


@pytest.fixture
def behavior():
    return Follows(complete=True)


@pytest.fixture
def here(stage, behavior):
    return stage(behavior)


def index(here) -> list[str]:
    return run_sync(followings.followed_by(here.context(), BOB))


def follow(here, behavior, pk="7") -> str:
    return run_sync(behavior.follow(here.context(), pk, BOB))


def accept(here, person, follow_id) -> None:
    here.receive(Accept(id=f"{BOB}#a", actor=person("bob"), object=follow_id))


@pytest.mark.spec("AP-S14")
def test_a_following_counts_when_it_is_accepted(here, behavior, person):
    follow_id = follow(here, behavior)
    assert index(here) == []
    accept(here, person, follow_id)
    assert index(here) == ["7"]
    assert run_sync(behavior.followings_total(here.context())) == 1
    assert run_sync(behavior.followed_by(here.context(), BOB)) == ["7"]


ENDS = {
    "unfollowed": lambda here, behavior, bob, follow_id: run_sync(behavior.unfollow(here.context(), "7", BOB)),
    "withdrawn": lambda here, behavior, bob, follow_id: run_sync(behavior.withdraw(here.context(), "7", follow_id)),
    "rejected": lambda here, behavior, bob, follow_id: here.receive(Reject(id=f"{BOB}#r", actor=bob, object=follow_id)),
    "the Accept undone": lambda here, behavior, bob, follow_id: here.receive(
        Undo(id=f"{BOB}#u", actor=bob, object=Accept(actor=BOB, object=Follow(actor=ME, object=BOB)))
    ),
    "the Accept undone, its Follow reduced to our id": lambda here, behavior, bob, follow_id: here.receive(
        Undo(id=f"{BOB}#u", actor=bob, object=Accept(actor=BOB, object=follow_id))
    ),
    "blocked": lambda here, behavior, bob, follow_id: here.receive(Block(id=f"{BOB}#b", actor=bob, object=ME)),
    "we block": lambda here, behavior, bob, follow_id: run_sync(behavior.block(here.context(), "7", BOB)),
    "gone": lambda here, behavior, bob, follow_id: here.receive(Delete(id=f"{BOB}#d", actor=bob, object=BOB)),
    "unknown there": lambda here, behavior, bob, follow_id: run_sync(behavior.drop_following(here.context(), "7", BOB)),
    "asked again": lambda here, behavior, bob, follow_id: follow(here, behavior),
}


@pytest.mark.parametrize("how", ENDS)
def test_dlv_17_whatever_ends_a_following_is_seen_by_whom_it_was_for(here, behavior, person, how):
    follow_id = follow(here, behavior)
    accept(here, person, follow_id)
    key = digests.followings_digest_key("https://blog.example", BOB)
    run_sync(digests.keep_digest(here.ports, key, "0" * 64))
    ENDS[how](here, behavior, person("bob"), follow_id)
    assert index(here) == []
    assert run_sync(here.ports.store.get(key)) is None
    assert run_sync(behavior.following(here.context(), "7", BOB)) is (
        FollowState.PENDING if how == "asked again" else None
    )


def test_dlv_17_what_the_other_side_confirms_was_asked_for(here, behavior):
    assert run_sync(behavior.keep_following(here.context(), "7", BOB)) is False
    follow(here, behavior)
    assert run_sync(behavior.keep_following(here.context(), "7", BOB)) is True
    assert run_sync(behavior.following(here.context(), "7", BOB)) is FollowState.ACCEPTED
    assert index(here) == ["7"]
    assert run_sync(behavior.keep_following(here.context(), "7", BOB)) is True


def test_dlv_17_a_following_that_the_index_lacks_is_put_into_it(here, behavior):
    record = Record(state=FollowState.ACCEPTED, follow_id=f"{ME}#f")
    context = here.context()
    run_sync(context.store.put(context.key("following", "7", BOB), record.encode()))
    assert index(here) == []
    assert run_sync(behavior.keep_following(context, "7", BOB)) is True
    assert index(here) == ["7"]


def test_dlv_17_what_was_asked_for_by_handle_is_not_unknown(here, behavior):
    context = here.context()
    follow_id = run_sync(behavior.follow(context, "7", "acct:bob@peer.example"))
    assert run_sync(behavior.keep_following(context, "7", BOB)) is False
    run_sync(context.store.put(context.key("resolved", follow_id), b'{"bob@peer.example": "%s"}' % BOB.encode()))
    assert run_sync(behavior.keep_following(context, "7", BOB)) is True
    assert run_sync(behavior.keep_following(context, "7", "https://peer.example/users/dan")) is False


def test_dlv_17_what_ended_lately_is_not_unknown_for_a_day(here, behavior):
    """The Undo may still be on its way: it is not sent twice, and its follower is no stranger."""
    follow(here, behavior)
    run_sync(behavior.unfollow(here.context(), "7", BOB))
    assert run_sync(behavior.keep_following(here.context(), "7", BOB)) is True
    assert run_sync(behavior.following(here.context(), "7", BOB)) is None
    here.clock.advance(86_400 + 1)
    assert run_sync(behavior.keep_following(here.context(), "7", BOB)) is False


FOLLOWER_CHANGES = {
    "follows": lambda here, bob: here.receive(Follow(id=f"{BOB}#f", actor=bob, object=ME)),
    "undoes": lambda here, bob: here.receive(Undo(id=f"{BOB}#u", actor=bob, object=Follow(actor=BOB, object=ME))),
    "gone": lambda here, bob: here.receive(Delete(id=f"{BOB}#d", actor=bob, object=BOB)),
}


@pytest.mark.parametrize("how", FOLLOWER_CHANGES)
def test_dlv_16_whatever_changes_a_follower_drops_the_digest_of_his_server(here, person, how):
    if how != "follows":
        here.receive(Follow(id=f"{BOB}#0", actor=person("bob"), object=ME))
    key = digests.followers_digest_key("https://blog.example", "7", "https://peer.example")
    run_sync(digests.keep_digest(here.ports, key, "0" * 64))
    FOLLOWER_CHANGES[how](here, person("bob"))
    assert run_sync(here.ports.store.get(key)) is None


def test_dlv_16_an_accepted_request_drops_it_too(stage, person):
    behavior = Follows(accept="manual")
    here = stage(behavior)
    here.receive(Follow(id=f"{BOB}#0", actor=person("bob"), object=ME))
    key = digests.followers_digest_key("https://blog.example", "7", "https://peer.example")
    run_sync(digests.keep_digest(here.ports, key, "0" * 64))
    run_sync(behavior.accept(here.context(), "7", BOB))
    assert run_sync(here.ports.store.get(key)) is None
    assert behavior.complete is False
