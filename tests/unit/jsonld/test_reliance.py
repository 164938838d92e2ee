"""What a signature over RDF covers, and which shapes it must not be relied upon for."""

from __future__ import annotations

from typing import Any

import pytest

from fedtext.config import Limits
from fedtext.errors import ContextRefused, DocumentError, LimitExceeded
from fedtext.jsonld import canonical_options, canonize_document, check_shape, signed_options, signed_view

AS2 = "https://www.w3.org/ns/activitystreams"
INTEGRITY = "https://w3id.org/security/data-integrity/v1"
LIMITS = Limits()
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
ID = "https://a.example.com/1"
LIKE: dict[str, Any] = {
    "@context": AS2,
    "id": ID,
    "type": "Like",
    "actor": "https://a.example.com/alice",
    "object": {"id": "https://b.example.com/1", "type": "Note", "content": "x", "contentMap": {"en": "y"}},
}


def view(**members: Any) -> dict[str, Any]:
    return signed_view({**LIKE, **members}, LIMITS).document


# ---- the shape -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["@graph", "@included", "@reverse", "@nest"])
@pytest.mark.parametrize("place", ["top", "deep", "list"])
def test_sec_121_hidden_parts_are_refused_wherever_they_are(name, place):
    inner: Any = {name: {}}
    document = {"top": inner, "deep": {"tag": {"x": inner}}, "list": {"tag": [[{"x": [inner]}]]}}[place]
    with pytest.raises(ContextRefused):
        check_shape({**LIKE, **document}, LIMITS)


@pytest.mark.parametrize(
    "context",
    [
        {"g": "@graph"},
        {"g": {"@id": "@included"}},
        {"g": "h", "h": "@nest"},
        {"g": {"@reverse": "https://ns.example/x"}},
    ],
)
def test_sec_121_names_that_stand_for_them_are_refused_too(context):
    for document in ({"@context": [AS2, context], "g": {}}, {"tag": {"@context": context, "g": {}}}):
        with pytest.raises(ContextRefused):
            check_shape({**LIKE, **document}, LIMITS)
    check_shape({**LIKE, "@context": [AS2, context]}, LIMITS)
    check_shape({**LIKE, "g": {}}, LIMITS)


def test_sec_121_json_literals_hold_what_they_like():
    literal = {"j": {"@id": "https://ns.example/j", "@type": "@json"}}
    document = {**LIKE, "@context": [AS2, literal], "j": {"@graph": [{"@reverse": 1}]}}
    check_shape(document, LIMITS)
    overruled = {**document, "@context": [AS2, literal, {"j": "https://ns.example/j"}]}
    inner = {**document, "tag": {"@context": {"j": "https://ns.example/j"}, "j": {"@graph": []}}}
    for refused in (overruled, inner):
        with pytest.raises(ContextRefused):
            check_shape(refused, LIMITS)


@pytest.mark.parametrize(("depth_max", "fine"), [(3, True), (2, False)])
def test_nesting_is_bounded(depth_max, fine):
    limits = Limits(json_depth_max=depth_max)
    document = {"a": [{"b": "x"}]}
    if fine:
        check_shape(document, limits)
    else:
        with pytest.raises(LimitExceeded):
            check_shape(document, limits)


# ---- what goes on ----------------------------------------------------------------------------------------------------


def test_the_view_says_what_the_canonical_form_says():
    found = signed_view(LIKE, LIMITS)
    assert found.canonical == canonize_document(LIKE) == canonize_document(found.document)
    assert found.document["object"]["contentMap"] == {"en": "y"}
    assert "view" not in repr(found)


@pytest.mark.parametrize(
    "lost",
    [
        {"unknown": "x"},
        {"@context": [AS2, {"lost": None}], "lost": "x"},
        {"@context": [AS2, {"lost": "rel/x"}], "lost": "x"},
        {"_:blank": "x"},
        {"url": "relative"},
        {"url": {"@id": "https://a.example.com/a b"}},
        {"inReplyTo": {"id": "relative", "type": "Note"}},
        {"summary": {"@value": "x", "@language": "not a tag"}},
        {"summary": {"@value": "x", "@type": "https://ns.example/{x}"}},
        {"tag": {"id": "relative", "tag": {"id": "urn:x", "name": "below what is lost"}}},
        {"summary": None},
        {"tag": []},
        {"@index": "x"},
    ],
)
def test_sec_123_what_rdf_does_not_see_is_not_in_it(lost):
    assert view(**lost) == view()


