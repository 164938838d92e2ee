"""What is decided when a batch is taken, as values."""

from __future__ import annotations

import attrs
import pytest

from fedtext.delivery import HostHealth
from fedtext.federation.turns import NO_TURN, Turn, TurnResult


def test_what_need_not_be_said():
    assert Turn() == NO_TURN == Turn(health=HostHealth(), unavailable=False, left_out={})


@pytest.mark.parametrize("value", [Turn(), TurnResult(delivered=True, failure="", sent_count=1, pause_s=0.0)])
def test_they_are_values(value):
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        value.unavailable = value.delivered = True
