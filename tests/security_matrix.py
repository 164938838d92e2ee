"""The rules of security, in a line each, and the tests that show them at each edge: one matrix, read from the tests.

A test shows a rule by its name, `test_sec_048_…`, by its marker, `@pytest.mark.spec("SEC-048")`, or by the label of a
case that it is run with, "SEC-048 the id is used up by somebody else". It shows it at the edges of its marker `edges`,
else as a pure function. What is not shown has a reason in `security/gaps.toml`; `docs/generate.py` draws nothing
without.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import attrs
from tests.edges import EDGES
from tests.shown import shown_by

TESTS: Final = Path(__file__).resolve().parent
LABEL: Final = re.compile(r"SEC-\d{3}(?!\d)")
COUNT: Final = 180

Function = ast.FunctionDef | ast.AsyncFunctionDef


@attrs.frozen(kw_only=True)
class Test:
    """One test function: which rules it shows, and at which edges."""

    file: str
    name: str
    rules: frozenset[str]
    named: frozenset[str]
    edges: tuple[str, ...]
    docstring: str

    @property
    def at(self) -> str:
        """Where it stands, as pytest names it below tests/."""
        return f"{self.file}::{self.name}"


@attrs.frozen(kw_only=True)
class Gap:
    """Where some rules are not shown, and why."""

    rules: tuple[str, ...] = attrs.field(converter=tuple)
    edges: tuple[str, ...] = attrs.field(converter=tuple)
    reason: str


@attrs.frozen(kw_only=True)
class Advisory:
    """A published flaw that a library for this protocol must not have.

    Args:
        id: As published.
        also: Other ids of the same.
        who: Where it was found.
        what: What went wrong there, in a line.
        rules: What it is here.
        tests: What shows that it is not so here; each names the id in its docstring.
        told: False where only hearsay is known of it: then the documentation is silent.
        gap: Why there is no test yet.
    """

    id: str
    who: str
    what: str
    rules: tuple[str, ...] = attrs.field(converter=tuple)
    tests: tuple[str, ...] = attrs.field(converter=tuple, default=())
    also: tuple[str, ...] = attrs.field(converter=tuple, default=())
    told: bool = True
    gap: str = ""


def table(name: str) -> dict[str, Any]:
    """Read one of the tables of this matrix."""
    return tomllib.loads((TESTS / "security" / f"{name}.toml").read_text("utf-8"))


def rules() -> dict[str, str]:
    """Give every rule in a line."""
    return dict(table("rules"))


def gaps() -> list[Gap]:
    """Give the stated gaps."""
    return [Gap(**row) for row in table("gaps")["gap"]]


def advisories() -> list[Advisory]:
    """Give the published flaws."""
    return [Advisory(**row) for row in table("advisories")["advisory"]]


@cache
def tests() -> tuple[Test, ...]:
    """Give every test that shows a rule."""
    return tuple(test for path in sorted(TESTS.rglob("test_*.py")) for test in tests_of(path) if test.rules)


def tests_of(path: Path) -> Iterator[Test]:
    """Give the tests of one module."""
    module = ast.parse(path.read_text("utf-8"))
    values = dict(_assigned(module))
    everywhere = _edges_in(values.get("pytestmark"), values)
    for node in ast.walk(module):
        if isinstance(node, Function) and node.name.startswith("test_"):
            named = frozenset(rule for rule in shown_by(node) if LABEL.fullmatch(rule))
            labels = {label for decorator in node.decorator_list for label in _labels(decorator, values)}
            own = [edges for decorator in node.decorator_list if (edges := _edges_in(decorator, values))]
            yield Test(
                file=path.relative_to(TESTS).as_posix(),
                name=node.name,
                rules=named | labels,
                named=frozenset(f"SEC-{number}" for number in re.findall(r"sec_(\d{3})(?!\d)", node.name)),
                edges=own[0] if own else everywhere or ("pure",),
                docstring=ast.get_docstring(node) or "",
            )


def _assigned(module: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Give what is assigned at the top of a module."""
    for node in module.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            yield node.target.id, node.value


def _edges_in(node: ast.expr | None, values: dict[str, ast.expr]) -> tuple[str, ...]:
    """Give the edges that a marker names, also where it goes by a name of the module's."""
    for part in ast.walk(_meant(node, values)) if node is not None else ():
        if isinstance(part, ast.Call) and ast.unparse(part.func) == "pytest.mark.edges":
            return tuple(str(argument.value) for argument in part.args if isinstance(argument, ast.Constant))
    return ()


def _meant(node: ast.expr, values: dict[str, ast.expr]) -> ast.expr:
    return values.get(node.id, node) if isinstance(node, ast.Name) else node


