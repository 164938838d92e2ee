"""The slow road: a document read by a JSON-LD processor and written again with the plain names of ActivityStreams.

For documents whose contexts we all have and that are unusual in some way: prefixes, full IRIs, keywords, aliases,
scoped contexts, names that they define otherwise. What JSON-LD does not see is not in the result; what plain readers
would not see (`@graph`, `@included`, `@reverse`: JLD-06, SEC-121) is not either.

The result has a context of its own that defines exactly its names. Expanded again it gives what the document gave, but
for the parts left out. Known names get their usual shape, others their full IRI.

Invariants: the document is not changed; what a document may cost is counted before the processor sees it.

Sources: JSON-LD 1.1 Processing Algorithms and API sections 5.1 and 5.4; JLD-07, SEC-119 to SEC-121, SEC-133.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast

from ..config import Limits
from ..errors import DocumentError, LimitExceeded
from ..wire.json import JsonObject, JsonValue, dump
from .compaction import Pairs, compact_plainly, pairs_of
from .processor import expand
from .profiles import Profile, profile_of

# The document is expanded as the value of this name: so that a graph at its top stays one, and is left out.
_WRAPPED: Final = "urn:fedtext:document"
_NO_NODE: Final = frozenset({"@value", "@list"})
_OF_LISTS: Final = frozenset({"@list", "@index"})
_MAPS: Final = frozenset({"nameMap", "summaryMap", "contentMap"})


def read_slowly(document: JsonObject, limits: Limits) -> JsonObject | None:
    """Read a document by JSON-LD.

    Args:
        document: As parsed; not changed.
        limits: `jsonld_nodes_max` and `jsonld_terms_max` bound what it may cost, `json_depth_max` its nesting.

    Returns:
        A new document with plain names and a context that defines them; None when it breaks the rules of JSON-LD, or
        a context inside of it is not at hand.

    Raises:
        LimitExceeded: It would cost more.
        ContextRefused: A context bends a protected name, or two spellings of one property stand in one node.
    """
    node = _expanded(document) if weigh(document, limits) else None
    if node is None:
        return None
    found = compact_plainly(node, orders_of(document))
    # Full IRIs are longer than what stood for them: what goes on must be what can be stored and read again.
    size = len(dump(found))
    if size > limits.document_bytes_max:
        raise LimitExceeded("too long with its names written out", limit="document_bytes_max", value=size)
    return found


def _expanded(document: JsonObject) -> JsonObject | None:
    try:
        expanded = cast("list[JsonObject]", expand({_WRAPPED: _without_false_maps(document)}, base=None))
    except LimitExceeded:
        raise
    except DocumentError:
        return None
    nodes = expanded[0].get(_WRAPPED) if expanded else None
    node = nodes[0] if isinstance(nodes, list) and len(nodes) == 1 else None
    return node if isinstance(node, dict) and _NO_NODE.isdisjoint(node) and not _has_strange_list(node) else None


def _has_strange_list(node: JsonObject) -> bool:
    """Tell whether some list is something else besides, such as a node (JSON-LD 1.1 section 9.7).

    The expansion algorithm lets a list pass that has a type.
    """
    pending: list[JsonValue] = [node]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, dict):
            if "@list" in value and not value.keys() <= _OF_LISTS:
                return True
            pending.extend(value.values())
    return False


def _without_false_maps(value: JsonValue) -> JsonValue:
    """Leave out maps of languages that are none: JSON-LD would take a text there for the text itself."""
    if isinstance(value, list):
        return [_without_false_maps(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _without_false_maps(member)
        for name, member in value.items()
        if name not in _MAPS or isinstance(member, dict)
    }


def weigh(document: JsonObject, limits: Limits) -> bool:
    """Tell whether a document may be processed: whether plain readers and JSON-LD see the same objects in it.

    Counted are its values and the definitions that its contexts bring, at each place where they are brought. A
    processor works through a context anew wherever it meets it under other ones; objects beside each other share the
    work. A context that comes with a name is worked through at each use of the name.

    Members that `@nest` would lift out of an object are seen by JSON-LD only: such documents are left to plain names.
    """
    nodes = terms = 0
    scoped: dict[str, int] = {}
    nests = {"@nest"}
    met: set[tuple[int, int]] = set()
    profiles: list[Profile] = []
    for value, depth in _values(document, limits.json_depth_max):
        nodes += 1
        if nodes > limits.jsonld_nodes_max:
            raise LimitExceeded("too large for JSON-LD", limit="jsonld_nodes_max", value=nodes)
        if not isinstance(value, dict):
            continue
        if "@context" in value:
            profile = profile_of(value["@context"])
            if profile.refusal is not None:
                raise profile.refusal
            if (id(profile), depth) not in met:
                met.add((id(profile), depth))
                profiles.append(profile)  # so that no other gets its identity
                terms += profile.terms_count
                scoped.update(profile.scoped)
                nests.update(profile.nests)
        if not nests.isdisjoint(value):
            return False
        terms += sum(scoped.get(name, 0) for name in value) + sum(scoped.get(name, 0) for name in _types(value))
        if terms > limits.jsonld_terms_max:
            raise LimitExceeded("too many definitions for JSON-LD", limit="jsonld_terms_max", value=terms)
    return True


def _types(value: JsonObject) -> Iterator[str]:
    for name in ("type", "@type"):
        kind = value.get(name)
        yield from (item for item in (kind if isinstance(kind, list) else [kind]) if isinstance(item, str))


def _values(document: JsonObject, depth_max: int) -> Iterator[tuple[JsonValue, int]]:
    pending: list[tuple[JsonValue, int]] = [(document, 1)]
    while pending:
        value, depth = pending.pop()
        yield value, depth
        if isinstance(value, dict | list):
            if depth > depth_max:
                raise LimitExceeded("nested too deep", limit="json_depth_max", value=depth)
            inner = value.values() if isinstance(value, dict) else value
            pending.extend((item, depth + 1) for item in inner)


def orders_of(document: JsonObject) -> dict[Pairs, list[str]]:
    """Collect for each map of languages in which order its tags came: the first text counts (MOD-20)."""
    return _orders(document, {})


def _orders(value: JsonValue, found: dict[Pairs, list[str]]) -> dict[Pairs, list[str]]:
    if isinstance(value, list):
        for item in value:
            _orders(item, found)
    elif isinstance(value, dict):
        for name, member in value.items():
            if name in _MAPS and isinstance(member, dict):
                found.setdefault(pairs_of(member), [tag.lower() for tag in member])
            else:
                _orders(member, found)
    return found
