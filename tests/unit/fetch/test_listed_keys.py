"""The forms in which an actor lists its keys, in `publicKey` and in `assertionMethod`; what each list is good for."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from tests.receiving import KEYS, Door, Peer, PeerActor

from fedtext.errors import FedtextError, KeyOwnerMismatch, KeyRefused
from fedtext.fetch import KeyUse, get_actor, resolve
from fedtext.fetch.keys import remember
from fedtext.keys import (
    PublicKey,
    VerificationKey,
    build_jwk,
    build_multikey,
    generate_ed25519,
    generate_ml_dsa,
    generate_rsa,
)
from fedtext.sync import run_sync

PUBLIC = {
    "rsa": generate_rsa().public,
    "ed25519": generate_ed25519().public,
    "p256": PublicKey.of(ec.generate_private_key(ec.SECP256R1()).public_key()),
    "ml-dsa": generate_ml_dsa().public,
}
# X25519, which signs nothing (draft-multiformats 0xec); secp256k1, which is not read.
X25519 = "z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc"
SECP256K1 = {"kty": "EC", "crv": "secp256k1", "x": "A" * 43, "y": "A" * 43}


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def peer(door: Door) -> Peer:
    return Peer(door.network)


def find(door: Door, key_id: str, use: KeyUse = KeyUse.REQUEST, *, refresh: bool = False) -> VerificationKey:
    fetcher = door.fetcher()
    return run_sync(resolve(fetcher, key_id, fetcher.budget(), use=use, refresh=refresh))


def alice_of(peer: Peer) -> PeerActor:
    return PeerActor(peer=peer, id=peer.url("/users/alice"), name="alice", key=KEYS[0])


def forms(public: PublicKey, *names: str) -> dict[str, Any]:
    """Write a key in some of its forms."""
    every = {
        "pem": {"publicKeyPem": public.pem},
        "multibase": {"publicKeyMultibase": build_multikey(public)},
        "jwk": {"publicKeyJwk": build_jwk(public)},
    }
    return {member: value for name in names for member, value in every[name].items()}


def entry(owner: str, name: str, *, by: str = "controller", **members: Any) -> dict[str, Any]:
    """Write an entry of a list."""
    return {"id": f"{owner}#{name}", "type": "Multikey", by: owner, **members}


# ---- forms -----------------------------------------------------------------------------------------------------------


@pytest.mark.spec("SIG-18", "SIG-22")
@pytest.mark.parametrize("listed_in", ["publicKey", "assertionMethod"])
@pytest.mark.parametrize("written", [("pem",), ("multibase",), ("jwk",), ("pem", "multibase", "jwk")])
@pytest.mark.parametrize("kind", list(PUBLIC))
def test_sig_18_a_key_of_each_kind_in_each_form_and_list(
    door: Door, peer: Peer, kind: str, written: tuple[str, ...], listed_in: str
) -> None:
    """It verifies requests, wherever it is listed; and is the same key out of the cache."""
    owner = alice_of(peer).id
    peer.actor(**{"publicKey": None, listed_in: entry(owner, "k", **forms(PUBLIC[kind], *written))})
    expected = VerificationKey(f"{owner}#k", owner, PUBLIC[kind])
    assert [find(door, f"{owner}#k") for _ in range(2)] == [expected, expected]
    assert len(peer.asked) == 1


@pytest.mark.spec("SEC-078")
@pytest.mark.parametrize("listed_in", ["publicKey", "assertionMethod"])
@pytest.mark.parametrize("member", ["publicKeyMultibase", "publicKeyJwk"])
def test_sec_078_forms_of_different_keys_under_one_id(door: Door, peer: Peer, member: str, listed_in: str) -> None:
    owner = alice_of(peer).id
    other = forms(PUBLIC["ed25519"], "multibase", "jwk")[member]
    peer.actor(**{"publicKey": None, listed_in: entry(owner, "k", **forms(PUBLIC["rsa"], "pem"), **{member: other})})
    with pytest.raises(KeyRefused):
        find(door, f"{owner}#k")


@pytest.mark.spec("SEC-078")
@pytest.mark.parametrize("use", list(KeyUse))
@pytest.mark.parametrize("second", ["same", "other", "id alone"])
def test_sec_078_one_id_in_both_lists(door: Door, peer: Peer, second: str, use: KeyUse) -> None:
    """Both say the same, or one names only the id."""
    owner = alice_of(peer).id
    first = entry(owner, "k", by="owner", **forms(PUBLIC["rsa"], "pem"))
    listed = {
        "same": entry(owner, "k", **forms(PUBLIC["rsa"], "multibase")),
        "other": entry(owner, "k", **forms(PUBLIC["ed25519"], "multibase")),
        "id alone": f"{owner}#k",
    }[second]
    peer.actor(publicKey=first, assertionMethod=[listed])
    if second == "other":
        with pytest.raises(KeyRefused):
            find(door, f"{owner}#k", use)
    else:
        assert find(door, f"{owner}#k", use).public == PUBLIC["rsa"]


@pytest.mark.spec("SEC-060", "SIG-18")
@pytest.mark.parametrize("by", ["owner", "controller"])
@pytest.mark.parametrize("listed_in", ["publicKey", "assertionMethod"])
@pytest.mark.parametrize("use", list(KeyUse))
def test_sig_18_a_listed_key_of_somebody_else(door: Door, peer: Peer, use: KeyUse, listed_in: str, by: str) -> None:
    owner = alice_of(peer).id
    listed = entry(owner, "k", **forms(PUBLIC["rsa"], "multibase")) | {by: peer.url("/users/mallory")}
    peer.actor(**{"publicKey": None, listed_in: listed})
    with pytest.raises(KeyOwnerMismatch):
        find(door, f"{owner}#k", use)


UNUSABLE: list[Any] = [
    {"publicKeyMultibase": X25519},
    {"publicKeyMultibase": "zzz"},
    {"publicKeyJwk": SECP256K1},
    {"publicKeyJwk": "text"},
    {"publicKeyPem": "-----BEGIN CERTIFICATE-----"},
    {"publicKeyPem": 7},
    {},
    {"secretKeyMultibase": "z6Mk"},
]


@pytest.mark.parametrize("bad", UNUSABLE)
@pytest.mark.parametrize("listed_in", ["publicKey", "assertionMethod"])
def test_a_listed_key_that_cannot_be_used_spoils_no_other(door: Door, peer: Peer, listed_in: str, bad: Any) -> None:
    """Who names it is told; who names its neighbours is served."""
    owner = alice_of(peer).id
    good = [entry(owner, kind, **forms(public, "multibase")) for kind, public in PUBLIC.items()]
    peer.actor(**{"publicKey": None, listed_in: [entry(owner, "bad", **bad), 7, None, *good, []]})
    for kind, public in PUBLIC.items():
        assert find(door, f"{owner}#{kind}").public == public
    with pytest.raises(KeyRefused):
        find(door, f"{owner}#bad")


@pytest.mark.spec("SIG-22", "SEC-068")
@pytest.mark.parametrize("use", list(KeyUse))
@pytest.mark.parametrize(("others", "taken"), [(15, True), (16, False)])
@pytest.mark.parametrize("split", [0, 8, 15])
def test_sig_22_so_many_keys_are_read_of_both_lists_together(
    door: Door, peer: Peer, split: int, others: int, taken: bool, use: KeyUse
) -> None:
    """The 16th is read, the 17th is not, however they are spread."""
    owner = alice_of(peer).id
    junk = [entry(owner, f"junk{n}", publicKeyPem="x") for n in range(others)]
    last = entry(owner, "last", **forms(PUBLIC["ed25519"], "multibase"))
    peer.actor(publicKey=junk[:split], assertionMethod=[*junk[split:], last])
    if taken:
        assert find(door, f"{owner}#last", use).public == PUBLIC["ed25519"]
    else:
        with pytest.raises(KeyOwnerMismatch):
            find(door, f"{owner}#last", use)


# ---- private keys (SEC-077) ------------------------------------------------------------------------------------------

SECRET = "z3u2en7t5LR2WtQH5PfFqMqwVHgeXouLzo6haApm8XHqvjxq"
PRIVATE: list[dict[str, Any]] = [
    {"secretKeyMultibase": SECRET},
    {"privateKeyPem": SECRET},
    {"privateKeyJwk": {"d": SECRET}},
    {"publicKeyJwk": {**build_jwk(PUBLIC["ed25519"]), "d": SECRET}},
]


@pytest.mark.spec("SEC-077")
@pytest.mark.parametrize("members", PRIVATE)
@pytest.mark.parametrize("listed_in", ["publicKey", "assertionMethod"])
def test_sec_077_a_private_key_is_refused_and_kept_nowhere(
    door: Door, peer: Peer, members: dict[str, Any], listed_in: str
) -> None:
    """Neither by the cache of keys nor by that of actors, whose other members stand."""
    owner = alice_of(peer).id
    listed = {**entry(owner, "k", **forms(PUBLIC["ed25519"], "multibase")), **members}
    good = entry(owner, "good", **forms(PUBLIC["rsa"], "multibase"))
    peer.actor(**{"publicKey": None, listed_in: [listed, good]})
    with pytest.raises(KeyRefused):
        find(door, f"{owner}#k")
    fetcher = door.fetcher()
    for _ in range(2):
        assert run_sync(get_actor(fetcher, owner, fetcher.budget())).preferred_username == "alice"
    assert not [name for name, value in door.stored.items() if SECRET.encode() in value]
    assert find(door, f"{owner}#good").public == PUBLIC["rsa"]


@pytest.mark.spec("SEC-077")
@pytest.mark.parametrize("members", PRIVATE)
def test_sec_077_a_standalone_key_with_a_private_half(door: Door, peer: Peer, members: dict[str, Any]) -> None:
    key_id, owner = peer.url("/keys/1"), alice_of(peer).id
    peer.actor(publicKey=key_id)
    peer.serve("/keys/1", {"id": key_id, "owner": owner, **forms(PUBLIC["ed25519"], "multibase"), **members})
    with pytest.raises(KeyRefused):
        find(door, key_id)
    assert not [name for name, value in door.stored.items() if SECRET.encode() in value]


# ---- standalone documents --------------------------------------------------------------------------------------------


@pytest.mark.spec("SIG-17", "SIG-18")
@pytest.mark.parametrize("listed_in", ["publicKey", "assertionMethod"])
@pytest.mark.parametrize("written", ["pem", "multibase", "jwk"])
@pytest.mark.parametrize("kind", ["Multikey", "https://w3id.org/security#Multikey", "JsonWebKey", None])
def test_sig_17_a_standalone_key_of_any_form(
    door: Door, peer: Peer, kind: str | None, written: str, listed_in: str
) -> None:
    """Its owner lists it by its id alone."""
    key_id, owner = peer.url("/keys/1"), alice_of(peer).id
    peer.actor(**{"publicKey": None, listed_in: [key_id]})
    named = {} if kind is None else {"type": kind}
    peer.serve("/keys/1", {"id": key_id, "controller": owner, **named, **forms(PUBLIC["rsa"], written)})
    assert find(door, key_id) == VerificationKey(key_id, owner, PUBLIC["rsa"])


# ---- keys that sign documents (SEC-129) ------------------------------------------------------------------------------


@pytest.mark.spec("SEC-129")
def test_sec_129_only_what_assertion_method_lists_signs_documents(door: Door, peer: Peer) -> None:
    owner = alice_of(peer).id
    peer.actor(
        publicKey=entry(owner, "main-key", by="owner", **forms(PUBLIC["rsa"], "pem")),
        assertionMethod=[entry(owner, "ed25519-key", **forms(PUBLIC["ed25519"], "multibase"))],
    )
    assert find(door, f"{owner}#ed25519-key", KeyUse.ASSERTION).public == PUBLIC["ed25519"]
    with pytest.raises(KeyOwnerMismatch):
        find(door, f"{owner}#main-key", KeyUse.ASSERTION)
    assert find(door, f"{owner}#main-key").public == PUBLIC["rsa"], "the refusal is of that use alone"


@pytest.mark.spec("SEC-129")
def test_sec_129_the_actors_id_names_no_key_that_signs_documents(door: Door, peer: Peer) -> None:
    owner = alice_of(peer).id
    peer.actor(publicKey=entry(owner, "main-key", by="owner", **forms(PUBLIC["rsa"], "pem")))
    assert find(door, owner).public == PUBLIC["rsa"]
    with pytest.raises(KeyOwnerMismatch):
        find(door, owner, KeyUse.ASSERTION)


@pytest.mark.spec("SEC-129", "SEC-060")
def test_sec_129_a_key_of_another_origin_signs_requests_but_no_documents(door: Door, peer: Peer) -> None:
    keys = Peer(door.network, "keys.example.org")
    key_id, owner = keys.url("/1"), alice_of(peer).id
    peer.actor(publicKey=key_id, assertionMethod=[key_id])
    keys.serve("/1", {"id": key_id, "controller": owner, **forms(PUBLIC["ed25519"], "multibase")})
    assert find(door, key_id).owner == owner
    with pytest.raises(KeyOwnerMismatch):
        find(door, key_id, KeyUse.ASSERTION)


@pytest.mark.spec("SEC-129", "SIG-18")
@pytest.mark.parametrize("listed", ["id", "object", "not"])
def test_sec_129_a_standalone_key_at_its_owners_origin(door: Door, peer: Peer, listed: str) -> None:
    key_id, owner = peer.url("/keys/1"), alice_of(peer).id
    members = forms(PUBLIC["ed25519"], "multibase")
    lists: Any = {"id": [key_id], "object": [{"id": key_id, "controller": owner, **members}], "not": None}[listed]
    peer.actor(publicKey=key_id, assertionMethod=lists)
    peer.serve("/keys/1", {"id": key_id, "type": "Multikey", "controller": owner, **members})
    if listed == "not":
        with pytest.raises(KeyOwnerMismatch):
            find(door, key_id, KeyUse.ASSERTION)
    else:
        assert find(door, key_id, KeyUse.ASSERTION) == VerificationKey(key_id, owner, PUBLIC["ed25519"])


@pytest.mark.spec("SEC-069", "SEC-129")
def test_sec_129_both_uses_have_caches_of_their_own(door: Door, peer: Peer) -> None:
    """A key that was confirmed for requests is not believed under documents, and a failure is kept for one use."""
    owner = alice_of(peer).id
    key_id = f"{owner}#k"
    run_sync(remember(door.fetcher(), VerificationKey(key_id, owner, PUBLIC["rsa"])))
    peer.actor(publicKey=entry(owner, "k", by="owner", **forms(PUBLIC["rsa"], "pem")))
    errors: list[type[FedtextError]] = []
    for _ in range(3):
        with pytest.raises(FedtextError) as caught:
            find(door, key_id, KeyUse.ASSERTION)
        errors.append(type(caught.value))
    assert errors == [KeyOwnerMismatch, KeyRefused, KeyRefused]
    assert len(peer.asked) == 1, "the failure is kept"
    assert find(door, key_id).public == PUBLIC["rsa"]
    assert len(peer.asked) == 1


@pytest.mark.spec("SIG-20", "SEC-069")
def test_sig_20_a_key_that_signs_documents_is_refreshed_once_in_a_while(door: Door, peer: Peer) -> None:
    owner = alice_of(peer).id
    for kind in ("ed25519", "p256"):
        peer.actor(assertionMethod=[entry(owner, "k", **forms(PUBLIC[kind], "multibase"))])
        for _ in range(3):
            assert find(door, f"{owner}#k", KeyUse.ASSERTION, refresh=True).public == PUBLIC[kind]
        door.clock.advance(301)
    assert len(peer.asked) == 2


def test_who_asks_for_one_key_has_those_that_sign_documents_as_well(door: Door, peer: Peer) -> None:
    """One fetch serves the request and what is in it."""
    owner = alice_of(peer).id
    asserting = [entry(owner, kind, **forms(public, "multibase")) for kind, public in PUBLIC.items()]
    peer.actor(assertionMethod=[*asserting, entry(owner, "bad", publicKeyMultibase=X25519), f"{owner}#main-key"])
    find(door, f"{owner}#main-key")
    for kind, public in PUBLIC.items():
        assert find(door, f"{owner}#{kind}", KeyUse.ASSERTION).public == public
    assert len(peer.asked) == 1


@pytest.mark.spec("SEC-064", "SEC-129")
@pytest.mark.parametrize("path", ["/users/alice#k", "/users/alice", "/keys/alice"])
def test_sec_129_nobody_puts_a_key_under_an_id_of_a_neighbour(door: Door, peer: Peer, path: str) -> None:
    """mallory lists, as a key of her own, an id that leads to alice's document or to a key of alice."""
    alice, key_id = alice_of(peer), peer.url(path)
    hers = {"id": key_id, "controller": alice.id, **forms(PUBLIC["ed25519"], "multibase")}
    peer.actor(assertionMethod=[hers])
    peer.serve("/keys/alice", hers)
    honest = find(door, key_id, KeyUse.ASSERTION)
    mallory = attrs.evolve(alice, id=peer.url("/users/mallory"), name="mallory")
    theirs = {"id": key_id, "controller": mallory.id, **forms(PUBLIC["p256"], "multibase")}
    peer.serve("/users/mallory", mallory.document(assertionMethod=[theirs]))
    assert find(door, mallory.key_id).owner == mallory.id
    assert find(door, key_id, KeyUse.ASSERTION) == honest
    assert honest.owner == alice.id
