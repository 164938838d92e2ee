"""Objects: the base type with what every object may have, and the kinds of content.

A property is one line: `attribute: Kind = Kind()`; its JSON name is the attribute's in camelCase. What extensions add
to every object stands in `Object`, family by family; what only some types have stands with them.

Sources: Activity Vocabulary sections 2 and 3.3; the extensions that MOD-18 to MOD-37 and FEP-fb2a name.
"""

from __future__ import annotations

import re
from typing import Final

from ..config import Limits
from ..errors import DocumentError, TypeMismatch
from ..wire.iri import Iri, parse_iri
from ..wire.json import JsonObject, JsonValue
from .model import MADE_HERE, Model, Reading, is_path
from .policies import InteractionPolicy
from .references import Address, Addressees, Id, Identifier, Many, One, Part
from .shapes import literal, referred, several, single
from .values import (
    Flag,
    Instant,
    Integer,
    Language,
    Length,
    Moment,
    NaturalText,
    Real,
    Reals,
    String,
    Strings,
    Structure,
    Texts,
)

_LIMITS: Final = Limits()
# Threat: it becomes the name of a file, a class or a key at those who show it.
_SHORTCODE: Final = re.compile(r"[A-Za-z0-9_]{1,64}")
# What a Link to another object of this network says that it leads to (FEP-e232).
_OBJECT_MEDIA_TYPES: Final = ("application/activity+json", "application/ld+json")


class Url(Address):
    """The address of a page for people; of several the HTML one, and never another scheme (MOD-32, SEC-164).

    The application may give a path of its own site; it is read as such until publishing makes it absolute. Paths that
    others send are not taken: they would point into the site that shows them.
    """

    def __init__(self) -> None:
        super().__init__("url")

    def decode(self, value: JsonValue, reading: Reading) -> Iri | None:
        """Choose among strings and Links: `text/html`, or no media type, before all others."""
        found: list[tuple[bool, Iri]] = []
        for item in several(value):
            media_type = literal(item.get("mediaType")) if isinstance(item, dict) else None
            address = referred(single(_address_in(item)))
            try:
                own = reading.context == MADE_HERE and isinstance(address, str) and is_path(address)
                page = Iri(str(address)) if own else self.convert(address)
                found.append((media_type not in (None, "text/html"), page))
            except DocumentError as error:
                reading.report(error.message)
        return min(found, key=lambda pair: pair[0])[1] if found else None

    def encode(self, value: object) -> JsonValue:
        """Take an address, or a path of the own site."""
        return value if isinstance(value, str) and is_path(value) else super().encode(value)


def _address_in(value: JsonValue) -> JsonValue:
    """Give the address that a Link or another object has, or the value itself."""
    if isinstance(value, dict) and ("href" in value or "url" in value):
        return value.get("href", value.get("url"))
    return value


class Source(Structure):
    """What the content was made from: `content` and `mediaType`; also seen as a mere text (MOD-31)."""

    def convert(self, value: JsonValue) -> JsonObject:
        """Give the object; a text becomes its content."""
        return {"content": value} if isinstance(value, str) else super().convert(value)


class Picture(One["Image"]):
    """An image, whether it is given as one, as a Link, as an address or in a list (ACT-07)."""

    def refer(self, value: JsonValue, reading: Reading) -> Image:
        """Give an Image also for a bare address."""
        if isinstance(value, str):
            return Image(url=parse_iri(value))
        found = super().refer(value, reading)
        if not isinstance(found, Object):
            return Image(url=parse_iri(found))
        return found if isinstance(found, Image) else _as_image(found)

    def write_reference(self, value: object) -> JsonValue:
        """Write an Image also for a bare address."""
        return super().write_reference(Image(url=value) if isinstance(value, str) else value)


