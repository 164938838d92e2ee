"""Keys of own actors: made once, whoever races; loaded once per process."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import attrs
import pytest

from fedtext.adapters.backends import MemoryBackend, SqliteBackend
from fedtext.adapters.clocks import ManualClock
from fedtext.errors import ConfigurationError, StoreError
from fedtext.federation.actor_keys import ActorKeys, StoredKeys
from fedtext.keys import KeyRing, load_private_pem
from fedtext.sync import run_sync
from fedtext.testing.faults import FailNth

HOME, ALICE = "https://home.example.com", "https://home.example.com/users/1"


def test_a_key_is_made_once_and_kept(make_world):
    backend = MemoryBackend()
    worlds = [make_world(backend, keys=StoredKeys()) for _ in range(2)]
    served = [world.get("/users/1")["publicKey"] for world in worlds]
    assert served[0] == served[1]


def test_sig_16_sig_23_the_public_key_as_it_is_served(world):
    key = world.get("/users/1")["publicKey"]
    assert (key["id"], key["owner"]) == (f"{ALICE}#main-key", ALICE)
    assert key["publicKeyPem"].startswith("-----BEGIN PUBLIC KEY-----\n")
    assert "PRIVATE" not in str(world.get("/users/1"))


def test_a_key_is_loaded_once_per_process(world):
    """Loading one costs more than many signatures."""
    b = world.remote()
    world.crowd.of["1"] = [b.follower(f"u{n}") for n in range(3)]
    for n in range(10):
        world.fed.publish(world.post(n))
        world.get("/users/1")
    world.settle()
    assert len(b.got) == 10
    assert world.fed.engine.keys.ring.loads == 1


SCRIPT = """
import sys
from fedtext.adapters.backends import SqliteBackend
from fedtext.adapters.clocks import SystemClock
from fedtext.adapters.coalesce import InlineCoalesce
from fedtext.adapters.observers import NullObserver
from fedtext.adapters.offload import InlineOffload
from fedtext.adapters.randomness import SystemRandomness
from fedtext.federation.actor_keys import ActorKeys, StoredKeys
from fedtext.keys import KeyRing
from fedtext.ports import PortSet
from fedtext.sync import run_sync

backend = SqliteBackend(sys.argv[1])
opened = backend.blocking(SystemClock())
ports = PortSet(transport=None, store=opened.store, queue=opened.queue, sql=opened.sql, clock=SystemClock(),
    randomness=SystemRandomness(), offload=InlineOffload(), coalesce=InlineCoalesce(), observer=NullObserver())
print("ready", flush=True)
sys.stdin.readline()
keys = ActorKeys(source=StoredKeys(), ring=KeyRing())
key = run_sync(keys.signing_key(ports, sys.argv[2], sys.argv[3]))
print(key.private.public.fingerprint, flush=True)
backend.close()
"""


def test_two_processes_make_one_key(tmp_path: Path):
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "x.sqlite3"), HOME, ALICE]
    started = [subprocess.Popen(command, stdin=-1, stdout=-1, text=True) for _ in range(2)]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    answers = []
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        answers.append(process.communicate(timeout=30)[0].strip())
        assert process.returncode == 0
    assert len(answers[0]) > 8
    assert answers[0] == answers[1]


def test_two_threads_make_one_key(tmp_path: Path, world):
    backend = SqliteBackend(tmp_path / "x.sqlite3")
    store = backend.blocking(ManualClock()).store
    ports = attrs.evolve(world.ports, store=store)
    barrier, found = threading.Barrier(2), list[str]()

    def make() -> None:
        keys = ActorKeys(source=StoredKeys(), ring=KeyRing())
        barrier.wait()
        found.append(run_sync(keys.signing_key(ports, HOME, ALICE)).private.public.fingerprint)

    threads = [threading.Thread(target=make) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 2
    backend.close()


def test_a_passphrase_encrypts_what_is_stored(world):
    source = StoredKeys(passphrase=b"correct horse")
    pem = run_sync(source.load(world.ports, HOME, ALICE)).decode()
    assert "ENCRYPTED" in pem
    assert load_private_pem(pem, b"correct horse").public.pem
    with pytest.raises(ConfigurationError):
        load_private_pem(pem, b"wrong")
    assert "horse" not in repr(source)


def test_a_wrong_passphrase_loses_no_post(make_world):
    """Whoever starts a worker with the wrong one can put it right: the posts still wait."""
    backend = MemoryBackend()
    right, wrong = (make_world(backend, keys=StoredKeys(passphrase=phrase)) for phrase in (b"right", b"wrong"))
    right.get("/users/1")
    wrong.crowd.of["1"] = [wrong.remote().follower("bob")]
    wrong.fed.publish(wrong.post(7))
    wrong.settle()
    assert wrong.depth().waiting == 1
    assert wrong.buried() == []


def test_a_store_that_loses_what_was_written_is_found_out(world):
    class Forgetful:
        async def get(self, key):
            return None

        async def add_if_absent(self, key, value, *, ttl_s=None):
            return True

    with pytest.raises(StoreError):
        run_sync(StoredKeys().load(attrs.evolve(world.ports, store=Forgetful()), HOME, ALICE))


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_store_that_fails_makes_no_second_key(world, nth):
    fault = FailNth(nth, error=StoreError("full"))
    ports = attrs.evolve(world.ports, store=fault.wrap(world.ports.store))
    with pytest.raises(StoreError):
        run_sync(StoredKeys().load(ports, HOME, ALICE))
    first, second = (run_sync(StoredKeys().load(ports, HOME, ALICE)) for _ in range(2))
    assert first == second


def test_different_actors_have_different_keys(world):
    assert world.get("/users/1")["publicKey"]["publicKeyPem"] != world.get("/users/2")["publicKey"]["publicKeyPem"]
