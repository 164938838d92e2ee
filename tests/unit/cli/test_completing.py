"""Completion: every command and option of the parser is in the script of each shell, and the shells take it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from fedtext.cli import main
from fedtext.cli.completing import SHELLS, Flag, Outline, bash, fish, outline, zsh
from fedtext.cli.entry import build_parser
from fedtext.testing.peers import SERVERS

COMMANDS = {
    "demo", "serve", "worker", "lookup", "webfinger", "nodeinfo", "doctor", "verify", "sign", "inbox", "keys",
    "completion", "explain", "block", "allow", "rules", "reports",
}  # fmt: skip
SMALL = Outline(
    "fedtext",
    "",
    (Flag(("-h", "--help"), "show help"),),
    (Outline("keys", "it's keys", (Flag(("--kind",), "which", ("rsa", "ed25519")),), (Outline("new", "make", ()),)),),
)


def test_the_outline_has_every_command_and_option() -> None:
    found = outline(build_parser(None), name="fedtext", line="")
    commands = {command.name: command for command in found.commands}
    assert commands.keys() >= COMMANDS
    for command in commands.values():
        assert command.line
        assert any("--json" in flag.spellings for flag in command.flags)
    assert {inner.name for inner in commands["keys"].commands} == {"new", "show", "rotate"}
    assert commands["completion"].words == SHELLS
    assert tuple(SERVERS) in [flag.words for flag in commands["explain"].flags if flag.spellings == ("--as",)]


@pytest.mark.parametrize("write", [bash, zsh, fish])
def test_every_word_is_in_the_script(write: object) -> None:
    script = write(SMALL)  # type: ignore[operator]
    for word in ("keys", "new", "kind", "help"):
        assert word in script


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (["fedtext", "lo"], {"lookup"}),
        (["fedtext", "ex"], {"explain"}),
        (["fedtext", "web"], {"webfinger"}),
        (["fedtext", "doctor", "@a@b.example", "--tun"], {"--tunnel"}),
        (["fedtext", "keys", "ro"], {"rotate"}),
        (["fedtext", "lookup", "@a@b.example", "--ra"], {"--raw"}),
        (["fedtext", "completion", ""], {*SHELLS, "--json", "--help"}),
        (["fedtext", "--ver"], {"--version"}),
    ],
)
def test_bash_completes(
    tmp_path: Path, typed: list[str], expected: set[str], capfd: pytest.CaptureFixture[str]
) -> None:
    shell = shutil.which("bash")
    if shell is None:
        pytest.skip("there is no bash here")
    assert main(["completion", "bash"]) == 0
    script = tmp_path / "completion"
    script.write_text(capfd.readouterr().out)
    words = " ".join(f"'{word}'" for word in typed)
    asked = f'source {script}; COMP_WORDS=({words}); COMP_CWORD={len(typed) - 1}; _fedtext; echo "${{COMPREPLY[@]}}"'
    found = subprocess.run([shell, "-c", asked], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert set(found.stdout.split()) == expected


def test_as_json(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "fish", "--json"]) == 0
    assert '"shell": "fish"' in capfd.readouterr().out
