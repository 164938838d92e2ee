"""Who signed, of several signatures; attacks on single ones: tests/security."""

from __future__ import annotations

from typing import Any

import pytest
from tests.receiving import GONE, KEYS, NOW_S, Blocklist, Door, Peer, PeerActor

from fedtext.config import Scheme
from fedtext.errors import FedtextError, KeyRefused, PolicyRefusal, SignatureExpired, SignatureMissing
from fedtext.http import Request, Response
from fedtext.inbox import Departed, Gatekeeper
from fedtext.keys import PrivateKey
from fedtext.signatures import VerifiedRequest, parse_claims
from fedtext.sync import run_sync

OTHER = KEYS[1]


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def alice(door: Door) -> PeerActor:
    return Peer(door.network).actor()


@pytest.fixture
def carol(door: Door) -> PeerActor:
    return Peer(door.network, "c.example.com").actor("carol", key=OTHER)


def signed(actor: PeerActor, label: str, *, key: PrivateKey | None = None, now_s: float = NOW_S) -> tuple[str, str]:
    """Sign the one request of these tests; give both fields under a label."""
    body = alice_says(actor)
    request = actor.post(body, scheme=Scheme.RFC9421, now_s=now_s)
    if key is not None:
        request = PeerActor(peer=actor.peer, id=actor.id, name=actor.name, key=key).post(
            body, scheme=Scheme.RFC9421, now_s=now_s
        )
    fields = (request.headers.get("signature-input"), request.headers.get("signature"))
    return tuple(str(field).replace("sig1=", f"{label}=", 1) for field in fields)  # type: ignore[return-value]


def alice_says(_actor: PeerActor) -> bytes:
    return b'{"id":"https://a.example.com/activities/1","type":"Like","actor":"https://a.example.com/users/alice"}'


def request_with(actor: PeerActor, *signatures: tuple[str, str]) -> Request:
    request = actor.post(alice_says(actor), scheme=Scheme.RFC9421)
    inputs, values = zip(*signatures, strict=True)
    headers = request.headers.without("signature", "signature-input")
    fields = (("signature-input", ", ".join(inputs)), ("signature", ", ".join(values)))
    return request.with_headers(headers.with_fields(*fields))


def found(door: Door, request: Request, *blocked: str) -> VerifiedRequest | Departed:
    fetcher = door.fetcher()
    gate = Gatekeeper(fetcher=fetcher, authorities=["b.example.com"], refuse=Blocklist(*blocked))
    claims = gate.check(request, gate.admit(parse_claims(request)))
    return run_sync(gate.verify(request, claims, fetcher.budget()))


def signer(door: Door, request: Request, *blocked: str) -> str:
    evidence = found(door, request, *blocked)
    assert isinstance(evidence, VerifiedRequest)
    return evidence.signer


@pytest.mark.spec("SEC-055")
def test_sec_055_of_several_the_first_that_holds(door: Door, alice: PeerActor, carol: PeerActor) -> None:
    request = request_with(alice, signed(alice, "a"), signed(carol, "c"))
    assert signer(door, request) == alice.id
    assert carol.peer.asked == []


@pytest.mark.spec("SEC-055")
@pytest.mark.parametrize(
    "spoiled",
    [
        {"key": KEYS[2]},
        {"now_s": NOW_S - 7_200},
    ],
)
def test_sec_055_what_one_label_says_proves_nothing_for_another(
    door: Door, alice: PeerActor, carol: PeerActor, spoiled: dict[str, Any]
) -> None:
    assert signer(door, request_with(alice, signed(alice, "a", **spoiled), signed(carol, "c"))) == carol.id


def test_what_can_never_hold_causes_no_fetch(door: Door, alice: PeerActor, carol: PeerActor) -> None:
    request = request_with(alice, signed(alice, "a", now_s=NOW_S - 7_200), signed(carol, "c"))
    assert signer(door, request) == carol.id
    assert alice.peer.asked == []


def test_a_signer_that_is_refused_is_not_asked_for(door: Door, alice: PeerActor, carol: PeerActor) -> None:
    request = request_with(alice, signed(alice, "a"), signed(carol, "c"))
    assert signer(door, request, "a.example.com") == carol.id
    assert alice.peer.asked == []
    with pytest.raises(PolicyRefusal):
        found(door, request, "example.com")


def test_where_the_first_key_cannot_be_had_the_next_one_counts(door: Door, alice: PeerActor, carol: PeerActor) -> None:
    alice.peer.serve("/users/alice", Response(status=500))
    assert signer(door, request_with(alice, signed(alice, "a"), signed(carol, "c"))) == carol.id


def test_who_is_gone_is_told_only_where_nobody_else_signed(door: Door, alice: PeerActor, carol: PeerActor) -> None:
    alice.peer.serve("/users/alice", GONE)
    assert isinstance(found(door, request_with(alice, signed(alice, "a"))), Departed)
    assert signer(door, request_with(alice, signed(alice, "a"), signed(carol, "c"))) == carol.id


@pytest.mark.parametrize(
    ("first", "second", "refusal"),
    [
        ({"now_s": NOW_S - 7_200}, {"now_s": NOW_S + 7_200}, SignatureExpired),
        ({"key": KEYS[2]}, {"now_s": NOW_S - 7_200}, FedtextError),
    ],
)
def test_where_none_holds_the_first_refusal_is_told(
    door: Door,
    alice: PeerActor,
    carol: PeerActor,
    first: dict[str, Any],
    second: dict[str, Any],
    refusal: type[FedtextError],
) -> None:
    with pytest.raises(refusal):
        found(door, request_with(alice, signed(alice, "a", **first), signed(carol, "c", **second)))


def test_a_key_on_this_host_is_none(door: Door, alice: PeerActor) -> None:
    request = alice.post(alice_says(alice), key_id="https://b.example.com/users/bob#main-key")
    with pytest.raises(KeyRefused):
        found(door, request)


def test_nobody_is_nobody(door: Door, alice: PeerActor) -> None:
    gate = Gatekeeper(fetcher=door.fetcher(), authorities=["b.example.com"], refuse=Blocklist())
    with pytest.raises(SignatureMissing):
        run_sync(gate.verify(alice.post(alice_says(alice)), (), door.fetcher().budget()))
