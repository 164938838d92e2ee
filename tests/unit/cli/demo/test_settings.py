"""What one process tells another about itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fedtext.cli.demo.settings import Settings
from fedtext.errors import ConfigurationError


def test_it_arrives_as_it_was_told(make_settings: Callable[..., Settings]) -> None:
    told = make_settings("alice", 8001, accept="manual", tied=True)
    assert Settings.load(told.dump()) == told


@pytest.mark.parametrize("text", [None, "", "{}", "[]", "null", '{"ports": 1}', '{"ports": [], "x": 1}', "{"])
def test_a_server_that_nobody_told_who_it_is_does_not_start(text: str | None) -> None:
    with pytest.raises(ConfigurationError, match="fedtext demo"):
        Settings.load(text)
