"""Documents in the shape that Mastodon sends, made up here: sizes and contexts are like theirs."""

from __future__ import annotations

import json
from typing import Any

SITE = "https://social.example"
ALICE = f"{SITE}/users/alice"
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
AS2 = "https://www.w3.org/ns/activitystreams"
TEXT = (
    "<p>A post that says what posts say, at about the length that posts have, and names a topic in the usual way: "
    f'<a href="{SITE}/tags/measuring" class="mention hashtag" rel="tag">#<span>measuring</span></a>. It goes on for '
    "another sentence or two, so that its size is that of a real one, and ends here.</p>"
)

NOTE_CONTEXT: list[Any] = [
    AS2,
    {
        "ostatus": "http://ostatus.org#",
        "atomUri": "ostatus:atomUri",
        "inReplyToAtomUri": "ostatus:inReplyToAtomUri",
        "conversation": "ostatus:conversation",
        "sensitive": "as:sensitive",
        "toot": "http://joinmastodon.org/ns#",
        "votersCount": "toot:votersCount",
        "Hashtag": "as:Hashtag",
    },
]
PERSON_CONTEXT: list[Any] = [
    AS2,
    "https://w3id.org/security/v1",
    {
        "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
        "toot": "http://joinmastodon.org/ns#",
        "featured": {"@id": "toot:featured", "@type": "@id"},
        "featuredTags": {"@id": "toot:featuredTags", "@type": "@id"},
        "alsoKnownAs": {"@id": "as:alsoKnownAs", "@type": "@id"},
        "movedTo": {"@id": "as:movedTo", "@type": "@id"},
        "schema": "http://schema.org#",
        "PropertyValue": "schema:PropertyValue",
        "value": "schema:value",
        "discoverable": "toot:discoverable",
        "indexable": "toot:indexable",
        "attributionDomains": {"@id": "toot:attributionDomains", "@type": "@id"},
        "focalPoint": {"@container": "@list", "@id": "toot:focalPoint"},
    },
]


def note(number: int = 1) -> dict[str, Any]:
    """Give a post without its context."""
    post = f"{ALICE}/statuses/{number}"
    return {
        "id": post,
        "type": "Note",
        "summary": None,
        "inReplyTo": None,
        "published": "2026-10-01T12:00:00Z",
        "url": f"{SITE}/@alice/{number}",
        "attributedTo": ALICE,
        "to": [PUBLIC],
        "cc": [f"{ALICE}/followers", "https://other.example/users/bob"],
        "sensitive": False,
        "atomUri": post,
        "inReplyToAtomUri": None,
        "conversation": "tag:social.example,2026-10-01:objectId=9:objectType=Conversation",
        "content": TEXT,
        "contentMap": {"en": TEXT},
        "attachment": [],
        "tag": [
            {"type": "Hashtag", "href": f"{SITE}/tags/measuring", "name": "#measuring"},
            {"type": "Mention", "href": "https://other.example/users/bob", "name": "@bob@other.example"},
        ],
        "replies": {
            "id": f"{post}/replies",
            "type": "Collection",
            "first": {
                "type": "CollectionPage",
                "next": f"{post}/replies?only_other_accounts=true&page=true",
                "partOf": f"{post}/replies",
                "items": [],
            },
        },
    }


def create(number: int = 1) -> dict[str, Any]:
    """Give the Create of a post."""
    return {
        "@context": NOTE_CONTEXT,
        "id": f"{ALICE}/statuses/{number}/activity",
        "type": "Create",
        "actor": ALICE,
        "published": "2026-10-01T12:00:00Z",
        "to": [PUBLIC],
        "cc": [f"{ALICE}/followers", "https://other.example/users/bob"],
        "object": note(number),
    }


def announce() -> dict[str, Any]:
    """Give a boost."""
    return {
        "@context": AS2,
        "id": f"{ALICE}/statuses/2/activity",
        "type": "Announce",
        "actor": ALICE,
        "published": "2026-10-01T12:00:00Z",
        "to": [PUBLIC],
        "cc": [f"{ALICE}/followers", "https://other.example/users/bob"],
        "object": "https://other.example/users/bob/statuses/77",
    }


def person() -> dict[str, Any]:
    """Give an actor with four fields."""
    pem = "-----BEGIN PUBLIC KEY-----\n" + "A" * 392 + "\n-----END PUBLIC KEY-----\n"
    return {
        "@context": PERSON_CONTEXT,
        "id": ALICE,
        "type": "Person",
        "following": f"{ALICE}/following",
        "followers": f"{ALICE}/followers",
        "inbox": f"{ALICE}/inbox",
        "outbox": f"{ALICE}/outbox",
        "featured": f"{ALICE}/collections/featured",
        "featuredTags": f"{ALICE}/collections/tags",
        "preferredUsername": "alice",
        "name": "Alice Example",
        "summary": TEXT,
        "url": f"{SITE}/@alice",
        "manuallyApprovesFollowers": False,
        "discoverable": True,
        "indexable": True,
        "published": "2022-11-01T00:00:00Z",
        "attributionDomains": ["blog.example"],
        "publicKey": {"id": f"{ALICE}#main-key", "owner": ALICE, "publicKeyPem": pem},
        "tag": [],
        "attachment": [
            {"type": "PropertyValue", "name": name, "value": f'<a href="https://{name}.example" rel="me">{name}</a>'}
            for name in ("web", "code", "blog", "shop")
        ],
        "endpoints": {"sharedInbox": f"{SITE}/inbox"},
        "icon": {"type": "Image", "mediaType": "image/png", "url": f"{SITE}/media/avatar.png"},
        "image": {"type": "Image", "mediaType": "image/png", "url": f"{SITE}/media/header.png"},
    }


def prefixed() -> dict[str, Any]:
    """Give a Create that only JSON-LD reads rightly: one name stands under a prefix."""
    document = create()
    document["object"] = {("as:content" if name == "content" else name): value for name, value in note().items()}
    return document


def to_bytes(document: dict[str, Any]) -> bytes:
    """Write a document as it would arrive."""
    return json.dumps(document, separators=(",", ":")).encode()
