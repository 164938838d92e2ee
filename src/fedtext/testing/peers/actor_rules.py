"""What servers need of actors, as documents of their own and inside of an Update.

Every check gives what was seen, or None where the rule is satisfied or is not about such a document.

Sources: the rules of the wire that the rows name.
"""

from __future__ import annotations

import re
from typing import Final

from ...wire.json import JsonObject
from .cases import (
    ACTOR_TYPES,
    Case,
    are_related,
    first_id,
    host,
    is_web,
    kind_of,
    links,
    objects,
    text_of,
)
from .reading import EVERY, GOTOSOCIAL, LEMMY, MASTODON, MISSKEY, PEERTUBE, Rule, Verdict

NAME_CHARS_MAX: Final = 2_048
BIO_BYTES_MAX: Final = 20_000
FIELDS_MAX: Final = 50
PEM_CHARS_MIN: Final = 10
PEM_CHARS_MAX: Final = 5_000
USERNAME_CHARS_MAX: Final = 128

_PEM_HEAD: Final = "-----BEGIN PUBLIC KEY-----"
_PLACES: Final = ("inbox", "outbox", "followers", "following")
_MASTODON_NAME: Final = re.compile(r"[a-z0-9_]++(?:[.-]++[a-z0-9_]++)*", re.IGNORECASE)
_MISSKEY_NAME: Final = re.compile(r"[A-Za-z0-9_](?:[\w.-]*\w)?", re.ASCII)


def _missing(case: Case, *names: str) -> str | None:
    profile = case.profile
    missing = [name for name in names if not profile.get(name)] if profile is not None else []
    return f"the actor has no {', '.join(missing)}" if missing else None


def _for_lemmy(case: Case) -> str | None:
    return _missing(case, "inbox", "outbox", "publicKey")


def _for_peertube(case: Case) -> str | None:
    return _missing(case, "inbox", "url", "publicKey")


def _for_mastodon(case: Case) -> str | None:
    profile = case.profile
    if profile is None or text_of(profile, "preferredUsername") or text_of(profile, "webfinger"):
        return _missing(case, "inbox")
    return "the actor has neither preferredUsername nor webfinger"


def _odd_type(case: Case) -> str | None:
    profile = case.profile
    if profile is None or kind_of(profile) in ACTOR_TYPES:
        return None
    return f"its type is {kind_of(profile) or 'missing'}"


def _group_of_nobody(case: Case) -> str | None:
    profile = case.profile
    is_group = profile is not None and kind_of(profile) == "Group"
    return "the Group has no attributedTo" if is_group and profile and not profile.get("attributedTo") else None


def _shared_inbox(profile: JsonObject) -> str:
    endpoints = objects(profile.get("endpoints"))
    return first_id(endpoints[0].get("sharedInbox")) if endpoints else text_of(profile, "sharedInbox")


def _places_elsewhere(case: Case) -> str | None:
    profile = case.profile
    if profile is None:
        return None
    found = [(name, first_id(profile.get(name))) for name in _PLACES] + [("sharedInbox", _shared_inbox(profile))]
    away = [name for name, iri in found if iri and not are_related(iri, text_of(profile, "id"))]
    return f"{', '.join(away)} is on another host than the actor" if away else None


def _shared_inbox_elsewhere(case: Case) -> str | None:
    profile = case.profile
    iri = _shared_inbox(profile) if profile is not None else ""
    return "the shared inbox is on another domain" if iri and not are_related(iri, case.actor) else None


def _featured_elsewhere(case: Case) -> str | None:
    profile = case.profile
    iri = first_id(profile.get("featured")) if profile is not None else ""
    return "the featured collection is on another domain" if iri and not are_related(iri, case.actor) else None


def _no_address(case: Case) -> str | None:
    profile = case.profile or {}
    found = [(name, first_id(profile.get(name))) for name in _PLACES]
    odd = [name for name, iri in found if iri and not is_web(iri)]
    return f"{', '.join(odd)} is no address of the web" if odd else None


# -- keys -------------------------------------------------------------------------------------------------------


def _half_a_key(case: Case) -> str | None:
    profile = case.profile
    for key in objects(profile.get("publicKey")) if profile is not None else []:
        missing = [name for name in ("id", "owner", "publicKeyPem") if not text_of(key, name)]
        if missing:
            return f"publicKey has no {', '.join(missing)}"
    return None


def _key_of_another(case: Case) -> str | None:
    profile = case.profile
    keys = objects(profile.get("publicKey")) if profile is not None else []
    owners = [text_of(key, "owner") for key in keys]
    return next((f"the key is {owner}'s" for owner in owners if owner and owner != case.actor), None)


def _odd_pem(case: Case) -> str | None:
    profile = case.profile
    keys = objects(profile.get("publicKey")) if profile is not None else []
    for pem in (text_of(key, "publicKeyPem") for key in keys):
        if not pem.startswith(_PEM_HEAD) or not PEM_CHARS_MIN <= len(pem) <= PEM_CHARS_MAX:
            return f"publicKeyPem begins with {pem[:26] or 'nothing'}"
    return None


# -- what people see --------------------------------------------------------------------------------------------


