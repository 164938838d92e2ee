"""What other servers refuse, although it verifies here: the differences between a signature and the form that all take.

Decides nothing: evidence comes from `verify`. Each advice names the servers and the rule, so that a person can tell
whether these peers matter. What every server takes is what `sign` makes.

Invariants: no key and no time is needed; every message gives a bounded number of findings, in a fixed order; no error
leaves, and no finding contains anything of the request.

Example:
    >>> [advice.rule for advice in advise(sign(request, key, key_id=key_id, now_s=now_s))]
    []

Sources: wire rules 1.1, 1.4, 2.1 to 2.4; SIG-01 to SIG-10, SIG-13, SIG-16, SIG-28, SIG-29, SIG-33; INB-01, DLV-21.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

import attrs

from ..config import Limits, Scheme
from ..errors import FedtextError, MalformedText
from ..http import Request
from ..wire.media_types import is_activity
from ..wire.timestamps import build_http_date, parse_http_date
from .claim import SignatureClaim
from .reading import parse_claims
from .requirements import needs_digest

# What Misskey reads of the body of an inbox request (wire rule 1.4).
SMALLEST_INBOX_BYTES: Final = 65_536
# Of a key of 1024 bits.
_SMALLEST_RSA_BYTES: Final = 128


@attrs.frozen
class Advice:
    """One way in which a signed request differs from the form that every server takes.

    Args:
        text: What differs, in a sentence without a capital and a full stop.
        servers: Those that refuse it or pass it over, as their sources or documents say.
        rule: The rule of the wire that names the form.
    """

    text: str
    servers: tuple[str, ...]
    rule: str


_Lint: TypeAlias = Callable[[Request, SignatureClaim], Iterator[Advice]]

_PATH_ONLY: Final = (
    "WordPress", "Friendica", "BookWyrm", "Takahē", "Mobilizon", "NodeBB", "Pixelfed", "tootik",
)  # fmt: skip
_NAIVE: Final = ("Takahē", "BookWyrm", "GoToSocial", "NodeBB")
_WITHOUT_RFC9421: Final = (
    "Akkoma", "Bridgy Fed", "GoToSocial", "Lemmy", "Misskey", "Pixelfed", "WriteFreely",
)  # fmt: skip


def advise(request: Request, claim: SignatureClaim | None = None, limits: Limits | None = None) -> tuple[Advice, ...]:
    """Name what of a signed request other servers would not take.

    Args:
        request: As received, or about to be sent.
        claim: From `parse_claims` of it; None: the first that can be read.
        limits: For reading it.

    Returns:
        Nothing where the request has the form that every server takes, or where no signature of it can be read.
    """
    if claim is None:
        try:
            claim = parse_claims(request, limits)[0]
        except FedtextError:
            return ()
    lints = _RFC9421 if claim.scheme is Scheme.RFC9421 else _CAVAGE
    return tuple(advice for lint in (*lints, *_BOTH) for advice in lint(request, claim))


# -- draft-cavage -----------------------------------------------------------------------------------------------


def _parameters(request: Request, claim: SignatureClaim) -> Iterator[Advice]:
    values = request.headers.get_all("signature")
    if not values:
        yield Advice("the signature stands in Authorization alone", ("most servers",), "SIG-07")
        return
    plain = ",".join(f'{name}="{value}"' for name, value in claim.parameters)
    if values[0].lower() != plain.lower():
        yield Advice("the parameters have spaces between them, or values without quotes", _NAIVE, "SIG-06")
    if "keyId=" not in values[0]:
        yield Advice("the name of the parameter keyId is spelled otherwise", _NAIVE, "SIG-06")
    if "headers" not in dict(claim.parameters):
        yield Advice("the parameter headers is missing", ("Takahē",), "SIG-06")


def _algorithm(_request: Request, claim: SignatureClaim) -> Iterator[Advice]:
    if claim.algorithm is None:
        yield Advice("the parameter algorithm is missing", ("WordPress", "Takahē"), "SIG-06")
    elif claim.algorithm == "rsa-sha512":
        yield Advice("rsa-sha512 is known to few", ("Mastodon", "Lemmy", "Takahē", "tootik"), "SIG-08")
    elif claim.algorithm == "ed25519":
        yield Advice("ed25519 is no name that draft-cavage gives", ("Mastodon", "Lemmy", "Takahē", "tootik"), "SIG-08")
    if len(claim.signature) < _SMALLEST_RSA_BYTES:
        servers = ("Mastodon", "Akkoma", "Lemmy", "Takahē", "tootik")
        yield Advice("the signature is not made with RSA, as draft-cavage is known", servers, "SIG-08")


def _digest(request: Request, claim: SignatureClaim) -> Iterator[Advice]:
    values = request.headers.get_all("digest")
    if "digest" not in claim.covered or not values:
        return
    text = ",".join(values)
    if not text.startswith("SHA-256="):
        servers = ("Threads", "PeerTube", "Takahē", "BookWyrm")
        other = "Digest is lower-case" if text.lower().startswith("sha-256=") else "Digest does not begin with SHA-256="
        yield Advice(f"{other}: Threads and PeerTube will refuse this", servers, "SIG-03")
    if "," in text:
        yield Advice("Digest names several hashes", ("Lemmy", "PeerTube", "Takahē"), "SIG-03")


def _date(request: Request, claim: SignatureClaim) -> Iterator[Advice]:
    if "date" not in request.headers:
        yield Advice("there is no Date", ("Misskey", "BookWyrm", "Mobilizon", "Pixelfed", "Takahē"), "SIG-05")
        return
    if "date" not in claim.covered:
        yield Advice("Date is not signed", ("Misskey", "tootik"), "SIG-01")
    date = request.headers.get("date") or ""
    try:
        is_usual = build_http_date(parse_http_date(date)) == date
    except MalformedText:
        is_usual = False
    if not is_usual:
        yield Advice("Date is not of the form Sun, 06 Nov 1994 08:49:37 GMT", ("BookWyrm", "Mobilizon"), "SIG-05")


def _query(request: Request, _claim: SignatureClaim) -> Iterator[Advice]:
    if request.query:
        text = "the target has a query; these sign and verify the path alone: on 401 sign once more without it"
        yield Advice(text, _PATH_ONLY, "SIG-13")


def _content_type(request: Request, _claim: SignatureClaim) -> Iterator[Advice]:
    if request.body and not is_activity(request.headers.get("content-type") or ""):
        yield Advice("Content-Type is not that of ActivityPub", ("GoToSocial",), "INB-01")


# -- RFC 9421 ---------------------------------------------------------------------------------------------------


def _scheme(_request: Request, _claim: SignatureClaim) -> Iterator[Advice]:
    yield Advice("RFC 9421 is sent only to hosts that are known to take it", _WITHOUT_RFC9421, "SIG-33")


def _components(request: Request, claim: SignatureClaim) -> Iterator[Advice]:
    if "@target-uri" not in claim.covered:
        yield Advice("@target-uri is not covered", ("Mastodon", "tootik"), "SIG-28")
    if needs_digest(request) and "content-type" not in claim.covered:
        yield Advice("content-type is not covered", ("tootik",), "SIG-29")
    if request.query and needs_digest(request) and "@query" not in claim.covered:
        yield Advice("there is a query, and @query is not covered", ("tootik",), "SIG-29")


def _rfc9421_parameters(_request: Request, claim: SignatureClaim) -> Iterator[Advice]:
    if claim.algorithm is None:
        yield Advice("the parameter alg is missing", ("activitypub-bot",), "SIG-29")


def _content_digest(request: Request, claim: SignatureClaim) -> Iterator[Advice]:
    text = request.headers.get("content-digest")
    if text is not None and "content-digest" in claim.covered and "sha-256=" not in text:
        yield Advice("Content-Digest has no sha-256", ("Mastodon",), "SIG-28")


def _labels(request: Request, _claim: SignatureClaim) -> Iterator[Advice]:
    try:
        several = len(parse_claims(request)) > 1
    except FedtextError:
        return
    if several:
        yield Advice("there are several signatures; a server may take one only", ("Mastodon",), "SIG-28")


# -- both -------------------------------------------------------------------------------------------------------


def _key_id(_request: Request, claim: SignatureClaim) -> Iterator[Advice]:
    if not claim.key_id.lower().startswith(("https://", "http://")):
        yield Advice("the key id is no URL", ("Misskey",), "SIG-17")
    elif "#" not in claim.key_id:
        text = "the key id has no fragment such as #main-key, which some look for in a signed GET"
        yield Advice(text, ("Lemmy",), "SIG-16")


def _host(request: Request, _claim: SignatureClaim) -> Iterator[Advice]:
    default = ":443" if request.scheme == "https" else ":80"
    if (request.headers.get("host") or "").endswith(default):
        yield Advice("Host names its default port", ("Misskey",), "SIG-14")


def _size(request: Request, _claim: SignatureClaim) -> Iterator[Advice]:
    if len(request.body) > SMALLEST_INBOX_BYTES:
        yield Advice("the body is longer than 64 KiB", ("Misskey",), "DLV-21")


_CAVAGE: Final[tuple[_Lint, ...]] = (_parameters, _algorithm, _digest, _date, _query)
_RFC9421: Final[tuple[_Lint, ...]] = (_scheme, _components, _rfc9421_parameters, _content_digest, _labels)
_BOTH: Final[tuple[_Lint, ...]] = (_content_type, _key_id, _host, _size)
