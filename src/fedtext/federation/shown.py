"""What was made of own models, beside the models: their documents and bytes, and what WebFinger says of them.

Applications are asked at each request, and mostly give what they gave before; only where it says something else are its
document, bytes and ETag made anew (`dispatch.Memory`), and is it read anew whether it is for everybody. Who asks for
what is not, whether it was removed and which keys an actor has now is found out each time, beside this.
"""

from __future__ import annotations

from typing import Final

from ..delivery import clamp, strip_blind
from ..dispatch import Memory, Viewer, Written, may_see_whole
from ..http import Response
from ..vocab import Actor, Object, dump
from ..wire.json import JsonObject
from .mentions import with_ids

_NOBODY: Final = Viewer()


class ShownObject:
    """An own object, completed, and the document that others get.

    Args:
        model: Completed.
    """

    __slots__ = ("_written", "document", "is_public", "model")

    def __init__(self, model: Object) -> None:
        self.model = model
        self.document: JsonObject = with_ids(dump(model), {})
        """With `bto` and `bcc`, for decisions; not to be changed."""
        self.is_public = may_see_whole(self.document, _NOBODY)
        """Whether it is for everybody, as the document says."""
        self._written: Written | None = None

    def written(self) -> Written:
        """Give what goes out."""
        if self._written is None:
            self._written = Written(clamp(strip_blind(self.document)))
        return self._written


class ShownActor:
    """An own actor as the application gave it: its id, and whether it brings keys of its own."""

    __slots__ = ("_written", "brings_keys", "id")

    def __init__(self, actor: Actor) -> None:
        self.id = str(actor.id)
        self.brings_keys = bool(actor.keys)
        self._written: tuple[object, Written] | None = None

    def written(self, keys: object) -> Written | None:
        """Give what was kept for these keys: the same object, not one that is equal."""
        held = self._written
        return held[1] if held is not None and held[0] is keys else None

    def keep(self, keys: object, written: Written) -> Written:
        """Keep what goes out with these keys, in place of what was there."""
        self._written = (keys, written)
        return written


class Shown:
    """All that is kept of one site."""

    def __init__(self) -> None:
        self.actors: Memory[ShownActor] = Memory()
        self.objects: Memory[ShownObject] = Memory()
        self.descriptors: Memory[tuple[JsonObject, Response]] = Memory()
