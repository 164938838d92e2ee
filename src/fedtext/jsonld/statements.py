"""From an expanded document to the statements of its RDF, and literals in the one form that RDF leaves them.

A text and a number of JSON-LD may be written in several ways that are one literal in RDF: `true`, and `"true"` with the
datatype of booleans. Whoever relies on a signature over the RDF must read the same in all of them, so each has one form
here: the native one where there is one, else the text with its datatype.

Invariants: pure; what is given is not changed; the statements are those that a JSON-LD processor gives, for documents
without graphs, without names of blank nodes, and with nothing in them that RDF does not see.

Example:
    >>> usual_literal({"@value": "5", "@type": "http://www.w3.org/2001/XMLSchema#integer"})
    {'@value': 5}

Sources: JSON-LD 1.1 Processing Algorithms and API sections 8.1 to 8.3 and 8.6; SEC-123.
"""

from __future__ import annotations

import re
from typing import Final, cast

from ..wire import jcs
from ..wire.json import JsonObject, JsonValue
from .nquads import XSD_STRING, Quad, iri_term, literal_term

RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XSD: Final = "http://www.w3.org/2001/XMLSchema#"
_TYPE: Final = f"<{RDF}type>"
_FIRST: Final = f"<{RDF}first>"
_REST: Final = f"<{RDF}rest>"
_NIL: Final = f"<{RDF}nil>"
_JSON: Final = "@json"
_BOOLEAN: Final = _XSD + "boolean"
_INTEGER: Final = _XSD + "integer"
_DOUBLE: Final = _XSD + "double"
_NUMBERS: Final = frozenset(
    {_INTEGER, _DOUBLE, *(_XSD + name for name in ("float", "decimal", "nonNegativeInteger", "positiveInteger"))}
)
_BOOLEANS: Final = {"true": True, "false": False}
_WHOLE: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,20})")
_EXPONENT: Final = re.compile(r"-?[0-9]\.[0-9]{1,15}E-?[0-9]{1,3}")
_DOUBLE_FORM: Final = re.compile(r"(\d)0*E\+?(-)?0*(\d)")
_DOUBLES_FROM: Final = 1e21  # from here on whole numbers are written as doubles


def usual_literal(value: JsonObject) -> JsonObject:
    """Give a literal in the form that all spellings of it have in common.

    Args:
        value: A value object; its language and datatype are well-formed.
    """
    if value.get("@type") == _JSON:
        return {"@value": value["@value"], "@type": _JSON}
    language = value.get("@language")
    if language is not None:
        return {"@value": value["@value"], "@language": language}
    text, datatype = _lexical(value["@value"], cast("str | None", value.get("@type")))
    native = _native(text, datatype)
    if native is None:
        return {"@value": text} if datatype == XSD_STRING else {"@value": text, "@type": datatype}
    return {"@value": native} if _lexical(native, None) == (text, datatype) else {"@value": native, "@type": datatype}


def term_of(value: JsonObject) -> str | None:
    """Give the RDF term of a literal; None when its language or datatype is malformed.

    Raises:
        DocumentError: It has a lone surrogate, or is JSON that has no canonical form.
    """
    if value.get("@type") == _JSON:
        return literal_term(jcs.canonize(value["@value"]).decode("utf-8"), datatype=RDF + "JSON")
    text, datatype = _lexical(value["@value"], cast("str | None", value.get("@type")))
    return literal_term(text, datatype=datatype, language=cast("str | None", value.get("@language")))


def quads_of(node: JsonObject) -> list[Quad]:
    """Give the statements of an expanded document, each once.

    Args:
        node: One node and what it embeds; each id, language and datatype in it is well-formed.

    Raises:
        DocumentError: See `term_of`.
    """
    writer = _Statements()
    writer.node(node)
    return list(writer.found)


class _Statements:
    """Collects statements, and names blank nodes on the way."""

    __slots__ = ("blank_count", "found")

    def __init__(self) -> None:
        self.found: dict[Quad, None] = {}
        self.blank_count = 0

    def say(self, subject: str, predicate: str, thing: str) -> None:
        self.found[Quad(subject, predicate, thing)] = None

    def blank(self) -> str:
        self.blank_count += 1
        return f"_:n{self.blank_count}"

    def node(self, node: JsonObject) -> str:
        """Say what a node says, and give its term."""
        subject = f"<{node['@id']}>" if "@id" in node else self.blank()
        for name, values in node.items():
            several = cast("list[JsonValue]", values)
            if name == "@type":
                for kind in several:
                    self.say(subject, _TYPE, f"<{kind}>")
            elif name[:1] != "@":
                for value in several:
                    self.say(subject, f"<{name}>", self.value(cast("JsonObject", value)))
        return subject

    def value(self, value: JsonObject) -> str:
        """Say what a value says, and give its term."""
        if "@list" in value:
            return self.list(cast("list[JsonObject]", value["@list"]))
        return str(term_of(value)) if "@value" in value else self.node(value)

    def list(self, items: list[JsonObject]) -> str:
        """Say a list, from its end, and give the term of its head."""
        head = _NIL
        for item in reversed(items):
            rest, head = head, self.blank()
            self.say(head, _FIRST, self.value(item))
            self.say(head, _REST, rest)
        return head


def _lexical(value: JsonValue, datatype: str | None) -> tuple[str, str]:
    """Give text and datatype of a literal (8.2.2)."""
    if isinstance(value, bool):
        return "true" if value else "false", datatype or _BOOLEAN
    if isinstance(value, int | float):
        if datatype != _DOUBLE and float(value).is_integer() and abs(value) < _DOUBLES_FROM:
            return str(int(value)), datatype or _INTEGER
        return _double(float(value)), datatype or _DOUBLE
    text = str(value)
    if datatype != _DOUBLE:
        return text, datatype or XSD_STRING
    try:
        return _double(float(text)), _DOUBLE
    except ValueError:
        return text, _DOUBLE


def _double(value: float) -> str:
    return _DOUBLE_FORM.sub(r"\1E\2\3", f"{value:1.15E}")


def _native(text: str, datatype: str) -> bool | int | float | None:
    """Give the JSON value that makes this literal; None when there is none."""
    if datatype == _BOOLEAN:
        return _BOOLEANS.get(text)
    if datatype not in _NUMBERS:
        return None
    number: int | float | None = None
    if _WHOLE.fullmatch(text):
        number = int(text)
    elif _EXPONENT.fullmatch(text):
        number = float(text)
    return number if number is not None and _lexical(number, datatype) == (text, datatype) else None


def is_iri(value: JsonValue) -> bool:
    """Tell whether RDF takes a value for an IRI."""
    return isinstance(value, str) and iri_term(value) is not None
