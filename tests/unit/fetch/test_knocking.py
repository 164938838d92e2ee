"""Knocking: what each host is sent first, what follows a refusal, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.receiving import KEYS, NOW_S, SITE, Door, Peer

from fedtext.config import Scheme
from fedtext.errors import LocalProtocolError, SignatureError
from fedtext.fetch import SigningKey, learn_capabilities, learn_inbound, once_a_kind, recall, send_signed
from fedtext.http import Headers, Request, Response
from fedtext.keys import Algorithm, VerificationKey, generate_rsa
from fedtext.ports import ExchangeLimits
from fedtext.signatures import SchemeMemory, build_digest, parse_claim, verify
from fedtext.signatures.negotiation import CAPABILITY_ED25519, CAPABILITY_RFC9421, LEARNED_S, REFUSED_S
from fedtext.sync import run_sync

ALICE = f"{SITE}/users/alice"
RSA = SigningKey(key_id=f"{ALICE}#main-key", private=generate_rsa())
ED25519 = SigningKey(key_id=f"{ALICE}#ed25519-key", private=KEYS[0])
HOST = "https://a.example.com"


async def both(algorithm: Algorithm) -> SigningKey:
    return ED25519 if algorithm is Algorithm.ED25519 else RSA


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def peer(door: Door) -> Peer:
    return Peer(door.network)


def judged(request: Request) -> str:
    """Verify a request and tell how it is signed; raises where it does not hold."""
    claim = parse_claim(request)
    key = next(key for key in (RSA, ED25519) if key.key_id == claim.key_id)
    public = VerificationKey(key.key_id, ALICE, key.private.public)
    verify(request, claim, public, now_s=NOW_S, authorities=["a.example.com"])
    return f"{claim.scheme.name} {key.private.algorithm.name}"


def knock(door: Door, *, method: str = "POST", target: str = "/inbox", signer: Any = both, **options: Any) -> Response:
    body = b"{}" if method == "POST" else b""
    headers = [("content-type", "application/activity+json")] if method == "POST" else []
    headers += [(name, "x") for name in options.get("covering", ())]
    request = Request.to(HOST + target, method=method, headers=headers, body=body)
    limits = ExchangeLimits.of(door.config.limits)
    spent = options.pop("spent", [])

    def before() -> ExchangeLimits:
        spent.append(1)
        return limits

    return run_sync(send_signed(request, signer, ports=door.ports, site=SITE, before=before, **options))


def taking(*kinds: str, otherwise: int = 401, accept: str | None = None) -> Callable[[Request], Response]:
    """Give a server that takes some kinds of signatures, and answers a status to all others."""
    headers = Headers.build([] if accept is None else [("accept-signature", accept)])

    def handle(request: Request) -> Response:
        try:
            taken = judged(request) in kinds
        except SignatureError:
            taken = "queryless" in kinds and "digest" not in request.headers
        return Response(status=202) if taken else Response(status=otherwise, headers=headers)

    return handle


def seen(peer: Peer) -> list[str]:
    """Give how each request was signed."""
    return [parse_claim(request).scheme.name for request in peer.asked]


def memory(door: Door) -> SchemeMemory:
    return run_sync(recall(door.ports, SITE, HOST))


# ---- the first knock -------------------------------------------------------------------------------------------------


@pytest.mark.spec("SIG-33", "SIG-31")
def test_the_first_knock_is_draft_cavage_with_rsa(door: Door, peer: Peer) -> None:
    peer.serve("/inbox", taking("CAVAGE RSA"))
    assert knock(door, digest=build_digest(b"{}")).status == 202
    assert seen(peer) == ["CAVAGE"]
    assert memory(door) == SchemeMemory()


@pytest.mark.spec("SIG-33", "SIG-27")
@pytest.mark.parametrize("status", [200, 202, 204, 403, 404, 410, 500, 503])
def test_no_second_knock_but_after_400_and_401(door: Door, peer: Peer, status: int) -> None:
    peer.serve("/inbox", Response(status=status))
    assert knock(door).status == status
    assert len(peer.asked) == 1
    assert memory(door) == SchemeMemory()


@pytest.mark.spec("SIG-31", "SIG-34", "HSR-09")
@pytest.mark.parametrize("status", [400, 401])
def test_who_refuses_the_first_is_knocked_at_with_the_other(door: Door, peer: Peer, status: int) -> None:
    peer.serve("/inbox", taking("RFC9421 RSA", otherwise=status))
    assert knock(door, digest=build_digest(b"{}")).status == 202
    assert seen(peer) == ["CAVAGE", "RFC9421"]
    assert memory(door).rfc9421_until_s == NOW_S + LEARNED_S
    assert knock(door).status == 202
    assert seen(peer)[2:] == ["RFC9421"]


def test_where_both_are_refused_there_is_no_third(door: Door, peer: Peer) -> None:
    peer.serve("/inbox", Response(status=401))
    spent: list[int] = []
    assert knock(door, spent=spent).status == 401
    assert (seen(peer), len(spent)) == (["CAVAGE", "RFC9421"], 2)
    assert memory(door) == SchemeMemory()


@pytest.mark.spec("SIG-32")
def test_what_was_learned_expires(door: Door, peer: Peer) -> None:
    peer.serve("/inbox", taking("RFC9421 RSA"))
    knock(door)
    door.clock.advance(LEARNED_S)
    peer.serve("/inbox", Response(status=202))
    knock(door)
    assert seen(peer) == ["CAVAGE", "RFC9421", "CAVAGE"]


def test_who_ceases_to_take_it_gets_the_old_form_for_a_while(door: Door, peer: Peer) -> None:
    peer.serve("/inbox", taking("RFC9421 RSA"))
    knock(door)
    peer.serve("/inbox", taking("CAVAGE RSA"))
    assert knock(door).status == 202
    assert seen(peer)[2:] == ["RFC9421", "CAVAGE"]
    assert memory(door) == SchemeMemory(refused_until_s=int(NOW_S) + REFUSED_S)


@pytest.mark.spec("SIG-37")
def test_what_the_peer_asks_for_is_what_it_gets(door: Door, peer: Peer) -> None:
    accept = 'sig7=("@method" "@target-uri" "@authority" "content-digest");created;keyid;alg="ed25519"'
    peer.serve("/inbox", taking("RFC9421 ED25519", accept=accept))
    assert knock(door).status == 202
    assert parse_claim(peer.asked[1]).label == "sig7"
    assert "@authority" in parse_claim(peer.asked[1]).covered
    assert knock(door).status == 202
    assert len(peer.asked) == 3


def test_who_has_no_key_of_the_kind_takes_rsa(door: Door, peer: Peer) -> None:
    async def only_rsa(_algorithm: Algorithm) -> SigningKey:
        return RSA

    peer.serve("/inbox", taking("RFC9421 RSA", accept='s=("@method" "@target-uri");alg="ed25519"'))
    assert knock(door, signer=only_rsa).status == 202


def test_a_damaged_memory_is_none(door: Door, peer: Peer) -> None:
    peer.serve("/inbox", taking("RFC9421 RSA"))
    knock(door)
    (name,) = [key for key in door.stored if "/scheme/" in key]
    run_sync(door.ports.store.put(name, b"no memory"))
    assert memory(door) == SchemeMemory()
    assert knock(door).status == 202


def test_what_cannot_be_signed_is_not_sent(door: Door, peer: Peer) -> None:
    async def bad(_algorithm: Algorithm) -> SigningKey:
        return SigningKey(key_id='"', private=RSA.private)

    with pytest.raises(LocalProtocolError):
        knock(door, signer=bad)
    assert peer.asked == []


# ---- GET with a query (SIG-13) ---------------------------------------------------------------------------------------


@pytest.mark.spec("SIG-13")
def test_sig_13_a_get_is_knocked_with_once_more_without_its_query(door: Door, peer: Peer) -> None:
    peer.serve("/outbox?page=1", taking("queryless"))
    assert knock(door, method="GET", target="/outbox?page=1").status == 202
    assert seen(peer) == ["CAVAGE", "RFC9421", "CAVAGE"]
    assert memory(door) == SchemeMemory()


@pytest.mark.parametrize(("method", "target"), [("GET", "/outbox"), ("POST", "/inbox?x=1")])
def test_sig_13_only_a_get_and_only_with_a_query(door: Door, peer: Peer, method: str, target: str) -> None:
    peer.serve(target, Response(status=401))
    assert knock(door, method=method, target=target).status == 401
    assert len(peer.asked) == 2


def test_sig_13_where_that_is_refused_too_it_stands(door: Door, peer: Peer) -> None:
    peer.serve("/outbox?page=1", Response(status=401))
    assert knock(door, method="GET", target="/outbox?page=1").status == 401
    assert len(peer.asked) == 3


# ---- evidence from inbound requests ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("scheme", "learned"), [(Scheme.RFC9421, True), (Scheme.CAVAGE, False)])
def test_what_a_host_signs_with_it_takes(door: Door, peer: Peer, scheme: Scheme, learned: bool) -> None:
    actor = peer.actor()
    request = actor.post(actor.activity(), scheme=scheme)
    claim = parse_claim(request)
    key = VerificationKey(actor.key_id, actor.id, actor.key.public)
    evidence = verify(request, claim, key, now_s=NOW_S, authorities=["b.example.com"])
    run_sync(learn_inbound(door.ports, SITE, evidence))
    assert (memory(door).rfc9421_until_s > 0, memory(door).ed25519_until_s > 0) == (learned, learned)


def test_what_holds_for_some_hours_longer_is_not_written_again(door: Door, peer: Peer) -> None:
    peer.serve("/inbox", taking("RFC9421 RSA"))
    knock(door)
    before = memory(door)
    actor = peer.actor(key=RSA.private)
    key = VerificationKey(actor.key_id, actor.id, actor.key.public)
    for hours, changed in ((23, False), (2, True)):
        door.clock.advance(hours * 3_600)
        now_s = door.clock.now_s()
        request = actor.post(actor.activity(), scheme=Scheme.RFC9421, now_s=now_s)
        evidence = verify(request, parse_claim(request), key, now_s=now_s, authorities=["b.example.com"])
        run_sync(learn_inbound(door.ports, SITE, evidence))
        assert (memory(door) != before) is changed


# ---- what a server says of itself (FEP-844e) -------------------------------------------------------------------------

TAKES = [{"href": CAPABILITY_RFC9421, "name": "RFC 9421"}]
TAKES_ED25519 = [{"type": "Link", "href": CAPABILITY_ED25519}]

APP = {"type": "Application", "inbox": f"{HOST}/app/inbox"}


def generated(**application: Any) -> dict[str, Any]:
    return {"type": "Person", "generator": {"type": "Application", **application}}


@pytest.mark.spec("SIG-32", "ACT-24")
@pytest.mark.parametrize(
    ("document", "rfc9421", "ed25519"),
    [
        ({"type": "Application", "implements": TAKES}, True, False),
        ({"type": "Application", "implements": TAKES_ED25519}, True, True),
        ({"type": "Application", "implements": TAKES[0]}, True, False),
        ({"type": "Application", "implements": [CAPABILITY_RFC9421]}, True, False),
        (generated(implements=TAKES), True, False),
        (generated(id=f"{HOST}/app", implements=TAKES_ED25519), True, True),
        (generated(id="https://elsewhere.example/app", implements=TAKES), False, False),
        (generated(id=7, implements=TAKES), False, False),
        (generated(implements=[None, 1, [], {"href": 1}, {"name": "RFC 9421"}]), False, False),
        (generated(implements=[{"href": "https://w3id.org/fep/8b32"}]), False, False),
        (generated(implements=[{}] * 64 + TAKES), False, False),
        (generated(implements=[{}] * 63 + TAKES), True, False),
        (generated(), False, False),
        ({"type": "Person", "generator": f"{HOST}/app"}, False, False),
        ({"type": "Person", "implements": TAKES}, False, False),
        ({"type": "Person"}, False, False),
    ],
)
def test_sig_32_what_a_server_says_that_it_implements(door: Door, document: Any, rfc9421: bool, ed25519: bool) -> None:
    actor = {"inbox": f"{HOST}/users/bob/inbox", **document}
    run_sync(learn_capabilities(door.ports, SITE, f"{HOST}/users/bob", document))  # a post: anybody may write one
    assert memory(door) == SchemeMemory()
    run_sync(learn_capabilities(door.ports, SITE, f"{HOST}/users/bob", actor))
    assert (memory(door).rfc9421_until_s > 0, memory(door).ed25519_until_s > 0) == (rfc9421, ed25519)


@pytest.mark.spec("SIG-32")
def test_sig_32_the_first_knock_is_as_the_server_says(door: Door, peer: Peer) -> None:
    peer.serve("/inbox", taking("RFC9421 ED25519"))
    run_sync(learn_capabilities(door.ports, SITE, f"{HOST}/app", {**APP, "implements": TAKES_ED25519}))
    assert knock(door).status == 202
    assert seen(peer) == ["RFC9421"]


# ---- what is covered besides -----------------------------------------------------------------------------------------


@pytest.mark.spec("DLV-16")
def test_each_knock_covers_the_fields_that_it_is_told_to(door: Door, peer: Peer) -> None:
    peer.serve("/inbox", taking())
    assert knock(door, covering=("collection-synchronization",)).status == 401
    covered = [parse_claim(request).covered for request in peer.asked]
    assert seen(peer) == ["CAVAGE", "RFC9421"]
    assert [names[-1] for names in covered] == ["collection-synchronization"] * 2


@pytest.mark.spec("DLV-16")
def test_who_asks_for_more_gets_it_and_the_field_once(door: Door, peer: Peer) -> None:
    accept = 'sig7=("collection-synchronization" "@authority");created'
    peer.serve("/inbox", taking("RFC9421 RSA", accept=accept))
    assert knock(door, covering=("collection-synchronization",)).status == 202
    claim = parse_claim(peer.asked[-1])
    assert (claim.label, claim.covered[-2:]) == ("sig7", ("collection-synchronization", "@authority"))


# ---- keys that are asked for once ------------------------------------------------------------------------------------


def test_a_signer_asks_once_for_each_kind_of_key() -> None:
    asked: list[Algorithm] = []

    async def signer(algorithm: Algorithm) -> SigningKey:
        asked.append(algorithm)
        return await both(algorithm)

    kept = once_a_kind(signer)
    kinds = [Algorithm.RSA, Algorithm.ED25519, Algorithm.RSA, Algorithm.ED25519]
    assert [run_sync(kept(kind)) for kind in kinds] == [RSA, ED25519, RSA, ED25519]
    assert asked == kinds[:2]


def test_a_key_that_was_not_to_be_had_is_asked_for_again() -> None:
    answers: list[SigningKey | Exception] = [LocalProtocolError("not now"), RSA]

    async def signer(_algorithm: Algorithm) -> SigningKey:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    kept = once_a_kind(signer)
    with pytest.raises(LocalProtocolError):
        run_sync(kept(Algorithm.RSA))
    assert run_sync(kept(Algorithm.RSA)) is run_sync(kept(Algorithm.RSA)) is RSA
