"""Runs the statements of `statements` on the driver itself: SQLAlchemy takes longer to run one than SQLite does.

Statements are still written, and turned into each database's words, by SQLAlchemy; only its execution is passed by.
Errors come out as SQLAlchemy's own, so that `faults` and the pool see no difference.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

Values = Mapping[str, Any]


class _Compiled:
    """A statement in the words of one database."""

    def __init__(self, statement: Any, dialect: sa.Dialect, columns: Sequence[str] | None) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        self.sql = str(compiled)
        self._constants = {name: value for name, value in compiled.params.items() if value is not None}
        self._places = compiled.positiontup
        selected = getattr(statement, "selected_columns", None)
        names = [column.key for column in selected] if selected is not None else []
        self.row: Callable[[Any], Any] = tuple if not names else _row_type(names)

    def parameters(self, values: Values) -> Any:
        """Return the driver's parameters."""
        merged = {**self._constants, **values}
        return merged if self._places is None else [merged[name] for name in self._places]


def _row_type(names: Sequence[str]) -> Callable[[Any], Any]:
    made: Any = namedtuple("row", names, rename=True)  # type: ignore[misc]
    make: Callable[[Any], Any] = made._make
    return make


_compiled: dict[tuple[int, str, tuple[str, ...]], tuple[Any, _Compiled]] = {}


def run(connection: sa.Connection, statement: Any, values: Values, *, sets: bool = False) -> Any:
    """Run a statement and return the driver's cursor.

    Args:
        connection: inside a transaction.
        statement: of `statements`, which live as long as the process.
        values: its parameters.
        sets: the values are the columns of an insert.
    """
    made = _words(connection, statement, tuple(values) if sets else ())
    return _executed(connection, made.sql, made.parameters(values), many=False)


def run_many(connection: sa.Connection, insert: Any, rows: Sequence[Values]) -> None:
    """Insert rows that have the same columns."""
    made = _words(connection, insert, tuple(rows[0]))
    _executed(connection, made.sql, [made.parameters(row) for row in rows], many=True)


def first(connection: sa.Connection, query: Any, values: Values) -> Any:
    """Return the first row of a query, by the names of its columns, or None."""
    found = run(connection, query, values).fetchone()
    return None if found is None else _words(connection, query, ()).row(found)


def every(connection: sa.Connection, query: Any, values: Values) -> Iterable[Any]:
    """Return all rows of a query."""
    return map(_words(connection, query, ()).row, run(connection, query, values).fetchall())


def say(connection: sa.Connection, sql: str) -> None:
    """Run words without parameters or rows, such as those that begin a transaction."""
    _driven(connection, sql, lambda driver: driver.execute(sql))


def commit(connection: sa.Connection) -> None:
    """End a transaction that was begun by `say`, durably."""
    _driven(connection, "COMMIT", lambda driver: driver.commit())


def _words(connection: sa.Connection, statement: Any, columns: tuple[str, ...]) -> _Compiled:
    key = (id(statement), connection.dialect.name, columns)
    found = _compiled.get(key)
    if found is None:
        made = _Compiled(statement, connection.dialect, columns or None)
        _compiled[key] = found = (statement, made)  # the statement is held, so that its id stays its own
    return found[1]


def _executed(connection: sa.Connection, sql: str, parameters: Any, *, many: bool) -> Any:
    def execute(driver: Any) -> Any:
        cursor = driver.cursor()
        if many:
            cursor.executemany(sql, parameters)
        else:
            cursor.execute(sql, parameters)
        return cursor

    return _driven(connection, sql, execute)


def _driven(connection: sa.Connection, sql: str, action: Callable[[Any], Any]) -> Any:
    """Do something with the driver's connection; its errors come out as SQLAlchemy's own."""
    dialect = connection.dialect
    errors: Any = dialect.loaded_dbapi.Error
    driver: Any = connection.connection.driver_connection
    try:
        return action(driver)
    except errors as problem:
        lost = dialect.is_disconnect(problem, driver, None)
        if lost:
            connection.invalidate(problem)
            connection.engine.dispose(close=False)  # those that wait in the pool are as dead
        # The parameters stay out of it: they hold what people were asked and answered.
        raise sa.exc.DBAPIError.instance(sql, None, problem, errors, connection_invalidated=lost) from problem
