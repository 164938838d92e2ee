"""`fedtext verify`: requests in files, step by step; exit codes; what machines read."""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tests.live import in_terminal
from tests.signing import KEY_ID, NOW_S, OWNER, answer, message

from fedtext.cli import main
from fedtext.cli.messages import written
from fedtext.cli.verifying import moment
from fedtext.config import Scheme
from fedtext.http import Request
from fedtext.keys import build_did_key, build_multikey, generate_ed25519, generate_rsa
from fedtext.signatures import data_integrity, linked_data, sign, sign_response
from fedtext.wire.http_message import StatusLine, build_http_message
from fedtext.wire.json import JsonObject, dump, parse_object

RSA = generate_rsa()
OTHER = generate_rsa()
ED25519 = generate_ed25519()
URL = "https://b.example/users/2/inbox?x=1"
NOW = ["--now", str(NOW_S)]
Told = tuple[int, list[dict[str, Any]], str]


def raw(scheme: Scheme = Scheme.CAVAGE, *, url: str = URL, signer: Any = RSA) -> bytes:
    return written(sign(message(url=url), signer, key_id=KEY_ID, now_s=NOW_S, scheme=scheme), {})


@pytest.fixture
def key(tmp_path: Path) -> str:
    (tmp_path / "key.pem").write_text(RSA.public.pem)
    return str(tmp_path / "key.pem")


@pytest.fixture
def verify(tmp_path: Path, key: str, capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    """Verify some bytes with `--json`: exit code, records, complaints."""

    def command(data: bytes, *arguments: str, with_key: bool = True, name: str = "request.http") -> Told:
        (tmp_path / name).write_bytes(data)
        given = ["--key", key] if with_key else []
        code = main(["verify", str(tmp_path / name), "--json", *NOW, *given, *arguments])
        out, err = capsys.readouterr()
        return code, [json.loads(line) for line in out.splitlines()], err

    return command


def failed(record: dict[str, Any]) -> list[str]:
    return [step["name"] for step in record["steps"] if step["outcome"] == "failed"]


def hint(record: dict[str, Any]) -> str:
    return str(next(step["hint"] for step in record["steps"] if step["outcome"] == "failed"))


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize("ends", [b"\r\n", b"\n"])
def test_a_good_request(verify: Callable[..., Told], scheme: Scheme, ends: bytes) -> None:
    code, records, err = verify(raw(scheme).replace(b"\r\n", ends))
    assert (code, err) == (0, "")
    assert [record["verified"] for record in records] == [True]
    assert records[0]["scheme"] == scheme.value
    assert records[0]["key_id"] == KEY_ID
    assert "/users/2/inbox?x=1" in records[0]["base"]
    assert failed(records[0]) == []


BROKEN = [
    (b"Signature:", b"Not-Signature:", ["grammar"], "sign (request-target)"),
    (b" digest\"", b"\"", ["coverage", "signature"], "the body could be exchanged"),
    (b"Host: b.example", b"Host: c.example", ["signature"], "no usual mistake"),
    (b"Host: b.example\r\n", b"", ["host", "signature"], "the request has no Host header"),
    (b'{"type":"Like"}', b'{"type":"Like"}\n', ["digest"], "a line break was put behind the body"),
    (b'{"type":"Like"}', b'{"type": "Like"}', ["digest"], "the body was read as JSON and written anew"),
    (b"algorithm=\"rsa-sha256\"", b"algorithm=\"ed25519\"", ["algorithm"], "None"),
    (b"/users/2/inbox?x=1", b"/users/3/inbox", ["signature"], "no usual mistake"),
    (b"SHA-256=", b"sha-256=", ["signature"], "the peer signed the name of the digest in upper case"),
    (b"Date: Mon", b"Date: Never", ["time", "signature"], "None"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "steps", "cause"), BROKEN)
def test_broken_requests(verify: Callable[..., Told], old: bytes, new: bytes, steps: list[str], cause: str) -> None:
    data = raw()
    assert old in data
    code, records, _ = verify(data.replace(old, new, 1))
    assert code == 1
    assert failed(records[0]) == steps
    assert cause in hint(records[0])


def test_the_query_that_the_peer_left_out(verify: Callable[..., Told]) -> None:
    data = raw(url=URL.partition("?")[0]).replace(b"/inbox HTTP", b"/inbox?x=1 HTTP")
    code, records, _ = verify(data)
    assert code == 1
    assert hint(records[0]) == "the peer signed the path without its query"


def test_a_lower_case_digest_verifies_here_and_not_elsewhere(verify: Callable[..., Told]) -> None:
    request = sign(message(), RSA, key_id=KEY_ID, now_s=NOW_S, digest="sha-256=" + raw_digest(message()))
    code, records, _ = verify(written(request, {}))
    assert code == 0
    assert records[0]["advice"][0]["text"] == "Digest is lower-case: Threads and PeerTube will refuse this"


def raw_digest(request: Request) -> str:
    return (request.headers.get("content-digest") or "").removeprefix("sha-256=:").removesuffix(":")


@pytest.mark.parametrize(("now_s", "cause"), [(NOW_S + 4_000, "4000 s old"), (NOW_S - 400, "400 s ahead")])
def test_clocks(verify: Callable[..., Told], now_s: int, cause: str) -> None:
    code, records, _ = verify(raw(), "--now", str(now_s))
    assert (code, failed(records[0])) == (1, ["time"])
    assert cause in hint(records[0])


def test_the_time_of_the_signature_itself(verify: Callable[..., Told]) -> None:
    assert verify(raw(), "--now", "signed")[0] == 0
    assert verify(raw(Scheme.RFC9421), "--now", "signed")[0] == 0
    assert verify(raw().replace(b"Date:", b"X:"), "--now", "signed")[0] == 1
    assert verify(raw().replace(b"Signature:", b"X:"), "--now", "signed")[0] == 1
    (code, _, _) = verify(raw())
    assert code == 0


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("0", 0.0),
        (str(NOW_S), float(NOW_S)),
        ("Mon, 21 Sep 2026 14:13:20 GMT", float(NOW_S)),
        ("2026-09-21T14:13:20Z", float(NOW_S)),
        ("signed", None),
    ],
)
def test_moments(text: str, read: float | None) -> None:
    assert moment(text) == read


