"""The keys of one actor over time: those that sign now, and those that others may still verify with.

Decides which key signs, under which name each is published, and how a set is written for the store. Where it is kept,
and when it is changed, is decided elsewhere (`federation.actor_keys`).

Invariants: one signing key of each kind; a name belongs to one key for ever, so that a signature that names it is never
checked with another key; a private key that has been replaced is not kept; a set that is pickled refuses, as its keys
do, and its `repr` shows no secret (SEC-170); private keys are written in the PEM that they came with, encrypted when a
passphrase was given.

Example:
    >>> first = KeySet(current=(OwnKey.of(generate_ed25519()),))
    >>> second = rotate(first, generate_ed25519(), now_s=1_000, overlap_s=60)
    >>> [key.name for key in published(second, now_s=1_059)], [key.name for key in published(second, now_s=1_060)]
    (['ed25519-key-2', 'ed25519-key'], ['ed25519-key-2'])
"""

from __future__ import annotations

from typing import Final

import attrs

from ..errors import ConfigurationError, DocumentError, KeyRefused, LocalProtocolError
from ..wire.json import JsonObject, JsonValue, dump, parse_object
from .material import Algorithm, PrivateKey, PublicKey
from .pem import load_public_pem
from .ring import KeyRing

SCHEMA_VERSION: Final = 1
# Peers read 10 to 16 keys of an actor (SIG-22): with those that sign, no more than 10 are published.
RETIRED_MAX: Final = 7
# How long peers may hold on to what was signed with a key that has been replaced (s).
OVERLAP_S: Final = 7 * 86_400

_NAMES: Final = {
    Algorithm.RSA: "main-key",
    Algorithm.ED25519: "ed25519-key",
    Algorithm.MLDSA44: "mldsa44-key",
    Algorithm.ECDSA_P256: "p256-key",
}


@attrs.frozen(kw_only=True)
class OwnKey:
    """A private key that signs, with the PEM in which it is stored.

    Args:
        generation: 1 for the first key of its kind, one more for each that replaced it.
        pem: PKCS#8, as it lies in the store: encrypted or not.
        private: The same key loaded.
    """

    generation: int = 1
    pem: bytes = attrs.field(repr=False)
    private: PrivateKey = attrs.field(eq=False)

    @classmethod
    def of(cls, private: PrivateKey, *, generation: int = 1, passphrase: bytes | None = None) -> OwnKey:
        """Write a loaded key into its PEM, encrypted when there is a passphrase."""
        pem = private.pem(passphrase).encode("ascii")
        return cls(generation=generation, pem=pem, private=private)

    @property
    def name(self) -> str:
        """The name under which it is published, to be a fragment of the actor's id."""
        return _name(self.private.algorithm, self.generation)


@attrs.frozen(kw_only=True)
class RetiredKey:
    """A key that signs no more. Others may verify with it before `verifies_until_s` (seconds since the epoch)."""

    generation: int
    public: PublicKey
    verifies_until_s: int

    @property
    def name(self) -> str:
        """The name under which it was and is published."""
        return _name(self.public.algorithm, self.generation)


@attrs.frozen(kw_only=True)
class PublishedKey:
    """A public key that counts, and its name; `is_current`: it is the one that signs."""

    name: str
    public: PublicKey
    is_current: bool


@attrs.frozen(kw_only=True)
class KeySet:
    """All keys of one actor.

    Raises:
        LocalProtocolError: Two keys of one kind are to sign.
    """

    current: tuple[OwnKey, ...]
    retired: tuple[RetiredKey, ...] = ()

    def __attrs_post_init__(self) -> None:
        if len({key.private.algorithm for key in self.current}) != len(self.current):
            raise LocalProtocolError("one key of each kind signs")

    def signing(self, algorithm: Algorithm) -> OwnKey | None:
        """Give the key of a kind that signs now, if there is one."""
        return next((key for key in self.current if key.private.algorithm is algorithm), None)


