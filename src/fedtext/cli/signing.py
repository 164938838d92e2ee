"""`fedtext sign request.http`: the request with a signature as every server takes it, exact to the byte."""

from __future__ import annotations

import argparse
import base64
import sys
import time

from ..config import Limits, Scheme
from ..errors import ConfigurationError, FedtextError
from ..http import Headers, Request
from ..signatures import advise, claimed_base, parse_claim, sign
from ..wire.http_message import parse_http_message
from .console import Console
from .entry import explain
from .key_files import read_private
from .messages import as_value, read_bytes, written
from .showing import escaped_lines
from .verifying import moment

EXIT_CODES = "Exit codes: 0 signed; 2 the command line was wrong, or a file cannot be read or signed."
_SCHEMES = {"cavage": Scheme.CAVAGE, "rfc9421": Scheme.RFC9421}
_SIGNATURE_FIELDS = ("signature", "signature-input", "digest", "content-digest", "date", "host")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EXIT_CODES
    parser.add_argument("file", metavar="FILE", help='a raw HTTP request; "-" for standard input')
    parser.add_argument("--key", required=True, metavar="FILE", help="the private key: PEM, or a secret Multikey")
    parser.add_argument("--key-id", required=True, metavar="ID", help="under which it is published")
    parser.add_argument("--passphrase-file", metavar="FILE", help="the passphrase of the key, on one line")
    parser.add_argument("--scheme", choices=sorted(_SCHEMES), default="cavage", help="default cavage: all servers")
    parser.add_argument(
        "--now", type=moment, default=argparse.SUPPRESS, metavar="TIME",
        help="sign as of this time: seconds since the epoch, or a date (default: now)",
    )  # fmt: skip
    parser.add_argument("--authority", metavar="HOST", help="the host, when the request has no Host header")
    parser.add_argument("--http", action="store_true", help="the request goes over http, not https")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Sign and print: the request on standard output, the signature base and what to know of it on standard error."""
    try:
        request, names = _read(arguments)
        signed = sign(
            request,
            read_private(arguments.key, Limits(), passphrase=_passphrase(arguments)),
            key_id=arguments.key_id,
            now_s=_now(arguments),
            scheme=_SCHEMES[arguments.scheme],
        )
        data = written(signed, names)
    except FedtextError as error:
        explain(error, console)
        return 2
    claim = parse_claim(signed)
    base = claimed_base(signed, claim)
    advice = advise(signed, claim)
    console.tell(
        {
            "request_base64": base64.b64encode(data).decode("ascii"),
            "request": data.decode("latin-1"),
            "base": base.decode("latin-1"),
            "covered": list(claim.covered),
            "advice": [{"text": one.text, "servers": list(one.servers), "rule": one.rule} for one in advice],
        }
    )
    if not console.machine:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        for number, line in enumerate(escaped_lines(base), 1):
            console.complain(f"{number}  {line}")
        for one in advice:
            console.complain(f"other servers: {one.text} ({', '.join(one.servers)}; {one.rule})")
    return 0


def _read(arguments: argparse.Namespace) -> tuple[Request, dict[str, str]]:
    limits = Limits()
    message = parse_http_message(read_bytes(arguments.file, limits.header_bytes_max + limits.body_bytes_max), limits)
    request = as_value(message, authority=arguments.authority, scheme="http" if arguments.http else "https")
    if not isinstance(request, Request):
        raise ConfigurationError("only requests are signed here", file=arguments.file)
    if not request.authority:
        raise ConfigurationError("the request has no Host header: name the host with --authority", file=arguments.file)
    names = {name.lower(): name for name, _ in message.fields}
    kept = Headers(tuple(pair for pair in request.headers if pair[0] not in _SIGNATURE_FIELDS))
    return request.with_headers(kept), names


def _now(arguments: argparse.Namespace) -> float:
    now_s = arguments.now if "now" in arguments else time.time()
    if now_s is None:
        raise ConfigurationError("a signature that is yet to be made has no time")
    return float(now_s)


def _passphrase(arguments: argparse.Namespace) -> bytes | None:
    if arguments.passphrase_file is None:
        return None
    return read_bytes(arguments.passphrase_file, Limits().iri_chars_max).rstrip(b"\r\n")
