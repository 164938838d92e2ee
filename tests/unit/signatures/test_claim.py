"""The value that both grammars give, and the one rule for key ids."""

from __future__ import annotations

import pytest

from fedtext.config import Limits, Scheme
from fedtext.errors import SignatureMalformed
from fedtext.signatures import SignatureClaim
from fedtext.signatures.claim import check_key_id

LIMITS = Limits(iri_chars_max=20)


@pytest.mark.parametrize("key_id", ["k", "https://a.example/#k", "!~", "acct:a@b.example"])
def test_a_key_id_is_visible_ascii(key_id: str) -> None:
    assert check_key_id(key_id, LIMITS) == key_id


@pytest.mark.parametrize(
    "key_id", [None, 5, b"k", "", "x" * 21, "a b", "a\tb", "a\nb", "\x00", "\x7f", "é", " k", "k\u2028"]
)
def test_sec_037_any_other_key_id_is_refused(key_id: object) -> None:
    with pytest.raises(SignatureMalformed):
        check_key_id(key_id, LIMITS)


def test_a_key_id_of_the_limit_is_taken() -> None:
    assert check_key_id("x" * 20, LIMITS) == "x" * 20


def test_a_claim_shows_no_signature() -> None:
    claim = SignatureClaim(
        scheme=Scheme.RFC9421, key_id="k", algorithm=None, covered=("@method",), signature=b"secret bytes"
    )
    assert "secret" not in repr(claim)
    assert (claim.label, claim.nonce, claim.tag, claim.components, claim.signature_params) == ("", None, None, (), "")


def test_a_key_id_that_is_refused_is_named() -> None:
    with pytest.raises(SignatureMalformed) as caught:
        check_key_id("x" * 21, LIMITS)
    assert caught.value.context == {"key_id": "x" * 21}
