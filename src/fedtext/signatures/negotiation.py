"""Which scheme to knock with at an origin, and what an answer teaches.

Decides over values: the memory of one origin goes in and comes out, and is kept by whoever calls, under the origin.
Nothing here sends, signs or knows the time.

Invariants:
    - without evidence the first knock is draft-cavage with RSA (SIG-33): some peers answer 200 to RFC 9421 and drop it;
    - a 2xx proves nothing about a signature by itself: it teaches only where the other scheme was refused just before;
    - a second knock follows 400 and 401 only, with the other scheme or with what the peer asked for, and never a third;
    - what was learned expires, and so does what was refused.

Example:
    >>> knock = first_scheme(SchemeMemory(), 0)
    >>> memory, again = after_response(SchemeMemory(), knock, 401, None, 0)
    >>> again.scheme
    <Scheme.RFC9421: 'rfc9421'>

Sources: wire rule 1.2; SIG-31 to SIG-34, SIG-37; HSR-09; RFC 9421 section 5.2; FEP-844e.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import attrs

from ..config import Scheme
from ..errors import FedtextError, StoreError
from ..keys import Algorithm
from ..wire.json import JsonValue, dump, parse_object
from .accept_signature import (
    CHALLENGE,
    CHALLENGE_BODILESS,
    AskedSignature,
    build_accept_signature,
    parse_accept_signature,
)
from .algorithms import EMITTED
from .evidence import VerifiedRequest
from .rfc9421 import CONTENT_DIGEST, CONTENT_TYPE, METHOD, TARGET_URI

VERSION: Final = 1
LEARNED_S: Final = 7 * 86_400
REFUSED_S: Final = 86_400

# FEP-844e, table of capabilities; the second one is spelled there as it is here.
CAPABILITY_RFC9421: Final = "https://datatracker.ietf.org/doc/html/rfc9421"
CAPABILITY_ED25519: Final = "https://datatracker.ietf.org/doc/html/rfc9421#name-eddsa-using-curve-edwards25"

_KNOCK_AGAIN: Final = frozenset({400, 401})
_OF_NAME: Final = {name: algorithm for algorithm, name in EMITTED.items()}
# What `sign` covers without being asked.
_ALWAYS: Final = AskedSignature(label="", components=(METHOD, TARGET_URI, CONTENT_TYPE, CONTENT_DIGEST))


@attrs.frozen(kw_only=True)
class SchemeMemory:
    """What is known of one origin; all times are seconds since the epoch, 0 means never.

    Args:
        rfc9421_until_s: Until when it counts as one that takes RFC 9421.
        ed25519_until_s: Until when it counts as one that takes Ed25519 under RFC 9421.
        refused_until_s: Until when RFC 9421 is not tried first, since it was refused there.
        asked: The last wish that it had, as an Accept-Signature field; "" when it had none.
    """

    rfc9421_until_s: int = 0
    ed25519_until_s: int = 0
    refused_until_s: int = 0
    asked: str = ""

    def encode(self) -> bytes:
        """Give the value for a store, as JSON."""
        return dump({"v": VERSION, **attrs.asdict(self)})

    @classmethod
    def decode(cls, value: bytes) -> SchemeMemory:
        """Read a value from a store.

        Args:
            value: From `encode`.

        Raises:
            StoreError: Not a memory of this version.
        """
        try:
            found = parse_object(value)
        except FedtextError as error:
            raise StoreError("the memory of a scheme is not JSON") from error
        asked = found.get("asked")
        if found.get("v") != VERSION or not isinstance(asked, str):
            raise StoreError("the memory of a scheme is of another version", version=repr(found.get("v")))
        return cls(
            rfc9421_until_s=_time(found.get("rfc9421_until_s")),
            ed25519_until_s=_time(found.get("ed25519_until_s")),
            refused_until_s=_time(found.get("refused_until_s")),
            asked=asked,
        )


@attrs.frozen(kw_only=True)
class Knock:
    """How to sign one attempt.

    Args:
        scheme: For `sign`.
        algorithm: The kind of key to sign with; whoever has no such key takes RSA.
        asked: For `sign`: what the peer wants to be covered as well.
        after: The scheme of the knock that was refused just before; None for a first knock.
    """

    scheme: Scheme
    algorithm: Algorithm = Algorithm.RSA
    asked: AskedSignature | None = None
    after: Scheme | None = None


_AS_MOST_DO: Final = Knock(scheme=Scheme.CAVAGE)


def first_scheme(memory: SchemeMemory, now_s: float) -> Knock:
    """Decide how to sign the first attempt.

    Args:
        memory: Of the origin; a new one when there is none.
        now_s: Seconds since the epoch.
    """
    if memory.rfc9421_until_s <= now_s or memory.refused_until_s > now_s:
        return _AS_MOST_DO
    asked = next(filter(_is_possible, parse_accept_signature(memory.asked)), None)
    return Knock(scheme=Scheme.RFC9421, algorithm=_algorithm(memory, asked, now_s), asked=_unspent(asked))


def after_response(
    memory: SchemeMemory, sent: Knock, status: int, accept_signature: str | None, now_s: float
) -> tuple[SchemeMemory, Knock | None]:
    """Learn from an answer, and decide whether to knock again at once.

    Args:
        memory: Of the origin.
        sent: What was answered: from `first_scheme`, or from this function.
        status: Of the answer.
        accept_signature: Its Accept-Signature field, lines joined by ", "; None when it has none.
        now_s: Seconds since the epoch.

    Returns:
        The new memory; and the second knock, or None: then the answer stands.
    """
    asked = next(filter(_is_possible, parse_accept_signature(accept_signature or "")), None)
    if asked is not None:
        memory = _learned(attrs.evolve(memory, asked=build_accept_signature(_unspent(asked) or asked)), now_s)
    if status in _KNOCK_AGAIN:
        return _after_refusal(memory, sent, asked, now_s)
    if 200 <= status < 300 and sent.after is not None and sent.after is not sent.scheme:
        return _after_contrast(memory, sent, now_s), None
    return memory, None


def learned_inbound(memory: SchemeMemory, evidence: VerifiedRequest, now_s: float) -> SchemeMemory:
    """Learn from a request of that origin which we have verified: what it signs with, it takes.

    Args:
        memory: Of the origin of the key.
        evidence: From `verify`.
        now_s: Seconds since the epoch.
    """
    if evidence.scheme is not Scheme.RFC9421:
        return memory
    return _learned(memory, now_s, ed25519=evidence.key.public.algorithm is Algorithm.ED25519)


def learned_capabilities(memory: SchemeMemory, implemented: Collection[str], now_s: float) -> SchemeMemory:
    """Learn from what an application says that it implements (FEP-844e).

    Args:
        memory: Of the origin of the application's actor.
        implemented: The `href` of each entry of `implements`.
        now_s: Seconds since the epoch.
    """
    ed25519 = CAPABILITY_ED25519 in implemented
    if not ed25519 and CAPABILITY_RFC9421 not in implemented:
        return memory
    return _learned(memory, now_s, ed25519=ed25519)


def build_challenge(*, bodiless: bool = False) -> str:
    """Build the Accept-Signature field of our own 401: what this library accepts.

    Args:
        bodiless: Whether the refused request was one that has no body, as a GET.
    """
    return build_accept_signature(CHALLENGE_BODILESS if bodiless else CHALLENGE)


def _after_refusal(
    memory: SchemeMemory, sent: Knock, asked: AskedSignature | None, now_s: float
) -> tuple[SchemeMemory, Knock | None]:
    if sent.after is not None:
        return memory, None
    if asked is not None and not _fulfils(sent, asked):
        algorithm = _algorithm(memory, asked, now_s)
        return memory, Knock(scheme=Scheme.RFC9421, algorithm=algorithm, asked=asked, after=sent.scheme)
    if sent.scheme is Scheme.CAVAGE:
        return memory, Knock(scheme=Scheme.RFC9421, after=sent.scheme)
    # What was evidence is none any more: the universal form, and for a while as the first one.
    forgotten = SchemeMemory(refused_until_s=int(now_s) + REFUSED_S)
    return forgotten, Knock(scheme=Scheme.CAVAGE, after=sent.scheme)


def _after_contrast(memory: SchemeMemory, sent: Knock, now_s: float) -> SchemeMemory:
    """One scheme was refused and the other one taken, for the same message within moments: that is evidence."""
    if sent.scheme is Scheme.CAVAGE:
        return SchemeMemory(refused_until_s=int(now_s) + REFUSED_S)
    return _learned(attrs.evolve(memory, refused_until_s=0), now_s, ed25519=sent.algorithm is Algorithm.ED25519)


def _learned(memory: SchemeMemory, now_s: float, *, ed25519: bool = False) -> SchemeMemory:
    until_s = int(now_s) + LEARNED_S
    return attrs.evolve(memory, rfc9421_until_s=until_s, ed25519_until_s=until_s if ed25519 else memory.ed25519_until_s)


def _is_possible(asked: AskedSignature) -> bool:
    return asked.algorithm is None or asked.algorithm in _OF_NAME


def _algorithm(memory: SchemeMemory, asked: AskedSignature | None, now_s: float) -> Algorithm:
    if asked is not None and asked.algorithm is not None:
        return _OF_NAME[asked.algorithm]
    return Algorithm.ED25519 if memory.ed25519_until_s > now_s else Algorithm.RSA


def _unspent(asked: AskedSignature | None) -> AskedSignature | None:
    """Leave out the nonce: it was for one message."""
    return None if asked is None else attrs.evolve(asked, nonce=None)


def _fulfils(sent: Knock, asked: AskedSignature) -> bool:
    """Tell whether that is what was sent already, so that sending it again would say nothing new."""
    if sent.scheme is not Scheme.RFC9421 or asked.algorithm not in (None, EMITTED[sent.algorithm]):
        return False
    before = sent.asked or _ALWAYS
    covered = {*_ALWAYS.components, *before.components}
    return covered.issuperset(asked.components) and asked.echoed.items() <= before.echoed.items()


def _time(value: JsonValue) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise StoreError("the memory of a scheme has a time that is none")
