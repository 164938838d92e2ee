"""URLs, identifiers and origins; the refused ones are in tests/security."""

from __future__ import annotations

from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.config import Limits
from fedtext.errors import MalformedIri
from fedtext.wire.iri import (
    Url,
    host_of,
    host_to_ascii,
    is_public_host,
    origin_of,
    parse_authority,
    parse_iri,
    parse_origin,
    parse_url,
    resolve,
)

READ = {
    "https://a.example": Url("https", "a.example", None, "", None, None),
    "https://a.example/": Url("https", "a.example", None, "/", None, None),
    "https://a.example?x": Url("https", "a.example", None, "", "x", None),
    "https://a.example#x": Url("https", "a.example", None, "", None, "x"),
    "https://a.example/u/1?a=b&c=%20#main-key": Url("https", "a.example", None, "/u/1", "a=b&c=%20", "main-key"),
    "https://a.example/?#": Url("https", "a.example", None, "/", "", ""),
    "https://a.example/?a?b#c?d/e": Url("https", "a.example", None, "/", "a?b", "c?d/e"),
    "https://a.example//x//": Url("https", "a.example", None, "//x//", None, None),
    "https://a.example/@a:b@c;d=(e)*,+$!'~": Url("https", "a.example", None, "/@a:b@c;d=(e)*,+$!'~", None, None),
    "https://a.example/.well-known/x...": Url("https", "a.example", None, "/.well-known/x...", None, None),
    "https://a.example:8443/": Url("https", "a.example", 8443, "/", None, None),
    "https://a.example:443/": Url("https", "a.example", None, "/", None, None),
    "http://a.example:443/": Url("http", "a.example", 443, "/", None, None),
    "http://a.example:80/": Url("http", "a.example", None, "/", None, None),
    "HTTPS://A.Example/X": Url("https", "a.example", None, "/X", None, None),
    "https://bücher.example/ü?ü#ü": Url("https", "xn--bcher-kva.example", None, "/%C3%BC", "%C3%BC", "%C3%BC"),
    "https://XN--BCHER-KVA.example/": Url("https", "xn--bcher-kva.example", None, "/", None, None),
    "https://a。example/": Url("https", "a.example", None, "/", None, None),
    "https://a.example/日本%E2": Url("https", "a.example", None, "/%E6%97%A5%E6%9C%AC%E2", None, None),
    "https://192.0.2.1/": Url("https", "192.0.2.1", None, "/", None, None),
    "https://[2001:DB8:0::1]:99/": Url("https", "[2001:db8::1]", 99, "/", None, None),
    "https://[::ffff:1.2.3.4]": Url("https", "[::ffff:102:304]", None, "", None, None),
    "http://localhost:8000/x": Url("http", "localhost", 8000, "/x", None, None),
    "https://a.example.:65535/": Url("https", "a.example.", 65535, "/", None, None),
    "https://1.a1.2b/": Url("https", "1.a1.2b", None, "/", None, None),
}


@pytest.mark.parametrize(("text", "url"), READ.items())
def test_urls_are_read(text: str, url: Url) -> None:
    read = parse_url(text)
    assert (read.scheme, read.host, read.port) == (url.scheme, url.host, url.port)
    assert (read.path, read.query, read.fragment) == (url.path, url.query, url.fragment)
    assert parse_url(str(read)) == read
    assert str(parse_url(str(read))) == str(read)


@pytest.mark.parametrize(
    ("text", "authority", "origin", "target"),
    [
        ("https://a.example", "a.example", "https://a.example", "/"),
        ("https://a.example?x#y", "a.example", "https://a.example", "/?x"),
        ("https://A.example:443/x?", "a.example", "https://a.example", "/x?"),
        ("http://[::1]:8000/x?y=/#z", "[::1]:8000", "http://[::1]:8000", "/x?y=/"),
    ],
)
def test_parts_that_follow_from_others(text: str, authority: str, origin: str, target: str) -> None:
    url = parse_url(text)
    assert (url.authority, url.origin, url.target) == (authority, origin, target)
    assert (host_of(text), origin_of(text)) == (authority, origin)


ADDRESSES = {
    "::": "::",
    "0:0:0:0:0:0:0:1": "::1",
    "1:0:0:0:0:0:0:0": "1::",
    "2001:DB8::00A1": "2001:db8::a1",
    "1:0:0:2:0:0:0:3": "1:0:0:2::3",
    "1:0:0:2:3:0:0:4": "1::2:3:0:0:4",
    "1:0:2:3:4:5:6:7": "1:0:2:3:4:5:6:7",
    "::ffff:1.2.3.4": "::ffff:102:304",
    "::FFFF:0102:0304": "::ffff:102:304",
    "0:0:0:0:0:ffff:0:0": "::ffff:0:0",
    "::ffff:0.0.0.10": "::ffff:0:a",
    "::ffff:255.255.0.0": "::ffff:ffff:0",
    "::1.2.3.4": "::102:304",
    "::ffff:0:1.2.3.4": "::ffff:0:102:304",
    "::fffe:1.2.3.4": "::fffe:102:304",
    "1::ffff:1.2.3.4": "1::ffff:102:304",
    "64:ff9b::1.2.3.4": "64:ff9b::102:304",
}


