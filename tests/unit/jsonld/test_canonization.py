"""Canonical datasets, and what they may cost: work is counted, never timed."""

from __future__ import annotations

import random
from hashlib import sha256
from itertools import combinations, permutations
from typing import Any

import pytest

from fedtext.errors import ConfigurationError, DocumentError, LimitExceeded
from fedtext.jsonld import (
    ACTIVITYSTREAMS,
    VERIFICATION_BUDGET,
    CanonizeBudget,
    canonization,
    canonize,
    canonize_document,
    nquads,
)

P = "<urn:p>"


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


def rings() -> str:
    three = "".join(f"_:a{n} {P} _:a{(n + 1) % 3} .\n" for n in range(3))
    return three + "".join(f"_:b{n} {P} _:b{(n + 1) % 2} .\n" for n in range(2))


def tree() -> str:
    branches = "".join(f"_:r {P} _:{a} .\n_:{a} {P} _:{b} .\n" for a, b in ("ab", "cd", "ef"))
    return branches + "".join(f"_:{a} <urn:q> _:{b} .\n" for a, b in ("bd", "df", "fb"))


def uneven() -> str:
    return "".join(f"_:{a} {P} _:{b} .\n" for a, b in ("ab", "bc", "ca", "ad", "de", "ef", "fd", "be", "cf"))


