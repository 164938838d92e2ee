"""Everything that can go wrong, as one tree.

FedtextError
├─ ConfigurationError        wrong wiring; raised while starting, never while serving
├─ BlockingEdgeError         something suspended under a blocking edge
├─ ProtocolError
│  ├─ LocalProtocolError     we were about to send something illegal
│  └─ RemoteProtocolError    the peer did
│     ├─ DocumentError       MalformedJSON, MalformedIri, LimitExceeded, ContextRefused, TypeMismatch, MissingProperty
│     ├─ RequestError        the HTTP request itself: method, media type, size, host
│     ├─ SignatureError      SignatureMissing, SignatureMalformed, SignatureExpired, SignatureMismatch, …
│     ├─ ProofError          ProofMissing, ProofMismatch, CryptosuiteUnknown
│     └─ OriginMismatch      id, actor, key and attribution disagree
├─ PolicyRefusal             the host application said no; TooManyMentions, QuotaExceeded*
├─ FetchError                FetchRefused, Unreachable*, FetchTimeout*, HTTPStatusError, Gone, WrongMediaType, …
├─ DeliveryError             DeliveryRefused, DeliveryDeferred*
└─ PortError                 StoreError*, QueueError*, TransportError*: an adapter failed            (* = worth a retry)

Invariants: a code is public API and never changes its meaning; message texts are not API; an offending value
is kept at most 200 characters long; `public_detail` never echoes input.
"""

from __future__ import annotations

from typing import ClassVar

CONTEXT_CHARS_MAX = 200


class FedtextError(Exception):
    """The root of all errors that leave this library.

    Class attributes: `code` (stable, dotted), `permanent` (False: the same call may succeed later),
    `status_hint` (HTTP status a server would answer) and `hint` (what to do about it).
    Keyword arguments become `context`, each value shortened to 200 characters.
    """

    code: ClassVar[str] = "fedtext"
    permanent: ClassVar[bool] = True
    status_hint: ClassVar[int] = 500
    hint: ClassVar[str] = ""

    def __init__(self, message: str = "", *, public_detail: str | None = None, **context: object) -> None:
        self.message = message or (self.__doc__ or self.code).strip().splitlines()[0]
        self.context: dict[str, str] = {name: _shortened(value) for name, value in context.items()}
        self.public_detail: str = public_detail if public_detail is not None else _first_line(type(self).__doc__)
        super().__init__(self.message)

    def __str__(self) -> str:
        """Give the code, the message, the context and the hint on one line."""
        parts = [f"{self.code}: {self.message}"]
        if self.context:
            parts.append("(" + ", ".join(f"{name}={value}" for name, value in self.context.items()) + ")")
        if self.hint:
            parts.append(f"[{self.hint}]")
        return " ".join(parts)


