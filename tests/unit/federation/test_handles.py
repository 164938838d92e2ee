"""Posts whose mentions are still handles."""

from __future__ import annotations

import json

import pytest

from fedtext.errors import PolicyRefusal
from fedtext.federation.handles import handles_lane, resolved_key
from fedtext.federation.outcomes import Later
from fedtext.federation.step import run_job
from fedtext.http import Headers, Response
from fedtext.ports import Task
from fedtext.sync import run_sync
from fedtext.vocab import PUBLIC, Create, Delete, Follow, Like, Mention, Note, Update, load

HOME, ALICE = "https://home.example.com", "https://home.example.com/users/1"
FOLLOWERS = f"{ALICE}/followers"


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
