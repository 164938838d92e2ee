"""`fedtext`: finds the command, runs it, and says what went wrong in words that help.

Exit codes: 0 done, 1 it did not work, 2 the command line was wrong.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ..errors import FedtextError
from .console import Console

_EXIT_CODES = "Exit codes: 0 done; 1 it did not work; 2 the command line was wrong."
# Name, module below this package, one line of help. A command's module is imported when it is needed.
_COMMANDS = (
    ("demo", "demo.command", "two servers in conversation, with pages to look at"),
    ("serve", "serving", "serve a federation with uvicorn"),
    ("worker", "working", "carry out what waits in the queue"),
    ("lookup", "looking_up", "show an actor or post of the network"),
    ("explain", "explaining", "say what other servers would show, alter or drop of a document"),
    ("webfinger", "webfinger", "show what a host says about a handle or an address"),
    ("nodeinfo", "nodeinfo", "show what a server says of itself"),
    ("doctor", "doctor.command", "say what a server's peers would refuse of it"),
    ("verify", "verifying", "show why the signature of a request does, or does not, verify"),
    ("sign", "signing", "sign a request as every server takes it"),
    ("inbox", "receiving", "show what arrives at an inbox, verified step by step"),
    ("keys", "keying", "make, show and rotate keys"),
    ("block", "blocking", "keep a host or an actor away"),
    ("allow", "allowing", "let a host or an actor in"),
    ("rules", "ruling", "list who is kept away or let in, or take a rule away"),
    ("reports", "reporting", "show and close what was reported to a server"),
    ("followers", "synchronizing", "see, pause or resume that followers are kept in step with other servers"),
    ("queue", "queueing", "watch what waits in the queue, and mend it"),
    ("backup", "backing_up", "copy what a server keeps into a file, while it is used"),
    ("restore", "restoring", "fill a server's backend from such a copy"),
    ("completion", "completing", "print a script that completes commands in a shell"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    wanted = next((word for word in given if not word.startswith("-")), "")
    parsed = build_parser(wanted).parse_args(given)
    console = Console(machine=parsed.json)
    run: Callable[[argparse.Namespace, Console], int] = parsed.run
    try:
        return run(parsed, console)
    except FedtextError as error:
        explain(error, console)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `fedtext … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def build_parser(wanted: str | None) -> argparse.ArgumentParser:
    """Build the parser.

    Args:
        wanted: The command whose arguments are declared; None: of all of them, which loads all of their modules.
    """
    parser = argparse.ArgumentParser(
        prog="fedtext",
        description="Host text-post actors on the open social network from any Python web app.",
        epilog=_EXIT_CODES,
    )
    parser.add_argument("--version", action="version", version=f"fedtext {_version()}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, module_name, line in _COMMANDS:
        command = commands.add_parser(name, help=line, description=line[0].upper() + line[1:] + ".", epilog=_EXIT_CODES)
        command.add_argument("--json", action="store_true", help="print JSON, one object per line")
        if wanted in (None, name):
            module: Any = import_module(f".{module_name}", __package__)
            module.configure(command)
            command.set_defaults(run=module.run)
    return parser


def _version() -> str:
    try:
        return version("fedtext")
    except PackageNotFoundError:
        return "0"


def explain(error: FedtextError, console: Console) -> None:
    """Say what went wrong: the code, the message, what it was about, and what to do."""
    console.tell({"error": error.code, "message": error.message, "context": error.context, "hint": error.hint or None})
    console.complain(f"fedtext: {error.message} [{error.code}]")
    for name, value in error.context.items():
        console.complain(f"  {name}: {value}")
    if error.hint:
        console.complain(f"  hint: {error.hint}")
