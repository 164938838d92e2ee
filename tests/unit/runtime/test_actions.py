"""One name, both colours."""

from __future__ import annotations

import asyncio

import pytest

from fedtext.errors import BlockingEdgeError
from fedtext.ports import PortSet
from fedtext.runtime.actions import Action


class Speaker:
    """Stands for a federation: knows ports of both colours."""

    def __init__(self, ports: object) -> None:
        self.ports = ports

    async def _say(self, ports: PortSet, word: str, *, loud: bool = False) -> tuple[object, str]:
        """Say a word."""
        return ports, word.upper() if loud else word

    async def _wait(self, ports: PortSet) -> None:
        await asyncio.sleep(0)

    say = Action(_say)
    wait = Action(_wait)


class TwoColours:
    def blocking(self) -> str:
        return "blocking"

    def asynchronous(self) -> str:
        return "asynchronous"


def test_called_it_runs_on_the_blocking_ports() -> None:
    assert Speaker(TwoColours()).say("hi", loud=True) == ("blocking", "HI")


async def test_awaited_it_runs_on_the_ports_of_the_loop() -> None:
    speaker = Speaker(TwoColours())
    assert await speaker.say.aio("hi") == ("asynchronous", "hi")
    assert speaker.say("hi") == ("blocking", "hi")  # inside of a loop too


def test_it_keeps_its_docstring() -> None:
    assert Speaker.__dict__["say"].__doc__ == "Say a word."
    assert Speaker(TwoColours()).say.__doc__ == "Say a word."


def test_what_suspends_is_named() -> None:
    with pytest.raises(BlockingEdgeError, match=r"_wait \(in async code: await \.aio"):
        Speaker(TwoColours()).wait()
