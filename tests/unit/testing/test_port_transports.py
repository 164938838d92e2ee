"""The suite finds transports that do not keep what the port promises."""

from __future__ import annotations

import gzip

import attrs
import pytest

from fedtext.adapters.transports import AsyncHttpxTransport
from fedtext.config import DevPolicy
from fedtext.errors import FedtextError
from fedtext.http import Response
from fedtext.testing.loopback import HOST
from fedtext.testing.port_transports import TRANSPORT_CASES, run_transport_case
from fedtext.testing.ports import Colour, case_name


class Broken(AsyncHttpxTransport):
    """A transport that breaks a promise."""

    last: Response | None = None


class FollowsRedirects(Broken):
    async def send(self, request, limits):
        response = await super().send(request, limits)
        if 300 <= response.status < 400:
            return await super().send(attrs.evolve(request, target=response.headers.get("location")), limits)
        return response


class KeepsCookies(Broken):
    async def send(self, request, limits):
        if self.last is not None and (cookie := self.last.headers.get("set-cookie")):
            request = attrs.evolve(request, headers=request.headers.with_fields(("x-cookie", cookie)))
        self.last = await super().send(request, limits)
        return self.last


class ReadsWithoutEnd(Broken):
    async def send(self, request, limits):
        return await super().send(request, attrs.evolve(limits, body_bytes_max=1 << 27))


class HasTime(Broken):
    async def send(self, request, limits):
        return await super().send(request, attrs.evolve(limits, exchange_s_max=9.0))


class DecodesNothing(Broken):
    async def send(self, request, limits):
        response = await super().send(request, limits)
        return attrs.evolve(response, body=gzip.compress(response.body))


class NamesItself(Broken):
    async def send(self, request, limits):
        return await super().send(
            attrs.evolve(request, headers=request.headers.with_fields(("user-agent", "Python"))), limits
        )


class ReachesLoopback(Broken):
    def __init__(self, *, dev, limits):
        super().__init__(dev=DevPolicy.allow_loopback(hosts=("*",), resolver={HOST: "127.0.0.1"}), limits=limits)


class SwallowsErrors(Broken):
    async def send(self, request, limits):
        try:
            return await super().send(request, limits)
        except FedtextError:
            return Response(status=502, url=request.url)


class RaisesAnything(Broken):
    async def send(self, request, limits):
        try:
            return await super().send(request, limits)
        except FedtextError as error:
            raise OSError(str(error)) from error


class TakesAnyHead(Broken):
    def __init__(self, *, dev, limits):
        super().__init__(dev=dev, limits=attrs.evolve(limits, header_bytes_max=1 << 24, header_count_max=1 << 20))


BROKEN = {
    FollowsRedirects: "redirect_is_returned_and_not_followed",
    KeepsCookies: "cookies_are_not_kept",
    ReadsWithoutEnd: "body_is_limited_to_the_byte",
    HasTime: "deadline_is_for_the_whole_exchange",
    DecodesNothing: "answer_is_read_whole_and_byte_by_byte",
    NamesItself: "request_gets_no_field_that_changes_its_meaning",
    ReachesLoopback: "address_that_is_not_public_is_not_reached",
    SwallowsErrors: "nobody_listens",
    RaisesAnything: "answer_that_breaks_off_is_none",
    TakesAnyHead: "head_is_limited",
}


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_a_broken_promise_is_found(broken: type[Broken]) -> None:
    case = {case_name(case): case for case in TRANSPORT_CASES}[BROKEN[broken]]
    run_transport_case(case, AsyncHttpxTransport, Colour.ASYNCHRONOUS)
    with pytest.raises(AssertionError):
        run_transport_case(case, broken, Colour.ASYNCHRONOUS)


def test_a_transport_that_suspends_has_no_blocking_colour() -> None:
    with pytest.raises(RuntimeError, match="event loop"):
        run_transport_case(TRANSPORT_CASES[0], AsyncHttpxTransport, Colour.BLOCKING)
