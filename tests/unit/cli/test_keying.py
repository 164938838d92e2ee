"""`fedtext keys`: a private key goes where it was told to go and nowhere else; every form is of the same key."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from fedtext.cli import main
from fedtext.keys import (
    PrivateKey,
    PublicKey,
    build_did_key,
    build_jwk,
    build_multikey,
    generate_ed25519,
    generate_ml_dsa,
    generate_rsa,
    load_private_pem,
    load_public_pem,
    parse_did_key,
    parse_jwk,
    parse_multikey,
)

Run = Callable[..., subprocess.CompletedProcess[str]]
Keys = Callable[..., tuple[int, str, str]]

PRIVATE: dict[str, PrivateKey] = {"RSA": generate_rsa(), "Ed25519": generate_ed25519(), "ML-DSA-44": generate_ml_dsa()}
PUBLIC: dict[str, PublicKey] = {name: key.public for name, key in PRIVATE.items()} | {
    "P-256": PublicKey.of(ec.generate_private_key(ec.SECP256R1()).public_key())
}
BITS = {"RSA": 2_048, "Ed25519": 256, "P-256": 256, "ML-DSA-44": 10_496}
# The Multikey of an Ed25519 private key: RFC 8032 section 7.1, test 1.
SECRET_MULTIKEY = "z3u2en7t5LR2WtQH5PfFqMqwVHgeXouLzo6haApm8XHqvjxq"


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Keys:
    """Run `fedtext keys` in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> tuple[int, str, str]:
        code = main(["keys", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return command


# ---- new -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "name"), [("rsa", "RSA"), ("ed25519", "Ed25519"), ("mldsa44", "ML-DSA-44")])
def test_a_new_key_is_in_a_file_that_its_owner_alone_can_read(keys: Keys, kind: str, name: str) -> None:
    old = os.umask(0)
    try:
        code, out, err = keys("new", "--kind", kind, "--out", "key.pem", "--json")
    finally:
        os.umask(old)
    record = json.loads(out)
    private = load_private_pem(Path("key.pem").read_bytes())
    assert (code, err) == (0, "")
    assert (record["kind"], record["bits"], record["file"], record["encrypted"]) == (name, BITS[name], "key.pem", False)
    assert load_public_pem(record["pem"]) == private.public
    assert "PRIVATE" not in out
    if os.name == "posix":
        assert stat.S_IMODE(Path("key.pem").stat().st_mode) == 0o600


def test_no_key_is_overwritten(keys: Keys) -> None:
    Path("key.pem").write_text("mine")
    code, out, err = keys("new", "--kind", "ed25519", "--out", "key.pem")
    assert (code, out) == (1, "")
    assert "there already" in err
    assert Path("key.pem").read_text() == "mine"
    assert keys("new", "--kind", "ed25519", "--out", "no/such/folder.pem")[0] == 1


def test_standard_output_on_request(keys: Keys) -> None:
    code, out, _ = keys("new", "--kind", "ed25519", "--out", "-")
    assert code == 0
    assert load_private_pem(out).algorithm.name == "ED25519"
    record = json.loads(keys("new", "--kind", "ed25519", "--out", "-", "--json")[1])
    assert load_private_pem(record["private_pem"]).public.pem == record["pem"]


def test_a_passphrase_encrypts_the_file(keys: Keys) -> None:
    Path("phrase").write_text("correct horse\n")
    code, out, err = keys("new", "--kind", "ed25519", "--out", "key.pem", "--passphrase-file", "phrase")
    written = Path("key.pem").read_text()
    assert code == 0
    assert written.startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert "horse" not in out + err + written
    assert load_private_pem(written, b"correct horse").public.fingerprint in out
    assert keys("show", "key.pem", "--passphrase-file", "phrase")[0] == 0
    assert keys("show", "key.pem")[0] == 1


def test_an_empty_passphrase_makes_no_key(keys: Keys) -> None:
    Path("phrase").write_text("\n")
    assert keys("new", "--kind", "ed25519", "--out", "key.pem", "--passphrase-file", "phrase")[0] == 1
    assert not Path("key.pem").exists()


@pytest.mark.parametrize("arguments", [["new"], ["new", "--kind", "p256", "--out", "k"], [], ["show"], ["other"]])
def test_a_wrong_command_line(keys: Keys, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        keys(*arguments)
    assert ended.value.code == 2


# ---- show ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["PEM", "file", "private file", "multibase", "did:key", "JWK file", "JWK"])
@pytest.mark.parametrize("name", list(PUBLIC))
def test_whatever_form_is_given_all_are_shown(keys: Keys, name: str, form: str) -> None:
    public = PUBLIC[name]
    if (form, name) in (("did:key", "ML-DSA-44"), ("private file", "P-256")):
        pytest.skip("there is none")
    given = {
        "PEM": lambda: public.pem,
        "file": lambda: public.pem,
        "private file": lambda: PRIVATE[name].pem(),
        "multibase": lambda: build_multikey(public),
        "did:key": lambda: build_did_key(public),
        "JWK file": lambda: json.dumps(build_jwk(public)),
        "JWK": lambda: json.dumps(build_jwk(public)),
    }[form]()
    if form.endswith("file"):
        Path("z6Mkfile").write_text(given)
        given = "z6Mkfile"
    code, out, err = keys("show", given, "--json")
    record = json.loads(out)
    assert (code, err) == (0, "")
    assert (record["kind"], record["bits"], record["fingerprint"]) == (name, BITS[name], public.fingerprint)
    assert load_public_pem(record["pem"]) == parse_multikey(record["multibase"]) == parse_jwk(record["jwk"]) == public
    assert record["did_key"] is None if name == "ML-DSA-44" else parse_did_key(record["did_key"]) == public


@pytest.mark.spec("SEC-170")
@pytest.mark.parametrize("name", list(PRIVATE))
@pytest.mark.parametrize("option", [[], ["--json"]])
def test_sec_170_no_private_half_is_shown(keys: Keys, name: str, option: list[str]) -> None:
    pem = PRIVATE[name].pem()
    Path("key.pem").write_text(pem)
    _, out, err = keys("show", "key.pem", *option)
    assert PUBLIC[name].fingerprint in out
    assert "PRIVATE" not in out + err
    # What PKCS#8 begins with, the numbers of the public half among it, is not secret; what it ends with is.
    assert not any(line in out + err for line in pem.splitlines()[-3:-1])


@pytest.mark.spec("SEC-170")
def test_sec_170_nor_that_of_a_secret_multikey(keys: Keys) -> None:
    Path("key.txt").write_text(SECRET_MULTIKEY)
    code, out, err = keys("show", "key.txt")
    assert (code, err) == (0, "")
    assert "Ed25519, 256 bits" in out
    assert SECRET_MULTIKEY not in out


def test_the_keys_of_an_actor_are_shown_with_their_names(keys: Keys) -> None:
    owner = "https://a.example/users/1"
    listed = [
        {"id": f"{owner}#{n}", "controller": owner, "publicKeyMultibase": build_multikey(PUBLIC[n])} for n in PUBLIC
    ]
    Path("actor.json").write_text(json.dumps({"id": owner, "assertionMethod": listed}))
    records: list[Any] = [json.loads(line) for line in keys("show", "actor.json", "--json")[1].splitlines()]
    assert [(one["id"], one["owner"], one["kind"]) for one in records] == [(f"{owner}#{n}", owner, n) for n in PUBLIC]
    shown = keys("show", "actor.json")[1]
    assert shown.count("BEGIN PUBLIC KEY") == len(PUBLIC)
    assert f"{owner}#P-256" in shown


@pytest.mark.parametrize("given", ["no-such-file", "z6Mk", "did:key:zzz", "-----BEGIN PUBLIC KEY----- x", "\x00", "{}"])
def test_what_is_no_key(keys: Keys, given: str) -> None:
    code, out, err = keys("show", given)
    assert (code, out) == (1, "")
    assert err.startswith("fedtext: ")
    assert json.loads(keys("show", given, "--json")[1])["error"]


# ---- rotate ----------------------------------------------------------------------------------------------------------

MAKE = """
import asyncio
from app import fed, social

async def make():
    await social.create_actor("alice", pk="7")
    await fed.ports.close()

asyncio.run(make())
"""


def made(folder: Path) -> None:
    done = subprocess.run([sys.executable, "-c", MAKE], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_actor_signs_with_a_new_key_and_a_row_waits_to_tell_its_followers(folder: Path, run: Run) -> None:
    made(folder)
    first = run("keys", "rotate", "app:fed", "7", "--json")
    assert first.returncode == 0, first.stderr
    record = json.loads(first.stdout)
    actor_id = record["key_id"].partition("#")[0]
    assert record == {"key_id": f"{actor_id}#main-key-2", "kind": "RSA", "overlap_s": 604_800}
    second = run("keys", "rotate", "app:social", actor_id, "--kind", "ed25519", "--overlap", "0")
    assert second.returncode == 0, second.stderr
    assert f"{actor_id}#ed25519-key-2" in second.stdout
    assert "counts no more" in second.stdout
    worked = run("worker", "app:fed", "--once", "--json")
    assert json.loads(worked.stdout.splitlines()[-1]) == {"event": "ended", "waiting": 0, "leased": 0, "buried": 0}


def test_the_key_of_the_server_itself(folder: Path, run: Run) -> None:
    done = run("keys", "rotate", "app:fed", "--instance")
    assert done.returncode == 0, done.stderr
    assert "#main-key-2" in done.stdout
    assert "followers" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["app:fed"], 2, "name one actor"),
        (["app:fed", "7", "--instance"], 2, "name one actor"),
        (["app:fed", "7", "--overlap", "soon"], 2, "duration"),
        (["app:fed", "nobody"], 1, "no such actor"),
        (["app:number", "7"], 1, "no Federation"),
    ],
)
def test_what_cannot_be_rotated(folder: Path, run: Run, arguments: list[str], code: int, said: str) -> None:
    done = run("keys", "rotate", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


@pytest.mark.parametrize("action", ["new", "show", "rotate"])
def test_help_names_the_exit_codes(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["keys", action, "--help"])
    assert ended.value.code == 0
    assert "Exit codes: 0 done; 1 it did not work; 2" in capsys.readouterr().out
