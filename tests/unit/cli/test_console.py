"""What commands write: for people or machines, with colours on a terminal only."""

from __future__ import annotations

import io
import json

import pytest

from fedtext.cli.console import Console, plain


class Screen(io.StringIO):
    """A stream that may be a terminal."""

    def __init__(self, *, terminal: bool = True, encoding: str = "utf-8") -> None:
        super().__init__()
        self._terminal, self._encoding = terminal, encoding

    def isatty(self) -> bool:
        return self._terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding


@pytest.mark.parametrize(
    ("terminal", "variables", "coloured"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
    ],
)
def test_colours_are_for_terminals(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, variables: dict[str, str], coloured: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    console = Console(out=Screen(terminal=terminal))
    assert ("\x1b" in console.style("x", "good")) == coloured
    assert console.style("", "good") == ""


def test_people_get_lines_and_machines_objects() -> None:
    for machine, expected in ((False, "a line\n"), (True, '{"name": "é"}\n')):
        out = Screen(terminal=False)
        console = Console(machine=machine, out=out)
        console.say("a line")
        console.tell({"name": "é"})
        assert out.getvalue() == expected
    assert json.loads(expected) == {"name": "é"}


def test_complaints_go_elsewhere() -> None:
    out, err = Screen(), Screen()
    Console(out=out, err=err).complain("no")
    assert (out.getvalue(), err.getvalue()) == ("", "no\n")


def test_a_terminal_without_letters_gets_words() -> None:
    out = Screen(terminal=False, encoding="ascii")
    console = Console(out=out)
    console.say("“ü”")
    assert out.getvalue() == "???\n"
    assert (console.sign(True), console.sign(False)) == ("ok", "FAILED")
    assert Console(out=Screen(terminal=False)).sign(True) == "✓"


@pytest.mark.spec("SEC-165")
@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\x1b[31mb", "a [31mb"), ("a\nb", "a b"), ("\u202eabc", "abc"), ("é ✓", "é ✓"), ("\x9b31m", "31m")],
)
def test_a_stranger_does_not_write_on_the_terminal(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_live_lines_are_drawn_in_place_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "5")
    monkeypatch.setenv("LINES", "3")
    monkeypatch.delenv("NO_COLOR", raising=False)
    out = Screen()
    console = Console(out=out)
    with console.live() as show:
        show([console.style("abcdefg", "good")])
        show(["one", "two", "three"])
    drawn = "\x1b[32mabcde\x1b[0m\n" + "\x1b[1F\x1b[J" + "one\ntwo\n"
    assert out.getvalue() == f"\x1b[?25l{drawn}\x1b[?25h"


def test_live_lines_follow_each_other_elsewhere() -> None:
    out = Screen(terminal=False)
    with Console(out=out).live() as show:
        show(["one"])
        show(["two"])
    assert out.getvalue() == "one\ntwo\n"
    out = Screen()
    with Console(machine=True, out=out).live() as show:
        show(["one"])
    assert out.getvalue() == ""
