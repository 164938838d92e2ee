"""Keys of own actors: made once, whoever races; loaded once per process; rotated with an overlap."""

from __future__ import annotations

import contextlib
import copy
import gc
import logging
import pickle
import re
import subprocess
import sys
import threading
from pathlib import Path

import attrs
import pytest
from tests.receiving import INBOX, Door

from fedtext.adapters.backends import MemoryBackend, SqliteBackend
from fedtext.adapters.clocks import ManualClock
from fedtext.adapters.observers import LoggingObserver
from fedtext.config import Config, FetchPolicy
from fedtext.delivery import Follower
from fedtext.errors import ConfigurationError, FedtextError, LocalProtocolError, QueueError, StoreError
from fedtext.federation import actor_keys
from fedtext.federation.actor_keys import ActorKeys, StoredKeys
from fedtext.http import Response
from fedtext.jsonld.processor import expand
from fedtext.keys import (
    Algorithm,
    KeyRing,
    build_multikey,
    generate_rsa,
    load_private_pem,
    load_public_pem,
    parse_multikey,
)
from fedtext.ports import store_key
from fedtext.signatures import parse_claim
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
    assert world.fed.engine.keys.ring.loads == 2, "the RSA key and the Ed25519 key, once each"


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


# -- the set: RSA for requests, Ed25519 for proofs ----------------------------------------------------------------


def keypair(actor_id: str = ALICE) -> str:
    return store_key(HOME, "keypair", actor_id)


def keyset(actor_id: str = ALICE) -> str:
    return store_key(HOME, "keyset", actor_id)


def test_fep_521a_an_ed25519_key_is_published_beside_the_rsa_key(world):
    served = world.get("/users/1")
    assert isinstance(served["publicKey"], dict)
    assert [key["id"] for key in served["assertionMethod"]] == [f"{ALICE}#ed25519-key"]
    key = served["assertionMethod"][0]
    assert (key["type"], key["controller"]) == ("Multikey", ALICE)
    own = run_sync(world.fed.engine.keys.signing_key(world.ports, HOME, ALICE, algorithm=Algorithm.ED25519))
    assert own.key_id == key["id"]
    parse_multikey(key["publicKeyMultibase"]).verify(own.private.sign(b"data"), b"data")


def test_a_key_of_a_kind_that_the_actor_has_not_got(world):
    with pytest.raises(ConfigurationError):
        run_sync(world.fed.engine.keys.signing_key(world.ports, HOME, ALICE, algorithm=Algorithm.MLDSA44))


@pytest.mark.parametrize("passphrase", [None, b"correct horse"])
def test_what_the_first_releases_stored_still_loads(make_world, passphrase):
    """They kept the PEM of the RSA key alone; its id and its material stay as peers know them."""
    old = generate_rsa()
    backend = MemoryBackend()
    world = make_world(backend, keys=StoredKeys(passphrase=passphrase))
    stored = old.pem(passphrase).encode()
    run_sync(world.ports.store.put(keypair(), stored))
    served = world.get("/users/1")
    assert served["publicKey"]["id"] == f"{ALICE}#main-key"
    assert load_public_pem(served["publicKey"]["publicKeyPem"]) == old.public
    assert run_sync(world.ports.store.get(keypair())) == stored, "a process of the old release may still run"
    again = make_world(backend, keys=StoredKeys(passphrase=passphrase)).get("/users/1")
    assert again["publicKey"] == served["publicKey"]
    assert again["assertionMethod"] == served["assertionMethod"]
    assert world.fed.engine.keys.ring.loads == 2


def test_sec_170_with_a_passphrase_nothing_in_the_store_is_in_the_clear(make_world):
    world = make_world(keys=StoredKeys(passphrase=b"correct horse"))
    world.get("/users/1")
    run_sync(world.fed.engine.keys.rotate(world.ports, HOME, ALICE, algorithm=Algorithm.ED25519))
    for name in (keypair(), keyset()):
        value = run_sync(world.ports.store.get(name))
        assert b"BEGIN ENCRYPTED PRIVATE KEY" in value
        assert b"BEGIN PRIVATE KEY" not in value


