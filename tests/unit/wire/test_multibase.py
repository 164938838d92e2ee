"""Multibase and multicodec: bytes and keys as text, each in one spelling."""

from __future__ import annotations

import csv
import json
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from fedtext.errors import FedtextError, LimitExceeded, LocalProtocolError, MalformedText
from fedtext.wire.multibase import (
    BASE58BTC,
    BASE64URL,
    DATA_BYTES_MAX,
    TEXT_CHARS_MAX,
    Codec,
    Encoding,
    decode,
    decode_key,
    decode_secret_key,
    encode,
    encode_key,
)

TEXTS: list[tuple[Encoding, bytes, str]] = [
    ("z", b"", "z"),
    ("z", b"\x00", "z1"),
    ("z", b"\x00\x00\x01", "z112"),
    ("z", b"\x39", "zz"),
    ("z", b"\x3a", "z21"),
    ("z", b"hello", "zCn8eVZg"),
    ("z", b"\xff" * 8, "zjpXCZedGfVQ"),
    ("z", (58**10).to_bytes(8, "big"), "z21111111111"),
    ("u", b"", "u"),
    ("u", b"\x00", "uAA"),
    ("u", b"\xfb\xff", "u-_8"),
    ("u", b"hello", "uaGVsbG8"),
]

REFUSED = [
    "",
    "Cn8eVZg",
    "ZCn8eVZg",
    "z0",
    "zO",
    "zI",
    "zl",
    "z 2",
    "z2\n",
    "zé",
    "z+",
    "uaGVsbG8=",
    "UaGVsbG8=",
    "maGVsbG8",
    "uA",
    "uAB",
    "u+_8",
    "u-/8",
    "uAA AA",
    "uAA\n",
    "uä",
    "f68656c6c6f",
    "\U0001f680",
]

KEYS = {
    Codec.X25519_PUBLIC: ("ec01", 32),
    Codec.ED25519_PUBLIC: ("ed01", 32),
    Codec.P256_PUBLIC: ("8024", 33),
    Codec.RSA_PUBLIC: ("8524", 270),
    Codec.MLDSA44_PUBLIC: ("9024", 1_312),
    Codec.ED25519_SECRET: ("8026", 32),
    Codec.X25519_SECRET: ("8226", 32),
    Codec.RSA_SECRET: ("8526", 1_190),
    Codec.P256_SECRET: ("8626", 32),
    Codec.MLDSA44_SECRET: ("9726", 2_560),
    Codec.MLDSA44_SEED: ("9a26", 32),
}

# How the table of multicodecs calls the kinds that we know.
NAMES = {
    Codec.X25519_PUBLIC: "x25519-pub",
    Codec.ED25519_PUBLIC: "ed25519-pub",
    Codec.P256_PUBLIC: "p256-pub",
    Codec.RSA_PUBLIC: "rsa-pub",
    Codec.MLDSA44_PUBLIC: "mldsa-44-pub",
    Codec.ED25519_SECRET: "ed25519-priv",
    Codec.X25519_SECRET: "x25519-priv",
    Codec.RSA_SECRET: "rsa-priv",
    Codec.P256_SECRET: "p256-priv",
    Codec.MLDSA44_SECRET: "mldsa-44-priv",
    Codec.MLDSA44_SEED: "mldsa-44-priv-seed",
}


@pytest.mark.parametrize(("encoding", "data", "text"), TEXTS)
def test_texts(encoding: Encoding, data: bytes, text: str) -> None:
    assert encode(data, encoding) == text
    assert decode(text) == data


@pytest.mark.parametrize("text", REFUSED)
def test_other_encodings_and_other_spellings_are_refused(text: str) -> None:
    with pytest.raises(MalformedText):
        decode(text)


def test_so_long_and_no_longer() -> None:
    for encoding in (BASE58BTC, BASE64URL):
        longest = b"\xff" * DATA_BYTES_MAX
        assert decode(encode(longest, encoding)) == longest
        with pytest.raises(LocalProtocolError):
            encode(longest + b"\x00", encoding)
    assert decode("z" * TEXT_CHARS_MAX)
    with pytest.raises(LimitExceeded):
        decode("z" * (TEXT_CHARS_MAX + 1))


@pytest.mark.parametrize("codec", Codec)
def test_every_kind_of_key(codec: Codec) -> None:
    prefix, length_bytes = KEYS[codec]
    key = b"\x00" + b"\x07" * (length_bytes - 1)
    assert codec.prefix.hex() == prefix
    text = encode_key(codec, key)
    right, wrong = (decode_secret_key, decode_key) if codec.is_secret else (decode_key, decode_secret_key)
    assert right(text) == (codec, key)
    with pytest.raises(MalformedText):
        wrong(text)
    assert decode(text) == bytes.fromhex(prefix) + key


