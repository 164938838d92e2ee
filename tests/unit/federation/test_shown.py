"""What was made of own models is kept, and never shown where anything else is to be said, or to be shown to nobody."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fedtext import PUBLIC, Config, Context, Image, Note, Person
from fedtext.dispatch.memory import KEPT_COUNT_MAX, SAID_CHARS_MAX
from fedtext.federation import serving
from fedtext.keys import Algorithm
from fedtext.sync import run_sync
from fedtext.vocab import Object, PublicKeyClaim, load

HOME, ALICE = "https://home.example.com", "https://home.example.com/users/1"
FINGER = "/.well-known/webfinger?resource=acct:alice@home.example.com"


@pytest.fixture
def shown(make_world: Any) -> Any:
    """A world whose actor and post are what the test says: `world.says` and `world.note`."""
    world = make_world(app=False)
    world.says, world.note = {"name": "Alice"}, {"content": "hello", "to": PUBLIC}

    @world.fed.actor("/users/{pk}")
    def actor(context: Context, pk: str) -> Person | None:
        world.asked.append("actor")
        return None if world.says is None else context.actor(Person, handle="alice", **world.says)

    @world.fed.object("/posts/{pk}")
    def note(context: Context, pk: str) -> Note | None:
        world.asked.append("note")
        return None if world.note is None else Note(attributed_to=context.actor_uri("1"), **world.note)

    @world.fed.handle
    def handle(context: Context, name: str) -> str | None:
        return "1" if name == "alice" else None

    return world


def told(world: Any, target: str, **options: Any) -> tuple[str | None, Any]:
    response = world.ask(target, **options)
    assert response.status == 200, (response.status, response.body)
    return response.headers.get("etag"), json.loads(response.body)


@pytest.mark.parametrize(("target", "asked"), [("/users/1", "actor"), ("/posts/1", "note"), (FINGER, "actor")])
def test_the_application_is_asked_each_time_and_the_answer_made_once(shown, target, asked):
    answers = [shown.ask(target) for _ in range(3)]
    assert shown.asked == [asked] * 3
    assert answers[0] == answers[1] == answers[2]
    assert answers[1].body is answers[2].body


def test_col_14_an_actor_that_says_something_else_is_shown_so_at_once(shown):
    first, _ = told(shown, "/users/1")
    shown.says = {"name": "Alice B."}
    second, document = told(shown, "/users/1")
    assert document["name"] == "Alice B."
    assert second != first
    assert shown.ask("/users/1", if_none_match=first).status == 200
    assert shown.ask("/users/1", if_none_match=second).status == 304
    shown.says = {"name": "Alice"}
    assert told(shown, "/users/1")[0] == first


@pytest.mark.parametrize(("target", "status"), [("/users/1", 404), ("/posts/1", 404), (FINGER, 404)])
def test_what_is_there_no_more_is_not_shown(shown, target, status):
    told(shown, target)
    shown.says = shown.note = None
    assert shown.status(target) == status


@pytest.mark.parametrize("target", ["/users/1", FINGER])
def test_col_12_a_removed_actor_is_gone_at_once(shown, target):
    told(shown, target)
    shown.fed.remove_actor("1")
    assert shown.status(target) == 410


def test_sig_22_keys_are_those_that_count_now(shown):
    first = told(shown, "/users/1")[1]
    run_sync(shown.fed.engine.keys.rotate(shown.ports, HOME, ALICE, algorithm=Algorithm.RSA, overlap_s=60))
    second = told(shown, "/users/1")[1]
    assert second["publicKey"]["id"] == f"{ALICE}#main-key-2"
    assert first["publicKey"]["id"] in [key["id"] for key in second["assertionMethod"]]
    shown.clock.advance(61)
    third = told(shown, "/users/1")[1]
    assert first["publicKey"]["id"] not in [key["id"] for key in third["assertionMethod"]]
    assert told(shown, "/users/1")[1] == third


def test_what_others_do_to_a_document_is_not_shown(shown):
    before = told(shown, "/users/1")
    document: Any = run_sync(serving.actor_document(shown.fed.engine, "1", shown.ports))
    document["assertionMethod"][0].clear()
    document["publicKey"].clear()
    shown.says = {"name": "Alice", "summary": "x"}  # so that it is made anew
    told(shown, "/users/1")
    shown.says = {"name": "Alice"}
    assert told(shown, "/users/1") == before


def test_act_06_an_actor_with_keys_of_its_own_and_then_without(shown):
    ours = told(shown, "/users/1")[1]["publicKey"]
    own = PublicKeyClaim(id=f"{ALICE}#own", owner=ALICE, pem="pem")
    shown.says = {"name": "Alice", "public_key": own}
    for _ in range(2):
        document = told(shown, "/users/1")[1]
        assert document["publicKey"]["id"] == own.id
        assert "assertionMethod" not in document
    shown.says = {"name": "Alice"}
    assert told(shown, "/users/1")[1]["publicKey"] == ours


def test_what_python_takes_for_equal_is_not_the_same(shown):
    given: list[Any] = []

    @shown.fed.object("/raw/{pk}")
    def raw(context: Context, pk: str) -> Object:
        return load({"type": "Note", "attributedTo": ALICE, "to": PUBLIC, "x": given[-1]})

    for value in (True, 1, 1.0, True):
        given.append(value)
        assert f'"x":{json.dumps(value)}'.encode() in shown.ask("/raw/1").body


def test_col_11_a_post_that_is_for_everybody_no_more_is_absent_at_once(shown):
    told(shown, "/posts/1")
    bob = shown.remote().actor("bob")
    shown.note = {"content": "hello", "to": bob}
    assert shown.status("/posts/1") == 404
    assert shown.status("/posts/1", by=shown.remote("c.example.org").actor("eve")) == 404
    answer = shown.ask("/posts/1", by=bob)
    assert answer.status == 200
    assert answer.headers.get("cache-control") == "private, no-store"
    assert shown.status("/posts/1") == 404
    shown.note = {"content": "hello", "to": PUBLIC}
    answer = shown.ask("/posts/1")
    assert answer.headers.get("cache-control") == "public, max-age=180"


def test_sec_136_blind_recipients_decide_and_are_not_shown(shown):
    bob = shown.remote().actor("bob")
    shown.note = {"content": "hello", "to": f"{ALICE}/followers", "bto": bob}
    for _ in range(2):
        answer = shown.ask("/posts/1", by=bob)
        assert answer.status == 200
        assert bob.encode() not in answer.body
        assert shown.status("/posts/1") == 404


def test_mod_05_a_collection_that_is_registered_later_is_named(shown):
    assert "replies" not in told(shown, "/posts/1")[1]
    shown.fed.collection("/posts/{pk}/replies", "replies")(lambda context, pk, page: None)
    assert told(shown, "/posts/1")[1]["replies"] == f"{HOME}/posts/1/replies"


def test_two_posts_that_say_the_same_are_two(shown):
    assert [told(shown, f"/posts/{pk}")[1]["id"] for pk in (1, 2, 1)] == [f"{HOME}/posts/{pk}" for pk in (1, 2, 1)]


def test_wf_05_wf_15_a_descriptor_is_made_anew_with_what_it_is_made_of(shown):
    rels = [link["rel"] for link in told(shown, FINGER)[1]["links"]]
    shown.says = {"name": "Alice", "icon": Image(url=f"{HOME}/a.png", media_type="image/png")}
    assert len(told(shown, FINGER)[1]["links"]) == len(rels) + 1
    assert [link["rel"] for link in told(shown, f"{FINGER}&rel=self")[1]["links"]] == ["self"]
    shown.fed.intent("Follow", "/intents/follow?uri={object}")
    assert len(told(shown, FINGER)[1]["links"]) > len(rels) + 1


def test_act_27_people_see_nothing_of_a_suspended_actor(shown):
    shown.says = {"name": "Alice", "url": "/@alice"}
    assert shown.status("/users/1", accept="text/html") == 303
    told(shown, "/users/1")
    shown.says = {"name": "Alice", "url": "/@alice", "suspended": True}
    assert shown.status("/users/1", accept="text/html") == 403
    assert told(shown, "/users/1")[1]["suspended"] is True


def test_sec_019_what_only_those_see_who_sign_is_not_for_shared_caches(make_world):
    world = make_world(config=Config(secure=True))
    bob = world.remote().actor("bob")
    for _ in range(2):
        assert world.status("/users/1") == 401
        answer = world.ask("/users/1", by=bob)
        assert answer.headers.get("vary") == "Accept, Signature, Authorization"
        assert answer.headers.get("cache-control") == "private, max-age=180"


def test_what_says_too_much_is_not_kept(shown):
    shown.note = {"content": "x" * SAID_CHARS_MAX, "to": PUBLIC}
    assert shown.ask("/posts/1") == shown.ask("/posts/1")
    assert len(shown.fed.engine.shown.objects) == 0


def test_so_many_posts_are_kept(shown):
    for pk in range(KEPT_COUNT_MAX + 5):
        shown.ask(f"/posts/{pk}")
    assert len(shown.fed.engine.shown.objects) == KEPT_COUNT_MAX
