"""Every server of the table: ours satisfies what it asks, and ours accepts what it sends.

Not one of these servers runs here: `tests/peers.py` reads and signs as they do.
"""

from __future__ import annotations

import unicodedata
from typing import Any

import attrs
import pytest
from tests.peers import PEERS, Digests, Peer, Sends, Targets, sent, sent_rfc9421, unmet

from fedtext.config import Scheme
from fedtext.errors import SignatureError, SignatureMismatch
from fedtext.http import Request
from fedtext.keys import VerificationKey, generate_ed25519, generate_rsa
from fedtext.signatures import parse_accept_signature, parse_claim, parse_claims, sign, verify

NOW_S = 1_790_000_000
OWNER = "https://a.example/users/1"
KEY_ID = f"{OWNER}#main-key"
RSA = generate_rsa()
ED25519 = generate_ed25519()
# A slow delivery, that even the narrowest of the windows lets in.
TRANSIT_S = 30

INBOX = Request.to(
    "https://b.example/users/2/inbox",
    method="POST",
    body=b'{"type":"Like"}',
    headers=[("content-type", "application/activity+json")],
)
ACTOR = Request.to("https://b.example/users/2", headers=[("accept", "application/activity+json")])
PAGE = Request.to("https://b.example/users/2/outbox?page=2", headers=ACTOR.headers)


def _named(peer: object) -> str:
    """Name a peer in ASCII: harnesses pass these names on."""
    return unicodedata.normalize("NFKD", getattr(peer, "name", "")).encode("ascii", "ignore").decode("ascii")


every_peer = pytest.mark.parametrize("peer", PEERS, ids=_named)


def ours(request: Request, **options: Any) -> Request:
    return sign(request, RSA, key_id=KEY_ID, now_s=NOW_S, **options)


def missed(peer: Peer, request: Request) -> list[str]:
    return unmet(peer, request, RSA.public, owner=OWNER, now_s=NOW_S + TRANSIT_S)


# -- what they ask ----------------------------------------------------------------------------------------------


@every_peer
@pytest.mark.parametrize("request_", [INBOX, ACTOR], ids=["POST", "GET"])
@pytest.mark.spec("SIG-01", "SIG-02", "SIG-03", "SIG-05", "SIG-06", "SIG-08", "SIG-14", "SIG-16", "HSR-01")
def test_ours_satisfies_what_it_asks(peer: Peer, request_: Request) -> None:
    assert missed(peer, ours(request_)) == []


@every_peer
@pytest.mark.spec("SIG-12", "SIG-13")
def test_a_get_with_a_query_is_taken_at_the_first_knock_or_at_the_second(peer: Peer) -> None:
    """Who verifies the path alone takes it signed without the query; the query is sent all the same."""
    first = missed(peer, ours(PAGE))
    assert first == (["the signature does not verify"] if peer.demands.target is Targets.PATH else [])
    if first:
        second = attrs.evolve(ours(attrs.evolve(PAGE, target=PAGE.path)), target=PAGE.target)
        assert missed(peer, second) == []


WRONG = [
    (lambda request: attrs.evolve(request, body=b"{}"), lambda peer: peer.demands.digest is not Digests.UNKNOWN),
    (
        lambda request: ours(request, digest="sha-256" + (request.headers.get("digest") or "")[7:]),
        lambda peer: peer.demands.digest in (Digests.EXACT, Digests.UPPER),
    ),
    (lambda request: attrs.evolve(request, target="/users/3/inbox"), lambda _peer: True),
    (
        lambda request: sign(request, RSA, key_id=KEY_ID, now_s=NOW_S - 3 * 86_400),
        lambda peer: peer.demands.past_s is not None,
    ),
    (lambda request: sign(request, generate_rsa(), key_id=KEY_ID, now_s=NOW_S), lambda _peer: True),
    (
        lambda request: sign(request, RSA, key_id="https://c.example/#k", now_s=NOW_S),
        lambda peer: peer.demands.derived,
    ),
]


@every_peer
@pytest.mark.parametrize(("change", "is_refused"), WRONG)
def test_the_table_can_refuse(peer: Peer, change: Any, is_refused: Any) -> None:
    assert bool(missed(peer, change(ours(INBOX)))) is is_refused(peer)


@pytest.mark.parametrize("peer", [peer for peer in PEERS if peer.demands.rfc9421], ids=_named)
@pytest.mark.parametrize("request_", [INBOX, ACTOR], ids=["POST", "GET"])
@pytest.mark.parametrize("key", [RSA, ED25519], ids=["RSA", "Ed25519"])
@pytest.mark.spec("SIG-28", "SIG-29")
def test_ours_covers_what_it_asks_under_rfc_9421(peer: Peer, request_: Request, key: Any) -> None:
    claim = parse_claim(sign(request_, key, key_id=KEY_ID, now_s=NOW_S, scheme=Scheme.RFC9421))
    asked = peer.demands.rfc9421
    assert asked is not None
    assert len(parse_claims(sign(request_, key, key_id=KEY_ID, now_s=NOW_S, scheme=Scheme.RFC9421))) == 1
    needed = asked.post if request_.method == "POST" else asked.get
    assert [name for name in needed if name not in claim.covered] == []
    assert (claim.created_s, claim.key_id) == (NOW_S, KEY_ID)
    assert claim.algorithm == ("rsa-v1_5-sha256" if key is RSA else "ed25519")


