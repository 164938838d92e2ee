"""What holds for every grammar: what is written reads back; any input gives a value or a FedtextError, soon."""

from __future__ import annotations

import contextlib
import json
import math
import re
import time
import warnings
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import html5lib
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.steps import steps

from fedtext.config import Limits
from fedtext.errors import FedtextError, MalformedText
from fedtext.wire import (
    durations,
    html,
    iri,
    jcs,
    language_tags,
    links,
    multibase,
    structured_fields,
    uri,
    uri_templates,
)
from fedtext.wire.iri import Url, parse_iri
from fedtext.wire.json import parse_value
from fedtext.wire.structured_fields import Date, DisplayString, InnerList, Item, Token

any_text = st.text(st.characters(), max_size=60)  # with lone surrogates
clean_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ascii_text = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)


def soup(*parts: str) -> st.SearchStrategy[str]:
    """Texts that nearly follow a grammar."""
    return st.lists(st.sampled_from(parts) | ascii_text.map(lambda text: text[:2]), max_size=16).map("".join)


# -- canonical JSON ---------------------------------------------------------------------------------------------

numbers = st.integers(-jcs.INTEGER_MAX, jcs.INTEGER_MAX) | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | clean_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(clean_text, inner, max_size=4),
    max_leaves=12,
)
nearly_json_values = st.recursive(
    st.none() | st.integers() | st.floats() | any_text | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text | st.integers(), inner, max_size=4),
    max_leaves=12,
)
ES6_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,20})(?:\.[0-9]*[1-9])?|-?[1-9](?:\.[0-9]*[1-9])?e[+-][1-9][0-9]*")


def reordered(value: Any) -> Any:
    """Give an equal value whose members stand the other way round and whose integers may be floats."""
    match value:
        case dict():
            return {name: reordered(item) for name, item in reversed(value.items())}
        case list():
            return [reordered(item) for item in value]
        case int() if not isinstance(value, bool):
            return float(value)
        case _:
            return value


@given(json_values)
def test_canonical_json_is_the_same_value_and_the_only_text_of_it(value: Any) -> None:
    written = jcs.canonize(value)
    assert json.loads(written, parse_int=float) == value
    assert jcs.canonize(reordered(value)) == written
    assert jcs.canonize(json.loads(written, parse_int=float)) == written


@given(st.dictionaries(clean_text | st.sampled_from(["\ufb33", "\U0001f600", "\uffff", "\U00010000"]), st.none()))
def test_names_are_in_the_order_of_their_utf_16_units(members: dict[str, None]) -> None:
    names = list(json.loads(jcs.canonize(members)))
    assert names == sorted(names, key=lambda name: [*memoryview(name.encode("utf-16-le")).cast("H")])


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_have_the_shortest_text_that_gives_them_back(number: float) -> None:
    text = jcs.number_text(number)
    assert ES6_NUMBER.fullmatch(text)
    assert float(text) == number
    digits = re.sub(r"e.*|[-.]", "", text).strip("0")
    assert len(digits) <= 17
    for fewer in range(1, len(digits)):
        assert float(f"{number:.{fewer - 1}e}") != number


@given(nearly_json_values)
def test_any_value_has_a_canonical_form_or_is_refused(value: Any) -> None:
    try:
        written = jcs.canonize(value)
    except FedtextError:
        return
    assert json.loads(written, parse_int=float) == value


@given(st.binary(max_size=80) | soup("{", "}", "[", "]", '"a"', ":", ",", "1e999", "-0", "\\ud800").map(str.encode))
def test_any_bytes_have_a_canonical_form_or_are_refused(data: bytes) -> None:
    try:
        value = parse_value(data)
        assert math.isfinite(len(jcs.canonize(value)))
    except FedtextError:
        pass


# -- structured fields ------------------------------------------------------------------------------------------

keys = st.from_regex(r"[a-z*][a-z0-9_.*-]{0,5}", fullmatch=True)
bare_items: st.SearchStrategy[Any] = st.one_of(
    st.booleans(),
    st.integers(-(10**15) + 1, 10**15 - 1),
    st.integers(-(10**15) + 1, 10**15 - 1).map(lambda thousandths: thousandths / 1_000),
    ascii_text,
    st.binary(max_size=12),
    st.from_regex(r"[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]{0,8}", fullmatch=True).map(Token),
    st.integers(-(10**15) + 1, 10**15 - 1).map(Date),
    clean_text.map(DisplayString),
)
parameters = st.dictionaries(keys, bare_items, max_size=3)
items = st.builds(Item, bare_items, parameters)
members = items | st.builds(InnerList, st.lists(items, max_size=3).map(tuple), parameters)

