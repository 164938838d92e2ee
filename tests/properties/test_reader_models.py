"""Reader models: whatever stands in a document gives a reading, and the same one from its bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.readable import ALICE, BOB, POST, PUBLIC, Document, activity, create, note, person

from fedtext.errors import TypeMismatch
from fedtext.testing.peers import SERVERS, read_as
from fedtext.testing.peers.cases import ACTIVITY_TYPES, ACTOR_TYPES, POST_TYPES
from fedtext.wire.json import JsonValue, dump

KINDS = sorted(ACTIVITY_TYPES | ACTOR_TYPES | POST_TYPES | {"Mention", "Hashtag", "Emoji", "PropertyValue", "Link"})
NAMES = st.sampled_from([
    "@context", "id", "type", "actor", "object", "target", "to", "cc", "tag", "url", "href", "name", "attachment",
    "icon", "published", "updated", "content", "contentMap", "inReplyTo", "publicKey", "owner", "endpoints",
    "sharedInbox", "quote", "oneOf", "attributedTo", "preferredUsername", "inbox", "mediaType", "width",
])  # fmt: skip
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 9), st.sampled_from([ALICE, BOB, POST, PUBLIC, "http://[", "", *KINDS])
)
VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=8
)
STARTS = [note(), create(), person(), activity("Undo", {}), activity("Update", person())]


@given(start=st.sampled_from(STARTS), changes=st.dictionaries(NAMES, VALUES, max_size=4), inside=st.booleans())
def test_whatever_stands_in_a_document_gives_a_reading(start: Document, changes: Document, inside: bool) -> None:
    inner = start.get("object")
    is_deep = inside and isinstance(inner, dict)
    document = {**start, "object": {**inner, **changes}} if is_deep else {**start, **changes}
    for server in SERVERS:
        try:
            reading = read_as(document, server)
        except TypeMismatch:
            with pytest.raises(TypeMismatch):
                read_as(dump(document), server)
        else:
            assert reading == read_as(dump(document), server)
