"""The keys of an actor over time: which signs, which still verifies, and how they lie in the store."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest

from fedtext.errors import ConfigurationError, LocalProtocolError
from fedtext.keys import (
    Algorithm,
    KeyRing,
    KeySet,
    OwnKey,
    PrivateKey,
    build_key_set,
    generate_ed25519,
    parse_key_set,
    published,
    rotate,
)
from fedtext.keys.rotation import RETIRED_MAX, RetiredKey

NOW_S = 1_790_000_000.5


@pytest.fixture
def first(private_keys: dict[str, PrivateKey]) -> KeySet:
    return KeySet(current=(OwnKey.of(private_keys["rsa"]), OwnKey.of(private_keys["ed25519"])))


def names(key_set: KeySet, now_s: float = NOW_S) -> list[str]:
    return [key.name for key in published(key_set, now_s=now_s)]


def test_the_first_keys_have_the_names_that_peers_know(first: KeySet, private_keys: dict[str, PrivateKey]) -> None:
    assert names(first) == ["main-key", "ed25519-key"]
    assert all(key.is_current for key in published(first, now_s=NOW_S))
    signing = first.signing(Algorithm.RSA)
    assert signing is not None
    assert signing.private is private_keys["rsa"]
    assert first.signing(Algorithm.MLDSA44) is None


def test_the_old_key_counts_for_the_overlap_and_no_second_longer(first: KeySet) -> None:
    new = generate_ed25519()
    second = rotate(first, new, now_s=NOW_S, overlap_s=60)
    signing = second.signing(Algorithm.ED25519)
    assert signing is not None
    assert signing.private is new
    assert names(second) == ["main-key", "ed25519-key-2", "ed25519-key"]
    assert [key.is_current for key in published(second, now_s=NOW_S)] == [True, True, False]
    assert published(second, now_s=NOW_S)[2].public == published(first, now_s=NOW_S)[1].public
    until_s = int(NOW_S) + 60
    assert names(second, until_s - 0.001) == ["main-key", "ed25519-key-2", "ed25519-key"]
    assert names(second, until_s) == ["main-key", "ed25519-key-2"]


def test_without_an_overlap_the_old_key_is_gone_at_once(first: KeySet) -> None:
    second = rotate(first, generate_ed25519(), now_s=NOW_S, overlap_s=0)
    assert names(second) == ["main-key", "ed25519-key-2"]
    assert second.retired == ()


def test_a_name_is_never_given_twice(first: KeySet) -> None:
    """Else a signature that names the old key would be checked with the new one."""
    key_set, seen = first, {"ed25519-key"}
    for turn in range(12):
        key_set = rotate(key_set, generate_ed25519(), now_s=NOW_S + turn * 100, overlap_s=150 * (turn % 2))
        signing = key_set.signing(Algorithm.ED25519)
        assert signing is not None
        assert signing.name not in seen
        seen.add(signing.name)
    assert "ed25519-key-13" in seen


def test_keys_whose_time_is_over_leave_the_set(first: KeySet) -> None:
    second = rotate(first, generate_ed25519(), now_s=NOW_S, overlap_s=60)
    third = rotate(second, generate_ed25519(), now_s=NOW_S + 60, overlap_s=60)
    assert [key.name for key in third.retired] == ["ed25519-key-2"]


def test_of_many_retired_keys_those_that_end_last_stay(first: KeySet) -> None:
    key_set = first
    for turn in range(RETIRED_MAX):
        key_set = rotate(key_set, generate_ed25519(), now_s=NOW_S + turn, overlap_s=1_000)
    assert len(key_set.retired) == RETIRED_MAX
    assert key_set.retired[-1].name == "ed25519-key"
    key_set = rotate(key_set, generate_ed25519(), now_s=NOW_S + RETIRED_MAX, overlap_s=1_000)
    assert len(key_set.retired) == RETIRED_MAX
    assert [key.name for key in key_set.retired] == [f"ed25519-key-{number}" for number in range(8, 1, -1)]


def test_an_overlap_of_one_second_is_one(first: KeySet) -> None:
    second = rotate(first, generate_ed25519(), now_s=NOW_S, overlap_s=1)
    assert [key.verifies_until_s for key in second.retired] == [int(NOW_S) + 1]
    end_s = int(NOW_S) + 1
    third = rotate(second, generate_ed25519(), now_s=end_s, overlap_s=5)
    assert [key.name for key in third.retired] == ["ed25519-key-2"], "a key leaves when its time ends, not later"


def test_of_keys_that_end_together_the_newest_stands_first(first: KeySet) -> None:
    second = rotate(first, generate_ed25519(), now_s=NOW_S, overlap_s=60)
    third = rotate(second, generate_ed25519(), now_s=NOW_S + 10, overlap_s=50)
    assert [key.name for key in third.retired] == ["ed25519-key-2", "ed25519-key"]
    assert len({key.verifies_until_s for key in third.retired}) == 1


def test_no_key_comes_back_however_long_ago_it_ended(first: KeySet) -> None:
    old = generate_ed25519()
    long_ago = RetiredKey(generation=1, public=old.public, verifies_until_s=1)
    with pytest.raises(LocalProtocolError):
        rotate(KeySet(current=first.current, retired=(long_ago,)), old, now_s=NOW_S)


def test_a_kind_that_was_not_there_is_added(first: KeySet, private_keys: dict[str, PrivateKey]) -> None:
    second = rotate(first, private_keys["ml-dsa"], now_s=NOW_S)
    assert names(second) == ["main-key", "ed25519-key", "mldsa44-key"]
    assert second.retired == ()


def test_what_a_rotation_refuses(first: KeySet, private_keys: dict[str, PrivateKey]) -> None:
    with pytest.raises(LocalProtocolError):
        rotate(first, generate_ed25519(), now_s=NOW_S, overlap_s=-1)
    with pytest.raises(LocalProtocolError):
        rotate(first, private_keys["ed25519"], now_s=NOW_S)
    second = rotate(first, generate_ed25519(), now_s=NOW_S, overlap_s=60)
    with pytest.raises(LocalProtocolError):
        rotate(second, private_keys["ed25519"], now_s=NOW_S)


def test_two_keys_of_one_kind_do_not_both_sign() -> None:
    with pytest.raises(LocalProtocolError):
        KeySet(current=(OwnKey.of(generate_ed25519()), OwnKey.of(generate_ed25519())))


@pytest.mark.parametrize("passphrase", [None, b"correct horse"])
def test_a_set_comes_back_from_the_store(private_keys: dict[str, PrivateKey], passphrase: bytes | None) -> None:
    key_set = KeySet(current=tuple(OwnKey.of(key, passphrase=passphrase) for key in private_keys.values()))
    key_set = rotate(key_set, generate_ed25519(), now_s=NOW_S, overlap_s=60, passphrase=passphrase)
    data = build_key_set(key_set)
    assert (b"BEGIN PRIVATE KEY" in data) == (passphrase is None)
    ring = KeyRing()
    again = parse_key_set(data, ring, passphrase)
    assert again == key_set
    assert published(again, now_s=NOW_S) == published(key_set, now_s=NOW_S)
    assert build_key_set(again) == data
    assert ring.loads == 3
    parse_key_set(data, ring, passphrase)
    assert ring.loads == 3, "a private key is parsed once"


def test_a_rotation_parses_no_other_key_anew(first: KeySet) -> None:
    ring = KeyRing()
    before = parse_key_set(build_key_set(first), ring)
    parse_key_set(build_key_set(rotate(before, generate_ed25519(), now_s=NOW_S)), ring)
    assert ring.loads == 3


def test_the_private_half_of_a_retired_key_is_not_kept(first: KeySet, private_keys: dict[str, PrivateKey]) -> None:
    second = rotate(first, generate_ed25519(), now_s=NOW_S)
    secret = private_keys["ed25519"].pem().splitlines()[1]
    assert secret.encode() in build_key_set(first)
    assert secret.encode() not in build_key_set(second)


def test_the_layout_in_the_store(first: KeySet) -> None:
    """What lies in stores must stay readable: a change here needs a new version and a reader of the old one."""
    value = json.loads(build_key_set(rotate(first, generate_ed25519(), now_s=NOW_S, overlap_s=60)))
    assert value.keys() == {"v", "current", "retired"}
    assert value["v"] == 1
    assert [set(key) for key in value["current"]] == [{"generation", "pem"}] * 2
    assert [key["generation"] for key in value["current"]] == [1, 2]
    assert [set(key) for key in value["retired"]] == [{"generation", "pem", "until"}]
    assert value["retired"][0]["until"] == int(NOW_S) + 60
    assert value["retired"][0]["pem"].startswith("-----BEGIN PUBLIC KEY-----\n")


def spoilt() -> dict[str, Any]:
    own = {"generation": 1, "pem": generate_ed25519().pem()}
    old = {"generation": 1, "pem": generate_ed25519().public.pem, "until": 1}
    good = {"v": 1, "current": [own], "retired": [old]}
    return {
        "no JSON": None,
        "an array": [],
        "no version": {"current": [own], "retired": []},
        "a later version": {**good, "v": 2},
        "no keys": {"v": 1, "retired": []},
        "no retired keys": {"v": 1, "current": []},
        "keys that are none": {**good, "current": ["x"]},
        "no PEM": {**good, "current": [{"generation": 1}]},
        "another PEM": {**good, "current": [{**own, "pem": "пароль"}]},
        "no generation": {**good, "current": [{"pem": own["pem"]}]},
        "a generation that is none": {**good, "current": [{**own, "generation": True}]},
        "a private key among the retired": {**good, "retired": [{**old, "pem": own["pem"]}]},
        "no end": {**good, "retired": [{"generation": 1, "pem": old["pem"]}]},
    }


SPOILT = spoilt()
# Which member is named; none where it is the whole that cannot be read, or a private key.
DAMAGED = {
    "no keys": "current",
    "no retired keys": "retired",
    "keys that are none": "pem",
    "no PEM": "pem",
    "no generation": "generation",
    "a generation that is none": "generation",
    "a private key among the retired": "retired",
    "no end": "until",
}


@pytest.mark.spec("SEC-170")
@pytest.mark.parametrize("case", SPOILT)
def test_sec_170_a_damaged_set_is_told_of_but_not_shown(case: str) -> None:
    data = b"{" if SPOILT[case] is None else json.dumps(SPOILT[case]).encode()
    with pytest.raises(ConfigurationError) as caught:
        parse_key_set(data, KeyRing())
    assert "PRIVATE" not in f"{caught.value} {caught.value.__cause__}"
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    member = DAMAGED.get(case)
    assert caught.value.context == ({} if member is None else {"member": member})


def test_a_wrong_passphrase_is_told_of() -> None:
    data = build_key_set(KeySet(current=(OwnKey.of(generate_ed25519(), passphrase=b"right"),)))
    for passphrase in (None, b"wrong"):
        with pytest.raises(ConfigurationError):
            parse_key_set(data, KeyRing(), passphrase)


@pytest.mark.spec("SEC-170")
def test_sec_170_a_set_shows_no_secret_and_is_not_serialized(first: KeySet) -> None:
    second = rotate(first, generate_ed25519(), now_s=NOW_S)
    for key_set in (first, second):
        for key in key_set.current:
            secret = "".join(key.pem.decode().splitlines()[1:-1])
            for shown in (repr(key_set), str(key_set), repr(key), repr(published(key_set, now_s=NOW_S))):
                assert not any(secret[start : start + 12] in shown for start in range(0, len(secret), 12))
        for copier in (pickle.dumps, copy.deepcopy):
            with pytest.raises(LocalProtocolError):
                copier(key_set)
