"""What the errors of `keys` and `signatures` say, written down: class, message, and the names of what is told besides.

The class and code of an error are what programs rely on; the words are what people get. So that no word goes astray,
every error that the tests of both packages provoke is looked up in `spoken.json`. After a change that is meant, draw it
anew:

    FEDTEXT_DRAW_ERRORS=1 python -m pytest tests/unit/keys tests/unit/signatures tests/security

A module that the file does not know is not looked up.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fedtext.errors import FedtextError

FILE = Path(__file__).with_suffix(".json")
PACKAGES = ("fedtext.keys.", "fedtext.signatures.")
IS_DRAWN = os.environ.get("FEDTEXT_DRAW_ERRORS") == "1"

# Module -> "class: message (what is told)".
_known: dict[str, set[str]] = {}
_unknown: list[str] = []


def heard(error: FedtextError, context: dict[str, object]) -> None:
    """Note an error where it is made."""
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_globals.get("__name__") == "fedtext.errors":
        frame = frame.f_back
    module = str(frame.f_globals.get("__name__"))
    if not module.startswith(PACKAGES):
        return
    told = ", ".join(sorted(name for name, value in context.items() if value is not None))
    said = f"{type(error).__name__}: {error.message} ({told})"
    if IS_DRAWN:
        _known.setdefault(module, set()).add(said)
    elif module in _known and said not in _known[module]:
        _unknown.append(f"{module}: {said}")


def _save() -> None:
    written = {module: sorted(said) for module, said in sorted(_known.items())}
    FILE.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", "utf-8")


@pytest.fixture(scope="session", autouse=True)
def _listening() -> Iterator[None]:
    """Hear every error; several folders may ask for it in one session."""
    if not IS_DRAWN:
        _known.update({module: set(said) for module, said in json.loads(FILE.read_text("utf-8")).items()})
    made = FedtextError.__init__
    is_first = not hasattr(made, "listens")

    def listening(self: FedtextError, message: str = "", **context: Any) -> None:
        made(self, message, **context)
        heard(self, {name: value for name, value in context.items() if name != "public_detail"})

    listening.listens = True  # type: ignore[attr-defined]
    patch = pytest.MonkeyPatch()
    if is_first:
        patch.setattr(FedtextError, "__init__", listening)
    yield
    patch.undo()
    if IS_DRAWN:
        _save()


@pytest.fixture(autouse=True)
def _errors_say_what_is_written_down(_listening: None) -> Iterator[None]:
    """Fail a test in which an error says something else."""
    _unknown.clear()
    yield
    if _unknown:
        said = "\n".join(sorted(set(_unknown)))
        pytest.fail(
            f"errors say what is not written down; tests/spoken.py says how that is done:\n{said}", pytrace=False
        )
