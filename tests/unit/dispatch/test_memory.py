"""What was made of models, kept beside them."""

from __future__ import annotations

import pytest

from fedtext import PUBLIC, Mention, Note
from fedtext.dispatch import Memory
from fedtext.dispatch.memory import SAID_CHARS_MAX
from fedtext.vocab import load
from fedtext.vocab.model import BUILT, carried

ONE, OTHER = Note(content="one"), Note(content="other")


def test_of_the_same_model_nothing_is_made_again():
    memory = Memory[list[int]]()
    made = memory.of("a", ONE, (1,), list)
    assert memory.of("a", ONE, (1,), list) is made
    assert memory.of("a", Note(content="one"), (1,), list) is made
    assert memory.of("b", ONE, (1,), list) is not made


def test_of_a_model_that_says_something_else_it_is_made_anew_and_the_older_one_is_gone():
    memory = Memory[int]()
    models = [ONE, OTHER, ONE, Note(content="one"), ONE]
    assert [memory.of("a", model, None, lambda made=made: made) for made, model in enumerate(models)] == [0, 1, 2, 2, 2]
    assert len(memory) == 1


def test_beside_something_else_it_is_made_anew():
    memory = Memory[int]()
    besides = [(1, ()), (1, ("x",)), (1, ("x",)), (1, ())]
    assert [memory.of("a", ONE, beside, lambda made=made: made) for made, beside in enumerate(besides)] == [0, 1, 1, 3]


def test_a_model_whose_document_was_changed_is_another() -> None:
    """It was handed over, so nobody should change it; what it says counts all the same, such as whom it is for."""
    document = {"type": "Note", "to": "https://www.w3.org/ns/activitystreams#Public"}
    memory, model = Memory[int](), load(document)
    assert memory.of("a", model, None, lambda: 1) == 1
    document["to"] = "https://a.example/friend"
    assert memory.of("a", model, None, lambda: 2) == 2


class Poem(Note):
    """A class of the application, whose properties may do anything."""


DOCUMENT = {"type": "Mention", "href": "https://a.example/friend"}


@pytest.mark.parametrize(
    ("model", "is_sealed"),
    [
        (Note(content="one", to=(PUBLIC, "https://a.example/friend"), sensitive=True), True),
        (Note(content="one", tag=(Mention(href="https://a.example/friend"),)), False),
        (Note(content="one", source={"content": "one"}), False),
        (Note(content="one").evolve(content="two"), False),
        (load({"type": "Note", "content": "one"}), False),
        (Poem(content="one"), False),
    ],
    ids=["plain", "embedding", "structured", "evolved", "loaded", "own class"],
)
def test_a_model_that_is_given_again_is_read_once_if_nobody_else_has_a_hold_of_it(model: Note, is_sealed: bool) -> None:
    memory = Memory[list[int]]()
    made = memory.of("a", model, None, list)
    assert carried(model) in (None, BUILT)  # most applications make another one for the next request
    assert memory.of("a", model, None, list) is memory.of("a", model, None, list) is made
    assert (carried(model) not in (None, BUILT)) is is_sealed


def test_a_model_in_which_something_was_changed_is_another_however_often_it_was_given() -> None:
    document = dict(DOCUMENT)
    memory, model = Memory[int](), Note(content="one", tag=(load(document),))
    assert [memory.of("a", model, None, lambda made=made: made) for made in range(4)] == [0] * 4
    document["href"] = "https://a.example/other"
    assert memory.of("a", model, None, lambda: 5) == 5


@pytest.mark.parametrize(
    "model", [Note(content="x" * SAID_CHARS_MAX), load({"type": "Note", "x": float("nan")})], ids=["long", "no JSON"]
)
def test_of_what_says_too_much_or_cannot_be_written_nothing_is_kept(model):
    memory = Memory[list[int]]()
    assert memory.of("a", model, None, list) is not memory.of("a", model, None, list)
    assert len(memory) == 0


def test_where_it_cannot_be_made_nothing_is_kept():
    memory = Memory[int]()
    with pytest.raises(ZeroDivisionError):
        memory.of("a", ONE, None, lambda: 1 // 0)
    assert memory.of("a", ONE, None, lambda: 7) == 7


def test_so_many_are_kept_those_made_last():
    memory = Memory[int](count_max=3)
    for number in range(5):
        memory.of(str(number), ONE, None, lambda number=number: number)
    memory.of("2", OTHER, None, lambda: 22)  # made again: the latest now
    memory.of("5", ONE, None, lambda: 5)
    assert len(memory) == 3
    asked = [("4", ONE), ("2", OTHER), ("5", ONE), ("3", ONE)]
    assert [memory.of(name, model, None, lambda: -1) for name, model in asked] == [4, 22, 5, -1]
