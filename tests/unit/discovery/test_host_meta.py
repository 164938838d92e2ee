"""Host metadata, as XRD and as JSON: links and properties, and no XML that declares anything (WF-07, SEC-159)."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.discovery import HostLink, HostMeta, build_host_meta, dump_host_meta, parse_host_meta
from fedtext.discovery.host_meta import ACCEPT_HOST_META, is_host_meta
from fedtext.errors import DocumentError, FedtextError
from fedtext.wire.iri import Origin
from fedtext.wire.media_types import best_of

XML = "application/xrd+xml"
NS = "http://docs.oasis-open.org/ns/xri/xrd-1.0"


def xrd(inside: str, before: str = "") -> bytes:
    return f'{before}<XRD xmlns="{NS}">{inside}</XRD>'.encode()


READ: list[tuple[str, HostMeta]] = [
    ("", HostMeta()),
    ('<Link rel="a" href="https://x.example/"/>', HostMeta(links=(HostLink(rel="a", href="https://x.example/"),))),
    ('<Link href="x"/>', HostMeta()),
    ("<Property type='p'>one <!-- -->two</Property>", HostMeta(properties={"p": "one two"})),
    ("<Property type='p'/>", HostMeta(properties={"p": None})),
    ("<Property>x</Property>", HostMeta()),
    ("<Property type='p'>a<b>c</b>d</Property>", HostMeta(properties={"p": "ad"})),
    ("<x><Link rel='a'/></x>", HostMeta()),
    ("<Link xmlns='http://other.example/' rel='a'/>", HostMeta()),
    ("text<Link rel='&lt;&amp;'/>", HostMeta(links=(HostLink(rel="<&"),))),
]


@pytest.mark.parametrize(("inside", "expected"), READ)
def test_what_is_read(inside: str, expected: HostMeta) -> None:
    assert parse_host_meta(xrd(inside), XML) == expected


def test_json_says_the_same() -> None:
    document: dict[str, Any] = {
        "links": [{"rel": "lrdd", "template": "https://x.example/{uri}"}, None, {"href": "x"}, {"rel": 7}],
        "properties": {"p": "x", "q": None, "r": 7},
    }
    expected = HostMeta(
        links=(HostLink(rel="lrdd", template="https://x.example/{uri}"),), properties={"p": "x", "q": None}
    )
    for media_type in ("application/jrd+json", "application/json; charset=utf-8"):
        assert parse_host_meta(json.dumps(document).encode(), media_type) == expected
    assert parse_host_meta(b'{"links": {}, "properties": []}', "application/json") == HostMeta()


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
REFUSED = [
    xrd("<Property type='x'>&b;</Property>", BOMB),
    xrd("", "<!DOCTYPE XRD>"),
    xrd("", '<!DOCTYPE XRD SYSTEM "https://evil.example/x.dtd">'),
    xrd("<Property type='x'>&a;</Property>", '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'),
    xrd("<Property type='x'>&a;</Property>"),
    xrd("<Link"),
    xrd("", '<?xml version="1.0"?>') + b"<x/>",
    "<XRD/>".encode("utf-16"),
    b"",
    b"\xff\xfe",
    b"\x00",
    b"nonsense",
]


@pytest.mark.spec("SEC-159")
@pytest.mark.parametrize("body", REFUSED)
def test_sec_159_declarations_and_what_is_not_xml(body: bytes) -> None:
    with pytest.raises(DocumentError):
        parse_host_meta(body, XML)


@pytest.mark.spec("SEC-159")
def test_sec_159_another_encoding_is_not_believed() -> None:
    """UTF-7 would make tags out of plain text: the bytes are UTF-8, whatever they say."""
    body = b'<?xml version="1.0" encoding="UTF-7"?>' + xrd("<Property type='p'>+ADw-Link rel='x'/+AD4-</Property>")
    assert parse_host_meta(body, XML) == HostMeta(properties={"p": "+ADw-Link rel='x'/+AD4-"})


def test_many_links_are_cut() -> None:
    assert len(parse_host_meta(xrd("<Link rel='a'/>" * 1000), XML).links) == 64


@given(st.binary(max_size=200))
def test_only_our_errors_leave(noise: bytes) -> None:
    for body in (noise, xrd("")[:40] + noise, xrd(noise.decode("latin-1"))):
        for media_type in (XML, "application/json"):
            with suppress(FedtextError):
                parse_host_meta(body, media_type)


@pytest.mark.parametrize(
    ("media_type", "taken"),
    [
        (XML, True),
        ("text/xml; charset=utf-8", True),
        ("application/xml", True),
        ("application/json", True),
        ("application/jrd+json", True),
        ("text/html", False),
        ("", False),
        ("x", False),
    ],
)
def test_media_types(media_type: str, taken: bool) -> None:
    assert is_host_meta(media_type) is taken


@pytest.mark.spec("WF-07")
@pytest.mark.parametrize(
    ("template", "url"),
    [
        ("https://x.example/wf?r={uri}", "https://x.example/wf?r=acct%3Aa%40b.example"),
        ("https://x.example/{uri}/{uri}", "https://x.example/acct%3Aa%40b.example/acct%3Aa%40b.example"),
        ("https://x.example/wf", None),
        ("javascript:{uri}", None),
        ("/wf?r={uri}", None),
    ],
)
def test_wf_07_the_template(template: str, url: str | None) -> None:
    links = (HostLink(rel="other", template="https://y.example/{uri}"), HostLink(rel="lrdd", template=template))
    assert HostMeta(links=links).webfinger_url("acct:a@b.example") == url


WRITTEN = HostMeta(
    links=(
        HostLink(rel="lrdd", type="application/jrd+json", template="https://a.example/wf?resource={uri}&x='\"<>"),
        HostLink(rel="a", href="https://a.example/"),
    ),
    properties={"http://p.example/?a&b": "<b>&\"'", "q": None},
)


@pytest.mark.spec("WF-08", "HM-01")
@pytest.mark.parametrize("media_type", [XML, "application/json", "application/jrd+json"])
def test_wf_08_what_is_written_is_read_again(media_type: str) -> None:
    assert parse_host_meta(dump_host_meta(WRITTEN, media_type), media_type) == WRITTEN


@pytest.mark.spec("WF-08", "HM-01")
def test_hm_01_where_our_host_answers() -> None:
    found = build_host_meta(Origin("https://a.example"))
    asked = found.webfinger_url("acct:alice@a.example")
    assert asked == "https://a.example/.well-known/webfinger?resource=acct%3Aalice%40a.example"
    assert b"<!DOCTYPE" not in dump_host_meta(found, XML)


@pytest.mark.spec("SEC-159")
def test_sec_159_json_is_asked_for_first() -> None:
    assert best_of(ACCEPT_HOST_META, [XML, "application/jrd+json"]) == "application/jrd+json"
    assert best_of(ACCEPT_HOST_META, [XML, "text/html"]) == XML


@pytest.mark.vectors("webfinger/host-meta.json")
def test_shared_cases(vector_file: Path) -> None:
    for case in json.loads(vector_file.read_text("utf-8"))["cases"]:
        if case.get("error"):
            with pytest.raises(FedtextError):
                parse_host_meta(case["body"].encode(), case["media_type"])
            continue
        found = parse_host_meta(case["body"].encode(), case["media_type"])
        links = [
            {
                name: value
                for name, value in (("rel", link.rel), ("href", link.href), ("template", link.template))
                if value
            }
            for link in found.links
        ]
        for name, value in case["expect"].items():
            assert {"links": links, "properties": found.properties}[name] == value, case["id"]
