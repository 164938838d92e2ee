"""Attacks on the inbox of a whole server: the answer, and that nothing is stored, dispatched or fetched.

SEC-005, 006, 010, 016, 033, 046, 047, 083, 087 to 089; INB-01 to 06; SIG-26, 27. And whatever bytes arrive: only errors
of ours leave `receive`.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from importlib import import_module
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.receiving import INBOX, KEYS, NOW_S, SITE, Door, Peer, PeerActor, answer, post, sign_by_hand
from tests.scene import SHARED, Scene

from fedtext.errors import FedtextError, SignatureMismatch
from fedtext.http import Headers, Request, Response
from fedtext.inbox import restore
from fedtext.ports import store_key

AS2 = "https://www.w3.org/ns/activitystreams"
EVERYWHERE = pytest.mark.edges("pure", "asgi", "wsgi")
ELSEWHERE = "https://evil.example.org"
VICTIM = "https://v.example.org/users/victim"
FORGED = {"id": "https://v.example.org/1", "type": "Note", "attributedTo": VICTIM, "content": "never said"}


@pytest.fixture
def alice(scene: Scene) -> PeerActor:
    return scene.alice


def headers(request: Request, *fields: tuple[str, str], without: tuple[str, ...] = ()) -> Request:
    return attrs.evolve(request, headers=request.headers.without(*without).with_fields(*fields))


Attack = Callable[[PeerActor], Request]


def resigned(alice: PeerActor, request: Request, covered: str = "(request-target) host date digest") -> Request:
    return sign_by_hand(request, alice.key, alice.key_id, covered)


def like(alice: PeerActor) -> Request:
    return alice.post(alice.activity())


def key_id(text: str) -> Attack:
    return lambda alice: alice.post(alice.activity(), key_id=text)


def typed(media_type: str | None) -> Attack:
    return lambda alice: alice.post(alice.activity(), media_type=media_type)


def said(**members: Any) -> Attack:
    return lambda alice: alice.post({**alice.activity(), **members})


def sent(body: bytes) -> Attack:
    return lambda alice: alice.post(body)


def spoiled(change: Callable[[bytes], bytes]) -> Attack:
    def attack(alice: PeerActor) -> Request:
        request = like(alice)
        return attrs.evolve(request, body=change(request.body))

    return attack


# Each is refused before anything is fetched: nothing stored, nothing dispatched, nothing asked of others.
AT_ONCE: list[tuple[str, int, Attack]] = [
    ("SEC-005 unsigned", 401, lambda a: headers(like(a), without=("signature",))),
    ("SEC-005 an empty signature", 401, lambda a: headers(like(a), ("signature", ""))),
    (
        "SEC-005 another authorization",
        401,
        lambda a: headers(like(a), ("authorization", "Bearer x"), without=("signature",)),
    ),
    ("SEC-006 HTML", 415, typed("text/html")),
    ("SEC-006 plain JSON", 415, typed("application/json")),
    ("SEC-006 JSON-LD without a profile", 415, typed("application/ld+json")),
    ("SEC-006 JSON-LD with another profile", 415, typed(f'application/ld+json; profile="{AS2}X"')),
    ("SEC-006 none", 415, typed(None)),
    ("SEC-007 UTF-16", 415, typed("application/activity+json; charset=utf-16")),
    ("SEC-003 an encoded body", 415, lambda a: headers(like(a), ("content-encoding", "gzip"))),
    (
        "SEC-010 signed for somebody else's host",
        421,
        lambda a: a.post(a.activity(), url="https://evil.example.org" + INBOX),
    ),
    ("SEC-010 another port of ours", 421, lambda a: a.post(a.activity(), url=f"{SITE}:8443{INBOX}")),
    ("SEC-016 nobody", 404, lambda a: a.post(a.activity(), url=f"{SITE}/users/nobody/inbox")),
    ("SEC-016 nobody, and not even signed", 404, lambda a: Request.to(f"{SITE}/users/nobody/inbox", method="POST")),
    ("SEC-009 PUT", 405, lambda a: attrs.evolve(like(a), method="PUT")),
    ("SEC-009 DELETE", 405, lambda a: attrs.evolve(like(a), method="DELETE")),
    ("INB-04 too long", 413, lambda a: a.post(b" " * 1_048_577)),
    ("SEC-033 the digest is there, but not signed", 401, lambda a: resigned(a, like(a), "(request-target) host date")),
    ("SEC-034 only the date is signed", 401, lambda a: resigned(a, like(a), "date")),
    ("SEC-010 the host is not signed", 401, lambda a: resigned(a, like(a), "(request-target) date digest")),
    ("SEC-043 the target is not signed", 401, lambda a: resigned(a, like(a), "host date digest")),
    ("SEC-042 a byte more", 401, spoiled(lambda body: body + b" ")),
    ("SEC-042 a byte less", 401, spoiled(lambda body: body.replace(b'"Like"', b'"Lake"'))),
    ("SEC-045 too old", 401, lambda a: a.post(a.activity(), now_s=NOW_S - 3_601)),
    ("SEC-045 too new", 401, lambda a: a.post(a.activity(), now_s=NOW_S + 301)),
    ("SEC-067 our own host", 401, key_id(f"{SITE}/users/bob#main-key")),
    ("SEC-067 our own host with a dot", 401, key_id("https://b.example.com./users/bob#main-key")),
    ("SEC-067 our own host without TLS", 401, key_id("http://b.example.com/users/bob#main-key")),
    ("SEC-067 this machine", 401, key_id("https://127.0.0.1/key")),
    ("SEC-067 this machine, IPv6", 401, key_id("https://[::1]/key")),
    ("SEC-067 this machine by name", 401, key_id("https://localhost/key")),
    ("SEC-067 this machine by number", 401, key_id("https://2130706433/key")),
    ("SEC-067 acct:", 401, key_id("acct:alice@a.example.com")),
    ("SEC-067 did:", 401, key_id("did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2")),
    ("SEC-067 data:", 401, key_id("data:application/activity+json,{}")),
    ("SEC-067 javascript:", 401, key_id("javascript:alert(1)")),
    ("SEC-067 relative", 401, key_id("/users/alice#main-key")),
    ("SEC-067 long", 401, key_id("https://a.example.com/" + "x" * 10_000)),
    ("SEC-067 with a password", 401, key_id("https://u:p@a.example.com/key")),
    ("INB-05 no JSON", 400, sent(b"{")),
    ("INB-05 nothing", 400, sent(b"")),
    ("INB-05 a list", 400, sent(b"[]")),
    ("INB-05 a text", 400, sent(b'"x"')),
    ("INB-05 null", 400, sent(b"null")),
    ("INB-05 two documents", 400, sent(b"{}{}")),
    ("INB-05 no type", 400, said(type=None)),
    ("SEC-020 too deep", 400, sent(b'{"a":' * 33 + b"{}" + b"}" * 33)),
    ("SEC-021 an actor twice", 400, sent(b'{"type":"Like","actor":"https://a.example.com/u","\\u0061ctor":"x"}')),
    ("SEC-022 not a number", 400, sent(b'{"a":NaN}')),
    ("SEC-024 half a character", 400, sent(b'{"a":"\\ud800"}')),
    ("SEC-025 not UTF-8", 400, sent(b'{"a":"\xff"}')),
    ("SEC-026 NUL in a name", 400, sent(b'{"a\\u0000":1}')),
    ("SEC-032 an actor that is a number", 400, said(actor=1)),
    ("SEC-032 an actor that is relative", 400, said(actor="/users/alice")),
    ("SEC-032 two actors", 400, said(actor=["https://a.example.com/users/alice", "https://v.example.org/u"])),
    ("SEC-032 an id that is a number", 400, said(id=1)),
    ("SEC-032 an id that is relative", 400, said(id="1")),
    ("SEC-032 an empty id", 400, said(id="")),
    ("SEC-083 a local actor", 403, said(actor=f"{SITE}/users/bob", id=f"{SITE}/1")),
    ("SEC-083 a local actor, spelled otherwise", 403, said(actor="https://B.example.com./users/bob")),
    ("SEC-072 the id of another host", 403, said(id="https://evil.example.org/1")),
    ("SEC-072 the id of another scheme", 403, said(id="http://a.example.com/1")),
    ("SEC-072 the id of another port", 403, said(id="https://a.example.com:8443/1")),
]


@EVERYWHERE
@pytest.mark.spec(
    "SEC-005", "SEC-006", "SEC-010", "SEC-016", "SEC-033", "SEC-067", "SEC-072", "SEC-083", "SIG-26", "INB-04"
)
@pytest.mark.parametrize(("status", "attack"), [case[1:] for case in AT_ONCE], ids=[case[0] for case in AT_ONCE])
def test_sec_005_refused_at_once(scene: Scene, alice: PeerActor, status: int, attack: Attack) -> None:
    """Threats: CVE-2023-49079, CVE-2026-28432, lemmy-federation#109, NodeBB 2026-04."""
    request = attack(alice)
    before = scene.state()
    response = scene.answer(request)
    assert response.status == status
    assert scene.state() == before
    problem = json.loads(response.body)
    assert problem["status"] == status
    assert "a.example.com" not in response.body.decode(), "nothing that was sent is echoed (SEC-169)"
    if status == 405:
        assert "POST" in (response.headers.get("allow") or "")