READ_AND_WRITE: list[tuple[Callable[[str], Any], Callable[[Any], str]]] = [
    (structured_fields.parse_item, structured_fields.build_item),
    (structured_fields.parse_list, structured_fields.build_list),
    (structured_fields.parse_dictionary, structured_fields.build_dictionary),
]


def shown(value: Any) -> str:
    """Tell 1, 1.0 and True apart, and one order of members from another."""
    return repr(value)


@given(items)
def test_items_read_back(item: Item) -> None:
    assert shown(structured_fields.parse_item(structured_fields.build_item(item))) == shown(item)


@given(st.lists(members, max_size=4).map(tuple))
def test_lists_read_back(values: tuple[structured_fields.Member, ...]) -> None:
    assert shown(structured_fields.parse_list(structured_fields.build_list(values))) == shown(values)


@given(st.dictionaries(keys, members, max_size=4))
def test_dictionaries_read_back(values: dict[str, structured_fields.Member]) -> None:
    assert shown(structured_fields.parse_dictionary(structured_fields.build_dictionary(values))) == shown(values)


@given(
    any_text
    | soup("a", "=", ";", ",", "(", ")", " ", "\t", '"', "\\", ":", "?1", "@", "-", "1", ".", '%"', "%c3", "*", "AA==")
)
def test_any_text_is_a_field_or_refused(text: str) -> None:
    for parse, build in READ_AND_WRITE:
        try:
            value = parse(text)
        except FedtextError:
            continue
        written = build(value)
        assert shown(parse(written)) == shown(value)
        assert build(parse(written)) == written


@given(nearly_json_values)
def test_what_no_field_holds_is_refused(value: Any) -> None:
    if isinstance(value, str | int | float | bytes):
        try:
            written = structured_fields.build_item(Item(value))
        except FedtextError:
            return
        assert structured_fields.parse_item(written).value == pytest.approx(value, abs=0.0005)


# -- multibase --------------------------------------------------------------------------------------------------


@given(st.binary(max_size=300), st.integers(0, 5), st.sampled_from(["z", "u"]))
def test_bytes_read_back(data: bytes, zeros: int, encoding: multibase.Encoding) -> None:
    data = bytes(zeros) + data
    assert multibase.decode(multibase.encode(data, encoding)) == data


@given(
    st.builds(str.__add__, st.sampled_from(["z", "u"]), st.text("1zA_-o2+/=0l", max_size=12))
    | any_text
    | soup("z", "u", "=")
)
@example("uAB")
@example("z1")
def test_bytes_have_one_text_in_each_encoding(text: str) -> None:
    try:
        data = multibase.decode(text)
    except FedtextError:
        return
    assert text[0] in "zu"
    assert multibase.encode(data, "z" if text[0] == "z" else "u") == text


@given(st.sampled_from(multibase.Codec), st.data())
def test_keys_read_back_as_what_they_are(codec: multibase.Codec, data: st.DataObject) -> None:
    _, least, most = codec.value
    key = data.draw(st.binary(min_size=least, max_size=min(most, least + 40)))
    read = multibase.decode_secret_key if codec.is_secret else multibase.decode_key
    assert read(multibase.encode_key(codec, key)) == (codec, key)


@given(st.binary(max_size=50) | st.sampled_from(multibase.Codec).map(lambda codec: codec.prefix + bytes(32)))
def test_bytes_are_at_most_one_kind_of_key(data: bytes) -> None:
    found = []
    for read in (multibase.decode_key, multibase.decode_secret_key):
        try:
            codec, key = read(multibase.encode(data))
        except MalformedText:
            continue
        assert codec.prefix + key == data
        found.append(codec)
    assert len(found) <= 1


# -- URI templates ----------------------------------------------------------------------------------------------


