"""Pages as values."""

from __future__ import annotations

import attrs
import pytest

from fedtext.dispatch import Page, PageRequest


def test_what_an_application_need_not_say():
    assert PageRequest() == PageRequest(cursor=None, size=20)
    assert Page() == Page((), next=None, total=None)
    assert Page(["a"], next="2", total=7).items == ["a"]


@pytest.mark.parametrize("value", [Page(), PageRequest()])
def test_pages_are_values(value):
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        value.cursor = value.next = "x"
