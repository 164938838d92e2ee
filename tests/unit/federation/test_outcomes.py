"""What becomes of a job, as values."""

from __future__ import annotations

import attrs
import pytest

from fedtext.federation.outcomes import Bury, Done, Later


def test_what_need_not_be_said():
    assert Done() == Done(host_answered=False)
    assert Later(after_s=1.0, reason="x") == Later(after_s=1.0, reason="x", host_failed=False, pause_s=0.0)


@pytest.mark.parametrize("outcome", [Done(), Later(after_s=1.0, reason="x"), Bury(reason="x")])
def test_outcomes_are_values(outcome):
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        outcome.reason = outcome.host_answered = "y"
