"""From a queued activity to deliveries."""

from __future__ import annotations

import json

import attrs
import pytest

from fedtext.config import Config, DeliveryPolicy
from fedtext.delivery import GONE_S, FanoutTask, Follower, decode_task
from fedtext.errors import PolicyRefusal
from fedtext.federation import fanning
from fedtext.federation.fanning import gone_key
from fedtext.federation.outcomes import Done
from fedtext.federation.step import run_job
from fedtext.keys import VerificationKey, load_public_pem, parse_multikey
from fedtext.ports import LaneKind
from fedtext.signatures import check_owner, data_integrity, linked_data
from fedtext.sync import run_sync
from fedtext.testing.faults import FailNth
from fedtext.vocab import PUBLIC, Create, Delete, Like, Note, load

HOME, ALICE, CAROL = "https://home.example.com", "https://home.example.com/users/1", "https://home.example.com/users/2"
FOLLOWERS = f"{ALICE}/followers"
SMALL_PAGES = Config(delivery=DeliveryPolicy(followers_page_max=2))


# ---- followers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3, 500])
def test_dlv_01_each_shared_inbox_is_reached_once_over_all_pages(make_world, size):
    world = make_world(config=Config(delivery=DeliveryPolicy(followers_page_max=size)))
    b, c = world.remote("b.example.org"), world.remote("c.example.org")
    people = [b.follower("u1"), c.follower("v1"), b.follower("u2"), c.follower("v2"), b.follower("u3")]
    people.append(attrs.evolve(c.follower("v3"), shared_inbox=None))
    world.crowd.of["1"] = people
    world.fed.publish(world.post(7))
    world.settle()
    assert b.deliveries() == [("/inbox", "Create")]
    assert sorted(c.deliveries()) == [("/inbox", "Create"), ("/users/v3/inbox", "Create")]
    assert world.depth().waiting == 0


def test_dlv_01_what_a_page_has_reached_is_known_to_the_next(make_world):
    """Deliveries of the first page may be done when the second is planned: the queue no longer knows of them."""
    world = make_world(config=SMALL_PAGES)
    b = world.remote()
    world.crowd.of["1"] = [b.follower("u1"), b.follower("u2"), b.follower("u3")]
    world.fed.publish(world.post(7))
    queue, first = world.ports.queue, None
    claim = run_sync(queue.claim(lease_s=60, batch_max=1, kinds=[LaneKind.FANOUT]))
    run_sync(run_job(world.fed.engine, claim.jobs[0], world.ports))
    run_sync(queue.ack(claim, claim.jobs[0]))
    run_sync(queue.release(claim))
    following = run_sync(queue.claim(lease_s=60, batch_max=9, kinds=[LaneKind.FANOUT]))
    (first,) = [decode_task(job.payload) for job in following.jobs]
    assert isinstance(first, FanoutTask)
    assert (first.cursor, first.reached) == ("2", ("https://b.example.org/inbox",))


def test_sec_147_one_malformed_inbox_in_a_batch(make_world):
    world = make_world(config=SMALL_PAGES)
    hosts = [world.remote(f"h{n}.example.org") for n in range(9)]
    people = [host.follower("x") for host in hosts]
    people.insert(4, Follower(actor_id="https://bad.example.org/x", inbox="javascript:alert(1)"))
    people.insert(6, Follower(actor_id="nonsense", inbox=""))
    world.crowd.of["1"] = people
    world.fed.publish(world.post(7))
    world.settle()
    assert [host.deliveries() for host in hosts] == [[("/inbox", "Create")]] * 9


def test_sec_148_a_shared_inbox_of_another_origin_is_not_used(world):
    b, victim = world.remote("b.example.org"), world.remote("victim.example.net")
    world.crowd.of["1"] = [attrs.evolve(b.follower("x"), shared_inbox="https://victim.example.net/inbox")]
    bob = b.actor("bob", endpoints={"sharedInbox": "https://victim.example.net/inbox"})
    world.fed.publish(world.post(7, cc=(bob,)))
    world.settle()
    assert sorted(b.deliveries()) == [("/users/bob/inbox", "Create"), ("/users/x/inbox", "Create")]
    assert victim.got == []


