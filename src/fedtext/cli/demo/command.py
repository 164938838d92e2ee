"""`fedtext demo`: two servers in conversation, and pages to look at."""

from __future__ import annotations

import argparse
import importlib.util
import json
import secrets
import signal
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from ...errors import ConfigurationError
from ..console import Console
from .conversation import Conversation, Step
from .processes import DemoFailed, Server, free_ports, is_free
from .settings import Settings

_STATE = "demo.json"
_WATCH_S = 1.0
_PEOPLE = (
    ("alice", "Alice", "I bake, I garden, I read. Each follower is welcome by hand.", "manual"),
    ("bob", "Bob", "Tea, bicycles and the open web. בברכה מכולם.", "auto"),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Start two tiny servers on this machine (two processes, two SQLite files) and let alice and bob hold a"
        " conversation. Each step tells what the other server then holds. Both stay up until Ctrl+C."
    )
    parser.add_argument("--once", action="store_true", help="end by itself: 0 if every step was seen, else 1")
    parser.add_argument("--dir", type=Path, metavar="FOLDER", help="keep databases, logs and ports there")
    parser.add_argument("--fresh", action="store_true", help="with --dir: begin anew, the old databases are removed")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run the demo; 0 when every step was seen on the other side."""
    if importlib.util.find_spec("uvicorn") is None:
        raise ConfigurationError(
            "the demo serves with uvicorn, which is missing", install="pip install 'fedtext[serve]'"
        )
    signal.signal(signal.SIGTERM, _interrupt)
    with _folder(arguments.dir, fresh=arguments.fresh) as folder:
        servers = _servers(folder)
        try:
            started_s = time.monotonic()
            seen = _converse(servers, console)
            _conclude(servers, seen, time.monotonic() - started_s, console)
            if not arguments.once:
                _invite(servers, console)
                _stay(servers, console)
        finally:
            for server in servers:
                server.stop()
    return 0 if seen else 1


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    """Let SIGTERM end as Ctrl+C does: the children are stopped."""
    raise KeyboardInterrupt


@contextmanager
def _folder(given: Path | None, *, fresh: bool) -> Generator[Path, None, None]:
    """Give the folder: the one that was named, or one that vanishes in the end."""
    if given is None:
        with tempfile.TemporaryDirectory(prefix="fedtext-demo-") as made:
            yield Path(made)
        return
    folder = given.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if fresh:
        for name, *_ in _PEOPLE:
            for path in folder.glob(f"{name}.*"):
                path.unlink()
        (folder / _STATE).unlink(missing_ok=True)
    yield folder


def _servers(folder: Path) -> tuple[Server, Server]:
    """Describe both servers; ids are for ever, so a folder that is used again keeps its ports."""
    state = folder / _STATE
    if state.exists():
        read = json.loads(state.read_text("utf-8"))
        ports, tokens = tuple(read["ports"]), tuple(read["tokens"])
        ports += free_ports(len(_PEOPLE) + 1 - len(ports))  # a folder of before there were guests
        taken = [port for port in ports[: len(_PEOPLE)] if not is_free(port)]
        if taken:
            raise ConfigurationError(
                "a port of the last time is taken; end what uses it, or begin anew with --fresh", ports=taken
            )
    else:
        ports, tokens = free_ports(len(_PEOPLE) + 1), tuple(secrets.token_urlsafe(18) for _ in _PEOPLE)
        state.touch(mode=0o600)
        state.write_text(json.dumps({"ports": ports, "tokens": tokens}), "utf-8")
    alice, bob = (
        Server(
            Settings(
                name=name,
                display=display,
                about=about,
                origin=f"http://localhost:{port}",
                database=str(folder / f"{name}.sqlite3"),
                ports=tuple(ports),
                token=token,
                accept=accept,
                tied=True,
            ),
            log=folder / f"{name}.log",
        )
        for (name, display, about, accept), port, token in zip(_PEOPLE, ports, tokens, strict=False)
    )
    return alice, bob


def _converse(servers: tuple[Server, Server], console: Console) -> bool:
    console.say(console.style("fedtext demo: two servers, two processes, two databases, one conversation", "strong"))
    for server in servers:
        server.start()
    for server in servers:
        server.wait_until_ready()
        console.say(f"  {server.name:6} {server.handle:24} {console.style(f'pid {server.pid}', 'soft')}")
        console.tell({"event": "started", "server": server.name, "origin": server.settings.origin, "pid": server.pid})
    console.say()

    def note(line: str) -> None:
        console.say(f"      {console.style(line, 'soft')}")
        console.tell({"event": "note", "note": line})

    seen = True
    for number, step in enumerate(Conversation(*servers, note).steps(), start=1):
        _show(number, step, console)
        seen = seen and step.seen
    return seen


def _show(number: int, step: Step, console: Console) -> None:
    took = console.style(f"{step.seconds:.1f} s", "soft")
    console.say(f"{console.sign(step.seen)} {number:2}  {console.style(step.did, 'strong')}  {took}")
    where = f"{step.asked}'s server: " if step.asked else ""
    console.say(f"      {where}{step.held}")
    console.tell(
        {
            "event": "step",
            "number": number,
            "step": step.name,
            "did": step.did,
            "asked": step.asked,
            "held": step.held,
            "seen": step.seen,
            "seconds": round(step.seconds, 3),
        }
    )


def _conclude(servers: Sequence[Server], seen: bool, seconds: float, console: Console) -> None:
    console.tell({"event": "done", "ok": seen, "seconds": round(seconds, 3)})
    console.say()
    if seen:
        console.say(console.style(f"Every step was seen on the other side, in {seconds:.0f} s.", "good"))
    else:
        console.say(console.style("Not every step was seen on the other side.", "bad"))
        for server in servers:
            console.complain(f"  the end of {server.log}:")
            for line in server.log.read_text("utf-8", "replace").splitlines()[-8:]:
                console.complain(f"    {line}")


def _invite(servers: Sequence[Server], console: Console) -> None:
    """Say what to look at and what to try."""
    ports = ",".join(str(server.port) for server in servers)
    guest = servers[0].settings.ports[-1]
    console.say("\nBoth servers are up. Open in a browser:")
    for server in servers:
        origin, name = server.settings.origin, server.name
        console.say(f"  {name + chr(39) + 's profile':18} {console.style(f'{origin}/@{name}', 'link')}")
        key = f"{origin}/home/{name}?key={server.settings.token}"
        console.say(f"  {name + chr(39) + 's timeline':18} {console.style(key, 'link')}")
    alice = servers[0]
    console.say("\nTry in another terminal:")
    console.say(f"  fedtext lookup {alice.handle} --dev {ports}")
    console.say(f"  fedtext doctor {alice.handle} --dev {ports} --port {guest} --origin http://localhost:{guest}")
    console.say(f"  curl -H 'Accept: application/activity+json' -L {alice.settings.origin}/@{alice.name}")
    console.say(f"  curl '{alice.settings.origin}/.well-known/webfinger?resource=acct:{alice.handle[1:]}'")
    console.say("\nThen put it into an app of yours: docs/tutorial, or the README. Ctrl+C ends the demo.")
    for server in servers:
        origin = server.settings.origin
        console.tell(
            {
                "event": "serving",
                "server": server.name,
                "profile": f"{origin}/@{server.name}",
                "timeline": f"{origin}/home/{server.name}?key={server.settings.token}",
                "guest_port": guest,
            }
        )


def _stay(servers: Sequence[Server], console: Console) -> None:
    """Wait for Ctrl+C.

    Raises:
        DemoFailed: A server ended by itself.
    """
    try:
        while True:
            time.sleep(_WATCH_S)
            for server in servers:
                if not server.is_running():
                    raise DemoFailed("a server ended by itself", server=server.name, log=server.last_words())
    except KeyboardInterrupt:
        console.say("\nended")
