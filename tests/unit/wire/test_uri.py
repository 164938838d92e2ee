"""URIs, IRIs and references of any scheme, by the generic grammars."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.config import Limits
from fedtext.errors import FedtextError, MalformedIri
from fedtext.wire.iri import parse_url
from fedtext.wire.uri import (
    IPRIVATE,
    UCSCHAR,
    UriParts,
    parse_any_iri,
    parse_iri_reference,
    parse_uri,
    parse_uri_reference,
)

URIS = {
    # RFC 3986 section 1.1.2
    "ftp://ftp.is.co.za/rfc/rfc1808.txt": UriParts(scheme="ftp", host="ftp.is.co.za", path="/rfc/rfc1808.txt"),
    "ldap://[2001:db8::7]/c=GB?objectClass?one": UriParts(
        scheme="ldap", host="[2001:db8::7]", path="/c=GB", query="objectClass?one"
    ),
    "mailto:John.Doe@example.com": UriParts(scheme="mailto", path="John.Doe@example.com"),
    "tel:+1-816-555-1212": UriParts(scheme="tel", path="+1-816-555-1212"),
    "telnet://192.0.2.16:80/": UriParts(scheme="telnet", host="192.0.2.16", port="80", path="/"),
    "urn:a:b#c": UriParts(scheme="urn", path="a:b", fragment="c"),
    # each component there and empty
    "a:": UriParts(scheme="a"),
    "a:?#": UriParts(scheme="a", query="", fragment=""),
    "a://": UriParts(scheme="a", host=""),
    "a://@:?": UriParts(scheme="a", userinfo="", host="", port="", query=""),
    "file:///x": UriParts(scheme="file", host="", path="/x"),
    "a://b:": UriParts(scheme="a", host="b", port=""),
    "a:/": UriParts(scheme="a", path="/"),
    "a:b//c": UriParts(scheme="a", path="b//c"),
    "a:b/c:d": UriParts(scheme="a", path="b/c:d"),
    # as spelled: no case, no dots, no escapes are changed
    "A+-.9://U:P@H%41:007/../%2e?/?#/?": UriParts(
        scheme="A+-.9", userinfo="U:P", host="H%41", port="007", path="/../%2e", query="/?", fragment="/?"
    ),
    "a://b:99999999": UriParts(scheme="a", host="b", port="99999999"),
    "http://a%20b/%C3%A9": UriParts(scheme="http", host="a%20b", path="/%C3%A9"),
    "tag:a.example,2024:x": UriParts(scheme="tag", path="a.example,2024:x"),
    "a:x//y": UriParts(scheme="a", path="x//y"),
    # names that look like addresses
    "a://999.999.999.999": UriParts(scheme="a", host="999.999.999.999"),
    "a://087.0.0.1/": UriParts(scheme="a", host="087.0.0.1", path="/"),
    # literals
    "a://[::1]:80": UriParts(scheme="a", host="[::1]", port="80"),
    "a://u@[1:2:3:4:5:6:7::]": UriParts(scheme="a", userinfo="u", host="[1:2:3:4:5:6:7::]"),
    "a://[::FFFF:192.0.2.1]:": UriParts(scheme="a", host="[::FFFF:192.0.2.1]", port=""),
    "a://[v1.fe:~!$&'()*+,;=]": UriParts(scheme="a", host="[v1.fe:~!$&'()*+,;=]"),
    "a://[VaF.-]/": UriParts(scheme="a", host="[VaF.-]", path="/"),
    # every character that may stand for itself
    "a://:!$&'()*+,;=-._~:@!$&'()*+,;=-._~/!$&'()*+,;=-._~:@": UriParts(
        scheme="a", userinfo=":!$&'()*+,;=-._~:", host="!$&'()*+,;=-._~", path="/!$&'()*+,;=-._~:@"
    ),
}
REFERENCES = {
    "": UriParts(),
    "#": UriParts(fragment=""),
    "?": UriParts(query=""),
    "?a:b": UriParts(query="a:b"),
    "#a:b": UriParts(fragment="a:b"),
    "a": UriParts(path="a"),
    "a/b:c": UriParts(path="a/b:c"),
    "./a:b": UriParts(path="./a:b"),
    "/a:b": UriParts(path="/a:b"),
    "@": UriParts(path="@"),
    "..": UriParts(path=".."),
    "//": UriParts(host=""),
    "//a": UriParts(host="a"),
    "///a": UriParts(host="", path="/a"),
    "//a//b": UriParts(host="a", path="//b"),
    "//a?b": UriParts(host="a", query="b"),
    "//a#b/c?d": UriParts(host="a", fragment="b/c?d"),
    "/a//b": UriParts(path="/a//b"),
    "%20": UriParts(path="%20"),
    "//a:80@b:": UriParts(userinfo="a:80", host="b", port=""),
}
# No reference and so no URI, and no IRI reference and so no IRI.
NEITHER = [
    ":",
    ":a",
    "://a",
    "1a:b",
    "1:x",
    "a:b:c d",
    "aé:x",
    "+a:b",
    "a_b:c",
    "a%41:b",
    "a,b:c",
    "ä:b",
    " a:b",
    "a:b ",
    "a:b\n",
    "a: b",
    "a:\x00",
    "a:\x7f",
    "a:\x85",
    'a:"',
    "a:<b>",
    "a:{b}",
    "a:\\",
    "\\\\a\\b",
    "a:^",
    "a:`",
    "a:|",
    "a:[",
    "/[::1]",
    "a:?[",
    "a:#[",
    "a:##",
    "a:#b#c",
    "a:%",
    "a:%4",
    "a:%4g",
    "a:?%",
    "a:#%g1",
    "a:%\uff14\uff11",
    "//%",
    "//a%4@b",
    "//a@b@c",
    "//a@b@",
    "//a:b:c",
    "//a:b",
    "//a:8x",
    "//a:-1",
    "//a:\uff18",
    "//::1",
    "//[",
    "//]",
    "//[]",
    "//[::1",
    "//::1]",
    "//[::1]a",
    "//[::1]]",
    "//[[::1]]",
    "//[::1][::1]",
    "//a[::1]",
    "//[@b/c",
    "//u:[@b",
    "//[::1%eth0]",
    "//[fe80::1%25eth0]",
    "//[::1/64]",
    "//[192.0.2.1]",
    "//[a]",
    "//[1::2::3]",
    "//[1:2:3:4:5:6:7:8:9]",
    "//[12345::]",
    "//[::192.0.2.01]",
    "//[::192.0.2.256]",
    "//[::1 ]",
    "//[v.a]",
    "//[v1.]",
    "//[v1]",
    "//[vg.a]",
    "//[1.a]",
    "//[v1.a@b]",
    "//[v1.%41]",
    "//[v1.ä]",
    "//a b",
    "//a\\b",
    "//a|b",
    "\ud800",
    "a:\udfff",
    "a:\ufdd0",
    "a:\ufffe",
    "a:\U000e0001",
    "a:#\ue000",
]
IRIS = {
    "http://ü@ö.example/ä?ß#é": UriParts(
        scheme="http", userinfo="ü", host="ö.example", path="/ä", query="ß", fragment="é"
    ),
    "a:\U00010300": UriParts(scheme="a", path="\U00010300"),
    "a:?\ue000": UriParts(scheme="a", query="\ue000"),
    # RFC 3987 section 4.1 forbids them, its grammar does not; `parse_url` refuses them.
    "a:\u202e": UriParts(scheme="a", path="\u202e"),
}
IRI_REFERENCES = {
    "ä": UriParts(path="ä"),
    "#ä": UriParts(fragment="ä"),
    "//ä": UriParts(host="ä"),
}


@pytest.mark.parametrize(("text", "components"), URIS.items())
def test_rfc3986_section_3_uris_are_read(text: str, components: UriParts) -> None:
    for parse in (parse_uri, parse_uri_reference, parse_any_iri, parse_iri_reference):
        assert parse(text) == components
    assert str(components) == text


@pytest.mark.parametrize(("text", "components"), REFERENCES.items())
def test_rfc3986_section_4_2_relative_references_are_no_uris(text: str, components: UriParts) -> None:
    for parse in (parse_uri_reference, parse_iri_reference):
        assert parse(text) == components
    assert str(components) == text
    for parse in (parse_uri, parse_any_iri):
        with pytest.raises(MalformedIri):
            parse(text)


@pytest.mark.parametrize("text", NEITHER, ids=ascii)
def test_rfc3986_appendix_a_other_texts_are_refused(text: str) -> None:
    for parse in (parse_uri, parse_uri_reference, parse_any_iri, parse_iri_reference):
        with pytest.raises(MalformedIri):
            parse(text)


@pytest.mark.parametrize(("text", "components"), IRIS.items(), ids=ascii)
def test_rfc3987_section_2_2_iris_are_no_uris(text: str, components: UriParts) -> None:
    assert parse_any_iri(text) == parse_iri_reference(text) == components
    assert str(components) == text
    for parse in (parse_uri, parse_uri_reference):
        with pytest.raises(MalformedIri):
            parse(text)


@pytest.mark.parametrize(("text", "components"), IRI_REFERENCES.items())
def test_rfc3987_section_2_2_references_to_iris(text: str, components: UriParts) -> None:
    assert parse_iri_reference(text) == components
    for parse in (parse_any_iri, parse_uri_reference):
        with pytest.raises(MalformedIri):
            parse(text)


# First and last code point of each range of RFC 3987 section 2.2.
UCSCHAR_RANGES = [
    (0xA0, 0xD7FF),
    (0xF900, 0xFDCF),
    (0xFDF0, 0xFFEF),
    *((plane << 16, (plane << 16) + 0xFFFD) for plane in range(1, 14)),
    (0xE1000, 0xEFFFD),
]
IPRIVATE_RANGES = [(0xE000, 0xF8FF), (0xF0000, 0xFFFFD), (0x100000, 0x10FFFD)]


def edges(ranges: list[tuple[int, int]]) -> list[int]:
    return sorted({point + step for pair in ranges for point in pair for step in (-1, 0, 1) if point + step < 0x110000})


@pytest.mark.parametrize("point", edges(UCSCHAR_RANGES + IPRIVATE_RANGES), ids=hex)
def test_rfc3987_section_2_2_private_characters_are_in_queries_only(point: int) -> None:
    ordinary = any(first <= point <= last for first, last in UCSCHAR_RANGES)
    private = any(first <= point <= last for first, last in IPRIVATE_RANGES)
    assert bool(re.fullmatch(f"[{UCSCHAR}]", chr(point))) == ordinary
    assert bool(re.fullmatch(f"[{IPRIVATE}]", chr(point))) == private
    for before in ("a:", "a:#", "a://", "a:/", "//u@", "a:?"):
        allowed = ordinary or (private and before.endswith("?"))
        try:
            parse_iri_reference(before + chr(point) + ("@b" if before == "//u@" else ""))
        except MalformedIri:
            assert not allowed or before == "//u@", before
        else:
            assert allowed, before
    assert is_read(parse_iri_reference, f"//{chr(point)}@b") == ordinary


def is_read(parse: Callable[[str], UriParts], text: str) -> bool:
    try:
        parse(text)
    except FedtextError:
        return False
    return True


def test_the_length_is_limited_to_the_character() -> None:
    limits = Limits(iri_chars_max=10)
    for parse in (parse_uri, parse_uri_reference, parse_any_iri, parse_iri_reference):
        assert parse("a:" + "b" * 8, limits=limits).path == "b" * 8
        with pytest.raises(MalformedIri):
            parse("a:" + "b" * 9, limits=limits)
        assert is_read(parse, "a:".ljust(Limits().iri_chars_max, "b"))
        assert not is_read(parse, "a:".ljust(Limits().iri_chars_max + 1, "b"))


def test_the_authority_is_given_as_one() -> None:
    assert parse_uri("a://u:p@b:1/").authority == "u:p@b:1"
    assert parse_uri("a://").authority == ""
    assert parse_uri("a:b").authority is None


PARTS = [
    "a", "A1", ":", "/", "//", "?", "#", "@", "[", "]", "[::1]", "[v1.a]", "%41", "%", "%4", ".", "..", ":80", "ä",
    "\ue000", "\u202e", "\\", " ", "\n", "1", "::", "https:", "https://", "a.example", "!", "\ud800",
]  # fmt: skip
texts = st.lists(st.sampled_from(PARTS), max_size=12).map("".join) | st.text(st.characters(), max_size=20)


# The grammar once more, rule by rule as the RFC writes it, for short texts only: it may backtrack.
PCHAR = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})"
SEGMENTS = rf"(?:/{PCHAR}*)*"
NO_COLON = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=@]|%[0-9A-Fa-f]{2})+"
NAME = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*"
USERINFO = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:]|%[0-9A-Fa-f]{2})*"
HOST = rf"(?:\[(?:::1|v1\.a)\]|{NAME})"
AUTHORITY = rf"(?:{USERINFO}@)?{HOST}(?::[0-9]*)?"
TAIL = rf"(?:\?(?:{PCHAR}|[/?])*)?(?:#(?:{PCHAR}|[/?])*)?"
HIER_PART = rf"(?://{AUTHORITY}{SEGMENTS}|/(?:{PCHAR}+{SEGMENTS})?|{PCHAR}+{SEGMENTS}|)"
RELATIVE_PART = rf"(?://{AUTHORITY}{SEGMENTS}|/(?:{PCHAR}+{SEGMENTS})?|{NO_COLON}{SEGMENTS}|)"
URI = re.compile(rf"[A-Za-z][A-Za-z0-9+\-.]*:{HIER_PART}{TAIL}")
URI_REFERENCE = re.compile(rf"{URI.pattern}|{RELATIVE_PART}{TAIL}")


@given(st.lists(st.sampled_from(PARTS), max_size=9).map("".join))
def test_rfc3986_appendix_a_rule_by_rule(text: str) -> None:
    assert is_read(parse_uri, text) == bool(URI.fullmatch(text))
    assert is_read(parse_uri_reference, text) == bool(URI_REFERENCE.fullmatch(text))


@given(texts)
def test_the_components_are_the_text_and_every_uri_is_an_iri(text: str) -> None:
    for narrow, wide in (
        (parse_uri, parse_uri_reference),
        (parse_uri, parse_any_iri),
        (parse_uri_reference, parse_iri_reference),
        (parse_any_iri, parse_iri_reference),
    ):
        try:
            components = narrow(text)
        except FedtextError:
            continue
        assert str(components) == text
        assert wide(text) == components


@given(texts.map("https://".__add__))
def test_what_may_be_fetched_is_an_iri(text: str) -> None:
    """The other way round it is not so: the stricter grammar decides about addresses."""
    try:
        url = parse_url(text)
    except FedtextError:
        return
    assert parse_any_iri(text).scheme == "https"
    assert parse_uri(str(url)).host == url.host
