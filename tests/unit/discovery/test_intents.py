"""Intents: pages where somebody does what was asked elsewhere; templates of others change no host (WF-15, SEC-158)."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.discovery import (
    CLOSE,
    Afterwards,
    Intent,
    build_intent,
    fill_intent,
    find_intent,
    intent_links,
    intent_url,
    parse_afterwards,
    parse_jrd,
)
from fedtext.discovery.intents import INTENT_CHARS_MAX
from fedtext.errors import ConfigurationError, DocumentError, FedtextError
from fedtext.wire.iri import Iri, Origin, origin_of

ORIGIN = Origin("https://a.example.com")
PREFIX = "https://w3id.org/fep/3b86/"
SUBSCRIBE = "http://ostatus.org/schema/1.0/subscribe"
BOB = "https://b.example/@bob?x=1&y=#z"
ESCAPED = "https%3A%2F%2Fb.example%2F%40bob%3Fx%3D1%26y%3D%23z"


# ---- our own pages ---------------------------------------------------------------------------------------------------


@pytest.mark.spec("WF-15")
def test_wf_15_our_pages_are_named_under_our_origin() -> None:
    intents = [
        build_intent("Like", "/intents/like?id={object}"),
        build_intent("Create", "https://b.example/s{?content}"),
    ]
    assert [(link.rel, link.template) for link in intent_links(intents, ORIGIN)] == [
        (f"{PREFIX}Like", "https://a.example.com/intents/like?id={object}"),
        (f"{PREFIX}Create", "https://b.example/s{?content}"),
    ]


@pytest.mark.spec("WF-15")
@pytest.mark.parametrize(
    ("template", "older"),
    [
        ("/follow?uri={object}", "/follow?uri={uri}"),
        ("/follow?uri={object}&then={on-success}", "/follow?uri={uri}&then="),
        ("/follow{?object,on-success}", "/follow?object={uri}"),
        ("/follow/{object}", "/follow/{uri}"),
        ("/follow?uri={target}", None),
    ],
)
def test_wf_15_the_page_to_follow_is_named_in_the_older_way_too(template: str, older: str | None) -> None:
    links = intent_links([build_intent("Follow", template)], ORIGIN)
    found = [link.template for link in links if link.rel == SUBSCRIBE]
    assert found == ([] if older is None else [ORIGIN + older])
    assert links[-1].template == ORIGIN + template


@pytest.mark.parametrize(
    ("kind", "template"),
    [
        ("follow", "/follow?uri={object}"),
        ("Subscribe", "/follow?uri={object}"),
        ("", "/follow?uri={object}"),
        ("Follow", "/follow?uri={uri}"),
        ("Follow", "/follow?uri={}"),
        ("Follow", "/follow?uri={object"),
        ("Follow", "/follow?uri={+object}"),
        ("Follow", "/follow?uri={object*}"),
        ("Follow", "//evil.example/follow?uri={object}"),
        ("Follow", "follow?uri={object}"),
        ("Follow", "http://b.example.org/follow?uri={object}"),
        ("Follow", "javascript:alert({object})"),
        ("Follow", ""),
    ],
)
def test_what_is_no_page_of_ours(kind: str, template: str) -> None:
    with pytest.raises(ConfigurationError):
        build_intent(kind, template)


def test_an_intent_stays_as_it_was_written() -> None:
    assert build_intent("Object", "/open?id={object}") == Intent(kind="Object", template="/open?id={object}")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (None, None),
        ("", None),
        ("(close)", Afterwards(url=None)),
        ("(CLOSE)", None),
        ("https://b.example/done?x=1", Afterwards(url=Iri("https://b.example/done?x=1"))),
        ("http://b.example.org/done", None),
        ("javascript:alert(1)", None),
        ("//b.example/", None),
        ("/done", None),
        ("https://a.example.com@evil.example/", None),
        ("https://b.example/\r\nX: y", None),
        ("https://b.example/" + "x" * 10_000, None),
    ],
)
def test_what_a_page_offers_afterwards(text: str | None, found: Afterwards | None) -> None:
    assert parse_afterwards(text) == found
    assert found is None or found.closes is (text == CLOSE)


# ---- pages of others -------------------------------------------------------------------------------------------------


def jrd(*links: tuple[str, str]) -> Any:
    return parse_jrd({"links": [{"rel": rel, "template": template} for rel, template in links]})


@pytest.mark.spec("WF-15")
@pytest.mark.parametrize(
    ("kind", "links", "found"),
    [
        ("Like", [(f"{PREFIX}Like", "https://a.example/1")], "https://a.example/1"),
        ("Like", [(SUBSCRIBE, "https://a.example/1")], None),
        ("Follow", [(SUBSCRIBE, "https://a.example/1")], "https://a.example/1"),
        ("Follow", [(SUBSCRIBE, "https://a.example/1"), (f"{PREFIX}Follow", "https://a.example/2")], "https://a.example/2"),
        ("Follow", [(f"{PREFIX}Follow", "javascript:x"), (SUBSCRIBE, "https://a.example/1")], "https://a.example/1"),
        ("Follow", [(f"{PREFIX}Follow/", "https://a.example/1")], None),
        ("Follow", [], None),
    ],
)  # fmt: skip
def test_wf_15_the_page_of_an_account(kind: str, links: list[tuple[str, str]], found: str | None) -> None:
    assert find_intent(jrd(*links), kind) == found


@pytest.mark.spec("WF-15")
def test_wf_15_values_are_escaped_and_unknown_gaps_stay_empty() -> None:
    given = jrd((f"{PREFIX}Follow", "https://a.example/f?uri={object}&then={on-success}&no={on-cancel}&x={unknown}"))
    assert intent_url(given, "Follow", {"object": BOB}, on_success=CLOSE) == (
        f"https://a.example/f?uri={ESCAPED}&then=%28close%29&no=&x="
    )
    assert intent_url(jrd((SUBSCRIBE, "https://a.example/f?u={uri}")), "Follow", {"object": BOB}) == (
        f"https://a.example/f?u={ESCAPED}"
    )
    given = jrd((f"{PREFIX}Create", "https://a.example/share{?content,on-success}"))
    assert intent_url(given, "Create", {"content": "a&b=c"}, on_success="https://b.example/") == (
        "https://a.example/share?content=a%26b%3Dc&on%2Dsuccess=https%3A%2F%2Fb.example%2F"
    )
    assert intent_url(given, "Follow", {"object": BOB}) is None


UNSAFE = [
    "https://{object}/x",
    "https://{object}.example/x",
    "https://a.example{object}",
    "https://a.example{/object}",
    "https://a.example{?object}",
    "{object}",
    "https://a.example\\@{object}/",
    "https://u:{object}@a.example/",
    "https://u@a.example/{object}",
    "https://a.example/{+object}",
    "https://a.example/{#object}",
    "http://a.example.com/{object}",
    "javascript:alert('{object}')",
    "data:text/html,{object}",
    "https://a.example/{object",
    "https://a.example/}",
    "https://a.example/{object:3}",
    "https://a.example/{object*}",
    "https://a.example/ {object}",
    "https:///{object}",
    "https://127.1/{object}",
    "",
]


@pytest.mark.spec("SEC-158")
@pytest.mark.parametrize("template", UNSAFE)
def test_sec_158_templates_that_are_not_safe(template: str) -> None:
    with pytest.raises(DocumentError):
        fill_intent(template, {"object": "evil.example"})
    assert intent_url(jrd((f"{PREFIX}Like", template)), "Like", {"object": "evil.example"}) is None


@pytest.mark.spec("SEC-158")
@pytest.mark.parametrize("value", ["..", ".", "\ud800"])
def test_sec_158_values_that_would_be_read_as_something_else(value: str) -> None:
    with pytest.raises(DocumentError):
        fill_intent("https://a.example/x/{object}/y", {"object": value})


@pytest.mark.spec("SEC-158")
@given(st.text(max_size=40), st.sampled_from(["https://a.example/{object}", "https://a.example/?u={object}&v={name}"]))
def test_sec_158_no_value_leaves_its_gap(value: str, template: str) -> None:
    with suppress(FedtextError):
        filled = fill_intent(template, {"object": value})
        assert origin_of(filled) == "https://a.example"
        assert filled.count("/") == 3
        assert filled.count("&") == template.count("&")
        assert "#" not in filled


def test_what_is_filled_is_bounded() -> None:
    head = "https://a.example/?u="
    at_limit = "x" * (INTENT_CHARS_MAX - len(head))
    assert len(fill_intent(head + "{object}", {"object": at_limit})) == INTENT_CHARS_MAX
    for values in ({"object": at_limit + "x"}, {"object": "x" * 100_000}):
        with pytest.raises(DocumentError):
            fill_intent(head + "{object}", values)


@given(st.text(alphabet="htps:/a.e{}+#?&%object-,*@\\", max_size=60), st.text(max_size=20))
def test_only_our_errors_leave(template: str, value: str) -> None:
    for text in (template, "https://a.example/" + template):
        with suppress(FedtextError):
            fill_intent(text, {"object": value})
        with suppress(FedtextError):
            build_intent("Follow", text)
    parse_afterwards(value)


def test_pages_of_development_need_no_tls() -> None:
    assert fill_intent("http://a.localhost:8000/f?u={object}", {"object": "x"}) == "http://a.localhost:8000/f?u=x"
