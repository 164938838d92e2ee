"""The conversation would tell if something were lost or done twice; the whole of it runs in tests/demo."""

from __future__ import annotations

from typing import Any, cast

import pytest

from fedtext.cli.demo import conversation
from fedtext.cli.demo.conversation import BREAD, Ask, Conversation, Step
from fedtext.cli.demo.processes import DemoFailed, Server

POSTS = {f"key{number}": f"http://a/posts/{number}" for number in range(len(BREAD))}


class Told:
    """Answers as a server does, from what the test says."""

    def __init__(self, name: str, entries: list[str] | None = None, arrivals: dict[str, int] | None = None) -> None:
        self.name = name
        self.handle = f"@{name}@localhost"
        self._entries = entries or []
        self._arrivals = arrivals or {}

    def home(self, **_query: str) -> dict[str, Any]:
        entries = [{"id": iri, "boosted_by": None} for iri in self._entries]
        return {"actor": {"id": f"http://{self.name}"}, "entries": entries}

    def arrivals(self) -> dict[str, int]:
        return self._arrivals


def server(told: Told) -> Server:
    return cast("Server", told)


def all_once(entries: list[str], arrivals: dict[str, int], acknowledged: dict[str, str] = POSTS) -> str | None:
    bob = Told("bob", entries, arrivals)
    talk = Conversation(server(Told("alice")), server(bob), lambda _line: None)
    return talk._all_once(bob.home(), acknowledged, 5)


def arrived(times: int) -> dict[str, int]:
    return {f"{iri}#create": times for iri in POSTS.values()}


def test_all_once_is_seen() -> None:
    assert "each applied once" in (all_once([*POSTS.values()], arrived(1)) or "")


def test_what_is_lost_is_not_seen() -> None:
    assert all_once([*POSTS.values()][1:], arrived(1)) is None
    assert all_once([*POSTS.values()], {}) is None


@pytest.mark.parametrize(
    ("entries", "arrivals"),
    [([*POSTS.values()], arrived(2)), ([*POSTS.values(), "http://a/posts/0"], arrived(1))],
)
def test_what_is_done_twice_is_a_failure(entries: list[str], arrivals: dict[str, int]) -> None:
    with pytest.raises(DemoFailed, match="twice"):
        all_once(entries, arrivals)


def test_what_was_never_acknowledged_is_a_failure() -> None:
    with pytest.raises(DemoFailed, match="acknowledged"):
        all_once([*POSTS.values()], arrived(1), {"key0": "http://a/posts/0"})


def step_of(ask: Ask | Exception) -> Step:
    def act() -> Ask:
        if isinstance(ask, Exception):
            raise ask
        return ask

    return conversation._carried_out("name", "did", act)


def test_a_step_is_asked_again_until_it_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "_PAUSE_S", 0.001)
    answers = iter([None, None, "there"])
    step = step_of(Ask(server(Told("bob")), lambda _home: next(answers)))
    assert (step.seen, step.held, step.asked) == (True, "there", "bob")


def test_a_step_that_is_never_seen_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "_SEEN_S_MAX", 0.05)
    step = step_of(Ask(server(Told("bob")), lambda _home: None))
    assert (step.seen, step.asked) == (False, "bob")
    assert "not seen" in step.held


@pytest.mark.parametrize("error", [DemoFailed("no", why="because"), ConnectionRefusedError("gone")])
def test_a_step_that_fails_says_why(error: Exception) -> None:
    step = step_of(error)
    assert not step.seen
    assert str(error) in step.held


def test_nothing_goes_on_after_a_step_that_was_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    unseen = Step(name="find", did="x", asked="", held="", seen=False, seconds=0)
    monkeypatch.setattr(conversation, "_carried_out", lambda *_arguments: unseen)
    talk = Conversation(server(Told("alice")), server(Told("bob")), lambda _line: None)
    assert list(talk.steps()) == [unseen]
