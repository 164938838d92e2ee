"""HTTP messages as plain values."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.errors import MalformedIri
from fedtext.http import Headers, Request, Response

TARGETS = [
    ("https://a.example", "a.example", "/"),
    ("https://a.example/", "a.example", "/"),
    ("https://a.example?x=1", "a.example", "/?x=1"),
    ("https://a.example:8443/p/q?x=1#part", "a.example:8443", "/p/q?x=1"),
    ("https://a.example/p?next=/other", "a.example", "/p?next=/other"),
]


@pytest.mark.parametrize(("url", "authority", "target"), TARGETS)
def test_an_outgoing_request_takes_its_url_apart(url: str, authority: str, target: str) -> None:
    """The target is what stands on the request line; the fragment never leaves."""
    request = Request.to(url)
    assert (request.authority, request.target) == (authority, target)
    assert request.url == f"https://{authority}{target}"


def test_a_relative_address_is_refused() -> None:
    """Only absolute URLs can be asked."""
    with pytest.raises(MalformedIri):
        Request.to("/relative")


def test_path_and_query_are_not_decoded() -> None:
    """What was signed is what is compared."""
    request = Request.to("https://a.example/%2e%2E/x?q=%20")
    assert (request.path, request.query) == ("/%2e%2E/x", "q=%20")


def test_header_names_compare_without_case_and_keep_their_order() -> None:
    """RFC 9110 section 5.1; values of one name are joined in order (5.2)."""
    headers = Headers.build([("Date", " now "), ("X-One", "1"), ("x-ONE", "2")])
    assert headers.get("DATE") == "now"
    assert headers.get_all("X-One") == ["1", "2"]
    assert headers.get("x-one") == "1, 2"
    assert headers.get("absent") is None
    assert ("X-ONE" in headers, "absent" in headers, 1 in headers) == (True, False, False)


def test_fields_are_replaced_and_dropped_in_copies() -> None:
    """Headers never change; `with_fields` and `without` give new ones."""
    headers = Headers.build([("a", "1"), ("b", "2"), ("a", "3")])
    assert list(headers.with_fields(("A", "9"))) == [("b", "2"), ("a", "9")]
    assert list(headers.without("A")) == [("b", "2")]
    assert list(headers) == [("a", "1"), ("b", "2"), ("a", "3")]


def test_sec_170_bodies_and_header_values_are_not_shown() -> None:
    """A repr may end in a log: it names sizes and names, not contents."""
    request = Request.to("https://a.example/", headers=[("authorization", "secret")], body=b"secret")
    response = Response(status=200, headers=request.headers, body=b"secret")
    assert "secret" not in repr(request)
    assert "secret" not in repr(response)


def test_the_media_type_is_the_content_type_or_nothing() -> None:
    """A missing header is the empty text, never None."""
    assert Response(status=200).media_type == ""
    assert Response(status=200, headers=Headers.build([("Content-Type", "text/html")])).media_type == "text/html"


def test_what_was_looked_up_is_no_part_of_the_value() -> None:
    """Lookups are kept inside; neither equality, nor hash, nor a changed list given to a caller shows them."""
    asked, fresh = (Headers.build([("A", "1"), ("B", "2"), ("a", "3")]) for _ in range(2))
    asked.get_all("a").append("4")
    assert asked.get_all("a") == ["1", "3"]
    assert asked == fresh
    assert hash(asked) == hash(fresh)
    assert asked.with_fields(("a", "5")).get_all("a") == ["5"]
    assert "a" not in asked.without("a")
    assert Headers().get_all("a") == []


@pytest.mark.parametrize("others", [(), (("via", "x"), ("via", "y"))])
def test_a_value_that_stands_there_once_is_given_whatever_else_repeats(others: tuple[tuple[str, str], ...]) -> None:
    """Absent and repeated look alike; `in` tells them apart."""
    headers = Headers.build([("Date", "now"), ("A", "1"), ("a", "2"), *others])
    assert headers.get_only("date") == "now"
    assert headers.get_only("a") is None
    assert headers.get_only("absent") is None
    assert ("a" in headers, "A" in headers, "absent" in headers, "Absent" in headers) == (True, True, False, False)
    assert Headers().get_only("a") is None
    assert 1 not in headers


def test_a_copy_with_a_body_has_everything_else() -> None:
    request = Request.to("http://a.example:8080/p?x=1", method="POST", headers=[("A", "1")], body=b"x")
    assert request.with_body(b"y") == attrs.evolve(request, body=b"y")


def test_a_copy_with_other_headers_has_everything_else() -> None:
    """Signing copies a request three times."""
    request = Request.to("http://a.example:8080/p?x=1", method="POST", headers=[("A", "1")], body=b"x")
    headers = Headers.build([("b", "2")])
    assert request.with_headers(headers) == attrs.evolve(request, headers=headers)


def test_pairs_from_the_wire_are_read_as_pairs_of_text_are() -> None:
    wire = [
        (b"Date", b" now\t"),
        (b"host", b"a"),
        (b"HOST", b"b"),
        (b"x-one", b"caf\xe9"),
        (b"X-One", b"2"),
        (b"", b""),
    ]
    assert Headers.decode(wire) == Headers.build(
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in wire
    )
    assert Headers.decode(wire).get("x-one") == "caf\xe9, 2"


NAMES = ["host", "Host", "date", "DATE", "x-one", "X-One", "1", ""]
VALUES = st.binary(max_size=4).map(lambda value: b" " + value + b"\t")
ASKED = ["host", "Host", "date", "Date", "x-one", "absent", "accept", ""]


@given(
    pairs=st.lists(st.tuples(st.sampled_from(NAMES).map(str.encode), VALUES), max_size=5),
    asked=st.lists(st.sampled_from(ASKED), max_size=4),
    by=st.lists(st.sampled_from(["get", "get_all", "get_only", "__contains__", "fields"]), min_size=4, max_size=4),
)
def test_fields_from_the_wire_answer_as_those_of_text_whatever_was_asked_before(
    pairs: list[tuple[bytes, bytes]], asked: list[str], by: list[str]
) -> None:
    lazy = Headers.decode(pairs)
    read = Headers.build((name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs)
    for name, how in zip(asked, by, strict=False):
        if how == "fields":
            assert lazy.fields == read.fields
        elif how != "get_only" or name.islower():
            assert getattr(lazy, how)(name) == getattr(read, how)(name)
    assert lazy.count == read.count == len(pairs)
    assert (lazy, hash(lazy), repr(lazy), list(lazy)) == (read, hash(read), repr(read), list(read))


def test_names_and_values_are_given_in_one_text_each_of_them_all() -> None:
    """On the wire a value may have spaces around it, which count, too."""
    read = Headers.build([("Host", "a"), ("x-one", "caf\xe9"), ("x-one", "b")])
    assert read.run_together() == ("hostx-onex-one", "acaf\xe9b")
    assert Headers.decode([(b"Host", b"a"), (b"x-one", b"\xe9 ")]).run_together() == ("hostx-one", "a\xe9 ")
    assert Headers.decode([(b"Host", b"a"), (b"host", b"b")]).run_together() == ("hosthost", "ab")
    assert Headers.decode([]).run_together() == Headers().run_together() == ("", "")


@pytest.mark.parametrize(
    ("status", "fields", "length"),
    [
        (200, [], [(b"content-length", b"5")]),
        (410, [("etag", "caf\xe9")], [(b"etag", b"caf\xe9"), (b"content-length", b"5")]),
        (200, [("content-length", "7")], [(b"content-length", b"7")]),
        (204, [], []),
        (304, [], []),
    ],
)
def test_the_length_of_a_body_goes_along_where_there_may_be_one(status, fields, length) -> None:
    response = Response(status=status, headers=Headers.build(fields), body=b"12345")
    assert response.encoded_fields() == length
    response.encoded_fields().append((b"server", b"x"))  # servers may add to what they get
    assert response.encoded_fields() == length


def test_a_copy_of_an_answer_has_fields_of_its_own() -> None:
    response = Response(status=200, body=b"12345")
    response.encoded_fields()
    copy = attrs.evolve(response, body=b"1")
    assert copy.encoded_fields() == [(b"content-length", b"1")]
