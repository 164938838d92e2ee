"""G9 (documents): no body up to the size limit costs more than 20 ms or 8 MiB until it is read or refused.

Anchors are the two bounds themselves; the subject is the dearest of the bodies below, each made to hit one weak spot.
"""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

from bench.measuring import Measured
from fedtext.config import Limits
from fedtext.errors import FedtextError
from fedtext.jsonld import ACTIVITYSTREAMS, normalize
from fedtext.vocab import load
from fedtext.wire.json import parse_object

CPU_MS_MAX = 20.0
MEMORY_MIB_MAX = 8.0
SIZE = Limits().document_bytes_max


def nested(levels: int, inner: Any) -> Any:
    """Put a value into so many objects."""
    for _ in range(levels):
        inner = {"object": inner}
    return inner


def filled(start: str, unit: str, end: str) -> bytes:
    """Repeat a unit until the body is as large as it may be."""
    count = (SIZE - len(start) - len(end)) // len(unit)
    return (start + unit * count + end).encode()[:SIZE]


def bodies() -> Iterator[tuple[str, bytes]]:
    """Iterate over hostile bodies."""
    as2 = f'{{"@context":"{ACTIVITYSTREAMS}","type":"Note",'
    yield "brackets", b"[" * SIZE
    yield "braces and quotes", filled("", '{"a":', "")
    yield "an array of zeros", filled('{"a":[', "0,", "0]}")
    yield "an array of objects", filled('{"a":[', "{},", "{}]}")
    yield "backslashes", filled('{"a":"', "\\\\", '"}')
    yield "escaped quotes", filled('{"a":"', '\\"', '"}')
    yield "escaped surrogates", filled('{"a":"', "\\ud800", '"}')
    yield "one long text", filled(as2 + '"content":"', "x", '"}')
    yield "one long number", filled('{"a":', "9", "}")
    yield "many members", as2.encode() + ",".join(f'"k{n}":{n}' for n in range(49_000)).encode() + b"}"
    yield (
        "as many members as there may be",
        as2.encode() + ",".join(f'"k{n}":{n}' for n in range(24_990)).encode() + b"}",
    )
    yield "as many tags as there may be", (as2 + '"tag":[' + '{"a":1},' * 12_000 + "{}]}").encode()
    yield "many equal names", filled("{", '"a":1,', '"a":1}')
    yield "many tags", filled(as2 + '"tag":[', '{"type":"Mention"},', "{}]}")
    yield "names with a colon", as2.encode() + ",".join(f'"k{n}:x":{n}' for n in range(49_000)).encode() + b"}"
    definitions = {f"t{n}": f"https://ns.example/{n}" for n in range(40_000)}
    yield "a huge context", json.dumps({"@context": [ACTIVITYSTREAMS, definitions]}).encode()[:SIZE]
    wide = {f"t{n}": f"t{n + 1}" for n in range(999)}
    yield "names that stand for each other", json.dumps({"@context": [ACTIVITYSTREAMS, wide], "t1": 1}).encode()
    urls = [f"https://ns.example/{n}" for n in range(30_000)]
    yield "many contexts", json.dumps({"@context": urls, "type": "Note"}).encode()
    many = [{"@context": [ACTIVITYSTREAMS, {f"t{n}": "https://ns.example/t"}]} for n in range(9_000)]
    yield "many contexts inside", json.dumps({"@context": ACTIVITYSTREAMS, "items": many}).encode()
    yield (
        "many contexts inside, by plain names",
        json.dumps({"@context": "https://ns.example/c", "items": many}).encode(),
    )
    odd = {"@context": ACTIVITYSTREAMS, "@type": "Note", "unknown": ["x"] * 990}
    yield "the largest of the slow road", json.dumps(odd).encode()
    scoped = {"x": {"@id": "https://ns.example/x", "@context": {f"t{n}": "https://ns.example/t" for n in range(40)}}}
    uses = {"@context": [ACTIVITYSTREAMS, scoped], "@type": "Note", "items": [{"x": n} for n in range(19)]}
    yield "the dearest scoped contexts", json.dumps(uses).encode()
    chain = nested(5, {"@type": "Note"})
    inner = chain
    while "object" in inner:
        inner["@context"] = ACTIVITYSTREAMS
        inner = inner["object"]
    yield "contexts in each other", json.dumps(chain).encode()


def read(body: bytes) -> None:
    """Read a body as the inbox does."""
    try:
        model = load(normalize(parse_object(body)))
        _ = (model.problems, hash(model))
    except FedtextError:
        return


def cost(body: bytes) -> tuple[float, float]:
    """Give the least of some readings: CPU in ms, and the most memory beyond the body in MiB."""
    times = []
    for _ in range(5):
        started = time.process_time()
        read(body)
        times.append((time.process_time() - started) * 1e3)
    tracemalloc.start()
    read(body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return min(times), peak / 2**20


def measure() -> list[Measured]:
    """Measure each body; judge the dearest."""
    read(documents_warm())
    costs = {name: cost(body) for name, body in bodies()}
    slowest = max(costs, key=lambda name: costs[name][0])
    largest = max(costs, key=lambda name: costs[name][1])
    cpu_ms, memory_mib = costs[slowest][0], costs[largest][1]
    return [
        Measured(goal="G9", what=f"dearest: {slowest}", anchor=CPU_MS_MAX, subject=cpu_ms, reach=1.0, unit="ms"),
        Measured(
            goal="G9", what=f"largest: {largest}", anchor=MEMORY_MIB_MAX, subject=memory_mib, reach=1.0, unit="mib"
        ),
    ]


def documents_warm() -> bytes:
    """Give a body that loads what is loaded once: PyLD, and what follows from the contexts."""
    return json.dumps({"@context": ACTIVITYSTREAMS, "@type": "Note"}).encode()


if __name__ == "__main__":
    for name, body in bodies():
        cpu_ms, memory_mib = cost(body)
        print(f"{cpu_ms:8.2f} ms {memory_mib:7.2f} MiB  {len(body):8} bytes  {name}")
    for measured in measure():
        print(measured.line())
