"""Collections of every kind, page by page, for whoever asks."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from fedtext import Context, Page, PageRequest, Person
from fedtext.config import Config, Limits
from fedtext.errors import ConfigurationError, StoreError
from fedtext.vocab import PUBLIC, Create, Hashtag, Like, Note

HOME, ALICE = "https://home.example.com", "https://home.example.com/users/1"
FOLLOWERS = f"{ALICE}/followers"
BOB = "https://b.example.org/users/bob"
ACTOR_S = ["liked", "featured", "featuredTags", "followers", "following"]
OBJECT_S = ["replies", "likes", "shares", "context"]


def members(document: dict[str, Any]) -> list[Any]:
    return document.get("orderedItems", document.get("items"))


def ids(document: dict[str, Any]) -> list[str]:
    return [item if isinstance(item, str) else item["id"] for item in members(document)]


# ---- registering -----------------------------------------------------------------------------------------------------


@pytest.mark.spec("AP-06", "AP-11", "COL-03")
@pytest.mark.parametrize("name", ACTOR_S)
@pytest.mark.parametrize("path", ["/users/{pk}/x", "/lists/{someone}"])
def test_ap_06_an_actor_names_what_is_registered(world, name, path):
    asked = list[tuple[str, str | None, int]]()

    @world.fed.collection(path, name)
    def given(context: Context, pk: str, page: PageRequest) -> Page[str]:
        asked.append((pk, page.cursor, page.size))
        return Page([f"{HOME}/x/{page.cursor}"], next=None if page.cursor else "2", total=2, last="2")

    collection_id = f"{HOME}{path.partition('{')[0]}1{'/x' if path.endswith('/x') else ''}"
    assert world.get("/users/1")[name] == collection_id
    whole = world.get(collection_id.removeprefix(HOME))
    assert (whole["id"], whole["totalItems"], whole["last"]) == (collection_id, 2, f"{collection_id}?cursor=2")
    assert whole["type"] == ("Collection" if name == "featuredTags" else "OrderedCollection")
    first = world.get(whole["first"].removeprefix(HOME))
    second = world.get(first["next"].removeprefix(HOME))
    assert (first["partOf"], second["partOf"]) == (collection_id, collection_id)
    assert first["type"] == whole["type"] + "Page"
    assert ids(first) + ids(second) == [f"{HOME}/x/None", f"{HOME}/x/2"]
    assert "next" not in second
    assert asked == [("1", None, 20), ("1", None, 20), ("1", "2", 20)]


@pytest.mark.spec("COL-09", "COL-10", "AP-13")
@pytest.mark.parametrize("name", OBJECT_S)
def test_ap_13_an_object_names_what_is_registered_below_it(world, name):
    world.fed.collection("/posts/{pk}/x", name)(lambda context, pk, page: Page([f"{HOME}/x/{pk}"], total=1))
    world.fed.collection("/elsewhere/{pk}", name)(lambda context, pk, page: Page())
    post = world.post(7)
    document = world.get("/posts/7")
    assert document[name] == f"{HOME}/posts/7/x"
    assert "context" not in document or name == "context"
    page = world.get("/posts/7/x?page=true")
    assert ids(page) == [f"{HOME}/x/7"]
    assert page["type"] == ("OrderedCollectionPage" if name == "context" else "CollectionPage")
    # What is sent says the same as what is served.
    bob = world.remote()
    bob.actor("bob")
    world.crowd.of["1"] = [bob.follower("bob")]
    world.fed.publish(post)
    world.settle()
    assert bob.bodies()[0]["object"][name] == f"{HOME}/posts/7/x"


def test_what_the_application_says_itself_stays(make_world):
    world = make_world(app=False)
    other = "https://other.example.org/1"
    world.fed.actor("/users/{pk}")(lambda context, pk: context.actor(Person, handle="alice", featured=other))
    world.fed.object("/posts/{pk}")(lambda context, pk: Note(attributed_to=ALICE, to=PUBLIC, replies=other))
    world.fed.collection("/users/{pk}/featured", "featured")(lambda context, pk, page: Page())
    world.fed.collection("/posts/{pk}/replies", "replies")(lambda context, pk, page: Page())
    assert world.get("/users/1")["featured"] == other
    assert world.get("/posts/1")["replies"] == other


@pytest.mark.parametrize(("path", "name"), [("/users/{pk}/x", "fans"), ("/x", "liked"), ("/x/{a}/{b}", "followers")])
def test_what_cannot_be_a_collection_is_refused(world, path, name):
    with pytest.raises(ConfigurationError):
        world.fed.collection(path, name)


def test_a_collection_of_one_s_own_is_named_by_nothing(world):
    @world.fed.collection("/lists/{pk}/{kind}", ordered=False)
    def given(context: Context, pk: str, kind: str, page: PageRequest) -> Page[str] | None:
        return Page([f"{HOME}/{kind}"], total=1) if pk == "1" else None

    assert ids(world.get("/lists/1/friends?page=true")) == [f"{HOME}/friends"]
    assert world.get("/lists/1/friends")["type"] == "Collection"
    assert world.status("/lists/2/friends") == 404
    assert "/lists" not in json.dumps(world.get("/users/1"))
    local = world.context.parse(f"{HOME}/lists/1/friends")
    assert (local.kind, local.path, dict(local.parameters)) == (
        "collection",
        "/lists/{pk}/{kind}",
        {"pk": "1", "kind": "friends"},
    )


def test_followers_elsewhere_are_followers(make_world):
    """Their id is the one to which posts are addressed, and by which they are known again."""
    world = make_world()
    world.fed.collection("/fans/{pk}", "followers")(lambda context, pk, page: Page([BOB], total=1))
    fans = f"{HOME}/fans/1"
    assert world.context.followers_uri("1") == fans
    world.post(7)
    assert world.get("/posts/7")["cc"] == [fans]
    assert world.fed.engine.followers_owner(fans) == "1"
    assert world.get("/users/1/followers")["id"] == fans
    b = world.remote()
    world.crowd.of["1"] = [b.follower("bob")]
    world.post(8, to=[fans])
    assert world.get("/posts/8", by=b.actor("bob"))["content"] == "hello"
    world.fed.remove_actor("1")
    world.settle()
    assert b.bodies()[0]["cc"] == [fans]


@pytest.mark.parametrize("path", ["/users/9/liked", "/users/x/liked", "/posts/9/likes", "/posts/x/likes"])
def test_of_nobody_and_nothing_there_are_no_collections(world, path):
    world.fed.collection("/users/{pk}/liked", "liked")(lambda context, pk, page: Page())
    world.fed.collection("/posts/{pk}/likes", "likes")(lambda context, pk, page: Page())
    assert world.status(path) == 404


@pytest.mark.spec("COL-12")
def test_col_12_of_what_is_gone_the_collections_are_gone(world):
    world.fed.collection("/users/{pk}/liked", "liked")(lambda context, pk, page: Page())
    world.fed.collection("/posts/{pk}/likes", "likes")(lambda context, pk, page: Page())
    world.fed.withdraw(world.post(7))
    world.fed.withdraw(world.post(8, to=[BOB]))
    world.fed.remove_actor("2")
    assert [world.status(path) for path in ("/posts/7/likes", "/posts/8/likes", "/users/2/liked")] == [410, 404, 410]


# ---- pages -----------------------------------------------------------------------------------------------------------


@pytest.mark.spec("COL-04", "COL-10")
@pytest.mark.parametrize("query", ["", "?page=true", "?cursor=2"])
def test_col_04_hidden_members_are_counted_only(world, query):
    page = Page([BOB], "2", 7, last="9", hidden=True)
    world.fed.collection("/users/{pk}/followers", "followers")(lambda context, pk, wanted: page)
    document = world.get(f"/users/1/followers{query}")
    assert document.keys() == {"@context", "id", "type", "totalItems"}
    assert document["totalItems"] == 7


@pytest.mark.spec("COL-07", "COL-08", "AP-07")
def test_col_07_col_08_what_is_pinned_stands_in_the_collection_itself(world):
    posts = [world.post(n) for n in (3, 1, 2)]
    tags = [Hashtag(href=f"{HOME}/tags/a", name="#a")]
    world.fed.collection("/users/{pk}/featured", "featured")(lambda context, pk, page: Page(posts, total=3))
    world.fed.collection("/users/{pk}/tags", "featuredTags")(lambda context, pk, page: Page(tags, total=1))
    featured = world.get("/users/1/featured")
    assert (featured["type"], "first" in featured) == ("OrderedCollection", False)
    assert [item["id"] for item in featured["orderedItems"]] == [f"{HOME}/posts/{n}" for n in (3, 1, 2)]
    assert {item["type"] for item in featured["orderedItems"]} == {"Note"}
    tagged = world.get("/users/1/tags")
    assert (tagged["type"], tagged["items"][0]["name"]) == ("Collection", "#a")
    assert "Hashtag" in json.dumps(tagged["@context"])


def test_what_is_pinned_and_too_long_for_one_page_has_pages(world):
    world.fed.collection("/users/{pk}/featured", "featured")(lambda context, pk, page: Page([BOB], "2", 40))
    featured = world.get("/users/1/featured")
    assert (featured["first"], "orderedItems" in featured) == (f"{ALICE}/featured?page=true", False)


@pytest.mark.spec("AP-09")
def test_ap_09_each_member_stands_in_a_page_once(world):
    note = Note(id=f"{HOME}/n/1", attributed_to=ALICE, to=PUBLIC)
    given = [BOB, note, BOB, note, f"{HOME}/n/2"]
    world.fed.collection("/users/{pk}/liked", "liked")(lambda context, pk, page: Page(given))
    assert ids(world.get("/users/1/liked?page=true")) == [BOB, f"{HOME}/n/1", f"{HOME}/n/2"]


@pytest.mark.parametrize("count", [2, 3])
def test_a_page_has_a_limit(make_world, count):
    world = make_world(config=Config(limits=Limits(collection_items_count_max=2)))
    world.fed.collection("/users/{pk}/liked", "liked")(lambda context, pk, page: Page([BOB] * count))
    assert world.status("/users/1/liked?page=true") == (200 if count == 2 else 500)


@pytest.mark.parametrize("given", [[BOB], 7, {"items": []}])
def test_what_is_no_page_is_a_mistake_in_the_wiring(world, given):
    world.fed.collection("/users/{pk}/liked", "liked")(lambda context, pk, page: given)
    assert world.status("/users/1/liked") == 500


def test_a_cursor_that_the_application_cannot_read_is_told_to_the_observer(world):
    assert world.status("/users/1/outbox?cursor=x") == 404
    assert "invalid literal" in world.events("collection.unreadable_cursor")[0]["error"]


def test_a_model_of_an_unknown_class_is_a_mistake_in_the_wiring(world):
    world.fed.collection("/users/{pk}/liked", "liked")(lambda context, pk, page: Page([3.5]))
    assert world.status("/users/1/liked?page=true") == 500


# ---- who sees what ---------------------------------------------------------------------------------------------------


@attrs.define
class Audience:
    """Bob is addressed, Eve follows, Mallory is a stranger."""

    bob: str
    eve: str
    mallory: str

    @classmethod
    def of(cls, world: Any) -> Audience:
        b = world.remote()
        world.crowd.of["1"] = [b.follower("eve")]
        return cls(b.actor("bob"), b.actor("eve"), b.actor("mallory"))


def notes(bob: str) -> list[Note]:
    to = {"public": PUBLIC, "followers": [FOLLOWERS], "direct": [bob], "nobody": []}
    return [Note(id=f"{HOME}/n/{name}", attributed_to=ALICE, to=given) for name, given in to.items()]


@pytest.mark.spec("AP-08", "AP-11", "SEC-134", "TRU-03")
@pytest.mark.parametrize("name", ["liked", "featured", "outbox", "replies", None])
def test_ap_08_each_reads_what_is_for_him(make_world, name):
    world = make_world(app=False)
    world.fed.actor("/users/{pk}")(lambda context, pk: context.actor(Person, handle="alice"))
    world.fed.object("/posts/{pk}")(lambda context, pk: Note(attributed_to=ALICE, to=PUBLIC))
    world.fed.followers(world.crowd)
    who = Audience.of(world)
    path = "/posts/{pk}/replies" if name == "replies" else "/users/{pk}/them"
    world.fed.collection(path, name)(lambda context, pk, page: Page(notes(who.bob), total=1))
    seen = {None: [], who.bob: ["direct"], who.eve: ["followers"], who.mallory: []}
    for by, more in seen.items():
        response = world.ask(path.replace("{pk}", "1") + "?page=true", by=by)
        found = [iri.partition("#")[0].rpartition("/")[2] for iri in ids(json.loads(response.body))]
        assert sorted(found) == sorted(["public", *more]), by
        caching = "public, max-age=60" if by is None else "private, no-store"
        assert response.headers.get("cache-control") == caching
        assert response.headers.get("vary") == "Accept, Signature, Authorization"


@pytest.mark.spec("SEC-134")
@pytest.mark.parametrize("name", ["outbox", "liked", "featured", "replies", None])
@pytest.mark.parametrize("query", ["", "?page=true"])
def test_sec_134_nobody_is_told_how_much_is_kept_from_him(make_world, name, query):
    """The application has counted everything; only who sees everything of it learns the number."""
    world = make_world(app=False)
    world.fed.actor("/users/{pk}")(lambda context, pk: context.actor(Person, handle="alice"))
    world.fed.object("/posts/{pk}")(lambda context, pk: Note(attributed_to=ALICE, to=PUBLIC))
    world.fed.followers(world.crowd)
    who = Audience.of(world)
    path = "/posts/{pk}/replies" if name == "replies" else "/users/{pk}/them"
    public, direct = (note for note in notes(who.bob) if note.id in (f"{HOME}/n/public", f"{HOME}/n/direct"))
    given = [[public, direct]]
    world.fed.collection(path, name)(lambda context, pk, page: Page(given[-1], "2", total=len(given[-1]) + 3))
    asked = path.replace("{pk}", "1") + query
    for by, total in {None: None, who.bob: 5, who.eve: None, who.mallory: None}.items():
        assert world.get(asked, by=by).get("totalItems") == total, by
    given.append([public])
    assert world.get(asked)["totalItems"] == 4


@pytest.mark.spec("SEC-134")
def test_sec_134_an_activity_shows_its_object_only_to_whom_that_is_for(world):
    who = Audience.of(world)
    inner = Note(id=f"{HOME}/n/1", attributed_to=ALICE, to=[who.bob])
    silent = Note(id=f"{HOME}/n/2", attributed_to=ALICE)
    activities = [
        Create(id=f"{ALICE}#1", actor=ALICE, object=inner, to=PUBLIC),
        Create(id=f"{ALICE}#2", actor=ALICE, object=silent, to=PUBLIC),
        Create(id=f"{ALICE}#3", actor=ALICE, object=[silent, inner], to=PUBLIC),
        Like(id=f"{ALICE}#4", actor=ALICE, object=BOB, to=[FOLLOWERS]),
    ]
    world.fed.collection("/users/{pk}/liked", "liked")(lambda context, pk, page: Page(activities))
    for by, numbers in {None: "2", who.bob: "123", who.eve: "24"}.items():
        assert ids(world.get("/users/1/liked?page=true", by=by)) == [f"{ALICE}#{n}" for n in numbers]


def test_actors_and_hashtags_are_addressed_to_nobody_and_shown(world):
    people = [Person(id=BOB, preferred_username="bob")]
    world.fed.collection("/users/{pk}/following", "following")(lambda context, pk, page: Page(people))
    assert ids(world.get("/users/1/following?page=true")) == [BOB]


@pytest.mark.spec("SEC-136", "INB-13")
def test_sec_136_blind_recipients_stand_in_no_collection(world):
    note = Note(id=f"{HOME}/n/1", attributed_to=ALICE, to=PUBLIC, bto=[BOB], bcc=[BOB])
    world.fed.collection("/users/{pk}/liked", "liked")(lambda context, pk, page: Page([note]))
    document = world.get("/users/1/liked?page=true")
    assert ids(document) == [f"{HOME}/n/1"]
    assert BOB not in json.dumps(document)


@pytest.mark.spec("SEC-134")
@pytest.mark.parametrize("path", ["/posts/7/replies", "/posts/7/replies?page=true"])
def test_sec_134_what_belongs_to_a_private_post_is_as_private(world, path):
    who = Audience.of(world)
    world.fed.collection("/posts/{pk}/replies", "replies")(lambda context, pk, page: Page([BOB], total=1))
    world.post(7, to=[who.bob])
    assert world.status(path, by=who.bob) == 200
    for by in (None, who.eve, who.mallory):
        assert world.ask(path, by=by) == world.ask(path.replace("7", "9"), by=by)
        assert world.status(path, by=by) == 404


def test_the_callback_is_told_who_asks(world):
    asked = list[str | None]()

    @world.fed.collection("/users/{pk}/liked", "liked")
    def liked(context: Context, pk: str, page: PageRequest) -> Page[str]:
        asked.append(context.viewer)
        return Page()

    bob = world.remote().actor("bob")
    world.get("/users/1/liked")
    world.get("/users/1/liked", by=bob)
    assert asked == [None, bob]
    assert world.context.viewer is None


@pytest.mark.spec("SIG-27")
def test_sig_27_a_signature_that_does_not_hold_shows_what_everybody_sees(world):
    """Of what is there for everybody. What belongs to an object is judged as that object is: the peer knocks again."""
    world.fed.collection("/posts/{pk}/replies", "replies")(lambda context, pk, page: Page([BOB]))
    world.post(7)
    nobody = "https://b.example.org/users/nobody"
    world.remote()
    assert world.ask("/users/1/outbox?page=true", by=nobody) == world.ask("/users/1/outbox?page=true")
    assert world.status("/posts/7/replies", by=nobody) == 401


def test_a_store_that_fails_shows_nothing_and_denies_nothing(world):
    def broken(context, pk, page):
        raise StoreError("down")

    world.fed.collection("/users/{pk}/liked", "liked")(broken)
    assert world.status("/users/1/liked") == 503


# ---- inboxes ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def inbox_world(world: Any) -> Any:
    """An application whose people read their inboxes with a token."""
    got = [Create(id=f"{BOB}#1", actor=BOB, object=Note(id=f"{BOB}/1", attributed_to=BOB), bto=[ALICE])] * 2

    @world.fed.authorize_owner
    def owner(context: Context, pk: str, request: Any) -> bool:
        return request.headers.get("authorization") == f"Bearer token-of-{pk}"

    world.fed.collection("/users/{pk}/inbox", "inbox")(lambda context, pk, page: Page(got, total=1))
    return world


@pytest.mark.spec("COL-16", "AP-09", "AP-06")
@pytest.mark.parametrize("query", ["", "?page=true"])
def test_col_16_an_inbox_is_read_by_its_owner_alone(inbox_world, query):
    world = inbox_world
    path = f"/users/1/inbox{query}"
    response = world.ask(path, authorization="Bearer token-of-1")
    assert response.status == 200
    assert response.headers.get("cache-control") == "private, no-store"
    document = json.loads(response.body)
    if query:
        assert ids(document) == [f"{BOB}#1"]
        assert "bto" not in document["orderedItems"][0]
    for others in ({}, {"authorization": "Bearer token-of-2"}, {"by": world.remote().actor("bob")}):
        assert world.status(path, **others) == 404
    assert world.status("/users/9/inbox", authorization="Bearer token-of-9") == 404


@pytest.mark.spec("COL-16", "AP-14")
def test_ap_14_a_shared_inbox_is_not_read(inbox_world):
    assert inbox_world.status("/ap/inbox", authorization="Bearer token-of-1") == 405


@pytest.mark.spec("COL-17")
def test_an_inbox_that_is_read_is_still_posted_to(inbox_world):
    bob = inbox_world.remote().actor("bob")
    like = {"id": f"{bob}#1", "type": "Like", "actor": bob, "object": f"{HOME}/posts/7"}
    assert inbox_world.deliver(like, by=bob).status == 202
    options = inbox_world.ask("/users/1/inbox", method="OPTIONS")
    assert options.headers.get("allow") == "GET, HEAD, POST, OPTIONS"
    assert inbox_world.status("/users/1/inbox", method="PUT") == 405


@pytest.mark.spec("AP-08")
def test_ap_08_an_owner_reads_all_of_its_outbox(inbox_world):
    inbox_world.post(7, to=[BOB])
    path = "/users/1/outbox?page=true"
    assert ids(inbox_world.get(path)) == []
    assert ids(inbox_world.get(path, authorization="Bearer token-of-1")) == [f"{HOME}/posts/7#create"]
    assert ids(inbox_world.get(path, authorization="Bearer token-of-2")) == []


@pytest.mark.spec("ACT-27")
def test_act_27_of_a_suspended_actor_nothing_is_shown_but_that(make_world):
    """As Mastodon: its document says so, for those who know it; its page and its collections are 403."""
    world = make_world(app=False)
    world.fed.actor("/users/{pk}")(
        lambda context, pk: context.actor(Person, handle="alice", url="/@alice", suspended=pk == "1")
    )
    world.fed.outbox("/users/{pk}/outbox")(lambda context, pk, page: Page())
    assert world.get("/users/1")["suspended"] is True
    assert world.status("/users/1", accept="text/html") == 403
    for name in ("outbox", "followers", "following"):
        assert world.status(f"/users/1/{name}") == 403
        assert world.status(f"/users/2/{name}") == 200
    assert world.status("/users/2", accept="text/html") == 303
    world.fed.remove_actor("1")
    assert world.status("/users/1") == 410
