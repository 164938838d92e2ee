"""The same question gets the same bytes from every door, given the same origin, users, posts and keys.

The blogs run one after the other on one port. What frameworks and their servers add of their own (Date, Server,
X-Frame-Options, …) is set aside; the status, every header that the library sets, and the body are compared.
"""

from __future__ import annotations

import http.client
import json
import time
from typing import Any

import attrs
import pytest

from fedtext import connect
from fedtext.adapters.clocks import SystemClock
from fedtext.keys import KeySet, OwnKey, build_key_set, generate_ed25519, generate_rsa
from fedtext.ports import store_key
from fedtext.signatures import build_digest
from fedtext.sync import run_sync
from fedtext.wire.timestamps import build_http_date

from .servers import BLOGS, Blog, Demo, free_port, running

ACTIVITY = "application/activity+json"
WHEN = "2026-01-02 03:04:05"
FRAMEWORKS_OWN = {
    "connection",
    "cross-origin-opener-policy",
    "date",
    "keep-alive",
    "referrer-policy",
    "server",
    "x-content-type-options",
    "x-frame-options",
}


@attrs.frozen
class Question:
    """One request; `{origin}` and `{host}` stand for this run's."""

    name: str
    status: int
    target: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = (("accept", ACTIVITY),)
    body: bytes = b""
    of_demo: bool = False  # a path that the demo has, too, with nothing of its own in the answer


def posted(name: str, status: int, target: str, body: bytes = b"{}", **headers: str) -> Question:
    """Ask by POST."""
    fields = {"content-type": ACTIVITY, **{field.replace("_", "-"): value for field, value in headers.items()}}
    shared = target == "/ap/inbox"
    return Question(name, status, target, "POST", tuple(fields.items()), body, shared)


def get(name: str, status: int, target: str, *, of_demo: bool = False, **headers: str) -> Question:
    """Ask by GET."""
    fields = headers or {"accept": ACTIVITY}
    return Question(name, status, target, headers=tuple(fields.items()), of_demo=of_demo)


def claimed(body: bytes) -> dict[str, str]:
    """Claim a signature, well-formed and of no worth: what is not JSON is refused before any key is looked for."""
    covered = "(request-target) host date digest"
    return {
        "date": build_http_date(time.time()),
        "digest": build_digest(body),
        "signature": f'keyId="https://peer.example/bob#main-key",algorithm="rsa-sha256",headers="{covered}",signature="QUJD"',
    }


FINGER = "/.well-known/webfinger"
CREATE = json.dumps(
    {
        "id": "https://peer.example/1",
        "type": "Create",
        "actor": "https://peer.example/bob",
        "object": {"id": "https://peer.example/2", "type": "Note", "attributedTo": "https://peer.example/bob"},
    }
).encode()

