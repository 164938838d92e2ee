"""Backends: a store, a queue and SQL in one place, and `connect`, which makes one from an address."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

from ..errors import ConfigurationError, QueueError
from ..ports import Backend, Clock, Opened, Rows, Statement
from . import within as transactions
from .databases import BlockingRunner, SqliteFile, SqliteMemory, SqliteSql, ThreadRunner
from .queues.memory import MemoryQueue
from .queues.memory import MemoryState as QueueState
from .queues.sqlite import SqliteQueue
from .stores.memory import MemoryState as StoreState
from .stores.memory import MemoryStore
from .stores.sqlite import SqliteStore
from .threads import Carrier, InPlace, Threads

if TYPE_CHECKING:  # psycopg and redis come with extras
    from .listening import Listener
    from .postgres import PostgresServer
    from .stores.redis import RedisServer

ENTRY_POINT_GROUP = "fedtext.backends"
THREADS_MAX = 8
"""Calls to a server that one process has under way on an event loop; each is on a thread and a connection."""


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

    def execute_within(self, within: object, statements: Sequence[Statement]) -> list[Rows]:
        """Refuse: memory takes no part in a database transaction.

        Raises:
            ConfigurationError: Always.
        """
        _refuse_within(within, statements)

    async def execute_within_async(self, within: object, statements: Sequence[Statement]) -> list[Rows]:
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

    def execute_within(self, within: object, statements: Sequence[Statement]) -> list[Rows]:
        """Run statements through the application's own open transaction.

        Raises:
            ConfigurationError: The connection is not one to this backend's database, or of an unknown kind.
            QueueError: The database refused.
        """
        return transactions.execute(within, statements, home=transactions.SqliteHome(self._path))

    async def execute_within_async(self, within: object, statements: Sequence[Statement]) -> list[Rows]:
        """Run statements through an open transaction that is awaited.

        Raises:
            ConfigurationError: The connection is not one to this backend's database, or of an unknown kind.
            QueueError: The database refused.
        """
        return await transactions.execute_async(within, statements, home=transactions.SqliteHome(self._path))

    def close(self) -> None:
        """Close what was opened by this process; the next use opens anew."""
        self._file.close()


class PostgresBackend:
    """One database of a PostgreSQL server, shared by any number of processes and machines.

    Its tables are made by the first use, in the first schema of the search path.

    Args:
        address: "postgresql://user:password@host/database", or what else libpq takes ("host=… dbname=…").

    Raises:
        ConfigurationError: Not such an address, or psycopg is not installed.
    """

    def __init__(self, address: str) -> None:
        self._server, self._listener = _postgres(address)
        self._threads = Threads("fedtext-postgres", THREADS_MAX)

    @property
    def url(self) -> str:
        """The address, without a password."""
        return self._server.url

    def blocking(self, clock: Clock) -> Opened:
        """Give the colour whose coroutines never suspend; may be used from several threads."""
        return self._open(InPlace(), clock)

    def asynchronous(self, clock: Clock) -> Opened:
        """Give the colour for an event loop: the same work on threads of its own."""
        return self._open(self._threads, clock)

    def execute_within(self, within: object, statements: Sequence[Statement]) -> list[Rows]:
        """Run statements through the application's own open transaction.

        Raises:
            ConfigurationError: The connection is not one to this backend's database, or of an unknown kind.
            QueueError: The database refused.
        """
        return transactions.execute(within, statements, home=self._home())

    async def execute_within_async(self, within: object, statements: Sequence[Statement]) -> list[Rows]:
        """Run statements through an open transaction that is awaited.

        Raises:
            ConfigurationError: The connection is not one to this backend's database, or of an unknown kind.
            QueueError: The database refused.
        """
        home = await self._threads.run(self._home)
        return await transactions.execute_async(within, statements, home=home)

    def close(self) -> None:
        """Close what was opened by this process; the next use opens anew."""
        self._listener.close()
        self._threads.close()
        self._server.close()

    def _open(self, carrier: Carrier, clock: Clock) -> Opened:
        from .postgres import PostgresRunner, PostgresSql
        from .queues.postgres import PostgresQueue
        from .stores.postgres import PostgresStore

        runner = PostgresRunner(self._server, carrier)
        queue = PostgresQueue(runner, clock, self._listener)
        return Opened(store=PostgresStore(runner, clock), queue=queue, sql=PostgresSql(runner))

    def _home(self) -> transactions.PostgresHome:
        return transactions.PostgresHome(self._server.identity(QueueError), self.url)


class RedisBackend:
    """A store in Redis, beside a queue and SQL in a database.

    Args:
        address: "redis://user:password@host:6379/0", or rediss:// for TLS; "?prefix=name" where it is shared.
        queue: The backend that has the queue and the SQL.

    Raises:
        ConfigurationError: Not such an address, or redis is not installed.
    """

    def __init__(self, address: str, queue: SqliteBackend | PostgresBackend) -> None:
        self._server = _redis(address)
        self._queue = queue
        self._threads = Threads("fedtext-redis", THREADS_MAX)

    @property
    def url(self) -> str:
        """The address of the store, without a password."""
        return self._server.url

    def blocking(self, clock: Clock) -> Opened:
        """Give the colour whose coroutines never suspend; may be used from several threads."""
        return self._open(InPlace(), clock, self._queue.blocking(clock))

    def asynchronous(self, clock: Clock) -> Opened:
        """Give the colour for an event loop: the same work on threads of its own."""
        return self._open(self._threads, clock, self._queue.asynchronous(clock))

    def execute_within(self, within: object, statements: Sequence[Statement]) -> list[Rows]:
        """Run statements through the application's own open transaction, in the queue's database.

        Raises:
            ConfigurationError: The connection is not one to the queue's database, or of an unknown kind.
            QueueError: The database refused.
        """
        return self._queue.execute_within(within, statements)

    async def execute_within_async(self, within: object, statements: Sequence[Statement]) -> list[Rows]:
        """Run statements through an open transaction that is awaited, in the queue's database.

        Raises:
            ConfigurationError: The connection is not one to the queue's database, or of an unknown kind.
            QueueError: The database refused.
        """
        return await self._queue.execute_within_async(within, statements)

    def close(self) -> None:
        """Close what was opened by this process; the next use opens anew."""
        self._threads.close()
        self._server.close()
        self._queue.close()

    def _open(self, carrier: Carrier, clock: Clock, beside: Opened) -> Opened:
        from .stores.redis import RedisStore

        return Opened(store=RedisStore(self._server, carrier, clock), queue=beside.queue, sql=beside.sql)


def _postgres(address: str) -> tuple[PostgresServer, Listener]:
    try:
        from .listening import Listener
        from .postgres import PostgresServer
    except ImportError as error:
        raise _not_installed("PostgreSQL", "postgres") from error
    server = PostgresServer(address)
    return server, Listener(server.open)


def _redis(address: str) -> RedisServer:
    try:
        from .stores.redis import RedisServer
    except ImportError as error:
        raise _not_installed("Redis", "redis") from error
    return RedisServer(address)


def _not_installed(what: str, extra: str) -> ConfigurationError:
    install = f"pip install 'fedtext[{extra}]'"
    return ConfigurationError(f"what speaks to {what} is not installed: {install}", try_=install)


def connect(url: str, *, queue: str | None = None) -> Backend:
    """Make a backend from its address; nothing is opened yet.

    Args:
        url: "memory://", "sqlite:///relative.sqlite3", "sqlite:////absolute/path", "postgresql://user@host/database",
            "redis://host" (the store alone), or the name (or a URL whose scheme is the name) of an entry point in the
            group "fedtext.backends", such as "django". An entry point is a callable that takes the address and gives
            a `Backend`.
        queue: With "redis://" only: the address of the database that has the queue, sqlite:/// or postgresql://.

    Raises:
        ConfigurationError: The address is not understood, or what serves it is not installed.
    """
    scheme, separator, rest = url.partition("://")
    if scheme in ("redis", "rediss") and separator:
        return RedisBackend(url, _database(queue))
    if queue is not None:
        raise ConfigurationError("only redis:// takes `queue`: any other address has a queue of its own", scheme=scheme)
    if scheme == "memory":
        if rest:
            raise ConfigurationError("the memory backend takes no path: memory://", url=url)
        return MemoryBackend()
    if scheme == "sqlite" and separator:
        return _sqlite(url, rest)
    if scheme in ("postgresql", "postgres") and separator:
        return PostgresBackend(url)
    return _entry_point(scheme)(url)


def _database(url: str | None) -> SqliteBackend | PostgresBackend:
    scheme, _, rest = (url or "").partition("://")
    if url is not None and scheme == "sqlite":
        return _sqlite(url, rest)
    if url is not None and scheme in ("postgresql", "postgres"):
        return PostgresBackend(url)
    raise ConfigurationError(
        "Redis keeps the store; the queue needs a database that survives:"
        " connect('redis://…', queue='postgresql://…'), or queue='sqlite:///…' on one machine",
        queue="none" if url is None else scheme,
    )


def _sqlite(url: str, rest: str) -> SqliteBackend:
    if not rest.startswith("/") or "?" in rest:
        raise ConfigurationError("write sqlite:///relative.sqlite3 or sqlite:////absolute/path", url=url)
    return SqliteBackend(rest[1:])


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
    known = sorted({"memory", "sqlite", "postgresql", "redis", *(point.name for point in found)})
    raise ConfigurationError("there is no such backend", name=name, known=", ".join(known))
