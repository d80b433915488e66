"""The bell beside a party's queues: rung after a commit that queued something, so that nobody polls an idle database.

A missed ring costs time only: whoever waits, waits with a limit and then looks by himself.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol

import sqlalchemy as sa

from tenprint.adapters.database import listening, open_engine
from tenprint.adapters.faults import storage_faults

CHANNEL = "tenprint"
"""Of LISTEN and NOTIFY; a channel is a database's own, and a database is a party's own."""


class Doorbell(Protocol):
    """Tells that rows were queued."""

    def ring(self) -> None:
        """Tell whoever waits, now or next, in this process."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait until it was rung since the last wait, at most so long; tell whether it was."""
        ...

    def close(self) -> None:
        """Let go of what it holds."""
        ...


class LocalBell:
    """A bell inside one process; several stores may share it."""

    def __init__(self) -> None:
        self._rung = threading.Event()

    def ring(self) -> None:
        """Tell whoever waits, now or next."""
        self._rung.set()

    def wait(self, seconds: float) -> bool:
        """Wait until it was rung since the last wait, at most so long; tell whether it was."""
        rung = self._rung.wait(seconds)
        self._rung.clear()
        return rung

    def close(self) -> None:
        """Hold nothing."""


class EventBell:
    """Rings for somebody who waits for an event of his own, such as a party's worker."""

    def __init__(self, event: threading.Event) -> None:
        self._event = event

    def ring(self) -> None:
        """Set the event."""
        self._event.set()

    def wait(self, seconds: float) -> bool:
        """Wait for the event, at most so long; tell whether it was set. Whoever owns it clears it."""
        return self._event.wait(seconds)

    def close(self) -> None:
        """Hold nothing."""


class Watch:
    """Tells whether anybody has written to a SQLite file, other processes included, without reading a table.

    Args:
        url: the database's address; another one than SQLite's is not watched.
    """

    def __init__(self, url: str | sa.URL) -> None:
        self._engine = open_engine(url)
        self._connection: Any = None

    def version(self) -> int | None:
        """Return a number that every commit changes, or None where that cannot be told: then look for yourself."""
        if self._engine.dialect.name != "sqlite":
            return None
        try:
            if self._connection is None:
                self._connection = self._engine.raw_connection()
            row = self._connection.cursor().execute("PRAGMA data_version").fetchone()
            return int(row[0])
        except (sqlite3.Error, sa.exc.SQLAlchemyError):
            self.close()
            return None

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.invalidate()  # closed, not given back
            self._connection = None


class PostgresBell:
    """LISTEN on a connection of its own. A writer's commit takes NOTIFY with it, so that `ring` has nothing to do.

    Args:
        engine: of the party's database.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._open = ExitStack()
        self._connection: Any = None

    def ring(self) -> None:
        """Do nothing: the commit of what was queued has rung already (`NOTIFICATION`)."""

    def wait(self, seconds: float) -> bool:
        """Wait until a transaction of any process rang; True at once at the first call, which begins to listen.

        Raises:
            StorageError: ``STORE_UNREACHABLE`` or another code of `faults`; the next call connects anew.
        """
        try:
            with storage_faults("listening for messages"), _driver_faults():
                if self._connection is None:
                    connection = self._open.enter_context(listening(self._engine))
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._connection = connection
                    return True
                return bool(list(self._connection.notifies(timeout=seconds, stop_after=1)))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Stop listening."""
        self._connection = None
        self._open.close()


NOTIFICATION = f"NOTIFY {CHANNEL}"
"""Rings the bell of a PostgreSQL database; said right after a commit. Inside the transaction it would hold a lock of
the whole server while the commit is written to the disk, and all parties' commits would wait for each other."""


@contextmanager
def _driver_faults() -> Iterator[None]:
    """Make the driver's own errors, on a connection outside SQLAlchemy, SQLAlchemy's."""
    import psycopg  # noqa: PLC0415 - only where a PostgreSQL database is used

    try:
        yield
    except psycopg.Error as problem:
        raise sa.exc.OperationalError("LISTEN", None, problem) from problem
