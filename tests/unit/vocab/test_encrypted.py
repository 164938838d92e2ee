"""Messages that are carried, not read."""

from __future__ import annotations

import pytest

from fedtext.vocab import EncryptedObject, dump, load

KINDS = ["KeyPackage", "Welcome", "GroupInfo", "PublicMessage", "PrivateMessage"]


@pytest.mark.parametrize("kind", KINDS)
def test_they_pass_through_as_they_are(kind: str) -> None:
    document = {"type": kind, "encoding": "base64", "content": "AAEC", "mediaType": "message/mls", "ciphersuite": "x"}
    found = load(dict(document))
    assert isinstance(found, EncryptedObject)
    assert (found.content, found.encoding, found.ciphersuite) == ("AAEC", "base64", "x")
    assert dump(found, context=False) == document
