"""What the engine does, by the door of `handle` and of contexts."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from fedtext import BlockingContext, Context, Note, Person
from fedtext.adapters.backends import SqliteBackend
from fedtext.errors import (
    ConfigurationError,
    FedtextError,
    FetchRefused,
    Gone,
    HTTPStatusError,
    MalformedText,
    NotFound,
    PolicyRefusal,
    StoreError,
    Unreachable,
)
from fedtext.http import Headers, Request, Response
from fedtext.sync import run_sync
from fedtext.testing.faults import FailNth
from fedtext.vocab import Create

HOME, ALICE = "https://home.example.com", "https://home.example.com/users/1"


@pytest.mark.parametrize("path", ["/", "/about", "/users", "/@alice", "/static/x.css"])
def test_what_is_not_ours_is_left_to_the_application(world, path):
    assert world.ask(path) is None
    assert world.ask(path, method="POST") is None
    assert world.ask(path, method="OPTIONS") is None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
@pytest.mark.parametrize("path", ["/users/1", "/posts/7", "/users/1/outbox", "/.well-known/webfinger", "/nodeinfo/2.1"])
def test_sec_009_what_is_read_is_not_written(world, path, method):
    response = world.ask(path, method=method)
    assert response is not None
    assert (response.status, response.headers.get("allow")) == (405, "GET, HEAD, OPTIONS")


def test_col_17_head_and_options_work(world):
    head, options = world.ask("/users/1", method="HEAD"), world.ask("/users/1", method="OPTIONS")
    assert head is not None
    assert options is not None
    assert head.status == 200
    assert options.status == 204
    assert options.headers.get("access-control-allow-origin") == "*"
    assert "GET" in (options.headers.get("access-control-allow-methods") or "")


def test_sec_169_a_refusal_names_its_code_and_nothing_else(world):
    response = world.ask("/users/sw0rdf1sh?resource=sw0rdf1sh", accept="image/sw0rdf1sh")
    assert response is not None
    assert response.status == 406
    assert b"sw0rdf1sh" not in response.body
    assert json.loads(response.body)["code"] == "request.not_acceptable"
    assert world.events("request.refused")


def test_a_store_that_fails_is_503(world):
    fault = FailNth(1, error=StoreError("/var/lib/secret"))
    ports = fault.wrap_all(world.ports)
    request = Request(
        method="GET", scheme="https", authority="home.example.com", target="/users/1", headers=Headers.build([])
    )
    response = run_sync(world.fed.engine.handle(request, ports))
    assert response is not None
    assert (response.status, b"secret" in response.body) == (503, False)


# ---- get -------------------------------------------------------------------------------------------------------------


def test_what_is_embedded_is_given_as_it_is(world):
    note = Note(id="https://b.example.org/1", content="x")
    assert world.context.get(note) is note
    assert world.network.exchanges == []


def test_what_is_embedded_is_fetched_when_it_must_be_fresh(world):
    b = world.remote()
    b.documents["/1"] = {"id": "https://b.example.org/1", "type": "Note", "content": "new"}
    assert world.context.get(Note(id="https://b.example.org/1", content="old"), fresh=True).content == "new"


def test_what_is_ours_is_read_without_the_network(world):
    world.post(7)
    assert world.context.get(f"{HOME}/posts/7").content == "hello"
    assert world.context.get_actor(f"{ALICE}#main-key").preferred_username == "alice"
    assert world.context.get_actor(f"{HOME}/ap/instance").type_name == "Application"
    assert world.network.exchanges == []


def test_what_is_ours_and_not_there_fails_as_a_fetch_would(world):
    """So that a listener that asks for it is not called again and again."""
    world.fed.withdraw(world.post(7))
    world.fed.remove_actor("2")
    for gone in ("/posts/7", "/users/2"):
        with pytest.raises(Gone):
            world.context.get(HOME + gone)
    for absent in ("/posts/8", "/users/9", "/users/x", "/users/1/followers"):
        with pytest.raises(HTTPStatusError) as caught:
            world.context.get(HOME + absent)
        assert caught.value.context["status"] == "404"
    with pytest.raises(FetchRefused):
        world.context.get(f"{HOME}/somewhere")


@pytest.mark.parametrize("reference", [None, 7, "", Note(content="x")])
def test_what_is_no_reference_is_refused(world, reference):
    with pytest.raises(FedtextError):
        world.context.get(reference, fresh=True)


def refuse(iri: str) -> None:
    if "blocked.example.org" in iri:
        raise PolicyRefusal


@pytest.mark.parametrize(
    "ask",
    [
        lambda context: context.get("https://blocked.example.org/1"),
        lambda context: context.get_actor("https://blocked.example.org/1"),
        lambda context: context.lookup("@x@blocked.example.org"),
        lambda context: context.lookup("https://blocked.example.org/1"),
        lambda context: context.get("acct:x@blocked.example.org"),
        lambda context: context.handle_of("https://blocked.example.org/1"),
    ],
)
def test_tru_01_policy_is_asked_before_the_network(make_world, ask):
    world = make_world(refuse=refuse)
    with pytest.raises(PolicyRefusal):
        ask(world.context)
    assert world.network.exchanges == []


def test_lookups(world):
    b = world.remote()
    bob = b.actor("bob")
    world.post(7)
    for text in ("@bob@b.example.org", "bob@b.example.org", "acct:bob@b.example.org", bob):
        assert world.context.lookup(text).id == bob
    before = len(world.network.exchanges)
    for text in ("@alice@home.example.com", ALICE, f"{HOME}/@alice", "@ALICE@HOME.example.com"):
        assert world.context.lookup(text).id == ALICE
    assert world.context.lookup(f"{HOME}/posts/7").id == f"{HOME}/posts/7"
    assert world.context.lookup("@home.example.com@home.example.com").id == f"{HOME}/ap/instance"
    assert len(world.network.exchanges) == before


@pytest.mark.spec("SEC-151")
def test_sec_151_nobody_of_a_refused_host_is_found_by_another_s_name(make_world):
    world = make_world(refuse=refuse)
    blocked = world.remote("blocked.example.org").actor("bob", webfinger="bob@front.example.org")
    front = world.remote("front.example.org")
    link = {"rel": "self", "type": "application/activity+json", "href": blocked}
    jrd = json.dumps({"subject": "acct:bob@front.example.org", "links": [link]}).encode()
    fields = Headers.build([("content-type", "application/jrd+json")])
    world.network.script(front.host, lambda request: Response(status=200, headers=fields, body=jrd))
    with pytest.raises(PolicyRefusal):
        world.context.lookup("@bob@front.example.org")


@pytest.mark.spec("FEP-4adb")
def test_fep_4adb_an_acct_uri_is_a_reference(world):
    bob = world.remote().actor("bob")
    assert world.context.get("acct:bob@b.example.org").id == bob
    assert world.context.get_actor("ACCT:bob@B.example.org").id == bob
    before = len(world.network.exchanges)
    assert world.context.get("acct:alice@home.example.com").id == ALICE
    assert len(world.network.exchanges) == before


@pytest.mark.spec("WF-10", "WF-20", "TRU-09")
def test_wf_10_the_handle_of_an_actor(world):
    b = world.remote()
    bob, eve = b.actor("bob"), b.actor("eve", preferredUsername="bob")
    assert world.context.handle_of(bob) == "bob@b.example.org"
    assert world.context.handle_of(eve) is None
    assert world.context.handle_of(b.actor("nameless", preferredUsername=None)) is None
    before = len(world.network.exchanges)
    assert world.context.handle_of(world.context.get_actor(bob)) == "bob@b.example.org"
    assert world.context.handle_of(ALICE) == "alice@home.example.com"
    assert world.context.handle_of(f"{HOME}/ap/instance") == "home.example.com@home.example.com"
    assert len(world.network.exchanges) == before


@pytest.mark.spec("WF-11", "SEC-154")
def test_sec_154_what_somebody_says_of_an_actor_is_not_its_handle(world):
    """evil embeds bob with a handle of its own, and answers for that handle: bob's own document counts."""
    bob = world.remote().actor("bob")
    link = {"rel": "self", "type": "application/activity+json", "href": bob}
    jrd = json.dumps({"subject": "acct:fool@evil.example.org", "links": [link]}).encode()
    fields = Headers.build([("content-type", "application/jrd+json")])
    world.network.script("evil.example.org", lambda request: Response(status=200, headers=fields, body=jrd))
    embedded = Person(id=bob, preferred_username="fool", webfinger="fool@evil.example.org")
    assert world.context.handle_of(embedded) == "bob@b.example.org"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("@nobody@home.example.com", NotFound),
        (f"{HOME}/posts/99", NotFound),
        ("@x@nowhere.example.org", Unreachable),
        ("just words", MalformedText),
        ("", MalformedText),
    ],
)
def test_lookups_of_nothing(world, text, error):
    with pytest.raises(error):
        world.context.lookup(text)


