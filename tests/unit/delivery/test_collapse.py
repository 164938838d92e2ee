"""What need not be sent any more, and that the receiver ends where all of it would have led."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.delivery import Superfluous, Waiting, collapse, read_waiting
from fedtext.vocab import PUBLIC

A, B = "https://a.example/users/1", "https://a.example/users/2"


def waiting(*kinds: str, handed: frozenset[int] = frozenset(), **changes: Any) -> list[Waiting]:
    return [
        Waiting(
            job_id=number,
            activity_id=f"{A}#{number}",
            kind=kind,
            actor=A,
            object_id="https://a.example/posts/1",
            public=False,
            handed=number in handed,
            **changes,
        )
        for number, kind in enumerate(kinds)
    ]


@pytest.mark.parametrize(
    ("kinds", "handed", "left_out"),
    [
        (["Update"], [], []),
        (["Update", "Update"], [], [0]),
        (["Update", "Update", "Update"], [], [0, 1]),
        (["Update", "Update"], [0], [0]),  # it may have arrived; what counts is the last one
        (["Create", "Update", "Update"], [], [1]),
        (["Update", "Announce", "Update"], [], [0]),
        (["Update", "Delete", "Update"], [], []),
        (["Update", "Delete"], [], []),
        (["Create", "Delete"], [], [0, 1]),
        (["Create", "Update", "Update", "Delete"], [], [0, 1, 2, 3]),
        (["Create", "Delete"], [0], []),
        (["Create", "Delete"], [1], []),
        (["Create", "Update", "Delete"], [1], []),
        (["Create", "Announce", "Delete"], [], []),  # somebody has seen it
        (["Create", "Delete", "Create"], [], []),
        (["Create"], [], []),
        (["Delete"], [], []),
        (["Follow", "Undo"], [], []),
        (["Create", "Create", "Delete"], [], [1, 2]),
    ],
)
def test_what_is_left_out(kinds, handed, left_out):
    assert sorted(collapse(waiting(*kinds, handed=frozenset(handed)))) == left_out


def test_why_it_is_left_out():
    assert collapse(waiting("Update", "Update")) == {0: Superfluous(event="delivery.superseded", by=f"{A}#1")}
    why = Superfluous(event="delivery.withdrawn", by=f"{A}#1")
    assert collapse(waiting("Create", "Delete")) == {0: why, 1: why}


def test_what_everybody_could_fetch_is_said_to_be_gone():
    """Its host may have a copy without any delivery: that the post is gone is told, that it was there is not."""
    chain = waiting("Create", "Update", "Delete")
    for place in range(3):
        public = [attrs.evolve(one, public=number == place) for number, one in enumerate(chain)]
        assert sorted(collapse(public)) == [0, 1]


@pytest.mark.parametrize("change", [{"object_id": "https://a.example/posts/2"}, {"actor": B}, {"object_id": None}])
def test_another_object_or_actor_plays_no_part(change):
    first, second = waiting("Update", "Update")
    assert collapse([first, attrs.evolve(second, **change)]) == {}
    first, second = waiting("Create", "Delete")
    assert collapse([first, attrs.evolve(second, **change)]) == {}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"id": "i", "type": "Create", "actor": A, "object": {"id": "o"}, "to": [PUBLIC]}, ("Create", A, "o", True)),
        ({"type": "Delete", "actor": {"id": A}, "object": "o", "cc": "as:Public"}, ("Delete", A, "o", True)),
        ({"type": "Update", "actor": A, "object": {"id": "o"}, "to": B}, ("Update", A, "o", False)),
        ({"type": ["Update"], "actor": [A], "object": [{"id": "o"}]}, ("", "", None, False)),
        ({}, ("", "", None, False)),
    ],
)
def test_what_is_read_of_a_body(document, expected):
    found = read_waiting(7, json.dumps(document), handed=True)
    assert (found.kind, found.actor, found.object_id, found.public) == expected
    assert (found.job_id, found.handed) == (7, True)


def test_a_body_that_cannot_be_read_is_about_nothing():
    assert read_waiting(1, "{", handed=False).object_id is None


# ---- the receiver's final state --------------------------------------------------------------------------------------


class Receiver:
    """Another server: what it has of each object, by what was delivered to it and by what it fetched by itself.

    It keeps what a Create or an Update brings, whole, and drops it for good at a Delete.
    """

    def __init__(self) -> None:
        self.objects: dict[str, str] = {}
        self.gone: set[str] = set()

    def take(self, delivered: Waiting, version: str) -> None:
        iri = str(delivered.object_id)
        if delivered.kind == "Delete":
            self.objects.pop(iri, None)
            self.gone.add(iri)
        elif iri not in self.gone and (
            delivered.kind == "Update" or (delivered.kind == "Create" and iri not in self.objects)
        ):
            self.objects[iri] = version

    def fetch(self, iri: str) -> None:
        self.objects.setdefault(iri, "fetched")


# As an application says it: nothing comes after a Delete, and a Create comes first.
life_of_a_post = st.builds(
    lambda created, middle, deleted: [*created, *middle, *deleted],
    st.sampled_from([["Create"], []]),
    st.lists(st.sampled_from(["Update", "Announce", "Like"]), max_size=5),
    st.sampled_from([["Delete"], []]),
)


@st.composite
def chains(draw: st.DrawFn) -> list[Waiting]:
    """What waits for one inbox: the lives of some posts, mixed; the first ones may have been sent already."""
    lives = {f"https://a.example/posts/{n}": draw(life_of_a_post) for n in range(draw(st.integers(1, 3)))}
    public = {iri: draw(st.booleans()) for iri in lives}
    order = draw(st.permutations([iri for iri, life in lives.items() for _ in life]))
    rest = {iri: iter(life) for iri, life in lives.items()}
    handed_count = draw(st.integers(0, len(order)))
    return [
        Waiting(
            job_id=number,
            activity_id=f"{A}#{number}",
            kind=next(rest[iri]),
            actor=A,
            object_id=iri,
            public=public[iri],
            handed=number < handed_count,
        )
        for number, iri in enumerate(order)
    ]


@given(chain=chains(), arrived=st.sets(st.integers(0, 20)), fetched=st.booleans())
def test_the_receiver_s_final_state_is_the_same(chain, arrived, fetched):
    """Whatever of the handed ones has arrived already, and though it fetches what everybody may fetch."""
    left_out = collapse(chain)
    states = []
    for sent in (chain, [one for one in chain if one.job_id not in left_out]):
        receiver = Receiver()
        for one in chain:
            if one.handed and one.job_id in arrived:
                receiver.take(one, one.activity_id)
        for one in chain if fetched else []:
            if one.public and one.object_id not in receiver.gone:
                receiver.fetch(str(one.object_id))
        for one in sent:
            receiver.take(one, one.activity_id)
        states.append(receiver.objects)
    assert states[0] == states[1]


@given(chain=chains())
def test_what_is_left_is_in_order_and_nothing_that_was_sent_is_thought_away(chain):
    left_out = collapse(chain)
    assert set(left_out) <= {one.job_id for one in chain if one.kind in ("Create", "Update", "Delete")}
    assert not any(one.handed for one in chain if one.job_id in left_out and one.kind != "Update")
    assert {why.event for why in left_out.values()} <= {"delivery.superseded", "delivery.withdrawn"}
