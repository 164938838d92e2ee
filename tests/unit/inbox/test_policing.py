"""The policy is asked about who speaks before anything is fetched for him (SEC-151, INB-20)."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from tests.receiving import Door

from fedtext.errors import PolicyRefusal
from fedtext.inbox import peek
from fedtext.inbox.policing import admit_actor

EVE = "https://evil.example/users/eve"


def claim(kind: str) -> Any:
    return peek({"id": f"{EVE}#1", "type": kind, "actor": EVE, "object": f"{EVE}/1"})


@pytest.mark.spec("INB-20")
@pytest.mark.parametrize(
    ("kind", "heard"),
    [("Delete", True), ("Undo", True), ("Reject", True), ("Update", True), ("Create", False), ("Like", False)],
)
def test_inb_20_what_is_heard_of_whom_is_suspended(kind: str, heard: bool) -> None:
    reception = attrs.evolve(Door().reception(), suspends=lambda iri: iri == EVE)
    if heard:
        admit_actor(reception, claim(kind))
    else:
        with pytest.raises(PolicyRefusal):
            admit_actor(reception, claim(kind))


@pytest.mark.spec("SEC-151")
def test_sec_151_nothing_is_heard_of_whom_is_blocked() -> None:
    def refuse(iri: str) -> None:
        raise PolicyRefusal(iri=iri)

    with pytest.raises(PolicyRefusal):
        admit_actor(attrs.evolve(Door().reception(), refuse=refuse), claim("Delete"))