@pytest.mark.edges("pure", "asgi")
def test_sec_006_two_media_types_are_none(scene: Scene, alice: PeerActor) -> None:
    """A WSGI server keeps one of the two."""
    request = like(alice)
    twice = Headers.build([*request.headers, ("content-type", "application/activity+json")])
    assert scene.answer(attrs.evolve(request, headers=twice)).status == 415


@pytest.mark.edges("pure")
def test_sec_010_the_signed_host_is_the_one_that_was_asked(scene: Scene, alice: PeerActor) -> None:
    """Behind a door there is one host only: that of the field."""
    assert scene.answer(headers(like(alice), ("host", "evil.example.org"))).status == 401


# Each is refused after the key was fetched: one fetch, no dispatch, and in the store nothing but what was fetched.
AFTER_THE_KEY: list[tuple[str, int, Attack]] = [
    ("SIG-27 signed by another key", 401, lambda a: post(a.activity(), key=KEYS[1])),
    ("SEC-065 another key of the document", 401, key_id("https://a.example.com/users/alice#other")),
    ("SEC-088 signed by one, said by another", 403, said(actor="https://a.example.com/users/bo", id=None, type="Add")),
    ("SEC-120 the context bends a name", 400, said(**{"@context": [AS2, {"actor": "https://ns.example/actor"}]})),
    ("not an activity", 400, said(type="Note")),
    ("SEC-072 no id", 400, said(id=None)),
    (
        "SEC-080 a Create of another's note",
        403,
        said(type="Create", object={"id": "https://v.example.org/1", "type": "Note"}),
    ),
    ("SEC-080 in a list", 403, said(type=["Create"], object=FORGED)),
    ("SEC-081 a Delete of another's note", 403, said(type="Delete", object="https://v.example.org/1")),
    (
        "SEC-081 an Undo of another's Follow",
        403,
        said(type="Undo", object={"type": "Follow", "actor": "https://v.example.org/u"}),
    ),
]


