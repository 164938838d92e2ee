"""Keys of a store: no two lists of parts give one key."""

from __future__ import annotations

from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from fedtext.ports import store_key, store_prefix

PART = st.one_of(st.text(), st.text(alphabet="aZ09-._~/%#: \x00\x7fé\u20ac"))


@given(PART, PART)
def test_each_part_is_percent_encoded(one: str, other: str) -> None:
    assert store_key(one, other) == f"{quote(one, safe='')}/{quote(other, safe='')}"
    assert store_key(one, other).startswith(store_prefix(one))


@given(st.lists(PART, min_size=1, max_size=3), st.lists(PART, min_size=1, max_size=3))
def test_no_two_lists_give_one_key(some: list[str], others: list[str]) -> None:
    assert (store_key(*some) == store_key(*others)) == (some == others)
