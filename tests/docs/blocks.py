"""Run the Python blocks of one Markdown page, in order, in one namespace: `python blocks.py PAGE [SETUP [AFTER]]`.

A block may stand below a line `<!-- needs: module, module -->`: it runs where these modules are. SETUP is a Python file
that runs first and gives the page what it does not show; AFTER runs last and asks whether what the page built does what
it says. `await` may stand at the top of a block.
"""

from __future__ import annotations

import ast
import asyncio
import importlib.util
import inspect
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path

BLOCK = re.compile(
    r"(?:<!-- needs: (?P<needs>[^>]*?) -->\n)?^```python[^\n]*\n(?P<code>.*?)^```", re.DOTALL | re.MULTILINE
)


def blocks_of(text: str) -> Iterator[tuple[int, str, list[str]]]:
    """Give each block: its first line, its code, the modules that it needs."""
    for match in BLOCK.finditer(text):
        needs = [name.strip() for name in (match["needs"] or "").split(",") if name.strip()]
        yield text.count("\n", 0, match.start("code")) + 1, match["code"], needs


def is_there(module: str) -> bool:
    """Tell whether a module can be found."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def execute(code: str, path: Path, line: int, namespace: dict[str, object]) -> None:
    """Run code so that a traceback names the line of the page."""
    tree = ast.increment_lineno(ast.parse(code, str(path)), line - 1)
    compiled = compile(tree, str(path), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if compiled.co_flags & inspect.CO_COROUTINE:
        asyncio.run(types.FunctionType(compiled, namespace)())
    else:
        exec(compiled, namespace)


def main(page: Path, setup: Path | None = None, after: Path | None = None) -> int:
    """Run one page; give the number of blocks that ran."""
    module = types.ModuleType("page")
    sys.modules["page"] = module
    namespace = vars(module)
    found = list(blocks_of(page.read_text("utf-8")))
    runnable = [block for block in found if all(is_there(name) for name in block[2])]
    if setup is not None and runnable:
        execute(setup.read_text("utf-8"), setup, 1, namespace)
    for line, code, _ in runnable:
        execute(code, page, line, namespace)
    if after is not None and len(runnable) == len(found):
        execute(after.read_text("utf-8"), after, 1, namespace)
    print(f"{len(runnable)} of {len(found)} blocks ran")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
