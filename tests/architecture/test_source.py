"""Every module obeys rules that no linter knows: no assert, screens and sittings, documented names, a test each."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

FUNCTION_LINES_MAX = 70
MODULE_LINES_MAX = 600

Node = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

# Modules without a mirror in tests/unit, and what shows them instead.
SHOWN_ELSEWHERE = {
    "fedtext": "tests/architecture/test_public_api.py",
    "fedtext.__main__": "calls the command line, whose tests start it",
    "fedtext.ports": "values and protocols; tests/adapters runs each adapter through the suite of its port",
    "fedtext.adapters": "tests/adapters runs each adapter through the suite of its port",
    "fedtext.integrations": "tests/integrations runs one scenario through every framework",
}


def offences(text: str) -> list[str]:
    """Name what must not stand in a module."""
    return [f"line {node.lineno}: {what}" for node in ast.walk(ast.parse(text)) for what in forbidden(node)]


def forbidden(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Assert():
            yield "assert (vanishes under -O)"
        case ast.Import(names=names) if any(name.name.split(".")[0] in BANNED_MODULES for name in names):
            yield "a module that runs what it reads"
        case ast.ImportFrom(module=str(module)) if module.split(".")[0] in BANNED_MODULES:
            yield "a module that runs what it reads"
        case ast.Call(func=ast.Name(id="eval" | "exec" | "compile" | "__import__" as name)):
            yield name
        case ast.Call(func=ast.Attribute(value=ast.Name(id="yaml"), attr="load")):
            yield "yaml.load"
        case ast.Call(func=ast.Attribute(value=ast.Name(id="os"), attr="system" | "popen" as name)):
            yield f"os.{name}"
        case ast.keyword(arg="shell", value=ast.Constant(value=True)):
            yield "shell=True"
        case ast.keyword(arg="verify" | "check_hostname", value=ast.Constant(value=False)):
            yield "certificates that are not verified"
        case ast.Attribute(value=ast.Name(id="ssl"), attr="CERT_NONE" | "_create_unverified_context"):
            yield "certificates that are not verified"
        case ast.Attribute(attr=attribute) if attribute in TOLD_OF_ADDRESSES:
            yield "what Pythons tell differently of addresses: ask wire.ip_addresses"
        case _:
            return


BANNED_MODULES = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "telnetlib", "xmlrpc"}
# Their registries are those of the day on which a Python was released, and of mapped addresses each thinks otherwise.
TOLD_OF_ADDRESSES = {
    "is_global",
    "is_link_local",
    "is_loopback",
    "is_multicast",
    "is_private",
    "is_reserved",
    "is_site_local",
    "is_unspecified",
}

SEEDED = [
    ("assert x", "assert"),
    ("import pickle", "runs what it reads"),
    ("def f():\n    from marshal import loads", "runs what it reads"),
    ("eval('1')", "eval"),
    ("exec('1')", "exec"),
    ("import yaml\nyaml.load(x)", "yaml.load"),
    ("import os\nos.system('ls')", "os.system"),
    ("run(x, shell=True)", "shell=True"),
    ("client(verify=False)", "not verified"),
    ("context.verify_mode = ssl.CERT_NONE", "not verified"),
    ("ip_address(x).is_private", "addresses"),
]


@pytest.mark.spec("SEC-176", "SEC-177")
@pytest.mark.parametrize(("text", "what"), SEEDED)
def test_sec_176_sec_177_what_is_forbidden_is_found(text: str, what: str) -> None:
    assert any(what in offence for offence in offences(text))


@pytest.mark.spec("SEC-176", "SEC-177")
def test_sec_176_sec_177_nothing_forbidden_stands_in_the_source(module_files: dict[str, Path]) -> None:
    found = {name: offences(path.read_text("utf-8")) for name, path in module_files.items()}
    assert {name: lines for name, lines in found.items() if lines} == {}


def definitions(path: Path) -> Iterator[tuple[str, Node]]:
    """Give every function and class with its dotted name inside the module."""

    def walk(node: ast.AST, prefix: str) -> Iterator[tuple[str, Node]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Node):
                yield prefix + child.name, child
                yield from walk(child, f"{prefix}{child.name}.")
            else:
                yield from walk(child, prefix)

    return walk(ast.parse(path.read_text("utf-8")), "")


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a function without those of its docstring."""
    first = function.body[0]
    documented = ast.get_docstring(function) is not None
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if documented else 0
    return (function.end_lineno or function.lineno) - function.lineno + 1 - docstring


