"""Whom an activity reaches besides those in its addressing, and who is told when an actor goes."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from fedtext import PUBLIC, Config, Delete, Mention, Note, Router, Update, connect
from fedtext.errors import ConfigurationError
from fedtext.federation import reach, sending
from fedtext.federation.reach import HOSTS_PER_JOB_MAX
from fedtext.http import Response
from fedtext.ports import store_key
from fedtext.sync import run_sync
from fedtext.vocab import dump

HOME, ALICE, CAROL = "https://home.example.com", "https://home.example.com/users/1", "https://home.example.com/users/2"
FOLLOWERS = f"{ALICE}/followers"


class Scene:
    """A server whose posts answer, quote and mention, and whose app knows who has interacted."""

    def __init__(self, world: Any) -> None:
        self.world, self.fed = world, world.fed
        self.b, self.c = world.remote("b.example.org"), world.remote("c.example.org")
        self.bob, self.eve = self.b.actor("bob"), self.c.actor("eve")
        self.members: dict[str, Any] = {}
        self.interactors: list[str] = []
        self.asked: list[str] = []
        (route,) = world.fed.objects
        given = route.callback

        def note(context: Any, post: Any) -> Note:
            return given(context, post).evolve(**self.members)

        world.fed.objects[0] = attrs.evolve(route, callback=note)

        @world.fed.interactors
        def interactors(_context: Any, object_id: str) -> list[str]:
            self.asked.append(object_id)
            return self.interactors

    def says(self, **members: Any) -> Scene:
        self.members = members
        return self

    def posted(self, action: str = "publish", **fields: Any) -> Scene:
        getattr(self.fed, action)(self.world.post(7, **fields))
        self.world.settle()
        return self

    def written(self, path: str = "/notes/1", **changes: Any) -> str:
        note = {"id": f"https://b.example.org{path}", "type": "Note", "attributedTo": self.bob, "content": "Hi"}
        self.b.documents[path] = {"@context": "https://www.w3.org/ns/activitystreams", **note, **changes}
        return note["id"]


@pytest.fixture
def scene(world) -> Scene:
    return Scene(world)


# ---- whom it concerns ------------------------------------------------------------------------------------------------

CONCERNED = ["mentioned", "answered", "answered, known", "quoted"]
SHARED = [("/inbox", "Create")]


def concern(scene: Scene, how: str) -> None:
    """Have the post of the scene concern Bob without addressing him."""
    if how == "mentioned":
        scene.says(tag=[Mention(href=scene.bob, name="@bob@b.example.org")])
        return
    note = scene.written()
    if how == "answered, known":
        scene.world.context.get(note)
    scene.says(**({"quote": note} if how == "quoted" else {"in_reply_to": note}))


@pytest.mark.spec("DLV-02")
@pytest.mark.parametrize("action", ["publish", "revise", "withdraw"])
@pytest.mark.parametrize("how", CONCERNED)
def test_dlv_02_what_is_public_reaches_whom_it_concerns(scene, how, action):
    concern(scene, how)
    scene.posted(action)
    kind = {"publish": "Create", "revise": "Update", "withdraw": "Delete"}[action]
    assert scene.b.deliveries() == [("/inbox", kind)]
    assert scene.c.got == []


@pytest.mark.spec("DLV-02")
@pytest.mark.parametrize("how", CONCERNED)
def test_dlv_02_what_is_unlisted_does_so_too(scene, how):
    concern(scene, how)
    scene.posted(to=(FOLLOWERS,), cc=(PUBLIC,))
    assert scene.b.deliveries() == SHARED


@pytest.mark.spec("DLV-02")
@pytest.mark.parametrize("action", ["publish", "revise", "withdraw"])
@pytest.mark.parametrize("how", CONCERNED)
@pytest.mark.parametrize("to", ["followers", "eve"])
def test_dlv_02_what_is_for_some_goes_to_these_alone(scene, how, to, action):
    concern(scene, how)
    scene.interactors = [scene.bob]
    scene.posted(action, to=(FOLLOWERS if to == "followers" else scene.eve,))
    assert scene.b.got == []
    assert scene.asked == []


@pytest.mark.spec("DLV-02")
def test_dlv_02_nobody_gets_it_twice(scene):
    note = scene.written()
    scene.says(in_reply_to=note, quote=note, tag=[Mention(href=scene.bob)])
    scene.world.context.get(note)
    scene.interactors = [scene.bob]
    scene.posted("revise", cc=(scene.bob,))
    assert scene.b.deliveries() == [("/inbox", "Update")]


@pytest.mark.parametrize(
    "members",
    [
        {"in_reply_to": "https://b.example.org/notes/404"},
        {"in_reply_to": "urn:uuid:1"},
        {"tag": [Mention(href="acct:bob@b.example.org"), Mention(name="@bob")]},
        {"in_reply_to": f"{HOME}/posts/404"},
        {"in_reply_to": f"{HOME}/elsewhere"},
    ],
)
def test_who_cannot_be_found_is_left_out(scene, members):
    scene.world.crowd.of["1"] = [scene.c.follower("eve")]
    scene.says(**members).posted()
    assert (scene.c.deliveries(), scene.b.got, scene.world.depth().waiting) == (SHARED, [], 0)


def test_a_dead_host_holds_nobody_up(scene):
    scene.world.crowd.of["1"] = [scene.c.follower("eve")]
    scene.world.network.partition("b.example.org")
    scene.says(in_reply_to=scene.written()).posted()
    assert scene.c.deliveries() == SHARED
    scene.world.network.heal()
    scene.world.pass_time(hours=1)
    assert scene.b.deliveries() == SHARED


def test_an_answer_to_one_of_ours_reaches_its_author(scene):
    heard = []
    scene.fed.on_any(lambda context, activity: heard.append((context.recipient, activity.object_id)))
    scene.world.post(3, author="2")
    scene.says(in_reply_to=f"{HOME}/posts/3").posted()
    assert heard == [("2", f"{HOME}/posts/7")]


def test_who_is_blocked_is_not_told(scene):
    scene.fed.block("b.example.org")
    scene.says(in_reply_to=scene.written(), tag=[Mention(href=scene.bob)]).posted()
    assert (scene.b.got, scene.b.asked) == ([], [])


# ---- who has interacted ----------------------------------------------------------------------------------------------


@pytest.mark.spec("DLV-02")
@pytest.mark.parametrize(("action", "kind"), [("revise", "Update"), ("withdraw", "Delete")])
def test_dlv_02_who_has_interacted_is_told_of_changes(scene, action, kind):
    scene.interactors = [CAROL, scene.bob, scene.eve, scene.b.actor("bea"), "no id"]
    scene.posted(action)
    assert scene.asked == [f"{HOME}/posts/7"]
    assert scene.b.deliveries() == [("/inbox", kind)]
    assert scene.c.deliveries() == [("/inbox", kind)]


def test_one_of_each_server_is_enough(scene):
    scene.interactors = [CAROL, scene.bob, scene.eve, scene.b.actor("bea"), "no id", "https://c.example.org/users/x"]
    about = Note(id=f"{HOME}/posts/7", attributed_to=ALICE)
    update = Update(actor=ALICE, cc=(PUBLIC,), object=about)
    found = run_sync(reach.besides(scene.fed.engine, update, about, scene.world.ports))
    assert found == (scene.bob, scene.eve)


def test_nobody_is_asked_of_what_is_new(scene):
    scene.interactors = [scene.bob]
    scene.posted()
    assert (scene.asked, scene.b.got) == ([], [])


async def test_several_may_know_and_in_any_colour(make_world):
    world = make_world(asynchronous=True)
    scene = Scene(world)
    router = Router()

    @router.interactors
    async def interactors(_context: Any, object_id: str) -> tuple[str, ...]:
        return (scene.eve,)

    world.fed.include(router)
    scene.interactors = [scene.bob]
    await world.fed.revise.aio(world.post(7))
    while await world.fed.worker().step():
        pass
    assert (scene.b.deliveries(), scene.c.deliveries()) == ([("/inbox", "Update")], [("/inbox", "Update")])
    assert len(world.fed.callbacks()) >= 2


@pytest.mark.parametrize("given", [None, 7, "https://b.example.org/users/bob"])
def test_what_is_no_list_of_ids_is_a_mistake(scene, given):
    scene.interactors = given
    with pytest.raises(ConfigurationError):
        scene.posted("revise")


def test_so_many_are_told_and_no_more(make_world, monkeypatch):
    config = Config()
    limits = attrs.evolve(config.limits, recipients_count_max=4)
    scene = Scene(make_world(config=attrs.evolve(config, limits=limits)))
    scene.interactors = [scene.world.remote(f"h{number}.example.net").actor("x") for number in range(5)]
    context = scene.world.context
    monkeypatch.setattr(reach, "INTERACTORS_COUNT_MAX", 3)
    assert len(run_sync(reach._interactors(scene.fed.engine, "x", context.ports))) == 3
    monkeypatch.undo()
    scene.posted("revise")  # it addresses the public, the followers and its author stands in it: one place is left
    told = [exchange for exchange in scene.world.network.exchanges if exchange.request.method == "POST"]
    assert len(told) == 1
    crowd = [f"https://h{number}.example.net/users/x" for number in range(9)]
    mentions = [Mention(href=f"https://m{number}.example.net/users/x") for number in range(20)]
    about = Note(id=f"{HOME}/posts/7", attributed_to=ALICE, tag=mentions)
    update = Update(actor=ALICE, to=(PUBLIC, *crowd), object=about)
    assert run_sync(reach.besides(scene.fed.engine, update, about, context.ports)) == ()


# ---- when an actor goes ----------------------------------------------------------------------------------------------


def meet(scene: Scene, *actor_ids: str) -> None:
    """Have heard from somebody."""
    for actor_id in actor_ids:
        run_sync(scene.world.ports.store.put(store_key(HOME, "known", actor_id), b"1"))


@pytest.mark.spec("DLV-19")
@pytest.mark.parametrize("storage", ["memory", "sqlite"])
def test_dlv_19_every_server_that_is_known_is_told_once(make_world, tmp_path, storage):
    url = "memory://" if storage == "memory" else f"sqlite:///{tmp_path}/home.sqlite3"
    backend = connect(url)
    scene = Scene(make_world(backend=backend))
    d = scene.world.remote("d.example.org")
    meet(scene, scene.bob, scene.b.actor("bea"), scene.b.actor("~tilde"), scene.eve, d.actor("dan"))
    meet(scene, "https://dead.example.net/users/x", CAROL, "nonsense")
    scene.world.crowd.of["1"] = [scene.c.follower("eve")]
    scene.fed.remove_actor("1")
    scene.world.settle()
    for server in (scene.b, scene.c, d):
        assert server.deliveries() == [("/inbox", "Delete")]
    assert scene.b.bodies()[0]["object"] == ALICE
    backend.close()


@pytest.mark.spec("DLV-19")
def test_dlv_19_whom_it_has_written_to_is_told_though_he_never_answered(scene):
    scene.posted(to=(scene.bob,))
    scene.fed.remove_actor("1")
    scene.world.settle()
    assert [kind for _path, kind in scene.b.deliveries()] == ["Create", "Delete"]


@pytest.mark.spec("DLV-19")
def test_dlv_19_the_key_is_there_until_all_is_told(scene):
    """The app has forgotten the actor, its id answers 410, the host is back a day later: it is signed all the same."""
    meet(scene, scene.bob)
    scene.world.context.get(scene.bob)
    scene.b.answer = lambda _request: Response(status=503)
    scene.fed.remove_actor("1")
    del scene.world.people["1"]
    scene.world.settle()
    assert scene.world.status("/users/1") == 410
    scene.world.pass_time(hours=24)
    scene.b.answer, before = (lambda _request: 202), len(scene.b.got)
    scene.world.pass_time(hours=48)
    (told,) = scene.b.got[before:]
    assert f'keyId="{ALICE}#main-key"' in (told.headers.get("signature") or "")
    assert scene.world.depth().waiting == 0


@pytest.mark.spec("DLV-19")
def test_dlv_19_without_followers_they_are_told_as_well(make_world):
    scene = Scene(make_world(crowd=False))
    meet(scene, scene.bob)
    scene.fed.remove_actor("1")
    scene.world.settle()
    assert scene.b.deliveries() == [("/inbox", "Delete")]


def test_dlv_19_more_servers_than_one_job_finds(scene, monkeypatch):
    monkeypatch.setattr(reach, "HOSTS_PER_JOB_MAX", 2)
    servers = [scene.world.remote(f"h{number}.example.net") for number in range(5)]
    meet(scene, *(server.actor("x") for server in servers))
    scene.fed.remove_actor("1")
    scene.world.settle()
    assert [server.deliveries() for server in servers] == [[("/inbox", "Delete")]] * 5
    assert HOSTS_PER_JOB_MAX == 100


def test_dlv_19_what_a_follower_has_reached_is_not_planned_again(scene):
    """Its delivery may be done by then: the queue no longer knows of it."""
    meet(scene, scene.bob, scene.eve)
    delete = Delete(id=f"{ALICE}#delete", actor=ALICE, object=ALICE, to=PUBLIC)
    task = sending.plan_fanout(scene.fed.engine, dump(delete), "1", "x")
    assert task.everybody
    planned: list[str] = []

    def single(_engine: Any, _task: Any, iri: str) -> list[Any]:
        planned.append(iri)
        return []

    reached = attrs.evolve(task, relays=False, reached=("https://c.example.org/users/x/inbox",))
    rest, jobs = run_sync(
        reach.beyond(scene.fed.engine, reached, scene.world.ports, refused=lambda _iri: False, single=single)
    )
    assert (planned, jobs, rest.everybody) == ([scene.bob], [], False)


def test_an_actor_whose_inbox_is_known_stands_for_its_server(scene):
    gone = "https://b.example.org/users/aaa"
    scene.world.context.get(scene.bob)
    meet(scene, gone, scene.bob)
    scene.fed.remove_actor("1")
    scene.world.settle()
    assert scene.b.deliveries() == [("/inbox", "Delete")]
    assert "/users/aaa" not in scene.b.asked


def test_the_removal_of_a_post_is_not_told_to_everybody(scene):
    meet(scene, scene.bob)
    scene.posted("withdraw")
    assert scene.b.got == []
