"""did:key: three kinds of keys, one identifier each."""

from __future__ import annotations

import pytest

from fedtext.config import SignaturePolicy
from fedtext.errors import KeyRefused, LocalProtocolError
from fedtext.keys import PublicKey, build_did_key, build_multikey, parse_did_key
from fedtext.wire.multibase import Codec, encode, encode_key

KINDS = ("rsa", "ed25519", "p256")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_reads_back(kind: str, public_keys: dict[str, PublicKey]) -> None:
    did = build_did_key(public_keys[kind])
    assert did.startswith("did:key:z")
    assert parse_did_key(did) == public_keys[kind]


def test_ml_dsa_is_no_kind_of_the_method(public_keys: dict[str, PublicKey]) -> None:
    key = public_keys["ml-dsa"]
    with pytest.raises(LocalProtocolError):
        build_did_key(key)
    for encoding in ("z", "u"):
        with pytest.raises(KeyRefused):
            parse_did_key("did:key:" + build_multikey(key, encoding=encoding))


def test_what_is_no_did_key_of_ours(public_keys: dict[str, PublicKey]) -> None:
    did = build_did_key(public_keys["ed25519"])
    multikey = did.removeprefix("did:key:")
    refused: list[object] = [
        "",
        multikey,
        "did:key:",
        "did:key:z",
        did.upper(),
        did.replace("key", "web"),
        f"{did}#{multikey}",
        f"{did}?x=y",
        f"{did}/x",
        f"{did} ",
        f"did:key:1.1:{multikey}",
        "did:key:" + encode(Codec.ED25519_PUBLIC.prefix + public_keys["ed25519"].raw, "u"),
        "did:key:" + encode_key(Codec.X25519_PUBLIC, bytes(32)),
        "did:key:" + encode_key(Codec.ED25519_SECRET, bytes(32)),
        "did:key:" + encode_key(Codec.ED25519_PUBLIC, bytes(32)),  # of small order
        "did:key:" + encode(b"\x81\x24" + bytes(49)),  # P-384
        None,
        [did],
    ]
    for text in refused:
        with pytest.raises(KeyRefused):
            parse_did_key(text)


@pytest.mark.spec("SEC-074")
def test_sec_074_the_policy_bounds_the_modulus(public_keys: dict[str, PublicKey]) -> None:
    text = build_did_key(public_keys["rsa"])
    assert parse_did_key(text, SignaturePolicy(rsa_bits_max=2_048)) == public_keys["rsa"]
    with pytest.raises(KeyRefused):
        parse_did_key(text, SignaturePolicy(rsa_bits_min=2_049))
