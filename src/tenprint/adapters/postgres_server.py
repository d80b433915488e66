"""A PostgreSQL server of one's own for a while: made in a temporary folder, reached over a Unix socket, then removed.

For tests and `tenprint bench`, never for a network that is to stay. fsync stays on. The server refuses to run as root,
so that root starts it as the package's own user, or as nobody. The folder is that user's alone; nothing listens on a
network address.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import sql

from tenprint.core.closing import Closing
from tenprint.core.errors import StorageError

BINARIES = "usr/lib/postgresql/*/bin/initdb"
"""Where Debian puts the server's programs, outside the search path."""
USERS = ("postgres", "nobody")
ROLE = "tenprint"
START_SECONDS = 60
_SETTINGS = ("listen_addresses=''", "unix_socket_permissions=0777", "max_connections=200", "logging_collector=off")


def find_binaries() -> Path | None:
    """Return the folder of the newest server's programs on this machine, or None."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = sorted((path.parent for path in Path("/").glob(BINARIES)), key=lambda path: float(path.parent.name))
    return folders[-1] if folders else None


class TemporaryPostgres(Closing):
    """A running server; a context manager that stops and removes it.

    Raises:
        StorageError: ``POSTGRES_MISSING`` when the machine has no server, ``POSTGRES_FAILED`` when it does not start.
    """

    def __init__(self) -> None:
        binaries = find_binaries()
        if binaries is None:
            raise StorageError(
                "POSTGRES_MISSING", "there is no PostgreSQL server here", hint="Debian: apt-get install postgresql-15"
            )
        self._binaries = binaries
        self.folder = Path(tempfile.mkdtemp(prefix="tenprint-pg-"))
        self._user = _server_user()
        if self._user is not None:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        try:
            self._run("initdb", "-D", str(self._data), "-U", ROLE, "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
            self.start()
        except BaseException:
            with suppress(StorageError):
                self.close()  # it may run, for all that is known
            raise

    def start(self) -> None:
        """Start the server, also after `stop`."""
        options = " ".join(f"-c {setting}" for setting in _SETTINGS)
        log = str(self.folder / "server.log")
        more = ("-o", f"-k {self.folder} {options}", "-t", str(START_SECONDS), "start")
        self._run("pg_ctl", "-w", "-D", str(self._data), "-l", log, *more)

    def stop(self, mode: str = "fast") -> None:
        """Stop the server: ``fast`` ends its sessions, ``immediate`` is as a crash."""
        self._run("pg_ctl", "-w", "-D", str(self._data), "-m", mode, "stop")

    def create(self, name: str, template: str = "template1") -> sa.URL:
        """Make a database and return its address."""
        with self._connected() as connection:
            names = sql.Identifier(name), sql.Identifier(template)
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
        return self.url(name)

    def size_bytes(self) -> int:
        """Return what all databases take on the disk, as the server counts it."""
        with self._connected() as connection:
            row = connection.execute("SELECT sum(pg_database_size(oid)) FROM pg_database").fetchone()
        return int(row[0]) if row else 0

    def url(self, name: str) -> sa.URL:
        """Return the address of one of its databases."""
        query = {"host": str(self.folder)}
        return sa.URL.create("postgresql+psycopg", username=ROLE, database=name, query=query)

    def close(self) -> None:
        """Stop and remove it; doing it twice changes nothing."""
        if not self.folder.exists():
            return
        try:
            if (self._data / "postmaster.pid").exists():
                self.stop("immediate")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _connected(self) -> psycopg.Connection[Any]:
        return psycopg.connect(host=str(self.folder), user=ROLE, dbname="template1", autocommit=True)

    def _run(self, program: str, *arguments: str) -> None:
        user = self._user
        who: dict[str, Any] = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        done = subprocess.run(  # noqa: S603 - programs and arguments are this module's
            [self._binaries / program, *arguments],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
            check=False,
            **who,
        )
        if done.returncode:
            raise StorageError("POSTGRES_FAILED", f"PostgreSQL: {program} ended with {done.returncode}")


def _server_user() -> pwd.struct_passwd | None:
    """Return as whom root runs the server; None for everybody else, who runs it himself."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return next((known[name] for name in USERS if name in known), None)
