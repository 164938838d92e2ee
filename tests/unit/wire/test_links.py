"""Links in fields and pages: what is found, what only looks like a link, what leads to a document."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fedtext.errors import LimitExceeded, LocalProtocolError, MalformedIri
from fedtext.wire.links import (
    HEADER_CHARS_MAX,
    HTML_CHARS_MAX,
    ME_LINKS_COUNT_MAX,
    PROFILE_CHARS_MAX,
    STEP_CHARS,
    Page,
    PageLink,
    WebLink,
    build_link_header,
    find_alternate,
    find_me_links,
    parse_link_header,
    scan_page,
)

PAGE = "https://a.example/blog/post"
AS2 = "application/activity+json"
LD = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'


def link(target: str, *relations: str, **parameters: str) -> WebLink:
    return WebLink(target, relations, tuple(parameters.items()))


# RFC 8288 appendix B, with what it tolerates.
HEADERS: dict[str, tuple[WebLink, ...]] = {
    "": (),
    " , ,": (),
    "</a>; rel=next": (link("/a", "next"),),
    '<>;rel="a  B"': (link("", "a", "b"),),
    "<a>": (link("a"),),
    "< a >;rel=x": (link("a", "x"),),
    "<a>; REL=Next; Title=Part": (link("a", "next", title="Part"),),
    "<a>; rel=x; rel=y": (link("a", "x"),),
    '<a>; title="\\"q\\", <b>; rel=y"; rel=x': (link("a", "x", title='"q", <b>; rel=y'),),
    "<a> ; rel = x ;title= two words , <b>;rel=y": (link("a", "x", title="two words"), link("b", "y")),
    "<a>;rel=x,,, <b>;rel=y,": (link("a", "x"), link("b", "y")),
    "<a>;flag;rel=x": (link("a", "x", flag=""),),
    "<a>;;rel=x": (link("a", "x"),),
    "<https://x.example/wp-json/>; rel=https://api.w.org/": (link("https://x.example/wp-json/", "https://api.w.org/"),),
    "<a>; rel=x; title*=utf-8'de'Gr%C3%BC%C3%9Fe": (WebLink("a", ("x",), (("title*", "Grüße"),)),),
    "<a>; rel=x; title*=UTF-8''%ff; b=c": (link("a", "x", b="c"),),
    "<a>; rel=x; title*=iso-8859-1'en'%A3": (link("a", "x"),),
    "<a>; rel=x; title*=none": (link("a", "x"),),
    '<a>; rel="x': (link("a", "x"),),
    '<a>; rel="x\\': (link("a", "x"),),
    "<a>; rel=x <b>; rel=y": (link("a", "x", "<b>"),),
    '<a>; rel="x" <b>; rel=y': (link("a", "x"), link("b", "y")),
    "<a>;rel=x, b;rel=y, <c>;rel=z": (link("a", "x"),),
    "<a": (),
    "a>;rel=x": (),
    "; rel=x": (),
}


@pytest.mark.parametrize(("text", "links"), HEADERS.items())
def test_fields(text: str, links: tuple[WebLink, ...]) -> None:
    assert parse_link_header(text) == links


def test_so_long_and_no_longer() -> None:
    longest = "<a>;rel=" + "x" * (HEADER_CHARS_MAX - 8)
    assert len(parse_link_header(longest)) == 1
    with pytest.raises(LimitExceeded):
        parse_link_header(longest + "x")


def test_fields_are_written_as_they_are_read() -> None:
    links = (
        WebLink("https://a.example/1", ("alternate", "me"), (("type", LD), ("title*", "Grüße, „Welt“"))),
        WebLink("/2", ("next",), (("title", 'a "b" \\ c, <d>; rel=e'),)),
    )
    text = build_link_header(links)
    assert text.startswith('<https://a.example/1>; rel="alternate me"; type="application/ld+json; profile=\\"https:')
    assert parse_link_header(text) == links


@pytest.mark.parametrize(
    "unwritable",
    [
        WebLink("", ("x",)),
        WebLink("a b", ("x",)),
        WebLink("a>", ("x",)),
        WebLink("a\r\nSet-Cookie: b", ("x",)),
        WebLink("/ä", ("x",)),
        WebLink("a", ("x\n",)),
        WebLink("a", ("x",), (("title", "ä"),)),
        WebLink("a", ("x",), (("title", "a\r\nb"),)),
        WebLink("a", ("x",), (("title*", "\ud800"),)),
        WebLink("a", ("x",), (("", "b"),)),
        WebLink("a", ("x",), (("a b", "b"),)),
        WebLink("a", ("x",), (("a*b", "b"),)),
    ],
)
def test_what_no_field_can_hold_is_not_written(unwritable: WebLink) -> None:
    with pytest.raises(LocalProtocolError):
        build_link_header([unwritable])


def test_a_parameter_is_found_by_its_name() -> None:
    given = WebLink("a", (), (("type", "first"), ("type", "second")))
    assert (given.parameter("type"), given.parameter("title")) == ("first", None)


# -- pages ------------------------------------------------------------------------------------------------------

FOUND = [
    '<link rel="me" href="/x">',
    "<link rel='me' href='/x'>",
    "<link rel=me href=/x>",
    "<LINK REL=me HREF=/x />",
    "<link\trel\n=\r\n me\fhref = '/x'>",
    "<link/rel='me'/href='/x'/>",
    '<link rel="me"href="/x">',
    '<link rel=me href="/x" rel=you href="/y">',
    '<link title="a>b" rel=me href=/x>',
    "<link = rel=me href=/x>",
    '<link a=b"c> rel=me>x<link rel=me href=/x>',
    '<link a="" b = \'\' c rel="me" href=" /x ">',
    '<link rel=me href="&#47;&#x78;">',
    "text < more << <3 <link rel=me href=/x>",
    "<!-- <link rel=me href=/y> --><link rel=me href=/x>",
    "<!--><link rel=me href=/x><!-- -->",
    "<!---><link rel=me href=/x><!-- -->",
    "<!----!><link rel=me href=/x>",
    "<!-- a -- b --!><link rel=me href=/x>",
    "<!DOCTYPE html><?php ?></ nothing></><link rel=me href=/x>",
    "<!x <link rel=me href=/y><link rel=me href=/x>",
    "<title></titles><link rel=me href=/y></TITLE ><link rel=me href=/x>",
    "<script>'</script'<link rel=me href=/y></script><link rel=me href=/x>",
    "<style><!--</style><link rel=me href=/x>",
    "<script><!--</script><link rel=me href=/x>",
    "<script><!--><script></script><link rel=me href=/x>",
    "<script><!-- <script> --></script><link rel=me href=/x>",
    "<script><!-- <SCRIPT> </script><link rel=me href=/y></script><link rel=me href=/x>",
    "<textarea><link rel=me href=/y></textarea\n><link rel=me href=/x>",
    "<template><template></template><link rel=me href=/y></template></template><link rel=me href=/x>",
    '<img alt="<link rel=me href=/y>"><link rel=me href=/x>',
    "<p title=<link rel=me href=/y><link rel=me href=/x>",
    "<noscript><link rel=me href=/x></noscript>",
    "<linked rel=me href=/y><li rel=me href=/y></link rel=me href=/y><link rel=me href=/x>",
]
NOT_FOUND = [
    "<link/rel=me/href='/x'/>",
    '<link a==">" rel=me href=/x>',
    "",
    "<link rel=me>",
    "<link href=/x>",
    "<link rel href=/x>",
    "<link rel=' ' href=/x>",
    "<link rel=me href=/x",
    '<link rel=me href="/x>',
    "<link rel=me title=' href=/x><link rel=me href=/x>",
    "&lt;link rel=me href=/x&gt;",
    "< link rel=me href=/x>",
    "<!-- <link rel=me href=/x>",
    "<!-- -- ><link rel=me href=/x>",
    "<!--!><link rel=me href=/x>",
    "<script><link rel=me href=/x>",
    "<script><!-- <script> </script><link rel=me href=/x>",
    "<xmp><link rel=me href=/x></xmp>",
    "<template><link rel=me href=/x>",
    "<div data-x='<link rel=me href=/x>'>",
    '<div data-x="<a rel=me href=/x>">',
    "<!<link rel=me href=/x>",
]


@pytest.mark.parametrize("markup", FOUND)
def test_the_link_is_found_and_nothing_else(markup: str) -> None:
    assert [(found.target, found.relations) for found in scan_page(markup).links] == [("/x", ("me",))]


@pytest.mark.parametrize("markup", NOT_FOUND)
def test_what_only_looks_like_a_link(markup: str) -> None:
    assert scan_page(markup).links == ()


def test_what_a_page_says() -> None:
    markup = (
        '<base target=_blank><base href="/first/"><base href="/second/">'
        f"<a REL='Me NOFOLLOW' href='u'>u</a><area rel=me href=v><link type='{AS2}' rel=alternate href=w>"
    )
    assert scan_page(markup) == Page(
        "/first/",
        (
            PageLink("a", "u", ("me", "nofollow"), None),
            PageLink("area", "v", ("me",), None),
            PageLink("link", "w", ("alternate",), AS2),
        ),
    )


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("?a=1&amp;b=2", "?a=1&b=2"),
        ("?a=1&copy=2", "?a=1&copy=2"),
        ("?a=1&b=2", "?a=1&b=2"),
        ("&#99999999999999;", "&#99999999999999;"),
        ("&#xFFFFFF;", "\ufffd"),
        ("&nosuch;", "&nosuch;"),
        ("&lt;&#57;&#x0031;&CounterClockwiseContourIntegral;", "<91\u2233"),
        ("&" * 10, "&" * 10),
    ],
)
def test_character_references_in_attributes(written: str, read: str) -> None:
    assert [found.target for found in scan_page(f"<a rel=x href='{written}'>").links] == [read]


STEPS_COUNT_MAX = HTML_CHARS_MAX // STEP_CHARS


@pytest.mark.spec("SEC-116")
def test_sec_116_only_the_beginning_of_a_page_is_looked_at() -> None:
    """Threat: CVE-2025-68475."""
    element = "<link rel=me href=/x>"
    assert scan_page(" " * (HTML_CHARS_MAX - len(element)) + element).links
    assert not scan_page(" " * (HTML_CHARS_MAX - len(element) + 1) + element).links
    assert not scan_page("<p>" * STEPS_COUNT_MAX + element).links
    assert scan_page("<p>" * (STEPS_COUNT_MAX - 4) + element).links


def test_a_tag_that_takes_more_steps_than_are_left_is_none() -> None:
    for many in ("a " * STEPS_COUNT_MAX, "a='" + "&" * STEPS_COUNT_MAX + "'"):
        assert scan_page(f"<link rel=me href=/x><link rel=me href=/y {many}>").links[1:] == ()


# -- the other form of a page -----------------------------------------------------------------------------------

ALTERNATES: list[tuple[str | None, str | None, str | None]] = [
    (None, None, None),
    (f'</1>; rel="alternate"; type="{AS2}"', None, "https://a.example/1"),
    (f"<1>; rel=alternate; type={AS2}", "<base href=https://c.example/>", "https://a.example/blog/1"),
    (f"<https://b.example/1>;rel='alternate';type={AS2}", None, None),
    (f'</1>; rel="feed Alternate"; type="{AS2}; charset=utf-8"', None, "https://a.example/1"),
    (f"</1>; rel=alternate; type={AS2}, </2>; rel=alternate; type={AS2}", None, "https://a.example/1"),
    (f"<data:,x>; rel=alternate; type={AS2}, </2>; rel=alternate; type={AS2}", None, "https://a.example/2"),
    (f"</1>; rel=canonical; type={AS2}", None, None),
    ("</1>; rel=alternate", None, None),
    ("</1>; rel=alternate; type=application/json", None, None),
    ("</1>; rel=alternate; type=application/ld+json", None, None),
    (f"</1>; rel=alternate; type={AS2}; anchor='/other'", None, None),
    (f'</1>; rel=alternate; type={AS2}; anchor="/other"', None, None),
    (f'</1>; rel=alternate; type={AS2}; anchor="#part"', None, None),
    (f'</1>; rel=alternate; type={AS2}; anchor="post"', None, "https://a.example/1"),
    (f"</1>; rel=alternate; type={AS2}" + "," * HEADER_CHARS_MAX, None, None),
    (None, f"<link rel=alternate type='{LD}' href='//b.example/1'>", "https://b.example/1"),
    (None, f"<base href=/x/y><link rel=alternate type={AS2} href=../1>", "https://a.example/1"),
    (None, f"<base href=data:,x><link rel=alternate type={AS2} href=1>", "https://a.example/blog/1"),
    (None, f"<a rel=alternate type={AS2} href=/1>", None),
    (None, f"<link rel=alternate type={AS2} href=''>", None),
    (None, f"<link rel=alternate type={AS2} href='/a\nb'>", None),
    (None, f"<link rel=alternate type={AS2} href='https://b.example\\@c.example/'>", None),
    (None, f"<link rel=alternate type={AS2} href='https://u:p@b.example/'>", None),
    (None, f"<link rel=alternate type={AS2} href='http://[::1'>", None),
    (None, f"<link rel=alternate type={AS2} href='//[x]/'>", None),
    (None, f"<link rel=alternate type={AS2} href='https://\u2100.example/'>", None),
    (None, f"<link rel=alternate type={AS2} href='/{'x' * 3_000}'>", None),
    (f"</1>; rel=alternate; type={AS2}", f"<link rel=alternate type={AS2} href=/2>", "https://a.example/1"),
    ("</1>; rel=alternate; type=text/html", f"<link rel=alternate type={AS2} href=/2>", "https://a.example/2"),
]


@pytest.mark.spec("ACT-26")
@pytest.mark.parametrize(("header", "markup", "found"), ALTERNATES)
def test_act_26_the_document_of_a_page(header: str | None, markup: str | None, found: str | None) -> None:
    assert find_alternate(PAGE, header, markup) == found


@pytest.mark.spec("ACT-10")
def test_act_10_whom_a_page_names_as_its_author() -> None:
    markup = """
        <link rel="me" href="https://social.example/@alice"> <a class=x rel="nofollow ME" href="https://b.example/">b</a>
        <a rel=me href=/about> <a rel=me href="mailto:a@a.example"> <a rel=me href=javascript:x>
        <a rel=men href=/no> <a href="/me"> <a rel=me href="https://b.example/">
    """
    assert find_me_links(PAGE, markup) == (
        "https://social.example/@alice",
        "https://b.example/",
        "https://a.example/about",
    )
    assert find_me_links(PAGE, "<base href=https://c.example/d/><a rel=me href=e>") == ("https://c.example/d/e",)


@pytest.mark.spec("ACT-10")
def test_act_10_the_link_may_stand_far_down_a_profile_but_not_further() -> None:
    element = "<a rel=me href=/x>"
    assert find_me_links(PAGE, " " * (PROFILE_CHARS_MAX - len(element)) + element)
    assert not find_me_links(PAGE, " " * (PROFILE_CHARS_MAX - len(element) + 1) + element)
    steps_count_max = PROFILE_CHARS_MAX // STEP_CHARS
    assert find_me_links(PAGE, "<p>" * (steps_count_max - 3) + element)
    assert not find_me_links(PAGE, "<p>" * steps_count_max + element)


@pytest.mark.spec("ACT-10")
def test_act_10_so_many_links_of_a_page_and_no_more() -> None:
    elements = [f"<a rel=me href=/{index}>" for index in range(ME_LINKS_COUNT_MAX + 1)]
    # What stands there twice counts once.
    found = find_me_links(PAGE, elements[0] * 9 + "".join(elements))
    assert found == tuple(f"https://a.example/{index}" for index in range(ME_LINKS_COUNT_MAX))


@pytest.mark.parametrize("page", ["", "/p", "ftp://a.example/", "https://a b.example/"])
def test_the_page_itself_must_have_an_address(page: str) -> None:
    with pytest.raises(MalformedIri):
        find_alternate(page, None, None)
    with pytest.raises(MalformedIri):
        find_me_links(page, "")


@pytest.mark.vectors("negotiation/html-discovery.json")
def test_shared_cases(vector_file: Path) -> None:
    for case in json.loads(vector_file.read_text("utf-8"))["cases"]:
        assert find_alternate(case["page"], case["link_header"], case["html"]) == case["expect"], case["id"]