def test_sec_170_no_message_of_the_queue_holds_a_private_key(world):
    """Recipients and document go along; the key is fetched by whoever signs."""
    world.get("/users/1")
    b = world.remote()
    world.crowd.of["1"] = [b.follower("bob")]
    world.fed.publish(world.post(7))
    payloads = []
    for _ in range(2):  # to be spread, then to be delivered
        claim = run_sync(world.ports.queue.claim(lease_s=1, batch_max=10))
        payloads += [job.payload for job in claim.jobs]
        world.clock.advance(60)
        world.fed.worker().step_blocking()
    assert len(payloads) == 2
    secrets = run_sync(world.ports.store.get(keypair())).splitlines()[1:-1]
    assert not any(b"PRIVATE" in payload or line in payload for payload in payloads for line in secrets)


# -- rotation -----------------------------------------------------------------------------------------------------


def rotate(world, algorithm=Algorithm.RSA, **options):
    return run_sync(world.fed.engine.keys.rotate(world.ports, HOME, ALICE, algorithm=algorithm, **options))


def test_keys_are_read_anew_only_where_others_have_changed_them(world):
    keys, other = world.fed.engine.keys, ActorKeys(source=world.fed.engine.keys.source, ring=KeyRing())
    first = run_sync(keys.signing_key(world.ports, HOME, ALICE))
    assert run_sync(keys.signing_key(world.ports, HOME, ALICE)).private is first.private
    loads = keys.ring.loads
    run_sync(other.rotate(world.ports, HOME, ALICE))
    second = run_sync(keys.signing_key(world.ports, HOME, ALICE))
    assert second.key_id != first.key_id
    assert keys.ring.loads == loads + 1


def test_so_many_actors_keys_are_held_as_they_were_read(world, monkeypatch):
    monkeypatch.setattr(actor_keys, "READ_COUNT_MAX", 2)
    keys = ActorKeys(source=world.fed.engine.keys.source, ring=KeyRing())
    for number in range(3):
        for _ in range(2):  # made, then read
            run_sync(keys.signing_key(world.ports, HOME, f"{HOME}/users/{number}"))
            run_sync(keys.public_members(world.ports, HOME, f"{HOME}/users/{number}"))
    assert list(keys._read) == list(keys._published) == [f"{HOME}/users/1", f"{HOME}/users/2"]


def test_sec_170_what_is_published_does_not_hold_private_keys_that_were_replaced(world):
    keys = world.fed.engine.keys
    assert world.get("/users/1") == world.get("/users/1")  # made, then read
    held = keys._published[ALICE][0]
    assert held() is keys._read[ALICE][1]
    rotate(world)
    gc.collect()
    assert held() is None


def test_after_a_rotation_the_new_key_signs_and_the_old_one_still_verifies(world):
    before = world.get("/users/1")
    new = rotate(world, overlap_s=60)
    served = world.get("/users/1")
    assert new.key_id == served["publicKey"]["id"] == f"{ALICE}#main-key-2"
    assert load_public_pem(served["publicKey"]["publicKeyPem"]) == new.private.public
    old = load_public_pem(before["publicKey"]["publicKeyPem"])
    listed = {key["id"]: key["publicKeyMultibase"] for key in served["assertionMethod"]}
    assert listed[f"{ALICE}#main-key"] == build_multikey(old)
    assert listed[f"{ALICE}#ed25519-key"] == before["assertionMethod"][0]["publicKeyMultibase"]
    world.clock.advance(59)
    assert len(world.get("/users/1")["assertionMethod"]) == 2
    world.clock.advance(1)
    assert [key["id"] for key in world.get("/users/1")["assertionMethod"]] == [f"{ALICE}#ed25519-key"]


def test_what_is_sent_after_a_rotation_is_signed_with_the_new_key(world):
    b = world.remote()
    world.crowd.of["1"] = [b.follower("bob")]
    world.fed.publish(world.post(1))
    world.settle()
    rotate(world)
    world.fed.publish(world.post(2))
    world.settle()
    assert [parse_claim(request).key_id for request in b.got] == [f"{ALICE}#main-key", f"{ALICE}#main-key-2"]


def test_a_key_in_other_hands_counts_no_more_at_once(world):
    world.get("/users/1")
    rotate(world, overlap_s=0)
    assert [key["id"] for key in world.get("/users/1")["assertionMethod"]] == [f"{ALICE}#ed25519-key"]


def test_a_private_key_that_signs_no_more_is_kept_nowhere(world):
    world.get("/users/1")
    old = run_sync(world.ports.store.get(keypair()))
    rotate(world)
    assert run_sync(world.ports.store.get(keypair())) is None
    secret = old.splitlines()[10]
    assert secret not in run_sync(world.ports.store.get(keyset()))
    rotate(world, Algorithm.ED25519)
    assert [key["id"] for key in world.get("/users/1")["assertionMethod"]] == [
        f"{ALICE}#ed25519-key-2",
        f"{ALICE}#ed25519-key",
        f"{ALICE}#main-key",
    ]