@EVERYWHERE
@pytest.mark.spec("SEC-080", "SEC-081", "SEC-088", "SIG-26", "SIG-27")
@pytest.mark.parametrize(
    ("status", "attack"), [case[1:] for case in AFTER_THE_KEY], ids=[case[0] for case in AFTER_THE_KEY]
)
def test_sec_088_refused_after_the_key(scene: Scene, alice: PeerActor, status: int, attack: Attack) -> None:
    """Never 2xx for what was signed and does not hold. Threats: CVE-2025-54888, Ghost 2025-08-08."""
    request = attack(alice)
    response = scene.answer(request)
    assert response.status == status
    assert scene.unverified == [json.loads(response.body)["code"]]
    state = scene.state()
    assert (state.waiting, state.heard) == (0, 0)
    assert state.fetched == [alice.id]
    own = (store_key(SITE, "key"), store_key(SITE, "key-fetched"), store_key(SITE, "actor-key"))
    assert [key for key in state.stored if "alice" in key and not key.startswith(own)] == []


@EVERYWHERE
@pytest.mark.spec("INB-03", "SEC-087")
def test_inb_03_what_is_right_is_taken_and_heard_once(scene: Scene, alice: PeerActor) -> None:
    response = scene.answer(like(alice))
    assert (response.status, response.body) == (202, b"")
    assert [activity.id for activity in scene.heard] == ["https://a.example.com/activities/1"]