def test_dlv_11_single_recipients_come_before_the_crowd(make_world):
    world = make_world(config=SMALL_PAGES)
    crowd, mentioned = world.remote("crowd.example.org"), world.remote("mentioned.example.org")
    world.crowd.of["1"] = [crowd.follower("x")]
    world.fed.publish(world.post(7, cc=(mentioned.actor("bob"),)))
    world.settle()
    posts = [exchange.request.authority for exchange in world.network.exchanges if exchange.request.method == "POST"]
    assert posts == ["mentioned.example.org", "crowd.example.org"]


@pytest.mark.parametrize("inbox", [f"{HOME}/users/2/inbox", "https://b.example.org:8443/i", "http://b.example.org/i"])
def test_sec_145_nothing_is_queued_that_could_not_be_sent(world, inbox):
    b = world.remote()
    world.crowd.of["1"] = [Follower(actor_id="https://b.example.org/users/x", inbox=inbox)]
    bob = b.actor("bob", inbox=inbox, endpoints={})
    world.fed.publish(world.post(7, cc=(bob, "https://b.example.org:8443/users/y")))
    world.settle()
    assert b.got == []
    assert (world.depth().waiting, world.buried()) == (0, [])


def test_dlv_18_blocked_hosts_get_nothing(make_world):
    def refuse(iri: str) -> None:
        if "blocked.example.org" in iri:
            raise PolicyRefusal

    world = make_world(refuse=refuse)
    blocked, b = world.remote("blocked.example.org"), world.remote()
    world.crowd.of["1"] = [blocked.follower("x"), b.follower("y")]
    world.fed.publish(world.post(7, cc=(blocked.actor("z"),)))
    world.settle()
    assert blocked.got == blocked.asked == []
    assert b.deliveries() == [("/inbox", "Create")]


def test_dlv_04_an_inbox_that_is_gone_is_left_out_for_a_day(world):
    b = world.remote()
    world.crowd.of["1"] = [b.follower("x")]
    b.answer = lambda _request: 410
    for n in range(3):
        world.fed.publish(world.post(n))
        world.settle()
    assert len(b.got) == 1
    assert world.buried() == []
    assert run_sync(world.ports.store.get(gone_key(HOME, "https://b.example.org/inbox"))) is not None
    world.clock.advance(GONE_S + 1)
    b.answer = lambda _request: 202
    world.fed.publish(world.post(4))
    world.settle()
    assert len(b.got) == 2


def test_dlv_04_a_single_recipient_is_asked_again(world):
    """He may be back, and have asked us to follow him."""
    b = world.remote()
    bob = b.actor("bob")
    b.answer = lambda _request: 410
    for n in range(2):
        world.context.send(Like(actor=ALICE, object=f"{bob}/{n}"), to=bob)
        world.settle()
    assert len(b.got) == 2


@pytest.mark.parametrize("error", [LookupError("mine"), ValueError("mine"), ZeroDivisionError()])
def test_a_follower_source_that_fails_is_asked_again(world, error):
    b = world.remote()
    world.crowd.of["1"] = [b.follower("x")]
    world.crowd.broken = error
    world.fed.publish(world.post(7, cc=(b.actor("bob", endpoints={}),)))
    world.settle()
    assert b.deliveries() == [("/users/bob/inbox", "Create")]
    world.crowd.broken = None
    world.pass_time(hours=1)
    assert b.deliveries() == [("/users/bob/inbox", "Create"), ("/inbox", "Create")]


@pytest.mark.spec("AP-S03", "AP-S06")
def test_the_followers_of_several_own_actors_are_reached_once(make_world):
    world = make_world(config=SMALL_PAGES)
    b, c = world.remote("b.example.org"), world.remote("c.example.org")
    world.crowd.of = {"1": [b.follower("x"), b.follower("y"), b.follower("z")], "2": [b.follower("w"), c.follower("x")]}
    world.context.send(Like(actor=ALICE, object="https://b.example.org/1", to=[FOLLOWERS, f"{CAROL}/followers"]))
    world.settle()
    assert (b.deliveries(), c.deliveries()) == ([("/inbox", "Like")], [("/inbox", "Like")])


def test_without_a_follower_source_there_are_no_followers(make_world):
    world = make_world(app=False)
    world.fed.actor("/users/{pk}")(lambda context, pk: None)
    world.context.send(Like(actor=ALICE, object="https://b.example.org/1", to=[FOLLOWERS]))
    world.settle()
    assert (world.depth().waiting, world.buried()) == (0, [])


# ---- single recipients -----------------------------------------------------------------------------------------------


