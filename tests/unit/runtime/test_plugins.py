"""Plug-ins: a package that is installed adds contexts and types without being called."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fedtext import Federation, connect, load
from fedtext.errors import ConfigurationError
from fedtext.jsonld import ACTIVITYSTREAMS, bundled_context, is_bundled, registry
from fedtext.runtime.plugins import load_plugins

URL = "https://weather.example/ns/v1"
CONTEXTS = f"""
CONTEXTS = {{{URL!r}: {{"@context": {{"Rain": "https://weather.example/ns#Rain"}}}}}}
def give():
    return CONTEXTS
WRONG = 3
"""
VOCABULARY = """
from fedtext import Activity, prop
class Rain(Activity, type="https://weather.example/ns#Rain"):
    depth_mm: int | None = prop("https://weather.example/ns#depth")
"""


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Any]:
    """Give what installs a package with entry points, and take it away again."""

    def installed(**groups: str) -> None:
        package = tmp_path / "weather_plugin"
        package.mkdir()
        (package / "__init__.py").write_text("")
        (package / "contexts.py").write_text(CONTEXTS)
        (package / "vocabulary.py").write_text(VOCABULARY)
        (package / "broken.py").write_text("raise RuntimeError")
        info = tmp_path / "weather_plugin-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: weather-plugin\nVersion: 1.0\n")
        lines = [f"[fedtext.{group}]\nweather = {value}\n" for group, value in groups.items()]
        (info / "entry_points.txt").write_text("".join(lines))
        load_plugins.cache_clear()

    sys.path.insert(0, str(tmp_path))
    yield installed
    sys.path.remove(str(tmp_path))
    for name in [name for name in sys.modules if name.startswith("weather_plugin")]:
        del sys.modules[name]
    registry._registered.clear()
    for forget in registry._forgetting:
        forget()
    load_plugins.cache_clear()


@pytest.mark.parametrize("value", ["weather_plugin.contexts:CONTEXTS", "weather_plugin.contexts:give"])
def test_a_package_adds_contexts_and_types(install: Any, value: str) -> None:
    assert not is_bundled(URL)
    install(contexts=value, vocabulary="weather_plugin.vocabulary")
    Federation("https://blog.example", backend=connect("memory://"), worker="off")
    assert bundled_context(URL)["@context"] == {"Rain": "https://weather.example/ns#Rain"}
    rain = load(
        {
            "@context": [ACTIVITYSTREAMS, URL],
            "type": "Rain",
            "actor": "https://a.example/alice",
            "https://weather.example/ns#depth": 3,
        }
    )
    assert type(rain).__name__ == "Rain"
    assert rain.depth_mm == 3  # type: ignore[attr-defined]


def test_they_are_loaded_once(install: Any) -> None:
    install(vocabulary="weather_plugin.vocabulary")
    assert load_plugins() == ("weather",)
    assert load_plugins() is load_plugins()


@pytest.mark.parametrize(
    "groups",
    [
        {"contexts": "weather_plugin.contexts:WRONG"},
        {"contexts": "weather_plugin.contexts:ABSENT"},
        {"contexts": "weather_plugin.broken"},
        {"vocabulary": "weather_plugin.broken"},
        {"vocabulary": "weather_plugin.absent"},
    ],
)
def test_a_plug_in_that_does_not_work_is_named(install: Any, groups: dict[str, str]) -> None:
    install(**groups)
    with pytest.raises(ConfigurationError) as caught:
        load_plugins()
    assert caught.value.context["plugin"] == "weather"
