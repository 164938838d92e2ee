"""Cards: names and values in two columns."""

from __future__ import annotations

import io

import pytest

from fedtext.cli.cards import show_card
from fedtext.cli.console import Console


@pytest.mark.spec("SEC-165")
def test_two_columns_and_no_stranger_writes_on_the_terminal() -> None:
    out = io.StringIO()
    show_card(Console(out=out), [("id", "a\x1b[2J"), ("about", "word " * 30)])
    first, second, third = out.getvalue().splitlines()
    assert first == "   id  a [2J"
    assert second == f"about  {' '.join(['word'] * 15)}"
    assert third == f"       {' '.join(['word'] * 15)}"


def test_machines_get_no_card_and_nothing_is_no_card() -> None:
    out = io.StringIO()
    show_card(Console(machine=True, out=out), [("id", "a")])
    show_card(Console(out=out), [])
    assert out.getvalue() == ""
