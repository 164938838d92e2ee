"""Servers that ask for more: signed GETs, RSA only, a challenge on 401, and follows that wait for a person."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .servers import Authority, FedifyPeer, Knock, OurServer, running, text_of
from .steps import anonymous_get, follow, require_calm

USERS = [f"user{number}" for number in range(6)]
STRICT = ["--secure-mode", "--challenge"]


@pytest.mark.parametrize("keys", [["--no-ed25519"], []], ids=["rsa-only", "ed25519"])
@pytest.mark.parametrize("knock", list(Knock), ids=lambda knock: f"knock-{knock.name.lower()}")
def test_peer_that_wants_every_fetch_signed(
    authority: Authority, tmp_path: Path, knock: Knock, keys: list[str]
) -> None:
    """Both directions, and every knock of either side gets in at once."""
    ours = OurServer(authority, tmp_path, USERS)
    fedify = FedifyPeer(authority, tmp_path, USERS, first_knock=knock, options=[*STRICT, *keys])
    with running(ours, fedify):
        alice, bob = ours.account(), fedify.account()
        assert anonymous_get(fedify, bob.id).status_code == 401
        card = alice.lookup(bob.handle)
        assert card is not None
        assert card["id"] == bob.id
        follow(alice, bob)
        follow(bob, alice)
        for speaker, listener in ((alice, bob), (bob, alice)):
            post = speaker.post("behind the door", visibility="followers")
            create = listener.server.received("Create", actor=speaker.id, object=post)
            assert text_of(create["object"]["content"]) == "behind the door"
            liked = listener.act("like", object=post)
            speaker.server.received("Like", id=liked, actor=listener.id, object=post)
        assert {status for _, status in ours.knocks()} == {202}
        assert {status for _, status in fedify.knocks()} == {202}
        assert fedify.events("unverified") == []
        require_calm(ours)


@pytest.fixture(scope="module")
def patient(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[OurServer, FedifyPeer]]:
    """Run two servers where people decide on who follows them."""
    folder = tmp_path_factory.mktemp("patient")
    ours = OurServer(authority, folder, USERS, options=["--manual-accept"])
    fedify = FedifyPeer(authority, folder, USERS, first_knock=Knock.CAVAGE, options=["--manual-accept"])
    with running(ours, fedify):
        yield ours, fedify
        require_calm(ours)


@pytest.mark.parametrize("answer", ["accept", "reject"])
def test_our_follow_waits_for_the_peer(patient: tuple[OurServer, FedifyPeer], answer: str) -> None:
    follower, followed = patient[0].account(), patient[1].account()
    activity = follower.act("follow", target=followed.id)
    followed.server.received("Follow", id=activity, actor=follower.id)
    assert follower.held()["following"] == {followed.id: False}
    followed.server.call(answer, follow=activity)
    follower.server.received(answer.capitalize(), actor=followed.id, object=activity)
    outcome = {followed.id: True} if answer == "accept" else {}
    follower.server.until("holds the answer", lambda: follower.held()["following"] == outcome)


@pytest.mark.parametrize("answer", ["accept", "reject"])
def test_follow_of_the_peer_waits_for_us(patient: tuple[OurServer, FedifyPeer], answer: str) -> None:
    follower, followed = patient[1].account(), patient[0].account()
    activity = follower.act("follow", target=followed.id)
    followed.server.received("Follow", id=activity, actor=follower.id)
    assert followed.held()["followers"] == []
    assert follower.held()["following"] == {followed.id: False}
    assert followed.server.call(answer, user=followed.user, follower=follower.id)["done"]
    told = follower.server.received(answer.capitalize(), actor=followed.id, object=activity)
    assert told["object"]["type"] == "Follow"
    outcome = {followed.id: True} if answer == "accept" else {}
    follower.server.until("holds the answer", lambda: follower.held()["following"] == outcome)
    assert followed.held()["followers"] == ([follower.id] if answer == "accept" else [])
