"""Who may see an object: one decision, from its addressing (COL-11, SEC-134)."""

from __future__ import annotations

from typing import Final

import attrs

from ..vocab import is_public
from ..wire.json import JsonObject, JsonValue

_ADDRESSING: Final = ("to", "cc", "bto", "bcc", "audience")


@attrs.frozen(kw_only=True)
class Viewer:
    """Who asks: the id of the actor that signed the request (None: nobody), and whom of ours he follows (ids)."""

    actor: str | None = None
    followed_collections: frozenset[str] = frozenset()


def may_see(document: JsonObject, viewer: Viewer) -> bool:
    """Tell whether a viewer is among the addressees; public and unlisted are for everybody.

    An object without any addressee is for nobody but its author.
    """
    if _is_for_all(document):
        return True
    if viewer.actor is None:
        return False
    addressed = addressees(document)
    author = _iris(document.get("attributedTo", document.get("actor")))
    return viewer.actor in addressed or viewer.actor in author or bool(addressed & viewer.followed_collections)


def may_see_whole(document: JsonObject, viewer: Viewer) -> bool:
    """Tell whether a viewer may see a document with what it embeds: an activity shows its object (GHSA-6r2w).

    An embedded object that says nothing of whom it is for is for those whom the activity is for.
    """
    return may_see(document, viewer) and all(may_see(item, viewer) for item in embedded(document) if addressees(item))


def embedded(document: JsonObject) -> list[JsonObject]:
    """Give the objects that an activity shows."""
    inner = document.get("object")
    if inner is None:
        return []
    return [item for item in (inner if isinstance(inner, list) else [inner]) if isinstance(item, dict)]


def addressees(document: JsonObject) -> frozenset[str]:
    """Give everybody whom an object is addressed to, openly or blindly."""
    return frozenset(iri for name in _ADDRESSING for iri in _iris(document.get(name)))


def _is_for_all(document: JsonObject) -> bool:
    # `any` over `addressees`, which ends where the public is found: nearly always at the first.
    for name in _ADDRESSING:
        value = document.get(name)
        if value is not None:
            for iri in _iris(value):
                if is_public(iri):
                    return True
    return False


def _iris(value: JsonValue) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [iri for item in value for iri in _iris(item)]
    if isinstance(value, dict) and isinstance(value.get("id"), str):
        return [str(value["id"])]
    return []