@EVERYWHERE
@pytest.mark.spec("SEC-046", "SEC-047")
def test_sec_046_replays_and_second_versions(scene: Scene, alice: PeerActor) -> None:
    request = like(alice)
    for again in (request, request, alice.post(alice.activity(object=f"{SITE}/notes/2"))):
        assert scene.answer(again).status == 202
    assert [activity.object_id for activity in scene.heard] == [f"{SITE}/notes/1"]


@EVERYWHERE
@pytest.mark.spec("SEC-049")
def test_sec_049_the_shared_inbox_is_another(scene: Scene, alice: PeerActor) -> None:
    for path in (INBOX, SHARED, INBOX, SHARED):
        assert scene.answer(alice.post(alice.activity(), url=SITE + path)).status == 202
    assert len(scene.heard) == 2


@EVERYWHERE
@pytest.mark.spec("SEC-016")
def test_sec_016_a_removed_actor_is_gone_before_anything_is_read(scene: Scene, alice: PeerActor) -> None:
    scene.federation.remove_actor("bob")
    scene.edge.work()  # it tells others
    before = scene.state()
    assert scene.answer(attrs.evolve(like(alice), body=b"{")).status == 410
    assert scene.state() == before


@EVERYWHERE
@pytest.mark.spec("INB-06", "SEC-070")
def test_inb_06_the_delete_of_a_stranger_costs_nothing(scene: Scene, alice: PeerActor) -> None:
    before = scene.state()
    for kind in ("Delete", "Update"):
        assert scene.answer(alice.post(alice.activity(kind, object=alice.id))).status == 202
    assert scene.state() == before


@EVERYWHERE
@pytest.mark.spec("SIG-26", "SEC-070")
@pytest.mark.parametrize("served", [Response(status=500), Response(status=503), Response(status=429)])
def test_sig_26_the_keys_host_is_away(scene: Scene, alice: PeerActor, served: Response) -> None:
    alice.peer.serve("/users/alice", served)
    for _ in range(2):
        response = scene.answer(like(alice))
        assert (response.status, response.headers.get("retry-after")) == (503, "60")
    assert len(scene.fetched) == 1


@EVERYWHERE
@pytest.mark.spec("SEC-087")
def test_sec_087_a_listener_gets_what_was_judged(scene: Scene, alice: PeerActor) -> None:
    """Threat: GHSA-39gj-rchc-q5m3."""
    assert scene.answer(alice.post(alice.activity("Announce", object=FORGED))).status == 202
    (announce,) = scene.heard
    assert announce.object == "https://v.example.org/1"
    assert "never said" not in json.dumps(announce.document)


# ---- SEC-089: every step of the verification gives way in turn -------------------------------------------------------

RECEIVE, AUTHORSHIP = import_module("fedtext.inbox.receive"), import_module("fedtext.inbox.authorship")
SIGNERS = import_module("fedtext.inbox.signers")
IN_RECEIVE = "admit parse_claims parse_written check_plain peek check_claimed normalize authenticate"
IN_SIGNERS = "resolve verify"
IN_AUTHORSHIP = "_actor _activity confine load identifier"
# What these prove is proven again by a later step; they spare fetches. Only by raising can they give way.
SAID_AGAIN = ("admit_key_id", "check_claim")
RAISING = [*((SIGNERS, name) for name in SAID_AGAIN), (RECEIVE, "prove"), (RECEIVE, "learn_inbound")]
STEPS = [
    *((RECEIVE, name) for name in IN_RECEIVE.split()),
    *((SIGNERS, name) for name in IN_SIGNERS.split()),
    *((AUTHORSHIP, name) for name in IN_AUTHORSHIP.split()),
]


