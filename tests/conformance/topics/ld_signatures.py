"""Linked-data signatures, RsaSignature2017."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from fedtext.keys import VerificationKey, load_public_pem
from fedtext.signatures import linked_data

from ..cases import Case, Overrides, as_received, listed, own_case, seconds, wanted

_FILE: Final = "rsasignature2017.json"
# Where neither the case nor its file says when it is.
_NOW: Final = "2026-11-22T00:00:00Z"


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give the cases of the file; a guard and the cryptography both raise."""
    for case, document in listed(folder, _FILE):
        want = tuple("invalid" if verdict == "refuse" else verdict for verdict in wanted(case))
        yield own_case(
            _FILE, case, want, lambda case=case, document=document: _verify(case, document), refused="invalid"
        )


def _verify(case: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    received = as_received(case["document"])
    claim = linked_data.parse_signature(received)
    if case.get("options_hash") not in (None, linked_data.options_hash(claim)):
        return "another hash of the options"
    if case.get("document_hash") not in (None, linked_data.document_hash(received)):
        return "another hash of the document"
    key = VerificationKey(claim.creator, claim.creator.partition("#")[0], load_public_pem(case["public_pem"]))
    verified = linked_data.verify(received, claim, key, now_s=seconds(case.get("now", document.get("now", _NOW))))
    kept = [path for path in case.get("untrusted", ()) if _is_there(verified.document, path)]
    return f"goes on: {kept}" if kept else "valid"


def _is_there(document: Any, path: str) -> bool:
    """Look for a member by its path: names, separated by dots or slashes."""
    value = document
    for name in path.strip("/").replace("/", ".").split("."):
        if not isinstance(value, dict) or name not in value:
            return False
        value = value[name]
    return True