def test_a_kind_that_the_actor_had_not_is_added(world):
    assert rotate(world, Algorithm.MLDSA44).key_id == f"{ALICE}#mldsa44-key"
    assert world.get("/users/1")["publicKey"]["id"] == f"{ALICE}#main-key"
    with pytest.raises(ConfigurationError):
        rotate(world, Algorithm.ECDSA_P256)


def test_a_rotation_loads_each_key_once(world):
    world.get("/users/1")
    rotate(world)
    for _ in range(3):
        world.get("/users/1")
    assert world.fed.engine.keys.ring.loads == 3, "two keys, and the new one"


class Contested:
    """A store in which somebody else writes first, so many times."""

    def __init__(self, inner, losses):
        self.inner, self.losses, self.name = inner, losses, keyset()

    def __getattr__(self, name):
        return getattr(self.inner, name)

    async def compare_and_set(self, key, expected, value, **options):
        if self.losses:
            self.losses -= 1
            return False
        return await self.inner.compare_and_set(key, expected, value, **options)


@pytest.mark.parametrize(("losses", "wins"), [(7, True), (8, False)])
def test_a_rotation_that_others_come_before_is_tried_again(world, losses, wins):
    world.get("/users/1")
    ports = attrs.evolve(world.ports, store=Contested(world.ports.store, losses))
    change = world.fed.engine.keys.rotate(ports, HOME, ALICE, algorithm=Algorithm.ED25519)
    if wins:
        assert run_sync(change).key_id == f"{ALICE}#ed25519-key-2"
    else:
        with pytest.raises(StoreError):
            run_sync(change)
        assert world.get("/users/1")["assertionMethod"][0]["id"] == f"{ALICE}#ed25519-key"


@pytest.mark.parametrize("nth", range(1, 8))
def test_a_store_that_fails_leaves_the_old_keys_or_the_new_ones(world, nth):
    before = world.get("/users/1")["publicKey"]
    fault = FailNth(nth, error=StoreError("full"))
    ports = attrs.evolve(world.ports, store=fault.wrap(world.ports.store))
    failed = False
    try:
        run_sync(world.fed.engine.keys.rotate(ports, HOME, ALICE))
    except StoreError:
        failed = True
    after = world.get("/users/1")
    if after["publicKey"]["id"] == before["id"]:
        assert failed
        assert after["publicKey"] == before
    else:
        assert f"{ALICE}#main-key" in [key["id"] for key in after["assertionMethod"]]


@pytest.mark.parametrize("nth", range(1, 7))
def test_a_store_that_fails_makes_no_second_set(world, nth):
    fault = FailNth(nth, error=StoreError("full"))
    ports = attrs.evolve(world.ports, store=fault.wrap(world.ports.store))
    with contextlib.suppress(StoreError):
        run_sync(world.fed.engine.keys.public_members(ports, HOME, ALICE))
    first, second = (run_sync(world.fed.engine.keys.public_members(world.ports, HOME, ALICE)) for _ in range(2))
    assert first == second


def test_a_store_that_loses_the_set_is_found_out(world):
    class Forgetful:
        def __init__(self, inner):
            self.inner = inner

        def __getattr__(self, name):
            return getattr(self.inner, name)

        async def get(self, key):
            return None if key == keyset() else await self.inner.get(key)

    ports = attrs.evolve(world.ports, store=Forgetful(world.ports.store))
    with pytest.raises(StoreError):
        run_sync(world.fed.engine.keys.signing_key(ports, HOME, ALICE))


# -- secrets (SEC-170) ---------------------------------------------------------------------------------------------


@pytest.mark.spec("SEC-170")
@pytest.mark.parametrize("copier", [pickle.dumps, copy.deepcopy])
def test_sec_170_neither_keys_nor_their_passphrase_are_pickled(world, copier):
    source = StoredKeys(passphrase=b"correct horse")
    key = run_sync(world.fed.engine.keys.signing_key(world.ports, HOME, ALICE))
    key_set = run_sync(source.load_set(world.ports, HOME, f"{HOME}/users/2", world.fed.engine.keys.ring))
    for secret in (source, key, key_set, key_set.current[0], ActorKeys(source=source, ring=KeyRing())):
        with pytest.raises(LocalProtocolError):
            copier(secret)


