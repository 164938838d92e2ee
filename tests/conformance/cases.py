"""What a topic gives to the runner: cases, and the means to read them from files.

A case holds what is wanted and a function that asks the library. An error of the library's own tree stands for
`refused`; any other exception is a failure, whatever is wanted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from importlib import import_module
from operator import eq
from pathlib import Path
from typing import Any

import attrs

from fedtext.wire.json import JsonObject, parse_object
from fedtext.wire.timestamps import parse_strict

SCHEMA = "fedtext-vector/1"
SECONDS_MAX = 1.0
OVERRIDES = "OVERRIDES.json"
# What stands for "the function raises an error of the library", whatever word a topic has for it.
REFUSALS = ("refuse", "refused", "invalid")


class NotYet(Exception):
    """The library has no function for this case yet."""


def is_refusal(verdict: Any) -> bool:
    """Tell whether a verdict wants an error."""
    return isinstance(verdict, str) and verdict in REFUSALS


@attrs.frozen(kw_only=True)
class Case:
    """One case.

    Args:
        file: Path inside the topic's folder.
        id: Unique in its file.
        want: Any of these is right.
        run: Asks the library and gives the verdict.
        refused: The verdict that an error of the library stands for.
        same: Compares what is wanted with what is given.
        refusal: Whether something is to be refused here; None: when all that is wanted is `refused`.
        own: Whether it is of our own schema, whose verdicts no pattern of the overrides changes.
        upstream: What the upstream file says of it, in every spelling that an override may use; default: `want`.
        seconds_max: What it may take.
        skip: Whether it is not to be run, by a rule of the topic.
    """

    file: str
    id: str
    want: tuple[Any, ...]
    run: Callable[[], Any]
    refused: Any = "refuse"
    same: Callable[[Any, Any], bool] = eq
    refusal: bool | None = None
    own: bool = False
    upstream: tuple[Any, ...] | None = None
    seconds_max: float = SECONDS_MAX
    skip: bool = False

    @property
    def is_refusal(self) -> bool:
        """Whether accepting would be the failure that nobody may contest."""
        if self.refusal is not None:
            return self.refusal
        return all(
            is_refusal(want) or (type(want) is type(self.refused) and want == self.refused) for want in self.want
        )


@attrs.frozen(kw_only=True)
class Override:
    """A verdict that beats the one of the upstream file."""

    want: tuple[Any, ...]
    skip: bool
    property: str | None


@attrs.frozen
class Overrides:
    """The overrides of one topic."""

    cases: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict)
    rules: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def read(cls, folder: Path) -> Overrides:
        """Read those of a folder, if it has any."""
        path = folder / OVERRIDES
        if not path.is_file():
            return cls()
        document = read_json(path)
        return cls(document.get("cases", {}), tuple(document.get("rules", ())))

    def find(self, case_id: str, upstream: Sequence[Any] = (), *, own: bool = False) -> Override | None:
        """Look in the cases, then for the first rule that matches.

        Args:
            case_id: Of the case.
            upstream: The verdict of the upstream file, in all its spellings: a rule may hold for one verdict only.
            own: Leave out the rules.
        """
        found = self.cases.get(case_id)
        if found is None and not own:
            rules = (rule for rule in self.rules if fnmatchcase(case_id, rule["match"]))
            found = next((rule for rule in rules if "upstream" not in rule or rule["upstream"] in upstream), None)
        if found is None:
            return None
        want = tuple(found["expect_any"]) if "expect_any" in found else (found.get("verdict"),)
        return Override(want=want, skip=found.get("verdict") == "skip", property=found.get("property"))


def read_json(path: Path) -> Any:
    """Read a JSON file as it is, whatever the library thinks of JSON."""
    return json.loads(path.read_text(encoding="utf-8"))


def documents(folder: Path, pattern: str = "*.json") -> Iterator[tuple[str, Any]]:
    """Iterate over the JSON files of a folder: path inside it, and content; overrides left out."""
    for path in sorted(folder.glob(pattern)):
        if path.is_file() and path.name != OVERRIDES:
            yield path.relative_to(folder).as_posix(), read_json(path)


def listed(folder: Path, name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Iterate over the cases of a file of our schema: the case and its file; nothing when there is no such file."""
    path = folder / name
    document = read_json(path) if path.is_file() else {}
    for case in document.get("cases", ()):
        yield case, document


def wanted(case: Mapping[str, Any], member: str = "expect", *, refused: Any = "refuse") -> tuple[Any, ...]:
    """Give what a case of our schema wants: `expect_any`, the verdict member, or `error`."""
    if "expect_any" in case:
        return tuple(case["expect_any"])
    if case.get("error") is True:
        return (refused,)
    return (case[member],)


def own_case(name: str, case: Mapping[str, Any], want: Iterable[Any], run: Callable[[], Any], **options: Any) -> Case:
    """Make a case of our schema."""
    options.setdefault("seconds_max", float(case.get("seconds_max", SECONDS_MAX)))
    return Case(file=name, id=case["id"], want=tuple(want), run=run, own=True, **options)


def as_received(value: Any) -> JsonObject:
    """Give a value as it would arrive: written as JSON and read by the library, which wants an object."""
    return parse_object(json.dumps(value).encode("ascii"))


def seconds(moment: str | float) -> float:
    """Give a moment in seconds since the epoch; cases have it so, or as a date."""
    return parse_strict(moment).timestamp() if isinstance(moment, str) else float(moment)


def accepts(function: Callable[[], object]) -> Callable[[], str]:
    """Make a run of which only matters that nothing is raised."""

    def run() -> str:
        function()
        return "accept"

    return run


def library(module: str, name: str) -> Any:
    """Give a public function of the library that may not be there yet.

    Raises:
        NotYet: When it is called without being there.
    """
    try:
        return getattr(import_module(module), name)
    except (ModuleNotFoundError, AttributeError):

        def absent(*_args: object, **_kwargs: object) -> Any:
            raise NotYet(f"{module}.{name}")

        return absent


def pending(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give the cases of a topic whose function is still to come."""

    def run() -> Any:
        raise NotYet

    for path in sorted(folder.rglob("*.json*")):
        name = path.relative_to(folder).as_posix()
        document = read_json(path) if path.suffix in (".json", ".jsonld") and path.name != OVERRIDES else None
        if not isinstance(document, dict):
            continue
        entries = document.get("cases", []) if document.get("schema") == SCHEMA else []
        for entry in [*entries, *document.get("sequence", []), *document.get("entries", [])]:
            if isinstance(entry, dict):
                case_id = str(entry.get("id") or entry.get("@id"))
                yield Case(file=name, id=case_id.removeprefix("#"), want=(), run=run, own=True)