@pytest.mark.parametrize("text", ["", "now", "-1", "1" * 13, "٣", "2026-09-21"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        moment(text)


def test_now_is_now(tmp_path: Path, key: str) -> None:
    request = sign(message(), RSA, key_id=KEY_ID, now_s=time.time())
    (tmp_path / "request.http").write_bytes(written(request, {}))
    assert main(["verify", str(tmp_path / "request.http"), "--key", key]) == 0


def test_without_a_key_the_other_steps_are_told(verify: Callable[..., Told]) -> None:
    code, records, _ = verify(raw(), with_key=False)
    assert code == 1
    outcomes = {step["name"]: step["outcome"] for step in records[0]["steps"]}
    assert outcomes["digest"] == "passed"
    assert outcomes["signature"] == "unknown"


def test_the_host_that_is_served(verify: Callable[..., Told]) -> None:
    assert verify(raw(), "--authority", "B.example")[0] == 0
    code, records, _ = verify(raw(), "--authority", "c.example")
    assert (code, failed(records[0])) == (1, ["host"])
    assert verify(raw().replace(b"Host: b.example\r\n", b""), "--authority", "b.example")[0] == 0
    assert verify(raw(), "--authority", "not a host")[0] == 2
    absolute = raw().replace(b"POST /", b"POST https://b.example/").replace(b"Host: b.example\r\n", b"")
    assert verify(absolute)[0] == 0
    plain = written(sign(message(url="http://b.example/a"), RSA, key_id=KEY_ID, now_s=NOW_S, scheme=Scheme.RFC9421), {})
    assert verify(plain)[0] == 1
    assert verify(plain, "--http")[0] == 0


def test_each_label_is_shown(verify: Callable[..., Told]) -> None:
    request = sign(message(), RSA, key_id=KEY_ID, now_s=NOW_S, scheme=Scheme.RFC9421)
    other = sign(message(), OTHER, key_id=KEY_ID, now_s=NOW_S, scheme=Scheme.RFC9421)
    both = [
        (name, f"{request.headers.get(name)}, {(other.headers.get(name) or '').replace('sig1', 'second')}")
        for name in ("signature-input", "signature")
    ]
    code, records, _ = verify(written(request.with_headers(request.headers.with_fields(*both)), {}))
    assert code == 0
    assert [(record["label"], record["verified"]) for record in records] == [("sig1", True), ("second", False)]


def test_responses(verify: Callable[..., Told], tmp_path: Path) -> None:
    request = sign(message(), RSA, key_id=KEY_ID, now_s=NOW_S)
    signed = sign_response(answer(), RSA, key_id=KEY_ID, now_s=NOW_S, request=request)
    data = build_http_message(StatusLine(status=200), signed.headers.fields, signed.body)
    (tmp_path / "sent.http").write_bytes(written(request, {}))
    assert verify(data, "--request", str(tmp_path / "sent.http"))[0] == 0
    code, records, _ = verify(data)
    assert (code, failed(records[0])) == (1, ["signature"])
    assert "the request is needed that it answers" in hint(records[0])
    assert verify(data, "--now", "signed", "--request", str(tmp_path / "sent.http"))[0] == 0
    assert verify(raw(), "--request", str(tmp_path / "sent.http"))[0] == 2


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"", "request.http", "document.malformed_text"),
        (b"GET / FTP\r\n\r\n", "request.http", "document.malformed_text"),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 129 + b"\r\n", "request.http", "document.limit_exceeded"),
        (b"{", "note.json", "document.malformed_json"),
        (b"[]", "note.json", "document.malformed_text"),
    ],
)
def test_what_cannot_be_read(verify: Callable[..., Told], data: bytes, name: str, code: str) -> None:
    exit_code, records, err = verify(data, name=name)
    assert exit_code == 2
    assert records[0]["error"] == code
    assert code in err