@pytest.mark.spec("SEC-170")
@pytest.mark.parametrize("passphrase", [None, b"correct horse"])
def test_sec_170_no_log_line_holds_a_secret(make_world, caplog, passphrase):
    """What is logged of keys that are made, used, rotated, read with the wrong passphrase, and damaged."""
    caplog.set_level(logging.DEBUG)
    world = make_world(keys=StoredKeys(passphrase=passphrase))
    world.fed.ports.observer = both = Both(world.observer, LoggingObserver(level=logging.WARNING))
    world.crowd.of["1"] = [world.remote().follower("bob")]
    world.fed.publish(world.post(1))
    world.settle()
    stored = [run_sync(world.ports.store.get(name)) for name in (keypair(), keyset())]
    world.fed.rotate_key("1", algorithm=Algorithm.ED25519)
    world.settle()
    stored.append(run_sync(world.ports.store.get(keyset())))
    world.fed.engine = attrs.evolve(
        world.fed.engine, keys=ActorKeys(source=StoredKeys(passphrase=b"wrong staple"), ring=KeyRing())
    )
    run_sync(world.ports.store.put(keyset(), stored[-1][:-20]))
    world.fed.publish(world.post(2))
    world.settle()
    assert both.seen == 3, "delivered, delivered, failed"
    said = "\n".join([caplog.text, *(repr(event) for event in world.observer.events), repr(world.fed.engine.keys)])
    # Bodies of the PEMs: base64 of 64 characters, of the whole key sets with their line ends escaped.
    lines = {line for value in stored for line in re.findall(r"[A-Za-z0-9+/]{40,64}", value.decode())}
    assert len(lines) > 20
    assert not [line for line in lines if line in said]
    assert not [word for word in ("PRIVATE KEY", "horse", "staple") if word in said]


class Both:
    """Tells two observers, and counts."""

    def __init__(self, *observers):
        self.observers, self.seen = observers, 0

    def emit(self, event):
        self.seen += 1
        for observer in self.observers:
            observer.emit(event)


# -- rotation, and who is told -------------------------------------------------------------------------------------


def test_followers_are_told_of_a_new_key_under_that_key(world):
    """Once, with the actor as it is served; the Update is signed with the new key."""
    b = world.remote()
    world.crowd.of["1"] = [b.follower("bob"), b.follower("bea")]
    old = world.get("/users/1")["publicKey"]
    new_id = world.fed.rotate_key("1")
    assert world.depth().waiting == 1, "durable before the call returns"
    world.settle()
    assert b.deliveries() == [("/inbox", "Update")]
    update, served = b.bodies()[0], world.get("/users/1")
    assert update["object"]["publicKey"] == served["publicKey"]
    assert update["object"]["assertionMethod"] == served["assertionMethod"]
    assert update["object"]["id"] == update["actor"] == ALICE
    assert {key["id"] for key in served["assertionMethod"]} >= {old["id"]}
    read = expand(update, base=None)[0]["https://www.w3.org/ns/activitystreams#object"][0]
    assert [key["@id"] for key in read["https://w3id.org/security#assertionMethod"]] == [
        key["id"] for key in served["assertionMethod"]
    ]
    assert all(
        "https://w3id.org/security#publicKeyMultibase" in key
        for key in read["https://w3id.org/security#assertionMethod"]
    )
    assert parse_claim(b.got[0]).key_id == served["publicKey"]["id"] == new_id != old["id"]


@pytest.mark.parametrize("overlap_s", [0, 60])
@pytest.mark.parametrize("algorithm", [Algorithm.RSA, Algorithm.ED25519])
def test_sig_21_a_peer_that_has_the_old_keys_takes_the_update(make_world, algorithm, overlap_s):
    """A second server of ours follows alice, and has verified a post of hers before."""
    home, peer = make_world(), Door(config=Config(fetch=FetchPolicy()))
    network = peer.network
    network.script("home.example.com", lambda request: home.ask(request.target))
    target = f"https://b.example.com{INBOX}"
    home.crowd.of["1"] = [Follower(actor_id="https://b.example.com/users/bob", inbox=target)]
    outcomes, failures = [], []

    def take(request):
        headers = request.headers.with_fields(("host", request.authority))
        try:
            outcomes.append(peer.receive(attrs.evolve(request, headers=headers)).outcome)
        except FedtextError as error:
            failures.append(error)
            return Response(status=error.status_hint)
        return Response(status=202)

    home.network.script("b.example.com", take)
    home.fed.publish(home.post(1))
    home.settle()
    home.fed.rotate_key("1", algorithm=algorithm, overlap_s=overlap_s)
    home.fed.publish(home.post(2))
    home.settle()
    assert (outcomes, failures) == (["queued"] * 3, [])


