"""Bodies that are no decent JSON, or too much of it, at each edge: refused or clamped, and never a fault of ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.receiving import AS2, PeerActor
from tests.scene import Scene

pytestmark = pytest.mark.edges("pure", "asgi", "wsgi")

MANY = 100_000
LONG = "x" * 900_000
Body = Callable[[PeerActor], bytes]


def said(**members: Any) -> Body:
    """Say something more, or something else, in a Like of alice's."""
    return lambda alice: json.dumps({**alice.activity(), **members}).encode()


def spelled(more: str) -> Body:
    """Write something more, as JSON, into a Like of alice's."""
    return lambda alice: json.dumps(alice.activity()).encode()[:-1] + f", {more}}}".encode("utf-8", "surrogatepass")


def deep(levels: int, opening: str = '{"a":', closing: str = "}") -> Body:
    return spelled(f'"x": {opening * levels}1{closing * levels}')


REFUSED: list[tuple[str, Body]] = [
    ("SEC-020 33 levels", deep(32)),
    ("SEC-020 200 levels of arrays", deep(200, "[", "]")),
    ("SEC-020 1 000 levels, mixed", deep(500, '[{"a":', "}]")),
    ("SEC-020 1 025 levels", deep(1_025)),
    ("SEC-020 100 000 levels", deep(MANY, "[", "]")),
    ("SEC-021 the actor twice", spelled('"actor": "https://evil.example.org/users/eve"')),
    ("SEC-021 the actor in another spelling", spelled('"\\u0061ctor": "https://evil.example.org/users/eve"')),
    ("SEC-021 a name twice, inside", spelled('"x": {"a": 1, "a": 2}')),
    ("SEC-022 no number", spelled('"x": NaN')),
    ("SEC-022 without an end", spelled('"x": -Infinity')),
    ("SEC-022 more than can be", spelled('"x": 1e999')),
    ("SEC-023 4 301 digits", spelled(f'"x": {"9" * 4_301}')),
    ("SEC-024 half a character", spelled('"x": "\\ud800"')),
    ("SEC-024 half a character, raw", lambda alice: spelled('"x": "?"')(alice).replace(b"?", b"\xed\xa0\x80")),
    ("SEC-025 not UTF-8", lambda alice: spelled('"x": "?"')(alice).replace(b"?", b"\xff")),
    ("SEC-025 longer than need be", lambda alice: spelled('"x": "?"')(alice).replace(b"?", b"\xc0\x80")),
    ("SEC-025 a byte order mark", lambda alice: b"\xef\xbb\xbf" + said()(alice)),
    ("SEC-025 UTF-16", lambda alice: said()(alice).decode().encode("utf-16")),
    ("SEC-026 NUL in a name", spelled('"x\\u0000": 1')),
    ("SEC-026 NUL in the id", said(id="https://a.example.com/1\x00")),
    ("SEC-027 something behind it", lambda alice: said()(alice) + b"x"),
    ("SEC-027 two documents", lambda alice: said()(alice) * 2),
    ("SEC-027 a line for each", lambda alice: said()(alice) + b"\n" + said()(alice)),
    ("SEC-027 nothing", lambda _alice: b""),
    ("SEC-027 null", lambda _alice: b"null"),
    ("SEC-027 a number", lambda _alice: b"1"),
    ("SEC-027 a list", lambda _alice: b"[]"),
    ("SEC-027 a text", lambda _alice: b'"x"'),
    ("SEC-029 a million tiny things", lambda alice: spelled(f'"x": [{"1," * 400_000}1]')(alice)),
    ("SEC-030 an id without an end", said(id="https://a.example.com/" + LONG)),
    ("SEC-030 an actor without an end", said(actor="https://a.example.com/" + LONG)),
    ("SEC-031 a type that is a number", said(type=1)),
    ("SEC-031 an actor that is true", said(actor=True)),
    ("SEC-031 an actor that is a list of lists", said(actor=[["https://a.example.com/users/alice"]])),
    ("SEC-032 an id that is relative", said(id="/x")),
    ("SEC-032 an id that is a word", said(id="x")),
    ("SEC-032 an id that is empty", said(id="")),
    ("SEC-032 an id that is a number", said(id=1)),
    ("SEC-032 an id that is an object", said(id={"id": 1})),
]


