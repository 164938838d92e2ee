"""The first, cheap checks of a POST: pure, one answer each (INB-01, 04, 05; SEC-003, 006, 010, 032, 072, 083)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fedtext.config import Limits
from fedtext.errors import (
    BodyTooLong,
    ContextRefused,
    DocumentError,
    FedtextError,
    HostRefused,
    MalformedIri,
    MediaTypeRefused,
    MethodRefused,
    MissingProperty,
    OriginMismatch,
    TypeMismatch,
)
from fedtext.http import Headers, Request
from fedtext.inbox import Peeked, admit, check_claimed, check_plain, is_blocked, peek
from fedtext.inbox.admission import mentioned_ids, mentions_count
from fedtext.wire.iri import Url
from fedtext.wire.json import parse_object

AS2 = "https://www.w3.org/ns/activitystreams"
HOSTS = frozenset({"b.example.com"})
REQUEST = Request.to(
    "https://b.example.com/inbox", method="POST", headers=[("content-type", "application/activity+json")]
)


def with_type(*media_types: str) -> Request:
    return attrs.evolve(REQUEST, headers=Headers.build(("content-type", media_type) for media_type in media_types))


@pytest.mark.spec("INB-01", "SEC-006", "SEC-008")
@pytest.mark.parametrize(
    ("media_types", "taken"),
    [
        (("application/activity+json",), True),
        (("application/activity+json; charset=utf-8",), True),
        (("Application/Activity+JSON",), True),
        ((f'application/ld+json; profile="{AS2}"',), True),
        ((f'application/ld+json;profile="{AS2}"; charset=UTF-8',), True),
        ((f'application/ld+json; profile="x {AS2} y"',), True),
        ((f'application/ld+json; profile="{AS2}X"',), False),
        (("application/ld+json",), False),
        (("application/json",), False),
        (("text/html",), False),
        (("application/activity+json; charset=utf-16",), False),
        (("",), False),
        ((), False),
        (("application/activity+json", "application/activity+json"), False),
        (("application/activity+json, text/html",), False),
    ],
)
def test_sec_006_media_types(media_types: tuple[str, ...], taken: bool) -> None:
    request = with_type(*media_types)
    if taken:
        assert admit(request, Limits(), HOSTS) is request
    else:
        with pytest.raises(MediaTypeRefused) as caught:
            admit(request, Limits(), HOSTS)
        assert caught.value.status_hint == 415


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "post"])
def test_other_methods(method: str) -> None:
    with pytest.raises(MethodRefused):
        admit(attrs.evolve(REQUEST, method=method), Limits(), HOSTS)


@pytest.mark.spec("SEC-010")
@pytest.mark.parametrize(
    ("authority", "taken"),
    [
        ("b.example.com", True),
        ("B.Example.COM", True),
        ("b.example.com:443", True),
        ("b.example.com:8443", False),
        ("b.example.com:80", False),
        ("b.example.com.", False),
        ("evil.example.org", False),
        ("x.b.example.com", False),
        ("b.example.com@evil.example.org", False),
        ("b.example.com:443:443", False),
        ("127.0.0.1", False),
        ("", False),
    ],
)
def test_sec_010_hosts(authority: str, taken: bool) -> None:
    request = attrs.evolve(REQUEST, authority=authority)
    if taken:
        assert admit(request, Limits(), HOSTS) is request
    else:
        with pytest.raises(HostRefused) as caught:
            admit(request, Limits(), HOSTS)
        assert caught.value.status_hint == 421


@pytest.mark.spec("SEC-003")
@pytest.mark.parametrize(
    ("encoding", "taken"), [("identity", True), ("Identity", True), ("gzip", False), ("br", False)]
)
def test_sec_003_encoded_bodies(encoding: str, taken: bool) -> None:
    request = attrs.evolve(REQUEST, headers=REQUEST.headers.with_fields(("content-encoding", encoding)))
    if taken:
        admit(request, Limits(), HOSTS)
    else:
        with pytest.raises(MediaTypeRefused):
            admit(request, Limits(), HOSTS)


@pytest.mark.spec("INB-04", "SEC-001", "AP-S22")
def test_inb_04_at_the_limit_and_one_above() -> None:
    limits = Limits(body_bytes_max=10)
    admit(attrs.evolve(REQUEST, body=b"x" * 10), limits, HOSTS)
    with pytest.raises(BodyTooLong) as caught:
        admit(attrs.evolve(REQUEST, body=b"x" * 11), limits, HOSTS)
    assert caught.value.status_hint == 413


# ---- what a body claims ----------------------------------------------------------------------------------------------

ACTOR = "https://a.example.com/users/alice"

PEEKED: list[tuple[dict[str, Any], Peeked]] = [
    (
        {"id": "https://a.example.com/1", "type": "Like", "actor": ACTOR, "object": "https://b.example.com/1"},
        Peeked(activity_id="https://a.example.com/1", type="Like", actor=ACTOR, object_id="https://b.example.com/1"),
    ),
    (
        {"@id": "https://a.example.com/1", "@type": ["Like", "x"], "actor": [{"@id": ACTOR}], "object": {"id": "y"}},
        Peeked(activity_id="https://a.example.com/1", type="Like", actor=ACTOR, object_id="y"),
    ),
    ({"type": "Add", "actor": {"id": ACTOR}}, Peeked(activity_id=None, type="Add", actor=ACTOR, object_id=None)),
    (
        {"type": "Flag", "actor": ACTOR, "object": ["x", "y"]},
        Peeked(activity_id=None, type="Flag", actor=ACTOR, object_id=None),
    ),
]


@pytest.mark.parametrize(("document", "expected"), PEEKED)
def test_what_is_peeked(document: dict[str, Any], expected: Peeked) -> None:
    assert peek(document) == expected


@pytest.mark.spec("INB-05", "SEC-032")
@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"type": None}, MissingProperty),
        ({"type": 7}, TypeMismatch),
        ({"type": []}, TypeMismatch),
        ({"type": [7]}, TypeMismatch),
        ({"type": {}}, TypeMismatch),
        ({"actor": ...}, MissingProperty),
        ({"actor": None}, TypeMismatch),
        ({"actor": ""}, TypeMismatch),
        ({"actor": 1}, TypeMismatch),
        ({"actor": {}}, TypeMismatch),
        ({"actor": {"id": 1}}, TypeMismatch),
        ({"actor": []}, TypeMismatch),
        ({"actor": [ACTOR, ACTOR]}, TypeMismatch),
        ({"id": 7}, TypeMismatch),
        ({"id": ["x"]}, TypeMismatch),
    ],
)
def test_sec_032_claims_of_another_shape(change: dict[str, Any], error: type[FedtextError]) -> None:
    document = {"type": "Like", "actor": ACTOR, **change}
    with pytest.raises(error) as caught:
        peek({name: value for name, value in document.items() if value is not ...})
    assert caught.value.status_hint == 400
    assert isinstance(caught.value, DocumentError)


@pytest.mark.spec("INB-06")
@pytest.mark.parametrize(
    ("kind", "object_id", "expected"),
    [
        ("Delete", ACTOR, True),
        ("Update", ACTOR, True),
        ("Delete", "x", False),
        ("Move", ACTOR, False),
        ("x", None, False),
    ],
)
def test_inb_06_what_concerns_the_actor_itself(kind: str, object_id: str, expected: bool) -> None:
    peeked = Peeked(activity_id=None, type=kind, actor=ACTOR, object_id=object_id)
    assert peeked.concerns_own_actor is expected


def is_own(url: Url) -> bool:
    return url.host == "b.example.com"


@pytest.mark.spec("SEC-072", "SEC-083")
@pytest.mark.parametrize(
    ("activity_id", "actor", "error"),
    [
        (None, ACTOR, None),
        ("https://a.example.com/1", ACTOR, None),
        ("https://A.example.com:443/1", ACTOR, None),
        ("https://evil.example.org/1", ACTOR, OriginMismatch),
        ("http://a.example.com/1", ACTOR, OriginMismatch),
        ("https://a.example.com:8443/1", ACTOR, OriginMismatch),
        ("https://a.example.com./1", ACTOR, OriginMismatch),
        ("https://x.a.example.com/1", ACTOR, OriginMismatch),
        ("https://b.example.com/1", "https://b.example.com/users/bob", OriginMismatch),
        ("", ACTOR, MalformedIri),
        ("/1", ACTOR, MalformedIri),
        ("urn:uuid:1", ACTOR, MalformedIri),
        ("https://a.example.com@evil.example.org/1", ACTOR, MalformedIri),
        (None, "acct:alice@a.example.com", MalformedIri),
        (None, "alice", MalformedIri),
        (None, "https://a.example.com/" + "x" * 2_048, MalformedIri),
    ],
)
def test_sec_072_what_no_signature_could_make_true(
    activity_id: str | None, actor: str, error: type[FedtextError] | None
) -> None:
    claimed = Peeked(activity_id=activity_id, type="Like", actor=actor, object_id=None)
    if error is None:
        assert check_claimed(claimed, is_own) is claimed
    else:
        with pytest.raises(error):
            check_claimed(claimed, is_own)


@pytest.mark.spec("SEC-121")
@pytest.mark.parametrize("name", ["@graph", "@included", "@reverse"])
@pytest.mark.parametrize("around", [lambda x: x, lambda x: {"object": x}, lambda x: {"object": [[{"tag": x}]]}])
def test_sec_121_what_is_hidden_from_plain_readers(name: str, around: Any) -> None:
    with pytest.raises(ContextRefused):
        check_plain(around({name: []}))
    plain = around({"graph": [], "content": name, "x": [name]})
    assert check_plain(plain) is plain


def refusal(document: Any, data: bytes | None) -> type[FedtextError] | None:
    try:
        check_plain(document, data)
    except ContextRefused as error:
        return type(error)
    return None


NAME = st.sampled_from(["@graph", "@included", "@reverse", "@context", "graph", "@Graph", "@", "\\u0040", "a", "@grap"])


@st.composite
def spelled(draw: st.DrawFn) -> bytes:
    """A document, any of whose characters may stand there as an escape."""
    value = st.recursive(NAME, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAME, inner, max_size=2))
    text = json.dumps(draw(st.dictionaries(NAME, value, max_size=3)))
    letters = [f"\\u{ord(c):04x}" if (c.isalpha() or c == "@") and draw(st.integers(0, 9)) == 0 else c for c in text]
    made = "".join(letters).encode()
    try:
        parse_object(made)
    except DocumentError:  # it was the letter of an escape
        return text.encode()
    return made


@pytest.mark.spec("SEC-121")
@given(spelled())
@example(b'{"\\u0040graph":[]}')
@example(b'{"@gr\\u0061ph":[]}')
@example(b'{"object":[{"@revers\\u0065":{}}]}')
def test_sec_121_a_look_at_the_bytes_overlooks_no_name(data: bytes) -> None:
    document = parse_object(data)
    assert refusal(document, data) == refusal(document, None)


@pytest.mark.spec("SEC-121")
@pytest.mark.parametrize("name", ["@graph", "@included", "@reverse"])
@pytest.mark.parametrize("form", ["\\u{:04x}", "\\u{:04X}"])
def test_sec_121_each_letter_may_be_an_escape(name: str, form: str) -> None:
    for place, letter in enumerate(name):
        data = f'{{"{name[:place]}{form.format(ord(letter))}{name[place + 1 :]}":[]}}'.encode()
        assert refusal(parse_object(data), data) is ContextRefused, data


def test_sec_121_bytes_without_such_a_name_need_no_look_at_each() -> None:
    """Told by a document that the bytes do not say: it is not walked through."""
    assert refusal({"@graph": []}, b'{"@context":"https://a.example/graph","content":"\\u003cp\\u003e"}') is None


SAID = st.sampled_from(
    [None, "https://a.example/1", {"id": "https://a.example/2"}, {"href": "https://a.example/3"}, "", 1]
)
SAID_TO = SAID | st.lists(SAID | st.lists(SAID, max_size=2), max_size=4)
PART = st.dictionaries(st.sampled_from(["to", "cc", "bto", "bcc", "audience", "tag", "x"]), SAID_TO)


@pytest.mark.spec("SEC-139")
@given(PART, PART | st.lists(PART, max_size=3) | SAID)
def test_sec_139_no_more_are_mentioned_than_are_counted(outside: Any, inside: Any) -> None:
    document = {**outside, "object": inside}
    assert len(mentioned_ids(document)) <= mentions_count(document)


@pytest.mark.spec("SEC-139")
def test_sec_139_each_of_a_list_is_counted() -> None:
    ids = [f"https://a.example/{number}" for number in range(5)]
    document: Any = {"to": ids, "cc": "https://b.example/1", "object": [{"tag": [{"href": iri} for iri in ids]}, {}]}
    assert mentions_count(document) == 11


@pytest.mark.spec("INB-19")
@pytest.mark.parametrize(
    ("iri", "blocked"),
    [
        ("https://a.example/1", True),
        ("https://A.EXAMPLE:8443/1", True),
        ("http://a.example./1", True),
        ("https://x.y.a.example/1", True),
        ("https://ba.example/1", False),
        ("https://example/1", False),
        ("https://a.example.org/1", False),
        ("https://xn--bcher-kva.example/1", True),
        ("https://b\u00fccher.example/1", True),
    ],
)
def test_inb_19_blocked_domains(iri: str, blocked: bool) -> None:
    assert is_blocked(iri, ["other.example", "a.example.", "B\u00dcCHER.example"]) is blocked
    assert not is_blocked(iri, [])


@pytest.mark.vectors("origin/fep-fe34.json")
def test_shared_cases_of_blocked_domains(vector_file: Path) -> None:
    for case in json.loads(vector_file.read_text("utf-8"))["cases"]:
        if case["function"] == "domain_policy":
            given = case["given"]
            assert is_blocked(given["url"], given["blocked"]) is case["expect"]["blocked"], case["id"]
