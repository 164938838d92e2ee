"""Joining and leaving a relay, its answers, and what it gets; whole conversations stand in `simulation/test_relays`."""

from __future__ import annotations

import attrs
import pytest

from fedtext import Config, DevPolicy, Federation, RelayState, RelayStyle, connect
from fedtext.config import DeliveryPolicy, InboxPolicy
from fedtext.errors import ConfigurationError, FetchRefused, MalformedIri, PolicyRefusal
from fedtext.federation.relaybook import RELAYS_COUNT_MAX
from fedtext.vocab import PUBLIC, Announce, Create, Move, Note

pytestmark = pytest.mark.spec("DLV-20")
HOME, ALICE, INSTANCE = (
    "https://home.example.com",
    "https://home.example.com/users/1",
    "https://home.example.com/ap/instance",
)
RELAY = "https://relay.example.org"
ACTOR, INBOX = f"{RELAY}/users/relay", f"{RELAY}/inbox"


class Scene:
    """A home server, and a relay whose words the test writes."""

    def __init__(self, world, *, discoverable: bool | None = True):
        self.world, self.fed = world, world.fed
        self.server = world.remote("relay.example.org")
        self.server.actor("relay", type="Application", inbox=INBOX, followers=f"{ACTOR}/followers")
        self._said = 0
        (route,) = world.fed.actors
        given = route.callback

        def actor(context, pk):
            found = given(context, pk)
            return None if found is None else found.evolve(discoverable=discoverable)

        world.fed.actors[0] = attrs.evolve(route, callback=actor)

    @property
    def relay(self):
        (found,) = self.fed.relays()
        return found

    def join(self, style=RelayStyle.MASTODON):
        found = self.fed.join_relay(INBOX if style is RelayStyle.MASTODON else ACTOR, style=style)
        self.world.settle()
        return found

    def say(self, kind, about, *, by=ACTOR, **more):
        self._said += 1
        origin = by.partition("/users/")[0]
        activity = {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": f"{origin}/said/{self._said}",
            "type": kind,
            "actor": by,
            "object": about,
            **more,
        }
        status = self.world.deliver(activity, to="/ap/instance/inbox", by=by).status
        self.world.settle()
        return status

    def joined(self, style=RelayStyle.MASTODON):
        self.join(style)
        assert self.say("Accept", self.relay.follow_id) == 202
        assert self.relay.state is RelayState.ACCEPTED
        self.server.got.clear()
        return self


@pytest.fixture
def scene(world) -> Scene:
    return Scene(world)


# ---- joining ---------------------------------------------------------------------------------------------------------


def test_joining_mastodons_style_needs_no_look_up(scene):
    asked = scene.join()
    assert (asked.state, asked.address, asked.inbox, asked.actor) == (RelayState.PENDING, INBOX, INBOX, None)
    assert asked.since_s == scene.world.clock.now_s()
    assert scene.server.asked == []
    (follow,) = scene.server.bodies()
    assert (follow["id"], follow["actor"], follow["object"], follow["to"]) == (asked.follow_id, INSTANCE, PUBLIC, [])
    assert f'keyId="{INSTANCE}#main-key"' in (scene.server.got[0].headers.get("signature") or "")


def test_joining_litepubs_style_addresses_the_relay(scene):
    asked = scene.join(RelayStyle.LITEPUB)
    (follow,) = scene.server.bodies()
    assert (follow["id"], follow["actor"], follow["object"], follow["to"]) == (
        asked.follow_id,
        INSTANCE,
        ACTOR,
        [ACTOR],
    )


def test_asking_again_asks_anew_until_it_is_accepted(scene):
    first, second = scene.join(), scene.join()
    assert first.follow_id != second.follow_id
    assert len(scene.server.got) == 2
    scene.say("Accept", first.follow_id)
    assert scene.relay.state is RelayState.PENDING
    scene.say("Accept", second.follow_id)
    assert scene.join() == scene.relay
    assert len(scene.server.got) == 2


