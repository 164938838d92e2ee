"""Draw the table of mutants: what the tests of `keys` and `signatures` notice when one place of the code is changed.

    python -m tests.mutation.run                       draw the table; modules that did not change are not run again
    python -m tests.mutation.run keys.pem signatures   look at some modules only, print their survivors, draw nothing
    python -m tests.mutation.run --anew                draw the table and forget what it says

mutmut changes the bodies of functions and methods in a copy of the tree: operators, comparisons, constants, arguments
and assignments. It leaves alone what is decorated and what stands in no function, such as the patterns of a grammar:
these have rows in `tests/controls`. Each mutant is tried on the tests that reach its function; one that never ends is
killed by the clock. A survivor needs a reason in `reasons.toml`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import attrs
from tests.tables import PACKAGES, ROOT, drawn_from, hash_of, normalized, sources

HERE = Path(__file__).resolve().parent
TABLE = HERE / "table.json"
PAGE = HERE / "table.md"
REASONS = HERE / "reasons.toml"
HARNESS = [Path(__file__).resolve(), HERE / "mutmut_run.py", REASONS, ROOT / "tests" / "tables.py"]

COMMAND = "python -m tests.mutation.run"
WORKERS = 2
KILLED_SHARE_MIN = 0.95
# What shows what a package does: its own tests, then those that look at it through its doors.
TESTS = {
    "keys": ("tests/unit/keys", "tests/security/test_keys_*.py", "tests/properties/test_keys*.py"),
    "signatures": (
        "tests/unit/signatures",
        "tests/security/test_signatures*.py",
        "tests/security/test_proofs*.py",
        "tests/properties/test_signatures*.py",
        "tests/properties/test_proofs*.py",
    ),
}
# So many modules at once; what was found out about them is kept before the next ones.
BATCH = 5
SURVIVED, UNREACHED, TIMEOUTS = (0,), (5, 33), (24, -24, 36, 152, 255)
UNDECIDED = (None, 2, 35)  # not tried, broken off, or tests that cannot be found: see `mutmut_run`


@attrs.frozen(kw_only=True)
class Survivor:
    """One mutant that no test noticed; `where` is the function, `change` the line before and after."""

    where: str
    change: str

    @property
    def name(self) -> str:
        """How `reasons.toml` calls it: stable as long as the function has this line."""
        return f"{self.where}: {self.change}"


@attrs.frozen(kw_only=True)
class Module:
    """What became of the mutants of one module, and what it was found out with."""

    name: str
    source: str
    tests: str
    mutants: int
    killed: int
    timeouts: int
    survivors: tuple[Survivor, ...]

    def to_json(self) -> dict[str, Any]:
        """Give the row of the table."""
        return attrs.asdict(self)

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Module:
        """Read a row of the table."""
        survivors = tuple(Survivor(**survivor) for survivor in row["survivors"])
        return cls(**{**row, "survivors": survivors})


def test_files(package: str) -> list[Path]:
    """Give the files and folders that hold the tests of a package."""
    return [path for pattern in TESTS[package] for path in sorted(ROOT.glob(pattern))]


def tests_hash(package: str, module: str) -> str:
    """Hash the tests that a module's row depends on: its own, and those that all modules of its package share."""
    others = {f"test_{name}.py" for name in wanted_modules(package) if name != module}
    found = [*(ROOT / "tests").glob("*.py"), ROOT / "tests" / "spoken.json"]
    for path in test_files(package):
        files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
        found += [file for file in files if "unit" not in file.parts or file.name not in others]
    return hash_of(path for path in found if "__pycache__" not in path.parts and path.name != "tables.py")


def wanted_modules(package: str) -> list[str]:
    """Name the modules of a package that have something to change."""
    return [path.stem for path in sources(package) if path.stem != "__init__"]


def prepare(scratch: Path, package: str, modules: list[str]) -> None:
    """Copy what is needed and say to mutmut what is to be done."""
    ignored = shutil.ignore_patterns("__pycache__", "node_modules", "interop", "*.egg-info")
    for name in ("src", "tests"):
        shutil.copytree(ROOT / name, scratch / name, ignore=ignored)
    settings = {
        "source_paths": ["src"],
        "only_mutate": [f"src/fedtext/{package}/{module}.py" for module in modules],
        "pytest_add_cli_args_test_selection": [str(path.relative_to(ROOT)) for path in test_files(package)],
        "pytest_add_cli_args": ["-p", "no:cacheprovider"],
        "timeout_constant": 3.0,
    }
    written = "\n".join(f"{name} = {json.dumps(value)}" for name, value in settings.items())
    project = normalized(ROOT / "pyproject.toml").decode("utf-8")
    (scratch / "pyproject.toml").write_text(
        f"{project}\n[tool.mutmut]\n{written}\nuse_git_change_detection = false\n", "utf-8"
    )


