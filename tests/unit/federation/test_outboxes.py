"""POST to an outbox: what clients say for their owners."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fedtext import Context, Create, Note
from fedtext.config import Config, Limits
from fedtext.errors import ConfigurationError, PolicyRefusal
from fedtext.http import Headers, Request, Response
from fedtext.sync import run_sync

HOME, ALICE = "https://home.example.com", "https://home.example.com/users/1"
AP = "application/activity+json"
BOB = "https://b.example.org/users/bob"
LD = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
TOKEN = "Bearer token-of-1"


class Client:
    """Says something with a token."""

    def __init__(self, world: Any) -> None:
        self.world = world
        self.said = list[Any]()

    def listen(self) -> Client:
        """Let the application do what is said."""
        world = self.world
        world.fed.authorize_owner(
            lambda context, pk, request: request.headers.get("authorization") == f"Bearer token-of-{pk}"
        )

        @world.fed.on_outbox
        def on_outbox(context: Any, pk: str, activity: Any) -> str:
            self.said.append((pk, context.viewer, activity))
            if isinstance(activity, Create):
                post = world.post(7, author=pk, text=str(activity.object.content), to=activity.to, bcc=activity.bcc)
                return str(world.fed.publish(post))
            return str(context.send(activity))

        return self

    def post(
        self, document: Any, path: str = "/users/1/outbox", *, media_type: str = LD, host: str = "", **headers: str
    ) -> Response:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        fields = {"authorization": TOKEN, "content-type": media_type, **headers}
        request = Request(
            method="POST",
            scheme="https",
            authority=host or "home.example.com",
            target=path,
            headers=Headers.build(fields.items()),
            body=body,
        )
        response = run_sync(self.world.fed.engine.handle(request, self.world.ports))
        assert response is not None
        return response


@pytest.fixture
def client(world: Any) -> Client:
    return Client(world).listen()


NOTE = {"type": "Note", "id": "https://evil.example.org/1", "content": "hi"}


@pytest.mark.spec("AP-C04", "AP-10")
def test_ap_c04_without_clients_an_outbox_is_read_only(world):
    world.fed.authorize_owner(lambda context, pk, request: True)
    response = world.ask("/users/1/outbox", method="POST")
    assert (response.status, response.headers.get("allow")) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.spec("AP-C01", "AP-C02", "AP-C07", "AP-S09")
@pytest.mark.parametrize("media_type", [LD, AP])
def test_ap_c01_what_an_owner_says_is_created(client, media_type):
    world = client.world
    b = world.remote()
    bob, eve = b.actor("bob"), b.actor("eve")
    response = client.post({**NOTE, "to": [bob], "bcc": [eve]}, media_type=media_type)
    assert (response.status, response.headers.get("location"), response.body) == (201, f"{HOME}/posts/7", b"")
    (pk, viewer, activity) = client.said[0]
    assert (pk, viewer, activity.id, activity.actor_id, activity.bcc) == ("1", ALICE, None, ALICE, (eve,))
    assert isinstance(activity.object, Note)
    assert (activity.object.id, activity.object.attributed_to) == (None, ALICE)
    world.settle()
    assert {path for path, _type in b.deliveries()} == {"/users/bob/inbox", "/users/eve/inbox"}
    assert all(eve not in json.dumps(body) and "bcc" not in json.dumps(body) for body in b.bodies())
    assert eve not in json.dumps(world.get("/posts/7", by=bob))


@pytest.mark.spec("AP-C01")
def test_an_activity_may_be_sent_as_it_is(client):
    b = client.world.remote()
    bob = b.actor("bob")
    location = client.post({"type": "Follow", "object": bob, "to": [bob]}).headers.get("location") or ""
    assert location.startswith(f"{ALICE}#follows/")
    client.world.settle()
    assert b.bodies()[0]["id"] == location


@pytest.mark.spec("AP-C01", "AP-05")
@pytest.mark.parametrize("path", ["/users/1/outbox", "/users/2/outbox"])
@pytest.mark.parametrize("token", ["", "Bearer", "Bearer token-of-3"])
def test_ap_05_nobody_else_speaks_there(client, path, token):
    response = client.post(b"not read", path, authorization=token)
    assert (response.status, json.loads(response.body)["code"]) == (403, "policy_refusal")
    assert client.said == []


def test_without_anybody_who_knows_owners_nobody_speaks(world):
    world.fed.on_outbox(lambda context, pk, activity: "https://home.example.com/1")
    request = Request(
        method="POST",
        scheme="https",
        authority="home.example.com",
        target="/users/1/outbox",
        headers=Headers.build([("content-type", AP)]),
        body=b"{}",
    )
    assert run_sync(world.fed.engine.handle(request, world.ports)).status == 403


REFUSED = [
    ({"document": NOTE, "path": "/users/9/outbox", "authorization": "Bearer token-of-9"}, 404),
    ({"document": NOTE, "media_type": "application/json"}, 415),
    ({"document": NOTE, "host": "evil.example.org"}, 421),
    ({"document": b"[]"}, 400),
    ({"document": b"{"}, 400),
    ({"document": {"content": "x"}}, 400),
    ({"document": {"type": "Like"}}, 400),
    ({"document": {"type": "Note", "@graph": []}}, 400),
    ({"document": {**NOTE, "attributedTo": "https://home.example.com/users/2"}}, 403),
    ({"document": {"type": "Follow", "object": ALICE, "actor": "https://home.example.com/users/2"}}, 403),
]


@pytest.mark.parametrize(("asked", "status"), REFUSED)
def test_what_cannot_be_said(client, asked, status):
    assert client.post(**asked).status == status
    assert client.said == []


@pytest.mark.parametrize("over", [0, 1])
def test_sec_001_what_clients_say_has_a_limit(make_world, over):
    world = make_world(config=Config(limits=Limits(body_bytes_max=200)))
    world.fed.authorize_owner(lambda context, pk, request: True)
    world.fed.on_outbox(lambda context, pk, activity: f"{HOME}/1")
    body = json.dumps(NOTE).encode()
    assert Client(world).post(body + b" " * (200 + over - len(body))).status == (413 if over else 201)


def test_act_19_of_who_is_gone_nothing_is_heard(client):
    client.world.fed.remove_actor("1")
    assert client.post(NOTE).status == 410


def test_the_application_may_refuse(make_world):
    world = make_world()
    world.fed.authorize_owner(lambda context, pk, request: True)

    @world.fed.on_outbox
    async def on_outbox(context: Context, pk: str, activity: Any) -> str:
        raise PolicyRefusal("not this")

    assert Client(world).post(NOTE).status == 403


@pytest.mark.parametrize("given", [None, "", 7, "https://b.example.org/1", "/1"])
def test_a_callback_that_names_nothing_is_a_mistake_in_the_wiring(make_world, given):
    world = make_world()
    world.fed.authorize_owner(lambda context, pk, request: True)
    world.fed.on_outbox(lambda context, pk, activity: given)
    assert Client(world).post(NOTE).status == 500


@pytest.mark.spec("COL-17")
def test_col_17_scripts_may_say_something_with_a_token_but_not_with_a_cookie(client):
    options = client.world.ask("/users/1/outbox", method="OPTIONS")
    assert options.headers.get("allow") == "GET, HEAD, POST, OPTIONS"
    assert "authorization" in (options.headers.get("access-control-allow-headers") or "")
    assert "access-control-allow-credentials" not in options.headers
    response = client.post({**NOTE, "to": [BOB]})
    assert response.headers.get("access-control-expose-headers") == "location"
    assert "access-control-allow-credentials" not in response.headers


def test_what_clients_say_is_carried_out_once(client):
    with pytest.raises(ConfigurationError):
        client.world.fed.on_outbox(print)
