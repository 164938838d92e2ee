"""What holds for every dataset: its canonical form depends on nothing but what it says."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fedtext.errors import DocumentError, FedtextError, LimitExceeded
from fedtext.jsonld import CanonizeBudget, canonize, processor
from fedtext.jsonld.nquads import Quad, literal_parts, literal_term, parse, write, write_plainly
from fedtext.testing import canonize_with_oxigraph

BUDGET = CanonizeBudget(steps_max=2_000)
clean_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
nodes = st.sampled_from([f"_:n{number}" for number in range(5)])
iris = st.sampled_from(["<https://a.example/1>", "<https://a.example/2>"])
predicates = st.sampled_from(["<https://a.example/p>", "<https://a.example/q>"])
literals = st.builds(literal_term, clean_text, language=st.sampled_from([None, "en"])).map(str)
# Not nodes: see `test_what_the_algorithm_itself_cannot_tell_apart`.
graphs = st.just("") | iris
quads = st.builds(Quad, nodes | iris, predicates, nodes | nodes | iris | literals, graphs)
datasets = st.lists(quads, max_size=12, unique=True)
labels = st.permutations([f"_:{name}" for name in ("z", "n1", "b0", "c14n0", "c14n1")])


def renamed(quad: Quad, names: dict[str, str]) -> Quad:
    return Quad(*(names.get(term, term) for term in quad))


@pytest.mark.spec("SEC-125")
@given(dataset=datasets, names=labels, data=st.data())
def test_sec_125_form_and_cost_depend_neither_on_order_nor_on_names(dataset: Any, names: Any, data: Any) -> None:
    other = data.draw(
        st.permutations([renamed(quad, {f"_:n{n}": name for n, name in enumerate(names)}) for quad in dataset])
    )
    try:
        expected = canonize(write(dataset), budget=BUDGET)
    except LimitExceeded:
        with pytest.raises(LimitExceeded):
            canonize("".join(quad.line() for quad in other), budget=BUDGET)
        return
    assert canonize("".join(quad.line() for quad in other), budget=BUDGET) == expected
    assert canonize(expected, budget=BUDGET) == expected


@given(dataset=datasets)
def test_another_implementation_agrees(dataset: Any) -> None:
    text = write(dataset)
    try:
        found = canonize(text, budget=BUDGET)
    except LimitExceeded:
        assume(False)
        return
    assert write(parse(canonize_with_oxigraph(text))) == found


def test_what_the_algorithm_itself_cannot_tell_apart() -> None:
    """Two nodes that differ by the graphs that they stand in alone, where those have no names either.

    RDFC-1.0 looks at each place of a node by itself, so that both have one hash, and what comes first is given: other
    implementations do the same. No signature rests on it: signed documents have no graphs (SEC-121).
    """
    p, n = "<https://a.example/p>", [f"_:n{number}" for number in range(4)]
    quads = [Quad(n[0], p, n[0]), Quad(n[3], p, n[1], n[2]), Quad(n[1], p, n[3], n[0])]
    forms, others = set[str](), set[str]()
    for names in permutations(n):
        text = write([renamed(quad, dict(zip(n, names, strict=True))) for quad in quads])
        forms.add(canonize(text, budget=BUDGET))
        others.add(write(parse(canonize_with_oxigraph(text))))
    assert forms == others
    assert len(forms) == 2


@given(value=clean_text)
def test_literals_read_back(value: str) -> None:
    term = str(literal_term(value))
    assert literal_parts(term)[0] == value
    quad = Quad("<urn:s>", "<urn:p>", term)
    assert parse(write([quad])) == parse(write_plainly([quad])) == [quad]


@given(one=clean_text, other=clean_text)
def test_texts_that_differ_have_other_forms(one: str, other: str) -> None:
    assume(one != other)
    assert literal_term(one) != literal_term(other)


fragments = st.sampled_from(
    ["<urn:s>", "<", ">", '"', "\\", "\\u0041", "@en", "^^", "_:b", ".", " ", "\n", "#", "_:", "x", "\ud800", "\u2028"]
)


@given(text=st.lists(fragments, max_size=16).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse(text)
    except DocumentError:
        return
    assert parse(write(found)) == sorted(found, key=Quad.line)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**400), 10**400) | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["@id", "@type", "@value", "@language", "@graph", "@list", "@context", "@reverse", "p", "urn:q"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


@settings(max_examples=200)
@given(document=st.dictionaries(st.sampled_from(["@id", "@graph", "@context", "urn:q", "p"]), values, max_size=3))
def test_any_document_becomes_statements_or_one_of_our_errors(document: Any) -> None:
    try:
        text = processor.to_rdf({"@context": {"p": "urn:p"}, **document}, base=None)
    except FedtextError:
        return
    assert write_plainly(parse(text)) == text
