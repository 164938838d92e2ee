"""Servers that talk to each other on this machine, behind TLS, and what tests ask of them.

Both kinds of server, the peer that is not ours (`peer.mjs`) and ours (`ours.py`), are processes of their own and speak
one control API. So a test says who speaks and who listens, and reads the same in both directions.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

import attrs
import httpx
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from fedtext.keys import PrivateKey, load_private_pem

HERE = Path(__file__).parent
NODE = HERE / "fedify" / "node_modules" / "node" / "bin" / "node"
PEER_HOST = "peer.interop.test"
OURS_HOST = "ours.interop.test"
LOOPBACK = "127.0.0.1"
START_S = 60.0
STEP_S = 20.0
POLL_S = 0.05

Json = dict[str, Any]
Found = TypeVar("Found")


class Knock(Enum):
    """The signature that the peer tries first; on 401 it tries the other one."""

    CAVAGE = "draft-cavage-http-signatures-12"
    RFC9421 = "rfc9421"


@attrs.frozen
class Authority:
    """A throw-away certificate authority and one certificate for all names of these tests."""

    ca_file: Path
    certificate_file: Path
    key_file: Path

    @classmethod
    def create(cls, folder: Path) -> Authority:
        """Make the authority, write its files to `folder`."""
        authority = trustme.CA()
        certificate = authority.issue_cert(LOOPBACK, PEER_HOST, f"other.{PEER_HOST}", OURS_HOST)
        files = cls(folder / "ca.pem", folder / "server.pem", folder / "server.key")
        authority.cert_pem.write_to_path(files.ca_file)
        files.certificate_file.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
        certificate.private_key_pem.write_to_path(files.key_file)
        return files


def rsa_keys(users: Sequence[str]) -> Json:
    """Make what the peer keeps in its key file; by itself it makes RSA-4096 keys, half a second and more for each."""

    def number(value: int) -> str:
        octets = value.to_bytes((value.bit_length() + 7) // 8, "big")
        return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()

    def pair() -> Json:
        key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048).private_numbers()
        public = {"n": number(key.public_numbers.n), "e": number(key.public_numbers.e)}
        private = {"d": key.d, "p": key.p, "q": key.q, "dp": key.dmp1, "dq": key.dmq1, "qi": key.iqmp}
        common = {"kty": "RSA", "alg": "RS256", "ext": True, **public}
        return {
            "alg": "RSASSA-PKCS1-v1_5",
            "publicKey": {**common, "key_ops": ["verify"]},
            "privateKey": {**common, "key_ops": ["sign"], **{name: number(value) for name, value in private.items()}},
        }

    return {user: [pair()] for user in users}


def free_port() -> int:
    """Find a port of the loopback address that nobody listens to."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


