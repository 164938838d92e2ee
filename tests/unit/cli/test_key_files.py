"""Keys in files: every form that people have, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fedtext.cli.key_files import parse_keys, read_keys, read_private
from fedtext.config import Limits
from fedtext.errors import ConfigurationError, FedtextError, KeyOwnerMismatch, KeyRefused, LimitExceeded
from fedtext.keys import PublicKey, build_did_key, build_jwk, build_multikey, generate_ed25519, generate_rsa
from fedtext.signatures import ANY_KEY_ID
from fedtext.wire.json import JsonObject

RSA = generate_rsa()
ED25519 = generate_ed25519()
LIMITS = Limits()
OWNER = "https://a.example/users/1"


@pytest.mark.parametrize(
    ("text", "public"),
    [
        (RSA.public.pem, RSA.public),
        (f"\n{RSA.public.pem}\n", RSA.public),
        (RSA.pem(), RSA.public),
        (ED25519.public.pem, ED25519.public),
        (json.dumps(build_jwk(ED25519.public)), ED25519.public),
        (build_multikey(ED25519.public), ED25519.public),
        (build_did_key(ED25519.public) + "\n", ED25519.public),
    ],
    ids=["SPKI", "with line breaks", "PKCS#8", "Ed25519", "JWK", "Multikey", "did:key"],
)
def test_bare_keys(text: str, public: PublicKey) -> None:
    (key,) = parse_keys(text, LIMITS)
    assert (key.key_id, key.owner, key.public) == (ANY_KEY_ID, "", public)


def listed(name: str, public: PublicKey, **more: str) -> JsonObject:
    return {"id": f"{OWNER}#{name}", "owner": OWNER, "publicKeyPem": public.pem, **more}


def actor(**members: object) -> str:
    return json.dumps({"id": OWNER, "type": "Person", **members})


def test_documents_of_actors() -> None:
    multikey = {"id": f"{OWNER}#ed", "controller": OWNER, "publicKeyMultibase": build_multikey(ED25519.public)}
    refused = {"id": f"{OWNER}#bad", "owner": OWNER, "publicKeyPem": "?"}
    text = actor(
        publicKey=[f"{OWNER}#by-id", refused, listed("main-key", RSA.public)],
        assertionMethod=[multikey, listed("main-key", ED25519.public)],
    )
    keys = parse_keys(text, LIMITS)
    assert [(key.key_id, key.owner, key.public) for key in keys] == [
        (f"{OWNER}#main-key", OWNER, RSA.public),
        (f"{OWNER}#ed", OWNER, ED25519.public),
    ]
    assert parse_keys(actor(publicKey=listed("main-key", RSA.public)), LIMITS)[0].public == RSA.public


def test_a_keys_own_document() -> None:
    (key,) = parse_keys(json.dumps(listed("main-key", RSA.public)), LIMITS)
    assert (key.key_id, key.owner) == (f"{OWNER}#main-key", OWNER)


@pytest.mark.spec("SEC-065")
def test_no_more_keys_are_read_than_the_limit_says() -> None:
    text = actor(publicKey=[listed(str(number), ED25519.public) for number in range(17)])
    assert len(parse_keys(text, LIMITS)) == LIMITS.keys_per_actor_max == 16


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", KeyRefused),
        ("hello", KeyRefused),
        ("-----BEGIN CERTIFICATE-----", KeyRefused),
        ("-----BEGIN PRIVATE KEY-----", ConfigurationError),
        ("did:key:zzz", KeyRefused),
        ("{", FedtextError),
        ("{}", KeyRefused),
        (actor(), KeyRefused),
        (actor(publicKey={"id": 1, "owner": OWNER}), KeyRefused),
        (actor(publicKey={"id": f"{OWNER}#a", "owner": OWNER, "publicKeyPem": "?"}), KeyRefused),
        (actor(publicKey=listed("a", RSA.public, owner="https://b.example/")), KeyOwnerMismatch),
        pytest.param(json.dumps({**build_jwk(ED25519.public), "d": "AA"}), KeyRefused, id="JWK"),
    ],
)
@pytest.mark.spec("SEC-077")
def test_what_is_refused(text: str, error: type[FedtextError]) -> None:
    with pytest.raises(error):
        parse_keys(text, LIMITS)


def test_files(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(RSA.public.pem)
    assert read_keys(str(file), LIMITS)[0].public == RSA.public
    size = file.stat().st_size
    assert read_keys(str(file), Limits(document_bytes_max=size))
    with pytest.raises(LimitExceeded):
        read_keys(str(file), Limits(document_bytes_max=size - 1))
    assert read_keys(build_did_key(ED25519.public), LIMITS)[0].public == ED25519.public


def test_private_keys(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text(RSA.pem(b"open"))
    assert read_private(str(file), LIMITS, passphrase=b"open").public == RSA.public
    for passphrase in (None, b"shut"):
        with pytest.raises(ConfigurationError):
            read_private(str(file), LIMITS, passphrase=passphrase)
    file.write_text("zNot")
    with pytest.raises(FedtextError):
        read_private(str(file), LIMITS)
