"""What was made of the application's models, kept beside the models: made anew as soon as they say anything else.

Nothing here grows old: the application is asked each time, and what it gives is compared with what the kept thing was
made of, to the letter (`vocab.fingerprint`). So nobody need tell this memory that something has changed, not even who
changes the document that a model was loaded from.

Invariants: at most `count_max` things are kept, those made last, each of at most `SAID_CHARS_MAX` characters; several
threads may use one memory: each step is one dict operation that tolerates what another thread did in between.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from ..vocab import Fingerprint, Object, fingerprint, said_chars, seal_if_closed

T = TypeVar("T")

KEPT_COUNT_MAX: Final = 1_024
SAID_CHARS_MAX: Final = 16_384
"""Of a model that says more nothing is kept."""


class _Held(Generic[T]):
    """A thing, and what it was made of; whether the model itself is what an application keeps and gives again."""

    __slots__ = ("beside", "is_given_again", "made", "model", "said")

    def __init__(self, model: Object, beside: object, said: Fingerprint, made: T) -> None:
        self.model = model
        self.beside = beside
        self.said = said
        self.made = made
        self.is_given_again = False

    def give_again(self) -> None:
        """Note that the model comes again: it is worth while to look whether it has to be read each time."""
        if not self.is_given_again:
            self.is_given_again = True
            seal_if_closed(self.model)


class Memory(Generic[T]):
    """Things by name, each with what its model said and with what else it was made of.

    Args:
        count_max: So many are kept.
    """

    def __init__(self, count_max: int = KEPT_COUNT_MAX) -> None:
        self._count_max = count_max
        self._held: dict[str, _Held[T]] = {}

    def of(self, name: str, model: Object, beside: object, make: Callable[[], T]) -> T:
        """Give the thing of this name, made now unless it was made of the same before.

        Args:
            name: Under which the latest is kept.
            model: Of which it is made.
            beside: Of what else it is made; to be compared for equality.
            make: Makes it, of nothing else; what it raises passes through, and nothing is kept.
        """
        held, said = self._held.get(name), fingerprint(model)
        if held is not None and said is not None and held.said == said and held.beside == beside:
            if held.model is model:
                held.give_again()
            return held.made
        made = make()
        if said is not None and said_chars(said) <= SAID_CHARS_MAX:
            self._held.pop(name, None)
            self._held[name] = _Held(model, beside, said, made)
            self._drop_oldest()
        return made

    def _drop_oldest(self) -> None:
        if len(self._held) > self._count_max:
            for oldest in list(self._held)[: -self._count_max]:
                self._held.pop(oldest, None)

    def __len__(self) -> int:
        """Give how many are kept."""
        return len(self._held)
