"""What a user sees first: a façade that is quick, sorted, documented; modules that stand alone."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import fedtext

HEAVY = ["httpx", "cryptography", "pyld"]

LIBRARIES = [
    "asyncio", "attrs", "cryptography.hazmat.primitives.asymmetric.rsa", "cryptography.hazmat.primitives.serialization",
    "aiohttp", "django.conf", "h11", "html.parser", "http.server", "httpcore", "httpx", "httpx2", "idna", "nh3",
    "pyld.jsonld", "sqlite3", "ssl", "typing", "uvicorn",
]  # fmt: skip

IMPORT_PARTS = 4  # so that the processes among which tests are shared out wait for none of them

EACH_ALONE = """
import importlib, json, os, sys, traceback

for library in {libraries!r}:  # other people's code is loaded once, before the forks; ours is not
    importlib.import_module(library)
if any(name.partition(".")[0] == "fedtext" for name in sys.modules):
    sys.exit("fedtext is loaded already")

def alone(name):
    try:
        __import__(name)
    except BaseException:
        return traceback.format_exc(limit=-3)
    return None

failed = {{}}
for name in {names!r}:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, json.dumps(alone(name)).encode()[:60_000])
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        problem = json.loads(answer.read() or b'"died"')
    os.waitpid(child, 0)
    if problem:
        failed[name] = problem
print(json.dumps(failed))
"""


def imported(fresh: Callable[[str], str], statement: str) -> set[str]:
    """Name the top-level modules that a fresh interpreter holds after one statement."""
    text = fresh(f"import sys\n{statement}\nprint(*{{name.partition('.')[0] for name in sys.modules}})")
    return set(text.split())


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
@pytest.mark.parametrize("part", range(IMPORT_PARTS))
def test_every_module_imports_alone(fresh: Callable[[str], str], module_files: dict[str, Path], part: int) -> None:
    """A module that works only after another one was imported hides a cycle."""
    names = sorted(module_files)[part::IMPORT_PARTS]
    failed = json.loads(fresh(EACH_ALONE.format(names=names, libraries=LIBRARIES)))
    problems = {name: text.strip().splitlines()[-1] for name, text in failed.items()}
    assert problems == {}


def test_import_fedtext_is_light(fresh: Callable[[str], str]) -> None:
    assert imported(fresh, "import fedtext").isdisjoint(HEAVY)


@pytest.mark.parametrize("module", HEAVY)
def test_the_scale_works(fresh: Callable[[str], str], module: str) -> None:
    assert module in imported(fresh, f"import {module}")


def test_the_facade_is_sorted_and_every_name_is_there() -> None:
    """Constants first, then classes, then functions."""
    names = list(fedtext.__all__)
    assert len(names) > 30
    assert names == sorted(set(names), key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    assert [name for name in names if not hasattr(fedtext, name)] == []


def test_the_names_of_the_facade_are_documented() -> None:
    values = {name: getattr(fedtext, name) for name in fedtext.__all__}
    assert [name for name, value in values.items() if callable(value) and not value.__doc__] == []


def test_unknown_names_of_the_facade_are_refused() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = fedtext.no_such_name  # type: ignore[attr-defined]


def test_the_package_is_typed() -> None:
    assert (Path(fedtext.__file__).parent / "py.typed").is_file()