def test_files_that_are_not_there_or_too_long(tmp_path: Path, key: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(tmp_path / "none.http")]) == 2
    assert "No such file" in capsys.readouterr().err
    (tmp_path / "long.http").write_bytes(b"GET / HTTP/1.1\r\n\r\n" + bytes(1_048_576 + 65_536))
    assert main(["verify", str(tmp_path / "long.http")]) == 2
    (tmp_path / "request.http").write_bytes(raw())
    assert main(["verify", str(tmp_path / "request.http"), "--key", str(tmp_path / "none.pem")]) == 2
    assert main(["verify", "a\x00b"]) == 2
    with pytest.raises(SystemExit) as caught:
        main(["verify"])
    assert caught.value.code == 2


def test_standard_input(monkeypatch: pytest.MonkeyPatch, key: str, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw())))
    assert main(["verify", "-", "--key", key, *NOW]) == 0
    assert "verified" in capsys.readouterr().out


def test_what_people_see(tmp_path: Path, key: str, capsys: pytest.CaptureFixture[str]) -> None:
    data = raw().replace(b"Host: b.example", b"X-Note: a\r\nHost: b.example")
    (tmp_path / "request.http").write_bytes(data.replace(b"SHA-256=", b"SHA-256=\t", 1))
    assert main(["verify", str(tmp_path / "request.http"), "--key", key, *NOW]) == 1
    out = capsys.readouterr().out
    assert "POST https://b.example/users/2/inbox?x=1, 15 bytes of body\n" in out
    assert "  passed coverage  covers (request-target) host date digest\n" in out
    assert "    1  (request-target): post /users/2/inbox?x=1\\n\n" in out
    assert "    4  digest: SHA-256=\\t" in out
    assert "not covered: content-type x-note\n" in out
    assert "not verified: digest, signature\n" in out
    assert "(WordPress, Friendica," in out
    assert "\x1b" not in out
    assert main(["verify", str(tmp_path / "request.http"), *NOW]) == 1
    assert "not verified: digest\n" in capsys.readouterr().out
    (tmp_path / "request.http").write_bytes(raw())
    assert main(["verify", str(tmp_path / "request.http"), *NOW]) == 1
    assert "not verified: there is no key; give one with --key\n" in capsys.readouterr().out


def test_the_exit_codes_are_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["verify", "--help"])
    assert "Exit codes: 0 a signature is verified, of a document all of them; 1 none is," in capsys.readouterr().out


