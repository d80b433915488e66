"""Runs the statements of `statements` on the driver itself: SQLAlchemy takes longer to run one than SQLite does.

Statements are still written, and turned into each database's words, by SQLAlchemy; only its execution is passed by.
Errors come out as SQLAlchemy's own, so that `faults` and the pool see no difference.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import sqlalchemy as sa

from tenprint.adapters.database import is_near

Values = Mapping[str, Any]
_PIPELINE, _CURSORS = "tenprint_pipeline", "tenprint_cursors"
"""Where a connection keeps what `together` began, and its cursors."""
MOST_RESTING = 32
"""Cursors of one statement that are kept: as many as a batch has messages."""
MOST_PARAMETERS = 50
"""Of a statement whose words the driver remembers; it takes those with more apart each time."""


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


class Answer:
    """The answer to a statement that was given to the driver; asking for it waits for it, if it is still under way."""

    def __init__(self, connection: sa.Connection, cursor: Any, made: _Compiled) -> None:
        self._connection = connection
        self._cursor = cursor
        self._made = made

    def first(self) -> Any:
        """Return the first row, by the names of its columns, or None."""
        found = _driven(self._connection, self._made.sql, lambda driver: self._cursor.fetchone())
        return None if found is None else self._made.row(found)

    def every(self) -> Iterable[Any]:
        """Return all rows."""
        return map(self._made.row, _driven(self._connection, self._made.sql, lambda driver: self._cursor.fetchall()))

    def has_row(self) -> bool:
        """Tell whether there is a row: of a change that returns its rows, whether something was changed."""
        return self.first() is not None


def run(connection: sa.Connection, statement: Any, values: Values, *, sets: bool = False) -> Answer:
    """Give a statement to the driver and return what its answer can be had from, now or after others were given.

    Args:
        connection: inside a transaction. Between `together` and `apart` nothing waits for a server until an answer is
            asked for, and an error comes out there too.
        statement: of `statements`, which live as long as the process.
        values: its parameters.
        sets: the values are the columns of an insert.
    """
    made = _words(connection, statement, tuple(values) if sets else ())
    return Answer(connection, _executed(connection, made.sql, made.parameters(values), many=False), made)


def run_many(connection: sa.Connection, insert: Any, rows: Sequence[Values]) -> None:
    """Insert rows that have the same columns. A server gets several in one statement, which costs it little more."""
    columns = tuple(rows[0])
    if is_near(connection):
        made = _words(connection, insert, columns)
        _executed(connection, made.sql, [made.parameters(row) for row in rows], many=True)
        return
    done = 0
    for count in portions(len(rows), len(columns)):
        _run_several(connection, insert, columns, rows[done : done + count])
        done += count


def portions(rows: int, columns: int) -> Iterator[int]:
    """Yield how many of so many rows go into each statement: powers of two, so that few statements serve all."""
    size = 1
    while 2 * size * columns <= MOST_PARAMETERS:
        size *= 2
    while rows:
        while size > rows:
            size //= 2
        yield size
        rows -= size


def _run_several(connection: sa.Connection, insert: Any, columns: tuple[str, ...], rows: Sequence[Values]) -> None:
    key = (id(insert), columns, len(rows))
    found = _several.get(key)
    if found is None:
        found = _several[key] = _Several(insert, columns, len(rows))
    made = _words(connection, found.statement, ())
    named = {name: row[column] for row, names in zip(rows, found.names, strict=True) for name, column in names}
    _executed(connection, made.sql, made.parameters(named), many=False)


class _Several:
    """An insert of a number of rows: its statement, and for each row the names of its parameters by column."""

    def __init__(self, insert: Any, columns: tuple[str, ...], count: int) -> None:
        types = {column: insert.table.c[column].type for column in columns}
        self.names = [[(f"{column}_{number}", column) for column in columns] for number in range(count)]
        self.statement = insert.values(
            [{column: sa.bindparam(name, type_=types[column]) for name, column in row} for row in self.names]
        )


_several: dict[tuple[int, tuple[str, ...], int], _Several] = {}


def first(connection: sa.Connection, query: Any, values: Values) -> Any:
    """Return the first row of a query, by the names of its columns, or None."""
    return run(connection, query, values).first()


def every(connection: sa.Connection, query: Any, values: Values) -> Iterable[Any]:
    """Return all rows of a query."""
    return run(connection, query, values).every()


def say(connection: sa.Connection, sql: str) -> None:
    """Run words without parameters or rows, such as those that begin a transaction."""
    _driven(connection, sql, lambda driver: driver.execute(sql))


def together(connection: sa.Connection) -> None:
    """Let statements travel to a server together, as many as nobody has waited for: a trip costs more than most do."""
    pipeline = ExitStack()
    _driven(connection, "", lambda driver: pipeline.enter_context(driver.pipeline()))
    connection.info[_PIPELINE] = pipeline


def apart(connection: sa.Connection) -> None:
    """Wait for all that travelled `together`; from then on each statement is waited for. Does nothing elsewhere.

    Raises:
        SQLAlchemyError: the first error of a statement whose answer nobody asked for.
    """
    pipeline = connection.info.pop(_PIPELINE, None)
    if pipeline is not None:
        _driven(connection, "", lambda driver: pipeline.close())


def commit(connection: sa.Connection, then: str = "") -> None:
    """End a transaction that was begun by `say`, durably.

    Args:
        connection: inside it.
        then: words for a server to run in the same trip, once the transaction is committed.
    """
    if _PIPELINE in connection.info:
        for words in filter(None, ("COMMIT", then)):
            say(connection, words)
        apart(connection)
        return
    _driven(connection, "COMMIT", lambda driver: driver.commit())
    if then:
        say(connection, then)


def _words(connection: sa.Connection, statement: Any, columns: tuple[str, ...]) -> _Compiled:
    key = (id(statement), connection.dialect.name, columns)
    found = _compiled.get(key)
    if found is None:
        made = _Compiled(statement, connection.dialect, columns or None)
        _compiled[key] = found = (statement, made)  # the statement is held, so that its id stays its own
    return found[1]


class _Cursors:
    """The driver's cursors of one connection, which serve again: making one takes as long as giving it a statement.

    A cursor keeps its statement, for which it has learned how to write parameters and to read rows. It serves once
    between two calls of `rest`, so that answers that nobody has asked for yet stay what they are.
    """

    def __init__(self) -> None:
        self._resting: dict[str, list[Any]] = {}
        self._used: list[tuple[str, Any]] = []

    def one(self, driver: Any, sql: str) -> Any:
        resting = self._resting.get(sql)
        cursor = resting.pop() if resting else driver.cursor()
        self._used.append((sql, cursor))
        return cursor

    def rest(self) -> None:
        for sql, cursor in self._used:
            resting = self._resting.setdefault(sql, [])
            if len(resting) < MOST_RESTING:
                resting.append(cursor)
        self._used.clear()


def _cursor(connection: sa.Connection, driver: Any, sql: str) -> Any:
    if is_near(connection):
        return driver.cursor()  # one of SQLite's that is kept holds what it reads, and costs next to nothing
    cursors: _Cursors | None = connection.info.get(_CURSORS)
    if cursors is None:
        cursors = connection.info[_CURSORS] = _Cursors()
    return cursors.one(driver, sql)


def rest(connection: sa.Connection) -> None:
    """Say that all answers were asked for which anybody wants: the end of a transaction, or of a look without one."""
    cursors = connection.info.get(_CURSORS)
    if cursors is not None:
        cursors.rest()


def _executed(connection: sa.Connection, sql: str, parameters: Any, *, many: bool) -> Any:
    def execute(driver: Any) -> Any:
        cursor = _cursor(connection, driver, sql)
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
