"""In whose name the doctor signs: nobody's, one's own key, an actor for the time being."""

from __future__ import annotations

import argparse
import asyncio
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from fedtext.cli.console import Console
from fedtext.cli.demo.processes import free_ports
from fedtext.cli.doctor.identity import Identity, configure, identified
from fedtext.cli.looking_up import asker
from fedtext.errors import ConfigurationError
from fedtext.fetch import resolve
from fedtext.keys import VerificationKey, generate_rsa

T = TypeVar("T")
KEY_ID = "https://a.example/users/1#main-key"


def arguments(*given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    configure(parser)
    parser.set_defaults(dev=None)
    return parser.parse_args(given)


def known(*given: str, look: Callable[[Identity], Any]) -> Any:
    async def run() -> Any:
        async with identified(arguments(*given), Console(out=io.StringIO())) as who:
            found = look(who)
            return await found if asyncio.iscoroutine(found) else found

    return asyncio.run(run())


def test_nobody_in_particular() -> None:
    who = known(look=lambda who: who)
    assert not who.can_be_fetched
    assert who.witness is None
    assert who.actor_id == who.key_id.partition("#")[0]
    assert ".invalid/" in who.key_id


def test_a_key_of_ones_own(tmp_path: Path) -> None:
    private = generate_rsa()
    (tmp_path / "key.pem").write_text(private.pem())
    who = known("--key", str(tmp_path / "key.pem"), "--key-id", KEY_ID, look=lambda who: who)
    assert (who.key_id, who.actor_id, who.can_be_fetched) == (KEY_ID, "https://a.example/users/1", True)
    assert who.private.public == private.public
    assert "PRIVATE" not in repr(who)


def test_an_actor_for_the_time_being_gives_its_key_away() -> None:
    (port,) = free_ports(1)

    async def fetched(who: Identity) -> tuple[Identity, VerificationKey]:
        federation = asker((port,))
        try:
            fetcher = federation.engine.fetcher(federation.ports.asynchronous())
            assert who.witness is not None
            assert not who.witness.was_asked
            found = await resolve(fetcher, who.key_id, fetcher.budget())
            assert who.witness.was_asked
        finally:
            await federation.ports.close()
        return who, found

    where = ("--origin", f"http://localhost:{port}", "--port", str(port))
    who, key = known(*where, look=fetched)
    assert (key.owner, key.public) == (who.actor_id, who.private.public)
    assert who.can_be_fetched
    again = known(*where, look=lambda who: who)
    assert again.key_id != who.key_id  # others keep the key of last time for a while


@pytest.mark.parametrize(
    "given",
    [
        ("--key", "key.pem"),
        ("--key-id", KEY_ID),
        ("--key", "key.pem", "--key-id", KEY_ID, "--origin", "https://a.example"),
        ("--key", "no-such-file.pem", "--key-id", KEY_ID),
        ("--origin", "https://a.example", "--tunnel", "x"),
    ],
)
def test_what_contradicts_itself(given: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError):
        known(*given, look=lambda who: who)
