"""Contexts: the one that a document of ours needs, and what a name stands for in the one of others.

Invariants: what is returned is a fresh value that the caller may change; nothing is fetched.

Sources: JSON-LD 1.1 sections 3.1 and 4.1; ActivityStreams 2.0 section 2.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from ..errors import ContextRefused
from ..wire.json import JsonObject, JsonValue
from .terms import (
    ACTIVITYSTREAMS,
    DATA_INTEGRITY,
    EXTENSIONS,
    PREFIXES,
    PROOF_CONTEXTS,
    PROOF_TERMS,
    SECURITY,
    SECURITY_V1,
    expand_prefix,
    standard_iris,
    usual_definitions,
)

_STEPS_MAX: Final = 8  # seen: two, a term by way of a prefix


def default_context() -> list[JsonValue]:
    """Give the context with every term that we may emit."""
    return context_for((*SECURITY, *EXTENSIONS))


def context_for(terms: Iterable[str]) -> list[JsonValue]:
    """Give the smallest context that defines these terms: ActivityStreams first, then what it lacks (JLD-01).

    Args:
        terms: Member names and type names; those of ActivityStreams and unknown ones add nothing.
    """
    wanted = set(terms)
    context: list[JsonValue] = [ACTIVITYSTREAMS]
    if not wanted.isdisjoint(SECURITY):
        context.append(SECURITY_V1)
    if not wanted.isdisjoint(PROOF_TERMS):
        context.append(DATA_INTEGRITY)
    inline: JsonObject = {}
    used = [(term, definition) for term, definition in EXTENSIONS.items() if term in wanted]
    for prefix in PREFIXES:
        if prefix != "as" and any(_iri_of(definition).startswith(prefix + ":") for _term, definition in used):
            inline[prefix] = PREFIXES[prefix]
    for term, definition in used:
        inline[term] = dict(definition) if isinstance(definition, dict) else definition
    if inline:
        context.append(inline)
    return context


def is_covered(context: JsonValue) -> bool:
    """Tell whether a context says nothing that `default_context` does not say too."""
    ours = usual_definitions()
    for entry in entries(context):
        if isinstance(entry, str):
            if entry not in (ACTIVITYSTREAMS, SECURITY_V1):
                return False
        elif not isinstance(entry, dict) or any(ours.get(term) != value for term, value in entry.items()):
            return False
    return True


def joined_context(original: JsonValue, terms: Iterable[str]) -> JsonValue:
    """Give a context that defines our terms and, after them, all that the original one defines.

    The original one comes last: members that were there already keep their meaning.
    """
    ours = context_for(terms)
    theirs = entries(original)
    added = [entry for entry in ours if entry not in theirs]
    return [*added, *theirs] if added else original


def proof_context(original: JsonValue) -> JsonValue:
    """Give a context that also defines integrity proofs: behind ActivityStreams, which peers look for first.

    Args:
        original: Value of `@context`.

    Returns:
        The same where it does so already.
    """
    parts = entries(original)
    if any(part in PROOF_CONTEXTS for part in parts if isinstance(part, str)):
        return original
    at = parts.index(ACTIVITYSTREAMS) + 1 if ACTIVITYSTREAMS in parts else 0
    return [*parts[:at], DATA_INTEGRITY, *parts[at:]]


def entries(context: JsonValue) -> list[JsonValue]:
    """Give the parts of a context, whatever its shape."""
    if context is None:
        return []
    return context if isinstance(context, list) else [context]


def inline_definitions(context: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    """Iterate over the terms that a context defines itself, in order."""
    for entry in entries(context):
        if isinstance(entry, dict):
            yield from entry.items()


def expand_defined(inline: Mapping[str, JsonValue], term: str) -> str | None:
    """Give the IRI that a name stands for under the definitions of a context, or None when they do not say."""
    if term in inline:
        return _resolved(_iri_of(inline[term]), inline, frozenset({term})) or None
    expanded = _resolved(term, inline, frozenset())
    return expanded if expanded != term else None


def _iri_of(definition: JsonValue) -> str:
    iri = definition.get("@id", definition.get("id")) if isinstance(definition, dict) else definition
    return iri if isinstance(iri, str) else ""


def _resolved(name: str, inline: Mapping[str, JsonValue], seen: frozenset[str]) -> str:
    """Follow a name through the definitions, as far as they lead: terms and prefixes may stand for each other.

    Raises:
        ContextRefused: They lead further than any honest context.
    """
    if len(seen) > _STEPS_MAX:
        raise ContextRefused("names of the context stand for each other in a long chain", term=name)
    if name in inline and name not in seen:
        return _resolved(_iri_of(inline[name]), inline, seen | {name})
    prefix, separator, rest = name.partition(":")
    if not separator:
        return standard_iris().get(name, name)
    if rest.startswith("//"):
        return name
    if prefix in inline and prefix not in seen:
        return _resolved(_iri_of(inline[prefix]), inline, seen | {prefix}) + rest
    return expand_prefix(name, PREFIXES)