@pytest.mark.parametrize(("literal", "written"), ADDRESSES.items())
def test_every_python_writes_an_address_alike(literal: str, written: str) -> None:
    assert parse_url(f"https://[{literal}]/").host == parse_authority(f"[{literal}]") == f"[{written}]"


@given(st.ip_addresses(v=6) | st.ip_addresses(v=4).map(lambda mapped: IPv6Address(0xFFFF << 32 | int(mapped))))
def test_an_address_has_one_spelling(address: IPv6Address) -> None:
    groups = [f"{int(address) >> shift & 0xFFFF:x}" for shift in range(112, -1, -16)]
    written = parse_authority(f"[{':'.join(groups)}]")
    assert parse_authority(f"[{address}]") == parse_authority(written) == written
    assert IPv6Address(written[1:-1]) == address
    before, gap, after = written[1:-1].partition("::")
    assert ":".join(groups).startswith(before)
    assert ":".join(groups).endswith(after)
    assert gap or before.split(":") == groups


REFUSED = [
    "",
    "a",
    "/x",
    "//a.example/",
    "a.example/",
    "https:a.example",
    "https:/a.example",
    "https://",
    "https:///x",
    "https://?x",
    "https://#x",
    "://a.example/",
    "ftp://a.example/",
    "javascript://a.example/%0aalert(1)",
    "https+x://a.example/",
    "https://a.example/x y",
    "https://a.example/x\n",
    "\thttps://a.example/",
    "https://a.example/\x00",
    "https://a.example/%",
    "https://a.example/%4",
    "https://a.example/%zz",
    "https://a.example/?%g1",
    "https://a.example/#a#b",
    "https://a.example/[x]",
    "https://a.example/?a[]=1",
    *(f"https://a.example/{character}" for character in '"<>^`{|}\\'),
    "https://a.example/a/../b",
    "https://a.example/.",
    "https://a.example/%2E%2e/b",
    "https://a.example/a/.%2e",
    "https://a.example/\u202ex",
    "https://a.example/\u200bx",
    "https://a.example/\u00a0x",
    "https://a.example/\ud800",
    "https://a.example/\ue000",
    "https://[::1",
    "https://[::1]x/",
    "https://[]/",
    "https://[1.2.3.4]/",
    "https://[::1%25lo]/",
    "https://[v1.x]/",
    "https://::1/",
    "https://a.example:1:2/",
    "https://a.example:+1/",
    "https://a.example:١/",
    "https://a.example:000443/",
]


@pytest.mark.parametrize("text", REFUSED, ids=ascii)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(MalformedIri):
        parse_url(text)
    with pytest.raises(MalformedIri):
        parse_iri(text)


def test_length_is_limited_to_the_character() -> None:
    limits = Limits(iri_chars_max=30)
    text = "https://a.example/" + "x" * 12
    assert str(parse_url(text, limits=limits)) == text
    with pytest.raises(MalformedIri):
        parse_url(text + "x", limits=limits)
    assert parse_iri("https://a.example/".ljust(2_048, "x"))
    with pytest.raises(MalformedIri):
        parse_iri("https://a.example/".ljust(2_049, "x"))


BASE = parse_url("https://a.example/users/1?x")


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("https://b.example/y", "https://b.example/y"),
        ("//b.example/y", "https://b.example/y"),
        ("/y", "https://a.example/y"),
        ("y", "https://a.example/users/y"),
        ("../y", "https://a.example/y"),
        ("?y", "https://a.example/users/1?y"),
        ("#y", "https://a.example/users/1?x#y"),
    ],
)
def test_references_are_resolved(reference: str, url: str) -> None:
    assert str(resolve(reference, BASE)) == url


@pytest.mark.parametrize(
    "reference",
    [
        "///b.example/",
        "////b.example/",
        "https:///b.example/",
        "HTTPS:///b.example/",
        "https://",
        "//",
        "//?x",
        "//#x",
        "/a\nb",
        "/a\tb",
        "\\\\b.example",
        "/ y",
        "file:///etc/passwd",
        "//[b",
        "//b@c.example",
    ],
    ids=ascii,
)
def test_sec_099_references_that_parsers_read_differently_are_refused(reference: str) -> None:
    with pytest.raises(MalformedIri):
        resolve(reference, BASE)


