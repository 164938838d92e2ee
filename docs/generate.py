"""Draw from the code what the documentation says of it.

A page of this folder holds blocks between two comments:

    <!-- drawn: errors -->
    ...
    <!-- end -->

`python docs/generate.py` replaces what stands between them; `--check` fails when something is stale. The same
code gives the same text on every machine, whatever Python runs it.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import inspect
import re
import sys
import textwrap
import tomllib
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import attrs

import fedtext
from fedtext import config, errors

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
PACKAGE = Path(fedtext.__file__).parent
BLOCK = re.compile(r"(?P<head><!-- drawn: (?P<name>[a-z-]+) -->\n).*?(?P<tail><!-- end -->)", re.DOTALL)


def first_sentence(doc: str | None) -> str:
    """Give the first line of a docstring."""
    return inspect.cleandoc(doc or "").partition("\n")[0]


def module_path(name: str) -> Path | None:
    """Find the file of "inbox.receive" or "inbox"."""
    plain = PACKAGE.joinpath(*name.split(".")).with_suffix(".py")
    package = PACKAGE.joinpath(*name.split("."), "__init__.py")
    return plain if plain.is_file() else package if package.is_file() else None


def parsed(path: Path) -> ast.Module:
    """Parse one module."""
    return ast.parse(path.read_text("utf-8"))


# -- errors and settings ----------------------------------------------------------------------------------------


def classes_below(root: type[errors.FedtextError], depth: int = 0) -> Iterator[tuple[int, type[errors.FedtextError]]]:
    """Walk the tree of errors in the order in which it is written."""
    yield depth, root
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from classes_below(child, depth + 1)


def draw_error_tree() -> str:
    """Draw the tree of classes."""
    lines = [f"{'    ' * depth}{cls.__name__}" for depth, cls in classes_below(errors.FedtextError)]
    return "\n".join(["```text", *lines, "```"])


def draw_errors() -> str:
    """Describe each class under its code, which is also the anchor of its heading."""
    parts = []
    for _, cls in classes_below(errors.FedtextError):
        parts.append(f"### `{cls.code}` {{ #{cls.code} }}\n")
        parts.append(f"`{cls.__name__}`: {first_sentence(cls.__doc__)}\n")
        again = "The same call fails again." if cls.permanent else "The same call may succeed later."
        parts.append(f"HTTP status {cls.status_hint}. {again}\n")
        if cls.hint:
            parts.append(f"What to do: {cls.hint}.\n")
    return "\n".join(parts).rstrip()


def settings_table(cls: Any) -> str:
    """Give the fields of a settings class and their defaults."""
    lines = ["| setting | default |", "|---|---|"]
    for field in attrs.fields(cls):
        if isinstance(field.default, attrs.Factory):  # type: ignore[arg-type]
            value = f"`{field.default.factory.__name__}()`"
        elif field.default is attrs.NOTHING:
            value = "required"
        elif isinstance(field.default, int | float) and not isinstance(field.default, bool):
            value = f"{field.default:,}".replace(",", " ")
        else:
            value = f"`{field.default!r}`"
        lines.append(f"| `{field.name}` | {value} |")
    return "\n".join(lines)


def draw_limits() -> str:
    """Give the one table of limits."""
    return settings_table(config.Limits)


def draw_config() -> str:
    """Describe every settings class, the outermost first."""
    classes = [cls for cls in vars(config).values() if isinstance(cls, type) and attrs.has(cls)]
    classes = [cls for cls in classes if cls.__module__ == config.__name__]
    classes.sort(key=lambda cls: (cls is not config.Config, list(vars(config)).index(cls.__name__)))
    parts = []
    for cls in classes:
        text = inspect.cleandoc(cls.__doc__ or "").replace("\nArgs:\n", "\n\n")
        parts.append(f"## `{cls.__name__}` {{ #{cls.__name__.lower()} }}\n\n{text}\n\n{settings_table(cls)}\n")
    return "\n".join(parts).rstrip()


# -- the architecture -------------------------------------------------------------------------------------------


def layers() -> list[list[str]]:
    """Read the layers from the contract that keeps them, from the top to the bottom."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    rows = next(contract["layers"] for contract in contracts if contract["id"] == "layers")
    named = [[name.strip(" ()") for name in row.split("|")] for row in rows]
    return [row for row in named if row != ["__main__"]]


def layer_summary(name: str) -> str:
    """Give the first sentence of a layer's docstring."""
    path = module_path(name)
    return first_sentence(ast.get_docstring(parsed(path))).rstrip(".") if path else "not there yet"