@pytest.mark.spec("SIG-32", "HMS-18")
def test_a_query_is_covered_for_a_peer_that_asks_for_it() -> None:
    """The tootik row: `@query` where there is one; the peer's own challenge names it."""
    assert [peer.name for peer in PEERS if peer.demands.rfc9421 and peer.demands.rfc9421.query] == ["tootik"]
    asked = parse_accept_signature('sig1=("@method" "@target-uri" "@query");created;keyid')[0]
    request = attrs.evolve(INBOX, target=f"{INBOX.target}?page=2")
    claim = parse_claim(ours(request, scheme=Scheme.RFC9421, asked=asked))
    assert claim.covered == ("@method", "@target-uri", "content-type", "content-digest", "@query")


@pytest.mark.spec("SIG-23")
def test_the_key_is_published_in_the_form_that_all_read() -> None:
    pem = RSA.public.pem
    assert pem.startswith("-----BEGIN PUBLIC KEY-----\n")
    assert "\r" not in pem
    assert 10 <= len(pem) <= 5_000
    assert len(RSA.sign(b"")) * 8 == 2_048


# -- what they send ---------------------------------------------------------------------------------------------


def accepted(request: Request, sends: Sends, **options: Any) -> None:
    claim = parse_claim(request)
    assert claim.key_id == f"{OWNER}{sends.key_id}"
    key = VerificationKey(claim.key_id, OWNER, RSA.public)
    now_s = NOW_S + TRANSIT_S
    evidence = verify(request, claim, key, now_s=now_s, authorities={"b.example"}, **options)
    assert evidence.signer == OWNER


senders = pytest.mark.parametrize(
    "sends", [peer.sends for peer in PEERS if peer.sends], ids=[_named(peer) for peer in PEERS if peer.sends]
)


@senders
@pytest.mark.parametrize("request_", [INBOX, ACTOR], ids=["POST", "GET"])
@pytest.mark.spec("SIG-07", "SIG-08", "SIG-10", "SIG-17", "SIG-36", "CAV-05", "HSR-02")
def test_ours_accepts_what_it_sends(sends: Sends, request_: Request) -> None:
    bare = attrs.evolve(request_, headers=request_.headers.without("accept", "content-type"))
    accepted(sent(sends, bare, RSA, owner=OWNER, now_s=NOW_S), sends)


@pytest.mark.parametrize("peer", [peer for peer in PEERS if peer.sends], ids=_named)
@pytest.mark.spec("SIG-12", "SEC-043")
def test_ours_accepts_a_get_with_a_query(peer: Peer) -> None:
    """As it stands where the query is signed; on explicit request where it is left out."""
    sends = peer.sends
    assert sends is not None
    request = sent(sends, attrs.evolve(PAGE, headers=PAGE.headers.without("accept")), RSA, owner=OWNER, now_s=NOW_S)
    if sends.query:
        accepted(request, sends)
    else:
        with pytest.raises(SignatureMismatch):
            accepted(request, sends)
        accepted(request, sends, insecure_queryless_get=True)


@pytest.mark.parametrize("peer", [peer for peer in PEERS if peer.sends and peer.sends.rfc9421], ids=_named)
@pytest.mark.parametrize("request_", [INBOX, ACTOR, PAGE], ids=["POST", "GET", "query"])
@pytest.mark.spec("SIG-28", "SIG-30")
def test_ours_accepts_what_it_sends_under_rfc_9421(peer: Peer, request_: Request) -> None:
    sends = peer.sends
    assert sends is not None
    bare = attrs.evolve(request_, headers=request_.headers.without("accept", "content-type"))
    accepted(sent_rfc9421(sends, bare, RSA, owner=OWNER, now_s=NOW_S), sends)


@senders
def test_nothing_of_it_can_be_changed_on_the_way(sends: Sends) -> None:
    request = sent(
        sends, attrs.evolve(INBOX, headers=INBOX.headers.without("content-type")), RSA, owner=OWNER, now_s=NOW_S
    )
    for altered in (
        attrs.evolve(request, body=b"{}"),
        attrs.evolve(request, target="/users/3/inbox"),
        attrs.evolve(request, method="PUT"),
    ):
        with pytest.raises(SignatureError):
            accepted(altered, sends)


def test_every_server_of_the_table_is_there_once() -> None:
    assert len({peer.name for peer in PEERS}) == len(PEERS) == 17
    assert all(peer.rules for peer in PEERS)