def test_confirm_belongs_to_listeners(world):
    with pytest.raises(ConfigurationError):
        world.context.confirm()


def test_a_listener_may_confirm_in_its_own_transaction(tmp_path, make_world):
    backend = SqliteBackend(tmp_path / "app.sqlite3")
    world = make_world(backend)
    calls = list[str]()

    @world.fed.on(Create)
    def once(context: BlockingContext, create: Create) -> None:
        calls.append(str(create.id))
        with sqlite3.connect(tmp_path / "app.sqlite3", isolation_level=None) as connection:
            connection.execute("BEGIN")
            context.confirm(within=connection)
            connection.execute("COMMIT")
        connection.close()
        raise LookupError("after the effects were kept")

    bob = world.remote().actor("bob")
    note = {"id": f"{bob}/1", "type": "Note", "attributedTo": bob, "content": "x"}
    world.deliver({"id": f"{bob}/1#create", "type": "Create", "actor": bob, "object": note}, by=bob)
    world.settle()
    world.pass_time()
    assert calls == [f"{bob}/1#create"]
    backend.close()


def test_a_transaction_that_comes_second_does_not_hold(tmp_path, make_world):
    """Another worker, who has the job since our lease ran out, has confirmed it meanwhile."""
    backend = SqliteBackend(tmp_path / "app.sqlite3")
    world = make_world(backend)
    calls, kept = list[str](), list[str]()

    @world.fed.on(Create)
    def slow(context: BlockingContext, create: Create) -> None:
        calls.append(str(create.id))
        if len(calls) == 1:
            world.clock.advance(61)
            assert world.fed.worker().step_blocking()
        with closing(sqlite3.connect(tmp_path / "app.sqlite3", isolation_level=None)) as connection, connection:
            connection.execute("BEGIN")
            context.confirm(within=connection)
            connection.execute("COMMIT")
        kept.append(str(create.id))

    bob = world.remote().actor("bob")
    note = {"id": f"{bob}/1", "type": "Note", "attributedTo": bob, "content": "x"}
    world.deliver({"id": f"{bob}/1#create", "type": "Create", "actor": bob, "object": note}, by=bob)
    world.settle()
    world.pass_time()
    assert (len(calls), len(kept)) == (2, 1)
    assert (world.depth().waiting, world.depth().buried) == (0, 0)
    backend.close()


