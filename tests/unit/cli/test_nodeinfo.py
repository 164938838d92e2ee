"""`fedtext nodeinfo`: what a server says of itself, on a real socket, in a terminal and as a pipe."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from subprocess import CompletedProcess

import pytest
from tests.live import Asked, Reply, Server, in_terminal, serving

from fedtext.cli.nodeinfo import card
from fedtext.discovery import parse_nodeinfo
from fedtext.wire.json import JsonObject

Run = Callable[..., CompletedProcess[str]]

DOCUMENT: JsonObject = {
    "version": "2.1",
    "software": {"name": "blog", "version": "2.3", "repository": "https://code.example/blog"},
    "protocols": ["activitypub"],
    "services": {"inbound": [], "outbound": []},
    "openRegistrations": True,
    "usage": {"users": {"total": 12_345, "activeMonth": 0}, "localPosts": 7},
    "metadata": {"nodeName": "A \x1b[2Jblog", "staffAccounts": ["https://b.example/users/1"]},
}


def answering(asked: Asked) -> Reply:
    if asked.path == "/.well-known/nodeinfo":
        rel = "http://nodeinfo.diaspora.software/ns/schema/2.1"
        return Reply({"links": [{"rel": rel, "href": f"http://{asked.headers['host']}/nodeinfo/2.1"}]})
    return Reply(DOCUMENT, 200 if asked.path == "/nodeinfo/2.1" else 404)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(answering) as found:
        yield found


@pytest.mark.spec("WF-17", "SEC-165")
def test_a_card() -> None:
    assert card(parse_nodeinfo(DOCUMENT)) == [
        ("name", "A  [2Jblog"),
        ("software", "blog 2.3"),
        ("protocols", "activitypub"),
        ("users", "12,345"),
        ("in a month", "0"),
        ("posts", "7"),
        ("registrations", "open"),
        ("staff", "https://b.example/users/1"),
        ("source", "https://code.example/blog"),
        ("schema", "2.1"),
    ]


@pytest.mark.parametrize("target", ["localhost:{port}", "http://localhost:{port}/@bob", "@bob@localhost:{port}"])
def test_as_a_pipe(run: Run, server: Server, target: str) -> None:
    told = run("nodeinfo", target.format(port=server.port), "--dev", str(server.port), "--json")
    assert (told.returncode, told.stderr) == (0, "")
    found = json.loads(told.stdout)
    assert (found["origin"], found["software"], found["users_total"]) == (server.origin, "blog", 12_345)
    assert found["comments_total"] is None


def test_in_a_terminal(server: Server) -> None:
    code, shown = in_terminal("nodeinfo", f"localhost:{server.port}", "--dev", str(server.port))
    assert code == 0
    assert "\x1b[2m     software\x1b[0m  blog 2.3" in shown


def test_a_server_that_says_nothing(run: Run) -> None:
    with serving(lambda _asked: None) as server:
        told = run("nodeinfo", f"localhost:{server.port}", "--dev", str(server.port), "--json")
    assert told.returncode == 1
    assert json.loads(told.stdout)["error"] == "fetch.unreachable"
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize("target", ["", "not a host", "https://"])
def test_what_is_no_server(run: Run, target: str) -> None:
    told = run("nodeinfo", target)
    assert told.returncode == 1
    assert "Traceback" not in told.stderr
