"""The demo from end to end, as a person runs it: two servers, one conversation, one `kill -9`."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fedtext.cli.doctor.judging import PEERS

STEPS = [
    "find", "find-back", "follow", "accept", "follow-back", "post", "reply", "kill", "post-rtl", "followers-only",
    "direct", "like", "boost", "edit", "undo-like", "undo-boost", "rash", "delete", "unfollow",
]  # fmt: skip


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def get(url: str, **headers: str) -> tuple[int, dict[str, str], str]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=10)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}", headers=headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
    finally:
        connection.close()


def demo(*options: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "fedtext", "demo", "--json", *options],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_interrupts,
    )


def hear_interrupts() -> None:
    """Listen to Ctrl+C, also where the tests run in the background of a shell, which has it ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def events(lines: list[str], kind: str) -> list[dict[str, Any]]:
    return [event for event in map(json.loads, lines) if event["event"] == kind]


def test_once_every_step_is_seen_on_the_other_side(tmp_path: Path) -> None:
    with demo("--once", folder=tmp_path) as process:
        told, complaints = process.communicate(timeout=90)
    lines = told.splitlines()
    steps = events(lines, "step")
    assert [(step["step"], step["seen"]) for step in steps] == [(name, True) for name in STEPS], (told, complaints)
    assert process.returncode == 0
    assert complaints == ""
    asked = {step["step"]: step["asked"] for step in steps}
    assert (asked["post"], asked["reply"], asked["follow"], asked["accept"]) == ("bob", "alice", "alice", "bob")
    killed, again = (note["note"] for note in events(lines, "note"))
    assert killed.startswith("kill -9 ")
    assert again.startswith("started again as ")
    assert events(lines, "done")[0]["ok"] is True
    assert [event["pid"] for event in events(lines, "started") if is_running(event["pid"])] == []
    assert list(tmp_path.iterdir()) == []


def test_both_stay_up_to_be_looked_at(tmp_path: Path) -> None:
    with demo("--dir", "kept", folder=tmp_path) as process:
        assert process.stdout is not None
        lines: list[str] = []
        while len(events(lines, "serving")) < 2:
            line = process.stdout.readline()
            assert line, lines
            lines.append(line)
        try:
            look_around(events(lines, "serving"))
        finally:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert [event["pid"] for event in events(lines, "started") if is_running(event["pid"])] == []
    assert {path.name for path in (tmp_path / "kept").iterdir()} >= {"alice.sqlite3", "bob.sqlite3", "demo.json"}


def look_around(serving: list[dict[str, Any]]) -> None:
    alice, bob = serving
    status, _, page = get(alice["profile"], Accept="text/html")
    assert status == 200
    assert "مرحبا بالعالم" in page
    assert 'lang="ar" dir="rtl"' in page
    assert "the cake is in the oven" not in page
    status, headers, _ = get(bob["timeline"])
    home = bob["timeline"].partition("?")[0]
    assert status == 303
    status, _, page = get(home, Cookie=headers["set-cookie"].partition(";")[0])
    assert status == 200
    assert "the cake is in the oven" in page
    assert "I should not have written this" not in page
    assert get(home)[0] == 401
    ports = [urlsplit(server["profile"]).port for server in serving]
    found = subprocess.run(
        [sys.executable, "-m", "fedtext", "lookup", f"@bob@localhost:{ports[1]}", "--dev", f"{ports[1]}", "--json"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    card = json.loads(found.stdout)
    assert (card["handle"], card["name"]) == (f"@bob@localhost:{ports[1]}", "Bob")
    for target in (f"@alice@localhost:{ports[0]}", alice["profile"]):
        examine(target, ports=f"{ports[0]},{ports[1]}", guest=alice["guest_port"])


def examine(target: str, *, ports: str, guest: int) -> None:
    """Nothing that the doctor finds is refused or may be, signed requests included; and nothing is left unsaid."""
    command = [sys.executable, "-m", "fedtext", "doctor", target, "--dev", ports, "--json"]
    command += ["--port", str(guest), "--origin", f"http://localhost:{guest}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    checks = {record["check"]: record["outcome"] for record in records if "check" in record}
    assert {name: outcome for name, outcome in checks.items() if outcome != "passed"} == {
        "webfinger.home": "unknown",  # handles and ids are of one host
        "handle.port": "unknown",  # it is on this machine
        "actor.group": "unknown",  # it is a person
    }, done.stderr
    assert {record["peer"]: record["ok"] for record in records if "peer" in record} == dict.fromkeys(PEERS, True)
    assert done.returncode == 0
