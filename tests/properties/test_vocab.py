"""Properties of models: what is dumped loads again as the same; whatever JSON comes, nothing but a FedtextError."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from fedtext import vocab
from fedtext.errors import FedtextError
from fedtext.jsonld import ACTIVITYSTREAMS, Road, default_context, normalize, normalize_by
from fedtext.vocab import (
    PUBLIC,
    Activity,
    Announce,
    Arrive,
    Create,
    DataIntegrityProof,
    Delete,
    Follow,
    Hashtag,
    Image,
    Mention,
    Note,
    Object,
    Person,
    PublicKeyClaim,
    Question,
    Visibility,
    audience_for,
    dump,
    load,
    matches,
    reference_id,
    visibility_of,
)
from fedtext.vocab.activities import NoObject
from fedtext.vocab.actors import USER_CHARS_MAX, Handle, Keys, SharedInbox, Username
from fedtext.vocab.model import Model, ModelType, Property, Reading, make
from fedtext.vocab.objects import Picture
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
from fedtext.wire import json as wire_json

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
iris = st.builds(
    "https://{}.example/{}".format, st.sampled_from(["a", "b", "blog"]), st.text("abcXYZ019-_~/?=&", max_size=12)
)
# In UTC, too, they lie in the calendar: what does not is refused.
_FIRST, _LAST = datetime(1, 1, 2), datetime(9999, 12, 30)  # noqa: DTZ001 -- hypothesis adds the zones
instants = st.datetimes(_FIRST, _LAST, timezones=st.timezones())
some_tags = st.lists(
    st.one_of(st.builds(Mention, href=iris, name=texts), st.builds(Hashtag, name=texts), st.builds(Object, name=texts)),
    max_size=3,
)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


notes = st.builds(
    Note,
    id=maybe(iris),
    attributed_to=maybe(iris | st.builds(Person, id=maybe(iris), name=texts)),
    content=maybe(texts),
    summary=maybe(texts),
    language=maybe(st.sampled_from(["en", "de-CH", "zh-Hant"])),
    sensitive=maybe(st.booleans()),
    to=maybe(st.lists(iris | st.just(PUBLIC), max_size=3)),
    cc=maybe(iris),
    in_reply_to=maybe(iris),
    tag=maybe(some_tags),
    icon=maybe(st.builds(Image, url=iris) | iris),
)
objects = (
    notes | st.builds(Question, one_of=st.lists(notes, max_size=2), closed=maybe(st.booleans())) | st.builds(Person)
)
activities = st.one_of(
    st.builds(Create, id=maybe(iris), actor=iris, object=objects, to=maybe(iris)),
    st.builds(Announce, id=maybe(iris), actor=iris, object=iris | objects),
    st.builds(Follow, id=maybe(iris), actor=st.builds(Person, id=iris), object=iris),
)
models = objects | activities

# -- every class, every property: what its kind takes ---------------------------------------------------------------

numbers = st.integers(0, 1_000)
# Those that have a type of their own.
CLASSES = [
    cls
    for cls in vars(vocab).values()
    if isinstance(cls, ModelType) and issubclass(cls, Object) and type(load({"type": cls.written_type})) is cls
]
BY_KIND: dict[type[Property[Any, Any]], st.SearchStrategy[Any]] = {
    Identifier: iris,
    Id: iris | st.builds(Person, id=iris),
    Address: iris,
    SharedInbox: iris,
    Ids: iris | st.lists(iris, max_size=3),
    Addressees: st.lists(iris | st.just(PUBLIC), max_size=3),
    One: iris,
    Many: st.lists(iris, max_size=3),
    Needed: iris,
    Picture: iris | st.builds(Image, url=iris, name=texts),
    String: texts,
    Handle: st.just("alice@a.example"),
    Username: st.text(max_size=USER_CHARS_MAX).filter(str.isprintable),
    NaturalText: texts,
    Texts: st.dictionaries(st.sampled_from(["en", "de-CH"]), texts, min_size=1),
    Language: st.sampled_from(["en", "de-CH", "zh-Hant"]),
    Flag: st.booleans(),
    Integer: numbers,
    Real: numbers | st.floats(-180, 180),
    Reals: st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
    Strings: texts | st.lists(texts, max_size=3),
    Instant: instants,
    Moment: st.booleans() | instants,
    Length: st.timedeltas(timedelta(0), timedelta(days=10)),
    Raw: iris | st.fixed_dictionaries({"outbox": iris}),
    Structure: st.fixed_dictionaries({"content": texts, "mediaType": st.just("text/plain")}),
    Keys: st.builds(PublicKeyClaim, id=iris, owner=maybe(iris), pem=maybe(texts)),
}
# These write the member that another property writes too, or take nothing.
TWINS = {"objects", "links", "authors", "language", "name_map", "summary_map", "content_map", "endpoints"}


def accepted(item: Property[Any, Any]) -> st.SearchStrategy[Any]:
    """Give what a property takes, by the nearest kind."""
    if item.name == "proof":  # a graph of its own: it cannot be named by an id
        return st.builds(DataIntegrityProof, proof_value=st.just("z1"), verification_method=iris, created=instants)
    if isinstance(item, Part):
        return values_of(item.kind).map(lambda values: item.kind(**values))
    return next(BY_KIND[kind] for kind in type(item).__mro__ if kind in BY_KIND)


@cache
def values_of(cls: type[Model]) -> st.SearchStrategy[dict[str, Any]]:
    """Give a few properties of a class with values."""
    usable = {name: item for name, item in cls.declared.items() if name not in TWINS and not isinstance(item, NoObject)}
    some = st.lists(st.sampled_from(sorted(usable)), unique=True, max_size=4)
    return some.flatmap(lambda names: st.fixed_dictionaries({name: accepted(usable[name]) for name in names}))


# A proof stands inside of what it proves; its names mean something there only.
ALONE = [cls for cls in CLASSES if cls is not DataIntegrityProof]
any_model = st.sampled_from(ALONE).flatmap(lambda cls: values_of(cls).map(lambda values: cls(**values)))


@given(any_model)
def test_a_model_of_any_class_is_what_it_was_after_the_wire(model: Object) -> None:
    document = dump(model)
    normalized, road = normalize_by(wire_json.parse_object(wire_json.dump(document)))
    again = load(normalized)
    assert type(again) is type(model)
    assert again.problems == ()
    assert again == model
    assert road is not Road.PLAIN
    for attribute in type(model).declared:
        assert read(again, attribute) == read(model, attribute), attribute


def read(model: Object, attribute: str) -> Any:
    try:
        return getattr(model, attribute)
    except FedtextError as error:
        return error.code


KEYS = sorted({name for kind in CLASSES for item in kind.declared.values() for name in item.names})
keys = st.one_of(
    st.sampled_from([*KEYS, "id", "type", "@id", "@type", "@context", "@graph", "@reverse", "as:actor", "as:content"]),
    st.builds("as:{}".format, st.sampled_from(KEYS)),
    st.text(max_size=4),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
    iris,
    st.sampled_from(
        ["Note", "Create", "Person", "Collection", "as:Note", ACTIVITYSTREAMS, "2026-01-01T00:00:00Z", "en"]
    ),
    st.sampled_from(sorted({cls.written_type for cls in CLASSES})),
)
values = st.recursive(
    scalars | st.just(default_context()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
documents = st.dictionaries(keys, values, max_size=6)


@given(models)
def test_what_is_dumped_loads_as_the_same(model: Object) -> None:
    again = load(dump(model))
    assert again == model
    assert hash(again) == hash(model)
    assert type(again) is type(model)
    assert again.problems == ()
    assert dump(again) == dump(model)


@given(models)
def test_what_we_dump_needs_no_normalizing_and_survives_the_wire(model: Object) -> None:
    document = dump(model)
    assert normalize(document) is document
    assert load(wire_json.parse_object(wire_json.dump(document))) == model
    assert next(iter(document)) == "@context"


@given(notes, texts, iris)
def test_evolving_changes_what_is_named_and_nothing_else(note: Note, content: str, author: str) -> None:
    before = dump(note)
    other = note.evolve(content=content, attributed_to=author)
    assert (other.content, other.attributed_to) == (content.replace("\x00", ""), author)
    assert (other.id, other.to, other.tag, other.summary) == (note.id, note.to, note.tag, note.summary)
    assert dump(note) == before


@given(documents)
def test_any_object_gives_a_model_or_a_fedtext_error(document: dict[str, Any]) -> None:
    before = copy.deepcopy(document)
    try:
        normalized, road = normalize_by(document)
        model = load(normalized)
    except FedtextError:
        assert document == before
        return
    if road is not Road.PLAIN:  # what had no context has one afterwards, and may be read by it
        assert normalize(normalized) == normalized
    read_everything(model)
    assert load(dump(model)) == model
    assert document == before


def read_everything(model: Object, depth: int = 0) -> None:
    """Read all that can be read; only a FedtextError may leave."""
    assert isinstance(repr(model), str)
    assert isinstance(hash(model), int)
    assert isinstance(model.type_name, str)
    assert isinstance(model.problems, tuple)
    assert model.extra.keys() <= model.document.keys()
    if isinstance(model, Activity):
        matches(model, Create[Note])
        assert model.actor_id is None or isinstance(model.actor_id, str)
        assert model.object_id is None or isinstance(model.object_id, str)
    for attribute in type(model).declared:
        try:
            value = getattr(model, attribute)
        except FedtextError:
            continue
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, Object) and depth < 4:
                read_everything(item, depth + 1)


@given(st.sampled_from(Visibility), maybe(iris), st.lists(iris, max_size=3))
def test_visibility_survives_the_round_trip(visibility: Visibility, followers: str | None, mentions: list[str]) -> None:
    to, cc = audience_for(visibility, followers, mentions)
    found = visibility_of(to, cc, followers)
    assert found is visibility or (visibility is Visibility.FOLLOWERS and followers is None)
    assert set(mentions) - {followers} <= {*to, *cc}


HERE, THERE = "https://a.example/1", "https://b.example/2"
SAID = st.sampled_from([None, HERE, "Note", "Sneeze", "", "no address", 7, [], ["Note"], {}])
EMBEDDED = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from([HERE, "no address", "", None, 7]),
        "type": st.sampled_from(["Note", "Sneeze", ["Note"], None, 7]),
        "content": st.just("x"),
        "@context": st.sampled_from([ACTIVITYSTREAMS, [1]]),
        "@value": st.just(THERE),
        "@list": st.just([THERE]),
    },
)


class OfNotesOnly(Create, type="https://ns.example/OfNotesOnly"):
    """A Create that has made something else of its object."""

    object = Needed("object", Note)


@settings(max_examples=500)
@given(
    st.sampled_from([Create, Delete, Arrive, OfNotesOnly]),
    SAID | EMBEDDED | st.lists(SAID | EMBEDDED, max_size=2),
    st.sampled_from([None, ACTIVITYSTREAMS, [1]]),
)
@example(Create, {"id": HERE, "type": "Sneeze"}, [1])
@example(Create, {"id": HERE, "type": "Sneeze", "@context": [1]}, None)
@example(Create, {"id": HERE, "type": "Note", "@list": [THERE]}, None)
@example(Create, "no address", None)
@example(OfNotesOnly, {"id": HERE, "type": "Follow"}, None)
def test_the_id_of_what_is_embedded_is_that_of_its_model(cls: type[Activity], value: Any, context: Any) -> None:
    """The short road to the id says what the long one does."""
    activity = make(cls, {"type": cls.written_type, "object": value}, context)
    try:
        found = reference_id(activity.object)
    except FedtextError:
        found = None
    assert activity.object_id == found


@given(SAID | st.lists(SAID, max_size=2) | st.dictionaries(st.sampled_from(["id", "@value", "@list", "@set"]), SAID))
def test_an_id_is_read_as_any_other_reference(value: Any) -> None:
    document = {"id": value, "actor": value}
    read = Activity.declared["id"].read(document, Reading(None))
    assert read == super(Identifier, Activity.declared["id"]).read(document, Reading(None))
    if not isinstance(value, list):  # a list of one is its item
        assert make(Activity, document, None).actor_id == make(Activity, {"actor": [value]}, None).actor_id
