"""`fedtext keys`: make a key, show a key in every form that it has, let an actor sign with a new one.

Invariants: a private key is written only where `new` was told to write it, to a file that nobody else may read, or to
standard output when that was asked for; `show` and `rotate` write no private key.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..config import Limits
from ..errors import ConfigurationError, KeyRefused, LocalProtocolError
from ..keys import (
    OVERLAP_S,
    Algorithm,
    PrivateKey,
    PublicKey,
    UnconfirmedKey,
    build_did_key,
    build_jwk,
    build_multikey,
    generate_ed25519,
    generate_ml_dsa,
    generate_rsa,
    load_private_pem,
    load_secret_multikey,
)
from .console import Console, plain
from .durations import duration_s
from .key_files import parse_keys
from .messages import STDIN, read_bytes

if TYPE_CHECKING:
    from ..runtime import Federation

EXIT_CODES: Final = "Exit codes: 0 done; 1 it did not work; 2 the command line was wrong."

_GENERATE: Final[Mapping[str, Callable[[], PrivateKey]]] = {
    "rsa": generate_rsa,
    "ed25519": generate_ed25519,
    "mldsa44": generate_ml_dsa,
}
_ALGORITHMS: Final = {"rsa": Algorithm.RSA, "ed25519": Algorithm.ED25519, "mldsa44": Algorithm.MLDSA44}
_NAMES: Final = {
    Algorithm.RSA: "RSA",
    Algorithm.ED25519: "Ed25519",
    Algorithm.ECDSA_P256: "P-256",
    Algorithm.MLDSA44: "ML-DSA-44",
}
_OWNER_ALONE: Final = 0o600
_PASSPHRASE_BYTES_MAX: Final = 1_024


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    new = _action(actions.add_parser, "new", _new, "make a private key, and show its public half")
    new.add_argument(
        "--kind", choices=sorted(_GENERATE), default="rsa", help="default rsa (2048 bits), as servers sign"
    )
    new.add_argument(
        "--out", metavar="FILE", required=True,
        help='a new file for the private key, which you alone can read; "-" for standard output',
    )  # fmt: skip
    _takes_passphrase(new)
    show = _action(actions.add_parser, "show", _show, "show a key in every form, never its private half")
    show.add_argument(
        "key", metavar="KEY", help='a file (PEM, JWK, Multikey, an actor), "-", a PEM, a Multikey, or a did:key'
    )
    _takes_passphrase(show)
    rotate = _action(actions.add_parser, "rotate", _rotate, "let an actor sign with a new key, and tell its followers")
    rotate.add_argument("target", metavar="MODULE:NAME", help="a Federation or a Social")
    rotate.add_argument("actor", metavar="ACTOR", nargs="?", help="the actor's id, or what it is called in your app")
    rotate.add_argument("--instance", action="store_true", help="instead of ACTOR: the key of the server itself")
    rotate.add_argument("--kind", choices=sorted(_ALGORITHMS), default="rsa", help="which of its keys (default rsa)")
    rotate.add_argument(
        "--overlap", type=duration_s, default=float(OVERLAP_S), metavar="DURATION",
        help="how long the old key stays published; 0 if it fell into other hands (default 7d)",
    )  # fmt: skip


def _action(
    add_parser: Callable[..., argparse.ArgumentParser],
    name: str,
    act: Callable[[argparse.Namespace, Console], int],
    line: str,
) -> argparse.ArgumentParser:
    action = add_parser(name, help=line, description=line[0].upper() + line[1:] + ".", epilog=EXIT_CODES)
    action.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="print JSON, one object per line"
    )
    action.set_defaults(act=act)
    return action


def _takes_passphrase(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--passphrase-file", metavar="FILE", help="the passphrase of the private key, on one line")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Do what was asked for."""
    act: Callable[[argparse.Namespace, Console], int] = arguments.act
    return act(arguments, console)


# ---- new -------------------------------------------------------------------------------------------------------------


def _new(arguments: argparse.Namespace, console: Console) -> int:
    passphrase = _passphrase(arguments)
    private = _GENERATE[arguments.kind]()
    pem = private.pem(passphrase)
    record = describe(private.public)
    if arguments.out == STDIN:
        console.tell({**record, "private_pem": pem})
        console.say(pem.rstrip("\n"))
        return 0
    _write_private(arguments.out, pem)
    console.tell({**record, "file": arguments.out, "encrypted": passphrase is not None})
    console.say(f"{console.sign(True)} private key written to {arguments.out}; keep it where nobody else can read it")
    _say(record, console)
    return 0


