"""Components of messages and their values: RFC 9421 section 2, HMS-08 to HMS-13, SEC-053."""

from __future__ import annotations

import attrs
import pytest

from fedtext.errors import SignatureMalformed
from fedtext.http import Headers, Request, Response
from fedtext.signatures import Component, component_lines, parse_component
from fedtext.signatures import components as module
from fedtext.signatures.components import normalized_authority, parse_components
from fedtext.wire.structured_fields import InnerList, Item, Token, parse_list


def components(text: str) -> tuple[Component, ...]:
    (member,) = parse_list(f"({text})")
    assert isinstance(member, InnerList)
    return parse_components(member.items)


def request(target: str = "/p?a=1", *, method: str = "POST", scheme: str = "https", host: str = "b.example") -> Request:
    return Request(method=method, scheme=scheme, authority=host, target=target)


def with_fields(*fields: tuple[str, str]) -> Request:
    return attrs.evolve(request(), headers=Headers(fields))


def value(identifier: str, message: Request | Response, **options: Request | Headers) -> str:
    (line,) = component_lines(components(identifier), message, **options)  # type: ignore[arg-type]
    assert line.startswith(f"{identifier}: ")
    return line.removeprefix(f"{identifier}: ")


DERIVED = [
    ('"@method"', request(), "POST"),
    ('"@method"', request(method="get"), "get"),
    ('"@target-uri"', request(), "https://b.example/p?a=1"),
    ('"@target-uri"', request("/p?"), "https://b.example/p?"),
    ('"@target-uri"', request("/p#part"), "https://b.example/p"),
    ('"@target-uri"', request(host="B.Example:443"), "https://b.example/p?a=1"),
    ('"@target-uri"', request("https://b.example:8443/x"), "https://b.example:8443/x"),
    ('"@target-uri"', request("https://b.example"), "https://b.example/"),
    ('"@target-uri"', request("*", method="OPTIONS"), "https://b.example"),
    ('"@authority"', request(host="B.EXAMPLE"), "b.example"),
    ('"@authority"', request(host="b.example:443"), "b.example"),
    ('"@authority"', request(host="b.example:80"), "b.example:80"),
    ('"@authority"', request(host="b.example:80", scheme="http"), "b.example"),
    ('"@authority"', request(host="[2001:DB8::443]:8443"), "[2001:db8::443]:8443"),
    ('"@authority"', request("http://c.example/x", scheme="http"), "c.example"),
    ('"@scheme"', request(scheme="HTTPS"), "https"),
    ('"@request-target"', request(), "/p?a=1"),
    ('"@request-target"', request("https://b.example/x?y#z"), "https://b.example/x?y#z"),
    ('"@request-target"', request("b.example:80", method="CONNECT"), "b.example:80"),
    ('"@request-target"', request("*", method="OPTIONS"), "*"),
    ('"@path"', request("/%7Ea/%2f?x"), "/%7Ea/%2f"),
    ('"@path"', request("*", method="OPTIONS"), "/"),
    ('"@path"', request("https://b.example?x=1"), "/"),
    ('"@path"', request("https://b.example/q?x=/1"), "/q"),
    ('"@query"', request("/p"), "?"),
    ('"@query"', request("/p?"), "?"),
    ('"@query"', request("/p?a=%20&b=?#c"), "?a=%20&b=?"),
    ('"@query"', request("https://b.example?x=1"), "?x=1"),
    ('"@query-param";name="a"', request("/p?b=2&a=1"), "1"),
    ('"@query-param";name="a"', request("/p?a=&&b"), ""),
    ('"@query-param";name="a"', request("/p?a"), ""),
    ('"@query-param";name="a"', request("/p?a=b=c"), "b%3Dc"),
    ('"@query-param";name="a%20b"', request("/p?a+b=c+d%0A~*-._'"), "c%20d%0A%7E*-._%27"),
    ('"@query-param";name="%C3%A9"', request("/p?%c3%a9=%C3%A9%FF"), "%C3%A9%EF%BF%BD"),
]


@pytest.mark.parametrize(("identifier", "message", "expected"), DERIVED)
def test_hms_12_derived_components(identifier: str, message: Request, expected: str) -> None:
    assert value(identifier, message) == expected


FIELDS = [
    ('"a"', [("a", "x")], "x"),
    ('"a"', [("a", " \t x  y \t")], "x  y"),
    ('"a"', [("a", "1"), ("b", "x"), ("a", "2")], "1, 2"),
    ('"a"', [("a", ""), ("a", "2")], ", 2"),
    ('"a"', [("a", "x\ty")], "x\ty"),
    ('"a"', [("a", "one \r\n\t two\r\n  three\r\n")], "one two three"),
    ('"a";sf', [("a", "x=1,y;z=?1,  w=( 1   2 )")], "x=1, y;z, w=(1 2)"),
    ('"a";sf', [("a", "1 ,2")], "1, 2"),
    ('"a";sf', [("a", "?0")], "?0"),
    ('"a";sf', [("a", "tok;x=01.50")], "tok;x=1.5"),
    ('"priority";sf', [("priority", "u=01,i")], "u=1, i"),
    ('"a";key="k"', [("a", "k=( a  b );c, l=2"), ("a", "k2")], "(a b);c"),
    ('"a";key="k"', [("a", "k=1;x"), ("a", "k=2;y")], "2;y"),
    ('"a";key="k"', [("a", "k;x")], "?1;x"),
    ('"a";sf;key="k"', [("a", "k=1.50")], "1.5"),
    ('"a";bs', [("a", " x, y "), ("a", "\xe9")], ":eCwgeQ==:, :6Q==:"),
]


