"""N-Quads: each statement once, each term in one spelling, and nothing that is not in the grammar."""

from __future__ import annotations

import pytest

from fedtext.errors import DocumentError, LimitExceeded
from fedtext.jsonld import nquads
from fedtext.jsonld.nquads import Quad, iri_term, literal_parts, literal_term, parse, write, write_plainly

S = "<https://a.example/s>"
P = "<https://a.example/p>"


def quoted(text: str) -> str:
    """What a literal that is written so is read as."""
    (quad,) = parse(f"{S} {P} {text} .")
    return quad.object


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"{S} {P} _:b .", Quad(S, P, "_:b")),
        (f"\t{S}{P}_:b.c.", Quad(S, P, "_:b.c")),
        (f"_:1 {P} {S} _:g .", Quad("_:1", P, S, "_:g")),
        (f'_:a-b {P} "x"@de-CH-1996 {S} . # said so', Quad("_:a-b", P, '"x"@de-CH-1996', S)),
        (f"_:é·̀ {P} <urn:x> .", Quad("_:é·̀", P, "<urn:x>")),
        (f'{S} {P} "1"^^<urn:int> .', Quad(S, P, '"1"^^<urn:int>')),
        (f'{S} {P} "1"^^<http://www.w3.org/2001/XMLSchema#string> .', Quad(S, P, '"1"')),
        (f'{S} {P} "1"^^<http://www.w3.org/2001/XMLSchema#\\u0073tring> .', Quad(S, P, '"1"')),
        ("<urn:\\u00e9> <urn:\\U0001F303> <urn:é> .", Quad("<urn:é>", "<urn:🌃>", "<urn:é>")),
    ],
)
def test_a_statement(line: str, expected: Quad) -> None:
    assert parse(line) == [expected]


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ('""', '""'),
        (r'"\u0041\U00000042"', '"AB"'),
        (r'"\t\b\n\r\f\"\'\\"', r'"\t\b\n\r\f\"' + "'" + r'\\"'),
        (r'"\\n"', r'"\\n"'),
        (r'"\\\n"', r'"\\\n"'),
        (r'"\\u0041"', r'"\\u0041"'),
        ('"\x00\x01\x0b\x1f\x7f"', r'"\u0000\u0001\u000B\u001F\u007F"'),
        ('"\ufffe\uffff"', r'"\uFFFE\uFFFF"'),
        ('"\x80\x85\u2028\u2029\x1c"', '"\x80\x85\u2028\u2029\\u001C"'),
        ('"\U0001f303<>{}|^`"', '"\U0001f303<>{}|^`"'),
    ],
)
def test_a_literal_has_one_spelling(written: str, canonical: str) -> None:
    assert quoted(written) == canonical
    assert quoted(canonical) == canonical


@pytest.mark.spec("SEC-123")
def test_sec_123_literals_that_differ_are_written_differently() -> None:
    values = ["\\n", "\n", "\\\n", "\\\\n", "\\t", "\t", '\\"', '"', "\\", "\\u0041", "A", "\x08", "\\b"]
    terms = [literal_term(value) for value in values]
    assert len(set(terms)) == len(values)
    assert [literal_parts(str(term))[0] for term in terms] == values


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        f"{S} {P} .",
        f"{S} {P} {S}",
        f'{S} {P} "x',
        f'{S} {P} "x" . {S} {P} "y" .',
        f'"x" {P} {S} .',
        f"{S} _:p {S} .",
        f'{S} {P} {S} "g" .',
        f'{S} {P} "\\x" .',
        f'{S} {P} "\\u004" .',
        f'{S} {P} "\\U00110000" .',
        f'{S} {P} "\\ud800" .',
        f'{S} {P} "\ud800" .',
        f'{S} {P} "x"@ .',
        f'{S} {P} "x"@1 .',
        f'{S} {P} "x"^^int .',
        f"<relative> {P} {S} .",
        f"<urn:a b> {P} {S} .",
        f"<urn:\\u0020> {P} {S} .",
        f"<urn:\\u003E> {P} {S} .",
        f"_: {P} {S} .",
        f"_:-a {P} {S} .",
        f"{S} {P} {S} ..",
        "\x00",
        "\u2028",
    ],
)
def test_what_is_not_in_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(DocumentError):
        parse(text)


def test_lines_end_as_n_quads_has_it_and_statements_count_once() -> None:
    line = f'{S} {P} "a\u2028b\x0b\x85" .'
    assert len(parse(f"\r\n# nothing\r{line}\r\n \t\n{line}\n\n{S} {P} _:b .")) == 2


def test_the_number_of_statements_is_bounded_while_reading() -> None:
    text = f"{S} {P} {S} .\n" * 3 + "nonsense"
    with pytest.raises(LimitExceeded) as caught:
        parse(text, statements_max=2)
    assert caught.value.context["limit"] == "quads_max"
    assert len(parse(text.removesuffix("nonsense"), statements_max=3)) == 1


@pytest.mark.parametrize("part", ["\\u0041", "\\n", "é", "a.", "-", '\\"', " "])
@pytest.mark.parametrize("frame", ["<urn:{}", f'{S} {P} "{{}}', "_:a{}", f"_:a {P} _:b{{}}", f'{S} {P} "x"@en{{}}'])
def test_long_parts_that_fail_late_are_refused_in_time(frame: str, part: str) -> None:
    with pytest.raises(DocumentError):  # were it not linear, this would not end
        parse(frame.replace("{}", part * 100_000) + "!")


def test_writing_sorts_by_code_points() -> None:
    quads = [Quad("_:b", P, '"\U0001f303"', "_:g"), Quad("_:b", P, '"\uff00"'), Quad("<urn:a>", P, "_:b")]
    assert write(quads) == f'<urn:a> {P} _:b .\n_:b {P} "\uff00" .\n_:b {P} "\U0001f303" _:g .\n'


def test_writing_plainly_uses_the_escapes_that_every_reader_knows() -> None:
    term = str(literal_term('\x00\b\f\x7f\ufffe\\b\\u0041\t\n\r"'))
    text = write_plainly([Quad(S, P, term)])
    assert text == f'{S} {P} "\x00\b\f\x7f\ufffe\\\\b\\\\u0041\\t\\n\\r\\"" .\n'
    assert parse(text) == [Quad(S, P, term)]


@pytest.mark.parametrize(
    "iri", ["", "rel", "/x", "a b:c", "1:x", "urn:a b", "urn:a>", "urn:a\n", 'urn:"', "urn:\ud800"]
)
def test_what_is_no_iri_has_no_term(iri: str) -> None:
    assert iri_term(iri) is None
    assert literal_term("x", datatype=iri) is None


@pytest.mark.parametrize("tag", ["", "1", "en_US", "en-", "en> .", "é"])
def test_a_malformed_language_has_no_term(tag: str) -> None:
    assert literal_term("x", language=tag) is None


def test_the_parts_of_a_literal() -> None:
    assert literal_parts('"a\\n\\"@b"') == ('a\n"@b', nquads.XSD_STRING, None)
    assert literal_parts('"a"@en') == ("a", nquads.LANG_STRING, "en")
    assert literal_parts('"^^<urn:x>"^^<urn:y>') == ("^^<urn:x>", "urn:y", None)
    assert literal_term("a", datatype="urn:y") == '"a"^^<urn:y>'