# Nodes that are told apart by their neighbours only. What is expected is what RDFC-1.0 gives, as another implementation
# has it (tests/properties compares at random); each name stands for `_:c14n` and a number.
ANSWERS = {
    "rings": (rings(), "0p1 1p0 2p4 3p2 4p3"),
    "tree": (tree(), "0p1 0p4 0p6 1p2 2q5 3q2 4p3 5q3 6p5"),
    "uneven": (uneven(), "0p2 0p4 1p0 1p5 2p1 2p3 3p5 4p3 5p4"),
    "graphs": (
        f"_:a {P} _:b _:g .\n_:b {P} _:a _:h .\n_:c {P} _:d _:h .\n_:d {P} _:c _:g .\n",
        "0p1g3 1p0g2 4p5g2 5p4g3",
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_names_are_given_in_the_order_that_the_algorithm_has(name: str) -> None:
    text, short = ANSWERS[name]
    found = canonize(text).replace("_:c14n", "").replace("<urn:q>", "q").replace(P, "p").replace(" .\n", "\n")
    plain = [line.split() for line in found.splitlines()]
    assert " ".join("".join(terms[:3]) + "".join(f"g{graph}" for graph in terms[3:]) for terms in plain) == short
    lines = text.splitlines(keepends=True)
    for order in (reversed(lines), sorted(lines, key=lambda line: line[::-1])):
        assert canonize("".join(order).replace("_:a", "_:z")) == canonize(text)


@pytest.mark.parametrize("nodes", ["", "a", "ab", "ba", "abc", "aab", "bab", "aabb", "abcd", "ccaab"])
def test_each_order_is_tried_once(nodes: str) -> None:
    assert list(canonization._orders(list(nodes))) == sorted(set(permutations(nodes)))


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
    text = f"<https://b.example/> {P} <https://c.example/> .\n"
    chars = len(text.removesuffix(" .\n").replace(" ", ""))
    assert canonize(text, budget=CanonizeBudget(chars_max=chars)) == text
    with pytest.raises(LimitExceeded) as caught:
        canonize(text, budget=CanonizeBudget(chars_max=chars - 1))
    assert caught.value.context["limit"] == "chars_max"
    # Two nodes that look alike, each the other's neighbour twice. To hash one costs 1, a look at 2 neighbours, and
    # the other placed in 2 places; the other is hashed on the way once, for 1 and 2 and 2 more.
    alike = f"_:a {P} _:b .\n_:b {P} _:a .\n"
    steps = next(steps for steps in range(100) if _fits(alike, steps))
    assert steps == 2 * (1 + 2 + 2 + (1 + 2 + 2))
    assert not _fits(alike, steps - 1)


def _fits(quads: str, steps: int) -> bool:
    try:
        canonize(quads, budget=CanonizeBudget(steps_max=steps))
    except LimitExceeded:
        return False
    return True


def test_there_is_no_other_hash() -> None:
    with pytest.raises(ConfigurationError):
        canonize("", hash_name="md5")


@pytest.mark.spec("SEC-125")
def test_sec_125_the_default_budget_refuses_what_cannot_be_done() -> None:
    for size in range(6, 11):
        with pytest.raises(LimitExceeded) as caught:
            canonize(clique(size))
        assert caught.value.context["limit"] == "steps_max"


@pytest.mark.spec("SEC-125")
def test_sec_125_refusing_costs_no_more_than_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[bytes] = []
    monkeypatch.setitem(canonization._HASHES, "sha256", lambda data: hashed.append(data) or sha256(data))
    with pytest.raises(LimitExceeded):
        canonize(clique(10), budget=CanonizeBudget(steps_max=500))
    # Every node once, the one place twice, and fewer than the steps while orders are tried.
    assert len(hashed) <= 10 + 2 + 500
    assert sum(map(len, hashed)) < 500_000


@pytest.mark.spec("SEC-125")
def test_sec_125_long_names_are_not_hashed_at_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[bytes] = []
    monkeypatch.setitem(canonization._HASHES, "sha256", lambda data: hashed.append(data) or sha256(data))
    long = f"<https://a.example/{'x' * 10_000}>"
    canonize(clique(4).replace(P, long))
    assert sum(len(data) > 10_000 for data in hashed) == 4 + 2  # what is said of each node, and two places


@pytest.mark.spec("SEC-125")
@pytest.mark.parametrize("shape", ["chain", "ring", "star"])
def test_what_looks_alike_but_is_soon_told_apart_is_canonized(shape: str) -> None:
    links = {"chain": chain(31), "ring": chain(31) + f"_:n31 {P} _:n0 .\n"}
    star = "".join(f"_:n {P} _:m{n} .\n" for n in range(5))
    assert canonize(links.get(shape, star), budget=VERIFICATION_BUDGET).count("_:c14n0 ") > 0


def test_graphs_that_are_named_by_the_same_node_twice() -> None:
    # The same neighbour in the same place, once for each statement: its orders are not counted twice.
    text = "".join(f'_:a {P} "{n}" _:g .\n_:b {P} "{n}" _:g .\n' for n in range(12))
    assert canonize(text).count("_:c14n") == 48


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


@pytest.mark.spec("SEC-123")
@pytest.mark.parametrize("text", ["\\n", "\n", "\\\n", '\\"', "a\u2028b\x85\x0b", "\x00\x08\x7f", "C:\\new", "_:a _:b"])
def test_sec_123_a_text_is_signed_as_it_is(text: str) -> None:
    found = canonize_document({"@context": ACTIVITYSTREAMS, "id": "https://a.example/1", "content": text})
    (quad,) = nquads.parse(found)
    assert nquads.literal_parts(quad.object)[0] == text
    assert found == canonize(found)


def test_labels_inside_of_texts_are_no_blank_nodes() -> None:
    content = " ".join(f"_:a{n}" for n in range(40))
    assert content in canonize_document({"@context": ACTIVITYSTREAMS, "id": "https://a.example/1", "content": content})


@pytest.mark.spec("SEC-133")
def test_sec_133_relative_ids_are_left_out_unless_a_base_is_given() -> None:
    document: Any = {"@context": ACTIVITYSTREAMS, "id": "rel/x", "content": "hi"}
    assert canonize_document(document) == ""
    assert "<https://a.example/rel/x>" in canonize_document(document, base="https://a.example/")


def test_what_grows_when_it_is_written_out_is_refused() -> None:
    kind = "https://a.example/" + "x" * 10_000
    document: Any = {
        "@context": {"p": {"@id": "urn:p", "@type": kind}},
        "@id": "urn:s",
        "p": [str(n) for n in range(300)],
    }
    with pytest.raises(LimitExceeded) as caught:
        canonize_document(document, budget=VERIFICATION_BUDGET)
    assert caught.value.context["limit"] == "chars_max"
    assert canonize_document({**document, "p": "1"}, budget=VERIFICATION_BUDGET).endswith("x> .\n")


def test_the_statements_of_a_document_are_counted() -> None:
    document: Any = {"@id": "urn:s", "urn:p": ["1", "2", "3"]}
    assert canonize_document(document, budget=CanonizeBudget(quads_max=3)).count("\n") == 3
    with pytest.raises(LimitExceeded) as caught:
        canonize_document(document, budget=CanonizeBudget(quads_max=2))
    assert caught.value.context["limit"] == "quads_max"


def test_the_budget_holds_for_documents_too() -> None:
    document: Any = {"@context": ACTIVITYSTREAMS, "type": "Note", "tag": [{"name": str(n)} for n in range(40)]}
    with pytest.raises(LimitExceeded):
        canonize_document(document)