def _write_private(name: str, pem: str) -> None:
    """Write a new file that its owner alone can read; one that is there already is not touched."""
    try:
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ALONE)
        with os.fdopen(descriptor, "w", encoding="ascii", newline="\n") as file:
            file.write(pem)
    except FileExistsError as error:
        raise ConfigurationError("the file is there already: no key is overwritten", file=name) from error
    except OSError as error:
        raise ConfigurationError(f"cannot write the file: {error.strerror or error}", file=name) from error


def _passphrase(arguments: argparse.Namespace) -> bytes | None:
    if arguments.passphrase_file is None:
        return None
    found = read_bytes(arguments.passphrase_file, _PASSPHRASE_BYTES_MAX).rstrip(b"\r\n")
    if not found:
        raise ConfigurationError("the file holds no passphrase", file=arguments.passphrase_file)
    return found


# ---- show ------------------------------------------------------------------------------------------------------------


def describe(public: PublicKey) -> dict[str, object]:
    """Give a public key in every form that it has, by names that are stable."""
    try:
        did_key = build_did_key(public)
    except LocalProtocolError:
        did_key = None
    return {
        "kind": _NAMES[public.algorithm],
        "bits": public.size_bits,
        "fingerprint": public.fingerprint,
        "pem": public.pem,
        "multibase": build_multikey(public),
        "did_key": did_key,
        "jwk": build_jwk(public),
    }


def _show(arguments: argparse.Namespace, console: Console) -> int:
    for number, key in enumerate(_read(arguments.key, _passphrase(arguments))):
        named = {"id": key.key_id, "owner": key.owner} if key.owner else {}
        record = {**named, **describe(key.public)}
        console.tell(record)
        if number:
            console.say()
        _say(record, console)
    return 0


def _read(given: str, passphrase: bytes | None) -> tuple[UnconfirmedKey, ...]:
    """Read the keys in a file, or in the text itself; of private ones the public half."""
    limits = Limits()
    text = given if _is_key(given) else read_bytes(given, limits.document_bytes_max).decode("utf-8", "replace").strip()
    if "PRIVATE KEY-----" in text:
        return parse_keys(load_private_pem(text, passphrase).public.pem, limits)
    try:
        return parse_keys(text, limits)
    except KeyRefused as error:
        try:
            public = load_secret_multikey(text).public
        except ConfigurationError:
            raise error from None  # it is no secret Multikey either: what was said first says more
        return parse_keys(public.pem, limits)


def _is_key(given: str) -> bool:
    """Tell a key from the name of a file, which may have almost any letters: what exists is a file."""
    if given == STDIN or _is_file(given):
        return False
    return given.lstrip().startswith(("-----BEGIN", "did:key:", "{")) or (
        given[:1] in ("z", "u") and given.replace("-", "").replace("_", "").isalnum()
    )


def _is_file(name: str) -> bool:
    try:
        return Path(name).exists()
    except (OSError, ValueError):  # too long for a name, or NUL in it
        return False


def _say(record: Mapping[str, object], console: Console) -> None:
    for name in ("id", "owner", "kind", "fingerprint", "multibase", "did_key", "jwk"):
        value = record.get(name)
        if value is not None:
            shown = f"{value}, {record['bits']} bits" if name == "kind" else _in_one_line(value)
            console.say(f"{console.style(f'{name:<11}', 'soft')} {plain(shown)}")
    console.say(str(record["pem"]).rstrip("\n"))


def _in_one_line(value: object) -> str:
    return json.dumps(value) if isinstance(value, dict) else str(value)


# ---- rotate ----------------------------------------------------------------------------------------------------------


def _rotate(arguments: argparse.Namespace, console: Console) -> int:
    from .naming import carried_out

    if (arguments.actor is None) is not arguments.instance:
        console.complain("fedtext keys rotate: name one actor, or --instance for the key of the server itself")
        return 2
    key_id = carried_out(arguments.target, lambda federation: _rotated(federation, arguments))
    overlap_s = int(arguments.overlap)
    console.tell({"key_id": key_id, "kind": _NAMES[_ALGORITHMS[arguments.kind]], "overlap_s": overlap_s})
    console.say(f"{console.sign(True)} signs from now on: {key_id}")
    console.say(f"the old key stays published for {overlap_s} s" if overlap_s else "the old key counts no more")
    if not arguments.instance:
        console.say("its followers are told as soon as a worker runs")
    return 0


async def _rotated(federation: Federation, arguments: argparse.Namespace) -> str:
    pk: str | None = None
    if arguments.actor is not None:
        local = federation.context().parse(arguments.actor)
        pk = local.pk if local is not None and local.kind == "actor" else arguments.actor
    return await federation.rotate_key.aio(pk, algorithm=_ALGORITHMS[arguments.kind], overlap_s=int(arguments.overlap))