def test_listeners_of_one_call_may_each_confirm_it(tmp_path, make_world):
    backend = SqliteBackend(tmp_path / "app.sqlite3")
    world = make_world(backend)
    kept = list[str]()

    def listener(name: str):
        def keep(context: BlockingContext, create: Create) -> None:
            with closing(sqlite3.connect(tmp_path / "app.sqlite3", isolation_level=None)) as connection:
                connection.execute("BEGIN")
                context.confirm(within=connection)
                connection.execute("COMMIT")
            kept.append(name)

        return keep

    world.fed.on(Create)(listener("one"))
    world.fed.on(Create)(listener("other"))
    bob = world.remote().actor("bob")
    note = {"id": f"{bob}/1", "type": "Note", "attributedTo": bob, "content": "x"}
    world.deliver({"id": f"{bob}/1#create", "type": "Create", "actor": bob, "object": note}, by=bob)
    world.settle()
    assert kept == ["one", "other"]
    backend.close()


def test_a_listener_may_confirm_by_itself(world):
    """Then its effects and the confirmation are one, and it is not called twice."""
    calls = list[str]()

    @world.fed.on(Create)
    async def once(context: Context, create: Create) -> None:
        calls.append(str(create.id))
        await context.confirm()
        raise LookupError("after the effects were kept")

    bob = world.remote().actor("bob")
    note = {"id": f"{bob}/1", "type": "Note", "attributedTo": bob, "content": "x", "to": [ALICE]}
    create = {"id": f"{bob}/1#create", "type": "Create", "actor": bob, "object": note, "to": [ALICE]}
    assert world.deliver(create, by=bob).status == 202
    world.settle()
    world.pass_time()
    assert calls == [f"{bob}/1#create"]
    assert world.depth().waiting == 0
