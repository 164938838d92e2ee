"""Each example is an ordinary blog before, and federated after fewer than 25 changed lines."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from .launch import EXAMPLES
from .servers import BLOGS, KEY, Blog, Django, FastAPI, Flask, running

LINES_MAX = 24
PAIRS = {
    "django": ("django_blog/before", "django_blog/federated"),
    "flask": ("flask_blog/before.py", "flask_blog/blog.py"),
    "fastapi": ("fastapi_blog/before.py", "fastapi_blog/blog.py"),
}


def sources(root: Path) -> dict[str, list[str]]:
    """Give the lines of a file, or of every file below a folder, without blank ones."""
    files = [root] if root.is_file() else sorted(root.rglob("*.py"))
    return {
        str(file.relative_to(root)) if file != root else "": [
            line for line in file.read_text("utf-8").splitlines() if line.strip()
        ]
        for file in files
    }


def changes(before: Path, after: Path) -> tuple[list[str], list[str]]:
    """Give the lines that were added and those that were removed; a changed line is one of each."""
    old, new = sources(before), sources(after)
    added: list[str] = []
    removed: list[str] = []
    for name in old.keys() | new.keys():
        lines = list(difflib.ndiff(old.get(name, []), new.get(name, [])))
        added += [line for line in lines if line.startswith("+ ")]
        removed += [line for line in lines if line.startswith("- ")]
    return added, removed


@pytest.mark.parametrize("kind", PAIRS)
def test_federation_takes_few_lines(kind: str) -> None:
    before, after = (EXAMPLES / name for name in PAIRS[kind])
    added, removed = changes(before, after)
    assert removed == []
    assert 0 < len(added) <= LINES_MAX, "\n".join(added)
    told = (before.parent / "README.md").read_text("utf-8")
    assert f"{len(added)} " in told  # the README counts right
    assert len(told.splitlines()) <= 16


@pytest.mark.parametrize("kind", PAIRS)
def test_the_blog_before_knows_nothing_of_it(kind: str) -> None:
    text = "".join(line for lines in sources(EXAMPLES / PAIRS[kind][0]).values() for line in lines)
    assert "fedtext" not in text


class DjangoBefore(Django):
    """The Django blog as it was."""

    project = "before"


class FlaskBefore(Flask):
    """The Flask blog as it was."""

    def command(self) -> tuple[list[str], Path]:
        """Give the command of the README, and its folder."""
        return ["-m", "before"], EXAMPLES / "flask_blog"


class FastAPIBefore(FastAPI):
    """The FastAPI blog as it was."""

    def command(self) -> tuple[list[str], Path]:
        """Give the command of the README, and its folder."""
        return ["-m", "before"], EXAMPLES / "fastapi_blog"


@pytest.mark.parametrize("make", [DjangoBefore, FlaskBefore, FastAPIBefore, *BLOGS.values()])
def test_an_ordinary_blog(make: type[Blog], tmp_path: Path) -> None:
    """Writing, changing and removing posts and comments works the same with and without federation."""
    with running(make(tmp_path)) as blog:
        blog.register()
        pk = blog.publish("Hello <world>")
        assert "Hello &lt;world&gt;" in blog.page(pk)
        wrong = blog.submit("/", "/posts", name="alice", key="not hers", text="no")
        assert wrong.status_code == 403
        blog.edit(pk, "Hello again")
        assert "Hello again" in blog.page(pk)
        assert "Hello again" in blog.client.get("/users/1", headers={"accept": "text/html"}).text

        visitor = {"name": "Eve", "key": "eve's own key"}
        blog.submit(f"/posts/{pk}", f"/posts/{pk}/comments", id="c1", text="First!", **visitor)
        blog.submit(f"/posts/{pk}", f"/posts/{pk}/comments", id="c1", text="Second!", **visitor)
        blog.submit(f"/posts/{pk}", f"/posts/{pk}/comments", id="c1", text="Mine!", name="Mallory", key="another")
        assert blog.kept_comments() == ["Second!"]
        assert "Second!" in blog.page(pk)
        blog.submit("/", "/comments/remove", id="c1", key="another")
        assert blog.kept_comments() == ["Second!"]
        blog.submit("/", "/comments/remove", id="c1", key=visitor["key"])
        blog.submit(f"/posts/{pk}", f"/posts/{pk}/comments", id="c2", text="Third!", **visitor)
        blog.submit("/", "/comments/remove", key=visitor["key"])
        assert blog.kept_comments() == []

        assert KEY not in blog.client.get("/").text
        blog.delete(pk)
        assert blog.client.get(f"/posts/{pk}").status_code == 404
        assert blog.client.get("/").status_code == 200
