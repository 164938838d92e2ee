"""`fedtext verify request.http`, `fedtext verify document.json`: why a signature does, or does not, verify."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence

from ..config import Limits
from ..errors import ConfigurationError, FedtextError, KeyRefused, MalformedText
from ..fetch import KeyUse, resolve
from ..http import Request, Response
from ..keys import NamedKey, UnconfirmedKey, parse_did_key
from ..signatures import Examination, SignatureClaim, examine, examine_response, parse_claims, parse_response_claims
from ..signatures.components import normalized_authority
from ..wire.http_message import parse_http_message
from ..wire.iri import parse_authority
from ..wire.json import JsonObject, parse_object
from ..wire.timestamps import parse_http_date, parse_strict
from .console import Console, plain
from .entry import explain
from .examining_documents import examine_document, signed_by
from .key_files import read_keys
from .looking_up import asker, ports
from .messages import as_value, read_bytes, read_message
from .showing import describe, show, show_document

EXIT_CODES = (
    "Exit codes: 0 a signature is verified, of a document all of them; 1 none is, or not all; "
    "2 the command line was wrong, or a file cannot be read."
)
_DID_KEY = "did:key:"
_SIGNED = "signed"


def moment(text: str) -> float | None:
    """Read a time: seconds since the epoch, an HTTP date, a date as in ActivityStreams; None for "signed".

    Raises:
        argparse.ArgumentTypeError: It is none of these.
    """
    if text == _SIGNED:
        return None
    if text.isascii() and text.isdigit() and len(text) <= 12:
        return float(text)
    with contextlib.suppress(MalformedText):
        return float(parse_http_date(text))
    with contextlib.suppress(MalformedText):
        return parse_strict(text).timestamp()
    raise argparse.ArgumentTypeError('write seconds since the epoch, "2026-01-02T03:04:05Z", an HTTP date, or "signed"')


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EXIT_CODES
    parser.add_argument(
        "file",
        metavar="FILE",
        help='a raw HTTP request or response, or a JSON document with a proof or signature; "-" for standard input',
    )
    parser.add_argument(
        "--key", action="append", default=[], metavar="FILE",
        help="PEM, JWK, Multikey, or the document of an actor; or did:key:… itself; may be repeated",
    )  # fmt: skip
    parser.add_argument("--fetch", action="store_true", help="fetch the key under its key id")
    parser.add_argument(
        "--now", type=moment, default=argparse.SUPPRESS, metavar="TIME",
        help='judge as of this time: seconds since the epoch, a date, or "signed" (default: now)',
    )  # fmt: skip
    parser.add_argument("--authority", metavar="HOST", help="the host that is served (default: that of the request)")
    parser.add_argument("--http", action="store_true", help="the request came over http, not https")
    parser.add_argument("--request", metavar="FILE", help="for a response: the request that it answers")
    parser.add_argument(
        "--dev", type=ports, metavar="PORTS", help="for development: --fetch also on this machine, on these ports"
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Verify and explain; exit code 1 when no signature is verified, 2 when there is nothing to verify."""
    limits = Limits()
    try:
        data = read_bytes(arguments.file, limits.header_bytes_max + limits.body_bytes_max)
        if data.lstrip()[:1] == b"{":  # no HTTP message begins so
            return _run_document(parse_object(data, limits), arguments, console, limits)
        message, answered = _read(data, arguments, limits)
        keys: list[NamedKey] = [key for name in arguments.key for key in read_keys(name, limits)]
        authorities = _authorities(message, arguments)
    except FedtextError as error:
        explain(error, console)
        return 2
    console.say(describe(message))
    if arguments.fetch:
        keys += _fetched({claim.key_id: KeyUse.REQUEST for claim in _claims(message, limits)}, arguments.dev, console)
    now_s = _now(arguments, lambda: _signed_s(message, limits))
    found: Sequence[Examination]
    if isinstance(message, Request):
        found = examine(message, keys, now_s=now_s, authorities=authorities, limits=limits)
    else:
        found = examine_response(message, keys, now_s=now_s, request=answered, limits=limits)
    for number, one in enumerate(found, 1):
        show(console, one, number=number, count=len(found))
    return 0 if any(one.is_passed for one in found) else 1


