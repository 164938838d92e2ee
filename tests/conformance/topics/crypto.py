"""Signatures of the Wycheproof project: `keys.load_public_pem` and `PublicKey.verify`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from fedtext.keys import EcdsaForm, HashName, PublicKey, load_public_pem

from ..cases import Case, Overrides, documents


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give one case a test of each group of each file."""
    for name, document in documents(folder, "*_test.json"):
        for group in document["testGroups"]:
            for test in group["tests"]:
                yield _case(name, group, test)


def _case(name: str, group: dict[str, Any], test: dict[str, Any]) -> Case:
    stem = name.removesuffix(".json")
    result = test["result"]
    return Case(
        file=name,
        id=f"{stem}#{test['tcId']}:{result}",
        want=("valid", "invalid") if result == "acceptable" else (result,),
        run=lambda: _verify(name, group["publicKeyPem"], bytes.fromhex(test["sig"]), bytes.fromhex(test["msg"])),
        refused="invalid",
        upstream=(result,),
    )


def _verify(name: str, pem: str, signature: bytes, message: bytes) -> str:
    hash_name = HashName.SHA512 if "sha512" in name else HashName.SHA256
    form = EcdsaForm.RAW if "p1363" in name else EcdsaForm.DER
    _key(pem).verify(signature, message, hash_name=hash_name, form=form)
    return "valid"


@lru_cache(maxsize=64)
def _key(pem: str) -> PublicKey:
    return load_public_pem(pem)