QUESTIONS = [
    get("webfinger", 200, f"{FINGER}?resource=acct:alice@{{host}}"),
    get("webfinger-by-id", 200, f"{FINGER}?resource={{origin}}/ap/users/1"),
    get("webfinger-unknown", 404, f"{FINGER}?resource=acct:nobody@{{host}}", of_demo=True),
    get("webfinger-elsewhere", 404, f"{FINGER}?resource=acct:alice@elsewhere.example", of_demo=True),
    get("webfinger-nothing", 400, FINGER, of_demo=True),
    get("webfinger-removed", 410, f"{FINGER}?resource=acct:carol@{{host}}"),
    get("webfinger-of-the-server", 200, f"{FINGER}?resource={{origin}}/"),
    get("host-meta", 200, "/.well-known/host-meta", of_demo=True),
    get("host-meta-json", 200, "/.well-known/host-meta.json", of_demo=True),
    get("nodeinfo-index", 200, "/.well-known/nodeinfo", of_demo=True),
    get("nodeinfo-2.0", 200, "/nodeinfo/2.0"),
    get("nodeinfo-2.1", 200, "/nodeinfo/2.1"),
    get("instance-actor", 200, "/ap/instance"),
    get("actor", 200, "/ap/users/1"),
    get("actor-any", 200, "/ap/users/1", accept="*/*"),
    get("actor-for-people", 303, "/ap/users/1", accept="text/html"),
    get("actor-not-acceptable", 406, "/ap/users/1", accept="image/png"),
    get("actor-unknown", 404, "/ap/users/99"),
    get("actor-removed", 410, "/ap/users/2"),
    get("followers", 200, "/ap/users/1/followers"),
    get("following", 200, "/ap/users/1/following"),
    get("outbox", 200, "/ap/users/1/outbox"),
    get("outbox-page", 200, "/ap/users/1/outbox?page=true"),
    get("outbox-later-page", 200, "/ap/users/1/outbox?cursor=2"),
    get("outbox-end", 200, "/ap/users/1/outbox?cursor=1"),
    get("post", 200, "/ap/posts/1"),
    get("post-edited", 200, "/ap/posts/2"),
    get("post-for-people", 303, "/ap/posts/1", accept="text/html,*/*;q=0.8"),
    get("post-unknown", 404, "/ap/posts/99"),
    get("post-huge-number", 404, "/ap/posts/999999999999999999"),
    Question("head", 200, "/ap/posts/1", "HEAD"),
    Question("options", 204, "/ap/users/1/inbox", "OPTIONS"),
    Question("method", 405, "/ap/posts/1", "DELETE"),
    Question("inbox-read", 405, "/ap/inbox", of_demo=True),
    posted("unsigned", 401, "/ap/users/1/inbox", CREATE),
    posted("unsigned-shared", 401, "/ap/inbox", CREATE),
    posted("media-type", 415, "/ap/users/1/inbox", CREATE, content_type="application/json"),
    posted("media-type-shared", 415, "/ap/inbox", CREATE, content_type="text/plain"),
    posted("too-long", 413, "/ap/users/1/inbox", b"", content_length="2000000"),
    posted("too-long-shared", 413, "/ap/inbox", b"", content_length="2000000"),
    posted("signature-malformed", 401, "/ap/users/1/inbox", CREATE, signature="x"),
    posted("not-json", 400, "/ap/users/1/inbox", b"{not json", **claimed(b"{not json")),
    posted("not-json-shared", 400, "/ap/inbox", b"[]", **claimed(b"[]")),
    posted("unknown-inbox", 404, "/ap/users/99/inbox", CREATE),
    posted("removed-inbox", 410, "/ap/users/2/inbox", CREATE),
]


@attrs.frozen
class Answer:
    """What came back, without what the framework adds."""

    status: int
    headers: dict[str, str]
    body: bytes


def ask(question: Question, port: int) -> Answer:
    """Ask one question over a connection of its own."""
    fill = {"{origin}": f"http://localhost:{port}", "{host}": f"localhost:{port}"}
    target = question.target
    for mark, value in fill.items():
        target = target.replace(mark, value)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.putrequest(question.method, target, skip_host=True, skip_accept_encoding=True)
        headers = {"host": f"localhost:{port}", **dict(question.headers)}
        if question.method == "POST":
            headers.setdefault("content-length", str(len(question.body)))
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(question.body or None)
        response = connection.getresponse()
        kept = {name.lower(): value for name, value in response.getheaders() if name.lower() not in FRAMEWORKS_OWN}
        return Answer(response.status, kept, response.read())
    finally:
        connection.close()


def preload(blog: Blog, keys: bytes) -> None:
    """Put the keys and the removed author where the library looks for them, before the server starts."""
    carol = f"{blog.origin}/ap/users/2"
    backend = connect(f"sqlite:///{blog.database}")
    store = backend.blocking(SystemClock()).store
    for actor in (f"{blog.origin}/ap/users/1", f"{blog.origin}/ap/instance"):
        run_sync(store.put(store_key(blog.origin, "keyset", actor), keys))
    tombstone = {"id": carol, "type": "Tombstone", "formerType": "Person"}
    run_sync(store.put(store_key(blog.origin, "tombstone", carol), json.dumps(tombstone).encode()))
    backend.close()


