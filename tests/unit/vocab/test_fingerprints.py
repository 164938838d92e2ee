"""What tells models apart to the letter: what is dumped or read otherwise has another fingerprint."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.jsonld import ACTIVITYSTREAMS
from fedtext.vocab import Note, Object, dump, fingerprint, load, said_chars, sealed
from fedtext.wire.json import dump as dump_json

ALICE = "https://blog.example/users/alice"


class Loud(Note):
    """A Note, to Python of another class."""


class Safe(str):
    """As templates have them."""


def made(**members: Any) -> Object:
    return load({"type": "Note", "id": ALICE, "content": "x", **members})


def test_models_that_say_the_same_to_the_letter_have_the_same_fingerprint():
    twice = "text that stands twice"
    one, other = (
        made(name=twice, summary=summary, tag=[{"type": "Mention"}]) for summary in (twice, "".join([*twice]))
    )
    assert fingerprint(one) == fingerprint(other) is not None


def test_models_made_here_of_equal_texts_have_the_same_fingerprint():
    one, other = (Note(name="twice", summary=summary) for summary in ("twice", "".join([*"twice"])))
    assert fingerprint(one) == fingerprint(other) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (made(sensitive=True), made(sensitive=1)),
        (made(x=1), made(x=1.0)),
        (made(x=0.0), made(x=-0.0)),
        (made(x=None), made()),
        (made(x=["a"]), made(x="a")),
        (made(tag=[{"name": "a"}]), made(tag=[{"name": "b"}])),
        (made(a=1, b=2), made(b=2, a=1)),
        (made(**{"@context": ACTIVITYSTREAMS}), made()),
        (Note(content="x"), Loud(content="x")),
        (Note(content="x"), load(Note(content="x").document)),
        (Note(sensitive=True), Note(sensitive=False)),
        (Note(source={"x": True}), Note(source={"x": 1})),
        (Note(source={"x": 1}), Note(source={"x": 1.0})),
        (Note(source={"x": 0.0}), Note(source={"x": -0.0})),
        (Note(source={"a": 1, "b": 2}), Note(source={"b": 2, "a": 1})),
    ],
)
def test_models_that_are_dumped_or_read_otherwise_have_another_fingerprint(one: Object, other: Object):
    assert fingerprint(one) != fingerprint(other)


@pytest.mark.parametrize("value", [float("nan"), object(), {1, 2}])
def test_what_cannot_be_written_has_no_fingerprint(value: Any):
    assert fingerprint(made(x=value)) is None


def test_what_goes_in_circles_or_too_deep_has_no_fingerprint():
    circle: list[Any] = []
    circle.append(circle)
    assert fingerprint(made(x=circle)) is None


def test_a_safe_text_of_a_template_is_a_text():
    assert fingerprint(made(content=Safe("x"))) == fingerprint(made(content="x"))
    assert fingerprint(Note(content=Safe("x"))) == fingerprint(Note(content="x"))
    assert fingerprint(Note(source={"content": Safe("x")})) is not None


def test_a_sealed_model_carries_its_fingerprint_and_what_is_made_of_it_does_not():
    one, other = sealed(Note(name="a")), Note(name="a")
    assert fingerprint(one) is fingerprint(one)
    assert fingerprint(one) == fingerprint(other)
    assert fingerprint(one.evolve(name="b")) == fingerprint(Note(name="b")) != fingerprint(one)
    assert fingerprint(copy.deepcopy(one)) == fingerprint(one)


PLAIN = st.recursive(
    st.text(max_size=3) | st.booleans() | st.none() | st.sampled_from([0, 1, 0.0, -0.0, 1.0, "[", "{"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "[", "{"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(PLAIN, PLAIN)
def test_two_fingerprints_are_equal_where_the_bytes_are(one: Any, other: Any):
    first, second = made(x=one), made(x=other)
    written = [dump_json(dump(model)) for model in (first, second)]
    assert (fingerprint(first) == fingerprint(second)) == (written[0] == written[1])
    assert fingerprint(first) == fingerprint(copy.deepcopy(first)) is not None


@pytest.mark.parametrize("changed", [{"tag": [{"name": "b"}]}, {"to": ["b"]}, {"endpoints": {"sharedInbox": "b"}}])
def test_a_fingerprint_keeps_what_was_said_when_the_document_is_changed(changed: dict[str, Any]):
    document = {"type": "Note", "id": ALICE, "tag": [{"name": "a"}], "to": ["a"], "endpoints": {"sharedInbox": "a"}}
    model = load(document)
    before = fingerprint(model)
    ((name, value),) = changed.items()
    if isinstance(value, list):
        document[name][0] = value[0]
    else:
        document[name].update(value)
    assert fingerprint(model) != before


@pytest.mark.parametrize(("members", "chars"), [({}, 0), ({"summary": "x" * 7}, 14), ({"to": ["x" * 5]}, 8)])
def test_the_characters_that_are_kept_are_counted(members: dict[str, Any], chars: int):
    least, found = fingerprint(made()), fingerprint(made(**members))
    assert least is not None
    assert found is not None
    assert said_chars(found) - said_chars(least) == chars
