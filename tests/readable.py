"""Documents as this library writes them, to be changed in one place by tests of reader models."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
CONTEXT = "https://www.w3.org/ns/activitystreams"
ALICE = "https://a.example/users/1"
BOB = "https://b.example/users/2"
POST = "https://a.example/posts/3"
THEIRS = "https://b.example/posts/4"
PEM = "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n"


def note(**changes: Any) -> Document:
    """A reply, which every server shows."""
    found = {
        "@context": CONTEXT,
        "id": POST,
        "type": "Note",
        "attributedTo": ALICE,
        "content": "<p>Hello</p>",
        "inReplyTo": THEIRS,
        "url": "https://a.example/@alice/3",
        "published": "2026-01-02T03:04:05Z",
        "to": [PUBLIC],
        "cc": [f"{ALICE}/followers", BOB],
        "tag": [{"type": "Mention", "href": BOB, "name": "@bob@b.example"}],
    }
    return _changed(found, changes)


def person(**changes: Any) -> Document:
    """An actor."""
    found = {
        "@context": CONTEXT,
        "id": ALICE,
        "type": "Person",
        "preferredUsername": "alice",
        "name": "Alice",
        "url": "https://a.example/@alice",
        "inbox": f"{ALICE}/inbox",
        "outbox": f"{ALICE}/outbox",
        "followers": f"{ALICE}/followers",
        "following": f"{ALICE}/following",
        "endpoints": {"sharedInbox": "https://a.example/inbox"},
        "publicKey": {"id": f"{ALICE}#main-key", "owner": ALICE, "publicKeyPem": PEM},
    }
    return _changed(found, changes)


def activity(kind: str, about: Any, **changes: Any) -> Document:
    """An activity of Alice."""
    found = {"@context": CONTEXT, "id": f"{ALICE}#{kind}", "type": kind, "actor": ALICE, "object": about}
    return _changed(found, changes)


def create(kind: str = "Create", **changes: Any) -> Document:
    """A Create or Update that brings the reply."""
    brought = note(**changes)
    return activity(kind, brought, to=brought.get("to"), cc=brought.get("cc"))


def follow() -> Document:
    """Bob's Follow of Alice, as it is embedded in answers."""
    return {"id": "https://b.example/follows/5", "type": "Follow", "actor": BOB, "object": ALICE}


def _changed(document: Document, changes: Document) -> Document:
    """Change members; what becomes None is left out."""
    return {name: value for name, value in {**document, **changes}.items() if value is not None}
