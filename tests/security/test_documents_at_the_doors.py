"""Documents that prove something of themselves, passed on by eve at each edge: what alice said is heard, or nothing.

What each rule means in full is shown of the functions, in `test_proofs` and `test_proofs_turned`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from tests.edges import Edge
from tests.forging import forged
from tests.proofs import (
    ALICE,
    AS2,
    CREATOR,
    ED25519,
    LIKE,
    METHOD,
    NOW_S,
    OTHER,
    RSA,
    SECURITY,
    proved,
    proved_by_hand,
    signed,
)
from tests.receiving import Peer
from tests.scene import Scene

from fedtext import Config
from fedtext.keys import build_multikey
from fedtext.signatures import linked_data

pytestmark = pytest.mark.edges("pure", "asgi", "wsgi")

DAY_S = 86_400
NOTE = "https://b.example.com/notes/1"
ANNOUNCE = {"id": "https://a.example.com/boosts/1", "type": "Announce", "actor": ALICE, "object": NOTE}
UNDO: dict[str, Any] = {
    "@context": [AS2, SECURITY],
    "id": "https://a.example.com/undos/1",
    "type": "Undo",
    "actor": ALICE,
    "object": ANNOUNCE,
    "to": [f"{AS2}#Public"],
}
SIGNATURE = signed(UNDO)["signature"]
UPWARDS = {"@reverse": f"{AS2}#object"}
OUTER = {name: value for name, value in UNDO.items() if name not in ("@context", "object")}
FETCHES_MAX = 4  # eve, alice for her key, the origin of what was passed on, and one anew


@pytest.fixture
def scene(edge: Edge) -> Scene:
    """A server that believes linked-data signatures, too: so there is something to refuse."""
    made = Scene(edge, config=Config.relay_compatible())
    method = {
        "id": METHOD,
        "type": "Multikey",
        "controller": ALICE,
        "publicKeyMultibase": build_multikey(ED25519.public),
    }
    key = {"id": CREATOR, "owner": ALICE, "publicKeyPem": RSA.public.pem}
    made.home.serve("/users/alice", made.alice.document(publicKey=key, assertionMethod=[method]))
    return made


def by_context(*more: Any, **members: Any) -> dict[str, Any]:
    """Put something into the context of the Undo, and change members of it."""
    return {**UNDO, "@context": [AS2, SECURITY, *more], **members}


def lds(document: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {**document, "signature": {**SIGNATURE, **options}}


def clique(size: int) -> list[dict[str, Any]]:
    names = [f"_:n{number}" for number in range(size)]
    return [{"id": name, "tag": [{"id": other} for other in names if other != name]} for name in names]


def by_bob_of_hers() -> dict[str, Any]:
    """A document in the name of alice's neighbour, proved by alice."""
    return proved({**LIKE, "actor": "https://a.example.com/users/bo", "id": "https://a.example.com/activities/7"})


Case = tuple[str, Callable[[], dict[str, Any]]]

# Eve passes these on: each was made from what alice signed, or by somebody who is not she.
REFUSED: list[Case] = [
    ("SEC-119 a context that nobody has", lambda: lds(by_context("https://ns.example.com/v1"))),
    ("SEC-119 a context on this machine", lambda: lds(by_context("http://127.0.0.1/context"))),
    ("SEC-119 a thousand of them", lambda: lds(by_context(*(f"https://ns.example.com/{n}" for n in range(900))))),
    ("SEC-119 one that imports another", lambda: lds(by_context({"@import": "https://ns.example.com/v1"}))),
    ("SEC-120 an actor by another name", lambda: lds(by_context({"actor": f"{AS2}#attributedTo"}))),
    ("SEC-120 no object at all", lambda: lds(by_context({"object": None}))),
    (
        "SEC-120 two names swapped",
        lambda: lds(by_context({"object": f"{AS2}#target", "x": f"{AS2}#object"}, x=ANNOUNCE)),
    ),
    ("SEC-121 all in a graph", lambda: lds({"@context": [AS2, SECURITY], "@graph": [{**UNDO, "@context": AS2}]})),
    ("SEC-121 a graph by an alias", lambda: lds({**by_context({"g": "@graph"}), **ANNOUNCE, "g": [OUTER]})),
    ("SEC-121 included", lambda: lds(by_context(**ANNOUNCE, **{"@included": [OUTER]}))),
    ("SEC-121 turned", lambda: lds(by_context(**ANNOUNCE, **{"@reverse": {"object": OUTER}}))),
    ("SEC-122 turned by a term", lambda: lds({**by_context({"up": UPWARDS}), **ANNOUNCE, "up": OUTER})),
    ("SEC-122 by an alias of its type", lambda: lds(by_context({"Announce": f"{AS2}#Undo"}, **ANNOUNCE))),
    ("SEC-125 a clique of ten", lambda: lds({**UNDO, "tag": clique(10)})),
    ("SEC-125 nodes without names", lambda: lds({**UNDO, "tag": [{"name": str(n)} for n in range(500)]})),
    ("SEC-126 a context inside of the signature", lambda: lds(UNDO, **{"@context": {"actor": None}})),
    ("SEC-126 two signatures", lambda: {**UNDO, "signature": [SIGNATURE, SIGNATURE]}),
    ("SEC-126 a creator that is a list", lambda: lds(UNDO, creator=[CREATOR])),
    ("SEC-126 made in the future", lambda: signed(UNDO, created_s=NOW_S + DAY_S)),
    ("SEC-127 by another than its actor", lambda: signed({**UNDO, "actor": "https://a.example.com/users/bo"})),
    ("SEC-128 months old", lambda: signed(UNDO, created_s=NOW_S - 90 * DAY_S)),
    ("SEC-129 of another suite", lambda: proved_by_hand(LIKE, cryptosuite="eddsa-jcs-2023")),
    ("SEC-129 of another purpose", lambda: proved_by_hand(LIKE, proofPurpose="authentication")),
    ("SEC-129 of another type", lambda: proved_by_hand(LIKE, type="Proof")),
    ("SEC-129 without a method", lambda: proved_by_hand(LIKE, verificationMethod=None)),
    (
        "SEC-129 by a key of another origin",
        lambda: proved_by_hand(LIKE, verificationMethod="https://evil.example.org/k"),
    ),
    ("SEC-129 by another key", lambda: proved(LIKE, key=OTHER)),
    ("SEC-129 by a neighbour", by_bob_of_hers),
    ("SEC-129 a word more", lambda: {**proved(LIKE), "summary": "added"}),
    ("SEC-130 a number in another form", lambda: {**proved({**LIKE, "x": 1.0}), "x": 2}),
    ("SEC-130 a text in another form", lambda: {**proved({**LIKE, "x": "\u00e9"}), "x": "e\u0301"}),
    ("SEC-131 no proof at all", lambda: dict(LIKE)),
    ("SEC-132 a key in another spelling", lambda: proved_by_hand(LIKE, verificationMethod="did:key:Z6MKX")),
    ("SEC-133 a relative id", lambda: {**LIKE, "id": "activities/1"}),
    ("SEC-133 a base", lambda: {**LIKE, "@context": [AS2, {"@base": "https://a.example.com/"}], "id": "activities/1"}),
]


