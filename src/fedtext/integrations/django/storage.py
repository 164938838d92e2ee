"""`connect("django")`: the database of Django's settings, and its models.

Invariants: the database is the one that Django's alias has at the moment of use (a test runner may swap it); inside of
`transaction.atomic()` tasks go through Django's own connection without being told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.models import Model

from ...errors import ConfigurationError
from ...ports import Clock, Opened, Rows, Statement
from ...runtime import PostgresBackend, SqliteBackend
from .offload import DjangoOffload

# keys of Django's settings and of libpq's addresses: what Django gives psycopg beyond these is no address
_ADDRESS = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
_NOT_ADDRESS = {"isolation_level", "server_side_binding", "pool", "assume_role", "prepare_threshold"}


class DjangoBackend:
    """Storage in one of Django's databases, opened by connections of our own beside Django's.

    Args:
        alias: Which of `settings.DATABASES`.
    """

    def __init__(self, alias: str = DEFAULT_DB_ALIAS) -> None:
        self._alias = alias
        self._opened: dict[str, SqliteBackend | PostgresBackend] = {}
        self.offload = DjangoOffload()
        self.after_commit: Callable[[], None] | None = None

    @property
    def url(self) -> str:
        """The address: "django://" and the alias."""
        return f"django://{self._alias}"

    @property
    def default_within(self) -> str | None:
        """The alias, while this thread is inside of a transaction of Django's; else None."""
        return self._alias if connections[self._alias].in_atomic_block else None

    def blocking(self, clock: Clock) -> Opened:
        """Give the colour whose coroutines never suspend."""
        return self._database().blocking(clock)

    def asynchronous(self, clock: Clock) -> Opened:
        """Give the colour for an event loop."""
        return self._database().asynchronous(clock)

    def execute_within(self, within: object, statements: Sequence[Statement]) -> list[Rows]:
        """Run statements through an open transaction, usually Django's own.

        Raises:
            ConfigurationError: Not a connection to this database.
            QueueError: The database refused.
        """
        rows = self._database().execute_within(within, statements)
        if self.after_commit is not None:
            transaction.on_commit(self.after_commit, using=self._alias)
        return rows

    async def execute_within_async(self, within: object, statements: Sequence[Statement]) -> list[Rows]:
        """Run statements through a transaction that is awaited.

        Raises:
            ConfigurationError: Not a connection to this database.
            QueueError: The database refused.
        """
        return await self._database().execute_within_async(within, statements)

    def close(self) -> None:
        """Close what was opened by this process; Django's own connections are not touched."""
        for opened in self._opened.values():
            opened.close()

    def load_source(self, source: type[Any], parameters: Mapping[str, str]) -> object:
        """Find the instance of a model by the parameters of its path; None when there is none.

        Parameters that the fields cannot read name nothing.
        """
        if not issubclass(source, Model):
            raise ConfigurationError("only models are found by themselves: say load=…", given=source.__name__)
        try:
            return source._default_manager.filter(**parameters).first()
        except (ValueError, ValidationError, OverflowError):
            return None

    def _database(self) -> SqliteBackend | PostgresBackend:
        settings = _settings(self._alias)
        vendor = _vendor(self._alias)
        if vendor == "postgresql":
            address = _postgres_address(settings)
        elif vendor == "sqlite" and _is_file(str(settings.get("NAME") or "")):
            address = str(settings["NAME"])
        else:
            raise ConfigurationError(
                "this needs PostgreSQL or an SQLite file in DATABASES; for tests name one:"
                " TEST = {'NAME': 'test.sqlite3'}",
                alias=self._alias,
                engine=str(settings.get("ENGINE")),
                name=str(settings.get("NAME")),
            )
        if address not in self._opened:
            self._opened[address] = PostgresBackend(address) if vendor == "postgresql" else SqliteBackend(address)
        return self._opened[address]


def _vendor(alias: str) -> str:
    try:
        return str(connections[alias].vendor)
    except (ImproperlyConfigured, ImportError):  # its driver is not installed
        return "unknown"


def _is_file(name: str) -> bool:
    return bool(name) and name != ":memory:" and not name.startswith("file:")


def _postgres_address(settings: Mapping[str, Any]) -> str:
    options: Mapping[str, Any] = settings.get("OPTIONS") or {}
    given = {name: value for name, value in options.items() if name not in _NOT_ADDRESS}
    given |= {name: settings[key] for key, name in _ADDRESS.items() if settings.get(key)}
    return " ".join(f"{name}={_quoted(value)}" for name, value in given.items() if isinstance(value, str | int))


def _quoted(value: str | int) -> str:
    """Quote a value of libpq's addresses (PostgreSQL, 34.1.1.1)."""
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"


def _settings(alias: str) -> Mapping[str, Any]:
    try:
        known: Mapping[str, Mapping[str, Any]] = connections.settings
    except ImproperlyConfigured as error:
        raise ConfigurationError("Django has no settings yet: set DJANGO_SETTINGS_MODULE") from error
    if alias not in known:
        raise ConfigurationError("Django's settings have no such database", alias=alias)
    return known[alias]


def backend(url: str) -> DjangoBackend:
    """Make the backend from its address: "django", or "django://alias"; the entry point of `fedtext.backends`."""
    _scheme, _, alias = url.partition("://")
    return DjangoBackend(alias or DEFAULT_DB_ALIAS)
