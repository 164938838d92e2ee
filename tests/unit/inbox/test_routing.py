"""Listeners get what they listen to, in order of registration."""

from __future__ import annotations

from fedtext.inbox import Listener, select
from fedtext.vocab import Activity, Create, Follow, Note, load

A = "https://a.example.com"


def test_by_type_and_supertype_in_order() -> None:
    listeners = [Listener(key, print) for key in (Follow, Activity, Create[Note], Create)]
    created = load({"id": f"{A}/1", "type": "Create", "actor": f"{A}/u", "object": {"id": f"{A}/2", "type": "Note"}})
    assert isinstance(created, Activity)
    assert [listener.key for listener in select(listeners, created)] == [Activity, Create[Note], Create]
    by_id = load({"id": f"{A}/1", "type": "Create", "actor": f"{A}/u", "object": f"{A}/2"})
    assert isinstance(by_id, Activity)
    assert [listener.key for listener in select(listeners, by_id)] == [Activity, Create]
    assert select([], created) == []