def _shortened(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    safe = text[: CONTEXT_CHARS_MAX + 1].encode("unicode_escape").decode("ascii")
    return safe if len(safe) <= CONTEXT_CHARS_MAX else safe[: CONTEXT_CHARS_MAX - 1] + "…"


def _first_line(doc: str | None) -> str:
    return (doc or "").strip().splitlines()[0] if doc else ""


class ConfigurationError(FedtextError):
    """The application is wired wrongly."""

    code = "configuration"
    hint = "mend the wiring named in the message; nothing was started"


class BlockingEdgeError(FedtextError):
    """A callback or port suspended under a blocking edge."""

    code = "blocking_edge"
    hint = "make the callback a plain `def`, or serve the app through ASGI"


class ProtocolError(FedtextError):
    """A message breaks the protocol."""

    code = "protocol"
    status_hint = 400


class LocalProtocolError(ProtocolError):
    """We were about to send something illegal."""

    code = "protocol.local"
    status_hint = 500
    hint = "the object that the application returned is not one that other servers can take"


class UnfitIdentifier(ConfigurationError, LocalProtocolError):
    """An identifier of an own actor cannot stand in the path that was declared for it, today or at any other time."""

    code = "configuration.identifier"
    hint = "give actors identifiers that fit the path of @fed.actor: no slash, not empty, a number where it says :int"


class RemoteProtocolError(ProtocolError):
    """The peer sent something illegal."""

    code = "protocol.remote"


class DocumentError(RemoteProtocolError):
    """The document cannot be used."""

    code = "document"


class MalformedJSON(DocumentError):
    """The body is not strict JSON."""

    code = "document.malformed_json"
    hint = "send one UTF-8 JSON object without duplicate keys, NaN or lone surrogates (RFC 8259)"


class MalformedIri(DocumentError):
    """An identifier is not an absolute http(s) URL that all parsers read alike."""

    code = "document.malformed_iri"
    hint = "use an absolute https URL without user information, spaces or backslashes"


class MalformedText(DocumentError):
    """A value does not follow its grammar."""

    code = "document.malformed_text"


class LimitExceeded(DocumentError):
    """The document exceeds a limit."""

    code = "document.limit_exceeded"
    hint = "the limit is named in the context; see `Limits`"


class ContextRefused(DocumentError):
    """The JSON-LD context cannot be relied upon."""

    code = "document.context_refused"


class TypeMismatch(DocumentError):
    """A value has another type than its property takes."""

    code = "document.type_mismatch"


class MissingProperty(DocumentError, AttributeError):
    """A property that is needed is missing.

    To Python it is a missing attribute: `case Create(object=Note())` just does not match.
    """

    code = "document.missing_property"


class RequestError(RemoteProtocolError):
    """The HTTP request cannot be taken."""

    code = "request"


class MethodRefused(RequestError):
    """This method is not served here."""

    code = "request.method"
    status_hint = 405


class MediaTypeRefused(RequestError):
    """The body is not an ActivityPub document."""

    code = "request.media_type"
    status_hint = 415
    hint = "send Content-Type: application/activity+json"


class BodyTooLong(RequestError):
    """The body is too long."""

    code = "request.body_too_long"
    status_hint = 413


class BodyTimeout(RequestError):
    """The body did not arrive in time."""

    code = "request.body_timeout"
    status_hint = 408
    permanent = False


class HostRefused(RequestError):
    """The request is for a host that is not served here."""

    code = "request.host"
    status_hint = 421


class NotFound(RequestError):
    """There is nothing here."""

    code = "request.not_found"
    status_hint = 404


class NotAcceptable(RequestError):
    """There is no representation of the wanted type."""

    code = "request.not_acceptable"
    status_hint = 406


class RecipientGone(RequestError):
    """What was here is gone."""

    code = "request.gone"
    status_hint = 410


class TooManyActivities(RequestError):
    """Somebody says more in a minute than is taken here."""

    code = "request.too_many"
    status_hint = 429
    permanent = False

    @property
    def retry_after_s(self) -> int:
        """Seconds until the next one is taken."""
        return int(self.context.get("retry_after_s", "60"))


class SignatureError(RemoteProtocolError):
    """The HTTP signature cannot be accepted."""

    code = "signature"
    status_hint = 401


class SignatureMissing(SignatureError):
    """The request is not signed."""

    code = "signature.missing"
    hint = (
        "sign (request-target), host, date and digest with the actor's key, or as RFC 9421 with @method and @target-uri"
    )


class SignatureMalformed(SignatureError):
    """The signature header cannot be parsed."""

    code = "signature.malformed"


class SignatureExpired(SignatureError):
    """The signature is outside its time window."""

    code = "signature.expired"
    hint = "sign each attempt anew and compare the clocks of both servers"


class SignatureMismatch(SignatureError):
    """The signature does not verify under the key."""

    code = "signature.mismatch"
    hint = "compare the signature base and the key on both sides"


class ComponentsUncovered(SignatureError):
    """The signature does not cover what must be covered."""

    code = "signature.components_uncovered"
    hint = "sign (request-target), host, date, digest; in RFC 9421 @method, @target-uri, content-digest and `created`"


class AlgorithmRefused(SignatureError):
    """The algorithm is not accepted or does not fit the key."""

    code = "signature.algorithm_refused"


class DigestMismatch(SignatureError):
    """The digest does not match the body."""

    code = "signature.digest_mismatch"
    hint = "take the SHA-256 of the exact bytes that are sent"


class DigestMalformed(SignatureError):
    """The digest header cannot be read."""

    code = "signature.digest_malformed"
    hint = "send `Content-Digest: sha-256=:…:`, the base64 of 32 bytes between colons (RFC 9530)"


class DigestUnsupported(SignatureError):
    """The digest header has no hash that is used here."""

    code = "signature.digest_unsupported"
    hint = "send a SHA-256 of the body"


class KeyOwnerMismatch(SignatureError):
    """The key and its owner do not name each other."""

    code = "signature.key_owner_mismatch"


class KeyRefused(SignatureError):
    """The key cannot be used."""

    code = "signature.key_refused"
    hint = "use RSA of 2048 to 8192 bits with an ordinary exponent, as an SPKI PEM, or Ed25519 as a Multikey"


class KeyUnavailable(SignatureError):
    """The key could not be fetched now."""

    code = "signature.key_unavailable"
    status_hint = 503
    permanent = False


class ProofError(RemoteProtocolError):
    """The integrity proof cannot be accepted."""

    code = "proof"
    status_hint = 401


class ProofMissing(ProofError):
    """There is no proof."""

    code = "proof.missing"
    hint = "sign the document with an integrity proof (FEP-8b32), cryptosuite eddsa-jcs-2022"


class ProofMalformed(ProofError):
    """The proof cannot be read, or says what no proof of this network says."""

    code = "proof.malformed"
    hint = "give type, cryptosuite, verificationMethod, proofPurpose assertionMethod, created in UTC and proofValue"


class ProofExpired(ProofError):
    """The proof is outside its time window."""

    code = "proof.expired"
    hint = "compare the clocks of both servers, and sign the document anew"


class ProofMismatch(ProofError):
    """The proof does not verify."""

    code = "proof.mismatch"
    hint = "compare the canonical form of the document without its proof, that of the options, and the key"


class CryptosuiteUnknown(ProofError):
    """The cryptosuite of the proof is not known."""

    code = "proof.cryptosuite_unknown"
    hint = "use eddsa-jcs-2022; eddsa-rdfc-2022 and mldsa44-jcs-2024 are verified, too"


class OriginMismatch(RemoteProtocolError):
    """The identifiers of the activity do not share one origin or owner."""

    code = "origin_mismatch"
    status_hint = 403


class PolicyRefusal(FedtextError):
    """The policy of this server refuses it."""

    code = "policy_refusal"
    status_hint = 403


class TooManyMentions(PolicyRefusal):
    """A post of an own actor mentions more people than one may."""

    code = "policy_refusal.mentions"
    hint = "mention fewer people, or change `OutboundPolicy.mentions_count_max`"


class QuotaExceeded(PolicyRefusal):
    """A new account has said as much in this hour as new ones may."""

    code = "policy_refusal.quota"
    status_hint = 429
    permanent = False
    hint = "try again after `retry_after_s` seconds, or change the quotas of `OutboundPolicy`"

    @property
    def retry_after_s(self) -> int:
        """Seconds until it may say more."""
        return int(self.context.get("retry_after_s", "3600"))


class FetchError(FedtextError):
    """A document could not be fetched."""

    code = "fetch"
    status_hint = 502


class FetchRefused(FetchError):
    """The address may not be fetched."""

    code = "fetch.refused"
    hint = "only public https addresses are fetched; for tests see `DevPolicy`"


class Unreachable(FetchError):
    """The host cannot be reached."""

    code = "fetch.unreachable"
    permanent = False


class HostPaused(Unreachable):
    """The host is left alone for a while."""

    code = "fetch.host_paused"
    hint = "it asked for a pause, could not be reached, or was asked too often; `retry_after_s` says when to try again"

    @property
    def retry_after_s(self) -> float:
        """Seconds until it may be asked again."""
        return float(self.context.get("retry_after_s", "0"))


class FetchPostponed(FetchError):
    """In a listener: what takes many requests is put off, since many servers hear of the same post at this time."""

    code = "fetch.postponed"
    hint = "let it pass: the listener is called again in a while; `FetchPolicy.spread_s_max=0` turns this off"
    permanent = False


class FetchTimeout(FetchError):
    """The host did not answer in time."""

    code = "fetch.timeout"
    permanent = False


class HTTPStatusError(FetchError):
    """The host answered with an error status."""

    code = "fetch.status"


class Gone(FetchError):
    """The document is gone."""

    code = "fetch.gone"


class WrongMediaType(FetchError):
    """The answer is not of the media type that was asked for."""

    code = "fetch.media_type"


class BodyTooLarge(FetchError):
    """The answer is too large."""

    code = "fetch.body_too_large"


class BudgetExhausted(FetchError):
    """This message may cause no more fetches."""

    code = "fetch.budget_exhausted"


class TooManyWaiting(FedtextError):
    """Too many wait in line for the same thing."""

    code = "too_many_waiting"
    status_hint = 503
    permanent = False


class DeliveryError(FedtextError):
    """A delivery failed."""

    code = "delivery"


class DeliveryRefused(DeliveryError):
    """The recipient refuses it for good."""

    code = "delivery.refused"


class DeliveryDeferred(DeliveryError):
    """The recipient cannot take it now."""

    code = "delivery.deferred"
    permanent = False


class PortError(FedtextError):
    """An adapter failed."""

    code = "port"
    status_hint = 503
    permanent = False


class StoreError(PortError):
    """The store failed."""

    code = "port.store"


class QueueError(PortError):
    """The queue failed."""

    code = "port.queue"


class TransportError(PortError):
    """The transport failed."""

    code = "port.transport"
