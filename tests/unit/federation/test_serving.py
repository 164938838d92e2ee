"""Actors, objects and collections as they are served."""

from __future__ import annotations

import json

import pytest

from fedtext import Context, Create, Image, Note, Page, PageRequest, Person
from fedtext.adapters.backends import MemoryBackend
from fedtext.errors import ConfigurationError
from fedtext.federation.listing import as_page
from fedtext.jsonld import normalize
from fedtext.signatures.negotiation import CAPABILITY_ED25519, CAPABILITY_RFC9421
from fedtext.vocab import PUBLIC, Announce, Like, load

HOME, ALICE = "https://home.example.com", "https://home.example.com/users/1"
OUTBOX = f"{ALICE}/outbox"


# ---- actors ----------------------------------------------------------------------------------------------------------


def test_act_01_act_03_an_actor_as_others_need_it(world):
    actor = world.get("/users/1")
    assert (actor["id"], actor["type"], actor["preferredUsername"]) == (ALICE, "Person", "alice")
    for name in ("inbox", "outbox", "followers", "following"):
        assert actor[name] == f"{ALICE}/{name}"
    assert actor["endpoints"] == {"sharedInbox": f"{HOME}/ap/inbox"}
    assert actor["publicKey"]["owner"] == ALICE
    assert actor["url"] == f"{HOME}/@alice"
    assert actor["webfinger"] == "alice@home.example.com"
    context = json.dumps(actor["@context"])
    assert "https://www.w3.org/ns/activitystreams" in context
    assert "https://w3id.org/security/v1" in context


def test_col_01_col_14_headers_of_an_actor(world):
    response = world.ask("/users/1")
    assert response is not None
    assert response.headers.get("content-type") == "application/activity+json"
    assert response.headers.get("vary") == "Accept"
    assert response.headers.get("cache-control") == "public, max-age=180"
    again = world.ask("/users/1", if_none_match=str(response.headers.get("etag")))
    assert again is not None
    assert (again.status, again.body) == (304, b"")


ACCEPTS = [
    ("application/activity+json", 200),
    ('application/ld+json; profile="https://www.w3.org/ns/activitystreams"', 200),
    ('application/ld+json;profile="https://www.w3.org/ns/activitystreams";q=0.5', 200),
    ("application/ld+json", 200),
    ("*/*", 200),
    ("", 200),
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 303),
    ("text/html", 303),
    ("text/html, application/activity+json;q=0.9", 303),
    ("text/html;q=0.5, application/activity+json", 200),
    ("image/png", 406),
]


@pytest.mark.parametrize(("accept", "status"), ACCEPTS)
@pytest.mark.parametrize("path", ["/users/1", "/posts/7"])
def test_col_02_who_wants_what_gets_it(world, path, accept, status):
    world.post(7)
    response = world.ask(path, accept=accept)
    assert response is not None
    assert response.status == status
    assert response.headers.get("vary") == "Accept"


def test_act_26_a_page_under_the_id_itself_is_the_application_s(make_world):
    world = make_world(app=False)
    world.fed.actor("/users/{pk}")(lambda context, pk: context.actor(Person, handle="a", url=f"/users/{pk}"))
    assert world.ask("/users/1", accept="text/html") is None
    assert world.get("/users/1")["id"] == ALICE
    assert world.status("/users/1", accept="*/*") == 200


@pytest.mark.parametrize(
    "path", ["/users/9", "/users/9/outbox", "/users/9/followers", "/posts/9", "/users/x", "/posts/x"]
)
def test_nobody_and_nothing_are_404(world, path):
    """Identifiers that the application cannot read (ValueError) name nobody."""
    assert world.status(path) == 404


def test_another_exception_of_the_application_is_its_own(make_world):
    world = make_world(app=False)

    @world.fed.actor("/users/{pk}")
    def broken(context: Context, pk: str) -> Person | None:
        raise LookupError("mine")

    with pytest.raises(LookupError):
        world.ask("/users/1")


@pytest.mark.parametrize("path", ["/users/1", "/posts/1"])
def test_a_callback_that_gives_something_else_is_a_mistake_in_the_wiring(make_world, path):
    world = make_world(app=False)
    world.fed.actor("/users/{pk}")(lambda context, pk: {"type": "Person"})
    world.fed.object("/posts/{pk}")(lambda context, pk: "a note")
    assert world.status(path) == 500