def fill(blog: Blog) -> None:
    """Put the same users and posts into the tables of each application."""
    for pk, name in enumerate(("alice", "carol"), 1):
        blog.rows(f"INSERT INTO {blog.users} VALUES (?, ?, ?, ?)", pk, name, f"{name.title()} Ä", "key")
    columns = "(id, author_id, text, made, edited)" if blog.kind == "django" else "(pk, author_id, text, made, edited)"
    for pk, edited in ((1, None), (2, WHEN), (3, None)):
        sql = f"INSERT INTO {blog.posts} {columns} VALUES (?, 1, ?, ?, ?)"
        blog.rows(sql, pk, f"Post {pk}: <b> & 'quotes' \"ü\"", WHEN, edited)


@pytest.fixture(scope="module")
def databases() -> dict[str, Blog]:
    """The servers that were asked, to look at what they keep."""
    return {}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory, databases: dict[str, Blog]) -> dict[str, dict[str, Answer]]:
    """Ask every server everything: kind of server, name of question, answer."""
    port = free_port()
    keys = build_key_set(KeySet(current=(OwnKey.of(generate_rsa()), OwnKey.of(generate_ed25519()))))
    found: dict[str, dict[str, Answer]] = {}
    for kind, make in BLOGS.items():
        blog = make(tmp_path_factory.mktemp(kind), port)
        preload(blog, keys)
        with running(blog):
            fill(blog)
            databases[kind] = blog
            found[kind] = {question.name: ask(question, port) for question in QUESTIONS}
    with running(Demo(tmp_path_factory.mktemp("demo"), port)):
        found["demo"] = {question.name: ask(question, port) for question in QUESTIONS if question.of_demo}
    return found


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_answers_are_equal(question: Question, answers: dict[str, dict[str, Answer]]) -> None:
    asked = {kind: given[question.name] for kind, given in answers.items() if question.name in given}
    assert len(asked) == (4 if question.of_demo else 3)
    assert {kind: answer.status for kind, answer in asked.items()} == dict.fromkeys(asked, question.status)
    expected = asked["flask"]
    for answer in asked.values():
        assert answer.body == expected.body
        assert answer.headers == expected.headers


def test_bodies_are_what_was_asked_for(answers: dict[str, dict[str, Answer]]) -> None:
    """Guards against comparing three empty answers."""

    def read(name: str) -> Any:
        return json.loads(answers["django"][name].body)

    assert read("actor")["preferredUsername"] == "alice"
    assert "BEGIN PUBLIC KEY" in read("actor")["publicKey"]["publicKeyPem"]
    assert read("post-edited")["updated"] == "2026-01-02T03:04:05Z"
    assert [item["object"]["id"][-1] for item in read("outbox-page")["orderedItems"]] == ["3", "2", "1"]
    assert [item["object"]["id"][-1] for item in read("outbox-later-page")["orderedItems"]] == ["1"]
    assert read("actor-removed")["formerType"] == "Person"
    assert read("nodeinfo-2.1")["software"]["name"] == "blog"


REFUSED = [question for question in QUESTIONS if question.method == "POST"]


@pytest.mark.parametrize("question", REFUSED, ids=lambda question: question.name)
def test_refusals_echo_nothing(question: Question, answers: dict[str, dict[str, Answer]]) -> None:
    answer = answers["django"][question.name]
    told = json.loads(answer.body)
    assert told["status"] == question.status
    assert told["code"]
    assert "peer.example" not in json.dumps(told)


def test_bad_input_stores_nothing(answers: dict[str, dict[str, Answer]], databases: dict[str, Blog]) -> None:
    """No job, no key, no cached document came of all these refusals."""
    for blog in databases.values():
        assert blog.is_idle()
        kept = {str(key) for (key,) in blog.rows("SELECT key FROM fedtext_store")}
        assert not [key for key in kept if "peer.example" in key]
