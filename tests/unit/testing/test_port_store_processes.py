"""The process cases of stores find one that processes do not share."""

from __future__ import annotations

import pytest

from fedtext.testing.port_store_processes import STORE_PROCESS_CASES


@pytest.mark.parametrize("case", STORE_PROCESS_CASES)
def test_memory_is_not_shared(case):
    with pytest.raises(AssertionError):
        case("memory://", None)


def test_every_case_is_in_the_list():
    assert len(STORE_PROCESS_CASES) == 3
