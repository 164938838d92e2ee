"""`connect("django")`: the database of Django's settings, and its models.

Invariants: the file is the one that Django's alias has at the moment of use (a test runner may swap it); inside of
`transaction.atomic()` tasks go through Django's own connection without being told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.models import Model

from ...errors import ConfigurationError
from ...ports import Clock, Opened, Statement
from ...runtime import SqliteBackend
from .offload import DjangoOffload

_SQLITE = "django.db.backends.sqlite3"


class DjangoBackend:
    """Storage in one of Django's databases, as a file that is opened by connections of our own beside Django's.

    Args:
        alias: Which of `settings.DATABASES`.
    """

    def __init__(self, alias: str = DEFAULT_DB_ALIAS) -> None:
        self._alias = alias
        self._opened: dict[str, SqliteBackend] = {}
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
        return self._file().blocking(clock)

    def asynchronous(self, clock: Clock) -> Opened:
        """Give the colour for an event loop."""
        return self._file().asynchronous(clock)

    def execute_within(self, within: object, statements: Sequence[Statement]) -> None:
        """Run statements through an open transaction, usually Django's own.

        Raises:
            ConfigurationError: Not a connection to this database.
            QueueError: The database refused.
        """
        self._file().execute_within(within, statements)
        if self.after_commit is not None:
            transaction.on_commit(self.after_commit, using=self._alias)

    async def execute_within_async(self, within: object, statements: Sequence[Statement]) -> None:
        """Run statements through a transaction that is awaited.

        Raises:
            ConfigurationError: Not a connection to this database.
            QueueError: The database refused.
        """
        await self._file().execute_within_async(within, statements)

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

    def _file(self) -> SqliteBackend:
        settings = _settings(self._alias)
        name = str(settings.get("NAME") or "")
        if settings.get("ENGINE") != _SQLITE or not name or name == ":memory:" or name.startswith("file:"):
            raise ConfigurationError(
                "this needs an SQLite file in DATABASES; for tests name one: TEST = {'NAME': 'test.sqlite3'}",
                alias=self._alias,
                engine=str(settings.get("ENGINE")),
                name=name,
            )
        if name not in self._opened:
            self._opened[name] = SqliteBackend(name)
        return self._opened[name]


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
