"""The one way out: hops, loops, downgrades, own hosts, statuses, media types, signatures anew for each hop."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from tests.receiving import GONE, KEYS, NOW_S, SITE, Door, Peer, answer, redirect

from fedtext.adapters.transports.guard import AddressGuard
from fedtext.config import Config, Limits
from fedtext.errors import (
    BodyTooLarge,
    BudgetExhausted,
    FedtextError,
    FetchError,
    FetchRefused,
    FetchTimeout,
    Gone,
    HTTPStatusError,
    Unreachable,
    WrongMediaType,
)
from fedtext.fetch import Fetched, Fetcher, SigningKey
from fedtext.http import Headers, Request, Response
from fedtext.keys import Algorithm, VerificationKey
from fedtext.ports import ExchangeLimits
from fedtext.signatures import parse_claim, verify
from fedtext.sync import run_sync
from fedtext.testing.network import VirtualTransport
from fedtext.wire.iri import parse_url
from fedtext.wire.media_types import ACTIVITY_JSON, is_activity

START = "https://a.example.com/start"


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def peer(door: Door) -> Peer:
    return Peer(door.network)


def get(door: Door, url: str = START, *, fetcher: Fetcher | None = None, **options: Any) -> Fetched:
    used = fetcher or door.fetcher()
    budget = options.pop("budget", None) or used.budget()
    return run_sync(used.get(url, accept=ACTIVITY_JSON, accepts=is_activity, budget=budget, **options))


@pytest.mark.spec("AP-S01")
def test_a_document_arrives_as_bytes(door: Door, peer: Peer) -> None:
    peer.serve("/start", {"id": START})
    assert get(door) == Fetched(url=START, media_type=ACTIVITY_JSON, body=b'{"id": "https://a.example.com/start"}')
    (asked,) = peer.asked
    assert (asked.headers.get("accept"), asked.headers.get("user-agent")) == (ACTIVITY_JSON, "fedtext-test")


def test_the_fragment_is_not_sent(door: Door, peer: Peer) -> None:
    peer.serve("/start", {})
    assert get(door, START + "#main-key").url == START
    assert peer.asked[0].target == "/start"


# ---- redirects -------------------------------------------------------------------------------------------------------


@pytest.mark.spec("SEC-097")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/end", "https://a.example.com/end", "//a.example.com/end", "end"])
def test_a_redirect_is_followed(door: Door, peer: Peer, status: int, location: str) -> None:
    peer.serve("/start", redirect(location, status))
    peer.serve("/end", {})
    assert get(door).url == "https://a.example.com/end"


@pytest.mark.spec("SEC-097")
@pytest.mark.parametrize(("hops", "arrives"), [(3, True), (4, False), (6, False)])
def test_sec_097_three_hops_and_not_one_more(door: Door, peer: Peer, hops: int, arrives: bool) -> None:
    for hop in range(hops):
        peer.serve("/start" if hop == 0 else f"/{hop}", redirect(f"/{hop + 1}"))
    peer.serve(f"/{hops}", {})
    if arrives:
        assert get(door).url == f"https://a.example.com/{hops}"
    else:
        with pytest.raises(FetchRefused, match="too many"):
            get(door)
        assert len(peer.asked) == 4


@pytest.mark.spec("SEC-097")
@pytest.mark.parametrize(
    "served",
    [
        {"/start": redirect("/start")},
        {"/start": redirect("/other"), "/other": redirect(START)},
        {"/start": redirect("/start#other")},
        {"/start": redirect("https://A.example.com:443/start")},
    ],
    ids=["to itself", "there and back", "only the fragment differs", "written otherwise"],
)
def test_sec_097_loops(door: Door, peer: Peer, served: dict[str, Response]) -> None:
    peer.served.update(served)
    with pytest.raises(FetchRefused, match="circle"):
        get(door)
    assert len(peer.asked) == len(served)


@pytest.mark.spec("SEC-097")
def test_sec_097_a_loop_with_a_changing_query(door: Door, peer: Peer) -> None:
    peer.served.update({"/start" if n == 0 else f"/start?{n}": redirect(f"/start?{n + 1}") for n in range(9)})
    with pytest.raises(FetchRefused, match="too many"):
        get(door)


@pytest.mark.spec("SEC-096", "SEC-097", "SEC-104")
@pytest.mark.parametrize(
    "location",
    [
        "http://a.example.com/end",
        "file:///etc/passwd",
        "ftp://a.example.com/end",
        "gopher://a.example.com/end",
        "data:application/activity+json,{}",
        "javascript:alert(1)",
        "unix:/run/x",
        "https://user:password@a.example.com/end",
        "https://a.example.com\\@127.0.0.1/end",
        "\\\\127.0.0.1\\end",
        "/en\td",
        "ht\ttps://a.example.com/end",
        "/a b",
        "/e\u202end",
        "///a.example.com/end",
        "https://[oops/",
        "https://",
        f"{SITE}/users/bob",
        "https://B.example.com./users/bob",
    ],
)
def test_sec_096_where_no_redirect_leads(door: Door, peer: Peer, location: str) -> None:
    peer.serve("/start", redirect(location))
    peer.serve("/end", {})
    with pytest.raises(FetchRefused):
        get(door)
    assert door.fetches == [START], "refused at the hop"


@pytest.mark.spec("SEC-104")
def test_sec_104_from_http_to_https_and_never_back(door: Door, peer: Peer) -> None:
    peer.serve("/start", lambda request: redirect("https://a.example.com/end") if request.scheme == "http" else GONE)
    peer.serve("/end", {})
    assert get(door, "http://a.example.com/start").url == "https://a.example.com/end"
    peer.serve("/end", redirect("http://a.example.com/start"))
    with pytest.raises(FetchRefused, match="away from https"):
        get(door, "http://a.example.com/start")


@pytest.mark.parametrize("headers", [[], [("location", "")], [("location", "/a"), ("location", "/b")]])
def test_sec_097_a_redirect_without_one_location(door: Door, peer: Peer, headers: list[tuple[str, str]]) -> None:
    peer.serve("/start", Response(status=302, headers=Headers.build(headers)))
    with pytest.raises(HTTPStatusError, match="Location"):
        get(door)


class Guarded:
    """A transport that asks the address guard first, as the real ones do."""

    def __init__(self, inner: VirtualTransport) -> None:
        self.inner = inner
        self.sent: list[str] = []

    async def send(self, request: Request, limits: ExchangeLimits) -> Response:
        AddressGuard().admit_url(request.url)
        self.sent.append(request.url)
        return await self.inner.send(request, limits)

    async def close(self) -> None:
        return


@pytest.mark.spec("SEC-096", "INB-27", "AP-S19")
@pytest.mark.parametrize(
    "location",
    [
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://localhost/",
        "https://printer.local/",
        "https://a.example.com:8443/",
        "https://169.254.169.254/latest/meta-data",
        "https://2130706433/",
    ],
)
def test_sec_096_to_what_is_not_public(location: str) -> None:
    door = Door()
    guarded = Guarded(VirtualTransport(door.network))
    door.ports = attrs.evolve(door.ports, transport=guarded)
    peer = Peer(door.network)
    peer.serve("/start", redirect(location))
    with pytest.raises(FetchRefused):
        get(door)
    assert guarded.sent == [START]


# ---- our own hosts ---------------------------------------------------------------------------------------------------


@pytest.mark.spec("SEC-106", "SEC-084")
@pytest.mark.parametrize(
    "url",
    [
        f"{SITE}/users/bob",
        "https://B.EXAMPLE.COM/users/bob",
        "https://b.example.com:443/users/bob",
        "https://b.example.com./users/bob",
        "http://b.example.com/users/bob",
        "http://b.example.com:80/users/bob",
    ],
)
def test_sec_106_own_hosts_are_never_fetched(door: Door, url: str) -> None:
    Peer(door.network, "b.example.com")
    assert door.fetcher().is_own(parse_url(url))
    with pytest.raises(FetchRefused, match="served here"):
        get(door, url)
    assert door.fetches == []


@pytest.mark.parametrize("url", ["https://b.example.com:8443/", "https://x.b.example.com/", "https://ab.example.com/"])
def test_another_service_is_not_ours(door: Door, url: str) -> None:
    assert not door.fetcher().is_own(parse_url(url))


@pytest.mark.spec("SEC-099")
@pytest.mark.parametrize("url", ["", "x", "/x", "acct:a@b", "https://u:p@a.example.com/", "https://a.example.com/\n"])
def test_what_is_no_address_is_refused(door: Door, url: str) -> None:
    with pytest.raises(FetchRefused):
        get(door, url)


# ---- answers ---------------------------------------------------------------------------------------------------------

STATUSES: list[tuple[int, type[FetchError], bool]] = [
    (204, HTTPStatusError, True),
    (206, HTTPStatusError, True),
    (300, HTTPStatusError, True),
    (304, HTTPStatusError, True),
    (400, HTTPStatusError, True),
    (401, HTTPStatusError, True),
    (403, HTTPStatusError, True),
    (404, HTTPStatusError, True),
    (408, Unreachable, False),
    (410, Gone, True),
    (425, Unreachable, False),
    (429, Unreachable, False),
    (451, HTTPStatusError, True),
    (500, Unreachable, False),
    (502, Unreachable, False),
    (503, Unreachable, False),
    (599, Unreachable, False),
]


@pytest.mark.spec("SEC-118", "SEC-070")
@pytest.mark.parametrize(("status", "expected", "permanent"), STATUSES)
def test_statuses(door: Door, peer: Peer, status: int, expected: type[FetchError], permanent: bool) -> None:
    peer.serve("/start", answer({}, status=status))
    with pytest.raises(expected) as caught:
        get(door)
    assert type(caught.value) is expected
    assert caught.value.permanent is permanent


@pytest.mark.spec("SEC-115")
@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("content-type", "text/html")],
        [("content-type", "application/json")],
        [("content-type", "application/ld+json")],
        [("content-type", "application/activity+jsonx")],
        [("content-type", ACTIVITY_JSON), ("content-type", ACTIVITY_JSON)],
    ],
)
def test_sec_115_other_media_types(door: Door, peer: Peer, headers: list[tuple[str, str]]) -> None:
    peer.serve("/start", Response(status=200, headers=Headers.build(headers), body=b"{}"))
    with pytest.raises(WrongMediaType):
        get(door)


@pytest.mark.spec("SEC-111")
@pytest.mark.parametrize(("size", "arrives"), [(64, True), (65, False)])
def test_a_body_that_a_transport_let_through(door: Door, peer: Peer, size: int, arrives: bool) -> None:
    peer.serve("/start", answer(b" " * size))
    if arrives:
        assert len(get(door, bytes_max=64).body) == size
    else:
        with pytest.raises(BodyTooLarge):
            get(door, bytes_max=64)


def test_a_host_that_is_not_there(door: Door) -> None:
    with pytest.raises(Unreachable):
        get(door)


# ---- budget and signature --------------------------------------------------------------------------------------------


@pytest.mark.spec("SEC-108")
def test_sec_108_each_hop_draws_from_the_budget(door: Door, peer: Peer) -> None:
    peer.serve("/start", redirect("/1"))
    peer.serve("/1", redirect("/2"))
    fetcher = attrs.evolve(door.fetcher(), config=Config(limits=Limits(fetches_per_message_max=2)))
    with pytest.raises(BudgetExhausted):
        get(door, fetcher=fetcher)
    assert len(peer.asked) == 2


def test_an_exchange_ends_with_the_deadline(door: Door, peer: Peer) -> None:
    """Time that one hop has taken is not there for the next one."""
    seen: list[float] = []

    class Slow(Guarded):
        async def send(self, request: Request, limits: ExchangeLimits) -> Response:
            seen.append(limits.exchange_s_max)
            door.clock.advance(7)
            return await self.inner.send(request, limits)

    door.ports = attrs.evolve(door.ports, transport=Slow(VirtualTransport(door.network)))
    peer.serve("/start", redirect("/end"))
    peer.serve("/end", redirect("/never"))
    with pytest.raises(BudgetExhausted):
        get(door)
    assert seen == [pytest.approx(10), pytest.approx(3)]


def test_errors_of_the_transport_pass_through(door: Door, peer: Peer) -> None:
    def late(request: Request) -> Response:
        raise FetchTimeout(url=request.url)

    peer.serve("/start", late)
    with pytest.raises(FetchTimeout):
        get(door)


@pytest.mark.spec("SEC-107", "SIG-35")
def test_sec_107_each_hop_is_signed_anew_for_its_own_host(door: Door, peer: Peer) -> None:
    other = Peer(door.network, "c.example.com")
    peer.serve("/start", answer({}, status=302, location="https://c.example.com/end", set_cookie="a=b"))
    other.serve("/end", {})

    async def signer(_algorithm: Algorithm) -> SigningKey:
        return SigningKey(key_id=f"{SITE}/ap/instance#main-key", private=KEYS[0])

    get(door, fetcher=attrs.evolve(door.fetcher(), signer=signer))
    key = VerificationKey(f"{SITE}/ap/instance#main-key", f"{SITE}/ap/instance", KEYS[0].public)
    for asked, authority in ((peer.asked[0], "a.example.com"), (other.asked[0], "c.example.com")):
        verify(asked, parse_claim(asked), key, now_s=NOW_S, authorities=[authority])
        assert asked.headers.get_all("host") == [authority]
    assert "cookie" not in other.asked[0].headers
    assert peer.asked[0].headers.get("signature") != other.asked[0].headers.get("signature")


def test_well_known_documents_are_asked_for_unsigned(door: Door, peer: Peer) -> None:
    async def signer(_algorithm: Algorithm) -> SigningKey:
        raise AssertionError("not asked")

    peer.serve("/start", {})
    get(door, fetcher=attrs.evolve(door.fetcher(), signer=signer), signed=False)
    assert "signature" not in peer.asked[0].headers


def test_whatever_is_located_only_our_errors_leave(door: Door, peer: Peer) -> None:
    for location in ("http://[", "//[", "https://[::1", "?", "#", "//", "://", "\x00", "https://a\udc80.example"):
        peer.serve("/start", redirect(location))
        with pytest.raises(FedtextError):
            get(door)