@pytest.mark.parametrize("text", ["https://A.example:443/X", "https://a.example/ü", "http://a.example./"])
def test_an_iri_stays_as_it_was_given(text: str) -> None:
    assert parse_iri(text) == text


@pytest.mark.parametrize("value", [None, 1, 1.5, True, b"https://a.example/", [], {}, ["https://a.example/"]], ids=repr)
def test_sec_032_an_iri_is_text(value: object) -> None:
    with pytest.raises(MalformedIri):
        parse_iri(value)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://Social.Example", "https://social.example"),
        ("https://a.example:443", "https://a.example"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_origins_are_read(text: str, origin: str) -> None:
    assert parse_origin(text) == origin


@pytest.mark.parametrize("rest", ["/", "/x", "?", "?x", "#", "#x", "@b", ":"])
def test_an_origin_has_nothing_behind_it(rest: str) -> None:
    with pytest.raises(MalformedIri):
        parse_origin("https://a.example" + rest)


@pytest.mark.parametrize(
    ("text", "scheme", "authority"),
    [
        ("A.example", "https", "a.example"),
        ("a.example:443", "https", "a.example"),
        ("a.example:443", "http", "a.example:443"),
        ("a.example:80", "https", "a.example:80"),
        ("[::1]:8000", "http", "[::1]:8000"),
        ("a.example:1", "gopher", "a.example:1"),
    ],
)
def test_authorities_are_read(text: str, scheme: str, authority: str) -> None:
    assert parse_authority(text, scheme=scheme) == authority


@pytest.mark.parametrize(
    "text", ["", "a@b.example", "a b", "a.example/", "a.example:", "a.example\n", "a" * 507, "\u200ba"]
)
def test_other_authorities_are_refused(text: str) -> None:
    with pytest.raises(MalformedIri):
        parse_authority(text)


@pytest.mark.parametrize(
    ("name", "ascii_name"),
    [
        ("straße.example", "xn--strae-oqa.example"),
        ("ΒΌΛΟΣ.example", "xn--nxasmq6b.example"),
        ("日本語.example", "xn--wgv71a119e.example"),
        ("a.example.", "a.example."),
        ("ａ.example", "a.example"),
        ("א.example", "xn--4db.example"),
    ],
)
def test_names_are_written_in_ascii(name: str, ascii_name: str) -> None:
    """UTS #46, not transitional: ß and ς stay letters of their own."""
    assert host_to_ascii(name) == ascii_name
    assert host_to_ascii(ascii_name) == ascii_name


@pytest.mark.parametrize(
    "name",
    [
        ".",
        "a..example",
        ".example",
        "a.example..",
        "-a.example",
        "a-.example",
        "a_b.example",
        "xn--.example",
        "xn--a.example",
        "xn--99999.example",
        "xn--ASCII-.example",
        "ab--c.example",
        "a.0א",
        "0à.א",
        "℀.example",
        "\u0301.example",
        "\U0001f1e6\ud800",
    ],
    ids=ascii,
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(MalformedIri):
        host_to_ascii(name)


PUBLIC_HOSTS = [
    "social.coop",
    "a.example.com",
    "a.example.com.",
    "a.b.test.org",
    "8.8.8.8",
    "[2606:4700::1111]",
    "a.org:8443",
]
PRIVATE_HOSTS = [
    "localhost",
    "localhost:8000",
    "LOCALHOST.",
    "a.localhost",
    "a.test",
    "a.example",
    "a.invalid",
    "a.local",
    "a.internal",
    "test",
    "intranet",
    "127.0.0.1",
    "127.0.0.1:8000",
    "10.0.0.1",
    "[::1]",
    "[::1]:8000",
    "[::ffff:127.0.0.1]",
]


def test_hosts_are_judged_by_their_names() -> None:
    assert [host for host in PUBLIC_HOSTS if not is_public_host(host)] == []
    assert [host for host in PRIVATE_HOSTS if is_public_host(host)] == []


PIECES = st.sampled_from(
    [
        "https://",
        "http://",
        "a",
        ".",
        "example",
        ":",
        "8",
        "/",
        "?",
        "#",
        "@",
        "%41",
        "%",
        "[",
        "]",
        "::1",
        "ü",
        "\\",
        " ",
        "x-",
        "א",
        "①",
    ]
)


@given(
    st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=30) | st.text(max_size=20).map("https://{}/".format)
)
def test_only_malformed_iri_leaves_and_reading_is_stable(text: str) -> None:
    try:
        url = parse_url(text)
    except MalformedIri:
        return
    assert str(url).isascii()
    assert parse_url(str(url)) == url
    assert parse_origin(url.origin) == url.origin
