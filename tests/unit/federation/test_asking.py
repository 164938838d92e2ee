"""Who asks: under authorized fetch only who signs is answered."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fedtext import Context, Page
from fedtext.config import Config
from fedtext.errors import ConfigurationError, PolicyRefusal, StoreError
from fedtext.federation.registry import Router
from fedtext.http import Headers, Request, Response
from fedtext.signatures import sign
from fedtext.sync import run_sync
from fedtext.testing.faults import FailNth

from .conftest import remote_key

HOME, ALICE = "https://home.example.com", "https://home.example.com/users/1"
READ = ["/users/1", "/posts/7", "/users/1/outbox", "/users/1/outbox?page=true", "/users/1/followers", "/lists/1"]
ABSENT = ["/users/9", "/posts/9", "/users/9/outbox", "/users/9/followers", "/lists/9"]
OPEN = [
    "/ap/instance",
    "/ap/instance/outbox",
    "/.well-known/webfinger?resource=acct:alice@home.example.com",
    "/.well-known/nodeinfo",
    "/.well-known/host-meta",
    "/nodeinfo/2.1",
]


def refuse(iri: str) -> None:
    if "blocked.example.org" in iri:
        raise PolicyRefusal


@pytest.fixture
def secure(make_world: Any) -> Any:
    world = make_world(config=Config(secure=True), refuse=refuse)
    world.post(7)
    world.post(8, to=[ALICE])
    world.fed.collection("/lists/{pk}")(lambda context, pk, page: Page() if pk == "1" else None)
    return world


@pytest.mark.spec("COL-11")
@pytest.mark.parametrize("target", READ + ABSENT + ["/posts/8"])
def test_col_11_unsigned_is_401_whatever_there_is(secure, target):
    response = secure.ask(target)
    assert response.status == 401
    assert response == secure.ask("/users/1")
    assert json.loads(response.body)["code"] == "signature.missing"
    assert response.headers.get("accept-signature")
    assert response.headers.get("cache-control") == "no-store"
    assert [entry for entry in secure.asked if not entry.startswith("handle")] == []


@pytest.mark.spec("COL-11")
@pytest.mark.parametrize("target", READ)
def test_col_11_who_signs_reads(secure, target):
    bob = secure.remote().actor("bob")
    response = secure.ask(target, by=bob)
    assert response.status == 200
    assert (response.headers.get("cache-control") or "").startswith("private")
    assert response.headers.get("vary") == "Accept, Signature, Authorization"


@pytest.mark.parametrize("target", [*ABSENT, "/posts/8"])
def test_sec_134_private_is_as_absent(secure, target):
    bob = secure.remote().actor("bob")
    assert secure.ask(target, by=bob) == secure.ask("/users/9", by=bob)
    assert secure.status(target, by=bob) == 404


@pytest.mark.spec("ACT-21", "COL-11")
@pytest.mark.parametrize("target", OPEN)
def test_act_21_what_must_be_read_before_anything_can_be_verified_stays_open(secure, target):
    assert secure.status(target, accept="*/*") == 200


@pytest.mark.spec("SEC-135")
@pytest.mark.parametrize("target", READ + ABSENT)
def test_sec_135_who_is_refused_reads_nothing(secure, target):
    blocked = secure.remote("blocked.example.org").actor("x")
    response = secure.ask(target, by=blocked)
    assert response.status == 403
    assert response == secure.ask("/users/1", by=blocked)
    assert secure.network.exchanges == []


@pytest.mark.spec("SIG-27")
@pytest.mark.parametrize("target", READ + ABSENT)
def test_sig_27_a_signature_that_does_not_hold_is_401(secure, target):
    secure.remote()
    assert secure.status(target, by="https://b.example.org/users/nobody") == 401


def test_sec_134_a_key_that_cannot_be_had_now_is_503(secure):
    bob = secure.remote().actor("bob")
    secure.network.partition("b.example.org")
    assert {secure.status(target, by=bob) for target in ("/users/1", "/users/9", "/posts/8")} == {503}


def test_a_key_whose_owner_is_gone_lets_nobody_in(secure):
    secure.network.script("b.example.org", lambda _request: Response(status=410))
    assert secure.status("/users/1", by="https://b.example.org/users/bob") == 401


@pytest.mark.spec("ACT-26")
def test_act_26_people_are_sent_to_pages_all_the_same(secure):
    """Pages are the application's, and open as it likes; of what is private they are told nothing."""
    assert secure.status("/users/1", accept="text/html") == 303
    assert secure.status("/posts/7", accept="text/html") == 303
    assert secure.status("/posts/8", accept="text/html") == 404
    assert secure.status("/users/1/outbox", accept="text/html") == 401


@pytest.mark.parametrize("nth", range(1, 6))
def test_a_store_that_fails_lets_nobody_in_and_denies_nothing(secure, nth):
    bob = secure.remote().actor("bob")
    headers = Headers.build([("host", "home.example.com")])
    request = Request(method="GET", scheme="https", authority="home.example.com", target="/posts/8", headers=headers)
    signed = sign(request, remote_key(), key_id=f"{bob}#main-key", now_s=secure.clock.now_s())
    fault = FailNth(nth, error=StoreError("full"))
    response = run_sync(secure.fed.engine.handle(signed, fault.wrap_all(secure.ports)))
    assert response.status == (503 if fault.fired else 404)


@pytest.mark.spec("COL-12", "COL-11")
def test_col_12_a_tombstone_is_for_who_signs(secure):
    bob = secure.remote().actor("bob")
    secure.fed.withdraw(secure.posts["7"])
    assert secure.status("/posts/7") == 401
    response = secure.ask("/posts/7", by=bob)
    assert (response.status, response.headers.get("cache-control")) == (410, "private, max-age=180")


# ---- owners ----------------------------------------------------------------------------------------------------------


def test_an_owner_needs_no_signature(secure):
    asked = list[tuple[str, str]]()

    @secure.fed.authorize_owner
    def owner(context: Context, pk: str, request: Request) -> bool:
        asked.append((pk, request.target))
        return request.headers.get("cookie") == "session=1"

    secure.post(9, to=["https://b.example.org/users/bob"])
    page = secure.get("/users/1/outbox?page=true", cookie="session=1")
    assert [item["id"] for item in page["orderedItems"]] == [f"{HOME}/posts/{n}#create" for n in (9, 8)]
    assert secure.status("/users/1/outbox", cookie="session=2") == 401
    assert secure.status("/users/1", cookie="session=1") == 401  # an actor is no collection: nothing to own
    assert asked == [("1", "/users/1/outbox?page=true"), ("1", "/users/1/outbox")]


@pytest.mark.parametrize("answer", [None, 1, "yes", False])
def test_only_true_makes_an_owner(make_world, answer):
    world = make_world()
    world.fed.authorize_owner(lambda context, pk, request: answer)
    world.post(7, to=[ALICE])
    assert world.get("/users/1/outbox?page=true")["orderedItems"] == []


def test_owners_are_known_by_one_callback():
    router = Router()
    router.authorize_owner(print)
    with pytest.raises(ConfigurationError):
        router.authorize_owner(print)
