"""A signer of RFC 9421 of its own: builds fields as any peer might, and shares no code with the library but keys."""

from __future__ import annotations

import base64
import hashlib
from typing import Any, Final

import attrs

from fedtext.http import Headers, Request, Response
from fedtext.keys import PrivateKey

NOW_S: Final = 1_790_000_000
KEY_ID: Final = "https://a.example/users/1#main-key"
OWNER: Final = "https://a.example/users/1"
FULL: Final = ("@method", "@target-uri", "content-type", "content-digest")
ACTIVITY_JSON: Final = "application/activity+json"


def content_digest(body: bytes) -> str:
    """Give the field with its one usual member."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def message(
    method: str = "POST", url: str = "https://b.example/users/2/inbox", body: bytes = b'{"type":"Like"}'
) -> Request:
    """Give a request with the headers that are usual, not signed."""
    fields = [("host", url.partition("//")[2].partition("/")[0]), ("content-type", ACTIVITY_JSON)]
    fields += [("content-digest", content_digest(body))] if body else []
    return Request.to(url, method=method, headers=fields, body=body)


def values(request: Request) -> dict[str, str]:
    """Give the values of components as the simplest of signers knows them."""
    return {
        "@method": request.method,
        "@target-uri": request.url,
        "@authority": request.authority,
        "@scheme": request.scheme,
        "@path": request.path,
        "@query": f"?{request.query}",
        "@request-target": request.target,
        **dict(request.headers),
    }


def signed(
    request: Request,
    key: PrivateKey,
    covered: tuple[str, ...] = FULL,
    *,
    parameters: str = f';created={NOW_S};keyid="{KEY_ID}"',
    label: str = "sig1",
    sent: str | None = None,
    signer: Any = None,
    **overridden: str,
) -> Request:
    """Sign a request and add both fields.

    `covered` holds names, with parameters behind them; `sent` replaces the text of the list and parameters on the wire;
    `signer` replaces the key; `overridden` replaces values of components, "_" standing for "-" and "@" left out.
    """
    known = values(request) | {name.replace("_", "-"): value for name, value in overridden.items()}
    known |= {f"@{name}": known.pop(name) for name in [*known] if f"@{name}" in known}
    identifiers = [f'"{name.partition(";")[0]}"{name[len(name.partition(";")[0]) :]}' for name in covered]
    params = f"({' '.join(identifiers)}){parameters}"
    lines = [f"{identifier}: {known[name]}" for identifier, name in zip(identifiers, covered, strict=True)]
    base = "\n".join([*lines, f'"@signature-params": {params}']).encode()
    value = base64.b64encode(signer(base) if signer else key.sign(base)).decode()
    fields = (("signature-input", f"{label}={sent or params}"), ("signature", f"{label}=:{value}:"))
    return attrs.evolve(request, headers=Headers((*request.headers.fields, *fields)))


def changed(request: Request, name: str, value: str) -> Request:
    """Give a copy with another value of one header."""
    return attrs.evolve(request, headers=request.headers.with_fields((name, value)))


def appended(request: Request, *fields: tuple[str, str]) -> Request:
    """Give a copy with more fields."""
    return attrs.evolve(request, headers=Headers((*request.headers.fields, *fields)))


def answer(status: int = 200, body: bytes = b'{"a":1}', **headers: str) -> Response:
    """Give a response, not signed."""
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Response(status=status, headers=Headers.build(fields), body=body)
