"""Own actors as they were made of the few words that applications mostly say of them: made anew only of other words.

Applications describe an actor at each request, nearly always as they did before. A model never changes, so the one that
was made before may be given again.

Invariants: of at most `KEPT_COUNT_MAX` descriptions is the model kept, of those made last, each of at most
`SAID_CHARS_MAX` characters; only what can be nothing but what it was is compared: texts, truth values and nothing;
several threads may use one: each step is one dict operation that tolerates what another thread did in between.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Final, TypeAlias

from ..vocab import Actor, Application, Group, Organization, Person, Service, sealed

KEPT_COUNT_MAX: Final = 1_024
SAID_CHARS_MAX: Final = 16_384

Description: TypeAlias = tuple[Hashable, ...]

# Kinds of an application's own may write what they like.
_KINDS: Final = frozenset({Application, Group, Organization, Person, Service})
_PLAIN: Final = frozenset({str, bool, type(None)})


class DescribedActors:
    """Models of own actors by what they were made of."""

    def __init__(self) -> None:
        self._held: dict[Description, Actor] = {}

    def find(self, description: Description | None) -> Actor | None:
        """Give the actor that was made of this, or None."""
        return None if description is None else self._held.get(description)

    def keep(self, description: Description | None, actor: Actor) -> None:
        """Keep an actor beside what it was made of, unless that is too much."""
        if description is None or sum(map(_chars, description)) > SAID_CHARS_MAX:
            return
        self._held[description] = sealed(actor)
        if len(self._held) > KEPT_COUNT_MAX:
            for oldest in list(self._held)[:-KEPT_COUNT_MAX]:
                self._held.pop(oldest, None)

    def __len__(self) -> int:
        """Give how many are kept."""
        return len(self._held)


def describe(
    model: type[Actor], edition: Hashable, identifier: str, handle: object, properties: Mapping[str, Any]
) -> Description | None:
    """Give all that an own actor is made of, to be compared for equality; None: not of plain words alone.

    Args:
        model: Its class.
        edition: What is registered decides on its addresses.
        identifier: In its path.
        handle: The name before the "@".
        properties: Whatever else is said of it.
    """
    values = properties.values()
    if model not in _KINDS or type(handle) is not str or not _PLAIN.issuperset(map(type, values)):
        return None
    return (model, edition, identifier, handle, *properties, *values)


def _chars(value: object) -> int:
    return len(value) if isinstance(value, str) else 0