def _page_elsewhere(case: Case) -> str | None:
    address = next(iter(links(case.profile.get("url"))), "") if case.profile is not None else ""
    return f"`url` is on {host(address) or 'no host'}" if address and host(address) != host(case.actor) else None


def _picture_of_nothing(case: Case) -> str | None:
    for name in ("icon", "image"):
        pictures = objects(case.profile.get(name)) if case.profile is not None else []
        if any(not links(picture.get("url")) for picture in pictures):
            return f"`{name}` has no url"
    return None


def _name_is_no_text(case: Case) -> str | None:
    value = case.profile.get("name") if case.profile is not None else None
    return None if value is None or isinstance(value, str) else "`name` is no text"


def _half_a_field(case: Case) -> str | None:
    fields = objects(case.profile.get("attachment"), "PropertyValue") if case.profile is not None else []
    half = any(not text_of(field, "name") or not isinstance(field.get("value"), str) for field in fields)
    return "a field has no name, or no value" if half else None


def _is_suspended(case: Case) -> str | None:
    return "it is `suspended`" if case.profile is not None and case.profile.get("suspended") is True else None


def _too_much(case: Case) -> str | None:
    profile = case.profile
    if profile is None:
        return None
    sizes = (
        ("name", len(text_of(profile, "name")), NAME_CHARS_MAX),
        ("summary", len(text_of(profile, "summary").encode("utf-8", "surrogatepass")), BIO_BYTES_MAX),
        ("attachment", len(objects(profile.get("attachment"), "PropertyValue")), FIELDS_MAX),
    )
    return next((f"the size of {name} is {size}, above {most}" for name, size, most in sizes if size > most), None)


def _odd_name_for_mastodon(case: Case) -> str | None:
    name = text_of(case.profile or {}, "preferredUsername")
    return f"it is named {name!r}" if name and _MASTODON_NAME.fullmatch(name) is None else None


def _odd_name_for_misskey(case: Case) -> str | None:
    name = text_of(case.profile or {}, "preferredUsername")
    is_usual = len(name) <= USERNAME_CHARS_MAX and _MISSKEY_NAME.fullmatch(name) is not None
    return f"it is named {name!r}" if name and not is_usual else None


_DROPPED, _ALTERED = Verdict.DROPPED, Verdict.ALTERED
_NAME_IT: Final = "name it with 1 to 30 of the letters a-z, digits and _"

ACTOR_RULES: Final = (
    Rule("ACT-01", EVERY, _DROPPED, _odd_type, "use Person, Service, Application, Group or Organization"),
    Rule("ACT-01", (MASTODON,), _DROPPED, _for_mastodon, "give an inbox, and a name in preferredUsername"),
    Rule("ACT-01", (LEMMY,), _DROPPED, _for_lemmy, "give an inbox, an outbox and a publicKey"),
    Rule("ACT-01", (PEERTUBE,), _DROPPED, _for_peertube, "give an inbox, a url and a publicKey"),
    Rule("ACT-02", (PEERTUBE,), _DROPPED, _group_of_nobody, "name in attributedTo who runs the Group"),
    Rule("ACT-03", (MISSKEY,), _DROPPED, _places_elsewhere, "keep its inbox and collections on the host of the actor"),
    Rule("ACT-03", (GOTOSOCIAL,), _ALTERED, _shared_inbox_elsewhere, "keep the shared inbox there: it is not used"),
    Rule("ACT-04", (MASTODON,), _ALTERED, _no_address, "give https addresses: others are passed over"),
    Rule("ACT-06", (MASTODON,), _DROPPED, _half_a_key, "give publicKey as {id, owner, publicKeyPem}"),
    Rule("SIG-18", (MASTODON, GOTOSOCIAL), _DROPPED, _key_of_another, "name the actor as owner of its key"),
    Rule("SIG-23", (PEERTUBE,), _DROPPED, _odd_pem, f"write the key as SPKI, from {_PEM_HEAD} on"),
    Rule("ACT-07", (MASTODON, MISSKEY), _ALTERED, _picture_of_nothing, "give pictures a url"),
    Rule("ACT-08", (MISSKEY,), _DROPPED, _name_is_no_text, "write `name` as a text"),
    Rule("ACT-09", (MASTODON, GOTOSOCIAL), _ALTERED, _half_a_field, "give every PropertyValue a name and a value"),
    Rule("ACT-12", (MASTODON,), _ALTERED, _is_suspended, "leave `suspended` out, or false: the account is hidden"),
    Rule("ACT-15", (GOTOSOCIAL,), _ALTERED, _featured_elsewhere, "keep the featured collection there: it is not read"),
    Rule("ACT-16", (MASTODON,), _ALTERED, _page_elsewhere, "serve the page on the host of the id: the id is shown"),
    Rule("MOD-69", (MASTODON,), _ALTERED, _too_much, "make it shorter: the rest is cut"),
    Rule("WF-12", (MASTODON,), _DROPPED, _odd_name_for_mastodon, _NAME_IT),
    Rule("WF-12", (MISSKEY,), _DROPPED, _odd_name_for_misskey, _NAME_IT),
)