def test_an_update_of_a_new_key_needs_the_queue_and_the_rotation_stands_without_it(world):
    class Full:
        def __init__(self, inner):
            self.inner = inner

        def __getattr__(self, name):
            return getattr(self.inner, name)

        async def enqueue(self, tasks):
            raise QueueError("full")

    before = world.get("/users/1")["publicKey"]["id"]
    ports = attrs.evolve(world.ports, queue=Full(world.ports.queue), sql=None)
    with pytest.raises(QueueError):
        run_sync(type(world.fed)._rotate_key(world.fed, ports, "1"))
    assert world.get("/users/1")["publicKey"]["id"] != before


def test_nobody_is_told_of_a_new_key_of_the_server_itself(world):
    world.fed.rotate_key(None)
    assert world.depth().waiting == 0


async def test_keys_are_rotated_from_async_code_too(make_world):
    world = make_world(asynchronous=True)
    assert await world.fed.rotate_key.aio("1") == f"{ALICE}#main-key-2"


# -- SIG-23, SIG-24, SIG-25: what is served, to whom ---------------------------------------------------------------


@pytest.mark.spec("SIG-23")
def test_sig_23_the_pem_as_it_is_emitted(make_world):
    """SubjectPublicKeyInfo, 2048 bits, lines of 64 ended by a mere line feed."""
    world = make_world(keys=StoredKeys())
    pem = world.get("/users/1")["publicKey"]["publicKeyPem"]
    head, *lines, tail, end = pem.split("\n")
    assert (head, tail, end) == ("-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----", "")
    assert "\r" not in pem
    assert {len(line) for line in lines[:-1]} == {64}
    assert load_public_pem(pem).material.key_size == 2_048
    world.fed.rotate_key("1")
    assert load_public_pem(world.get("/users/1")["publicKey"]["publicKeyPem"]).material.key_size == 2_048


@pytest.mark.spec("SIG-24", "SIG-25")
@pytest.mark.parametrize("path", ["/ap/instance", "/users/1"])
@pytest.mark.parametrize("asked_by", ["nobody", "a signature that does not hold", "somebody unreachable"])
def test_sig_24_sig_25_an_actor_and_its_key_need_no_signature(world, path, asked_by):
    """No server asks another one before it answers: so no two servers wait for each other's keys."""
    headers = {"nobody": {}, "a signature that does not hold": {"signature": "keyId=1"}}.get(asked_by, {})
    by = "https://b.example.org/users/nobody" if asked_by == "somebody unreachable" else None
    document = world.get(path, by=by, **headers)
    assert document["publicKey"]["id"] == f"{HOME}{path}#main-key"
    assert document["publicKey"]["owner"] == document["id"] == HOME + path
    assert "PUBLIC KEY" in document["publicKey"]["publicKeyPem"]
    assert world.network.exchanges == []


@pytest.mark.spec("SIG-25")
def test_sig_25_what_is_not_public_needs_one(world):
    """The counterpart: the actor's followers-only post is for those who say who they are."""
    world.post(7, to=f"{ALICE}/followers")
    assert world.status("/posts/7") == 404
    b = world.remote()
    world.crowd.of["1"] = [b.follower("bob")]
    assert world.get("/posts/7", by=f"{b.origin}/users/bob")["id"] == f"{HOME}/posts/7"


@pytest.mark.spec("SIG-20", "SIG-21")
def test_sig_21_a_reader_whose_key_was_changed_under_its_id(world):
    world.post(7, to=f"{ALICE}/followers")
    b = world.remote()
    world.crowd.of["1"] = [b.follower("bob")]
    bob = f"{b.origin}/users/bob"
    new = b.documents["/users/bob"]["publicKey"]
    b.documents["/users/bob"]["publicKey"] = {**new, "publicKeyPem": generate_rsa().public.pem}
    assert world.status("/posts/7", by=bob) == 401
    assert b.asked == ["/users/bob"], "what was fetched a moment ago is not fetched again"
    world.clock.advance(301)
    b.documents["/users/bob"]["publicKey"] = new
    assert world.get("/posts/7", by=bob)["id"] == f"{HOME}/posts/7"
    assert b.asked == ["/users/bob"] * 2