@pytest.mark.parametrize("case", [case[1] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_sec_119_to_sec_133_nothing_is_heard_of_what_alice_did_not_say(
    scene: Scene, case: Callable[[], dict[str, Any]]
) -> None:
    """Threats that were published elsewhere.

    CVE-2022-24307, CVE-2024-32983, CVE-2026-42462, CVE-2026-46349, CVE-2026-46713, mastodon#39701, Mitra 2.9
    to 5.8.

    Threat: Mitra 2.9 to 5.8.
    """
    scene.refuses(scene.eve.post(case()), 400, 401, 403, fetches_max=FETCHES_MAX)
    assert not any("ns.example.com" in url or "127.0.0.1" in url for url in scene.fetched)


HONEST: list[Case] = [
    ("SEC-128 signed as linked data", lambda: {**UNDO, "signature": SIGNATURE}),
    ("SEC-129 proved over its JSON", lambda: proved(LIKE)),
]


@pytest.mark.parametrize("case", [case[1] for case in HONEST], ids=[case[0] for case in HONEST])
def test_what_alice_said_is_heard(scene: Scene, case: Callable[[], dict[str, Any]]) -> None:
    """So it is the change that is refused above."""
    heard = scene.takes(scene.eve.post(case()))
    assert heard.actor_id == ALICE


def test_sec_128_what_is_passed_on_twice_is_heard_once(scene: Scene) -> None:
    carol = Peer(scene.network, "c.example.net").actor("carol")
    scene.takes(scene.eve.post(proved(LIKE)))
    for somebody in (scene.eve, carol, carol):
        assert scene.answer(somebody.post(proved(LIKE))).status == 202
    assert len(scene.heard) == 1


@pytest.mark.parametrize(
    "members",
    [{"undefined": "x"}, {"url": "no address"}, {"inReplyTo": "relative"}, {"_:p": "x"}],
    ids=repr,
)
def test_sec_123_what_is_not_signed_is_not_heard(scene: Scene, members: dict[str, Any]) -> None:
    """Threat: CVE-2026-50128."""
    heard = scene.takes(scene.eve.post({**UNDO, **members, "signature": SIGNATURE}))
    assert heard.document.keys().isdisjoint(members)


def test_sec_124_no_context_is_loaded_and_so_none_can_change(scene: Scene) -> None:
    """What is asked for is eve and alice; contexts are those that the library brings.




    Threats: CVE-2026-42462, CVE-2026-47746.
    """
    scene.takes(scene.eve.post({**UNDO, "signature": SIGNATURE}))
    assert [url for url in scene.fetched if "users" not in url] == []


def test_sec_127_a_signature_of_eves_own_says_nothing_for_alice(scene: Scene) -> None:
    own = {"id": scene.eve.key_id, "owner": scene.eve.id, "publicKeyPem": RSA.public.pem}
    rsa = {"id": f"{scene.eve.id}#rsa", "owner": scene.eve.id, "publicKeyPem": RSA.public.pem}
    scene.evil.serve(
        "/users/eve", scene.eve.document(publicKey=[{**own, "publicKeyPem": scene.eve.key.public.pem}, rsa])
    )
    signed_by_eve = linked_data.sign(UNDO, RSA, creator=f"{scene.eve.id}#rsa", created_s=NOW_S)
    scene.refuses(scene.eve.post(signed_by_eve), 401, 403, fetches_max=FETCHES_MAX)


def test_sec_129_a_proof_that_does_not_hold_refuses_also_what_alice_signed(scene: Scene) -> None:
    """Under her own signature of the request, too."""
    document = {**proved(LIKE), "summary": "added"}
    alice = attrs.evolve(scene.alice, key=RSA)
    request = forged(alice, json.dumps(document).encode(), algorithm="rsa-sha256")
    scene.refuses(request, 401, fetches_max=FETCHES_MAX)
