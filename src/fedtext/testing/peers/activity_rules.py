"""What servers need of activities: who may say them, and in which shape.

Every check gives what was seen, or None where the rule is satisfied or is not about such a document.

Sources: the rules of the wire that the rows name, and its tables of undos and of follows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ...vocab import is_public
from .cases import Case, first_id, host, ids, is_web, kind_of, text_of
from .reading import (
    EVERY,
    GOTOSOCIAL,
    LEMMY,
    MASTODON,
    MISSKEY,
    PIXELFED,
    THREADS,
    Rule,
    Verdict,
)

FLAG_CHARS_MAX: Final = 5_000
_MISSKEY_GOES_BY_ID: Final = ("Undo", "Accept", "Reject")


# -- who --------------------------------------------------------------------------------------------------------


def _actor_is_no_text(case: Case) -> str | None:
    if case.subject != "activity" or isinstance(case.document.get("actor"), str):
        return None
    return "`actor` is no text"


def _other_hosts(*kinds: str) -> Callable[[Case], str | None]:
    """Make a check: the activity, and in these kinds its object too, is on the host of the actor."""

    def check(case: Case) -> str | None:
        if case.subject != "activity" or not case.actor:
            return None
        own = [text_of(case.document, "id"), *([case.object_id] if case.kind in kinds else [])]
        found = [iri for iri in own if is_web(iri) and host(iri) != host(case.actor)]
        return f"{found[0]} is not on the host of {case.actor}" if found else None

    return check


def _somebody_elses(case: Case) -> str | None:
    """What is undone or edited belongs to who says so."""
    inner = case.inner
    if case.kind not in ("Undo", "Update") or inner is None:
        return None
    owner = first_id(inner.get("actor" if case.kind == "Undo" else "attributedTo"))
    return f"what it is about is {owner}'s" if owner and owner != case.actor else None


def _about_another_actor(case: Case) -> str | None:
    profile = case.profile
    if case.kind != "Update" or profile is None or text_of(profile, "id") == case.actor:
        return None
    return "the actor in it is not the one who says it"


# -- about what -------------------------------------------------------------------------------------------------


def _about_nothing(kind: str) -> Callable[[Case], str | None]:
    """Make a check: activities of this kind name something."""

    def check(case: Case) -> str | None:
        return f"the {kind} has no object with an id" if case.kind == kind and not case.object_id else None

    return check


def _boost_of_private(case: Case) -> str | None:
    inner = case.inner
    if case.kind != "Announce" or inner is None or not ("to" in inner or "cc" in inner):
        return None
    owner = first_id(inner.get("attributedTo"))
    shown = any(is_public(iri) for iri in [*ids(inner.get("to")), *ids(inner.get("cc"))])
    return "it boosts what is not public" if owner and owner != case.actor and not shown else None


def _long_flag(case: Case) -> str | None:
    length = len(text_of(case.document, "content")) if case.kind == "Flag" else 0
    return f"the comment has {length} characters" if length > FLAG_CHARS_MAX else None


def _half_a_move(case: Case) -> str | None:
    if case.kind != "Move":
        return None
    if case.object_id != case.actor:
        return "object is not the actor"
    return None if first_id(case.document.get("target")) else "the Move has no target"


def _pin_without_target(case: Case) -> str | None:
    is_lost = case.kind in ("Add", "Remove") and not first_id(case.document.get("target"))
    return f"the {case.kind} has no target" if is_lost else None


def _half_a_quote_request(case: Case) -> str | None:
    if case.kind != "QuoteRequest":
        return None
    missing = [name for name in ("object", "instrument") if not first_id(case.document.get(name))]
    return f"the QuoteRequest has no {' and no '.join(missing)}" if missing else None


def _emoji_reaction(case: Case) -> str | None:
    return "it is an EmojiReact" if case.kind == "EmojiReact" else None


# -- answers and undos ------------------------------------------------------------------------------------------


def _undo_of_an_id(case: Case) -> str | None:
    return "the Undo names what it undoes by its id" if case.kind == "Undo" and case.inner is None else None


def _undo_of_half(case: Case) -> str | None:
    """An undone Like is found by who liked what."""
    inner = case.inner if case.kind == "Undo" else None
    if inner is None or kind_of(inner) != "Like":
        return None
    missing = [name for name in ("actor", "object") if not first_id(inner.get(name))]
    return f"the undone Like has no {' and no '.join(missing)}" if missing else None


def _undo_by_nobody(case: Case) -> str | None:
    inner = case.inner if case.kind == "Undo" else None
    return "what is undone has no actor" if inner is not None and not first_id(inner.get("actor")) else None


def _unfetchable_id(case: Case) -> str | None:
    if case.kind not in _MISSKEY_GOES_BY_ID or case.inner is not None or "#" not in case.object_id:
        return None
    return f"object is an id with a fragment: {case.object_id}"


def _answer_for_another(case: Case) -> str | None:
    inner = case.inner
    if case.kind not in ("Accept", "Reject") or inner is None or kind_of(inner) != "Follow":
        return None
    followed = first_id(inner.get("object"))
    return f"{followed} is followed, and not who answers" if followed != case.actor else None


_DROPPED, _ALTERED, _NOT_MEANT = Verdict.DROPPED, Verdict.ALTERED, Verdict.NOT_MEANT
_ONE_HOST: Final = "keep the ids of an activity and of what it brings on the host of its actor"
_EMBED: Final = "embed the whole activity: its id, type, actor and object"

ACTIVITY_RULES: Final = (
    Rule("MOD-02", (MISSKEY, PIXELFED), _DROPPED, _actor_is_no_text, "write `actor` as its id"),
    Rule("INB-08", (MASTODON, MISSKEY, PIXELFED), _DROPPED, _other_hosts("Create", "Update", "Delete"), _ONE_HOST),
    # Interop: moderators of Lemmy edit and remove what is on other hosts.
    Rule("INB-08", (LEMMY,), _DROPPED, _other_hosts("Create"), _ONE_HOST),
    Rule("INB-18", (GOTOSOCIAL, MASTODON), _DROPPED, _somebody_elses, "let the owner say it"),
    Rule("ACT-18", (MASTODON,), _DROPPED, _about_another_actor, "let an actor update itself, whole"),
    Rule("MOD-41", EVERY, _DROPPED, _about_nothing("Like"), "name the post by its id in object"),
    Rule("MOD-43", (MASTODON, PIXELFED), _DROPPED, _about_nothing("Announce"), "name the post by its id in object"),
    Rule("MOD-44", (MASTODON,), _DROPPED, _boost_of_private, "boost what is public"),
    Rule("MOD-26", (MASTODON, GOTOSOCIAL, MISSKEY), _DROPPED, _about_nothing("Delete"), "embed a Tombstone"),
    Rule("MOD-52", (MASTODON, GOTOSOCIAL, MISSKEY), _DROPPED, _about_nothing("Flag"), "name the actor and the posts"),
    Rule("MOD-52", (MASTODON,), _ALTERED, _long_flag, f"write {FLAG_CHARS_MAX} characters at most: the rest is cut"),
    Rule("MOD-54", (MASTODON, GOTOSOCIAL), _DROPPED, _half_a_move, "name the actor as object, its new id as target"),
    Rule("MOD-56", (MASTODON,), _DROPPED, _pin_without_target, "name the featured collection as target"),
    Rule("MOD-59", (MASTODON,), _DROPPED, _half_a_quote_request, "name the quoted post, and the quoting one"),
    Rule("MOD-42", (MASTODON,), _NOT_MEANT, _emoji_reaction, "send a Like, if it is to be counted"),
    Rule("MOD-46", (GOTOSOCIAL, MASTODON), _DROPPED, _undo_of_an_id, _EMBED),
    Rule("MOD-46", (THREADS,), _DROPPED, _undo_of_an_id, _EMBED, second_hand=True),
    Rule("MOD-46", (GOTOSOCIAL,), _DROPPED, _undo_by_nobody, _EMBED),
    Rule("MOD-47", (GOTOSOCIAL, MASTODON), _DROPPED, _undo_of_half, _EMBED),
    Rule("COL-18", (MISSKEY,), _DROPPED, _unfetchable_id, _EMBED),
    Rule("INB-17", (MASTODON, GOTOSOCIAL), _DROPPED, _answer_for_another, "let the one who is followed answer"),
)  # fmt: skip
