"""Keys that may not be used, names that are not who they seem, ids that somebody else has used up: at each edge."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from tests.forging import forged
from tests.proofs import AS2, proved
from tests.receiving import KEYS, NOW_S, SITE, post
from tests.scene import Scene

from fedtext.http import Request
from fedtext.keys import build_multikey, generate_ed25519

pytestmark = pytest.mark.edges("pure", "asgi", "wsgi")

ED25519_HEAD = bytes.fromhex("302a300506032b6570032100")
NEUTRAL = bytes([1]) + bytes(31)
Signer = Callable[[bytes], bytes]


@pytest.mark.parametrize(
    "media_type",
    [
        f'application/ld+json; profile="{AS2}"',
        f'application/ld+json; profile="https://ns.example/x {AS2} https://ns.example/y"',
    ],
)
def test_sec_008_a_profile_may_be_one_of_several(scene: Scene, media_type: str) -> None:
    scene.takes(scene.alice.post(scene.alice.activity(), media_type=media_type))


def test_sec_008_a_longer_name_is_another_profile(scene: Scene) -> None:
    media_type = f'application/ld+json; profile="https://ns.example/x {AS2}X"'
    scene.refuses(scene.alice.post(scene.alice.activity(), media_type=media_type), 415)


# ---- keys that may not be used: each would verify --------------------------------------------------------------------


def spki(key: Any) -> str:
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    return str(key.public_bytes(encoding=serialization.Encoding.PEM, format=kind).decode())


def by_rsa(bits: int, exponent: int = 65_537) -> tuple[str, Signer]:
    key = rsa.generate_private_key(exponent, bits)
    return spki(key.public_key()), lambda base: key.sign(base, padding.PKCS1v15(), hashes.SHA256())


def by_point(point: bytes) -> tuple[str, Signer]:
    """A key under which this one signature verifies for every message."""
    written = base64.b64encode(ED25519_HEAD + point).decode()
    pem = f"-----BEGIN PUBLIC KEY-----\n{written}\n-----END PUBLIC KEY-----\n"
    return pem, lambda _base: NEUTRAL + bytes(32)


def by_curve() -> tuple[str, Signer]:
    key = ec.generate_private_key(ec.SECP256K1())
    return spki(key.public_key()), lambda base: key.sign(base, ec.ECDSA(hashes.SHA256()))


def in_disguise(change: Callable[[str, str], str]) -> tuple[str, Signer]:
    """A good key, written as it should not be: the public and the private text are given."""
    key = rsa.generate_private_key(65_537, 2_048)
    kind, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, kind, plain).decode()
    signer = lambda base: key.sign(base, padding.PKCS1v15(), hashes.SHA256())  # noqa: E731
    return change(spki(key.public_key()), private), signer


UNUSABLE: dict[str, Callable[[], tuple[str, Signer]]] = {
    "SEC-074 1024 bits": lambda: by_rsa(1_024),
    "SEC-074 1536 bits": lambda: by_rsa(1_536),
    "SEC-075 the neutral point": lambda: by_point(NEUTRAL),
    "SEC-075 a point of order two": lambda: by_point(b"\xec" + b"\xff" * 30 + b"\x7f"),
    "SEC-077 a private key": lambda: in_disguise(lambda _public, private: private),
    "SEC-077 two blocks": lambda: in_disguise(lambda public, _private: public + public),
    "SEC-077 a private block behind": lambda: in_disguise(lambda public, private: public + private),
    "SEC-077 text before": lambda: in_disguise(lambda public, _private: f"My key:\n{public}"),
    "SEC-077 100 kB": lambda: in_disguise(lambda public, _private: public + " " * 100_000),
    "SEC-077 the curve of a currency": by_curve,
}


@pytest.mark.parametrize("make", UNUSABLE.values(), ids=UNUSABLE)
def test_sec_074_to_sec_077_no_such_key_signs_for_anybody(scene: Scene, make: Callable[[], tuple[str, Signer]]) -> None:
    """And of a private one that somebody has published nothing is kept."""
    pem, signer = make()
    scene.refuses(signed_by(scene, pem, signer), 401, fetches_max=1)
    if "PRIVATE" in pem:
        secret = pem.partition("PRIVATE KEY-----\n")[2][200:260].encode()
        assert not any(secret in value for value in scene.state().stored.values())


def test_sec_074_a_key_of_2048_bits_signs_so(scene: Scene) -> None:
    """So it is the key for which it is refused above."""
    scene.takes(signed_by(scene, *by_rsa(2_048)))


def signed_by(scene: Scene, pem: str, signer: Signer) -> Request:
    """Publish a key as alice's, and post by it."""
    scene.home.actor(publicKey={"id": scene.alice.key_id, "owner": scene.alice.id, "publicKeyPem": pem})
    body = json.dumps(scene.alice.activity()).encode()
    return forged(scene.alice, body, algorithm="hs2019" if len(pem) < 200 else "rsa-sha256", signer=signer)


KEY = generate_ed25519()
MULTIKEYS: dict[str, str] = {
    "SEC-078 the prefix of another kind": build_multikey(KEY.public).replace("z6Mk", "z6LS"),
    "SEC-078 too short": build_multikey(KEY.public)[:-4],
    "SEC-078 a letter that is none": build_multikey(KEY.public)[:-1] + "0",
    "SEC-078 base64 with another prefix": "m" + base64.b64encode(b"\xed\x01" + bytes(32)).decode(),
}


