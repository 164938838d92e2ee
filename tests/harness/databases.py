"""The databases of a run, and how each is disturbed: the disk of SQLite fills up, PostgreSQL is restarted at once."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Protocol

DISK_BYTES = 64 * 1024 * 1024
DISTURBED_S = 0.7


class Database(Protocol):
    """One database server, or file."""

    name: str
    url: str

    def start(self) -> None:
        """Make it."""
        ...

    def disturb(self, chance: random.Random) -> str:
        """Make it fail for a moment and mend it; gives the name of what was done, "" for nothing."""
        ...

    def stop(self) -> None:
        """Take it away."""
        ...


class SqliteDatabase:
    """A file on a small disk of its own, where this process may mount one; else on the disk of the folder."""

    name = "SQLite"

    def __init__(self, folder: Path) -> None:
        self._disk = folder / "disk"
        self.url = f"sqlite:///{self._disk}/home.sqlite3"
        self._mounted = False

    @property
    def path(self) -> str:
        """The file."""
        return self.url.removeprefix("sqlite:///")

    def start(self) -> None:
        """Make the disk."""
        self._disk.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", str(self._disk)]
        if shutil.which("mount") and os.geteuid() == 0:
            self._mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0

    def disturb(self, chance: random.Random) -> str:
        """Fill the disk for a moment."""
        if not self._mounted:
            return ""
        ballast = self._disk / "ballast"
        try:
            with ballast.open("wb", buffering=0) as file:
                try:
                    for size in (1024 * 1024, 4096, 1):
                        self._fill(file.fileno(), size)
                finally:
                    time.sleep(DISTURBED_S * (0.5 + chance.random()))
        finally:
            ballast.unlink()
        return "disk full"

    def _fill(self, file: int, size: int) -> None:
        try:
            while os.write(file, bytes(size)):
                pass
        except OSError:
            return

    def stop(self) -> None:
        """Take the disk away."""
        if self._mounted:
            subprocess.run(["umount", str(self._disk)], check=False)


class PostgresDatabase:
    """A cluster of its own on loopback, made from the programs of the system's packages."""

    name = "PostgreSQL"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.url = f"postgresql://postgres@127.0.0.1:{self._port}/postgres"

    @staticmethod
    def programs() -> Path | None:
        """Give the folder of initdb and pg_ctl of the newest version; None where there is none."""
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: float(path.parts[-3]))
        if found:
            return found[-1].parent
        on_path = shutil.which("pg_ctl")
        return None if on_path is None else Path(on_path).parent

    def start(self) -> None:
        """Make the cluster and start it."""
        data = self._folder / "cluster"
        data.mkdir()
        if os.geteuid() == 0:
            shutil.chown(data, "postgres", "postgres")
            self._folder.chmod(0o755)
        self._run("initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale=C")
        settings = (
            f"port = {self._port}",
            "listen_addresses = '127.0.0.1'",
            "unix_socket_directories = ''",
            "fsync = off",  # a restart of the server loses nothing by it, and the power stays on
            "max_connections = 200",
            "shared_buffers = 32MB",
        )
        with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("\n".join(settings) + "\n")
        self._control("start")

    def disturb(self, chance: random.Random) -> str:
        """Restart it without a goodbye, or cut all its connections."""
        if chance.random() < 0.5:
            self._control("restart", "-m", "immediate")
            return "server restarted"
        import psycopg

        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
        return "connections cut"

    def stop(self) -> None:
        """Stop it."""
        self._control("stop", "-m", "immediate")

    def _control(self, *arguments: str) -> None:
        data = self._folder / "cluster"
        self._run("pg_ctl", "-D", str(data), "-l", str(data / "log"), "-w", "-t", "60", *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        programs = self.programs()
        assert programs is not None, "PostgreSQL is not installed"
        command = [str(programs / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, check=True)
