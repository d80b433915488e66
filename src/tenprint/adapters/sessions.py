"""Connections of one store that stay open between transactions: SQLAlchemy takes longer to begin one than it lasts.

A connection is one worker's at a time. Its transactions are begun on the driver itself, and ended by the driver's own
commit or rollback; what SQLAlchemy takes for a transaction goes on as long as the connection does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import sqlalchemy as sa

from tenprint.adapters import quick
from tenprint.adapters.database import HELD, WRITING, beginning_of

IDLE_KEPT = 2
"""Idle connections of a process to one database that stay open: the loop's, and one for a page."""


class Sessions:
    """Open connections to one party's database.

    Args:
        engine: of the database; whoever made it disposes of it after `close`.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine.execution_options(**{WRITING: HELD})
        self._dialect = engine.dialect.name
        self._idle: deque[sa.Connection] = deque()
        self._is_closed = False

    @contextmanager
    def begun(
        self, how: str | None, then: Callable[[], str] = str, *, together: bool = False
    ) -> Iterator[sa.Connection]:
        """Give a connection inside a transaction; it is committed at the end, or rolled back on any exception.

        Args:
            how: `database.WRITE` for one that writes, None for a view that does not change.
            then: asked when all is written; gives what a server is to be told after the commit (`quick.commit`).
            together: statements travel together (`quick.together`), what begins the transaction with the first ones.

        Raises:
            SQLAlchemyError: the database's error; the connection is not used again when it may have been lost.
        """
        connection = self._taken()
        try:
            beginning = beginning_of(self._dialect, how)
            if together:
                quick.together(connection)
            for words in beginning if together else ["; ".join(beginning)]:
                quick.say(connection, words)
            yield connection
            quick.commit(connection, then())
        except BaseException:
            self._rolled_back(connection)
            raise
        self._give_back(connection)

    @contextmanager
    def glancing(self) -> Iterator[sa.Connection]:
        """Give a connection for single statements, each of which is a transaction by itself."""
        connection = self._taken()
        try:
            yield connection
        except BaseException:
            self._rolled_back(connection)
            raise
        self._give_back(connection)

    def close(self) -> None:
        """Close what is idle; a connection that is in use is closed when it is given back."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().close()

    def _taken(self) -> sa.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._engine.connect()

    def _give_back(self, connection: sa.Connection) -> None:
        quick.rest(connection)
        if self._is_closed or len(self._idle) >= IDLE_KEPT:
            connection.close()
        else:
            self._idle.append(connection)

    def _rolled_back(self, connection: sa.Connection) -> None:
        """Undo what was begun. A connection that cannot do that is lost, and those that wait may be as dead."""
        if not connection.invalidated:
            driver: Any = connection.connection.driver_connection
            try:
                with suppress(sa.exc.SQLAlchemyError):  # of statements that are undone now
                    quick.apart(connection)
                driver.rollback()
            except Exception:  # noqa: BLE001 - whatever the driver says, this connection is of no use any more
                connection.invalidate()
        if connection.invalidated:
            connection.close()
            while self._idle:
                self._idle.pop().close()
        else:
            self._give_back(connection)
