"""POST to an inbox: whose it is comes first."""

from __future__ import annotations

import attrs
import pytest

from fedtext.errors import FedtextError, QueueError
from fedtext.testing.faults import FailNth

HOME = "https://home.example.com"


def like(actor: str, number: int = 1) -> dict:
    return {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{actor}#likes/{number}",
        "type": "Like",
        "actor": actor,
        "object": f"{HOME}/posts/7",
    }


@pytest.mark.spec("AP-S22")
def test_what_is_signed_and_sound_is_taken(world):
    b = world.remote()
    bob = b.actor("bob")
    assert world.deliver(like(bob), by=bob).status == 202
    assert world.deliver(like(bob, 2), to="/ap/inbox", by=bob).status == 202
    assert world.deliver(like(bob, 3), to="/ap/instance/inbox", by=bob).status == 202
    assert world.depth().waiting == 3


@pytest.mark.parametrize(
    ("path", "status"), [("/users/9/inbox", 404), ("/users/x/inbox", 404), ("/users/1/inbox", 401)]
)
def test_sec_016_an_unknown_inbox_is_found_out_before_the_body_is_parsed(world, path, status):
    bob = world.remote().actor("bob")
    signed_by = None if status == 401 else bob
    assert world.deliver(b"not json at all", to=path, by=signed_by).status == status
    assert world.network.exchanges == []


@pytest.mark.spec("SEC-016")
def test_sec_016_the_application_is_not_asked_anew_for_each_delivery(world):
    path = "/users/1/inbox"
    assert [world.deliver(b"not json", to=path).status for _ in range(3)] == [401, 401, 401]
    assert world.asked == ["actor 1"]
    world.clock.advance(5)
    assert world.deliver(b"not json", to=path).status == 401
    assert world.asked == ["actor 1"] * 2
    del world.people["1"]
    world.clock.advance(5)
    assert world.deliver(b"not json", to=path).status == 404


def test_who_was_not_there_may_be_there_now(world):
    assert world.deliver(b"not json", to="/users/9/inbox").status == 404
    world.people["9"] = "nina"
    assert world.deliver(b"not json", to="/users/9/inbox").status == 401


def test_a_removed_actor_s_inbox_is_gone_at_once(world):
    assert world.deliver(b"not json", to="/users/1/inbox").status == 401
    world.fed.remove_actor("1")
    assert world.deliver(b"not json", to="/users/1/inbox").status == 410


def test_a_removed_actor_s_inbox_is_gone(world):
    world.fed.remove_actor("1")
    assert world.deliver(b"not json", to="/users/1/inbox").status == 410


@pytest.mark.parametrize("path", ["/users/1/inbox", "/users/9/inbox", "/ap/inbox"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
def test_sec_009_col_16_an_inbox_takes_posts_only(world, path, method):
    response = world.ask(path, method=method)
    assert response is not None
    assert (response.status, response.headers.get("allow")) == (405, "POST, OPTIONS")


def test_col_17_options_on_an_inbox(world):
    response = world.ask("/users/1/inbox", method="OPTIONS")
    assert response is not None
    assert (response.status, response.headers.get("allow")) == (204, "POST, OPTIONS")


@pytest.mark.spec("AP-S22")
def test_what_is_refused_is_told_as_text_not_as_a_model(world):
    told = []

    @world.fed.on_unverified
    def refused(context, error, claimed):
        told.append((context.recipient, error.code, claimed))

    bob = world.remote().actor("bob")
    assert world.deliver(like(bob)).status == 401
    assert world.deliver(b"garbage", by=bob).status == 400
    (recipient, code, claimed), (_, second, nothing) = told
    assert (recipient, code, second, nothing) == ("1", "signature.missing", "document.malformed_json", None)
    assert (claimed.actor, claimed.type, claimed.activity_id) == (bob, "Like", f"{bob}#likes/1")


@pytest.mark.parametrize("colour", ["plain", "async"])
def test_a_failing_callback_does_not_change_the_answer(world, colour):
    def broken(context, error, claimed):
        raise LookupError("mine")

    async def broken_async(context, error, claimed):
        raise LookupError("mine")

    world.fed.on_unverified(broken if colour == "plain" else broken_async)
    assert world.deliver(like(f"{HOME}/x")).status == 401
    assert "mine" in world.events("inbox.on_unverified_failed")[0]["error"]


def test_inb_03_a_queue_that_fails_acknowledges_nothing_and_blames_nobody(world):
    told = list[FedtextError]()
    world.fed.on_unverified(lambda context, error, claimed: told.append(error))
    bob = world.remote().actor("bob")
    fault = FailNth(1, error=QueueError("disk full"), methods={"enqueue"})
    ports = attrs.evolve(world.ports, queue=fault.wrap(world.ports.queue))
    assert world.deliver(like(bob), by=bob, ports=ports).status == 503
    assert fault.fired == "enqueue"
    assert told == []
    assert world.deliver(like(bob), by=bob).status == 202
