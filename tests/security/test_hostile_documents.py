"""The shared hostile documents, each at every edge: as a POST to the inbox, or as an answer to a question of ours."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from tests.edges import Edge
from tests.receiving import KEYS, Blocklist, Peer, PeerActor, post
from tests.scene import Scene

from fedtext import Activity, Object
from fedtext.behaviors import Follows, FollowState
from fedtext.discovery import lookup_actor
from fedtext.errors import FedtextError
from fedtext.fetch import Fetcher, crawl_budget, get_actor, resolve, traverse
from fedtext.fetch.keys import remember
from fedtext.http import Response
from fedtext.keys import VerificationKey
from fedtext.ports import store_prefix
from fedtext.vocab import QuoteAuthorization, addressees_of, visibility_of
from fedtext.wire.acct import parse_handle
from fedtext.wire.iri import parse_url

pytestmark = pytest.mark.edges("pure", "asgi", "wsgi")

HOME, ALICE = "https://home.example", "https://home.example/users/alice"
MALLORY, CAROL = "https://peer.example/users/mallory", "https://third.example/users/carol"
# The door takes it, and nothing comes of it: whether we ever sent that Follow is known by the behavior that keeps
# followings, which is asked below.
HEARD_WITHOUT_EFFECT = {"hostile/accept-unsolicited-follow.json"}
OF_INBOX, OF_OTHERS = "inbox", ("actor", "collection", "webfinger", "stamp")


class Home(Scene):
    """A server under the name that the documents have for us; everybody else answers 404 at first."""

    def __init__(self, edge: Edge) -> None:
        self.follows = Follows()
        super().__init__(edge, use=(self.follows,), site=HOME, pk="alice")
        self.peers = {host: Peer(self.network, host) for host in ("peer.example", "third.example", "home.example.net")}

    def fetcher(self) -> Fetcher:
        """Give the way out."""
        return self.federation.engine.fetcher(self.edge.ports)

    def knows(self, actor_id: str) -> None:
        """Put somebody's key where it is looked for first."""
        key = VerificationKey(f"{actor_id}#main-key", actor_id, KEYS[0].public)
        self.edge.do(remember(self.fetcher(), key))


@pytest.fixture
def home(edge: Edge) -> Home:
    return Home(edge)


def row_of(corpus_file: Path) -> dict[str, Any]:
    """Give what is expected of a file."""
    rows = json.loads(corpus_file.with_name("expectations.json").read_text("utf-8"))
    (row,) = [row for row in rows if row["file"] == f"hostile/{corpus_file.name}"]
    return dict(row)


@pytest.mark.spec("SEC-020", "SEC-021", "SEC-024", "SEC-032", "SEC-071", "SEC-072", "SEC-079", "SEC-080", "SEC-081")
@pytest.mark.corpus("hostile/[!e]*.json")
def test_every_hostile_document_has_the_outcome_that_is_expected_of_it(home: Home, corpus_file: Path) -> None:
    row = row_of(corpus_file)
    if row["surface"] == OF_INBOX:
        posted(home, row, corpus_file.read_bytes())
    else:
        assert row["surface"] in OF_OTHERS
        fetched(home, row, corpus_file.read_bytes())
    assert home.faults() == []


# ---- as a POST -------------------------------------------------------------------------------------------------------