@pytest.mark.parametrize(("identifier", "fields", "expected"), FIELDS)
def test_hms_10_hms_11_fields(identifier: str, fields: list[tuple[str, str]], expected: str) -> None:
    assert value(identifier, with_fields(*fields)) == expected


@pytest.mark.parametrize(
    ("identifier", "message"),
    [
        ('"a"', with_fields(("b", "1"))),
        ('"a"', with_fields(("a", "1\nb: 2"))),
        ('"a"', with_fields(("a", "1\r\nb: 2"))),
        ('"a"', with_fields(("a", "1\r 2"))),
        ('"a"', with_fields(("a", "\x00"))),
        ('"a"', with_fields(("a", "\x7f"))),
        ('"a"', with_fields(("a", "caf\xe9"))),
        ('"a";bs', with_fields(("a", "\u20ac"))),
        ('"a";sf', with_fields(("a", "Tue, 20 Apr 2021 02:07:56 GMT"))),
        ('"a";sf', with_fields(("a", "x, x"))),
        ('"content-digest";sf', with_fields(("content-digest", "1, 2"))),
        ('"a";key="k"', with_fields(("a", "l=1"))),
        ('"a";key="k"', with_fields(("a", "k=(1"))),
        ('"a";key="k"', with_fields(("a", "x" * 70_000))),
        ('"a";tr', with_fields(("a", "1"))),
        ('"a";req', with_fields(("a", "1"))),
        ('"@method";req', request()),
        ('"@status"', request()),
        ('"@method"', Response(status=200)),
        ('"@target-uri"', Response(status=200)),
        ('"@query-param";name="a"', Response(status=200)),
        ('"a";sf', with_fields(("a", '"q" ; x'))),
        ('"@query-param";name="a"', request("/p?b=1")),
        ('"@query-param";name="a"', request("/p?a=1&a=1")),
        ('"@query-param";name="a b"', request("/p?a+b=1")),
        ('"@request-target"', request("/\n")),
        ('"@method"', request(method="A\nB")),
    ],
)
def test_hms_08_what_is_not_there_or_not_on_one_line_is_refused(identifier: str, message: Request | Response) -> None:
    with pytest.raises(SignatureMalformed):
        value(identifier, message)


@pytest.mark.parametrize(
    "identifier",
    [
        '"Date"', '"a b"', '""', '"(request-target)"', '"@nope"', '"@"', '"@Method"', '"@signature-params"', "date",
        "5", '"a";zzz', '"a";sf=1', '"a";sf=?0', '"a";bs=?0', '"a";key', '"a";key=5', '"a";name="x"', '"a";sf;bs',
        '"a";bs;key="x"', '"@method";sf', '"@method";key="x"', '"@method";name="x"', '"@method";bs', '"@method";tr',
        '"@method";req=?0', '"@status";req', '"@query-param"', '"@query-param";name', '"@query-param";name=tok',
        '"@query-param";name="a";sf', '"\u00e9"',
    ],
)  # fmt: skip
def test_sec_053_hms_09_what_is_not_supported_exactly_is_refused(identifier: str) -> None:
    item = Item(identifier.strip('"')) if not identifier.isascii() else None
    with pytest.raises(SignatureMalformed):
        parse_component(item) if item else components(identifier)


@pytest.mark.parametrize(
    "text",
    [
        '"a" "a"',
        '"@method" "b" "@method"',
        '"a";sf;req "a";req;sf',
        '"@query-param";name="a" "@query-param";name="a"',
    ],
)
def test_sec_056_a_component_stands_once(text: str) -> None:
    with pytest.raises(SignatureMalformed):
        components(text)


def test_the_same_name_with_other_parameters_is_another_component() -> None:
    text = '"a" "a";sf "a";bs "a";req "a";key="x" "a";key="y" "@query-param";name="a" "@query-param";name="b"'
    assert [component.identifier for component in components(text)] == text.split(" ")
    assert components('"a";req;key="x"')[0].text == 'a;req;key="x"'
    assert components('"a"')[0].text == "a"
    assert parse_component(Item("a", {"key": "x"})) == Component("a", (("key", "x"),))


@pytest.mark.parametrize("parameter", [Token("x"), 1, False])
def test_a_flag_is_true_or_refused(parameter: Token | int) -> None:
    with pytest.raises(SignatureMalformed):
        parse_component(Item("a", {"req": parameter}))


