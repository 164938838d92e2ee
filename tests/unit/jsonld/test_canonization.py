"""Canonical datasets, and what they may cost: work is counted, never timed."""

from __future__ import annotations

import random
from itertools import combinations, permutations
from typing import Any

import pytest

from fedtext.errors import DocumentError, LimitExceeded
from fedtext.jsonld import ACTIVITYSTREAMS, VERIFICATION_BUDGET, CanonizeBudget, canonize, canonize_document

P = "<https://a.example/p>"


def clique(size: int) -> str:
    """Every blank node linked with every other."""
    return "".join(f"_:n{a} {P} _:n{b} .\n" for a, b in permutations(range(size), 2))


def chain(size: int) -> str:
    """One blank node after the other."""
    return "".join(f"_:n{n} {P} _:n{n + 1} .\n" for n in range(size))


def test_a_canonical_form() -> None:
    assert canonize(f'_:x {P} "v" .\n') == f'_:c14n0 {P} "v" .\n'
    assert canonize("") == ""
    assert canonize(f"<https://b.example/> {P} <https://c.example/> .\n" * 2) == (
        f"<https://b.example/> {P} <https://c.example/> .\n"
    )


def test_order_and_names_do_not_count() -> None:
    lines = [f"_:n{a} {P} _:n{b} ." for a, b in combinations(range(4), 2)] + [f'_:n2 {P} "x"@en .']
    expected = canonize("\n".join(lines) + "\n")
    chance = random.Random(7)
    for _ in range(20):
        names = chance.sample([f"m{n}" for n in range(9)], 4)
        chance.shuffle(lines)
        text = "\n".join(lines) + "\n"
        for number, name in enumerate(names):
            text = text.replace(f"_:n{number} ", f"_:{name} ")
        assert canonize(text) == expected


def test_the_hash_is_an_argument() -> None:
    quads = f"_:a {P} _:b .\n_:a {P} _:c .\n_:b {P} _:d .\n_:c {P} _:d .\n"
    assert canonize(quads, hash_name="sha384") != canonize(quads)


@pytest.mark.spec("SEC-125")
@pytest.mark.parametrize("size", range(5, 11))
def test_sec_125_cliques_cost_more_than_a_document_may(size: int) -> None:
    with pytest.raises(LimitExceeded):
        canonize(clique(size), budget=VERIFICATION_BUDGET)


@pytest.mark.spec("SEC-125")
@pytest.mark.parametrize("size", [50, 200, 900])
def test_sec_125_long_chains_are_refused(size: int) -> None:
    with pytest.raises(LimitExceeded) as caught:
        canonize(chain(size))
    assert caught.value.context["limit"] == "blank_nodes_max"


@pytest.mark.spec("SEC-125")
def test_sec_125_many_nodes_and_many_statements_are_refused() -> None:
    with pytest.raises(LimitExceeded):
        canonize("".join(f'_:n{n} {P} "x" .\n' for n in range(10_000)), budget=CanonizeBudget(quads_max=20_000))
    with pytest.raises(LimitExceeded) as caught:
        canonize(f'<https://b.example/> {P} "x" .\n' * 100_000)
    assert caught.value.context["limit"] == "quads_max"


def test_each_bound_holds_at_its_value_and_not_above() -> None:
    nodes = "".join(f'_:n{n} {P} "{n}" .\n' for n in range(3))
    assert canonize(nodes, budget=CanonizeBudget(blank_nodes_max=3, quads_max=3)).count("\n") == 3
    with pytest.raises(LimitExceeded):
        canonize(nodes, budget=CanonizeBudget(blank_nodes_max=2))
    with pytest.raises(LimitExceeded):
        canonize(nodes, budget=CanonizeBudget(quads_max=2))
    # Two nodes that look alike: each of them, and the one linked to it, is placed once in one order.
    alike = f"_:a {P} _:b .\n_:b {P} _:a .\n"
    steps = next(steps for steps in range(100) if _fits(alike, steps))
    assert steps > 1
    assert not _fits(alike, steps - 1)


def _fits(quads: str, steps: int) -> bool:
    try:
        canonize(quads, budget=CanonizeBudget(steps_max=steps))
    except LimitExceeded:
        return False
    return True


@pytest.mark.parametrize("text", ["nonsense", "<a> <b>", f"_:x {P} .", '"x" "y" "z" .'])
def test_what_is_no_dataset_is_refused(text: str) -> None:
    with pytest.raises(DocumentError):
        canonize(text)


def test_a_document_is_canonized_by_what_rdf_can_say() -> None:
    document: Any = {"@context": ACTIVITYSTREAMS, "id": "https://a.example/1", "type": "Note", "content": "hi"}
    expected = (
        "<https://a.example/1> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "
        f"<{ACTIVITYSTREAMS}#Note> .\n"
        f'<https://a.example/1> <{ACTIVITYSTREAMS}#content> "hi" .\n'
    )
    assert canonize_document(document) == expected
    # SEC-123, SEC-133: relative ids and names without a definition are in the document, not in the dataset.
    assert canonize_document({**document, "url": "rel", "unknown": 1, "sensitive": True}) == expected


def test_the_budget_holds_for_documents_too() -> None:
    document: Any = {"@context": ACTIVITYSTREAMS, "type": "Note", "tag": [{"name": str(n)} for n in range(40)]}
    with pytest.raises(LimitExceeded):
        canonize_document(document)
