"""What a relay announces is a hint: fetched from its origin, for everybody, wanted here, once."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from fedtext import Announce, Config, Create, RelayState
from fedtext.config import InboxPolicy
from fedtext.federation.relayed import ATTEMPTS_MAX
from fedtext.http import Response
from fedtext.inbox import Severity
from fedtext.vocab import PUBLIC

pytestmark = pytest.mark.spec("DLV-20")
HOME, RELAY, B = "https://home.example.com", "https://relay.example.org", "https://b.example.org"
ACTOR, NOTE = f"{RELAY}/users/relay", f"{B}/notes/1"


class Scene:
    """A home server that has joined a relay, an author elsewhere, and what listeners hear."""

    def __init__(self, world: Any, *, accepted: bool = True) -> None:
        self.world, self.fed = world, world.fed
        self.server, self.b = world.remote("relay.example.org"), world.remote("b.example.org")
        self.server.actor("relay", type="Application")
        self.bob = self.b.actor("bob")
        self.heard: list[tuple[str, str, str]] = []
        self.failures = 0
        self._said = 0

        @self.fed.on(Create)
        @self.fed.on(Announce)
        def hear(context: Any, activity: Any) -> None:
            if self.failures:
                self.failures -= 1
                raise RuntimeError("not now")
            self.heard.append((activity.type_name.rpartition("/")[2], str(activity.actor_id), context.evidence.how))

        self.fed.join_relay(f"{RELAY}/inbox")
        (relay,) = self.fed.relays()
        if accepted:
            self.say("Accept", relay.follow_id)
            assert self.fed.relays()[0].state is RelayState.ACCEPTED

    def note(self, path: str = "/notes/1", **changes: Any) -> str:
        note = {"id": f"{B}{path}", "type": "Note", "attributedTo": self.bob, "content": "Hi", "to": [PUBLIC]}
        self.b.documents[path] = {"@context": "https://www.w3.org/ns/activitystreams", **note, **changes}
        return f"{B}{path}"

    def say(self, kind: str, about: object, *, by: str = ACTOR) -> None:
        self._said += 1
        activity = {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": f"{by.partition('/users/')[0]}/said/{self._said}",
            "type": kind,
            "actor": by,
            "object": about,
            "to": [PUBLIC],
        }
        assert self.world.deliver(activity, to="/ap/inbox", by=by).status == 202
        self.world.settle()


HEARD = ("Create", f"{B}/users/bob", "origin")


@pytest.fixture
def scene(world) -> Scene:
    return Scene(world)


@pytest.mark.spec("SEC-131")
def test_what_is_announced_is_heard_as_its_author_has_it(scene):
    created = []
    scene.fed.on(Create)(lambda _context, create: created.append(create))
    scene.say("Announce", {"id": scene.note(cc=[f"{B}/users/bob/followers"]), "type": "Note", "content": "Buy"})
    assert scene.heard == [HEARD]
    (create,) = created
    assert (create.id, create.object.content, create.to, create.cc) == (
        None,
        "Hi",
        (PUBLIC,),
        (f"{B}/users/bob/followers",),
    )


def test_an_activity_that_is_announced_leads_to_what_it_has_created(scene):
    note = scene.note()
    create = {"id": f"{B}/creates/1", "type": "Create", "actor": scene.bob, "object": note}
    scene.b.documents["/creates/1"] = {"@context": "https://www.w3.org/ns/activitystreams", **create}
    scene.say("Announce", f"{B}/creates/1")
    assert scene.heard == [HEARD]


def test_one_object_is_heard_once_however_often_it_is_announced(scene):
    scene.say("Announce", scene.note())
    scene.say("Announce", NOTE)
    assert scene.heard == [HEARD]


def test_a_listener_that_fails_is_called_again(scene):
    scene.failures = 1
    scene.say("Announce", scene.note())
    assert scene.heard == []
    scene.world.pass_time(hours=1)
    assert scene.heard == [HEARD]


@pytest.mark.parametrize("why", ["it has not answered", "it has refused", "somebody else"])
def test_from_whoever_else_an_announce_is_a_boost(make_world, why):
    scene = Scene(make_world(), accepted=why == "somebody else")
    by = ACTOR
    if why == "it has refused":
        scene.say("Reject", scene.fed.relays()[0].follow_id)
    elif why == "somebody else":
        by = scene.server.actor("neighbour")
    scene.say("Announce", scene.note(), by=by)
    assert scene.heard == [("Announce", by, "signature")]
    assert "/notes/1" not in scene.b.asked


@pytest.mark.parametrize(
    "changes",
    [
        {"to": [f"{B}/users/bob/followers"]},
        {"attributedTo": "https://c.example.net/users/eve"},
        {"attributedTo": None},
        {"id": f"{B}/notes/2"},
        {"type": "Person", "inbox": f"{B}/inbox"},
        {"type": "Like", "actor": f"{B}/users/bob", "object": f"{HOME}/posts/7"},
        {"inReplyTo": "https://blocked.example.net/notes/1"},
        {"tag": [{"type": "Mention", "href": f"{HOME}/users/{number}"} for number in range(51)]},
    ],
    ids=["not public", "another's", "nobody's", "another id", "an actor", "a like", "an answer to whom", "to too many"],
)
def test_what_is_of_no_use_is_dropped(scene, changes):
    scene.fed.block("blocked.example.net")
    scene.say("Announce", scene.note(**changes))
    assert scene.heard == []
    assert scene.world.buried() == []
    assert len(scene.world.events("relay.not_had")) == 1


@pytest.mark.spec("SEC-151")
@pytest.mark.parametrize("severity", [Severity.BLOCK, Severity.SUSPEND])
def test_sec_151_whose_author_is_not_wanted_here_is_dropped(scene, severity):
    scene.fed.block(scene.bob, severity=severity)
    scene.say("Announce", scene.note())
    assert scene.heard == []


def test_what_is_ours_is_known_here(scene):
    scene.say("Announce", f"{HOME}/posts/7")
    assert (scene.heard, scene.world.events("relay.not_had")) == ([], [])


def test_what_its_author_has_deleted_is_not_heard_any_more(scene):
    note = scene.note()
    scene.say("Delete", note, by=scene.bob)
    scene.say("Announce", note)
    assert scene.heard == []


def test_a_host_that_is_down_is_asked_a_few_times_more(scene):
    del scene.b.documents["/users/bob"]
    scene.world.network.script("b.example.org", lambda _request: Response(status=503))
    scene.say("Announce", NOTE)
    scene.world.pass_time(hours=10)
    assert (scene.heard, scene.world.buried(), scene.world.depth().waiting) == ([], [], 0)
    assert len(scene.world.events("relay.not_had")) == 1
    asked = [e for e in scene.world.network.exchanges if e.request.target == "/notes/1"]
    assert 1 <= len(asked) <= ATTEMPTS_MAX


def test_a_host_that_comes_back_is_heard(scene):
    scene.note()
    scene.world.network.partition("b.example.org")
    scene.say("Announce", NOTE)
    scene.world.network.heal()
    scene.world.pass_time(hours=1)
    assert scene.heard == [HEARD]


def test_how_many_of_ours_it_may_speak_to_is_the_usual_limit(make_world):
    config = Config()
    scene = Scene(make_world(config=attrs.evolve(config, inbox=InboxPolicy(mentions_count_max=1))))
    one = [{"type": "Mention", "href": f"{HOME}/users/1"}]
    scene.say("Announce", scene.note(tag=one))
    two = [*one, {"type": "Mention", "href": f"{HOME}/users/2"}]
    scene.say("Announce", scene.note("/notes/2", tag=two))
    assert scene.heard == [HEARD]
