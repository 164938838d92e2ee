"""Who a server of the demo is: told by one process, read by the other."""

from __future__ import annotations

import json
from typing import Any

import attrs

from ...errors import ConfigurationError

VARIABLE = "FEDTEXT_DEMO"


@attrs.frozen(kw_only=True)
class Settings:
    """Who a server is.

    Args:
        name: Its actor, as in the handle.
        display: The actor's name.
        about: What the actor says of itself.
        origin: "http://localhost:PORT".
        database: Path of its SQLite file.
        ports: Ports of both servers and one for guests: the only addresses on this machine that may be reached.
        token: Who brings it may give commands and read.
        accept: "auto" or "manual": how follows are answered.
        tied: Whether to end when standard input ends: with the process that started it.
    """

    name: str
    display: str
    about: str
    origin: str
    database: str
    ports: tuple[int, ...]
    token: str
    accept: str = "auto"
    tied: bool = False

    def dump(self) -> str:
        """Give the text for the environment."""
        return json.dumps(attrs.asdict(self))

    @classmethod
    def load(cls, text: str | None) -> Settings:
        """Read what `dump` gave.

        Raises:
            ConfigurationError: It is none.
        """
        try:
            read: dict[str, Any] = json.loads(text or "")
            read["ports"] = tuple(read["ports"])
            return cls(**read)
        except (ValueError, TypeError, KeyError) as error:
            raise ConfigurationError("this server is started by `fedtext demo`", variable=VARIABLE) from error
