"""Attacks on documents that are signed themselves: the same statements in another shape, or under another context.

Each attack takes a document that somebody honest signed, and rewrites it so that the signature over its RDF may still
hold, while readers of plain names would see something else. It is refused, or what goes on is what was signed.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.proofs import (
    ALICE,
    AS2,
    ED25519,
    INTEGRITY,
    LIKE,
    NOW_S,
    SECURITY,
    proved,
    proved_by_hand,
    signed,
    verified,
    verified_signature,
)

from fedtext.config import Limits
from fedtext.errors import ContextRefused, FedtextError, KeyOwnerMismatch, KeyRefused, LimitExceeded
from fedtext.jsonld import canonize_document, signed_view
from fedtext.keys import VerificationKey, parse_did_key
from fedtext.signatures import VerifiedDocument, check_owner
from fedtext.vocab import Announce, Undo, load

NOTE = "https://b.example.com/notes/1"
ANNOUNCE_ID = "https://a.example.com/activities/7"
UNDO_ID = "https://a.example.com/activities/8"
ANNOUNCE: dict[str, Any] = {"id": ANNOUNCE_ID, "type": "Announce", "actor": ALICE, "object": NOTE}
UNDO: dict[str, Any] = {
    "@context": [AS2, SECURITY],
    "id": UNDO_ID,
    "type": "Undo",
    "actor": ALICE,
    "to": [f"{AS2}#Public"],
    "object": ANNOUNCE,
}
SIGNATURE = signed(UNDO)["signature"]


def read(document: dict[str, Any]) -> Any:
    """Verify under the signature of the Undo and read what goes on; None where it is refused."""
    try:
        return load(verified_signature({**document, "signature": SIGNATURE}).document)
    except FedtextError:
        return None


def context(*more: Any) -> list[Any]:
    return [AS2, SECURITY, *more]


# ---- SEC-122: an Undo of an Announce must not be read as the Announce ------------------------------------------------

OUTER = {name: value for name, value in UNDO.items() if name not in ("@context", "object")}
UPWARDS = {"@reverse": f"{AS2}#object"}
REFERRING = {**OUTER, "object": ANNOUNCE_ID}
TURNED: dict[str, dict[str, Any]] = {
    "v1 reverse": {"@context": context(), **ANNOUNCE, "@reverse": {"object": OUTER}},
    "v2 reverse by a term": {
        "@context": context({"undoneBy": UPWARDS}),
        **ANNOUNCE,
        "undoneBy": OUTER,
    },
    "v3 graph": {"@context": context(), **ANNOUNCE, "@graph": [REFERRING]},
    "v4 graph by an alias": {"@context": context({"g": "@graph"}), **ANNOUNCE, "g": [REFERRING]},
    "v5 graph alone": {"@context": context(), "@graph": [ANNOUNCE, REFERRING]},
    "v6 included": {"@context": context(), **ANNOUNCE, "@included": [REFERRING]},
    "v7 included by an alias": {"@context": context({"i": "@included"}), **ANNOUNCE, "i": [REFERRING]},
    "v8 nest": {
        "@context": context({"n": "@nest"}),
        "id": ANNOUNCE_ID,
        "n": {**ANNOUNCE, "@reverse": {"object": OUTER}},
    },
    "v9 a context of its own for the type": {
        "@context": context({"Announce": {"@id": f"{AS2}#Announce", "@context": {"up": UPWARDS}}}),
        **ANNOUNCE,
        "up": OUTER,
    },
    "v10 a context of its own for the name": {
        "@context": context({"tag": {"@id": f"{AS2}#tag", "@context": {"up": UPWARDS}}}),
        **ANNOUNCE,
        "tag": {"up": OUTER},
    },
    "v11 a back reference": {"@context": context(), **ANNOUNCE, "context": {**OUTER, "object": ANNOUNCE_ID}},
    "imported": {
        "@context": {"@version": 1.1, "@import": AS2, "up": UPWARDS},
        **ANNOUNCE,
        "up": OUTER,
    },
    "swapped names": {
        "@context": context({"object": f"{AS2}#target", "x": f"{AS2}#object"}),
        **OUTER,
        "x": ANNOUNCE,
        "object": NOTE,
    },
    "swapped types": {
        "@context": context({"Announce": f"{AS2}#Undo", "Undo": f"{AS2}#Announce"}),
        **OUTER,
        "object": ANNOUNCE,
    },
    "swapped ids": {
        "@context": context({"id": f"{AS2}#url", "key": "@id"}),
        **OUTER,
        "key": UNDO_ID,
        "object": ANNOUNCE,
    },
    "twice": {"@context": context(), **OUTER, "object": [ANNOUNCE_ID, ANNOUNCE]},
    "in two places": {"@context": context(), **OUTER, "object": ANNOUNCE, "result": ANNOUNCE},
    "in a list of nodes": {"@context": context(), **OUTER, "object": {"@list": [ANNOUNCE]}},
    "by blank names": {"@context": context(), **OUTER, "id": "_:u", "object": {**ANNOUNCE, "id": "_:a"}},
}


def test_the_honest_document_is_an_undo() -> None:
    found = read(UNDO)
    assert isinstance(found, Undo)
    assert isinstance(found.object, Announce)


@pytest.mark.parametrize("name", TURNED)
def test_sec_122_an_undo_never_becomes_what_it_undoes(name: str) -> None:
    found = read(TURNED[name])
    assert found is None or (isinstance(found, Undo) and str(found.id) == UNDO_ID), name


@pytest.mark.parametrize("name", ["v1 reverse", "v3 graph", "v6 included"])
def test_sec_122_some_of_these_have_the_very_statements_that_were_signed(name: str) -> None:
    """So it is the shape that is refused, and not the cryptography."""
    document = TURNED[name]
    hidden = {key: value for key, value in document.items() if key != "@graph"}
    if name != "v3 graph":
        assert canonize_document(document) == canonize_document(UNDO)
    assert hidden


# ---- SEC-119, SEC-120: contexts --------------------------------------------------------------------------------------

UNKNOWN: list[Any] = [
    "https://ns.example.com/v1",
    "http://127.0.0.1/context",
    "file:///etc/passwd",
    "https://www.w3.org/ns/activitystreams/../x",
    {"@import": "https://ns.example.com/v1"},
]


@pytest.mark.parametrize("entry", UNKNOWN, ids=repr)
def test_sec_119_no_signature_over_rdf_counts_under_an_unknown_context(entry: Any) -> None:
    assert read({**UNDO, "@context": [*context(), entry]}) is None
    assert read({**UNDO, "object": {**ANNOUNCE, "@context": entry}}) is None


def test_sec_119_a_thousand_unknown_contexts_cost_no_fetch() -> None:
    with pytest.raises(FedtextError):
        signed_view({**UNDO, "@context": [f"https://ns.example.com/{n}" for n in range(1_000)]}, Limits())


BENT: list[dict[str, Any]] = [
    {"actor": f"{AS2}#attributedTo"},
    {"actor": None},
    {"object": {"@id": f"{AS2}#object", "@type": "@vocab"}, "x": f"{AS2}#object"},
    {"object": {"@id": f"{AS2}#object", "@container": "@index"}},
    {"object": {"@id": f"{AS2}#object", "@container": "@id"}},
    {"object": {"@id": f"{AS2}#object", "@container": "@graph"}},
    {"object": UPWARDS},
    {"object": "@nest"},
    {"id": "https://ns.example.com/id"},
    {"type": "https://ns.example.com/type"},
    {"to": {"@id": f"{AS2}#to", "@container": "@list"}},
    {"to": None},
    {"object": {"@id": f"{AS2}#object", "@context": {"actor": None}}},
    {"Undo": "https://ns.example.com/Undo"},
    {"@vocab": "https://ns.example.com/"},
    {"@base": "https://evil.example.com/"},
    {"@language": "en"},
    {"@propagate": False, "@version": 1.1},
    {"@protected": True, "@version": 1.1, "actor": f"{AS2}#object"},
]


@pytest.mark.parametrize("entry", BENT, ids=repr)
def test_sec_120_a_context_that_bends_names_changes_nothing_of_what_is_read(entry: dict[str, Any]) -> None:
    found = read({**UNDO, "@context": [*context(), entry]})
    honest = read(UNDO)
    assert found is None or (type(found), found.id, found.actor_id, found.object_id, found.to) == (
        type(honest),
        honest.id,
        honest.actor_id,
        honest.object_id,
        honest.to,
    )


@pytest.mark.parametrize("entry", [*BENT, *UNKNOWN], ids=repr)
def test_sec_120_behind_the_signed_context_of_a_proof_it_is_taken_away(entry: Any) -> None:
    document = proved(LIKE)
    try:
        evidence = verified({**document, "@context": [AS2, INTEGRITY, entry]})
    except FedtextError:
        return
    assert evidence.document == LIKE


# ---- SEC-123: what RDF loses -----------------------------------------------------------------------------------------

LOST: list[dict[str, Any]] = [
    {"undefined": "x"},
    {"@context": context({"summary2": None}), "summary2": "x"},
    {"url": "not an iri"},
    {"inReplyTo": "relative"},
    {"attributedTo": "relative"},
    {"summary": {"@value": "x", "@language": "12345678901"}},
    {"_:predicate": "x"},
]


@pytest.mark.parametrize("members", LOST, ids=repr)
def test_sec_123_what_is_not_signed_is_not_seen(members: dict[str, Any]) -> None:
    document = {**UNDO, **members, "signature": SIGNATURE}
    honest = verified_signature({**UNDO, "signature": SIGNATURE})
    assert verified_signature(document).document == honest.document


# ---- the same statements: what follows from them alone ---------------------------------------------------------------

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
CAROL = "https://a.example.com/users/carol"
SEVERAL = {**UNDO, "to": [f"{AS2}#Public", CAROL], "summary": "x", "https://ns.example/n": 5}
SEVERAL_SIGNATURE = signed(SEVERAL)["signature"]


@pytest.mark.parametrize(
    "rewritten",
    [
        {"to": [CAROL, f"{AS2}#Public"]},
        {"to": [CAROL, CAROL, f"{AS2}#Public"]},
        {"to": [{"id": CAROL}, f"{AS2}#Public"]},
        {"summary": {"@value": "x"}},
        {"summary": ["x", "x"]},
        {"https://ns.example/n": {"@value": "5", "@type": "http://www.w3.org/2001/XMLSchema#integer"}},
        {"https://ns.example/n": [5, 5.0]},
        {"type": ["Undo", "Undo"]},
    ],
    ids=repr,
)
def test_sec_123_order_repetition_and_spelling_choose_nothing(rewritten: dict[str, Any]) -> None:
    honest = verified_signature({**SEVERAL, "signature": SEVERAL_SIGNATURE})
    changed = verified_signature({**SEVERAL, **rewritten, "signature": SEVERAL_SIGNATURE})
    assert changed.document == honest.document


@pytest.mark.parametrize(
    "rewritten",
    [
        {f"{RDF}type": {"id": f"{AS2}#Undo"}, "type": []},
        {f"{RDF}type": {"id": f"{AS2}#Undo"}},
        {"object": {"id": f"{RDF}nil"}},
        {"summary": {"@value": '"x"', "@type": f"{RDF}JSON"}},
    ],
    ids=repr,
)
def test_sec_123_what_json_ld_has_a_syntax_for_is_not_written_out(rewritten: dict[str, Any]) -> None:
    with pytest.raises(ContextRefused):
        verified_signature({**SEVERAL, **rewritten, "signature": SEVERAL_SIGNATURE})


# ---- SEC-125: graphs that ask for years ------------------------------------------------------------------------------


def clique(size: int) -> dict[str, Any]:
    """Nodes without names, each of which knows all others as equals."""
    names = [f"_:n{n}" for n in range(size)]
    return {"tag": [{"id": name, "tag": [{"id": other} for other in names if other != name]} for name in names]}


@pytest.mark.parametrize("size", [5, 7, 10])
def test_sec_125_a_clique_is_refused_before_any_work(size: int) -> None:
    assert read({**UNDO, **clique(size)}) is None


@pytest.mark.parametrize("length", [33, 500])
def test_sec_125_nodes_without_names_are_counted(length: int) -> None:
    with pytest.raises(LimitExceeded):
        signed_view({**UNDO, "tag": [{"name": str(n)} for n in range(length)]}, Limits())


# ---- SEC-129, SEC-130: proofs over JSON ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "document",
    [
        {**proved(LIKE), "proof": [proved(LIKE)["proof"]]},
        {**proved(LIKE), "proof": [proved(LIKE)["proof"], proved(LIKE)["proof"]]},
        {**proved(LIKE), "proof": proved({**LIKE, "x": 1})["proof"]},
        proved_by_hand({**LIKE, "signature": {"type": "RsaSignature2017"}}),
        proved_by_hand(LIKE, **{"@context": [AS2, INTEGRITY, {"actor": f"{AS2}#object"}]}),
        proved_by_hand(LIKE, proofPurpose="authentication"),
        proved_by_hand(LIKE, type="DataIntegrityProof2"),
        proved_by_hand(LIKE, cryptosuite="eddsa-jcs-2023"),
        proved_by_hand(LIKE, created="2026-01-01T00:00:00+02:00"),
        proved_by_hand(LIKE, verificationMethod=None),
    ],
)
def test_sec_129_proofs_that_are_right_in_their_bytes_only(document: dict[str, Any]) -> None:
    with pytest.raises(FedtextError):
        verified(document)


def test_sec_129_the_controller_is_the_actor() -> None:
    evidence = verified(proved_by_hand({**LIKE, "actor": "https://a.example.com/users/bob"}))
    with pytest.raises(KeyOwnerMismatch):
        check_owner(evidence)


@pytest.mark.parametrize(
    ("signed_value", "sent_value", "same"),
    [
        (1.0, 1, True),
        (0.0, -0.0, True),
        (1e21, 10**21, False),
        (1e-7, 0.0000001, True),
        (1, "1", False),
        (1, True, False),
    ],
)
def test_sec_130_one_number_has_one_form(signed_value: Any, sent_value: Any, same: bool) -> None:
    document = proved({**LIKE, "x": signed_value})
    try:
        verified({**document, "x": sent_value})
        accepted = True
    except FedtextError:
        accepted = False
    assert accepted is same


def test_sec_130_equal_looking_texts_are_different_ones() -> None:
    document = proved({**LIKE, "x": "\u00e9"})
    with pytest.raises(FedtextError):
        verified({**document, "x": "e\u0301"})


# ---- SEC-132: ids that are keys --------------------------------------------------------------------------------------

DID = "did:key:z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd"


@pytest.mark.parametrize(
    "spelling", [DID.upper(), DID.replace(":", "%3A"), DID.lower(), f"{DID}?gateways=http://127.0.0.1", f"{DID}/x"]
)
def test_sec_132_another_spelling_of_a_did_is_another_one(spelling: str) -> None:
    with pytest.raises(KeyRefused):
        parse_did_key(spelling)
    key = VerificationKey(DID, DID, ED25519.public)
    document = {"id": f"{spelling.partition('?')[0]}/statement", "subject": DID}
    evidence = VerifiedDocument(document=document, key=key, suites=("x",), created_s=NOW_S, expires_s=None)
    if spelling.startswith(DID):
        assert check_owner(evidence) == DID
    else:
        with pytest.raises(FedtextError):
            check_owner(evidence)
