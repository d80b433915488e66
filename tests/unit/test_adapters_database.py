"""SQLite set up for keeping, foreign errors named, migrations equal to the tables."""

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from tenprint.adapters import database, migrations, tables
from tenprint.adapters.blobs import FileBlobs
from tenprint.adapters.database import migrate, open_engine, sqlite_url
from tenprint.adapters.faults import storage_faults
from tenprint.adapters.store import SqlStore
from tenprint.core.errors import StorageError


def test_every_connection_to_sqlite_has_wal_full_sync_and_foreign_keys(tmp_path: Path) -> None:
    engine = open_engine(sqlite_url(tmp_path / "a.db"))
    with engine.connect() as first, engine.connect() as second:
        for connection in (first, second):
            pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in pragmas]
            assert found == ["wal", 2, 1, database.BUSY_TIMEOUT_MS]
    engine.dispose()


def test_a_database_may_lie_under_any_name(tmp_path: Path) -> None:
    path = tmp_path / "what? 100 % #1 ü" / "a.db"
    assert migrate(sqlite_url(path))
    assert path.is_file()


def test_migrations_make_exactly_the_tables(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "a.db")
    assert migrate(url)
    assert not migrate(url)
    engine = open_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
    engine.dispose()


def test_migrations_have_one_head_and_every_step_can_be_undone(tmp_path: Path) -> None:
    scripts = ScriptDirectory.from_config(migrations.configuration())
    assert scripts.get_heads() == [migrations.HEAD]
    url = sqlite_url(tmp_path / "a.db")
    migrate(url)
    engine = open_engine(url)
    config = migrations.configuration()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert sa.inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()
    assert migrate(url)


def test_a_database_of_a_later_version_is_refused(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "a.db")
    migrate(url)
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StorageError, match="STORE_NEWER"):
        migrate(url)


def test_a_second_writer_is_told_that_the_database_is_busy(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 20)
    store = SqlStore(sqlite_url(tmp_path / "a.db"), FileBlobs(tmp_path))
    with store.transaction(), pytest.raises(StorageError, match="STORE_BUSY"), store.transaction():
        pass
    store.close()


def test_a_file_that_is_no_database_is_called_damaged(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"not a database " * 100)
    with pytest.raises(StorageError, match="STORE_DAMAGED"):
        SqlStore(sqlite_url(tmp_path / "a.db"), FileBlobs(tmp_path))


def test_a_place_where_no_database_can_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.db").mkdir()
    with pytest.raises(StorageError, match="STORE_UNREACHABLE"):
        SqlStore(sqlite_url(tmp_path / "a.db"), FileBlobs(tmp_path))


class _PostgresProblem(Exception):
    def __init__(self, sqlstate: str) -> None:
        super().__init__("secret words")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("sqlstate", "code"),
    [
        ("53100", "STORE_FULL"),
        ("40001", "STORE_BUSY"),
        ("25006", "STORE_READONLY"),
        ("XX001", "STORE_DAMAGED"),
        ("08006", "STORE_UNREACHABLE"),
        ("99999", "STORE_FAILED"),
    ],
)
def test_errors_of_postgresql_get_the_same_codes_and_repeat_no_data(sqlstate: str, code: str) -> None:
    with pytest.raises(StorageError) as caught, storage_faults("writing"):
        raise sa.exc.OperationalError("INSERT", {"reason": "secret words"}, _PostgresProblem(sqlstate))
    assert caught.value.code == code
    assert caught.value.hint
    assert "secret" not in str(caught.value)


def test_a_full_disk_is_called_full() -> None:
    with pytest.raises(StorageError, match="STORE_FULL"), storage_faults("writing"):
        raise OSError(28, "No space left on device")


def test_full_sqlite_is_called_full_and_nothing_is_kept(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    from tenprint.exchange.model.case import Case
    from tenprint.exchange.model.words import CaseState

    store = SqlStore(sqlite_url(tmp_path / "a.db"), FileBlobs(tmp_path))
    now = datetime(2010, 10, 4, tzinfo=UTC)
    with pytest.raises(StorageError, match="STORE_FULL"), store.transaction() as tx:
        tx._connection.exec_driver_sql("PRAGMA max_page_count=1")
        for number in range(2000):
            tx.save_case(Case(f"case-{number}", now, CaseState.SUBMITTED, known={"x": "y" * 500}))
    with store.transaction() as tx:
        assert tx.cases() == []
    store.close()
