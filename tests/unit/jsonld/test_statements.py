"""Statements of an expanded document, and the one form of a literal; compared with what a processor makes of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.errors import DocumentError
from fedtext.jsonld.canonization import canonize_document, canonize_quads
from fedtext.jsonld.statements import is_iri, quads_of, term_of, usual_literal

XSD = "http://www.w3.org/2001/XMLSchema#"
NS = "https://ns.example/"


def typed(value: Any, datatype: str) -> dict[str, Any]:
    return {"@value": value, "@type": datatype if ":" in datatype or datatype[:1] == "@" else XSD + datatype}


# ---- literals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spellings", "usual"),
    [
        ([{"@value": "x"}, typed("x", "string")], {"@value": "x"}),
        ([{"@value": True}, typed("true", "boolean"), typed(True, "boolean")], {"@value": True}),
        ([{"@value": 5}, typed("5", "integer"), typed(5, "integer"), {"@value": 5.0}], {"@value": 5}),
        ([{"@value": 5.5}, typed("5.5E0", "double"), typed(5.5, "double")], {"@value": 5.5}),
        ([typed("5", "nonNegativeInteger"), typed(5, "nonNegativeInteger")], typed(5, "nonNegativeInteger")),
        ([typed("05", "integer")], typed("05", "integer")),
        ([typed("-0", "integer")], typed("-0", "integer")),
        ([{"@value": -0.0}, {"@value": 0}], {"@value": 0}),
        ([{"@value": 10**20}, typed("100000000000000000000", "integer"), {"@value": 1e20}], {"@value": 10**20}),
        ([{"@value": 1e21}, {"@value": 10**21}, typed("1.0E21", "double")], {"@value": 1e21}),
        ([typed(10**21, "integer"), typed("1.0E21", "integer")], typed(1e21, "integer")),
        ([typed("1" * 22, "integer")], typed("1" * 22, "integer")),
        ([typed("1.50", "double"), typed("15e-1", "double"), {"@value": 1.5}], {"@value": 1.5}),
        ([typed(5, "double"), typed("5.0E0", "double"), typed("5", "double")], typed(5.0, "double")),
        ([typed("1.5E0", "float"), typed(1.5, "float")], typed(1.5, "float")),
        ([typed("1.50E0", "float")], typed("1.50E0", "float")),
        ([typed("INF", "double"), typed("1E400", "double")], typed("INF", "double")),
        ([typed("a half", "double")], typed("a half", "double")),
        ([typed("TRUE", "boolean")], typed("TRUE", "boolean")),
        ([typed(True, f"{NS}t"), typed("true", f"{NS}t")], typed("true", f"{NS}t")),
        ([typed(5, f"{NS}t"), typed("5", f"{NS}t")], typed("5", f"{NS}t")),
        ([typed("5", "decimal"), typed(5, "decimal")], typed(5, "decimal")),
        ([{"@value": ""}], {"@value": ""}),
        ([typed("1", "boolean")], typed("1", "boolean")),
        ([typed("x", f"{NS}t")], typed("x", f"{NS}t")),
        ([typed("2026-01-01T00:00:00Z", "dateTime")], typed("2026-01-01T00:00:00Z", "dateTime")),
        ([{"@value": "x", "@language": "en"}], {"@value": "x", "@language": "en"}),
        ([typed({"b": 1, "a": [None]}, "@json")], typed({"b": 1, "a": [None]}, "@json")),
    ],
)
def test_a_literal_has_one_form_however_it_is_spelled(spellings: list[dict[str, Any]], usual: dict[str, Any]) -> None:
    for spelling in spellings:
        assert usual_literal(spelling) == usual
        assert term_of(spelling) == term_of(usual)
        assert type(usual_literal(spelling)["@value"]) is type(usual["@value"])


@pytest.mark.parametrize("value", [{"@value": "x", "@language": "no tag at all"}, {"@value": "x", "@type": "relative"}])
def test_a_literal_that_rdf_does_not_have_has_no_term(value: dict[str, Any]) -> None:
    assert term_of(value) is None


def test_a_lone_surrogate_is_no_text() -> None:
    with pytest.raises(DocumentError):
        term_of({"@value": "\ud800"})


@pytest.mark.parametrize(
    ("text", "fine"), [(f"{NS}x", True), ("urn:x", True), ("relative", False), ("_:b", False), (f"{NS} x", False)]
)
def test_what_an_iri_is(text: str, fine: bool) -> None:
    assert is_iri(text) is fine


def test_json_is_one_literal_in_whatever_order_and_spelling() -> None:
    one, other = typed({"a": [1.0, "\u00e9"], "b": None}, "@json"), typed({"b": None, "a": [1, "\u00e9"]}, "@json")
    assert term_of(one) == term_of(other)
    assert str(term_of(one)).endswith("^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON>")
    assert usual_literal(one) == usual_literal(other)


@pytest.mark.parametrize(
    ("node", "count"),
    [
        ({"@id": "urn:a"}, 0),
        ({"@id": "urn:a", "@type": [f"{NS}T", f"{NS}U", f"{NS}T"]}, 2),
        ({"@id": "urn:a", f"{NS}p": [{"@value": 1}, {"@value": 1.0}, {"@value": "1"}]}, 2),
        ({"@id": "urn:a", f"{NS}p": [{}, {}]}, 2),
        ({"@id": "urn:a", f"{NS}p": [{"@list": []}, {"@list": []}]}, 1),
        ({"@id": "urn:a", f"{NS}p": [{"@list": [{"@value": 1}]}, {"@list": [{"@value": 1}]}]}, 6),
        ({"@id": "urn:a", f"{NS}p": [{"@list": [{"@list": [{"@value": 1}]}, {"@id": "urn:b"}]}]}, 7),
        ({f"{NS}p": [{"@id": "urn:b", f"{NS}q": [{"@id": "urn:a"}]}]}, 2),
        ({"@id": "urn:a", "@index": "x", f"{NS}p": [{"@value": 1}]}, 1),
    ],
)
def test_each_statement_is_said_once(node: dict[str, Any], count: int) -> None:
    found = quads_of(node)
    assert len(found) == len(set(found)) == count
    assert canonize_quads(found) == canonize_document([node])


# ---- statements ------------------------------------------------------------------------------------------------------

LITERALS = st.one_of(
    st.builds(
        lambda value: {"@value": value}, st.text(max_size=5) | st.booleans() | st.integers() | st.floats(-1e30, 1e30)
    ),
    st.builds(lambda value: {"@value": value, "@language": "de-at"}, st.text(max_size=5)),
    st.builds(
        lambda value, name: {"@value": value, "@type": XSD + name},
        st.sampled_from(["true", "1", "01", "-0", "1.5E0", "1.50E0", "1E400", "x"])
        | st.integers(-9, 9)
        | st.booleans(),
        st.sampled_from(["boolean", "integer", "double", "decimal", "string", "date", "nonNegativeInteger"]),
    ),
)
IRIS = st.sampled_from([f"{NS}{name}" for name in "abcde"])
NODES = st.recursive(
    st.builds(lambda iri: {"@id": iri}, IRIS),
    lambda inner: st.builds(
        lambda types, members: {**({"@type": types} if types else {}), **members},
        st.lists(IRIS, max_size=2),
        st.dictionaries(
            IRIS.map(lambda iri: f"{iri}/p"),
            st.lists(
                LITERALS | inner | st.builds(lambda items: {"@list": items}, st.lists(LITERALS | inner, max_size=3)),
                min_size=1,
                max_size=3,
            ),
            max_size=3,
        ),
    ),
    max_leaves=8,
)


@given(node=NODES)
def test_the_statements_are_those_of_a_processor(node: dict[str, Any]) -> None:
    document = {"@id": f"{NS}root", **node}
    try:
        expected = canonize_document([document])
    except DocumentError:
        return
    assert canonize_quads(quads_of(document)) == expected
