"""What must hold of a document before a signature over it is relied upon.

A signature over RDF covers statements, not the text that they stand in. The same statements can be written so that
readers of plain names see another activity than the signer made: turned inside out by `@reverse`, spread over `@graph`
or `@included`, with the properties of one node in two places, or with members that RDF does not see at all. So what
goes on is made from what RDF sees, the signature is checked over exactly that, and shapes that read in two ways are
refused.

Nor does RDF know in which order the values of a name stand, how often a value is repeated, or whether a number is
written as one or as a text with a datatype. A stranger may change all that under a valid signature, and of several
values readers take the first. So values go on in an order and a form that follow from the statements alone; only nodes
without an id keep the order in which they stand, as the options of a poll have to. A node that is named in several
places is written out at the first of them, counted from the top, whichever the document has it in.

Invariants: nothing is fetched, and a context that is not at hand is refused; what it may cost is counted before the
processor and the canonization see it; the document is not changed.

Sources: SEC-119 to SEC-125, SEC-133; JLD-06, JLD-09; RDF Dataset Canonicalization 1.0.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final, cast

import attrs

from ..config import Limits
from ..errors import ContextRefused, DocumentError, LimitExceeded
from ..wire.json import JsonObject, JsonValue
from .bending import HIDDEN, check_context
from .canonization import VERIFICATION_BUDGET, canonize_document, canonize_quads
from .compaction import compact_plainly
from .contexts import entries
from .nquads import Quad, iri_term, literal_term
from .processor import expand, to_quads
from .profiles import profile_of
from .slow import weigh
from .statements import RDF, is_iri, quads_of, term_of, usual_literal

_WRAPPED: Final = "urn:fedtext:document"
_PROOF: Final = "https://w3id.org/security#proof"
_SECURITY: Final = "https://w3id.org/security#"
_OBJECT: Final = "https://www.w3.org/ns/activitystreams#object"
_CREATED: Final = "<http://purl.org/dc/terms/created>"
_TYPE: Final = f"<{RDF}type>"
_LINKS: Final = frozenset({"@graph", "@included", "@reverse"})
_JSON: Final = "@json"
_NESTED: Final = (dict, list)
# What JSON-LD has a syntax for; written out it says the same, and plain readers do not see it.
_SYNTAX: Final = frozenset(RDF + name for name in ("type", "first", "rest", "nil", "JSON"))
# The options of a proof, each with the predicate that its context must give it.
_OPTIONS: Final = {
    "type": _TYPE,
    "created": _CREATED,
    "expires": f"<{_SECURITY}expiration>",
    "cryptosuite": f"<{_SECURITY}cryptosuite>",
    "verificationMethod": f"<{_SECURITY}verificationMethod>",
    "proofPurpose": f"<{_SECURITY}proofPurpose>",
}

_XSD: Final = "http://www.w3.org/2001/XMLSchema#"
# The options of a linked-data signature: predicate, and the datatype of its literals or None for an IRI.
_LINKED_DATA_OPTIONS: Final[Mapping[str, tuple[str, str | None]]] = {
    "creator": ("<http://purl.org/dc/terms/creator>", None),
    "created": (_CREATED, f"{_XSD}dateTime"),
    "expires": (f"<{_SECURITY}expiration>", f"{_XSD}dateTime"),
    "nonce": (f"<{_SECURITY}nonce>", f"{_XSD}string"),
    "domain": (f"<{_SECURITY}domain>", f"{_XSD}string"),
}


@attrs.frozen(kw_only=True)
class SignedView:
    """What of a document its RDF says.

    Args:
        canonical: The dataset in canonical form (RDFC-1.0), as N-Quads.
        document: The same with the plain names of ActivityStreams, and nothing else.
    """

    canonical: str = attrs.field(repr=False)
    document: JsonObject = attrs.field(repr=False)


def check_shape(document: JsonObject, limits: Limits) -> None:
    """Refuse a document that has parts which plain readers do not see: `@graph`, `@included`, `@reverse`, `@nest`.

    Names that a context makes stand for them count, too; JSON literals may hold what they like (SEC-121).

    Args:
        document: As parsed, without its signatures.
        limits: `json_depth_max` bounds the nesting.

    Raises:
        ContextRefused: It has, or its context bends a protected name.
        LimitExceeded: Nested deeper.
    """
    depth_max = limits.json_depth_max
    pending: list[tuple[JsonValue, frozenset[str], frozenset[str], int]] = [(document, HIDDEN, frozenset(), 1)]
    while pending:
        value, hidden, literals, depth = pending.pop()
        if depth > depth_max:
            raise LimitExceeded("nested too deep", limit="json_depth_max", value=depth)
        # Most values are text, which is told at a third of what `isinstance` costs.
        if isinstance(value, list):
            for item in value:
                if type(item) is str:
                    continue
                if isinstance(item, _NESTED):
                    pending.append((item, hidden, literals, depth + 1))
        if not isinstance(value, dict):
            continue
        context = value.get("@context")
        if context is not None:
            hidden |= check_context(context)
            literals = (literals - _defined(context) if literals else literals) | _json_terms(context)
        if not hidden.isdisjoint(value):
            seen_by_few = next(name for name in value if name in hidden)
            raise ContextRefused("a signed document has parts that not everybody sees", member=seen_by_few)
        for name, member in value.items():
            if type(member) is not str and isinstance(member, _NESTED) and name != "@context" and name not in literals:
                pending.append((member, hidden, literals, depth + 1))


def _defined(context: JsonValue) -> frozenset[str]:
    return frozenset(term for entry in entries(context) if isinstance(entry, dict) for term in entry)


def _json_terms(context: JsonValue) -> frozenset[str]:
    """Give the names whose values a context declares to be JSON literals, by its last word on each."""
    last: dict[str, JsonValue] = {}
    for entry in entries(context):
        if isinstance(entry, dict):
            last.update(entry)
    return frozenset(
        [term for term, meaning in last.items() if isinstance(meaning, dict) and meaning.get("@type") == _JSON]
    )


def signed_view(document: JsonObject, limits: Limits) -> SignedView:
    """Give what a signature over the RDF of a document covers.

    Args:
        document: As parsed, without the signature that is to be checked; proofs in it are kept in the canonical form,
            but do not go on.
        limits: `jsonld_nodes_max` and `jsonld_terms_max` bound what it may cost, `json_depth_max` its nesting.

    Returns:
        The canonical form, and the document that goes on.

    Raises:
        ContextRefused: A context is not at hand or bends a protected name; parts that not everybody sees; one node in
            two places; blank nodes with names; a node that refers to the document.
        DocumentError: It breaks the rules of JSON-LD, or has no id.
        LimitExceeded: It would cost too much.
    """
    check_shape(document, limits)
    node = _expanded(document, limits)
    seen = _Seen()
    visible = seen.node(node, is_root=True)
    if visible is None:
        raise DocumentError("the id of the signed document is missing or no IRI")
    if not seen.references.isdisjoint(seen.bodies):
        visible = _settled(visible, seen.bodies)
    compacted = compact_plainly(visible, {})
    canonical = canonize_quads(quads_of(visible), budget=VERIFICATION_BUDGET)
    if seen.has_proof:
        _require_same(node, canonical)
        # Proofs are statements like others, in graphs of their own: the signature covers them, what goes on has none.
        canonical = canonize_document(document, budget=VERIFICATION_BUDGET)
    return SignedView(canonical=canonical, document=compacted)


def signed_options(options: JsonObject, limits: Limits) -> str:
    """Give the canonical form of the options of a proof or signature, each of which it must say (SEC-129).

    Args:
        options: Those of a proof, with a context, without its value.
        limits: See `signed_view`.

    Raises:
        ContextRefused: A context is not at hand, or does not define one of the options; an option that is not known.
        DocumentError: They break the rules of JSON-LD.
        LimitExceeded: They would cost too much.
    """
    _check_known(options, limits)
    quads = to_quads(options, base=None, chars_max=VERIFICATION_BUDGET.chars_max)
    predicates = sorted(quad.predicate for quad in quads)
    wanted = sorted(_OPTIONS.get(name, "") for name in options if name not in ("@context", "id"))
    if predicates != wanted:
        raise ContextRefused("the context does not define each option of the proof, and nothing else")
    return canonize_quads(quads, budget=VERIFICATION_BUDGET)


def canonical_options(options: JsonObject) -> str:
    """Give the canonical form of the options of a linked-data signature.

    They have one shape and one context, so that no processor is needed: `https://w3id.org/identity/v1` gives each of
    them one statement.

    Args:
        options: `creator`, `created`, `expires`, `nonce` and `domain`, those that there are, each a text.

    Raises:
        ContextRefused: Another option, or a creator that is no IRI: it would not be signed.
    """
    quads: list[Quad] = []
    for name, value in options.items():
        predicate, datatype = _LINKED_DATA_OPTIONS.get(name, ("", ""))
        text = value if isinstance(value, str) else ""
        term = iri_term(text) if datatype is None else literal_term(text, datatype=datatype)
        if not predicate or term is None:
            raise ContextRefused("an option of the linked-data signature would not be signed", option=name)
        quads.append(Quad("_:options", predicate, term, ""))
    return canonize_quads(quads, budget=VERIFICATION_BUDGET)


def _check_known(document: JsonObject, limits: Limits) -> None:
    if not profile_of(document.get("@context")).is_known or not weigh(document, limits):
        raise ContextRefused("a context of the signed document is not at hand")


def _expanded(document: JsonObject, limits: Limits) -> JsonObject:
    _check_known(document, limits)
    # As the value of a name, so that a graph at the top stays one, and is seen.
    expanded = cast("list[JsonObject]", expand({_WRAPPED: cast("JsonValue", document)}, base=None))
    nodes = expanded[0].get(_WRAPPED) if expanded else None
    node = nodes[0] if isinstance(nodes, list) and len(nodes) == 1 else None
    if not isinstance(node, dict):
        raise DocumentError("the signed document is not one node")
    return node


def _require_same(node: JsonObject, visible: str) -> None:
    """Make sure that what goes on says what was signed, where the two were not made from one another."""
    unproved: JsonObject = {name: member for name, member in node.items() if name != _PROOF}
    if canonize_document(unproved, budget=VERIFICATION_BUDGET) != visible:
        raise ContextRefused("the signed document reads otherwise than it is written")


class _Seen:
    """One pass over an expanded document that keeps what RDF says of it, and refuses what can be read in two ways."""

    __slots__ = ("bodies", "has_proof", "references", "root")

    def __init__(self) -> None:
        self.has_proof = False
        self.root = ""
        self.bodies: JsonObject = {}
        self.references: set[str] = set()

    def node(self, node: JsonObject, *, is_root: bool = False) -> JsonObject | None:
        """Give what RDF sees of a node; None when that is nothing."""
        if not _LINKS.isdisjoint(node):
            raise ContextRefused("a signed document has parts that not everybody sees")
        found: JsonObject = {}
        if "@id" in node or is_root:
            identified = node.get("@id")
            if not isinstance(identified, str) or iri_term(identified) is None:
                self._refuse_blank(identified)
                return None
            self._check_id(identified, is_root=is_root)
            found["@id"] = identified
        types = sorted({kind for kind in cast("list[str]", node.get("@type", [])) if is_iri(kind)})
        if types:
            found["@type"] = cast("list[JsonValue]", types)
        for name, values in node.items():
            if name == _PROOF:
                if not is_root:
                    raise ContextRefused("a proof inside of a signed document")
                self.has_proof = True
            elif name[:1] != "@" and iri_term(name) is not None:
                _refuse_syntax(name)
                kept = _as_set(self.values(values))
                if kept:
                    found[name] = cast("list[JsonValue]", kept)
        self._check_once(found)
        return found

    def values(self, values: JsonValue) -> list[JsonObject]:
        """Give what RDF sees of the values of one name."""
        found = (self.value(value) for value in (values if isinstance(values, list) else [values]))
        return [value for value in found if value is not None]

    def value(self, value: JsonValue) -> JsonObject | None:
        """Give what RDF sees of a value; None when that is nothing."""
        if not isinstance(value, dict):
            return None
        if "@list" in value:
            return {"@list": cast("list[JsonValue]", self.values(value["@list"]))}
        return _literal(value) if "@value" in value else self.node(value)

    def _check_id(self, identified: str, *, is_root: bool) -> None:
        _refuse_syntax(identified)
        if is_root:
            self.root = identified
        elif identified == self.root:
            raise ContextRefused("a signed document refers to itself", id=identified)

    def _refuse_blank(self, identified: JsonValue) -> None:
        if isinstance(identified, str) and identified.startswith("_:"):
            raise ContextRefused("a node of a signed document has a blank name")

    def _check_once(self, node: JsonObject) -> None:
        identified = node.get("@id")
        if not isinstance(identified, str):
            return
        if len(node) == 1:
            self.references.add(identified)
        elif identified in self.bodies:
            raise ContextRefused("a node of a signed document stands in two places", id=identified)
        else:
            self.bodies[identified] = node


def _settled(root: JsonObject, bodies: JsonObject) -> JsonObject:
    """Write each node out at the first place that names it, and name it elsewhere.

    A stranger may write it out at any of these places. First is what is the fewest steps from the top; of those in one
    node, `object`, where an activity has what it is about; then the names and the values in their order.
    """
    left = dict(bodies)
    top: JsonObject = {}
    pending: deque[tuple[JsonObject, JsonObject]] = deque([(root, top)])

    def placed(value: JsonObject) -> JsonObject:
        if "@value" in value:
            return value
        if "@list" in value:
            return {"@list": [placed(item) for item in cast("list[JsonObject]", value["@list"])]}
        body = left.pop(str(value["@id"]), None) if "@id" in value else value
        if body is None:
            return {"@id": value["@id"]}
        written: JsonObject = {}
        pending.append((cast("JsonObject", body), written))
        return written

    while pending:
        node, written = pending.popleft()
        for name in sorted(node, key=lambda name: (name != _OBJECT, name)):
            members = cast("list[JsonObject]", node[name])
            written[name] = node[name] if name[:1] == "@" else [placed(member) for member in members]
    return top


def _refuse_syntax(iri: str) -> None:
    if iri in _SYNTAX:
        raise ContextRefused("a signed document writes out what JSON-LD has a syntax for", iri=iri)


def _literal(value: JsonObject) -> JsonObject | None:
    """Give what RDF sees of a literal: its text and its language or datatype; no index, no direction."""
    datatype = value.get("@type")
    if isinstance(datatype, str):
        _refuse_syntax(datatype)
        if datatype != _JSON and iri_term(datatype) is None:
            return None
    return usual_literal(value) if term_of(value) is not None else None


def _as_set(values: list[JsonObject]) -> list[JsonObject]:
    """Give each value once, in an order that follows from the values; what has no id and no text keeps its place."""
    if len(values) < 2:
        return values
    known: dict[tuple[str, str], JsonObject] = {}
    others: list[JsonObject] = []
    for value in values:
        key = _key(value)
        if key is None:
            others.append(value)
        else:
            known.setdefault(key, value)  # of a node and a reference to it either will do: see `_settled`
    return [*(known[key] for key in sorted(known)), *others]


def _key(value: JsonObject) -> tuple[str, str] | None:
    """Give what a value is known by among those of its name: language and term; None for what has no id."""
    if "@value" in value:
        return str(value.get("@language", "")), str(term_of(value))
    if value.get("@list") == []:
        return "", f"<{RDF}nil>"
    return ("", f"<{value['@id']}>") if "@id" in value else None
