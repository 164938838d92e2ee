"""Actors: who acts, where to reach them, and which keys they claim.

Sources: ActivityPub section 4.1; ACT-01 to ACT-15, ACT-22, ACT-24; FEP-2c59 (webfinger), FEP-5feb (indexable),
FEP-7628 (movedTo, copiedTo), FEP-7aa9 (featuredCollections), and those named below.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import attrs

from ..config import Limits
from ..errors import TypeMismatch
from ..wire.acct import USER_CHARS_MAX
from ..wire.iri import Iri
from ..wire.json import JsonObject, JsonValue
from .model import Model, Property, Reading, items_of
from .objects import Object
from .references import Address, Id, Ids, Many, Part
from .security import Multikey
from .shapes import literal, referred, several, single
from .values import Flag, Integer, Raw, String, Strings, Structure

_LIMITS: Final = Limits()


@attrs.frozen(kw_only=True)
class PublicKeyClaim:
    """A key as its actor lists it: a claim, nothing is verified here.

    Args:
        id: Key id; normally the actor's id with a fragment (ACT-06).
        owner: Id of the actor that it is said to belong to.
        pem: SPKI or PKCS#1 as text; None when the actor only names the key.
    """

    id: str
    owner: str | None = None
    pem: str | None = None


class Keys(Property[tuple[PublicKeyClaim, ...], PublicKeyClaim | Iterable[PublicKeyClaim] | None]):
    """The keys that an actor lists: an object, an array, or the id of a key document (ACT-06)."""

    def absent(self) -> tuple[PublicKeyClaim, ...]:
        """Give none."""
        return ()

    def decode(self, value: JsonValue, reading: Reading) -> tuple[PublicKeyClaim, ...]:
        """Read the claims that have an id."""
        found: list[PublicKeyClaim] = []
        for item in several(value):
            key: JsonObject = {"id": item} if isinstance(item, str) else item if isinstance(item, dict) else {}
            key_id, owner, pem = key.get("id"), referred(single(key.get("owner"))), literal(key.get("publicKeyPem"))
            if not isinstance(key_id, str) or not key_id:
                reading.report("a key without an id")
            elif not isinstance(owner, str | None) or not isinstance(pem, str | None):
                reading.report("not a key")
            else:
                found.append(PublicKeyClaim(id=key_id, owner=owner, pem=pem))
        return tuple(found)

    def encode(self, value: object) -> JsonValue:
        """Write one key as an object, several as an array."""
        written: list[JsonValue] = []
        for claim in items_of(value, PublicKeyClaim):
            if not isinstance(claim, PublicKeyClaim):
                raise self.refuse(claim, "PublicKeyClaim values")
            written.append(_written(claim))
        return written[0] if len(written) == 1 else written


class SharedInbox(Address):
    """The inbox that the actors of a server share: in `endpoints`, or at the top (ACT-05)."""

    def __init__(self) -> None:
        super().__init__("endpoints")

    @property
    def names(self) -> tuple[str, ...]:
        """Both members that it is read from."""
        return ("endpoints", "sharedInbox")

    def find(self, document: JsonObject, reading: Reading) -> JsonValue:  # noqa: ARG002 -- its own way to look
        """Look in `endpoints`, then at the top; `endpoints` given as a mere id says nothing."""
        endpoints = single(document.get("endpoints"))
        inner = endpoints.get("sharedInbox") if isinstance(endpoints, dict) else None
        return document.get("sharedInbox") if inner is None else inner

    def write(self, document: JsonObject, value: object) -> None:
        """Set it in `endpoints`, whose other members stay."""
        endpoints = document.get("endpoints")
        kept: JsonObject = dict(endpoints) if isinstance(endpoints, dict) else {}
        kept.pop("sharedInbox", None)
        document.pop("sharedInbox", None)
        document.pop("endpoints", None)
        if value is not None:
            kept["sharedInbox"] = self.encode(value)
        if kept:
            document["endpoints"] = kept


class Endpoints(Model):
    """Further addresses of an actor or its server (ActivityPub section 4.1; ACT-05).

    Args:
        proxy_url: Fetches for a client what it may not fetch itself.
        upload_media: Takes files of a client.
        shared_inbox: The inbox that the actors of a server share; see `Actor.shared_inbox`, which also looks elsewhere.
    """

    proxy_url: Address = Address()
    oauth_authorization_endpoint: Address = Address()
    oauth_token_endpoint: Address = Address()
    oauth_registration_endpoint: Address = Address()
    provide_client_key: Address = Address()
    sign_client_key: Address = Address()
    upload_media: Address = Address()
    shared_inbox: Address = Address()


class Username(String):
    """A name before the "@", short and of what can be seen: else one would pass for another (SEC-030, SEC-165)."""

    def convert(self, value: JsonValue) -> str:
        """Take it if all of it can be seen."""
        text = super().convert(value)
        if len(text) > USER_CHARS_MAX or not text.isprintable():
            raise TypeMismatch("not a name that people can tell apart", property=self.name)
        return text


class Handle(String):
    """A handle that an actor gives itself: "user@host", also with "acct:" before it (FEP-2c59)."""

    def convert(self, value: JsonValue) -> str:
        """Take it without its scheme; whether it is true is decided by discovery."""
        text = super().convert(value).removeprefix("acct:").removeprefix("@")
        if text.count("@") != 1 or text.startswith("@") or text.endswith("@"):
            raise TypeMismatch("not a handle", property=self.name)
        return text


class Actor(Object, recognized_by=("inbox", "outbox")):
    """Who acts: a person, a group, an organization, a service or an application.

    Args:
        preferred_username: The part of the handle before the host; None where it hides something.
        inbox: Where it takes activities.
        outbox: What it did.
        public_key: Its keys, as claims; `keys` is another name for it.
        shared_inbox: The inbox shared by the actors of its server.
        manually_approves_followers: Whether a Follow waits for its word.
        webfinger: "user@host" as it says itself; to be confirmed (FEP-2c59).
        also_known_as: Ids of other actors that are the same person (ACT-13).
        moved_to: Id of the actor that it has become.
        assertion_method: The keys with which it signs objects.
        implements: Links to what its server understands.
        attribution_domains: Sites that may name it as the author of a page, as it writes them.
    """

    attachment: Many[Object] = Many(count_max=_LIMITS.fields_count_max)
    preferred_username: Username = Username()
    inbox: Address = Address()
    outbox: Address = Address()
    followers: Address = Address()
    following: Address = Address()
    liked: Address = Address()
    featured: Address = Address()
    featured_tags: Address = Address()
    endpoints: Part[Endpoints] = Part(Endpoints, by_name=True)
    shared_inbox: SharedInbox = SharedInbox()
    public_key: Keys = Keys()
    webfinger: Handle = Handle()
    manually_approves_followers: Flag = Flag()
    also_known_as: Ids = Ids(count_max=_LIMITS.aliases_count_max)
    moved_to: Id = Id()
    copied_to: Ids = Ids(count_max=_LIMITS.aliases_count_max)
    streams: Ids = Ids()
    # What it can be verified by (FEP-521a), what its server understands (FEP-844e), where it also is (FEP-ef61)
    assertion_method: Many[Multikey] = Many(kind=Multikey, count_max=_LIMITS.keys_per_actor_max)
    implements: Many[Object] = Many()
    gateways: Strings = Strings()
    # Mastodon: what may be done with the profile, how it is shown, which sites name it as an author (ACT-14, ACT-22)
    discoverable: Flag = Flag()
    indexable: Flag = Flag()
    memorial: Flag = Flag()
    suspended: Flag = Flag()
    show_featured: Flag = Flag()
    show_media: Flag = Flag()
    show_replies_in_media: Flag = Flag()
    attribution_domains: Strings = Strings(count_max=_LIMITS.aliases_count_max)
    featured_collections: Address = Address()
    # Pleroma, Misskey
    capabilities: Structure = Structure()
    invisible: Flag = Flag()
    is_cat: Flag = Flag()
    misskey_followed_message: String = String("_misskey_followedMessage")
    misskey_require_signin_to_view_contents: Flag = Flag("_misskey_requireSigninToViewContents")
    misskey_make_notes_followers_only_before: Integer = Integer("_misskey_makeNotesFollowersOnlyBefore")
    misskey_make_notes_hidden_before: Integer = Integer("_misskey_makeNotesHiddenBefore")
    # GoToSocial
    hides_to_public_from_unauthed_web: Flag = Flag()
    hides_cc_public_from_unauthed_web: Flag = Flag()
    # Communities (FEP-1b12)
    moderators: Address = Address()
    posting_restricted_to_mods: Flag = Flag()
    matrix_user_id: String = String()
    support: String = String()
    # What only its owner sees (FEP-c648, FEP-4ccd); keys for encrypted messages (MLS)
    blocked: Address = Address()
    blocks: Address = Address()
    pending_followers: Address = Address()
    pending_following: Address = Address()
    key_packages: Id = Id()
    # Moving with everything (LOLA): carried, and not looked into
    migration: Raw = Raw()
    account_portability_oauth: Raw = Raw()
    previously: Raw = Raw()

    @property
    def keys(self) -> tuple[PublicKeyClaim, ...]:
        """The keys that the actor lists."""
        return self.public_key

    @property
    def delivery_inbox(self) -> Iri | None:
        """The shared inbox, or its own where there is none."""
        return self.shared_inbox or self.inbox


class Person(Actor, type="Person"):
    """A human being."""


class Service(Actor, type="Service"):
    """A bot, or a server."""


class Application(Actor, type="Application"):
    """A program; the actor of a server itself (ACT-21).

    Args:
        redirect_uri: Where people are sent back to when it is a client (FEP-d8c2).
    """

    redirect_uri: Strings = Strings("redirectURI")


class Group(Actor, type="Group"):
    """A forum or community (FEP-1b12)."""


class Organization(Actor, type="Organization"):
    """A body of people."""


def _written(claim: PublicKeyClaim) -> JsonObject:
    written: JsonObject = {"id": claim.id}
    if claim.owner is not None:
        written["owner"] = claim.owner
    if claim.pem is not None:
        written["publicKeyPem"] = claim.pem
    return written