def mutate(scratch: Path) -> None:
    """Let mutmut run; what it found stands beside the copies of the modules."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FEDTEXT_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutation.mutmut_run", "run", "--max-children", str(WORKERS)],
        cwd=scratch,
        env=kept | {"FEDTEXT_HYPOTHESIS": "mutation", "PYTHONHASHSEED": "0"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"mutmut has failed:\n{done.stdout[-4_000:]}\n{done.stderr[-4_000:]}")


def found(scratch: Path, package: str, module: str, source: str, tests: str) -> Module:
    """Read what became of the mutants of one module."""
    noted = scratch / "mutants" / "src" / "fedtext" / package / f"{module}.py.meta"
    codes = json.loads(noted.read_text("utf-8"))["exit_code_by_key"] if noted.exists() else {}
    counts = Counter(codes.values())
    undecided = [name for name, code in codes.items() if code in UNDECIDED]
    if undecided:
        raise SystemExit(f"undecided, as {undecided[0]}: {len(undecided)} mutants of {package}.{module}")
    timeouts = sum(counts[code] for code in TIMEOUTS)
    survivors = [name for name, code in codes.items() if code in SURVIVED + UNREACHED]
    return Module(
        name=f"{package}.{module}",
        source=source,
        tests=tests,
        mutants=len(codes),
        killed=len(codes) - timeouts - len(survivors),
        timeouts=timeouts,
        survivors=tuple(sorted(map(survivor, survivors), key=lambda one: one.name)),
    )


# mutmut is imported where it is needed: the quick test of the tables knows this module too.
def forget_settings() -> None:
    """Let mutmut read its settings here; it keeps those of the folder before."""
    from mutmut.configuration import reset_config

    reset_config()


def survivor(key: str) -> Survivor:
    """Say what a mutant changed, in words that last."""
    from mutmut.mutation.diff_apply import get_diff_for_mutant

    module, _, function = key.removeprefix("fedtext.").rpartition(".")
    function = function.rpartition("__mutmut_")[0].removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
    lines = [line for line in get_diff_for_mutant(key).splitlines() if not line.startswith(("+++", "---", "@@"))]
    removed, added = ([line[1:].strip() for line in lines if line[:1] == sign] for sign in "-+")
    return Survivor(where=f"{module}.{function}", change=f"{' '.join(removed)} => {' '.join(added)}")


def run(package: str, modules: list[str]) -> Iterator[Module]:
    """Run all mutants of some modules of a package."""
    if not modules:
        return
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        scratch = Path(folder)
        prepare(scratch, package, modules)
        drawn = {module: (source_hash(package, module), tests_hash(package, module)) for module in modules}
        mutate(scratch)
        with chdir(scratch):
            forget_settings()
            for module in modules:
                yield found(scratch, package, module, *drawn[module])


@attrs.frozen(kw_only=True)
class Reason:
    """Why survivors may live: some by their names, or all that a pattern fits.

    Args:
        why: The reason.
        survivors: Their names.
        pattern: Of names; "" for none.
        case_only: Whether the pattern is for changes of case alone.
    """

    why: str
    survivors: tuple[str, ...] = attrs.field(default=(), converter=tuple)
    pattern: str = ""
    case_only: bool = False

    def fits(self, name: str) -> bool:
        """Tell whether it is for a survivor."""
        if name in self.survivors:
            return True
        old, _, new = name.partition(": ")[2].partition(" => ")
        is_meant = not self.case_only or old.lower() == new.lower()
        return bool(self.pattern) and is_meant and re.fullmatch(self.pattern, name) is not None


def reasons() -> list[Reason]:
    """Read why survivors may live; those that are named count before those that fit a pattern."""
    given = [Reason(**row) for row in tomllib.loads(REASONS.read_text("utf-8")).get("reason", [])]
    return sorted(given, key=lambda reason: bool(reason.pattern))


def why(name: str, given: list[Reason]) -> str | None:
    """Give the reason for a survivor, or None."""
    return next((reason.why for reason in given if reason.fits(name)), None)


def page(modules: list[Module], given: list[Reason], hashes: dict[str, str]) -> str:
    """Write the table for people."""
    lines = [
        "# Mutants of `keys` and `signatures`",
        "",
        "Drawn by `python -m tests.mutation.run`; do not edit. A mutant is the code with one place changed; it is",
        "killed when a test fails, or does not end. `reasons.toml` says why a survivor may live.",
        "",
        *(f"- {name}: `{value}`" for name, value in hashes.items()),
        "",
        "| what | mutants | killed | timeouts | survived | share |",
        "|---|---|---|---|---|---|",
    ]
    for package in PACKAGES:
        rows = [module for module in modules if module.name.startswith(f"{package}.")]
        lines += [
            row_text(f"**{package}**", rows),
            *(row_text(module.name, [module]) for module in rows if module.mutants),
        ]
    lines += ["", "## Survivors", ""]
    for module in modules:
        lines += [f"- `{one.name}`: {why(one.name, given) or '**no reason is given**'}" for one in module.survivors]
    return "\n".join(lines) + "\n"


def row_text(name: str, modules: list[Module]) -> str:
    """Write one row."""
    survived = sum(len(module.survivors) for module in modules)
    mutants, killed, timeouts = (
        sum(getattr(one, what) for one in modules) for what in ("mutants", "killed", "timeouts")
    )
    return f"| {name} | {mutants} | {killed} | {timeouts} | {survived} | {share(modules):.1%} |"


def share(modules: list[Module]) -> float:
    """Give the share of mutants that did not survive."""
    mutants = sum(module.mutants for module in modules)
    return 1 - sum(len(module.survivors) for module in modules) / max(1, mutants)


def complaints(modules: list[Module], given: list[Reason]) -> list[str]:
    """Say what is wrong with a table."""
    names = sorted({one.name for module in modules for one in module.survivors})
    said = [f"no reason is given for {name}" for name in names if why(name, given) is None]
    said += [f"no such survivor: {name}" for reason in given for name in reason.survivors if name not in names]
    said += [f"fits none: {one.pattern}" for one in given if one.pattern and not any(map(one.fits, names))]
    for package in PACKAGES:
        rows = [module for module in modules if module.name.startswith(f"{package}.")]
        if share(rows) < KILLED_SHARE_MIN:
            said.append(f"{share(rows):.1%} of the mutants of {package} are killed, {KILLED_SHARE_MIN:.0%} must be")
    return said


def source_hash(package: str, module: str) -> str:
    """Hash one module."""
    return hash_of([ROOT / "src" / "fedtext" / package / f"{module}.py"])


def save(modules: list[Module], hashes: dict[str, str]) -> None:
    """Write the table for machines; without hashes it is unfinished, and stale."""
    rows = {"drawn_from": hashes, "modules": [module.to_json() for module in modules]}
    TABLE.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", "utf-8")


def draw(*, anew: bool) -> int:
    """Draw the table; exit code 1 when it is not good enough."""
    known: dict[str, Module] = {}
    if TABLE.exists() and not anew:
        known = {row["name"]: Module.from_json(row) for row in json.loads(TABLE.read_text("utf-8"))["modules"]}
    rows: dict[str, Module] = {}
    stale: list[tuple[str, str]] = []
    for package in PACKAGES:
        for module in wanted_modules(package):
            row = known.get(f"{package}.{module}")
            if (
                row is not None
                and row.source == source_hash(package, module)
                and row.tests == tests_hash(package, module)
            ):
                rows[row.name] = row
            else:
                stale.append((package, module))
    print(f"{len(rows)} modules are as before; to run: {' '.join(map('.'.join, stale)) or 'none'}", flush=True)
    for package in PACKAGES:
        names = [module for owner, module in stale if owner == package]
        for start in range(0, len(names), BATCH):
            for found_out in run(package, names[start : start + BATCH]):
                rows[found_out.name] = found_out
                print(row_text(found_out.name, [found_out]), flush=True)
            save(list(rows.values()), {})
    order = [f"{package}.{module}" for package in PACKAGES for module in wanted_modules(package)]
    modules = [rows[name] for name in order]
    hashes, given = drawn_from(HARNESS), reasons()
    save(modules, hashes)
    PAGE.write_text(page(modules, given, hashes), "utf-8")
    for package in PACKAGES:
        print(row_text(package, [module for module in modules if module.name.startswith(f"{package}.")]))
    said = complaints(modules, given)
    print("\n".join(said))
    return 1 if said else 0


def look(names: list[str]) -> int:
    """Run some modules and print what survives; nothing is written."""
    given = reasons()
    for package in PACKAGES:
        chosen = [module for module in wanted_modules(package) if {package, f"{package}.{module}"} & set(names)]
        for module in run(package, chosen):
            print(row_text(module.name, [module]), flush=True)
            for one in module.survivors:
                print(f"  {one.name}  ({why(one.name, given) or 'no reason'})")
    return 0


def main(arguments: list[str]) -> int:
    """Run it from the command line."""
    names = [argument for argument in arguments if argument != "--anew"]
    return look(names) if names else draw(anew="--anew" in arguments)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