def test_types_that_are_none_are_left_out():
    assert view(type=["Like", "relative type"])["type"] == "Like"


def test_literals_keep_their_language_and_datatype_alone():
    document = view(summary={"@value": "x", "@language": "en", "@direction": "ltr", "@index": "i"})
    assert document["summaryMap"] == {"en": "x"}
    typed = view(**{"https://ns.example/n": {"@value": "1", "@type": "https://ns.example/t"}})
    assert typed["https://ns.example/n"] == {"@value": "1", "@type": "https://ns.example/t"}


def test_lists_keep_their_order():
    items = ["https://a.example.com/3", "https://a.example.com/2"]
    document = {"@context": AS2, "id": ID, "type": "OrderedCollection", "orderedItems": items}
    assert signed_view(document, LIMITS).document["orderedItems"] == items


@pytest.mark.parametrize(
    "document",
    [
        {**LIKE, "@context": "https://ns.example.com/unknown"},
        {**LIKE, "@context": [AS2, "https://ns.example.com/unknown"]},
        {**LIKE, "object": {**LIKE["object"], "@context": "https://ns.example.com/unknown"}},
        {**LIKE, "@context": [AS2, {"actor": f"{AS2}#object"}]},
        {**LIKE, "target": {"id": ID}},
        {**LIKE, "target": ID},
        {**LIKE, "target": {"id": LIKE["object"]["id"], "name": "again"}},
        {**LIKE, "target": {"id": "_:b0", "name": "x"}},
        {**LIKE, "id": "_:b0"},
        {**LIKE, "tag": {"name": "x", "proof": {"type": "DataIntegrityProof"}}, "@context": [AS2, INTEGRITY]},
        {**LIKE, "@context": [AS2, {"n": "@nest"}], "n": {"summary": "x"}},
        {**LIKE, "@context": [AS2, {"g": {"@id": "https://ns.example/g", "@container": "@graph"}}], "g": {"name": "x"}},
        {**LIKE, f"{RDF}type": {"id": f"{AS2}#Note"}},
        {**LIKE, "target": {"id": f"{RDF}nil"}},
        {**LIKE, "target": {f"{RDF}first": "x"}},
        {**LIKE, "summary": {"@value": "{}", "@type": f"{RDF}JSON"}},
    ],
)
def test_what_reads_in_two_ways_is_refused(document):
    with pytest.raises(ContextRefused):
        signed_view(document, LIMITS)


@pytest.mark.parametrize("identified", [{"id": "relative"}, {"id": None}])
def test_sec_133_a_document_has_an_id(identified):
    with pytest.raises(DocumentError):
        signed_view({**LIKE, **identified}, LIMITS)


@pytest.mark.parametrize(
    "members",
    [
        {"@value": "x"},
        {"@list": []},
        {"@list": [LIKE]},
        {"@set": []},
        {"@set": [{"id": "urn:a", "name": "a"}, {"id": "urn:b", "name": "b"}]},
        {},
    ],
)
def test_a_document_is_one_node(members):
    with pytest.raises(DocumentError):
        signed_view({"@context": AS2, **members}, LIMITS)


def test_a_reference_twice_is_none_of_that():
    assert view(target={"id": LIKE["object"]["id"]})["target"] == LIKE["object"]["id"]


# ---- what follows from the statements alone --------------------------------------------------------------------------

PERSON: dict[str, Any] = {"id": "https://a.example.com/carol", "type": "Person", "name": "Carol"}
NOTE: dict[str, Any] = LIKE["object"]
OTHER_AS2 = "http://www.w3.org/ns/activitystreams#"


