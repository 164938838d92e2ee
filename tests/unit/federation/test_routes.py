"""Which path is what."""

from __future__ import annotations

import pytest

from fedtext.federation.registry import Router
from fedtext.federation.routes import ROUTES_KEPT_MAX, Paths, RouteBook, RouteKind, find_route


def router() -> Router:
    made = Router()
    made.actor("/users/{pk}")(print)
    made.object("/posts/{pk:int}")(print)
    made.object("/u/{author}/{pk}")(print)
    made.outbox("/boxes/{pk}")(print)
    return made


TABLE = [
    ("/.well-known/webfinger", RouteKind.WEBFINGER, None),
    ("/.well-known/host-meta", RouteKind.HOST_META, None),
    ("/.well-known/host-meta.json", RouteKind.HOST_META, None),
    ("/.well-known/nodeinfo", RouteKind.NODEINFO_INDEX, None),
    ("/nodeinfo/2.0", RouteKind.NODEINFO, None),
    ("/nodeinfo/2.1", RouteKind.NODEINFO, None),
    ("/ap/inbox", RouteKind.SHARED_INBOX, None),
    ("/ap/instance", RouteKind.INSTANCE_ACTOR, None),
    ("/ap/instance/inbox", RouteKind.SHARED_INBOX, None),
    ("/ap/instance/outbox", RouteKind.INSTANCE_ACTOR, None),
    ("/users/7", RouteKind.ACTOR, "7"),
    ("/users/7/inbox", RouteKind.INBOX, "7"),
    ("/users/7/outbox", RouteKind.OUTBOX, "7"),
    ("/users/7/followers", RouteKind.FOLLOWERS, "7"),
    ("/users/7/following", RouteKind.FOLLOWING, "7"),
    ("/boxes/7", RouteKind.OUTBOX, "7"),
    ("/posts/7", RouteKind.OBJECT, None),
    ("/u/alice/7", RouteKind.OBJECT, None),
]


@pytest.mark.parametrize(("path", "kind", "identifier"), TABLE)
def test_every_path_of_ours(path, kind, identifier):
    route = find_route(router(), Paths(), path)
    assert route is not None
    assert (route.kind, route.path, route.identifier) == (kind, path, identifier)


@pytest.mark.parametrize(
    "path",
    [
        "",
        " ",
        "/",
        "/users",
        "/users/7/",
        "/users/7/likes",
        "/users/7/inbox/",
        "/posts/x",
        "/nodeinfo/1.0",
        "/@alice",
        "/users/7/../8/inbox",
        "/users/%2e%2e/inbox",
        "/users//inbox",
        "/users/7%2Finbox",
        "/users/7/%69nbox",
        "/users/7;x=/../inbox",
        "/users/7/inbox%00",
        "//users/7",
        "/.well-known/webfinger/",
        "/.well-known//nodeinfo",
    ],
)
def test_sec_015_all_else_is_the_application_s(path):
    assert find_route(router(), Paths(), path) is None


def test_a_route_knows_its_registration():
    made = router()
    route = find_route(made, Paths(), "/u/alice/7")
    assert route is not None
    assert route.object_route is made.objects[1]
    assert route.parameters == {"author": "alice", "pk": "7"}


@pytest.mark.parametrize(("path", "kind", "_identifier"), TABLE)
def test_sec_009_inboxes_allow_posts_and_all_else_reading(path, kind, _identifier):
    route = find_route(router(), Paths(), path)
    assert route is not None
    is_inbox = kind in (RouteKind.INBOX, RouteKind.SHARED_INBOX)
    assert route.allow == ("POST, OPTIONS" if is_inbox else "GET, HEAD, OPTIONS")


def test_the_library_s_own_paths_can_be_moved():
    paths = Paths(shared_inbox="/in", instance_actor="/server")
    assert find_route(router(), paths, "/ap/inbox") is None
    found = [find_route(router(), paths, path) for path in ("/in", "/server", "/server/inbox")]
    assert [route.kind for route in found if route is not None] == [
        RouteKind.SHARED_INBOX,
        RouteKind.INSTANCE_ACTOR,
        RouteKind.SHARED_INBOX,
    ]


# ---- the memory ------------------------------------------------------------------------------------------------------


def test_a_path_is_looked_up_once():
    book, made = RouteBook(), router()
    assert book.find(made, Paths(), "/users/7") is book.find(made, Paths(), "/users/7")
    assert book.find(made, Paths(), "/users/7") == find_route(made, Paths(), "/users/7")


def test_what_is_registered_later_counts_at_once():
    book, made = RouteBook(), Router()
    assert book.find(made, Paths(), "/users/7") is None
    made.actor("/users/{pk}")(print)
    assert [found.kind for path in ("/users/7", "/users/7/likes") if (found := book.find(made, Paths(), path))] == [
        RouteKind.ACTOR
    ]
    inbox = book.find(made, Paths(), "/users/7/inbox")
    assert inbox is not None
    assert not inbox.is_read
    made.collection("/users/{pk}/inbox", "inbox")(print)
    inbox = book.find(made, Paths(), "/users/7/inbox")
    assert inbox is not None
    assert inbox.is_read
    outbox = book.find(made, Paths(), "/users/7/outbox")
    assert outbox is not None
    assert not outbox.takes_clients
    made.on_outbox(print)
    outbox = book.find(made, Paths(), "/users/7/outbox")
    assert outbox is not None
    assert outbox.takes_clients
    made.object("/posts/{pk}")(print)
    assert book.find(made, Paths(), "/posts/7") is not None


def test_each_registration_that_decides_on_paths_is_another_edition():
    made, editions = Router(), set[object]()
    for register in (
        lambda: made.actor("/users/{pk}")(print),
        lambda: made.object("/posts/{pk}")(print),
        lambda: made.collection("/users/{pk}/inbox", "inbox")(print),
        lambda: made.on_outbox(print),
    ):
        editions.add(made.edition)
        register()
    assert len(editions | {made.edition}) == 5


def test_sec_157_whatever_is_asked_for_the_memory_is_bounded():
    book, made = RouteBook(), router()
    assert book.find(made, Paths(), "/pages/1") is None
    assert len(book) == 0
    for number in range(ROUTES_KEPT_MAX + 10):
        assert book.find(made, Paths(), f"/users/{number}") is not None
        assert book.find(made, Paths(), f"/pages/{number}") is None
    assert 0 < len(book) <= ROUTES_KEPT_MAX
    before = len(book)
    assert book.find(made, Paths(), "/users/" + 300 * "a") is not None
    assert len(book) == before


@pytest.mark.parametrize(("path", "kind", "_identifier"), TABLE)
def test_what_follows_from_a_route_is_known_with_it(path, kind, _identifier):
    route = find_route(router(), Paths(), path)
    assert route is not None
    assert route.is_read is (kind not in (RouteKind.INBOX, RouteKind.SHARED_INBOX))
    assert route.is_well_known is (path.startswith(("/.well-known/", "/nodeinfo/")))
