"""What type checkers see in registering and serving collections; mypy and pyright check this file."""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import assert_type

import pytest

from fedtext import Activity, BlockingContext, Config, Context, Federation, Note, Page, PageRequest, connect
from fedtext.http import Request
from fedtext.runtime import alternate_link

fed = Federation("https://blog.example", backend=connect("memory://"), worker="off", config=Config(secure=True))


@fed.collection("/users/{pk}/featured", "featured")
def featured(context: BlockingContext, pk: str, page: PageRequest) -> Page[Note] | None:
    assert_type(context.viewer, str | None)
    return Page([Note()], total=1) if page.cursor is None else None


@fed.collection("/posts/{pk}/likes", "likes", ordered=True)
async def likes(context: Context, pk: str, page: PageRequest) -> Page[str]:
    return Page(total=3, hidden=True)


@fed.outbox("/users/{pk}/outbox")
def outbox(context: BlockingContext, pk: str, page: PageRequest) -> Page[Note]:
    return Page([], "next", 3, prev="prev", last="last")


@fed.authorize_owner
def owner(context: BlockingContext, pk: str, request: Request) -> bool:
    return request.headers.get("authorization") == pk


@fed.on_outbox
async def said(context: Context, pk: str, activity: Activity) -> str:
    return await context.send(activity)


def test_a_callback_stays_what_it_was() -> None:
    assert_type(featured(fed.blocking_context(), "7", PageRequest()), Page[Note] | None)
    assert_type(owner(fed.blocking_context(), "7", Request.to("https://blog.example/")), bool)
    assert_type(Page(["x"]), Page[str])
    assert_type(Page([Note()]).items[0], Note)
    assert_type(alternate_link("https://blog.example/1"), tuple[str, str])


def test_mistakes_are_seen() -> None:
    with pytest.raises(TypeError):
        fed.collection("/x/{pk}", "liked", True)  # type: ignore[call-arg]


CHECKERS = {
    "mypy": ["mypy", "--strict", "--warn-unused-ignores"],
    "pyright": ["pyright", "--pythonpath", sys.executable],
}


@pytest.mark.parametrize("checker", CHECKERS)
def test_both_checkers_agree(checker: str, repository: Path) -> None:
    module, *options = CHECKERS[checker]
    done = subprocess.run(
        [sys.executable, "-m", module, *options, str(Path(__file__))],
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
