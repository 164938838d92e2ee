r"""N-Quads: the statements of an RDF dataset as lines of text, each term in its one canonical spelling.

Decides what a statement is and how it is written; refuses to know what statements mean.

Invariants:
    - terms are equal exactly when their texts are: `"\u0041"` and `"A"` are one literal, `\n` and a line feed are two;
    - only the ends of lines that N-Quads knows end a statement: all other characters may stand in a literal;
    - reading and writing take linear time; only `DocumentError` and `LimitExceeded` are raised.

Example:
    >>> parse('_:x <https://a.example/p> "\\u0041" . # said twice\n_:x <https://a.example/p> "A" .')
    [Quad(subject='_:x', predicate='<https://a.example/p>', object='"A"', graph='')]

Sources: RDF 1.1 N-Quads sections 3 and 4; RDF Dataset Canonicalization 1.0 section 5 (canonical N-Quads).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Final, NamedTuple

from ..errors import DocumentError, LimitExceeded

XSD_STRING: Final = "http://www.w3.org/2001/XMLSchema#string"
LANG_STRING: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"

# Atomic throughout: no character is looked at more than twice.
_UCHAR: Final = r"u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}"
_IRI_CHARS: Final = '[^\x00-\x20<>"{}|^`\\\\\ud800-\udfff]'
_IRI: Final = rf"<{_IRI_CHARS}*+(?>(?:\\(?:{_UCHAR}){_IRI_CHARS}*+)*)>"
_FIRST: Final = (
    "0-9A-Z_a-z:\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_LABEL: Final = rf"_:[{_FIRST}](?>(?:\.*+[{_FIRST}\-\u00b7\u0300-\u036f\u203f-\u2040])*)"
_TAG: Final = r"[A-Za-z]++(?>(?:-[A-Za-z0-9]++)*)"
_STRING_CHARS: Final = r"[^\"\\\r\n]"
_STRING: Final = rf"\"{_STRING_CHARS}*+(?>(?:\\(?:[tbnrf\"'\\]|{_UCHAR}){_STRING_CHARS}*+)*)\""
_LITERAL: Final = rf"{_STRING}(?>(?:\^\^{_IRI}|@{_TAG})?)"
_WS: Final = r"[ \t]*+"


@cache  # to compile it takes 10 ms, and few programs read statements
def _statement() -> re.Pattern[str]:
    return re.compile(
        rf"{_WS}({_IRI}|{_LABEL}){_WS}({_IRI}){_WS}({_IRI}|{_LABEL}|{_LITERAL}){_WS}((?>(?:{_IRI}|{_LABEL})?)){_WS}\.{_WS}(?:#.*+)?",
        re.DOTALL,
    )


_NOTHING: Final = re.compile(rf"{_WS}(?:#.*+)?", re.DOTALL)
_LINE: Final = re.compile(r"[^\r\n]++")

_ABSOLUTE: Final = re.compile(rf"[A-Za-z][A-Za-z0-9+.\-]*+:{_IRI_CHARS}*+")
_WHOLE_TAG: Final = re.compile(_TAG)
_ESCAPE: Final = re.compile(r"\\(?:u(.{4})|U(.{8})|(.))", re.DOTALL)
_ESCAPED: Final = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
# What canonical N-Quads escapes: by a letter where there is one, else by number.
_SPECIAL: Final = re.compile('[\x00-\x1f"\\\\\x7f\ufffe\uffff]')
_LETTERS: Final = {char: "\\" + letter for letter, char in _ESCAPED.items()}
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_CODE_POINT_MAX: Final = 0x10FFFF


class Quad(NamedTuple):
    """A statement: four terms as they stand in canonical N-Quads.

    IRIs in angle brackets, blank nodes with `_:`, literals in quotes; `graph` is empty for the default graph.
    """

    subject: str
    predicate: str
    object: str
    graph: str = ""

    def line(self) -> str:
        """Give the statement as a line of N-Quads, with its line feed."""
        graph = f" {self.graph}" if self.graph else ""
        return f"{self.subject} {self.predicate} {self.object}{graph} .\n"


def parse(text: str, *, statements_max: int | None = None) -> list[Quad]:
    """Read statements.

    Args:
        text: N-Quads; comments and empty lines are passed over.
        statements_max: How many there may be, repetitions counted; None for any number.

    Returns:
        Each statement once, in the order of the text.

    Raises:
        DocumentError: The text is not N-Quads.
        LimitExceeded: There are more statements.
    """
    found: dict[Quad, None] = {}
    statement = _statement()
    spelled = {"": ""}
    count = 0
    for line in _LINE.finditer(text):
        match = statement.fullmatch(text, *line.span())
        if match is None:
            if _NOTHING.fullmatch(text, *line.span()) is None:
                raise DocumentError("the text is not N-Quads", line=line[0])
            continue
        count += 1
        if statements_max is not None and count > statements_max:
            raise LimitExceeded("too many statements", limit="quads_max", value=statements_max)
        terms = match.groups()
        for term in terms:
            if term not in spelled:
                spelled[term] = _respelled(term)
        found[Quad(*(spelled[term] for term in terms))] = None
    return list(found)


def write(quads: Iterable[Quad]) -> str:
    """Give statements as N-Quads: a line each, in the order of their code points."""
    return "".join(sorted(quad.line() for quad in quads))


def write_plainly(quads: Iterable[Quad]) -> str:
    """Give statements as N-Quads with no escape that the grammar does not ask for.

    Interop: for readers that know only those; what they read is the same. Not for hashing: that is `write`.
    """
    return _ESCAPE.sub(_plain, write(quads))


def iri_term(iri: str) -> str | None:
    """Give the term of an IRI; None for one that is relative or has characters that no IRI has."""
    return f"<{iri}>" if _ABSOLUTE.fullmatch(iri) else None


def literal_term(value: str, *, datatype: str = XSD_STRING, language: str | None = None) -> str | None:
    """Give the term of a literal.

    Args:
        value: Its text, unescaped.
        datatype: Its IRI; not looked at where there is a language.
        language: Tag as of BCP 47; its case is kept.

    Returns:
        The term; None when the language or the datatype is malformed.

    Raises:
        DocumentError: The text has a lone surrogate.
    """
    if _SURROGATE.search(value):
        raise DocumentError("a literal has a lone surrogate")
    quoted = f'"{_SPECIAL.sub(_escape, value)}"'
    if language is not None:
        return f"{quoted}@{language}" if _WHOLE_TAG.fullmatch(language) else None
    if datatype == XSD_STRING:
        return quoted
    kind = iri_term(datatype)
    return None if kind is None else f"{quoted}^^{kind}"


def literal_parts(term: str) -> tuple[str, str, str | None]:
    """Give text, datatype and language of a literal's term."""
    end = term.rindex('"')
    value, rest = _unescaped(term[1:end]), term[end + 1 :]
    if rest.startswith("@"):
        return value, LANG_STRING, rest[1:]
    return value, rest[3:-1] or XSD_STRING, None


def _respelled(term: str) -> str:
    """Bring a term that follows the grammar to its canonical spelling."""
    if term.startswith("<"):
        spelled = iri_term(_unescaped(term[1:-1]))
    elif term.startswith('"'):
        value, datatype, language = literal_parts(term)
        spelled = literal_term(value, datatype=_unescaped(datatype), language=language)
    else:
        return term
    if spelled is None:
        raise DocumentError("the text has an IRI that is none", term=term)
    return spelled


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(match: re.Match[str]) -> str:
    if match[3] is not None:
        return _ESCAPED[match[3]]
    number = int(match[1] or match[2], 16)
    if number > _CODE_POINT_MAX:
        raise DocumentError("an escape names no character", escape=match[0])
    return chr(number)


def _plain(match: re.Match[str]) -> str:
    return match[0] if match[3] not in (None, "b", "f") else _character(match)


def _escape(match: re.Match[str]) -> str:
    return _LETTERS.get(match[0]) or f"\\u{ord(match[0]):04X}"