def test_a_key_that_cannot_be_fetched_leaves_the_rest_judged(verify: Callable[..., Told]) -> None:
    """SEC-093: loopback is refused unless `--dev` names the port."""
    request = sign(message(), RSA, key_id="http://localhost:9/a#main-key", now_s=NOW_S)
    code, records, err = verify(written(request, {}), "--fetch", with_key=False)
    assert code == 1
    assert records[0]["error"].startswith(("signature.key_refused", "fetch."))
    assert failed(records[1]) == []
    assert "Traceback" not in err
    assert verify(raw().replace(b"Signature:", b"X:"), "--fetch", with_key=False)[0] == 1


class Actor(BaseHTTPRequestHandler):
    """Answers with an actor who owns RSA."""

    def do_GET(self) -> None:
        actor_id = f"http://localhost:{self.server.server_address[1]}{self.path}"
        key = {"id": f"{actor_id}#main-key", "owner": actor_id, "publicKeyPem": RSA.public.pem}
        body = json.dumps({"id": actor_id, "type": "Person", "inbox": f"{actor_id}/inbox", "publicKey": key}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/activity+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def test_the_key_is_fetched_under_its_id(verify: Callable[..., Told]) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Actor)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        port = server.server_address[1]
        actor_id = f"http://localhost:{port}/users/1"
        request = sign(message(), RSA, key_id=f"{actor_id}#main-key", now_s=NOW_S)
        code, records, err = verify(written(request, {}), "--fetch", "--dev", str(port), with_key=False)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert (code, err) == (0, "")
    assert records[0]["key_owner"] == actor_id


@pytest.mark.parametrize("scheme", Scheme)
def test_keys_of_every_form(verify: Callable[..., Told], tmp_path: Path, scheme: Scheme) -> None:
    actor = {"id": OWNER, "assertionMethod": [{"id": KEY_ID, "controller": OWNER,
             "publicKeyMultibase": build_multikey(ED25519.public)}]}  # fmt: skip
    (tmp_path / "actor.json").write_text(json.dumps(actor))
    data = raw(scheme, signer=ED25519)
    assert verify(data, "--key", build_did_key(ED25519.public), with_key=False)[0] == 0
    code, records, _ = verify(data, "--key", str(tmp_path / "actor.json"), with_key=False)
    assert (code, records[0]["key_owner"]) == (0, OWNER)


# -- documents --------------------------------------------------------------------------------------------------

PROVED_KEY_ID = f"{OWNER}#ed25519-key"
LIKE: JsonObject = {
    "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/data-integrity/v1"],
    "id": f"{OWNER}/likes/1",
    "type": "Like",
    "actor": OWNER,
    "object": "https://b.example/notes/1",
}


def proved(document: JsonObject = LIKE, method: str = PROVED_KEY_ID) -> bytes:
    return dump(data_integrity.sign(document, ED25519, verification_method=method, created_s=NOW_S))


@pytest.mark.spec("JLD-12")
def test_a_document_with_a_proof(verify: Callable[..., Told], tmp_path: Path) -> None:
    actor = {"id": OWNER, "assertionMethod": [{"id": PROVED_KEY_ID, "controller": OWNER,
             "publicKeyMultibase": build_multikey(ED25519.public)}]}  # fmt: skip
    (tmp_path / "actor.json").write_text(json.dumps(actor))
    given = ["--key", str(tmp_path / "actor.json")]
    code, records, err = verify(proved(), *given, with_key=False, name="like.json")
    assert (code, err) == (0, "")
    assert (records[0]["suite"], records[0]["key_owner"]) == ("eddsa-jcs-2022", OWNER)
    assert records[0]["canonical_document"].startswith('{"@context":[')
    changed = proved().replace(b"notes/1", b"notes/2")
    code, records, _ = verify(changed, *given, with_key=False, name="like.json")
    assert (code, failed(records[0])) == (1, ["signature"])
    assert "changed after it was signed" in hint(records[0])
    assert verify(b" \r\n" + proved(), *given, with_key=False, name="like.txt")[0] == 0


def test_a_document_and_its_time(verify: Callable[..., Told]) -> None:
    given = ["--key", build_did_key(ED25519.public)]
    assert verify(proved(), *given, "--now", "signed", with_key=False)[0] == 0
    code, records, _ = verify(proved(), *given, "--now", "0", with_key=False)
    assert (code, failed(records[0])) == (1, ["time"])


