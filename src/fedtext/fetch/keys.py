"""From a key id to a key whose owner is confirmed both ways.

Threat: a key document says of itself whom it belongs to. It is believed only when the owner, fetched from the
owner's own address, lists the same key id with the same material (SEC-060…066, SIG-17, SIG-18; CVE-2026-96625).

Steps: cache; else fetch the document at the key id without its fragment. An actor document must list exactly that
key id. A standalone key document must bear that id, answer at it without a redirect, and name an owner, who is
fetched and must list it back.

Keys are listed in `publicKey`, in PEM, and in `assertionMethod`, as Multikeys (FEP-521a); those of either list sign
requests, those of `assertionMethod` alone sign documents. A listed key that cannot be read spoils no other.

Invariants: failures are cached too, so that nobody makes us ask again and again; a failed refresh never takes away
what was confirmed; a key that was fetched a moment ago is not fetched again.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from functools import lru_cache
from typing import Final

import attrs

from ..config import SignaturePolicy
from ..errors import (
    AlgorithmRefused,
    BudgetExhausted,
    DocumentError,
    FedtextError,
    FetchError,
    FetchRefused,
    Gone,
    KeyOwnerMismatch,
    KeyRefused,
    KeyUnavailable,
    MalformedIri,
)
from ..keys import PRIVATE_MEMBERS, PublicKey, VerificationKey, key_material, load_public_pem
from ..ports import store_key
from ..vocab import Actor, load
from ..wire.ip_addresses import parse_address
from ..wire.iri import Url, parse_url
from ..wire.json import JsonObject, JsonValue, dump, parse_object
from .budget import Budget
from .courtesy import speaks_of_host
from .documents import fetch_document, fetch_json
from .fetcher import Fetcher
from .knocking import learn_capabilities

_ABSENT: Final = b"absent"
_GONE: Final = b"gone"
_UNAVAILABLE: Final = b"unavailable"
_LOADED_COUNT_MAX: Final = 1_024
# As long as the door asks peers to wait (Retry-After): then their next attempt is one of ours, too.
UNAVAILABLE_FRESH_S: Final = 60
# Last parts of the names that standalone key documents give their type; many give none.
_KEY_TYPES: Final = frozenset({"Key", "CryptographicKey", "PublicKey", "Multikey", "JsonWebKey"})
_KEY_MEMBERS: Final = ("publicKeyPem", "publicKeyMultibase", "publicKeyJwk")


class KeyUse(Enum):
    """What a key is asked for; each use has a cache of its own, under its value.

    REQUEST: it signs requests. ASSERTION: it signs documents, as its owner says by `assertionMethod`.
    """

    REQUEST = "key"
    ASSERTION = "assertion-key"


async def resolve(
    fetcher: Fetcher, key_id: str, budget: Budget, *, refresh: bool = False, use: KeyUse = KeyUse.REQUEST
) -> VerificationKey:
    """Give the key with this id, its owner confirmed.

    Args:
        fetcher: The way out and the cache.
        key_id: As the signature names it: untrusted text.
        budget: Shared by all that one message causes.
        refresh: Skip the cache. At most one fetch in `refresh_pause_s` per key id; then the cached key stands
            (SEC-069, SIG-20).
        use: What it is asked for.

    Raises:
        KeyOwnerMismatch: Key and owner do not name each other; for documents also where the owner does not list it in
            `assertionMethod`, or is at another origin than the key (SEC-129).
        KeyRefused: No usable key there, or it was refused a moment ago.
        KeyUnavailable: The host cannot be reached now (503: the peer may try again).
        Gone: The owner is gone (410).
    """
    address = admit_key_id(fetcher, key_id)
    cache_key = store_key(fetcher.site, use.value, key_id)
    known = _restore(fetcher, await fetcher.ports.store.get(cache_key), key_id)
    if known is not None and not refresh:
        return known

    async def fetch() -> VerificationKey:
        # Inside of the flight: who comes second shares the answer instead of being told to keep the old key.
        if known is not None and await _was_fetched_lately(fetcher, key_id, use):
            return known
        return await _fetch_and_cache(attrs.evolve(fetcher, for_strangers=True), key_id, address, use, budget)

    try:
        return await fetcher.share(cache_key, fetch)
    except BudgetExhausted as error:
        # Nothing is remembered of it: a budget that others spent says nothing of the key. Else whoever names somebody's
        # key last in a message could keep it away from us (SEC-069, SEC-108).
        raise KeyUnavailable("the host of the key cannot be asked for this message", key_id=key_id) from error


def admit_key_id(fetcher: Fetcher, key_id: str) -> str:
    """Give the address at which a key id is to be fetched; pure.

    Raises:
        KeyRefused: No actor of the network publishes keys under such an id: acct:, did:, data:, relative, our own
            host, addresses and names of this machine (SEC-067).
    """
    try:
        parsed, address, is_on_machine = _looked_at(key_id)
    except MalformedIri as error:
        raise KeyRefused("the key id is not an absolute http(s) URL", key_id=key_id) from error
    if fetcher.is_own(parsed):
        raise KeyRefused("the key id is on this host", key_id=key_id)
    if fetcher.config.dev is None and is_on_machine:
        raise KeyRefused("the key id is not on a public host", key_id=key_id)
    return address


@lru_cache(maxsize=_LOADED_COUNT_MAX)
def _looked_at(key_id: str) -> tuple[Url, str, bool]:
    """Give a key id parsed, without its fragment, and whether it is on this machine: the same whoever asks."""
    parsed = parse_url(key_id)
    return parsed, str(parsed).partition("#")[0], _is_machine(parsed)


def _is_machine(url: Url) -> bool:
    name = url.host.removesuffix(".")
    return name.startswith("[") or parse_address(name) is not None or name.rpartition(".")[2] == "localhost"


async def remember(fetcher: Fetcher, key: VerificationKey, *, use: KeyUse = KeyUse.REQUEST) -> None:
    """Put a confirmed key into the cache."""
    value = dump({"owner": key.owner, "pem": key.public.pem})
    cache_key = store_key(fetcher.site, use.value, key.key_id)
    await fetcher.ports.store.put(cache_key, value, ttl_s=fetcher.config.fetch.key_fresh_s)


async def _was_fetched_lately(fetcher: Fetcher, key_id: str, use: KeyUse) -> bool:
    """Tell whether the last fetch of this key is so near that its result stands.

    Raises:
        KeyUnavailable: It failed a moment ago, for a reason that passes: no verdict on the key that we have.
    """
    mark = await fetcher.ports.store.get(_mark_key(fetcher, key_id, use))
    if mark == _UNAVAILABLE:
        raise KeyUnavailable("the host of the key could not be reached a moment ago", key_id=key_id)
    return mark is not None


def _mark_key(fetcher: Fetcher, key_id: str, use: KeyUse) -> str:
    return store_key(fetcher.site, f"{use.value}-fetched", key_id)


def _restore(fetcher: Fetcher, cached: bytes | None, key_id: str) -> VerificationKey | None:
    if cached is None:
        return None
    if cached == _ABSENT:
        raise KeyRefused("this key was not to be had a moment ago", key_id=key_id)
    if cached == _UNAVAILABLE:
        raise KeyUnavailable("the host of the key could not be reached a moment ago", key_id=key_id)
    if cached == _GONE:
        raise Gone("the key is gone", url=key_id)
    return _loaded(cached, key_id, fetcher.config.signatures)


@lru_cache(maxsize=_LOADED_COUNT_MAX)
def _loaded(cached: bytes, key_id: str, policy: SignaturePolicy) -> VerificationKey:
    """Read what the cache holds; the same bytes of one id under the same policy are the same key, whoever asks."""
    value = parse_object(cached)
    public = load_public_pem(value.get("pem"), policy)
    return VerificationKey(key_id=key_id, owner=str(value.get("owner")), public=public)


async def _fetch_and_cache(fetcher: Fetcher, key_id: str, address: str, use: KeyUse, budget: Budget) -> VerificationKey:
    policy, store = fetcher.config.fetch, fetcher.ports.store
    try:
        key = await _fetch(fetcher, key_id, address, use, budget)
    except BudgetExhausted:
        raise
    except (FetchError, DocumentError, KeyRefused, KeyOwnerMismatch, AlgorithmRefused) as error:
        verdict, mark = _verdict(error, key_id)
        if speaks_of_host(error):
            raise verdict from error  # the host as a whole is remembered, once (see `courtesy`)
        seconds = policy.absent_fresh_s if verdict.permanent else UNAVAILABLE_FRESH_S
        # Only where there is no good key: a failed refresh does not take away what was confirmed.
        await store.add_if_absent(store_key(fetcher.site, use.value, key_id), mark, ttl_s=seconds)
        await store.put(_mark_key(fetcher, key_id, use), mark, ttl_s=seconds)
        raise verdict from (None if verdict is error else error)
    await remember(fetcher, key, use=use)
    # Noted only now: where a port of ours fails on the way, the peer's next attempt is not told to keep the old key.
    await store.put(_mark_key(fetcher, key_id, use), b"1", ttl_s=policy.refresh_pause_s)
    return key


def _verdict(error: FedtextError, key_id: str) -> tuple[FedtextError, bytes]:
    """Say what a failed fetch means for the signature, and the mark by which it is remembered."""
    if isinstance(error, Gone):
        return Gone("the key is gone", url=key_id), _GONE
    if isinstance(error, KeyRefused | KeyOwnerMismatch):
        return error, _ABSENT
    if isinstance(error, AlgorithmRefused):
        return KeyRefused("the key is of a kind that cannot be used here", key_id=key_id), _ABSENT
    if error.permanent:
        return KeyRefused("the document with the key cannot be used", key_id=key_id), _ABSENT
    return KeyUnavailable("the host of the key cannot be reached", key_id=key_id), _UNAVAILABLE


async def _fetch(fetcher: Fetcher, key_id: str, address: str, use: KeyUse, budget: Budget) -> VerificationKey:
    final_url, document = await fetch_json(fetcher, address, budget)
    if _is_key_document(document):
        if final_url != address:
            raise KeyOwnerMismatch("the key document answers at another address", key_id=key_id)
        return await _confirm_standalone(fetcher, key_id, document, use, budget)
    if document.get("id") != final_url or final_url != address:
        document = await fetch_document(fetcher, _id_at_same_origin(document, address), budget)
    owner = _actor_id(document, key_id)
    _require_one_origin(key_id, owner, use)
    public = _listed_key(fetcher, document, owner, key_id, use)
    await learn_capabilities(fetcher.ports, fetcher.site, owner, document)
    if use is KeyUse.REQUEST:
        await _remember_asserted(fetcher, document, owner)
    return VerificationKey(key_id=key_id, owner=owner, public=public)


async def _remember_asserted(fetcher: Fetcher, document: JsonObject, owner: str) -> None:
    """Keep the keys that sign documents, too: who signs requests usually signs what is in them.

    Threat: only ids that lead to this very document (SEC-064); else an actor could put a key of its own in the place
    of a neighbour's.
    """
    for entry in list(_entries(document.get("assertionMethod")))[: fetcher.config.limits.keys_per_actor_max]:
        key_id = entry.get("id")
        if not isinstance(key_id, str) or key_id.partition("#")[0] != owner or len(entry) == 1:
            continue
        try:
            public = _listed_key(fetcher, document, owner, key_id, KeyUse.ASSERTION)
        except (KeyRefused, KeyOwnerMismatch, AlgorithmRefused):
            continue  # whoever signs with it is told what is wrong with it
        await remember(fetcher, VerificationKey(key_id=key_id, owner=owner, public=public), use=KeyUse.ASSERTION)


def _is_key_document(document: JsonObject) -> bool:
    """Tell a standalone key by its type, or, where it has none, by what it holds (SEC-090)."""
    kinds = document.get("type")
    names = kinds if isinstance(kinds, list) else [] if kinds is None else [kinds]
    if not all(isinstance(name, str) and name.rpartition("#")[2].rpartition(":")[2] in _KEY_TYPES for name in names):
        return False
    return any(document.get(name) is not None for name in _KEY_MEMBERS)


def _id_at_same_origin(document: JsonObject, address: str) -> str:
    """Give the id at which a document that answered elsewhere must be fetched again (GoToSocial: /main-key)."""
    document_id = document.get("id")
    if not isinstance(document_id, str):
        raise FetchRefused("the document has no id", url=address)
    if parse_url(document_id).origin != parse_url(address).origin:
        raise FetchRefused("the document's id is on another origin", url=address)
    return document_id


async def _confirm_standalone(
    fetcher: Fetcher, key_id: str, document: JsonObject, use: KeyUse, budget: Budget
) -> VerificationKey:
    if document.get("id") != key_id:
        raise KeyOwnerMismatch("the key document bears another id", key_id=key_id)
    owner_id = _reference(document.get("owner")) or _reference(document.get("controller"))
    if owner_id is None:
        raise KeyOwnerMismatch("the key document names no owner", key_id=key_id)
    _require_one_origin(key_id, owner_id, use)
    own_word = key_material(document, fetcher.config.signatures)
    owner = await fetch_document(fetcher, owner_id, budget)
    if _actor_id(owner, key_id) != owner_id:
        raise KeyOwnerMismatch("the owner's document is another's", key_id=key_id)
    listed = _listed_key(fetcher, owner, owner_id, key_id, use, own_word)
    if listed.fingerprint != own_word.fingerprint:
        raise KeyOwnerMismatch("the owner lists other material under this key id", key_id=key_id)
    return VerificationKey(key_id=key_id, owner=owner_id, public=listed)


def _reference(value: JsonValue) -> str | None:
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) else None


def _actor_id(document: JsonObject, key_id: str) -> str:
    """Give the id of an actor's document."""
    actor = load(document)
    if not isinstance(actor, Actor):
        raise KeyOwnerMismatch("the owner of the key is not an actor", key_id=key_id, type=actor.type_name)
    if actor.id is None:
        raise KeyOwnerMismatch("the actor has no id")
    return actor.id


