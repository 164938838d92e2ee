"""The network of a test below every socket: names as they are scripted, and one public address that leads to loopback.

Nothing above is replaced: guard, TLS, HTTP and limits are those of a real server under the strict policy.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import trustme

from fedtext.adapters.transports import connecting
from fedtext.testing.loopback import Answer, ScriptedPeer

PUBLIC_ADDRESS = "93.184.215.14"
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class Authority:
    """One certificate authority and one server certificate for a whole run."""

    def __init__(self, *names: str) -> None:
        authority = trustme.CA()
        self.client = ssl.create_default_context()
        authority.configure_trust(self.client)
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*names).configure_cert(self.server)


class Internet:
    """What was asked of it, and what it says.

    Args:
        answer: What the server behind the public address says.
    """

    def __init__(self, answer: Answer, tls: ssl.SSLContext) -> None:
        self.names: dict[str, list[str]] = {}
        self.asked: list[str] = []
        self.connected: list[tuple[str, int]] = []
        self.server = ScriptedPeer(answer, tls)

    @property
    def requested(self) -> list[str]:
        """Give the addresses that the server was asked for."""
        heads = [request.split(b"\r\n") for request in self.server.requests]
        hosts = [next(line[5:].strip() for line in head if line.lower().startswith(b"host:")) for head in heads]
        return [
            f"https://{host.decode()}{head[0].split(b' ')[1].decode()}" for host, head in zip(hosts, heads, strict=True)
        ]

    def resolve(self, host: str, port: int, *_args: int, **_options: int) -> list[object]:
        """Stand in for getaddrinfo."""
        if host.replace(".", "").isdigit() or ":" in host:
            return [(_family(host), socket.SOCK_STREAM, 6, "", (host, port))]
        self.asked.append(host)
        if host not in self.names:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(_family(address), socket.SOCK_STREAM, 6, "", (address, port)) for address in self.names[host]]

    def route(self, genuine: Callable[..., Any]) -> Callable[..., Any]:
        """Stand in for a socket's connect: notes the address, and leads the public one to the server."""

        def connect(connecting_socket: socket.socket, address: Any) -> Any:
            if connecting_socket.family not in (socket.AF_INET, socket.AF_INET6):
                return genuine(connecting_socket, address)
            self.connected.append((str(address[0]), int(address[1])))
            if address[:2] == (PUBLIC_ADDRESS, 443):
                return genuine(connecting_socket, ("127.0.0.1", self.server.port))
            raise ConnectionRefusedError("nobody lives there")

        return connect


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


@contextmanager
def internet(authority: Authority, answer: Answer | bytes = NOT_FOUND) -> Iterator[Internet]:
    """Put the network of a test in the place of the real one while the block runs."""
    said = answer if callable(answer) else lambda _request: [answer]
    net = Internet(said, authority.server)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", net.resolve)
        for method in ("connect", "connect_ex"):
            patch.setattr(socket.socket, method, net.route(getattr(socket.socket, method)))
        patch.setattr(connecting, "_public_ssl_context", lambda: authority.client)
        try:
            yield net
        finally:
            net.server.stop()