def draw_layers() -> str:
    """Draw the layers as boxes; each imports only from boxes below it, and never from one beside it."""
    rows = [(" │ ".join(row), [layer_summary(name) for name in row]) for row in layers()]
    width = max(len(names) for names, _ in rows)
    rule = "─" * (width + 2)
    lines = [f"┌{rule}┐"]
    for index, (names, summaries) in enumerate(rows):
        if index:
            lines.append(f"├{rule}┤")
        first, *others = summaries
        lines.append(f"│ {names:<{width}} │  {first}")
        lines += [f"│ {'':<{width}} │  {other}" for other in others]
    lines.append(f"└{rule}┘")
    return "\n".join(["```text", *lines, "```"])


def draw_contracts() -> str:
    """List the contracts that the linter checks."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    return "\n".join(f"- `{contract['id']}`: {contract['name']}." for contract in contracts)


STEP = re.compile(r"^\s*#\s*\((?P<number>\d+)\)\s*(?P<text>.*)$")


def imported_names(module: ast.Module, package: str) -> dict[str, str]:
    """Map each name that a module imports from this library to where it comes from, without "fedtext."."""
    found = {}
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and node.level:
            parents = package.split(".")[: len(package.split(".")) - (node.level - 1)] if package else []
            source = ".".join([*parents, *([node.module] if node.module else [])])
            for alias in node.names:
                found[alias.asname or alias.name] = f"{source}.{alias.name}".lstrip(".")
    return found


def helpers_of(tree: ast.Module, names: dict[str, str]) -> dict[str, str]:
    """Map each private function of a module to what it calls elsewhere, joined by ", "."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("_"):
            called = [names[name] for name in calls_between(node, 0, sys.maxsize) if name in names]
            called = [name for name in called if name.rpartition(".")[2].islower()]
            if called:
                found[node.name] = ", ".join(dict.fromkeys(called))
    return found


def calls_between(function: ast.AST, first: int, last: int) -> list[str]:
    """Name what is called or awaited between two lines, in order."""
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call) and first < node.lineno < last]
    calls.sort(key=lambda node: (node.lineno, node.col_offset))
    return [ast.unparse(call.func) for call in calls]


def stories(prefixes: tuple[str, ...]) -> Iterator[tuple[str, list[tuple[str, str, list[str]]]]]:
    """Find the functions whose steps are numbered: (name, [(number, text, what the step calls)])."""
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        if module.split(".")[0] not in prefixes:
            continue
        lines = path.read_text("utf-8").splitlines()
        tree = parsed(path)
        names = imported_names(tree, module.rpartition(".")[0])
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                steps = steps_of(node, lines, names | helpers_of(tree, names))
                if len(steps) > 1:
                    yield f"{module}.{node.name}", steps


def steps_of(
    node: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str], names: dict[str, str]
) -> list[tuple[str, str, list[str]]]:
    """Read the numbered comments of one function."""
    end = (node.end_lineno or node.lineno) + 1
    marks = [(at, match) for at in range(node.lineno, end) if (match := STEP.match(lines[at - 1]))]
    steps: list[tuple[str, str, list[str]]] = []
    if not marks:
        return steps
    for (at, match), following in zip(marks, [*(at for at, _ in marks[1:]), end], strict=True):
        called = [names[name] for name in calls_between(node, at, following) if name in names]
        called += [name for name in calls_between(node, at, following) if "ports." in name]
        text = match["text"]
        for extra in lines[at:following]:  # a comment may go on over the next lines
            if not extra.strip().startswith("#"):
                break
            text += " " + extra.strip(" #")
        steps.append((match["number"], text, list(dict.fromkeys(called))))
    return steps


def draw_story(*prefixes: str) -> str:
    """Draw the functions of some layers whose steps are numbered."""
    parts = []
    for name, steps in stories(prefixes):
        lines = [name]
        for number, text, called in steps:
            lines += textwrap.wrap(f"({number})".rjust(6) + f"  {text}", width=92, subsequent_indent=" " * 8)
            if called:
                lines += textwrap.wrap(", ".join(called), 84, initial_indent=" " * 10, subsequent_indent=" " * 10)
        parts.append("\n".join(["```text", *lines, "```"]))
    return "\n\n".join(parts) if parts else "No function of these layers numbers its steps yet."


def draw_inbound() -> str:
    """Draw what happens to one activity that arrives."""
    return draw_story("inbox")


