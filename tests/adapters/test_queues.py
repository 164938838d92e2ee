"""Every queue passes the suite of the port, in both colours; those that processes share survive their death."""

from __future__ import annotations

import pytest

from fedtext.adapters.backends import MemoryBackend, SqliteBackend
from fedtext.testing.port_processes import PROCESS_CASES
from fedtext.testing.ports import QUEUE_CASES, Colour, case_name, run_case

BACKENDS = {
    "memory": lambda folder: MemoryBackend(),
    "sqlite": lambda folder: SqliteBackend(folder / "test.sqlite3"),
}


@pytest.mark.parametrize("colour", Colour)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("case", QUEUE_CASES, ids=case_name)
def test_suite(case, backend, colour, tmp_path):
    run_case(case, lambda: BACKENDS[backend](tmp_path), colour)


@pytest.mark.parametrize("case", PROCESS_CASES, ids=case_name)
def test_processes(case, tmp_path):
    case(f"sqlite:///{tmp_path / 'test.sqlite3'}")
