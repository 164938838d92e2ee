"""`fedtext relays`: joins, leaves and lists relays."""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from fedtext import Federation, connect
from fedtext.cli import relaying
from fedtext.cli.console import Console
from fedtext.errors import ConfigurationError

Run = Callable[..., subprocess.CompletedProcess[str]]
INBOX, ACTOR = "https://relay.example/inbox", "https://relay.example/actor"


@pytest.fixture
def told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Run the command on a server of its own; gives the exit code and what was said."""

    def command(*arguments: str, machine: bool = False) -> tuple[int, str]:
        backend = connect(f"sqlite:///{tmp_path}/app.sqlite3")
        federation = Federation("https://blog.example", backend=backend, worker="off")
        parser = argparse.ArgumentParser()
        relaying.configure(parser)
        action, *rest = arguments
        parsed = parser.parse_args([action, "app:fed", *rest])
        with closing(backend):
            code = asyncio.run(relaying._act(federation, parsed, Console(machine=machine)))
        return code, capsys.readouterr().out

    return command


def test_a_relay_is_joined_listed_and_left(told) -> None:
    def records(*arguments: str) -> list[dict[str, object]]:
        code, text = told(*arguments, machine=True)
        assert code == 0
        return [json.loads(line) for line in text.splitlines()]

    (asked,) = records("add", INBOX)
    assert (asked["relay"], asked["state"], asked["style"], asked["actor"]) == (INBOX, "pending", "mastodon", None)
    assert str(asked["since"]).endswith("+00:00")
    (other,) = records("add", ACTOR, "--litepub")
    assert (other["style"], other["actor"]) == ("litepub", ACTOR)
    assert records("list") == [other, asked]
    assert records("remove", INBOX) == [{"relay": INBOX, "removed": True}]
    assert records("list") == [other]


def test_people_are_told_in_words(told) -> None:
    assert told("list") == (0, "no relay was asked\n")
    code, text = told("add", INBOX)
    assert (code, text.startswith(f"pending  {INBOX} (mastodon) since 2")) == (0, True)
    code, text = told("remove", INBOX)
    assert (code, text.endswith(f"{INBOX}: left\n")) == (0, True)
    code, text = told("remove", INBOX)
    assert (code, text.endswith(f"{INBOX}: it was never asked\n")) == (1, True)


@pytest.mark.parametrize(("action", "address"), [("add", None), ("remove", None), ("list", INBOX)])
def test_an_address_stands_where_one_is_needed(folder: Path, monkeypatch, action: str, address: str | None) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr("fedtext.cli.naming.load_federation", lambda _target: None)
    given = argparse.Namespace(action=action, target="app:fed", address=address, litepub=False)
    with pytest.raises(ConfigurationError):
        relaying.run(given, Console(machine=True))


def test_as_a_command(run: Run) -> None:
    assert run("relays", "add", "app:social", INBOX).stdout.startswith(f"pending  {INBOX} (mastodon) since 2")