class StepFailed(Exception):
    """What a broken step raises."""


def gives_way(outcome: Any) -> Callable[..., Any]:
    def step(*_arguments: Any, **_options: Any) -> Any:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return step


def gives_way_when_awaited(outcome: Any) -> Callable[..., Any]:
    async def step(*_arguments: Any, **_options: Any) -> Any:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return step


BROKEN: list[tuple[Any, str, Any]] = [
    *[
        (module, name, outcome)
        for module, name in STEPS
        for outcome in (StepFailed(), SignatureMismatch(), None, False)
    ],
    *[(module, name, outcome) for module, name in RAISING for outcome in (StepFailed(), SignatureMismatch())],
]


@EVERYWHERE
@pytest.mark.spec("SEC-089", "SEC-088")
@pytest.mark.parametrize(
    ("module", "name", "outcome"),
    BROKEN,
    ids=[f"{module.__name__}.{name} {outcome!r}" for module, name, outcome in BROKEN],
)
def test_sec_089_a_step_that_gives_way_lets_nothing_pass(
    scene: Scene, alice: PeerActor, monkeypatch: pytest.MonkeyPatch, module: Any, name: str, outcome: Any
) -> None:
    """A request that is right in all respects: if one step does not say so, it is not dispatched.

    Threats: CVE-2025-54888, CVE-2026-28432.
    """
    request = like(alice)
    broken = gives_way_when_awaited if inspect.iscoroutinefunction(getattr(module, name)) else gives_way
    monkeypatch.setattr(module, name, broken(outcome))
    assert scene.answer(request).status >= 400
    monkeypatch.undo()
    scene.edge.work()
    state = scene.state()
    assert (state.waiting, state.heard) == (0, 0)
    scene.observer.events.clear()  # these faults were made on purpose


@EVERYWHERE
@pytest.mark.spec("SEC-089")
@pytest.mark.parametrize("outcome", [None, False])
@pytest.mark.parametrize("name", SAID_AGAIN)
def test_sec_089_what_is_said_twice_holds_without_the_first(
    scene: Scene, alice: PeerActor, monkeypatch: pytest.MonkeyPatch, name: str, outcome: Any
) -> None:
    """The early checks spare fetches; taking them away opens nothing."""
    monkeypatch.setattr(SIGNERS, name, gives_way(outcome))
    assert scene.answer(like(alice)).status == 202
    for label, status, attack in AT_ONCE:
        if label.startswith(("SEC-033", "SEC-034", "SEC-042", "SEC-043", "SEC-045", "SEC-067")):
            assert scene.answer(attack(alice)).status == status, label
    assert len(scene.heard) == 1


@EVERYWHERE
@pytest.mark.spec("SEC-089")
def test_sec_089_a_policy_that_breaks_refuses(scene: Scene, alice: PeerActor) -> None:
    def refuse(_iri: str) -> None:
        raise StepFailed

    scene.federation.engine = attrs.evolve(scene.federation.engine, policy=refuse)
    assert scene.answer(like(alice)).status == 500
    state = scene.state()
    assert (state.waiting, state.fetched, state.heard) == (0, [], 0)
    scene.observer.events.clear()  # this fault was made on purpose


# ---- whatever bytes arrive -------------------------------------------------------------------------------------------

IRIS = st.sampled_from(
    [
        "https://a.example.com/users/alice",
        "https://a.example.com/notes/1",
        "https://v.example.org/notes/1",
        f"{SITE}/users/bob",
        f"{AS2}#Public",
        "did:key:z6Mk",
        "https://[",
        "x",
        "",
    ]
)
TYPE_NAMES = """
Create Update Delete Undo Accept Reject Add Remove Move Like Announce Follow Block Flag Note Person Tombstone Question
Collection Link X as:Create https://www.w3.org/ns/activitystreams#Delete
"""
MEMBER_NAMES = """
id type actor object target attributedTo inReplyTo to cc tag attachment content contentMap name summary url published
items first publicKey inbox endpoints @id @type @context @graph @reverse as:actor as:object x
"""
TYPES, NAMES = st.sampled_from(TYPE_NAMES.split()), st.sampled_from(MEMBER_NAMES.split())
LEAVES = st.one_of(
    IRIS, TYPES, st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(NAMES, st.text()), inner, max_size=4)
    ),
    max_leaves=12,
)
CHANGES = st.dictionaries(NAMES, VALUES, max_size=4)
HEADER_TEXT = st.text(st.characters(min_codepoint=0, max_codepoint=255), max_size=60)


