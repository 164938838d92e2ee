"""PEM reading: what is tolerated, and our own keys. What is refused is in tests/security/test_keys_import.py."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from fedtext.errors import ConfigurationError, KeyRefused
from fedtext.keys import PrivateKey, generate_ed25519, generate_ml_dsa, generate_rsa, load_private_pem, load_public_pem
from fedtext.keys.pem import own_private


@pytest.fixture(scope="module")
def key() -> PrivateKey:
    return generate_rsa()


def pkcs1_of(key: PrivateKey) -> str:
    material = serialization.load_pem_public_key(key.public.pem.encode())
    written = material.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1)
    return written.decode()


@pytest.mark.parametrize(
    "change",
    [
        lambda pem: pem,
        lambda pem: pem.replace("\n", "\r\n"),
        lambda pem: pem.rstrip("\n"),
        lambda pem: "\n\n  " + pem + " \r\n",
        lambda pem: pem.replace("\n", ""),
        lambda pem: pem.replace("\n", "\n "),
    ],
    ids=["as written", "CRLF", "no last newline", "white space around", "one line", "indented"],
)
def test_sec_077_sig_23_layouts_that_are_tolerated(key: PrivateKey, change: object) -> None:
    assert callable(change)
    assert load_public_pem(change(key.public.pem)) == key.public


def test_sig_23_pkcs1_is_taken(key: PrivateKey) -> None:
    pem = pkcs1_of(key)
    assert pem.startswith("-----BEGIN RSA PUBLIC KEY-----")
    assert load_public_pem(pem) == key.public


def test_own_pkcs1_private_keys_are_read(key: PrivateKey) -> None:
    material = serialization.load_pem_private_key(key.pem().encode(), None)
    written = material.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    assert load_private_pem(written).public == key.public
    assert load_private_pem(written.decode()).public == key.public


@pytest.mark.parametrize("passphrase", [None, b"secret"])
def test_own_keys_of_ml_dsa_are_read(passphrase: bytes | None) -> None:
    own = generate_ml_dsa()
    assert load_private_pem(own.pem(passphrase), passphrase).public == own.public


@pytest.mark.parametrize("bits", [0, 1_024, 2_047, 8_193])
def test_keys_that_peers_would_refuse_are_not_made(bits: int) -> None:
    with pytest.raises(ConfigurationError):
        generate_rsa(bits)


def unreadable() -> dict[str, tuple[str, bytes | None]]:
    weak = rsa.generate_private_key(65537, 1024)
    curve = ec.generate_private_key(ec.SECP256R1())
    options = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    own = generate_ed25519()
    return {
        "empty": ("", None),
        "no PEM": ("hello", None),
        "a public key": (own.public.pem, None),
        "not ASCII": ("ключ", None),
        "encrypted, no passphrase": (own.pem(b"secret"), None),
        "encrypted, other passphrase": (own.pem(b"secret"), b"Secret"),
        "in the clear, with a passphrase": (own.pem(), b"secret"),
        "1024 bits": (weak.private_bytes(*options).decode(), None),
        "another algorithm": (curve.private_bytes(*options).decode(), None),
        "cut off": (own.pem()[:60], None),
    }


UNREADABLE = unreadable()


@pytest.mark.parametrize("case", UNREADABLE)
def test_sec_170_own_keys_that_cannot_be_used_are_named_but_not_shown(case: str) -> None:
    text, passphrase = UNREADABLE[case]
    with pytest.raises(ConfigurationError) as caught:
        load_private_pem(text, passphrase)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    body = "".join(text.splitlines()[1:-1])
    assert not body or body[:16] not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN PUBLIC KEY-----END PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY----------END PUBLIC KEY-----",
        "\f-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        "\u2003-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
    ],
    ids=["hyphens shared", "nothing inside", "a form feed before it", "a wide space before it"],
)
def test_sec_077_what_is_no_block_at_all(text: str) -> None:
    with pytest.raises(KeyRefused, match="not one PEM block"):
        load_public_pem(text)


def test_values_of_another_type_are_named() -> None:
    with pytest.raises(KeyRefused) as caught:
        load_public_pem(7)
    assert caught.value.context == {"kind": "int"}
    curve = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(ConfigurationError) as refused:
        own_private(curve)
    assert refused.value.context == {"kind": "ECPrivateKey"}


def test_the_greatest_key_is_made(monkeypatch: pytest.MonkeyPatch, key: PrivateKey) -> None:
    """It would take a minute: what is asked for is enough."""
    asked: list[int] = []
    material = serialization.load_pem_private_key(key.pem().encode(), None)
    monkeypatch.setattr(
        "fedtext.keys.pem.rsa.generate_private_key",
        lambda *, public_exponent, key_size: asked.append(key_size) or material,
    )
    generate_rsa(8_192)
    assert asked == [8_192]
