"""FEDIFY: a delivery by our worker against one by a Fedify server's own queue, in one run.

Both send posts of about the same size to twenty-five inboxes of a peer on loopback, over connections that are kept.
Anchor: CPU time of the Fedify process for a delivery, from the first post until all have arrived, with its queue in
memory. Subject: that of our worker process, whose queue lies in SQLite. Both first deliver something, so that nothing
is loaded while it is measured.

It needs `tests/interop/setup.sh` to have been run, and prints nothing where it was not.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from bench import delivering
from bench.g14_end_to_end import drained_us
from bench.measuring import Measured
from bench.peer import peer

FEDIFY = delivering.ROOT / "tests" / "interop" / "fedify"
NODE = FEDIFY / "node_modules" / "node" / "bin" / "node"
REACHES = {"aiohttp": 1 / 5, "httpx": 1 / 2.5}
POSTS, ROUNDS = 12, 3
POLL_S, PATIENCE_S = 0.02, 300.0
CONTENT = "hello " * 250
ANSWER = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"


class _Counting(asyncio.Protocol):
    taken = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self._data = transport, b""

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, end, body = self._data.partition(b"\r\n\r\n")
        if end and len(body) >= int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]):
            self._data = b""
            _Counting.taken += 1
            self._transport.write(ANSWER)  # type: ignore[attr-defined]


@contextmanager
def counting_peer() -> Iterator[int]:
    """Take every POST with 202 and count, on a thread of this process; gives the port."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(_Counting, "127.0.0.1", 0, backlog=512))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@attrs.frozen
class Fedify:
    """A Fedify server in a process of its own."""

    pid: int
    origin: str

    def tell(self, command: str, **arguments: Any) -> Any:
        """Give a command."""
        request = urllib.request.Request(
            f"{self.origin}/_control/{command}", json.dumps(arguments).encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return json.load(answer)

    def cpu_s(self) -> float:
        """Give the CPU time of all its threads so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def delivery_us(self, posts: int) -> float:
        """Let it post and wait until all has arrived; gives its CPU time for a delivery."""
        wanted, started = _Counting.taken + posts * delivering.HOSTS, self.cpu_s()
        for _ in range(posts):
            self.tell("post", content=CONTENT)
        until_s = time.monotonic() + PATIENCE_S
        while _Counting.taken < wanted:
            if time.monotonic() > until_s:
                raise SystemExit(f"only {_Counting.taken} of {wanted} deliveries have arrived")
            time.sleep(POLL_S)
        return (self.cpu_s() - started) / (posts * delivering.HOSTS) * 1e6


@contextmanager
def fedify(folder: Path, port: int) -> Iterator[Fedify]:
    """Run one, with followers behind a port."""
    command = [str(NODE), "peer.mjs", "--port", "0", "--log", str(folder / "log"), "--keys", str(folder / "keys")]
    with delivering.free_port() as own:
        command[3] = str(own)
    with subprocess.Popen(command, cwd=FEDIFY, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = json.loads(process.stdout.readline())
            server = Fedify(process.pid, said["origin"])
            inboxes = [f"http://127.0.0.1:{port}/users/{number}/inbox" for number in range(delivering.HOSTS)]
            server.tell("followers", inboxes=inboxes)
            yield server
        finally:
            process.kill()


def measure() -> list[Measured]:
    """Measure."""
    if not NODE.exists():
        return []
    theirs, ours = list[float](), {name: list[float]() for name in REACHES}
    with tempfile.TemporaryDirectory() as made, peer() as port, counting_peer() as counted:
        folder = Path(made)
        with fedify(folder, counted) as server:
            server.delivery_us(4)
            for _ in range(ROUNDS):
                theirs.append(server.delivery_us(POSTS))
                for name, times in ours.items():
                    times.append(drained_us(folder, port, name, 1, posts=3 * POSTS)[0])
    anchor = statistics.median(theirs)
    return [
        Measured(
            goal="FEDIFY",
            what=f"CPU of a delivery by a worker with {name}, against Fedify's queue",
            anchor=anchor,
            subject=statistics.median(ours[name]),
            reach=reach,
        )
        for name, reach in REACHES.items()
    ]


if __name__ == "__main__":
    for measured in measure():
        print(measured.line())