def test_a_document_that_a_did_key_signs_needs_no_other(verify: Callable[..., Told]) -> None:
    did = build_did_key(ED25519.public)
    document: JsonObject = {**LIKE, "id": f"{did}/likes/1", "actor": did}
    code, records, _ = verify(proved(document, f"{did}#{did[8:]}"), with_key=False)
    assert (code, records[0]["key_owner"]) == (0, did)
    code, records, _ = verify(proved(document, "did:key:zNone"), with_key=False)
    assert code == 1


def test_a_document_without_a_key_or_a_signature(verify: Callable[..., Told], tmp_path: Path) -> None:
    code, records, _ = verify(proved(), with_key=False)
    assert code == 1
    outcomes = {step["name"]: step["outcome"] for step in records[0]["steps"]}
    assert (outcomes["form"], outcomes["signature"]) == ("passed", "unknown")
    code, records, _ = verify(b"{}", with_key=False)
    assert (code, failed(records[0])) == (1, ["grammar"])
    assert records[0]["suite"] is None
    assert verify(proved(), "--key", str(tmp_path / "none.pem"), with_key=False)[0] == 2
    assert verify(proved(), "--request", "request.http", with_key=False)[0] == 2


class Controller(BaseHTTPRequestHandler):
    """Answers with an actor who signs documents with ED25519, and requests with RSA."""

    def do_GET(self) -> None:
        actor_id = f"http://localhost:{self.server.server_address[1]}{self.path}"
        key = {"id": f"{actor_id}#main-key", "owner": actor_id, "publicKeyPem": RSA.public.pem}
        method = {"id": f"{actor_id}#ed25519-key", "type": "Multikey", "controller": actor_id}
        method["publicKeyMultibase"] = build_multikey(ED25519.public)
        actor = {"id": actor_id, "type": "Person", "inbox": f"{actor_id}/inbox", "publicKey": key}
        body = json.dumps({**actor, "assertionMethod": [method]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/activity+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def test_keys_of_documents_are_fetched_for_what_they_are_for(verify: Callable[..., Told]) -> None:
    """SEC-129: a proof takes a key that the owner lists in `assertionMethod`; an older signature any of its keys."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Controller)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        port = server.server_address[1]
        actor_id = f"http://localhost:{port}/users/1"
        document: JsonObject = {**LIKE, "id": f"{actor_id}/likes/1", "actor": actor_id}
        both = parse_object(proved(document, f"{actor_id}#ed25519-key"))
        both = linked_data.sign(both, RSA, creator=f"{actor_id}#main-key", created_s=NOW_S)
        code, records, err = verify(dump(both), "--fetch", "--dev", str(port), with_key=False)
        assert (code, err) == (0, "")
        assert [record["suite"] for record in records] == ["eddsa-jcs-2022", "RsaSignature2017"]
        half = dump(both).replace(b'"signatureValue":"', b'"signatureValue":"AAAA')
        code, records, _ = verify(half, "--fetch", "--dev", str(port), with_key=False)
        assert (code, [record["verified"] for record in records]) == (1, [True, False])
        misused = proved(document, f"{actor_id}#main-key")
        code, records, _ = verify(misused, "--fetch", "--dev", str(port), with_key=False)
        assert (code, records[0]["error"]) == (1, "signature.key_owner_mismatch")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_what_people_see_of_a_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "like.json").write_bytes(proved({**LIKE, "content": "\x1b[2J é"}))
    code = main(["verify", str(tmp_path / "like.json"), "--key", build_did_key(ED25519.public), *NOW])
    out = capsys.readouterr().out
    assert code == 0
    assert out.startswith(f"Like {OWNER}/likes/1\neddsa-jcs-2022\n")
    for name in ("grammar", "suite", "time", "form", "key", "algorithm", "signature", "owner"):
        assert f"  passed {name}" in out
    assert re.search(r"  canonical document, \d+ bytes, sha-256 [0-9a-f]{64}\n", out)
    assert '"content":"\\\\u001b[2J \\xc3\\xa9"' in out
    assert "\x1b" not in out
    assert "verified\n" in out


def test_a_document_in_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "like.json").write_bytes(proved().replace(b"notes/1", b"notes/2"))
    given = [str(tmp_path / "like.json"), "--key", build_did_key(ED25519.public), *NOW]
    code, shown = in_terminal("verify", *given)
    assert code == 1
    assert "\x1b[32mpassed\x1b[0m grammar" in shown
    assert "\x1b[31mfailed\x1b[0m signature" in shown
