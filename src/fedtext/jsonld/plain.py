"""The plain road: a document read by its member names, as most servers do, where JSON-LD cannot be asked.

No context is looked up. `@id`, `@type`, `as:name` and full IRIs of known terms become the known names, in members
and in types; `@graph`, `@included` and `@reverse` (and names that a context makes stand for them) are left out, at
any depth, since a plain reader would never see them (JLD-06, SEC-121); a context that bends a protected name or gives
one a second spelling is refused (JLD-07, SEC-120), as is a document that gives one property twice under two
spellings; terms of unknown contexts keep their names (JLD-05, SEC-119).

Values are not touched: the three spellings of Public are told apart by addressing, not here (JLD-17).

Invariants: the given document is never changed; what needs no change is returned as it is, not copied; nesting is
bounded by `Limits.json_depth_max`, and what contexts define by `Limits.jsonld_terms_max`.

Sources: JSON-LD 1.1 section 3; ActivityStreams 2.0 sections 2.1.3 and 5.1.
"""

from __future__ import annotations

from typing import Final, cast

import attrs

from ..config import Limits
from ..errors import ContextRefused, LimitExceeded
from ..wire.json import JsonObject, JsonValue
from .bending import HIDDEN, check_context
from .contexts import entries, joined_context
from .profiles import expand_term
from .terms import PREFIXES, standard_terms

_KEYWORDS: Final = {"@id": "id", "@type": "type"}


def read_plainly(document: JsonObject, limits: Limits) -> JsonObject:
    """Bring a document to the member names of ActivityStreams, without JSON-LD.

    Args:
        document: As parsed; it is not changed, and parts of it may be shared with the result.
        limits: The table of limits.

    Returns:
        The same document when it has the usual shape, else a new one. Its `@context` defines the names in it.

    Raises:
        ContextRefused: A context bends a protected name, or one property has two spellings.
        LimitExceeded: Nested deeper than `json_depth_max`, or with more than `jsonld_terms_max` definitions.
    """
    if _Usual(limits).object(document, 1):
        return document
    walk = _Walk(depth_max=limits.json_depth_max)
    scope = _Scope()
    normalized = walk.object(document, scope, 1)
    if walk.renamed:
        context = joined_context(normalized.get("@context"), walk.renamed)
        normalized = {"@context": context, **{name: value for name, value in normalized.items() if name != "@context"}}
    return normalized


class _Usual:
    """Tells whether nothing has to be changed: what nearly every document gets away with."""

    __slots__ = ("depth_max", "terms", "terms_max")

    def __init__(self, limits: Limits) -> None:
        self.depth_max = limits.json_depth_max
        self.terms_max = limits.jsonld_terms_max
        self.terms = 0

    def object(self, value: JsonObject, depth: int) -> bool:
        if depth > self.depth_max:
            raise LimitExceeded("nested too deep", limit="json_depth_max", value=depth)
        usual = True
        for name, member in value.items():
            kind = type(member)
            if name == "@context":
                usual &= not self.context(member)
                continue
            if ":" in name or name[:1] == "@" or (name == "type" and _is_spelled_otherwise(member)):
                usual = False
            if kind is dict:
                usual &= self.object(cast("JsonObject", member), depth + 1)
            elif kind is list:
                usual &= self.list(cast("list[JsonValue]", member), depth + 1)
        return usual

    def list(self, value: list[JsonValue], depth: int) -> bool:
        if depth > self.depth_max:
            raise LimitExceeded("nested too deep", limit="json_depth_max", value=depth)
        usual = True
        for item in value:
            if isinstance(item, dict):
                usual &= self.object(item, depth + 1)
            elif isinstance(item, list):
                usual &= self.list(item, depth + 1)
        return usual

    def context(self, context: JsonValue) -> frozenset[str]:
        """Judge a context; give the names that are to be left out."""
        self.terms += sum(len(entry) for entry in entries(context) if isinstance(entry, dict))
        if self.terms > self.terms_max:
            raise LimitExceeded("too many definitions", limit="jsonld_terms_max", value=self.terms)
        return check_context(context)


def _is_spelled_otherwise(types: JsonValue) -> bool:
    return isinstance(types, list) or (isinstance(types, str) and ":" in types)


@attrs.frozen
class _Scope:
    """The contexts that hold at one place of a document: those around it, and its own."""

    contexts: tuple[JsonValue, ...] = ()
    hidden: frozenset[str] = HIDDEN

    def within(self, context: JsonValue) -> _Scope:
        """Check a context and add it to the scope."""
        return _Scope((*self.contexts, context), self.hidden | check_context(context))

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
                if changed is not None:  # it may stand anywhere
                    changed[name] = member
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
