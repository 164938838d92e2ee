"""Which tests show which rules: read from the tests, and drawn into the documentation.

A test shows a rule by its marker, `@pytest.mark.spec("WF-09")`, or by its name, `test_wf_09_…`. A rule that none shows
needs a reason; `docs/generate.py` draws nothing without.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).resolve().parent
NAMED: Final = re.compile(r"(?<![a-z])(?:(?:wf|hm|ni|disc|sec|act|inb|col|tru|ap)_|ap_s)\d+(?!\d)")


def shown_by(node: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Give the rules that one test shows."""
    found = {name.upper().replace("_", "-") for name in NAMED.findall(node.name)}
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.spec":
            found |= {str(argument.value) for argument in decorator.args if isinstance(argument, ast.Constant)}
    return found


@cache
def tests() -> tuple[tuple[str, str, set[str]], ...]:
    """Give every test: its file, its name, and the rules that it shows."""
    return tuple(_tests())


def _tests() -> Iterator[tuple[str, str, set[str]]]:
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                yield path.relative_to(TESTS.parent).as_posix(), node.name, shown_by(node)


def by_rule(rules: Mapping[str, str]) -> dict[str, dict[str, list[str]]]:
    """Give the tests that show each rule: rule, file, names."""
    found: dict[str, dict[str, list[str]]] = {rule: {} for rule in rules}
    for file, name, shown in tests():
        for rule in sorted(shown & rules.keys()):
            found[rule].setdefault(file, []).append(name)
    return found


def complaints(shown: Mapping[str, object], gaps: Mapping[str, str]) -> list[str]:
    """Name what is neither shown nor has a reason, and reasons for what is shown or is no rule.

    Args:
        shown: What shows each rule; empty where nothing does.
        gaps: Why a rule is not shown.
    """
    holes = [f"{rule}: no test shows it, and no gap says why" for rule in shown if not shown[rule] and rule not in gaps]
    stale = [f"{rule}: a gap is stated, but there is a test" for rule in gaps if shown.get(rule)]
    return [*holes, *stale, *(f"{rule}: a gap is stated, but there is no such rule" for rule in gaps.keys() - shown)]


def draw(rules: Mapping[str, str], gaps: Mapping[str, str]) -> str:
    """Draw each rule with its tests, or with the reason why it has none.

    Raises:
        SystemExit: A rule has neither, or both.
    """
    found = by_rule(rules)
    if wrong := complaints(found, gaps):
        raise SystemExit("\n".join(wrong))
    parts = []
    for rule, text in rules.items():
        lines = [f"- `{file}`: {', '.join(f'`{name}`' for name in names)}" for file, names in found[rule].items()]
        parts.append("\n".join([f"### {rule}\n", f"{text}\n", *(lines or [f"No test: {gaps[rule]}"]), ""]))
    return "\n".join(parts).rstrip()