def test_a_function_fits_on_a_screen(module_files: dict[str, Path]) -> None:
    long = {
        f"{module}.{name}": lines_of(node)
        for module, path in module_files.items()
        for name, node in definitions(path)
        if not isinstance(node, ast.ClassDef) and lines_of(node) > FUNCTION_LINES_MAX
    }
    assert long == {}


def test_a_module_is_read_in_a_sitting(module_files: dict[str, Path]) -> None:
    lengths = {name: len(path.read_text("utf-8").splitlines()) for name, path in module_files.items()}
    assert {name: length for name, length in lengths.items() if length > MODULE_LINES_MAX} == {}


def is_public(name: str) -> bool:
    return all(not part.startswith("_") for part in name.split("."))


def undocumented(module: str, path: Path) -> Iterator[str]:
    """Name the public functions and classes that say nothing; what is defined inside a function is not public."""
    if not ast.get_docstring(ast.parse(path.read_text("utf-8"))):
        yield module
    inner: tuple[str, ...] = ()
    for name, node in definitions(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = (*inner, f"{name}.")
        if not is_public(name) or name.startswith(inner) or ast.get_docstring(node):
            continue
        if not any(isinstance(mark, ast.Name) and mark.id == "overload" for mark in node.decorator_list):
            yield f"{module}.{name}"


def test_public_names_are_documented(module_files: dict[str, Path]) -> None:
    assert [name for module, path in module_files.items() for name in undocumented(module, path)] == []


def test_what_is_undocumented_is_found(tmp_path: Path) -> None:
    path = tmp_path / "seeded.py"
    path.write_text(
        "def f():\n    def g(): ...\nclass C:\n    '''Doc.'''\n    def m(self): ...\n    def _p(self): ...\n"
    )
    assert list(undocumented("m", path)) == ["m", "m.f", "m.C.m"]


def only_re_exports(path: Path) -> bool:
    """Tell whether a module holds nothing but a docstring, imports and `__all__`."""
    for node in ast.parse(path.read_text("utf-8")).body:
        match node:
            case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()):
                pass
            case ast.Assign(targets=[ast.Name(id="__all__")]):
                pass
            case _:
                return False
    return True


def shown_elsewhere(module: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in SHOWN_ELSEWHERE if name != "fedtext")


def mirror(module: str, path: Path) -> str:
    """Give the test file of a module: fedtext.wire.iri -> tests/unit/wire/test_iri.py."""
    *packages, name = module.split(".")[1:]
    if path.name == "__init__.py":
        packages, name = [*packages, name], name
    return "/".join(["tests", "unit", *packages, f"test_{name}.py"])


def test_every_module_has_a_test_of_its_own(module_files: dict[str, Path], repository: Path) -> None:
    missing = [
        mirror(module, path)
        for module, path in module_files.items()
        if module != "fedtext" and not shown_elsewhere(module) and not only_re_exports(path)
        if not (repository / mirror(module, path)).is_file()
    ]
    assert missing == []


def imported_libraries(path: Path) -> set[str]:
    """Name the libraries of others that a module imports, wherever in it that stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(str(node.module).partition(".")[0])
    return found - sys.stdlib_module_names - {"fedtext"}


def requirements(lines: list[str]) -> set[str]:
    return {re.split(r"[<>=\[]", line)[0].strip() for line in lines} - {"fedtext"}


# By frameworks, whose doors use them; by aiohttp, whose addresses are of yarl; typing_extensions by type checkers, for
# which alone it is imported.
BROUGHT_ALONG = {"starlette", "asgiref", "werkzeug", "yarl", "typing_extensions"}


def test_what_is_imported_is_declared_and_what_is_declared_is_imported(
    module_files: dict[str, Path], repository: Path
) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))["project"]
    always = requirements(project["dependencies"])
    extras = set[str]().union(*map(requirements, project["optional-dependencies"].values()))
    imported = set[str]().union(*map(imported_libraries, module_files.values()))
    assert always - imported == set()
    assert imported - always - extras - BROUGHT_ALONG == set()


PUBLIC_API = {"runtime", "vocab", "wire.html", "config", "errors"}


@pytest.mark.parametrize(("package", "more"), [("behaviors", set()), ("social", {"behaviors"})])
def test_the_door_of_a_package_on_the_public_api_only_re_exports(
    module_files: dict[str, Path], package: str, more: set[str]
) -> None:
    """The contract `public-api` covers what lies in these packages; this covers their `__init__`."""
    path = module_files[f"fedtext.{package}"]
    assert only_re_exports(path)
    imports = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)]
    beyond = {str(node.module) for node in imports if node.level != 1} - {"__future__", "typing"}
    assert beyond <= PUBLIC_API | more
