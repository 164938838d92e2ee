"""The fast and the slow road lead to the same: generated documents, in the usual shape and bent out of it.

`fast(d)` declines or reads like `slow(d)`; what the slow road writes is, expanded, what the document was.
"""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fedtext.config import Limits
from fedtext.errors import ContextRefused, FedtextError
from fedtext.jsonld import (
    ACTIVITYSTREAMS,
    SECURITY_V1,
    VERIFICATION_BUDGET,
    Road,
    canonize_document,
    default_context,
    normalize_by,
)
from fedtext.jsonld.processor import expand
from fedtext.jsonld.profiles import profile_of
from fedtext.jsonld.recognizer import is_recognized
from fedtext.jsonld.slow import read_slowly
from fedtext.jsonld.terms import EXTENSIONS, PREFIXES, standard_iris
from fedtext.vocab import Activity, Object, dump, load
from fedtext.vocab.model import Model
from fedtext.vocab.shapes import alike

LIMITS = Limits()
AS = PREFIXES["as"]


class Wave(Activity, type="https://waves.example/Wave"):
    """An own type, to see that terms for it are followed on both roads."""


NAMES = sorted({*standard_iris(), "nameMap", "contentMap", "summaryMap"} - {"id", "type"})
COMMON = [
    *("actor", "object", "to", "cc", "audience", "attributedTo", "tag", "url", "icon", "content", "contentMap", "name"),
    *("nameMap", "summary", "summaryMap", "published", "inReplyTo", "items", "orderedItems", "replies", "endpoints"),
    *("publicKey", "owner", "publicKeyPem", "sensitive", "featured", "votersCount", "duration", "mediaType", "inbox"),
]
TYPES = [
    "Note",
    "Create",
    "Person",
    "OrderedCollection",
    "Mention",
    "Hashtag",
    "Emoji",
    "Image",
    "Question",
    "Tombstone",
]


def in_order(texts: dict[str, Any]) -> dict[str, Any]:
    """Sort a map: of two with the same texts in another order the slow road knows only one."""
    return dict(sorted(texts.items(), reverse=True))


texts = st.sampled_from(["", "hi", "as:Note", "https://a.example/x", "_:b", "@id", "x y", "Öl", "3"])
references = st.sampled_from(
    [
        *("https://a.example/1", "https://b.example/2#k", "http://c.example/", "did:key:z6Mk", "tag:a.example,2020:x"),
        *("as:Public", "Public", f"{AS}Public", "toot:x", "rel", "/p", "", "@id", "@x", "_:b0", "mailto:a@b", "a:b"),
    ]
)
scalars = st.one_of(texts, references, st.integers(-5, 2**40), st.booleans(), st.none(), st.sampled_from([0.5, 2.0]))
tags = st.sampled_from(["en", "de-AT", "DE-at", "und", "@none", "x y", "zh_CN", "fr"])
language_maps = st.dictionaries(
    tags, st.one_of(texts, st.lists(texts, max_size=2), st.none(), st.integers()), max_size=3
).map(in_order)
odd_names = st.sampled_from(
    [
        *("as:name", "toot:featured", f"{AS}content", "schema:value", "https://ns.example/x", "ns:x", "x:y", "_:foo"),
        *("foo", "@foo", "@id", "@type", "@value", "@list", "@set", "@graph", "@included", "@reverse", ""),
    ]
)
names = st.one_of(st.sampled_from(COMMON), st.sampled_from(COMMON), st.sampled_from(NAMES), odd_names)
type_names = st.one_of(
    st.sampled_from(TYPES),
    st.sampled_from(["Unknown", "as:Note", f"{AS}Note", "toot:Emoji", Wave.written_type, "Wave", "w:Wave", "@x"]),
)
types = st.one_of(st.sampled_from(TYPES), type_names, st.lists(type_names, max_size=3))

