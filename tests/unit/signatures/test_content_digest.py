"""Content-Digest: CD-01 to CD-04, SEC-057."""

from __future__ import annotations

import base64
import hashlib

import pytest

from fedtext.errors import DigestMalformed, DigestMismatch, DigestUnsupported, SignatureError
from fedtext.signatures import build_content_digest, verify_content_digest
from fedtext.signatures.content_digest import FIELD_CHARS_MAX

BODY = b'{"type":"Like"}'


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


SHA256 = f"sha-256=:{b64(hashlib.sha256(BODY).digest())}:"
SHA512 = f"sha-512=:{b64(hashlib.sha512(BODY).digest())}:"
OTHER256 = f"sha-256=:{b64(hashlib.sha256(b'x').digest())}:"
OTHER512 = f"sha-512=:{b64(hashlib.sha512(b'x').digest())}:"


def test_what_is_built_is_one_sha_256_member() -> None:
    assert build_content_digest(BODY) == SHA256
    verify_content_digest([build_content_digest(b"")], b"")


@pytest.mark.parametrize(
    "fields",
    [
        [SHA256],
        [SHA512],
        [f"{SHA256}, {SHA512}"],
        [SHA256, SHA512],
        [f"  {SHA256}"],
        [f"md5=:AAAA:, {SHA256}"],
        [f'{SHA256}, unixsum=5, future="x"'],
        [f"{SHA256};note=1"],
        [SHA256[:-2] + ":"],
        [f"{OTHER256}, {SHA256}"],
        [OTHER256, SHA256],
    ],
    ids=[
        "256", "512", "both", "two lines", "spaces", "unknown hash", "unknown members", "parameter", "unpadded",
        "last of equal keys", "last of equal keys in two lines",
    ],
)  # fmt: skip
def test_cd_02_every_known_digest_matches(fields: list[str]) -> None:
    verify_content_digest(fields, BODY)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ([], DigestUnsupported),
        ([""], DigestUnsupported),
        (["md5=:AAAA:"], DigestUnsupported),
        (["sha=:AAAA:, crc32c=:AAAA:, adler=:AAAA:"], DigestUnsupported),
        ([OTHER256], DigestMismatch),
        ([f"{SHA256}, {OTHER512}"], DigestMismatch),
        ([f"{OTHER256}, {SHA512}"], DigestMismatch),
        ([SHA256, OTHER256], DigestMismatch),
        (["sha-256=:AAAA:"], DigestMismatch),
        (["sha-256=::"], DigestMismatch),
        ([SHA256.replace("256", "512", 1)], DigestMismatch),
        ([SHA256.upper()], DigestMalformed),
        ([SHA256.replace(":", "")], DigestMalformed),
        ([SHA256.replace(":", '"')], DigestMalformed),
        (["sha-256"], DigestMalformed),
        ([f"sha-256=({SHA256.partition('=')[2]})"], DigestMalformed),
        (["sha-256=:***:"], DigestMalformed),
        ([SHA256 + ","], DigestMalformed),
        (["sha-256=:_-_-:"], DigestMalformed),
        (["é"], DigestMalformed),
    ],
)
def test_sec_057_cd_03_cd_04_anything_else_is_refused(fields: list[str], error: type[SignatureError]) -> None:
    with pytest.raises(SignatureError) as caught:
        verify_content_digest(fields, BODY)
    assert type(caught.value) is error


def test_sec_042_another_byte_of_the_body_is_another_body() -> None:
    for body in (BODY + b" ", BODY[:-1], b"\xef\xbb\xbf" + BODY, BODY.replace(b"L", b"l")):
        with pytest.raises(DigestMismatch):
            verify_content_digest([SHA256], body)


@pytest.mark.parametrize(("extra", "error"), [(0, DigestUnsupported), (1, DigestMalformed)])
def test_a_field_is_bounded(extra: int, error: type[SignatureError]) -> None:
    text = 'x="' + "y" * (FIELD_CHARS_MAX + extra - 4) + '"'
    with pytest.raises(error):
        verify_content_digest([text], BODY)


def test_the_codes_of_the_three_errors() -> None:
    codes = [error.code for error in (DigestMalformed, DigestUnsupported, DigestMismatch)]
    assert codes == ["signature.digest_malformed", "signature.digest_unsupported", "signature.digest_mismatch"]
    assert {error.status_hint for error in (DigestMalformed, DigestUnsupported, DigestMismatch)} == {401}
