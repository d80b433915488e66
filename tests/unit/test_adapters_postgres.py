"""What is PostgreSQL's own: workers that share a queue, a writer at a time, a server that goes away."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from postgres_rig import PostgresRig
from tenprint.adapters import claims
from tenprint.adapters.blobs import FileBlobs
from tenprint.adapters.postgres_server import TemporaryPostgres, find_binaries
from tenprint.adapters.store import SqlStore
from tenprint.core.chance import SeededRandomSource
from tenprint.core.errors import StorageError
from tenprint.exchange.model.case import Case, Timer
from tenprint.exchange.model.envelope import Envelope, MessageKey
from tenprint.exchange.model.words import CaseState, Kind
from tenprint.exchange.ports import Queue
from tenprint.ledger.entry import seal

pytestmark = pytest.mark.slow
NOW = datetime(2010, 10, 4, 8, tzinfo=UTC)


@pytest.fixture
def workers(postgres: PostgresRig, tmp_path: Path) -> Iterator[tuple[SqlStore, SqlStore]]:
    url = postgres.migrated()
    with (
        closing(SqlStore(url, FileBlobs(tmp_path), "agency")) as one,
        closing(SqlStore(url, FileBlobs(tmp_path), "agency")) as two,
    ):
        yield one, two


def fill(store: SqlStore, count: int) -> list[MessageKey]:
    with store.transaction() as tx:
        for number in range(count):
            tx.put_inbox(
                Envelope(
                    id=f"car-{number}", kind=Kind.CAR, sender="agency", recipient="state", case_id="case-1",
                    sent_at=NOW, body=b"{}", signature=bytes(64),
                ),
                NOW,
                b"r",
            )  # fmt: skip
    return [MessageKey("agency", f"car-{number}") for number in range(count)]


def test_two_workers_never_get_the_same_row_and_a_dead_ones_rows_come_back(workers) -> None:
    one, two = workers
    keys = fill(one, 5)
    first = one.claim_inbox(NOW, 3)
    assert (first, two.claim_inbox(NOW, 9)) == (keys[:3], keys[3:])
    assert one.claim_inbox(NOW + claims.LEASE / 2, 9) == []
    with two.transaction() as tx:
        assert tx.mark_handled(keys[3], NOW)
    assert two.claim_inbox(NOW + claims.LEASE, 9) == [*keys[:3], keys[4]]


def test_a_worker_does_not_wait_for_rows_that_another_one_is_claiming(workers) -> None:
    one, two = workers
    keys = fill(one, 4)
    with one._claiming.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        claims.claim(connection, Queue.INBOX, NOW, 2, claims.LEASE)
        assert two.claim_inbox(NOW, 9) == keys[2:]


def test_one_writer_waits_for_the_other_and_sees_what_it_wrote(workers) -> None:
    one, _two = workers

    def append(store: SqlStore) -> None:
        for _ in range(20):
            with store.transaction() as tx:
                fields = {"sequence": tx.ledger_size(), "kind": "sent"}
                tx.append_entry(seal(fields, SeededRandomSource(1)))
                case = tx.case("case-1") or Case("case-1", NOW, CaseState.SUBMITTED, known={"n": 0})
                tx.save_case(case.moved(n=case.known["n"] + 1))

    threads = [threading.Thread(target=append, args=(store,)) for store in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with one.reading() as reader:
        assert reader.case("case-1").known == {"n": 40}
        assert [entry.fields["sequence"] for entry in reader.entries()] == list(range(40))


def test_a_reader_sees_one_moment_while_others_write(workers) -> None:
    one, two = workers
    with one.reading() as reader:
        assert reader.due_messages(Queue.INBOX, NOW, 9) == []
        fill(two, 1)
        assert reader.due_messages(Queue.INBOX, NOW, 9) == []
    assert one.due_inbox(NOW, 9)


def test_a_bell_is_heard_in_the_other_process(workers) -> None:
    one, two = workers
    one.wait(0)
    fill(two, 1)
    assert one.wait(5)


def test_a_server_that_goes_away_is_named_and_the_same_store_goes_on_when_it_is_back(tmp_path: Path) -> None:
    if find_binaries() is None:
        pytest.skip("no PostgreSQL server on this machine")
    with TemporaryPostgres() as server, closing(SqlStore(server.create("a"), FileBlobs(tmp_path), "agency")) as store:
        store.wait(0)
        keys = fill(store, 2)
        assert store.wait(5)
        with pytest.raises(StorageError, match="STORE_UNREACHABLE"), store.transaction() as tx:
            tx.mark_handled(keys[0], NOW)
            server.stop()
            tx.mark_handled(keys[1], NOW)
        for ask in (lambda: store.due_inbox(NOW, 9), lambda: store.claim_inbox(NOW, 9), lambda: store.wait(0.1)):
            with pytest.raises(StorageError, match="STORE_UNREACHABLE"):
                ask()
        server.start()
        assert store.due_inbox(NOW, 9) == keys
        server.stop("immediate")  # as a crash; connections in the pool are dead now
        server.start()
        with pytest.raises(StorageError, match="STORE_UNREACHABLE"):
            store.due_inbox(NOW, 9)
        assert store.due_inbox(NOW, 9) == keys
        store.wait(0)
        fill(store, 3)
        assert store.wait(5)


def test_a_database_that_is_not_there_is_named(postgres: PostgresRig, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="STORE_UNREACHABLE"):
        SqlStore(postgres.server.url("nobodys"), FileBlobs(tmp_path))


def test_a_user_who_may_only_read_is_told_so(postgres: PostgresRig, tmp_path: Path) -> None:
    url = postgres.migrated()
    with psycopg.connect(host=url.query["host"], user="tenprint", dbname=url.database, autocommit=True) as connection:
        connection.execute("CREATE ROLE onlooker LOGIN")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO onlooker")
    with closing(SqlStore(url.set(username="onlooker"), FileBlobs(tmp_path))) as store:
        assert store.due_inbox(NOW, 9) == []
        with pytest.raises(StorageError, match="STORE_READONLY"):
            fill(store, 1)
        assert store.due_inbox(NOW, 9) == []


def test_the_driver_need_not_be_named_in_the_address(postgres: PostgresRig, tmp_path: Path) -> None:
    url = postgres.migrated().set(drivername="postgresql")
    with closing(SqlStore(sa.make_url(str(url)), FileBlobs(tmp_path))) as store:
        assert store.claim_outbox(NOW + timedelta(days=1), 9) == []


def test_a_statement_that_nobody_waited_for_undoes_its_transaction_when_it_fails(workers) -> None:
    store, _ = workers
    too_long = Timer("timer-1", "case-1", "a purpose of more than the column holds" * 2, NOW)
    with pytest.raises(StorageError) as refused, store.transaction() as tx:
        tx.save_case(Case("case-1", NOW, CaseState.SUBMITTED))
        tx.set_timer(too_long)
    assert refused.value.code.startswith("STORE_")
    with store.transaction() as tx:
        assert tx.case("case-1") is None
        tx.save_case(Case("case-2", NOW, CaseState.SUBMITTED))
    with store.reading() as reader:
        assert [case.case_id for case in reader.cases()] == ["case-2"]


def test_what_travels_together_is_there_for_whoever_asks_in_the_same_transaction(workers) -> None:
    store, _ = workers
    with store.transaction() as tx:
        tx.set_timer(Timer("timer-1", "case-1", "wait", NOW))
        tx.save_case(Case("case-1", NOW, CaseState.SUBMITTED))
        assert [timer.id for timer in tx.waiting_timers("case-1")] == ["timer-1"]
        assert [case.case_id for case in tx.cases()] == ["case-1"]
        tx.append_entry(seal({"sequence": 0, "kind": "sent"}, SeededRandomSource(1)))
    with store.reading() as reader:
        assert (reader.ledger_size(), len(reader.entries())) == (1, 1)


def test_the_bell_rings_for_what_was_committed_and_for_nothing_else(workers) -> None:
    store, waiting = workers
    assert waiting.wait(0)  # begins to listen
    with pytest.raises(ZeroDivisionError), store.transaction() as tx:
        tx.set_timer(Timer("timer-1", "case-1", "wait", NOW))
        raise ZeroDivisionError
    assert not waiting.wait(0.2)
    with store.transaction() as tx:
        tx.set_timer(Timer("timer-1", "case-1", "wait", NOW))
    assert waiting.wait(10)
