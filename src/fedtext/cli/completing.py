"""`fedtext completion bash|zsh|fish`: a script for the shell, drawn from the parser itself.

Commands and options are completed; where an option or argument takes one of a few words, these; else files.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, cast

import attrs

from .console import Console

SHELLS: Final = ("bash", "zsh", "fish")


@attrs.frozen
class Flag:
    """One option: its spellings, what it is for, and the words it takes, if it takes one of a few."""

    spellings: tuple[str, ...]
    line: str
    words: tuple[str, ...] = ()


@attrs.frozen
class Outline:
    """One command, perhaps with commands of its own: its words, what it is for, its options."""

    name: str
    line: str
    flags: tuple[Flag, ...]
    commands: tuple[Outline, ...] = ()
    words: tuple[str, ...] = ()


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("shell", choices=SHELLS, help='as in: eval "$(fedtext completion bash)"')


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the script."""
    from .entry import build_parser

    found = outline(build_parser(None), name="fedtext", line="")
    script = {"bash": bash, "zsh": zsh, "fish": fish}[arguments.shell](found)
    console.tell({"shell": arguments.shell, "script": script})
    console.say(script)
    return 0


def outline(parser: argparse.ArgumentParser, *, name: str, line: str) -> Outline:
    """Read a parser.

    Args:
        parser: With all its commands.
        name: Of the command.
        line: What it is for.
    """
    flags: list[Flag] = []
    commands: list[Outline] = []
    words: list[str] = []
    for action in parser._actions:  # argparse has no public way to ask
        below = _parsers(action.choices)
        choices = () if below else tuple(str(choice) for choice in action.choices or ())
        commands += [outline(inner, name=key, line=inner.description or "") for key, inner in below.items()]
        if action.option_strings:
            flags.append(Flag(tuple(action.option_strings), _line(action.help), choices))
        else:
            words += choices
    return Outline(name, _line(line), tuple(flags), tuple(commands), tuple(words))


def _parsers(choices: object) -> dict[str, argparse.ArgumentParser]:
    """Give the parsers of commands, where the choices are commands."""
    if not isinstance(choices, Mapping):
        return {}
    named = cast("Mapping[object, object]", choices)
    return {str(name): inner for name, inner in named.items() if isinstance(inner, argparse.ArgumentParser)}


def bash(found: Outline) -> str:
    """Write the script for bash."""
    cases = "\n".join(
        f'        "{" ".join(path)}") words="{" ".join(_words(command))}" ;;' for path, command in _walk(found)
    )
    return f"""_fedtext() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" path="" words="" word
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        case "$word" in -*) ;; *) path="${{path:+$path }}$word" ;; esac
    done
    while :; do
        case "$path" in
{cases}
        *) if [[ "$path" == *" "* ]]; then path="${{path% *}}"; continue; fi ;;
        esac
        break
    done
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    [[ ${{#COMPREPLY[@]}} -eq 0 ]] && COMPREPLY=($(compgen -f -- "$current"))
}}
complete -o filenames -F _fedtext fedtext"""


def zsh(found: Outline) -> str:
    """Write the script for zsh."""
    return f"autoload -Uz bashcompinit && bashcompinit\n{bash(found)}"


def fish(found: Outline) -> str:
    """Write the script for fish."""
    lines = ["complete -c fedtext -e"]
    for path, command in _walk(found):
        seen = " and ".join(f"__fish_seen_subcommand_from {word}" for word in path) or "__fish_use_subcommand"
        lines += [
            f"complete -c fedtext -f -n '{seen}' -a {inner.name} -d {_quoted(inner.line)}" for inner in command.commands
        ]
        lines += [f"complete -c fedtext -n '{seen}' -f -a {word}" for word in command.words]
        for flag in command.flags:
            spelled = " ".join(
                f"-l {spelling[2:]}" if spelling.startswith("--") else f"-s {spelling[1:]}"
                for spelling in flag.spellings
            )
            taken = f" -x -a '{' '.join(flag.words)}'" if flag.words else ""
            lines.append(f"complete -c fedtext -n '{seen}' {spelled}{taken} -d {_quoted(flag.line)}")
    return "\n".join(lines)


def _walk(found: Outline, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Outline]]:
    yield path, found
    for inner in found.commands:
        yield from _walk(inner, (*path, inner.name))


def _words(command: Outline) -> Sequence[str]:
    spellings = [spelling for flag in command.flags for spelling in flag.spellings if spelling.startswith("--")]
    return [*(inner.name for inner in command.commands), *command.words, *spellings]


def _line(text: str | None) -> str:
    return (text or "").replace("%%", "%").splitlines()[0] if text else ""


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
