"""SQLite set up for keeping, foreign errors named, migrations equal to the tables."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from postgres_rig import DATABASES
from tenprint.adapters import database, migrations, rows, tables
from tenprint.adapters.backup_database import contents
from tenprint.adapters.blobs import FileBlobs
from tenprint.adapters.database import migrate, open_engine, sqlite_url
from tenprint.adapters.faults import storage_faults
from tenprint.adapters.reading import DeadLetter
from tenprint.adapters.store import SqlStore
from tenprint.core.errors import StorageError
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.envelope import MessageKey
from tenprint.exchange.model.words import CaseState
from tenprint.exchange.ports import Queue


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


@pytest.mark.parametrize("kind", DATABASES)
def test_migrations_make_exactly_the_tables(new_url, kind: str) -> None:
    url = new_url(kind)
    assert migrate(url)
    assert not migrate(url)
    engine = open_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
    engine.dispose()


HEAD_LINE = (
    '{"body_sha256":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","body_size":2,'
    '"case_id":"case-1","content_type":"application/json","id":"%s","in_reply_to":"","kind":"ACK",'
    '"recipient":"agency","sender":"%s","sent_at":"2010-10-04T08:00:00.000Z","signature":"' + "A" * 86 + "=="
    '","tcn":"","tcr":"","v":1}'
)
"""A header as the first revision kept it, of a message with the body ``{}``."""
SENDERS = {"ack-1": "state_bureau", "car-1": "agency", "timer-1": "agency", "car-2": "agency"}


def fill_first_revision(path: Path) -> None:
    """Make a database of revision 0001 with four messages, one of them in both boxes, and two enrolments."""
    engine = open_engine(sqlite_url(path))
    config = migrations.configuration()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        run = connection.exec_driver_sql
        for position, (message, sender) in enumerate(SENDERS.items(), 10):
            row = (position, message, HEAD_LINE % (message, sender), "44" * 32, b"{}")
            run("INSERT INTO messages VALUES (?, ?, 'case-1', 'ACK', ?, ?, 2, ?)", row)
        at = "2010-10-04T08:00:00.000Z"
        inbox = "INSERT INTO inbox VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        run(inbox, (1, "ack-1", at, b"ours", "dead", None, 12, "UNKNOWN_CASE", None))
        run(inbox, (2, "timer-1", at, b"own", "waiting", at, 0, "", None))
        run(inbox, (4, "car-2", at, b"mine", "done", None, 0, "", at))
        outbox = "INSERT INTO outbox VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        run(outbox, (3, "car-1", b"theirs", "done", None, 1, "STORE_BUSY", at))
        run(outbox, (5, "car-2", None, "waiting", at, 2, "STORE_BUSY", None))
        run("INSERT INTO enrolments VALUES (1, 'S1', '{}', 'done'), (2, 'S2', '{}', 'waiting')")
    engine.dispose()


def test_a_database_of_the_first_revision_with_rows_loses_nothing(tmp_path: Path) -> None:
    fill_first_revision(tmp_path / "a.db")
    store = SqlStore(sqlite_url(tmp_path / "a.db"), FileBlobs(tmp_path))
    at = datetime(2010, 10, 4, 8, tzinfo=UTC)
    keys = {name: MessageKey(sender, name) for name, sender in SENDERS.items()}
    with store.transaction() as tx:
        assert [m.key for m in tx.messages("case-1")] == list(keys.values())
        assert tx.message(keys["car-1"]).to_bytes() == (HEAD_LINE % ("car-1", "agency")).encode() + b"\n{}"
        assert [tx.receipt_of(keys[name]) for name in SENDERS] == [b"ours", None, b"own", b"mine"]
        assert tx.delivery_receipt(keys["car-1"]) == b"theirs"
        assert tx.failures_of(Queue.OUTBOX, keys["car-2"]) == 2
        assert tx.dead_letters() == [DeadLetter(Queue.INBOX, keys["ack-1"], "ACK", "case-1", 12, "UNKNOWN_CASE")]
    assert store.due_inbox(at, 9) == [keys["timer-1"]]
    assert store.due_outbox(at, 9) == [keys["car-2"]]
    assert store.due_enrolments(at, 9) == ["S2"]
    store.close()
    with sqlite3.connect(tmp_path / "a.db") as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("SELECT position FROM inbox").fetchall() == [(1,), (2,), (4,)]
    connection.close()


@pytest.mark.parametrize("kind", DATABASES)
def test_a_database_of_the_sixth_revision_keeps_its_rows_and_takes_longer_values(new_url, tmp_path, kind: str) -> None:
    url = new_url(kind)
    engine, config = open_engine(url), migrations.configuration()
    old = Case("case-1", datetime(2010, 10, 4, 8, tzinfo=UTC), CaseState.SUBMITTED, "XX0000001", "T" * 64)
    with engine.execution_options(**{database.WRITING: database.WRITE}).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        connection.execute(sa.insert(tables.cases).values(position=7, **rows.case_values(old)))
    engine.dispose()
    longer = replace(old, case_id="case-2", tcn="T" * 80)
    with closing(SqlStore(url, FileBlobs(tmp_path))) as store:
        with store.transaction() as tx:
            tx.save_case(longer)
        with store.transaction() as tx:
            assert [tx.case_by_tcn("XX0000001", "T" * size) for size in (64, 80)] == [old, longer]


def test_the_second_revision_can_be_undone_with_rows(tmp_path: Path) -> None:
    fill_first_revision(tmp_path / "a.db")
    with sqlite3.connect(tmp_path / "a.db") as before:
        rows = [before.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall() for name in ("messages", "enrolments")]
        boxes = [before.execute(f"SELECT position, message_id, state FROM {b}").fetchall() for b in ("inbox", "outbox")]
    before.close()
    migrate(sqlite_url(tmp_path / "a.db"))
    engine = open_engine(sqlite_url(tmp_path / "a.db"))
    config = migrations.configuration()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
        run = connection.exec_driver_sql
        assert [run(f"SELECT * FROM {n} ORDER BY 1").fetchall() for n in ("messages", "enrolments")] == rows
        assert [run(f"SELECT position, message_id, state FROM {b}").fetchall() for b in ("inbox", "outbox")] == boxes
    engine.dispose()


def test_the_third_revision_gives_old_entries_their_case(tmp_path: Path) -> None:
    fill_first_revision(tmp_path / "a.db")
    engine = open_engine(sqlite_url(tmp_path / "a.db"))
    with engine.begin() as connection:
        row = "INSERT INTO ledger_entries VALUES (?, ?, '{}', '{}', ?)"
        for sequence, fields in enumerate(('{"case":"case-1","kind":"sent"}', '{"kind":"enrolled"}')):
            connection.exec_driver_sql(row, (sequence, fields, "00" * 32))
    engine.dispose()
    migrate(sqlite_url(tmp_path / "a.db"))
    with sqlite3.connect(tmp_path / "a.db") as connection:
        cases = connection.execute("SELECT case_id FROM ledger_entries ORDER BY sequence").fetchall()
    assert cases == [("case-1",), (None,)]
    connection.close()


@pytest.mark.parametrize("kind", DATABASES)
def test_migrations_have_one_head_and_every_step_can_be_undone(new_url, kind: str) -> None:
    scripts = ScriptDirectory.from_config(migrations.configuration())
    assert scripts.get_heads() == [migrations.HEAD]
    url = new_url(kind)
    migrate(url)
    engine = open_engine(url)
    config = migrations.configuration()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert sa.inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()
    assert migrate(url)


@pytest.mark.parametrize("kind", DATABASES)
def test_what_a_backup_asks_of_a_database_can_be_asked_at_every_revision(new_url, kind: str) -> None:
    url = new_url(kind)
    migrate(url)
    engine, config = open_engine(url), migrations.configuration()
    for revision in ("0006", "0005", "0004", "0003", "0002", "0001"):
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, revision)
            assert migrations.revision_of(connection) == revision
            assert contents(connection).blobs == ()
            found = migrations.columns_of(connection)
        assert migrations.columns_at(revision) == {name: found[name] for name in found if name != "alembic_version"}
    engine.dispose()


def test_a_database_of_a_later_version_is_refused(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "a.db")
    migrate(url)
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StorageError, match="STORE_NEWER"):
        migrate(url)


@pytest.mark.parametrize("kind", DATABASES)
def test_a_second_writer_is_told_that_the_database_is_busy(new_url, kind: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 1000)
    store = SqlStore(new_url(kind), FileBlobs(tmp_path))
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
        ("53300", "STORE_BUSY"),
        ("57P01", "STORE_UNREACHABLE"),
        ("57014", "STORE_BUSY"),
        ("42501", "STORE_READONLY"),
        ("42P01", "STORE_OUTDATED"),
        ("", "STORE_UNREACHABLE"),
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
