"""Targets that read HTTP messages: who signed a request, and all that an inbox does with one."""

from __future__ import annotations

from functools import cache

import attrs

from fedtext import Activity, Context, Federation, Person
from fedtext.adapters.backends import MemoryBackend
from fedtext.adapters.clocks import ManualClock
from fedtext.adapters.observers import RecordingObserver
from fedtext.adapters.offload import InlineOffload
from fedtext.config import Limits, Scheme
from fedtext.errors import FedtextError
from fedtext.fetch.keys import remember
from fedtext.http import Request, Response
from fedtext.keys import VerificationKey
from fedtext.runtime.edges import build_request, refusal
from fedtext.signatures import (
    SignatureClaim,
    check_claim,
    claimed_base,
    data_integrity,
    parse_accept_signature,
    parse_claims,
    parse_response_claims,
    sign,
    verify_content_digest,
    verify_digest,
)
from fedtext.signatures.rfc9421_claim import parse_rfc9421, parse_usual
from fedtext.sync import run_sync
from fedtext.testing.network import OneColour, VirtualNetwork, VirtualTransport
from fedtext.testing.peers import SharedKeys
from fedtext.wire.json import dump, parse_object
from fedtext.wire.media_types import ACTIVITY_JSON

from .documents import ALICE, CREATOR, ED25519, METHOD, NOW_S
from .target import holds, made, same, tried

HOME, INBOX = "https://home.example", "/users/1/inbox"
LIMITS = Limits()


def request_of(data: bytes) -> Request:
    """Take bytes for a message of HTTP, as liberally as can be: a request line, fields, an empty line, a body."""
    head, _, body = data.replace(b"\r\n", b"\n").partition(b"\n\n")
    first, *lines = head.decode("latin-1").split("\n")
    method, _, target = first.partition(" ")
    pairs = [(name, value) for name, separator, value in (line.partition(":") for line in lines) if separator]
    request = build_request(method=method, scheme="https", target=target, pairs=pairs, limits=LIMITS)
    return attrs.evolve(request, body=body)


# ---- claims ----------------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Claims:
    """A message, who claims to have signed it, and what would be verified."""

    request: Request
    claims: tuple[SignatureClaim, ...]
    bases: list[bytes | None]


def read_cavage(data: bytes) -> Claims:
    """Read a message as one of draft-cavage, whatever else it has."""
    request = request_of(data)
    tried(verify_digest, request.headers.get_all("digest"), request.body)
    return read_claims(attrs.evolve(request, headers=request.headers.without("signature-input")))


def read_rfc9421(data: bytes) -> Claims:
    """Read a message as one of RFC 9421, and as an answer that is signed so."""
    request = request_of(data)
    tried(verify_content_digest, request.headers.get_all("content-digest"), request.body)
    tried(parse_accept_signature, request.headers.get("accept-signature") or "")
    tried(parse_response_claims, Response(status=200, headers=request.headers, body=request.body))
    return read_claims(request)


def read_claims(request: Request) -> Claims:
    """Check all of every claim but the signature, and build what would be verified."""
    claims = parse_claims(request)
    for claim in claims:
        tried(check_claim, request, claim, now_s=NOW_S, authorities={"home.example"})
    bases = [tried(claimed_base, request, claim) for claim in claims]
    return Claims(request=request, claims=claims, bases=bases)


def check_claims(_data: bytes, found: Claims) -> None:
    """One line for each component: no value brings a line of its own (SEC-044)."""
    for claim, base in zip(found.claims, found.bases, strict=True):
        if base is not None:
            same(base.count(b"\n") + 1, len(claim.covered) + (claim.scheme is Scheme.RFC9421))


def check_rfc9421(data: bytes, found: Claims) -> None:
    """Also, the short road for the usual shape and the long one for any agree."""
    check_claims(data, found)
    headers = found.request.headers
    inputs, signatures = headers.get_all("signature-input"), headers.get_all("signature")
    if len(inputs) == len(signatures) == 1 and not is_padded_for_nothing(signatures[0]):
        usual = tried(parse_usual, inputs[0], signatures[0], LIMITS)
        holds(usual is None or (usual,) == tried(parse_rfc9421, inputs, signatures, LIMITS), usual)


