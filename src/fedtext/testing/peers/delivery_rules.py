"""What servers need of the way in which a document comes: its signature, its size, its media type, whom it concerns.

Signatures are read for POSTs alone. Every check gives what was seen, or None where the rule is satisfied or is not
about such a delivery.

Sources: the rules of the wire that the rows name; its tables 2.1 (who asks what of signatures), 2.3 (who takes RFC
9421) and 3 (sizes).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ...config import Scheme
from ...wire.media_types import JSON, is_activity
from .cases import (
    CAVAGE_COVERED,
    RFC9421_COVERED,
    TARGET,
    Case,
    first_id,
    host,
    is_web,
    text_of,
)
from .reading import (
    EVERY,
    GOTOSOCIAL,
    LEMMY,
    MASTODON,
    MISSKEY,
    PEERTUBE,
    PIXELFED,
    TAKAHE,
    THREADS,
    Rule,
    Verdict,
)

MISSKEY_BYTES_MAX: Final = 65_536
MASTODON_BYTES_MAX: Final = 1_048_576
# How old a Date may be, and how far ahead (seconds).
HOUR_S: Final = 3_600
WINDOWS_S: Final = {
    TAKAHE: (60, 60),
    PEERTUBE: (1_800, 1_800),
    LEMMY: (HOUR_S, HOUR_S),
    MASTODON: (300 + HOUR_S, HOUR_S),
    PIXELFED: (24 * HOUR_S, 24 * HOUR_S),
}
# As Lemmy compares them, letter by letter.
_LEMMY_TYPES: Final = frozenset((
    "application/activity+json",
    "application/activity+json; charset=utf-8",
    'application/ld+json; profile="https://www.w3.org/ns/activitystreams"',
))  # fmt: skip
_COMMON_ALGORITHMS: Final = ("rsa-sha256", "hs2019")


# -- signatures -------------------------------------------------------------------------------------------------


def _is_signed_with(case: Case, scheme: Scheme) -> bool:
    return case.is_posted and case.delivery.scheme is scheme


def _unsigned(case: Case) -> str | None:
    return "the POST is not signed" if case.is_posted and case.delivery.scheme is None else None


def _by_rfc9421(case: Case) -> str | None:
    return "it is signed as in RFC 9421" if _is_signed_with(case, Scheme.RFC9421) else None


def _uncovered(*groups: tuple[str, ...]) -> Callable[[Case], str | None]:
    """Make a check: of each group, one header is signed."""

    def check(case: Case) -> str | None:
        if not _is_signed_with(case, Scheme.CAVAGE):
            return None
        covered = case.delivery.covered if case.delivery.covered is not None else CAVAGE_COVERED
        missing = [" or ".join(group) for group in groups if not set(group) & set(covered)]
        return f"{', '.join(missing)} is not signed" if missing else None

    return check


def _uncovered_by_rfc9421(case: Case) -> str | None:
    if not _is_signed_with(case, Scheme.RFC9421):
        return None
    covered = case.delivery.covered if case.delivery.covered is not None else RFC9421_COVERED
    missing = [name for name in ("@method", "@target-uri", "content-digest") if name not in covered]
    return f"{', '.join(missing)} is not covered" if missing else None


def _digest_not_exact(case: Case) -> str | None:
    is_exact = not _is_signed_with(case, Scheme.CAVAGE) or case.delivery.digest == "SHA-256"
    return None if is_exact else f"Digest names {case.delivery.digest or 'nothing'}"


def _other_digests(case: Case) -> str | None:
    names = case.delivery.digest.lower().split(",")
    is_alone = not _is_signed_with(case, Scheme.CAVAGE) or set(names) == {"sha-256"}
    return None if is_alone else f"Digest names {case.delivery.digest or 'nothing'}"


def _outside_window(server: str) -> Callable[[Case], str | None]:
    past_s, ahead_s = WINDOWS_S[server]

    def check(case: Case) -> str | None:
        age_s = case.delivery.age_s
        if not _is_signed_with(case, Scheme.CAVAGE) or -ahead_s <= age_s <= past_s:
            return None
        return f"Date is {abs(age_s):.0f} s {'old' if age_s > 0 else 'ahead'}"

    return check


def _untidy(case: Case) -> str | None:
    is_untidy = _is_signed_with(case, Scheme.CAVAGE) and not case.delivery.is_tidy
    return "parameters of the signature have spaces between them, or no quotes" if is_untidy else None


def _no_algorithm(case: Case) -> str | None:
    is_missing = _is_signed_with(case, Scheme.CAVAGE) and case.delivery.algorithm is None
    return "the parameter algorithm is missing" if is_missing else None


def _other_algorithm(case: Case) -> str | None:
    name = case.delivery.algorithm
    is_known = not _is_signed_with(case, Scheme.CAVAGE) or name is None or name in _COMMON_ALGORITHMS
    return None if is_known else f"the algorithm is {name}"


def _query(case: Case) -> str | None:
    is_there = _is_signed_with(case, Scheme.CAVAGE) and case.delivery.has_query
    return "the address of the inbox has a query" if is_there else None


def _other_host_header(case: Case) -> str | None:
    return "Host is not the server's own" if case.is_posted and not case.delivery.is_own_host else None


def _key_elsewhere(case: Case) -> str | None:
    key_id = case.delivery.key_id
    if not case.is_posted or not key_id or not is_web(key_id) or host(key_id) == host(case.actor):
        return None
    return f"the key is on {host(key_id)}"


def _key_is_no_url(case: Case) -> str | None:
    key_id = case.delivery.key_id
    return f"the key id is {key_id}" if case.is_posted and key_id and not is_web(key_id) else None


def _passed_on(*proofs: str) -> Callable[[Case], str | None]:
    """Make a check: who signs is the actor, or the document bears a proof that the server reads."""

    def check(case: Case) -> str | None:
        signer = case.delivery.signer
        if not case.is_posted or signer is None or signer == case.actor or any(case.document.get(p) for p in proofs):
            return None
        return f"it is signed by {signer}, and not by {case.actor or 'its actor'}"

    return check


# -- sizes and types --------------------------------------------------------------------------------------------


def _longer_than(bytes_max: int) -> Callable[[Case], str | None]:
    def check(case: Case) -> str | None:
        return f"it has {case.size_bytes} bytes" if case.is_posted and case.size_bytes > bytes_max else None

    return check


def _posted_as_something_else(case: Case) -> str | None:
    content_type = case.delivery.content_type
    is_odd = case.is_posted and not _is_activity_type(content_type)
    return f"it came as {content_type or 'nothing'}" if is_odd else None


def _served_as_something_else(case: Case) -> str | None:
    content_type = case.delivery.content_type
    is_odd = not case.is_posted and not _is_activity_type(content_type)
    return f"it is served as {content_type or 'nothing'}" if is_odd else None


def _is_activity_type(content_type: str) -> bool:
    return is_activity(content_type) and not content_type.lower().startswith(JSON)


def _served_not_letter_by_letter(case: Case) -> str | None:
    content_type = case.delivery.content_type
    is_odd = not case.is_posted and content_type not in _LEMMY_TYPES
    return f"it is served as {content_type or 'nothing'}" if is_odd else None


def _served_elsewhere(case: Case) -> str | None:
    url = case.delivery.url
    is_elsewhere = not case.is_posted and url is not None and url != text_of(case.document, "id")
    return f"it was found at {url}" if is_elsewhere else None


# -- whom it concerns -------------------------------------------------------------------------------------------


def _concerns_nobody(case: Case) -> str | None:
    """A post reaches followers, those whom it addresses or mentions, and those whom it answers."""
    follows, here = case.delivery.follows, case.delivery.host
    if case.kind != "Create" or case.post is None or follows is None or case.actor in follows:
        return None
    related = [*case.addressed, first_id(case.post.get("inReplyTo"))]
    return None if here and any(host(iri) == here for iri in related) else f"nobody there follows {case.actor}"


def _follow_of_a_stranger(case: Case) -> str | None:
    here = case.delivery.host
    is_lost = case.kind == "Follow" and here is not None and host(case.object_id) != here
    return f"{case.object_id or 'nobody'} is not on {here}" if is_lost else None


_DROPPED: Final = Verdict.DROPPED
_SIGN: Final = "sign (request-target), host, date and digest"
_DIGEST: Final = "send Digest: SHA-256=… alone, in upper case"
_WINDOW: Final = "send a fresh Date with each attempt, and set the clock"
_CAVAGE: Final = "sign as in draft-cavage, unless the server is known to take RFC 9421"

DELIVERY_RULES: Final = (
    Rule("SIG-01", EVERY, _DROPPED, _unsigned, _SIGN),
    Rule("SIG-01", (MASTODON,), _DROPPED, _uncovered(("date", "(created)"), (TARGET, "digest"), ("digest",)), _SIGN),
    Rule("SIG-01", (MISSKEY,), _DROPPED, _uncovered((TARGET,), ("host",), ("date",), ("digest",)), _SIGN),
    Rule("SIG-01", (PEERTUBE,), _DROPPED, _uncovered((TARGET,), ("host",), ("digest",), ("date", "(created)")), _SIGN),
    Rule("SIG-01", (LEMMY,), _DROPPED, _uncovered(("digest",)), _SIGN),
    Rule("SIG-33", (GOTOSOCIAL, LEMMY, MISSKEY, PIXELFED), _DROPPED, _by_rfc9421, _CAVAGE),
    Rule("SIG-28", (MASTODON,), _DROPPED, _uncovered_by_rfc9421, "cover @method, @target-uri and content-digest"),
    Rule("SIG-03", (PEERTUBE, TAKAHE), _DROPPED, _digest_not_exact, _DIGEST),
    Rule("SIG-03", (THREADS,), _DROPPED, _digest_not_exact, _DIGEST, second_hand=True),
    Rule("SIG-03", (LEMMY,), _DROPPED, _other_digests, _DIGEST),
    *(Rule("SIG-05", (server,), _DROPPED, _outside_window(server), _WINDOW) for server in WINDOWS_S),
    Rule("SIG-06", (GOTOSOCIAL, TAKAHE), _DROPPED, _untidy, "quote all parameters, and join them by commas alone"),
    Rule("SIG-06", (TAKAHE,), _DROPPED, _no_algorithm, "name the algorithm rsa-sha256"),
    Rule("SIG-08", (MASTODON, LEMMY, TAKAHE), _DROPPED, _other_algorithm, "sign with RSA, and name rsa-sha256"),
    Rule("SIG-13", (TAKAHE, PIXELFED), _DROPPED, _query, "send to an address without a query, as the actor gives it"),
    Rule("SIG-14", (MISSKEY,), _DROPPED, _other_host_header, "send the host of the inbox as Host, with no usual port"),
    Rule("SIG-16", (LEMMY, PIXELFED, MISSKEY), _DROPPED, _key_elsewhere, "keep the key on the host of the actor"),
    Rule("SIG-17", (MISSKEY,), _DROPPED, _key_is_no_url, "name the key by the actor's id and #main-key"),
    Rule("SIG-19", (MASTODON,), _DROPPED, _passed_on("signature", "proof"), "pass on what bears a proof, unchanged"),
    Rule("SIG-19", (MISSKEY, PEERTUBE), _DROPPED, _passed_on("signature"), "pass on what bears a linked-data one"),
    Rule("INB-01", (GOTOSOCIAL,), _DROPPED, _posted_as_something_else, "send Content-Type: application/activity+json"),
    Rule("INB-04", (MASTODON,), _DROPPED, _longer_than(MASTODON_BYTES_MAX), "make it shorter than a megabyte"),
    Rule("DLV-21", (MISSKEY,), _DROPPED, _longer_than(MISSKEY_BYTES_MAX), "keep it within 64 KiB"),
    Rule("COL-01", (MASTODON, MISSKEY), _DROPPED, _served_as_something_else, "serve it as application/activity+json"),
    Rule("COL-01", (LEMMY,), _DROPPED, _served_not_letter_by_letter, "serve it as application/activity+json"),
    Rule("INB-10", (MASTODON, LEMMY, MISSKEY), _DROPPED, _served_elsewhere, "serve it at its id, letter by letter"),
    Rule("INB-11", (MASTODON,), _DROPPED, _concerns_nobody, "address or mention somebody there, or be followed"),
    Rule("INB-16", (MASTODON,), _DROPPED, _follow_of_a_stranger, "send a Follow to the server of whom it is about"),
)
