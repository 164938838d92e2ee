"""`fedtext relays`: joins, leaves and lists relays."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

Run = Callable[..., subprocess.CompletedProcess[str]]
INBOX, ACTOR = "https://relay.example/inbox", "https://relay.example/actor"


def test_a_relay_is_joined_listed_and_left(run: Run) -> None:
    def told(*arguments: str) -> list[dict[str, object]]:
        done = run("relays", *arguments, "--json")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    (asked,) = told("add", "app:fed", INBOX)
    assert (asked["relay"], asked["state"], asked["style"], asked["actor"]) == (INBOX, "pending", "mastodon", None)
    assert str(asked["since"]).endswith("+00:00")
    (other,) = told("add", "app:social", ACTOR, "--litepub")
    assert (other["style"], other["actor"]) == ("litepub", ACTOR)
    assert told("list", "app:fed") == [other, asked]
    assert told("remove", "app:fed", INBOX) == [{"relay": INBOX, "removed": True}]
    assert told("list", "app:fed") == [other]


def test_people_are_told_in_words(run: Run) -> None:
    assert run("relays", "list", "app:fed").stdout == "no relay was asked\n"
    assert run("relays", "add", "app:fed", INBOX).stdout.startswith(f"pending  {INBOX} (mastodon) since 2")
    assert run("relays", "remove", "app:fed", INBOX).stdout.endswith(f"{INBOX}: left\n")
    done = run("relays", "remove", "app:fed", INBOX)
    assert (done.returncode, done.stdout.endswith(f"{INBOX}: it was never asked\n")) == (1, True)


def test_an_address_stands_where_one_is_needed(run: Run) -> None:
    assert run("relays", "add", "app:fed").returncode == 1
    done = run("relays", "list", "app:fed", INBOX)
    assert (done.returncode, "configuration" in done.stderr) == (1, True)
