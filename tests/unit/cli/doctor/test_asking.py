"""How questions are put: redirects, silence, signatures; on real sockets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import attrs
import pytest
from tests.live import Asked, Reply, Server, serving

from fedtext.cli.doctor.asking import HOPS_MAX, Asking, next_hop
from fedtext.cli.doctor.facts import Answer
from fedtext.cli.doctor.identity import Identity
from fedtext.cli.looking_up import asker
from fedtext.errors import FetchRefused, SignatureMismatch
from fedtext.http import Headers, Request, Response
from fedtext.keys import VerificationKey, generate_rsa
from fedtext.signatures import parse_claim, verify

PRIVATE = generate_rsa()
KEY_ID = "https://a.example/actor#main-key"
KEY = VerificationKey(key_id=KEY_ID, owner="https://a.example/actor", public=PRIVATE.public)


def ask(server: Server, put: Callable[[Asking], Awaitable[Answer]]) -> Answer:
    async def run() -> Answer:
        federation = asker((server.port,))
        try:
            who = Identity(federation=federation, key_id=KEY_ID, private=PRIVATE, can_be_fetched=True)
            return await put(Asking(who))
        finally:
            await federation.ports.close()

    return asyncio.run(run())


def redirecting(asked: Asked) -> Reply:
    """/3 leads to /2, /1 and /0; /out leads away, /nowhere to nothing."""
    places = {"/out": "http://127.0.0.1:9/", "/circle": "/circle", "/nowhere": ""}
    if asked.path in places or asked.path[1:] not in ("0", ""):
        location = places.get(asked.path) if asked.path in places else f"/{int(asked.path[1:]) - 1}"
        return Reply(status=302, headers=(("location", str(location)),))
    return Reply({})


def as_received(server: Server, asked: Asked) -> Request:
    return Request(
        method=asked.method,
        scheme="http",
        authority=f"localhost:{server.port}",
        target=asked.target,
        headers=Headers.build(asked.headers.items()),
        body=asked.body,
    )


@pytest.mark.parametrize(("hops", "is_answered"), [(0, True), (1, True), (HOPS_MAX, True), (HOPS_MAX + 1, False)])
def test_redirects_are_followed_and_noted(hops: int, is_answered: bool) -> None:
    with serving(redirecting) as server:
        found = ask(server, lambda asking: asking.get(f"{server.origin}/{hops}", "application/json"))
    assert (found.response is not None) is is_answered
    assert len(found.hops) == min(hops, HOPS_MAX) + 1
    assert found.hops[0].endswith(f"/{hops}")


@pytest.mark.parametrize("path", ["/out", "/circle", "/nowhere"])
def test_redirects_that_are_not_followed(path: str) -> None:
    """SEC-097: never in a circle; SEC-093: never to where nobody may ask."""
    with serving(redirecting) as server:
        found = ask(server, lambda asking: asking.get(f"{server.origin}{path}", "application/json"))
    assert found.response is None
    assert found.problem
    assert len(found.hops) == (2 if path == "/out" else 1)


@pytest.mark.spec("SEC-104")
def test_a_redirect_never_leads_away_from_tls() -> None:
    def leads(url: str, location: str) -> str:
        return next_hop(url, Response(status=302, headers=Headers.build([("location", location)])), [url])

    assert leads("https://b.example/a", "/b#c") == "https://b.example/b"
    assert leads("http://localhost:8001/", "http://localhost:8001/b") == "http://localhost:8001/b"
    with pytest.raises(FetchRefused, match=r"away from https, to http://b\.example/"):
        leads("https://b.example/a", "http://b.example/")


def test_silence_is_an_answer_without_a_response() -> None:
    with serving(lambda _asked: None) as server:
        assert ask(server, lambda asking: asking.get(server.origin, "*/*")).problem
        assert ask(server, lambda asking: asking.post(server.origin, b"{}")).problem


@pytest.mark.spec("DLV-13")
def test_what_is_posted_is_not_redirected() -> None:
    with serving(redirecting) as server:
        assert ask(server, lambda asking: asking.post(f"{server.origin}/1", b"{}")).status == 302
    assert [asked.path for asked in server.asked] == ["/1"]


@pytest.mark.spec("DLV-14")
def test_who_asks_is_named() -> None:
    with serving(redirecting) as server:
        ask(server, lambda asking: asking.get(server.origin, "text/html"))
    (asked,) = server.asked
    assert asked.headers["user-agent"].startswith("fedtext/")
    assert asked.headers["accept"] == "text/html"
    assert "signature" not in asked.headers


def test_signed_requests_verify_forged_ones_do_not() -> None:
    with serving(redirecting) as server:

        async def put(asking: Asking) -> Answer:
            request = asking.request(f"{server.origin}/0", b"{}")
            await asking.send(asking.signed(request))
            await asking.send(asking.forged(request))
            return await asking.get(f"{server.origin}/0", "application/json", is_signed=True)

        ask(server, put)
    good, forged, got = (as_received(server, asked) for asked in server.asked)
    for request in (good, got):
        authorities = {request.authority}
        assert verify(request, parse_claim(request), KEY, now_s=time.time(), authorities=authorities).key == KEY
    with pytest.raises(SignatureMismatch):
        verify(forged, parse_claim(forged), KEY, now_s=time.time(), authorities={forged.authority})


@pytest.mark.spec("SIG-14")
def test_a_request_that_is_signed_for_another_host_is_sent_with_its_own() -> None:
    with serving(redirecting) as server:
        ask(
            server,
            lambda asking: asking.send(asking.signed(asking.request(server.origin, b"{}"), host="127.0.0.1:8000")),
        )
    (asked,) = server.asked
    assert asked.headers["host"] == f"localhost:{server.port}"
    received = as_received(server, asked)
    rewritten = attrs.evolve(received, authority="127.0.0.1:8000")
    rewritten = rewritten.with_headers(received.headers.with_fields(("host", "127.0.0.1:8000")))
    claim = parse_claim(rewritten)
    assert verify(rewritten, claim, KEY, now_s=time.time(), authorities={"127.0.0.1:8000"}).key == KEY
