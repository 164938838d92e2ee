"""`fedtext lookup`: cards; over the network in tests/demo."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest

from fedtext.cli.looking_up import card, ports
from fedtext.vocab import load
from fedtext.wire.json import JsonObject

Run = Callable[..., CompletedProcess[str]]

ACTOR: JsonObject = {
    "id": "https://b.example/users/1",
    "type": "Person",
    "preferredUsername": "bob",
    "name": "Bob",
    "summary": "<p>Tea</p>",
    "inbox": "https://b.example/users/1/inbox",
    "outbox": "https://b.example/users/1/outbox",
    "endpoints": {"sharedInbox": "https://b.example/inbox"},
    "manuallyApprovesFollowers": True,
    "publicKey": {
        "id": "https://b.example/users/1#main-key",
        "owner": "https://b.example/users/1",
        "publicKeyPem": "x",
    },
}
NOTE: JsonObject = {
    "id": "https://b.example/notes/1",
    "type": "Note",
    "attributedTo": "https://b.example/users/1",
    "inReplyTo": "https://a.example/posts/1",
    "content": "<p>one<br>two</p>",
    "published": "2026-01-02T03:04:05Z",
}


def test_an_actor_as_a_card() -> None:
    assert dict(card(load(ACTOR))) == {
        "type": "Person",
        "id": "https://b.example/users/1",
        "name": "Bob",
        "handle": "bob",
        "about": "Tea",
        "inbox": "https://b.example/users/1/inbox",
        "shared inbox": "https://b.example/inbox",
        "approves": "each follower by hand",
        "keys": "https://b.example/users/1#main-key",
    }


def test_a_post_as_a_card() -> None:
    assert dict(card(load(NOTE))) == {
        "type": "Note",
        "id": "https://b.example/notes/1",
        "author": "https://b.example/users/1",
        "in reply to": "https://a.example/posts/1",
        "text": "one\ntwo",
        "published": "2026-01-02T03:04:05Z",
    }


@pytest.mark.parametrize(("text", "read"), [("80", (80,)), ("8001,8002", (8001, 8002)), ("65535", (65535,))])
def test_ports(text: str, read: tuple[int, ...]) -> None:
    assert ports(text) == read


@pytest.mark.parametrize("text", ["", "0", "65536", "80,", "-1", "a", "٣", "1" * 5000])
def test_what_is_no_port(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        ports(text)


@pytest.mark.parametrize("target", ["bob", "", "ftp://b.example"])
def test_what_cannot_be_looked_up(run: Run, target: str) -> None:
    told = run("lookup", target)
    assert told.returncode == 1
    assert "give a handle (@user@host) or a URL" in told.stderr


def test_this_machine_is_not_looked_at_without_leave(run: Run) -> None:
    """SEC-093: loopback is refused unless `--dev` names the port."""
    told = run("lookup", "@bob@localhost:9", "--json")
    assert told.returncode == 1
    assert '"error": "fetch.' in told.stdout
    assert "Traceback" not in told.stderr
