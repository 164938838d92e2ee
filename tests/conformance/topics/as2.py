"""ActivityStreams: good documents survive loading and writing, bad ones are refused or lose the bad property; dates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from fedtext.errors import FedtextError
from fedtext.jsonld import normalize
from fedtext.vocab import Object, load
from fedtext.wire.durations import parse_duration, parse_duration_lenient
from fedtext.wire.timestamps import parse_lenient, parse_strict

from ..cases import Case, NotYet, Overrides, documents, listed, own_case
from ..roundtrip import round_trip

_NUMBER_AS: Final = "number-as-"
_NAMES: Final = {"context": "@context"}


def cases(folder: Path, overrides: Overrides) -> Iterator[Case]:
    """Give one case a document, and two verdicts a date."""
    for name, document in documents(folder, "pass/*.json"):
        yield Case(
            file=name,
            id=name.removesuffix(".json"),
            want=("accept",),
            run=lambda document=document: round_trip(document, folder.parent),
        )
    for name, document in documents(folder, "fail/*.json"):
        case_id = name.removesuffix(".json")
        named = _property(case_id, overrides)
        yield Case(
            file=name,
            id=case_id,
            want=("refuse",),
            run=lambda document=document, named=named: _load_bad(document, named),
            refusal=True,
        )
    for case, _ in listed(folder, "dates.json"):
        yield own_case(
            "dates.json",
            case,
            (case,),
            lambda case=case: _read_date(case["kind"], case["input"]),
            same=_same_date,
            refusal=[False] in (_allowed(case, "strict"), _allowed(case, "lenient")),
        )


def _property(case_id: str, overrides: Overrides) -> str | None:
    """Give the property that is bad, as the override names it or the name of the file says it."""
    override = overrides.find(case_id)
    named = override.property if override is not None else None
    stem = case_id.rpartition("/")[2]
    if named is None or " " in named:
        named = stem.removeprefix(_NUMBER_AS) if stem.startswith(_NUMBER_AS) else None
    return _NAMES.get(named, named) if named is not None else None


def _load_bad(document: Any, named: str | None) -> str:
    model = load(normalize(document) if isinstance(document, dict) else document)
    problems = {problem.property for problem in model.problems}
    if named is None:
        return "dropped" if problems else "accept"
    return "dropped" if named in problems and not _is_read(model, named) else "accept"


def _is_read(model: Object, named: str) -> bool:
    """Tell whether the model gives a value for the property that a document calls so."""
    return any(
        named in item.names and getattr(model, attribute) not in (None, (), {}, "")
        for attribute, item in type(model).declared.items()
    )


def _read_date(kind: str, text: str) -> dict[str, Any]:
    """Read a text by both functions: whether it is read, and as what."""
    if kind == "duration":
        strict: Callable[[str], Any] = parse_duration
        lenient: Callable[[str], Any] = parse_duration_lenient
    elif kind == "dateTime":
        strict, lenient = parse_strict, parse_lenient
    else:
        raise NotYet(kind)
    return {"strict": _try(strict, text), "lenient": _try(lenient, text)}


def _try(reader: Callable[[str], Any], text: str) -> Any:
    try:
        return reader(text)
    except FedtextError:
        return None


def _allowed(case: dict[str, Any], function: str) -> list[bool]:
    verdict = case[function]
    return list(verdict["expect_any"]) if "expect_any" in verdict else [verdict["expect"]]


def _same_date(case: dict[str, Any], got: dict[str, Any]) -> bool:
    for function in ("strict", "lenient"):
        value = got[function]
        if (value is not None) not in _allowed(case, function):
            return False
        instant = case.get("instant")
        if instant is not None and isinstance(value, datetime) and value != datetime.fromisoformat(instant):
            return False
    return True
