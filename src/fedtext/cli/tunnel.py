"""Run a command that makes a port of this machine reachable from outside, and read from its output at which address.

Such programs print their public address among other lines, some with links to their manuals. The first https address
without a path is taken; where none comes in time, the first one of all.
"""

from __future__ import annotations

import os
import queue
import re
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Final

from ..errors import ConfigurationError, FedtextError
from ..wire.iri import parse_url

ADDRESS_S_MAX: Final = 30.0
LINE_CHARS_MAX: Final = 4_096
LINES_COUNT_MAX: Final = 1_000
_END_S_MAX: Final = 5.0
_LOOK_S: Final = 0.5
_ADDRESS: Final = re.compile(r"https://[A-Za-z0-9.\-]{1,253}(?::[0-9]{1,5})?(?:/[^\s\"'|<>]{0,200})?")


def addresses_in(line: str) -> list[str]:
    """Give the https addresses in a line that are no names of this machine, each without a slash at its end."""
    found: list[str] = []
    for text in _ADDRESS.findall(line[:LINE_CHARS_MAX]):
        try:
            url = parse_url(text.rstrip("/.,)"))
        except FedtextError:
            continue
        if "." in url.host and not url.host.rpartition(".")[2].isdigit():
            found.append(str(url).rstrip("/"))
    return found


def is_bare(address: str) -> bool:
    """Tell whether an address is that of a host, without a path."""
    return "/" not in address.removeprefix("https://")


class Tunnel:
    """A running command; its output is read until it ends, so that it never waits for us.

    Args:
        command: As typed; "{port}" stands for the port.
        port: Of this machine.
        address_s_max: Seconds to wait for the address.

    Raises:
        ConfigurationError: The command cannot be run.
    """

    def __init__(self, command: str, port: int, *, address_s_max: float = ADDRESS_S_MAX) -> None:
        self._address_s_max = address_s_max
        self._lines: queue.Queue[str | None] = queue.Queue(LINES_COUNT_MAX)
        try:
            words = [word.replace("{port}", str(port)) for word in shlex.split(command)]
            self._process = _started(words)
        except (OSError, ValueError) as error:
            raise ConfigurationError("the tunnel command cannot be run", command=command, reason=str(error)) from error
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Tunnel:
        """Give itself."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """End the command."""
        self.close()

    def address(self) -> str:
        """Wait for the public address.

        Raises:
            ConfigurationError: The command ended, or said none in time.
        """
        end_s = time.monotonic() + self._address_s_max
        others: list[str] = []
        while (left_s := end_s - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=min(left_s, _LOOK_S))
            except queue.Empty:
                if self._reader.is_alive():
                    continue
                break  # its last word found no room
            if line is None:
                break
            for address in addresses_in(line):
                if is_bare(address):
                    return address
                others.append(address)
        if others:
            return others[0]
        raise ConfigurationError("the tunnel command named no public https address", seconds=self._address_s_max)

    def close(self) -> None:
        """End the command and what it has started, kindly first."""
        if self._process.poll() is None:
            self._end(kindly=True)
            try:
                self._process.wait(_END_S_MAX)
            except subprocess.TimeoutExpired:
                self._end(kindly=False)
                self._process.wait()
        self._reader.join(_END_S_MAX)

    def _end(self, *, kindly: bool) -> None:
        """Signal the command and its children, which are a group of their own where the system has groups."""
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM if kindly else signal.SIGKILL)
        elif kindly:
            self._process.terminate()
        else:
            self._process.kill()

    def _read(self) -> None:
        stream = self._process.stdout
        if stream is None:
            return
        with stream:
            while line := stream.readline(LINE_CHARS_MAX):  # a line without an end comes in pieces
                self._note(line)
        self._note(None)

    def _note(self, line: str | None) -> None:
        """Hand a line to whoever waits; nobody may, and then it is dropped instead of waiting for room."""
        with suppress(queue.Full):
            self._lines.put_nowait(line)


def _started(words: Sequence[str]) -> subprocess.Popen[str]:
    if not words:
        raise ValueError("it is empty")
    return subprocess.Popen(  # noqa: S603 - whoever types a command wants it run
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
