"""The network without sockets."""

from __future__ import annotations

import attrs
import pytest

from fedtext import Federation, connect
from fedtext.config import Limits
from fedtext.errors import ConfigurationError, FetchTimeout, Unreachable
from fedtext.http import Headers, Request, Response
from fedtext.ports import ExchangeLimits
from fedtext.sync import run_sync
from fedtext.testing import ManualClock, VirtualNetwork
from fedtext.testing.network import OneColour, VirtualTransport

LIMITS = ExchangeLimits.of(Limits())


def ask(url: str, host: str | None = None) -> Request:
    return Request.to(url, headers=[("accept", "application/activity+json"), *([("host", host)] if host else [])])


def federate(host: str = "a.example") -> Federation:
    return Federation(f"https://{host}", backend=connect("memory://"))


@pytest.fixture
def network() -> VirtualNetwork:
    return VirtualNetwork()


def test_requests_reach_the_federation_of_their_host(network: VirtualNetwork) -> None:
    network.add(federate())
    answer = run_sync(network.carry(ask("https://a.example/.well-known/nodeinfo")))
    assert answer.status == 200
    assert run_sync(network.carry(ask("https://a.example/nowhere"))).status == 404
    assert [exchange.status for exchange in network.exchanges] == [200, 404]


def test_the_host_that_is_asked_is_the_host_that_arrives(network: VirtualNetwork) -> None:
    network.add(federate())
    assert run_sync(network.carry(ask("https://a.example/.well-known/nodeinfo", host="b.example"))).status == 200


def test_an_unknown_host_is_unreachable_and_written_down(network: VirtualNetwork) -> None:
    with pytest.raises(Unreachable):
        run_sync(network.carry(ask("https://b.example/")))
    assert [exchange.status for exchange in network.exchanges] == [None]


@pytest.mark.parametrize(
    ("cut", "sender", "arrives"),
    [("a.example", None, False), ("b.example", "b.example", False), ("c.example", "b.example", True)],
)
def test_who_is_cut_off_neither_gets_nor_sends(network, cut: str, sender: str | None, arrives: bool) -> None:
    network.add(federate())
    network.partition(cut)
    request = ask("https://a.example/.well-known/nodeinfo")
    if arrives:
        assert run_sync(network.carry(request, sender)).status == 200
    else:
        with pytest.raises(Unreachable):
            run_sync(network.carry(request, sender))
    network.heal("elsewhere.example")
    network.heal(cut)
    assert run_sync(network.carry(request, sender)).status == 200


def test_healing_all(network: VirtualNetwork) -> None:
    for host in ("a.example", "b.example"):
        network.add(federate(host))
        network.partition(host)
    network.heal()
    assert run_sync(network.carry(ask("https://b.example/.well-known/nodeinfo"), "a.example")).status == 200


def test_scripts_stand_in_for_servers(network: VirtualNetwork) -> None:
    network.script("s.example", lambda request: Response(status=418, body=request.path.encode()))
    assert run_sync(network.carry(ask("https://s.example/tea"))).body == b"/tea"


def test_a_host_is_served_once(network: VirtualNetwork) -> None:
    network.add(federate())
    with pytest.raises(ConfigurationError):
        network.add(federate())


@pytest.mark.parametrize("blocking", [True, False])
def test_ports_are_swapped_and_given_back(network: VirtualNetwork, blocking: bool) -> None:
    federation, clock = federate(), ManualClock()
    own = federation.ports
    assert network.add(federation, clock, blocking=blocking) is own
    assert federation.ports is not own
    assert federation.ports.clock is clock
    assert federation.ports.backend is own.backend
    assert isinstance(federation.ports.asynchronous().transport, VirtualTransport)
    assert isinstance(federation.ports.blocking().transport, VirtualTransport)
    assert isinstance(federation.ports, OneColour) is blocking
    assert (federation.ports.asynchronous() is federation.ports.blocking()) is blocking


def test_a_fault_there_is_a_500_there_and_no_exception_here(network: VirtualNetwork) -> None:
    federation = federate()

    @federation.object("/broken/{pk}")
    def broken(context, pk):
        raise RuntimeError("secret")

    network.add(federation)
    answer = run_sync(network.carry(ask("https://a.example/broken/1")))
    assert (answer.status, b"secret" in answer.body) == (500, False)


def test_a_refusal_there_is_an_answer_there(network: VirtualNetwork) -> None:
    network.add(federate())
    request = attrs.evolve(ask("https://a.example/.well-known/nodeinfo"), headers=Headers.build([("x", "a\x00b")]))
    assert run_sync(network.carry(request)).status == 400


def test_an_application_is_asked_through_its_own_door(network: VirtualNetwork) -> None:
    federation = federate()

    def inner(environ, start_response):
        start_response("200 OK", [])
        return [b"a page for people"]

    network.add(federation, app=federation.wsgi(inner), blocking=True)
    federation.worker_mode = "off"
    assert run_sync(network.carry(ask("https://a.example/about"))).body == b"a page for people"
    assert run_sync(network.carry(ask("https://a.example/.well-known/nodeinfo"))).media_type == "application/json"


def test_a_transport_has_no_time_to_lose(network: VirtualNetwork) -> None:
    network.add(federate())
    transport = VirtualTransport(network)
    answer = run_sync(transport.send(ask("https://a.example/.well-known/nodeinfo"), LIMITS))
    assert answer.url == "https://a.example/.well-known/nodeinfo"
    with pytest.raises(FetchTimeout):
        run_sync(transport.send(ask("https://a.example/"), attrs.evolve(LIMITS, exchange_s_max=0.0)))
    run_sync(transport.close())
