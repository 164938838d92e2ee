"""Who may read what of ours, in which words refusals are told, and where nothing of ours may go."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from tests.edges import Edge

from fedtext import PUBLIC, Context, Create, Federation, Note, Page, PageRequest, Person
from fedtext.adapters.backends import MemoryBackend
from fedtext.adapters.clocks import ManualClock
from fedtext.delivery import Follower
from fedtext.errors import PolicyRefusal, StoreError
from fedtext.http import Headers, Request, Response
from fedtext.keys import generate_rsa
from fedtext.signatures import sign
from fedtext.sync import run_sync
from fedtext.testing.faults import FailNth
from fedtext.testing.network import VirtualNetwork
from fedtext.testing.peers import SharedKeys

pytestmark = pytest.mark.edges("pure", "asgi", "wsgi")

AP = "application/activity+json"
SERVERS_OWN = ("date", "server", "connection", "content-length")
HOME, ALICE = "https://home.example.com", "https://home.example.com/users/1"
FOLLOWERS = f"{ALICE}/followers"
BOB, EVE, MALLORY = (f"https://b.example.org/users/{name}" for name in ("bob", "eve", "mallory"))
BLOCKED = "https://blocked.example.org/users/x"
KEY, OTHER_KEY = generate_rsa(), generate_rsa()

POSTS: dict[str, dict[str, Any]] = {
    "public": {"to": [PUBLIC]},
    "unlisted": {"to": [FOLLOWERS], "cc": [PUBLIC]},
    "followers": {"to": [FOLLOWERS]},
    "direct": {"to": [BOB]},
    "blind": {"to": [PUBLIC], "bto": [EVE], "bcc": [MALLORY]},
    "whisper": {"bcc": [BOB]},
    "outcast": {"to": [BLOCKED]},
    "theirs": {"to": ["https://b.example.org/users/bob/followers"]},
}


class Crowd:
    """Eve follows Alice; nobody else does."""

    async def page(self, context: Context, pk: str, page: PageRequest) -> Page[Follower]:
        return Page([Follower(actor_id=EVE, inbox=f"{EVE}/inbox")])

    async def contains(self, context: Context, pk: str, actor_id: str) -> bool:
        return pk == "1" and actor_id == EVE

    async def count(self, context: Context, pk: str) -> int:
        return 1

    async def following_count(self, context: Context, pk: str) -> int:
        return 0


def refuse(iri: str) -> None:
    if "blocked.example.org" in iri:
        raise PolicyRefusal


class Reader:
    """Asks the home server as somebody."""

    def __init__(self, edge: Edge) -> None:
        self.edge = edge
        self.clock = ManualClock(1_790_000_000.0)
        self.network = VirtualNetwork()
        self.fed = Federation(HOME, backend=MemoryBackend(), worker="off", keys=SharedKeys(), refuse=refuse)
        self.fed.followers(Crowd())

        @self.fed.actor("/users/{pk}")
        def actor(context: Context, pk: str) -> Person | None:
            return context.actor(Person, handle="alice") if pk == "1" else None

        @self.fed.object("/posts/{name}")
        def note(context: Context, name: str) -> Note | None:
            return Note(attributed_to=ALICE, content=f"secret {name}", **POSTS[name]) if name in POSTS else None

        @self.fed.outbox("/users/{pk}/outbox")
        def outbox(context: Context, pk: str, page: PageRequest) -> Page[Note]:
            return Page([Note(id=f"{HOME}/posts/{n}", attributed_to=ALICE, content=n, **POSTS[n]) for n in POSTS])

        self.network.add(self.fed, self.clock, blocking=edge.blocking)
        for host in ("b.example.org", "blocked.example.org"):
            self.network.script(host, self._serve_actor)
        edge.serve(self.fed)

    def _serve_actor(self, request: Request) -> Response:
        actor_id = f"https://{request.authority}{request.path}"
        document = {
            "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
            "id": actor_id,
            "type": "Person",
            "inbox": f"{actor_id}/inbox",
            "publicKey": {"id": f"{actor_id}#main-key", "owner": actor_id, "publicKeyPem": KEY.public.pem},
        }
        return Response(status=200, headers=Headers.build([("content-type", AP)]), body=json.dumps(document).encode())

    def ask(
        self, target: str, by: str | None = None, *, key: Any = KEY, accept: str = AP, ports: Any = None
    ) -> Response:
        headers = Headers.build([("accept", accept), ("host", "home.example.com")])
        request = Request(method="GET", scheme="https", authority="home.example.com", target=target, headers=headers)
        if by is not None:
            request = sign(request, key, key_id=f"{by}#main-key", now_s=self.clock.now_s())
        if ports is None:
            return self.send(request)
        response = run_sync(self.fed.engine.handle(request, ports))
        assert response is not None
        return response

    def send(self, request: Request) -> Response:
        """Ask, and give the answer without what its server adds."""
        response = self.edge.send(request)
        return attrs.evolve(response, headers=response.headers.without(*SERVERS_OWN))


@pytest.fixture
def reader(edge: Edge) -> Reader:
    return Reader(edge)


EVERYBODY = {None, BOB, EVE, MALLORY, BLOCKED}
ENTITLED = {
    "public": EVERYBODY,
    "unlisted": EVERYBODY,
    "blind": EVERYBODY,
    "followers": {EVE},
    "direct": {BOB},
    "whisper": {BOB},
    "outcast": set(),
    "theirs": set(),
}


@pytest.mark.parametrize("who", sorted(EVERYBODY, key=str))
@pytest.mark.parametrize("name", sorted(ENTITLED))
def test_sec_134_only_the_entitled_read_an_object(reader, name, who):
    """Threat: GHSA-gwhw."""
    response, absent = reader.ask(f"/posts/{name}", who), reader.ask("/posts/absent", who)
    if who in ENTITLED[name]:
        assert response.status == 200
        assert json.loads(response.body)["content"] == f"secret {name}"
    else:
        assert response == absent
        assert response.status == 404
        assert b"secret" not in response.body


def test_sec_134_the_author_reads_what_is_his_own(reader):
    """Own actors do not come in from outside; the application reads through its context."""
    assert reader.fed.blocking_context().get(f"{HOME}/posts/direct").content == "secret direct"


@pytest.mark.parametrize("accept", ["text/html", "*/*", AP])
def test_sec_134_the_answer_is_the_same_whatever_is_accepted(reader, accept):
    assert reader.ask("/posts/direct", accept=accept) == reader.ask("/posts/absent", accept=accept)


@pytest.mark.parametrize("name", ["direct", "absent"])
def test_sig_27_a_signature_that_does_not_hold_is_401_for_private_and_absent_alike(reader, name):
    response = reader.ask(f"/posts/{name}", BOB, key=OTHER_KEY)
    assert response.status == 401
    assert json.loads(response.body)["code"] == "signature.mismatch"


@pytest.mark.parametrize("name", ["direct", "absent"])
def test_sec_134_a_key_that_cannot_be_had_now_is_503_for_private_and_absent_alike(reader, name):
    reader.network.partition("b.example.org")
    assert reader.ask(f"/posts/{name}", BOB).status == 503


@pytest.mark.parametrize("name", ["direct", "absent"])
def test_sec_134_a_key_whose_owner_is_gone_is_401_for_private_and_absent_alike(reader, name):
    reader.network.script("b.example.org", lambda _request: Response(status=410))
    assert reader.ask(f"/posts/{name}", BOB).status == 401


def test_sec_135_a_key_elsewhere_does_not_let_a_blocked_actor_in(reader):
    """The policy is asked about the owner of the key, not only about the host where the key lies."""
    key_id = "https://b.example.org/keys/1"
    key = {"id": key_id, "owner": BLOCKED, "publicKeyPem": KEY.public.pem}
    documents = {
        "b.example.org": {"@context": "https://w3id.org/security/v1", **key},
        "blocked.example.org": {
            "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
            "id": BLOCKED,
            "type": "Person",
            "inbox": f"{BLOCKED}/inbox",
            "publicKey": key,
        },
    }

    def serve(request: Request) -> Response:
        body = json.dumps(documents[request.authority]).encode()
        return Response(status=200, headers=Headers.build([("content-type", AP)]), body=body)

    for host in documents:
        reader.network.script(host, serve)
    headers = Headers.build([("accept", AP), ("host", "home.example.com")])
    request = Request(
        method="GET", scheme="https", authority="home.example.com", target="/posts/outcast", headers=headers
    )
    signed = sign(request, KEY, key_id=key_id, now_s=reader.clock.now_s())
    assert reader.send(signed) == reader.ask("/posts/absent")


def test_public_things_need_no_valid_signature(reader):
    assert reader.ask("/posts/public", BOB, key=OTHER_KEY).status == 200


@pytest.mark.edges("pure")
@pytest.mark.parametrize("name", ["direct", "followers"])
@pytest.mark.parametrize("nth", range(1, 6))
def test_sec_134_a_store_that_fails_shows_nothing_and_denies_nothing(reader, name, nth):
    fault = FailNth(nth, error=StoreError("full"))
    response = reader.ask(f"/posts/{name}", MALLORY, ports=fault.wrap_all(reader.fed.ports.blocking()))
    assert response.status == (503 if fault.fired else 404)
    assert b"secret" not in response.body


@pytest.mark.parametrize("who", sorted(EVERYBODY, key=str))
def test_sec_134_an_outbox_shows_each_what_is_for_him(reader, who):
    """Whatever the application gave (GHSA-6r2w). Threat: CVE-2026-25808."""
    response = reader.ask("/users/1/outbox?page=true", who)
    names = [item["object"]["id"].rpartition("/")[2] for item in json.loads(response.body)["orderedItems"]]
    assert names == [name for name in POSTS if who in ENTITLED[name]]
    private = response.headers.get("cache-control") == "private, no-store"
    assert private is (who not in (None, BLOCKED))


@pytest.mark.parametrize("who", sorted(EVERYBODY, key=str))
@pytest.mark.parametrize("name", ["followers", "following"])
def test_sec_134_followers_are_nobody_s_business(reader, name, who):
    response = reader.ask(f"/users/1/{name}?page=true", who)
    assert response.status == 200
    assert b"b.example.org" not in response.body


@pytest.mark.parametrize("target", ["/posts/blind", "/users/1/outbox?page=true"])
def test_sec_136_blind_recipients_stand_in_nothing_that_is_served(reader, target):
    body = reader.ask(target).body.decode()
    assert "eve" not in body
    assert "mallory" not in body
    assert '"bto"' not in body
    assert '"bcc"' not in body


def test_sec_136_not_even_in_what_they_read_themselves(reader):
    assert "bob" not in reader.ask("/posts/whisper", BOB).body.decode()


@pytest.mark.parametrize(("name", "who", "kept"), [("public", None, True), ("followers", EVE, False)])
def test_sec_019_what_shared_caches_may_keep(reader, name, who, kept):
    """Threats: GHSA-ccpr, Pleroma 2.4.3."""
    response = reader.ask(f"/posts/{name}", who)
    assert response.headers.get("cache-control") == ("public, max-age=180" if kept else "private, no-store")
    assert response.headers.get("vary") == ("Accept" if kept else "Accept, Signature, Authorization")
    assert reader.ask("/posts/absent").headers.get("cache-control") == "no-store"


@pytest.mark.parametrize(("name", "status"), [("public", 410), ("unlisted", 410), ("followers", 404), ("direct", 404)])
@pytest.mark.parametrize("who", [None, BOB, EVE])
def test_sec_134_of_what_was_private_nobody_is_told_that_it_has_been(reader, name, status, who):
    class Thing:
        pass

    thing = Thing()
    thing.name = name  # type: ignore[attr-defined]
    reader.fed.object("/posts/{name}", source=Thing)(
        lambda context, thing: Note(attributed_to=ALICE, content="x", **POSTS[thing.name])
    )
    reader.fed.withdraw(thing)
    response = reader.ask(f"/posts/{name}", who)
    assert response.status == status
    if status == 404:
        assert response == reader.ask("/posts/absent", None)
        forged = reader.ask(f"/posts/{name}", BOB, key=OTHER_KEY)
        assert forged == reader.ask("/posts/absent", BOB, key=OTHER_KEY)
        assert forged.status == 401


@pytest.mark.parametrize("who", [None, BOB, EVE, MALLORY])
@pytest.mark.parametrize("name", ["followers", "direct"])
def test_sec_134_an_activity_for_everybody_does_not_show_what_is_not(reader, name, who):
    """As in an outbox (GHSA-6r2w)."""
    inner = Note(id=f"{HOME}/posts/{name}", attributed_to=ALICE, content="secret", **POSTS[name])
    reader.fed.object("/activities/{pk}")(
        lambda context, pk: Create(actor=ALICE, attributed_to=ALICE, to=PUBLIC, object=inner) if pk == "1" else None
    )
    response = reader.ask("/activities/1", who)
    if who in ENTITLED[name]:
        assert json.loads(response.body)["object"]["content"] == "secret"
        assert response.headers.get("cache-control") == "private, no-store"
    else:
        assert response == reader.ask("/activities/2", who)
        assert response.status == 404


TRICKS = (
    "/users/1/../2 /users/%2e%2e/1 //users/1 /users//1 /users/1%00 /users/%31 /users/1%2f /users/1/ /users/1%2finbox"
)


@pytest.mark.parametrize("path", TRICKS.split())
def test_sec_015_path_tricks_reach_nothing(reader, path):
    headers = Headers.build([("accept", AP), ("host", "home.example.com")])
    request = Request(method="GET", scheme="https", authority="home.example.com", target=path, headers=headers)
    if path.startswith("//") and reader.edge.name == "wsgi":
        return  # Python's own server makes one slash of them before anybody is asked
    assert reader.send(request).status == 404


HANDLES = (
    "alice@b@home.example.com alice%40home.example.com @home.example.com al%20ice@home.example.com "
    "alice%00@home.example.com alice@home.example.com.evil.example.org alice@127.0.0.1 alice@home.example.com:8443 "
    "alice@localhost"
)


@pytest.mark.parametrize("name", [*HANDLES.split(), "a" * 10_000 + "@home.example.com"])
def test_sec_155_what_is_no_handle_of_ours_is_nobody(reader, name):
    """Threat: Mastodon 2024-09-17."""
    response = reader.ask(f"/.well-known/webfinger?resource=acct:{name}", accept="application/jrd+json")
    assert response.status in (400, 404)
    assert b"alice" not in response.body


def test_sec_155_a_handle_of_ours_is_somebody(reader):
    """So it is the spelling that is refused above."""
    response = reader.ask("/.well-known/webfinger?resource=acct:1@home.example.com", accept="application/jrd+json")
    assert response.status == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("?resource=", 400),
        ("?resource=acct:1@home.example.com&resource=acct:2@home.example.com", 400),
        ("?resource=acct:1@elsewhere.example.org", 404),
        ("?resource=acct:nobody@home.example.com", 404),
        ("?resource=acct:1@home.example.com" + "&rel=self" * 1_000, 400),
        ("?resource=<script>", 400),
    ],
)
def test_sec_156_our_answers_to_questions_that_are_none(reader, query, status):
    response = reader.ask(f"/.well-known/webfinger{query}", accept="text/html")
    assert response.status == status
    assert response.headers.get("access-control-allow-origin") == "*"
    assert "html" not in response.media_type
    assert b"script" not in response.body


def test_sec_156_of_nobody_it_is_not_told_why(reader):
    answers = [
        reader.ask(f"/.well-known/webfinger?resource=acct:{name}", accept="application/jrd+json")
        for name in ("nobody@home.example.com", "2@home.example.com", "1@elsewhere.example.org")
    ]
    assert answers[0] == answers[1] == answers[2]


SECRET = "sw0rdf1sh"


@pytest.mark.parametrize(
    "target",
    [
        f"/users/{SECRET}",
        f"/posts/{SECRET}",
        f"/users/{SECRET}/outbox?cursor={SECRET}",
        f"/.well-known/webfinger?resource=acct:{SECRET}@home.example.com",
        f"/.well-known/webfinger?resource={SECRET}",
        f"/.well-known/webfinger?resource=https://{SECRET}.example.org/",
    ],
)
def test_sec_169_error_bodies_never_echo(reader, target):
    response = reader.ask(target)
    assert response.status in (400, 404)
    assert SECRET not in response.body.decode()
    assert all(SECRET not in value for _name, value in response.headers)


@pytest.mark.parametrize("header", ["signature", "authorization", "host"])
def test_sec_169_nor_do_refused_signatures(reader, header):
    value = f'keyId="https://{SECRET}.example.org/k",headers="{SECRET}",signature="{SECRET}"'
    value = (
        f"Signature {value}" if header == "authorization" else f"{SECRET}.example.org" if header == "host" else value
    )
    headers = Headers.build([("accept", AP), ("host", "home.example.com")]).with_fields((header, value))
    authority = value if header == "host" else "home.example.com"
    request = Request(method="GET", scheme="https", authority=authority, target="/posts/direct", headers=headers)
    response = reader.send(request)
    assert response.status in (401, 421)
    assert SECRET not in response.body.decode()
    assert reader.network.exchanges == []
