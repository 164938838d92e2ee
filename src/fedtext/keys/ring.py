"""Our own private keys, each parsed once per process.

Reading a PEM and the first signature after it cost more than the signature itself, and a process signs for few actors
at a time. The ring holds loaded keys under the hash of their PEM, not the PEM.

Invariants: at most `size_max` keys, those used last; a passphrase is part of what a key is found by; used from several
threads, a key may be loaded twice but never wrongly.
"""

from __future__ import annotations

import hashlib

from ..errors import ConfigurationError
from .material import PrivateKey
from .pem import load_private_pem


class KeyRing:
    """A bounded cache of loaded private keys; `loads` counts how many were parsed."""

    __slots__ = ("_keys", "_size_max", "loads")

    def __init__(self, *, size_max: int = 1_024) -> None:
        if size_max < 1:
            raise ConfigurationError("a key ring holds at least one key", size_max=size_max)
        self._size_max = size_max
        self._keys: dict[bytes, PrivateKey] = {}
        self.loads = 0

    def load(self, pem: bytes, passphrase: bytes | None = None) -> PrivateKey:
        """Give the key of a PEM, parsed now or before.

        Raises:
            ConfigurationError: As `load_private_pem`; nothing is kept then.
        """
        secret = b"" if passphrase is None else b"+" + passphrase
        name = hashlib.sha256(hashlib.sha256(pem).digest() + secret).digest()
        # Each step below is one dict operation that tolerates what another thread did in between.
        key = self._keys.pop(name, None)
        if key is None:
            key = load_private_pem(pem, passphrase)
            self.loads += 1
        self._keys[name] = key
        if len(self._keys) > self._size_max:
            for oldest in list(self._keys)[: -self._size_max]:
                self._keys.pop(oldest, None)
        return key

    def __len__(self) -> int:
        """Count the keys held."""
        return len(self._keys)

    def __repr__(self) -> str:
        """Give the sizes, not the keys."""
        return f"KeyRing({len(self._keys)} of {self._size_max} keys, {self.loads} loads)"