def blank(**members: Any) -> dict[str, Any]:
    return {"type": "Link", **members}


def in_list(*values: Any) -> dict[str, Any]:
    return {"orderedItems": list(values)}


@pytest.mark.parametrize(
    ("members", "elsewhere"),
    [
        # `object` comes before all other names of one node, then the names, then the values in their order
        ({"object": NOTE, "actor": NOTE["id"]}, {"object": NOTE["id"], "actor": NOTE}),
        ({"actor": PERSON, "target": PERSON["id"]}, {"actor": PERSON["id"], "target": PERSON}),
        ({"object": {**NOTE, "tag": NOTE["id"]}}, None),
        # the fewest steps from the top
        (
            {"actor": PERSON, "object": {**NOTE, "attributedTo": PERSON["id"]}},
            {"actor": PERSON["id"], "object": {**NOTE, "attributedTo": PERSON}},
        ),
        (
            {"actor": "urn:x", "tag": blank(href=PERSON), "object": {**NOTE, "url": blank(href=PERSON["id"])}},
            {"actor": "urn:x", "tag": blank(href=PERSON["id"]), "object": {**NOTE, "url": blank(href=PERSON)}},
        ),
        # of lists the first place, too
        (in_list(PERSON, "urn:x", PERSON["id"]), in_list(PERSON["id"], "urn:x", PERSON)),
        (
            {"target": PERSON["id"], **in_list(PERSON, blank(name="x"))},
            {"target": PERSON, **in_list(PERSON["id"], blank(name="x"))},
        ),
        # a node that comes with another one
        (
            {"actor": {**PERSON, "icon": "urn:i"}, "object": {**NOTE, "icon": {"id": "urn:i", "name": "i"}}},
            {"actor": {**PERSON, "icon": {"id": "urn:i", "name": "i"}}, "object": {**NOTE, "icon": "urn:i"}},
        ),
    ],
)
def test_sec_123_a_node_is_written_out_at_the_first_place_that_names_it(members, elsewhere):
    expected = signed_view({**LIKE, **members}, LIMITS)
    assert {name: expected.document[name] for name in members} == members
    assert canonize_document(expected.document) == expected.canonical
    if elsewhere is not None:
        assert signed_view({**LIKE, **elsewhere}, LIMITS) == expected


def test_sec_123_a_node_that_names_itself_stays():
    replies = {"id": "urn:r", "type": "Collection", "first": {"type": "CollectionPage", "partOf": "urn:r"}}
    assert view(replies=replies)["replies"] == replies


@pytest.mark.parametrize(
    "other",
    [
        {"tag": [{"@list": []}, {"@list": []}]},
        {"tag": [{"@list": []}, {"@list": []}, {"@list": []}]},
    ],
)
def test_sec_123_two_empty_lists_are_one(other):
    assert view(**other) == view(tag={"@list": []})


def test_sec_123_lists_of_some_are_two():
    found = signed_view({**LIKE, "orderedItems": [PERSON["id"]], "items": {"@list": [PERSON["id"]]}}, LIMITS)
    assert found.canonical.count("rest>") == 2


@pytest.mark.parametrize("name", ["actor", "object", "to", "name"])
def test_sec_123_of_two_addresses_the_usual_one_has_the_plain_name(name):
    plain = {name: "https://a.example.com/x", f"{OTHER_AS2}{name}": {"id": "https://b.example.com/y"}}
    short = {f"as:{name}": {"id": "https://a.example.com/x"}, **plain}
    short.pop(name)
    if name == "name":
        short["as:name"] = {"@value": "https://a.example.com/x"}
    bare = {member: value for member, value in LIKE.items() if member != name}
    for members in (plain, dict(reversed(plain.items())), short, dict(reversed(short.items()))):
        document = signed_view({**bare, **members}, LIMITS).document
        assert document[name] == "https://a.example.com/x"
        assert document[f"{OTHER_AS2}{name}"] == {"id": "https://b.example.com/y"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["b", "a"], ["a", "b"]),
        ([{"@value": "b", "@language": "de"}, "a", {"@value": "a", "@language": "en"}], None),
        (["a", True, 2, 1.5], [1.5, 2, "a", True]),
        ([{"id": NOTE["id"]}, {"id": "urn:a"}], None),
        (["b", {"id": "urn:a"}, {"@value": "a"}], ["a", "b", {"id": "urn:a"}]),
    ],
)
def test_sec_123_values_have_one_order(values, expected):
    orders = [view(**{"https://ns.example/p": order})["https://ns.example/p"] for order in (values, values[::-1])]
    assert orders[0] == orders[1]
    assert expected in (None, orders[0])


