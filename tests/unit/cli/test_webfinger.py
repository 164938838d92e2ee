"""`fedtext webfinger`: what a host says, against a server on a real socket, in a terminal and as a pipe."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from subprocess import CompletedProcess
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.live import Asked, Reply, Server, in_terminal, serving

from fedtext.cli.webfinger import as_document, card, question
from fedtext.discovery import parse_jrd
from fedtext.errors import FedtextError
from fedtext.wire.json import JsonObject

Run = Callable[..., CompletedProcess[str]]

DESCRIPTOR: JsonObject = {
    "subject": "acct:bob@b.example",
    "aliases": ["https://b.example/@bob"],
    "properties": {"http://b.example/ns/name": "Bob", "http://b.example/ns/age": None},
    "links": [
        {"rel": "self", "type": "application/activity+json", "href": "https://b.example/users/1"},
        {"rel": "http://ostatus.org/schema/1.0/subscribe", "template": "https://b.example/follow?uri={uri}"},
    ],
}


def answering(asked: Asked) -> Reply:
    resource = parse_qs(urlsplit(asked.target).query).get("resource", [""])[0]
    found = asked.path == "/.well-known/webfinger" and resource.startswith(("acct:bob@", "tag:"))
    return Reply(DESCRIPTOR, 200 if found else 404, "application/jrd+json")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(answering) as found:
        yield found


@pytest.mark.parametrize(
    ("target", "host", "asked"),
    [
        ("@Bob@B.example", None, ("acct:Bob@b.example", "b.example")),
        ("bob@b.example:8443", None, ("acct:bob@b.example:8443", "b.example:8443")),
        ("acct:bob@b.example", None, ("acct:bob@b.example", "b.example")),
        ("https://b.example/@bob", None, ("https://b.example/@bob", "b.example")),
        ("mailto:bob@b.example", None, ("mailto:bob@b.example", "b.example")),
        ("@bob@b.example", "c.example", ("acct:bob@b.example", "c.example")),
        ("tag:b.example,2026:1", "B.example.", ("tag:b.example,2026:1", "b.example.")),
    ],
)
def test_whom_to_ask_about_what(target: str, host: str | None, asked: tuple[str, str]) -> None:
    """RFC 7033 section 4: the host of the resource, unless another is named; handles as they are spelled (WF-12)."""
    assert question(target, host) == asked


@pytest.mark.parametrize("target", ["bob", "", "@bob", "tag:b.example,2026:1", "https:///x", "mailto:bob", "@a@b c"])
def test_what_cannot_be_asked_about(target: str) -> None:
    with pytest.raises(FedtextError):
        question(target)


def test_a_card() -> None:
    assert card(parse_jrd(DESCRIPTOR)) == [
        ("subject", "acct:bob@b.example"),
        ("actor", "https://b.example/users/1"),
        ("alias", "https://b.example/@bob"),
        ("self", "https://b.example/users/1 (application/activity+json)"),
        ("subscribe", "https://b.example/follow?uri={uri}"),
        ("property", "http://b.example/ns/name: Bob"),
        ("property", "http://b.example/ns/age: none"),
    ]


def test_machines_get_the_descriptor() -> None:
    assert as_document(parse_jrd(DESCRIPTOR)) == DESCRIPTOR
    assert as_document(parse_jrd({})) == {}


def test_as_a_pipe(run: Run, server: Server) -> None:
    told = run("webfinger", f"@bob@localhost:{server.port}", "--dev", str(server.port), "--json")
    assert (told.returncode, told.stderr) == (0, "")
    assert json.loads(told.stdout) == DESCRIPTOR
    told = run("webfinger", "tag:b.example,2026:1", "--host", f"localhost:{server.port}", "--dev", str(server.port))
    assert told.returncode == 0
    assert "\x1b" not in told.stdout
    assert "subject  acct:bob@b.example\n" in told.stdout
    told = run("webfinger", f"@bob@localhost:{server.port}", "--dev", str(server.port), "--raw")
    assert json.loads(told.stdout) == DESCRIPTOR
    (agent,) = {asked.headers["user-agent"] for asked in server.asked}
    assert agent.startswith("fedtext/")
    assert "+https://" in agent


def test_in_a_terminal(server: Server) -> None:
    code, shown = in_terminal("webfinger", f"@bob@localhost:{server.port}", "--dev", str(server.port))
    assert code == 0
    assert "\x1b[2m  subject\x1b[0m  acct:bob@b.example" in shown


def test_who_is_unknown(run: Run, server: Server) -> None:
    told = run("webfinger", f"@eve@localhost:{server.port}", "--dev", str(server.port), "--json")
    assert told.returncode == 1
    assert json.loads(told.stdout)["error"] == "fetch.status"
    assert "Traceback" not in told.stderr


def test_this_machine_is_not_asked_without_leave(run: Run) -> None:
    """SEC-093: loopback is refused unless `--dev` names the port."""
    told = run("webfinger", "@bob@localhost:9")
    assert told.returncode == 1
    assert "[fetch." in told.stderr


def test_the_command_line_was_wrong(run: Run) -> None:
    assert run("webfinger").returncode == 2
    assert run("webfinger", "tag:b.example,2026:1").returncode == 1
