"""The drill: a server works, a copy is made, the server is killed and its database gone; then it is restored.

What must hold: who followed when the copy was made is there, what waited then is delivered, and followers are not
compared with other servers for now (SEC-141).
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fedtext import Federation, connect
from fedtext.behaviors import Follows
from fedtext.behaviors.followings import FollowState, Record
from fedtext.social import Social
from fedtext.testing import Fediverse
from fedtext.testing.peers import SharedKeys
from fedtext.vocab import Create

APP = """
from fedtext import Federation, connect
from fedtext.behaviors import Follows
from fedtext.social import Social

fed = Federation("https://blog.example", backend=connect("sqlite:///app.sqlite3"), worker="off")
social = Social(fed, follows=Follows(complete=True))
"""
WORKING = """
import asyncio, sys
from app import fed, social
from fedtext.behaviors.followings import Record

async def work():
    alice = await social.create_actor("alice", pk="alice")
    context = fed.context()
    number = 0
    while True:
        follower, record = sys.argv[1:] if number == 0 else (f"https://far.example/users/{number}", sys.argv[2])
        await context.store.put(context.key("follower", "alice", follower), record.encode())
        if number < 5:
            post = await alice.post(f"Number {number}")
            print(post.uri, flush=True)
        number += 1

asyncio.run(work())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


def fedtext(folder: Path, *arguments: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "fedtext", *arguments, "--json"],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def start_once(folder: Path) -> None:
    ask = "import asyncio; from app import social; asyncio.run(social.actor('nobody'))"
    done = subprocess.run([sys.executable, "-c", ask], cwd=folder, capture_output=True, text=True, check=False)
    assert "there is no actor of this name" in done.stderr


def copy_while_it_works(folder: Path, name: str, follower: str, record: str) -> list[str]:
    """Run the server, back it up in the middle of its work, kill it; give the posts that it had acknowledged."""
    command = [sys.executable, "-c", WORKING, follower, record]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline().strip() for _ in range(5)]
        fedtext(folder, "backup", "app:social", name)
        process.kill()
        process.stdout.read()
    return acknowledged


@pytest.mark.spec("SEC-141")
@pytest.mark.parametrize("name", ["copy.sqlite3", "copy.jsonl"])
async def test_sec_141_a_server_comes_back_from_a_copy(folder, name):
    async with Fediverse(seed=7, start_s=time.time() + 60) as net:
        bob = await net.peer("mastodon.example", profile="mastodon").actor("bob")
        follow = Record(state=FollowState.ACCEPTED, follow_id="https://mastodon.example/f", inbox=f"{bob.uri}/inbox")
        acknowledged = copy_while_it_works(folder, name, bob.uri, follow.encode().decode())
        for part in folder.glob("app.sqlite3*"):
            part.unlink()
        if name.endswith(".jsonl"):  # the tables of the ready actors are the application's to make
            start_once(folder)

        restored = fedtext(folder, "restore", "app:social", name)
        assert restored["synchronization"] == "paused"
        status = fedtext(folder, "followers", "status", "app:social")
        assert (status["paused"], status["reason"]) == (True, "restored")

        federation = Federation(
            "https://blog.example", backend=connect(f"sqlite:///{folder / 'app.sqlite3'}"), keys=SharedKeys()
        )
        follows = Follows(complete=True)
        Social(federation, follows=follows)
        net.bind(federation)
        assert await follows.contains(federation.context(), "alice", bob.uri)
        for _ in range(5):  # bob's server takes some at a time
            await net.settle()
            net.advance(minutes=2)
        delivered = [activity.object for activity in bob.inbox.of(Create)]
        assert set(acknowledged) <= {str(getattr(one, "id", one)) for one in delivered}
        federation.ports.backend.close()