@pytest.mark.parametrize("text", MULTIKEYS.values(), ids=MULTIKEYS)
def test_sec_078_no_multikey_that_is_none(scene: Scene, text: str) -> None:
    method = {"id": f"{scene.alice.id}#k", "type": "Multikey", "controller": scene.alice.id, "publicKeyMultibase": text}
    scene.home.serve("/users/alice", scene.alice.document(publicKey=None, assertionMethod=[method]))
    request = attrs.evolve(scene.alice, key=KEY).post(scene.alice.activity(), key_id=method["id"])
    scene.refuses(request, 401, fetches_max=1)


def test_sec_078_two_forms_of_a_key_are_one_key(scene: Scene) -> None:
    """PEM and Multikey that differ are none, whichever of the two signs."""
    both = {"publicKeyPem": KEYS[0].public.pem, "publicKeyMultibase": build_multikey(KEY.public)}
    scene.home.actor(publicKey={"id": scene.alice.key_id, "owner": scene.alice.id, **both})
    for key in (KEYS[0], KEY):
        scene.refuses(post(scene.alice.activity(), key=key), 401, fetches_max=1)


# ---- the four roads to the owner of a key ----------------------------------------------------------------------------


def of_a_request(scene: Scene, key_id: str) -> Request:
    return post(scene.alice.activity(), key=KEYS[2], key_id=key_id)


def of_a_proof(scene: Scene, key_id: str) -> Request:
    document = proved(scene.alice.activity(), key=KEYS[2], verification_method=key_id, created_s=NOW_S)
    return scene.eve.post(document)


def of_linked_data(scene: Scene, key_id: str) -> Request:
    return scene.eve.post({**scene.alice.activity(), "signature": {"type": "RsaSignature2017", "creator": key_id}})


def of_a_read(scene: Scene, key_id: str) -> Request:
    """Somebody reads what is for alice only."""
    request = Request.to(f"{SITE}/notes/private", headers=[("accept", "application/activity+json")])
    return attrs.evolve(scene.alice, key=KEYS[2]).signed(request, key_id)


@pytest.mark.parametrize("road", [of_a_request, of_a_proof, of_linked_data, of_a_read])
def test_sec_061_no_road_believes_a_key_that_names_its_owner_itself(
    scene: Scene, road: Callable[[Scene, str], Request]
) -> None:
    """Eve's key says that it is alice's; alice does not say so.  Threat: CVE-2026-96625."""
    key_id = scene.evil.url("/key")
    document = {"id": key_id, "owner": scene.alice.id, "publicKeyPem": KEYS[2].public.pem}
    scene.evil.serve("/key", {"@context": "https://w3id.org/security/v1", **document})
    scene.refuses(road(scene, key_id), 401, 403, 404, fetches_max=4)


# ---- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "activity_id",
    [
        "https://A.Example.COM/activities/1",
        "https://a.example.com:443/activities/1",
    ],
)
def test_sec_073_one_origin_has_several_spellings(scene: Scene, activity_id: str) -> None:
    scene.takes(scene.alice.post({**scene.alice.activity(), "id": activity_id}))


@pytest.mark.parametrize(
    "activity_id",
    [
        "https://a.example.com:8443/activities/1",
        "http://a.example.com/activities/1",
        "https://a.exa/mple.com/activities/1",
        "https://a.example.com@evil.example.org/activities/1",
        "https://а.example.com/activities/1",  # the first letter is Cyrillic
        "https://xn--example-w6g.com/activities/1",
        "https://example.com/activities/1",
    ],
)
def test_sec_073_another_origin_is_another_origin(scene: Scene, activity_id: str) -> None:
    """Threats: CVE-2023-42451, CVE-2024-52591."""
    scene.refuses(scene.alice.post({**scene.alice.activity(), "id": activity_id}), 400, 403)


def test_sec_048_nobody_uses_up_the_id_of_somebody_else(scene: Scene) -> None:
    """Eve sends alice's activity first, by her own key and in her own name: alice's is heard all the same.




    Threat: GHSA-4qhx-hhwf-8685.
    """
    genuine = scene.alice.activity()
    for forgery in (genuine, {**genuine, "actor": scene.eve.id}):
        scene.refuses(scene.eve.post(forgery), 401, 403, fetches_max=3)
    assert scene.takes(scene.alice.post(genuine)).id == genuine["id"]


def test_sec_071_a_key_is_not_taken_from_what_somebody_sends(scene: Scene) -> None:
    """An Update of alice by alice brings a key of eve's: it signs nothing, and alice's still does.

    Threat: gotosocial#3198.
    """
    scene.takes(scene.alice.post(scene.alice.activity()))
    theirs = {"id": scene.alice.key_id, "owner": scene.alice.id, "publicKeyPem": KEYS[2].public.pem}
    update = scene.alice.activity("Update", 2, object=scene.alice.document(publicKey=theirs))
    scene.takes(scene.alice.post(update))
    scene.refuses(post(scene.alice.activity(number=3), key=KEYS[2]), 401, fetches_max=1)
    scene.takes(scene.alice.post(scene.alice.activity(number=4)))
