"""Servers that take one scheme of signatures alone, each met over the virtual network."""

from __future__ import annotations

import pytest

from fedtext import Accept, Create
from fedtext.fetch import learn_capabilities, recall
from fedtext.signatures.negotiation import CAPABILITY_RFC9421
from fedtext.testing import Fediverse

ALICE = "ours.example"


def knocks(net: Fediverse, host: str = "bob.example") -> list[tuple[str, str, int | None]]:
    """Give each signed request to a host, how it was signed, and what it answered."""
    return [
        (
            exchange.request.method,
            "rfc9421" if "signature-input" in exchange.request.headers else "cavage",
            exchange.status,
        )
        for exchange in net.network.exchanges
        if exchange.request.authority == host and "signature" in exchange.request.headers
    ]


async def befriend(net: Fediverse, profile: str):
    """Let Alice follow Bob, whose server has this profile."""
    alice = await net.peer(ALICE, "fedtext").actor("alice")
    bob = await net.peer("bob.example", profile).actor("bob")
    await alice.follow(bob.handle)
    await net.settle()
    return alice, bob


@pytest.mark.spec("SIG-31", "SIG-33", "HSR-09")
async def test_sig_31_a_server_that_takes_rfc_9421_alone_is_knocked_at_twice_once() -> None:
    async with Fediverse() as net:
        alice, bob = await befriend(net, "rfc9421-only")
        seen = knocks(net)
        assert seen[:2] == [("GET", "cavage", 401), ("GET", "rfc9421", 200)]
        assert await bob.followers() == [alice.uri]
        assert alice.inbox.has(Accept)
        await bob.follow(alice.uri)
        await net.settle()
        await alice.post("at the first knock")
        await net.settle()
        assert bob.inbox.has(Create)
        assert {(scheme, status // 100) for _, scheme, status in knocks(net)[1:]} == {("rfc9421", 2)}
        assert [method for method, _, _ in knocks(net)].count("POST") == 3  # the Follow, the Accept, the Create


@pytest.mark.spec("SIG-31", "SIG-33")
@pytest.mark.parametrize("profile", ["cavage-only", "swallows-rfc9421"])
async def test_sig_33_a_server_that_takes_draft_cavage_alone_gets_nothing_else(profile: str) -> None:
    async with Fediverse() as net:
        alice, bob = await befriend(net, profile)
        await bob.follow(alice.uri)
        await net.settle()
        await alice.post("in the common form")
        await net.settle()
        assert bob.inbox.has(Create)
        assert {(scheme, status // 100) for _, scheme, status in knocks(net)} == {("cavage", 2)}
        assert [method for method, _, _ in knocks(net)].count("POST") == 3


@pytest.mark.spec("SIG-31", "SIG-33")
async def test_sig_33_what_a_server_swallows_is_never_taken_as_understood() -> None:
    """Taught wrongly, it loses messages until that is forgotten; no 202 makes it last longer."""
    async with Fediverse() as net:
        alice, bob = await befriend(net, "swallows-rfc9421")
        await bob.follow(alice.uri)
        await net.settle()
        federation = net.peer(ALICE).federation
        ports, site = federation.ports.asynchronous(), federation.site.origin
        application = {
            "type": "Application",
            "inbox": "https://bob.example/app/inbox",
            "implements": [CAPABILITY_RFC9421],
        }
        await learn_capabilities(ports, site, "https://bob.example/app", application)
        taught = await recall(ports, site, "https://bob.example")
        await alice.post("in the other form")
        await net.settle()
        assert knocks(net)[-1] == ("POST", "rfc9421", 202)
        assert not bob.inbox.has(Create)
        assert await recall(ports, site, "https://bob.example") == taught
        net.advance(days=8)
        await alice.post("in the common form")
        await net.settle()
        assert knocks(net)[-1] == ("POST", "cavage", 202)
        assert bob.inbox.has(Create)
