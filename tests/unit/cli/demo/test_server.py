"""The JSON API of a demo server: for who has the token, and nobody else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from fedtext.cli.demo.server import DemoServer, make
from fedtext.cli.demo.settings import VARIABLE, Settings
from fedtext.errors import ConfigurationError


class Door:
    """A server in this process, and the way to ask it."""

    def __init__(self, server: DemoServer) -> None:
        self.server = server

    async def ask(
        self, method: str, target: str, body: bytes = b"{}", token: str | None = "token of alice"
    ) -> tuple[int, Any]:
        path, _, query = target.partition("?")
        headers = [(b"host", b"localhost:9")]
        if token is not None:
            headers.append((b"authorization", f"Bearer {token}".encode("latin-1")))
        scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": headers}
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body}

        async def send(event: Any) -> None:
            sent.append(event)

        await self.server(scope, receive, send)
        text = sent[1]["body"].decode()
        return sent[0]["status"], json.loads(text) if text.startswith("{") else text

    async def tell(self, command: str, **given: Any) -> Any:
        status, answer = await self.ask("POST", f"/demo/{command}", json.dumps(given).encode())
        assert status == 200, answer
        return answer

    async def home(self) -> Any:
        return (await self.ask("GET", "/home/alice.json"))[1]


@pytest.fixture
async def alice(make_settings: Callable[..., Settings]) -> AsyncIterator[Door]:
    server = DemoServer(make_settings("alice", 9))
    yield Door(server)
    await server.federation.ports.close()


@pytest.mark.parametrize("token", [None, "", "wrong", "token of bob", "\xff"])
@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/home/alice.json"),
        ("GET", "/demo/arrivals"),
        ("POST", "/demo/post"),
        ("POST", "/home/alice.json"),
        ("POST", "/demo/nothing"),
    ],
)
async def test_it_is_for_who_has_the_token(alice: Door, token: str | None, method: str, target: str) -> None:
    status, answer = await alice.ask(method, target, token=token)
    assert (status, set(answer)) == (401, {"error"})
    assert (await alice.home())["entries"] == []


async def test_what_is_said_is_held(alice: Door) -> None:
    made = await alice.tell("post", text="Hello", visibility="followers", language="en", pk="one")
    assert made == {"id": "http://localhost:9/posts/one", "pk": "one", "text": "Hello", "visibility": "followers"}
    await alice.tell("edit", post=made["id"], text="Hello again")
    home = await alice.home()
    assert [(entry["id"], entry["text"]) for entry in home["entries"]] == [(made["id"], "Hello again")]
    assert home["entries"][0]["updated"] is not None
    assert home["actor"]["handle"] == "@alice@localhost:9"
    await alice.tell("delete", post=made["id"])
    assert (await alice.home())["entries"] == []


@pytest.mark.parametrize(
    ("method", "target", "body", "status"),
    [
        ("POST", "/demo/nothing", b"{}", 404),
        ("GET", "/demo/nothing", b"", 404),
        ("POST", "/demo/post", b"{}", 400),
        ("POST", "/demo/post", b"[]", 400),
        ("POST", "/demo/post", b"{", 400),
        ("POST", "/demo/post", b'{"text": "x", "visibility": "secret"}', 400),
        ("POST", "/demo/post", b'{"text": "' + b"x" * 70_000 + b'"}', 400),
        ("POST", "/demo/post", b'{"text": "nobody", "visibility": "direct"}', 422),
        ("POST", "/demo/edit", b'{"post": "http://localhost:9/posts/none", "text": ""}', 422),
        ("POST", "/demo/reply", b'{"to": "http://localhost:9/posts/none", "text": ""}', 422),
        ("POST", "/demo/lookup", b'{"target": "@nobody@localhost:9"}', 422),
    ],
)
async def test_what_is_not_understood_is_told(alice: Door, method: str, target: str, body: bytes, status: int) -> None:
    found, answer = await alice.ask(method, target, body)
    assert (found, "error" in answer) == (status, True)


async def test_pages_stand_behind_it(alice: Door) -> None:
    await alice.home()
    status, page = await alice.ask("GET", "/@alice", token=None)
    assert status == 200
    assert "I am alice." in page
    assert (await alice.ask("GET", "/home/alice", token=None))[0] == 401


async def test_it_is_made_from_its_environment(
    make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, make_settings("alice", 9).dump())
    made = make()
    assert made.federation.site.origin == "http://localhost:9"
    await made.federation.ports.close()
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(ConfigurationError):
        make()
