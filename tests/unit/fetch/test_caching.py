"""Copies in the store: fresh, then asked about; for one of our actors or for all; of this version only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest
from tests.receiving import SITE, Door, Peer, answer, redirect

from fedtext.config import FetchPolicy, Limits
from fedtext.errors import FetchError, FetchRefused, HTTPStatusError
from fedtext.fetch import cached_documents, expire_object, forget_object, get_object
from fedtext.fetch.caching import VALIDATOR_CHARS_MAX, CachedDocument, Validators, decode_cached
from fedtext.http import Headers, Request, Response
from fedtext.ports import store_key
from fedtext.sync import run_sync
from fedtext.vocab import Object

URL = "https://a.example.com/notes/1"
MODIFIED = "Mon, 21 Sep 2026 14:13:20 GMT"
LIMITS = Limits()


def note(content: str = "x", **members: Any) -> dict[str, Any]:
    return {"id": URL, "type": "Note", "content": content, **members}


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def peer(door: Door) -> Peer:
    return Peer(door.network)


def get(door: Door, requester: str | None = None, **options: bool) -> Object:
    fetcher = attrs.evolve(door.fetcher(), requester=requester)
    return run_sync(get_object(fetcher, URL, fetcher.budget(), **options))


def conditional(peer: Peer, **validators: str) -> Callable[[Request], Response]:
    def serve(request: Request) -> Response:
        asked = {name: request.headers.get(name) for name in ("if-none-match", "if-modified-since")}
        if asked == {"if-none-match": validators.get("etag"), "if-modified-since": validators.get("last_modified")}:
            return Response(status=304)
        return answer(note(), **validators)

    return serve


@pytest.mark.parametrize(
    "validators",
    [{"etag": '"1"'}, {"etag": 'W/"1"'}, {"last_modified": MODIFIED}, {"etag": '"1"', "last_modified": MODIFIED}],
)
@pytest.mark.parametrize("fresh", [True, False])
def test_a_copy_that_is_not_fresh_is_asked_about(
    door: Door, peer: Peer, validators: dict[str, str], fresh: bool
) -> None:
    peer.serve("/notes/1", conditional(peer, **validators))
    first = get(door)
    door.clock.advance(0 if fresh else FetchPolicy().actor_fresh_s + 1)
    assert get(door, fresh=fresh) == first
    assert len(peer.asked) == 2
    assert get(door) == first  # fresh again
    assert len(peer.asked) == 2


def test_what_has_changed_takes_the_place_of_the_copy(door: Door, peer: Peer) -> None:
    peer.serve("/notes/1", answer(note(), etag='"1"'))
    get(door)
    peer.serve("/notes/1", answer(note("y"), etag='"2"'))
    assert get(door, fresh=True).content == "y"
    get(door, fresh=True)
    assert [request.headers.get("if-none-match") for request in peer.asked] == [None, '"1"', '"2"']


def test_without_validators_a_copy_is_kept_no_longer_than_it_is_fresh(door: Door, peer: Peer) -> None:
    peer.serve("/notes/1", note())
    get(door)
    door.clock.advance(FetchPolicy().actor_fresh_s)
    assert door.stored == {}


def test_with_them_it_is_kept_until_it_is_stale(door: Door, peer: Peer) -> None:
    peer.serve("/notes/1", answer(note(), etag='"1"'))
    get(door)
    door.clock.advance(FetchPolicy().actor_fresh_s + FetchPolicy().stale_s - 1)
    assert len(door.stored) == 1
    assert run_sync(cached_documents(door.fetcher(), [URL])) == {URL: note()}  # whose it is does not change with age
    door.clock.advance(2)
    assert door.stored == {}


@pytest.mark.spec("SEC-118")
def test_sec_118_304_to_who_did_not_ask_is_no_answer(door: Door, peer: Peer) -> None:
    peer.serve("/notes/1", Response(status=304))
    with pytest.raises(HTTPStatusError):
        get(door)


def test_the_condition_does_not_follow_a_redirect(door: Door, peer: Peer) -> None:
    """Only the address that gave the copy may say that it is current."""
    peer.serve("/notes/1", answer(note(), etag='"1"'))
    get(door)
    peer.serve("/notes/1", redirect("https://evil.example.org/notes/1"))
    evil = Peer(door.network, "evil.example.org")
    evil.serve("/notes/1", Response(status=304))
    with pytest.raises(HTTPStatusError):
        get(door, fresh=True)
    assert evil.asked[0].headers.get("if-none-match") is None


@pytest.mark.parametrize(
    ("fields", "etag"),
    [
        ([("etag", '"1"')], '"1"'),
        ([("etag", "x" * VALIDATOR_CHARS_MAX)], "x" * VALIDATOR_CHARS_MAX),
        ([("etag", "x" * (VALIDATOR_CHARS_MAX + 1))], ""),
        ([("etag", '"1"'), ("etag", '"2"')], ""),
        ([("etag", "é")], ""),
        ([("etag", "a\tb")], ""),
        ([], ""),
    ],
)
def test_only_plain_validators_are_sent_back(fields: list[tuple[str, str]], etag: str) -> None:
    assert Validators.of(URL, Headers.build(fields)).etag == etag


# ---- for whom --------------------------------------------------------------------------------------------------------


def test_what_one_actor_may_see_is_cached_for_that_actor_alone(door: Door, peer: Peer) -> None:
    peer.serve("/notes/1", note("for followers"))
    assert get(door, "https://b.example.com/users/bob").content == "for followers"
    peer.serve("/notes/1", Response(status=404))
    assert get(door, "https://b.example.com/users/bob").content == "for followers"
    for other in ("https://b.example.com/users/eve", None):
        with pytest.raises(HTTPStatusError):
            get(door, other)
    run_sync(forget_object(door.ports.store, SITE, URL))
    assert door.stored == {}


# ---- what lies in the store ------------------------------------------------------------------------------------------


def test_a_copy_comes_back() -> None:
    copy = CachedDocument(
        document={"id": URL, "content": "a\nb"},
        fresh_until_s=1.5,
        validators=Validators(address=URL, etag='"1"', modified=MODIFIED),
    )
    assert decode_cached(copy.encode(), LIMITS) == copy


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\n",
        b'{"id":"https://a.example.com/notes/1","type":"Note"}',  # of a version without the first line
        b'{"v":2,"until_s":1,"address":"x"}\n{}',
        b'{"v":1,"until_s":"1","address":"x"}\n{}',
        b'{"v":1,"until_s":1}\n{}',
        b'{"v":1,"until_s":1,"address":"x"}\n[]',
    ],
)
def test_another_version_counts_as_absent(door: Door, peer: Peer, value: bytes) -> None:
    assert decode_cached(value, LIMITS) is None
    peer.serve("/notes/1", note())
    run_sync(door.ports.store.put(store_key(door.fetcher().site, "object", URL), value))
    assert get(door).id == URL


# ---- pages -----------------------------------------------------------------------------------------------------------

PAGE = "https://a.example.com/@alice/1"
ALTERNATE = '<link rel="alternate" type="application/activity+json" href="{}">'


def look_up(door: Door, url: str = PAGE) -> Object:
    fetcher = door.fetcher()
    return run_sync(get_object(fetcher, url, fetcher.budget(), elsewhere=True))


@pytest.mark.spec("DISC-01", "ACT-26")
@pytest.mark.parametrize("in_header", [True, False])
def test_disc_01_a_page_names_its_document(door: Door, peer: Peer, in_header: bool) -> None:
    link = f'<{URL}>; rel="alternate"; type="application/activity+json"'
    html = b"<p>" if in_header else ALTERNATE.format(URL).encode()
    peer.serve("/@alice/1", answer(html, "text/html; charset=utf-8", **({"link": link} if in_header else {})))
    peer.serve("/notes/1", note(url=PAGE))
    assert look_up(door).id == URL
    assert len(peer.asked) == 2


@pytest.mark.spec("SEC-098")
@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example.org/notes/1",
        "https://a.example.com:8443/notes/1",
        "http://a.example.com/notes/1",
        PAGE,  # itself
        "/@alice/2",  # whose page names the first one
    ],
)
def test_sec_098_alternates_lead_one_level_at_the_same_origin(door: Door, peer: Peer, target: str) -> None:
    peer.serve("/@alice/1", answer(ALTERNATE.format(target).encode(), "text/html"))
    peer.serve("/@alice/2", answer(ALTERNATE.format(PAGE).encode(), "text/html"))
    Peer(door.network, "evil.example.org").serve("/notes/1", note())
    with pytest.raises(Exception, match="fetch"):
        look_up(door)
    assert len(door.fetches) <= 2
    assert all(url.startswith("https://a.example.com/") for url in door.fetches)


@pytest.mark.spec("SEC-098")
@pytest.mark.parametrize(("redirects", "arrives"), [(2, True), (3, False)])
def test_sec_098_redirects_and_alternates_are_one_count(door: Door, peer: Peer, redirects: int, arrives: bool) -> None:
    """Threat: GHSA-97w4-f4rq-mgqm."""
    for number in range(redirects):
        peer.serve(f"/r/{number}", redirect(f"/r/{number + 1}"))
    peer.serve(f"/r/{redirects}", answer(ALTERNATE.format(URL).encode(), "text/html"))
    peer.serve("/notes/1", note(url="https://a.example.com/r/0"))
    if arrives:
        assert look_up(door, "https://a.example.com/r/0").id == URL
    else:
        with pytest.raises(FetchRefused):
            look_up(door, "https://a.example.com/r/0")


@pytest.mark.spec("SEC-115")
def test_sec_115_an_id_is_never_a_page(door: Door, peer: Peer) -> None:
    peer.serve("/notes/1", answer(ALTERNATE.format("/notes/2").encode(), "text/html"))
    peer.serve("/notes/2", {"id": "https://a.example.com/notes/2", "type": "Note"})
    with pytest.raises(Exception, match="media_type"):
        get(door)
    assert len(peer.asked) == 1


@pytest.mark.parametrize("etag", ['"1"', None])
def test_what_has_expired_is_asked_for_anew_for_whomever_it_was_cached(
    door: Door, peer: Peer, etag: str | None
) -> None:
    peer.serve("/notes/1", answer(note(), **({} if etag is None else {"etag": etag})))
    whose = [None, *(f"https://home.example/users/{number}" for number in range(150))]  # more than one page of keys
    for requester in whose:
        get(door, requester)
        door.clock.advance(1)  # as often as one may
    peer.serve("/notes/1", note("y"))
    asked = len(peer.asked)
    run_sync(expire_object(door.fetcher(), URL))
    assert run_sync(cached_documents(door.fetcher(), [URL])) == {URL: note()}
    for requester in (whose[0], whose[1], whose[-1]):
        assert get(door, requester).content == "y"
    assert len(peer.asked) == asked + 3


def test_a_mark_expires_too_and_what_is_not_there_stays_so(door: Door, peer: Peer) -> None:
    run_sync(expire_object(door.fetcher(), URL))
    with pytest.raises(FetchError):
        get(door)
    peer.serve("/notes/1", note())
    run_sync(expire_object(door.fetcher(), URL))
    assert get(door).content == "x"