def is_padded_for_nothing(signature: str) -> bool:
    """Tell whether base64 is complete and goes on with "=": CPython's strict mode takes it, the long road does not."""
    encoded = signature.partition("=:")[2].rstrip(":")
    return encoded.endswith("=") and len(encoded.rstrip("=")) % 4 == 0


# ---- the inbox -------------------------------------------------------------------------------------------------------


@attrs.frozen
class Home:
    """A server of ours, and whom its listeners heard: who speaks, and who signed."""

    federation: Federation
    heard: list[tuple[str, str]] = attrs.field(factory=list)


@cache
def home() -> Home:
    """Give the server; its ports are new for every message, so that none depends on those before it."""
    made = Home(Federation(HOME, backend=MemoryBackend(), keys=SharedKeys(), worker="off"))

    @made.federation.actor("/users/{pk}")
    def actor(context: Context, pk: str) -> Person | None:
        return context.actor(Person, handle="one") if pk == "1" else None

    @made.federation.on(Activity)
    async def heard(context: Context, activity: Activity) -> None:
        made.heard.append((str(activity.actor_id), context.evidence.signer))

    return made


def new_ports(observer: RecordingObserver) -> OneColour:
    """Give ports over an empty store, and over a network on which nobody answers."""
    network = VirtualNetwork()
    return OneColour(
        backend=MemoryBackend(),
        async_transport=lambda: VirtualTransport(network),
        blocking_transport=lambda: VirtualTransport(network),
        clock=ManualClock(NOW_S),
        observer=observer,
        offload=InlineOffload(),
    )


@attrs.frozen(kw_only=True)
class Visit:
    """What came of one message."""

    status: int
    heard: list[tuple[str, str]]
    events: set[str]
    waiting: int
    buried: int


def read_inbox(data: bytes) -> Visit:
    """Let one message come to the door, and the worker do what follows from it."""
    server, observer = home(), RecordingObserver()
    server.heard.clear()
    federation = server.federation
    federation.ports = new_ports(observer)
    ports = federation.ports.blocking()
    run_sync(remember(federation.engine.fetcher(ports), VerificationKey(CREATOR, ALICE, ED25519.public)))
    try:
        response = run_sync(federation.engine.handle(arrival(data), ports)) or Response(status=404)
    except FedtextError as error:  # before there is a request
        response = refusal(error)
    worker = federation.worker()
    while worker.step_blocking():
        pass
    depth = run_sync(ports.queue.depth())
    return Visit(
        status=response.status,
        heard=list(server.heard),
        events={event.name for event in observer.events},
        waiting=depth.waiting,
        buried=depth.buried,
    )


def arrival(data: bytes) -> Request:
    """Give the message. The first byte says how it comes.

    "0" as it is; "1" and "2" as a body that Alice, whose key we know, signs by either scheme; "3" one that she proves,
    too.
    """
    kind, rest = data[:1], data[1:]
    if kind not in (b"1", b"2", b"3"):
        return request_of(rest)
    if kind == b"3":
        document = tried(parse_object, rest)
        proved = made(data_integrity.sign, document or {}, ED25519, verification_method=METHOD, created_s=NOW_S)
        rest = rest if proved is None else dump(proved)
    request = Request.to(HOME + INBOX, method="POST", headers=[("content-type", ACTIVITY_JSON)], body=rest)
    scheme = Scheme.RFC9421 if kind == b"2" else Scheme.CAVAGE
    return sign(request, ED25519, key_id=CREATOR, now_s=NOW_S, scheme=scheme)


def check_inbox(data: bytes, found: Visit) -> None:
    """A request is answered or refused, never a fault; who is heard is who signed; nothing stays behind."""
    holds(200 <= found.status < 500 or found.status in (502, 503), found)
    holds(not found.events & {"request.fault", "job.failed", "job.buried", "inbox.listener_failed"}, found)
    same((found.waiting, found.buried), (0, 0))
    for actor, signer in found.heard:
        same((actor, signer), (ALICE, ALICE))
    holds(not found.heard or found.status == 202, found)