def test_ap_s08_a_direct_message_goes_to_personal_inboxes(world):
    b = world.remote()
    world.fed.publish(world.post(7, to=[b.actor("bob"), b.actor("eve")]))
    world.settle()
    assert sorted(b.deliveries()) == [("/users/bob/inbox", "Create"), ("/users/eve/inbox", "Create")]


def test_inb_12_a_blind_recipient_of_a_public_post_gets_it_in_his_own_inbox(world):
    b = world.remote()
    world.fed.publish(world.post(7, cc=(b.actor("bob"),), bcc=(b.actor("eve"),)))
    world.settle()
    assert sorted(b.deliveries()) == [("/inbox", "Create"), ("/users/eve/inbox", "Create")]
    assert all(b"eve" not in request.body for request in b.got)


@pytest.mark.spec("AP-S03")
def test_sec_139_a_foreign_collection_is_not_expanded(world):
    b = world.remote()
    b.documents["/users/bob/followers"] = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": "https://b.example.org/users/bob/followers",
        "type": "OrderedCollection",
        "orderedItems": [b.actor("eve"), b.actor("zoe")],
    }
    world.fed.publish(world.post(7, cc=("https://b.example.org/users/bob/followers",)))
    world.settle()
    world.pass_time()
    assert b.got == []
    assert b.asked == ["/users/bob/followers"]
    assert world.depth().waiting == 0


def test_a_host_that_is_down_when_the_inbox_is_looked_up_gets_it_later(world):
    """The mark of our own cache ("not to be had a moment ago") must not be taken for an answer."""
    b = world.remote()
    bob = b.actor("bob")
    world.network.partition("b.example.org")
    world.fed.publish(world.post(7, to=[bob]))
    world.settle()
    world.pass_time(hours=3)
    assert world.depth().waiting == 1
    world.network.heal()
    world.pass_time(hours=12)
    assert b.deliveries() == [("/users/bob/inbox", "Create")]


@pytest.mark.parametrize("changes", [{"inbox": None}, {"type": "Note"}, {"id": "https://b.example.org/users/other"}])
def test_who_has_no_inbox_is_given_up_at_once(world, changes):
    b = world.remote()
    bob = b.actor("bob", **changes)
    world.fed.publish(world.post(7, to=[bob]))
    world.settle()
    assert b.got == []
    assert world.depth().waiting == 0
    assert world.events("delivery.recipient_unknown")


# ---- our own ---------------------------------------------------------------------------------------------------------


def test_our_own_get_it_without_the_network(world):
    got = list[tuple[str, str, str]]()

    @world.fed.on(Create)
    async def received(context, create):
        got.append((context.recipient, context.evidence.how, context.evidence.signer))
        assert context.evidence.received_s == world.clock.now_s()

    world.crowd.of["1"] = [
        Follower(actor_id=CAROL, inbox=f"{CAROL}/inbox"),
        Follower(actor_id=ALICE, inbox=f"{ALICE}/inbox"),
    ]
    world.fed.publish(world.post(7, cc=(CAROL, ALICE, f"{HOME}/users/9", f"{HOME}/posts/1", f"{HOME}/ap/instance")))
    world.settle()
    assert got == [("2", "local", ALICE)]
    assert world.network.exchanges == []


@pytest.mark.spec("INB-13", "AP-S09")
def test_sec_136_our_own_see_no_blind_recipients_either(world):
    seen = list[str]()
    world.fed.on(Create)(lambda context, create: seen.append(json.dumps(create.object.document, default=str)))
    world.fed.publish(world.post(7, to=[CAROL], bcc=("https://b.example.org/users/secret",)))
    world.settle()
    assert len(seen) == 1
    assert "secret" not in seen[0]


@pytest.mark.parametrize(("addressing", "status"), [({"to": [PUBLIC]}, 410), ({"to": [CAROL]}, 404)])
def test_mod_28_what_an_own_delete_removes_is_buried_before_anybody_is_told(world, addressing, status):
    world.post(7)
    deleted = {"id": f"{HOME}/posts/7", "type": "Tombstone", "formerType": "Note"}
    world.context.send(Delete(actor=ALICE, object=load(deleted), **addressing))
    assert world.status("/posts/7") == 200
    world.settle()
    assert world.status("/posts/7") == status


