"""Collections and pages, in the shapes in which servers give them (COL-03 to COL-10)."""

from __future__ import annotations

from typing import Any

import pytest

from fedtext.vocab import (
    Collection,
    CollectionPage,
    Note,
    OrderedCollection,
    OrderedCollectionPage,
    dump,
    load,
)

HERE = "https://x.example/c"


@pytest.mark.parametrize(
    "first", [f"{HERE}?page=1", {"id": f"{HERE}?page=1"}, {"id": f"{HERE}?page=1", "type": "OrderedCollectionPage"}]
)
def test_col_05_the_first_page_is_an_id_or_embedded(first: Any) -> None:
    found = load({"type": "OrderedCollection", "totalItems": 3, "first": first})
    assert isinstance(found, OrderedCollection)
    page = found.first
    assert (page.id if isinstance(page, CollectionPage) else page) == f"{HERE}?page=1"


@pytest.mark.parametrize("items", [{"type": "Note", "content": "x"}, [{"type": "Note", "content": "x"}]])
@pytest.mark.parametrize(
    ("kind", "member"),
    [
        ("Collection", "items"),
        ("OrderedCollection", "orderedItems"),
        ("OrderedCollectionPage", "orderedItems"),
        ("OrderedCollection", "items"),
    ],
)
def test_col_05_items_are_a_list_or_a_single_one(items: Any, kind: str, member: str) -> None:
    found = load({"type": kind, member: items})
    assert isinstance(found, Collection)
    assert found.members == (Note(content="x"),)


def test_an_ordered_page_is_both() -> None:
    page = OrderedCollectionPage(
        id=f"{HERE}?page=1", part_of=HERE, next=f"{HERE}?page=2", ordered_items=["https://x.example/1"]
    )
    assert isinstance(page, OrderedCollection)
    assert isinstance(page, CollectionPage)
    assert dump(page, context=False)["orderedItems"] == ["https://x.example/1"]
    assert (page.part_of, page.next, page.prev) == (HERE, f"{HERE}?page=2", None)


def test_col_06_counts_are_never_negative() -> None:
    found = load({"type": "Collection", "totalItems": -1})
    assert isinstance(found, Collection)
    assert found.total_items is None
