"""`fedtext inbox`: the real command on a real socket, in a pseudo-terminal and as a pipe."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import time

import httpx
import pytest

from fedtext.cli import main
from fedtext.http import Request
from fedtext.keys import generate_rsa
from fedtext.signatures import sign

COMMAND = [sys.executable, "-m", "fedtext", "inbox", "--count", "1"]
WAIT_S = 30.0


def post(inbox: str) -> int:
    unsigned = Request.to(
        inbox,
        method="POST",
        body=b'{"type":"Like","id":"https://a.example/2","actor":"https://a.example/1"}',
        headers=[("content-type", "application/activity+json")],
    )
    request = sign(unsigned, generate_rsa(), key_id="https://a.example/1#main-key", now_s=time.time())
    with httpx.Client(trust_env=False) as client:
        return client.post(inbox, content=request.body, headers=list(request.headers)).status_code


def test_as_a_pipe() -> None:
    with subprocess.Popen([*COMMAND, "--json"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        listening = json.loads(process.stdout.readline())
        assert listening["event"] == "listening"
        assert post(listening["inbox"]) == 503  # the key is nowhere
        arrived = json.loads(process.stdout.readline())
        assert process.wait(WAIT_S) == 0
    assert arrived["signatures"][0]["key_id"] == "https://a.example/1#main-key"
    assert arrived["signatures"][0]["base"].startswith("(request-target): post /actors/1/inbox\nhost: localhost:")


def test_in_a_terminal() -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        COMMAND, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL, env={**os.environ, "TERM": "xterm"}
    )
    os.close(theirs)
    shown = b""
    try:
        while b"Ctrl+C" not in shown and select.select([ours], [], [], WAIT_S)[0]:
            shown += os.read(ours, 4096)
        inbox = re.search(rb"http://localhost:\d+/actors/1/inbox", shown)
        assert inbox is not None
        assert post(inbox[0].decode()) == 503  # the key is nowhere
        assert process.wait(WAIT_S) == 0
        while select.select([ours], [], [], 0.2)[0]:
            try:
                shown += os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert b"\x1b[31m" in shown  # red
    assert b"signature base" in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ["--tunnel", "x", "--origin", "https://a.example"],
        ["--tunnel", "no-such-command-anywhere"],
        ["--origin", "javascript:x"],
        ["--host", "203.0.113.1"],
    ],
)
def test_what_cannot_be(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["inbox", *arguments]) == 1
    assert "fedtext: " in capfd.readouterr().err