def test_a_delete_of_something_of_others_buries_nothing(world):
    world.post(7)
    b = world.remote()
    bob = b.actor("bob")
    world.context.send(Delete(actor=ALICE, object="https://b.example.org/posts/7", to=[bob]))
    world.context.send(Like(actor=ALICE, object=f"{HOME}/posts/7", name="Delete", to=[bob]))
    world.settle()
    assert world.status("/posts/7") == 200


# ---- proofs ----------------------------------------------------------------------------------------------------------


def assertion_keys(world) -> dict[str, VerificationKey]:
    """Give the keys that the actor lists for proofs, as a peer would read them."""
    document = world.get("/users/1")
    return {
        entry["id"]: VerificationKey(entry["id"], ALICE, parse_multikey(entry["publicKeyMultibase"]))
        for entry in document["assertionMethod"]
    }


def test_every_activity_carries_a_proof_that_the_actors_document_explains(make_world):
    world = make_world(config=SMALL_PAGES)
    hosts = [world.remote(f"h{n}.example.org") for n in range(3)]
    world.crowd.of["1"] = [host.follower("x") for host in hosts]
    world.fed.publish(world.post(7))
    world.settle()
    bodies = [body for host in hosts for body in host.bodies()]
    assert len(bodies) == 3
    assert all(body == bodies[0] for body in bodies)  # made once
    evidence = data_integrity.verify(bodies[0], assertion_keys(world), now_s=world.ports.clock.now_s())
    assert check_owner(evidence) == ALICE


def test_proofs_are_made_once_whoever_gets_it(make_world):
    world = make_world()
    b = world.remote()
    world.crowd.of["1"] = [b.follower("u1")]
    world.fed.send(
        Create(actor=ALICE, object=Note(id=f"{HOME}/n", attributed_to=ALICE), to=[FOLLOWERS, b.actor("bob")])
    )
    world.settle()
    bodies = b.bodies()
    assert len(bodies) >= 1
    assert len({body["proof"]["proofValue"] for body in bodies}) == 1


def test_dlv_12_a_fan_out_that_is_done_again_after_a_fall_sends_the_same_bytes(make_world):
    world = make_world()
    b, c = world.remote("b.example.org"), world.remote("c.example.org")
    world.crowd.of["1"] = [b.follower("u1")]
    world.fed.publish(world.post(7))
    claim = run_sync(world.ports.queue.claim(lease_s=60, batch_max=1, kinds=[LaneKind.FANOUT]))
    run_sync(run_job(world.fed.engine, claim.jobs[0], world.ports))  # and falls before it can say so
    world.crowd.of["1"] = [c.follower("v1")]
    world.clock.advance(3_600)
    world.settle()
    assert (len(b.got), len(c.got)) == (1, 1)
    assert b.got[0].body == c.got[0].body


def test_where_proofs_are_switched_off_there_are_none(make_world):
    world = make_world(config=Config(delivery=DeliveryPolicy(proofs=False)))
    b = world.remote()
    world.crowd.of["1"] = [b.follower("u1")]
    world.fed.publish(world.post(7))
    world.settle()
    assert "proof" not in b.bodies()[0]


def test_the_older_signature_is_made_on_request(make_world):
    world = make_world(config=Config(delivery=DeliveryPolicy(linked_data=True)))
    b = world.remote()
    world.crowd.of["1"] = [b.follower("u1")]
    world.fed.publish(world.post(7))
    world.settle()
    (body,) = b.bodies()
    claim = linked_data.parse_signature(body)
    public = load_public_pem(world.get("/users/1")["publicKey"]["publicKeyPem"])
    key = VerificationKey(claim.creator, ALICE, public)
    assert linked_data.verify(body, claim, key, now_s=world.ports.clock.now_s()).signer == ALICE


def test_what_cannot_be_proved_goes_out_all_the_same(make_world):
    world = make_world()
    b = world.remote()
    like = {"id": f"{ALICE}#l", "type": "Like", "actor": ALICE, "object": f"{HOME}/n", "strength": 2**53}
    world.fed.send(load({**like, "@context": "https://www.w3.org/ns/activitystreams"}), to=b.actor("bob"))
    world.settle()
    (body,) = b.bodies()
    assert ("proof" in body, body["strength"]) == (False, 2**53)
    assert [event["code"] for event in world.events("fanout.unproved")] == ["document.malformed_json"]


# ---- however many there are ------------------------------------------------------------------------------------------


