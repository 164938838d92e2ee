"""Activities: what actors do.

`Create[Note]` is both a type for checkers and a key for listeners: a Create whose object is an embedded Note.

Sources: ActivityPub sections 6 and 7; Activity Vocabulary section 3.1; MOD-41 to MOD-56; FEP-c0e0 (EmojiReact).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic

from ..errors import DocumentError, TypeMismatch
from ..wire.iri import Iri
from ..wire.json import JsonValue
from .actors import Actor
from .model import check_id, is_absolute, is_named, parts
from .objects import Object
from .references import Many, Needed, One, Required, reference_id
from .shapes import is_empty, referred, several
from .values import Flag as FlagProperty

if TYPE_CHECKING:
    from typing_extensions import TypeVar  # for its default: `Create` alone is a Create of anything

    ObjectT = TypeVar("ObjectT", bound="str | Object", default="str | Object", covariant=True)
else:
    from typing import TypeVar

    ObjectT = TypeVar("ObjectT", covariant=True)


# Members with which it takes more than a look at the others to say what an object is.
_SPECIAL: Final = frozenset({"@value", "@list", "@set"})


class ActorReference(Needed[Iri | Actor, str | Actor]):
    """The actor of an activity; written as a plain string (MOD-02)."""

    def __init__(self) -> None:
        super().__init__("actor", Actor, by_id=True)


class Activity(Object, Generic[ObjectT], type="Activity", recognized_by=("actor", "object")):
    """Something that an actor does. In a pattern: `case Create(actor_id=author, object=Note())`.

    Args:
        actor: Who does it: id or Actor. Reading a missing one raises `MissingProperty`; see `actor_id`.
        object: To what: id or object. Reading a missing one raises `MissingProperty`; see `object_id`.
        target: Where to.
        result: What came of it.
        to: Addressees; always written, if only as an empty array (MOD-03), as is `cc`.
    """

    actor: ActorReference = ActorReference()
    object: Required[ObjectT] = Required()
    objects: Many[Object] = Many("object")
    target: One[Object] = One()
    origin: One[Object] = One()
    result: One[Object] = One()
    instrument: One[Object] = One()

    if not TYPE_CHECKING:  # checkers see a constructor with the properties of each class

        def __init__(self, **values: object) -> None:
            super().__init__(**{"to": (), "cc": (), **values})

    @property
    def actor_id(self) -> Iri | None:
        """Id of the actor; None when there is none, or more than one to choose from (SEC-032)."""
        return _only_id(parts(self)[0].get("actor"))

    @property
    def object_id(self) -> Iri | None:
        """Id of the (first) object; None when it has none."""
        if type(self).declared["object"] is _OBJECT:  # no class has made something else of it
            value = parts(self)[0].get("object")
            if isinstance(value, dict) and is_named(value.get("type")) and _SPECIAL.isdisjoint(value):
                value = value.get("id")  # nearly always: no model is needed
            if type(value) is str:
                return Iri(value) if is_absolute(value) else None
        try:
            found: str | Object = self.object
        except DocumentError:
            return None
        return reference_id(found)


_OBJECT: Final = Activity.declared["object"]


class NoObject(Required[Any]):
    """What stands in the place of an object where there is none; what others put there can be read all the same."""

    def __init__(self) -> None:
        super().__init__("object")

    def encode(self, value: object) -> JsonValue:
        """Take nothing."""
        raise self.refuse(value, "nothing: this activity has no object")


class IntransitiveActivity(Activity[Any], type="IntransitiveActivity"):
    """Something that an actor does without an object; reading `object` raises `MissingProperty`."""

    object: Required[Any] = NoObject()


class Create(Activity[ObjectT], type="Create"):
    """The object is new."""


class Update(Activity[ObjectT], type="Update"):
    """The object has changed and is given in full (MOD-24, ACT-18)."""


class Delete(Activity[ObjectT], type="Delete"):
    """The object is gone; written with a Tombstone (MOD-26).

    Args:
        remove_data: Whether what the deleted actor wrote is to go too (Lemmy).
    """

    remove_data: FlagProperty = FlagProperty()


class Follow(Activity[ObjectT], type="Follow"):
    """The actor wants to hear what the object does."""


class Accept(Activity[ObjectT], type="Accept"):
    """Yes to the object, which is embedded (MOD-48)."""


class TentativeAccept(Accept[ObjectT], type="TentativeAccept"):
    """Perhaps."""


class Reject(Activity[ObjectT], type="Reject"):
    """No to the object; after an Accept it takes that back (MOD-49)."""


class TentativeReject(Reject[ObjectT], type="TentativeReject"):
    """Rather not."""


class Undo(Activity[ObjectT], type="Undo"):
    """The object, an embedded activity of the same actor, is taken back (MOD-46)."""


class Like(Activity[ObjectT], type="Like"):
    """The object is liked (MOD-41); where there is a `reaction`, in that way (MOD-42)."""

    @property
    def reaction(self) -> str | None:
        """The emoji, or ":shortcode:" of one, wherever servers put it (MOD-42, FEP-c0e0)."""
        return self.misskey_reaction or self.content or self.name


class Dislike(Activity[ObjectT], type="Dislike"):
    """The object is not liked."""


class EmojiReact(Activity[ObjectT], type="EmojiReact"):
    """A reaction: `content` is one emoji or ":shortcode:" (MOD-42)."""

    @property
    def reaction(self) -> str | None:
        """The emoji, or ":shortcode:" of one; see `Like.reaction`."""
        return self.content


class Announce(Activity[ObjectT], type="Announce"):
    """The object is passed on: a boost (MOD-43)."""


class Flag(Activity[ObjectT], type="Flag"):
    """The objects are reported; `content` says why (MOD-52)."""


class Add(Activity[ObjectT], type="Add"):
    """The object joins the target."""


class Remove(Activity[ObjectT], type="Remove"):
    """The object leaves the target."""


class Move(Activity[ObjectT], type="Move"):
    """The object, an actor, has moved to the target (MOD-54)."""


class Offer(Activity[ObjectT], type="Offer"):
    """The object is offered, to the target if there is one."""


class Invite(Offer[ObjectT], type="Invite"):
    """The object is asked to come to the target."""


class Join(Activity[ObjectT], type="Join"):
    """The actor becomes part of the object."""


class Leave(Activity[ObjectT], type="Leave"):
    """The actor is no longer part of the object."""


class Ignore(Activity[ObjectT], type="Ignore"):
    """The actor does not want to hear of the object."""


class Block(Ignore[ObjectT], type="Block"):
    """The object is to stay away (MOD-51); of communities a ban, with `remove_data` of what it wrote (Lemmy)."""

    remove_data: FlagProperty = FlagProperty()


class Read(Activity[ObjectT], type="Read"):
    """The object was read."""


class View(Activity[ObjectT], type="View"):
    """The object was looked at."""


class Listen(Activity[ObjectT], type="Listen"):
    """The object was listened to."""


class Arrive(IntransitiveActivity, type="Arrive"):
    """The actor is at `location`, coming from `origin`."""


class Travel(IntransitiveActivity, type="Travel"):
    """The actor goes from `origin` to `target`."""


def check_actor(value: JsonValue) -> None:
    """Refuse what cannot name an actor or author: other types, relative IRIs, empty or bad embedded objects.

    Raises:
        TypeMismatch: It is such a thing (SEC-031, SEC-032).
    """
    for item in several(value):
        if isinstance(item, dict) and "@value" not in item and not is_empty(item):
            check_id(referred(item))
        elif not isinstance(iri := referred(item), str) or not is_absolute(iri):
            raise TypeMismatch("an actor is named by an absolute IRI", property="actor", value=item)


def addressees_of(model: Object, activity: Object) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Tell whom an object is for, by itself and only where it is silent by the activity that brings it (MOD-06).

    Args:
        model: The object, as embedded or fetched.
        activity: The Create or Update that it came with.

    Returns:
        Addressees and further addressees, each from the object if it has the property at all: an object that is
        addressed to nobody stays so, whatever the activity says.

    Sources:
        Mastodon app/lib/activitypub/parser/status_parser.rb.
    """
    said = parts(model)[0]
    to, cc = ((model if said.get(name) is not None else activity) for name in ("to", "cc"))
    return to.to, cc.cc


def _only_id(value: JsonValue) -> Iri | None:
    if type(value) is str:
        return Iri(value) if is_absolute(value) else None
    items = several(value)
    found = referred(items[0]) if len(items) == 1 else None
    return Iri(found) if isinstance(found, str) and is_absolute(found) else None
