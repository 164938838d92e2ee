"""G11: what a GET of an actor, of a post and of WebFinger costs beside a server that answers bytes that it has.

Both stand behind uvicorn with httptools and uvloop in one process and take turns, short ones and many, since a machine
that is shared is quick and slow by turns; CPU time of that process. The application of ours builds its models anew for
each request, as applications do; what is called "kept" is of one that keeps them, as it may, since models do not
change: it gives the same ones again and again.
"""

from __future__ import annotations

import statistics

from bench.g01_inbox import ACTIVITY
from bench.measuring import Measured
from bench.served import (
    ACTOR_PATH,
    FINGER_PATH,
    KEPT_ACTOR_PATH,
    KEPT_FINGER_PATH,
    KEPT_NOTE_PATH,
    NOTE_PATH,
    Client,
    served,
)
from fedtext.keys import generate_rsa

REACH = 1.5
ROUNDS, BATCH = 41, 160
PATHS = {
    "an actor": ACTOR_PATH,
    "a post": NOTE_PATH,
    "WebFinger": FINGER_PATH,
    "an actor, kept": KEPT_ACTOR_PATH,
    "a post, kept": KEPT_NOTE_PATH,
    "WebFinger, kept": KEPT_FINGER_PATH,
}


def wire(path: str) -> bytes:
    """Give a GET as it goes over a socket."""
    fields = {"host": "blog.example", "accept": ACTIVITY, "user-agent": "example/1.0", "accept-encoding": "gzip"}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"GET {path} HTTP/1.1\r\n{head}\r\n".encode()


def cost_us(client: Client, counting: Client, path: str) -> float:
    """Ask for the same thing many times; gives the CPU time of one answer."""
    before = counting.counters()["cpu_s"]
    client.exchange([wire(path)] * BATCH, 200)
    return (counting.counters()["cpu_s"] - before) / BATCH * 1e6


def measure() -> list[Measured]:
    """Measure."""
    found: dict[str, tuple[list[float], list[float]]] = {what: ([], []) for what in PATHS}
    with served("memory://", generate_rsa()) as (least, ours):
        for round_number in range(ROUNDS + 1):  # the first fills caches
            for what, path in PATHS.items():
                costs = cost_us(least, least, path), cost_us(ours, least, path)
                if round_number:
                    for kept, cost in zip(found[what], costs, strict=True):
                        kept.append(cost)
    return [
        Measured(
            goal="G11",
            what=f"GET of {what}",
            anchor=statistics.median(floor),
            subject=statistics.median(subject),
            reach=REACH,
        )
        for what, (floor, subject) in found.items()
    ]


if __name__ == "__main__":
    for line in measure():
        print(line.line())
