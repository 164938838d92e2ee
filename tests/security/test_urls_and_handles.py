"""URLs, hosts, addresses and handles that parsers read differently (SEC-073, 092, 093, 099, 155, 157)."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.discovery import canonical_resource, fill_intent, parse_host_meta, parse_question
from fedtext.errors import FedtextError, MalformedIri, MalformedText
from fedtext.wire.acct import parse_handle
from fedtext.wire.html import paragraphs, sanitize, to_text
from fedtext.wire.ip_addresses import is_public
from fedtext.wire.iri import Url, host_to_ascii, is_public_host, origin_of, parse_url
from fedtext.wire.media_types import is_activity, prefers_html
from fedtext.wire.timestamps import parse_http_date, parse_lenient, parse_strict

WATCHDOG_S = 1.0  # 20 times the budget for 100 kB; quadratic work would take minutes

OURS = "https://a.example"


@pytest.mark.parametrize(
    ("iri", "same"),
    [
        ("https://a.example/x", True),
        ("https://a.example:443/x", True),
        ("https://A.EXAMPLE/x", True),
        ("HTTPS://a.example", True),
        ("https://a.example?x", True),
        ("https://a.example#x", True),
        ("https://ａ.example/", True),
        ("https://a.example./x", False),
        ("https://a.example:8443/x", False),
        ("https://a.example:80/x", False),
        ("http://a.example/x", False),
        ("http://a.example:443/x", False),
        ("https://а.example/x", False),  # Cyrillic
        ("https://xn--80a.example/x", False),
        ("https://a.example.evil/x", False),
        ("https://aa.example/x", False),
        ("https://evil.a.example/x", False),
    ],
)
def test_sec_073_origins_are_equal_by_scheme_host_and_port(iri: str, same: bool) -> None:
    assert (origin_of(iri) == origin_of(OURS)) is same


@pytest.mark.parametrize(
    "iri",
    [
        "https://a.example@evil/",
        "https://u@a.example/",
        "https://a.example\\.evil/",
        "https://a.exa\u200bmple/",
        "a.example",
        "//a.example",
    ],
)
def test_sec_073_what_is_no_url_has_no_origin(iri: str) -> None:
    with pytest.raises(MalformedIri):
        origin_of(iri)


def test_sec_073_both_spellings_of_a_name_are_one_origin() -> None:
    assert origin_of("https://BÜCHER.example/") == origin_of("https://xn--bcher-kva.example")
    assert origin_of("https://а.example") == origin_of("https://xn--80a.example")
    assert origin_of("https://exa/mple.com") == "https://exa"


@pytest.mark.parametrize(
    "host",
    [
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "0x",
        "0X7F.0.0.1",
        "0177.0.0.1",
        "127.0.0.01",
        "0",
        "00",
        "256.0.0.1",
        "1.2.3.4.5",
        "127.0.0.1.",
        "a.1",
        "a.0x1",
        "①②⑦.⓪.⓪.①",
        "１２７.０.０.１",
        "127。0。0。1",
        "127．0．0．1",
        "127.0.0.1%00",
        "127.0.0.¹",
    ],
)
def test_sec_092_old_forms_of_addresses_are_no_hosts(host: str) -> None:
    with pytest.raises(MalformedIri):
        parse_url(f"https://{host}/")
    with pytest.raises(MalformedText):
        parse_handle(f"a@{host}")


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "10.0.0.1", "[::1]", "localhost", "localhost.", "a.localhost", "a.local", "a.internal", "intranet"],
)
def test_sec_092_private_names_and_literals_are_told_apart(host: str) -> None:
    assert not is_public_host(parse_url(f"https://{host}/").host)


NOT_PUBLIC = [
    "0.0.0.0",
    "0.255.255.255",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.255",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:7f00:1",
    "::ffff:10.0.0.1",
    "::ffff:0:7f00:1",
    "::ffff:0:808:808",
    "64:ff9b::a00:1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "64:ff9b:1::8.8.8.8",
    "100::1",
    "2001::",
    "2001:0:53aa:64c:0:0:80ff:fffe",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:1ff::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "3fff::1",
    "3fff:fff::1",
    "4000::1",
    "5f00::1",
    "8000::1",
    "fc00::1",
    "fdff::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "1fff:ffff::1",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_sec_093_special_addresses_are_not_public(address: str) -> None:
    """Threats: CVE-2026-22245, CVE-2026-33693, CVE-2026-50131, Fedify 2.1.12, GHSA-crr4, GHSA-vwhj."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::8.8.8.8", "1.1.1.1"])
