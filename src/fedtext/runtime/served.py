"""What doors, worker and checks know of a federation."""

from __future__ import annotations

from typing import Literal, Protocol

from ..config import Config
from ..federation.engine import Engine
from .portrecord import Ports

WorkerMode = Literal["auto", "off"]


class Served(Protocol):
    """A federation, as those see it that serve it."""

    config: Config
    engine: Engine
    ports: Ports
    worker_mode: WorkerMode
