"""One reading per document: plain ActivityStreams member names, or a refusal.

Documents of this network are JSON that nearly always has the names of the ActivityStreams context already. This
module makes the rest so, without a JSON-LD processor and without fetching anything:

- `@id`, `@type`, `as:name` and full IRIs of known terms become the known names, in members and in types;
- `@graph`, `@included` and `@reverse` (and names that a context makes stand for them) are left out, at any depth,
  since a plain reader would never see them (JLD-06, SEC-121);
- a context that bends a name on which decisions rest is refused (JLD-07, SEC-120), as is a document that gives one
  property twice under two spellings;
- unknown contexts are not looked at: their terms keep their names (JLD-05, SEC-119).

Values are not touched: the three spellings of Public are told apart by addressing, not here (JLD-17).

Invariants: the given document is never changed; what needs no change is returned as it is, not copied; nesting is
bounded by `Limits.json_depth_max`.

Sources: JSON-LD 1.1 section 3; ActivityStreams 2.0 sections 2.1.3 and 5.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

import attrs

from ..config import Limits
from ..errors import ContextRefused, LimitExceeded
from ..wire.json import JsonObject, JsonValue
from .contexts import entries, expand_defined, expand_term, inline_definitions, joined_context
from .terms import PREFIXES, protected_iris, protected_terms, standard_terms, usual_definitions

_HIDDEN: Final = frozenset({"@graph", "@included", "@reverse", "@nest"})
_KEYWORDS: Final = {"@id": "id", "@type": "type"}
_DEFINITION_MEMBERS: Final = frozenset(
    {"@id", "@type", "@container", "@protected", "@version", "@prefix", "id", "type"}
)
_CONTAINERS: Final = (None, "@set", "@list")
_DEFAULT_LIMITS: Final = Limits()


def normalize(document: JsonObject, *, limits: Limits = _DEFAULT_LIMITS) -> JsonObject:
    """Bring a document to the member names of ActivityStreams.

    Args:
        document: As parsed; it is not changed, and parts of it may be shared with the result.
        limits: The table of limits.

    Returns:
        The same document when it has the usual shape, else a new one. Its `@context` defines the names in it.

    Raises:
        ContextRefused: The context bends a protected name, or one property has two spellings.
        LimitExceeded: Nested deeper than `json_depth_max`.
    """
    if _is_usual(document, 1, limits.json_depth_max):
        return document
    walk = _Walk(depth_max=limits.json_depth_max)
    scope = _Scope()
    normalized = walk.object(document, scope, 1)
    if walk.renamed:
        context = joined_context(normalized.get("@context"), walk.renamed)
        normalized = {"@context": context, **{name: value for name, value in normalized.items() if name != "@context"}}
    return normalized


def _is_usual(value: JsonObject, depth: int, depth_max: int) -> bool:
    """Tell whether nothing has to be changed: the road that nearly every document takes."""
    if depth > depth_max:
        raise LimitExceeded("nested too deep", limit="json_depth_max", value=depth)
    for name, member in value.items():
        if name == "@context":
            if _check_context(member, 0):
                return False
            continue
        if ":" in name or name[:1] == "@":
            return False
        kind = type(member)
        if kind is dict:
            if not _is_usual(cast("JsonObject", member), depth + 1, depth_max):
                return False
        elif kind is list:
            if name == "type" or not _is_usual_list(cast("list[JsonValue]", member), depth + 1, depth_max):
                return False
        elif name == "type" and kind is str and ":" in cast("str", member):
            return False
    return True


def _is_usual_list(value: list[JsonValue], depth: int, depth_max: int) -> bool:
    if depth > depth_max:
        raise LimitExceeded("nested too deep", limit="json_depth_max", value=depth)
    for item in value:
        if isinstance(item, dict):
            if not _is_usual(item, depth + 1, depth_max):
                return False
        elif isinstance(item, list) and not _is_usual_list(item, depth + 1, depth_max):
            return False
    return True


@attrs.frozen
class _Scope:
    """The contexts that hold at one place of a document: those around it, and its own."""

    contexts: tuple[JsonValue, ...] = ()
    hidden: frozenset[str] = _HIDDEN

    def within(self, context: JsonValue) -> _Scope:
        """Check a context and add it to the scope."""
        return _Scope((*self.contexts, context), self.hidden | _check_context(context, 0))

    def expand(self, name: str) -> str:
        for context in reversed(self.contexts):
            expanded = expand_term(context, name)
            if expanded is not None:
                return expanded
        prefix, _, rest = name.partition(":")
        return PREFIXES[prefix] + rest if prefix in PREFIXES else name


class _Walk:
    """One pass over a document that copies only what must change."""

    __slots__ = ("depth_max", "renamed")

    def __init__(self, *, depth_max: int) -> None:
        self.depth_max = depth_max
        self.renamed: set[str] = set()

    def object(self, value: JsonObject, scope: _Scope, depth: int) -> JsonObject:
        if depth > self.depth_max:
            raise LimitExceeded("nested too deep", limit="json_depth_max", value=depth)
        context = value.get("@context")
        if context is not None:
            scope = scope.within(context)
        changed: JsonObject | None = None
        for name, member in value.items():
            if name == "@context":
                continue
            new_name = self._name(name, scope)
            new_member = self._member(new_name, member, scope, depth)
            if changed is None and (new_name is not name or new_member is not member):
                changed = _before(value, name)
            if changed is not None and new_name is not None:
                _put(changed, new_name, new_member)
        return value if changed is None else changed

    def _name(self, name: str, scope: _Scope) -> str | None:
        """Give the name that a member gets; None when it is left out."""
        if name in scope.hidden:
            return None
        if name in _KEYWORDS:
            self.renamed.add(_KEYWORDS[name])
            return _KEYWORDS[name]
        return self._known(name, scope) if ":" in name else name

    def _known(self, name: str, scope: _Scope) -> str:
        term = standard_terms().get(scope.expand(name))
        if term is None:
            return name
        self.renamed.add(term)
        return term

    def _member(self, name: str | None, value: JsonValue, scope: _Scope, depth: int) -> JsonValue:
        if isinstance(value, dict):
            return self.object(value, scope, depth + 1)
        if name == "type":
            return self._type(value, scope)
        return self._list(value, scope, depth + 1) if isinstance(value, list) else value

    def _type(self, value: JsonValue, scope: _Scope) -> JsonValue:
        if isinstance(value, str):
            return self._known(value, scope) if ":" in value else value
        if isinstance(value, list) and any(isinstance(item, str) and ":" in item for item in value):
            return [self._type(item, scope) if isinstance(item, str) else item for item in value]
        return value

    def _list(self, value: list[JsonValue], scope: _Scope, depth: int) -> list[JsonValue]:
        if depth > self.depth_max:
            raise LimitExceeded("nested too deep", limit="json_depth_max", value=depth)
        changed: list[JsonValue] | None = None
        for index, item in enumerate(value):
            if isinstance(item, dict):
                new_item: JsonValue = self.object(item, scope, depth + 1)
            elif isinstance(item, list):
                new_item = self._list(item, scope, depth + 1)
            else:
                continue
            if new_item is not item:
                changed = list(value) if changed is None else changed
                changed[index] = new_item
        return value if changed is None else changed


def _before(value: JsonObject, name: str) -> JsonObject:
    """Copy the members that stand before one."""
    copied: JsonObject = {}
    for earlier, member in value.items():
        if earlier == name:
            break
        copied[earlier] = member
    return copied


def _put(target: JsonObject, name: str, value: JsonValue) -> None:
    if name in target:
        raise ContextRefused("one property has two spellings", property=name)
    target[name] = value


def _check_context(context: JsonValue, depth: int) -> frozenset[str]:
    """Refuse what bends a protected name; give the names that stand for what is left out."""
    if depth > 4:
        raise ContextRefused("contexts are nested too deep")
    hidden: set[str] = set()
    usual = usual_definitions()
    inline: dict[str, JsonValue] | None = None
    for entry in entries(context):
        if isinstance(entry, str):
            continue
        if not isinstance(entry, dict):
            raise ContextRefused("a context is a URL or an object")
        for term, definition in entry.items():
            if definition is None or usual.get(term) != definition:
                inline = dict(inline_definitions(context)) if inline is None else inline
                hidden |= _check_definition(inline, term, definition, depth)
    return frozenset(hidden)


def _check_definition(inline: Mapping[str, JsonValue], term: str, definition: JsonValue, depth: int) -> frozenset[str]:
    """Judge one term of a context; give the names that it makes stand for what is left out."""
    if term.startswith("@"):
        return frozenset()
    iri = expand_defined(inline, term)
    required = protected_terms().get(term)
    if required is not None:
        if iri != required or not _is_plain(definition):
            raise ContextRefused("the context bends a protected name", term=term)
    elif iri in protected_iris():
        raise ContextRefused("the context gives a protected name a second spelling", term=term)
    hidden = frozenset({term}) if iri in _HIDDEN else frozenset[str]()
    if isinstance(definition, dict):
        if "@reverse" in definition:
            hidden |= {term}
        if definition.get("@context") is not None:
            hidden |= _check_context(definition["@context"], depth + 1)
    return hidden


def _is_plain(definition: JsonValue) -> bool:
    """Tell whether a definition maps one name to one IRI and does nothing else."""
    if not isinstance(definition, dict):
        return True
    return _DEFINITION_MEMBERS.issuperset(definition) and definition.get("@container") in _CONTAINERS
