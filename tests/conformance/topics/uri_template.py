"""URI templates of levels 1 to 3: `wire.uri_templates.expand`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from fedtext.wire.uri_templates import expand

from ..cases import Case, Overrides, documents

# Of level 4 are expressions with a star or a length behind a name.
_LEVEL_4: Final = re.compile(r"\{[^{}]*(?:\*|:[0-9]+)\s*[,}]")


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give one case a template of levels 1 to 3."""
    for name, groups in documents(folder):
        stem = name.removesuffix(".json")
        for title, group in groups.items():
            variables = group["variables"]
            for template, result in group["testcases"]:
                if result is False or _is_readable(template, variables):
                    given = _texts(variables)
                    yield Case(
                        file=name,
                        id=f"{stem}/{title}#{template}",
                        want=_want(result),
                        run=lambda template=template, given=given: expand(template, given),
                        refused=False,
                    )


def _want(result: Any) -> tuple[Any, ...]:
    return tuple(result) if isinstance(result, list) else (result,)


def _is_readable(template: str, variables: dict[str, Any]) -> bool:
    if _LEVEL_4.search(template):
        return False
    expressions = re.findall(r"\{([^{}]*)\}", template)
    used = {name for expression in expressions for name in re.findall(r"[\w.%]+", expression)}
    return not any(isinstance(variables.get(name), list | dict) for name in used)


def _texts(variables: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) for name, value in variables.items() if isinstance(value, str | int | float)}