# The stages of a delivery, in order; what each holds, does and gives is read from the code.
OUTBOUND = ["addressing", "seal", "fanout", "collapse", "attempt", "outcome", "retry", "availability"]


def draw_outbound() -> str:
    """Draw what happens to one activity that is sent."""
    lines = []
    for stage in OUTBOUND:
        path = module_path(f"delivery.{stage}")
        if path is None:
            raise SystemExit(f"docs/generate.py: delivery.{stage} is gone; mend OUTBOUND")
        tree = parsed(path)
        lines.append(f"delivery.{stage:<12} {first_sentence(ast.get_docstring(tree))}")
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
                kind = "ports" if isinstance(node, ast.AsyncFunctionDef) else "pure"
                returns = ast.unparse(node.returns) if node.returns else "None"
                lines.append(f"    {kind:<6} {node.name} -> {returns}")
                lines.append(f"               {first_sentence(ast.get_docstring(node))}")
    drawn = "\n".join(["```text", *lines, "```"])
    numbered = draw_story("runtime", "federation", "delivery")
    return drawn if numbered.startswith("No function") else f"{drawn}\n\n{numbered}"


def draw_outcomes() -> str:
    """Ask the function that judges answers about every status, and join those that it judges alike."""
    from fedtext.delivery import Delivered, Drop, classify_response
    from fedtext.http import Response

    found: dict[str, list[int]] = {}
    for status in range(200, 600):
        outcome = classify_response(Response(status=status), now_s=0.0, retry_after_s_max=86_400)
        if isinstance(outcome, Delivered):
            meaning = "delivered"
        elif isinstance(outcome, Drop):
            meaning = "given up, a dead letter"
            meaning = "not there: a dead letter, and left out for a day" if outcome.absent else meaning
            meaning = "gone: left out for a day" if outcome.gone else meaning
        else:
            meaning = "tried again; the whole host waits" if outcome.host_failed else "tried again"
            meaning += "; the peer may not have our key yet" if outcome.unauthorized else ""
        found.setdefault(meaning, []).append(status)
    rows = [f"| {spans(statuses)} | {meaning} |" for meaning, statuses in found.items()]
    return "\n".join(["| status | meaning |", "|---|---|", *rows])


def spans(numbers: list[int]) -> str:
    """Write sorted numbers as spans: "200-299, 501"."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and parts[-1][-1] == number - 1:
            parts[-1][1:] = [number]
        else:
            parts.append([number])
    return ", ".join("-".join(map(str, part)) for part in parts)


def draw_retries() -> str:
    """Give the schedule of retries, without and with the most jitter."""
    from fedtext.delivery import retry_delay_s

    policy, least_s, most_s = config.DeliveryPolicy(), 0.0, 0.0
    lines = [
        "| after attempt | the next one follows after | since the first, at least | at most |",
        "|---|---|---|---|",
    ]
    for attempt in range(1, policy.attempts_max):
        shortest, longest = (retry_delay_s(attempt, fraction, policy) or 0.0 for fraction in (0.0, 1.0))
        least_s, most_s = least_s + shortest, most_s + longest
        cells = (f"{span_text(shortest)} to {span_text(longest)}", span_text(least_s), span_text(most_s))
        lines.append(f"| {attempt} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", f"Attempt {policy.attempts_max} is the last."])


def span_text(seconds: float) -> str:
    """Write a span in the unit that suits it."""
    for size, unit in ((3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def draw_dependencies() -> str:
    """List what an installation brings with it, and the extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = ["| extra | brings |", "|---|---|", row_of("(always)", project["dependencies"])]
    lines += [row_of(f"`[{name}]`", wanted) for name, wanted in project["optional-dependencies"].items() if wanted]
    return "\n".join(lines)


def row_of(name: str, requirements: list[str]) -> str:
    """Give one row of the table of dependencies."""
    return f"| {name} | {', '.join(f'`{requirement}`' for requirement in requirements)} |"


# -- the command line -------------------------------------------------------------------------------------------


def draw_cli() -> str:
    """Describe every command and its options."""
    entry: Any = importlib.import_module("fedtext.cli.entry")
    parts = []
    for name, _, _ in entry._COMMANDS:  # a command's options are known when it is the one that was asked for
        command = subparsers_of(entry.build_parser(name))[name]
        parts.append(f"## `fedtext {name}` {{ #{name} }}\n\n{command.description}")
        parts.append(options_table(command))
        for action, below in subparsers_of(command).items():
            parts.append(f"### `fedtext {name} {action}` {{ #{name}-{action} }}\n\n{below.description}")
            parts.append(options_table(below))
        parts.append(command.epilog if command.epilog != entry._EXIT_CODES else "")
    parts.append(entry._EXIT_CODES)
    return "\n\n".join(part for part in parts if part).rstrip()


