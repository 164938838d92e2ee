"""A key together with its owner: confirmed, or as somebody says."""

from __future__ import annotations

from typing import Protocol

import attrs

from .material import PublicKey


class NamedKey(Protocol):
    """A public key under an id, whether its owner is confirmed or not: enough to try bytes, never for evidence."""

    @property
    def key_id(self) -> str:
        """The id under which the signature names it."""
        ...

    @property
    def owner(self) -> str:
        """Id of the actor who is said to own it."""
        ...

    @property
    def public(self) -> PublicKey:
        """The material."""
        ...


@attrs.frozen
class UnconfirmedKey:
    """A public key that a person has at hand, as in a file: whose it is, nobody has confirmed.

    It explains signatures (`examine`) and proves nothing: only a `VerificationKey` makes evidence.

    Args:
        key_id: As its source names it; "" where that names none.
        owner: As its source names it; "" where that names none.
        public: The material.
    """

    key_id: str
    owner: str
    public: PublicKey


@attrs.frozen
class VerificationKey:
    """A public key whose owner is settled: the key names the owner and the owner lists the key (SIG-18, SEC-060).

    Args:
        key_id: The id under which the signature names it.
        owner: Id of the actor who owns it.
        public: The material.
    """

    key_id: str
    owner: str
    public: PublicKey
