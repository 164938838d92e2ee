"""What servers need of a document as a whole: its id, its shape as JSON, and whom it says that it is for.

Every check gives what was seen, or None where the rule is satisfied or is not about such a document.

Sources: the rules of the wire that the rows name, and its table of visibility.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ...vocab import PUBLIC
from .cases import Case, ids, is_web, items, kind_of, text_of, walk
from .reading import EVERY, GOTOSOCIAL, LEMMY, MASTODON, MISSKEY, PEERTUBE, PIXELFED, Rule, Verdict

PIXELFED_DEPTH_MAX: Final = 7


# -- the document as a whole ------------------------------------------------------------------------------------


def _no_id(*without: str) -> Callable[[Case], str | None]:
    """Make a check: all documents have an id, but for activities of these kinds."""

    def check(case: Case) -> str | None:
        if case.kind in without or is_web(text_of(case.document, "id")):
            return None
        return "it has no id that is a URL"

    return check


def _no_type(case: Case) -> str | None:
    return None if case.kind else "it has no type"


def _no_context(case: Case) -> str | None:
    contexts = items(case.document.get("@context"))
    return None if "https://www.w3.org/ns/activitystreams" in contexts else "@context does not name ActivityStreams"


def _graph(case: Case) -> str | None:
    names = {name for _, one in walk(case.document) if isinstance(one, dict) for name in one}
    found = sorted(names & {"@graph", "@included", "@reverse"})
    return f"it has {', '.join(found)}" if found else None


def _too_deep(case: Case) -> str | None:
    depth = max(depth for depth, _ in walk(case.document))
    return f"it is nested {depth} deep" if depth > PIXELFED_DEPTH_MAX else None


# -- addressees -------------------------------------------------------------------------------------------------


def _addressees_alone(case: Case) -> str | None:
    for holder in case.holders:
        for name in ("to", "cc"):
            if isinstance(holder.get(name), str):
                return f"`{name}` is one text"
    return None


def _public_spelled_otherwise(case: Case) -> str | None:
    found = [iri for holder in case.holders for name in ("to", "cc") for iri in ids(holder.get(name))]
    return next((f"the public is written `{iri}`" for iri in found if iri in ("as:Public", "Public")), None)


def _not_for_all(case: Case) -> str | None:
    """Posts for followers; what is for the public in another spelling is a mistake, and another row's."""
    if case.post is None or case.is_vote or case.is_public or case.is_private_message:
        return None
    return f"it is not addressed to {PUBLIC}"


def _other_addressees_inside(case: Case) -> str | None:
    post = case.post
    if post is None or post is case.document or "to" not in post:
        return None
    for name in ("to", "cc"):
        if set(ids(post.get(name))) != set(ids(case.document.get(name))):
            return f"`{name}` of the {kind_of(post)} and of the {case.kind} differ"
    return None


_DROPPED, _ALTERED, _NOT_MEANT = Verdict.DROPPED, Verdict.ALTERED, Verdict.NOT_MEANT
_BUT_GOTOSOCIAL: Final = tuple(server for server in EVERY if server != GOTOSOCIAL)
_ID: Final = "give it an id under the origin of its actor"

DOCUMENT_RULES: Final = (
    # Interop: Mastodon sends Add and Remove without an id (MOD-56), GoToSocial Delete.
    Rule("MOD-01", _BUT_GOTOSOCIAL, _DROPPED, _no_id("Add", "Remove"), _ID),
    Rule("MOD-01", (GOTOSOCIAL,), _DROPPED, _no_id("Add", "Remove", "Delete"), _ID),
    Rule("INB-05", (GOTOSOCIAL, MISSKEY), _DROPPED, _no_type, "give it a type"),
    Rule("JLD-01", (MASTODON,), _DROPPED, _no_context, "name https://www.w3.org/ns/activitystreams in @context"),
    Rule("JLD-06", (MASTODON,), _DROPPED, _graph, "write the document as one tree"),
    Rule("JLD-15", (PIXELFED,), _DROPPED, _too_deep, "nest it seven deep at most"),
    Rule("MOD-03", (PEERTUBE,), _DROPPED, _addressees_alone, "write `to` and `cc` as lists"),
    Rule("MOD-04", (LEMMY, PEERTUBE), _DROPPED, _public_spelled_otherwise, f"write {PUBLIC}"),
    Rule("MOD-05", (LEMMY,), _NOT_MEANT, _not_for_all, "address the public, if it is for a public community"),
    # Interop: Lemmy is among those whom the rule serves, and sends Updates of Pages in which they differ itself.
    Rule("MOD-07", (MASTODON,), _ALTERED, _other_addressees_inside, "give both the same `to` and `cc`"),
)
