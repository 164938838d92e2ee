"""What type checkers see in the models; mypy and pyright check this file, and the last test runs them.

An ignore that is not needed is an error, so each one proves that the line is refused.
"""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import assert_type

import pytest

from fedtext.vocab import (
    PUBLIC,
    Activity,
    Actor,
    AnnounceRequest,
    Application,
    CollectionPage,
    Create,
    DataIntegrityProof,
    Document,
    Emoji,
    EmojiReact,
    Endpoints,
    FeaturedCollection,
    Flag,
    Follow,
    Hashtag,
    Image,
    InteractionPolicy,
    InteractionRule,
    KeyPackage,
    Like,
    Link,
    Mention,
    Multikey,
    Note,
    Object,
    OrderedCollection,
    Person,
    Place,
    Profile,
    PropertyValue,
    PublicKeyClaim,
    Question,
    QuoteAuthorization,
    QuoteRequest,
    Relationship,
    Text,
    Tombstone,
    Travel,
    Undo,
    Video,
    dump,
    load,
    load_as,
    matches,
    prop,
)
from fedtext.wire.durations import Duration
from fedtext.wire.iri import Iri
from fedtext.wire.json import JsonObject

ALICE = Iri("https://blog.example/users/alice")


class Wave(Activity, type="https://types.example/Wave"):
    strength: int | None = prop("https://types.example/strength")


def test_reading() -> None:
    note = Note(id="https://blog.example/1", attributed_to=ALICE, content="x", to=PUBLIC, tag=[Hashtag(name="#x")])
    assert_type(note.id, Iri | None)
    assert_type(note.content, Text | None)
    assert_type(note.content_map, Mapping[str, Text])
    assert_type(note.sensitive, bool | None)
    assert_type(note.published, datetime | None)
    assert_type(note.to, tuple[Iri, ...])
    assert_type(note.tag, tuple[Iri | Object, ...])
    assert_type(note.attributed_to, Iri | Object | None)
    assert_type(note.in_reply_to, Iri | None)
    assert_type(note.url, Iri | None)
    assert_type(note.icon, Iri | Image | None)
    assert_type(note.evolve(content="y"), Note)
    assert_type(load({}), Object)
    assert_type(load_as({"type": "Note"}, Note), Note)
    assert_type(dump(note), JsonObject)


def test_actors() -> None:
    person = Person(id=ALICE, preferred_username="alice", inbox=f"{ALICE}/inbox", public_key=PublicKeyClaim(id="k"))
    assert_type(person.inbox, Iri | None)
    assert_type(person.keys, tuple[PublicKeyClaim, ...])
    assert_type(person.manually_approves_followers, bool | None)
    assert_type(person.also_known_as, tuple[Iri, ...])


def test_collections_and_polls() -> None:
    assert_type(OrderedCollection(total_items=3).first, Iri | CollectionPage | None)
    assert_type(OrderedCollection(total_items=3).total_items, int | None)
    assert_type(Question(closed=True).closed, datetime | bool | None)
    assert_type(Question(closed=datetime(2026, 1, 1, tzinfo=UTC)).voters_count, int | None)


def test_activities_are_generic_in_their_object() -> None:
    note = Note(content="x")
    create = Create(actor=ALICE, object=note)
    assert_type(create, Create[Note])
    assert_type(create.object, Note)
    assert_type(create.object.in_reply_to, Iri | None)
    assert_type(create.actor, Iri | Actor)
    assert_type(create.actor_id, Iri | None)
    assert_type(Undo(actor=ALICE, object=Follow(actor=ALICE, object="https://x.example/")).object, Follow[str])
    assert_type(Flag(actor=ALICE, object=[note, note]).object, Note)


def test_the_rest_of_activitystreams() -> None:
    assert_type(Note().authors, tuple[Iri | Object, ...])
    assert_type(Place(radius=3, units="m").radius, float | None)
    assert_type(Tombstone(former_type="Note").former_type, tuple[str, ...])
    assert_type(Profile(describes=ALICE).describes, Iri | Object | None)
    assert_type(Relationship(subject=ALICE).subject, Iri | Object | None)
    assert_type(Link(href=ALICE, rel=["me"]).rel, tuple[str, ...])
    assert_type(Note(duration=timedelta(hours=1)).duration, Duration | None)
    assert_type(Travel(actor=ALICE, target=ALICE).target, Iri | Object | None)
    assert_type(Person(endpoints=Endpoints(proxy_url=ALICE)).endpoints, Endpoints | None)
    assert_type(Endpoints().proxy_url, Iri | None)