@pytest.mark.parametrize(
    ("address", "error"),
    [
        ("relay.example.org", MalformedIri),
        ("http://relay.example.org/inbox", FetchRefused),
        (f"{HOME}/ap/inbox", ConfigurationError),
        ("https://blocked.example/inbox", PolicyRefusal),
    ],
)
def test_what_is_no_relay_for_us_is_not_asked(scene, address, error):
    scene.fed.block("blocked.example")
    with pytest.raises(error):
        scene.fed.join_relay(address)
    assert scene.fed.relays() == []


def test_in_development_a_relay_may_speak_http():
    config = Config(dev=DevPolicy.allow_loopback())
    fed = Federation("http://localhost:9", backend=connect("memory://"), config=config, worker="off")
    assert fed.join_relay("http://localhost:8000/inbox").state is RelayState.PENDING


def test_there_is_a_limit_on_relays(world):
    for number in range(RELAYS_COUNT_MAX):
        world.fed.join_relay(f"https://r{number}.example/inbox")
    with pytest.raises(ConfigurationError):
        world.fed.join_relay("https://one.more.example/inbox")
    assert world.fed.join_relay("https://r0.example/inbox").state is RelayState.PENDING


async def test_both_colours_are_there(make_world):
    fed = make_world(asynchronous=True).fed
    asked = await fed.join_relay.aio(INBOX)
    assert await fed.relays.aio() == [asked]
    assert await fed.leave_relay.aio(INBOX)
    assert await fed.relays.aio() == []


# ---- answers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", RelayStyle)
@pytest.mark.parametrize("embedded", [False, True], ids=["id", "embedded"])
def test_an_answer_is_taken(scene, style, embedded):
    scene.join(style)
    follow = scene.server.bodies()[0]
    del follow["@context"]
    scene.world.clock.advance(3_600)
    assert scene.say("Accept", follow if embedded else follow["id"]) == 202
    assert (scene.relay.state, scene.relay.actor, scene.relay.inbox) == (RelayState.ACCEPTED, ACTOR, INBOX)
    assert scene.relay.since_s == scene.world.clock.now_s()
    accepted = scene.relay
    scene.world.clock.advance(3_600)
    scene.say("Accept", follow["id"])
    assert scene.relay == accepted
    scene.say("Reject", follow["id"])
    assert (scene.relay.state, scene.relay.since_s) == (RelayState.REJECTED, scene.world.clock.now_s())


@pytest.mark.spec("SEC-085")
@pytest.mark.parametrize("style", RelayStyle)
def test_sec_085_nobody_else_answers_for_a_relay(scene, style):
    asked = scene.join(style)
    mallory = scene.world.remote("mallory.example.net").actor("relay")
    scene.say("Accept", asked.follow_id, by=mallory)
    scene.say("Accept", {"id": asked.follow_id, "type": "Follow", "actor": INSTANCE, "object": PUBLIC}, by=mallory)
    scene.say("Accept", f"{INSTANCE}#relay-follows/1")
    scene.say("Accept", {"type": "Follow", "actor": INSTANCE, "object": PUBLIC})
    assert scene.relay == asked


def test_a_neighbour_of_a_relay_that_is_known_by_its_actor_is_not_it(scene):
    asked = scene.join(RelayStyle.LITEPUB)
    scene.say("Accept", asked.follow_id, by=scene.server.actor("neighbour"))
    assert scene.relay == asked


def test_a_relay_that_removes_itself_is_sent_nothing_more(scene):
    scene.joined()
    scene.say("Delete", ACTOR)
    assert scene.relay.state is RelayState.REJECTED


def test_other_ends_and_answers_are_none_of_it(scene):
    scene.joined()
    scene.say("Delete", f"{RELAY}/notes/1")
    scene.say("Delete", "https://b.example.org/users/bob", by=scene.world.remote().actor("bob"))
    scene.say("Like", ACTOR)
    assert scene.relay.state is RelayState.ACCEPTED