def rotate(
    key_set: KeySet, new: PrivateKey, *, now_s: float, overlap_s: int = OVERLAP_S, passphrase: bytes | None = None
) -> KeySet:
    """Let a new key sign in place of the one of its kind, which others may verify with for a while.

    Args:
        key_set: As it is now.
        new: Not in use yet.
        now_s: Seconds since the epoch.
        overlap_s: For how long the old key still counts; 0 for a key that has fallen into other hands.
        passphrase: Encrypts the new key in the store.

    Returns:
        The new set. Retired keys whose time is over have left it, and of more than `RETIRED_MAX` those that end first.

    Raises:
        LocalProtocolError: A negative overlap, or a key that the set has or had already.
    """
    if overlap_s < 0:
        raise LocalProtocolError("an overlap is not negative", overlap_s=overlap_s)
    if any(key.public == new.public for key in published(key_set, now_s=0)):
        raise LocalProtocolError("a key is used once: make a new one")
    old = key_set.signing(new.algorithm)
    retired = [key for key in key_set.retired if key.verifies_until_s > now_s]
    if old is not None and overlap_s > 0:
        until_s = int(now_s) + overlap_s
        retired.insert(0, RetiredKey(generation=old.generation, public=old.private.public, verifies_until_s=until_s))
    retired.sort(key=lambda key: key.verifies_until_s, reverse=True)
    made = OwnKey.of(new, generation=1 if old is None else old.generation + 1, passphrase=passphrase)
    replaced = [made if key is old else key for key in key_set.current]
    return KeySet(current=(*replaced, *([made] if old is None else ())), retired=tuple(retired[:RETIRED_MAX]))


def published(key_set: KeySet, *, now_s: float) -> tuple[PublishedKey, ...]:
    """Give all public keys that count at a time: those that sign, then the retired ones, those that end last first."""
    current = [PublishedKey(name=key.name, public=key.private.public, is_current=True) for key in key_set.current]
    retired = [
        PublishedKey(name=key.name, public=key.public, is_current=False)
        for key in key_set.retired
        if key.verifies_until_s > now_s
    ]
    return (*current, *retired)


def build_key_set(key_set: KeySet) -> bytes:
    """Write a set for the store: JSON with a schema version. Private keys are in it as their PEM is."""
    current: list[JsonValue] = [
        {"generation": key.generation, "pem": key.pem.decode("ascii")} for key in key_set.current
    ]
    retired: list[JsonValue] = [
        {"generation": key.generation, "pem": key.public.pem, "until": key.verifies_until_s} for key in key_set.retired
    ]
    return dump({"v": SCHEMA_VERSION, "current": current, "retired": retired})


def parse_key_set(data: bytes, ring: KeyRing, passphrase: bytes | None = None) -> KeySet:
    """Read a set from the store.

    Args:
        data: From `build_key_set`, of this release or an older one.
        ring: Gives each private key that was loaded before, so that none is parsed twice.
        passphrase: With which the private keys are encrypted.

    Raises:
        ConfigurationError: It was written by a newer release, is damaged, or the passphrase does not fit. No part of
            it is in the message or in the context.
    """
    try:
        value = parse_object(data)
    except DocumentError:
        # Threat: causes may quote the input, which holds private keys (SEC-170).
        raise ConfigurationError("the stored keys of an actor are damaged") from None
    if value.get("v") != SCHEMA_VERSION:
        raise ConfigurationError("the stored keys of an actor were written by another release of this library")
    return KeySet(
        current=tuple(_own(entry, ring, passphrase) for entry in _entries(value, "current")),
        retired=tuple(_retired(entry) for entry in _entries(value, "retired")),
    )


def _name(algorithm: Algorithm, generation: int) -> str:
    return _NAMES[algorithm] if generation == 1 else f"{_NAMES[algorithm]}-{generation}"


def _entries(value: JsonObject, name: str) -> list[JsonObject]:
    found = value.get(name)
    if not isinstance(found, list):
        raise ConfigurationError("the stored keys of an actor are damaged", member=name)
    return [entry if isinstance(entry, dict) else {} for entry in found]


def _own(entry: JsonObject, ring: KeyRing, passphrase: bytes | None) -> OwnKey:
    pem = _text(entry).encode("ascii", "replace")
    return OwnKey(generation=_whole(entry, "generation"), pem=pem, private=ring.load(pem, passphrase))


def _retired(entry: JsonObject) -> RetiredKey:
    try:
        public = load_public_pem(_text(entry))
    except KeyRefused:
        raise ConfigurationError("the stored keys of an actor are damaged", member="retired") from None
    return RetiredKey(generation=_whole(entry, "generation"), public=public, verifies_until_s=_whole(entry, "until"))


def _text(entry: JsonObject) -> str:
    text = entry.get("pem")
    if not isinstance(text, str):
        raise ConfigurationError("the stored keys of an actor are damaged", member="pem")
    return text


def _whole(entry: JsonObject, name: str) -> int:
    number = entry.get(name)
    if not isinstance(number, int) or isinstance(number, bool):
        raise ConfigurationError("the stored keys of an actor are damaged", member=name)
    return number