def test_extensions() -> None:
    note = Note(quote=ALICE, interaction_policy=InteractionPolicy(can_quote=InteractionRule(automatic_approval=PUBLIC)))
    assert_type(note.quote, Iri | Object | None)
    assert_type(note.quoted_id, Iri | None)
    assert_type(note.object_links, tuple[Object, ...])
    policy = note.interaction_policy
    assert_type(policy, InteractionPolicy | None)
    if policy is not None and policy.can_quote is not None:
        assert_type(policy.can_quote, InteractionRule)
        assert_type(policy.can_quote.automatic_approval, tuple[Iri, ...])
    assert_type(note.proof, tuple[Iri | DataIntegrityProof, ...])
    assert_type(DataIntegrityProof(cryptosuite="eddsa-jcs-2022").created, datetime | None)
    assert_type(Person(assertion_method=[Multikey(id=f"{ALICE}#k")]).assertion_method, tuple[Iri | Multikey, ...])
    assert_type(Document(focal_point=(0.0, 0.5)).focal_point, tuple[float, ...])
    assert_type(Emoji(name=":x:").shortcode, str | None)
    assert_type(PropertyValue(name="a", value="b").value, str | None)
    assert_type(Video(views=3).views, int | None)
    assert_type(Person(attribution_domains="a.example").attribution_domains, tuple[str, ...])
    assert_type(Person(is_cat=True).is_cat, bool | None)
    assert_type(Application(redirect_uri=ALICE).redirect_uri, tuple[str, ...])
    assert_type(OrderedCollection(outbox_of=ALICE).outbox_of, Iri | None)
    assert_type(FeaturedCollection(topic=Hashtag(name="#x")).topic, Iri | Object | None)
    assert_type(KeyPackage(encoding="base64").encoding, str | None)


def test_requests_and_reactions() -> None:
    request = QuoteRequest(actor=ALICE, object="https://x.example/1", instrument=Note(content="x"))
    assert_type(request, QuoteRequest[str])
    assert_type(request.instrument, Iri | Object | None)
    assert_type(AnnounceRequest(actor=ALICE, object=Note()).object, Note)
    assert_type(QuoteAuthorization(interacting_object=ALICE).interacting_object, Iri | None)
    assert_type(EmojiReact(actor=ALICE, object=ALICE, content="x").reaction, str | None)
    assert_type(Like(actor=ALICE, object=Note()).reaction, str | None)


def takes_apart(activity: Activity) -> str | None:
    match activity:
        case Create(object=Note(content=text, in_reply_to=None)):
            assert_type(text, Text | None)
            return text
        case Like(object=str(iri)):
            return iri
        case _:
            return None


def takes_any_create(create: Create) -> None:
    assert_type(create.object, str | Object)


def takes_any_activity(activity: Activity) -> None:
    if matches(activity, Create[Note]):
        assert_type(activity.object, str | Object)


def test_a_definite_activity_is_an_indefinite_one() -> None:
    takes_any_create(Create(actor=ALICE, object=Note(content="x")))
    takes_any_create(Create(actor="https://x.example/", object="https://x.example/1"))
    assert takes_apart(Create(actor=ALICE, object=Note(content="x"))) == "x"
    assert takes_apart(Like(actor=ALICE, object="https://x.example/1")) == "https://x.example/1"
    takes_any_activity(Like(actor=Person(id=ALICE), object="https://x.example/1", to=[PUBLIC, Person(id=ALICE)]))


def test_own_types() -> None:
    wave = Wave(actor=ALICE, object=ALICE, strength=3)
    assert_type(wave.strength, int | None)
    assert_type(wave.object, str | Object)
    assert_type(wave.evolve(strength=4), Wave)
    with pytest.raises(Exception, match="strength"):
        Wave(strength="strong")  # type: ignore[arg-type]


def test_mistakes_are_seen() -> None:
    with pytest.raises(TypeError):
        Note(contnet="x")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Mention(inbox="https://x.example/")  # type: ignore[call-arg]
    with pytest.raises(Exception, match="content takes a text"):
        Note(content=3)  # type: ignore[arg-type]
    with pytest.raises(Exception, match="to takes"):
        Note(to=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Note("x")  # type: ignore[call-arg]


CHECKERS = {
    "mypy": ["mypy", "--strict", "--warn-unused-ignores"],
    "pyright": ["pyright", "--pythonpath", sys.executable],
}


@pytest.mark.parametrize("checker", CHECKERS)
def test_both_checkers_agree(checker: str, repository: Path) -> None:
    module, *options = CHECKERS[checker]
    done = subprocess.run(
        [sys.executable, "-m", module, *options, str(Path(__file__))],
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
