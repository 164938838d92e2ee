"""The keys of our own actors: made once, kept in the store, each loaded once per process, replaced with an overlap.

Every actor has an RSA key, which signs requests, and an Ed25519 key, for proofs. They lie in the store as one value
(`keys.rotation`), so that a rotation is one atomic write.

Invariants: whoever races, one set of keys survives; a new key has a new id, so that no peer checks a signature with the
wrong one; `publicKey` is one object, the RSA key that signs now; everything else that counts is in `assertionMethod`.

Releases that knew no rotation stored the RSA key alone, under "keypair". It is taken into the set, and left there until
it is rotated, so that processes of both releases may run side by side.

Sources: SIG-16, SIG-22, SIG-23; FEP-521a; SEC-170.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from functools import lru_cache
from typing import Any, Final, NoReturn, TypeAlias
from weakref import ref

import attrs

from ..errors import ConfigurationError, LocalProtocolError, StoreError
from ..fetch import SigningKey
from ..keys import (
    OVERLAP_S,
    Algorithm,
    KeyRing,
    KeySet,
    OwnKey,
    PrivateKey,
    build_key_set,
    build_multikey,
    generate_ed25519,
    generate_ml_dsa,
    generate_rsa,
    parse_key_set,
    published,
    rotate,
)
from ..ports import PortSet, store_key
from ..wire.json import JsonObject

PublicMembers: TypeAlias = tuple[Mapping[str, str], list[JsonObject]]

READ_COUNT_MAX: Final = 1_024
"""So many actors' keys are held as they were read."""

_KEPT_CHARS_MAX: Final = 512
_ROTATIONS_MAX: Final = 8  # how often somebody else may come first


@attrs.frozen(kw_only=True)
class StoredKeys:
    """Keeps private keys in the backend's store, as PKCS#8 PEM; encrypted when a passphrase is given."""

    passphrase: bytes | None = attrs.field(default=None, repr=False)

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied: the passphrase would go along (SEC-170)."""
        raise LocalProtocolError("what keeps private keys is never serialized; make it anew from your settings")

    async def load(self, ports: PortSet, site: str, actor_id: str) -> bytes:
        """Give the PEM of an actor's first RSA key, making it if there is none yet (exactly one survives a race)."""
        name = store_key(site, "keypair", actor_id)
        found = await ports.store.get(name)
        if found is not None:
            return found
        made = await ports.offload.run(generate_rsa)
        await ports.store.add_if_absent(name, made.pem(self.passphrase).encode("ascii"))
        found = await ports.store.get(name)
        if found is None:
            raise StoreError("the store lost a key that was just written", actor=actor_id)
        return found

    def stored_set(self, ports: PortSet, site: str, actor_id: str) -> Coroutine[Any, Any, bytes | None]:
        """Give all keys of an actor as they are stored; None: there are none yet.

        Raises:
            StoreError: The store failed.
        """
        return ports.store.get(key_set_key(site, actor_id))

    async def load_set(self, ports: PortSet, site: str, actor_id: str, ring: KeyRing) -> KeySet:
        """Give all keys of an actor, making what is not there yet.

        Raises:
            ConfigurationError: What is stored cannot be read with this passphrase.
            StoreError: The store failed.
        """
        return parse_key_set(await self._stored(ports, site, actor_id, ring), ring, self.passphrase)

    async def rotate(
        self,
        ports: PortSet,
        site: str,
        actor_id: str,
        ring: KeyRing,
        *,
        algorithm: Algorithm = Algorithm.RSA,
        overlap_s: int = OVERLAP_S,
    ) -> KeySet:
        """Make a new key, with which the actor signs from now on; the old one is published for the overlap.

        Args:
            ports: The store, the clock and where the key is made.
            site: Origin of the site.
            actor_id: Whose key.
            ring: Where loaded keys are.
            algorithm: The kind of key: RSA, Ed25519 or ML-DSA-44, which an actor has from its first rotation on.
            overlap_s: For how long peers may verify with the old key; 0: it counts no more at once.

        Returns:
            The new set.

        Raises:
            ConfigurationError: We do not sign with this kind, or the stored keys cannot be read.
            StoreError: The store failed, or others wrote again and again.
        """
        if algorithm not in _GENERATE:
            raise ConfigurationError("an own key is RSA, Ed25519 or ML-DSA-44", algorithm=algorithm.value)
        new: PrivateKey = await ports.offload.run(_GENERATE[algorithm])
        name = store_key(site, "keyset", actor_id)
        for _ in range(_ROTATIONS_MAX):
            stored = await self._stored(ports, site, actor_id, ring)
            changed = rotate(
                parse_key_set(stored, ring, self.passphrase),
                new,
                now_s=ports.clock.now_s(),
                overlap_s=overlap_s,
                passphrase=self.passphrase,
            )
            if await ports.store.compare_and_set(name, stored, build_key_set(changed)):
                # A private key that signs no more is not kept, in no place.
                if algorithm is Algorithm.RSA:
                    await ports.store.delete(store_key(site, "keypair", actor_id))
                return changed
        raise StoreError("the keys of this actor are being changed by others", actor=actor_id)

    async def _stored(self, ports: PortSet, site: str, actor_id: str, ring: KeyRing) -> bytes:
        name = store_key(site, "keyset", actor_id)
        found = await self.stored_set(ports, site, actor_id)
        if found is not None:
            return found
        pem = await self.load(ports, site, actor_id)
        first = OwnKey(pem=pem, private=ring.load(pem, self.passphrase))
        made = KeySet(current=(first, OwnKey.of(generate_ed25519(), passphrase=self.passphrase)))
        await ports.store.add_if_absent(name, build_key_set(made))
        found = await ports.store.get(name)
        if found is None:
            raise StoreError("the store lost keys that were just written", actor=actor_id)
        return found