class Calls:
    """Counts what is asked of store and queue, and how large a task gets."""

    def __init__(self, world):
        self.fault = FailNth(0)
        self.payload_bytes_max = 0
        self.tasks_max = 0
        ports = world.fed.ports.blocking()
        self.ports = attrs.evolve(ports, store=self.fault.wrap(ports.store), queue=_Measuring(self, ports.queue))
        world.fed.ports._blocking = self.ports


class _Measuring:
    def __init__(self, calls, queue):
        self._calls, self._queue = calls, calls.fault.wrap(queue)

    def __getattr__(self, name):
        return getattr(self._queue, name)

    async def enqueue(self, tasks):
        self._calls.tasks_max = max(self._calls.tasks_max, len(tasks))
        sizes = [len(task.payload) for task in tasks]
        self._calls.payload_bytes_max = max([self._calls.payload_bytes_max, *sizes])
        return await self._queue.enqueue(tasks)


def crowded(make_world, count, hosts, **policy):
    world = make_world(config=Config(delivery=DeliveryPolicy(**policy)))
    world.crowd.of["1"] = [
        Follower(
            actor_id=f"https://h{n % hosts}.example.org/users/{n}",
            inbox=f"https://h{n % hosts}.example.org/users/{n}/inbox",
            shared_inbox=f"https://h{n % hosts}.example.org/inbox",
        )
        for n in range(count)
    ]
    return world


@pytest.mark.parametrize("way", ["publish", "send"])
def test_to_send_takes_as_many_steps_for_many_followers_as_for_none(make_world, way):
    """The caller waits for one row of the queue; what it leads to is the worker's."""
    steps = []
    for count in (0, 1, 5_000):
        world = crowded(make_world, count, hosts=100)
        calls = Calls(world)
        if way == "publish":
            world.fed.publish(world.post(1))
        else:
            world.context.send(Like(actor=ALICE, object="https://b.example.org/1"), to=FOLLOWERS)
        steps.append((tuple(calls.fault.log), calls.tasks_max, tuple(world.network.exchanges)))
        assert world.depth().waiting == 1
    assert steps[0] == steps[1] == steps[2]
    assert steps[0] == (("enqueue",), 1, ())


def test_a_fan_out_goes_page_by_page_and_what_it_carries_is_bounded(make_world):
    world = crowded(make_world, 6_000, hosts=3_000, followers_page_max=100)
    calls = Calls(world)
    world.fed.publish(world.post(1))
    asked: list[int] = []
    page = world.crowd.page

    async def counted(context, pk, request):
        found = await page(context, pk, request)
        asked.append(len(found.items))
        return found

    world.crowd.page = counted
    queue = calls.ports.queue
    while (claim := run_sync(queue.claim(lease_s=60, batch_max=20, kinds=[LaneKind.FANOUT]))) is not None:
        for job in claim.jobs:
            assert run_sync(run_job(world.fed.engine, job, calls.ports)) == Done()
            run_sync(queue.ack(claim, job))
        run_sync(queue.release(claim))
    assert asked == [100] * 60
    assert calls.tasks_max <= 101  # a page, and the job for the next one
    # the body, and the inboxes that the last pages have led to: not all of three thousand
    assert calls.payload_bytes_max < 1_000 * len('"https://h1000.example.org/inbox",') + 5_000
    assert world.depth().waiting == 3_000


def test_dlv_01_a_shared_inbox_is_planned_once_however_many_pages_there_are(make_world, monkeypatch):
    """Also when its delivery is over before the next page names it: then no dedupe key knows of it any more."""
    monkeypatch.setattr(fanning, "_REACHED_MAX", 20)
    world = crowded(make_world, 360, hosts=60, followers_page_max=30)
    world.fed.publish(world.post(1))
    queue, planned = world.ports.queue, list[str]()
    while (claim := run_sync(queue.claim(lease_s=60, batch_max=1, kinds=[LaneKind.FANOUT]))) is not None:
        assert run_sync(run_job(world.fed.engine, claim.jobs[0], world.ports)) == Done()
        run_sync(queue.ack(claim, claim.jobs[0]))
        run_sync(queue.release(claim))
        while (sent := run_sync(queue.claim(lease_s=60, batch_max=9, kinds=[LaneKind.OUT]))) is not None:
            planned += [sent.lane.name for _ in sent.jobs]
            run_sync(queue.ack_all(sent, sent.jobs))
            run_sync(queue.release(sent))
    assert len(planned) == len(set(planned)) == 60
