"""The ring of own keys: one load each, bounded, by PEM and passphrase."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from fedtext.errors import ConfigurationError
from fedtext.keys import KeyRing, generate_ed25519

PEMS = [generate_ed25519().pem().encode() for _ in range(4)]


def test_a_key_is_loaded_once() -> None:
    ring = KeyRing()
    first = ring.load(PEMS[0])
    assert ring.load(bytes(bytearray(PEMS[0]))) is first
    assert (ring.loads, len(ring)) == (1, 1)
    ring.load(PEMS[1])
    assert (ring.loads, len(ring)) == (2, 2)


def test_the_key_used_longest_ago_makes_room() -> None:
    ring = KeyRing(size_max=2)
    a, b, c = PEMS[:3]
    ring.load(a)
    ring.load(b)
    ring.load(a)
    ring.load(c)
    assert (ring.loads, len(ring)) == (3, 2)
    ring.load(a)
    assert ring.loads == 3, "a was used after b, so that b had to go"
    ring.load(b)
    assert ring.loads == 4


def test_a_passphrase_is_needed_every_time() -> None:
    ring = KeyRing()
    key = generate_ed25519()
    pem = key.pem(b"secret").encode()
    assert ring.load(pem, b"secret").public == key.public
    for passphrase in (None, b"", b"Secret"):
        with pytest.raises(ConfigurationError):
            ring.load(pem, passphrase)
    assert (ring.loads, len(ring)) == (1, 1)


def test_what_cannot_be_loaded_is_not_kept() -> None:
    ring = KeyRing()
    with pytest.raises(ConfigurationError):
        ring.load(b"nothing")
    assert (ring.loads, len(ring)) == (0, 0)


@pytest.mark.parametrize("size_max", [0, -1])
def test_a_ring_without_room_is_refused(size_max: int) -> None:
    with pytest.raises(ConfigurationError):
        KeyRing(size_max=size_max)


def test_how_many_keys_a_ring_holds() -> None:
    assert repr(KeyRing()) == "KeyRing(0 of 1024 keys, 0 loads)"
    ring = KeyRing(size_max=1)
    for pem in PEMS[:2]:
        ring.load(pem)
    assert repr(ring) == "KeyRing(1 of 1 keys, 2 loads)"


def test_sec_171_threads_neither_mix_nor_pile_up_keys() -> None:
    ring = KeyRing(size_max=2)
    publics = [KeyRing().load(pem).public for pem in PEMS]

    def use(turn: int) -> bool:
        return ring.load(PEMS[turn % 4]).public == publics[turn % 4]

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(use, range(400)))
    assert len(ring) <= 2


def test_sec_170_a_ring_shows_sizes_only() -> None:
    ring = KeyRing(size_max=3)
    ring.load(PEMS[0])
    assert repr(ring) == "KeyRing(1 of 3 keys, 1 loads)"
