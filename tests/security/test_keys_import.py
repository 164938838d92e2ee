"""Which public keys of others are taken: weak, trapped and disguised ones are refused (SEC-074, 075, 077, 078).

Once through PEM with every case, then through each of the other ways in.
"""

from __future__ import annotations

import base64
import datetime
import time
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from cryptography.x509.oid import NameOID

from fedtext.config import SignaturePolicy
from fedtext.errors import KeyRefused
from fedtext.keys import (
    Algorithm,
    build_multikey,
    generate_ed25519,
    generate_ml_dsa,
    key_material,
    load_public_pem,
    parse_did_key,
    parse_jwk,
    parse_multikey,
)
from fedtext.keys.pem import PEM_CHARS_MAX
from fedtext.wire.multibase import Codec, encode

RSA_IDENTIFIER = bytes.fromhex("300d06092a864886f70d0101010500")
PSS_IDENTIFIER = bytes.fromhex("300b06092a864886f70d01010a")
ED25519_SPKI_HEAD = bytes.fromhex("302a300506032b6570032100")


def der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def integer(value: int) -> bytes:
    return der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def pem(label: str, content: bytes) -> str:
    text = base64.encodebytes(content).decode()
    return f"-----BEGIN {label}-----\n{text}-----END {label}-----\n"


def rsa_pem(n: int, e: int = 65_537, *, identifier: bytes = RSA_IDENTIFIER) -> str:
    """Write a key that no honest tool would make."""
    inner = der(0x30, integer(n) + integer(e))
    return pem("PUBLIC KEY", der(0x30, identifier + der(3, b"\x00" + inner)))


def modulus(bits: int) -> int:
    return (1 << (bits - 1)) + 12_345


RSA_REFUSED = {
    "512 bits": rsa_pem(modulus(512)),
    "1024 bits": rsa_pem(modulus(1_024)),
    "1536 bits": rsa_pem(modulus(1_536)),
    "2047 bits": rsa_pem(modulus(2_047)),
    "8193 bits": rsa_pem(modulus(8_193)),
    "16384 bits": rsa_pem(modulus(16_384)),
    "131072 bits": rsa_pem(modulus(131_072)),
    "e = 1": rsa_pem(modulus(2_048), 1),
    "e = 2": rsa_pem(modulus(2_048), 2),
    "e = 65536": rsa_pem(modulus(2_048), 65_536),
    "e = 2**32 + 1": rsa_pem(modulus(2_048), 2**32 + 1),
    "e of 2048 bits": rsa_pem(modulus(2_048), 2**2_047 + 1),
    "n = 0": rsa_pem(0),
    "n = 1": rsa_pem(1),
    "n even": rsa_pem(modulus(2_048) + 1),
}
RSA_TAKEN = {
    "2048 bits": rsa_pem(modulus(2_048)),
    "8192 bits": rsa_pem(modulus(8_192)),
    "e = 3": rsa_pem(modulus(2_048), 3),
    "e = 2**32 - 1": rsa_pem(modulus(2_048), 2**32 - 1),
}


@pytest.mark.parametrize("case", RSA_REFUSED)
def test_sec_074_weak_and_trapped_rsa_keys_are_refused_at_once(case: str) -> None:
    took_s = []
    for _ in range(5):
        started = time.perf_counter()
        with pytest.raises(KeyRefused):
            load_public_pem(RSA_REFUSED[case])
        took_s.append(time.perf_counter() - started)
    assert min(took_s) < 0.010


@pytest.mark.parametrize("case", RSA_TAKEN)
def test_sec_074_rsa_keys_at_the_limits_are_taken(case: str) -> None:
    assert load_public_pem(RSA_TAKEN[case]).algorithm is Algorithm.RSA


def test_sec_074_short_keys_need_a_policy_that_says_so() -> None:
    policy = SignaturePolicy(rsa_bits_min=1_024)
    assert load_public_pem(RSA_REFUSED["1024 bits"], policy).algorithm is Algorithm.RSA
    with pytest.raises(KeyRefused):
        load_public_pem(RSA_REFUSED["512 bits"], policy)


