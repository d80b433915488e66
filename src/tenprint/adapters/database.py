"""Opens one party's database: engine, what SQLite needs on every connection, migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from tenprint.adapters.faults import storage_faults
from tenprint.adapters.files import PRIVATE_MODE, make_folders
from tenprint.adapters.migrations import migrate as run_migrations

BUSY_TIMEOUT_MS = 5_000
"""How long a writer waits for another one; parties have one writer, so only a stray process makes it wait."""
WRITING = "tenprint_writing"
"""Execution option of connections whose transaction writes."""


def sqlite_url(path: Path) -> sa.URL:
    """Return the address of a database file, whatever characters its path has."""
    return sa.URL.create("sqlite", database=str(path))


def open_engine(url: str | sa.URL) -> sa.Engine:
    """Return an engine for a party's database; nothing is opened yet, but a file is made.

    SQLite runs with write-ahead log and full sync: NORMAL may lose the last commits on power loss.

    Raises:
        StorageError: a code of `faults`.
    """
    address = sa.make_url(url)
    with storage_faults("opening a database"):
        engine = sa.create_engine(address)
        if engine.dialect.name == "sqlite":
            if address.database and address.database != ":memory:":
                path = Path(address.database)
                make_folders(path.parent)
                if not path.exists():
                    # SQLite's log and shared memory take the mode of the file they belong to.
                    path.touch(mode=PRIVATE_MODE)
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
            return run_migrations(engine)
    finally:
        engine.dispose()


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
    # A deferred transaction that reads and then writes can fail half way; a writer therefore begins as one.
    writes = connection.get_execution_options().get(WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
