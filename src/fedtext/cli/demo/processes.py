"""The processes of the two servers: started, killed, started again, and asked over HTTP."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias, cast
from urllib.parse import quote, urlencode

from ...errors import FedtextError
from .settings import VARIABLE, Settings

Json: TypeAlias = dict[str, Any]

_START_S_MAX = 30.0
_ANSWER_S_MAX = 15.0
_PAUSE_S = 0.05
_LOG_LINES = 15


class DemoFailed(FedtextError):
    """A server of the demo did not do what it should."""

    code = "demo.failed"


class Server:
    """One server: a child process, its log file, and the way to ask it.

    Args:
        settings: Who it is.
        log: Where its output goes.
    """

    def __init__(self, settings: Settings, log: Path) -> None:
        self.settings = settings
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        """The name of its actor."""
        return self.settings.name

    @property
    def port(self) -> int:
        """Its port."""
        return int(self.settings.origin.rpartition(":")[2])

    @property
    def handle(self) -> str:
        """The handle of its actor."""
        return f"@{self.name}@localhost:{self.port}"

    @property
    def pid(self) -> int:
        """The process that runs now, or ran last; 0 before the first start."""
        return 0 if self._process is None else self._process.pid

    # ---- the process ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start a process."""
        command = [sys.executable, "-m", "fedtext", "serve", "fedtext.cli.demo.server:make"]
        command += ["--host", "localhost", "--port", str(self.port)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command,
                env={**os.environ, VARIABLE: self.settings.dump(), "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.PIPE,  # its end tells the child that we are no more
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl+C is for us; we then end our children
            )

    def wait_until_ready(self) -> None:
        """Wait until it answers.

        Raises:
            DemoFailed: It did not, in time.
        """
        deadline_s = time.monotonic() + _START_S_MAX
        while time.monotonic() < deadline_s:
            if self._process is not None and self._process.poll() is not None:
                raise DemoFailed("the server ended at once", server=self.name, log=self.last_words())
            try:
                self.home()
            except OSError:
                time.sleep(_PAUSE_S)
            else:
                return
        raise DemoFailed("the server does not answer", server=self.name, log=self.last_words())

    def last_words(self) -> str:
        """Give the end of its log."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-_LOG_LINES:])

    def kill(self) -> int:
        """Kill the process without a chance to tidy up (SIGKILL); gives its pid."""
        if self._process is None:
            raise DemoFailed("there is no process to kill", server=self.name)
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        return self._process.pid

    def stop(self) -> None:
        """End the process in peace; after a while by force."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=8)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdin is not None:
            process.stdin.close()

    def is_running(self) -> bool:
        """Tell whether its process runs."""
        return self._process is not None and self._process.poll() is None

    # ---- asking it -----------------------------------------------------------------------------------------------

    def tell(self, command: str, **given: object) -> Json:
        """Let its actor do something; what is answered is durable.

        Raises:
            DemoFailed: It refused.
            OSError: It did not answer.
        """
        body = json.dumps(given).encode("utf-8")
        status, answer = self._exchange("POST", f"/demo/{command}", body=body)
        if status != 200:
            raise DemoFailed("the server refused a command", server=self.name, command=command, answer=answer)
        return _object(answer)

    def home(self, **query: str) -> Json:
        """Ask what it holds for its actor, as that actor's reader.

        Raises:
            OSError: It did not answer.
            DemoFailed: It refused.
        """
        asked = f"?{urlencode(query)}" if query else ""
        return self._read(f"/home/{quote(self.name)}.json{asked}")

    def arrivals(self) -> Mapping[str, int]:
        """Ask how often it applied each activity from elsewhere."""
        found: Mapping[str, int] = self._read("/demo/arrivals")["arrivals"]
        return found

    def _read(self, target: str) -> Json:
        status, answer = self._exchange("GET", target)
        if status != 200:
            raise DemoFailed("the server refused to tell", server=self.name, target=target, status=status)
        return _object(answer)

    def status_for_strangers(self, iri: str) -> int:
        """Ask for an id as somebody who is nobody; gives the status."""
        path = iri.removeprefix(self.settings.origin)
        status, _ = self._exchange("GET", path, headers={"Accept": "application/activity+json"}, known=False)
        return status

    def _exchange(
        self,
        method: str,
        target: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        known: bool = True,
    ) -> tuple[int, bytes]:
        fields = dict(headers or {})
        if known:
            fields["Authorization"] = f"Bearer {self.settings.token}"
        connection = http.client.HTTPConnection("localhost", self.port, timeout=_ANSWER_S_MAX)
        try:
            connection.request(method, target, body=body, headers=fields)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except http.client.HTTPException as error:
            raise ConnectionResetError(f"the server broke off: {error!r}") from error
        finally:
            connection.close()


def _object(body: bytes) -> Json:
    read: object = json.loads(body)
    if not isinstance(read, dict):
        raise DemoFailed("the server answered nonsense", answer=body)
    return cast("Json", read)


def free_ports(count: int) -> tuple[int, ...]:
    """Find ports of the loopback address that are free now."""
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return tuple(one.getsockname()[1] for one in held)
    finally:
        for one in held:
            one.close()


def is_free(port: int) -> bool:
    """Tell whether a port of the loopback address can be had."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