URLS = [
    SECURITY_V1,
    "https://gotosocial.org/ns",
    "https://w3id.org/security/data-integrity/v1",
    "https://purl.archive.org/miscellany",
    "https://join-lemmy.org/context.json",
    "https://server.example/schemas/litepub-0.1.jsonld",
    "https://unknown.example/ctx",
]
definitions = st.sampled_from(
    [
        *({term: EXTENSIONS[term]} for term in ("Hashtag", "sensitive", "movedTo", "focalPoint", "PropertyValue")),
        {"toot": PREFIXES["toot"], "Emoji": "toot:Emoji", "featured": {"@id": "toot:featured", "@type": "@id"}},
        {"schema": "http://schema.org/", "value": "schema:value"},
        {"sensitive": {"@id": "as:sensitive", "@type": "xsd:boolean"}},
        {"ns": "https://ns.example/", "foo": "ns:foo"},
        {"foo": {"@id": "https://ns.example/foo", "@type": "@id"}},
        {"Wave": "https://waves.example/Wave"},
        {"w": "https://waves.example/"},
        {"@language": "und"},
        {"@language": "en"},
        {"foo": "as:name"},
        {"content": "https://ns.example/content"},
        {"featured": "toot:featured"},
        {"conversation": {"@id": "ostatus:conversation", "@type": "@id"}},
        {"foo": None},
        {"foo": "@graph"},
        {"foo": {"@id": "https://ns.example/foo", "@container": "@list"}},
        {"foo": {"@id": "https://ns.example/foo", "@context": {"name": "https://ns.example/name"}}},
        {"@vocab": "https://ns.example/"},
    ]
)
contexts = st.one_of(
    st.just(ACTIVITYSTREAMS),
    st.just(default_context()),
    st.lists(st.one_of(st.sampled_from(URLS), definitions), max_size=3).map(lambda more: [ACTIVITYSTREAMS, *more]),
    st.lists(st.one_of(st.sampled_from(URLS), definitions), max_size=2).map(lambda more: [*more, ACTIVITYSTREAMS]),
)


