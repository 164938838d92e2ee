"""What the documentation says is true: its code runs, what is drawn from the code is fresh, what is named is there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
RUNNER = Path(__file__).with_name("blocks.py")


def run(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run Python with warnings as errors, in a folder where a page may leave files."""
    command = [sys.executable, "-W", "error", *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, env=os.environ | {"NO_COLOR": "1"}, capture_output=True, text=True, timeout=120, check=False
    )


def setup_of(page: Path) -> list[Path]:
    """Find what a page does not show: docs/a/b.md -> setup/a_b.py before it, a_b_after.py that tries the outcome."""
    base = ROOT / "docs" if page.is_relative_to(ROOT / "docs") else ROOT
    name = "_".join(page.relative_to(base).with_suffix("").parts)
    folder = Path(__file__).parent / "setup"
    return [file for file in (folder / f"{name}.py", folder / f"{name}_after.py") if file.is_file()]


@pytest.mark.parametrize(
    "page", [page for page in PAGES if "```python" in page.read_text("utf-8")], ids=lambda page: page.stem
)
def test_every_python_block_runs(page: Path, tmp_path: Path) -> None:
    done = run(RUNNER, page, *setup_of(page), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    ran, _, found = done.stdout.split()[:3]
    if ran != found:
        pytest.skip(f"{done.stdout.strip()}: the modules that the others need are not there yet")


WRONG = [
    ("assert 1 == 2", "AssertionError"),
    ("from fedtext import no_such_name", "ImportError"),
    ("import asyncio\nawait asyncio.sleep(0)\nassert False", "AssertionError"),
    ("import warnings\nwarnings.warn('old')", "UserWarning"),
]


@pytest.mark.parametrize(("code", "error"), WRONG)
def test_a_wrong_block_is_found_at_its_line(tmp_path: Path, code: str, error: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Page\n\n```python\nx = 1\n```\n\nText.\n\n```python\n{code}\n```\n")
    done = run(RUNNER, page, cwd=tmp_path)
    assert done.returncode != 0
    assert error in done.stderr
    assert f'page.md", line {9 + len(code.splitlines())}' in done.stderr


def test_blocks_share_their_names_and_a_setup(tmp_path: Path) -> None:
    (tmp_path / "setup.py").write_text("hidden = 2\n")
    (tmp_path / "page.md").write_text("```python\nx = hidden\n```\n```python\nassert x == 2\n```\n")
    done = run(RUNNER, "page.md", "setup.py", cwd=tmp_path)
    assert done.stdout == "2 of 2 blocks ran\n", done.stderr


def test_a_block_waits_for_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("<!-- needs: fedtext, no_such_module.sub -->\n```python\n1 / 0\n```\n")
    assert run(RUNNER, "page.md", cwd=tmp_path).stdout == "0 of 1 blocks ran\n"


def test_what_is_drawn_from_the_code_is_fresh() -> None:
    done = run(ROOT / "docs" / "generate.py", "--check", cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_stale_is_found(tmp_path: Path) -> None:
    """A copy of the generator beside a page that says something else."""
    (tmp_path / "docs").mkdir()
    for name in ("docs/generate.py", "pyproject.toml", "README.md"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    page = tmp_path / "docs" / "limits.md"
    page.write_text("<!-- drawn: limits -->\nno limits\n<!-- end -->\n")
    assert run("docs/generate.py", "--check", cwd=tmp_path).stdout == "docs/limits.md is stale: run `make docs`\n"
    assert run("docs/generate.py", cwd=tmp_path).returncode == 0
    assert "body_bytes_max" in page.read_text("utf-8")
    assert run("docs/generate.py", "--check", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("seeded", "complaint"),
    [
        (None, None),
        ("[x](nowhere.md)", "nowhere.md"),
        ("[x](index.md#nowhere)", "nowhere"),
        ("A page.", "not included"),
    ],
)
def test_warnings_of_the_site_are_errors(tmp_path: Path, seeded: str | None, complaint: str | None) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copyfile(ROOT / "mkdocs.yml", tmp_path / "mkdocs.yml")
    if seeded:
        (tmp_path / "docs" / "seeded.md").write_text(f"# Seeded\n\n{seeded}\n")
    command = [Path(sys.executable).with_name("mkdocs"), *build_command()]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode == 0) is (seeded is None), done.stderr
    assert complaint is None or complaint in done.stderr


def build_command() -> list[str]:
    """Read from the Makefile how the site is built; --quiet, for one, would hide warnings from --strict too."""
    found = re.findall(r"/mkdocs (build .*)", (ROOT / "Makefile").read_text("utf-8"))
    assert len(set(found)) == 1
    return found[0].split()


LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_to_files_lead_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_map_of_the_readme_names_folders_that_are_there(source_folder: Path) -> None:
    """The last table of the README: each sentence and the folder that makes it true."""
    text = (ROOT / "README.md").read_text("utf-8").partition("## In which folder")[2]
    named = set(re.findall(r"`src/fedtext/([a-z_/.]+)`", text))
    assert len(named) > 15
    assert sorted(name for name in named if not (source_folder / name).exists()) == []


def test_every_package_is_on_the_map_of_the_readme(source_folder: Path) -> None:
    text = (ROOT / "README.md").read_text("utf-8").partition("## In which folder")[2]
    packages = [path.parent.name for path in source_folder.glob("*/__init__.py")]
    modules = [path.name for path in source_folder.glob("*.py") if not path.name.startswith("__")]
    assert [name for name in packages + modules if f"`src/fedtext/{name}" not in text] == []


@pytest.fixture(scope="session")
def source_folder() -> Path:
    """Where the package lies."""
    import fedtext

    return Path(fedtext.__file__).parent


PRIVATE = re.compile(
    r"/work/|/tmp/[a-z]|/home/[a-z]|/root/|pypi\.org|files\.pythonhosted|registry\.npmjs", re.IGNORECASE
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_pages_name_no_machine(page: Path) -> None:
    assert PRIVATE.findall(page.read_text("utf-8")) == []