class Server:
    """One running server and its control API.

    Args:
        name: For messages.
        host: The name in its URIs; resolves to the loopback address inside both servers.
        authority: Whose certificates all sides trust.
        folder: For logs, keys and databases.
        users: Local names of the actors that exist from the start.
    """

    def __init__(self, name: str, host: str, authority: Authority, folder: Path, users: Sequence[str]) -> None:
        self.name = name
        self.authority = authority
        self.users = tuple(users)
        self._fresh = iter(self.users)
        self.port = free_port()
        self.host = f"{host}:{self.port}"
        self.origin = f"https://{self.host}"
        self.folder = folder / f"{name}-{self.port}"
        self.folder.mkdir(parents=True)
        self.output = self.folder / "output.txt"
        self._process: subprocess.Popen[bytes] | None = None
        self._client: httpx.Client | None = None
        self._printed_bytes = 0  # by earlier processes of this server

    def command(self) -> list[str]:
        """Give the command line that starts the server."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Write the files that the server needs, before its first start."""

    def shown(self, user: str, object_id: str) -> str | None:
        """Tell what a user reads of a post from elsewhere: its text, or None when there is nothing (any more)."""
        raise NotImplementedError

    def account(self) -> Account:
        """Take the next actor that nobody has used yet."""
        return Account(self, next(self._fresh))

    def environment(self) -> Mapping[str, str]:
        """Give what the server needs in its environment besides what we have."""
        return {}

    # ---- life

    def start(self) -> None:
        """Start the process and wait until it listens."""
        self.launch()
        self.wait_until_it_listens()

    def launch(self) -> None:
        """Start the process."""
        self.prepare()
        self._printed_bytes = self.output.stat().st_size if self.output.exists() else 0
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                env={**os.environ, **self.environment()},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._client = self.client()

    def wait_until_it_listens(self) -> None:
        """Wait for a process that was launched."""
        try:
            self._wait(f"{self.name} listens", self._is_ready, START_S)
        except BaseException:
            self.stop()
            raise

    def client(self) -> httpx.Client:
        """Give a client of nobody's for this server; close it."""
        trust = ssl.create_default_context(cafile=str(self.authority.ca_file))
        address = f"https://{LOOPBACK}:{self.port}"
        return httpx.Client(
            base_url=address, headers={"Host": self.host}, verify=trust, timeout=STEP_S, trust_env=False
        )

    def _is_ready(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise AssertionError(f"{self.name} ended while starting\n{self.log_tail()}")
        printed = self.output.read_bytes()[self._printed_bytes :].decode("utf-8", "replace")
        return any(line.startswith('{"ready":') for line in printed.splitlines())

    def stop(self) -> None:
        """End the process, by its id, politely at first."""
        if self._client is not None:
            self._client.close()
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._process = None

    def log_tail(self, lines: int = 40) -> str:
        """Give the end of what the process printed."""
        text = self.output.read_text("utf-8", "replace") if self.output.exists() else ""
        return "\n".join(line[:400] for line in text.splitlines()[-lines:])

    # ---- asking

    def call(self, name: str, **arguments: Any) -> Any:
        """Run one command of the control API.

        Raises:
            AssertionError: The server could not do it; its words are in the message.
        """
        assert self._client is not None, f"{self.name} is not started"
        response = self._client.post(f"/_control/{name}", json=arguments)
        assert response.status_code == 200, f"{self.name} {name} {arguments}: {response.text}\n{self.log_tail()}"
        return response.json()

    def ask(self, name: str, **query: str) -> Any:
        """Read one of the views of the control API."""
        assert self._client is not None, f"{self.name} is not started"
        response = self._client.get(f"/_control/{name}", params=query)
        response.raise_for_status()
        return response.json()

    def events(self, kind: str = "") -> list[Json]:
        """List what happened, oldest first: `activity` (verified, came in), `request`, `unverified`, …"""
        happened: list[Json] = self.ask("events", **({"kind": kind} if kind else {}))
        return happened

    def activities(self, type_name: str, **expected: str) -> list[Json]:
        """List the verified activities that came in with the given members (`id`, `actor`, `object`: ids)."""
        return [
            event
            for event in self.events("activity")
            if event["type"] == type_name and all(event[key] == value for key, value in expected.items())
        ]

    def knocks(self) -> list[tuple[str, int]]:
        """List the signature scheme and the answer of each POST that came in: `draft-cavage` or `rfc9421`, status."""
        return [(str(e["signature"]), int(e["status"])) for e in self.events("request") if e["method"] == "POST"]

    # ---- waiting

    def until(self, what: str, look: Callable[[], Found | None], timeout_s: float = STEP_S) -> Found:
        """Look again and again until there is something (truthy) to be seen.

        Raises:
            AssertionError: Nothing within the time; the message tells what the server saw instead.
        """
        return self._wait(f"{self.name}: {what}", look, timeout_s)

    def received(self, type_name: str, **expected: str) -> Json:
        """Wait for a verified activity; give its JSON."""
        wanted = f"{type_name} {expected}"
        event = self.until(f"received {wanted}", lambda: next(iter(self.activities(type_name, **expected)), None))
        activity: Json = event["activity"]
        return activity

    def _wait(self, what: str, look: Callable[[], Found | None], timeout_s: float) -> Found:
        end = time.monotonic() + timeout_s
        while True:
            if found := look():
                return found
            if time.monotonic() > end:
                raise AssertionError(f"not within {timeout_s:g} s: {what}\n{self._account()}")
            time.sleep(POLL_S)

    def _account(self) -> str:
        seen: list[str] = []
        with contextlib.suppress(httpx.HTTPError):
            for event in self.events()[-25:]:
                event.pop("activity", None)
                seen.append(json.dumps(event)[:400])
        return "\n".join([f"--- what {self.name} saw last", *seen, f"--- what {self.name} printed", self.log_tail()])


@attrs.frozen
class Account:
    """One actor of one server: what it does, holds and is shown."""

    server: Server
    user: str

    @property
    def id(self) -> str:
        """The actor's id."""
        known: str = self.held()["actor"]
        return known

    @property
    def handle(self) -> str:
        """The actor's handle."""
        return f"@{self.user}@{self.server.host}"

    def held(self) -> Json:
        """Tell what the server holds for this actor: `followers`, `following` (id to whether it was accepted), …"""
        state: Json = self.server.ask("state")[self.user]
        return state

    def shown(self, object_id: str) -> str | None:
        """Tell the text that this actor reads of a post from elsewhere; None when there is none (any more)."""
        return self.server.shown(self.user, object_id)

    def reactions(self, object_id: str) -> Json:
        """Count the reactions to an own post by the deed that made them: `like`, `announce`; ours alone counts."""
        entries = self.server.ask("timeline", user=self.user)
        counts: Json = next(entry["reactions"] for entry in entries if entry["id"] == object_id)
        return counts

    def post(
        self,
        content: str,
        *,
        visibility: str = "public",
        mentions: Sequence[Account] = (),
        in_reply_to: str | None = None,
        cc: Sequence[str] = (),
    ) -> str:
        """Publish a post (public, unlisted, followers or direct); give its id. Only the peer takes further `cc`."""
        made: Json = self.server.call(
            "post",
            user=self.user,
            content=content,
            visibility=visibility,
            mentions=[account.id for account in mentions],
            inReplyTo=in_reply_to,
            cc=list(cc),
        )
        return str(made["object"])

    def act(self, name: str, **arguments: str) -> str:
        """Do one of: update, delete, follow, undo, like, announce, block; give the id of the activity."""
        made: Json = self.server.call(name, user=self.user, **arguments)
        return str(made["activity"])

    def lookup(self, resource: str) -> Json | None:
        """Fetch a handle or an id from elsewhere, as this actor; None when there is nothing for it to read."""
        answer: Json = self.server.call("lookup", user=self.user, resource=resource)
        found: Json | None = answer["object"] if answer["found"] else None
        return found


class FedifyPeer(Server):
    """The peer that is not ours: Fedify.

    Args:
        first_knock: The signature that it tries first.
        options: Further options of `peer.mjs`, such as `--secure-mode`.
    """

    def __init__(
        self,
        authority: Authority,
        folder: Path,
        users: Sequence[str],
        *,
        first_knock: Knock,
        options: Sequence[str] = (),
        host: str = PEER_HOST,
    ) -> None:
        super().__init__("fedify", host, authority, folder, users)
        self.first_knock = first_knock
        self.options = tuple(options)

    def command(self) -> list[str]:
        """Give the command line of `peer.mjs`."""
        program = [str(NODE), "--import", str(HERE / "fedify" / "names.mjs"), str(HERE / "fedify" / "peer.mjs")]
        arguments = {
            "--host": LOOPBACK,
            "--port": str(self.port),
            "--origin": self.origin,
            "--users": ",".join(self.users),
            "--tls-cert": str(self.authority.certificate_file),
            "--tls-key": str(self.authority.key_file),
            "--first-knock": self.first_knock.value,
            "--log": str(self.folder / "log.jsonl"),
            "--keys": str(self.folder / "keys.json"),
        }
        return [*program, *itertools.chain.from_iterable(arguments.items()), *self.options]

    def prepare(self) -> None:
        """Make the keys of the actors and of the instance."""
        keys = self.folder / "keys.json"
        if not keys.exists():
            keys.write_text(json.dumps(rsa_keys([*self.users, "instance.actor"])))

    def private_key(self, user: str) -> PrivateKey:
        """Give the RSA key of an actor of this peer, to do in its name what the peer would not."""
        pair = json.loads((self.folder / "keys.json").read_text("utf-8"))[user][0]

        def number(name: str) -> int:
            return int.from_bytes(base64.urlsafe_b64decode(pair["privateKey"][name] + "=="), "big")

        public = rsa.RSAPublicNumbers(number("e"), number("n"))
        numbers = rsa.RSAPrivateNumbers(*map(number, ("p", "q", "d", "dp", "dq", "qi")), public)
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return load_private_pem(numbers.private_key().private_bytes(*form))

    def logged(self, kind: str) -> list[Json]:
        """List what happened since the first start, oldest first: the log outlives the process."""
        lines = (self.folder / "log.jsonl").read_text("utf-8").splitlines()
        return [event for event in map(json.loads, lines) if event["kind"] == kind]

    def environment(self) -> Mapping[str, str]:
        """Let Node trust the test authority."""
        return {"NODE_EXTRA_CA_CERTS": str(self.authority.ca_file)}

    def shown(self, user: str, object_id: str) -> str | None:
        """Read what came in, oldest first: the peer keeps no timeline."""
        text: str | None = None
        for event in self.events("activity"):
            if event["object"] == object_id and event["type"] in ("Create", "Update"):
                text = text_of(event["activity"]["object"]["content"])
            elif event["object"] == object_id and event["type"] == "Delete":
                text = None
        return text


class OurServer(Server):
    """Ours: a server built on `fedtext.social`.

    Args:
        options: Further options of `ours.py`, such as `--manual-accept`.
    """

    def __init__(
        self,
        authority: Authority,
        folder: Path,
        users: Sequence[str],
        *,
        options: Sequence[str] = (),
        host: str = OURS_HOST,
    ) -> None:
        super().__init__("ours", host, authority, folder, users)
        self.options = tuple(options)

    def command(self) -> list[str]:
        """Give the command line of `ours.py`."""
        arguments = {
            "--port": str(self.port),
            "--origin": self.origin,
            "--users": ",".join(self.users),
            "--tls-cert": str(self.authority.certificate_file),
            "--tls-key": str(self.authority.key_file),
            "--ca": str(self.authority.ca_file),
            "--database": str(self.folder / "ours.sqlite3"),
        }
        program = [sys.executable, str(HERE / "ours.py")]
        return [*program, *itertools.chain.from_iterable(arguments.items()), *self.options]

    def shown(self, user: str, object_id: str) -> str | None:
        """Read the actor's timeline."""
        entries = self.ask("timeline", user=user)
        return next((str(entry["text"]) for entry in entries if entry["id"] == object_id), None)


@contextlib.contextmanager
def running(*servers: Server) -> Iterator[None]:
    """Keep servers running for the time of a block."""
    with contextlib.ExitStack() as stack:
        for server in servers:
            stack.callback(server.stop)
            server.launch()
        for server in servers:
            server.wait_until_it_listens()
        yield


def text_of(html: object) -> str:
    """Give the text of a post without its tags."""
    return re.sub(r"<[^>]*>", "", str(html)).strip()
