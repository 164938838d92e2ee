"""`fedtext doctor` against servers on real sockets: a sound one, and one fault at a time."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fedtext.cli import main


class Peer(ThreadingHTTPServer):
    """A small server with one switch for each fault."""

    fault = ""
    handle: str | None = None
    actor: str | None = None

    def origin(self) -> str:
        return f"http://localhost:{self.server_address[1]}"


class Answering(BaseHTTPRequestHandler):
    server: Peer

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None: ...

    def date_time_string(self, timestamp: float | None = None) -> str:
        return "Sun, 06 Nov 1994 08:49:37 GMT" if self.server.fault == "SIG-05" else super().date_time_string(timestamp)

    def do_GET(self) -> None:
        fault, origin = self.server.fault, self.server.origin()
        actor_id = f"{origin}/users/1"
        if self.path.startswith("/.well-known/webfinger"):
            if fault == "silence":
                return self.connection.close()
            href = "https://b.example/" if fault == "WF-11" else self.server.actor or actor_id
            links = [{"rel": "self", "type": "application/activity+json", "href": href}]
            return self.answer(404 if fault == "WF-01" else 200, {"links": links}, "application/jrd+json")
        if self.path.startswith("/.well-known/nodeinfo"):
            return self.answer(404 if fault == "WF-17" else 200, {"links": []}, "application/json")
        if fault == "secure":
            return self.answer(401, {}, "application/json")
        if fault == "ACT-26" or "html" in self.headers["accept"]:
            return self.answer(200, {}, "text/html")
        key = {"id": f"{actor_id}#main-key", "owner": actor_id, "publicKeyPem": "x"}
        document = {
            "id": "https://b.example/" if fault == "INB-10" else actor_id,
            "type": "Person",
            "preferredUsername": "bob",
            "inbox": f"{actor_id}/inbox",
            "outbox": None if fault == "ACT-01" else f"{actor_id}/outbox",
            "publicKey": key,
            "webfinger": self.server.handle,
        }
        kind = "application/json" if fault == "COL-01" else "application/activity+json"
        return self.answer(200, document, kind)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        typed = self.headers["content-type"] == "application/activity+json"
        wanted = "SIG-26" if typed else "INB-01"
        self.answer(202 if self.server.fault == wanted else 401 if typed else 415, {}, "application/json")

    def answer(self, status: int, document: object, kind: str) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        for name, value in (("content-type", kind), ("vary", "Accept"), ("content-length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(fault: str) -> Iterator[Peer]:
    with Peer(("127.0.0.1", 0), Answering) as peer:
        peer.fault = fault
        thread = threading.Thread(target=peer.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield peer
        finally:
            peer.shutdown()
            thread.join()


def doctor(peer: Peer, *more: str) -> int:
    return main(["doctor", f"{peer.origin()}/users/1", "--dev", str(peer.server_address[1]), *more])


def test_a_sound_server_is_all_well(capsys: pytest.CaptureFixture[str]) -> None:
    with serving("") as peer:
        assert doctor(peer) == 0
    assert "nothing found" in capsys.readouterr().out


@pytest.mark.parametrize(
    "rule", ["WF-01", "WF-11", "WF-17", "ACT-01", "ACT-26", "COL-01", "INB-01", "INB-10", "SIG-05", "SIG-26"]
)
def test_each_fault_of_a_server_is_named(rule: str, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(rule) as peer:
        assert doctor(peer, "--json") == (0 if rule == "WF-17" else 1)
    findings = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rule in {name for finding in findings for name in finding["rules"]}


def test_who_says_nothing_is_not_well(capsys: pytest.CaptureFixture[str]) -> None:
    with serving("silence") as peer:
        assert doctor(peer) == 1
    assert "webfinger: no answer" in capsys.readouterr().out


@pytest.mark.spec("WF-09")
def test_the_host_of_the_handle_is_asked_where_it_is_another(capsys: pytest.CaptureFixture[str]) -> None:
    with serving("WF-01") as peer, serving("") as other:
        peer.handle = f"bob@localhost:{other.server_address[1]}"
        other.actor = f"{peer.origin()}/users/1"
        ports = f"{peer.server_address[1]},{other.server_address[1]}"
        assert main(["doctor", f"{peer.origin()}/users/1", "--dev", ports]) == 0
    assert "nothing found" in capsys.readouterr().out


def test_a_table_by_peer_software(capsys: pytest.CaptureFixture[str]) -> None:
    with serving("SIG-05") as peer:
        assert doctor(peer) == 1
    assert capsys.readouterr().out.splitlines()[0] == "Takahē"


def test_what_answers_signed_requests_alone_is_not_examined(capsys: pytest.CaptureFixture[str]) -> None:
    with serving("secure") as peer:
        assert doctor(peer) == 2
    assert "could not be examined" in capsys.readouterr().err


def test_a_target_that_is_no_url() -> None:
    assert main(["doctor", "bob"]) == 1
