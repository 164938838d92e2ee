"""Back a federation's backend up, and restore it so that nobody's followers are removed for it.

A restored store knows less than other servers do: follows that came since the copy was made are missing. So a restore
marks the store before anything of it can be served: followers are not synchronized until
`SynchronizationPolicy.pause_s` is over or somebody resumes it (SEC-141).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import attrs

from ..adapters import copies
from ..adapters.backends import SqliteBackend
from ..errors import ConfigurationError
from ..federation import synchronization
from ..federation.synchronization import PauseReason
from ..ports import PortSet, Sql
from .served import Served

Show = Callable[[int, int], None]


@attrs.frozen(kw_only=True)
class Copied:
    """What a copy holds.

    Args:
        form: "sqlite" or "jsonl".
        size_bytes: Of the file.
        rows: JSON Lines: of each table.
    """

    form: str
    size_bytes: int
    rows: dict[str, int]


async def back_up(federation: Served, path: Path, *, force: bool, show: Show) -> Copied:
    """Copy the backend into a file, while it is used.

    Args:
        federation: Whose backend.
        path: Of the file: JSON Lines where it ends with ".jsonl", else what suits the database.
        force: Replace a file of that name.
        show: Is told how far it has come.

    Raises:
        ConfigurationError: The file is there already, or cannot be made; the backend cannot be copied.
        StoreError: The database refused.
    """
    if not force:
        copies.require_absent(path)
    ports = federation.ports.asynchronous()
    sql = _sql(ports)
    file = await _sqlite_file(sql)
    form = "jsonl" if path.suffix == ".jsonl" or file is None else "sqlite"
    rows: dict[str, int] = {}
    with copies.appearing(path) as part:
        if file is not None and form == "sqlite":
            await asyncio.to_thread(copies.copy_sqlite, file, part, show)
        else:
            with part.open("wb") as out:
                rows = await copies.write_lines(sql, out, now_s=ports.clock.now_s(), show=show)
                out.flush()
                os.fsync(out.fileno())
    return Copied(form=form, size_bytes=copies.size_bytes(path), rows=rows)


async def restore(federation: Served, path: Path, *, force: bool, show: Show) -> Copied:
    """Fill the backend from a copy, and pause the synchronization of followers.

    Args:
        federation: Whose backend; its servers and workers do not run.
        path: Of the copy.
        force: Replace what is there.
        show: Is told how far it has come.

    Raises:
        ConfigurationError: The backend is not empty, or the copy is of a later version or another kind.
        StoreError: The copy is damaged, or the database refused.
    """
    ports = federation.ports.asynchronous()
    sql = _sql(ports)
    if copies.is_sqlite(path):
        file = await _sqlite_file(sql)
        if file is None:
            raise ConfigurationError("a SQLite file fills no other database: back up into a .jsonl file", file=path)
        await _restore_sqlite(federation, ports, path, file, force=force, show=show)
        return Copied(form="sqlite", size_bytes=copies.size_bytes(path), rows={})
    counts = copies.check_lines(path)
    _require_empty(await copies.has_rows(sql), force=force)
    if force:
        await copies.clear(sql)
    await synchronization.pause(federation.engine, ports, PauseReason.RESTORED)
    await copies.read_lines(sql, path, total=sum(counts.values()), show=show)
    return Copied(form="jsonl", size_bytes=copies.size_bytes(path), rows=counts)


async def _restore_sqlite(
    federation: Served, ports: PortSet, path: Path, file: Path, *, force: bool, show: Show
) -> None:
    """Make a copy of the copy, mark it, and only then put it in the place of the database, in one transaction."""
    copies.require_whole(path)
    _require_empty(copies.filled_tables(file), force=force)
    with copies.passing(file) as part:
        await asyncio.to_thread(copies.copy_sqlite, path, part, lambda _done, _total: None, is_still=True)
        backend = SqliteBackend(part)
        try:
            store = backend.asynchronous(ports.clock).store
            await synchronization.pause(federation.engine, attrs.evolve(ports, store=store), PauseReason.RESTORED)
        finally:
            backend.close()
        await asyncio.to_thread(copies.copy_sqlite, part, file, show)


def _sql(ports: PortSet) -> Sql:
    """Give the SQL that store and queue are in.

    Raises:
        ConfigurationError: They are in none, or in different places.
    """
    hint = "its engine has copies of its own" if ports.queue.dialect else "memory keeps nothing"
    if ports.sql is None or ports.queue.dialect != ports.sql.dialect:
        raise ConfigurationError(f"this backend cannot be copied: {hint}")
    try:
        ports.store.statements("", b"")
    except ConfigurationError as error:
        raise ConfigurationError("this store cannot be copied: its engine has copies of its own") from error
    return ports.sql


async def _sqlite_file(sql: Sql) -> Path | None:
    if sql.dialect != "sqlite":
        return None
    found = await sql.execute("SELECT file FROM pragma_database_list WHERE name = 'main'")
    return Path(str(found[0][0]))


def _require_empty(tables: list[str], *, force: bool) -> None:
    if tables and not force:
        raise ConfigurationError(
            "the backend is not empty: --force replaces all that is in it", tables=", ".join(tables)
        )
