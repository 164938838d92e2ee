"""Django's door, storage, thread rules, checks and command; each scene in a process of its own."""

from __future__ import annotations

import ast
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .servers import Django, free_port

SCRIPT = Path(__file__).with_name("django_scenes.py")
SCENES = {
    node.name: ast.get_docstring(node)
    for node in ast.parse(SCRIPT.read_text("utf-8")).body
    if isinstance(node, ast.FunctionDef) and not node.args.args and not node.args.kwarg
}


@pytest.mark.parametrize("scene", SCENES)
def test_scene(scene: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(SCRIPT), scene, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{SCENES[scene]}\n{done.stdout}{done.stderr}"


def test_the_worker_command_ends_in_peace_when_told(tmp_path: Path) -> None:
    blog = Django(tmp_path, free_port())
    blog.prepare()
    process = subprocess.Popen(
        [sys.executable, "-m", "manage", "fedtext", "worker"],
        cwd=blog.command()[1],
        env=blog.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout as said:
        assert said.readline() == f"working for {blog.origin}\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
        assert "Traceback" not in said.read()
    blog.close()
