"""From a key id to a key whose owner is confirmed both ways.

Threat: a key document says of itself whom it belongs to. It is believed only when the owner, fetched from the
owner's own address, lists the same key id with the same material (SEC-060…066, SIG-17, SIG-18; CVE-2026-96625).

Steps: cache; else fetch the document at the key id without its fragment. An actor document must list exactly that
key id. A standalone key document must bear that id and name an owner, who is fetched and must list it back.
"""

from __future__ import annotations

from ..errors import (
    DocumentError,
    FetchError,
    FetchRefused,
    Gone,
    HTTPStatusError,
    KeyOwnerMismatch,
    KeyRefused,
    KeyUnavailable,
    MalformedIri,
)
from ..keys import PublicKey, VerificationKey, load_public_pem
from ..ports import store_key
from ..vocab import Actor, load
from ..wire.iri import parse_url
from ..wire.json import JsonObject, JsonValue, dump, parse_object
from .budget import Budget
from .documents import fetch_document, fetch_json
from .fetcher import Fetcher

_ABSENT = b"absent"


async def resolve(fetcher: Fetcher, key_id: str, budget: Budget, *, refresh: bool = False) -> VerificationKey:
    """Give the key with this id, its owner confirmed.

    Args:
        fetcher: The way out and the cache.
        key_id: As the signature names it: untrusted text.
        budget: Shared by all that one message causes.
        refresh: Skip the cache. At most one refresh in `refresh_pause_s` per key id; then the cached key stands
            (SEC-069, SIG-20).

    Raises:
        KeyOwnerMismatch: Key and owner do not name each other.
        KeyRefused: No usable key there, or it was refused a moment ago.
        KeyUnavailable: The host cannot be reached now (503: the peer may try again).
        Gone: The owner is gone (410).
    """
    address = _admit(fetcher, key_id)
    cache_key = store_key(fetcher.site, "key", key_id)
    cached = await fetcher.ports.store.get(cache_key)
    if cached == _ABSENT:
        raise KeyRefused("this key was not to be had a moment ago", key_id=key_id)
    if cached is not None and (not refresh or not await _may_refresh(fetcher, key_id)):
        return _restore(cached, key_id)

    async def fetch() -> VerificationKey:
        return await _fetch_and_cache(fetcher, key_id, address, cache_key, budget)

    return await fetcher.ports.coalesce.run(cache_key, fetch)


async def remember(fetcher: Fetcher, key: VerificationKey) -> None:
    """Put a confirmed key into the cache."""
    value = dump({"owner": key.owner, "pem": key.public.pem})
    cache_key = store_key(fetcher.site, "key", key.key_id)
    await fetcher.ports.store.put(cache_key, value, ttl_s=fetcher.config.fetch.key_fresh_s)


def _admit(fetcher: Fetcher, key_id: str) -> str:
    """Refuse before any fetch what no actor publishes (SEC-067): acct:, did:, data:, relative, our own host."""
    try:
        parsed = parse_url(key_id)
    except MalformedIri as error:
        raise KeyRefused("the key id is not an absolute http(s) URL", key_id=key_id) from error
    if parsed.origin in fetcher.own_origins:
        raise KeyRefused("the key id is on this host", key_id=key_id)
    return str(parsed).partition("#")[0]


async def _may_refresh(fetcher: Fetcher, key_id: str) -> bool:
    mark = store_key(fetcher.site, "key-refreshed", key_id)
    return await fetcher.ports.store.add_if_absent(mark, b"1", ttl_s=fetcher.config.fetch.refresh_pause_s)


def _restore(cached: bytes, key_id: str) -> VerificationKey:
    value = parse_object(cached)
    return VerificationKey(key_id=key_id, owner=str(value["owner"]), public=load_public_pem(str(value["pem"])))


async def _fetch_and_cache(
    fetcher: Fetcher, key_id: str, address: str, cache_key: str, budget: Budget
) -> VerificationKey:
    try:
        key = await _fetch(fetcher, key_id, address, budget)
    except Gone:
        await _remember_absence(fetcher, cache_key)
        raise
    except FetchError as error:
        await _remember_absence(fetcher, cache_key)
        if not error.permanent or (isinstance(error, HTTPStatusError) and _is_server_fault(error)):
            raise KeyUnavailable("the host of the key cannot be reached", key_id=key_id) from error
        raise KeyRefused("the key could not be fetched", key_id=key_id) from error
    except (DocumentError, KeyRefused, KeyOwnerMismatch) as error:
        await _remember_absence(fetcher, cache_key)
        if isinstance(error, DocumentError):
            raise KeyRefused("the document with the key cannot be used", key_id=key_id) from error
        raise
    await remember(fetcher, key)
    return key


