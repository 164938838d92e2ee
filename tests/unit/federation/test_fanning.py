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
from fedtext.federation.handles import handles_lane, resolved_key
from fedtext.federation.outcomes import Done, Later
from fedtext.federation.step import run_job
from fedtext.http import Headers, Response
from fedtext.keys import VerificationKey, load_public_pem, parse_multikey
from fedtext.ports import LaneKind, Task
from fedtext.signatures import check_owner, data_integrity, linked_data
from fedtext.sync import run_sync
from fedtext.testing.faults import FailNth
from fedtext.vocab import PUBLIC, Create, Delete, Follow, Like, Mention, Note, Update, load

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


# ---- handles ---------------------------------------------------------------------------------------------------------


def mentioning(*handles: str, **addressing) -> Create[Note]:
    tags = [Mention(href=f"acct:{handle}", name=f"@{handle}") for handle in handles]
    cc = [f"acct:{handle}" for handle in handles]
    note = Note(id=f"{HOME}/posts/7", attributed_to=ALICE, content="hi", cc=cc, tag=tags, **addressing)
    return Create(id=f"{HOME}/posts/7#create", actor=ALICE, object=note, cc=cc, **addressing)


def test_handles_become_ids_before_anything_is_sealed(world):
    b = world.remote()
    bob = b.actor("bob")
    world.context.send(mentioning("bob@b.example.org", to=[PUBLIC]))
    world.settle()
    (body,) = b.bodies()
    assert body["cc"] == body["object"]["cc"] == [bob]
    assert body["object"]["tag"] == [{"type": "Mention", "name": "@bob@b.example.org", "href": bob}]
    assert "acct:" not in json.dumps({**body, "@context": None})
    kept = run_sync(world.ports.store.get(resolved_key(HOME, f"{HOME}/posts/7#create")))
    assert json.loads(kept or b"") == {"bob@b.example.org": bob}


def test_our_own_handles_need_no_network(world):
    got = list[str]()
    world.fed.on(Create)(lambda context, create: got.append(context.recipient))
    world.context.send(mentioning("carol@home.example.com"))
    world.settle()
    assert got == ["2"]
    assert world.network.exchanges == []


def test_recipients_besides_are_not_forgotten_over_a_handle(world):
    b = world.remote()
    bob, zoe = b.actor("bob"), b.actor("zoe")
    world.context.send(mentioning("bob@b.example.org"), to=zoe)
    world.settle()
    assert sorted(b.deliveries()) == [("/users/bob/inbox", "Create"), ("/users/zoe/inbox", "Create")]
    assert bob


@pytest.mark.parametrize("answer", [500, 503, 429, 401])
def test_a_handle_whose_host_is_out_of_order_is_looked_up_again(world, answer):
    b = world.remote()
    world.network.script("b.example.org", lambda _request: Response(status=answer))
    world.context.send(mentioning("bob@b.example.org"))
    world.settle()
    assert world.buried() == []
    b = world.remote()
    b.actor("bob")
    world.pass_time(hours=2)
    assert b.deliveries() == [("/users/bob/inbox", "Create")]


def test_dlv_10_a_post_with_handles_does_not_fall_behind_its_edit(world):
    b = world.remote()
    world.crowd.of["1"] = [b.follower("x")]
    world.crowd.broken = LookupError("for a moment")
    create = mentioning("nobody@b.example.org", to=[FOLLOWERS])
    world.context.send(create)
    world.settle()
    world.crowd.broken = None
    world.context.send(Update(id=f"{HOME}/posts/7#u", actor=ALICE, object=create.object.evolve(cc=()), to=[FOLLOWERS]))
    world.settle()
    world.pass_time()
    assert b.deliveries() == [("/inbox", "Create"), ("/inbox", "Update")]


def edit(of: Create[Note], **changes) -> Update[Note]:
    edited = of.object.evolve(content="edited", **changes)
    return Update(id=f"{HOME}/posts/7#u", actor=ALICE, object=edited, to=edited.to, cc=edited.cc)


def removal(of: Create[Note], to: list[str]) -> Delete:
    return Delete(id=f"{HOME}/posts/7#d", actor=ALICE, object=load({"id": of.object.id, "type": "Tombstone"}), to=to)


@pytest.mark.spec("DLV-10")
@pytest.mark.parametrize("at_once", [True, False])
def test_dlv_10_what_concerns_a_post_waits_while_its_handles_are_looked_up(world, at_once):
    """And nothing else does."""
    b, down = world.remote(), world.remote("down.example.org")
    world.crowd.of["1"] = [b.follower("x")]
    world.network.partition("down.example.org")
    create = mentioning("eve@down.example.org", to=[FOLLOWERS])
    world.context.send(create)
    if not at_once:
        world.settle()
    world.context.send(edit(create, cc=(), tag=()))
    world.context.send(removal(create, [FOLLOWERS]))
    world.context.send(Like(id=f"{ALICE}#l", actor=ALICE, object="https://b.example.org/1", to=[FOLLOWERS]))
    world.settle()
    assert b.deliveries() == [("/inbox", "Like")]
    world.network.heal()
    down.actor("eve")
    world.pass_time(hours=1, step_s=10)
    assert b.deliveries() == [("/inbox", kind) for kind in ("Like", "Create", "Update", "Delete")]
    assert down.deliveries() == [("/inbox", "Create")]
    assert (world.depth().waiting, world.buried()) == (0, [])


