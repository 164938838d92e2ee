"""Media types of bodies, and the choice between page and document."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.errors import MalformedText
from fedtext.wire.media_types import (
    ACCEPT_CHARS_MAX,
    ACTIVITY_JSON,
    JRD_JSON,
    LD_JSON,
    MEDIA_TYPE_CHARS_MAX,
    MediaType,
    Representation,
    best_of,
    is_activity,
    is_jrd,
    is_json_document,
    parse_media_type,
    prefers_html,
)

PROFILE = "https://www.w3.org/ns/activitystreams"

READ = {
    "text/html": MediaType("text/html"),
    " Text/HTML ": MediaType("text/html"),
    "a/b;c=d": MediaType("a/b", (("c", "d"),)),
    'a/b ; C=D\t; e="f; g=\\"h\\" ,"': MediaType("a/b", (("c", "D"), ("e", 'f; g="h" ,'))),
    'a/b;c=""': MediaType("a/b", (("c", ""),)),
    "a/b;c=d:/e;f=g": MediaType("a/b", (("c", "d:/e"), ("f", "g"))),
    "a/b;": MediaType("a/b"),
    "a/b;; c=d;": MediaType("a/b", (("c", "d"),)),
    "a/b+c.d-e!": MediaType("a/b+c.d-e!"),
}
REFUSED = [
    "",
    " ",
    "text",
    "text/",
    "/html",
    "*",
    "a/b/c",
    "a /b",
    "a/b, c/d",
    "a/b c",
    "a/b;c",
    "a/b;c=",
    "a/b;=d",
    "a/b;c= d",
    "a/b;c:d=e",
    "a/b;c =d",
    'a/b;c="d',
    'a/b;c="d"e',
    'a/b;c="\\',
    "a/b;c=d;C=e",
    "a/b;c=d,e/f",
    "a/b\r\n",
    "ä/b",
    'a/b;c="\x00"',
]


@pytest.mark.parametrize(("text", "media_type"), READ.items())
def test_media_types_are_read(text: str, media_type: MediaType) -> None:
    assert parse_media_type(text) == media_type


@pytest.mark.parametrize("text", REFUSED, ids=repr)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(MalformedText):
        parse_media_type(text)
    assert not is_activity(text)
    assert not is_json_document(text)


def test_length_is_limited_to_the_character() -> None:
    assert parse_media_type("a/b;c=".ljust(MEDIA_TYPE_CHARS_MAX, "d"))
    with pytest.raises(MalformedText):
        parse_media_type("a/b;c=".ljust(MEDIA_TYPE_CHARS_MAX + 1, "d"))


def test_an_accept_field_is_read_up_to_the_character() -> None:
    assert prefers_html("text/html".rjust(ACCEPT_CHARS_MAX, ",")) is Representation.HTML
    assert prefers_html("text/html".rjust(ACCEPT_CHARS_MAX + 1, ",")) is Representation.NONE


def test_parameters_are_found_by_name() -> None:
    media_type = parse_media_type("a/b;Charset=UTF-8")
    assert (media_type.parameter("charset"), media_type.parameter("profile")) == ("UTF-8", None)


ACTIVITY = [
    ACTIVITY_JSON,
    LD_JSON,
    "Application/Activity+JSON",
    "application/activity+json; charset=utf-8",
    'application/activity+json;charset="UTF-8"',
    "application/activity+json; charset=utf8",
    f'application/activity+json; profile="{PROFILE}"',
    f'application/ld+json;profile="{PROFILE}";charset=utf-8',
    f'application/ld+json; charset=utf-8; Profile="{PROFILE}"',
    f'application/ld+json; profile="x {PROFILE} y"',
    f'application/ld+json; profile="{PROFILE} http://www.w3.org/ns/json-ld#compacted"',
    f"application/ld+json; profile={PROFILE}",
    f"application/ld+json;profile={PROFILE};charset=utf-8",
]
NO_ACTIVITY = [
    None,
    "text/html",
    "application/json",
    "application/ld+json",
    'application/ld+json; profile=""',
    'application/ld+json; profile="http://www.w3.org/ns/activitystreams"',
    f'application/ld+json; profile="{PROFILE}X"',
    f'application/ld+json; profile="{PROFILE}#"',
    f'application/ld+json; profile="x{PROFILE}"',
    f'application/ld+json; profile="{PROFILE}"; profile="{PROFILE}"',
    f"application/ld+json; profile={PROFILE}X",
    f"application/ld+json; profile='{PROFILE}'",
    "application/activity+json; charset=utf-16",
    f'application/ld+json; profile="{PROFILE}"; charset=iso-8859-1',
    "application/activity+jsonx",
    "application/activity+json, text/html",
    "application/activity+json, application/activity+json",
    "text/activity+json",
]


@pytest.mark.parametrize("content_type", ACTIVITY)
def test_inb_01_sec_008_activitypub_documents(content_type: str) -> None:
    assert is_activity(content_type)
    assert is_json_document(content_type)


@pytest.mark.parametrize("content_type", NO_ACTIVITY)
def test_sec_006_sec_007_other_documents(content_type: str | None) -> None:
    assert not is_activity(content_type)


@pytest.mark.parametrize(
    ("content_type", "jrd", "json"),
    [
        (JRD_JSON, True, True),
        ("application/json", True, True),
        ("application/json; charset=UTF-8", True, True),
        ("application/json; charset=latin1", False, False),
        ('application/json; profile="http://nodeinfo.diaspora.software/ns/schema/2.0#"', True, True),
        (ACTIVITY_JSON, False, True),
        ("application/xrd+xml", False, False),
        ("text/json", False, False),
        ("text/plain", False, False),
        ("application/jsonx", False, False),
        (None, False, False),
    ],
)
def test_wf_06_jrd_and_other_json(content_type: str | None, jrd: bool, json: bool) -> None:
    assert (is_jrd(content_type), is_json_document(content_type)) == (jrd, json)


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
FIREFOX_JSON = "text/html;q=0.2, application/json"
DOCUMENT, PAGE, NONE = Representation.ACTIVITY, Representation.HTML, Representation.NONE


@pytest.mark.parametrize(
    ("accept", "representation"),
    [
        (f"application/activity+json, {LD_JSON}", DOCUMENT),
        (f"{LD_JSON}, application/activity+json", DOCUMENT),
        ("application/ld+json", DOCUMENT),
        ("application/ld+json;charset=utf-8 ; profile=x", DOCUMENT),
        ("application/json", DOCUMENT),
        ("APPLICATION/Activity+JSON", DOCUMENT),
        ("application/*", DOCUMENT),
        ("application/activity+json, text/html;q=0.1", DOCUMENT),
        ("text/html, application/activity+json", DOCUMENT),
        (FIREFOX_JSON, DOCUMENT),
        ("application/activity+json, */*", DOCUMENT),
        (BROWSER, PAGE),
        ("text/html", PAGE),
        ("text/*", PAGE),
        ("application/xhtml+xml", PAGE),
        ("text/html, application/activity+json;q=0.5", PAGE),
        ("application/activity+json;q=0, text/html", PAGE),
        ("application/activity+json;q=0, */*", PAGE),
        ("text/html, */*;q=0.1", PAGE),
        ("image/png", NONE),
        ("text/html;q=0", NONE),
        ("*/*;q=0", NONE),
        ("application/activity+json;q=0.000", NONE),
    ],
)
def test_col_02_the_client_chooses(accept: str, representation: Representation) -> None:
    for default in (DOCUMENT, PAGE):
        assert prefers_html(accept, default=default) is representation


@pytest.mark.parametrize(
    "accept", [None, "", "*/*", "*/*;q=0.1", "%%%", ",,", "text/html;q=2", 'text/html;x="', "text/*, application/*"]
)
def test_col_02_a_client_without_a_choice_gets_the_default(accept: str | None) -> None:
    assert prefers_html(accept) is DOCUMENT
    assert prefers_html(accept, default=PAGE) is PAGE


@given(
    st.lists(
        st.sampled_from(["a/b", "text/html", "*/*", ",", ";", "q=", "0.5", '"', "\\", " ", "=", "1", ACTIVITY_JSON]),
        max_size=20,
    ).map("".join)
    | st.text(max_size=40)
)
def test_nothing_leaves_the_predicates(text: str) -> None:
    assert isinstance(prefers_html(text), Representation)
    assert is_activity(text) <= is_json_document(text)
    assert is_jrd(text) <= is_json_document(text)


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, "application/xml"),
        ("", "application/xml"),
        ("*/*", "application/xml"),
        ("application/json", "application/json"),
        ("application/*;q=0.5, application/json", "application/json"),
        ("text/*", "text/plain"),
        ("application/xml;q=0.1, application/json;q=0.2", "application/json"),
        ("image/png", "application/xml"),
        ("nonsense", "application/xml"),
    ],
)
def test_the_most_welcome_of_equals(accept: str | None, chosen: str) -> None:
    assert best_of(accept, ["application/xml", "application/json", "text/plain"]) == chosen