def test_sec_093_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "https://user:pw@host.example/",
        "https://user@host.example/",
        "https://@host.example/",
        "https://:@host.example/",
        "https://host.example:443@evil.example/",
        "https://a.example\\@127.0.0.1/",
        "https://127.0.0.1\\.a.example/",
        "https:\\\\a.example/",
        "https://a.example%2f@b.example/",
        "https://a.example%40b.example/",
        "https://ex%61mple.com/",
        "https://a.example%/",
        "https:/x",
        "https:///x",
        "https:x",
        "https:////x",
        "https//x",
        *(f"https://a.exa{character}mple/" for character in "\t\r\n \x00\x0b\x0c\x1f\x7f\x85\u00a0\u2028\u3000"),
        *(f"https://a.example/{character}x" for character in "\t\r\n \x00\x7f\x85\u00a0\u2028\ufeff"),
        " https://a.example/",
        "https://a.example/ ",
        "ht\ntps://a.example/",
        "https://a.example%0d%0a/",
        "https://a.example:0/",
        "https://a.example:65536/",
        "https://a.example:0443/",
        "https://a.example:/",
        "https://a.example:-1/",
        "https://a.example:4 43/",
        "https://a.example:99999999999999999999/",
        f"https://{'a' * 64}.example/",
        f"https://{'.'.join(['a' * 61] * 4)}.example/",
        "https://a..b/",
        "https://.a.b/",
        "https://a.b../",
        "https://./",
        "https://a_b.example/",
        "https://-a.example/",
        "https://a-.example/",
        "https://a.example<x>/",
        "https://a.exam*ple/",
        "https://[::1",
        "https://::1]/",
        "https://[::1%eth0]/",
        "https://[::1].evil/",
        "https://[a.example]/",
        "https://a.example[::1]/",
        "https://ⓐ℀.example/",
        "https://a.example/x/%2e%2E/y",
        "file:///etc/passwd",
        "data:text/html,x",
        "javascript:alert(1)",
        "javascript://a.example/",
        "blob:https://a.example/x",
        "unix:/run/x",
        "view-source:https://a.example/",
    ],
    ids=ascii,
)
def test_sec_099_urls_that_parsers_read_differently_are_refused(url: str) -> None:
    with pytest.raises(MalformedIri):
        parse_url(url)


def test_sec_099_the_limits_of_names_hold_to_the_character() -> None:
    label = "a" * 63
    assert parse_url(f"https://{label}.example/").host == f"{label}.example"
    name = ".".join([label, label, label, "a" * 61])
    assert len(name) == 253
    assert parse_url(f"https://{name}/").host == name
    assert parse_url(f"https://{name}./").host == f"{name}."
    with pytest.raises(MalformedIri):
        parse_url(f"https://{name}a/")
    assert parse_url("https://a.example:443/").origin == "https://a.example"
    assert parse_url("https://a.example:65535/").port == 65_535


PIECES = st.sampled_from(
    [
        *"abcXYZ019.:/?#@\\%-_[]~!$&'()*+,;= \t\n",
        "://",
        "%2e",
        "%41",
        "..",
        "xn--",
        "::1",
        "127.0.0.1",
        "ü",
        "。",
        "①",
        "ß",
        "example",
        "localhost",
        ":443",
        ":80",
    ]
)


@given(st.lists(PIECES, max_size=16).map(lambda pieces: "https://a" + "".join(pieces)))
def test_sec_099_what_we_read_the_client_reads_alike(text: str) -> None:
    """The client below connects where we looked, and asks for what we signed."""
    try:
        url = parse_url(text)
    except MalformedIri:
        return
    theirs = httpx.URL(str(url))
    assert theirs.scheme == url.scheme
    assert theirs.raw_host.decode() == url.host.strip("[]")
    assert theirs.port == url.port
    assert theirs.raw_path.decode() == url.target
    assert theirs.userinfo == b""