def _run_document(document: JsonObject, arguments: argparse.Namespace, console: Console, limits: Limits) -> int:
    if arguments.request is not None:
        raise ConfigurationError("--request goes with a response, and names the request that it answers")
    keys: list[NamedKey] = [key for name in arguments.key for key in read_keys(name, limits)]
    signed = signed_by(document, limits)
    keys += [key for one in signed for key in _of_itself(one.key_id)]
    console.say(f"{plain(str(document.get('type')))} {plain(str(document.get('id')))}")
    if arguments.fetch:
        uses = {one.key_id: KeyUse.ASSERTION if one.is_proof else KeyUse.REQUEST for one in signed}
        for key in keys:
            uses.pop(key.key_id, None)
        keys += _fetched(uses, arguments.dev, console)
    now_s = _now(arguments, lambda: max((one.created_s for one in signed), default=None))
    found = examine_document(document, keys, now_s=now_s, limits=limits)
    for number, one in enumerate(found, 1):
        show_document(console, one, number=number, count=len(found))
    return 0 if all(one.is_passed for one in found) else 1


def _of_itself(key_id: str) -> list[NamedKey]:
    """Give the key that a did:key is."""
    did = key_id.partition("#")[0]
    try:
        return [UnconfirmedKey(key_id, did, parse_did_key(did))] if did.startswith(_DID_KEY) else []
    except KeyRefused:  # the examination says that there is none
        return []


def _read(data: bytes, arguments: argparse.Namespace, limits: Limits) -> tuple[Request | Response, Request | None]:
    scheme = "http" if arguments.http else "https"
    message = as_value(parse_http_message(data, limits), authority=arguments.authority, scheme=scheme)
    if arguments.request is None:
        return message, None
    answered = read_message(arguments.request, limits, authority=arguments.authority, scheme=scheme)
    if isinstance(message, Request) or isinstance(answered, Response):
        raise ConfigurationError("--request goes with a response, and names the request that it answers")
    return message, answered


def _authorities(message: Request | Response, arguments: argparse.Namespace) -> frozenset[str]:
    if arguments.authority is not None:
        return frozenset({parse_authority(arguments.authority, scheme="http" if arguments.http else "https")})
    return frozenset({normalized_authority(message)}) if isinstance(message, Request) else frozenset()


def _claims(message: Request | Response, limits: Limits) -> tuple[SignatureClaim, ...]:
    try:
        if isinstance(message, Request):
            return parse_claims(message, limits)
        return parse_response_claims(message, limits)
    except FedtextError:  # the examination says so
        return ()


def _now(arguments: argparse.Namespace, signed_s: Callable[[], float | None]) -> float:
    if "now" not in arguments:
        return time.time()
    if arguments.now is not None:
        return float(arguments.now)
    # When it was signed by its own word; where it says nothing, the window is of no use either way.
    return signed_s() or time.time()


def _signed_s(message: Request | Response, limits: Limits) -> float | None:
    for claim in _claims(message, limits):
        if claim.created_s is not None:
            return float(claim.created_s)
    try:
        return float(parse_http_date(message.headers.get("date") or ""))
    except MalformedText:
        return None


def _fetched(uses: Mapping[str, KeyUse], dev_ports: Sequence[int] | None, console: Console) -> list[NamedKey]:
    """Fetch the key of each signature; what cannot be had is told, and the other steps are judged without it."""
    found: list[NamedKey] = []
    for key_id, use in uses.items():
        try:
            found.append(asyncio.run(_fetch(key_id, use, dev_ports)))
        except FedtextError as error:
            explain(error, console)
    return found


async def _fetch(key_id: str, use: KeyUse, dev_ports: Sequence[int] | None) -> NamedKey:
    federation = asker(dev_ports)
    try:
        fetcher = federation.engine.fetcher(federation.ports.asynchronous())
        return await resolve(fetcher, key_id, fetcher.budget(), use=use)
    finally:
        await federation.ports.close()
