"""The shared hostile documents, as POSTs to the door and as answers to our own questions: what they may lead to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest
from tests.receiving import KEYS, NOW_S, Door, Peer, post

from fedtext.discovery import lookup_actor
from fedtext.errors import FedtextError, SignatureError
from fedtext.fetch import get_actor
from fedtext.fetch.keys import remember
from fedtext.keys import VerificationKey
from fedtext.sync import run_sync
from fedtext.wire.acct import parse_handle
from fedtext.wire.iri import parse_url

HOME = "https://home.example"
INBOX = "/users/alice/inbox"
# The door takes it, and nothing comes of it: whether we ever sent that Follow is known by the behavior that keeps
# followings. See test_sec_085 in test_keys_and_origins.
HEARD_WITHOUT_EFFECT = {"hostile/accept-unsolicited-follow.json"}


def rows(expectations: Path, surface: str) -> list[dict[str, Any]]:
    found = [row for row in json.loads(expectations.read_text("utf-8")) if row["surface"] == surface]
    assert found
    return found


def home() -> Door:
    """A door under the name that the documents have for us."""
    door = Door()
    fetcher = attrs.evolve(door.fetcher(), site=HOME, own_origins=frozenset({HOME}))
    reception = attrs.evolve(
        door.reception(), fetcher=fetcher, site=HOME, authorities=frozenset({"home.example"}), inbox=INBOX
    )
    door.reception = lambda *_arguments: reception  # type: ignore[method-assign]
    door.fetcher = lambda *_arguments: fetcher  # type: ignore[method-assign]
    for host in ("peer.example", "third.example", "home.example"):
        Peer(door.network, host)  # answers 404 to everything
    return door


@pytest.mark.spec("SEC-020", "SEC-021", "SEC-024", "SEC-032", "SEC-071", "SEC-072", "SEC-079", "SEC-080", "SEC-081")
@pytest.mark.corpus("hostile/expectations.json")
def test_hostile_posts(corpus_file: Path) -> None:
    for row in rows(corpus_file, "inbox"):
        name, signer = row["file"], row["signed_by"]
        door = home()
        key = VerificationKey(f"{signer}#main-key", signer, KEYS[0].public)
        if row.get("given", {}).get("known_keys") != []:
            run_sync(remember(door.fetcher(), key))
        before = door.stored
        request = post(
            (corpus_file.parent.parent / name).read_bytes(), key_id=key.key_id, url=HOME + INBOX, now_s=NOW_S
        )
        try:
            door.receive(request)
            status = 202
        except FedtextError as error:
            status = error.status_hint
        assert status in row["status_any"], f"{name}: {status}"
        assert len(door.fetches) <= row["fetches_max"], f"{name}: {door.fetches}"
        if row["dispatched"] is not None and name not in HEARD_WITHOUT_EFFECT:
            assert bool(door.waiting) is row["dispatched"], name
        if status != 202:
            assert door.stored == before, name
        assert b"BEGIN" not in b"".join(value for stored, value in door.stored.items() if stored not in before), name
        heard = row.get("actor_if_dispatched", signer)
        assert all(task.document["actor"] == heard for task in door.take()), name


@pytest.mark.spec("SEC-154", "WF-03", "WF-09")
@pytest.mark.corpus("hostile/expectations.json")
def test_hostile_webfinger(corpus_file: Path) -> None:
    for row in rows(corpus_file, "webfinger"):
        door = home()
        handle = parse_handle(row["given"]["asked"])
        peer = Peer(door.network, "peer.example")
        document = (corpus_file.parent.parent / row["file"]).read_bytes()
        target = "/.well-known/webfinger?resource=acct%3Amallory%40peer.example"
        peer.serve(target, document, media_type="application/jrd+json")
        peer.actor("mallory")
        fetcher = door.fetcher()
        with pytest.raises(FedtextError):
            run_sync(lookup_actor(fetcher, handle, fetcher.budget()))
        assert len(door.fetches) <= row["fetches_max"], row["file"]


# Which properties a model drops is the models' affair; here it is asked whether the actor is to be had, and its inbox.
ABOUT_OTHER_PROPERTIES = {"hostile/bidi-username.json", "hostile/actor-key-foreign-id.json"}


@pytest.mark.corpus("hostile/expectations.json")
def test_hostile_actors(corpus_file: Path) -> None:
    for row in rows(corpus_file, "actor"):
        if row["file"] in ABOUT_OTHER_PROPERTIES:
            continue
        door = home()
        body = (corpus_file.parent.parent / row["file"]).read_bytes()
        actor_id = json.loads(body)["id"]
        address = parse_url(actor_id)
        Peer(door.network, address.authority).serve(address.target, body)
        fetcher = door.fetcher()
        try:
            actor = run_sync(get_actor(fetcher, actor_id, fetcher.budget()))
            outcomes = {"accepted"} if actor.inbox is not None else {"accepted", "accepted_without:inbox"}
        except FedtextError:
            outcomes = {"refused"}
        assert outcomes & set(row["outcome_any"]), f"{row['file']}: {outcomes}"
        assert len(door.fetches) <= row["fetches_max"], row["file"]


@pytest.mark.spec("SEC-060", "SEC-065")
@pytest.mark.corpus("hostile/actor-key-foreign-id.json")
def test_a_hostile_key_is_used_for_nobody(corpus_file: Path) -> None:
    """An actor lists the key id of somebody else with material of its own: it signs for neither."""
    door = home()
    document = json.loads(corpus_file.read_text("utf-8"))
    claim = {**document["publicKey"], "publicKeyPem": KEYS[0].public.pem}
    Peer(door.network, "peer.example").serve("/users/mallory", {**document, "publicKey": claim})
    for actor in ("https://peer.example/users/mallory", "https://third.example/users/carol"):
        activity = {"id": f"{actor}/1", "type": "Like", "actor": actor, "object": f"{HOME}/notes/1"}
        with pytest.raises(SignatureError):
            door.receive(post(activity, key_id=claim["id"], url=HOME + INBOX))
    assert door.waiting == 0