def test_sec_099_an_encoded_slash_is_data() -> None:
    assert parse_url("https://a.example/..%2f../").path == "/..%2f../"
    assert parse_url("https://a.example/x%2f..%2fy") == Url("https", "a.example", None, "/x%2f..%2fy", None, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "@@",
        "alice",
        "@alice",
        "alice@",
        "@example.com",
        "a@b@c.example",
        "@@a@b.example",
        "a@@b.example",
        "a%40b@c.example",
        "a@b%2eexample",
        "a%@b.example",
        "a%4@b.example",
        "a%zz@b.example",
        "a%00@b.example",
        "a%2fb@c.example",
        "a%25b@c.example",
        "a%ff@b.example",
        "a%e2%80%8b@b.example",
        "al ice@example.com",
        " alice@example.com",
        "alice@example.com ",
        "alice@example.com\n",
        "ali\x00ce@example.com",
        "alice@exam\x00ple.com",
        "alice\u202e@example.com",
        "alice\u200b@example.com",
        "alice\u00a0@example.com",
        "al\U000e0061ice@example.com",
        "alice＠example.com",
        "a/b@example.com",
        "../a@example.com",
        ".@example.com",
        "..@example.com",
        "%2e%2e@example.com",
        "a\\b@example.com",
        "a?b@example.com",
        "a#b@example.com",
        'a"b@example.com',
        "<b>@example.com",
        "a@b.example/x",
        "a@b.example?x",
        "a@b.example#x",
        "a@-bad.example",
        "a@b..example",
        "a@b_c.example",
        f"a@{'b' * 64}.example",
        "a@127.0.0.1",
        "a@127.0.0.1:8000",
        "a@[::1]",
        "a@[::1]:8000",
        "a@b.example:",
        "a@b.example:0",
        "a@b.example:65536",
        "a@b.example:x",
        "a@user:pw",
        "acct:",
        "acct:a",
        "acct:@a@b.example",
        "acct:acct:a@",
        "@acct:a@b.example",
        "acct:acct:a@b.example",
        "@ACCT:@b.example",
        "@acct%3Aa@b.example",
        "acct%3Aa@b@c.example",
        "https://a.example/@a",
        "mailto:a@b@c.example",
        "a" * 10_240 + "@b.example",
        "a@" + "b." * 5_000 + "example",
        "\ud800@b.example",
    ],
    ids=lambda text: ascii(text[:40]),
)
def test_sec_155_other_texts_are_no_handles(text: str) -> None:
    with pytest.raises(MalformedText):
        parse_handle(text)


@pytest.mark.parametrize(
    ("text", "handle"),
    [
        ("acct:a@local.example.evil", "a@local.example.evil"),
        ("ACCT:Alice@LOCAL.example", "Alice@local.example"),
        ("a@host.example:8443", "a@host.example:8443"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("a@раураl.example", "a@xn--l-7sba6dbr.example"),
    ],
)
def test_sec_155_handles_name_exactly_one_host(text: str, handle: str) -> None:
    assert parse_handle(text) == handle


def tried(function: Callable[[str], object], text: str) -> None:
    with suppress(FedtextError):
        function(text)


FINDERS: dict[str, Callable[[str], object]] = {
    "url": parse_url,
    "host": host_to_ascii,
    "handle": parse_handle,
    "media type": is_activity,
    "accept": prefers_html,
    "strict date": parse_strict,
    "lenient date": parse_lenient,
    "HTTP date": parse_http_date,
    "paragraphs": paragraphs,
    "text": to_text,
    "sanitize": sanitize,
    "WebFinger query": parse_question,
    "resource": canonical_resource,
    "intent": lambda text: fill_intent(text, {"object": text}),
    "XRD": lambda text: parse_host_meta(text.encode(), "application/xrd+xml"),
}
PUMPS = [
    "a.",
    "@",
    "@a",
    "#",
    ":",
    "/",
    "http://",
    "https://a.example/",
    "https://a.example/)",
    "(",
    "%41",
    "%",
    "ü",
    "①.",
    "xn--",
    "1",
    " ",
    "\n",
    "\n \n",
    "<",
    "</",
    "<a ",
    '<a href="',
    "<!--",
    "<script>",
    "<img src=",
    "<img\n",
    "&",
    "&#1",
    "&#x",
    "a/b,",
    "a/b;",
    '"',
    '\\"',
    "\xa0",
    "-",
]


@pytest.mark.parametrize("name", FINDERS)
def test_sec_157_no_text_takes_long(name: str) -> None:
    """Threats: Bridgy Fed 23e0323e, Mastodon 4.3.0."""
    function = FINDERS[name]
    slow: dict[str, float] = {}
    for pump in PUMPS:
        for head in ("", "https://a.example/", "a@", "<p "):
            text = head + pump * (100_000 // len(pump))
            started = time.perf_counter()
            tried(function, text)
            tried(function, text[:2_000])
            elapsed_s = time.perf_counter() - started
            if elapsed_s > WATCHDOG_S:
                slow[head + pump] = elapsed_s
    assert slow == {}
