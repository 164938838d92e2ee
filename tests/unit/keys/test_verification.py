"""A key with its owner."""

from __future__ import annotations

from fedtext.keys import VerificationKey, generate_ed25519


def test_a_verification_key_is_a_value() -> None:
    public = generate_ed25519().public
    key = VerificationKey("https://a.example/u#main-key", "https://a.example/u", public)
    assert key == VerificationKey(key_id="https://a.example/u#main-key", owner="https://a.example/u", public=public)
    assert key != VerificationKey(key.key_id, "https://b.example/u", public)
