"""Followers synchronization: the digest over the followers that are of one server, and the header that says it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from fedtext.delivery import followers_digest, parse_collection_synchronization, partial_followers

from ..cases import Case, Overrides, listed, own_case, wanted


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give the cases of both files."""
    for case, _ in listed(folder, "digest.json"):
        want = (case["digest"], frozenset(case["partial"]))
        yield own_case("digest.json", case, [want], partial(_digest, case["followers"], case["instance"]))
    for case, _ in listed(folder, "header.json"):
        run = partial(_judge, case["header"], case["sender"], case["sender_followers"])
        yield own_case("header.json", case, wanted(case), run)


def _digest(followers: list[str], instance: str) -> tuple[str, frozenset[str]]:
    return followers_digest(followers, instance), frozenset(partial_followers(followers, instance))


def _judge(header: str, sender: str, followers: str | None) -> str:
    return "ignore" if parse_collection_synchronization(header, sender, followers) is None else "use"
