"""Servers of the demo, in this process or as processes of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fedtext.cli.demo.settings import Settings

MakeSettings = Callable[..., Settings]


@pytest.fixture
def make_settings(tmp_path: Path) -> MakeSettings:
    """Describe a server whose files lie in a temporary folder."""

    def make(name: str, port: int, **more: bool | str) -> Settings:
        return Settings(
            name=name,
            display=name.title(),
            about=f"I am {name}.",
            origin=f"http://localhost:{port}",
            database=str(tmp_path / f"{name}.sqlite3"),
            ports=(port,),
            token=f"token of {name}",
            **more,
        )

    return make
