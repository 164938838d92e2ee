"""The whole vocabulary: every term of ActivityStreams and of the extensions has its class or its property."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from fedtext import vocab
from fedtext.jsonld import ACTIVITYSTREAMS, bundled_context, context_for
from fedtext.jsonld.processor import expand
from fedtext.jsonld.terms import EXTENSIONS, PREFIXES, PROOF_TERMS, SECURITY, standard_iris
from fedtext.vocab import dump, load
from fedtext.vocab.activities import NoObject
from fedtext.vocab.actors import Keys, SharedInbox
from fedtext.vocab.model import Model, ModelType, Property
from fedtext.vocab.objects import Picture, Source, Url
from fedtext.vocab.references import Address, Addressees, Id, Identifier, Ids, Many, Needed, One, Part
from fedtext.vocab.values import (
    Flag,
    Instant,
    Integer,
    Language,
    Length,
    Moment,
    NaturalText,
    Raw,
    Real,
    Reals,
    String,
    Strings,
    Structure,
    Texts,
)

CLASSES = sorted(
    {value for value in vars(vocab).values() if isinstance(value, ModelType) and value is not vocab.Property},
    key=lambda cls: cls.__name__,
)
TYPES = {cls.written_type for cls in CLASSES}
NAMES = {name for cls in CLASSES for item in cls.declared.values() for name in item.names} | {
    item.name + "Map" for cls in CLASSES for item in cls.declared.values() if isinstance(item, NaturalText)
}

# Terms of the context that are no types and no properties of things.
NEITHER = {
    *("id", "type", "xsd", "as", "ldp", "vcard", "@vocab", "Public"),
    # Values of `relationship`, which is an IRI.
    *("IsFollowing", "IsFollowedBy", "IsContact", "IsMember"),
}
# Carried without a property: keys and signatures are read by `keys` and `signatures`.
CARRIED = {"CryptographicKey", "owner", "publicKeyPem", "signature", "signatureValue", "creator", "messages"}


def test_every_term_of_activitystreams_has_its_place() -> None:
    context: Any = bundled_context(ACTIVITYSTREAMS)["@context"]
    assert context.keys() - TYPES - NAMES - NEITHER == set()


def test_every_extension_has_its_place() -> None:
    assert {*EXTENSIONS, *PROOF_TERMS, *SECURITY} - TYPES - NAMES - CARRIED == set()


def test_every_name_has_an_iri_or_is_known_to_have_none() -> None:
    known = {*standard_iris(), *(f"{name}Map" for name in ("name", "summary", "content"))}
    # Terms that nobody has given an address: proposals, and what servers send without defining it.
    unnamed = {
        *("accountPortabilityOauth", "migration", "previously", "display_name", "CommunityTag"),
        *("cryptosuite", "created", "expires", "verificationMethod", "proofPurpose", "proofValue", "revoked"),
    }
    assert NAMES - known - unnamed - {"id", "type"} == set()
    assert TYPES - known - unnamed == set()


EXAMPLES: dict[type[Property[Any, Any]], Any] = {
    Identifier: "https://a.example/1",
    Id: "https://a.example/2",
    Address: "https://a.example/3",
    Url: "https://a.example/4",
    SharedInbox: "https://a.example/5",
    Ids: ["https://a.example/6", "https://a.example/7"],
    Addressees: [vocab.PUBLIC, "https://a.example/8"],
    One: "https://a.example/9",
    Many: ["https://a.example/10", "https://a.example/11"],
    Needed: "https://a.example/12",
    Picture: vocab.Image(url="https://a.example/13"),
    String: "text",
    NaturalText: "text",
    Texts: {"en": "text"},
    Flag: True,
    Integer: 3,
    Real: 2.5,
    Reals: (0.5, -0.5),
    Strings: ["one", "two"],
    Moment: True,
    Length: timedelta(hours=1),
    Raw: {"a": [1]},
    Structure: {"a": 1},
    Source: {"content": "x", "mediaType": "text/plain"},
    Language: "en",
    Keys: vocab.PublicKeyClaim(id="https://a.example/1#main-key", owner="https://a.example/1", pem="PEM"),
}


def example(item: Property[Any, Any]) -> Any:
    if isinstance(item, Instant):
        return vocab.load({"published": "2024-01-02T03:04:05Z"}).published
    if isinstance(item, Part):
        return item.kind(**{name: example(inner) for name, inner in item.kind.declared.items()})
    if item.name == "webfinger":
        return "alice@a.example"
    return next(EXAMPLES[kind] for kind in type(item).__mro__ if kind in EXAMPLES)


def full(cls: type[Model]) -> Model:
    """Make one with every property that does not share its member with another."""
    # These write the member that another property writes too.
    twins = {"objects", "links", "language", "endpoints", "authors"}
    given = {name: item for name, item in cls.declared.items() if name not in twins and not isinstance(item, NoObject)}
    return cls(**{name: example(item) for name, item in given.items()})


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_property_of_every_class_goes_out_and_comes_back(cls: type[Model]) -> None:
    model = full(cls)
    assert model.problems == ()
    again = load(dump(model))  # type: ignore[arg-type]
    assert again == model
    assert hash(again) == hash(model)
    for name, item in cls.declared.items():
        if type(again) is cls and not isinstance(item, NoObject):
            assert getattr(again, name) == getattr(model, name)
    assert model.extra.keys() <= {"@context"}


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_what_is_written_expands_to_the_iris_of_its_terms(cls: type[Model]) -> None:
    """JLD-02: the context that goes along defines every term that has an address."""
    document = dump(full(cls))  # type: ignore[arg-type]
    expanded: Any = expand(document, base=None)
    known = {**standard_iris(), **{f"{name}Map": PREFIXES["as"] + name for name in ("name", "summary", "content")}}
    wanted = {known[name] for name in document if name in known}
    assert wanted <= expanded[0].keys()
    if cls.written_type in known:
        assert expanded[0]["@type"] == [known[cls.written_type]]


def test_the_context_is_the_smallest_that_will_do() -> None:
    assert dump(vocab.Note(content="x"))["@context"] == [ACTIVITYSTREAMS]
    assert context_for(["type", "interactionPolicy", "canQuote"]) == [
        ACTIVITYSTREAMS,
        {
            "gts": PREFIXES["gts"],
            "canQuote": {"@id": "gts:canQuote", "@type": "@id"},
            "interactionPolicy": {"@id": "gts:interactionPolicy", "@type": "@id"},
        },
    ]
    proof = vocab.DataIntegrityProof(cryptosuite="eddsa-jcs-2022")
    assert dump(vocab.Note(proof=proof))["@context"] == [
        ACTIVITYSTREAMS,
        "https://w3id.org/security/data-integrity/v1",
    ]


def test_the_examples_cover_every_kind() -> None:
    kinds = {type(item) for cls in CLASSES for item in cls.declared.values()}
    for kind in kinds - {Instant, Part}:
        assert any(base in EXAMPLES for base in kind.__mro__), kind