@pytest.mark.spec("DLV-10")
@pytest.mark.parametrize("gains", ["cc", "to"])
def test_dlv_10_an_edit_that_gains_a_handle_does_not_overtake_the_post(world, gains):
    b = world.remote()
    world.crowd.of["1"] = [b.follower("x")]
    world.crowd.broken = LookupError("for a moment")
    b.actor("bob")
    create = mentioning(to=[FOLLOWERS])
    world.context.send(create)
    addressed = {"cc": ["acct:bob@b.example.org"], "to": [FOLLOWERS, "acct:bob@b.example.org"]}[gains]
    world.context.send(edit(create, **{gains: addressed}))
    world.settle()
    assert b.got == []
    world.crowd.broken = None
    world.pass_time()
    assert [kind for _, kind in b.deliveries()] == ["Create", "Update"]


@pytest.mark.spec("DLV-10")
def test_dlv_10_an_edit_that_mentions_nobody_any_more_does_not_overtake_the_post(world):
    """The mentioned come before the followers, so the post takes one step more than its edit would."""
    b, c = world.remote(), world.remote("c.example.org")
    world.crowd.of["1"] = [b.follower("x")]
    note = Note(id=f"{HOME}/posts/7", attributed_to=ALICE, content="hi", to=[FOLLOWERS], cc=[c.actor("bob")])
    create = Create(id=f"{HOME}/posts/7#create", actor=ALICE, object=note, to=note.to, cc=note.cc)
    world.context.send(create)
    world.context.send(edit(create, cc=()))
    world.context.send(removal(create, [FOLLOWERS]))
    world.settle()
    assert b.deliveries() == [("/inbox", kind) for kind in ("Create", "Update", "Delete")]
    assert c.deliveries() == [("/inbox", "Create")]


def test_a_look_up_that_is_lost_is_done_again(world):
    """Somebody has thrown away all that waits for it, say."""
    b = world.remote()
    bob = b.actor("bob")
    world.context.send(mentioning("bob@b.example.org"))
    claim = run_sync(world.ports.queue.claim(lease_s=60, batch_max=1))
    assert isinstance(run_sync(run_job(world.fed.engine, claim.jobs[0], world.ports)), Later)
    run_sync(world.ports.queue.retry(claim, claim.jobs[0], due_s=world.clock.now_s() + 1))
    run_sync(world.ports.queue.release(claim))
    assert run_sync(world.ports.queue.purge(lane=handles_lane(HOME), waiting=True)) == 1
    world.clock.advance(2)
    world.settle()
    assert b.bodies()[0]["cc"] == [bob]


def test_what_an_earlier_version_had_wait_for_its_handles_goes_out(world):
    """It waited in their lane itself, under the key of its order."""
    b = world.remote()
    bob = b.actor("bob")
    world.context.send(mentioning("bob@b.example.org"))
    queue = world.ports.queue
    claim = run_sync(queue.claim(lease_s=60, batch_max=1))
    [job] = claim.jobs
    run_sync(queue.ack(claim, job))
    run_sync(queue.release(claim))
    older = Task(site=HOME, lane=handles_lane(HOME), payload=job.payload, ordering_key=job.ordering_key)
    run_sync(queue.enqueue([older]))
    world.settle()
    assert b.bodies()[0]["cc"] == [bob]
    assert (world.depth().waiting, world.buried()) == (0, [])


def test_no_post_waits_for_its_handles_for_ever(world):
    world.context.send(mentioning("bob@b.example.org"))
    run_sync(world.ports.queue.pause(handles_lane(HOME), site=HOME))
    world.pass_time(hours=7 * 24 + 1, step_s=3_600)
    assert world.buried() == ["its handles could not be looked up"]


def test_what_was_given_up_is_looked_up_anew_when_it_is_put_back(world):
    b = world.remote()
    world.context.send(mentioning("bob@b.example.org"))
    world.settle()
    [letter] = world.fed.dead_letters()
    b.actor("bob")
    world.clock.advance(86_400)
    assert world.fed.replay(letter.number)
    world.settle()
    assert b.deliveries() == [("/users/bob/inbox", "Create")]