class Object(Model, type="Object"):
    """Anything with an identity; the base of all types.

    Args:
        id: Absolute IRI; what is distributed has one on the host of its actor (MOD-01).
        attributed_to: Its (first) author; written as an id. `authors` are all of them.
        name: Plain text.
        summary: On a post the content warning, plain text (MOD-19); on a profile its text, HTML.
        content: HTML, not sanitized: pass what others wrote through `wire.html.sanitize` before showing it.
        language: BCP 47 tag of the content; writes `contentMap` beside it (MOD-20).
        to: Addressees; the first audience. With `cc` it decides who may see it (`visibility_of`).
        cc: Further addressees.
        in_reply_to: Id of what it answers.
        url: Address of its page, or a path of the own site (`/posts/1/`); `links` gives all of them.
        tag: Mentions, hashtags, emoji, and whatever else stands there.
        attachment: Media, profile fields, previews.
    """

    id: Identifier = Identifier()
    attributed_to: One[Object] = One(by_id=True)
    authors: Many[Object] = Many("attributedTo", plain=True, by_id=True)
    name: NaturalText = NaturalText()
    name_map: Texts = Texts("name")
    summary: NaturalText = NaturalText(html=True)
    summary_map: Texts = Texts("summary", html=True)
    content: NaturalText = NaturalText(html=True)
    content_map: Texts = Texts("content", html=True)
    language: Language = Language()
    media_type: String = String()
    source: Source = Source()
    sensitive: Flag = Flag()
    in_reply_to: Id = Id()
    context: Id = Id()
    conversation: String = String()
    links: Many[Object] = Many("url", plain=True)
    url: Url = Url()
    published: Instant = Instant()
    updated: Instant = Instant()
    start_time: Instant = Instant()
    end_time: Instant = Instant()
    duration: Length = Length()
    to: Addressees = Addressees(count_max=_LIMITS.recipients_count_max, paired="cc")
    cc: Addressees = Addressees(count_max=_LIMITS.recipients_count_max, paired="to")
    bto: Addressees = Addressees(count_max=_LIMITS.recipients_count_max)
    bcc: Addressees = Addressees(count_max=_LIMITS.recipients_count_max)
    audience: Addressees = Addressees(count_max=_LIMITS.recipients_count_max)
    tag: Many[Object] = Many(count_max=_LIMITS.tags_count_max)
    attachment: Many[Object] = Many(count_max=_LIMITS.attachments_count_max)
    icon: Picture = Picture()
    image: Picture = Picture()
    preview: One[Object] = One()
    generator: One[Object] = One()
    location: One[Object] = One()
    replies: One[Object] = One()
    likes: One[Object] = One()
    shares: One[Object] = One()
    # FEP-8b32
    proof: Many[DataIntegrityProof] = Many(kind="DataIntegrityProof", plain=True)
    # OStatus, as Mastodon still writes it
    atom_uri: String = String()
    in_reply_to_atom_uri: String = String()
    # Quotes: FEP-044f, and what was there before it (MOD-57, MOD-58)
    quote: One[Object] = One()
    quote_authorization: Id = Id()
    quote_url: Id = Id()
    quote_uri: Id = Id()
    misskey_quote: Id = Id("_misskey_quote")
    # Consent: GoToSocial (MOD-62, MOD-63)
    interaction_policy: Part[InteractionPolicy] = Part(InteractionPolicy)
    approved_by: Id = Id()
    like_authorization: Id = Id()
    reply_authorization: Id = Id()
    announce_authorization: Id = Id()
    feature_authorization: Id = Id()
    reply_approval: Id = Id()
    # Pleroma, Misskey, Fedibird (MOD-31, MOD-42)
    direct_message: Flag = Flag()
    list_message: Id = Id()
    former_representations: One[Object] = One()
    misskey_content: String = String("_misskey_content")
    misskey_summary: String = String("_misskey_summary")
    misskey_reaction: String = String("_misskey_reaction")
    misskey_votes: Integer = Integer("_misskey_votes", least=0)
    emoji_reactions: One[Object] = One()
    expiry: Instant = Instant()
    references: One[Object] = One()
    searchable_by: Addressees = Addressees(count_max=_LIMITS.recipients_count_max)
    # Lemmy, PeerTube (FEP-1b12)
    comments_enabled: Flag = Flag()
    stickied: Flag = Flag()
    distinguished: Flag = Flag()
    comments: One[Object] = One()
    dislikes: One[Object] = One()
    # Conversations with an owner (FEP-171b)
    context_history: Id = Id()

    @property
    def quoted_id(self) -> Iri | None:
        """Id of what is quoted, whichever way the document says it (MOD-58)."""
        quoted = self.quote
        named = quoted.id if isinstance(quoted, Object) else quoted
        return named or self.misskey_quote or self.quote_url or self.quote_uri

    @property
    def object_links(self) -> tuple[Object, ...]:
        """The links among its tags that lead to other objects of this network (FEP-e232)."""
        links = (item for item in self.tag if isinstance(item, Object) and item.type_name == "Link")
        return tuple(item for item in links if _leads_to_object(item.media_type))

    @property
    def author_id(self) -> Iri | None:
        """Id of the (first) author."""
        author = self.attributed_to
        return author.id if isinstance(author, Object) else author


