"""The Digest header: SIG-03, SIG-04, SEC-041."""

from __future__ import annotations

import base64
import hashlib

import pytest

from fedtext.errors import DigestMismatch
from fedtext.signatures import build_digest, verify_digest

BODY = b'{"type":"Like"}'
SHA256 = base64.b64encode(hashlib.sha256(BODY).digest()).decode()
SHA512 = base64.b64encode(hashlib.sha512(BODY).digest()).decode()
OTHER = base64.b64encode(hashlib.sha256(b"other").digest()).decode()


def test_sig_03_one_member_in_upper_case() -> None:
    assert build_digest(BODY) == f"SHA-256={SHA256}"
    assert build_digest(b"") == "SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


@pytest.mark.parametrize(
    "values",
    [
        [f"SHA-256={SHA256}"],
        [f"sha-256={SHA256}"],
        [f"Sha-256={SHA256}"],
        [f"SHA-512={SHA512}"],
        [f"MD5=AAAA,SHA-256={SHA256}"],
        [f"SHA-256={SHA256} , unixsum=30637"],
        [f"SHA-256={SHA256},SHA-512={SHA512}"],
        ["MD5=AAAA", f"SHA-256={SHA256}"],
        [",".join(["a=b"] * 7 + [f"SHA-256={SHA256}"])],
    ],
)
def test_sig_04_digests_that_match(values: list[str]) -> None:
    verify_digest(values, BODY)


@pytest.mark.parametrize(
    "values",
    [
        [],
        [""],
        ["SHA-256"],
        ["SHA-256="],
        [SHA256],
        [f"={SHA256}"],
        [f"SHA-256={OTHER}"],
        [f"SHA256={SHA256}"],
        [f"MD5={SHA256}"],
        ["MD5=AAAA"],
        [f"SHA-256={SHA256},"],
        [f"SHA-256={SHA256},SHA-256={SHA256}"],
        [f"SHA-256={SHA256},sha-256={OTHER}"],
        [f"SHA-256={SHA256}", f"SHA-256={SHA256}"],
        [f"SHA-256={SHA256}", f"SHA-256={OTHER}"],
        [f"SHA-256={SHA256},SHA-512={SHA256}"],
        [f"SHA-512={SHA512},SHA-256={OTHER}"],
        [f"SHA-256={SHA256[:-4]}"],
        [f"SHA-256={SHA256.rstrip('=')}"],
        [f"SHA-256={SHA256}AAAA"],
        [f"SHA-256= {SHA256}"],
        [f"SHA-256={SHA256.replace('=', '')}*"],
        ["SHA-256=" + hashlib.sha256(BODY).hexdigest()],
        ["SHA-256=Ünicode"],
        [",".join(["a=b"] * 8 + [f"SHA-256={SHA256}"])],
        ["SHA-256=" + "A" * 100_000],
        ["," * 100_000],
    ],
    ids=range(27),
)
def test_sec_041_digests_that_do_not(values: list[str]) -> None:
    with pytest.raises(DigestMismatch):
        verify_digest(values, BODY)


@pytest.mark.parametrize(
    "body", [b"", BODY[:-1], BODY + b"\n", b"\xef\xbb\xbf" + BODY, b'{"type": "Like"}', BODY.replace(b"L", b"l")]
)
def test_sec_042_every_byte_of_the_body_counts(body: bytes) -> None:
    with pytest.raises(DigestMismatch):
        verify_digest([build_digest(BODY)], body)


def test_sec_172_digests_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes | str, bytes | str]] = []

    def spy(left: bytes | str, right: bytes | str) -> bool:
        compared.append((left, right))
        return left == right

    monkeypatch.setattr("fedtext.signatures.digest.compare_digest", spy)
    text, digest = build_digest(BODY), hashlib.sha256(BODY).digest()
    verify_digest([text], BODY)
    assert compared == [(text, text)]
    verify_digest([text.lower().partition("=")[0] + "=" + text.partition("=")[2]], BODY)
    assert compared[2:] == [(digest, digest)]


@pytest.mark.parametrize(
    "value",
    [
        f"={SHA256},SHA-256={SHA256}",
        f"nothing,SHA-256={SHA256}",
        f"XSHA-256={SHA256}",
        f"\x0bSHA-256={SHA256}",
        f"SHA-256={SHA256}\x0c",
    ],
)
def test_sec_041_a_member_is_a_name_and_a_value(value: str) -> None:
    with pytest.raises(DigestMismatch):
        verify_digest([value], BODY)


def test_an_absent_header_is_no_empty_member() -> None:
    with pytest.raises(DigestMismatch, match="no Digest header") as caught:
        verify_digest([], BODY)
    assert caught.value.context == {"members": "0"}
