"""What is asked of WebFinger, and what of a descriptor is answered (RFC 7033 section 4; WF-01 to WF-08, SEC-156)."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.discovery import (
    Question,
    ResourceKind,
    answer_webfinger,
    canonical_resource,
    parse_question,
    select_links,
)
from fedtext.discovery.answering import QUERY_CHARS_MAX, QUERY_FIELDS_MAX
from fedtext.errors import DocumentError, FedtextError, MalformedText
from fedtext.http import Request, Response

WF = "https://a.example.com/.well-known/webfinger?"


@pytest.mark.spec("WF-03", "WF-05")
@pytest.mark.parametrize(
    ("query", "question"),
    [
        ("resource=acct%3Aa%40b.example", Question(resource="acct:a@b.example")),
        ("rel=x&resource=acct:a@b.example&rel=y", Question(resource="acct:a@b.example", rels=("x", "y"))),
        ("resource=https://b.example/?a%26b", Question(resource="https://b.example/?a&b")),
        ("resource=x&rel=http%3A%2F%2Fr.example%2F", Question(resource="x", rels=("http://r.example/",))),
        ("unknown&resource=x", Question(resource="x")),
    ],
)
def test_wf_03_parameters_are_decoded_in_any_order(query: str, question: Question) -> None:
    assert parse_question(query) == question


@pytest.mark.spec("WF-02", "SEC-156")
@pytest.mark.parametrize("query", ["", "resource=", "resource", "resource=a&resource=b", "RESOURCE=a", "resource=%ff"])
def test_wf_02_exactly_one_resource(query: str) -> None:
    with pytest.raises(MalformedText):
        parse_question(query)


@pytest.mark.spec("SEC-156")
def test_sec_156_many_relations_and_long_queries_are_refused_at_the_limit() -> None:
    assert len(parse_question("resource=x" + "&rel=y" * (QUERY_FIELDS_MAX - 1)).rels) == QUERY_FIELDS_MAX - 1
    assert parse_question("resource=" + "x" * (QUERY_CHARS_MAX - 9)).resource
    for query in (
        "resource=x" + "&rel=y" * QUERY_FIELDS_MAX,
        "resource=x" + "&rel=y" * 1_000,
        "resource=" + "x" * (QUERY_CHARS_MAX - 8),
    ):
        with pytest.raises(MalformedText):
            parse_question(query)


@pytest.mark.spec("WF-08", "WF-12", "WF-14")
@pytest.mark.parametrize(
    ("resource", "kind", "spelling"),
    [
        ("acct:Alice@Social.Example", ResourceKind.HANDLE, "acct:alice@social.example"),
        ("@alice@social.example", ResourceKind.HANDLE, "acct:alice@social.example"),
        ("alice@social.example:443", ResourceKind.HANDLE, "acct:alice@social.example"),
        ("alice@bücher.example", ResourceKind.HANDLE, "acct:alice@xn--bcher-kva.example"),
        ("HTTPS://Social.Example:443/X", ResourceKind.URL, "https://social.example/X"),
        ("mailto:Alice@social.example", ResourceKind.URI, "mailto:Alice@social.example"),
        ("urn:isbn:0451450523", ResourceKind.URI, "urn:isbn:0451450523"),
        ("did:key:z6Mk", ResourceKind.URI, "did:key:z6Mk"),
    ],
)
def test_wf_08_any_scheme_has_a_spelling(resource: str, kind: ResourceKind, spelling: str) -> None:
    assert canonical_resource(resource) == (kind, spelling)


@pytest.mark.spec("SEC-155")
@pytest.mark.parametrize(
    "resource", ["", "alice", "acct:", "a@b@c", "https://", "https://u@a.example/", "urn:a b", "%"]
)
def test_sec_155_what_is_no_resource(resource: str) -> None:
    with pytest.raises(DocumentError):
        canonical_resource(resource)


LINKS: list[Any] = [{"rel": "a", "href": "1"}, {"rel": "b"}, {"rel": "a", "href": "2"}]


@pytest.mark.spec("WF-05")
@pytest.mark.parametrize(
    ("rels", "kept"), [((), LINKS), (("a",), [LINKS[0], LINKS[2]]), (("b", "a"), LINKS), (("c",), []), (("A",), [])]
)
def test_wf_05_relations_narrow_the_links_alone(rels: tuple[str, ...], kept: list[Any]) -> None:
    descriptor: dict[str, Any] = {"subject": "acct:a@b.example", "aliases": ["x"], "links": LINKS}
    assert select_links(descriptor, rels) == {**descriptor, "links": kept}


def test_a_descriptor_without_links_stays_as_it_is() -> None:
    assert select_links({"subject": "x"}, ("a",)) == {"subject": "x"}
    assert select_links({"links": [7, {"rel": 7}]}, ("a",)) == {"links": []}


RESOURCES: dict[str, Any] = {
    "acct:alice@a.example.com": {"subject": "acct:alice@a.example.com", "links": LINKS},
    "urn:x": {"subject": "urn:x", "properties": {"http://p.example/": None}},
}


def ask(query: str, method: str = "GET") -> Response:
    return answer_webfinger(Request.to(WF + query, method=method), RESOURCES)


@pytest.mark.spec("WF-01", "WF-04", "WF-07")
@pytest.mark.parametrize(
    "resource", ["acct:alice@a.example.com", "ALICE@A.example.com", "acct%3Aalice%40a.example.com"]
)
def test_wf_04_a_descriptor_is_answered_as_jrd(resource: str) -> None:
    response = ask(f"resource={resource}&rel=b")
    assert (response.status, response.media_type) == (200, "application/jrd+json")
    assert response.headers.get("access-control-allow-origin") == "*"
    assert json.loads(response.body) == {"subject": "acct:alice@a.example.com", "links": [{"rel": "b"}]}


@pytest.mark.spec("WF-06")
def test_wf_06_what_is_optional_may_be_missing() -> None:
    assert json.loads(ask("resource=urn:x&rel=b").body) == RESOURCES["urn:x"]


@pytest.mark.spec("WF-01", "WF-07", "SEC-156")
@pytest.mark.parametrize(
    ("query", "method", "status"),
    [
        ("", "GET", 400),
        ("resource=sw0rdf1sh", "GET", 400),
        ("resource=acct:sw0rdf1sh@a.example.com", "GET", 404),
        ("resource=https://sw0rdf1sh.example/", "GET", 404),
        ("resource=acct:alice@a.example.com", "POST", 405),
    ],
)
def test_sec_156_refusals_are_open_and_echo_nothing(query: str, method: str, status: int) -> None:
    response = ask(query, method)
    assert response.status == status
    assert response.headers.get("access-control-allow-origin") == "*"
    assert response.headers.get("allow") == ("GET, HEAD" if status == 405 else None)
    assert b"sw0rdf1sh" not in response.body
    assert json.loads(response.body)["status"] == status


def test_sec_156_all_that_is_unknown_is_answered_alike() -> None:
    answers = {ask(f"resource={resource}").body for resource in ("acct:x@a.example.com", "acct:x@y.example", "urn:y")}
    assert len(answers) == 1


@given(st.text(max_size=80))
def test_only_our_errors_leave(text: str) -> None:
    for function in (parse_question, canonical_resource, lambda text: parse_question("resource=" + text)):
        with suppress(FedtextError):
            function(text)
    assert ask(text.replace("#", "")).status in (200, 400, 404)


@pytest.mark.vectors("webfinger/server.json")
def test_shared_cases_of_descriptors(vector_file: Path) -> None:
    for case in json.loads(vector_file.read_text("utf-8"))["cases"]:
        if "resources" not in case["server"]:
            continue
        request = Request.to(f"https://{case['request']['host']}{case['request']['target']}")
        response = answer_webfinger(request, case["server"]["resources"])
        assert response.status == case["response"]["status"], case["id"]
        assert json.loads(response.body) == case["response"]["json"], case["id"]
