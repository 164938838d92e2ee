"""From the application's things to activities: MOD-05, MOD-07, MOD-24, MOD-26."""

from __future__ import annotations

import datetime

import pytest

from fedtext.errors import ConfigurationError
from fedtext.federation.publishing import author_of, complete, create_of, delete_of, update_of
from fedtext.vocab import PUBLIC, Note, Tombstone, dump

HOME = "https://home.example.com"
ALICE, FOLLOWERS = f"{HOME}/users/1", f"{HOME}/users/1/followers"
BOB = "https://b.example.org/users/bob"
POST = f"{HOME}/posts/7"


def note(**fields) -> Note:
    return Note(**{"attributed_to": ALICE, "content": "x", **fields})


@pytest.mark.parametrize(
    ("given", "to", "cc"),
    [
        ({"to": PUBLIC}, (PUBLIC,), (FOLLOWERS,)),
        ({"to": [PUBLIC], "cc": [BOB]}, (PUBLIC,), (BOB, FOLLOWERS)),
        ({"to": [PUBLIC], "cc": [FOLLOWERS]}, (PUBLIC,), (FOLLOWERS,)),
        ({"cc": [PUBLIC]}, (FOLLOWERS,), (PUBLIC,)),
        ({"to": [BOB], "cc": [PUBLIC]}, (BOB, FOLLOWERS), (PUBLIC,)),
        ({"to": [FOLLOWERS], "cc": [PUBLIC]}, (FOLLOWERS,), (PUBLIC,)),
        ({"to": [FOLLOWERS]}, (FOLLOWERS,), ()),
        ({"to": [BOB]}, (BOB,), ()),
        ({"bto": [BOB]}, (), ()),
    ],
)
def test_mod_05_followers_are_added_to_what_is_public_and_to_nothing_else(world, given, to, cc):
    made = complete(world.fed.engine, note(**given), POST)
    assert (made.to, made.cc) == (to, cc)


def test_the_id_is_that_of_the_path_and_urls_are_absolute(world):
    made = complete(world.fed.engine, note(to=PUBLIC, id="https://elsewhere.example.org/1", url="/p/7"), POST)
    assert (made.id, made.url) == (POST, f"{HOME}/p/7")


def test_who_wrote_it_and_for_whom_must_be_said(world):
    with pytest.raises(ConfigurationError):
        complete(world.fed.engine, note(), POST)
    with pytest.raises(ConfigurationError):
        complete(world.fed.engine, Note(content="x", to=PUBLIC), POST)
    with pytest.raises(ConfigurationError):
        author_of(Note(content="x"))


def test_a_foreign_author_has_no_followers_here(world):
    made = complete(world.fed.engine, note(attributed_to=BOB, to=PUBLIC), POST)
    assert (made.to, made.cc) == ((PUBLIC,), ())


AUDIENCE = {"to": [PUBLIC], "cc": [BOB, FOLLOWERS], "bto": [f"{BOB}2"], "bcc": [f"{BOB}3"]}


@pytest.mark.parametrize("wrap", [create_of, lambda model: update_of(model, 1.0, "t"), delete_of])
def test_mod_07_an_activity_has_the_audience_of_its_object(wrap):
    activity = dump(wrap(note(id=POST, **AUDIENCE)))
    assert {name: activity[name] for name in AUDIENCE} == AUDIENCE
    assert activity["actor"] == ALICE


def test_mod_07_create_and_note_are_addressed_alike():
    created = dump(create_of(note(id=POST, **AUDIENCE)))
    inner = created["object"]
    assert isinstance(inner, dict)
    assert (created["to"], created["cc"]) == (inner["to"], inner["cc"])
    assert (created["id"], created["type"], inner["id"]) == (f"{POST}#create", "Create", POST)


def test_a_create_bears_the_date_of_its_object():
    when = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    assert dump(create_of(note(id=POST, to=PUBLIC, published=when)))["published"] == "2026-01-02T03:04:05Z"


def test_mod_24_an_update_has_an_id_of_its_own_and_a_fresh_date():
    first, second = (dump(update_of(note(id=POST, to=PUBLIC), 1_790_000_000.0 + n, f"t{n}")) for n in range(2))
    assert (first["id"], second["id"]) == (f"{POST}#updates/t0", f"{POST}#updates/t1")
    assert first["object"]["updated"] == "2026-09-21T14:13:20Z"
    assert second["object"]["updated"] == "2026-09-21T14:13:21Z"