@pytest.mark.parametrize(
    "point",
    [
        bytes([1]) + bytes(31),
        bytes(32),
        bytes(31) + b"\x80",
        b"\xec" + b"\xff" * 30 + b"\x7f",
        b"\xed" + b"\xff" * 30 + b"\x7f",
        b"\xee" + b"\xff" * 30 + b"\x7f",
        b"\xff" * 32,
        bytes([2]) + bytes(31),
    ],
    ids=["neutral", "order 4", "order 4, negative", "order 2", "y = p", "y = p + 1", "all ones", "no point"],
)
def test_sec_075_ed25519_keys_under_which_anything_verifies_are_refused(point: bytes) -> None:
    with pytest.raises(KeyRefused):
        load_public_pem(pem("PUBLIC KEY", ED25519_SPKI_HEAD + point))


def test_sec_075_an_ordinary_ed25519_key_is_taken() -> None:
    raw = (
        ed25519.Ed25519PrivateKey.generate()
        .public_key()
        .public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    )
    key = load_public_pem(pem("PUBLIC KEY", ED25519_SPKI_HEAD + raw))
    assert key.algorithm is Algorithm.ED25519


def spki(material: object) -> str:
    written = material.public_bytes(  # type: ignore[attr-defined]
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return str(written.decode())


def disguises() -> dict[str, object]:
    private = rsa.generate_private_key(65_537, 2_048)
    plain = serialization.NoEncryption()
    good = spki(private.public_key())
    pkcs8 = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()
    pkcs8_der = private.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, plain)
    pkcs1 = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain
    ).decode()
    openssh = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, plain).decode()
    ssh = private.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a.example")])
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=1))
        .sign(private, hashes.SHA256())
    )
    numbers = private.public_key().public_numbers()
    lines = good.splitlines()
    return {
        "a private key": pkcs8,
        "a private key, PKCS#1": pkcs1,
        "a private key, OpenSSH": openssh,
        "a private key under a public label": pem("PUBLIC KEY", pkcs8_der),
        "an OpenSSH public key": ssh.decode(),
        "a certificate": certificate.public_bytes(serialization.Encoding.PEM).decode(),
        "two blocks": good + good,
        "a private block behind": good + pkcs8,
        "a private block before": pkcs8 + good,
        "text before": "Here is my key:\n" + good,
        "text behind": good + "thanks",
        "headers in the block": good.replace("KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\n\n", 1),
        "labels that differ": good.replace("END PUBLIC", "END RSA PUBLIC"),
        "junk in the block": good.replace("\n", "\n!", 1),
        "letters in place of the end": "".join(lines[:-1]) + "A" * len(lines[-1]),
        "no end": "\n".join(lines[:-1]),
        "no beginning": "\n".join(lines[1:]),
        "labels only": "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----",
        "labels that overlap": "-----BEGIN PUBLIC KEY-----END PUBLIC KEY-----",
        "cut off": "\n".join([*lines[:3], lines[-1]]),
        "bytes behind the key": pem("PUBLIC KEY", base64.b64decode("".join(lines[1:-1])) + b"\x00"),
        "url-safe base64": pem("PUBLIC KEY", b"").replace("-\n-", "-\n_-_-\n-"),
        "not ASCII": good.replace("MII", "МII", 1),
        "a no-break space": good.replace("\n", "\n\u00a0", 1),
        "RSASSA-PSS": rsa_pem(numbers.n, identifier=PSS_IDENTIFIER),
        "EC secp256k1": spki(ec.generate_private_key(ec.SECP256K1()).public_key()),
        "EC P-384": spki(ec.generate_private_key(ec.SECP384R1()).public_key()),
        "EC P-521": spki(ec.generate_private_key(ec.SECP521R1()).public_key()),
        "DSA": spki(dsa.generate_private_key(1_024).public_key()),
        "X25519": spki(x25519.X25519PrivateKey.generate().public_key()),
        "Ed448": spki(ed448.Ed448PrivateKey.generate().public_key()),
        "100 kB": "-----BEGIN PUBLIC KEY-----\n" + "A" * 100_000 + "\n-----END PUBLIC KEY-----",
        "one character too long": good + " " * (PEM_CHARS_MAX + 1 - len(good)),
        "empty": "",
        "JSON in it": '{"publicKeyPem": "x"}',
        "null": None,
        "a number": 1,
        "a list": [good],
        "bytes": good.encode(),
    }


