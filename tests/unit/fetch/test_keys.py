"""From a key id to a key: which forms are taken, what is cached, when it is fetched again. Attacks: tests/security."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.receiving import AS2, GONE, KEYS, Door, Peer, PeerActor, answer, door_of_a_loop, redirect

from fedtext.config import Config, DevPolicy, Limits, SignaturePolicy
from fedtext.errors import FedtextError, Gone, KeyOwnerMismatch, KeyRefused, KeyUnavailable
from fedtext.fetch import Fetcher, admit_key_id, recall, resolve
from fedtext.fetch.keys import UNAVAILABLE_FRESH_S, remember
from fedtext.http import Response
from fedtext.keys import VerificationKey, generate_rsa
from fedtext.signatures.negotiation import CAPABILITY_RFC9421
from fedtext.sync import run_sync

PEM = KEYS[0].public.pem


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def peer(door: Door) -> Peer:
    return Peer(door.network)


@pytest.fixture
def alice(peer: Peer) -> PeerActor:
    return peer.actor()


def find(door: Door, key_id: str, *, refresh: bool = False, fetcher: Fetcher | None = None) -> VerificationKey:
    used = fetcher or door.fetcher()
    return run_sync(resolve(used, key_id, used.budget(), refresh=refresh))


def key_document(key_id: str, owner: Any, **members: Any) -> dict[str, Any]:
    document = {
        "@context": "https://w3id.org/security/v1",
        "id": key_id,
        "owner": owner,
        "publicKeyPem": PEM,
        **members,
    }
    return {name: value for name, value in document.items() if value is not None}


# ---- forms of key ids (SIG-17, SEC-066) ------------------------------------------------------------------------------


@pytest.mark.spec("SIG-17", "SEC-066")
@pytest.mark.parametrize(
    "fragment", ["#main-key", "#ed25519", "?id=1#main-key", "?id=7", "", "/", "/main-key", "/publickey"]
)
def test_sig_17_ids_of_keys_in_the_actors_document(door: Door, peer: Peer, fragment: str) -> None:
    """Whatever follows the actor's id: there is the actor's document, and it lists exactly this key id."""
    actor_id = peer.url("/users/alice")
    key_id = actor_id + fragment
    alice = PeerActor(peer=peer, id=actor_id, name="alice", key=KEYS[0])
    document = alice.document(publicKey={"id": key_id, "owner": actor_id, "publicKeyPem": PEM})
    for target in {"/users/alice", "/users/alice" + fragment.partition("#")[0]}:
        peer.serve(target, document)
    found = find(door, key_id)
    assert (found.key_id, found.owner, found.public.pem) == (key_id, actor_id, PEM)


@pytest.mark.spec("SIG-17")
def test_sig_17_an_actor_whose_id_ends_with_a_slash(door: Door, peer: Peer) -> None:
    actor_id = peer.url("/users/alice/")
    document = {
        "@context": AS2,
        "id": actor_id,
        "type": "Person",
        "inbox": actor_id + "inbox",
        "publicKey": {"id": actor_id + "#main-key", "owner": actor_id, "publicKeyPem": PEM},
    }
    peer.serve("/users/alice/", document)
    assert find(door, actor_id + "#main-key").owner == actor_id


@pytest.mark.spec("SEC-066", "SIG-17")
def test_sec_066_the_actors_id_as_key_id(door: Door, peer: Peer, alice: PeerActor) -> None:
    assert find(door, alice.id).owner == alice.id
    keys = [{"id": f"{alice.id}#{n}", "owner": alice.id, "publicKeyPem": PEM} for n in range(2)]
    peer.serve("/users/bo", alice.document(id=peer.url("/users/bo"), publicKey=keys))
    with pytest.raises(KeyOwnerMismatch):
        find(door, peer.url("/users/bo"))


@pytest.mark.spec("SIG-17", "SIG-18")
@pytest.mark.parametrize("kind", [None, "Key", "CryptographicKey", "sec:Key", "https://w3id.org/security#PublicKey"])
@pytest.mark.parametrize("owner", ["string", "object", "controller"])
def test_sig_18_a_standalone_key_and_its_owner_name_each_other(
    door: Door, peer: Peer, kind: str | None, owner: str
) -> None:
    key_id = peer.url("/keys/1")
    alice = peer.actor(publicKey={"id": key_id, "owner": peer.url("/users/alice"), "publicKeyPem": PEM})
    names: dict[str, Any] = {
        "string": {"owner": alice.id},
        "object": {"owner": {"id": alice.id}},
        "controller": {"owner": None, "controller": alice.id},
    }[owner]
    peer.serve("/keys/1", key_document(key_id, **{"owner": None, "type": kind, **names}))
    assert find(door, key_id) == VerificationKey(key_id, alice.id, KEYS[0].public)
    assert door.fetches == [key_id, alice.id]


@pytest.mark.spec("SIG-18")
@pytest.mark.parametrize(
    "listed", [lambda i: i, lambda i: [i], lambda i: [{"id": i}], lambda i: {"id": i, "publicKeyPem": PEM}]
)
def test_sig_18_a_key_of_another_origin_with_claims_on_both_sides(door: Door, peer: Peer, listed: Any) -> None:
    """Settled: HTTP signatures take it; the owner may list it by its id alone."""
    keys = Peer(door.network, "keys.example.org")
    key_id = keys.url("/1")
    alice = peer.actor(publicKey=listed(key_id))
    keys.serve("/1", key_document(key_id, alice.id))
    assert find(door, key_id).owner == alice.id


# ---- the cache -------------------------------------------------------------------------------------------------------


def test_a_key_is_fetched_once_a_day(door: Door, peer: Peer, alice: PeerActor) -> None:
    for _ in range(3):
        find(door, alice.key_id)
    assert len(peer.asked) == 1
    door.clock.advance(86_401)
    find(door, alice.key_id)
    assert len(peer.asked) == 2


def test_a_remembered_key_needs_no_fetch(door: Door, alice: PeerActor) -> None:
    run_sync(remember(door.fetcher(), VerificationKey(alice.key_id, alice.id, KEYS[1].public)))
    assert find(door, alice.key_id).public.pem == KEYS[1].public.pem
    assert door.fetches == []


def test_a_cached_key_is_judged_by_the_policy_of_today(door: Door, alice: PeerActor) -> None:
    weak = VerificationKey(alice.key_id, alice.id, generate_rsa(2048).public)
    run_sync(remember(door.fetcher(), weak))
    assert find(door, alice.key_id).owner == alice.id
    door.config = Config(signatures=SignaturePolicy(rsa_bits_min=3072))
    with pytest.raises(KeyRefused):
        find(door, alice.key_id)


FAILURES: list[tuple[Response, type[FedtextError], int]] = [
    (Response(status=404), KeyRefused, 300),
    (Response(status=403), KeyRefused, 300),
    (answer(b"nonsense"), KeyRefused, 300),
    (answer({"id": "https://evil.example.org/"}), KeyRefused, 300),
    (answer({}, "text/html"), KeyRefused, 300),
    (GONE, Gone, 300),
    (Response(status=500), KeyUnavailable, UNAVAILABLE_FRESH_S),
    (Response(status=429), KeyUnavailable, UNAVAILABLE_FRESH_S),
]


@pytest.mark.spec("SEC-069", "SEC-070")
@pytest.mark.parametrize(("served", "error", "seconds"), FAILURES)
def test_sec_069_a_failure_is_kept_and_answered_alike(
    door: Door, peer: Peer, alice: PeerActor, served: Response, error: type[FedtextError], seconds: int
) -> None:
    document = peer.served["/users/alice"]
    peer.serve("/users/alice", served)
    for waited_s in (0, seconds - 1):
        door.clock.advance(waited_s)
        for _ in range(3):
            with pytest.raises(error) as caught:
                find(door, alice.key_id)
            assert type(caught.value) is error
    assert len(peer.asked) == 1
    peer.serve("/users/alice", document)
    door.clock.advance(2)
    assert find(door, alice.key_id).owner == alice.id


@pytest.mark.spec("SEC-108")
def test_sec_108_an_exhausted_budget_is_no_verdict_on_a_key(door: Door, peer: Peer, alice: PeerActor) -> None:
    peer.serve("/users/alice", redirect("/users/alice/again"))
    door.config = Config(limits=Limits(fetches_per_message_max=1))
    with pytest.raises(KeyUnavailable):
        find(door, alice.key_id)


@pytest.mark.spec("SEC-069", "SIG-20")
def test_sig_20_one_refresh_in_five_minutes(door: Door, peer: Peer, alice: PeerActor) -> None:
    find(door, alice.key_id)
    door.clock.advance(301)
    for _ in range(5):
        find(door, alice.key_id, refresh=True)
    assert len(peer.asked) == 2
    door.clock.advance(301)
    find(door, alice.key_id, refresh=True)
    assert len(peer.asked) == 3


@pytest.mark.spec("SEC-069")
def test_sec_069_what_was_fetched_a_moment_ago_is_not_refreshed(door: Door, peer: Peer, alice: PeerActor) -> None:
    find(door, alice.key_id)
    find(door, alice.key_id, refresh=True)
    assert len(peer.asked) == 1


@pytest.mark.spec("SEC-069", "SEC-070")
@pytest.mark.parametrize(
    ("served", "first", "then"),
    [
        (answer(b"{"), KeyRefused, None),
        (Response(status=404), KeyRefused, None),
        (GONE, Gone, None),
        (Response(status=503), KeyUnavailable, KeyUnavailable),
    ],
)
def test_sec_070_a_failed_refresh_does_not_take_away_what_was_confirmed(
    door: Door,
    peer: Peer,
    alice: PeerActor,
    served: Response,
    first: type[FedtextError],
    then: type[FedtextError] | None,
) -> None:
    """While its host is away for a moment there is no verdict on a key; else the one that we have stands."""
    find(door, alice.key_id)
    door.clock.advance(301)
    peer.serve("/users/alice", served)
    with pytest.raises(first):
        find(door, alice.key_id, refresh=True)
    if then is None:
        assert find(door, alice.key_id, refresh=True).owner == alice.id
    else:
        with pytest.raises(then):
            find(door, alice.key_id, refresh=True)
    assert find(door, alice.key_id).owner == alice.id
    assert len(peer.asked) == 2


@pytest.mark.spec("SEC-069", "SEC-110")
async def test_sec_069_concurrent_refreshes_share_one_fetch_and_its_answer() -> None:
    door = door_of_a_loop()
    peer = Peer(door.network)
    alice = peer.actor()
    fetcher = door.fetcher()
    await remember(fetcher, VerificationKey(alice.key_id, alice.id, KEYS[1].public))
    tasks = (resolve(fetcher, alice.key_id, fetcher.budget(), refresh=True) for _ in range(50))
    found = await asyncio.gather(*tasks)
    assert {key.public.pem for key in found} == {PEM}, "nobody is told to keep the old one"
    assert len(peer.asked) == 1


# ---- before any fetch ------------------------------------------------------------------------------------------------


@pytest.mark.spec("SEC-067")
def test_the_address_of_a_key_has_no_fragment(door: Door) -> None:
    assert admit_key_id(door.fetcher(), "https://A.example.com:443/u?x#main-key") == "https://a.example.com/u?x"


def test_development_may_have_keys_on_this_machine() -> None:
    door = Door(config=Config(dev=DevPolicy.allow_loopback()))
    assert admit_key_id(door.fetcher(), "http://127.0.0.1:8001/u#k") == "http://127.0.0.1:8001/u"
    with pytest.raises(KeyRefused):
        admit_key_id(Door().fetcher(), "http://127.0.0.1:8001/u#k")


@pytest.mark.spec("SIG-32")
@pytest.mark.parametrize(("key_name", "learned"), [("main-key", True), ("other-key", False)])
def test_sig_32_what_a_server_takes_is_learned_where_a_key_of_it_is_found(
    door: Door, peer: Peer, key_name: str, learned: bool
) -> None:
    application = peer.actor(type="Application", implements=[{"href": CAPABILITY_RFC9421}])
    if learned:
        find(door, f"{application.id}#{key_name}")
    else:
        with pytest.raises(KeyOwnerMismatch):
            find(door, f"{application.id}#{key_name}")
    known = run_sync(recall(door.ports, door.fetcher().site, "https://a.example.com"))
    assert (known.rfc9421_until_s > 0) is learned


def test_one_key_under_two_ids_has_each_id(door: Door, alice: PeerActor) -> None:
    """What the cache holds is read once, and is the same under both: the owner and the material."""
    for key_id in (f"{alice.id}#Main-key", f"{alice.id}#main-key"):
        run_sync(remember(door.fetcher(), VerificationKey(key_id, alice.id, KEYS[0].public)))
        assert find(door, key_id) == VerificationKey(key_id, alice.id, KEYS[0].public)