def subparsers_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Give the parsers of commands, or of what a command can do, by name."""
    choices = [action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(choices[0]) if choices else {}


def options_table(parser: argparse.ArgumentParser) -> str:
    """Give the arguments and options of one command."""
    lines = ["| option | meaning |", "|---|---|"]
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction | argparse._SubParsersAction) or action.help == argparse.SUPPRESS:
            continue
        takes = action.nargs != 0
        metavar = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
        names = ", ".join(action.option_strings) or metavar
        text = f"{names} {metavar}" if takes and action.option_strings else names
        meaning = (action.help or "").replace("%(default)s", str(action.default)).replace("%%", "%")
        lines.append("| `{}` | {} |".format(*(cell.replace("|", "\\|") for cell in (text, meaning))))
    return "\n".join(lines) if len(lines) > 2 else ""


# -- peers ------------------------------------------------------------------------------------------------------


def draw_peers() -> str:
    """Draw the table of peers, which the tests hold the library to."""
    sys.path.insert(0, str(ROOT))
    peers: Any = importlib.import_module("tests.peers")
    return str(peers.draw())


def draw_doctor() -> str:
    """Draw the checks of `fedtext doctor`, in the order in which it shows them."""
    command: Any = importlib.import_module("fedtext.cli.doctor.command")
    judging: Any = importlib.import_module("fedtext.cli.doctor.judging")
    lines = ["| check | what it looks at | rules | who goes by it | how a fault is mended |", "|---|---|---|---|---|"]
    for check in command.CHECKS:
        peers = "all" if check.peers == judging.EVERYBODY else ", ".join(check.peers)
        peers += " (warning)" if check.is_warning else ""
        cells = (f"`{check.name}`", check.about, ", ".join(check.rules), peers, check.mend)
        lines.append("| {} |".format(" | ".join(cell.replace("|", "\\|") for cell in cells)))
    return "\n".join([*lines, "", f"All are {', '.join(judging.PEERS)}."])


def draw_discovery() -> str:
    """Draw the rules of discovery and the tests that show them."""
    sys.path.insert(0, str(ROOT))
    rules: Any = importlib.import_module("tests.discovery_rules")
    return str(rules.draw())


def draw_receiving() -> str:
    """Draw the rules of receiving and serving and the tests that show them."""
    sys.path.insert(0, str(ROOT))
    rules: Any = importlib.import_module("tests.receiving_rules")
    return str(rules.draw())


# The tables of reader models, and what each is about.
READERS = (
    ("document_rules.DOCUMENT_RULES", "The document as a whole"),
    ("post_rules.POST_RULES", "Posts"),
    ("activity_rules.ACTIVITY_RULES", "Activities"),
    ("actor_rules.ACTOR_RULES", "Actors"),
    ("delivery_rules.DELIVERY_RULES", "Deliveries"),
)


def draw_readers() -> str:
    """Draw the rows of the reader models."""
    servers: Any = importlib.import_module("fedtext.testing.peers").SERVERS
    parts = []
    for name, title in READERS:
        module, _, table = name.partition(".")
        rows: Any = getattr(importlib.import_module(f"fedtext.testing.peers.{module}"), table)
        lines = [f"## {title}\n", "| rule | servers | effect | what to do |", "|---|---|---|---|"]
        for row in rows:
            named = "all" if set(row.servers) == set(servers) else ", ".join(servers[key] for key in row.servers)
            doubt = " (second hand)" if row.second_hand else ""
            lines.append(f"| {row.rule} | {named}{doubt} | {row.effect.value} | {row.mend} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def draw_security() -> str:
    """Draw the rules of security, where each is shown, and the published flaws."""
    sys.path.insert(0, str(ROOT))
    matrix: Any = importlib.import_module("tests.security_matrix")
    return str(matrix.draw())


def draw_delivery_faults() -> str:
    """Draw what was seen when workers were killed, and who the peers were."""
    sys.path.insert(0, str(ROOT))
    cast: Any = importlib.import_module("tests.harness.cast")
    table = ROOT / "tests" / "harness" / "table.md"
    seen = table.read_text("utf-8").strip() if table.exists() else "Not drawn yet: `python -m tests.harness.run`."
    lines = [seen, "", "| peer | until it is healed | at the end |", "|---|---|---|"]
    lines += [
        f"| `{peer.name}` | {peer.manner.value} | {'has all' if peer.is_living else 'is given up'} |"
        for peer in cast.PEERS
    ]
    return "\n".join(lines)


# -- what a federation can be asked ------------------------------------------------------------------------------


def described(doc: str | None) -> str:
    """Turn a docstring into paragraphs and lists, without what the caller does not give."""
    lines: list[str] = []
    in_list = False
    for line in inspect.cleandoc(doc or "").splitlines():
        if line in {"Args:", "Raises:"}:
            in_list = True
            lines.append(f"{line}\n")
        elif not in_list or not line.startswith(" "):
            lines.append(line)
            in_list = in_list and not line
        elif line.startswith("     "):
            lines.append(f"  {line.strip()}")
        elif line.strip() != "ports: Given by the action.":
            name, _, text = line.strip().partition(": ")
            lines.append(f"- `{name}`: {text}")
    return re.sub(r"Args:\n+(?=Raises:|\Z)", "", "\n".join(lines).strip()).strip()


def draw_actions() -> str:
    """Describe each action of a `Federation`, and the values that those about deliveries give."""
    runtime: Any = importlib.import_module("fedtext.runtime")
    action: Any = importlib.import_module("fedtext.runtime.actions").Action
    parts = []
    for name, found in vars(fedtext.Federation).items():
        if not isinstance(found, action):
            continue
        signature = inspect.signature(found._body)
        given = [one for one in signature.parameters.values() if one.name not in {"self", "ports"}]
        shown = [f"{'*' if one.kind is one.VAR_POSITIONAL else ''}{one.name}{default_of(one)}" for one in given]
        first = next((place for place, one in enumerate(given) if one.kind is one.KEYWORD_ONLY), None)
        if first is not None and not any(one.kind is one.VAR_POSITIONAL for one in given):
            shown.insert(first, "*")
        head = f"## `fed.{name}` {{ #{name} }}\n\n```text\nfed.{name}({', '.join(shown)})"
        parts.append(f"{head} -> {signature.return_annotation}\n```\n\n{described(found.__doc__)}\n")
    parts += [
        f"## `{cls.__name__}` {{ #{cls.__name__.lower()} }}\n\n{described(cls.__doc__).replace('Args:', 'Fields:')}\n"
        for cls in (runtime.HostStatus, runtime.DeadLetter, runtime.PermanentFailure)
    ]
    return "\n".join(parts).rstrip()


def default_of(parameter: inspect.Parameter) -> str:
    """Write the default of a parameter as it stands in a call; "" where there is none."""
    if parameter.default is parameter.empty:
        return ""
    default = parameter.default
    return f"={type(default).__name__}.{default.name}" if isinstance(default, Enum) else f"={default!r}"


DRAWERS: dict[str, Callable[[], str]] = {
    "actions": draw_actions,
    "cli": draw_cli,
    "config": draw_config,
    "contracts": draw_contracts,
    "delivery-faults": draw_delivery_faults,
    "dependencies": draw_dependencies,
    "discovery": draw_discovery,
    "doctor": draw_doctor,
    "error-tree": draw_error_tree,
    "errors": draw_errors,
    "inbound": draw_inbound,
    "layers": draw_layers,
    "limits": draw_limits,
    "outbound": draw_outbound,
    "outcomes": draw_outcomes,
    "peers": draw_peers,
    "readers": draw_readers,
    "receiving": draw_receiving,
    "retries": draw_retries,
    "security": draw_security,
}


def redrawn(text: str) -> str:
    """Give the text of a page with its blocks drawn anew."""
    return BLOCK.sub(lambda match: f"{match['head']}\n{DRAWERS[match['name']]()}\n\n{match['tail']}", text)


def pages() -> list[Path]:
    """Give every page that may hold a block."""
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def stale() -> list[Path]:
    """Name the pages whose blocks do not say what the code says."""
    return [page for page in pages() if redrawn(text := page.read_text("utf-8")) != text]


def main() -> int:
    """Draw, or check."""
    parser = argparse.ArgumentParser(description=first_sentence(__doc__))
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when a page is stale")
    if parser.parse_args().check:
        found = stale()
        for page in found:
            print(f"{page.relative_to(ROOT)} is stale: run `make docs`")
        return bool(found)
    for page in stale():
        page.write_text(redrawn(page.read_text("utf-8")), "utf-8")
        print(f"drew {page.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