@pytest.mark.parametrize("body", [case[1] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_sec_020_to_sec_032_no_decent_json_is_refused(scene: Scene, body: Body) -> None:
    """It is signed as it should be, so it is the body for which it is refused; and no key is asked for.

    Threats: Iceshrimp.NET 2024-07, NodeBB 2026-07.
    """
    scene.refuses(scene.alice.post(body(scene.alice)), 400, 413)


TAKEN: list[tuple[str, Body]] = [
    ("SEC-020 32 levels", deep(31)),
    ("SEC-022 minus nothing", spelled('"x": -0')),
    ("SEC-023 2 to the 64", spelled(f'"totalItems": {2**64}, "votersCount": {10**100}')),
    ("SEC-026 NUL in a text", said(content="a\x00b", summary="a\x00b", name="a\x00b")),
    (
        "SEC-028 names that mean something elsewhere",
        said(**dict.fromkeys(("__proto__", "constructor", "__class__"), 1)),
    ),
    ("SEC-028 names of the language", said(__init__=1, __dict__={"actor": 1}, self=1, **{"type\u200b": "Delete"})),
    ("SEC-029 more recipients than anybody reads", said(to=[f"https://x.example/{n}" for n in range(2_000)])),
    ("SEC-029 more tags than anybody reads", said(tag=[{"type": "Hashtag", "name": str(n)} for n in range(5_000)])),
    ("SEC-029 more attachments", said(attachment=[{"type": "Image", "url": "x"} for _ in range(5_000)])),
    ("SEC-030 texts without an end", said(summary=LONG)),
    ("SEC-030 a text in ten thousand languages", said(contentMap={f"x-{n:05}": "a" for n in range(10_000)})),
    ("SEC-031 texts and times that are none", said(content=1, published=[], updated={}, to=7, tag="x", name=[[1]])),
]


@pytest.mark.parametrize("body", [case[1] for case in TAKEN], ids=[case[0] for case in TAKEN])
def test_sec_020_to_sec_031_what_is_odd_only_does_no_harm(scene: Scene, body: Body) -> None:
    """Threats: GHSA-gg8q, Mastodon 4.3.3."""
    heard = scene.takes(scene.alice.post(body(scene.alice)))
    assert (heard.type_name, heard.actor_id) == ("Like", scene.alice.id)
    assert "\x00" not in f"{heard.content}{heard.summary}{heard.name}"
    assert len(heard.to) <= 1_000
    assert len(heard.tag) <= 256
    assert len(heard.attachment) <= 32
    assert isinstance(repr(heard.problems), str)


def test_sec_030_actors_are_bounded(scene: Scene) -> None:
    """A key in a PEM without an end is no key; a name without an end is one that nobody has.  Threat: GHSA-gg8q."""
    for member in ({"publicKeyPem": LONG}, {"publicKeyPem": scene.alice.key.public.pem + LONG}):
        scene.home.actor(publicKey={"id": scene.alice.key_id, "owner": scene.alice.id, **member})
        scene.refuses(scene.alice.post(scene.alice.activity()), 401, fetches_max=1)
        scene.clock.advance(301)


def test_sec_028_a_model_has_no_attributes_of_its_senders_choice(scene: Scene) -> None:
    heard = scene.takes(scene.alice.post(said(document=1, actor_id="x", evidence="x", problems=1)(scene.alice)))
    assert heard.actor_id == scene.alice.id
    assert heard.document["@context"] == AS2
    assert heard.problems == ()