def test_a_relay_that_was_asked_may_follow_the_server(scene):
    scene.joined(RelayStyle.LITEPUB)
    scene.say("Follow", INSTANCE)
    (accept,) = scene.server.bodies()
    assert (accept["type"], accept["actor"], accept["object"]["object"]) == ("Accept", INSTANCE, INSTANCE)
    assert accept["object"]["id"] == f"{RELAY}/said/2"


@pytest.mark.parametrize("why", ["nobody asked", "it has refused", "it is about somebody else"])
def test_nobody_else_follows_the_server(scene, why):
    by, about = ACTOR, INSTANCE
    if why == "nobody asked":
        by = scene.world.remote().actor("bob")
    else:
        scene.join(RelayStyle.LITEPUB)
        if why == "it has refused":
            scene.say("Reject", scene.relay.follow_id)
        else:
            about = f"{HOME}/users/77"
    before = len(scene.server.got)
    scene.say("Follow", about, by=by)
    assert len(scene.server.got) == before


def test_a_relay_may_name_no_followers(scene):
    del scene.server.documents["/users/relay"]["followers"]
    assert scene.joined(RelayStyle.LITEPUB).relay.followers is None
    scene.fed.publish(scene.world.post(7))
    scene.world.settle()
    assert scene.server.bodies()[0]["to"] == [ACTOR, f"{INSTANCE}/followers"]


# ---- what it gets ----------------------------------------------------------------------------------------------------


def test_a_post_of_whoever_wants_to_be_found_goes_there_signed(scene):
    scene.joined()
    scene.fed.publish(scene.world.post(7))
    scene.world.settle()
    (create,) = scene.server.bodies()
    assert (create["type"], create["signature"]["type"], create["proof"]["type"]) == (
        "Create",
        "RsaSignature2017",
        "DataIntegrityProof",
    )
    assert f'keyId="{ALICE}#main-key"' in (scene.server.got[0].headers.get("signature") or "")


@pytest.mark.parametrize("discoverable", [None, False])
@pytest.mark.parametrize("style", RelayStyle)
def test_who_does_not_want_to_be_found_is_not_passed_on(world, style, discoverable):
    scene = Scene(world, discoverable=discoverable).joined(style)
    scene.fed.publish(world.post(7))
    scene.fed.revise(world.post(7))
    world.settle()
    assert scene.server.got == []
    scene.fed.withdraw(world.post(7))  # he may have wanted it yesterday
    world.settle()
    assert [body["type"] for body in scene.server.bodies()] == (["Delete"] if style is RelayStyle.MASTODON else [])


def test_litepubs_style_gets_the_id_announced(scene):
    scene.joined(RelayStyle.LITEPUB)
    scene.fed.publish(scene.world.post(7))
    scene.fed.revise(scene.world.post(7))
    scene.fed.withdraw(scene.world.post(7))
    scene.world.settle()
    (announce,) = scene.server.bodies()
    assert (announce["type"], announce["actor"], announce["object"]) == ("Announce", INSTANCE, f"{HOME}/posts/7")
    assert announce["to"] == [ACTOR, f"{ACTOR}/followers", f"{INSTANCE}/followers"]
    assert announce["published"]


@pytest.mark.parametrize(
    ("activity", "goes"),
    [
        (Move(actor=ALICE, object=ALICE, target="https://new.example/alice", to=PUBLIC), True),
        (Announce(actor=ALICE, object="https://b.example.org/notes/1", to=PUBLIC), False),
        (Create(actor=ALICE, to=PUBLIC, object=Note(id=f"{HOME}/x", attributed_to=ALICE, content="x")), True),
        (Create(actor=ALICE, cc=PUBLIC, object=Note(id=f"{HOME}/x", attributed_to=ALICE, content="x")), False),
    ],
    ids=["Move", "boost", "public", "unlisted"],
)
def test_what_relays_get(scene, activity, goes):
    scene.joined()
    scene.fed.send(activity)
    scene.world.settle()
    assert [("signature" in body) for body in scene.server.bodies()] == ([True] if goes else [])


