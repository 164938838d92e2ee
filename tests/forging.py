"""Signatures as nobody honest would make them, by the older draft; `tests/signing.py` makes those of RFC 9421."""

from __future__ import annotations

import base64
from email.utils import formatdate
from typing import Any

import attrs
from tests.receiving import NOW_S, PeerActor

from fedtext.http import Headers, Request
from fedtext.signatures import build_digest

FULL = "(request-target) host date digest"


def forged(
    actor: PeerActor,
    body: bytes,
    *,
    covered: str = FULL,
    spelled: str | None = None,
    algorithm: str = "hs2019",
    digest: str | None = None,
    date: str | None = None,
    target: str | None = None,
    method: str = "post",
    more: str = "",
    signer: Any = None,
    **values: str,
) -> Request:
    """Sign a POST to bob's inbox.

    Args:
        actor: Whose key signs.
        body: What is sent.
        covered: What is signed.
        spelled: The list of it as it is written, where that differs.
        algorithm: As it is named; "" for none.
        digest: Instead of the right one.
        date: Instead of now.
        target: What is signed as the target, whatever is asked.
        method: What is signed as the method.
        more: Further parameters, with a comma before them.
        signer: Makes the signature instead of the key.
        values: Of further components: `created="…"` stands for "(created)".
    """
    request = actor.post(body)
    fields = {
        "host": request.authority,
        "date": formatdate(NOW_S, usegmt=True) if date is None else date,
        "digest": build_digest(body) if digest is None else digest,
        "content-type": "application/activity+json",
    }
    known = {
        "(request-target)": f"{method} {target or request.target}",
        **fields,
        **{f"({name})": value for name, value in values.items()},
    }
    base = "\n".join(f"{name}: {known.get(name, '')}" for name in covered.split()).encode("latin-1", "replace")
    value = base64.b64encode(signer(base) if signer else actor.key.sign(base)).decode()
    named = f'algorithm="{algorithm}",' if algorithm else ""
    text = (
        f'keyId="{actor.key_id}",{named}headers="{covered if spelled is None else spelled}",signature="{value}"{more}'
    )
    return attrs.evolve(request, headers=Headers.build([*fields.items(), ("signature", text)]))


def changed(request: Request, name: str, value: str) -> Request:
    """Give a copy with another value of one header."""
    return attrs.evolve(request, headers=request.headers.with_fields((name, value)))


def appended(request: Request, *fields: tuple[str, str]) -> Request:
    """Give a copy with more headers."""
    return attrs.evolve(request, headers=Headers.build([*request.headers, *fields]))


def respelled(request: Request, old: str, new: str, name: str = "signature") -> Request:
    """Give a copy in which a header has something in the place of something else."""
    value = request.headers.get(name) or ""
    assert old in value
    return changed(request, name, value.replace(old, new))