def _require_one_origin(key_id: str, owner: str, use: KeyUse) -> None:
    """Keys that sign documents are at their owner's origin (SEC-129); for requests both claims are enough (SEC-060)."""
    if use is KeyUse.ASSERTION and parse_url(key_id).origin != parse_url(owner).origin:
        raise KeyOwnerMismatch("the key is at another origin than its owner", key_id=key_id)


def _listed_key(
    fetcher: Fetcher,
    document: JsonObject,
    owner: str,
    key_id: str,
    use: KeyUse,
    own_word: PublicKey | None = None,
) -> PublicKey:
    """Pick the key that the actor lists under exactly this id; never "the first one" (SEC-065).

    Interop: PeerTube names the actor's id as key id; it is taken when the actor has exactly one key (SEC-066). An actor
    may list a standalone key by its id alone; then the key's own document, at that id, gives the material (`own_word`).
    """
    entries_max = fetcher.config.limits.keys_per_actor_max
    by_owner = list(_entries(document.get("publicKey")))[:entries_max]
    asserting = list(_entries(document.get("assertionMethod")))[: max(0, entries_max - len(by_owner))]
    found = [entry for entry in by_owner if entry.get("id") == key_id]
    if use is KeyUse.REQUEST and not found and key_id == owner and len(by_owner) == 1:
        found = by_owner
    asserted = [entry for entry in asserting if entry.get("id") == key_id]
    if len(found) > 1 or len(asserted) > 1 or not (asserted or (found and use is KeyUse.REQUEST)):
        raise KeyOwnerMismatch("the actor does not list this key", key_id=key_id)
    for entry in (*found, *asserted):
        if any(_reference(entry[name]) != owner for name in ("owner", "controller") if entry.get(name) is not None):
            raise KeyOwnerMismatch("the listed key names another owner", key_id=key_id)
    # Where both lists have it, one may give the id alone.
    forms = [key_material(entry, fetcher.config.signatures) for entry in (*found, *asserted) if _has_material(entry)]
    if not forms and own_word is None:
        raise KeyRefused("the actor's document does not hold the key", key_id=key_id)
    forms += [own_word] if own_word is not None and not forms else []
    if any(form != forms[0] for form in forms):
        raise KeyRefused("the actor lists different keys under one id", key_id=key_id)
    return forms[0]


def _entries(value: JsonValue) -> Iterator[JsonObject]:
    """Iterate over the keys of a list, each as an object; an id alone is one, too."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str):
            yield {"id": item}
        elif isinstance(item, dict):
            yield item


def _has_material(entry: JsonObject) -> bool:
    return len(entry) > 1 and any(entry.get(name) is not None for name in (*_KEY_MEMBERS, *PRIVATE_MEMBERS))
