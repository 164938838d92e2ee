"""What arrives is shown as it is, and answered as anywhere."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from fedtext.cli.arrivals import Arrivals
from fedtext.cli.console import Console
from fedtext.cli.receiving import ephemeral

INBOX = "/actors/1/inbox"


async def arrive(
    body: bytes = b"{}", *, method: str = "POST", target: str = INBOX, machine: bool = False, count: int | None = None
) -> tuple[int, str, str, list[bool]]:
    out, err, ended = io.StringIO(), io.StringIO(), list[bool]()
    federation = ephemeral("http://localhost:8123", accept=True)
    console = Console(machine=machine, out=out, err=err)
    app = Arrivals(federation, console, count=count, done=lambda: ended.append(True))
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"localhost:8123"), (b"content-type", b"application/activity+json")],
        "client": ("127.0.0.1", 5),
    }
    parts = iter([{"type": "http.request", "body": body, "more_body": False}])
    statuses: list[int] = []

    async def receive() -> Any:
        return next(parts)

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    await federation.ports.close()
    return statuses[0], out.getvalue(), err.getvalue(), ended


async def test_an_unsigned_post_is_refused_and_shown() -> None:
    body = json.dumps(
        {
            "type": "Like",
            "id": "https://a.example/2",
            "actor": "https://a.example/1",
            "object": {"type": "Note", "id": "x"},
        }
    )
    status, out, _, _ = await arrive(body.encode())
    assert status == 401
    for text in ("POST /actors/1/inbox from 127.0.0.1", "answered 401", "Like", "Note x", "signature.missing"):
        assert text in out


async def test_for_machines() -> None:
    _, out, _, _ = await arrive(b'{"type":"Like"}', machine=True)
    (record,) = [json.loads(line) for line in out.splitlines()]
    assert (record["event"], record["status"], record["document"]) == ("arrived", 401, {"type": "Like"})
    assert record["signatures"][0]["verified"] is False


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"a":1,"a":2}', b"{" * 100])
async def test_whatever_bytes_arrive(body: bytes) -> None:
    status, out, _, _ = await arrive(body)
    assert status in (400, 401)
    assert "answered" in out


async def test_a_terminal_is_not_taken_over() -> None:
    _, out, _, _ = await arrive(json.dumps({"type": "\x1b]0;x\x07\nLike", "id": "\u202e"}).encode())
    assert "\x1b" not in out
    assert "\x07" not in out


async def test_the_actor_is_there_and_its_get_is_one_line() -> None:
    status, out, _, _ = await arrive(b"", method="GET", target="/actors/1")
    assert status == 200
    assert len(out.strip().splitlines()) == 1


async def test_it_ends_after_so_many() -> None:
    assert (await arrive(count=1))[3] == [True]
    assert (await arrive(count=2))[3] == []