def posted(home: Home, row: dict[str, Any], body: bytes) -> None:
    """POST the very bytes, signed as they should be, and look at all that came of it."""
    signer, given = row["signed_by"], row.get("given", {})
    if given.get("known_keys") != []:
        home.knows(signer)
    home.policy = Blocklist(*given.get("blocked_domains", ()))
    before = home.state()
    response = home.answer(post(body, key_id=f"{signer}#main-key", url=f"{ALICE}/inbox"))
    after = home.state()
    assert response.status in row["status_any"], response.body
    assert len(after.fetched) - len(before.fetched) <= row["fetches_max"], after.fetched
    if row["dispatched"] is not None and row["file"] not in HEARD_WITHOUT_EFFECT:
        assert bool(home.heard) is row["dispatched"]
    new = {key: value for key, value in after.stored.items() if before.stored.get(key) != value}
    if response.status >= 300:
        assert home.heard == []
        assert [key for key in new if "known" in key or "seen" in key] == []
    assert [key for key in new if key.startswith(store_prefix(HOME, "key"))] == [], "no key is taken from what was sent"
    for activity in home.heard:
        assert activity.actor_id == row.get("actor_if_dispatched", signer)
        said(row, activity)


def said(row: dict[str, Any], activity: Activity) -> None:
    """Compare what was heard with what is expected of it."""
    found = activity.object
    for name, value in row.get("properties", {}).items():
        assert isinstance(found, Object)
        heard = getattr(found, {"endTime": "end_time"}.get(name, name))
        assert (None if heard is None else f"{heard:%Y-%m-%dT%H:%M:%SZ}") == value, name
    if "visibility" in row:
        assert isinstance(found, Object)
        assert visibility_of(*addressees_of(found, activity), f"{MALLORY}/followers").value == row["visibility"]
    if "sanitised" in row:
        assert isinstance(found, Object)
        assert found.content is not None
        Inspector(row["sanitised"]).feed(found.content.sanitized)


