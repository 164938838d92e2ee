"""What receiving needs: without settings, nobody is suspended and nothing is passed on."""

from __future__ import annotations

from tests.receiving import Door

from fedtext.inbox import Receipt


def test_what_holds_without_settings() -> None:
    reception = Door().reception()
    assert reception.suspends("https://b.example/users/bob") is False
    assert reception.passes_on({"type": "Create"}) is False
    assert len(reception.pace) == 0
    assert Receipt(outcome="queued").verified is None
