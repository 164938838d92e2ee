"""Signed documents that are generated, and rewritten at random so that their RDF stays: what goes on stays too.

A rewriting is made of small ones that need no key: another order, another spelling, another place, a name for a node
that has none, a member that turns the document inside out. None of them may make readers see another document: what
goes on is the same, or the whole is refused. Only nodes without an id keep the order in which they stand, so their
order is left as it is here.
"""

from __future__ import annotations

import hashlib
import json
from random import Random
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from tests.proofs import ALICE, AS2, ED25519, INTEGRITY, METHOD, verified

from fedtext.config import Limits
from fedtext.errors import FedtextError, ProofMismatch
from fedtext.jsonld import canonize_document, signed_view
from fedtext.wire.multibase import encode

LIMITS = Limits()
XSD = "http://www.w3.org/2001/XMLSchema#"
AS = f"{AS2}#"
OTHER_AS = "http://www.w3.org/ns/activitystreams#"
NS = "https://ns.example/"
ID = "https://a.example.com/activities/9"
IDS = [f"https://a.example.com/things/{number}" for number in range(2)]

# ---- documents, as JSON-LD expands them ------------------------------------------------------------------------------

REFERENCES = ("actor", "object", "target", "to", "instrument", "tag", "attributedTo")
TEXTS = ("content", "summary", "name")
TEXT = st.sampled_from(["", "a", "b", "\u00e4", 'x"y'])
LITERAL = st.one_of(
    st.builds(lambda value: {"@value": value}, TEXT),
    st.builds(lambda value, tag: {"@value": value, "@language": tag}, TEXT, st.sampled_from(["de", "en", "und"])),
    st.builds(lambda value: {"@value": value}, st.sampled_from([True, False, 0, 7, -3, 1.5, 1e300])),
    st.builds(
        lambda value: {"@value": value, "@type": f"{XSD}dateTime"}, st.sampled_from(["2026-01-01T00:00:00Z", "x"])
    ),
)
REFERENCE = st.builds(lambda iri: {"@id": iri}, st.sampled_from([*IDS, *IDS, ALICE, f"{AS}Public"]))
PROPERTY = st.sampled_from(
    [*(AS + name for name in REFERENCES + TEXTS), f"{NS}p", f"{OTHER_AS}actor", f"{OTHER_AS}name", "schema:value"]
)


def node_of(iri: str | None, kinds: list[str], members: dict[str, Any]) -> dict[str, Any]:
    named = {} if iri is None else {"@id": iri}
    return {**named, **({"@type": kinds} if kinds else {}), **members}


KINDS = st.lists(st.sampled_from([f"{AS}Note", f"{AS}Person", f"{NS}T"]), max_size=2, unique=True)


