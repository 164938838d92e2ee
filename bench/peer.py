"""A peer in a process of its own, so that what it costs is not counted: it takes every POST with 202.

Who GETs something is given a document of about the size of a post.
"""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.measuring import unpin
from fedtext.runtime.process import run_process

ROOT = Path(__file__).resolve().parents[1]


_DOCUMENT = b"HTTP/1.1 200 OK\r\nContent-Type: application/activity+json\r\nContent-Length: 2300\r\n\r\n" + b" " * 2_300


class _Peer(asyncio.Protocol):
    def __init__(self, answer: bytes) -> None:
        self._answer, self._data = answer, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, end, body = self._data.partition(b"\r\n\r\n")
        if end and head.startswith(b"GET "):
            self._data = b""
            self._transport.write(_DOCUMENT)  # type: ignore[attr-defined]
        elif end and len(body) >= int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]):
            self._data = b""
            self._transport.write(self._answer)  # type: ignore[attr-defined]
            if b"close" in self._answer:
                self._transport.close()


async def serve(certificate: str) -> None:
    """Serve until killed; says the port first. With a certificate over TLS, and each connection once."""
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    ending = b"Connection: close\r\n" if certificate else b""
    answer = b"HTTP/1.1 202 Accepted\r\nContent-Type: text/plain\r\n" + ending + b"Content-Length: 0\r\n\r\n"
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Peer(answer), "127.0.0.1", 0, ssl=context, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def peer(certificate: str = "") -> Iterator[int]:
    """Run one while the block runs; gives its port."""
    command = [sys.executable, "-m", "bench.peer", certificate]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


if __name__ == "__main__":
    unpin()
    run_process(serve(sys.argv[1]))
