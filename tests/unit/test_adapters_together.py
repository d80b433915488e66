"""Rows that a transaction writes together are the same rows, whatever their number, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from postgres_rig import DATABASES
from tenprint.adapters import quick, statements
from tenprint.adapters.blobs import FileBlobs
from tenprint.adapters.database import sqlite_url
from tenprint.adapters.store import SqlStore
from tenprint.core.chance import SeededRandomSource
from tenprint.core.errors import StorageError
from tenprint.exchange.model.case import Case, Timer
from tenprint.exchange.model.envelope import Envelope, MessageKey
from tenprint.exchange.model.words import CaseState, Kind
from tenprint.ledger.entry import Entry, seal

NOW = datetime(2010, 10, 4, 8, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    near = request.param == "sqlite"
    url = sqlite_url(tmp_path / "tenprint.db") if near else request.getfixturevalue("postgres").migrated()
    with closing(SqlStore(url, FileBlobs(tmp_path / "blobs"), "agency")) as opened:
        yield opened


def entry(sequence: int) -> Entry:
    return seal({"sequence": sequence, "kind": "sent", "case": f"case-{sequence}"}, SeededRandomSource(sequence))


def envelope(number: int, sender: str = "agency") -> Envelope:
    return Envelope(
        id=f"car-{number}", kind=Kind.CAR, sender=sender, recipient="state", case_id="case-1", sent_at=NOW, body=b"{}",
        signature=bytes(64),
    )  # fmt: skip


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9, 16, 31])
def test_as_many_entries_cases_and_timers_as_there_are_come_back_in_their_order(store: SqlStore, count: int) -> None:
    cases = [Case(f"case-{number}", NOW, CaseState.SUBMITTED, tcn=f"{number}") for number in range(count)]
    with store.transaction() as tx:
        for number, case in enumerate(cases):
            tx.append_entry(entry(number))
            tx.save_case(case)
            tx.set_timer(Timer(f"timer-{number}", case.case_id, "wait", NOW))
    assert store.entries() == [entry(number) for number in range(count)]
    assert [timer.id for timer in store.due_timers(NOW, 99)] == [f"timer-{number}" for number in range(count)]
    with store.transaction() as tx:
        tx.foresee([case.case_id for case in cases] + ["case-of-nobody"])
        assert [tx.case(case.case_id) for case in cases] == tx.cases() == cases
        assert tx.case("case-of-nobody") is None


def test_a_case_that_was_saved_after_it_was_foreseen_is_the_saved_one(store: SqlStore) -> None:
    old, new = (Case("case-1", NOW, state) for state in (CaseState.SUBMITTED, CaseState.SEARCHING))
    with store.transaction() as tx:
        tx.save_case(old)
    with store.transaction() as tx:
        tx.foresee(["case-1", "case-2"])
        tx.save_case(new)
        assert tx.case("case-2") is None
        assert tx.case("case-1") == new


def test_rows_marked_together_are_told_apart_by_whether_they_waited_and_each_keeps_its_own_receipt(
    store: SqlStore,
) -> None:
    keys = [MessageKey("agency", f"car-{number}") for number in range(4)]
    other = MessageKey("jail", "car-0")  # another one's of the same id stays as it is
    with store.transaction() as tx:
        tx.put_inbox_all([(envelope(number), NOW, b"ours") for number in range(4)])
        tx.put_inbox(envelope(0, "jail"), NOW, b"ours")
        for number in range(4):
            tx.put_outbox(envelope(number))
        tx.mark_handled(keys[1], NOW)
        tx.mark_delivered(keys[2], NOW, b"first")
    with store.transaction() as tx:
        assert tx.mark_handled_all(keys, LATER) == [True, False, True, True]
        delivered = [(key, bytes([0, 39, 92, 255, number])) for number, key in enumerate(keys)]
        assert tx.mark_delivered_all(delivered, LATER) == [True, True, False, True]
        assert tx.delivery_receipt(keys[3]) == bytes([0, 39, 92, 255, 3])
        assert tx.delivery_receipt(keys[2]) == b"first"
        assert (tx.mark_handled_all([], LATER), tx.mark_delivered_all([], LATER)) == ([], [])
    assert store.due_inbox(LATER, 9) == [other]
    assert store.due_outbox(LATER, 9) == []
    with pytest.raises(StorageError, match="STORE_ROW_MISSING"), store.transaction() as tx:
        tx.mark_handled_all([other, MessageKey("jail", "car-9")], LATER)
    assert store.due_inbox(LATER, 9) == [other]


def test_a_timer_that_is_cancelled_in_its_own_transaction_never_fires(store: SqlStore) -> None:
    with store.transaction() as tx:
        tx.set_timer(Timer("a", "case-1", "wait", NOW))
        tx.set_timer(Timer("b", "case-1", "hold", NOW))
        tx.cancel_timers("case-1", "wait")
        tx.set_timer(Timer("c", "case-1", "wait", NOW))
    assert [timer.id for timer in store.due_timers(NOW, 9)] == ["b", "c"]


def test_a_timer_that_was_set_in_a_part_that_is_undone_is_not_there(store: SqlStore) -> None:
    with store.transaction() as tx:
        tx.set_timer(Timer("a", "case-1", "wait", NOW))
        with pytest.raises(StorageError), tx.savepoint():
            tx.set_timer(Timer("b", "case-1", "wait", NOW))
            tx.cancel_timers("case-1", "wait")
            raise StorageError("STORE_FULL", "no room")
    assert [timer.id for timer in store.due_timers(NOW, 9)] == ["a"]


def test_a_server_gets_rows_in_statements_of_which_its_driver_remembers_the_words() -> None:
    columns = len(statements.INSERT_ENTRY.table.c)
    given = list(quick.portions(33, columns))
    assert sum(given) == 33
    assert given == sorted(given, reverse=True)
    assert 1 < max(given) <= quick.MOST_PARAMETERS / columns
    assert list(quick.portions(3, 1_000)) == [1, 1, 1]