@pytest.mark.parametrize("colour", ["plain", "async"])
@pytest.mark.parametrize("edge", ["blocking", "asyncio"])
async def test_callbacks_of_both_kinds_at_both_edges(make_world, colour, edge):
    world = make_world(app=False, asynchronous=edge == "asyncio")

    def actor(context, pk):
        return context.actor(Person, handle="alice")

    async def actor_async(context, pk):
        return context.actor(Person, handle="alice")

    def note(context, pk):
        return Note(attributed_to=context.actor_uri(1), content=pk, to=PUBLIC)

    async def note_async(context, pk):
        return note(context, pk)

    world.fed.actor("/users/{pk}")(actor if colour == "plain" else actor_async)
    world.fed.object("/posts/{pk}")(note if colour == "plain" else note_async)
    if edge == "blocking":
        assert world.get("/users/1")["id"] == ALICE
        assert world.get("/posts/7")["content"] == "7"
        return
    from fedtext.http import Headers, Request

    for target in ("/users/1", "/posts/7"):
        request = Request(
            method="GET", scheme="https", authority="home.example.com", target=target, headers=Headers.build([])
        )
        response = await world.fed.engine.handle(request, world.fed.ports.asynchronous())
        assert response is not None
        assert response.status == 200


@pytest.mark.parametrize("path", ["/ap/instance", "/ap/instance/outbox"])
def test_act_21_the_instance_actor_is_readable_unsigned(world, path):
    document = world.get(path)
    assert document["id"] == HOME + path
    if path == "/ap/instance":
        assert (document["type"], document["preferredUsername"]) == ("Application", "home.example.com")
        assert document["inbox"] == f"{HOME}/ap/instance/inbox"
        assert document["publicKey"]["id"] == f"{HOME}/ap/instance#main-key"
        response = world.ask(path)
        assert response is not None
        assert "max-age=600" in (response.headers.get("cache-control") or "")


@pytest.mark.spec("SIG-32", "ACT-24")
def test_sig_32_the_instance_actor_says_which_signatures_we_take(world):
    document = world.get("/ap/instance")
    assert [link["href"] for link in document["implements"]] == [CAPABILITY_RFC9421, CAPABILITY_ED25519]
    assert all(link["name"] for link in document["implements"])
    # Known from the context, so that it survives JSON-LD.
    assert [link.href for link in load(normalize(document)).implements] == [CAPABILITY_RFC9421, CAPABILITY_ED25519]


def test_another_host_is_not_served(world):
    """SEC-010 for reading: ids come from the configured origin."""
    for path in ("/users/1", "/posts/7", "/users/1/outbox", "/ap/instance"):
        assert world.status(path, host="evil.example.org") == 421


# ---- objects ---------------------------------------------------------------------------------------------------------


def test_an_object_is_completed(world):
    world.post(7)
    note = world.get("/posts/7")
    assert (note["id"], note["url"], note["attributedTo"]) == (f"{HOME}/posts/7", f"{HOME}/p/7", ALICE)
    assert (note["to"], note["cc"]) == ([PUBLIC], [f"{ALICE}/followers"])


def test_a_thing_that_nobody_can_find_is_a_mistake_in_the_wiring(make_world):
    world = make_world(app=False)
    world.fed.object("/posts/{pk}", source=Note)(lambda context, thing: thing)
    assert world.status("/posts/7") == 500


def test_a_backend_may_find_the_application_s_own_things(make_world):
    """As Django's does: no `load` is needed."""

    class Finding(MemoryBackend):
        def load_source(self, source, parameters):
            return Row(int(parameters["pk"])) if parameters["pk"] != "9" else None

    class Row:
        def __init__(self, pk):
            self.pk = pk

    world = make_world(Finding(), app=False)
    world.fed.actor("/users/{pk}")(lambda context, pk: None)
    world.fed.object("/rows/{pk}", source=Row)(
        lambda context, row: Note(attributed_to=ALICE, content=f"row {row.pk}", to=PUBLIC) if row.pk else None
    )
    assert world.get("/rows/7")["content"] == "row 7"
    assert [world.status(f"/rows/{pk}") for pk in (9, "x", 0)] == [404, 404, 404]


def test_what_the_application_maps_to_nothing_stands_in_no_outbox(make_world):
    world = make_world(app=False)
    world.fed.actor("/users/{pk}")(lambda context, pk: context.actor(Person, handle="alice"))
    world.fed.object("/texts/{pk}", source=str)(lambda context, text: None)
    world.fed.outbox("/users/{pk}/outbox")(lambda context, pk, page: Page(["draft"]))
    assert world.get("/users/1/outbox?page=true")["orderedItems"] == []


def test_without_actors_nothing_is_served(make_world):
    world = make_world(app=False)
    assert world.status("/.well-known/webfinger?resource=acct:alice@home.example.com") == 404


def test_a_thing_without_an_identifier_is_not_published(world):
    post = world.post(7)
    post.pk = None  # type: ignore[assignment]
    with pytest.raises(ConfigurationError) as caught:
        world.fed.publish(post)
    assert caught.value.context["attribute"] == "pk"


# ---- collections -----------------------------------------------------------------------------------------------------


