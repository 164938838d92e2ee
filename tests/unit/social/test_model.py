"""Posts, entries and mentions as values."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs
import pytest

from fedtext.behaviors import Author
from fedtext.social import Entry, Mention, Visibility
from fedtext.social.model import at

AUTHOR = Author(id="https://a.example/users/bob", handle="@bob@a.example", name="Bob", avatar=None, url=None)
ENTRY = Entry(
    id="https://a.example/1", author=AUTHOR, html="<p>hi</p>", text="hi", visibility=Visibility.PUBLIC, published=None
)


def test_a_mention_reads_like_its_entry() -> None:
    mention = Mention(entry=ENTRY, recipient="7")
    assert (mention.id, mention.author, mention.text) == ("https://a.example/1", AUTHOR, "hi")


def test_they_do_not_change() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        ENTRY.text = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0, datetime(1970, 1, 1, tzinfo=UTC)), (1.5, datetime(1970, 1, 1, 0, 0, 1, 500_000, UTC))]
)
def test_times_are_in_utc(seconds: float, expected: datetime) -> None:
    assert at(seconds) == expected
