"""What others say of our actors that follow theirs: believed when covered, looked at, and carried out with care."""

from __future__ import annotations

import json

import attrs
import pytest

from fedtext.config import Config, Limits, Scheme, SynchronizationPolicy
from fedtext.delivery import CollectionSynchronization, build_collection_synchronization, followers_digest
from fedtext.errors import PolicyRefusal
from fedtext.federation import synchronization
from fedtext.federation.synchronization import PauseReason
from fedtext.fetch.covering import asked_over, sign_cavage_over
from fedtext.http import Request
from fedtext.signatures import sign
from fedtext.sync import run_sync

from .conftest import remote_key

HOME = "https://home.example.com"
ALICE, CAROL = f"{HOME}/users/1", f"{HOME}/users/2"
BOB = "https://b.example.org/users/bob"
LIST = "/users/bob/followers_synchronization"
URL = f"https://b.example.org{LIST}"
FIELD = "collection-synchronization"
FREELY = Config(synchronization=SynchronizationPolicy(vanish_share_max=1.0))
ONE_HOUR_S = 3_600


@attrs.define
class Neighbours:
    """Bob's server and ours, where whom of ours he holds for followers may differ from who follows him here."""

    world: object
    there: object
    said: int = 0

    def list(self, *members: str, **changes: object) -> None:
        self.there.documents[LIST] = {"id": URL, "type": "OrderedCollection", "orderedItems": [*members], **changes}

    def header(self, *members: str, **changes: str) -> str:
        said = CollectionSynchronization(
            collection_id=f"{BOB}/followers", url=URL, digest=followers_digest(members, HOME)
        )
        return build_collection_synchronization(attrs.evolve(said, **changes))

    def say(self, *headers: str, covered: bool = True, scheme: Scheme = Scheme.CAVAGE) -> int:
        """Deliver a Like of Bob's with these headers; gives the status."""
        self.said += 1
        body = json.dumps({"id": f"{BOB}#likes/{self.said}", "type": "Like", "actor": BOB, "object": f"{HOME}/posts/1"})
        fields = [("content-type", "application/activity+json"), *((FIELD, header) for header in headers)]
        request = Request.to(f"{HOME}/ap/inbox", method="POST", headers=fields, body=body.encode())
        made = {"key_id": f"{BOB}#main-key", "now_s": self.world.clock.now_s()}
        names = (FIELD,) if covered and headers else ()
        if scheme is Scheme.RFC9421:
            request = sign(request, remote_key(), scheme=scheme, asked=asked_over(None, names), **made)
        else:
            request = sign_cavage_over(request, remote_key(), covering=names, **made)
        response = run_sync(self.world.fed.engine.handle(request, self.world.ports))
        return response.status

    def followed(self) -> set[str]:
        return {pk for pk, whom in self.world.crowd.following if whom == BOB}

    def looked(self) -> int:
        return self.there.asked.count(LIST)


@pytest.fixture
def neighbours_of(make_world):
    """Make the neighbours: Alice and Carol follow Bob here."""

    def make(config: Config = FREELY, **options) -> Neighbours:
        world = make_world(config=config, **options)
        there = world.remote()
        there.actor("bob", followers=f"{BOB}/followers")
        world.crowd.complete = True
        world.crowd.following = {("1", BOB), ("2", BOB)}
        return Neighbours(world, there)

    return make


@pytest.fixture
def neighbours(neighbours_of):
    return neighbours_of()


# ---- what is done ----------------------------------------------------------------------------------------------------


@pytest.mark.spec("DLV-17")
@pytest.mark.parametrize("scheme", Scheme)
def test_dlv_17_who_is_not_on_the_list_follows_no_longer(neighbours, scheme):
    neighbours.list(ALICE)
    assert neighbours.say(neighbours.header(ALICE), scheme=scheme) == 202
    neighbours.world.settle()
    assert neighbours.followed() == {"1"}
    assert neighbours.world.events("synchronization.done") == [{"sender": BOB, "removed": 1, "undone": 0}]
    assert "signature" in neighbours.world.network.exchanges[-1].request.headers


