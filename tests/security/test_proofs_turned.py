"""Signed documents written anew with the very statements that were signed, under both signatures over RDF.

The rewriting is the attacker's whole work: no key is needed, since the signature still holds. Each row is shown to keep
the statements before it is tried, so that what refuses it is not the cryptography. It is refused, or what goes on is
what would have gone on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from tests.proofs import ALICE, AS2, ED25519, INTEGRITY, METHOD, OTHER, proved_by_hand, signed, verified
from tests.proofs import verified_signature as by_hand_verified

from fedtext.errors import (
    ContextRefused,
    CryptosuiteUnknown,
    FedtextError,
    KeyOwnerMismatch,
    ProofMalformed,
    ProofMismatch,
)
from fedtext.jsonld import canonize_document
from fedtext.wire.multibase import encode

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XSD = "http://www.w3.org/2001/XMLSchema#"
BOB = "https://b.example.com/users/bob"
CAROL = "https://a.example.com/users/carol"
PUBLIC = f"{AS2}#Public"
PAGE = "https://a.example.com/pages/1"
NOTE: dict[str, Any] = {
    "id": "https://a.example.com/notes/1",
    "type": "Question",
    "attributedTo": ALICE,
    "content": "which?",
    "contentMap": {"de": "welche?", "en": "which one?"},
    "oneOf": [{"type": "Note", "name": "red"}, {"type": "Note", "name": "blue"}],
}
DOCUMENT: dict[str, Any] = {
    "@context": [AS2, INTEGRITY],
    "id": "https://a.example.com/activities/3",
    "type": "Create",
    "actor": ALICE,
    "published": "2026-01-01T00:00:00Z",
    "to": [BOB, CAROL, PUBLIC],
    "object": NOTE,
    "result": {"id": PAGE, "type": "OrderedCollection", "totalItems": 2, "orderedItems": [CAROL, BOB]},
    "altitude": 1.5,
}
OPTIONS: dict[str, Any] = {
    "type": "DataIntegrityProof",
    "cryptosuite": "eddsa-rdfc-2022",
    "verificationMethod": METHOD,
    "proofPurpose": "assertionMethod",
    "created": "2026-01-01T00:00:00Z",
}


def rdf_proof(document: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Make a proof of the suite that the library only verifies; None takes an option away."""
    given = {name: value for name, value in {**OPTIONS, **options}.items() if value is not None}
    texts = (canonize_document({"@context": document["@context"], **given}), canonize_document(document))
    value = ED25519.sign(b"".join(hashlib.sha256(text.encode()).digest() for text in texts))
    return {**given, "proofValue": encode(value)}


PROOF = rdf_proof(DOCUMENT)
SIGNATURE = signed(DOCUMENT)["signature"]
# How the signature of the honest document, made once, is put on another one and believed or not.
Reading = Callable[[dict[str, Any]], dict[str, Any]]
READINGS: dict[str, Reading] = {
    "proof": lambda document: verified({**document, "proof": PROOF}).document,
    "signature": lambda document: by_hand_verified({**document, "signature": SIGNATURE}).document,
}


@pytest.fixture(params=READINGS)
def read(request: pytest.FixtureRequest) -> Reading:
    return READINGS[request.param]


def context(*more: Any) -> list[Any]:
    return [AS2, INTEGRITY, *more]


