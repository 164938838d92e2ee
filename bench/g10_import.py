"""G10: what it takes to start: `import fedtext`, and an application that answers.

Anchors are the bounds themselves; each start is a process of its own.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

from bench.measuring import Measured

IMPORT_MS_MAX = 60.0
SERVED_MS_MAX = 400.0
ROUNDS = 9

IMPORT = """
import sys, time
started = time.perf_counter()
import fedtext
taken = time.perf_counter() - started
heavy = sorted(name for name in ("pyld", "httpx", "cryptography") if name in sys.modules)
print(taken * 1e3, ",".join(heavy))
"""
SERVED = """
import sys, time
started = time.perf_counter()
import asyncio
from fedtext import Federation, Person, connect
fed = Federation("https://blog.example", backend=connect("memory://"), worker="off")
@fed.actor("/users/{pk}")
def actor(context, pk):
    return context.actor(Person, handle="alice")
@fed.handle
def handle(context, name):
    return "1"
app = fed.asgi()
async def ask():
    sent = []
    scope = {"type": "http", "method": "GET", "path": "/nodeinfo/2.1", "raw_path": b"/nodeinfo/2.1",
             "query_string": b"", "headers": [(b"host", b"blog.example")], "scheme": "https",
             "http_version": "1.1", "client": ("127.0.0.1", 1), "server": ("blog.example", 443)}
    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}
    async def send(message):
        sent.append(message)
    await app(scope, receive, send)
    return sent[0]["status"]
status = asyncio.run(ask())
print((time.perf_counter() - started) * 1e3, status)
"""


def starts(program: str) -> tuple[float, str]:
    """Give the median of some starts in ms, and what they said besides."""
    times, said = [], ""
    for _ in range(ROUNDS):
        run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        taken, _, said = run.stdout.strip().partition(" ")
        times.append(float(taken))
    return statistics.median(times), said


def measure() -> list[Measured]:
    """Measure."""
    imported, heavy = starts(IMPORT)
    if heavy:
        raise SystemExit(f"import fedtext imports {heavy}")
    served, status = starts(SERVED)
    if status != "200":
        raise SystemExit(f"the application answered {status}")
    return [
        Measured(goal="G10", what="import fedtext", anchor=IMPORT_MS_MAX, subject=imported, reach=1.0, unit="ms"),
        Measured(
            goal="G10", what="import, build and answer", anchor=SERVED_MS_MAX, subject=served, reach=1.0, unit="ms"
        ),
    ]


if __name__ == "__main__":
    for measured in measure():
        print(measured.line())
