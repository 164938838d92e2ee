"""Rules in the store: read when they may have changed, and not more often."""

from __future__ import annotations

from typing import Any

import attrs

from fedtext.federation.rulebook import RuleBook
from fedtext.inbox import Rule, Severity
from fedtext.sync import run_sync

HOME = "https://home.example.com"


class Counting:
    """A store that counts what is asked of it."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        return getattr(self._store, name)


def book() -> RuleBook:
    return RuleBook(HOME, own_hosts=frozenset(), allow_listed_only=False, fresh_s=5.0)


def test_the_store_is_asked_no_more_often_than_needed(world):
    store = Counting(world.ports.store)
    ports = attrs.evolve(world.ports, store=store)
    rules = book()
    run_sync(rules.refresh(ports))
    run_sync(rules.refresh(ports))
    assert store.asked == ["get", "scan"]
    world.clock.advance(5)
    run_sync(rules.refresh(ports))
    assert store.asked == ["get", "scan", "get"]


def test_who_sets_a_rule_knows_it_at_once(world):
    rules = book()
    rule = Rule(subject="x.example", severity=Severity.BLOCK)
    run_sync(rules.set(world.ports, rule))
    assert rules.rules.by_subject == {"x.example": rule}
    assert run_sync(rules.remove(world.ports, "x.example")) is True
    assert run_sync(rules.remove(world.ports, "x.example")) is False
    assert rules.rules.by_subject == {}