def test_hms_13_a_response_may_cover_its_request() -> None:
    asked = attrs.evolve(request("/p?a=1&b=2"), headers=Headers((("host", "b.example"), ("x", "a=1,b"))))
    response = Response(status=204, headers=Headers((("x", "c"),)))
    text = '"@status" "x" "x";req "x";key="a";req "@method";req "@query-param";name="b";req "@authority";req'
    assert component_lines(components(text), response, request=asked) == [
        '"@status": 204',
        '"x": c',
        '"x";req: a=1,b',
        '"x";key="a";req: 1',
        '"@method";req: POST',
        '"@query-param";name="b";req: 2',
        '"@authority";req: b.example',
    ]
    with pytest.raises(SignatureMalformed):
        component_lines(components('"@method";req'), response)
    with pytest.raises(SignatureMalformed):
        component_lines(components('"x";req'), asked, request=asked)


def test_trailers_are_fields_of_their_own() -> None:
    message = with_fields(("a", "k=1"))
    trailers = Headers((("a", "k=2"), ("b", "3")))
    text = '"a" "a";tr "b";tr "a";key="k" "a";key="k";tr'
    assert component_lines(components(text), message, trailers=trailers) == [
        '"a": k=1',
        '"a";tr: k=2',
        '"b";tr: 3',
        '"a";key="k": 1',
        '"a";key="k";tr: 2',
    ]


def test_a_status_has_three_digits() -> None:
    assert value('"@status"', Response(status=42)) == "042"


def test_only_the_default_port_of_http_is_left_out() -> None:
    """Of another scheme none is known."""
    for scheme, host, expected in (
        ("http", "B.example:80", "b.example"),
        ("https", "b.example:80", "b.example:80"),
        ("other", "b.example:80", "b.example:80"),
        ("other", "B.example", "b.example"),
    ):
        assert normalized_authority(request(scheme=scheme, host=host)) == expected


def test_the_authority_is_the_one_of_an_absolute_target() -> None:
    assert normalized_authority(request("https://Evil.example:443/", host="b.example")) == "evil.example"


@pytest.mark.parametrize("reader", ["parse_dictionary", "_target_parts"])
def test_sig_37_whatever_is_covered_a_field_is_read_once(reader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [f"k{number}={number}" for number in range(64)]
    message = with_fields(("a", ", ".join(pairs)))
    listed = [Component("a", (("key", f"k{number}"),)) for number in range(64)]
    if reader == "_target_parts":
        message = request(f"/p?{'&'.join(pairs)}")
        listed = [Component("@query-param", (("name", f"k{number}"),)) for number in range(64)]
    read: list[object] = []
    real = getattr(module, reader)
    monkeypatch.setattr(module, reader, lambda value: read.append(value) or real(value))
    assert [line.rpartition(": ")[2] for line in component_lines(listed, message)] == [str(n) for n in range(64)]
    assert len(read) == 1


def test_hms_08_values_lose_spaces_and_tabs_around_them_and_nothing_else() -> None:
    assert value('"a"', with_fields(("a", " XaX\t"))) == "XaX"
    assert value('"a"', with_fields(("a", " Xa"), ("a", "bX\t"))) == "Xa, bX"
    assert value('"a"', with_fields(("a", "Xa \r\n Xb\r\n\tcX"))) == "Xa Xb cX"
    assert value('"a"', with_fields(("a", "aX\r\n b"))) == "aX b"


@pytest.mark.parametrize(
    "values",
    [
        ["\x0ca"], ["a\x0b"], ["a", "\x0cb"], ["a\r"], ["\ra"], ["\ra", "b"], ["\x0ca\r\n b"], ["a\x0c\r\n b"],
        ["a\r\n \x0cb"], ["a\r\n b\x1c"],
    ],
)  # fmt: skip
def test_sec_014_other_characters_are_no_white_space(values: list[str]) -> None:
    with pytest.raises(SignatureMalformed):
        value('"a"', with_fields(*[("a", one) for one in values]))


def test_sec_014_the_component_that_cannot_be_signed_is_named() -> None:
    listed = [Component("@method"), Component("b", (("bs", True),)), Component("a"), Component("c")]
    with pytest.raises(SignatureMalformed) as raised:
        component_lines(listed, with_fields(("a", "x: \x0c: x"), ("b", "\x0c"), ("c", "\x0c")))
    assert raised.value.context["component"] == '"a"'


@pytest.mark.parametrize(
    ("identifier", "message", "expected"),
    [
        ('"@path"', request("https://b.example/x?u=http://c.example/"), "/x"),
        ('"@query"', request("https://b.example?x=1?y=2"), "?x=1?y=2"),
        ('"@authority"', request("https:///x"), ""),
        ('"@path"', request("https:///x"), "/x"),
        ('"@authority"', request(scheme="ws"), "b.example"),
    ],
)
def test_targets_that_are_rare(identifier: str, message: Request, expected: str) -> None:
    assert value(identifier, message) == expected
