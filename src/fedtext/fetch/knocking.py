"""One signed request, knocked with as its host takes it; the memory of what each host takes.

Which scheme comes first, and when a second knock follows, is decided by `signatures.negotiation`. Here it is carried
out: the memory of the origin is read, the request signed, sent and, where the answer asks for it, signed anew and sent
again; what was learned is kept for as long as it holds.

A GET with a query may be knocked with once more: some servers verify its signature without the query (SIG-13). That
knock is the last one, and teaches nothing.

Invariants: at most two knocks, three for a GET with a query; never a second one after 2xx or 403; a memory that cannot
be read counts as none, so that it never stands in the way of a delivery.

Sources: wire rule 1.2; SIG-13, SIG-31 to SIG-35, SIG-37; HSR-09.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import lru_cache, partial
from typing import Final, TypeAlias

import attrs

from ..config import Scheme
from ..errors import LocalProtocolError, StoreError
from ..http import Request, Response
from ..keys import Algorithm, PrivateKey
from ..ports import ExchangeLimits, PortSet, store_key
from ..signatures import (
    Knock,
    SchemeMemory,
    VerifiedRequest,
    after_response,
    first_scheme,
    learned_capabilities,
    learned_inbound,
    sign,
)
from ..signatures.negotiation import LEARNED_S
from ..wire.iri import origin_of
from ..wire.json import JsonObject, JsonValue
from .covering import asked_over, sign_cavage_over
from .embedded import origin_or_none


@attrs.frozen(kw_only=True)
class SigningKey:
    """A private key and the id under which its owner publishes it."""

    key_id: str
    private: PrivateKey


Signer: TypeAlias = Callable[[Algorithm], Awaitable[SigningKey]]
"""Gives the key of a kind with which requests are signed; RSA where its owner has none of that kind."""

Before: TypeAlias = Callable[[], ExchangeLimits]
"""Called before each knock: gives its limits, or raises where no more may be sent."""

_UNAUTHORIZED: Final = 401
_WORTH_S: Final = 86_400
_CAPABILITIES_MAX: Final = 64
_MEMORIES_READ_MAX: Final = 256
_NOTHING_KNOWN: Final = SchemeMemory()
_NO_ANSWER_YET: Final = Response(status=_UNAUTHORIZED)


def once_a_kind(signer: Signer) -> Signer:
    """Give a signer that asks another one once for each kind of key: for the few seconds that keys are read once for.

    Args:
        signer: That is asked.
    """
    known: dict[Algorithm, SigningKey] = {}

    async def remembered(algorithm: Algorithm) -> SigningKey:
        key = known.get(algorithm)
        if key is None:
            key = known[algorithm] = await signer(algorithm)
        return key

    return remembered


async def send_signed(
    request: Request,
    signer: Signer,
    *,
    ports: PortSet,
    site: str,
    before: Before,
    digest: str | None = None,
    covering: tuple[str, ...] = (),
) -> Response:
    """Send a request, signed as its host takes it.

    Args:
        request: Not signed yet.
        signer: Whose keys.
        ports: Of the colour of the caller.
        site: The origin on whose behalf it is sent; prefixes the keys of the memory.
        before: Called before each knock.
        digest: From `build_digest` of the body, when it was already built.
        covering: Header fields of the request that are signed besides the usual ones.

    Returns:
        The answer that counts: the last one.

    Raises:
        FetchError: As the transport, or as `before`.
        LocalProtocolError: The request cannot be signed.
        ConfigurationError: The keys cannot be read.
    """
    origin = origin_of(request.url)
    known = await recall(ports, site, origin)
    knock: Knock | None = first_scheme(known, ports.clock.now_s())
    memory, response = known, _NO_ANSWER_YET
    while knock is not None:
        key, now_s = await signer(knock.algorithm), ports.clock.now_s()
        signed = await ports.coalesce.in_row(partial(_signed, request, key, knock, now_s, digest, covering))
        response = await ports.transport.send(signed, before())
        asked = response.headers.get("accept-signature") or None
        memory, knock = after_response(memory, knock, response.status, asked, ports.clock.now_s())
    if response.status == _UNAUTHORIZED and request.method == "GET" and request.query:
        response = await _without_query(request, signer, ports, before, response)
    await _keep(ports, site, origin, known, memory)
    return response


def _signed(
    request: Request, key: SigningKey, knock: Knock, now_s: float, digest: str | None, covering: tuple[str, ...]
) -> Request:
    """Sign for one knock; where what the peer asks for cannot be signed, as if it had not asked."""
    if knock.scheme is Scheme.CAVAGE:
        private, key_id = key.private, key.key_id
        if covering:
            return sign_cavage_over(request, private, key_id=key_id, now_s=now_s, covering=covering, digest=digest)
        return sign(request, private, key_id=key_id, now_s=now_s, digest=digest)
    sign_as = partial(sign, request, key.private, key_id=key.key_id, now_s=now_s, digest=digest, scheme=knock.scheme)
    try:
        return sign_as(asked=asked_over(knock.asked, covering))
    except LocalProtocolError:
        if knock.asked is None:
            raise
        return sign_as(asked=asked_over(None, covering))


async def _without_query(
    request: Request, signer: Signer, ports: PortSet, before: Before, refused: Response
) -> Response:
    """Knock with a signature that leaves out the query (SIG-13); where that is refused too, the first answer stands."""
    key = await signer(Algorithm.RSA)
    signed = sign(
        request,
        key.private,
        key_id=key.key_id,
        now_s=ports.clock.now_s(),
        scheme=Scheme.CAVAGE,
        queryless=True,
    )
    response = await ports.transport.send(signed, before())
    return refused if response.status == _UNAUTHORIZED else response


async def learn_inbound(ports: PortSet, site: str, evidence: VerifiedRequest) -> None:
    """Keep what a verified request of a host says about what it takes."""
    origin = origin_of(evidence.key.key_id)
    known = await recall(ports, site, origin) if evidence.scheme is Scheme.RFC9421 else None
    if known is not None:
        await _keep(ports, site, origin, known, learned_inbound(known, evidence, ports.clock.now_s()))


async def learn_capabilities(ports: PortSet, site: str, address: str, document: JsonObject) -> None:
    """Keep what an actor's document says about what its server takes (FEP-844e).

    Args:
        ports: The store and the clock.
        site: The origin on whose behalf it was fetched.
        address: Where the document answered. What it says is believed of this origin alone.
        document: Normalized, its id checked. An application speaks for itself, any other actor through its `generator`,
            unless that is an application of another origin. What is no actor says nothing: anybody may write posts.
    """
    origin = origin_of(address)
    implemented = _implemented(document, origin)
    if implemented:
        known = await recall(ports, site, origin)
        await _keep(ports, site, origin, known, learned_capabilities(known, implemented, ports.clock.now_s()))


def _implemented(document: JsonObject, origin: str) -> list[str]:
    """Give what the application of a document implements, each by its address; whatever is none is passed over."""
    application = document if document.get("type") == "Application" else document.get("generator")
    if "inbox" not in document or not isinstance(application, dict):
        return []
    if origin_or_none(application.get("id", origin)) != origin:
        return []
    entries = application.get("implements")
    listed = entries if isinstance(entries, list) else [entries]
    named: list[JsonValue] = [
        entry.get("href") if isinstance(entry, dict) else entry for entry in listed[:_CAPABILITIES_MAX]
    ]
    return [name for name in named if isinstance(name, str)]


async def recall(ports: PortSet, site: str, origin: str) -> SchemeMemory:
    """Give what is known of the schemes that an origin takes."""
    found = await ports.store.get(scheme_key(site, origin))
    return _NOTHING_KNOWN if found is None else _memory_of(found)


@lru_cache(maxsize=_MEMORIES_READ_MAX)  # most hosts have said the same
def _memory_of(value: bytes) -> SchemeMemory:
    try:
        return SchemeMemory.decode(value)
    except StoreError:
        return _NOTHING_KNOWN


async def _keep(ports: PortSet, site: str, origin: str, known: SchemeMemory, memory: SchemeMemory) -> None:
    """Write a memory back, where it says more than the one before."""
    if memory is not known and _says_more(known, memory):
        await ports.store.put(scheme_key(site, origin), memory.encode(), ttl_s=LEARNED_S)


def _says_more(known: SchemeMemory, memory: SchemeMemory) -> bool:
    """Tell whether anything has changed; what holds for some hours longer is not worth a write."""
    times = (
        (known.rfc9421_until_s, memory.rfc9421_until_s),
        (known.ed25519_until_s, memory.ed25519_until_s),
        (known.refused_until_s, memory.refused_until_s),
    )
    return known.asked != memory.asked or any(new < old or new > old + _WORTH_S for old, new in times)


@lru_cache(maxsize=_MEMORIES_READ_MAX)  # read before a request and written after it
def scheme_key(site: str, origin: str) -> str:
    """Give the store's key of what is known of the schemes that an origin takes."""
    return store_key(site, "scheme", origin)