def test_what_the_server_says_itself_is_not_passed_on(scene):
    scene.joined()
    note = Note(id=f"{HOME}/x", attributed_to=INSTANCE, content="x")
    bob = scene.world.remote().actor("bob")
    context = scene.world.context
    from fedtext.federation import sending
    from fedtext.sync import run_sync

    create = Create(id=f"{HOME}/x#create", actor=INSTANCE, to=[PUBLIC, bob], object=note)
    task = sending.fanout_task(scene.fed.engine, context.ports, create)
    run_sync(sending.enqueue(scene.fed.engine, context.ports, task, within=None))
    scene.world.settle()
    assert scene.server.got == []


def test_a_relay_that_was_blocked_gets_nothing(scene):
    scene.joined()
    scene.fed.block("relay.example.org")
    scene.fed.publish(scene.world.post(7))
    scene.world.settle()
    assert (scene.server.got, scene.world.events("delivery.dropped")) == ([], [])


def test_a_signature_that_is_there_already_is_not_made_anew(make_world):
    scene = Scene(make_world(config=Config(delivery=DeliveryPolicy(linked_data=True, proofs=False)))).joined()
    bob = scene.world.remote()
    scene.world.crowd.of["1"] = [bob.follower("bob")]
    scene.fed.publish(scene.world.post(7))
    scene.world.settle()
    assert scene.server.bodies() == bob.bodies()


def test_what_cannot_be_signed_goes_there_all_the_same(make_world):
    """It has just the size that others take."""
    config = Config()
    scene = Scene(make_world(config=attrs.evolve(config, delivery=DeliveryPolicy(proofs=False)))).joined()
    scene.world.post(7, text="x")
    scene.fed.publish(scene.world.post(7))
    scene.world.settle()
    room = len(scene.server.got.pop().body) - 200
    limits = attrs.evolve(config.limits, body_bytes_max=room)
    object.__setattr__(scene.fed.engine, "config", attrs.evolve(scene.fed.engine.config, limits=limits))
    scene.fed.publish(scene.world.post(8))
    scene.world.settle()
    assert ["signature" in body for body in scene.server.bodies()] == [False]
    assert [event["code"] for event in scene.world.events("relay.unsigned")] == ["protocol.local"]


# ---- leaving ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", RelayStyle)
def test_leaving_takes_the_follow_back_whole(scene, style):
    scene.joined(style)
    relay = scene.relay
    assert scene.fed.leave_relay(relay.address)
    scene.world.settle()
    (undo,) = scene.server.bodies()
    assert (undo["id"], undo["type"], undo["object"]["type"]) == (f"{relay.follow_id}/undo", "Undo", "Follow")
    assert undo["object"]["id"] == relay.follow_id
    assert scene.fed.relays() == []
    assert not scene.fed.leave_relay(relay.address)
    scene.say("Accept", relay.follow_id)
    assert scene.fed.relays() == []


# ---- how much it says ------------------------------------------------------------------------------------------------


def test_a_relay_has_a_limit_of_its_own(make_world):
    policy = InboxPolicy(
        actor_activities_per_minute_max=2, host_activities_per_minute_max=3, relay_activities_per_minute_max=5
    )
    scene = Scene(make_world(config=Config(inbox=policy)))
    scene.join()
    said = [scene.say("Accept", scene.relay.follow_id)]
    said += [scene.say("Announce", f"https://b.example.org/notes/{number}") for number in range(6)]
    assert said == [202, 202, 202, 202, 202, 202, 429]


def test_who_is_no_relay_has_the_usual_limit(make_world):
    policy = InboxPolicy(actor_activities_per_minute_max=2, relay_activities_per_minute_max=5)
    scene = Scene(make_world(config=Config(inbox=policy)))
    scene.join()
    assert [scene.say("Like", f"{HOME}/posts/7") for _ in range(3)] == [202, 202, 429]
