"""What a verified signature proves: of a request, of a response, of a document."""

from __future__ import annotations

import attrs

from ..config import Scheme
from ..http import Request, Response
from ..keys import VerificationKey
from ..wire.json import JsonObject


@attrs.frozen(slots=False)  # made for every request; so, and by position, in a third of the time
class VerifiedRequest:
    """Evidence that the owner of a key signed these parts of this request.

    Only `verify` makes one (and tests).

    Args:
        request: The request that was verified, and the one to go on with.
        key: The key that it verified under, with its owner.
        covered: The signed components, in signed order, as in `SignatureClaim`.
        created_s: When it was signed, by the signer's clock (seconds since the epoch).
        expires_s: When it ceases to be valid, or None.
        scheme: How it is signed.
        label: RFC 9421: which of the signatures of the request this is; else "".
    """

    request: Request
    key: VerificationKey
    covered: tuple[str, ...]
    created_s: int
    expires_s: int | None
    scheme: Scheme
    label: str = ""

    @property
    def signer(self) -> str:
        """Id of the actor who signed."""
        return self.key.owner


@attrs.frozen(kw_only=True)
class VerifiedResponse:
    """Evidence that the owner of a key signed these parts of this response.

    Only `verify_response` makes one (and tests).

    Args:
        response: The response that was verified, and the one to go on with.
        key: The key that it verified under, with its owner.
        covered: The signed components, in signed order; those of the request end in ";req".
        created_s: When it was signed, by the signer's clock (seconds since the epoch).
        expires_s: When it ceases to be valid, or None.
        label: Which of the signatures of the response this is.
    """

    response: Response
    key: VerificationKey
    covered: tuple[str, ...]
    created_s: int
    expires_s: int | None
    label: str

    @property
    def signer(self) -> str:
        """Id of the actor who signed."""
        return self.key.owner


@attrs.frozen(kw_only=True)
class VerifiedDocument:
    """Evidence that the owner of a key signed this document.

    Only `data_integrity.verify` and `linked_data.verify` make one (and tests). What was received cannot be reached
    from it: `document` is what was signed, no more.

    Args:
        document: The document that goes on; not to be changed.
        key: The key that it verified under, with its owner; of several the first.
        suites: The cryptosuites, one a proof; "RsaSignature2017" for a linked-data signature.
        created_s: When it was signed, by the signer's clock (seconds since the epoch); of several the earliest.
        expires_s: When the first of the signatures ceases to be valid, or None.
    """

    document: JsonObject = attrs.field(repr=False)
    key: VerificationKey
    suites: tuple[str, ...]
    created_s: float
    expires_s: float | None

    @property
    def signer(self) -> str:
        """Id of the actor who signed."""
        return self.key.owner
