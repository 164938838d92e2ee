"""One conversation, held by every door: three blogs with tables of their own, and the demo's ready actors.

After each step the *other* side is asked what it now holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from fedtext import Visibility
from fedtext.behaviors import FollowState

from .servers import ACTIVITY, BLOGS, Blog, Demo, Peer, running, settle, wait_for


@pytest.fixture
def peer() -> Iterator[Peer]:
    """Run the other server."""
    with Peer() as peer:
        yield peer


@pytest.fixture(params=[*BLOGS, "demo"])
def blog(request: pytest.FixtureRequest, tmp_path: Path, peer: Peer) -> Iterator[Blog]:
    """Run a server with one author, by the command of its README."""
    kind: str = request.param
    made = Demo(tmp_path, others=(peer.port,)) if kind == "demo" else BLOGS[kind](tmp_path)
    with running(made):
        yield made


def test_conversation(blog: Blog, peer: Peer) -> None:
    blog.register()
    bob = peer.bob
    find_and_follow(blog, peer)

    first = blog.publish("Hello from <the> blog")
    entry = wait_for("the post arrives", lambda: peer.entry(blog.id_of(first)))
    assert entry.text == "Hello from <the> blog"
    assert entry.author.handle == blog.handle
    assert entry.visibility is Visibility.PUBLIC

    blog.stop()
    blog.start()  # followers, keys and ids are kept
    blog.edit(first, "Hello again")
    wait_for("the edit arrives", lambda: (e := peer.entry(blog.id_of(first))) and e.text == "Hello again")

    reply = peer.do(bob.reply(entry, "A fine first post"))
    wait_for("the reply is a comment", lambda: "A fine first post" in blog.page(first))
    assert peer.bob.handle in blog.page(first)

    whispers(blog, peer, first)

    peer.do(bob.edit(reply, "A fine second thought"))
    wait_for("the reply's edit is followed", lambda: "A fine second thought" in blog.page(first))
    assert "A fine first post" not in blog.page(first)
    peer.do(bob.delete(reply))
    wait_for("the reply's removal is followed", lambda: "A fine second thought" not in blog.page(first))

    blog.delete(first)
    wait_for("the removal arrives", lambda: peer.entry(blog.id_of(first)) is None)
    assert blog.client.get(blog.id_of(first), headers=ACTIVITY).status_code == 410

    remove_author(blog, peer)


def find_and_follow(blog: Blog, peer: Peer) -> None:
    found = peer.do(peer.federation.lookup.aio(blog.handle))
    assert found.id == blog.alice
    assert found.name == "Alice of the Blog"
    peer.do(peer.bob.follow(blog.handle))
    wait_for("the follow is accepted", lambda: peer.do(peer.bob.following(blog.alice)) is FollowState.ACCEPTED)
    followers = blog.client.get(f"{blog.alice}/followers", headers=ACTIVITY)
    assert followers.json()["totalItems"] == 1


def whispers(blog: Blog, peer: Peer, pk: str) -> None:
    """What is not public is taken, and never shown below a post nor kept with the comments."""
    entry = peer.entry(blog.id_of(pk))
    assert entry is not None
    secrets = [
        peer.do(peer.bob.reply(entry, "psst, a direct answer", visibility=Visibility.DIRECT)),
        peer.do(peer.bob.reply(entry, "psst, for followers", visibility=Visibility.FOLLOWERS)),
        peer.do(peer.bob.post(f"psst {blog.handle}", visibility=Visibility.DIRECT)),
    ]
    settle(blog, peer)
    for secret in secrets:
        assert peer.delivered(secret.uri)
    assert "psst" not in blog.page(pk)
    assert not any("psst" in text for text in blog.kept_comments())


def remove_author(blog: Blog, peer: Peer) -> None:
    blog.remove_alice()
    wait_for("the author is gone", lambda: blog.client.get(blog.alice, headers=ACTIVITY).status_code == 410)
    wait_for("bob follows nobody", lambda: peer.do(peer.bob.following(blog.alice)) is None)
    late = httpx.post(f"{blog.alice}/inbox", content=b"{}", headers={"content-type": "application/activity+json"})
    assert late.status_code == 410
