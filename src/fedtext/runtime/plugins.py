"""What other packages add to the language: contexts that are at hand, and types and properties.

A package says so with entry points; nothing has to be called:

    [project.entry-points."fedtext.contexts"]
    weather = "weather.contexts:CONTEXTS"      # a mapping of URL to document, or a function that gives one

    [project.entry-points."fedtext.vocabulary"]
    weather = "weather.vocabulary"             # a module; its classes are known when it is imported

They are loaded once per process, when the first `Federation` is made or the command line starts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, cast

from ..errors import ConfigurationError
from ..jsonld import register_context

CONTEXTS_GROUP: Final = "fedtext.contexts"
VOCABULARY_GROUP: Final = "fedtext.vocabulary"


@cache
def load_plugins() -> tuple[str, ...]:
    """Load what other packages add.

    Returns:
        Names of the entry points that were loaded.

    Raises:
        ConfigurationError: One cannot be imported, or gives something else than contexts.
    """
    loaded: list[str] = []
    for point in entry_points(group=CONTEXTS_GROUP):
        for url, document in _contexts(point).items():
            register_context(url, document)
        loaded.append(point.name)
    for point in entry_points(group=VOCABULARY_GROUP):
        _imported(point)
        loaded.append(point.name)
    return tuple(loaded)


def _contexts(point: EntryPoint) -> Mapping[str, Any]:
    given = _imported(point)
    found = cast("Callable[[], object]", given)() if callable(given) else given
    if not isinstance(found, Mapping):
        raise ConfigurationError("a plug-in gives a mapping of URLs to context documents", plugin=point.name)
    return cast("Mapping[str, Any]", found)


def _imported(point: EntryPoint) -> object:
    try:
        return point.load()
    except ConfigurationError:
        raise
    except Exception as error:
        raise ConfigurationError("a plug-in cannot be imported", plugin=point.name, value=point.value) from error
