from __future__ import annotations

import pytest

from fedtext.adapters.randomness import SeededRandomness, SystemRandomness


@pytest.mark.parametrize("make", [SystemRandomness, lambda: SeededRandomness(7)], ids=["system", "seeded"])
def test_sizes_and_ranges(make):
    source = make()
    assert [len(source.token(size)) for size in (0, 1, 32)] == [0, 1, 32]
    assert all(0 <= source.fraction() < 1 for _ in range(200))
    assert source.token(16) != source.token(16)


def test_the_same_seed_gives_the_same_sequence():
    def sequence(seed):
        source = SeededRandomness(seed)
        return source.token(8), source.fraction(), source.token(8)

    assert sequence(1) == sequence(1)
    assert sequence(1) != sequence(2)


def test_the_system_does_not_repeat_itself():
    assert SystemRandomness().token(16) != SystemRandomness().token(16)