def _is_server_fault(error: HTTPStatusError) -> bool:
    return error.context.get("status", "").startswith(("5", "429"))


async def _remember_absence(fetcher: Fetcher, cache_key: str) -> None:
    """Cache the failure unless a good key stands there: a failed refresh does not take away what was confirmed."""
    pause_s = fetcher.config.fetch.absent_fresh_s
    await fetcher.ports.store.add_if_absent(cache_key, _ABSENT, ttl_s=pause_s)


async def _fetch(fetcher: Fetcher, key_id: str, address: str, budget: Budget) -> VerificationKey:
    final_url, document = await fetch_json(fetcher, address, budget)
    if _is_key_document(document):
        return await _confirm_standalone(fetcher, key_id, document, budget)
    if document.get("id") != final_url or final_url != address:
        document = await fetch_document(fetcher, _id_at_same_origin(document, address), budget)
    actor = _as_actor(document, key_id)
    return VerificationKey(key_id=key_id, owner=_require_id(actor), public=_listed_key(fetcher, actor, key_id))


def _is_key_document(document: JsonObject) -> bool:
    return isinstance(document.get("publicKeyPem"), str) and "inbox" not in document


def _id_at_same_origin(document: JsonObject, address: str) -> str:
    """Give the id at which a document that answered elsewhere must be fetched again (GoToSocial: /main-key)."""
    document_id = document.get("id")
    if not isinstance(document_id, str):
        raise FetchRefused("the document has no id", url=address)
    if parse_url(document_id).origin != parse_url(address).origin:
        raise FetchRefused("the document's id is on another origin", url=address)
    return document_id


async def _confirm_standalone(fetcher: Fetcher, key_id: str, document: JsonObject, budget: Budget) -> VerificationKey:
    if document.get("id") != key_id:
        raise KeyOwnerMismatch("the key document bears another id", key_id=key_id)
    owner_id = _reference(document.get("owner")) or _reference(document.get("controller"))
    if owner_id is None:
        raise KeyOwnerMismatch("the key document names no owner", key_id=key_id)
    own_word = load_public_pem(str(document["publicKeyPem"]), fetcher.config.signatures)
    actor = _as_actor(await fetch_document(fetcher, owner_id, budget), key_id)
    if actor.id != owner_id:
        raise KeyOwnerMismatch("the owner's document is another's", key_id=key_id)
    listed = _listed_key(fetcher, actor, key_id)
    if listed.fingerprint != own_word.fingerprint:
        raise KeyOwnerMismatch("the owner lists other material under this key id", key_id=key_id)
    return VerificationKey(key_id=key_id, owner=owner_id, public=listed)


def _reference(value: JsonValue) -> str | None:
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) else None


def _as_actor(document: JsonObject, key_id: str) -> Actor:
    actor = load(document)
    if not isinstance(actor, Actor):
        raise KeyOwnerMismatch("the owner of the key is not an actor", key_id=key_id, type=actor.type_name)
    return actor


def _require_id(actor: Actor) -> str:
    if actor.id is None:
        raise KeyOwnerMismatch("the actor has no id")
    return actor.id


def _listed_key(fetcher: Fetcher, actor: Actor, key_id: str) -> PublicKey:
    """Pick the key that the actor lists under exactly this id; never "the first one" (SEC-065).

    Interop: PeerTube names the actor's id as key id; it is taken when the actor has exactly one key (SEC-066).
    """
    claims = actor.keys[: fetcher.config.limits.keys_per_actor_max]
    found = [claim for claim in claims if claim.id == key_id]
    if not found and key_id == actor.id and len(claims) == 1:
        found = list(claims)
    if len(found) != 1:
        raise KeyOwnerMismatch("the actor does not list this key", key_id=key_id)
    claim = found[0]
    if claim.owner is not None and claim.owner != actor.id:
        raise KeyOwnerMismatch("the listed key names another owner", key_id=key_id)
    if claim.pem is None:
        raise KeyRefused("the key has no PEM", key_id=key_id)
    return load_public_pem(claim.pem, fetcher.config.signatures)
