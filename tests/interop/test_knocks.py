"""How often each side has to knock: once, wherever what the other one takes is known or is the common form.

The peer lets nobody in who does not sign, GETs included; ours shows a followers-only post to nobody else. Both note
each request that comes in and how it was signed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs
import pytest

from fedtext.signatures.negotiation import CAPABILITY_ED25519, CAPABILITY_RFC9421

from .servers import Account, Authority, FedifyPeer, Json, Knock, OurServer, Server, running, text_of
from .steps import anonymous_get, follow, require_calm

USERS = [f"user{number}" for number in range(12)]
KINDS = {"ed25519": [], "rsa-only": ["--no-ed25519"]}
NAMES = {Knock.CAVAGE: "draft-cavage", Knock.RFC9421: "rfc9421"}


@attrs.frozen
class Pair:
    """Our server and the peer, which lets nobody in who does not sign."""

    ours: OurServer
    fedify: FedifyPeer


@pytest.fixture(scope="module", params=list(Knock), ids=lambda knock: f"knock-{knock.name.lower()}")
def knock(request: pytest.FixtureRequest) -> Knock:
    """Say what the peer tries first."""
    chosen: Knock = request.param
    return chosen


@pytest.fixture(params=list(KINDS))
def pair(request: pytest.FixtureRequest, authority: Authority, tmp_path: Path, knock: Knock) -> Iterator[Pair]:
    """Run both servers, new for each test: nobody knows anything of the other."""
    ours = OurServer(authority, tmp_path, USERS)
    fedify = FedifyPeer(authority, tmp_path, USERS, first_knock=knock, options=["--secure-mode", *KINDS[request.param]])
    with running(ours, fedify):
        yield Pair(ours, fedify)
        require_calm(ours)


def came_in(server: Server, method: str) -> list[Json]:
    """List the signed requests of a method that came in."""
    return [event for event in server.events("request") if event["method"] == method and event["signature"]]


def schemes(requests: Sequence[Json]) -> list[str]:
    """Give how each was signed."""
    return [str(request["signature"]) for request in requests]


def statuses(requests: Sequence[Json]) -> set[int]:
    """Give the answers."""
    return {int(request["status"]) for request in requests}


def exchange(alice: Account, bob: Account) -> None:
    """Let two people follow each other, write to each other, and read at the source what was written."""
    follow(alice, bob)
    follow(bob, alice)
    for speaker, listener in ((alice, bob), (bob, alice)):
        post = speaker.post("behind the door", visibility="followers")
        create = listener.server.received("Create", actor=speaker.id, object=post)
        assert text_of(create["object"]["content"]) == "behind the door"
        assert anonymous_get(speaker.server, post).status_code in {401, 403, 404}


@pytest.mark.spec("SIG-31", "SIG-33", "HSR-09")
def test_every_request_is_taken_at_the_first_knock(pair: Pair, knock: Knock) -> None:
    alice, bob = pair.ours.account(), pair.fedify.account()
    assert alice.lookup(bob.id) is not None
    exchange(alice, bob)
    # What the peer sends, in its own way: no answer of ours made it try the other one.
    assert statuses(came_in(pair.ours, "POST")) == {202}
    assert set(schemes(came_in(pair.ours, "POST"))) == {NAMES[knock]}
    # What we send: the common form first, then what the peer was heard to speak; never refused.
    ours = came_in(pair.fedify, "POST")
    assert statuses(ours) == {202}
    assert schemes(ours)[0] == "draft-cavage"
    assert schemes(ours)[-1] == NAMES[knock]
    assert statuses(came_in(pair.fedify, "GET")) == {200}
    assert pair.fedify.events("unverified") == []
    assert pair.ours.events("unverified") == []


@pytest.mark.spec("SIG-31")
def test_the_peer_reads_behind_our_door_at_the_first_knock(pair: Pair, knock: Knock) -> None:
    alice, bob = pair.ours.account(), pair.fedify.account()
    follow(bob, alice)
    post = alice.post("for readers who sign", visibility="followers")
    found = bob.lookup(post)
    assert found is not None
    assert text_of(found["content"]) == "for readers who sign"
    path = post.removeprefix(pair.ours.origin)
    asked = [request for request in came_in(pair.ours, "GET") if request["path"] == path]
    assert (statuses(asked), set(schemes(asked))) == ({200}, {NAMES[knock]})


@pytest.mark.spec("SIG-32", "SIG-33")
def test_rfc_9421_is_taken_at_the_first_knock_where_it_is_known(pair: Pair) -> None:
    alice, bob = pair.ours.account(), pair.fedify.account()
    pair.ours.call("learn", origin=pair.fedify.origin, capability=CAPABILITY_RFC9421)
    exchange(alice, bob)
    for method, status in (("GET", 200), ("POST", 202)):
        asked = came_in(pair.fedify, method)
        assert (statuses(asked), set(schemes(asked))) == ({status}, {"rfc9421"})
        assert all('alg="rsa-v1_5-sha256"' in str(request["signatureInput"]) for request in asked)
    assert statuses(came_in(pair.ours, "POST")) == {202}


@pytest.mark.spec("SIG-31", "SIG-34")
def test_a_kind_of_key_that_is_refused_costs_one_knock_and_no_message(pair: Pair) -> None:
    """Here Ed25519, of which the memory was told wrongly; our key of that kind is in `assertionMethod`."""
    alice, bob = pair.ours.account(), pair.fedify.account()
    pair.ours.call("learn", origin=pair.fedify.origin, capability=CAPABILITY_ED25519)
    exchange(alice, bob)
    first, second, *others = [
        request for request in pair.fedify.events("request") if request["signature"] and request["path"] != "/inbox"
    ]
    assert (first["status"], first["signature"]) == (401, "rfc9421")
    assert 'alg="ed25519"' in first["signatureInput"]
    assert (second["status"], second["signature"], second["path"]) == (200, "draft-cavage", first["path"])
    assert statuses(others) <= {200, 202}
    assert statuses(came_in(pair.fedify, "POST")) == {202}
