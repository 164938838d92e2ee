"""Every real document that is POSTed to a running server gets a clear answer: no 5xx, no traceback, no hang."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def _harness() -> ModuleType:
    path = Path(__file__).with_name("corpus_run.py")
    spec = importlib.util.spec_from_file_location("corpus_run", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["corpus_run"] = module
    spec.loader.exec_module(module)
    return module


def test_every_document_gets_an_answer(corpus_root: Path, tmp_path: Path) -> None:
    """No status of 500 or above, no fault told to the observer; and the kept table is the one that was measured."""
    harness = _harness()
    run = harness.Run(corpus_root, tmp_path / "corpus.sqlite3")
    outcomes = run.send_all()
    assert len(outcomes) > 1_000
    assert [outcome for outcome in outcomes if outcome.status >= 500] == []
    faults = [event for event in run.observer.events if event.name in ("request.fault", "inbox.listener_failed")]
    assert faults == []
    accepted = sum(outcome.status == 202 for outcome in outcomes)
    assert sum(run.dispatched.values()) > accepted / 2, "what was acknowledged reaches a listener"
    kept = harness.PAGE.read_text(encoding="utf-8")
    if harness.fingerprint(corpus_root) not in kept:
        pytest.skip("docs/reference/corpus.md is about another corpus")
    assert kept == harness.render(outcomes, harness.fingerprint(corpus_root))
