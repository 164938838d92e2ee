"""`fedtext demo` around the conversation: folders, ports, exit codes, children that are stopped."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fedtext.cli import main
from fedtext.cli.demo import command
from fedtext.cli.demo.command import _folder, _servers
from fedtext.cli.demo.conversation import Step
from fedtext.cli.demo.processes import Server
from fedtext.errors import ConfigurationError

SEEN = Step(name="find", did="bob looks", asked="alice", held="alice", seen=True, seconds=0.1)
UNSEEN = Step(name="find", did="bob looks", asked="alice", held="not seen", seen=False, seconds=0.1)


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let servers be started and stopped in word only; gives the names of those that were stopped."""
    names: list[str] = []
    monkeypatch.setattr(Server, "start", lambda self: self.log.touch())
    monkeypatch.setattr(Server, "wait_until_ready", lambda self: None)
    monkeypatch.setattr(Server, "stop", lambda self: names.append(self.name))
    return names


def converse(monkeypatch: pytest.MonkeyPatch, *steps: Step, then: Callable[[], None] = lambda: None) -> None:
    class Talk:
        def __init__(self, *_arguments: object) -> None: ...

        def steps(self) -> Iterator[Step]:
            yield from steps
            then()

    monkeypatch.setattr(command, "Conversation", Talk)


@pytest.mark.parametrize(("steps", "code"), [((SEEN,), 0), ((SEEN, UNSEEN), 1), ((UNSEEN,), 1)])
def test_once_is_0_only_if_all_was_seen(
    stopped: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    steps: tuple[Step, ...],
    code: int,
) -> None:
    converse(monkeypatch, *steps)
    assert main(["demo", "--once", "--json"]) == code
    assert stopped == ["alice", "bob"]
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["seen"] for line in told if line["event"] == "step"] == [step.seen for step in steps]
    assert told[-1]["event"] == "done"
    assert told[-1]["ok"] == (code == 0)


def interrupt() -> None:
    raise KeyboardInterrupt


def fail() -> None:
    raise RuntimeError("a fault of the demo")


def test_children_are_stopped_whatever_happens(stopped: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    converse(monkeypatch, SEEN, then=interrupt)
    assert main(["demo", "--once"]) == 130
    assert stopped == ["alice", "bob"]
    converse(monkeypatch, SEEN, then=fail)
    with pytest.raises(RuntimeError):
        main(["demo", "--once"])
    assert stopped == ["alice", "bob"] * 2


def test_a_server_that_dies_while_people_look_is_told(
    stopped: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    converse(monkeypatch, SEEN)
    monkeypatch.setattr(command, "_WATCH_S", 0.001)
    assert main(["demo"]) == 1
    assert "a server ended by itself" in capsys.readouterr().err
    assert stopped == ["alice", "bob"]


def test_it_says_what_to_do_next(
    stopped: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    converse(monkeypatch, SEEN)
    monkeypatch.setattr(command, "_stay", lambda *_arguments: None)
    assert main(["demo"]) == 0
    told = capsys.readouterr().out
    for words in ("/@alice", "/home/bob?key=", "fedtext lookup @alice@localhost:", "Ctrl+C"):
        assert words in told


def test_without_uvicorn_it_names_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert main(["demo"]) == 1
    assert "pip install 'fedtext[serve]'" in capsys.readouterr().err


def test_a_folder_that_is_kept_keeps_its_ports(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    with _folder(folder, fresh=False) as made:
        first = [server.settings for server in _servers(made)]
    assert (folder / "demo.json").stat().st_mode & 0o077 == 0
    (folder / "alice.sqlite3").touch()
    with _folder(folder, fresh=False) as made:
        assert [server.settings for server in _servers(made)] == first
    with _folder(folder, fresh=True) as made:
        assert not (folder / "alice.sqlite3").exists()
        assert [server.settings.token for server in _servers(made)] != [settings.token for settings in first]


def test_a_kept_port_that_is_taken_is_told(tmp_path: Path) -> None:
    port = _servers(tmp_path)[0].port
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(ConfigurationError, match="--fresh"):
            _servers(tmp_path)


def test_fresh_removes_nothing_else(tmp_path: Path) -> None:
    mine = tmp_path / "alicent.txt"
    mine.touch()
    with _folder(tmp_path, fresh=True):
        assert mine.exists()


def test_a_folder_of_its_own_vanishes() -> None:
    with _folder(None, fresh=False) as made:
        assert made.is_dir()
    assert not made.exists()