@given(clean_text, st.sampled_from(["", "#", "+", ".", "/", ";", "?", "&"]))
def test_values_can_be_read_from_what_they_expand_to(value: str, operator: str) -> None:
    expanded = uri_templates.expand("{" + operator + "a}", {"a": value})
    assert expanded.isascii()
    if operator not in ("+", "#"):
        before = {";": ";a" if not value else ";a=", "?": "?a=", "&": "&a="}.get(operator, operator)
        assert expanded.startswith(before)
        escaped = expanded.removeprefix(before)
        assert unquote(escaped, errors="strict") == value
        assert re.fullmatch(r"(?:[A-Za-z0-9\-._~]|%[0-9A-F]{2})*", escaped)
    assert re.fullmatch(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*", expanded)


@given(any_text | soup("{", "}", "{a}", "{?a,b}", "{+b}", "%", "%41", ":", "*", ".", ",", "ä"), any_text)
def test_any_text_expands_or_is_refused(template: str, value: str) -> None:
    try:
        expanded = uri_templates.expand(template, {"a": value, "b": None})
    except FedtextError:
        return
    assert re.fullmatch(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*", expanded)


# -- language tags ----------------------------------------------------------------------------------------------

subtags = st.from_regex(r"[A-Za-z0-9]{1,8}", fullmatch=True)
nearly_tags = st.lists(
    subtags | st.sampled_from(["en", "zh", "cmn", "Hant", "TW", "419", "1901", "x", "u", "a", "rozaj"]), max_size=8
).map("-".join)


@given(nearly_tags | any_text)
def test_any_text_is_a_language_tag_or_refused(text: str) -> None:
    try:
        tag = language_tags.parse_language_tag(text)
    except FedtextError:
        assert not language_tags.is_language_tag(text)
        return
    assert tag.lower() == text.lower()
    assert language_tags.parse_language_tag(tag) == tag == language_tags.parse_language_tag(text.swapcase())
    found = language_tags.split_language_tag(text)
    parts = [found.language, *found.extended, found.script, found.region, *found.variants, *found.extensions]
    private = ["x", *found.private_use] if found.private_use else []
    assert "-".join(part for part in [*parts, *private] if part) == tag


# -- links ------------------------------------------------------------------------------------------------------

link_names = st.from_regex(r"[a-z][a-z0-9-]{0,5}", fullmatch=True).filter(lambda name: name != "rel")
web_links = st.builds(
    links.WebLink,
    st.from_regex(r"[!-;=?-~]{1,12}", fullmatch=True),
    st.lists(st.from_regex(r"[a-z0-9:/.-]{1,8}", fullmatch=True), max_size=3).map(tuple),
    st.lists(st.tuples(link_names, ascii_text) | st.tuples(link_names.map("{}*".format), clean_text), max_size=3).map(
        tuple
    ),
)


@given(st.lists(web_links, min_size=1, max_size=4))
def test_link_fields_read_back(given_links: list[links.WebLink]) -> None:
    assert list(links.parse_link_header(links.build_link_header(given_links))) == given_links


FIELD_SOUP = ("<", ">", "<a>", ";", ",", "=", '"', "\\", "rel=", "alternate", " ", "type=application/activity+json")
MARKUP = [
    "<link rel=me href=/x>", "<link rel='alternate' type=application/activity+json href='/y'>", "<base href=/b/>",
    '<i title="<link rel=me href=/z>">', "<link ", "rel", "=", "me", " ", "href", "/x", ">", "<", "/", "'", '"',
    "&amp;", "<!--", "-->", "--!>", "<!-", "<!-->", "-", "!", "<?", "</", "a", "\n", "\t", '="', "='", "<b a='", "<p>",
    "<script>", "</script>", "<title>", "</title", "<textarea>", "</textarea>", "<style", "</style>", "<xmp>", "</XMP>",
]  # fmt: skip
markups = st.lists(st.sampled_from(MARKUP), max_size=16).map("".join)


@given(any_text | soup(*FIELD_SOUP), any_text | markups)
def test_no_page_makes_the_search_fail(header: str, markup: str) -> None:
    page = "https://a.example/p/q"
    found = [links.find_alternate(page, header, markup), *links.find_me_links(page, markup)]
    assert all(iri is None or parse_iri(iri) == iri for iri in found)


@given(markups)
@example("<script><!--<script></script><link rel=me href=/x>")
@example("<link a=b'c> rel=me href=/x>")
def test_links_stand_where_browsers_see_them(markup: str) -> None:
    """What an HTML5 parser makes of the page; elements that it moves or makes twice are not among the parts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = html5lib.parse(markup, treebuilder="etree", namespaceHTMLElements=False)
    seen = [
        (element.get("href").strip("\t\n\f\r "), tuple(element.get("rel").lower().split()))
        for element in tree.iter("link")
        if element.get("href") is not None and (element.get("rel") or "").split()
    ]
    found = links.scan_page(markup)
    assert sorted((link.target, link.relations) for link in found.links) == sorted(seen)


# -- linear -----------------------------------------------------------------------------------------------------


def expand_it(text: str) -> object:
    return uri_templates.expand(text, {"a": "b"})


def canonize_it(text: str) -> object:
    values = list(text)
    return jcs.canonize([values, {str(index): {"a": 1.5} for index in range(len(values))}])


HOSTILE: list[tuple[Callable[[str], object], int, list[str]]] = [
    (canonize_it, 4_000, ["a"]),
    (structured_fields.parse_list, structured_fields.FIELD_CHARS_MAX, [
        "a,", "(", "()", "(a ", ";a", '"', '"\\\\', ":", "A", " ", "1", "-", '%"', "%c3", "?1,", "@1,", "a;b=1,", "\t,",
    ]),
    (structured_fields.parse_dictionary, structured_fields.FIELD_CHARS_MAX, ["a=1,", "a,", "a=(", "=", "a;a;", "a ,"]),
    (structured_fields.parse_item, structured_fields.FIELD_CHARS_MAX, ["a", ";a", '"', "9", " ", "%", ";a=:AA==:"]),
    (multibase.decode, multibase.TEXT_CHARS_MAX, ["z", "z1", "u", "uA", "1", "="]),
    (multibase.decode_key, multibase.TEXT_CHARS_MAX, ["z", "z6Mk", "1"]),
    (expand_it, uri_templates.TEMPLATE_CHARS_MAX, ["a", "{", "}", "{a}", "{a,", "%", "%41", "{a.", "ä", "{?a,a,a}"]),
    (language_tags.parse_language_tag, language_tags.TAG_CHARS_MAX, ["a", "a-", "aa-", "x-", "-", "aaaaa-", "u-aa-"]),
    (durations.parse_duration, durations.TEXT_CHARS_MAX, ["P", "9", "P9", "P1Y", "T", "PT9", "1.", "-"]),
    (durations.parse_duration_lenient, durations.TEXT_CHARS_MAX, ["p", "P9", " ", "PT9", "1W", "\n"]),
    (uri.parse_iri_reference, Limits().iri_chars_max, [
        "a", "a:", ":", "/", "//", "//a@", "//[", "[::", "]", "?", "#", "%", "%41", "ä", "\ue000", ":8", "//[v1.", "@",
    ]),
    (html.to_text, 65_536, [
        "<math>", "<math ", "<math a='", "</math", "<math></math>", "<annotation>", "<math><annotation encoding=",
        "<math><annotation encoding=application/x-tex>x</annotation></math>", "<annotation>x</annotation", "encoding=",
    ]),
    (links.parse_link_header, links.HEADER_CHARS_MAX, [
        "<", "<a>", "<a>,", "<a>;", ";", '<a>;a="', '\\"', "<a>;rel=a ", " ", ",", "=", "<a>;a*=utf-8''%41,",
    ]),
    (links.scan_page, links.HTML_CHARS_MAX, [
        "<", "<a", "<a ", "<a b", "<a b>", "<link ", "<link rel=me href=x>", "<!--", "-->", "--", "<!", "</",
        "<script>", '="', "= ", "<a a='", "<a a=b ", "&", "<a rel=&amp;", "<a rel='&amp;&amp;&amp;' href=x>",
        "<script></script>", "<script><!--<script>", "<title", "</title", "<template>",
    ]),
]  # fmt: skip


@pytest.mark.spec("SEC-116", "SEC-157")
@pytest.mark.parametrize(
    ("parse", "chars_max", "unit"), [(parse, chars, unit) for parse, chars, units in HOSTILE for unit in units]
)
def test_sec_157_steps_grow_with_the_length_and_no_faster(
    parse: Callable[[str], object], chars_max: int, unit: str
) -> None:
    """Loops are counted; what a pattern does inside is not, and only a coarse watchdog sees it."""
    once = unit * (chars_max // len(unit) // 16)
    assert steps(lambda: parse(once * 2)) <= 2 * steps(lambda: parse(once)) + 200
    begun_s = time.perf_counter()
    for before in ("", "z<a a="):
        with contextlib.suppress(FedtextError):
            parse((before + unit * chars_max)[:chars_max])
    assert time.perf_counter() - begun_s < 5


def test_the_ruler_works() -> None:
    assert steps(lambda: canonize_it("ab")) > steps(lambda: canonize_it("a")) > steps(lambda: None) == 0


# -- URLs: the short road and the long one --------------------------------------------------------------------------

urls = soup(
    *("https://", "http://", "HTTPS://", "a.example", "A.example", "xn--bcher-kva", "b\xfccher", ".", "..", "/", "/."),
    *("?", "#", "%2e", "%2F", "%", ":443", ":80", ":8443", "@", "u@", "127.0.0.1", "1", "0x7f", "-", "_", "~", "[::1]"),
    *(" ", "\\", "\n", "|", "^", '"', "\u200b", "\u202e", "=&;,!$'()*+"),
)


def read_url(text: str) -> Url | str:
    """Read a URL, whatever was read before."""
    try:
        return iri._parse_url.__wrapped__(text)
    except FedtextError as error:
        return error.code


@given(st.just("https://a.example/") | st.just("https://"), urls | ascii_text)
@example("https://a.example/users/1#main-key", "")
@example("https://a.example/.", "")
@example("https://127.1/", "")
@example("https://a.example/x?../#/./", "")
def test_a_usual_url_is_read_as_any_other(beginning: str, rest: str) -> None:
    text = beginning + rest
    short = read_url(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(iri, "_USUAL", re.compile("(?!)"))
        long = read_url(text)
    assert short == long
    if isinstance(long, Url):
        assert iri.origin_of(text) == long.origin
    else:
        with pytest.raises(FedtextError):
            iri.origin_of(text)
