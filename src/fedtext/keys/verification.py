"""A key together with its confirmed owner."""

from __future__ import annotations

import attrs

from .material import PublicKey


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
