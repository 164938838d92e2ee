"""From the expanded form to plain names: the usual shape where its definition allows it, nothing lost elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from fedtext.errors import ContextRefused
from fedtext.jsonld import ACTIVITYSTREAMS
from fedtext.jsonld.compaction import compact_plainly, pairs_of
from fedtext.jsonld.processor import expand

AS = f"{ACTIVITYSTREAMS}#"
SEC = "https://w3id.org/security#"
PURPOSE = {f"{SEC}proofPurpose": [{"@id": f"{SEC}assertionMethod"}]}
DATE_TIME = "http://www.w3.org/2001/XMLSchema#dateTime"

WRITTEN: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"@id": "https://a.example/1", "@type": [f"{AS}Note", "_:Own"]},
        {"id": "https://a.example/1", "type": ["Note", "Own"]},
    ),
    ({f"{AS}actor": [{"@id": "https://a.example/1"}]}, {"actor": "https://a.example/1"}),
    ({f"{AS}name": [{"@id": "https://a.example/1"}]}, {"name": "https://a.example/1"}),
    ({f"{AS}name": [{"@id": "x:1"}, {"@value": "y"}]}, {"name": [{"id": "x:1"}, "y"]}),
    ({f"{AS}actor": [{"@value": 3}]}, {"actor": 3}),
    ({f"{AS}actor": [{"@value": 3}, {"@id": "x:1"}]}, {"actor": [{"@value": 3}, "x:1"]}),
    ({f"{AS}published": [{"@value": "x", "@type": DATE_TIME}]}, {"published": "x"}),
    ({f"{AS}published": [{"@value": "x"}]}, {"published": "x"}),
    ({f"{AS}items": [{"@list": [{"@id": "x:1"}]}]}, {"orderedItems": ["x:1"]}),
    ({f"{AS}items": [{"@id": "x:1"}, {"@list": [{"@id": "x:2"}]}]}, {"items": "x:1", "orderedItems": ["x:2"]}),
    ({f"{AS}name": [{"@list": [{"@value": 1}]}]}, {"name": {"@list": [1]}}),
    ({"http://joinmastodon.org/ns#focalPoint": [{"@list": [{"@value": 1}]}]}, {"focalPoint": [1]}),
    (
        {f"{AS}content": [{"@value": "a"}, {"@value": "b", "@language": "en"}]},
        {"content": "a", "contentMap": {"en": "b"}},
    ),
    ({f"{AS}mediaType": [{"@value": "b", "@language": "en"}]}, {"mediaType": {"@value": "b", "@language": "en"}}),
    ({f"{AS}content": [{"@value": "a", "@language": "und"}, {"@value": "b"}]}, {"content": ["a", {"@value": "b"}]}),
    ({f"{AS}to": []}, {"to": []}),
    ({"https://ns.example/x": [{"@id": "x:1"}, {"@value": 1}]}, {"https://ns.example/x": [{"id": "x:1"}, 1]}),
    ({f"{AS}icon": [{}]}, {"icon": {}}),
    ({f"{AS}actor": [{"@id": None}]}, {"actor": []}),
    (
        {
            f"{SEC}proof": [
                {
                    "@graph": [
                        {
                            "@type": [f"{SEC}DataIntegrityProof"],
                            f"{SEC}proofPurpose": [{"@id": f"{SEC}assertionMethod"}],
                        }
                    ]
                }
            ]
        },
        {"proof": {"type": "DataIntegrityProof", "proofPurpose": "assertionMethod"}},
    ),
]


@pytest.mark.parametrize(("node", "expected"), WRITTEN)
def test_nodes_are_written_plainly_and_say_the_same(node: dict[str, Any], expected: dict[str, Any]) -> None:
    written = compact_plainly(node, {})
    assert {name: value for name, value in written.items() if name != "@context"} == expected
    again: Any = expand({"https://ns.example/in": written}, base=None)
    if {"@id": None} not in node.get(f"{AS}actor", ()):
        assert again == [{"https://ns.example/in": [node]}]


@pytest.mark.parametrize(
    ("first", "other"),
    [
        ("http://schema.org#value", "http://schema.org/value"),
        ("http://schema.org#value", "https://schema.org/value"),
        ("http://schema.org/value", "https://schema.org#value"),
        (f"{AS}name", "http://www.w3.org/ns/activitystreams#name"),
    ],
)
def test_two_addresses_of_one_vocabulary_are_kept_apart_in_whatever_order(first: str, other: str) -> None:
    node: Any = {first: [{"@value": 1}], other: [{"@value": 2}]}
    for order in (node, dict(reversed(node.items()))):
        written = compact_plainly(order, {})
        plain = first.replace("/", "#").rpartition("#")[2]
        assert (written[plain], written[other]) == (1, 2)


def test_a_name_that_nobody_defined_is_not_defined_by_us() -> None:
    written = compact_plainly({"_:sensitive": [{"@value": True}], "@type": ["_:Hashtag"]}, {})
    assert written == {"@context": [ACTIVITYSTREAMS], "type": "Hashtag", "sensitive": True}


@pytest.mark.spec("JLD-07")
def test_a_name_with_and_without_a_definition_is_refused() -> None:
    with pytest.raises(ContextRefused):
        compact_plainly({"_:sensitive": [{"@value": True}], f"{AS}sensitive": [{"@value": False}]}, {})


@pytest.mark.spec("MOD-20")
def test_texts_stand_in_the_order_in_which_they_came() -> None:
    node: Any = {f"{AS}content": [{"@value": "a", "@language": "de"}, {"@value": "b", "@language": "fr"}]}
    order = {pairs_of({"FR": "b", "de": ["a"], "und": "x"}): ["fr", "und", "de"]}
    assert list(compact_plainly(node, order)["contentMap"]) == ["fr", "de"]  # type: ignore[arg-type]
    assert list(compact_plainly(node, {})["contentMap"]) == ["de", "fr"]  # type: ignore[arg-type]
