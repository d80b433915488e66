"""Opens one party's database: engine, what SQLite or PostgreSQL needs on every connection, migrations."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from tenprint.adapters.faults import storage_faults
from tenprint.adapters.files import PRIVATE_MODE, make_folders
from tenprint.adapters.migrations import migrate as run_migrations

BUSY_TIMEOUT_MS = 5_000
"""How long a writer waits for another one; a batch takes a fraction of that, so whoever waits longer is told."""
WRITING = "tenprint_writing"
"""Execution option of connections that write, and how: `WRITE` is a transaction, one writer at a time; `CLAIM` is for
single statements on PostgreSQL, each by itself, that take or give back rows of a queue and wait for nobody. `HELD`
connections begin and end by themselves (`sessions`)."""
WRITE, CLAIM, HELD = "write", "claim", "held"
POSTGRESQL = "postgresql"
WRITER_LOCK = 0x7E4B
"""Key of the advisory lock that every write transaction of a PostgreSQL database holds: one writer at a time, as on
SQLite. The ledger is one log, and a case is read and written in one transaction."""
SECRETS = ("password", "sslpassword")
"""Parameters of an address of PostgreSQL that nobody else may read."""
POOLED, POOLED_AT_MOST = 2, 12
"""Connections of a process to one PostgreSQL database: kept open, and at most (pages are read beside the loop)."""


def without_secrets(url: sa.URL) -> sa.URL:
    """Return an address without the passwords in it; whoever opens it gives them as libpq has it (PGPASSWORD …)."""
    # `URL.set` takes None for "as it was".
    return url._replace(password=None).difference_update_query(SECRETS)


def password_of(url: sa.URL) -> str:
    """Return the password in an address, or ``""``."""
    asked = url.query.get("password", "")
    return str(url.password or asked or "") if isinstance(asked, str) else str(url.password or asked[-1])


def sqlite_url(path: Path) -> sa.URL:
    """Return the address of a database file, whatever characters its path has."""
    return sa.URL.create("sqlite", database=str(path))


def open_engine(url: str | sa.URL) -> sa.Engine:
    """Return an engine for a party's database; nothing is opened yet, but a file is made.

    SQLite runs with write-ahead log and full sync: NORMAL may lose the last commits on power loss. PostgreSQL is left
    with its own defaults, which are as safe.

    Raises:
        StorageError: a code of `faults`.
    """
    address = sa.make_url(url)
    with storage_faults("opening a database"):
        if address.get_backend_name() == POSTGRESQL:
            return _postgresql_engine(address)
        engine = sa.create_engine(address)
        if engine.dialect.name == "sqlite":
            if address.database and address.database != ":memory:":
                path = Path(address.database)
                make_folders(path.parent)
                if not path.exists():
                    # SQLite's log and shared memory take the mode of the file they belong to.
                    path.touch(mode=PRIVATE_MODE)
                _refuse_read_only(path)
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
    return engine


def migrate(url: str | sa.URL) -> bool:
    """Bring a party's database to the newest revision, creating it if needed; tell whether anything was done.

    Raises:
        StorageError: ``STORE_NEWER`` when a later version of Tenprint wrote it, or a code of `faults`.
    """
    engine = open_engine(url)
    try:
        with storage_faults("migrating a database"):
            return run_migrations(engine, engine.execution_options(**{WRITING: WRITE}))
    finally:
        engine.dispose()


@contextmanager
def listening(engine: sa.Engine) -> Iterator[Any]:
    """Give a connection of the PostgreSQL driver of its own, outside the pool and any transaction."""
    connection = engine.raw_connection()
    driver: Any = connection.driver_connection
    connection.detach()
    try:
        driver.autocommit = True
        yield driver
    finally:
        driver.close()


def beginning_of(dialect: str, how: str | None) -> tuple[str, ...]:
    """Return what begins a transaction: one that writes for `WRITE` (on SQLite for any word), else a view.

    SQLite: a deferred transaction that reads and then writes can fail half way; a writer therefore begins as one.
    PostgreSQL: a writer waits for its turn and then sees, statement by statement, all that was committed
    before it; a reader sees one moment.
    """
    if dialect != POSTGRESQL:
        return ("BEGIN" if how is None else "BEGIN IMMEDIATE",)
    if how == WRITE:
        return "BEGIN", f"SELECT pg_advisory_xact_lock({WRITER_LOCK})"
    return ("BEGIN ISOLATION LEVEL REPEATABLE READ",)


def is_near(connection: sa.Connection) -> bool:
    """Tell whether the database is in this process: asking it takes no trip to a server."""
    return connection.dialect.name != POSTGRESQL


def _postgresql_engine(address: sa.URL) -> sa.Engine:
    # psycopg 3 is the one driver here, whatever the address says or leaves out.
    engine = sa.create_engine(
        address.set(drivername=f"{POSTGRESQL}+psycopg"),
        pool_size=POOLED,
        max_overflow=POOLED_AT_MOST - POOLED,
        connect_args={"application_name": "tenprint", "connect_timeout": BUSY_TIMEOUT_MS // 1000},
    )
    event.listen(engine, "connect", _prepare_postgresql)
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def _refuse_read_only(path: Path) -> None:
    # SQLite itself would say that it cannot open the file: it needs to write even to read beside a writer.
    if not os.access(path.parent, os.W_OK) or not os.access(path, os.W_OK):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))


def _prepare_sqlite(connection: Any, record: Any) -> None:  # noqa: ARG001
    connection.isolation_level = None  # the driver begins nothing by itself; `_begin_sqlite` does
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",  # what is erased is overwritten (adapters.erasing)
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    how = connection.get_execution_options().get(WRITING)
    if how != HELD:
        connection.exec_driver_sql("".join(beginning_of("sqlite", how)))


def _prepare_postgresql(connection: Any, record: Any) -> None:  # noqa: ARG001
    connection.autocommit = True  # the driver begins nothing by itself; `_begin_postgresql` does
    connection.execute(f"SET lock_timeout = {BUSY_TIMEOUT_MS}")


def _begin_postgresql(connection: sa.Connection) -> None:
    how = connection.get_execution_options().get(WRITING)
    if how in (WRITE, None):
        connection.exec_driver_sql("; ".join(beginning_of(POSTGRESQL, how)))
