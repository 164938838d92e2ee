"""Inbox forwarding: what answers one of ours reaches those who follow us, byte for byte, once (AP-S07, INB-14)."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from fedtext.config import Config, DeliveryPolicy
from fedtext.errors import PolicyRefusal, StoreError
from fedtext.federation.outcomes import Done, Later
from fedtext.http import Response
from fedtext.inbox import InboundTask, decode_envelope
from fedtext.ports import Job
from fedtext.sync import run_sync
from fedtext.testing.faults import FailNth, Moment
from fedtext.vocab import Activity

from .conftest import carried_out

HOME = "https://home.example.com"
ALICE = f"{HOME}/users/1"
FOLLOWERS = f"{ALICE}/followers"


def reply(bob: str, **members: Any) -> dict[str, Any]:
    """An answer of Bob's to Alice's post, for her followers, too."""
    activity = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{bob}/1#create",
        "type": "Create",
        "actor": bob,
        "to": [ALICE],
        "cc": [FOLLOWERS],
        "object": {
            "id": f"{bob}/1",
            "type": "Note",
            "attributedTo": bob,
            "inReplyTo": f"{HOME}/posts/7",
            "content": "hi",
            "unknownToUs": {"kept": [1, 2.50]},
        },
        **members,
    }
    return {name: value for name, value in activity.items() if value is not None}


@pytest.fixture
def scene(world):
    """Alice's post 7; Bob, who answers; Carol of elsewhere and Dan of Bob's server, who follow Alice."""
    world.post(7)
    b, c = world.remote(), world.remote("c.example.net")
    bob = b.actor("bob")
    world.crowd.of["1"] = [c.follower("carol"), b.follower("dan")]
    return world, bob, b, c


def spoken(bob: str, **members: Any) -> bytes:
    """Give it in a spelling that no serializer of ours has."""
    return json.dumps(reply(bob, **members), indent=3).encode() + b"\n\n"


@pytest.mark.spec("AP-S07", "INB-14", "SEC-137")
def test_ap_s07_an_answer_reaches_those_who_follow_us_byte_for_byte(scene):
    world, bob, b, c = scene
    body = spoken(bob)
    assert world.deliver(body, by=bob).status == 202
    world.settle()
    assert [(request.path, request.body) for request in c.got] == [("/inbox", body)]
    assert f'keyId="{ALICE}#main-key"' in str(c.got[0].headers.get("signature"))
    assert b.got == []  # who said it has told his own
    assert len(world.events("inbox.forwarded")) == 1


@pytest.mark.spec("AP-S07", "SEC-137")
@pytest.mark.parametrize("again", ["same inbox", "shared inbox", "other inbox"])
def test_ap_s07_once_however_many_inboxes_it_reaches(scene, again):
    world, bob, _b, c = scene
    body = spoken(bob)
    world.deliver(body, by=bob)
    world.settle()
    to = {"same inbox": "/users/1/inbox", "shared inbox": "/ap/inbox", "other inbox": "/users/2/inbox"}[again]
    assert world.deliver(body, to=to, by=bob).status == 202
    world.settle()
    assert len(c.got) == 1


@pytest.mark.spec("AP-S07", "SEC-137")
@pytest.mark.parametrize(
    "members",
    [
        {"cc": []},
        {"cc": None, "bcc": [FOLLOWERS]},
        {"cc": [f"{HOME}/users/9x/followers/7"]},
        {"cc": ["https://b.example.org/users/bob/followers"]},
        {"cc": [f"{FOLLOWERS}.evil.example"]},
        {"object": {"inReplyTo": f"{HOME}/posts/8"}},  # there is no such post
        {"object": {"inReplyTo": "https://c.example.net/posts/7"}},
        {"object": {"inReplyTo": None}},
    ],
)
def test_sec_137_all_three_conditions_or_nothing(scene, members):
    world, bob, b, c = scene
    changed = reply(bob)
    inner = {**changed["object"], **members.pop("object", {})}
    body = json.dumps({**reply(bob, **members), "object": inner}).encode()
    assert world.deliver(body, by=bob).status == 202
    world.settle()
    assert (c.got, b.got) == ([], [])


def test_what_it_is_about_may_be_named_in_other_ways(scene):
    world, bob, _b, c = scene
    tag = [{"type": "Mention", "href": ALICE, "name": "@alice"}]
    for number, members in enumerate(
        [{"type": "Like", "object": f"{HOME}/posts/7"}, {"type": "Create", "object": {"tag": tag, "inReplyTo": None}}]
    ):
        inner = members["object"]
        if isinstance(inner, dict):
            inner = {**reply(bob)["object"], "id": f"{bob}/x{number}", **inner}
        world.deliver(json.dumps(reply(bob, id=f"{bob}#{number}", type=members["type"], object=inner)).encode(), by=bob)
    world.settle()
    assert [json.loads(request.body)["id"] for request in c.got] == [f"{bob}#0", f"{bob}#1"]


def test_those_at_home_are_not_told_twice_and_nobody_who_is_refused(make_world):
    def refuse(iri: str) -> None:
        if "c.example.net" in iri:
            raise PolicyRefusal(iri=iri)

    world = make_world(refuse=refuse)
    world.post(7)
    c, d = world.remote("c.example.net"), world.remote("d.example.net")
    bob = world.remote().actor("bob")
    own = attrs.evolve(d.follower("x"), actor_id=f"{HOME}/users/2", inbox=f"{HOME}/users/2/inbox", shared_inbox=None)
    world.crowd.of["1"] = [c.follower("carol"), d.follower("eve"), own]
    called = list[str]()
    world.fed.on(Activity)(lambda context, activity: called.append(context.recipient))
    world.deliver(spoken(bob), by=bob)
    world.settle()
    assert (len(c.got), len(d.got), called) == (0, 1, ["1"])


def test_a_listener_may_keep_it_from_being_passed_on(scene):
    world, bob, _b, c = scene

    @world.fed.on(Activity)
    def spam(context: Any, activity: Any) -> None:
        raise PolicyRefusal("spam")

    world.deliver(spoken(bob), by=bob)
    world.settle()
    assert c.got == []


@pytest.mark.spec("INB-15")
def test_inb_15_who_does_not_take_what_others_pass_on_is_asked_once(scene):
    world, bob, _b, c = scene
    c.answer = lambda _request: Response(status=401)
    world.deliver(spoken(bob), by=bob)
    world.settle()
    world.pass_time()
    assert len(c.got) <= 2  # both ways of signing
    assert world.depth().waiting == 0


@pytest.mark.parametrize("moment", list(Moment))
def test_where_a_port_fails_it_is_passed_on_later_and_once(scene, moment):
    world, bob, _b, c = scene
    world.deliver(spoken(bob), by=bob)
    waiting = _claimed(world)
    outcomes = list[object]()
    for nth in range(1, 50):
        fault = FailNth(nth, error=StoreError("down"), moment=moment)
        outcomes.append(run_sync(carried_out(world.fed.engine, waiting, fault.wrap_all(world.ports))))
        if fault.fired is None:
            break
    assert isinstance(outcomes[0], Later)
    assert outcomes[-1] == Done()
    world.clock.advance(60)  # the lease of the claim
    world.settle()
    assert len(c.got) == 1


def test_a_delete_that_is_passed_on_buries_nothing_of_ours(scene):
    world, bob, _b, c = scene
    delete = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{bob}/1#delete",
        "type": "Delete",
        "actor": bob,
        "to": [FOLLOWERS],
        "object": {"id": f"{bob}/1", "type": "Tombstone", "inReplyTo": f"{HOME}/posts/7"},
    }
    world.deliver(json.dumps(delete).encode(), by=bob)
    world.settle()
    assert len(c.got) == 1
    assert world.status("/posts/7") == 200


def test_what_waits_from_before_there_was_forwarding_is_read(world):
    task = InboundTask(
        site=HOME,
        inbox="/ap/inbox",
        recipient=None,
        signer="s",
        key_id="k",
        scheme="cavage",
        how="signature",
        received_s=1.0,
        content_hash="0",
        document={"type": "Like"},
    )
    old = json.loads(task.encode())
    del old["body"]
    assert decode_envelope(json.dumps(old).encode()) == task


def test_nothing_is_kept_of_the_bytes_where_nothing_is_passed_on(scene):
    world, bob, _b, _c = scene
    world.deliver(spoken(bob, cc=[]), by=bob)
    assert decode_envelope(_claimed(world).payload).body == ""


def _claimed(world: Any) -> Job:
    claim = run_sync(world.ports.queue.claim(lease_s=1, batch_max=1))
    return claim.jobs[0]


def test_it_gets_no_proof_of_ours(make_world):
    world = make_world(config=Config(delivery=DeliveryPolicy(proofs=True)))
    world.post(7)
    c = world.remote("c.example.net")
    bob = world.remote().actor("bob")
    world.crowd.of["1"] = [c.follower("carol")]
    world.deliver(spoken(bob), by=bob)
    world.settle()
    assert [request.body for request in c.got] == [spoken(bob)]


@pytest.mark.spec("SEC-048", "SEC-137")
def test_sec_048_a_neighbour_does_not_use_up_an_id_for_passing_on(scene):
    """Eve, of Bob's server, says something of her own under the id that Bob's answer will have."""
    world, bob, b, c = scene
    eve = b.actor("eve")
    theirs = reply(eve, id=f"{bob}/1#create")
    assert world.deliver(json.dumps(theirs).encode(), by=eve).status == 202
    world.settle()
    body = spoken(bob)
    assert world.deliver(body, by=bob).status == 202
    world.settle()
    assert body in [request.body for request in c.got]
