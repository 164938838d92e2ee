"""What an application registers."""

from __future__ import annotations

import functools

import pytest

from fedtext.errors import ConfigurationError
from fedtext.federation.registry import Router, is_async
from fedtext.vocab import Create, Follow


def nothing(*_args: object, **_named: object) -> None:
    """Stand for any callback."""


class Crowd:
    """Stands for a follower source."""


def full() -> Router:
    router = Router()
    router.actor("/users/{pk}")(nothing)
    router.handle(nothing)
    router.resource(nothing)
    router.nodeinfo(nothing)
    router.intent("Follow", "/follow?uri={object}")
    router.object("/posts/{pk}", source=Crowd, load=nothing)(nothing)
    router.object("/notes/{a}/{b}")(nothing)
    router.outbox("/users/{pk}/outbox")(nothing)
    router.collection("/users/{pk}/featured", "featured")(nothing)
    router.collection("/posts/{pk}/likes", "likes")(nothing)
    router.authorize_owner(nothing)
    router.on_outbox(nothing)
    router.on(Create)(nothing)
    router.on(Follow)(nothing)
    router.on_unverified(nothing)
    router.followers(Crowd())
    return router


def test_registering_gives_the_callback_back():
    """So that it stays the function that it was."""
    router = Router()
    for register in (
        router.actor("/u/{pk}"),
        router.handle,
        router.resource,
        router.nodeinfo,
        router.object("/p/{pk}"),
        router.outbox("/u/{pk}/outbox"),
        router.collection("/lists/{pk}"),
        router.authorize_owner,
        router.on_outbox,
        router.on(Create),
        router.on_unverified,
    ):
        assert register(nothing) is nothing


@pytest.mark.parametrize("path", ["/users", "/users/{a}/{b}"])
def test_an_actor_s_path_has_exactly_one_parameter(path):
    with pytest.raises(ConfigurationError):
        Router().actor(path)


@pytest.mark.parametrize(
    "register",
    [
        lambda router: router.actor("/people/{pk}")(nothing),
        lambda router: router.handle(nothing),
        lambda router: router.resource(nothing),
        lambda router: router.nodeinfo(nothing),
        lambda router: router.intent("Follow", "/other?uri={object}"),
        lambda router: router.followers(Crowd()),
        lambda router: router.outbox("/boxes/{pk}")(nothing),
        lambda router: router.collection("/pinned/{pk}", "featured")(nothing),
        lambda router: router.authorize_owner(nothing),
        lambda router: router.on_outbox(nothing),
    ],
)
def test_what_there_is_once_is_registered_once(register):
    with pytest.raises(ConfigurationError):
        register(full())


def test_a_router_is_taken_over_whole():
    whole = Router()
    whole.include(full())
    for name in ("actors", "objects", "collections", "listeners", "unverified", "intents"):
        assert getattr(whole, name) == getattr(full(), name), name
    for name in ("handle_callback", "resource_callback", "nodeinfo_callback", "owner_callback", "outbox_callback"):
        assert getattr(whole, name) == getattr(full(), name), name
    assert isinstance(whole.follower_source, Crowd)
    with pytest.raises(ConfigurationError):
        whole.include(full())


def test_routers_add_up():
    whole, more = full(), Router()
    more.on(Create)(nothing)
    more.object("/more/{pk}")(nothing)
    whole.include(more)
    assert (len(whole.listeners), len(whole.objects), len(whole.actors)) == (3, 3, 1)


def test_every_callback_is_known_to_the_checks():
    # actor, two objects, three collections, load, two listeners, handle, resource, nodeinfo, owners, what clients say,
    # and who is told of refused deliveries
    assert len(full().callbacks()) == 15
    assert Router().callbacks() == []


async def coroutine() -> None:
    """Stand for an async callback."""


class AsyncCallable:
    async def __call__(self) -> None: ...


class PlainCallable:
    def __call__(self) -> None: ...


class WithMethods:
    async def later(self) -> None: ...

    def now(self) -> None: ...


@pytest.mark.parametrize(
    ("callback", "expected"),
    [
        (nothing, False),
        (coroutine, True),
        (functools.partial(coroutine), True),
        (functools.partial(nothing), False),
        (AsyncCallable(), True),
        (PlainCallable(), False),
        (WithMethods().later, True),
        (WithMethods().now, False),
        (lambda: None, False),
    ],
)
def test_what_is_awaited_and_what_is_called(callback, expected):
    assert is_async(callback) is expected