def test_who_is_not_found_holds_up_the_others_for_minutes_only(world):
    b, down = world.remote(), "down.example.org"
    world.crowd.of["1"] = [b.follower("x")]
    world.context.send(mentioning(f"eve@{down}", to=[PUBLIC, FOLLOWERS]))
    world.settle()
    assert b.got == []
    world.pass_time(hours=0.2, step_s=10)
    (body,) = b.bodies()
    assert (body["cc"], body["object"]["tag"]) == ([], [])


def test_a_handle_that_is_nobody_s_holds_up_nobody(world):
    b = world.remote()
    world.crowd.of["1"] = [b.follower("x")]
    world.context.send(mentioning("nobody@b.example.org", "nobody@home.example.com", to=[PUBLIC, FOLLOWERS]))
    world.settle()
    assert b.deliveries() == [("/inbox", "Create")]


def test_a_direct_message_waits_for_a_host_that_is_down_as_long_as_any_delivery(world):
    b = world.remote()
    b.actor("bob")
    world.network.partition("b.example.org")
    world.context.send(mentioning("bob@b.example.org"))
    world.settle()
    world.pass_time(hours=24)
    assert (world.depth().waiting, world.buried()) == (2, [])  # the message in its place, and the look-up
    world.network.heal()
    world.pass_time(hours=40)
    assert world.depth().waiting == 0
    assert b.deliveries() == [("/users/bob/inbox", "Create")]


@pytest.mark.parametrize("handle", ["nobody@b.example.org", "nobody@home.example.com"])
def test_a_direct_message_to_nobody_is_buried_and_the_worker_goes_on(world, handle):
    b = world.remote()
    bob = b.actor("bob")
    world.context.send(mentioning(handle))
    world.context.send(Like(actor=ALICE, object=f"{bob}/1"), to=bob)
    world.settle()
    assert len(world.buried()) == 1
    assert b.deliveries() == [("/users/bob/inbox", "Like")]


@pytest.mark.parametrize("healed", [True, False])
def test_a_follow_by_handle_waits_too(world, healed):
    b = world.remote()
    bob = b.actor("bob")
    world.network.partition("b.example.org")
    world.context.send(Follow(actor=ALICE, object="acct:bob@b.example.org", to=["acct:bob@b.example.org"]))
    world.settle()
    world.pass_time(hours=2)
    if healed:
        world.network.heal()
    world.pass_time(hours=120, step_s=3_600)
    assert [body["object"] for body in b.bodies()] == ([bob] if healed else [])
    assert len(world.buried()) == (0 if healed else 1)


def test_tru_01_handles_of_blocked_hosts_are_not_looked_up(make_world):
    def refuse(iri: str) -> None:
        if "b.example.org" in iri:
            raise PolicyRefusal

    world = make_world(refuse=refuse)
    b = world.remote()
    b.actor("bob")
    world.context.send(mentioning("bob@b.example.org"))
    world.settle()
    assert b.asked == []
    assert len(world.buried()) == 1


@pytest.mark.spec("SEC-151")
def test_sec_151_nor_is_anybody_there_reached_by_the_name_of_another_host(make_world):
    def refuse(iri: str) -> None:
        if "blocked.example.org" in iri:
            raise PolicyRefusal

    world = make_world(refuse=refuse)
    blocked = world.remote("blocked.example.org")
    bob = blocked.actor("bob", webfinger="bob@front.example.org")
    link = {"rel": "self", "type": "application/activity+json", "href": bob}
    jrd = json.dumps({"subject": "acct:bob@front.example.org", "links": [link]}).encode()
    fields = Headers.build([("content-type", "application/jrd+json")])
    world.network.script("front.example.org", lambda request: Response(status=200, headers=fields, body=jrd))
    world.context.send(mentioning("bob@front.example.org"))
    world.settle()
    assert blocked.got == []
    assert len(world.buried()) == 1


@pytest.mark.parametrize("known", [True, False])
def test_what_stands_for_an_author_becomes_his_id(world, known):
    b = world.remote()
    bob = b.actor("bob")
    author = {"attributedTo": bob} if known else {}
    b.documents["/posts/1"] = {"id": "https://b.example.org/posts/1", "type": "Note", "content": "x", **author}
    like = Like(actor=ALICE, object="https://b.example.org/posts/1", to=["author-of:https://b.example.org/posts/1"])
    world.context.send(like)
    world.settle()
    assert [body["to"] for body in b.bodies()] == ([[bob]] if known else [])
    assert len(world.buried()) == (0 if known else 1)


def test_what_turns_out_to_be_too_large_is_buried(world):
    """Handles are resolved before anything is sealed, so this is found out in the worker only."""
    world.remote().actor("bob")
    note = Note(attributed_to=ALICE, content="x" * 1_048_576, to=["acct:bob@b.example.org"])
    world.context.send(Create(actor=ALICE, object=note, to=["acct:bob@b.example.org"]))
    world.settle()
    assert len(world.buried()) == 1


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