def test_nodes_without_an_id_keep_the_order_in_which_they_stand():
    options = [{"type": "Note", "name": "b"}, {"type": "Note", "name": "a"}]
    assert view(oneOf=options)["oneOf"] == options
    assert view(oneOf=[*options, "urn:x"])["oneOf"] == ["urn:x", *options]


def test_a_proof_is_covered_and_does_not_go_on():
    proof = {"type": "DataIntegrityProof", "created": "2026-01-01T00:00:00Z"}
    document = {**LIKE, "@context": [AS2, INTEGRITY], "proof": proof}
    found = signed_view(document, LIMITS)
    assert "proof" not in found.document
    assert found.canonical == canonize_document(document)
    with pytest.raises(ContextRefused):
        signed_view({**document, "unknown": {"target": {"id": ID}}, "target": ID}, LIMITS)


def test_beside_a_proof_nothing_is_signed_that_does_not_go_on():
    """The proof is in the canonical form of the whole, and so is what stands below a node that is lost."""
    lost = {"tag": {"id": "relative", "tag": {"id": "urn:x", "name": "x"}}}
    document = {**LIKE, **lost, "@context": [AS2, INTEGRITY], "proof": {"type": "DataIntegrityProof"}}
    with pytest.raises(ContextRefused):
        signed_view(document, LIMITS)


# ---- options ---------------------------------------------------------------------------------------------------------

OPTIONS: dict[str, Any] = {
    "@context": [AS2, INTEGRITY],
    "type": "DataIntegrityProof",
    "cryptosuite": "eddsa-rdfc-2022",
    "created": "2026-01-01T00:00:00Z",
    "verificationMethod": "https://a.example.com/alice#key",
    "proofPurpose": "assertionMethod",
}


def test_each_option_is_a_statement():
    assert signed_options(OPTIONS, LIMITS).count("\n") == 5
    assert signed_options({**OPTIONS, "expires": "2027-01-01T00:00:00Z"}, LIMITS).count("\n") == 6


@pytest.mark.parametrize(
    "change",
    [
        {"@context": AS2},
        {"@context": [AS2, "https://ns.example.com/unknown"]},
        {"nonce": "x"},
        {"unknown": "x"},
        {"verificationMethod": "relative"},
        {"created": None},
    ],
)
def test_an_option_that_is_not_signed_is_refused(change):
    with pytest.raises(ContextRefused):
        signed_options({**OPTIONS, **change}, LIMITS)


CREATOR = {"creator": "https://a.example.com/alice#main-key"}


@pytest.mark.parametrize(
    "options",
    [
        {},
        CREATOR,
        {**CREATOR, "created": "2026-01-01T00:00:00Z"},
        {**CREATOR, "created": "2026-01-01T00:00:00Z", "expires": "2026-01-02T00:00:00Z"},
        {**CREATOR, "nonce": 'a\n"b" \\ é', "domain": ""},
    ],
)
def test_options_of_the_older_kind_are_what_a_processor_makes_of_them(options):
    assert canonical_options(options) == canonize_document({"@context": "https://w3id.org/identity/v1", **options})


@pytest.mark.parametrize(
    "options",
    [{"creator": "relative"}, {"creator": 7}, {"creator": ""}, {**CREATOR, "type": "x"}, {"@context": "x"}],
)
def test_an_option_of_the_older_kind_that_is_not_signed_is_refused(options):
    with pytest.raises(ContextRefused):
        canonical_options(options)
