"""Backends: a store, a queue and SQL in one place, and `connect`, which makes one from an address."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Literal, NoReturn

from ..errors import ConfigurationError
from ..ports import Backend, Clock, Opened, Statement
from . import within as transactions
from .databases import BlockingRunner, SqliteFile, SqliteMemory, SqliteSql, ThreadRunner
from .queues.memory import MemoryQueue
from .queues.memory import MemoryState as QueueState
from .queues.sqlite import SqliteQueue
from .stores.memory import MemoryState as StoreState
from .stores.memory import MemoryStore
from .stores.sqlite import SqliteStore

ENTRY_POINT_GROUP = "fedtext.backends"


class MemoryBackend:
    """Everything in this process's memory; both colours, and every opening, share it."""

    def __init__(self) -> None:
        self._store = StoreState()
        self._queue = QueueState()
        self._database = SqliteMemory()

    @property
    def url(self) -> str:
        """The address: "memory://"."""
        return "memory://"

    def blocking(self, clock: Clock) -> Opened:
        """Give the colour whose coroutines never suspend."""
        return Opened(
            store=MemoryStore(clock, self._store),
            queue=MemoryQueue(clock, self._queue),
            sql=SqliteSql(BlockingRunner(self._database)),
        )

    def asynchronous(self, clock: Clock) -> Opened:
        """Give the same as `blocking`: nothing here is slow enough to suspend for."""
        return self.blocking(clock)

    def execute_within(self, within: object, statements: Sequence[Statement]) -> None:
        """Refuse: memory takes no part in a database transaction.

        Raises:
            ConfigurationError: Always.
        """
        _refuse_within(within, statements)

    async def execute_within_async(self, within: object, statements: Sequence[Statement]) -> None:
        """Refuse: memory takes no part in a database transaction.

        Raises:
            ConfigurationError: Always.
        """
        _refuse_within(within, statements)

    def close(self) -> None:
        """Drop the SQL tables; the store and the queue live as long as this object."""
        self._database.close()


def _refuse_within(within: object, statements: Sequence[Statement]) -> NoReturn:
    raise ConfigurationError(
        "the memory backend shares no transaction with the application: use sqlite:/// with the application's file",
        within=type(within),
        statements=len(statements),
    )


class SqliteBackend:
    """One SQLite file, shared by any number of threads and processes of one machine.

    Args:
        path: The database file, also the application's own. Its tables are made by the first use, its folder is not.
        durability: What acknowledged work survives: "process" any end of the process, "power" also a power cut.

    Raises:
        ConfigurationError: Not the path of a file.
    """

    def __init__(self, path: str | Path, *, durability: Literal["process", "power"] = "process") -> None:
        given = str(path)
        if given in ("", ":memory:") or given.startswith("file:"):
            raise ConfigurationError("SQLite needs the path of a file; for memory use memory://", path=given)
        if durability not in ("process", "power"):
            raise ConfigurationError("durability is 'process' or 'power'", durability=durability)
        self._path = str(Path(given).absolute())  # the working directory may change later
        self._file = SqliteFile(self._path, synchronous="FULL" if durability == "power" else "NORMAL")

    @property
    def path(self) -> str:
        """The absolute path of the database file."""
        return self._path

    @property
    def url(self) -> str:
        """The address: "sqlite:///" and the absolute path."""
        return f"sqlite:///{self._path}"

    def blocking(self, clock: Clock) -> Opened:
        """Give the colour whose coroutines never suspend; may be used from several threads."""
        runner = BlockingRunner(self._file)
        return Opened(store=SqliteStore(runner, clock), queue=SqliteQueue(runner, clock), sql=SqliteSql(runner))

    def asynchronous(self, clock: Clock) -> Opened:
        """Give the colour for an event loop: the same work on threads of its own."""
        runner = ThreadRunner(self._file)
        return Opened(store=SqliteStore(runner, clock), queue=SqliteQueue(runner, clock), sql=SqliteSql(runner))

    def execute_within(self, within: object, statements: Sequence[Statement]) -> None:
        """Run statements through the application's own open transaction.

        Raises:
            ConfigurationError: The connection is not one to this backend's database, or of an unknown kind.
            QueueError: The database refused.
        """
        transactions.execute(within, statements, path=self._path)

    async def execute_within_async(self, within: object, statements: Sequence[Statement]) -> None:
        """Run statements through an open transaction that is awaited.

        Raises:
            ConfigurationError: The connection is not one to this backend's database, or of an unknown kind.
            QueueError: The database refused.
        """
        await transactions.execute_async(within, statements, path=self._path)

    def close(self) -> None:
        """Close what was opened by this process; the next use opens anew."""
        self._file.close()


def connect(url: str) -> Backend:
    """Make a backend from its address; nothing is opened yet.

    Args:
        url: "memory://", "sqlite:///relative.sqlite3", "sqlite:////absolute/path", or the name (or a URL whose
            scheme is the name) of an entry point in the group "fedtext.backends", such as "django". An entry
            point is a callable that takes the address and gives a `Backend`.

    Raises:
        ConfigurationError: The address is not understood, or what serves it is not installed.
    """
    scheme, separator, rest = url.partition("://")
    if scheme == "memory":
        if rest:
            raise ConfigurationError("the memory backend takes no path: memory://", url=url)
        return MemoryBackend()
    if scheme == "sqlite" and separator:
        if not rest.startswith("/") or "?" in rest:
            raise ConfigurationError("write sqlite:///relative.sqlite3 or sqlite:////absolute/path", url=url)
        return SqliteBackend(rest[1:])
    return _entry_point(scheme)(url)


def _entry_point(name: str) -> Callable[[str], Backend]:
    found = entry_points(group=ENTRY_POINT_GROUP)
    for point in found:
        if point.name == name:
            try:
                factory: Callable[[str], Backend] = point.load()
            except ImportError as error:
                install = f"pip install 'fedtext[{name}]'"
                raise ConfigurationError("this backend's package is not installed", name=name, try_=install) from error
            return factory
    known = sorted({"memory", "sqlite", *(point.name for point in found)})
    raise ConfigurationError("there is no such backend", name=name, known=", ".join(known))
