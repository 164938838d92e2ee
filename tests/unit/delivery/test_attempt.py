"""One attempt: what leaves, and what the answer makes of it."""

from __future__ import annotations

import attrs
import pytest

from fedtext.adapters.backends import MemoryBackend
from fedtext.adapters.clocks import ManualClock
from fedtext.adapters.coalesce import InlineCoalesce
from fedtext.adapters.observers import NullObserver
from fedtext.adapters.offload import InlineOffload
from fedtext.adapters.randomness import SeededRandomness
from fedtext.config import Config
from fedtext.delivery import Delivered, DeliveryTask, Dispatch, Drop, Retry, attempt
from fedtext.errors import TransportError
from fedtext.fetch import SigningKey
from fedtext.http import Headers, Response
from fedtext.keys import Algorithm, VerificationKey, generate_rsa
from fedtext.ports import PortSet
from fedtext.signatures import build_digest, parse_claim, verify
from fedtext.sync import run_sync
from fedtext.testing.network import VirtualNetwork, VirtualTransport

KEY = generate_rsa()
ALICE = "https://home.example.com/users/1"
BODY = '{"id":"https://home.example.com/users/1#1","content":"Grüße"}'
TASK = DeliveryTask(
    site="https://home.example.com",
    sender="1",
    activity_id=f"{ALICE}#1",
    inbox="https://b.example.org/users/bob/inbox?via=x",
    body=BODY,
    digest=build_digest(BODY.encode()),
)


def signer_of(key: SigningKey):
    """Give a signer that has this key only."""

    async def signer(_algorithm: Algorithm) -> SigningKey:
        return key

    return signer


class Rig:
    """An attempt's surroundings: a network without sockets and a clock that is moved by hand."""

    def __init__(self) -> None:
        self.network = VirtualNetwork()
        self.clock = ManualClock(1_790_000_000.0)
        opened = MemoryBackend().blocking(self.clock)
        ports = PortSet(
            transport=VirtualTransport(self.network),
            store=opened.store,
            queue=opened.queue,
            sql=opened.sql,
            clock=self.clock,
            randomness=SeededRandomness(1),
            offload=InlineOffload(),
            coalesce=InlineCoalesce(),
            observer=NullObserver(),
        )
        self.dispatch = Dispatch(
            ports=ports,
            config=Config(),
            signer=signer_of(SigningKey(key_id=f"{ALICE}#main-key", private=KEY)),
            user_agent="fedtext/1 (blog/2; +https://home.example.com/)",
            own_origins=frozenset({"https://home.example.com"}),
        )

    def answer(self, status: int, *headers: tuple[str, str]) -> None:
        self.network.script("b.example.org", lambda _request: Response(status=status, headers=Headers.build(headers)))

    def attempt(self, task: DeliveryTask = TASK):
        return run_sync(attempt(task, self.dispatch))


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.mark.spec("INB-02", "AP-S01")
def test_one_post_with_the_sealed_bytes(rig):
    rig.answer(202)
    assert rig.attempt() == Delivered(status=202)
    request = rig.network.exchanges[0].request
    assert (request.method, request.target) == ("POST", "/users/bob/inbox?via=x")
    assert request.body == BODY.encode()
    assert request.headers.get("content-type") == "application/activity+json"
    assert request.headers.get("digest") == TASK.digest


@pytest.mark.spec("DLV-16")
def test_dlv_16_more_fields_are_sent_and_signed(rig):
    rig.answer(202)
    rig.dispatch = attrs.evolve(rig.dispatch, fields=(("collection-synchronization", "x"),))
    rig.attempt()
    request = rig.network.exchanges[0].request
    claim = parse_claim(request)
    assert request.headers.get("collection-synchronization") == "x"
    assert claim.covered[-1] == "collection-synchronization"
    key = VerificationKey(claim.key_id, ALICE, KEY.public)
    verify(request, claim, key, now_s=rig.clock.now_s(), authorities=["b.example.org"])


def test_dlv_14_the_user_agent_names_software_version_and_address(rig):
    rig.answer(202)
    rig.attempt()
    assert (
        rig.network.exchanges[0].request.headers.get("user-agent") == "fedtext/1 (blog/2; +https://home.example.com/)"
    )


def test_sig_01_sig_05_each_attempt_is_signed_anew(rig):
    rig.answer(503)
    rig.attempt()
    rig.clock.advance(3_600)
    rig.attempt()
    first, second = (exchange.request for exchange in rig.network.exchanges)
    assert first.headers.get("date") != second.headers.get("date")
    assert first.body == second.body
    for request, now_s in ((first, rig.clock.now_s() - 3_600), (second, rig.clock.now_s())):
        key = VerificationKey(key_id=f"{ALICE}#main-key", owner=ALICE, public=KEY.public)
        verified = verify(request, parse_claim(request), key, now_s=now_s, authorities={"b.example.org"})
        assert set(verified.covered) == {"(request-target)", "host", "date", "digest"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["https://b.example.org/other", "https://elsewhere.example.org/inbox"])
def test_sec_146_dlv_13_a_redirect_is_not_followed(rig, status, location):
    """Threat: CVE-2026-96624."""
    rig.answer(status, ("location", location))
    assert rig.attempt() == Drop(reason=f"status {status}", status=status)
    assert len(rig.network.exchanges) == 1


@pytest.mark.parametrize("inbox", ["https://home.example.com/users/2/inbox", "https://HOME.example.com:443/inbox"])
def test_sec_145_dlv_18_our_own_host_is_never_asked(rig, inbox):
    assert isinstance(rig.attempt(attrs.evolve(TASK, inbox=inbox)), Drop)
    assert rig.network.exchanges == []


@pytest.mark.parametrize(
    "inbox", ["javascript:alert(1)", "", "[]", "https://", "https://b.example.org:99999/", "/inbox"]
)
def test_sec_145_what_is_no_address_is_dropped(rig, inbox):
    """Threat: CVE-2026-96624."""
    assert isinstance(rig.attempt(attrs.evolve(TASK, inbox=inbox)), Drop)
    assert rig.network.exchanges == []


def test_what_cannot_be_signed_is_dropped(rig):
    bad = SigningKey(key_id='https://home.example.com/users/"1"#main-key', private=KEY)
    rig.dispatch = attrs.evolve(rig.dispatch, signer=signer_of(bad))
    assert rig.attempt() == Drop(reason="protocol.local")
    assert rig.network.exchanges == []


def test_a_host_that_is_not_there_is_tried_again(rig):
    assert rig.attempt() == Retry(reason="fetch.unreachable", host_failed=True)


def test_what_goes_wrong_on_this_side_is_not_the_peer_s(rig):
    """A port that fails passes through: the job is tried again, and the host is not blamed."""

    class Broken:
        async def send(self, request, limits):
            raise TransportError("no file descriptors left")

        async def close(self):
            pass

    rig.dispatch = attrs.evolve(rig.dispatch, ports=attrs.evolve(rig.dispatch.ports, transport=Broken()))
    with pytest.raises(TransportError):
        rig.attempt()
