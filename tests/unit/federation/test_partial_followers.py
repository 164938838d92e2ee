"""Which of another server's actors follow ours: what that server, and nobody else, may read."""

from __future__ import annotations

import attrs
import pytest

from fedtext.config import Config, Limits
from fedtext.delivery import SYNCHRONIZATION_HEADER, Follower, followers_digest
from fedtext.federation import synchronization
from fedtext.federation.digests import followers_changed
from fedtext.federation.synchronization import PauseReason
from fedtext.signatures import parse_claim
from fedtext.sync import run_sync

ALICE = "https://home.example.com/users/1"
PATH = "/users/1/followers_synchronization"


@pytest.fixture
def crowded(world):
    """Alice is followed by two of b.example.org and one of c.example.org; all that follow are known."""
    there, elsewhere = world.remote(), world.remote("c.example.org")
    world.crowd.of["1"] = [there.follower("bob"), elsewhere.follower("eve"), there.follower("dan")]
    world.crowd.complete = True
    there.actor("nobody")
    return world


def at(host: str, name: str) -> str:
    return f"https://{host}/users/{name}"


BOB, DAN = at("b.example.org", "bob"), at("b.example.org", "dan")
EVE = at("c.example.org", "eve")

READERS = [
    (BOB, [BOB, DAN]),
    (at("b.example.org", "nobody"), [BOB, DAN]),  # whoever signs there: the actor of the server, mostly
    (EVE, [EVE]),
]


@pytest.mark.spec("COL-13")
@pytest.mark.parametrize(("who", "members"), READERS)
def test_col_13_a_server_reads_its_own_actors_and_no_others(crowded, who, members):
    document = crowded.get(PATH, by=who)
    assert document == {
        "@context": ["https://www.w3.org/ns/activitystreams"],
        "id": f"{ALICE}/followers_synchronization",
        "type": "OrderedCollection",
        "totalItems": len(members),
        "orderedItems": members,
    }


def test_col_13_a_server_without_followers_reads_that_there_are_none(crowded):
    stranger = crowded.remote("d.example.org").actor("x")
    assert crowded.get(PATH, by=stranger)["orderedItems"] == []


def test_col_13_nothing_of_it_is_kept_on_the_way(crowded):
    response = crowded.ask(PATH, by=BOB)
    assert response.headers.get("cache-control") == "private, no-store"
    assert response.headers.get("vary") == "Accept, Signature, Authorization"


def absent(world) -> tuple[int, bytes]:
    response = world.ask("/users/9", by=BOB)
    return response.status, response.body


def test_col_13_unsigned_it_is_as_if_absent(crowded):
    response = crowded.ask(PATH)
    assert (response.status, response.body) == absent(crowded)
    assert response.status == 404


def test_col_13_a_signature_that_does_not_hold_is_asked_for_again(crowded):
    assert crowded.status(PATH, by="https://b.example.org/users/not-there") == 401


OFF = {
    "the source does not say that it is complete": lambda world: setattr(world.crowd, "complete", False),
    "paused": lambda world: run_sync(synchronization.pause(world.fed.engine, world.ports, PauseReason.RESTORED)),
    "no such actor": lambda world: world.people.pop("1"),
}


@pytest.mark.parametrize("why", OFF)
def test_col_13_sec_141_where_it_is_off_it_is_as_if_absent(crowded, why):
    OFF[why](crowded)
    response = crowded.ask(PATH, by=BOB)
    assert (response.status, response.body) == absent(crowded)


def test_a_source_that_knows_nothing_of_it_is_off(make_world):
    world = make_world(crowd=False)
    bob = world.remote().actor("bob")

    class Plain:
        async def page(self, context, pk, page): ...
        async def contains(self, context, pk, actor_id): ...
        async def count(self, context, pk): ...
        async def following_count(self, context, pk): ...

    world.fed.followers(Plain())
    assert world.status(PATH, by=bob) == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_col_13_it_is_read_only(crowded, method):
    assert crowded.status(PATH, by=BOB, method=method) == 405


@pytest.mark.spec("SEC-141")
@pytest.mark.parametrize(("limit", "status"), [(3, 200), (2, 404)])
@pytest.mark.parametrize("page", [1, 500])
def test_sec_141_dlv_16_too_many_followers_are_not_told(make_world, limit, status, page):
    limits = Limits(synchronized_followers_count_max=limit)
    config = Config(limits=limits)
    world = make_world(config=attrs.evolve(config, delivery=attrs.evolve(config.delivery, followers_page_max=page)))
    there = world.remote()
    world.crowd.of["1"] = [there.follower(name) for name in ("x", "y", "z")]
    world.crowd.complete = True
    assert world.status(PATH, by=at("b.example.org", "x")) == status