def values_of(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """Values of one name: some, or a list alone; most names cannot have both."""
    some = st.lists(inner, min_size=1, max_size=3)
    lists = st.lists(inner, max_size=2).map(lambda items: [{"@list": items}])
    return some | some | lists | st.just([{"@list": []}])


def members_of(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(PROPERTY, values_of(inner), max_size=4)


VALUE: st.SearchStrategy[Any] = st.recursive(
    LITERAL | REFERENCE,
    lambda inner: st.builds(node_of, st.none() | st.sampled_from(IDS), KINDS, members_of(inner)),
    max_leaves=6,
)


def said_once(value: Any, met: set[str]) -> Any:
    """Leave of each node with an id the first place, and references elsewhere."""
    if isinstance(value, list):
        return [said_once(item, met) for item in value]
    if not isinstance(value, dict):
        return value
    if "@id" in value and len(value) > 1:
        if value["@id"] in met:
            return {"@id": value["@id"]}
        met.add(value["@id"])
    return {name: said_once(member, met) for name, member in value.items()}


DOCUMENTS = st.builds(
    lambda members: said_once(
        {"@id": ID, "@type": [f"{AS}Create"], f"{AS}actor": [{"@id": ALICE}], **members}, set[str]()
    ),
    members_of(VALUE),
)
RANDOM = st.builds(Random, st.integers(0, 2**32 - 1))


def written(document: dict[str, Any]) -> dict[str, Any]:
    """Give an expanded document a context, and no plain name: every value says itself what it is."""
    return {"@context": [AS2, INTEGRITY], **document}


# ---- rewriting -------------------------------------------------------------------------------------------------------

SPELLINGS: dict[str, list[Any]] = {
    "true": [True, {"@value": "true", "@type": f"{XSD}boolean"}],
    "false": [{"@value": False}, {"@value": "false", "@type": f"{XSD}boolean"}],
    "0": [0, 0.0, {"@value": "0", "@type": f"{XSD}integer"}],
    "7": [7, 7.0, {"@value": 7, "@type": f"{XSD}integer"}, {"@value": "7", "@type": f"{XSD}integer"}],
    "-3": [-3, {"@value": "-3", "@type": f"{XSD}integer"}],
    "1.5": [1.5, {"@value": "1.50", "@type": f"{XSD}double"}, {"@value": "1.5E0", "@type": f"{XSD}double"}],
    "1e+300": [1e300, {"@value": "1.0E300", "@type": f"{XSD}double"}],
}


class Rewriting:
    """Writes an expanded document in one of the ways that say the same, as chance has it."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.context: dict[str, Any] = {}
        self.blank_count = 0
        self.has_blank_names = chance.random() < 0.1
        self.has_aliases = chance.random() < 0.1
        self.twist = chance.choice([None, "moved", "moved", "moved", "graph", "included", "reverse", "split"])

    def whole(self, document: dict[str, Any]) -> dict[str, Any]:
        found = self.moved(document) if self.twist == "moved" else document
        found = self.node(found)
        turned = getattr(self, self.twist)(found) if self.twist in ("graph", "included", "reverse", "split") else found
        context: list[Any] = [AS2, INTEGRITY, *([self.context] if self.context else [])]
        return {"@context": context, **turned}

    def node(self, node: dict[str, Any]) -> dict[str, Any]:
        members: list[tuple[str, Any]] = []
        if "@id" in node:
            members.append((self.chance.choice(["id", "@id"]), node["@id"]))
        elif self.has_blank_names:
            self.blank_count += 1
            members.append(("id", f"_:x{self.blank_count}"))
        if "@type" in node:
            kinds = self.shuffled(node["@type"] * self.chance.choice([1, 1, 2]))
            members.append((self.chance.choice(["type", "@type"]), [self.spelled(kind) for kind in kinds]))
        for name, values in node.items():
            if name[:1] != "@":
                members.append((self.spelled(name), [self.value(value) for value in self.several(values)]))
        if self.chance.random() < 0.2:
            members.append((self.chance.choice(["unheardOf", "_:b", "@index"]), "x"))
        return dict(self.shuffled(members))

    def shuffled(self, items: list[Any]) -> list[Any]:
        return self.chance.sample(items, len(items))

    def several(self, values: list[Any]) -> list[Any]:
        """Repeat and shuffle values; those without a name stay in their order, and are repeated by nobody."""
        named = [value for value in values if is_named(value)]
        others = iter([value for value in values if not is_named(value)])
        again = [{"@id": value["@id"]} if "@id" in value else value for value in named if self.chance.random() < 0.4]
        marked = self.shuffled([*named, *again, *[None for value in values if not is_named(value)]])
        return [next(others) if value is None else value for value in marked]

    def spelled(self, iri: str) -> str:
        """Write a name in full, in short, or by a name of our own."""
        choices = [iri]
        if iri.startswith(AS):
            choices.append(f"as:{iri.removeprefix(AS)}")
            if self.has_aliases and (iri.removeprefix(AS) in TEXTS or self.chance.random() < 0.1):
                alias = f"alias{self.chance.randrange(3)}"
                if self.context.setdefault(alias, iri) == iri:
                    choices = [alias]
        elif iri.startswith(NS):
            self.context.setdefault("ns", NS)
            choices.append(f"ns:{iri.removeprefix(NS)}")
        return self.chance.choice(choices)

    def value(self, value: dict[str, Any]) -> Any:
        if "@list" in value:
            return {"@list": [self.value(item) for item in value["@list"]]}
        if "@value" not in value:
            return self.node(value)
        if "@language" in value:
            return {**value, "@language": self.chance.choice([str.upper, str.lower])(value["@language"])}
        literal = value["@value"]
        if isinstance(literal, str):
            plain: list[Any] = [value] if "@type" in value else [value, literal, {**value, "@type": f"{XSD}string"}]
            return self.chance.choice(plain)
        return self.chance.choice(SPELLINGS[json.dumps(literal)])

    # -- turned inside out

    def graph(self, document: dict[str, Any]) -> dict[str, Any]:
        return {self.alias("@graph"): [document]}

    def included(self, document: dict[str, Any]) -> dict[str, Any]:
        """Take what is in the document out of it and put it beside it."""
        beside: list[Any] = []
        left = {name: outside(value, beside) for name, value in document.items()}
        return {**left, self.alias("@included"): beside} if beside else document

    def reverse(self, document: dict[str, Any]) -> dict[str, Any]:
        """Make a node in the document its top."""
        for name, place, value in self.inner(document):
            values = document[name]
            left = {**document, name: [*values[:place], *values[place + 1 :]]}
            return {**value, "@reverse": {self.in_full(name): [left]}}
        return document

    def split(self, document: dict[str, Any]) -> dict[str, Any]:
        """Say what a node in the document says in two pieces, side by side."""
        for name, place, value in self.inner(document):
            values, said = document[name], [member for member in value if member not in ("id", "@id")]
            cut = self.chance.randrange(len(said) + 1)
            iri = value.get("id", value.get("@id"))
            pieces = [{"id": iri, **{member: value[member] for member in part}} for part in (said[:cut], said[cut:])]
            return {**document, name: [*values[:place], *pieces, *values[place + 1 :]]}
        return document

    def inner(self, document: dict[str, Any]) -> list[tuple[str, int, dict[str, Any]]]:
        """Give the nodes with ids in a document: name, place, node."""
        found = [
            (name, place, value)
            for name, values in document.items()
            for place, value in enumerate(values if isinstance(values, list) else [])
            if isinstance(value, dict) and len(value) > 1 and ("id" in value or "@id" in value)
        ]
        return self.shuffled(found)

    def in_full(self, name: str) -> str:
        iri = self.context.get(name, name)
        prefix, _, rest = iri.partition(":")
        return {"as": AS, "ns": NS}[prefix] + rest if prefix in ("as", "ns") else iri

    def alias(self, keyword: str) -> str:
        if self.chance.random() < 0.5:
            return keyword
        self.context["twist"] = keyword
        return "twist"

    def moved(self, document: dict[str, Any]) -> dict[str, Any]:
        """Write nodes out at another of the places where they are named."""
        bodies: dict[str, dict[str, Any]] = {}
        bare = emptied(document, bodies)
        bodies.pop(ID)
        return self.filled(bare, bodies)

    def filled(self, value: Any, bodies: dict[str, dict[str, Any]]) -> Any:
        if isinstance(value, list):
            order = self.shuffled(list(range(len(value))))
            found = {place: self.filled(value[place], bodies) for place in order}
            return [found[place] for place in range(len(value))]
        if not isinstance(value, dict):
            return value
        body = bodies.pop(value["@id"], value) if value.keys() == {"@id"} else value
        return {name: self.filled(member, bodies) for name, member in self.shuffled(list(body.items()))}


def is_named(value: dict[str, Any]) -> bool:
    """Tell whether RDF knows a value by itself, and not by its place only."""
    return "@id" in value or "@value" in value or value.get("@list") == []


def outside(value: Any, beside: list[Any]) -> Any:
    if isinstance(value, list):
        return [outside(item, beside) for item in value]
    if isinstance(value, dict) and len(value) > 1 and ("id" in value or "@id" in value):
        beside.append(value)
        return {"id": value.get("id", value.get("@id"))}
    return value


def emptied(value: Any, bodies: dict[str, dict[str, Any]]) -> Any:
    """Take all nodes with names out of a document; the top stays where it is."""
    if isinstance(value, list):
        return [emptied(item, bodies) for item in value]
    if not isinstance(value, dict):
        return value
    found = {name: emptied(member, bodies) for name, member in value.items()}
    if "@id" not in value or len(value) == 1:
        return found
    bodies[value["@id"]] = found
    return found if value["@id"] == ID else {"@id": value["@id"]}


def what_is_read(document: Any) -> Any:
    """Give a document so that equal ones read alike: members in any order, but languages and values in theirs."""
    if isinstance(document, list):
        return [what_is_read(item) for item in document]
    if not isinstance(document, dict):
        return json.dumps(document)
    return {
        name: list(member.items()) if name.endswith("Map") else what_is_read(member)
        for name, member in document.items()
    }


@given(document=DOCUMENTS, chance=RANDOM)
def test_sec_123_what_goes_on_follows_from_the_statements(document: dict[str, Any], chance: Random) -> None:
    try:
        honest = signed_view(written(document), LIMITS)
    except FedtextError:
        assume(False)
    other = Rewriting(chance).whole(document)
    try:
        found = signed_view(other, LIMITS)
    except FedtextError:
        return
    assert found.canonical == honest.canonical
    assert what_is_read(found.document) == what_is_read(honest.document)


@given(document=DOCUMENTS, chance=RANDOM)
def test_a_rewriting_keeps_the_statements(document: dict[str, Any], chance: Random) -> None:
    """The generator tells the truth: what is refused is refused for its shape."""
    try:
        same = canonize_document(written(document))
        found = canonize_document(Rewriting(chance).whole(document))
    except FedtextError:
        assume(False)
    assert found == same


def rdf_proved(document: dict[str, Any]) -> dict[str, Any]:
    """Make a proof over the RDF of a document, as a signer with another processor would."""
    options = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-rdfc-2022",
        "verificationMethod": METHOD,
        "proofPurpose": "assertionMethod",
        "created": "2026-01-01T00:00:00Z",
    }
    texts = (canonize_document({"@context": [AS2, INTEGRITY], **options}), canonize_document(document))
    value = ED25519.sign(b"".join(hashlib.sha256(text.encode()).digest() for text in texts))
    return {**options, "proofValue": encode(value)}


@given(document=DOCUMENTS, chance=RANDOM)
def test_sec_129_a_proof_over_generated_rdf_holds_for_all_spellings(document: dict[str, Any], chance: Random) -> None:
    try:
        honest = signed_view(written(document), LIMITS)
        proof = rdf_proved(written(document))
    except FedtextError:
        assume(False)
    assert verified({**written(document), "proof": proof}).document == honest.document
    other = Rewriting(chance).whole(document)
    try:
        evidence = verified({**other, "proof": proof})
    except ProofMismatch:
        raise
    except FedtextError:
        return
    assert what_is_read(evidence.document) == what_is_read(honest.document)


@given(document=DOCUMENTS)
def test_sec_129_one_statement_more_is_refused(document: dict[str, Any]) -> None:
    try:
        proof = rdf_proved(written(document))
        signed_view(written(document), LIMITS)
    except FedtextError:
        assume(False)
    try:
        verified({**written({**document, f"{NS}added": [{"@value": "x"}]}), "proof": proof})
    except ProofMismatch:
        return
    raise AssertionError("a statement that nobody signed was believed")
