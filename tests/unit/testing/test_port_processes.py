"""The process cases find a backend that processes do not share, or that acknowledges before it has written."""

from __future__ import annotations

import pytest

from fedtext.testing import port_processes
from fedtext.testing.port_processes import (
    PROCESS_CASES,
    a_killed_holder_loses_nothing,
    a_pause_outlives_who_asked_for_it,
    a_purge_takes_nothing_from_a_worker,
    two_processes_share_the_work,
)

NOT_SHARED = [
    two_processes_share_the_work,
    a_killed_holder_loses_nothing,
    a_purge_takes_nothing_from_a_worker,
    a_pause_outlives_who_asked_for_it,
]


@pytest.mark.parametrize("case", NOT_SHARED)
def test_memory_is_not_shared(case):
    with pytest.raises(AssertionError):
        case("memory://")


def test_a_loss_is_found(tmp_path, monkeypatch):
    """A backend that is another one after the crash stands for one that lost what it had acknowledged."""
    real = port_processes.connect
    monkeypatch.setattr(port_processes, "connect", lambda url: real(f"{url}.restored"))
    with pytest.raises(AssertionError, match="acknowledged, but lost"):
        port_processes.a_killed_writer_loses_nothing_acknowledged(f"sqlite:///{tmp_path}/test.sqlite3")


def test_every_case_is_in_the_list():
    assert len(PROCESS_CASES) == 5
