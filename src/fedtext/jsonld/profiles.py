"""What a context says, worked out once: which names it gives which meaning, and where it departs from the usual one.

Servers of one kind send the same context with every document. Its profile is made when it is first seen and found again
by comparison, so that reading a document under a known context costs no look at the context at all.

A name is *odd* in a context when a reader of plain names would misread it there: it has another meaning than the table
of terms gives it, is a second spelling of a known name, or follows rules beyond a plain mapping (`@reverse`, scoped
contexts, indexes …). Odd names do no harm until a document uses one.

Invariants: nothing is fetched; making a profile is linear in the size of the context and of those it names.

Sources: JSON-LD 1.1 sections 4.1 and 9.15; JSON-LD 1.1 Processing Algorithms and API sections 4.2 and 5.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from functools import lru_cache
from typing import Final

import attrs

from ..config import Limits
from ..errors import ContextRefused, LimitExceeded
from ..wire.json import JsonObject, JsonValue
from .bending import check_bending
from .registry import canonical_url, is_bundled, shared_context, when_registered
from .terms import ACTIVITYSTREAMS, PREFIXES, expand_prefix, standard_iris, standard_terms

_LIMITS: Final = Limits()
_STEPS_MAX: Final = 8  # seen: two, a term by way of a prefix
_NESTED_MAX: Final = 8  # contexts that name contexts; seen: one
_SHAPES_KEPT_MAX: Final = 256
_ALIKE_KEPT_MAX: Final = 8
_KEPT_TERMS_MAX: Final = 500
# Contexts with more terms than this are too dear for the slow road: they are treated as ones that we do not have.
_BUNDLED_TERMS_MAX: Final = 500
_GEN_DELIMS: Final = tuple(":/?#[]@")
_PLAIN_MEMBERS: Final = frozenset({"@id", "@type", "@container", "@protected", "@prefix", "@context"})
_CONTAINERS: Final = (None, "@set", "@list", "@language")
_HARMLESS_KEYWORDS: Final = frozenset({"@version", "@protected"})
# Interop: "undetermined", as Pleroma says of all its texts, is what a text without a language is.
UNDETERMINED: Final = "und"
# Where one IRI has two names in ActivityStreams: for lists and for texts in several languages.
_SECOND_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "items": ("orderedItems",),
    **{name: (name + "Map",) for name in ("name", "summary", "content")},
}
_AUDIENCE: Final = frozenset({"to", "cc", "bto", "bcc", "audience"})


class Rule(Enum):
    """How the value under a name is to be looked at."""

    LITERAL = "a value, or nodes"
    REFERENCE = "an IRI, or nodes"
    AUDIENCE = "an IRI, nodes, or the public in short"
    ORDERED = "an IRI, or nodes, in an order that counts"
    LANGUAGE = "a map of languages"
    IDENTIFIER = "the id of the node"
    TYPE = "the types of the node"
    CONTEXT = "the context of the node"
    PROOF = "integrity proofs, each of which JSON-LD keeps apart from the document"
    ODD = "not what plain names say"


@attrs.frozen
class Definition:
    """What one context says of one name.

    Args:
        iri: That it stands for; None when it stands for nothing, or for something relative.
        coercion: "@id" or the datatype of its plain strings; None for plain literals.
        container: "@list", "@language", or None for sets.
        is_prefix: Whether `name:…` is understood.
        is_odd: See the module.
        scoped_terms: How many terms the context has that it brings along for what is below it.
        scoped: Those terms, where they mean what they mean everywhere.
    """

    iri: str | None
    coercion: str | None = None
    container: str | None = None
    is_prefix: bool = False
    is_odd: bool = False
    scoped_terms: int = 0
    scoped: Mapping[str, Definition] = attrs.field(factory=dict[str, "Definition"], repr=False, eq=False)


# As the data-integrity contexts define it, in a graph of its own.
_PROOF: Final = Definition("https://w3id.org/security#proof", coercion="@id", is_odd=True)


@attrs.frozen(kw_only=True)
class Profile:
    """What a context says.

    Args:
        is_known: Whether all contexts that it names are at hand.
        has_activitystreams: Whether the ActivityStreams context is among them.
        is_regular: Whether it only defines names, each the same way wherever it does.
        is_recognized: All three: plain names mean under it what they mean everywhere, odd ones aside.
        is_custom: Whether it defines names itself that the table of terms does not have.
        rules: How each name that it defines is looked at.
        prefixes: Names that are understood before a colon.
        definitions: Everything that it defines.
        foreign: The names that it defines and the table of terms does not have, with their IRIs.
        scoped: Names that bring a context along, with the number of its terms.
        nests: Names that stand for `@nest`.
        terms_count: How many definitions it has, those of the contexts that it names included.
        refusal: Why no document may have it (JLD-07, SEC-120).
    """

    is_known: bool
    has_activitystreams: bool
    is_regular: bool
    is_recognized: bool
    is_custom: bool
    rules: Mapping[str, Rule] = attrs.field(repr=False)
    prefixes: frozenset[str] = attrs.field(repr=False)
    definitions: Mapping[str, Definition] = attrs.field(repr=False)
    foreign: Mapping[str, str] = attrs.field(repr=False)
    scoped: Mapping[str, int] = attrs.field(repr=False)
    nests: frozenset[str] = attrs.field(repr=False)
    terms_count: int
    refusal: ContextRefused | None = None

    def expand(self, term: str) -> str | None:
        """Give the IRI that a name stands for, or None when nobody says; see `expand_term`."""
        if term in self.definitions:
            return self.definitions[term].iri
        prefix, separator, rest = term.partition(":")
        if not separator:
            return standard_iris().get(term)
        definition = self.definitions.get(prefix)
        if definition is not None and definition.is_prefix and definition.iri and not rest.startswith("//"):
            return definition.iri + rest
        expanded = expand_prefix(term, PREFIXES)
        return expanded if expanded != term else None


def profile_of(context: JsonValue) -> Profile:
    """Give the profile of a context.

    Args:
        context: Value of `@context`; it is kept, and not to be changed afterwards.

    Raises:
        ContextRefused: It is not made of URLs and objects, or its names lead too far.
        LimitExceeded: It defines more than `Limits.jsonld_terms_max` names itself.
    """
    shape = _shape(context)
    for known, profile in _profiles.get(shape, ()):
        if known == context:
            return profile
    profile = _made(context)
    if profile.terms_count <= _KEPT_TERMS_MAX:
        if len(_profiles) >= _SHAPES_KEPT_MAX:
            _profiles.clear()
        _profiles[shape] = ((context, profile), *_profiles.get(shape, ())[: _ALIKE_KEPT_MAX - 1])
    return profile


def expand_term(context: JsonValue, term: str) -> str | None:
    """Give the IRI that a name stands for in a context, or None when nobody says.

    Names and prefixes of ActivityStreams and of the known extensions are understood everywhere.

    Args:
        context: Value of `@context`.
        term: A member name, a type name, or `prefix:name`.

    Raises:
        ContextRefused: See `profile_of`.
    """
    return profile_of(context).expand(term)


def terms_for(context: JsonValue, iri: str) -> list[str]:
    """Give the names that a context has for an IRI that is none of the known ones: terms and `prefix:name`.

    Raises:
        ContextRefused: See `profile_of`.
    """
    profile = profile_of(context)
    found: list[str] = []
    for name, target in profile.foreign.items():
        if target == iri:
            found.append(name)
        elif iri.startswith(target) and profile.definitions[name].is_prefix:
            found.append(f"{name}:{iri[len(target) :]}")
    return found


_Shape = tuple[object, ...]
_profiles: Final[dict[_Shape, tuple[tuple[JsonValue, Profile], ...]]] = {}
when_registered(_profiles.clear)


def _shape(context: JsonValue) -> _Shape:
    """Give what equal contexts have in common and different ones seldom."""
    if isinstance(context, list):
        last = context[-1] if context else None
        first = context[0] if context and isinstance(context[0], str) else None
        return (len(context), first, len(last) if isinstance(last, dict | str) else None)
    return (len(context), None) if isinstance(context, dict) else (str(context),)


def layers(context: JsonValue) -> Iterator[JsonObject | str]:
    """Iterate over the parts of a context, those of the contexts that it names in their place; unknown URLs as such.

    Raises:
        ContextRefused: A part is neither a URL nor an object.
    """
    for entry in context if isinstance(context, list) else [] if context is None else [context]:
        if not isinstance(entry, str | dict):
            raise ContextRefused("a context is a URL or an object")
        yield entry


def _made(context: JsonValue) -> Profile:
    inline = sum(len(entry) for entry in layers(context) if isinstance(entry, dict))
    if inline > _LIMITS.jsonld_terms_max:
        raise LimitExceeded("the context has too many terms", limit="jsonld_terms_max", value=inline)
    found: dict[str, Definition] = {}
    regular, known, activitystreams, custom, count = True, True, False, False, 0
    for entry in layers(context):
        if isinstance(entry, str):
            bundle = _bundle(entry)
            if bundle is None:
                known = False
                continue
            activitystreams |= bundle.has_activitystreams
            added, is_regular = bundle.definitions, bundle.is_regular
        else:
            added = _defined(entry, found)
            is_regular = _only_names(entry)
            custom |= any(not _is_usual(name, definition) for name, definition in added.items())
        count += len(added)
        regular &= is_regular and _merge(found, added)
    return Profile(
        is_known=known,
        has_activitystreams=activitystreams,
        is_regular=regular,
        is_recognized=known and activitystreams and regular,
        is_custom=custom,
        rules=_rules(found),
        prefixes=frozenset(name for name, definition in found.items() if definition.is_prefix),
        definitions=found,
        foreign={name: item.iri for name, item in found.items() if item.iri and name not in standard_iris()},
        scoped={name: item.scoped_terms for name, item in found.items() if item.scoped_terms},
        nests=frozenset(name for name, item in found.items() if item.iri == "@nest"),
        terms_count=count,
        refusal=_refusal(context),
    )


def _refusal(context: JsonValue) -> ContextRefused | None:
    try:
        check_bending(context)
    except ContextRefused as refusal:
        return refusal
    return None


def _is_same(one: Definition, other: Definition) -> bool:
    """Tell whether two definitions give a name the same meaning; coercions aside, which readers of either kind see."""
    known = standard_terms()
    iris = [known.get(definition.iri or "", definition.iri) for definition in (one, other)]
    return iris[0] == iris[1] and one.container == other.container


def _is_usual(name: str, definition: Definition) -> bool:
    """Tell whether a name is one of the table of terms, or a usual prefix."""
    return name in standard_iris() or (definition.iri is not None and PREFIXES.get(name) == definition.iri)


def _merge(found: dict[str, Definition], added: Mapping[str, Definition]) -> bool:
    """Add definitions; what is defined twice in different ways is odd. Tell whether no prefix changed its meaning."""
    if not found:
        found.update(added)
        return True
    regular = True
    for name, definition in added.items():
        before = found.get(name)
        if before is not None and not _is_same(before, definition):
            regular &= not (before.is_prefix or definition.is_prefix)
            definition = attrs.evolve(definition, is_odd=True)
        elif before is not None and before.is_odd:
            definition = attrs.evolve(definition, is_odd=True)
        found[name] = definition
    return regular


@attrs.frozen
class _Bundle:
    """What a context at hand says."""

    definitions: Mapping[str, Definition]
    is_regular: bool
    has_activitystreams: bool


@lru_cache(maxsize=128)
def _bundle(url: str) -> _Bundle | None:
    """Give what a context says that is at hand, and None for one that is not."""
    if not is_bundled(url):
        return None
    found: dict[str, Definition] = {}
    named = {canonical_url(url)}
    regular = _gather(shared_context(url).get("@context", {}), found, named, 0)
    return _Bundle(found, regular, ACTIVITYSTREAMS in named) if len(found) <= _BUNDLED_TERMS_MAX else None


when_registered(_bundle.cache_clear)


def _gather(context: JsonValue, found: dict[str, Definition], named: set[str], depth: int) -> bool:
    """Collect the definitions of a context and of those that it names; tell whether they only define names."""
    if depth > _NESTED_MAX:
        raise ContextRefused("contexts name each other in a long chain")
    regular = True
    for entry in layers(context):
        if isinstance(entry, str):
            if not is_bundled(entry):
                return False
            named.add(canonical_url(entry))
            regular &= _gather(shared_context(entry).get("@context", {}), found, named, depth + 1)
        else:
            # The vocabulary of ActivityStreams gives names without a definition a meaning of their own each.
            regular &= _only_names({name: value for name, value in entry.items() if (name, value) != ("@vocab", "_:")})
            regular &= _merge(found, _defined(entry, found))
    return regular


def _only_names(entry: JsonObject) -> bool:
    """Tell whether a context object only defines names, or says besides what changes nothing."""
    return all(
        name[:1] != "@" or name in _HARMLESS_KEYWORDS or (name, value) == ("@language", UNDETERMINED)
        for name, value in entry.items()
    )


def _defined(entry: JsonObject, known: Mapping[str, Definition]) -> dict[str, Definition]:
    return {name: _definition(name, entry, known) for name in entry if name[:1] != "@"}


def _definition(name: str, entry: JsonObject, known: Mapping[str, Definition]) -> Definition:
    raw = entry[name]
    iri = _iri_of(name, entry, known, frozenset({name}))
    if not isinstance(raw, dict):
        ends = isinstance(raw, str) and iri is not None and iri.endswith(_GEN_DELIMS)
        return Definition(iri, is_prefix=ends, is_odd=not isinstance(raw, str) or _is_odd(name, iri))
    coercion, container = raw.get("@type"), raw.get("@container")
    if isinstance(container, list) and len(container) == 1:
        container = container[0]
    scoped = _scoped(raw.get("@context"), known) if "@context" in raw else {}
    plain = (
        raw.keys() <= _PLAIN_MEMBERS
        and scoped is not None
        and container in _CONTAINERS
        and (coercion is None or (isinstance(coercion, str) and coercion not in ("@vocab", "@json")))
    )
    return Definition(
        iri,
        coercion=None if not isinstance(coercion, str) or coercion == "@none" else _typed(coercion, entry, known),
        container=container if container in ("@list", "@language") else None,
        is_prefix=raw.get("@prefix") is True,
        is_odd=not plain or _is_odd(name, iri),
        scoped_terms=_size(raw.get("@context"), 0),
        scoped=scoped or {},
    )


def _scoped(context: JsonValue, known: Mapping[str, Definition]) -> dict[str, Definition] | None:
    """Give the definitions that a name brings along; None where they may change what other names mean."""
    if not isinstance(context, dict) or not _only_names(context):
        return None
    found = _defined(context, known)
    for name, definition in found.items():
        before = known.get(name, definition)
        if definition.is_odd or not _is_same(before, definition):
            return None
    return found


def _is_odd(name: str, iri: str | None) -> bool:
    if name in ("id", "type"):
        return iri != "@" + name
    if iri is None or iri.startswith(("@", "_:")):
        return True
    known = standard_terms().get(iri)
    if known is not None and name in _SECOND_NAMES.get(known, ()):
        return False
    return known != name if name in standard_iris() else known is not None


def _typed(coercion: str, entry: JsonObject, known: Mapping[str, Definition]) -> str | None:
    return coercion if coercion.startswith("@") else _iri(coercion, entry, known, frozenset())


def _iri_of(name: str, entry: JsonObject, known: Mapping[str, Definition], seen: frozenset[str]) -> str | None:
    """Give the IRI that a context object defines for one of its names."""
    raw = entry[name]
    # Interop: some definitions say "id" where they mean "@id"; JSON-LD takes none of them, readers of plain names do.
    text = raw.get("@id", raw.get("id", name if ":" in name else None)) if isinstance(raw, dict) else raw
    return _iri(text, entry, known, seen) if isinstance(text, str) else None


def _iri(text: str, entry: JsonObject, known: Mapping[str, Definition], seen: frozenset[str]) -> str | None:
    """Write out what stands for an IRI in a definition; None for what is relative to a vocabulary.

    Raises:
        ContextRefused: Names stand for each other in a long chain.
    """
    if len(seen) > _STEPS_MAX:
        raise ContextRefused("names of the context stand for each other in a long chain", term=text)
    if text.startswith("@"):
        return text
    if text in entry and text not in seen:
        return _iri_of(text, entry, known, seen | {text})
    if text in known and text not in seen:
        return known[text].iri
    prefix, separator, rest = text.partition(":")
    if not separator:
        return standard_iris().get(text)
    if prefix == "_" or rest.startswith("//"):
        return text
    if prefix in entry and prefix not in seen:
        base = _iri_of(prefix, entry, known, seen | {prefix})
        simple = isinstance(entry[prefix], str) or _names_prefix(entry[prefix])
        return text if base is None or not simple else base + rest
    definition = known.get(prefix)
    if definition is not None:
        return definition.iri + rest if definition.is_prefix and definition.iri else text
    # Interop: some documents use a usual prefix without defining it.
    return expand_prefix(text, PREFIXES)


def _names_prefix(raw: JsonValue) -> bool:
    return isinstance(raw, dict) and raw.get("@prefix") is True


def _rules(definitions: Mapping[str, Definition]) -> dict[str, Rule]:
    found = {"@context": Rule.CONTEXT}
    for definition in definitions.values():
        found.update((name, _rule(name, inner)) for name, inner in definition.scoped.items())
    found.update((name, _rule(name, definition)) for name, definition in definitions.items())
    return found


def _rule(name: str, definition: Definition) -> Rule:
    if name == "proof" and definition == _PROOF:
        return Rule.PROOF
    if definition.is_odd:
        return Rule.ODD
    if name in ("id", "type"):
        return Rule.IDENTIFIER if name == "id" else Rule.TYPE
    if definition.container == "@language":
        return Rule.LANGUAGE
    if definition.coercion != "@id":
        return Rule.LITERAL
    if name == "orderedItems":
        return Rule.ORDERED
    return Rule.AUDIENCE if name in _AUDIENCE else Rule.REFERENCE


def _size(context: JsonValue, depth: int) -> int:
    """Count the terms of a context that a definition brings along, those of the contexts inside of it included."""
    if depth > _NESTED_MAX:
        raise ContextRefused("contexts are nested too deep")
    if isinstance(context, list):
        return sum(_size(item, depth) for item in context)
    if isinstance(context, str):
        bundle = _bundle(context)
        return 1 if bundle is None else len(bundle.definitions)
    if not isinstance(context, dict):
        return 0
    inner = (value.get("@context") for value in context.values() if isinstance(value, dict))
    return len(context) + sum(_size(value, depth + 1) for value in inner)
