"""What the parts of `social` share."""

from __future__ import annotations

import pytest

from fedtext import Federation, connect
from fedtext.behaviors import Follows
from fedtext.social.parts import Parts


@pytest.fixture
def parts() -> Parts:
    return Parts(federation=Federation("https://blog.example", backend=connect("memory://")), follows=Follows())


@pytest.mark.parametrize(
    ("post", "url"), [(None, "https://blog.example/@alice"), ("1", "https://blog.example/@alice/1")]
)
def test_pages_for_people(parts: Parts, post: str | None, url: str) -> None:
    assert parts.page_url("alice", post) == url


def test_each_has_its_own_tables_and_callbacks(parts: Parts) -> None:
    other = Parts(federation=parts.federation, follows=parts.follows)
    parts.mention_callbacks.append(print)
    assert other.mention_callbacks == []
    assert other.store is not parts.store