def read(text: str) -> tuple[Codec, bytes]:
    """Read a key of either kind."""
    try:
        return decode_key(text)
    except MalformedText:
        return decode_secret_key(text)


def test_secret_keys_are_told_from_public_ones() -> None:
    assert {codec for codec in Codec if codec.is_secret} == {codec for codec in Codec if "PUBLIC" not in codec.name}


@pytest.mark.spec("SEC-078")
@pytest.mark.parametrize("codec", Codec)
def test_sec_078_a_key_has_the_length_of_its_kind(codec: Codec) -> None:
    _, least, most = codec.value
    for length_bytes in (0, least - 1, most + 1):
        with pytest.raises(MalformedText):
            read(encode(codec.prefix + bytes(length_bytes)))
        with pytest.raises(LocalProtocolError):
            encode_key(codec, bytes(length_bytes))
    for length_bytes in (least, most):
        assert read(encode_key(codec, bytes(length_bytes))) == (codec, bytes(length_bytes))


@pytest.mark.spec("SEC-078")
@pytest.mark.parametrize("codec", Codec)
def test_sec_078_base64url_is_for_ml_dsa_only(codec: Codec) -> None:
    key = bytes(codec.value[1])
    if codec.name.startswith("MLDSA44"):
        assert read(encode_key(codec, key, BASE64URL)) == read(encode_key(codec, key, BASE58BTC)) == (codec, key)
        return
    with pytest.raises(MalformedText):
        read(encode(codec.prefix + key, BASE64URL))
    with pytest.raises(LocalProtocolError):
        encode_key(codec, key, BASE64URL)


@pytest.mark.spec("SEC-078")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "z",
        encode(b"\xed"),
        encode(b"\xed\x01"),
        encode(b"\xed\x01" + bytes(32), "u"),
        encode(b"\xed\x81\x00" + bytes(32)),  # the same number with an idle byte
        encode(b"\xed" + bytes(33)),
        encode(b"\x01\xed" + bytes(32)),
        encode(b"\xe7\x01" + bytes(33)),  # secp256k1
        encode(b"\x81\x24" + bytes(49)),  # P-384
        encode(bytes(32)),
        encode(b"\xff" * 34),
        "M7QH" + "A" * 44,
    ],
)
def test_sec_078_what_is_no_key_that_we_know(text: str) -> None:
    for decode_one in (decode_key, decode_secret_key):
        with pytest.raises(MalformedText):
            decode_one(text)


def test_no_error_tells_the_secret() -> None:
    secret = encode_key(Codec.ED25519_SECRET, b"\x07" * 32)
    for text in (secret + "0", secret[1:], secret + "é", secret + "2", "u" + secret[1:] + "=", secret * 100):
        for decode_one in (decode_key, decode_secret_key):
            with pytest.raises(FedtextError) as caught:
                decode_one(text)
            assert secret[5:20] not in str(caught.value)


@pytest.mark.vectors("multibase/*.csv")
def test_shared_encodings(vector_file: Path) -> None:
    head, *rows = csv.reader(vector_file.read_text("utf-8").splitlines(), skipinitialspace=True)
    if len(head) != 2:
        return  # a table of codes
    plain = head[1].encode().decode("unicode_escape").encode("latin-1")
    rules = json.loads((vector_file.parent / "OVERRIDES.json").read_text("utf-8"))["rules"]
    for encoding, text in rows:
        case = f"{vector_file.stem}:{encoding}"
        verdict = next(rule["verdict"] for rule in rules if fnmatchcase(case, rule["match"]))
        try:
            assert decode(text) == plain, case
        except FedtextError:
            assert verdict == "refuse", case
        else:
            assert verdict == "accept", case
            assert encode(plain, BASE58BTC if text.startswith("z") else BASE64URL) == text, case


@pytest.mark.vectors("multibase/multicodec-key-rows.csv")
def test_shared_codes(vector_file: Path) -> None:
    rows = csv.DictReader(vector_file.read_text("utf-8").splitlines(), skipinitialspace=True)
    codes = {row["name"]: int(row["code"], 16) for row in rows}
    assert {codec: codes[name] for codec, name in NAMES.items()} == {codec: codec.code for codec in Codec}


@pytest.mark.vectors("did-key/multikey.json")
def test_shared_keys(vector_file: Path) -> None:
    """Whether the bytes are a good key is for others to say: the cases refused here have a wrong form."""
    for case in json.loads(vector_file.read_text("utf-8"))["cases"]:
        decode_one = decode_secret_key if "public_multibase" in case else decode_key
        try:
            codec, key = decode_one(case["multibase"])
        except FedtextError:
            assert case["expect"] == "refuse", case["id"]
            continue
        assert case["expect"] == "read", case["id"]
        assert case["type"].startswith(NAMES[codec]), case["id"]
        assert key.hex() == case.get("hex", key.hex()), case["id"]
        assert encode_key(codec, key) == case["multibase"], case["id"]