@pytest.mark.spec("DLV-17")
def test_dlv_17_where_both_sides_say_the_same_nothing_is_fetched(neighbours):
    for _ in range(2):
        neighbours.say(neighbours.header(CAROL, ALICE))
        neighbours.world.settle()
    assert neighbours.looked() == 0
    assert neighbours.followed() == {"1", "2"}


def test_dlv_17_a_difference_is_seen_after_both_said_the_same(neighbours):
    neighbours.say(neighbours.header(CAROL, ALICE))
    neighbours.world.settle()
    neighbours.list(ALICE)
    neighbours.say(neighbours.header(ALICE))
    neighbours.world.settle()
    assert neighbours.followed() == {"1"}


@pytest.mark.spec("DLV-17")
def test_dlv_17_who_never_asked_is_taken_off_the_list(neighbours):
    neighbours.world.crowd.following = {("1", BOB)}
    neighbours.list(ALICE, CAROL, f"{HOME}/users/9", f"{HOME}/posts/1", f"{CAROL}/followers", "https://b.example.org/x")
    neighbours.say(neighbours.header(ALICE, CAROL, f"{HOME}/users/9", f"{HOME}/posts/1", f"{CAROL}/followers"))
    neighbours.world.settle()
    assert neighbours.followed() == {"1"}
    (undo,) = neighbours.there.bodies()
    assert (undo["type"], undo["actor"], undo["object"]["type"]) == ("Undo", CAROL, "Follow")
    assert (undo["object"]["actor"], undo["object"]["object"]) == (CAROL, BOB)


def test_dlv_17_who_waits_for_an_answer_has_got_it(neighbours):
    neighbours.world.crowd.following, neighbours.world.crowd.asked = {("1", BOB)}, {("2", BOB)}
    neighbours.list(ALICE, CAROL)
    neighbours.say(neighbours.header(ALICE, CAROL))
    neighbours.world.settle()
    assert neighbours.followed() == {"1", "2"}
    assert neighbours.there.got == []


def test_dlv_17_pages_are_read(neighbours):
    neighbours.list(orderedItems=[], first=f"{URL}?page=1")
    neighbours.there.documents[LIST]["first"] = {
        "id": f"{URL}#1",
        "type": "OrderedCollectionPage",
        "orderedItems": [CAROL],
    }
    neighbours.say(neighbours.header(CAROL))
    neighbours.world.settle()
    assert neighbours.followed() == {"2"}


def test_sec_141_a_follow_that_is_accepted_while_the_list_is_read_stays(neighbours):
    """What is kept here is read first: who comes after that is not judged by a list that may be older."""
    neighbours.world.crowd.following = {("1", BOB)}
    neighbours.list()
    serve = neighbours.there._serve

    def accepted_meanwhile(request: Request):
        if request.path == LIST:
            neighbours.world.crowd.following.add(("2", BOB))
        return serve(request)

    neighbours.world.network.script("b.example.org", accepted_meanwhile)
    neighbours.say(neighbours.header())
    neighbours.world.settle()
    assert neighbours.followed() == {"2"}


# ---- what is not believed --------------------------------------------------------------------------------------------

IGNORED = {
    "no header": lambda here: here.say(),
    "not covered": lambda here: here.say(here.header(), covered=False),
    "twice": lambda here: here.say(here.header(), here.header()),
    "unreadable": lambda here: here.say("digest"),
    "url of another host": lambda here: here.say(here.header(url=f"https://c.example.org{LIST}")),
    "collection of another host": lambda here: here.say(here.header(collection_id="https://c.example.org/f")),
    "another collection": lambda here: here.say(here.header(collection_id=f"{BOB}/following")),
    "as here": lambda here: here.say(here.header(ALICE, CAROL)),
    "off": lambda here: [setattr(here.world.crowd, "complete", False), here.say(here.header())],
    "paused": lambda here: [
        run_sync(synchronization.pause(here.world.fed.engine, here.world.ports, PauseReason.RESTORED)),
        here.say(here.header()),
    ],
    "paused after it was queued": lambda here: [
        here.say(here.header()),
        run_sync(synchronization.pause(here.world.fed.engine, here.world.ports, PauseReason.RESTORED)),
    ],
}


