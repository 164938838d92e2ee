"""What a verified signature proves."""

from __future__ import annotations

import attrs
import pytest

from fedtext.config import Scheme
from fedtext.http import Request
from fedtext.keys import VerificationKey, generate_ed25519
from fedtext.signatures import VerifiedRequest


def test_the_signer_is_the_owner_of_the_key() -> None:
    evidence = VerifiedRequest(
        request=Request.to("https://b.example/inbox", method="POST"),
        key=VerificationKey("https://a.example/u/key", "https://a.example/u", generate_ed25519().public),
        covered=("host",),
        created_s=1,
        expires_s=None,
        scheme=Scheme.CAVAGE,
    )
    assert evidence.signer == "https://a.example/u"
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        evidence.created_s = 2  # type: ignore[misc]
