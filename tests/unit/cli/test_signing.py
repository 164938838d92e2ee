"""`fedtext sign`: what it prints verifies, exact to the byte, and the body is what it was."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fedtext.cli import main
from fedtext.config import Scheme
from fedtext.http import Headers, Request
from fedtext.keys import PrivateKey, VerificationKey, generate_ed25519, generate_rsa
from fedtext.signatures import parse_claim, verify
from fedtext.wire.http_message import RequestLine, parse_http_message

RSA = generate_rsa()
ED25519 = generate_ed25519()
KEY_ID = "https://a.example/users/1#main-key"
NOW_S = 1_790_000_000
BODY = b'{"type":"Like"}\r\n\x00\xff'
REQUEST = (
    b"POST /inbox HTTP/1.1\nHOST: b.example\nSignature: old\nDigest: old\nX-a: 1\nX-a: 2\n"
    b"Content-Type: application/activity+json\n\n" + BODY
)

Sign = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run_sign(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[..., tuple[int, bytes, str]]:
    def command(data: bytes, *arguments: str, key: PrivateKey = RSA) -> tuple[int, bytes, str]:
        (tmp_path / "request.http").write_bytes(data)
        (tmp_path / "key.pem").write_text(key.pem())
        code = main(["sign", str(tmp_path / "request.http"), "--key", str(tmp_path / "key.pem"),
                     "--key-id", KEY_ID, "--now", str(NOW_S), *arguments])  # fmt: skip
        out, err = capfdbinary.readouterr()
        return code, out, err.decode()

    return command


def as_request(data: bytes) -> Request:
    message = parse_http_message(data)
    assert isinstance(message.start, RequestLine)
    headers = Headers.build(message.fields)
    return Request(
        method=message.start.method, scheme="https", authority=headers.get("host") or "", target=message.start.target,
        headers=headers, body=message.body,
    )  # fmt: skip


@pytest.mark.parametrize(("name", "scheme"), [("cavage", Scheme.CAVAGE), ("rfc9421", Scheme.RFC9421)])
@pytest.mark.parametrize("key", [RSA, ED25519], ids=["RSA", "Ed25519"])
def test_what_is_printed_verifies(
    run_sign: Callable[..., tuple[int, bytes, str]], name: str, scheme: Scheme, key: PrivateKey
) -> None:
    code, out, err = run_sign(REQUEST, "--scheme", name, key=key)
    assert code == 0
    request = as_request(out)
    claim = parse_claim(request)
    assert claim.scheme is scheme
    owned = VerificationKey(KEY_ID, "https://a.example/users/1", key.public)
    verify(request, claim, owned, now_s=NOW_S, authorities={"b.example"})
    assert request.body == BODY
    assert request.headers.get_all("x-a") == ["1", "2"]
    assert b"\r\nHOST: b.example\r\n" in out
    assert b"old" not in out
    assert err.startswith("1  ")


def test_machines_get_all_of_it_in_one_record(run_sign: Callable[..., tuple[int, bytes, str]]) -> None:
    code, out, err = run_sign(REQUEST, "--json")
    record = json.loads(out)
    assert (code, err) == (0, "")
    assert base64.b64decode(record["request_base64"]) == record["request"].encode("latin-1")
    assert record["base"].startswith("(request-target): post /inbox\nhost: b.example\ndate: ")
    assert record["covered"] == ["(request-target)", "host", "date", "digest"]
    assert record["advice"] == []


def test_what_others_would_refuse_is_told(run_sign: Callable[..., tuple[int, bytes, str]]) -> None:
    _, _, err = run_sign(b"GET /users/1?page=2 HTTP/1.1\nHost: b.example\n\n")
    assert "other servers: the target has a query" in err


@pytest.mark.parametrize(
    ("data", "arguments", "text"),
    [
        (b"GET / HTTP/1.1\n\n", (), "name the host with --authority"),
        (b"HTTP/1.1 200 OK\n\n", (), "only requests are signed here"),
        (b"GET /", (), "neither that of a request"),
        (b"GET / HTTP/1.1\nHost: b.example\n\n", ("--now", "signed"), "has no time"),
        (b"GET / HTTP/1.1\nHost: b.example\n\n", ("--key-id", 'a"b'), "key id cannot stand"),
        (b"GET / HTTP/1.1\nHost: b.example\n\n", ("--key", "/nowhere"), "No such file"),
        (b"GET / HTTP/1.1\nHost: b.example\n\n", ("--passphrase-file", "/nowhere"), "No such file"),
    ],
)
def test_what_cannot_be_signed(
    run_sign: Callable[..., tuple[int, bytes, str]], data: bytes, arguments: tuple[str, ...], text: str
) -> None:
    code, out, err = run_sign(data, *arguments)
    assert (code, out) == (2, b"")
    assert text in err


def test_the_host_on_the_command_line_and_an_encrypted_key(
    run_sign: Callable[..., tuple[int, bytes, str]], tmp_path: Path
) -> None:
    (tmp_path / "open.pem").write_text(RSA.pem(b"open sesame"))
    (tmp_path / "passphrase").write_text("open sesame\n")
    code, out, _ = run_sign(
        b"GET / HTTP/1.1\n\n", "--authority", "b.example", "--key", str(tmp_path / "open.pem"),
        "--passphrase-file", str(tmp_path / "passphrase"), "--http",
    )  # fmt: skip
    assert code == 0
    assert b"Host: b.example\r\n" in out
