"""Sign header fields of a request besides those that every server asks for.

`signatures.sign` makes the one form that every server takes. What a header says counts at some peers only where the
signature covers it (FEP-8fcf), and whoever reads signatures reads longer lists, too: Mastodon sends them (wire rule
1.1).

Invariants: the usual components come first, in their usual order; a field that is not in the request is refused.

Sources: draft-cavage-http-signatures-12 section 2.3; RFC 9421 section 3.1; DLV-16.
"""

from __future__ import annotations

import base64
from typing import Final

import attrs

from ..errors import LocalProtocolError, SignatureMalformed
from ..http import Request
from ..keys import Algorithm, PrivateKey
from ..signatures import AskedSignature, Component, build_digest, signature_base
from ..wire.timestamps import build_http_date

_USUAL: Final = ("(request-target)", "host", "date", "digest")
_ALGORITHMS: Final = {Algorithm.RSA: "rsa-sha256", Algorithm.ED25519: "hs2019"}
_LABEL: Final = "sig1"


def sign_cavage_over(
    request: Request,
    key: PrivateKey,
    *,
    key_id: str,
    now_s: float,
    covering: tuple[str, ...],
    digest: str | None = None,
) -> Request:
    """Give a copy of a request that has a body, signed as in draft-cavage over more of its header fields.

    Args:
        request: Not signed yet; its authority becomes the Host header.
        key: The actor's own.
        key_id: Where it is published.
        now_s: Seconds since the epoch.
        covering: Names of the fields, in lower case.
        digest: From `build_digest` of the body, when it was already built.

    Raises:
        LocalProtocolError: A field is not there or cannot be signed, or no peer knows such signatures.
    """
    algorithm = _ALGORITHMS.get(key.algorithm)
    if algorithm is None:
        raise LocalProtocolError("peers know no such signatures", algorithm=key.algorithm.value)
    fields = [("host", request.authority), ("date", build_http_date(now_s))]
    fields.append(("digest", digest or build_digest(request.body)))
    unsigned = request.with_headers(request.headers.with_fields(*fields))
    covered = (*_USUAL, *covering)
    try:
        signature = base64.b64encode(key.sign(signature_base(unsigned, covered))).decode("ascii")
    except SignatureMalformed as error:
        raise LocalProtocolError("the request cannot be signed", reason=error.message, target=request.target) from error
    # SIG-06: without spaces, and every value quoted.
    value = f'keyId="{key_id}",algorithm="{algorithm}",headers="{" ".join(covered)}",signature="{signature}"'
    return unsigned.with_headers(unsigned.headers.with_fields(("signature", value)))


def asked_over(asked: AskedSignature | None, covering: tuple[str, ...]) -> AskedSignature | None:
    """Give what is asked of a signature of RFC 9421, and these fields with it."""
    if not covering:
        return asked
    wanted = asked or AskedSignature(label=_LABEL, components=())
    return attrs.evolve(wanted, components=tuple(dict.fromkeys((*wanted.components, *map(Component, covering)))))
