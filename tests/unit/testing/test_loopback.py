"""A server that says what a script says."""

from __future__ import annotations

import socket
import ssl

import pytest
import trustme

from fedtext.testing.loopback import HOST, ScriptedPeer

REQUEST = b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi"


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def test_each_request_gets_its_answer_and_an_empty_piece_ends_it() -> None:
    server = ScriptedPeer(lambda request: [b"one", b""] if len(server.requests) == 2 else [request[-2:]])
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
            connection.sendall(REQUEST[:10])
            connection.sendall(REQUEST[10:])
            assert connection.recv(10) == b"hi"
            connection.sendall(REQUEST)
            assert connection.recv(10) + connection.recv(10) == b"one"
        assert server.requests == [REQUEST, REQUEST]
        assert server.url("/x") == f"http://{HOST}:{server.port}/x"
    finally:
        server.stop()


def test_it_speaks_tls_when_it_has_a_certificate(authority: trustme.CA) -> None:
    served, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert(HOST).configure_cert(served)
    authority.configure_trust(trusting)
    server = ScriptedPeer(lambda _request: [b"ok"], served)
    try:
        with (
            socket.create_connection(("127.0.0.1", server.port), timeout=5) as plain,
            trusting.wrap_socket(plain, server_hostname=HOST) as connection,
        ):
            connection.sendall(REQUEST)
            assert connection.recv(10) == b"ok"
    finally:
        server.stop()