DISGUISES = disguises()


@pytest.mark.parametrize("case", DISGUISES)
def test_sec_077_only_one_block_of_a_public_key_is_read(case: str) -> None:
    with pytest.raises(KeyRefused) as caught:
        load_public_pem(DISGUISES[case])
    text = DISGUISES[case]
    assert not isinstance(text, str) or len(text) < 40 or text[30:70] not in str(caught.value)


def test_sec_077_a_pem_of_the_greatest_length_is_read() -> None:
    good = RSA_TAKEN["2048 bits"]
    assert load_public_pem(good + " " * (PEM_CHARS_MAX - len(good))).algorithm is Algorithm.RSA


def test_sec_077_p_256_and_ml_dsa_44_are_taken_too() -> None:
    """SEC-077 names P-256 among what is read; that peers do not sign requests with it is for the signatures to say."""
    p256 = spki(ec.generate_private_key(ec.SECP256R1()).public_key())
    assert load_public_pem(p256).algorithm is Algorithm.ECDSA_P256
    key = generate_ml_dsa().public
    assert load_public_pem(key.pem) == key


# -- every way in -----------------------------------------------------------------------------------------------


def octets(value: int | bytes) -> str:
    data = value if isinstance(value, bytes) else value.to_bytes((value.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def rsa_doors(n: int, e: int) -> dict[str, Callable[[], object]]:
    pkcs1 = der(0x30, integer(n) + integer(e))
    jwk = {"kty": "RSA", "n": octets(n), "e": octets(e)}
    text = encode(Codec.RSA_PUBLIC.prefix + pkcs1) if len(pkcs1) < 2_000 else "z"
    return {
        "PEM": lambda: load_public_pem(rsa_pem(n, e)),
        "PEM, PKCS#1": lambda: load_public_pem(pem("RSA PUBLIC KEY", pkcs1)),
        "Multikey": lambda: parse_multikey(text),
        "did:key": lambda: parse_did_key(f"did:key:{text}"),
        "JWK": lambda: parse_jwk(jwk),
        "publicKeyPem": lambda: key_material({"publicKeyPem": rsa_pem(n, e)}),
        "publicKeyMultibase": lambda: key_material({"publicKeyMultibase": text}),
        "publicKeyJwk": lambda: key_material({"publicKeyJwk": dict(jwk)}),
    }


def ed25519_doors(point: bytes) -> dict[str, Callable[[], object]]:
    text = encode(Codec.ED25519_PUBLIC.prefix + point)
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": octets(point)}
    armoured = pem("PUBLIC KEY", ED25519_SPKI_HEAD + point)
    return {
        "PEM": lambda: load_public_pem(armoured),
        "Multikey": lambda: parse_multikey(text),
        "did:key": lambda: parse_did_key(f"did:key:{text}"),
        "JWK": lambda: parse_jwk(jwk),
        "publicKeyPem": lambda: key_material({"publicKeyPem": armoured}),
        "publicKeyMultibase": lambda: key_material({"publicKeyMultibase": text}),
        "publicKeyJwk": lambda: key_material({"publicKeyJwk": dict(jwk)}),
    }


RSA_NUMBERS = {
    "1024 bits": (modulus(1_024), 65_537),
    "2047 bits": (modulus(2_047), 65_537),
    "8193 bits": (modulus(8_193), 65_537),
    "16384 bits": (modulus(16_384), 65_537),
    "e = 1": (modulus(2_048), 1),
    "e even": (modulus(2_048), 65_536),
    "e = 2**32 + 1": (modulus(2_048), 2**32 + 1),
    "e of 2048 bits": (modulus(2_048), 2**2_047 + 1),
    "n = 0": (0, 65_537),
    "n even": (modulus(2_048) + 1, 65_537),
}


@pytest.mark.parametrize("door", rsa_doors(modulus(2_048), 3))
@pytest.mark.parametrize("case", RSA_NUMBERS)
def test_sec_074_no_way_in_takes_a_weak_or_trapped_rsa_key(case: str, door: str) -> None:
    took_s = []
    for _ in range(3):
        started = time.perf_counter()
        with pytest.raises(KeyRefused):
            rsa_doors(*RSA_NUMBERS[case])[door]()
        took_s.append(time.perf_counter() - started)
    assert min(took_s) < 0.010


@pytest.mark.parametrize("door", rsa_doors(modulus(2_048), 3))
@pytest.mark.parametrize("numbers", [(modulus(2_048), 3), (modulus(8_192), 2**32 - 1)], ids=["least", "greatest"])
def test_sec_074_every_way_in_takes_the_limits(numbers: tuple[int, int], door: str) -> None:
    assert getattr(rsa_doors(*numbers)[door](), "algorithm", None) is Algorithm.RSA


SMALL_ORDER = {
    "neutral": bytes([1]) + bytes(31),
    "order 2": b"\xec" + b"\xff" * 30 + b"\x7f",
    "order 4": bytes(32),
    "order 8": bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    "y = p": b"\xed" + b"\xff" * 30 + b"\x7f",
    "no point": bytes([2]) + bytes(31),
}


@pytest.mark.parametrize("door", ed25519_doors(bytes(32)))
@pytest.mark.parametrize("case", SMALL_ORDER)
def test_sec_075_no_way_in_takes_a_point_of_small_order(case: str, door: str) -> None:
    with pytest.raises(KeyRefused):
        ed25519_doors(SMALL_ORDER[case])[door]()


@pytest.mark.parametrize("door", ed25519_doors(bytes(32)))
def test_sec_075_every_way_in_takes_an_ordinary_point(door: str) -> None:
    key = generate_ed25519().public
    assert ed25519_doors(key.raw)[door]() == key


def test_sec_078_pem_and_multibase_that_differ_are_refused() -> None:
    one, other = generate_ed25519().public, generate_ed25519().public
    claim = {"publicKeyPem": one.pem, "publicKeyMultibase": build_multikey(one)}
    assert key_material(claim) == one
    with pytest.raises(KeyRefused):
        key_material({**claim, "publicKeyMultibase": build_multikey(other)})


def multikeys_refused() -> dict[str, str]:
    key = generate_ed25519().public
    good, raw = build_multikey(key), key.raw
    return {
        "a prefix of another kind": encode(Codec.X25519_PUBLIC.prefix + raw),
        "a secret key": encode(Codec.ED25519_SECRET.prefix + raw),
        "short": encode(Codec.ED25519_PUBLIC.prefix + raw[:-1]),
        "long": encode(Codec.ED25519_PUBLIC.prefix + raw + b"\x00"),
        "a letter that base58 lacks": good[:-1] + "l",
        "base64pad": "M" + base64.b64encode(Codec.ED25519_PUBLIC.prefix + raw).decode(),
        "base64url": encode(Codec.ED25519_PUBLIC.prefix + raw, "u"),
        "no prefix": encode(raw),
    }


MULTIKEYS_REFUSED = multikeys_refused()


@pytest.mark.parametrize("case", MULTIKEYS_REFUSED)
def test_sec_078_multibase_that_is_no_key(case: str) -> None:
    with pytest.raises(KeyRefused):
        parse_multikey(MULTIKEYS_REFUSED[case])