class Inspector(HTMLParser):
    """Refuses what may not be in markup that is shown."""

    def __init__(self, expected: dict[str, Any]) -> None:
        super().__init__()
        self._expected = expected

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one element."""
        assert tag in self._expected["elements"]
        for name, value in attrs:
            assert not name.startswith("on")
            assert not any(text in (value or "") for text in self._expected["forbidden_in_attributes"])


# ---- as an answer ----------------------------------------------------------------------------------------------------


def fetched(home: Home, row: dict[str, Any], body: bytes) -> None:
    """Let its host serve it, and ask for it as the library does."""
    before = len(home.fetched)
    try:
        outcomes = ASKING[row["surface"]](home, row, body)
    except FedtextError:
        outcomes = {"refused"}
    assert outcomes & set(row["outcome_any"]), outcomes
    assert len(home.fetched) - before <= row["fetches_max"], home.fetched
    for host in row.get("never_connect", ()):
        assert not any(parse_url(url).host == host for url in home.fetched)


def serve(home: Home, body: bytes, **options: Any) -> str:
    """Serve a document at its own id; gives that."""
    document_id = str(json.loads(body)["id"])
    address = parse_url(document_id)
    Peer(home.network, address.authority).serve(address.target, body, **options)
    return document_id


def ask_actor(home: Home, row: dict[str, Any], body: bytes) -> set[str]:
    """Get an actor; `then`, if it is told so, send it something."""
    actor_id, fetcher = serve(home, body), home.fetcher()
    actor = home.edge.do(get_actor(fetcher, actor_id, fetcher.budget()))
    named = {"inbox": actor.inbox, "preferredUsername": actor.preferred_username}
    outcomes = {"accepted"} | {f"accepted_without:{name}" for name, value in named.items() if value is None}
    try:
        for key in actor.public_key[:1]:
            home.edge.do(resolve(fetcher, key.id, fetcher.budget()))
    except FedtextError:
        outcomes |= {"accepted_without:publicKey"}
    return outcomes


def ask_collection(home: Home, row: dict[str, Any], body: bytes) -> set[str]:
    """Walk over a collection, and count."""

    async def count() -> int:
        fetcher = home.fetcher()
        return len([item async for item in traverse(fetcher, collection_id, crawl_budget(fetcher, 10))])

    collection_id = serve(home, body)
    assert home.edge.do(count()) <= row["items_max"]
    return {"accepted"}


def ask_webfinger(home: Home, row: dict[str, Any], body: bytes) -> set[str]:
    """Look somebody up by name."""
    peer, fetcher = Peer(home.network, "peer.example"), home.fetcher()
    target = "/.well-known/webfinger?resource=acct%3Amallory%40peer.example"
    peer.serve(target, body, media_type="application/jrd+json")
    peer.actor("mallory")
    home.edge.do(lookup_actor(fetcher, parse_handle(row["given"]["asked"]), fetcher.budget()))
    return {"accepted"}


def ask_stamp(home: Home, row: dict[str, Any], body: bytes) -> set[str]:
    """Read a stamp: whoever believes one compares its origin with that of its author (SEC-144: quotes are to come)."""
    stamp = home.edge.do(home.context.get(serve(home, body)))
    assert isinstance(stamp, QuoteAuthorization)
    author = parse_url(str(stamp.attributed_to))
    return {"accepted"} if parse_url(str(stamp.id)).origin == author.origin else {"refused"}


ASKING = {"actor": ask_actor, "collection": ask_collection, "webfinger": ask_webfinger, "stamp": ask_stamp}


# ---- with a state before ---------------------------------------------------------------------------------------------


@pytest.mark.spec("SEC-085")
@pytest.mark.corpus("hostile/accept-*.json")
def test_sec_085_nothing_comes_of_an_accept_that_nobody_asked_for(home: Home, corpus_file: Path) -> None:
    """Somebody else was asked, and has not answered yet."""
    carol = home.peers["third.example"].actor("carol")
    home.peers["third.example"].serve("/users/carol/inbox", Response(status=202))
    home.edge.do(home.follows.follow(home.context, "alice", CAROL))
    home.edge.work()
    home.knows(MALLORY)
    assert home.answer(post(corpus_file.read_bytes(), key_id=f"{MALLORY}#main-key", url=f"{ALICE}/inbox")).status < 500
    assert carol.id == CAROL
    assert home.edge.do(home.follows.following(home.context, "alice", CAROL)) is FollowState.PENDING
    assert home.edge.do(home.follows.following(home.context, "alice", MALLORY)) is None


@pytest.mark.spec("SEC-142")
@pytest.mark.corpus("hostile/undo-*.json")
def test_sec_142_an_undo_ends_the_follow_of_its_actor_only(home: Home, corpus_file: Path) -> None:
    mallory = PeerActor(peer=home.peers["peer.example"], id=MALLORY, name="mallory", key=KEYS[0])
    home.peers["peer.example"].serve("/users/mallory", mallory.document())
    home.peers["peer.example"].serve("/users/mallory/inbox", Response(status=202))
    follow = {"id": f"{MALLORY}#follow1", "type": "Follow", "actor": MALLORY, "object": ALICE}
    home.takes(mallory.post(follow, url=f"{ALICE}/inbox"))
    undo = corpus_file.read_bytes()
    own = json.loads(undo)["object"] == follow["id"]
    assert home.answer(mallory.post(undo, url=f"{ALICE}/inbox")).status == (202 if own else 403)
    assert home.edge.do(home.follows.contains(home.context, "alice", MALLORY)) is not own


@pytest.mark.spec("SEC-060", "SEC-065")
@pytest.mark.corpus("hostile/actor-key-foreign-id.json")
def test_sec_060_a_hostile_key_is_used_for_nobody(home: Home, corpus_file: Path) -> None:
    """An actor lists the key id of somebody else with material of its own: it signs for neither."""
    document = json.loads(corpus_file.read_text("utf-8"))
    claim = {**document["publicKey"], "publicKeyPem": KEYS[0].public.pem}
    home.peers["peer.example"].serve("/users/mallory", {**document, "publicKey": claim})
    for actor in (MALLORY, CAROL):
        activity = {"id": f"{actor}/1", "type": "Like", "actor": actor, "object": f"{HOME}/notes/1"}
        home.refuses(post(activity, key_id=claim["id"], url=f"{ALICE}/inbox"), 401, fetches_max=3)
