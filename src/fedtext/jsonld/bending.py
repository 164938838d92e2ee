"""What no context may do: give one of the names on which decisions rest another meaning.

Whoever reads plain names and whoever reads by the context must see the same actor, the same object, the same
addressees. A context that bends such a name is refused, whatever the document says, as is one that hides the bending
in a context that a definition brings along.

Sources: JLD-07, SEC-120, SEC-121.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..errors import ContextRefused
from ..wire.json import JsonValue
from .contexts import entries, expand_defined, inline_definitions
from .terms import protected_iris, protected_terms, standard_terms, usual_definitions

# What plain readers never see (JLD-06).
HIDDEN: Final = frozenset({"@graph", "@included", "@reverse", "@nest"})

_DEFINITION_MEMBERS: Final = frozenset(
    {"@id", "@type", "@container", "@protected", "@version", "@prefix", "id", "type"}
)
_CONTAINERS: Final = (None, "@set", "@list")
_DEPTH_MAX: Final = 4


def check_context(context: JsonValue) -> frozenset[str]:
    """Refuse a context that bends a protected name or gives one a second spelling.

    For readers of plain names: they would not know the second spelling.

    Args:
        context: Value of `@context`; parts of it that are URLs are not looked into.

    Returns:
        The names that it makes stand for what plain readers never see: they are to be left out.

    Raises:
        ContextRefused: It does, or is not made of URLs and objects.
    """
    return _check(context, 0, may_respell=False)


def check_bending(context: JsonValue) -> None:
    """Refuse a context that bends a protected name.

    For readers that follow the context: to them a second spelling is as good as the first.

    Raises:
        ContextRefused: It does, or is not made of URLs and objects.
    """
    _check(context, 0, may_respell=True)


def _check(context: JsonValue, depth: int, *, may_respell: bool) -> frozenset[str]:
    if depth > _DEPTH_MAX:
        raise ContextRefused("contexts are nested too deep")
    hidden: set[str] = set()
    usual = usual_definitions()
    inline: dict[str, JsonValue] | None = None
    for entry in entries(context):
        if isinstance(entry, str):
            continue
        if not isinstance(entry, dict):
            raise ContextRefused("a context is a URL or an object")
        if entry.items() <= usual.items():
            continue
        for term, definition in entry.items():
            if definition is None or usual.get(term) != definition:
                inline = dict(inline_definitions(context)) if inline is None else inline
                hidden |= _check_definition(inline, term, definition, depth, may_respell=may_respell)
    return frozenset(hidden)


def _check_definition(
    inline: Mapping[str, JsonValue], term: str, definition: JsonValue, depth: int, *, may_respell: bool
) -> frozenset[str]:
    """Judge one term of a context; give the names that it makes stand for what is left out."""
    if term.startswith("@"):
        return frozenset()
    iri = expand_defined(inline, term)
    required = protected_terms().get(term)
    if required is not None:
        # Another address of the same vocabulary is as good (`terms`).
        meant = iri == required or (iri is not None and standard_terms().get(iri) == term)
        if not meant or not _is_plain(definition):
            raise ContextRefused("the context bends a protected name", term=term)
    elif iri in protected_iris() and not may_respell:
        raise ContextRefused("the context gives a protected name a second spelling", term=term)
    hidden = frozenset({term}) if iri in HIDDEN else frozenset[str]()
    if isinstance(definition, dict):
        if "@reverse" in definition:
            hidden |= {term}
        if definition.get("@context") is not None:
            hidden |= _check(definition["@context"], depth + 1, may_respell=may_respell)
    return hidden


def _is_plain(definition: JsonValue) -> bool:
    """Tell whether a definition maps one name to one IRI and does nothing else."""
    if not isinstance(definition, dict):
        return True
    return _DEFINITION_MEMBERS.issuperset(definition) and definition.get("@container") in _CONTAINERS
