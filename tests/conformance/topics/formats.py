"""Forms of texts: dates, URIs, hosts and addresses over the format tests of the JSON Schema suite."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from fedtext.errors import MalformedText
from fedtext.wire.durations import parse_duration
from fedtext.wire.ip_addresses import parse_address
from fedtext.wire.iri import host_to_ascii
from fedtext.wire.timestamps import parse_strict
from fedtext.wire.uri import parse_any_iri, parse_iri_reference, parse_uri, parse_uri_reference

from ..cases import Case, NotYet, Overrides, accepts, documents


def _address(version: int, text: str) -> object:
    found = parse_address(text)
    if found is None or found.version != version:
        raise MalformedText("not an address of this version")
    return found


def _unknown(_text: str) -> object:
    raise NotYet


READERS: Final[Mapping[str, Callable[[str], object]]] = {
    "date-time": parse_strict,
    "duration": parse_duration,
    "uri": parse_uri,
    "uri-reference": parse_uri_reference,
    "iri": parse_any_iri,
    "iri-reference": parse_iri_reference,
    "hostname": host_to_ascii,
    "idn-hostname": host_to_ascii,
    "ipv4": partial(_address, 4),
    "ipv6": partial(_address, 6),
}


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give one case a text; the file's name says which form it has."""
    for name, groups in documents(folder):
        stem = name.removesuffix(".json")
        reader = READERS.get(stem, _unknown)
        for group in groups:
            for test in group["tests"]:
                if isinstance(test["data"], str):
                    yield Case(
                        file=name,
                        id=f"{stem}:{test['data']}",
                        want=("accept" if test["valid"] else "refuse",),
                        upstream=(True, "valid", "accept") if test["valid"] else (False, "invalid", "refuse"),
                        run=accepts(partial(reader, test["data"])),
                    )
