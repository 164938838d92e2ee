"""Our own cases, by rule: how a document is read (by which road, or not at all), and what its properties say.

A case has `document`, or `raw` for a text that JSON cannot hold; `expect` is a road or "refuse"; `reads` names what the
model says: a property, `tag_count` for how many there are, or one of the names in `READERS`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from fedtext.jsonld import normalize_by
from fedtext.vocab import Object, load
from fedtext.wire.json import parse_object

from ..cases import Case, Overrides, listed, own_case

_COUNT: Final = "_count"

READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "object_count": lambda model: len(model.objects),
    "likes_total": lambda model: model.likes.total_items,
    "can_quote": lambda model: model.interaction_policy and model.interaction_policy.can_quote.automatic_approval,
}


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give the cases of every file."""
    for path in sorted(folder.glob("*.json")):
        for case, _ in listed(folder, path.name):
            verdict = case["expect"] if "reads" not in case else [case["expect"], case["reads"]]
            yield own_case(path.name, case, (verdict,), partial(_run, case))


def _run(case: Mapping[str, Any]) -> Any:
    raw = case["raw"] if "raw" in case else json.dumps(case["document"])
    normalized, road = normalize_by(parse_object(raw.encode("utf-8")))
    model = load(normalized)
    if "reads" not in case:
        return road.value
    return [road.value, {name: _read(model, name) for name in case["reads"]}]


def _read(model: Object, name: str) -> Any:
    if name in READERS:
        return _plain(READERS[name](model))
    if name.endswith(_COUNT):
        return len(getattr(model, name.removesuffix(_COUNT)))
    return _plain(getattr(model, name))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return dict(value) if isinstance(value, Mapping) else value