class DataIntegrityProof(Object, type="DataIntegrityProof"):
    """A signature inside of the document that it is about; a claim until it is verified (FEP-8b32, JLD-12).

    Args:
        cryptosuite: How it was made, as "eddsa-jcs-2022".
        verification_method: Key id.
        proof_purpose: What it was made for: "assertionMethod".
        proof_value: Multibase of the signature.
    """

    cryptosuite: String = String()
    created: Instant = Instant()
    expires: Instant = Instant()
    verification_method: Id = Id()
    proof_purpose: String = String()
    proof_value: String = String()


class Document(Object, type="Document"):
    """A file (MOD-33).

    Args:
        digest_multibase: Multibase of the multihash of the file (FEP-1311, FEP-ef61).
        focal_point: What stays in sight when a picture is cut: across and up, from -1.0 to 1.0.
    """

    blurhash: String = String()
    digest_multibase: String = String()
    focal_point: Reals = Reals(count=2, least=-1.0, most=1.0)
    width: Integer = Integer(least=0)
    height: Integer = Integer(least=0)
    rel: String = String()

    @property
    def alt(self) -> str | None:
        """What a person who cannot see it is told: the summary, else the name (MOD-33)."""
        return self.summary or self.name


class Image(Document, type="Image"):
    """A picture."""


class Audio(Document, type="Audio"):
    """A sound."""


class Video(Document, type="Video"):
    """A film; with what PeerTube says of its own."""

    is_live_broadcast: Flag = Flag()
    originally_published_at: Instant = Instant()
    views: Integer = Integer(least=0)
    support: String = String()
    download_enabled: Flag = Flag()
    wait_transcoding: Flag = Flag()


class PageObject(Document, type="Page"):
    """A web page, and what Lemmy calls a post; named so because `Page` is a page of a listing here."""


class Note(Object, type="Note"):
    """A short text: the post of this network."""


class Article(Object, type="Article"):
    """A longer text."""


class Question(Object, type="Question"):
    """A poll, as a post with options (MOD-36); exactly one of `one_of` and `any_of` is given.

    The vocabulary counts it among the activities. Nobody sends it as one, and here it is none.

    Args:
        one_of: The options, of which a person may choose one.
        any_of: The options, of which a person may choose several.
        closed: When voting ended, or that it did.
        voters_count: How many people have voted.
    """

    one_of: Many[Object] = Many()
    any_of: Many[Object] = Many()
    closed: Moment = Moment()
    voters_count: Integer = Integer(least=0)


class Tombstone(Object, type="Tombstone"):
    """What is left of a deleted object (MOD-26)."""

    former_type: Strings = Strings()
    deleted: Instant = Instant()


class Event(Object, type="Event"):
    """Something that takes place."""


class Place(Object, type="Place"):
    """A place.

    Args:
        accuracy: Of the coordinates, in percent.
        altitude: In `units`.
        radius: In `units`.
        units: "cm", "feet", "inches", "km", "m" or "miles", or an IRI; metres where nothing is said.
    """

    accuracy: Real = Real()
    altitude: Real = Real()
    latitude: Real = Real()
    longitude: Real = Real()
    radius: Real = Real()
    units: String = String()


class Profile(Object, type="Profile"):
    """A document about an actor or another thing."""

    describes: One[Object] = One()


class Relationship(Object, type="Relationship"):
    """Of two things, and how they are related; `relationship` names the kind, as "http://purl.org/vocab/relationship/friendOf"."""

    subject: One[Object] = One()
    object: One[Object] = One()
    relationship: Id = Id()


class ChatMessage(Object, type="ChatMessage"):
    """A message of a chat between two, never a post (MOD-66)."""


class Emoji(Object, type="Emoji"):
    """A custom emoji: `name` is ":shortcode:", `icon` its picture (MOD-18, FEP-9098)."""

    @property
    def shortcode(self) -> str | None:
        """The name without its colons, which some leave out; None where it is more than a word (SEC-166)."""
        name = (self.name or "").strip(":")
        return name if _SHORTCODE.fullmatch(name) is not None else None


class PropertyValue(Object, type="PropertyValue"):
    """A line of a profile: `name` is plain text, `value` is HTML (ACT-09, FEP-fb2a)."""

    value: String = String()


def _leads_to_object(media_type: str | None) -> bool:
    return media_type is not None and media_type.partition(";")[0].strip().lower() in _OBJECT_MEDIA_TYPES


def _as_image(found: Object) -> Image:
    """Take the address out of a Link, or of an object that is not called an Image."""
    document: JsonObject = found.document
    address = document.get("href", found.url)
    if not isinstance(address, str):
        raise TypeMismatch("an image without an address")
    return Image(url=parse_iri(address), name=found.name, media_type=found.media_type)