def test_col_03_an_outbox_from_page_to_page(world):
    for n in range(5):
        world.post(n)
    whole = world.get("/users/1/outbox")
    assert (whole["id"], whole["type"], whole["totalItems"]) == (OUTBOX, "OrderedCollection", 5)
    seen, page_id = [], whole["first"]
    while page_id is not None:
        page = world.get(page_id.removeprefix(HOME))
        assert (page["id"], page["type"], page["partOf"]) == (page_id, "OrderedCollectionPage", OUTBOX)
        seen += [item["object"]["id"] for item in page["orderedItems"]]
        assert {item["type"] for item in page["orderedItems"]} == {"Create"}
        page_id = page.get("next")
    assert seen == [f"{HOME}/posts/{n}" for n in (4, 3, 2, 1, 0)]


def test_col_03_items_are_without_contexts_of_their_own(world):
    world.post(1)
    (item,) = world.get("/users/1/outbox?page=true")["orderedItems"]
    assert "@context" not in item
    assert "@context" not in item["object"]
    assert item["id"] == f"{HOME}/posts/1#create"


@pytest.mark.parametrize("query", ["cursor=x", "cursor=", "cursor=%00", "page=true&cursor=9999x"])
def test_a_cursor_that_the_application_cannot_read_names_no_page(world, query):
    world.post(1)
    assert world.status(f"/users/1/outbox?{query}") in (200, 404)
    assert world.status("/users/1/outbox?cursor=x") == 404


@pytest.mark.parametrize("query", ["cursor=" + "x" * 501, "x=1", "", "&" * 30, "a=1&" * 30])
def test_a_query_that_names_no_page_gives_the_whole(world, query):
    world.post(1)
    assert world.get(f"/users/1/outbox?{query}")["type"] == "OrderedCollection"


def test_activities_of_the_application_s_own_stand_in_an_outbox(make_world):
    world = make_world(app=False)
    world.fed.actor("/users/{pk}")(lambda context, pk: context.actor(Person, handle="alice"))

    @world.fed.outbox("/users/{pk}/outbox")
    def outbox(context: Context, pk: str, page: PageRequest) -> Page[object]:
        me = context.actor_uri(pk)
        embedded = Note(id=f"{HOME}/n/3", attributed_to=me, content="only for bob", to=["https://b.example.org/bob"])
        return Page(
            [
                Announce(id=f"{me}#1", actor=me, object="https://b.example.org/1", to=PUBLIC),
                Like(id=f"{me}#2", actor=me, object="https://b.example.org/1"),
                Create(id=f"{me}#3", actor=me, object=embedded, to=PUBLIC),
                Note(id=f"{HOME}/n/4", attributed_to=me, content="x", to=PUBLIC, bcc=["https://b.example.org/secret"]),
            ]
        )

    page = world.get("/users/1/outbox?page=true")
    assert [item["id"] for item in page["orderedItems"]] == [f"{ALICE}#1", f"{HOME}/n/4#create"]
    assert "secret" not in json.dumps(page)
    assert "totalItems" not in page


def test_an_actor_without_a_registered_outbox_has_an_empty_one(make_world):
    """COL-03: Lemmy requires one."""
    world = make_world(app=False)
    world.fed.actor("/users/{pk}")(lambda context, pk: context.actor(Person, handle="alice"))
    assert world.get("/users/1/outbox")["totalItems"] == 0
    assert world.get("/users/1/followers")["totalItems"] == 0


def test_an_outbox_callback_gives_a_page():
    assert as_page(Page(["x", "y"]), 2).items == ["x", "y"]
    for given in (["x"], Page(["x", "y", "z"])):
        with pytest.raises(ConfigurationError):
            as_page(given, 2)


@pytest.mark.parametrize(("name", "total"), [("followers", 2), ("following", 7)])
def test_col_04_col_06_members_are_counted_not_shown(world, name, total):
    b = world.remote()
    world.crowd.of["1"] = [b.follower("x"), b.follower("y")]
    for query in ("", "?page=true", "?cursor=1"):
        collection = world.get(f"/users/1/{name}{query}")
        assert collection["type"] == "OrderedCollection"
        assert collection["totalItems"] == total
        assert collection.keys().isdisjoint({"first", "items", "orderedItems"})
        assert "b.example.org" not in json.dumps(collection)


@pytest.mark.spec("MOD-69")
def test_mod_69_a_post_is_served_within_the_sizes_that_others_take(make_world):
    """At its own id and in the outbox."""
    world = make_world(app=False)
    fed = world.fed
    picture = Image(url="https://home.example.com/i.png", name="x" * 11_000)
    note = Note(id=f"{HOME}/pictures/1", attributed_to=ALICE, content="x", to=PUBLIC, attachment=[picture])
    fed.actor("/users/{pk}")(lambda context, pk: context.actor(Person, handle="alice"))
    fed.object("/pictures/{name}")(lambda context, name: note)
    fed.outbox("/users/{pk}/outbox")(lambda context, pk, page: Page([note], total=1))
    inner = world.get("/users/1/outbox?page=true")["orderedItems"][0]["object"]
    for served in (world.get("/pictures/1"), inner):
        pictures = served["attachment"]
        assert len((pictures[0] if isinstance(pictures, list) else pictures)["name"]) == 10_000