def key_set_key(site: str, actor_id: str) -> str:
    """Give the store's key of the keys of an own actor; each GET of one asks."""
    return _key_set_key(site, actor_id) if len(actor_id) > _KEPT_CHARS_MAX else _kept_key_set_key(site, actor_id)


def _key_set_key(site: str, actor_id: str) -> str:
    return store_key(site, "keyset", actor_id)


_kept_key_set_key: Final = lru_cache(maxsize=2_048)(_key_set_key)


_GENERATE: Final = {
    Algorithm.RSA: generate_rsa,
    Algorithm.ED25519: generate_ed25519,
    Algorithm.MLDSA44: generate_ml_dsa,
}


@attrs.frozen(kw_only=True)
class ActorKeys:
    """Gives the keys of any own actor."""

    source: StoredKeys
    ring: KeyRing
    # What was read last of each actor's, beside what it was read from: the store is asked each time, for others rotate.
    _read: dict[str, tuple[bytes, KeySet]] = attrs.field(
        factory=dict[str, tuple[bytes, KeySet]], init=False, repr=False, eq=False
    )

    # What was published last of each actor's, beside the set and the retired keys that it was made of. The set is not
    # held here: it has private keys, which are to go when they are replaced.
    _published: dict[str, tuple[ref[KeySet], tuple[str, ...], PublicMembers]] = attrs.field(
        factory=dict[str, tuple[ref[KeySet], tuple[str, ...], PublicMembers]], init=False, repr=False, eq=False
    )

    async def signing_key(
        self, ports: PortSet, site: str, actor_id: str, *, algorithm: Algorithm = Algorithm.RSA
    ) -> SigningKey:
        """Give the key with which an own actor signs, and its id: the actor's id and a fragment (SIG-16).

        Args:
            ports: The store.
            site: Origin of the site.
            actor_id: Whose key.
            algorithm: RSA ("#main-key") for requests, Ed25519 ("#ed25519-key") for proofs.

        Raises:
            ConfigurationError: The actor has no key of this kind, or the stored keys cannot be read.
        """
        found = _require(await self._load(ports, site, actor_id), actor_id, algorithm)
        return SigningKey(key_id=f"{actor_id}#{found.name}", private=found.private)

    async def request_key(self, ports: PortSet, site: str, actor_id: str, *, algorithm: Algorithm) -> SigningKey:
        """Give the key of a kind with which an own actor signs requests; RSA where it has none of that kind.

        Raises:
            ConfigurationError: The stored keys cannot be read.
        """
        key_set = await self._load(ports, site, actor_id)
        found = key_set.signing(algorithm) or _require(key_set, actor_id, Algorithm.RSA)
        return SigningKey(key_id=f"{actor_id}#{found.name}", private=found.private)

    async def public_members(self, ports: PortSet, site: str, actor_id: str) -> PublicMembers:
        """Give the `publicKey` and `assertionMethod` members of an actor document (SIG-23: SPKI PEM; FEP-521a).

        Interop: a retired RSA key is in `assertionMethod`, too. Many peers read one object in `publicKey`, and would
        lose the actor's key over a list; those that look further find the old key by its id.

        Returns:
            Not to be changed: the same objects as long as the keys are the same.
        """
        return self._published_of(await self._load(ports, site, actor_id), actor_id, ports.clock.now_s())

    def members_of(self, actor_id: str, stored: bytes, *, now_s: float) -> PublicMembers:
        """Give what `public_members` gives, of the keys as they were just read under `key_set_key`.

        Raises:
            ConfigurationError: The actor has no RSA key, or the stored keys cannot be read.
        """
        return self._published_of(self._parsed(actor_id, stored), actor_id, now_s)

    def _published_of(self, key_set: KeySet, actor_id: str, now_s: float) -> PublicMembers:
        # Time takes away those that sign no more, one by one; mostly there are none.
        retired = key_set.retired
        counting = tuple([key.name for key in retired if key.verifies_until_s > now_s]) if retired else ()
        held = self._published.get(actor_id)
        if held is not None and held[0]() is key_set and held[1] == counting:
            return held[2]
        members = self._members(key_set, actor_id, now_s)
        self._published.pop(actor_id, None)
        self._published[actor_id] = (ref(key_set), counting, members)
        _drop_oldest(self._published)
        return members

    def _members(self, key_set: KeySet, actor_id: str, now_s: float) -> PublicMembers:
        signing = _require(key_set, actor_id, Algorithm.RSA)
        others: list[JsonObject] = [
            {
                "id": f"{actor_id}#{key.name}",
                "type": "Multikey",
                "controller": actor_id,
                "publicKeyMultibase": build_multikey(key.public),
            }
            for key in published(key_set, now_s=now_s)
            if key.name != signing.name
        ]
        pem = signing.private.public.pem
        return {"id": f"{actor_id}#{signing.name}", "owner": actor_id, "publicKeyPem": pem}, others

    async def rotate(
        self,
        ports: PortSet,
        site: str,
        actor_id: str,
        *,
        algorithm: Algorithm = Algorithm.RSA,
        overlap_s: int = OVERLAP_S,
    ) -> SigningKey:
        """Replace a key of an own actor; see `StoredKeys.rotate`. Who calls it tells peers (`Federation.rotate_key`).

        Returns:
            The key that signs from now on.
        """
        await self.source.rotate(ports, site, actor_id, self.ring, algorithm=algorithm, overlap_s=overlap_s)
        return await self.signing_key(ports, site, actor_id, algorithm=algorithm)

    async def _load(self, ports: PortSet, site: str, actor_id: str) -> KeySet:
        stored = await self.source.stored_set(ports, site, actor_id)
        return await self._load_first(ports, site, actor_id) if stored is None else self._parsed(actor_id, stored)

    def _parsed(self, actor_id: str, stored: bytes) -> KeySet:
        # Each step below is one dict operation that tolerates what another thread did in between.
        held = self._read.pop(actor_id, None)
        if held is None or held[0] != stored:
            held = (stored, parse_key_set(stored, self.ring, self.source.passphrase))
        self._read[actor_id] = held
        _drop_oldest(self._read)
        return held[1]

    async def _load_first(self, ports: PortSet, site: str, actor_id: str) -> KeySet:
        self._read.pop(actor_id, None)

        async def load() -> KeySet:
            return await self.source.load_set(ports, site, actor_id, self.ring)

        return await ports.coalesce.run(f"keyset {actor_id}", load)


def _drop_oldest(held: dict[str, Any]) -> None:
    if len(held) > READ_COUNT_MAX:
        for oldest in list(held)[:-READ_COUNT_MAX]:
            held.pop(oldest, None)


def _require(key_set: KeySet, actor_id: str, algorithm: Algorithm) -> OwnKey:
    found = key_set.signing(algorithm)
    if found is None:
        raise ConfigurationError("the actor has no such key", actor=actor_id, algorithm=algorithm.value)
    return found
