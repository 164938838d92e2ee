"""Strict base64: one text for one value (SEC-050)."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.signatures.base64_text import parse_base64


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", b""), ("AA==", b"\x00"), ("AAA=", b"\x00\x00"), ("AAAA", b"\x00\x00\x00"), ("+/+/", b"\xfb\xff\xbf")],
)
def test_canonical_text_is_decoded(text: str, expected: bytes) -> None:
    assert parse_base64(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "AA",
        "AA=",
        "A",
        "A===",
        "AB==",
        "AAB=",
        "-_-_",
        "AA ==",
        "AAAA\n",
        "\nAAAA",
        " AAAA",
        "AAAA=",
        "%%%",
        "ÄÄÄÄ",
        "=",
    ],
)
def test_sec_050_any_other_text_is_not(text: str) -> None:
    assert parse_base64(text) is None


@given(st.binary(max_size=300))
def test_what_is_encoded_comes_back(data: bytes) -> None:
    assert parse_base64(base64.b64encode(data).decode()) == data


@given(st.text(max_size=60))
def test_two_texts_never_give_the_same_bytes(text: str) -> None:
    decoded = parse_base64(text)
    assert decoded is None or base64.b64encode(decoded).decode() == text
