"""Own actors as they were made before."""

from __future__ import annotations

from typing import Any

import pytest

from fedtext.errors import LocalProtocolError
from fedtext.federation.described import KEPT_COUNT_MAX, SAID_CHARS_MAX, DescribedActors, describe
from fedtext.vocab import Image, Person, Service, Text, dump

EDITION = (1, 0, 0, False)


class OwnKind(Person):
    """A kind of the application's own."""


class Safe(str):
    """As templates have them."""


def test_of_the_same_words_an_actor_is_not_made_again(world):
    one, other = (world.context.actor(Person, handle="a", pk=pk, name="A", discoverable=True) for pk in (1, "1"))
    assert one is other
    assert dump(one)["name"] == "A"


@pytest.mark.parametrize(
    "said",
    [
        {"pk": 2},
        {"handle": "b"},
        {"name": "B"},
        {"name": None},
        {"discoverable": False},
        {"summary": "x"},
        {"model": Service},
    ],
)
def test_of_other_words_it_is_another(world, said):
    usual: dict[str, Any] = {"model": Person, "handle": "a", "pk": 1, "name": "A", "discoverable": True}

    def made(model: type[Person], **given: Any) -> Person:
        return world.context.actor(model, **given)

    one, other = made(**usual), made(**{**usual, **said})
    assert one is not other
    assert one != other
    assert made(**usual) is one


def test_where_more_is_registered_its_addresses_are_new(world):
    before = world.context.actor(Person, handle="a", pk=1)
    world.fed.collection("/u/{pk}/liked", "liked")(lambda *_: None)
    after = world.context.actor(Person, handle="a", pk=1)
    assert (before.liked, after.liked) == (None, f"{world.fed.site.origin}/u/1/liked")


@pytest.mark.parametrize(
    ("model", "handle", "properties"),
    [
        (OwnKind, "a", {}),
        (Person, Safe("a"), {}),
        (Person, "a", {"name": Safe("A")}),
        (Person, "a", {"name": Text("A", language="en")}),
        (Person, "a", {"icon": Image(url="https://blog.example/a.png")}),
        (Person, "a", {"capabilities": {"x": 1}}),
    ],
)
def test_of_what_may_be_more_than_it_seems_it_is_made_anew(model, handle, properties):
    assert describe(model, EDITION, "1", handle, properties) is None


def test_what_cannot_be_made_is_refused_each_time(world):
    for _ in range(2):
        with pytest.raises(LocalProtocolError):
            world.context.actor(Person, handle="a", pk=1, moved_to="no address")


def test_so_many_are_kept_those_made_last():
    described, actor = DescribedActors(), Person(name="A")
    told = [describe(Person, EDITION, str(number), "a", {}) for number in range(KEPT_COUNT_MAX + 2)]
    for description in told:
        described.keep(description, actor)
    assert len(described) == KEPT_COUNT_MAX
    assert [described.find(description) for description in (*told[:2], told[-1])] == [None, None, actor]


def test_nothing_is_kept_of_what_says_too_much_or_cannot_be_compared():
    described, actor = DescribedActors(), Person(name="A")
    described.keep(describe(Person, EDITION, "1", "a", {"summary": "x" * SAID_CHARS_MAX}), actor)
    described.keep(None, actor)
    assert len(described) == 0
    assert described.find(None) is None