def test_mod_24_the_application_s_own_date_stands():
    when = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    update = dump(update_of(note(id=POST, to=PUBLIC, updated=when), 1_790_000_000.0, "t"))
    assert update["object"]["updated"] == "2026-01-02T03:04:05Z"


def test_mod_26_a_delete_carries_a_tombstone():
    deleted = delete_of(note(id=POST, to=PUBLIC))
    assert deleted.id == f"{POST}#delete"
    assert isinstance(deleted.object, Tombstone)
    assert dump(deleted)["object"] == {**dump(deleted.object, context=False), "id": POST, "formerType": "Note"}


# ---- publish, revise, withdraw ---------------------------------------------------------------------------------------


@pytest.mark.spec("AP-S06")
def test_what_is_published_reaches_followers_and_mentions(world):
    b = world.remote()
    world.crowd.of["1"] = [b.follower("bob"), b.follower("eve")]
    post = world.post(7, cc=(b.actor("zoe"),))
    assert world.fed.publish(post) == POST
    assert b.got == []  # no network in the caller's request
    world.settle()
    assert b.deliveries() == [("/inbox", "Create")] * len(b.got)
    assert b.bodies()[0]["object"]["content"] == "hello"


def test_what_is_revised_reaches_the_same_people_with_a_new_id_each_time(world):
    b = world.remote()
    world.crowd.of["1"] = [b.follower("bob")]
    post = world.post(7)
    world.fed.publish(post)
    for text in ("one", "two"):
        post.text = text
        world.clock.advance(1)
        world.fed.revise(post)
    world.settle()
    assert [body["type"] for body in b.bodies()] == ["Create", "Update", "Update"]
    assert [body["object"]["content"] for body in b.bodies()] == ["hello", "one", "two"]
    assert len({body["id"] for body in b.bodies()}) == 3
    dates = [body["object"]["updated"] for body in b.bodies()[1:]]
    assert dates == sorted(set(dates))


@pytest.mark.spec("AP-S12")
def test_col_12_what_is_withdrawn_is_gone_without_asking_the_app(world):
    b = world.remote()
    world.crowd.of["1"] = [b.follower("bob")]
    post = world.post(7)
    world.fed.publish(post)
    world.settle()
    world.fed.withdraw(post)
    world.asked.clear()
    assert world.status("/posts/7") == 410
    assert world.asked == []
    del world.posts["7"]
    world.settle()
    assert b.bodies()[-1]["type"] == "Delete"
    assert b.bodies()[-1]["object"] == {**b.bodies()[-1]["object"], "id": POST, "type": "Tombstone"}
    assert world.status("/posts/7") == 410


def test_act_19_a_removed_actor_is_gone_without_asking_the_app(world):
    b = world.remote()
    world.crowd.of["1"] = [b.follower("bob")]
    world.fed.remove_actor("1")
    world.asked.clear()
    for path in ("/users/1", "/users/1/outbox", "/users/1/followers", "/users/1/following"):
        assert world.status(path) == 410, path
    assert world.deliver(b"{}", to="/users/1/inbox").status == 410
    assert world.asked == []
    del world.people["1"]
    world.settle()
    deleted = b.bodies()[-1]
    assert (deleted["type"], deleted["actor"], deleted["object"]) == ("Delete", ALICE, ALICE)
    assert 'keyId="https://home.example.com/users/1#main-key"' in (b.got[-1].headers.get("signature") or "")


@pytest.mark.parametrize("action", ["publish", "revise", "withdraw"])
def test_a_thing_of_no_registered_class_is_refused(world, action):
    with pytest.raises(ConfigurationError):
        getattr(world.fed, action)(object())


async def test_both_colours_of_an_action(make_world):
    world = make_world(asynchronous=True)
    b = world.remote()
    world.crowd.of["1"] = [b.follower("bob")]
    await world.fed.publish.aio(world.post(7))
    await world.fed.worker().drain()
    assert b.deliveries() == [("/inbox", "Create")]
