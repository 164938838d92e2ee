"""`fedtext explain`: documents in files and on a real socket, in a pseudo-terminal and as a pipe."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.readable import PUBLIC, Document, create, note

from fedtext.cli import main
from fedtext.testing.peers import SERVERS
from fedtext.testing.peers.readers import READING_LIMITS

Explain = Callable[..., tuple[int, list[dict[str, Any]]]]


@pytest.fixture
def explain(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Explain:
    """Explain a document in a file with `--json`: exit code and records."""

    def command(document: Document, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
        (tmp_path / "note.json").write_text(json.dumps(document))
        code = main(["explain", str(tmp_path / "note.json"), "--json", *arguments])
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return command


def test_what_everybody_shows(explain: Explain) -> None:
    code, told = explain(create())
    assert code == 0
    assert told == [{"server": server, "verdict": "shown", "findings": []} for server in SERVERS]


def test_what_is_dropped(explain: Explain) -> None:
    code, told = explain(note(to=PUBLIC), "--as", "peertube", "--as", "mastodon", "--as", "peertube")
    assert code == 1
    assert [(record["server"], record["verdict"]) for record in told] == [
        ("peertube", "dropped"),
        ("mastodon", "shown"),
    ]
    assert told[0]["findings"] == [
        {
            "rule": "MOD-03",
            "effect": "dropped",
            "what": "`to` is one text",
            "mend": "write `to` and `cc` as lists",
            "second_hand": False,
        }
    ]


@pytest.mark.parametrize(
    ("document", "server", "verdict"),
    [(note(content='<img src="x">'), "mastodon", "altered"), (note(inReplyTo=None), "lemmy", "not for it")],
)
def test_what_is_shown_otherwise_is_no_failure(explain: Explain, document: Document, server: str, verdict: str) -> None:
    code, (record,) = explain(document, "--as", server)
    assert (code, record["verdict"]) == (0, verdict)


@pytest.mark.spec("MOD-23")
def test_dates_are_compared_with_the_clock(explain: Explain) -> None:
    assert explain(note(published="9000-01-01T00:00:00Z"), "--as", "misskey")[0] == 1


def test_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "note.json").write_text(json.dumps({**note(id="https://a.example/\x1b[2J"), "to": PUBLIC}))
    assert main(["explain", str(tmp_path / "note.json"), "--as", "peertube"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "Note https://a.example/ [2J",
        "✗ PeerTube    dropped",
        "    MOD-03 `to` is one text",
        "        write `to` and `cc` as lists",
    ]


def test_what_is_known_from_the_words_of_others_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "undo.json").write_text(json.dumps({**create(), "type": "Undo", "object": "https://a.example/1"}))
    assert main(["explain", str(tmp_path / "undo.json"), "--as", "threads"]) == 1
    assert "by its id (second hand)" in capsys.readouterr().out


def test_as_a_pipe() -> None:
    command = [sys.executable, "-m", "fedtext", "explain", "-", "--json"]
    done = subprocess.run(command, input=json.dumps(create()), capture_output=True, text=True, timeout=60, check=True)
    assert len(done.stdout.splitlines()) == len(SERVERS)
    assert "\x1b" not in done.stdout
    assert done.stderr == ""


def test_in_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "note.json").write_text(json.dumps(note(to=PUBLIC)))
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "fedtext", "explain", str(tmp_path / "note.json"), "--as", "peertube"],
            stdout=theirs,
            env={**os.environ, "TERM": "xterm", "NO_COLOR": "", "PYTHONUTF8": "1"},
            timeout=60,
            check=False,
        )
        shown = os.read(ours, 4096).decode()
    finally:
        os.close(theirs)
        os.close(ours)
    assert done.returncode == 1
    assert "\x1b[31m✗\x1b[0m PeerTube" in shown


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[", "document.malformed_json"),
        ('{"type": "OrderedCollection"}', "document.type_mismatch"),
        (" " * (READING_LIMITS.document_bytes_max + 1), "document.limit_exceeded"),
    ],
)
def test_what_cannot_be_read(
    text: str, code: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert main(["explain", "-"]) == 1
    assert f"[{code}]" in capsys.readouterr().err


def test_a_server_of_which_there_is_no_model(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["explain", "-", "--as", "friendica"])
    assert stopped.value.code == 2
    assert "choose from" in capsys.readouterr().err


# -- over the network -------------------------------------------------------------------------------------------


@contextmanager
def serving(kind: str, moved: str = "") -> Iterator[str]:
    """Serve a reply under its id, as this media type; give its address."""

    class Answering(BaseHTTPRequestHandler):
        def log_request(self, code: int | str = "-", size: int | str = "-") -> None: ...

        def do_GET(self) -> None:
            origin = f"http://localhost:{self.server.server_address[1]}"
            body = json.dumps(note(id=f"{origin}/1", url=f"{origin}/1", attributedTo=f"{origin}/u")).encode()
            self.send_response(200)
            for name, value in (("content-type", kind), ("content-length", str(len(body)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://localhost:{server.server_address[1]}/1{moved}"
        finally:
            server.shutdown()
            thread.join()


def explain_address(address: str) -> int:
    return main(["explain", address, "--json", "--dev", address.split(":")[2].split("/")[0]])


def test_what_is_served_is_read_as_it_is_served(capsys: pytest.CaptureFixture[str]) -> None:
    with serving("application/activity+json") as address:
        assert explain_address(address) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["verdict"] for record in told] == ["shown"] * len(SERVERS)


@pytest.mark.parametrize(
    ("kind", "moved", "rule"),
    [("application/json", "", "COL-01"), ("application/activity+json", "?page=1", "INB-10")],
)
def test_how_it_is_served_counts(kind: str, moved: str, rule: str, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(kind, moved) as address:
        assert explain_address(address) == 1
    found = {
        record["server"]
        for line in capsys.readouterr().out.splitlines()
        for record in [json.loads(line)]
        if rule in {finding["rule"] for finding in record["findings"]}
    }
    assert found == {"mastodon", "misskey", "lemmy"}


def test_pages_for_people_are_not_read(capsys: pytest.CaptureFixture[str]) -> None:
    with serving("text/html") as address:
        assert explain_address(address) == 1
    assert "give the id of what is on it" in capsys.readouterr().err


@pytest.mark.spec("SEC-093")
def test_this_machine_is_not_looked_at_without_leave(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "http://localhost:9/1"]) == 1
    assert "[fetch." in capsys.readouterr().err