@pytest.mark.spec("SEC-141", "DLV-17")
@pytest.mark.parametrize("what", IGNORED)
@pytest.mark.parametrize("scheme", Scheme)
def test_sec_141_no_list_is_read_for_what_counts_for_nothing(neighbours, what, scheme, monkeypatch):
    say = Neighbours.say
    monkeypatch.setattr(Neighbours, "say", lambda self, *headers, **how: say(self, *headers, scheme=scheme, **how))
    neighbours.list()
    IGNORED[what](neighbours)
    neighbours.world.settle()
    assert neighbours.looked() == 0
    assert neighbours.followed() == {"1", "2"}
    assert neighbours.world.buried() == []


REFUSED = {
    "a late header": lambda here: here.list(ALICE),
    "a list of strangers": lambda here: here.list("https://b.example.org/users/x", ALICE),
    "not there": lambda here: None,
    "no collection": lambda here: here.list(type="Note"),
    "of another id": lambda here: here.list(id="https://b.example.org/other"),
    "a circle": lambda here: here.list(first=URL),
    "too many": lambda here: here.list(*[f"{HOME}/users/{number}" for number in range(5)]),
    "a page elsewhere": lambda here: here.list(first="https://c.example.org/page"),
}


@pytest.mark.spec("SEC-141")
@pytest.mark.parametrize("what", REFUSED)
def test_sec_141_a_list_that_is_not_the_one_spoken_of_changes_nothing(neighbours_of, what):
    here = neighbours_of(attrs.evolve(FREELY, limits=Limits(synchronized_followers_count_max=4)))
    REFUSED[what](here)
    here.say(here.header("https://home.example.com/users/0"))
    here.world.settle()
    assert here.looked() == 1
    assert here.followed() == {"1", "2"}
    assert here.there.got == []
    assert [event["sender"] for event in here.world.events("synchronization.failed")] == [BOB]


@pytest.mark.spec("SEC-141")
@pytest.mark.parametrize(("limit", "kept"), [(2, {"1"}), (1, {"1", "2"})])
def test_sec_141_dlv_17_a_list_is_read_up_to_its_limit(neighbours_of, limit, kept):
    here = neighbours_of(attrs.evolve(FREELY, limits=Limits(synchronized_followers_count_max=limit)))
    here.list(ALICE, "https://b.example.org/users/x")
    here.say(here.header(ALICE))
    here.world.settle()
    assert here.followed() == kept


@pytest.mark.spec("SEC-141")
@pytest.mark.parametrize(("limit", "kept"), [(2, {"1"}), (1, {"1", "2"})])
def test_sec_141_dlv_17_so_many_pages_are_read(neighbours_of, limit, kept):
    here = neighbours_of(attrs.evolve(FREELY, limits=Limits(synchronized_pages_count_max=limit)))
    last = {"id": f"{URL}#2", "type": "OrderedCollectionPage", "orderedItems": [ALICE]}
    here.list(first={"id": f"{URL}#1", "type": "OrderedCollectionPage", "orderedItems": [], "next": last})
    here.say(here.header(ALICE))
    here.world.settle()
    assert here.followed() == kept


def test_sec_151_a_list_of_a_host_that_is_refused_since_is_not_read(neighbours_of):
    refused = []

    def refuse(iri: str) -> None:
        if iri in refused:
            raise PolicyRefusal

    here = neighbours_of(refuse=refuse)
    here.list()
    here.say(here.header())
    refused.append(URL)
    here.world.settle()
    assert here.looked() == 0


# ---- how often -------------------------------------------------------------------------------------------------------


def test_dlv_17_one_job_waits_and_then_the_sender_is_left_alone_for_an_hour(neighbours):
    neighbours.list(CAROL)  # never what the header says
    for _ in range(3):
        neighbours.say(neighbours.header())
    kinds = [json.loads(job.payload)["kind"] for job in waiting(neighbours.world)]
    assert kinds.count("synchronize") == 1
    neighbours.world.settle()
    neighbours.say(neighbours.header(ALICE))
    neighbours.world.settle()
    assert neighbours.looked() == 1
    neighbours.world.clock.advance(ONE_HOUR_S + 1)
    neighbours.say(neighbours.header(ALICE))
    neighbours.world.settle()
    assert neighbours.looked() == 2


