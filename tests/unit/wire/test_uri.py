"""The generic syntax of URIs and IRIs. The cases of the JSON Schema suite run in tests/conformance."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fedtext.errors import MalformedIri
from fedtext.wire.uri import (
    CHARS_MAX,
    UriParts,
    parse_any_iri,
    parse_iri_reference,
    parse_uri,
    parse_uri_reference,
)

Parser = Callable[[str], UriParts]

PARTS = [
    ("https://u:p@a.example:8080/x/y?q=1#f", UriParts("https", "u:p@a.example:8080", "/x/y", "q=1", "f")),
    ("mailto:a@b", UriParts("mailto", None, "a@b", None, None)),
    ("urn:x:y", UriParts("urn", None, "x:y", None, None)),
    ("file:///etc", UriParts("file", "", "/etc", None, None)),
    ("a:?#", UriParts("a", None, "", "", "")),
    ("http://[::1]/", UriParts("http", "[::1]", "/", None, None)),
    ("http://[v7.a:b]:1", UriParts("http", "[v7.a:b]:1", "", None, None)),
    ("tag:a.example,2024:x", UriParts("tag", None, "a.example,2024:x", None, None)),
    ("http://a%20b/%C3%A9", UriParts("http", "a%20b", "/%C3%A9", None, None)),
]
RELATIVE = ["", "x", "/x", "//a.example/x", "?q", "#f", "x/y:z", "./x:y", "//a:1"]
NEITHER = [
    "x y",
    "1:x",
    "a:b c",
    "http://[::1",
    "http://[::1]x",
    "http://[fe80::1%25eth0]/",
    "http://[1.2.3.4]/",
    "http://a:b/",
    "http://a b/",
    "http://a@b@c/",
    "http://a/%zz",
    "http://a/%2",
    "http://a/<x>",
    "http://a/|",
    "http://a\\b/",
    "http://a/#x#y",
    "http://a/[x]",
    "http://a/x\n",
    "http://a/?\x00",
]
ONLY_IRI = ["http://\u00e9.example/\u00e9?\ue000#\u00e9", "http://a/\U0001f600"]
NO_IRI = ["http://a/\ue000", "http://a/#\ue000", "http://a/\ufdd0", "http://a/\ufffe", "http://a/\U000e0001"]


@pytest.mark.parametrize(("text", "parts"), PARTS)
def test_uris_are_taken_apart(text: str, parts: UriParts) -> None:
    for parse in (parse_uri, parse_uri_reference, parse_any_iri, parse_iri_reference):
        assert parse(text) == parts


@pytest.mark.parametrize("text", RELATIVE)
def test_relative_references(text: str) -> None:
    assert parse_uri_reference(text) == parse_iri_reference(text)
    for parse in (parse_uri, parse_any_iri):
        with pytest.raises(MalformedIri):
            parse(text)


@pytest.mark.parametrize("text", [*NEITHER, "a:b:" + "c d", ":x", "1x:y"])
@pytest.mark.parametrize("parse", [parse_uri, parse_uri_reference, parse_any_iri, parse_iri_reference])
def test_what_is_none(text: str, parse: Parser) -> None:
    with pytest.raises(MalformedIri):
        parse(text)


@pytest.mark.parametrize("text", ONLY_IRI)
def test_letters_of_other_scripts_stand_in_iris_only(text: str) -> None:
    assert parse_any_iri(text) == parse_iri_reference(text)
    for parse in (parse_uri, parse_uri_reference):
        with pytest.raises(MalformedIri):
            parse(text)


@pytest.mark.parametrize("text", NO_IRI)
def test_private_and_non_characters(text: str) -> None:
    with pytest.raises(MalformedIri):
        parse_any_iri(text)


def test_a_path_without_an_authority_does_not_look_like_one() -> None:
    for text in ("a://", "a:/x", "a:x//y"):
        parse_uri(text)
    with pytest.raises(MalformedIri):
        parse_uri_reference("a" + "\u00e9:x")


def test_the_longest_and_one_above() -> None:
    assert parse_uri("a:" + "x" * (CHARS_MAX - 2)).scheme == "a"
    with pytest.raises(MalformedIri):
        parse_uri("a:" + "x" * (CHARS_MAX - 1))