@pytest.fixture(scope="module")
def shared() -> tuple[Door, PeerActor]:
    """One door for all examples: a new one for each would be slow, and what they leave is compared each time."""
    door = Door()
    return door, Peer(door.network).actor()


def tried(door: Door, request: Request) -> None:
    """Send a request: either it is refused by an error of ours and leaves nothing, or it can be dispatched."""
    door.network.exchanges.clear()
    before = door.stored
    try:
        receipt = door.receive(request)
    except FedtextError:
        assert door.waiting == 0
        new = {key for key in door.stored if key not in before}
        assert all(key.startswith((store_key(SITE, "key"), store_key(SITE, "key-fetched"))) for key in new)
        return
    tasks = door.take()
    assert len(tasks) == (receipt.outcome == "queued")
    for task in tasks:
        authentic = restore(task)
        assert authentic.activity.actor_id == "https://a.example.com/users/alice"
        assert isinstance(repr(authentic.activity.problems), str)
        assert authentic.activity.object_id is None or isinstance(authentic.activity.object_id, str)


ANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.mark.spec("SEC-031", "SEC-032")
@ANY
@given(changes=CHANGES)
def test_whatever_document_is_signed(shared: tuple[Door, PeerActor], changes: dict[str, Any]) -> None:
    door, alice = shared
    tried(door, alice.post({**alice.activity(), **changes}))


@ANY
@given(body=st.binary(max_size=200))
def test_whatever_bytes_are_signed(shared: tuple[Door, PeerActor], body: bytes) -> None:
    door, alice = shared
    for noise in (body, b'{"type":"Like",' + body, json.dumps(alice.activity()).encode()[:60] + body):
        tried(door, alice.post(noise))


@ANY
@given(
    name=st.sampled_from(["signature", "digest", "date", "host", "content-type", "authorization", "x"]),
    value=HEADER_TEXT,
    cut=st.integers(0, 200),
)
def test_whatever_headers_arrive(shared: tuple[Door, PeerActor], name: str, value: str, cut: int) -> None:
    door, alice = shared
    request = like(alice)
    kept = request.headers.get(name) or ""
    for text in (value, kept[:cut] + value, value + kept[cut:]):
        tried(door, headers(request, (name, text)))
        tried(door, attrs.evolve(request, headers=Headers.build([*request.headers, (name, text)])))


@ANY
@given(
    text=st.text(max_size=60), scheme=st.sampled_from(["", "https://", "https://a.example.com/", "http://", "acct:"])
)
def test_whatever_key_id_is_named(shared: tuple[Door, PeerActor], text: str, scheme: str) -> None:
    door, alice = shared
    value = f'keyId="{scheme}{text}",headers="(request-target) host date digest",signature="AAAA"'
    tried(door, headers(like(alice), ("signature", value)))


@ANY
@given(changes=CHANGES)
def test_whatever_the_actors_server_answers(changes: dict[str, Any]) -> None:
    door = Door()
    alice = Peer(door.network).actor()
    alice.peer.serve("/users/alice", {**alice.document(), **changes})
    tried(door, like(alice))


@ANY
@given(body=st.binary(max_size=100), status=st.integers(100, 599), location=HEADER_TEXT)
def test_whatever_bytes_the_actors_server_answers(body: bytes, status: int, location: str) -> None:
    door = Door()
    alice = Peer(door.network).actor()
    alice.peer.serve("/users/alice", answer(body, status=status, location=location))
    tried(door, like(alice))
