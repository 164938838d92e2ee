"""Attacks on outgoing requests, over real loopback sockets, against every transport: SEC-092 to 103, SEC-111 to 114.

Every case asserts as well how often the network was touched.
"""

from __future__ import annotations

import datetime
import gzip
import socket
import ssl
import threading
import time
import warnings
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import trustme
from tests.transport_kinds import KINDS, kind_name

from fedtext.adapters.transports import connecting
from fedtext.config import DevPolicy, Limits
from fedtext.errors import BodyTooLarge, FetchError, FetchRefused, FetchTimeout, Unreachable, WrongMediaType
from fedtext.http import Request, Response
from fedtext.ports.transport import ExchangeLimits, Transport

MIB = 1 << 20
LIMITS = ExchangeLimits(body_bytes_max=MIB, connect_s_max=2.0, exchange_s_max=10.0)
HURRIED = ExchangeLimits(body_bytes_max=MIB, connect_s_max=0.4, exchange_s_max=0.4)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NAMES = {"one.example": "127.0.0.1", "two.example": "127.0.0.1"}
LOOPBACK = DevPolicy.allow_loopback(hosts=tuple(NAMES), resolver=NAMES)

Answer = Callable[[bytes], Iterable[bytes]]
Send = Callable[..., Awaitable[Response]]
Open = Callable[..., Send]


class Peer:
    """A server on loopback that answers each connection's requests by its script, over TLS if it has a context."""

    def __init__(self, answer: Answer, tls: ssl.SSLContext | None) -> None:
        self.requests: list[bytes] = []
        self.connections: list[socket.socket] = []
        self.sent_bytes = 0
        self._answer, self._tls = answer, tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections.append(connection)
                self._threads.append(threading.Thread(target=self._serve, args=(connection, len(self.connections) - 1)))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket, index: int) -> None:
        with suppress(OSError):
            if self._tls is not None:
                connection = self.connections[index] = self._tls.wrap_socket(connection, server_side=True)
            while data := connection.recv(65536):
                self.requests.append(data)
                for piece in self._answer(data):
                    connection.sendall(piece)
                    self.sent_bytes += len(piece)
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        for connection in self.connections:
            connection.close()


@contextmanager
def peer(answer: Answer | bytes = OK, tls: ssl.SSLContext | None = None) -> Iterator[Peer]:
    server = Peer(answer if callable(answer) else lambda _request: [answer], tls)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(params=KINDS, ids=kind_name)
async def open_transport(request: pytest.FixtureRequest) -> AsyncIterator[Open]:
    opened: list[Transport] = []

    def open_one(dev: DevPolicy | None = LOOPBACK, **options: object) -> Send:
        transport = request.param.make(dev=dev, **options)
        opened.append(transport)

        async def send(
            target: str | Request, limits: ExchangeLimits = LIMITS, *, url_options: dict[str, object] | None = None
        ) -> Response:
            message = Request.to(target, **(url_options or {})) if isinstance(target, str) else target  # type: ignore[arg-type]
            return await request.param.send(transport, message, limits)  # type: ignore[no-any-return]

        return send

    yield open_one
    for transport in opened:
        await transport.close()


@pytest.fixture
def lookups(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """Script DNS: host name to the answers of its first, second ... question; the last one holds."""
    script: dict[str, list[list[str]]] = {}
    genuine = socket.getaddrinfo

    def lookup(host: str, port: int, *args: int, **options: int) -> list[object]:
        if host in {"127.0.0.1", "::1"}:
            return list(genuine(host, port, *args, **options))
        answers = script[host]
        script.setdefault("asked", []).append([host])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in answer
        ]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return script