def test_sec_141_a_source_that_counts_wrongly_is_cut_off_too(crowded, monkeypatch):
    """The application's count may be cached; what is collected is bounded all the same."""

    async def none(context, pk):
        return 0

    monkeypatch.setattr(crowded.crowd, "count", none)
    bob = Follower(actor_id=BOB, inbox=f"{BOB}/inbox")
    crowded.crowd.of["1"] = [bob] * (crowded.fed.config.limits.synchronized_followers_count_max + 1)
    assert crowded.status(PATH, by=BOB) == 404


# ---- told with what is sent ------------------------------------------------------------------------------------------


def told(remote) -> list[str | None]:
    """Give the header of each delivery; where it is there, the signature covers it."""
    for request in remote.got:
        covered = parse_claim(request).covered
        assert (SYNCHRONIZATION_HEADER in covered) == (SYNCHRONIZATION_HEADER in request.headers)
    return [request.headers.get(SYNCHRONIZATION_HEADER) for request in remote.got]


def publish(world, pk: int = 7, **fields) -> None:
    world.fed.publish(world.post(pk, **fields))
    world.settle()


def header(*members: str) -> str:
    digest = followers_digest(members, members[0])
    return f'collectionId="{ALICE}/followers", url="{ALICE}/followers_synchronization", digest="{digest}"'


@pytest.fixture
def hosts(crowded):
    """Give the servers of the crowd anew, so that what they get is seen."""
    return crowded.remote(), crowded.remote("c.example.org")


@pytest.mark.spec("DLV-16")
def test_dlv_16_each_server_is_told_of_its_own_followers_under_the_signature(crowded, hosts):
    publish(crowded)
    publish(crowded, 8, to=[f"{ALICE}/followers"])
    assert [told(host) for host in hosts] == [[header(BOB, DAN)] * 2, [header(EVE)] * 2]


def test_dlv_16_what_is_for_single_people_says_nothing_of_followers(crowded, hosts):
    hosts[0].actor("bob")
    publish(crowded, to=[BOB])
    assert told(hosts[0]) == [None]


@pytest.mark.parametrize("why", [why for why in OFF if why != "no such actor"])
def test_dlv_16_sec_141_where_it_is_off_nothing_is_told(crowded, hosts, why):
    OFF[why](crowded)
    publish(crowded)
    assert [told(host) for host in hosts] == [[None], [None]]


def test_dlv_16_a_server_that_has_none_of_the_followers_is_not_told_so(crowded):
    """An inbox on another host than its owner's id: to be told of none, that host would remove all that it knows."""
    elsewhere = crowded.remote("inboxes.example.org")
    crowded.crowd.of["1"] = [Follower(actor_id=BOB, inbox="https://inboxes.example.org/bob")]
    publish(crowded)
    assert told(elsewhere) == [None]


@pytest.mark.spec("SEC-141")
def test_sec_141_dlv_16_who_has_too_many_followers_tells_nothing(make_world):
    world = make_world(config=Config(limits=Limits(synchronized_followers_count_max=1)))
    there = world.remote()
    world.crowd.of["1"] = [there.follower("x"), there.follower("y")]
    world.crowd.complete = True
    publish(world)
    assert told(there) == [None]


def test_dlv_16_the_followers_are_read_once_for_all_servers(crowded, hosts, monkeypatch):
    reads = []
    page = crowded.crowd.page

    async def counted(context, pk, request):
        reads.append(request.cursor)
        return await page(context, pk, request)

    monkeypatch.setattr(crowded.crowd, "page", counted)
    publish(crowded)
    assert len(reads) == 2  # for the fan-out, and for the digests
    publish(crowded, 8)
    assert len(reads) == 3


def test_dlv_16_a_change_is_told_with_the_next_delivery(crowded, hosts):
    publish(crowded)
    del crowded.crowd.of["1"][0]
    run_sync(followers_changed(crowded.fed.engine.context(crowded.ports), "1", BOB))
    publish(crowded, 8)
    assert told(hosts[0]) == [header(BOB, DAN), header(DAN)]
    assert told(hosts[1]) == [header(EVE)] * 2
