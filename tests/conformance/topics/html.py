"""HTML from strangers: what survives, compared as an HTML5 parser reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import html5lib

from fedtext.wire.html import sanitize

from ..cases import Case, Overrides, listed, own_case, wanted

Tree = tuple[Any, ...]
# Browsers drop tabs and line breaks anywhere in an address, and controls and spaces around it.
_DROPPED: Final = re.compile(r"[\t\n\r]")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_EDGES: Final = "".join(map(chr, range(0x21)))


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give the cases of the two files."""
    for case, document in listed(folder, "mastodon-like.json"):
        ignored = frozenset(document.get("compare", {}).get("ignore_attributes", ("rel", "target")))
        yield own_case(
            "mastodon-like.json",
            case,
            [tree(text, ignored) for text in wanted(case)],
            lambda case=case, ignored=ignored: tree(sanitize(case["input"]), ignored),
        )
    for case, document in listed(folder, "sanitizer-payloads.json"):
        rules = document["property"]
        yield own_case(
            "sanitizer-payloads.json",
            case,
            wanted(case),
            lambda case=case, rules=rules: _judge(case["payload"], rules),
            seconds_max=float(rules.get("seconds_max", 1)),
            refusal=True,
        )


def parsed(text: str) -> ElementTree.Element:
    """Read a fragment as a browser does."""
    root: ElementTree.Element = html5lib.parseFragment(text, treebuilder="etree", namespaceHTMLElements=False)
    return root


def tree(text: str, ignored: frozenset[str] = frozenset()) -> Tree:
    """Give a fragment as nested tuples: equal when elements, texts and attributes are, these in any order."""
    return _node(parsed(text), ignored)


def _node(element: ElementTree.Element, ignored: frozenset[str]) -> Tree:
    attributes = tuple(sorted((str(name), value) for name, value in element.attrib.items() if name not in ignored))
    children = tuple((_node(child, ignored), child.tail or "") for child in element)
    return str(element.tag), attributes, element.text or "", children


def _judge(payload: str, rules: Mapping[str, Any]) -> str:
    once = sanitize(payload)
    problems = [problem for element in parsed(once).iter() for problem in _problems(element, rules)]
    if rules["idempotent"] and sanitize(once) != once:
        problems.append("a second pass changes something")
    return ", ".join(problems) or "safe_html"


def _problems(element: ElementTree.Element, rules: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(element.tag, str):  # a comment
        return
    name = element.tag.rpartition("}")[2].lower()
    if element.tag == "DOCUMENT_FRAGMENT":
        return
    if name not in rules["allowed_elements"]:
        yield f"element {name}"
    for attribute, value in element.attrib.items():
        plain = _plain(str(attribute))
        if any(fnmatchcase(plain, pattern) for pattern in rules["forbidden_attributes"]):
            yield f"attribute {plain}"
        if plain in rules["url_attributes"]:
            schemes = rules["src_schemes"] if plain == "src" else rules["allowed_schemes"]
            scheme = _SCHEME.match(_DROPPED.sub("", value.strip(_EDGES)))
            if scheme is None or scheme[1].lower() not in schemes:
                yield f"address {value[:40]}"


def _plain(attribute: str) -> str:
    """Give the name of an attribute as it stands in the text."""
    namespace, _, name = attribute.rpartition("}")
    prefix = "xlink:" if "xlink" in namespace else "xmlns:" if "xmlns" in namespace else ""
    return (prefix + name).lower()