class TestAddresses:
    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.1",
            "0",
            "[::1]",
            "localhost",
            "x.localhost",
            "a.local",
            "db.internal",
        ],
    )
    async def test_sec_092_literals_and_local_names_touch_nothing(
        self, open_transport: Open, lookups: dict[str, list[list[str]]], host: str
    ) -> None:
        lookups[host] = [["127.0.0.1"]]
        with peer() as server:
            send = open_transport(None, ports=(443, server.port))
            for url in (f"https://{host}:{server.port}/", f"https://{host}/"):
                with pytest.raises(FetchRefused):
                    await send(url)
            assert ("asked" in lookups, server.connections) == (False, [])

    @pytest.mark.parametrize(
        "address",
        ["127.0.0.1", "0.0.0.0", "10.0.0.1", "169.254.169.254", "192.168.0.1", "::1", "::ffff:127.0.0.1", "fd00::1"],
    )
    async def test_sec_093_a_public_name_of_a_private_address_is_not_connected_to(
        self, open_transport: Open, lookups: dict[str, list[list[str]]], address: str
    ) -> None:
        """Threats: CVE-2024-39687, CVE-2024-52579, CVE-2025-32943, CVE-2026-22245."""
        lookups["social.example"] = [[address]]
        with peer() as server:
            with pytest.raises(FetchRefused):
                await open_transport(None, ports=(server.port,))(f"https://social.example:{server.port}/")
            assert (lookups["asked"], server.connections) == ([["social.example"]], [])

    async def test_sec_094_a_name_is_asked_for_once_and_the_checked_address_is_used(
        self, open_transport: Open, lookups: dict[str, list[list[str]]]
    ) -> None:
        # Who asks twice, once to check and once to connect, ends at the second answer.
        lookups["rebind.example"] = [["127.0.0.1"], ["10.255.255.1"]]
        send = open_transport(DevPolicy.allow_loopback(hosts=("rebind.example",)))
        with peer(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok") as server:
            url = f"http://rebind.example:{server.port}/"
            assert (await send(url)).body == b"ok"
            assert lookups["asked"] == [["rebind.example"]]
            with pytest.raises(FetchRefused):
                await send(url)
            assert (len(lookups["asked"]), len(server.connections)) == (2, 1)

    @pytest.mark.parametrize(
        "answers",
        [
            ["127.0.0.1", "10.0.0.1"],
            ["10.0.0.1", "127.0.0.1"],
            ["127.0.0.1", "fd00::1"],
            ["127.0.0.1", "169.254.169.254"],
            ["127.0.0.1"] + [f"8.8.{n // 250}.{n % 250 + 1}" for n in range(999)],
        ],
        ids=["private last", "private first", "private IPv6", "metadata", "a thousand"],
    )
    async def test_sec_095_one_bad_answer_spoils_all(
        self, open_transport: Open, lookups: dict[str, list[list[str]]], answers: list[str]
    ) -> None:
        lookups["mixed.example"] = [answers]
        send = open_transport(DevPolicy.allow_loopback(hosts=("mixed.example",)))
        with peer() as server:
            with pytest.raises(FetchRefused):
                await send(f"http://mixed.example:{server.port}/")
            assert server.connections == []

    async def test_sec_095_an_exception_for_one_host_is_none_for_another(
        self, open_transport: Open, lookups: dict[str, list[list[str]]]
    ) -> None:
        lookups["other.example"] = [["127.0.0.1"]]
        with peer() as server:
            send = open_transport(ports=(443, server.port))
            for scheme in ("https", "http"):
                with pytest.raises(FetchRefused):
                    await send(f"{scheme}://other.example:{server.port}/")
            assert server.connections == []

    @pytest.mark.parametrize(
        "authority",
        [
            "user:pw@one.example",
            "one.example:443@evil.example",
            "one.example\\@127.0.0.1",
            "127.0.0.1\\.one.example",
            "one.example%2f@b.example",
            "ex%61mple.com",
            "one.example:0",
            "one.example:65536",
            "one.example:0443",
            "one..example",
            "one.ex ample",
            "one.example\r\nx: y",
            "one.example\x00",
            "",
        ],
    )
    async def test_sec_099_ambiguous_authorities_touch_nothing(self, open_transport: Open, authority: str) -> None:
        request = Request(method="GET", scheme="http", authority=authority, target="/")
        with peer() as server:
            with pytest.raises(FetchRefused):
                await open_transport()(request)
            assert server.connections == []

    @pytest.mark.parametrize(
        "target", ["/a b", "/a\r\nx: y", "/a\\b", "/\x7f", "/é", "/x#y", "@evil.example/", ".evil/"]
    )
    async def test_sec_099_ambiguous_targets_touch_nothing(self, open_transport: Open, target: str) -> None:
        """Threat: CVE-2023-42450."""
        with peer() as server:
            request = Request(method="GET", scheme="http", authority=f"one.example:{server.port}", target=target)
            with pytest.raises(FetchRefused):
                await open_transport()(request)
            assert server.connections == []

    async def test_http_is_refused_by_default(self, open_transport: Open) -> None:
        with peer() as server:
            for dev in (None, DevPolicy(hosts=tuple(NAMES), resolver=NAMES)):
                with pytest.raises(FetchRefused):
                    await open_transport(dev, ports=(443, server.port))(f"http://one.example:{server.port}/")
            assert server.connections == []

    @pytest.mark.parametrize("port", [22, 25, 80, 6379, 8080, 11211])
    async def test_sec_100_only_the_agreed_ports(
        self, open_transport: Open, lookups: dict[str, list[list[str]]], port: int
    ) -> None:
        """Threat: CVE-2025-25194."""
        with pytest.raises(FetchRefused):
            await open_transport(None)(f"https://social.example:{port}/")
        assert lookups == {}

    async def test_sec_100_ports_of_the_development_policy(self, open_transport: Open) -> None:
        with peer() as server, peer() as other:
            send = open_transport(DevPolicy.allow_loopback(hosts=tuple(NAMES), resolver=NAMES, ports=(server.port,)))
            assert (await send(f"http://one.example:{server.port}/")).body == b"ok"
            with pytest.raises(FetchRefused):
                await send(f"http://one.example:{other.port}/")
            assert other.connections == []


class TestEnvironment:
    async def test_sec_101_proxies_and_netrc_are_ignored(
        self, open_transport: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("default login user password secret\n")
        netrc.chmod(0o600)
        with peer() as proxy, peer() as server:
            for name in ("http_proxy", "https_proxy", "all_proxy"):
                monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
                monkeypatch.setenv(name.upper(), f"http://127.0.0.1:{proxy.port}")
            monkeypatch.setenv("NETRC", str(netrc))
            assert (await open_transport()(f"http://one.example:{server.port}/")).body == b"ok"
            assert (len(server.requests), proxy.connections) == (1, [])
            assert b"authorization" not in server.requests[0].lower()

    async def test_sec_101_authorities_of_the_environment_are_ignored(
        self, open_transport: Open, monkeypatch: pytest.MonkeyPatch, authority: Authority
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", authority.ca_file)
        monkeypatch.setenv("SSL_CERT_DIR", str(Path(authority.ca_file).parent))
        connecting._public_ssl_context.cache_clear()
        try:
            with peer(tls=authority.server("one.example")) as server:
                with pytest.raises(Unreachable):
                    await open_transport()(f"https://one.example:{server.port}/")
                assert server.requests == []
        finally:
            connecting._public_ssl_context.cache_clear()


class Authority:
    """A certificate authority for tests, and servers with its certificates."""

    def __init__(self, folder: Path) -> None:
        self.ca = trustme.CA()
        self.ca_file = str(folder / "ca.pem")
        self.ca.cert_pem.write_to_path(self.ca_file)

    def policy(self) -> DevPolicy:
        return DevPolicy.allow_loopback(hosts=tuple(NAMES), resolver=NAMES, ca_file=self.ca_file)

    def server(self, *hosts: str, not_after: datetime.datetime | None = None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*hosts, not_after=not_after).configure_cert(context)
        return context


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


class TestTls:
    async def test_a_certificate_of_the_host_is_accepted(self, open_transport: Open, authority: Authority) -> None:
        with peer(tls=authority.server("one.example")) as server:
            send = open_transport(authority.policy())
            for _ in range(2):
                assert (await send(f"https://one.example:{server.port}/")).body == b"ok"
            assert len(server.connections) == 1

    async def test_sec_102_two_hosts_on_one_address_share_no_connection(
        self, open_transport: Open, authority: Authority
    ) -> None:
        send = open_transport(authority.policy())
        with peer(tls=authority.server("one.example")) as server:
            for _ in range(2):
                assert (await send(f"https://one.example:{server.port}/")).status == 200
            with pytest.raises(Unreachable):
                await send(f"https://two.example:{server.port}/")
            assert (await send(f"https://one.example:{server.port}/")).status == 200
            assert (len(server.connections), len(server.requests)) == (2, 3)

    async def test_sec_102_each_host_is_greeted_by_its_own_name(
        self, open_transport: Open, authority: Authority
    ) -> None:
        greeted: list[str | None] = []
        context = authority.server("one.example", "two.example")
        context.sni_callback = lambda _socket, name, _context: greeted.append(name)
        with peer(tls=context) as server:
            send = open_transport(authority.policy())
            for host in ("one.example", "two.example", "one.example"):
                await send(f"https://{host}:{server.port}/")
            hosts = [request.split(b"host: ")[1].split(b":")[0] for request in server.requests]
        assert (greeted, hosts) == (["one.example", "two.example"], [b"one.example", b"two.example", b"one.example"])

    @pytest.mark.parametrize("case", ["unknown authority", "expired", "wrong host", "old TLS", "no TLS"])
    async def test_sec_103_bad_certificates_and_versions_are_refused(
        self, open_transport: Open, authority: Authority, tmp_path: Path, case: str
    ) -> None:
        yesterday = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
        context = {
            "unknown authority": lambda: Authority(tmp_path).server("one.example"),
            "expired": lambda: authority.server("one.example", not_after=yesterday),
            "wrong host": lambda: authority.server("two.example"),
            "old TLS": lambda: _only_old_tls(authority.server("one.example")),
            "no TLS": lambda: None,
        }[case]()
        with peer(tls=context) as server:
            with pytest.raises(Unreachable):
                await open_transport(authority.policy())(f"https://one.example:{server.port}/")
            assert not any(b"HTTP/1.1" in request for request in server.requests)

    @pytest.mark.parametrize(("connect_s", "exchange_s", "error"), [(0.4, 9.0, Unreachable), (9.0, 0.4, FetchTimeout)])
    async def test_sec_113_a_handshake_that_never_ends(
        self,
        open_transport: Open,
        authority: Authority,
        connect_s: float,
        exchange_s: float,
        error: type[FetchError],
    ) -> None:
        """What takes the time to connect is the host as a whole, whatever was asked for."""
        limits = ExchangeLimits(body_bytes_max=MIB, connect_s_max=connect_s, exchange_s_max=exchange_s)
        with peer(lambda _hello: drip(b"\x16\x03\x03\x10\x00")) as server:
            start_s = time.monotonic()
            with pytest.raises(error):
                await open_transport(authority.policy())(f"https://one.example:{server.port}/", limits)
            assert time.monotonic() - start_s < 2


def _only_old_tls(context: ssl.SSLContext) -> ssl.SSLContext:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def drip(data: bytes, *, pause_s: float = 0.05) -> Iterator[bytes]:
    """Send byte after byte, and then go on with the last one for as long as anybody listens."""
    for position in range(400):
        yield data[min(position, len(data) - 1) :][:1]
        time.sleep(pause_s)


def repeat(piece: bytes, *, before: bytes = b"") -> Iterator[bytes]:
    """Send a piece again and again, up to 64 MiB."""
    yield before
    for _ in range(64 * MIB // len(piece)):
        yield piece


class TestTime:
    @pytest.mark.parametrize(
        "start",
        [
            b"HTTP/1.1 200 O",
            b"HTTP/1.1 200 OK\r\nX: y",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0",
            b"HTTP/1.0 200 OK\r\n\r\nx",
        ],
        ids=["status line", "header", "body", "chunk size", "body without length"],
    )
    async def test_sec_113_a_drip_ends_with_the_deadline(self, open_transport: Open, start: bytes) -> None:
        """Threat: CVE-2023-36461."""

        def answer(_request: bytes) -> Iterator[bytes]:
            yield start[:-1]
            yield from drip(start[-1:])

        with peer(answer) as server:
            start_s = time.monotonic()
            with pytest.raises(FetchTimeout):
                await open_transport()(f"http://one.example:{server.port}/", HURRIED)
            assert 0.3 < time.monotonic() - start_s < 2

    async def test_sec_113_a_peer_that_says_nothing(self, open_transport: Open) -> None:
        with peer(lambda _request: ()) as server:
            start_s = time.monotonic()
            with pytest.raises(FetchTimeout):
                await open_transport()(f"http://one.example:{server.port}/", HURRIED)
            assert 0.3 < time.monotonic() - start_s < 2

    async def test_sec_113_a_peer_that_does_not_listen(self, open_transport: Open) -> None:
        with socket.create_server(("127.0.0.1", 0)) as deaf:
            url = f"http://one.example:{deaf.getsockname()[1]}/"
            start_s = time.monotonic()
            with pytest.raises(FetchTimeout):
                await open_transport()(url, HURRIED, url_options={"method": "POST", "body": bytes(32 * MIB)})
            assert 0.3 < time.monotonic() - start_s < 2


class TestSize:
    @pytest.mark.parametrize(
        ("head", "piece"),
        [
            (b"HTTP/1.0 200 OK\r\n\r\n", bytes(65536)),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + bytes(65536) + b"\r\n"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n", bytes(65536)),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1;" + b"x" * 60000 + b"\r\nx\r\n"),
        ],
        ids=["without length", "chunked", "announced", "chunk extensions"],
    )
    async def test_sec_111_a_body_without_end_is_left(self, open_transport: Open, head: bytes, piece: bytes) -> None:
        with peer(lambda _request: repeat(piece, before=head)) as server:
            with pytest.raises(BodyTooLarge):
                await open_transport()(f"http://one.example:{server.port}/")
            server.stop()
            # What we read, and what the buffers of the system held.
            assert server.sent_bytes < 24 * MIB

    async def test_sec_111_one_byte_chunks_are_counted(self, open_transport: Open) -> None:
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        pieces = b"1\r\nx\r\n" * 1000
        with peer(lambda _request: repeat(pieces, before=head)) as server, pytest.raises(BodyTooLarge):
            await open_transport()(f"http://one.example:{server.port}/")

    @pytest.mark.parametrize(("size", "fits"), [(1000, True), (1001, False)])
    @pytest.mark.parametrize("framing", ["length", "chunked", "close", "gzip"])
    async def test_sec_111_the_limit_holds_to_the_byte(
        self, open_transport: Open, framing: str, size: int, fits: bool
    ) -> None:
        body = gzip.compress(bytes(size)) if framing == "gzip" else bytes(size)
        wire = {
            "length": b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (size, body),
            "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (size, body),
            "close": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (size, body),
            "gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body),
        }[framing]
        limits = ExchangeLimits(body_bytes_max=1000, connect_s_max=2, exchange_s_max=5)
        with peer(wire) as server:
            if fits:
                assert (await open_transport()(f"http://one.example:{server.port}/", limits)).body == bytes(size)
            else:
                with pytest.raises(BodyTooLarge):
                    await open_transport()(f"http://one.example:{server.port}/", limits)

    @pytest.mark.parametrize(
        "lengths",
        [[b"-1"], [b"1" + b"0" * 30], [b"1.5"], [b"0x10"], [b"1", b"2"], [b"1, 2"], [b""], [b"+2"]],
        ids=repr,
    )
    async def test_sec_111_false_lengths_are_refused(self, open_transport: Open, lengths: list[bytes]) -> None:
        fields = b"".join(b"Content-Length: %s\r\n" % length for length in lengths)
        with peer(b"HTTP/1.1 200 OK\r\n" + fields + b"\r\nok") as server, pytest.raises((Unreachable, BodyTooLarge)):
            await open_transport()(f"http://one.example:{server.port}/")

    async def test_sec_111_a_body_shorter_than_announced_is_no_body(self, open_transport: Open) -> None:
        def answer(_request: bytes) -> Iterator[bytes]:
            yield b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"
            server.connections[0].shutdown(socket.SHUT_WR)

        with peer(answer) as server, pytest.raises(Unreachable):
            await open_transport()(f"http://one.example:{server.port}/")

    @pytest.mark.parametrize("coding", ["br", "zstd", "deflate", "gzip, gzip", "gzip" + ", gzip" * 49])
    async def test_sec_112_other_and_stacked_codings_are_refused(self, open_transport: Open, coding: str) -> None:
        wire = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: 2\r\n\r\nok" % coding.encode()
        with peer(wire) as server, pytest.raises(WrongMediaType):
            await open_transport()(f"http://one.example:{server.port}/")

    async def test_sec_112_codings_stacked_over_two_fields_are_refused(self, open_transport: Open) -> None:
        body = gzip.compress(gzip.compress(b"ok"))
        fields = b"Content-Encoding: gzip\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n" % len(body)
        with peer(b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n" + body) as server, pytest.raises(WrongMediaType):
            await open_transport()(f"http://one.example:{server.port}/")

    async def test_sec_112_a_gzip_bomb_is_left(self, open_transport: Open) -> None:
        deflater = zlib.compressobj(9, zlib.DEFLATED, 31)
        bomb = b"".join(deflater.compress(bytes(MIB)) for _ in range(300)) + deflater.flush()
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
        with peer(head + bomb) as server:
            start_s = time.monotonic()
            with pytest.raises(BodyTooLarge):
                await open_transport()(f"http://one.example:{server.port}/")
            assert time.monotonic() - start_s < 2

    @pytest.mark.parametrize("tail", [b"x", bytes(8), gzip.compress(b"more")], ids=["garbage", "zeros", "member"])
    async def test_sec_112_nothing_may_follow_the_gzip_stream(self, open_transport: Open, tail: bytes) -> None:
        body = gzip.compress(b"ok") + tail
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
        with peer(head + body) as server, pytest.raises(WrongMediaType):
            await open_transport()(f"http://one.example:{server.port}/")

    @pytest.mark.parametrize(
        ("before", "piece"),
        [
            (b"HTTP/1.1 200 OK\r\n", b"X-Filler: y\r\n"),
            (b"HTTP/1.1 200 OK\r\nX-Long: ", b"y" * 1024),
            (b"HTTP/1.1 200 ", b"O" * 1024),
            (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
            (b"", b"HTTP/1.1 103 Early Hints\r\nLink: " + b"y" * 30000 + b"\r\n\r\n"),
        ],
        ids=["fields without end", "a field without end", "a reason without end", "103s", "large 103s"],
    )
    async def test_sec_114_a_head_without_end_is_left(self, open_transport: Open, before: bytes, piece: bytes) -> None:
        with peer(lambda _request: repeat(piece, before=before)) as server:
            with pytest.raises((BodyTooLarge, Unreachable)):
                await open_transport()(f"http://one.example:{server.port}/")
            server.stop()
            assert server.sent_bytes < 16 * MIB

    @pytest.mark.parametrize(
        ("wire", "fits"),
        [
            (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + b"a: b\r\n" * 127 + b"\r\n", True),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + b"a: b\r\n" * 128 + b"\r\n", False),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + b"a: b\r\n" * 10_000 + b"\r\n", False),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nx: " + b"y" * 60_000 + b"\r\n\r\n", True),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nx: " + b"y" * MIB + b"\r\n\r\n", False),
            (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 8 + OK, True),
            (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 9 + OK, False),
            (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100 + OK, False),
        ],
        ids=["128", "129", "10000", "60 kB", "1 MiB", "8 x 103", "9 x 103", "100 x 103"],
    )
    async def test_sec_114_the_head_is_bounded(self, open_transport: Open, wire: bytes, fits: bool) -> None:
        with peer(wire) as server:
            if fits:
                assert (await open_transport()(f"http://one.example:{server.port}/")).status == 200
            else:
                with pytest.raises(BodyTooLarge):
                    await open_transport()(f"http://one.example:{server.port}/")

    @pytest.mark.parametrize(
        "wire",
        [
            b"HTTP/1.1 abc OK\r\n\r\n",
            b"HTTP/1.1 2000 OK\r\n\r\n",
            b"HTTP/1.1 99 OK\r\n\r\n",
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
            b"HTTP/1.1 777 OK\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/2 200\r\n\r\n",
            b"ICY 200 OK\r\n\r\n",
            b"\x00\x00\x12\x04\x00\x00\x00\x00\x00",
            b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: gzip\r\n\r\nok",
        ],
        ids=repr,
    )
    async def test_sec_114_what_is_no_http_is_refused(self, open_transport: Open, wire: bytes) -> None:
        def answer(_request: bytes) -> Iterator[bytes]:
            yield wire
            server.connections[0].shutdown(socket.SHUT_WR)

        with peer(answer) as server, pytest.raises(Unreachable):
            await open_transport()(f"http://one.example:{server.port}/")

    async def test_sec_114_the_bounds_come_from_the_limits(self, open_transport: Open) -> None:
        with peer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nx: y\r\nx: y\r\n\r\n") as server:
            url = f"http://one.example:{server.port}/"
            assert (await open_transport(limits=Limits(header_count_max=3))(url)).status == 200
            with pytest.raises(BodyTooLarge):
                await open_transport(limits=Limits(header_count_max=2))(url)
