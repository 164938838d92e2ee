"""Keys in documents: each form, several forms, and nothing private."""

from __future__ import annotations

from typing import Any

import pytest

from fedtext.config import SignaturePolicy
from fedtext.errors import KeyRefused
from fedtext.keys import PublicKey, build_jwk, build_multikey, key_material, without_private_keys
from fedtext.keys.policy import admit_rsa
from fedtext.wire.json import JsonObject

HEAD: JsonObject = {"id": "https://a.example/u#key", "type": "Multikey", "controller": "https://a.example/u"}


def forms(key: PublicKey) -> JsonObject:
    return {"publicKeyPem": key.pem, "publicKeyMultibase": build_multikey(key), "publicKeyJwk": dict(build_jwk(key))}


FORMS = ("publicKeyPem", "publicKeyMultibase", "publicKeyJwk")


@pytest.mark.parametrize("form", FORMS)
def test_each_form(form: str, public: PublicKey) -> None:
    assert key_material({**HEAD, form: forms(public)[form]}) == public


def test_several_forms_of_one_key(public: PublicKey) -> None:
    assert key_material({**HEAD, **forms(public)}) == public
    assert key_material({**HEAD, **forms(public), "publicKeyJwk": None}) == public


@pytest.mark.spec("SEC-078")
@pytest.mark.parametrize("form", FORMS)
def test_sec_078_forms_of_different_keys_are_refused(form: str, public_keys: dict[str, PublicKey]) -> None:
    one, other = forms(public_keys["rsa"]), forms(public_keys["ed25519"])
    with pytest.raises(KeyRefused, match="different"):
        key_material({**HEAD, **one, form: other[form]})


@pytest.mark.parametrize("form", FORMS)
def test_a_form_that_cannot_be_read_refuses_the_others_too(form: str, public: PublicKey) -> None:
    for spoilt in ("", "nonsense", 1, [], {}):
        with pytest.raises(KeyRefused):
            key_material({**HEAD, **forms(public), form: spoilt})


def test_no_key_at_all() -> None:
    for claim in ({}, HEAD, {**HEAD, "publicKeyPem": None}, {**HEAD, "publicKey": "x"}):
        with pytest.raises(KeyRefused, match="no key"):
            key_material(claim)


@pytest.mark.spec("SEC-077")
@pytest.mark.parametrize(
    "member", ["privateKeyPem", "privateKey", "secretKeyMultibase", "privateKeyMultibase", "privateKeyJwk"]
)
def test_sec_077_a_private_key_beside_the_public_one_refuses(member: str, public: PublicKey) -> None:
    with pytest.raises(KeyRefused, match="private"):
        key_material({**HEAD, **forms(public), member: "x"})


def test_the_policy_reaches_every_form() -> None:
    policy = SignaturePolicy(rsa_bits_min=1_024)
    short = admit_rsa((1 << 1_023) + 1, 3, policy)
    for claim in ({"publicKeyPem": short.pem}, {"publicKeyJwk": dict(build_jwk(short))}):
        assert key_material(claim, policy) == short
        with pytest.raises(KeyRefused):
            key_material(claim)


@pytest.mark.spec("SEC-077")
@pytest.mark.parametrize("secret", [{"secretKeyMultibase": "x"}, {"publicKeyJwk": {"kty": "OKP", "d": "x"}}])
def test_sec_077_a_document_is_kept_without_its_private_keys(secret: dict[str, Any], public: PublicKey) -> None:
    good = {**HEAD, **forms(public)}
    for name in ("publicKey", "assertionMethod", "authentication", "verificationMethod"):
        for listed, left in (
            ([good, {**good, **secret}, "id", 7, None], {name: [good, "id", 7, None]}),
            ([secret], {name: []}),
            (secret, {}),
            (good, {name: good}),
            (None, {name: None}),
        ):
            given: JsonObject = {"id": "x", name: listed}
            before = repr(given)
            assert without_private_keys(given) == {"id": "x", **left}
            assert repr(given) == before
    assert without_private_keys({**HEAD, "publicKeyPem": "p", **secret}) == {**HEAD, "publicKeyPem": "p"}
    assert without_private_keys(good) == good
