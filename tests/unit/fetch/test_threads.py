"""Conversations that others host: upward to the beginning, and all of it by history, context and replies."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from tests.receiving import GONE, Door, Peer, answer

from fedtext.config import Config, Limits
from fedtext.errors import BudgetExhausted, FetchError, HostPaused, Unreachable
from fedtext.fetch import Budget, ancestors, conversation, crawl_budget, get_object
from fedtext.http import Headers, Response
from fedtext.sync import iterate_sync, run_sync
from fedtext.vocab import Object, load

ORIGIN = "https://a.example.com"
ALICE = f"{ORIGIN}/users/alice"


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def peer(door: Door) -> Peer:
    return Peer(door.network)


def url(number: int) -> str:
    return f"{ORIGIN}/notes/{number}"


def note(number: int, **members: Any) -> dict[str, Any]:
    return {"id": url(number), "type": "Note", "attributedTo": ALICE, "content": str(number), **members}


def serve(peer: Peer, number: int, **members: Any) -> None:
    peer.serve(f"/notes/{number}", note(number, **members))


def collection(*numbers: int, **members: Any) -> dict[str, Any]:
    return {"type": "Collection", "items": [url(number) for number in numbers], **members}


def upward(door: Door, post: Object) -> list[str]:
    fetcher = door.fetcher()
    return [str(one.content) for one in iterate_sync(ancestors(fetcher, post, crawl_budget(fetcher, 99)))]


def whole(door: Door, post: Object, **options: Any) -> list[str]:
    fetcher = door.fetcher()
    budget = options.pop("budget", None) or crawl_budget(fetcher, 99)
    return [str(one.content) for one in iterate_sync(conversation(fetcher, post, budget, **options))]


# ---- upward ----------------------------------------------------------------------------------------------------------


def test_up_to_the_beginning(door: Door, peer: Peer) -> None:
    serve(peer, 1)
    serve(peer, 2, inReplyTo=url(1))
    serve(peer, 3, inReplyTo=[{"id": url(2), "type": "Note", "content": "forged"}])
    assert upward(door, load(note(4, inReplyTo=url(3)))) == ["3", "2", "1"]


@pytest.mark.spec("SEC-108", "INB-22", "AP-S19")
def test_sec_108_a_circle_of_answers_ends(door: Door, peer: Peer) -> None:
    serve(peer, 1, inReplyTo=url(2))
    serve(peer, 2, inReplyTo=url(1))
    assert upward(door, load(note(1, inReplyTo=url(2)))) == ["2"]


@pytest.mark.spec("SEC-108", "INB-22", "AP-S19")
def test_sec_108_a_thread_without_an_end_has_one_here(door: Door, peer: Peer) -> None:
    for number in range(20):
        serve(peer, number, inReplyTo=url(number + 1))
    door.config = Config(limits=Limits(thread_depth_max=7))
    assert len(upward(door, load(note(0, inReplyTo=url(1))))) == 7
    assert len(peer.asked) == 7


@pytest.mark.parametrize("missing", [GONE, Response(status=404), answer(b"<p>", "text/html")])
def test_what_is_gone_ends_the_walk(door: Door, peer: Peer, missing: Response) -> None:
    serve(peer, 2, inReplyTo=url(1))
    peer.serve("/notes/1", missing)
    assert upward(door, load(note(3, inReplyTo=url(2)))) == ["2"]


def test_a_host_that_cannot_answer_now_is_told_of(door: Door, peer: Peer) -> None:
    serve(peer, 2, inReplyTo=url(1))
    peer.serve("/notes/1", Response(status=503))
    with pytest.raises(Unreachable):
        upward(door, load(note(3, inReplyTo=url(2))))


# ---- all of it -------------------------------------------------------------------------------------------------------


@pytest.mark.spec("COL-09")
def test_by_replies(door: Door, peer: Peer) -> None:
    serve(peer, 2, replies=collection(3))
    serve(peer, 3, replies=f"{ORIGIN}/notes/3/replies")
    peer.serve("/notes/3/replies", {"id": f"{ORIGIN}/notes/3/replies", **collection(4, 2, 1)})
    serve(peer, 4)
    root = load(
        note(1, replies={"id": f"{ORIGIN}/r", "type": "Collection", "first": collection(2, type="CollectionPage")})
    )
    assert whole(door, root) == ["2", "3", "4"]


@pytest.mark.spec("FEP-f228")
def test_by_context(door: Door, peer: Peer) -> None:
    context = f"{ORIGIN}/contexts/1"
    peer.serve("/contexts/1", {"id": context, "attributedTo": ALICE, **collection(1, 2, 3)})
    for number in (2, 3):
        serve(peer, number, context=context)
    assert whole(door, load(note(1, context=context))) == ["2", "3"]


@pytest.mark.spec("FEP-f228")
def test_by_history_first_then_the_rest(door: Door, peer: Peer) -> None:
    context, history = f"{ORIGIN}/contexts/1", f"{ORIGIN}/contexts/1/history"
    peer.serve(
        "/contexts/1", {"id": context, "attributedTo": ALICE, "contextHistory": history, **collection(1, 2, 3, 4)}
    )
    activities = [
        {"id": f"{ORIGIN}/activities/{number}", "type": "Create", "actor": ALICE, "object": url(number)}
        for number in (3, 2)
    ]
    peer.serve("/contexts/1/history", {"id": history, "type": "OrderedCollection", "orderedItems": activities})
    for number in (2, 3, 4):
        serve(peer, number, context=context)
    assert whole(door, load(note(1, context=context))) == ["3", "2", "4"]


@pytest.mark.spec("FEP-f228")
@pytest.mark.parametrize("owner", [None, "https://evil.example.org/users/mallory"])
def test_a_context_that_nobody_of_its_origin_keeps_is_no_list(door: Door, peer: Peer, owner: str | None) -> None:
    context = f"{ORIGIN}/contexts/1"
    peer.serve("/contexts/1", {"id": context, "attributedTo": owner, **collection(2)})
    serve(peer, 2, context=context)
    assert whole(door, load(note(1, context=context))) == []


@pytest.mark.parametrize("context", ["tag:a.example.com,2026:1", f"{ORIGIN}/contexts/none"])
def test_a_context_need_not_be_there(door: Door, peer: Peer, context: str) -> None:
    serve(peer, 2)
    assert whole(door, load(note(1, context=context, replies=collection(2, id=f"{ORIGIN}/r")))) == ["2"]


@pytest.mark.spec("SEC-091")
def test_sec_091_posts_are_got_from_their_own_origin(door: Door, peer: Peer) -> None:
    foreign = "https://b.example.org/notes/1"
    Peer(door.network, "b.example.org").serve("/notes/1", {"id": foreign, "type": "Note", "content": "genuine"})
    forged = {"id": foreign, "type": "Note", "content": "forged"}
    replies = {"id": f"{ORIGIN}/r", "type": "Collection", "items": [forged, url(2)]}
    serve(peer, 2)
    assert whole(door, load(note(1, replies=replies))) == ["genuine", "2"]


@pytest.mark.spec("SEC-108")
def test_sec_108_no_more_posts_than_asked_for(door: Door, peer: Peer) -> None:
    for number in range(2, 12):
        serve(peer, number, replies=collection(number + 1, id=f"{ORIGIN}/r/{number}"))
    root = load(note(1, replies=collection(2, id=f"{ORIGIN}/r/1")))
    assert len(whole(door, root, posts_max=4)) == 4
    assert len(peer.asked) == 4


@pytest.mark.spec("SEC-108")
def test_sec_108_a_spent_budget_is_told_of(door: Door, peer: Peer) -> None:
    for number in range(2, 12):
        serve(peer, number, replies=collection(number + 1, id=f"{ORIGIN}/r/{number}"))
    root = load(note(1, replies=collection(2, id=f"{ORIGIN}/r/1")))
    with pytest.raises(BudgetExhausted):
        whole(door, root, budget=Budget(door.clock, fetches_max=3, seconds_max=9))
    assert len(peer.asked) == 3


def test_what_is_missing_is_passed_over(door: Door, peer: Peer) -> None:
    peer.serve("/notes/2", GONE)
    serve(peer, 3)
    serve(peer, 4, type="Create", actor=ALICE)  # no post
    assert whole(door, load(note(1, replies=collection(2, 3, 4, id=f"{ORIGIN}/r")))) == ["3"]


def test_a_host_that_is_down_does_not_end_the_walk(door: Door, peer: Peer) -> None:
    down = Peer(door.network, "down.example.org")
    for number in (1, 2):
        down.serve(f"/notes/{number}", Response(status=503))
    posts = [f"https://down.example.org/notes/{number}" for number in (1, 2)]
    serve(peer, 2)
    replies = {"id": f"{ORIGIN}/r", "type": "Collection", "items": [*posts, url(2)]}
    assert whole(door, load(note(1, replies=replies))) == ["2"]
    assert len(down.asked) == 1


@pytest.mark.parametrize(("asked_s", "walks"), [("120", False), ("121", True)])
def test_one_that_asks_for_patience_is_waited_for_or_told_of(door: Door, peer: Peer, asked_s: str, walks: bool) -> None:
    busy = Peer(door.network, "busy.example.org")
    busy.serve("/notes/9", Response(status=429, headers=Headers.build([("retry-after", asked_s)])))
    posts = [f"https://busy.example.org/notes/{number}" for number in (1, 2)]
    serve(peer, 2)
    replies = {"id": f"{ORIGIN}/r", "type": "Collection", "items": [*posts, url(2)]}
    fetcher = door.fetcher()
    with suppress(FetchError):
        run_sync(get_object(fetcher, "https://busy.example.org/notes/9", fetcher.budget()))
    if walks:
        assert whole(door, load(note(1, replies=replies))) == ["2"]
    else:
        with pytest.raises(HostPaused):
            whole(door, load(note(1, replies=replies)))
