"""Targets that read documents: what a peer says of its objects, its handles, its server and its keys."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fedtext.config import Limits
from fedtext.discovery import host_meta, nodeinfo, webfinger
from fedtext.discovery.answering import canonical_resource, parse_question, select_links
from fedtext.errors import FedtextError
from fedtext.jsonld import Road, normalize_by
from fedtext.jsonld.profiles import profile_of
from fedtext.jsonld.slow import read_slowly
from fedtext.keys import (
    PrivateKey,
    PublicKey,
    VerificationKey,
    build_did_key,
    build_jwk,
    build_multikey,
    generate_rsa,
    key_material,
    load_public_pem,
    parse_did_key,
    parse_jwk,
    parse_multikey,
)
from fedtext.signatures import data_integrity, linked_data, parse_proofs
from fedtext.vocab import dump, load
from fedtext.vocab.model import Model
from fedtext.wire import multibase
from fedtext.wire.json import parse_object, parse_value
from fedtext.wire.media_types import JRD_JSON

from .target import holds, made, same, text_of, tried

NOW_S = 1_790_000_000.0
ALICE = "https://a.example/users/alice"
METHOD, CREATOR = f"{ALICE}#ed25519-key", f"{ALICE}#main-key"
ED25519 = PrivateKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
"""Always the same, so that what a corpus holds stays what it was; it is the key of nobody."""

# ---- ActivityStreams -------------------------------------------------------------------------------------------------


def read_document(data: bytes) -> dict[str, Any]:
    """Read a document as the inbox does, and every property of its model."""
    document = parse_object(data)
    before = copy.deepcopy(document)
    normalized, road = normalize_by(document)
    model = load(normalized)
    return {"document": document, "before": before, "road": road, "model": model, "said": said_by(model)}


def said_by(value: Any) -> Any:
    """Give all that a model says through its properties; one that cannot be read says why."""
    if isinstance(value, Model):
        said: dict[str, Any] = {"class": type(value).__name__, "type": value.type_name, "problems": value.problems}
        for attribute in type(value).declared:
            try:
                said[attribute] = said_by(getattr(value, attribute))
            except FedtextError as error:
                said[attribute] = error.code
        return said
    if isinstance(value, tuple):
        return [said_by(item) for item in value]
    return value


def check_document(_data: bytes, found: dict[str, Any]) -> None:
    """Reading changes nothing; what is dumped loads again; the slow road reads what the short one did (JLD-09)."""
    same(found["document"], found["before"])
    model = found["model"]
    same(load(dump(model)), model)
    if found["road"] is Road.FAST and profile_of(found["document"].get("@context")).has_activitystreams:
        slow = tried(read_slowly, found["document"], Limits())
        other = None if slow is None else tried(load, slow)
        if other is not None:
            same(without_problems(said_by(other)), without_problems(found["said"]))


def without_problems(said: Any) -> Any:
    """Leave out what could not be read: the roads may word it in two ways."""
    if isinstance(said, dict):
        return {name: without_problems(value) for name, value in said.items() if name != "problems"}
    return [without_problems(value) for value in said] if isinstance(said, list) else said


# ---- proofs ----------------------------------------------------------------------------------------------------------


@cache
def rsa() -> PrivateKey:
    """Give a key for linked-data signatures; which one it is shows in nothing that a corpus holds."""
    return generate_rsa()


@cache
def keys() -> dict[str, VerificationKey]:
    """Give the keys of Alice, by id."""
    return {
        METHOD: VerificationKey(METHOD, ALICE, ED25519.public),
        CREATOR: VerificationKey(CREATOR, ALICE, rsa().public),
    }


def read_proofs(data: bytes) -> dict[str, Any]:
    """Verify what a document claims, then what we make of it ourselves."""
    document = parse_object(data)
    tried(parse_proofs, document)
    tried(data_integrity.verify, document, keys(), now_s=NOW_S)
    claim = tried(linked_data.parse_signature, document)
    if claim is not None:
        tried(linked_data.verify, document, claim, keys()[CREATOR], now_s=NOW_S)
    bare = {name: value for name, value in document.items() if name not in ("proof", "signature")}
    return {
        "document": bare,
        "proved": made(data_integrity.sign, bare, ED25519, verification_method=METHOD, created_s=NOW_S),
        "signed": made(linked_data.sign, bare, rsa(), creator=CREATOR, created_s=NOW_S),
    }


def check_proofs(_data: bytes, found: dict[str, Any]) -> None:
    """What we prove verifies, and as nothing but what we proved."""
    if found["proved"] is not None:
        same(data_integrity.verify(found["proved"], keys(), now_s=NOW_S).document, found["document"])
    if found["signed"] is not None:
        claim = linked_data.parse_signature(found["signed"])
        evidence = tried(linked_data.verify, found["signed"], claim, keys()[CREATOR], now_s=NOW_S)
        holds(evidence is None or evidence.signer == ALICE, evidence)


# ---- discovery -------------------------------------------------------------------------------------------------------


def read_webfinger(data: bytes) -> dict[str, Any]:
    """Read an answer of WebFinger, the metadata of a host in both its forms, and a question to ourselves."""
    document = tried(parse_object, data)
    question = tried(parse_question, text_of(data))
    metadata = {kind: tried(host_meta.parse_host_meta, data, kind) for kind in (JRD_JSON, host_meta.XRD_XML)}
    if question is not None:
        tried(canonical_resource, question.resource)
    for meta in metadata.values():
        if meta is not None:
            meta.webfinger_url("acct:alice@a.example")
    return {
        "document": document,
        "jrd": None if document is None else tried(webfinger.parse_jrd, document),
        "metadata": metadata,
    }


def check_webfinger(_data: bytes, found: dict[str, Any]) -> None:
    """Links lead to web addresses alone (SEC-158); metadata that is written reads back."""
    if found["jrd"] is not None:
        select_links(found["document"], ["self"])
        for link in found["jrd"].links:
            holds(link.href is None or link.href.lower().startswith(("https://", "http://")), link)
    for kind, meta in found["metadata"].items():
        if meta is not None and kind == JRD_JSON:
            same(host_meta.parse_host_meta(host_meta.dump_host_meta(meta, kind), kind), meta)


def read_nodeinfo(data: bytes) -> dict[str, Any]:
    """Read what a server says of itself, and where it says it."""
    document = parse_object(data)
    return {
        "info": tried(nodeinfo.parse_nodeinfo, document),
        "address": nodeinfo.choose_nodeinfo(document),
        "application": nodeinfo.application_of(document),
    }


def check_nodeinfo(_data: bytes, found: dict[str, Any]) -> None:
    """Addresses are web addresses, figures are counts, texts have their limits."""
    for name in ("address", "application"):
        holds(found[name] is None or found[name].lower().startswith(("https://", "http://")), found[name])
    if found["info"] is not None:
        check_plain(found["info"])


def check_plain(info: nodeinfo.NodeInfo) -> None:
    """Require every figure and text to be one that can be shown."""
    for name in info.__attrs_attrs__:
        value = getattr(info, name.name)
        if isinstance(value, int) and not isinstance(value, bool):
            holds(value >= 0, (name.name, value))
        if isinstance(value, str):
            holds(len(value) <= 10_000, (name.name, len(value)))


# ---- keys ------------------------------------------------------------------------------------------------------------


def read_keys(data: bytes) -> dict[str, Any]:
    """Read a key in each form that peers publish."""
    text = text_of(data)
    value = tried(parse_value, data)
    return {
        "pem": tried(load_public_pem, text),
        "multikey": tried(parse_multikey, text),
        "did": tried(parse_did_key, text),
        "jwk": tried(parse_jwk, value),
        "material": tried(key_material, value) if isinstance(value, dict) else None,
        "octets": tried(multibase.decode, text),
        "prefixed": tried(multibase.decode_key, text),
    }


FORMS: tuple[tuple[Callable[[PublicKey], Any], Callable[[Any], PublicKey]], ...] = (
    (lambda public: public.pem, load_public_pem),
    (build_multikey, parse_multikey),
    (build_did_key, parse_did_key),
    (build_jwk, parse_jwk),
)


def check_keys(data: bytes, found: dict[str, Any]) -> None:
    """Whatever is admitted can be written in every form, and is the same key in each (SEC-074, SEC-075)."""
    for name in ("pem", "multikey", "did", "jwk", "material"):
        public = found[name]
        if public is None:
            continue
        for build, parse in FORMS:
            written = made(build, public)
            holds(written is None or parse(written) == public, (name, public.fingerprint))
    if found["octets"] is not None:
        same(multibase.decode(multibase.encode(found["octets"])), found["octets"])
    if found["prefixed"] is not None:
        codec, key = found["prefixed"]
        same(multibase.decode_key(multibase.encode_key(codec, key)), found["prefixed"])
