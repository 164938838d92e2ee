"""A tunnel: which address in what it says is the public one; it ends with us, and never waits for us."""

from __future__ import annotations

import os
import shlex
import sys
import textwrap
import time
from pathlib import Path

import pytest

from fedtext.cli.tunnel import LINE_CHARS_MAX, Tunnel, addresses_in
from fedtext.errors import ConfigurationError


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("your url is: https://abc.tunnel.example", ["https://abc.tunnel.example"]),
        ("| https://abc.tunnel.example/ |", ["https://abc.tunnel.example"]),
        ("see https://docs.example/how/to.", ["https://docs.example/how/to"]),
        ("https://a.example https://b.example:8443", ["https://a.example", "https://b.example:8443"]),
        ("http://a.example", []),
        ("https://localhost https://127.0.0.1 https://host", []),
        ("x" * LINE_CHARS_MAX + "https://a.example", []),
        ("https://" + "a" * 300, []),
        ("", []),
    ],
)
def test_addresses_in_a_line(line: str, found: list[str]) -> None:
    assert addresses_in(line) == found


def command(code: str) -> str:
    return shlex.join([sys.executable, "-u", "-c", textwrap.dedent(code), "{port}"])


def test_the_address_of_a_host_is_taken_not_that_of_its_manual() -> None:
    code = """
        import sys, time
        print("manual: https://docs.example/tunnels", file=sys.stderr)
        print("forwarding https://x.tunnel.example to", sys.argv[1])
        while True:
            print("noise " * 100)
            time.sleep(0.001)
    """
    with Tunnel(command(code), 8123) as tunnel:
        assert tunnel.address() == "https://x.tunnel.example"
        process = tunnel._process
        assert process.poll() is None
        assert "8123" in process.args  # type: ignore[operator]
    assert process.poll() is not None


def test_where_none_is_bare_the_first_is_taken() -> None:
    with Tunnel(command('print("https://x.example/tunnels/1")'), 1) as tunnel:
        assert tunnel.address() == "https://x.example/tunnels/1"


@pytest.mark.parametrize("code", ['print("no address")', "import time; time.sleep(60)", "import sys; sys.exit(1)"])
def test_without_an_address(code: str) -> None:
    with Tunnel(command(code), 1, address_s_max=0.5) as tunnel, pytest.raises(ConfigurationError):
        tunnel.address()


@pytest.mark.parametrize("typed", ["", "no-such-command-anywhere", "'unfinished", "/"])
def test_what_cannot_be_run(typed: str) -> None:
    with pytest.raises(ConfigurationError):
        Tunnel(typed, 1)


def test_one_that_does_not_listen_is_ended_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fedtext.cli.tunnel._END_S_MAX", 0.3)
    code = """
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("https://x.example")
        time.sleep(60)
    """
    with Tunnel(command(code), 1) as tunnel:
        tunnel.address()
    assert tunnel._process.poll() is not None


def test_what_the_command_has_started_is_ended_with_it() -> None:
    code = """
        import subprocess, sys, time
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        print(f"https://child-{child.pid}.example", flush=True)
        time.sleep(60)
    """
    with Tunnel(command(code), 1) as tunnel:
        child = int(tunnel.address().removeprefix("https://child-").removesuffix(".example"))
        os.kill(child, 0)
    for _ in range(500):
        if not is_running(child):
            break
        time.sleep(0.01)
    assert not is_running(child)


def is_running(pid: int) -> bool:
    """Tell whether a process does anything; one that has ended may wait for whoever inherited it."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_nobody_waits_for_one_that_talks_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last word finds the queue full, and its reader ends all the same."""
    monkeypatch.setattr("fedtext.cli.tunnel.LINES_COUNT_MAX", 3)
    with Tunnel(command('print("noise\\n" * 50)'), 1) as tunnel:
        tunnel._process.wait()
        tunnel._reader.join(2)
        assert not tunnel._reader.is_alive()
        with pytest.raises(ConfigurationError):
            tunnel.address()


def test_a_line_without_an_end_comes_in_pieces() -> None:
    code = """
        import sys, time
        sys.stdout.write("x" * 10_000 + " https://x.example ")
        sys.stdout.write("y" * 10_000)
        sys.stdout.flush()
        time.sleep(60)
    """
    with Tunnel(command(code), 1, address_s_max=10) as tunnel:
        assert tunnel.address() == "https://x.example"
