"""What a verified signature proves."""

from __future__ import annotations

import attrs

from ..config import Scheme
from ..http import Request
from ..keys import VerificationKey


@attrs.frozen(kw_only=True)
class VerifiedRequest:
    """Evidence that the owner of a key signed these parts of this request.

    Only `verify` makes one (and tests).

    Args:
        request: The request that was verified, and the one to go on with.
        key: The key that it verified under, with its owner.
        covered: The signed components, lower case, in signed order.
        created_s: When it was signed, by the signer's clock (seconds since the epoch).
        expires_s: When it ceases to be valid, or None.
        scheme: How it is signed.
    """

    request: Request
    key: VerificationKey
    covered: tuple[str, ...]
    created_s: int
    expires_s: int | None
    scheme: Scheme

    @property
    def signer(self) -> str:
        """Id of the actor who signed."""
        return self.key.owner