def members(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    values = st.one_of(scalars, inner, st.lists(st.one_of(scalars, inner), max_size=3), language_maps)
    return st.builds(
        lambda found, kind, node_id, context: {
            **({} if context is None else {"@context": context}),
            **({} if node_id is False else {"id": node_id}),
            **({} if kind is None else {"type": kind}),
            **found,
        },
        st.dictionaries(names, values, max_size=4),
        st.one_of(types, st.none()),
        st.one_of(st.just(False), references),
        st.one_of(st.none(), st.none(), st.none(), st.none(), contexts),
    )


nodes = st.recursive(members(st.nothing()), members, max_leaves=6)
documents = st.builds(lambda node, context: {**node, "@context": context}, nodes, contexts)


def plain_values(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Nodes in the usual shape."""
    good = st.sampled_from(["https://a.example/1", "https://b.example/2", f"{AS}Public", "did:key:z6Mk"])
    audience = st.one_of(good, st.just("as:Public"))
    kinds = {
        **dict.fromkeys(("to", "cc", "audience"), st.one_of(audience, st.lists(audience, max_size=3))),
        **dict.fromkeys(("actor", "attributedTo", "inReplyTo", "object", "replies", "icon"), st.one_of(good, inner)),
        **dict.fromkeys(("tag", "attachment", "orderedItems"), st.lists(st.one_of(good, inner), max_size=3)),
        **dict.fromkeys(("content", "name", "summary", "mediaType"), texts),
        **dict.fromkeys(("foo", "conversation"), st.sampled_from(["", "hi", "https://a.example/x", "tag:a,2020:x"])),
        **dict.fromkeys(("published", "updated"), st.sampled_from(["2024-01-01T00:00:00Z", "never", "2024-01-01"])),
        **dict.fromkeys(
            ("contentMap", "nameMap"), st.dictionaries(st.sampled_from(["en", "de", "und"]), texts).map(in_order)
        ),
        **dict.fromkeys(("sensitive", "discoverable"), st.booleans()),
        **dict.fromkeys(("totalItems", "votersCount"), st.integers(0, 99)),
    }
    return st.builds(
        lambda found, kind: {"type": kind, **found},
        st.fixed_dictionaries({}, optional=kinds),
        st.sampled_from([*TYPES, "Unknown", ["Note", "Wave"]]),
    )


usual = st.builds(
    lambda node, context: {"@context": context, "id": "https://a.example/doc", **node},
    st.recursive(plain_values(st.nothing()), plain_values, max_leaves=5),
    st.sampled_from(
        [
            ACTIVITYSTREAMS,
            default_context(),
            [ACTIVITYSTREAMS, SECURITY_V1],
            [ACTIVITYSTREAMS, "https://server.example/schemas/litepub-0.1.jsonld", {"@language": "und"}],
            [ACTIVITYSTREAMS, {"Hashtag": "as:Hashtag", "foo": {"@id": "https://ns.example/foo", "@type": "@id"}}],
            ["https://gotosocial.org/ns", ACTIVITYSTREAMS],
            [ACTIVITYSTREAMS, {"Wave": "https://waves.example/Wave"}],
        ]
    ),
)


def reading(value: Any) -> Any:
    """Give all that a model says through its properties."""
    if isinstance(value, Model):
        read: dict[str, Any] = {"class": type(value).__name__, "type": value.type_name}
        for attribute in type(value).declared:
            try:
                read[attribute] = reading(getattr(value, attribute))
            except FedtextError as error:
                read[attribute] = error.code
        return read
    if isinstance(value, tuple):
        return [reading(item) for item in value]
    return json.loads(json.dumps(value)) if isinstance(value, dict) else value


def fast(document: dict[str, Any]) -> bool:
    """Tell whether the fast road takes a document."""
    profile = profile_of(document["@context"])
    return profile.refusal is None and profile.is_recognized and is_recognized(document, profile, depth_max=32)


def slow(document: dict[str, Any]) -> dict[str, Any] | None:
    """Read by the slow road, or give None where it refuses or JSON-LD takes offence."""
    try:
        return read_slowly(document, LIMITS)
    except FedtextError:
        return None


def loaded(document: dict[str, Any]) -> Object | str:
    try:
        return load(document)
    except FedtextError as error:
        return error.code


def agree(document: dict[str, Any]) -> bool:
    """Compare both roads where both can be taken; tell whether they could be."""
    before = copy.deepcopy(document)
    try:
        recognized = fast(document)
    except ContextRefused:
        return False
    read = slow(document)
    assert document == before
    if not recognized or read is None:
        return False
    one, other = loaded(document), loaded(read)
    assert reading(one) == reading(other)
    return True


@given(usual)
def test_documents_in_the_usual_shape_are_recognized_and_read_alike(document: dict[str, Any]) -> None:
    assert fast(document)
    assert agree(document)


@given(documents)
@example({"type": "Wave", "@context": [ACTIVITYSTREAMS, {"Wave": "https://waves.example/Wave"}]})
def test_fast_declines_or_reads_like_slow(document: dict[str, Any]) -> None:
    agree(document)


@given(documents)
def test_what_the_slow_road_writes_says_what_the_document_says(document: dict[str, Any]) -> None:
    read = slow(document)
    text = json.dumps(document)
    prefixes = profile_of(document["@context"]).prefixes
    undefined = any(prefix not in prefixes and f"{prefix}:" in text for prefix in USUAL)
    if read is None or undefined or named_too_early(document) or any(word in text for word in HIDDEN):
        return
    # Inside of another one, for at the top JSON-LD leaves out what is no node.
    one, other = (unordered(expand({"https://ns.example/in": value}, base=None)) for value in (read, document))
    assert one == other
    assert normalize_by(read)[0] == read


def named_too_early(document: dict[str, Any]) -> bool:
    """Tell whether an inline context uses a prefix that only a context after it defines."""
    contexts = document["@context"] if isinstance(document["@context"], list) else [document["@context"]]
    first = json.dumps(contexts[0]) if contexts and isinstance(contexts[0], dict) else ""
    return any(f'"{prefix}:' in first for prefix in ("as", "ldp", "vcard", *USUAL))


# Prefixes that are understood also where nobody defines them.
USUAL = ("toot", "schema", "ostatus", "xsd")
# What is left out on purpose; maps of languages that are none; what PyLD takes for a reference to nothing.
HIDDEN = ("@graph", "@included", "@reverse", "Map", "_:", '"@x"', '"@id"', '"@none"', '"@type": null', '"@set"')


def unordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: value if name == "@list" else unordered(value) for name, value in value.items()}
    return sorted(map(unordered, value), key=json.dumps) if isinstance(value, list) else value


@given(st.one_of(documents, usual))
def test_what_is_dumped_loads_again(document: dict[str, Any]) -> None:
    try:
        normalized, road = normalize_by(document)
        model = load(normalized)
    except FedtextError:
        return
    assert load(dump(model)) == model
    if road is Road.FAST:
        assert normalized is document


@given(documents)
def test_a_dataset_or_an_error_of_ours(document: dict[str, Any]) -> None:
    try:
        canonize_document(document, budget=VERIFICATION_BUDGET)
    except FedtextError:
        return


SAME = [
    ({"a": 1}, {"a": 1}, True),
    ({"a": [1]}, {"a": 1}, True),
    ({"a": [[1]]}, {"a": 1}, True),
    ({"a": None}, {}, True),
    ({"a": {"b": [None]}}, {"a": {}}, False),
    ({"a": 1}, {"a": True}, False),
    ({"a": [1, 2]}, {"a": [2, 1]}, False),
    ({"a": []}, {}, False),
    ({"@context": 1, "a": 1}, {"a": 1}, True),
]


@pytest.mark.parametrize(("one", "other", "expected"), SAME)
def test_when_two_documents_say_the_same(one: Any, other: Any, expected: bool) -> None:
    assert alike(one, other) is expected
    assert alike(other, one) is expected
