"""JSON-LD 1.1: `jsonld.processor` over the suites of the W3C."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from pyld import jsonld

from fedtext.errors import ContextRefused

from ..cases import Case, Overrides, library, read_json
from ..roundtrip import unordered

Entry = Mapping[str, Any]
Load = Callable[[str], Any]

_OPERATIONS: Final = {"toRdf": "to_rdf", "fromRdf": "from_rdf"}
# Members of `option` that say something about the test and nothing to the processor.
_ABOUT: Final = frozenset({"specVersion", "normative", "base", "expandContext"})


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give one case an entry of each manifest."""
    for path in sorted(folder.glob("*-manifest.jsonld")):
        name = path.name.removesuffix("-manifest.jsonld")
        manifest = read_json(path)
        for entry in manifest["sequence"]:
            fails = "jld:NegativeEvaluationTest" in entry["@type"]
            yield Case(
                file=path.name,
                id=f"{name}{entry['@id']}",
                want=("refuse",) if fails else ("equal",),
                run=partial(_run, folder, name, entry, manifest["baseIri"]),
            )


def _run(folder: Path, name: str, entry: Entry, base_iri: str) -> str:
    """Process the input of an entry and compare what comes out."""
    got = process(name, entry, folder, base_iri)
    if "jld:NegativeEvaluationTest" in entry["@type"]:
        return "accept"
    if "jld:PositiveSyntaxTest" in entry["@type"]:
        return "equal"
    path = folder / entry["expect"]
    if name == "toRdf":
        return "equal" if isomorphic(str(got), path.read_text(encoding="utf-8")) else f"another dataset: {got}"
    return "equal" if unordered(got) == unordered(read_json(path)) else f"another document: {got}"


def process(name: str, entry: Entry, folder: Path, base_iri: str) -> Any:
    """Ask the library: the one place that knows how its processor is called."""
    option = entry.get("option", {})
    path = folder / entry["input"]
    options: dict[str, Any] = {member: value for member, value in option.items() if member not in _ABOUT}
    if "context" in entry:
        options["context"] = read_json(folder / entry["context"])
    if "expandContext" in option:
        options["expandContext"] = read_json(folder / option["expandContext"])
    function = library("fedtext.jsonld.processor", _OPERATIONS.get(name, name))
    return function(
        path.read_text(encoding="utf-8") if name == "fromRdf" else read_json(path),
        base=option.get("base", base_iri + entry["input"]),
        load=loader(folder, base_iri),
        **options,
    )


def loader(folder: Path, base_iri: str) -> Load:
    """Give what reads the documents of the suite, and nothing else."""

    def load(url: str) -> Any:
        path = (folder / url.removeprefix(base_iri)).resolve()
        if not url.startswith(base_iri) or not path.is_relative_to(folder.resolve()) or not path.is_file():
            raise ContextRefused("not of the suite", url=url)
        return read_json(path)

    return load


def isomorphic(one: str, other: str) -> bool:
    """Tell whether two texts of N-Quads are the same dataset but for the names of its blank nodes."""
    return canonical(one) == canonical(other)


def canonical(quads: str) -> str:
    """Give the canonical form of a dataset; generalized quads, which have none, as sorted lines."""
    options = {"algorithm": "URDNA2015", "inputFormat": "application/n-quads", "format": "application/n-quads"}
    try:
        return str(jsonld.normalize(quads, options))
    except jsonld.JsonLdError:
        return "".join(sorted(quads.splitlines(keepends=True)))