def without(document: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


def changed(**members: Any) -> dict[str, Any]:
    return {**DOCUMENT, **members}


def of_note(**members: Any) -> dict[str, Any]:
    return changed(object={**NOTE, **members})


def literal(text: Any, name: str) -> dict[str, Any]:
    return {"@value": text, "@type": XSD + name}


# ---- what goes on is the same ----------------------------------------------------------------------------------------

PAGE_OF: dict[str, Any] = DOCUMENT["result"]
RESPELLED: dict[str, dict[str, Any]] = {
    "SEC-123 order of addressees": changed(to=[PUBLIC, CAROL, BOB]),
    "SEC-123 addressees again": changed(to=[BOB, CAROL, BOB, PUBLIC, CAROL]),
    "SEC-123 addressees as objects": changed(to=[{"id": CAROL}, {"@id": BOB}, PUBLIC]),
    "SEC-123 the public in short": changed(to=["as:Public", BOB, CAROL]),
    "SEC-123 a set": changed(to={"@set": [{"@id": CAROL}, BOB, PUBLIC]}),
    "SEC-123 members in another order": dict(reversed(DOCUMENT.items())),
    "SEC-123 the name twice": changed(**{"to": [BOB, PUBLIC], f"{AS2}#to": {"@id": CAROL}}),
    "SEC-123 keywords": {**without(DOCUMENT, "id", "type"), "@id": DOCUMENT["id"], "@type": "Create"},
    "SEC-123 full names": {
        **without(DOCUMENT, "to", "type"),
        "type": f"{AS2}#Create",
        "as:to": [{"id": BOB}, {"id": CAROL}, {"id": PUBLIC}],
    },
    "SEC-123 a type again": changed(type=["Create", f"{AS2}#Create"]),
    "SEC-123 a reference beside the node": changed(object=[NOTE["id"], NOTE]),
    "SEC-123 a number with its type": changed(result={**PAGE_OF, "totalItems": literal("2", "nonNegativeInteger")}),
    "SEC-123 a number as a text": changed(result={**PAGE_OF, "totalItems": "2"}),
    "SEC-123 a number as a double": changed(altitude=literal("1.5E0", "float")),
    "SEC-123 a text as an object": of_note(content={"@value": "which?"}),
    "SEC-123 a text with its type": of_note(content=literal("which?", "string")),
    "SEC-123 a text again": of_note(content=["which?", "which?"]),
    "SEC-123 languages in another order": of_note(contentMap=dict(reversed(NOTE["contentMap"].items()))),
    "SEC-123 languages by objects": {
        **DOCUMENT,
        "object": {
            **without(NOTE, "contentMap"),
            "content": [
                {"@value": "which one?", "@language": "en"},
                "which?",
                {"@value": "welche?", "@language": "DE"},
            ],
        },
    },
    "SEC-123 a time with its type": changed(published=literal("2026-01-01T00:00:00Z", "dateTime")),
    "SEC-123 a list by its keyword": changed(
        result={**without(PAGE_OF, "orderedItems"), "items": {"@list": [CAROL, BOB]}}
    ),
    "SEC-120 a name of text by an alias": {
        **DOCUMENT,
        "@context": context({"words": f"{AS2}#content"}),
        "object": {**without(NOTE, "content"), "words": "which?"},
    },
    "SEC-120 an alias of a prefix": {
        **without(DOCUMENT, "to"),
        "@context": context({"streams": f"{AS2}#"}),
        "streams:to": [{"id": CAROL}, {"id": BOB}, {"id": PUBLIC}],
    },
    "SEC-119 the same contexts again": changed(**{"@context": [AS2, AS2, INTEGRITY]}),
    "SEC-123 the context at each node": of_note(**{"@context": AS2}),
    "SEC-123 what RDF does not see": changed(unknown=["x"], url="relative", **{"_:b": "x", "@index": "i"}),
}


@pytest.mark.parametrize("name", RESPELLED)
def test_sec_123_another_spelling_of_the_statements_reads_the_same(name: str, read: Reading) -> None:
    assert canonize_document(RESPELLED[name]) == canonize_document(DOCUMENT)
    assert read(RESPELLED[name]) == read(DOCUMENT)


def test_sec_123_what_goes_on_is_signed_by_the_same_signature(read: Reading) -> None:
    goes_on = read(DOCUMENT)
    assert canonize_document(goes_on) == canonize_document(DOCUMENT)


# ---- it is refused ---------------------------------------------------------------------------------------------------

BARE = without(DOCUMENT, "@context")
POLL = NOTE["oneOf"]
ACTOR_ALIAS = {"performer": {"@id": f"{AS2}#actor", "@type": "@id"}}
MADE: dict[str, Any] = {"@id": f"{AS2}#object", "@type": "@id"}
TURNED: dict[str, dict[str, Any]] = {
    "SEC-121 a graph of one": {"@context": context(), "@graph": [BARE]},
    "SEC-121 a graph by an alias": {"@context": context({"g": "@graph"}), "g": BARE},
    "SEC-121 two in a graph": {"@context": context(), "@graph": [{**BARE, "object": NOTE["id"]}, NOTE]},
    "SEC-121 included": {**DOCUMENT, "object": NOTE["id"], "@included": [NOTE]},
    "SEC-121 included by an alias": {
        **DOCUMENT,
        "@context": context({"beside": "@included"}),
        "object": NOTE["id"],
        "beside": NOTE,
    },
    "SEC-121 included far inside": changed(
        object=NOTE["id"], result={**PAGE_OF, "@included": [{"id": PAGE, "@included": NOTE}]}
    ),
    "SEC-122 turned by a reverse": {
        "@context": context(),
        **NOTE,
        "@reverse": {"object": without(BARE, "object")},
    },
    "SEC-122 turned by a term": {
        "@context": context({"madeBy": {"@reverse": f"{AS2}#object"}}),
        **NOTE,
        "madeBy": without(BARE, "object"),
    },
    "SEC-122 turned by a term of another shape": {
        "@context": context({"up": {"@reverse": f"{AS2}#result", "@type": "@id"}}),
        **DOCUMENT["result"],
        "up": [without(BARE, "result")],
    },
    "SEC-121 nested": {
        **without(DOCUMENT, "to"),
        "@context": context({"n": "@nest"}),
        "n": {"to": DOCUMENT["to"]},
    },
    "SEC-121 nested by the keyword": {**without(DOCUMENT, "to"), "@nest": [{"to": DOCUMENT["to"]}]},
    "SEC-122 a node in two places": changed(object=[without(NOTE, "content"), {"id": NOTE["id"], "content": "which?"}]),
    "SEC-122 a node and its type again": changed(object=[NOTE, {"id": NOTE["id"], "type": "Question"}]),
    "SEC-122 a part of a node far from it": changed(
        object=without(NOTE, "content"), to=[BOB, {"id": NOTE["id"], "content": "which?"}, CAROL, PUBLIC]
    ),
    "SEC-123 blank nodes with names": of_note(oneOf=[{"id": "_:r", **POLL[0]}, {"id": "_:b", **POLL[1]}]),
    "SEC-123 one blank node with a name": of_note(oneOf=[POLL[0], {"@id": "_:c14n0", **POLL[1]}]),
    "SEC-123 a type by its predicate": {**without(DOCUMENT, "type"), f"{RDF}type": {"id": f"{AS2}#Create"}},
    "SEC-123 a type said twice": {**DOCUMENT, f"{RDF}type": {"id": f"{AS2}#Create"}},
    "SEC-123 a list by its parts": changed(
        result={
            **without(PAGE_OF, "orderedItems"),
            "items": {
                f"{RDF}first": {"id": CAROL},
                f"{RDF}rest": {f"{RDF}first": {"id": BOB}, f"{RDF}rest": {"id": f"{RDF}nil"}},
            },
        }
    ),
    "SEC-120 an alias of a name that decides": {
        **without(DOCUMENT, "actor"),
        "@context": context(ACTOR_ALIAS),
        "performer": ALICE,
    },
    "SEC-120 a name that decides, swapped": {
        **without(DOCUMENT, "object", "result"),
        "@context": context({"object": f"{AS2}#result", "result": MADE}),
        "object": PAGE_OF,
        "result": NOTE,
    },
    "SEC-120 another keyword for the id": {
        **without(DOCUMENT, "id"),
        "@context": context({"key": "@id"}),
        "key": DOCUMENT["id"],
    },
    "SEC-120 a vocabulary of its own": {
        **without(DOCUMENT, "to"),
        "@context": context({"actor": None, "as": None, "@vocab": f"{AS2}#"}),
        "actor": {"id": ALICE},
        "to": DOCUMENT["to"],
    },
    "SEC-120 a context of its own for a type": {
        **without(DOCUMENT, "actor"),
        "@context": context({"Create": {"@id": f"{AS2}#Create", "@context": ACTOR_ALIAS}}),
        "performer": ALICE,
    },
    "SEC-120 names by an index": {
        **without(DOCUMENT, "to"),
        "@context": context({"to": {"@id": f"{AS2}#to", "@type": "@id", "@container": "@index"}}),
        "to": {"a": [BOB, CAROL], "b": PUBLIC},
    },
    "SEC-119 a context that nobody has": changed(**{"@context": context("https://ns.example.com/v1")}),
    "SEC-119 a context inside that nobody has": changed(x={"@context": "https://ns.example.com/v1"}),
    "SEC-133 an id that is none": {**without(DOCUMENT, "id"), "@id": "activities/3"},
    "SEC-133 an id by a base": changed(
        **{"@context": context({"@base": "https://a.example.com/"}), "id": "activities/3"}
    ),
    "SEC-122 itself again": changed(instrument={"id": DOCUMENT["id"]}),
    "SEC-122 a proof inside": of_note(proof={"type": "DataIntegrityProof"}),
}
# In these the statements are others, or are not to be had: that is no better.
NOT_THE_SAME = (
    "SEC-119",
    "SEC-133",
    "SEC-122 itself",
    "SEC-122 a proof",
    "SEC-122 a part of a node far",
    "SEC-120 a vocabulary",
)


@pytest.mark.parametrize("name", TURNED)
def test_sec_122_another_shape_of_the_statements_is_refused(name: str, read: Reading) -> None:
    document = TURNED[name]
    if not name.startswith(NOT_THE_SAME):
        assert canonize_document(document) == canonize_document(DOCUMENT)
    with pytest.raises(FedtextError) as caught:
        read(document)
    assert caught.type is not ProofMismatch


# ---- SEC-129: the options of a proof over RDF ------------------------------------------------------------------------

OWN_OPTIONS = {
    "DataIntegrityProof": "https://w3id.org/security#DataIntegrityProof",
    "created": {"@id": "http://purl.org/dc/terms/created", "@type": f"{XSD}dateTime"},
    "cryptosuite": "https://w3id.org/security#cryptosuite",
    "verificationMethod": {"@id": "https://w3id.org/security#verificationMethod", "@type": "@id"},
    "proofPurpose": {"@id": "https://w3id.org/security#proofPurpose", "@type": "@vocab"},
    "assertionMethod": "https://w3id.org/security#assertionMethod",
}


def with_proof(document: dict[str, Any] = DOCUMENT, /, **options: Any) -> dict[str, Any]:
    return {**document, "proof": {**PROOF, **options}}


REFUSED: dict[str, tuple[dict[str, Any], type[FedtextError]]] = {
    "another time": (with_proof(created="2026-01-01T00:00:01Z"), ProofMismatch),
    "the same time in another spelling": (with_proof(created="2026-01-01T00:00:00.000Z"), ProofMismatch),
    "an end that was not signed": (with_proof(expires="2027-01-01T00:00:00Z"), ProofMismatch),
    "a member that the context does not have": (with_proof(note="x"), ContextRefused),
    "a member that is lost": (with_proof(nonce=None), ContextRefused),
    "a graph inside": (with_proof(**{"@graph": []}), ContextRefused),
    "a type in two spellings": (with_proof(**{"@type": "DataIntegrityProof"}), ContextRefused),
    "another context": (with_proof(**{"@context": [AS2, INTEGRITY, {}]}), ProofMalformed),
    "the first of the contexts": (with_proof(**{"@context": AS2}), ProofMalformed),
    "a context that does not know proofs": (with_proof(changed(**{"@context": [AS2]})), ContextRefused),
    "a context that takes an option away": (
        with_proof(changed(**{"@context": [AS2, {**OWN_OPTIONS, "created": None}]})),
        ContextRefused,
    ),
    "a context that gives an option another meaning": (
        with_proof(changed(**{"@context": [AS2, {**OWN_OPTIONS, "created": f"{AS2}#published"}]})),
        ContextRefused,
    ),
    "a context that gives an option another type": (
        with_proof(changed(**{"@context": [AS2, {**OWN_OPTIONS, "created": "http://purl.org/dc/terms/created"}]})),
        ProofMismatch,
    ),
    "a context that turns two options": (
        with_proof(
            changed(
                **{
                    "@context": [
                        AS2,
                        {
                            **OWN_OPTIONS,
                            "cryptosuite": OWN_OPTIONS["verificationMethod"],
                            "verificationMethod": OWN_OPTIONS["cryptosuite"],
                        },
                    ]
                }
            )
        ),
        ContextRefused,
    ),
    "the other suite over the same document": (with_proof(cryptosuite="eddsa-jcs-2022"), ProofMismatch),
    "the suite in another case": (with_proof(cryptosuite="EDDSA-RDFC-2022"), CryptosuiteUnknown),
    "the proof of the JSON as one of the RDF": (
        changed(proof={**proved_by_hand(DOCUMENT)["proof"], "cryptosuite": "eddsa-rdfc-2022"}),  # type: ignore[dict-item]
        ProofMismatch,
    ),
    "one proof in a list": (changed(proof=[PROOF]), ProofMalformed),
    "the proof twice": (changed(proof=[PROOF, PROOF]), ProofMalformed),
    "another key of the same name": (
        changed(proof={**PROOF, "proofValue": encode(OTHER.sign(b"x"))}),
        ProofMismatch,
    ),
    "another spelling of the key": (with_proof(verificationMethod=METHOD.upper()), KeyOwnerMismatch),
    "the document in place of the options": (
        {**OPTIONS, "@context": context(), "id": DOCUMENT["id"], "proof": {**DOCUMENT, "proofValue": "z1"}},
        ProofMalformed,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_sec_129_a_proof_over_rdf_says_all_of_its_options(name: str) -> None:
    document, refusal = REFUSED[name]
    with pytest.raises(refusal):
        verified(document)


@pytest.mark.parametrize(
    "document",
    [
        with_proof(**{"@context": context()}),
        with_proof(changed(**{"@context": [AS2, OWN_OPTIONS]})),
        with_proof(changed(signature={"type": "RsaSignature2017"})),
        changed(proof=dict(reversed(PROOF.items()))),
    ],
)
def test_sec_129_the_same_options_in_another_spelling_say_the_same(document: dict[str, Any]) -> None:
    assert verified(document).document == verified(with_proof()).document


@pytest.mark.parametrize("name", ["type", "cryptosuite", "verificationMethod", "proofPurpose", "created"])
def test_sec_129_each_option_must_be_there_though_what_is_left_was_signed(name: str) -> None:
    with pytest.raises(ProofMalformed):
        verified(changed(proof=rdf_proof(DOCUMENT, **{name: None})))


def test_sec_129_the_end_is_signed() -> None:
    document = changed(proof=rdf_proof(DOCUMENT, expires="2030-01-01T00:00:00Z"))
    assert verified(document).expires_s is not None
    for other in (None, "2031-01-01T00:00:00Z"):
        proof = without(document["proof"], "expires") | ({"expires": other} if other else {})
        with pytest.raises(ProofMismatch):
            verified({**document, "proof": proof})
