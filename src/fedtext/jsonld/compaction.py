"""From the expanded form of JSON-LD to the plain names of ActivityStreams.

General compaction serves any context and costs three times what expansion does. Here the context is ours: a known
IRI has one name, everything else keeps its IRI. The values of a name are written the way its usual definition reads
them; where all values of a document are of another kind, the name is defined for that kind, and where they are mixed,
those that differ are written out. So nothing is lost: expanding the result gives the same again.

Two spellings may lead to one name: another address of the same vocabulary (`http://schema.org/value`), or a name that
nobody defined (`_:sensitive`). Plain readers see no difference, nor do we; where both stand in one node it is refused.

Sources: JSON-LD 1.1 Processing Algorithms and API sections 6.1 and 9.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, TypeAlias, cast

import attrs

from ..errors import ContextRefused
from ..wire.json import JsonObject, JsonValue
from .contexts import context_for, default_context
from .profiles import UNDETERMINED, Definition, profile_of
from .terms import (
    DATA_INTEGRITY,
    DATA_INTEGRITY_V2,
    PREFIXES,
    PROOF_TERMS,
    expand_prefix,
    standard_iris,
    standard_terms,
)

_UNDEFINED: Final = "_:"  # what the vocabulary of ActivityStreams puts before names that nobody defined
_MAPPED: Final = frozenset({"name", "summary", "content"})  # those with a `…Map` beside them
_ITEMS: Final = ("items", "orderedItems")
_PROOF: Final = "https://w3id.org/security#proof"
_CRYPTOSUITE: Final = "https://w3id.org/security#cryptosuite"
_CRYPTOSUITE_STRING: Final = "https://w3id.org/security#cryptosuiteString"
_DATA_INTEGRITY_PROOF: Final = "https://w3id.org/security#DataIntegrityProof"
_XSD_DATE_TIME: Final = "http://www.w3.org/2001/XMLSchema#dateTime"

# Inside of a proof the data-integrity context defines the names: name and coercion.
_PROOF_NAMES: Final[Mapping[str, tuple[str, str | None]]] = {
    "http://purl.org/dc/terms/created": ("created", _XSD_DATE_TIME),
    "https://w3id.org/security#expiration": ("expires", _XSD_DATE_TIME),
    _CRYPTOSUITE: ("cryptosuite", None),
    "https://w3id.org/security#proofValue": ("proofValue", "https://w3id.org/security#multibase"),
    "https://w3id.org/security#verificationMethod": ("verificationMethod", "@id"),
    "https://w3id.org/security#domain": ("domain", None),
    "https://w3id.org/security#challenge": ("challenge", None),
    "https://w3id.org/security#nonce": ("nonce", None),
}
_PROOF_PURPOSE: Final = "https://w3id.org/security#proofPurpose"
_PURPOSES: Final[Mapping[str, str]] = {
    "https://w3id.org/security#assertionMethod": "assertionMethod",
    "https://w3id.org/security#authenticationMethod": "authentication",
    "https://w3id.org/security#capabilityInvocationMethod": "capabilityInvocation",
    "https://w3id.org/security#capabilityDelegationMethod": "capabilityDelegation",
    "https://w3id.org/security#keyAgreementMethod": "keyAgreement",
}


Pairs: TypeAlias = frozenset[tuple[str, str]]
"""Tags in lower case and texts of a map of languages: by which it is known again."""


def pairs_of(texts: JsonObject) -> Pairs:
    """Give what a map of languages is known by, texts of no language left out."""
    return frozenset(
        (tag.lower(), text)
        for tag, found in texts.items()
        if tag.lower() not in ("@none", UNDETERMINED)
        for text in _strings(found)
    )


def compact_plainly(node: JsonObject, orders: Mapping[Pairs, list[str]]) -> JsonObject:
    """Write an expanded node with plain names.

    Args:
        node: Expanded; not changed, parts of it may be shared with the result.
        orders: Maps of languages of the document, to the order in which their tags came.

    Returns:
        The document, with a context that defines its names.

    Raises:
        ContextRefused: Two spellings of one property stand in one node.
    """
    survey = _survey(node)
    return {"@context": _context(survey), **_Writer(survey, orders).node(node)}


@attrs.define
class _Use:
    """How a document uses one known name."""

    iri: str
    forms: set[str | None] = attrs.field(factory=set[str | None])
    is_defined: bool = True

    def coercion(self, usual: str | None) -> str | None:
        """Give the coercion under which its values can be written plainly."""
        return next(iter(self.forms)) if len(self.forms) == 1 else usual


def _name_of(iri: str) -> str:
    """Give the name of an IRI: a known term, the name that nobody defined, or the IRI itself."""
    if iri.startswith(_UNDEFINED):
        return iri.removeprefix(_UNDEFINED) or iri
    return standard_terms().get(iri) or standard_terms().get(expand_prefix(iri, PREFIXES), iri)


@attrs.define
class _Survey:
    """What a document is made of.

    Args:
        names: The known names that it uses.
        is_undetermined: Whether it has texts of a language that is not known.
        has_proof: Whether there is an integrity proof anywhere in it.
        has_typed_suite: Whether the name of a proof's cryptosuite has a datatype.
    """

    names: dict[str, _Use] = attrs.field(factory=dict[str, _Use])
    is_undetermined: bool = False
    has_proof: bool = False
    has_typed_suite: bool = False


def _survey(node: JsonObject) -> _Survey:
    """Find out what a document is made of."""
    found = _Survey()
    pending: list[JsonValue] = [node]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending.extend(value)
        if not isinstance(value, dict) or "@value" in value:
            found.is_undetermined |= _is_undetermined(value)
            continue
        for iri in _strings(value.get("@type")):
            _note(found.names, iri, ())
        for iri, values in value.items():
            if iri == _PROOF:
                found.has_proof = True
                found.has_typed_suite |= _CRYPTOSUITE_STRING in repr(values)
            if iri == "@list":
                pending.extend(_several(values))
            elif iri[:1] != "@" and iri != _PROOF:
                _note(found.names, iri, tuple(_flat(values)))
                pending.append(values)
    return found


def _note(found: dict[str, _Use], iri: str, values: tuple[JsonValue, ...]) -> None:
    name = _name_of(iri)
    if name not in standard_iris():
        return
    defined = not iri.startswith(_UNDEFINED)
    for key in _ITEMS if name == "items" else (name,):
        use = found.get(key)
        if use is None:
            use = found[key] = _Use(iri, is_defined=defined)
        elif defined and (not use.is_defined or _comes_before(iri, use.iri, key)):
            use.iri, use.is_defined = iri, True
        use.forms.update(_form(value) for value in values if not _is_node(value))


def _comes_before(iri: str, other: str, name: str) -> bool:
    """Tell which of two addresses has the plain name where one document has both: not the one that stands first."""
    usual = standard_iris()[name]
    return other != usual and (iri == usual or iri < other)


def _form(value: JsonValue) -> str | None:
    """Give the coercion under which a value can be written plainly: "@id", a datatype, None; or what never can."""
    if not isinstance(value, dict):
        return None
    if "@value" not in value:
        return "@id"
    if value.keys() == {"@value"} or _is_undetermined(value):
        return None
    return cast("str", value["@type"]) if value.keys() == {"@value", "@type"} and value["@type"] != "@json" else "@none"


def _is_node(value: JsonValue) -> bool:
    return isinstance(value, dict) and "@value" not in value and value.keys() != {"@id"}


def _flat(values: JsonValue) -> Iterator[JsonValue]:
    """Iterate over values, those of lists included, texts in a language left out."""
    for value in _several(values):
        if isinstance(value, dict) and "@list" in value:
            yield from _several(value["@list"])
        elif not (isinstance(value, dict) and "@language" in value) or _is_undetermined(value):
            yield value


def _several(value: JsonValue) -> list[JsonValue]:
    """Give values as a list, without references to nothing: what looks like a keyword refers to none."""
    return [item for item in (value if isinstance(value, list) else [value]) if item != {"@id": None}]


def _strings(value: JsonValue) -> Iterator[str]:
    return (item for item in _several(value) if isinstance(item, str))


@lru_cache(maxsize=1)
def _usual() -> Mapping[str, Definition]:
    """Give the definitions of the context that we emit."""
    return profile_of(default_context()).definitions


def _context(survey: _Survey) -> JsonValue:
    """Give the context that defines the names, each for the IRI and the kind of values that it is used with."""
    usual = _usual()
    defined = {name: use for name, use in survey.names.items() if use.is_defined}
    context: list[JsonValue] = context_for(defined)
    if survey.has_proof:
        context.insert(1, DATA_INTEGRITY_V2 if survey.has_typed_suite else DATA_INTEGRITY)
    own: JsonObject = {"@language": UNDETERMINED} if survey.is_undetermined else {}
    for name, use in defined.items():
        if name in PROOF_TERMS:
            continue  # protected in a context of their own
        definition = usual.get(name, Definition(None))
        coercion = use.coercion(definition.coercion)
        if (definition.iri, definition.coercion) != (use.iri, coercion):
            own[name] = _defining(use.iri, coercion, definition.container)
    if own:
        context.append(own)
    return context


def _defining(iri: str, coercion: str | None, container: str | None) -> JsonValue:
    written: JsonObject = {"@id": iri}
    if coercion is not None:
        written["@type"] = coercion
    if container is not None:
        written["@container"] = container
    return written


class _Writer:
    """Writes nodes with plain names."""

    __slots__ = ("is_undetermined", "names", "orders", "suite_coercion")

    def __init__(self, survey: _Survey, orders: Mapping[Pairs, list[str]]) -> None:
        self.is_undetermined = survey.is_undetermined
        self.suite_coercion = _CRYPTOSUITE_STRING if survey.has_typed_suite else None
        self.names = survey.names
        self.orders = orders

    def node(self, node: JsonObject) -> JsonObject:
        written: JsonObject = {}
        if node.get("@id") is not None:
            written["id"] = node["@id"]
        types: list[JsonValue] = [_name_of(iri) for iri in _strings(node.get("@type", []))]
        if types:
            written["type"] = types[0] if len(types) == 1 else types
        for iri, values in node.items():
            if iri == _PROOF:
                _put(written, "proof", _unwrapped([_proof(value, self) for value in _several(values)]))
            elif iri[:1] != "@":
                self.property(written, iri, _several(values))
        return written

    def property(self, written: JsonObject, iri: str, values: list[JsonValue]) -> None:
        name = _name_of(iri)
        use = self.names.get(name)
        if use is not None and use.is_defined and iri != use.iri and not iri.startswith(_UNDEFINED):
            name, use = iri, None  # another address of a name that stands for the first one in this document
        texts = [value for value in values if name in _MAPPED and _is_text_in_language(value)]
        lists = [value for value in values if isinstance(value, dict) and "@list" in value]
        rest = [value for value in values if value not in texts and value not in lists]
        if texts:
            _put(written, name + "Map", self.language_map(cast("list[JsonObject]", texts)))
        if rest or not (texts or lists):
            _put(written, name, _unwrapped([self.value(value, name, use) for value in rest]))
        for value in lists:
            self.put_list(written, name, use, [self.value(item, name, use) for item in _several(value["@list"])])

    def put_list(self, written: JsonObject, name: str, use: _Use | None, items: list[JsonValue]) -> None:
        """Write a list: under a name that is one by definition as it is, else as what it is."""
        if use is not None and name == "items" and "orderedItems" not in written:
            written["orderedItems"] = items
        elif use is not None and _usual().get(name, Definition(None)).container == "@list":
            _put(written, name, items)
        else:
            _put(written, name, {"@list": items})

    def value(self, value: JsonValue, name: str, use: _Use | None) -> JsonValue:
        if not isinstance(value, dict):
            return value
        if _is_node(value):
            return self.node(value)
        coercion = None
        if use is not None and use.is_defined:
            coercion = use.coercion(_usual().get(name, Definition(None)).coercion)
        return self.written(value, coercion)

    def written(self, value: JsonObject, coercion: str | None) -> JsonValue:
        """Write a reference or a literal."""
        return _written(value, coercion, is_undetermined=self.is_undetermined)

    def language_map(self, texts: list[JsonObject]) -> JsonObject:
        """Write texts in languages, in the order in which they came."""
        found: dict[str, list[JsonValue]] = {}
        for text in texts:
            found.setdefault(str(text["@language"]), []).append(text["@value"])
        order = self.orders.get(pairs_of(cast("JsonObject", found)), [])
        tags = sorted(found, key=lambda tag: order.index(tag) if tag in order else len(order))
        return {tag: _unwrapped(found[tag]) for tag in tags}


def _is_text_in_language(value: JsonValue) -> bool:
    return isinstance(value, dict) and value.keys() == {"@value", "@language"} and not _is_undetermined(value)


def _is_undetermined(value: JsonValue) -> bool:
    """Tell whether a value is a text of which only is said that its language is not known."""
    return (
        isinstance(value, dict) and value.get("@language") == UNDETERMINED and value.keys() == {"@value", "@language"}
    )


def _written(value: JsonObject, coercion: str | None, *, is_undetermined: bool) -> JsonValue:
    """Write a reference or a literal, plainly where the coercion makes the same of it again."""
    if "@value" not in value:
        return value["@id"] if coercion == "@id" else {"id": value["@id"]}
    if _form(value) != coercion:
        return value
    text = value["@value"]
    # Under a context that gives texts a language, one without must say so.
    return value if coercion is None and isinstance(text, str) and _is_undetermined(value) != is_undetermined else text


def _unwrapped(values: list[JsonValue]) -> JsonValue:
    return values[0] if len(values) == 1 and not isinstance(values[0], list) else values


def _put(target: JsonObject, name: str, value: JsonValue) -> None:
    if name in target:
        raise ContextRefused("one property has two spellings", property=name)
    target[name] = value


def _proof(value: JsonValue, writer: _Writer) -> JsonValue:
    """Write a proof, which expanded is a graph of its own."""
    graph = _several(value.get("@graph", [])) if isinstance(value, dict) else []
    node = graph[0] if len(graph) == 1 else None
    if not isinstance(node, dict) or list(_strings(node.get("@type"))) != [_DATA_INTEGRITY_PROOF]:
        return writer.node(node) if isinstance(node, dict) else {}
    written: JsonObject = {"type": "DataIntegrityProof"}
    if "@id" in node:
        written["id"] = node["@id"]
    for iri, values in node.items():
        if iri == _PROOF_PURPOSE:
            purposes = [value.get("@id") if isinstance(value, dict) else None for value in _several(values)]
            _put(written, "proofPurpose", _unwrapped([_PURPOSES.get(str(purpose), purpose) for purpose in purposes]))
        elif iri[:1] != "@":
            name, coercion = _PROOF_NAMES.get(iri, (iri, None))
            if iri == _CRYPTOSUITE:
                coercion = writer.suite_coercion
            items = [writer.written(item, coercion) if isinstance(item, dict) else item for item in _several(values)]
            _put(written, name, _unwrapped(items))
    return written
