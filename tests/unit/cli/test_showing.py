"""What is shown of an examination: every byte of the base can be seen, and nothing moves the terminal."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.signing import KEY_ID, NOW_S, OWNER, message, signed

from fedtext.cli.console import Console
from fedtext.cli.showing import as_record, escaped_lines, show
from fedtext.keys import UnconfirmedKey, generate_ed25519
from fedtext.signatures import examine

KEY = generate_ed25519()


@pytest.mark.parametrize(
    ("base", "lines"),
    [
        (b"", [""]),
        (b"a: b", ["a: b"]),
        (b"a: b\nc: d", ["a: b\\n", "c: d"]),
        (b"a: b\n", ["a: b\\n", ""]),
        (b"a:  \t\r\x00\x7f\xe9\\n", ["a:  \\t\\r\\x00\\x7f\\xe9\\\\n"]),
        (b"a:  \nb: ", ["a:\\x20\\x20\\n", "b:\\x20"]),
    ],
)
def test_every_byte_can_be_seen(base: bytes, lines: list[str]) -> None:
    assert escaped_lines(base) == lines


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_two_bases_never_look_alike(one: bytes, other: bytes) -> None:
    lines = escaped_lines(one)
    assert all(line.isascii() and line.isprintable() for line in lines)
    assert (lines == escaped_lines(other)) is (one == other)


def test_the_words_of_strangers_move_nothing() -> None:
    hostile = message(url="https://b.example/inbox")
    request = signed(hostile, KEY, label="a")
    out = io.StringIO()
    keys = [UnconfirmedKey(KEY_ID, f"{OWNER}\x1b[2J", KEY.public)]
    found = examine(request, keys, now_s=NOW_S, authorities={"b.example"})[0]
    show(Console(out=out, err=out), found, number=1, count=2)
    assert "signature 1 of 2, label a" in out.getvalue()
    assert "\x1b" not in out.getvalue()
    assert json.loads(json.dumps(as_record(found)))["verified"] is True
