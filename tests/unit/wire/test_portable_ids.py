"""Portable ids: their origin is the DID, whoever serves them (FEP-ef61)."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.config import Limits
from fedtext.errors import MalformedIri
from fedtext.wire.portable_ids import is_portable, portable_origin

DID = "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"


@pytest.mark.spec("SEC-132")
@pytest.mark.parametrize(
    "iri",
    [
        f"ap://{DID}/actor",
        f"AP://{DID}/actor",
        f"ap+ef61://{DID}/actor",
        f"ap://{DID.replace(':', '%3A')}/actor",
        f"ap://{DID.replace(':', '%3a')}",
        f"ap://{DID}?gateways=https%3A%2F%2F10.0.0.1",
        f"ap://{DID}#key",
        f"https://s.example/.well-known/apgateway/{DID}/actor",
        f"https://t.example:8443/.well-known/apgateway/{DID}/a%2Fb?x#y",
        f"https://t.example/.well-known/apgateway/{DID.replace(':', '%3A')}/a",
    ],
)
def test_sec_132_the_did_is_the_origin_of_a_portable_id(iri: str) -> None:
    assert is_portable(iri)
    assert portable_origin(iri) == DID


@pytest.mark.spec("SEC-132")
@pytest.mark.parametrize(
    "iri",
    [
        "ap://example.com/actor",
        "ap://did:key:/actor",
        "ap://did:key/actor",
        f"ap://{DID.replace('did:key', 'DID:KEY')}/actor",
        "ap://did:KEY:z6Mk/actor",
        "ap://did:key:z%ff/actor",
        "ap://did:key:z%2F/actor",
        "ap://user@did:key:z6Mk/actor",
        "ap:///actor",
        f"ap:{DID}/actor",
        "https://s.example/users/bob",
        f"https://s.example/x/.well-known/apgateway/{DID}/actor",
        f"https://u:p@s.example/.well-known/apgateway/{DID}/actor",
        f"ftp://s.example/.well-known/apgateway/{DID}/actor",
        "",
    ],
)
def test_sec_132_what_is_no_portable_id(iri: str) -> None:
    with pytest.raises(MalformedIri):
        portable_origin(iri)


def test_at_the_limit_and_one_above() -> None:
    most = Limits().iri_chars_max
    iri = f"ap://{DID}/"
    assert portable_origin(iri + "a" * (most - len(iri))) == DID
    with pytest.raises(MalformedIri):
        portable_origin(iri + "a" * (most - len(iri) + 1))


@given(st.text(), st.sampled_from(["", "ap://", "ap://did:key:z", "https://s.example/.well-known/apgateway/"]))
def test_whatever_it_is_only_one_error_leaves(text: str, start: str) -> None:
    with suppress(MalformedIri):
        assert portable_origin(start + text).startswith("did:")
