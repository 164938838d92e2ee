"""Content-Digest: verifying the field, and building it where one SHA-256 is right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from fedtext.errors import SignatureError
from fedtext.signatures import build_content_digest, verify_content_digest

from ..cases import Case, Overrides, listed, own_case, wanted

_NAME: Final = "content-digest.json"
_CODE_PREFIX: Final = "signature.digest_"
# One SHA-256 member and nothing else: no parameters, no space around it.
_SIMPLE: Final = re.compile(r"sha-256=:[^:]*:")


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give the cases of the one file."""
    for case, _ in listed(folder, _NAME):
        want = wanted(case)
        yield own_case(_NAME, case, want, lambda case=case: _verdict(case), refusal="match" not in want)


def _verdict(case: Mapping[str, Any]) -> str:
    body = case["body"].encode("utf-8")
    try:
        verify_content_digest([case["value"]], body)
    except SignatureError as error:
        return error.code.removeprefix(_CODE_PREFIX)
    is_simple = _SIMPLE.fullmatch(case["value"]) is not None
    if case.get("expect") == "match" and is_simple and build_content_digest(body) != case["value"]:
        return f"built otherwise: {build_content_digest(body)}"
    return "match"
