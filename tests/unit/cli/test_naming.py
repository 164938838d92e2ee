"""From "module:name" to what is served."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fedtext import Federation
from fedtext.cli.naming import load, load_federation
from fedtext.errors import ConfigurationError
from fedtext.runtime.asgi import FederationASGI


@pytest.fixture(autouse=True)
def _here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for name in ("app", "unfinished"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(("name", "federated"), [("fed", True), ("social", True), ("make", True), ("app", False)])
def test_what_can_be_served(name: str, federated: bool) -> None:
    served = load(f"app:{name}")
    assert isinstance(served.federation, Federation) == federated
    assert isinstance(served.app, FederationASGI) == federated


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("app", "write module:name"),
        ("app:", "write module:name"),
        (":fed", "write module:name"),
        ("nowhere:fed", "no such module"),
        ("app.nowhere:fed", "no such module"),
        ("app:nothing", "no such name"),
        ("app:number", "no Federation"),
    ],
)
def test_what_cannot_is_told(name: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load(name)


@pytest.mark.parametrize("name", ["unfinished:fed", "app:broken"])
def test_a_fault_inside_the_module_is_its_own(name: str) -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        load(name)


def test_a_worker_needs_a_federation() -> None:
    assert load_federation("app:social").site.origin == "http://localhost:9"
    with pytest.raises(ConfigurationError, match="no Federation in it"):
        load_federation("app:app")