def waiting(world) -> list:
    """Give the jobs in the lanes of others, and let them wait on."""
    claim = run_sync(world.ports.queue.claim(lease_s=60, batch_max=50))
    assert str(claim.lane) == "in:https://b.example.org"
    run_sync(world.ports.queue.release(claim))
    return [*claim.jobs]


# ---- never much at once ----------------------------------------------------------------------------------------------


@pytest.fixture
def crowd_of(neighbours_of):
    """Make a server whose actors have so many followings, of which Bob knows nothing of the first `lost`."""

    def make(total: int, lost: int) -> Neighbours:
        here = neighbours_of(Config())
        here.world.people = {str(number): f"user{number}" for number in range(total)}
        here.world.crowd.following = {(pk, BOB) for pk in here.world.people}
        here.list(*kept_of(total, lost))
        return here

    return make


def kept_of(total: int, lost: int) -> list[str]:
    return [f"{HOME}/users/{number}" for number in range(lost, total)]


def speak(here: Neighbours, total: int, lost: int) -> None:
    here.say(here.header(*kept_of(total, lost)))
    here.world.settle()


@pytest.mark.spec("SEC-141")
@pytest.mark.parametrize(("total", "lost", "gone"), [(40, 2, 2), (40, 3, 0), (19, 1, 0), (20, 1, 1), (40, 40, 0)])
def test_sec_141_no_more_than_five_in_a_hundred_vanish_at_once(crowd_of, total, lost, gone):
    here = crowd_of(total, lost)
    speak(here, total, lost)
    assert len(here.followed()) == total - gone
    paused = here.world.events("synchronization.paused")
    assert paused == ([] if gone else [{"reason": "vanishing", "sender": BOB, "vanishing": lost}])


@pytest.mark.spec("SEC-141")
def test_sec_141_nor_do_they_bit_by_bit(crowd_of):
    here = crowd_of(40, 2)
    speak(here, 40, 2)
    here.world.clock.advance(ONE_HOUR_S + 1)
    here.list(*kept_of(40, 3))
    speak(here, 40, 3)
    assert len(here.followed()) == 38
    assert len(here.world.events("synchronization.paused")) == 1


def test_sec_141_after_a_day_without_others_may_vanish(crowd_of):
    here = crowd_of(40, 1)
    speak(here, 40, 1)
    here.world.clock.advance(86_400 + 1)
    here.list(*kept_of(40, 2))
    speak(here, 40, 2)
    assert len(here.followed()) == 38


@pytest.mark.spec("SEC-141")
def test_sec_141_who_never_asked_counts_too(neighbours_of):
    """After a restore of ours that nobody told of: the others remember follows that we have lost."""
    here = neighbours_of(Config())
    here.world.crowd.following = {("1", BOB)}
    here.list(ALICE, CAROL)
    here.say(here.header(ALICE, CAROL))
    here.world.settle()
    assert here.there.got == []
    assert len(here.world.events("synchronization.paused")) == 1


@pytest.mark.spec("SEC-141")
def test_sec_141_a_command_lets_go_what_was_held_up(crowd_of):
    here = crowd_of(40, 3)
    speak(here, 40, 3)
    speak(here, 40, 3)
    assert here.looked() == 1
    run_sync(synchronization.resume(here.world.fed.engine, here.world.ports))
    speak(here, 40, 3)
    assert len(here.followed()) == 37


def test_sec_141_but_no_more_than_that(crowd_of):
    here = crowd_of(40, 3)
    speak(here, 40, 3)
    run_sync(synchronization.resume(here.world.fed.engine, here.world.ports))
    here.list(*kept_of(40, 4))
    speak(here, 40, 4)
    assert len(here.followed()) == 40
    assert len(here.world.events("synchronization.paused")) == 2