def _labels(decorator: ast.expr, values: dict[str, ast.expr]) -> Iterator[str]:
    """Give the rules with which the labels of cases begin, in the decorator and in the tables that it names."""
    names = [values[part.id] for part in ast.walk(decorator) if isinstance(part, ast.Name) and part.id in values]
    for node in (decorator, *names):
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                label = LABEL.match(part.value)
                if label is not None:
                    yield label[0]


@cache
def shown() -> dict[str, dict[str, tuple[Test, ...]]]:
    """Give the matrix: rule, edge, tests."""
    return {
        f"SEC-{number:03}": {
            edge: tuple(test for test in tests() if f"SEC-{number:03}" in test.rules and edge in test.edges)
            for edge in EDGES
        }
        for number in range(1, COUNT + 1)
    }


def holes() -> list[str]:
    """Name what is neither shown nor has a reason, and reasons for what is shown."""
    excused = {(rule, edge) for gap in gaps() for rule in gap.rules for edge in gap.edges}
    found = []
    for rule, by_edge in shown().items():
        for edge, here in by_edge.items():
            if not here and (rule, edge) not in excused:
                found.append(f"{rule} at {edge}: nothing shows it, and no gap says why")
            if here and (rule, edge) in excused:
                found.append(f"{rule} at {edge}: a gap is stated, but {here[0].at} shows it")
    return found


def unnamed() -> list[str]:
    """Name the rules that are shown, but by no test that is called after them."""
    named = {rule for test in tests() for rule in test.named}
    return [rule for rule, by_edge in shown().items() if any(by_edge.values()) and rule not in named]


def unmapped() -> list[str]:
    """Name the published flaws that lack a test, and tests that do not show what they are said to."""
    known = {test.at: test for test in tests()}
    found = []
    for advisory in advisories():
        if not advisory.rules or not advisory.tests:
            found.append(f"{advisory.id}: no rule or no test")
        for name in advisory.tests:
            test = known.get(name)
            if test is None:
                found.append(f"{advisory.id}: there is no test {name}")
            elif test.rules.isdisjoint(advisory.rules):
                found.append(f"{advisory.id}: {name} shows none of its rules")
            elif advisory.id not in test.docstring:
                found.append(f"{advisory.id}: {name} does not name it")
    return found


# ---- for the documentation -------------------------------------------------------------------------------------------

HEADS: Final = {"pure": "functions", "asgi": "ASGI", "wsgi": "WSGI"}


def draw() -> str:
    """Draw the matrix, the gaps, the published flaws and the tests.

    Raises:
        SystemExit: Something is neither shown nor said to be missing.
    """
    if complaints := [*holes(), *unmapped()]:
        raise SystemExit("\n".join(complaints))
    return "\n\n".join([_draw_matrix(), _draw_gaps(), _draw_advisories(), _draw_tests()])


def _draw_matrix() -> str:
    lines = ["## The matrix", "", "How many tests show a rule at each edge; a letter is a gap, below.", ""]
    lines += [f"| rule | | {' | '.join(HEADS.values())} |", "|---|---|---|---|---|"]
    letters = {(rule, edge): chr(97 + at) for at, gap in enumerate(gaps()) for rule in gap.rules for edge in gap.edges}
    for rule, text in rules().items():
        cells = [str(len(here)) if here else letters[rule, edge] for edge, here in shown()[rule].items()]
        lines.append(f"| [{rule}](#{rule.lower()}) | {text} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _draw_gaps() -> str:
    lines = ["## Gaps", "", "| | rules | where | why |", "|---|---|---|---|"]
    for at, gap in enumerate(gaps()):
        where = ", ".join(HEADS[edge] for edge in gap.edges)
        lines.append(f"| {chr(97 + at)} | {', '.join(gap.rules)} | {where} | {gap.reason} |")
    return "\n".join(lines)


def _draw_advisories() -> str:
    lines = [
        "## Published flaws",
        "",
        "| flaw | in | what went wrong there | rules | tests here |",
        "|---|---|---|---|---|",
    ]
    for advisory in advisories():
        if advisory.told:
            named = ", ".join([advisory.id, *advisory.also])
            links = ", ".join(f"[{rule}](#{rule.lower()})" for rule in advisory.rules)
            names = ", ".join(f"`{test.partition('::')[2]}`" for test in advisory.tests)
            lines.append(f"| {named} | {advisory.who} | {advisory.what} | {links} | {names} |")
    return "\n".join(lines)


def _draw_tests() -> str:
    parts = ["## The tests", ""]
    for rule, text in rules().items():
        files: dict[str, list[str]] = {}
        for test in tests():
            if rule in test.rules:
                files.setdefault(test.file, []).append(f"`{test.name}`")
        lines = [f"- `tests/{file}`: {', '.join(names)}" for file, names in files.items()]
        parts += [f"### {rule}", "", text, "", *lines, *([""] if lines else [])]
    return "\n".join(parts).rstrip()
