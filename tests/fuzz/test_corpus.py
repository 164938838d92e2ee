"""Every committed seed, once: what holds of it holds, and reading it takes a bounded number of steps."""

from __future__ import annotations

import pytest
from tests.fuzz.target import Target, holds, made, same, tried
from tests.fuzz.targets import CORPUS, TARGETS, seeds
from tests.steps import steps

from fedtext.errors import LocalProtocolError, MalformedText

WORKING = ("fedtext", "pyld", "idna", "json")
STEPS_MAX = 200_000
"""Lines of Python, for the bound of 20 ms: so many take 8 ms. How they grow with the length is asked in
`tests/properties`."""


@pytest.mark.spec("SEC-031", "SEC-116", "SEC-157")
@pytest.mark.parametrize("name", TARGETS)
def test_seeds_are_read_right_and_in_few_steps(name: str) -> None:
    target = TARGETS[name]
    taken = {}
    for seed in seeds(name):
        data = seed.read_bytes()
        assert len(data) <= target.bytes_max, seed.name
        taken[seed.name] = steps(lambda data=data: target.read(data), WORKING)
        target(data)
    assert len(taken) >= 5
    dearest = max(taken, key=lambda name: taken[name])
    assert taken[dearest] <= STEPS_MAX, (dearest, taken[dearest])


def test_each_target_has_seeds_and_each_seed_a_target() -> None:
    assert {folder.name for folder in CORPUS.iterdir()} == set(TARGETS)
    assert len(TARGETS) >= 12


def test_a_target_lets_nothing_pass_but_a_refusal_of_the_peers_words() -> None:
    def read(data: bytes) -> int:
        if data == b"refused":
            raise MalformedText("no")
        if data == b"ours":
            raise LocalProtocolError("no")
        return len(data)

    target = Target("x", read, lambda data, found: same(found, 1), packages="")
    target(b"1")
    target(b"refused")
    with pytest.raises(LocalProtocolError):
        target(b"ours")
    with pytest.raises(AssertionError):
        target(b"12")
    with pytest.raises(AssertionError):
        holds(False, "said")
    assert (tried(read, b"refused"), made(read, b"ours")) == (None, None)
