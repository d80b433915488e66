"""Connections that stay open: what was begun is ended whatever happens, and a lost one is not used again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from postgres_rig import DATABASES
from tenprint.adapters.database import WRITE, open_engine, sqlite_url
from tenprint.adapters.sessions import IDLE_KEPT, Sessions


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    where = (
        sqlite_url(tmp_path / "a.db") if request.param == "sqlite" else request.getfixturevalue("postgres").migrated()
    )
    engine = open_engine(where)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS said (word TEXT)")
        connection.exec_driver_sql("DELETE FROM said")
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: sa.Engine) -> Iterator[Sessions]:
    opened = Sessions(engine)
    yield opened
    opened.close()


def say(sessions: Sessions, word: str) -> None:
    with sessions.begun(WRITE) as connection:
        connection.exec_driver_sql(f"INSERT INTO said VALUES ('{word}')")


def words(sessions: Sessions) -> list[str]:
    with sessions.glancing() as connection:
        return list(connection.exec_driver_sql("SELECT word FROM said ORDER BY word").scalars())


def test_one_connection_serves_many_transactions_and_each_is_committed(sessions, engine) -> None:
    for word in ("a", "b", "c"):
        say(sessions, word)
    assert words(sessions) == ["a", "b", "c"]
    assert engine.pool.checkedout() == 1


def test_an_exception_undoes_the_transaction_and_the_next_one_works(sessions) -> None:
    with pytest.raises(ZeroDivisionError), sessions.begun(WRITE) as connection:
        connection.exec_driver_sql("INSERT INTO said VALUES ('undone')")
        raise ZeroDivisionError
    say(sessions, "kept")
    assert words(sessions) == ["kept"]


def test_a_statement_that_fails_leaves_no_transaction_open(sessions) -> None:
    with pytest.raises(sa.exc.DBAPIError), sessions.begun(WRITE) as connection:
        connection.exec_driver_sql("INSERT INTO nowhere VALUES (1)")
    say(sessions, "kept")
    assert words(sessions) == ["kept"]


def test_a_view_does_not_change_while_another_connection_writes(sessions) -> None:
    say(sessions, "before")
    with sessions.begun(None) as view:
        first = list(view.exec_driver_sql("SELECT word FROM said").scalars())
        writer = threading.Thread(target=say, args=(sessions, "meanwhile"))
        writer.start()
        writer.join(30)
        assert list(view.exec_driver_sql("SELECT word FROM said").scalars()) == first == ["before"]
    assert words(sessions) == ["before", "meanwhile"]


def test_a_connection_that_was_lost_is_not_used_again(sessions) -> None:
    say(sessions, "before")
    with pytest.raises(ZeroDivisionError), sessions.begun(WRITE) as connection:
        connection.invalidate()
        raise ZeroDivisionError
    say(sessions, "after")
    assert words(sessions) == ["after", "before"]


def test_few_idle_connections_are_kept_and_none_after_the_end(engine) -> None:
    sessions = Sessions(engine)
    taken = [sessions.begun(None) for _ in range(IDLE_KEPT + 2)]
    for each in taken:
        each.__enter__()
    for each in taken:
        each.__exit__(None, None, None)
    assert engine.pool.checkedout() == IDLE_KEPT
    with sessions.begun(None):
        sessions.close()
    assert engine.pool.checkedout() == 0
