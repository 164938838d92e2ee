"""`post.save(); fed.publish(post, within=…)`, killed (SIGKILL) at every boundary between two statements.

What the application has is sent, once; what it does not have is not: no ghosts, nothing lost, nothing doubled.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL and fork are of POSIX")


@pytest.fixture(params=["sqlite3", "psycopg"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of the database that the application and the queue share."""
    if request.param == "sqlite3":
        return f"sqlite:///{tmp_path / 'app.sqlite3'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


def test_what_is_committed_is_sent_once_and_nothing_else(address: str, repository: Path) -> None:
    command = [sys.executable, "-m", "tests.faults.publishing_dying", address]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for errand, least in (("first use", 5), ("later", 4), ("move", 0)):
        *killed, last = found["ends"][errand]
        assert (set(killed) <= {"killed"}, last) == (True, "end"), errand
        assert len(killed) >= least, errand
    posts, tasks = Counter(found["posts"]), Counter(found["tasks"])
    ghosts, lost = tasks - posts, posts - tasks
    assert (ghosts, lost, max(tasks.values())) == (Counter(), Counter(), 1)
    # killed after the commit, before the answer; and those that came to their end
    assert len(posts) >= 2
