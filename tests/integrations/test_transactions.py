"""Rolled back means never sent, committed means sent: through each framework's own kind of transaction.

The process is killed (SIGKILL), or the application's code fails, at every boundary of one request that writes a post
and publishes it. Then the server is started again, and what the follower got is compared with what the application's
table holds.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from fedtext.behaviors import FollowState

from .launch import POINTS
from .servers import ACTIVITY, BLOGS, Blog, Peer, running, settle, wait_for


@pytest.fixture
def peer() -> Iterator[Peer]:
    """Run the follower's server."""
    with Peer() as peer:
        yield peer


@pytest.fixture(params=[*BLOGS])
def blog(request: pytest.FixtureRequest, tmp_path: Path, peer: Peer) -> Iterator[Blog]:
    """Run a blog with a follower, started so that it can be killed."""
    made = BLOGS[request.param](tmp_path)
    with running(made, launched=True):
        made.register()
        peer.do(peer.bob.follow(made.handle))
        wait_for("the follow is accepted", lambda: peer.do(peer.bob.following(made.alice)) is FollowState.ACCEPTED)
        settle(made, peer)
        yield made


def kept(blog: Blog) -> list[str]:
    """Give the texts in the application's own table of posts."""
    return sorted(str(text) for (text,) in blog.rows(f"SELECT text FROM {blog.posts}"))


def test_rolled_back_is_never_sent_and_committed_is_sent(blog: Blog, peer: Peer) -> None:
    for point in ("before-publish", "after-publish"):  # the code fails: the framework rolls back
        blog.publish("rolled back", fail_at=f"{point}:raise")
    blog.publish("committed in peace")
    settle(blog, peer)

    for point in POINTS:
        blog.stop(signal.SIGKILL)
        blog.start(launched=True, WORKER="off")  # nothing is sent before the last start: all is in the tables
        with pytest.raises(httpx.TransportError):
            blog.publish(f"killed {point}", fail_at=point)
        assert blog.ended() == -signal.SIGKILL

    expected = ["committed in peace", "killed before-response"]
    assert kept(blog) == expected

    blog.start(launched=True)
    blog.publish("and life goes on")
    wait_for("what was committed arrives", lambda: len(peer.texts()) >= 3)
    settle(blog, peer)
    assert peer.texts() == sorted([*expected, "and life goes on"])
    assert peer.texts() == kept(blog)


def test_a_removal_shares_the_transaction(blog: Blog, peer: Peer) -> None:
    """The tombstone is written only with the removal of the row."""
    pk = blog.publish("here to stay")
    wait_for("the post arrives", lambda: peer.texts() == ["here to stay"])
    blog.delete(pk, fail_at="after-publish:raise")
    assert kept(blog) == ["here to stay"]
    assert blog.client.get(blog.id_of(pk), headers=ACTIVITY).status_code == 200
    settle(blog, peer)
    assert peer.texts() == ["here to stay"]

    blog.delete(pk)
    assert blog.client.get(blog.id_of(pk), headers=ACTIVITY).status_code == 410
    wait_for("the removal arrives", lambda: peer.texts() == [])
