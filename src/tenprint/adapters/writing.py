"""The `Transaction` port: what may be written into one party's database, all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tenprint.adapters import quick, rows, statements, tables
from tenprint.adapters.database import is_near
from tenprint.adapters.erasing import Eraser
from tenprint.adapters.reading import Reader, case_in, frontier_in, row_of
from tenprint.adapters.restoring import Restorer
from tenprint.adapters.statements import BOXES
from tenprint.core.errors import SenderError, StorageError
from tenprint.core.fingers import FingerPosition
from tenprint.core.template import Template
from tenprint.exchange.model.case import Case, Task, Timer
from tenprint.exchange.model.envelope import Envelope, MessageKey
from tenprint.exchange.ports import Blobs, Queue, RowKey
from tenprint.ledger.checkpoint import Checkpoint
from tenprint.ledger.entry import Entry
from tenprint.ledger.tree import Frontier, leaf_hash


class Writer(Eraser, Restorer, Reader):
    """One write transaction; the store commits it or rolls it back.

    Args:
        connection: open, inside a transaction that may write.
        blobs: where long bodies go.
        has_returned: messages came back after a restore (`restoring`).
    """

    def __init__(self, connection: sa.Connection, blobs: Blobs, *, has_returned: bool = False) -> None:
        super().__init__(connection, blobs)
        self.has_returned = has_returned
        self._inserts = statements.inserts(connection.dialect.name)
        self._frontier: Frontier | None = None
        self._frontier_is_new = False
        self._asked_frontier: quick.Answer | None = None
        if not is_near(connection):
            # It travels with whatever is asked first; nearly every transaction needs it.
            self._asked_frontier = quick.run(connection, statements.FRONTIER, {})
        # Rows that only this transaction knows and that nobody asks for mostly: written together at the end.
        self._entries: list[rows.Values] = []
        self._queued: dict[Queue, list[rows.Values]] = {queue: [] for queue in BOXES}
        self._saved_cases: dict[str, Case] = {}
        self._cases: dict[str, Case | None] = {}
        self._timers: list[rows.Values] = []
        self._foreseen: dict[str, quick.Answer] = {}
        self._savepoints = 0
        self.has_queued = False
        """Whether this transaction gave the worker loop something to do."""
        self.has_enrolled = False
        """Whether this transaction queued an enrolment."""

    @property
    def _connection(self) -> sa.Connection:
        self._write_collected()
        quick.apart(self._open)  # whoever asks by SQLAlchemy looks at the answer at once
        return self._open

    def foresee(self, case_ids: Iterable[str]) -> None:
        """Say which cases will be asked for: a server sends them along with what it is asked first."""
        if not is_near(self._open):
            self._foreseen = {each: quick.run(self._open, statements.CASE, {"b_id": each}) for each in case_ids}

    def case(self, case_id: str) -> Case | None:
        """Return the case, or None."""
        if case_id not in self._cases:
            foreseen = self._foreseen.pop(case_id, None)
            self._cases[case_id] = super().case(case_id) if foreseen is None else case_in(foreseen.first())
        return self._cases[case_id]

    def case_by_tcn(self, ori: str, tcn: str) -> Case | None:
        """Return the case of the submission with this ORI and TCN, or None; the oldest if there are several."""
        self._write_cases()
        return super().case_by_tcn(ori, tcn)

    def save_case(self, case: Case) -> None:
        """Insert or replace a case."""
        self._cases[case.case_id] = self._saved_cases[case.case_id] = case

    def save_task(self, task: Task) -> None:
        """Insert or replace a task."""
        quick.run(self._open, self._inserts.task, rows.task_values(task), sets=True)
        if self.has_returned and task.decided_at is not None:
            self._release_answers(task.case_id)

    def set_timer(self, timer: Timer) -> None:
        """Insert a timer; one with the same id is left as it is."""
        self._timers.append(rows.timer_values(timer) | {"state": tables.WAITING})
        self.has_queued = True

    def cancel_timers(self, case_id: str, purpose: str) -> None:
        """Remove timers of this purpose that have not fired."""
        if any((timer["case_id"], timer["purpose"]) == (case_id, purpose) for timer in self._timers):
            self._write_timers()
        quick.run(self._open, statements.CANCEL_TIMERS, {"b_case": case_id, "b_purpose": purpose})

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Open a part of this transaction: an exception inside undoes that part only, and goes on upwards."""
        self._savepoints += 1
        name = f"part{self._savepoints}"
        ledger = self._frontier, self._frontier_is_new
        entries, timers, cases = list(self._entries), list(self._timers), dict(self._saved_cases)
        queued = {queue: list(waiting) for queue, waiting in self._queued.items()}
        quick.say(self._open, f"SAVEPOINT {name}")
        try:
            yield
        except sa.exc.SQLAlchemyError:
            raise  # the database's own error: there may be no savepoint any more, and the whole transaction ends
        except BaseException:
            quick.say(self._open, f"ROLLBACK TO SAVEPOINT {name}")
            self._frontier, self._frontier_is_new = ledger
            self._entries, self._queued, self._saved_cases = entries, queued, cases
            self._timers = timers
            self._cases.clear()
            self._cases.update(cases)
            raise
        quick.say(self._open, f"RELEASE SAVEPOINT {name}")

    def put_outbox(self, envelope: Envelope) -> bool:
        """Queue a signed message for delivery; False when this very message was queued before.

        Raises:
            SenderError: ``MESSAGE_ID_REUSED`` when its sender gave this id to another message.
        """
        box = _EMPTY[Queue.OUTBOX] | _waiting(envelope.sent_at)
        return self._put(Queue.OUTBOX, envelope, box, self._ask_to_put(Queue.OUTBOX, envelope, box))

    def put_inbox(self, envelope: Envelope, received_at: datetime, receipt: bytes) -> bool:
        """Take a message in, with the signed receipt; False when this very message was taken before.

        Raises:
            SenderError: ``MESSAGE_ID_REUSED`` when its sender gave this id to another message.
        """
        return self.put_inbox_all([(envelope, received_at, receipt)])[0]

    def put_inbox_all(self, arrivals: Sequence[tuple[Envelope, datetime, bytes]]) -> list[bool]:
        """Take messages in, each with its time and receipt, as `put_inbox` does with one; a server is asked once."""
        boxed = [
            _EMPTY[Queue.INBOX] | _waiting(received_at) | {"received_at": rows.time_text(received_at), "receipt": mine}
            for _, received_at, mine in arrivals
        ]
        asked = [self._ask_to_put(Queue.INBOX, arrival[0], box) for arrival, box in zip(arrivals, boxed, strict=True)]
        return [
            self._put(Queue.INBOX, envelope, box, answer)
            for (envelope, _, _), box, answer in zip(arrivals, boxed, asked, strict=True)
        ]

    def mark_handled(self, key: MessageKey, at: datetime) -> bool:
        """Mark an inbox row handled; False when it was not waiting any more: then another worker was faster."""
        return self.mark_handled_all([key], at)[0]

    def mark_handled_all(self, keys: Sequence[MessageKey], at: datetime) -> list[bool]:
        """Mark inbox rows handled, as `mark_handled` does with one; a server is asked once."""
        done = {"b_at": rows.time_text(at)}
        return self._mark(Queue.INBOX, statements.MARK_HANDLED, [(key, done) for key in keys])

    def mark_delivered(self, key: MessageKey, at: datetime, receipt: bytes) -> bool:
        """Mark an outbox row delivered, with the receiver's receipt; False when it was not waiting any more."""
        return self.mark_delivered_all([(key, receipt)], at)[0]

    def mark_delivered_all(self, delivered: Sequence[tuple[MessageKey, bytes]], at: datetime) -> list[bool]:
        """Mark outbox rows delivered, each with its receipt, as `mark_delivered` does; a server is asked once."""
        moment = rows.time_text(at)
        marks = [(key, {"b_at": moment, "b_receipt": receipt}) for key, receipt in delivered]
        return self._mark(Queue.OUTBOX, statements.MARK_DELIVERED, marks)

    def mark_failed(self, queue: Queue, key: RowKey, code: str, next_try: datetime | None) -> bool:
        """Count a failed attempt of a row; without `next_try` it becomes a dead letter. False: it did not wait."""
        table, _ = row_of(queue, key)
        failed = {
            "attempts": table.c.attempts + 1,
            "failure": code,
            "due_at": rows.time_text(next_try),
            "state": tables.DEAD if next_try is None else tables.WAITING,
        }
        return self._finish(queue, key, failed)

    def hasten(self, recipient: str, at: datetime, most: int) -> None:
        """Make due at `at` what waits for a receiver because it could not be reached: the first `most` messages."""
        named = {"b_recipient": statements.naming_recipient(recipient), "b_at": rows.time_text(at), "b_most": most}
        quick.run(self._open, statements.HASTEN, named)

    def revive(self, queue: Queue, key: RowKey, at: datetime) -> bool:
        """Make a dead letter due again at `at`, with its attempts counted anew; False when it is none."""
        table, which = row_of(queue, key)
        waiting = {"state": tables.WAITING, "due_at": rows.time_text(at), "attempts": 0}
        query = sa.update(table).where(which, table.c.state == tables.DEAD).values(waiting)
        self.has_queued = True
        return self._connection.execute(query).rowcount == 1

    def mark_fired(self, timer_id: str, at: datetime) -> None:
        """Mark a timer fired."""
        done = {"state": tables.DONE, "fired_at": rows.time_text(at)}
        self._update(tables.timers, tables.timers.c.id == timer_id, done)

    def put_enrolment(self, subject_id: str, templates: Mapping[FingerPosition, Template], at: datetime) -> None:
        """Queue an enrolment into this party's gallery, due at `at`; the same one again changes nothing."""
        self.has_queued = self.has_enrolled = True
        row = {"subject_id": subject_id, "templates": rows.templates_text(templates), **_waiting(at)}
        quick.run(self._open, self._inserts.enrolment, row, sets=True)

    def keep_exemplar(self, subject_id: str, digest: str, at: datetime) -> bool:
        """Note that a subject is enrolled under a kept file; False when that was noted before."""
        row = {"subject_id": subject_id, "file_sha256": digest, "kept_at": rows.time_text(at)}
        return self._insert(self._inserts.exemplar, row)

    def forget_prints(self, subject_id: str) -> None:
        """Remove a subject's enrolment and exemplars for good; a later enrolment under this id changes nothing."""
        exemplars = tables.exemplars
        self._connection.execute(sa.delete(exemplars).where(exemplars.c.subject_id == subject_id))
        gone = {"templates": rows.templates_text({}), "state": tables.FORGOTTEN, "due_at": None, "attempts": 0}
        quick.run(self._open, self._inserts.forgetting, {"subject_id": subject_id, "failure": "", **gone}, sets=True)

    def mark_enrolled(self, subject_id: str) -> None:
        """Mark a queued enrolment done."""
        if not quick.run(self._open, statements.MARK_ENROLLED, {"b_id": subject_id}).has_row():
            raise _missing(tables.enrolments)

    def frontier(self) -> Frontier:
        """Return the ledger's right edge with the entries of this transaction."""
        if self._frontier is None:
            asked, self._asked_frontier = self._asked_frontier, None
            self._frontier = super().frontier() if asked is None else frontier_in(asked.first())
        return self._frontier

    def append_entry(self, entry: Entry) -> None:
        """Append to the ledger; its sequence must be `ledger_size()`.

        Raises:
            StorageError: ``LEDGER_SEQUENCE`` when it is another.
        """
        frontier = self.frontier()
        if entry.fields.get("sequence") != frontier.size:
            raise StorageError("LEDGER_SEQUENCE", f"the next entry of this ledger is number {frontier.size}")
        leaf = leaf_hash(entry.leaf())
        self._entries.append(rows.entry_values(frontier.size, entry, leaf))
        self._frontier = frontier.append(leaf)
        self._frontier_is_new = True

    def put_checkpoint(self, size: int, root: bytes, signed_at: datetime, note: bytes) -> None:
        """Keep a signed checkpoint; the first one of a size stays."""
        row = {"size": size, "root": root.hex(), "signed_at": rows.time_text(signed_at), "note": note}
        self._insert(self._inserts.checkpoint, row)

    def keep_cosignature(self, size: int, witness: str, line: bytes, at: datetime) -> None:
        """Keep a witness's line under the checkpoint of that size; the first one stays."""
        row = {"size": size, "witness": witness, "line": line, "kept_at": rows.time_text(at)}
        self._insert(self._inserts.cosignature, row)

    def keep_witnessed(self, stated: Checkpoint, note: bytes, at: datetime, *, is_cosigned: bool) -> bool:
        """Keep another log's checkpoint that was shown here; False when it was kept before."""
        row = {
            "origin": stated.origin,
            "size": stated.size,
            "root": stated.root.hex(),
            "note": note,
            "seen_at": rows.time_text(at),
            "is_cosigned": is_cosigned,
        }
        return self._insert(self._inserts.witnessed, row)

    def finish(self) -> None:
        """Write what was collected: once a transaction, whatever number of entries it appended."""
        self._write_collected()
        if self._frontier is not None and self._frontier_is_new:
            row = {"id": 1, "size": self._frontier.size, "frontier": self._frontier.to_bytes()}
            quick.run(self._open, self._inserts.ledger_state, row, sets=True)

    def _ask_to_put(self, queue: Queue, envelope: Envelope, box: rows.Values) -> quick.Answer:
        """Give the message's row to the database, to a server with its row of the queue.

        What was inserted is in the answer, and nothing if the message was there.
        """
        self.has_queued = True
        values = rows.message_values(envelope, self._blobs)
        if is_near(self._open):
            return quick.run(self._open, self._inserts.message, values, sets=True)
        return quick.run(self._open, self._inserts.queued[queue], values | box)

    def _put(self, queue: Queue, envelope: Envelope, box: rows.Values, asked: quick.Answer) -> bool:
        inserted = asked.first()
        if inserted is None:
            self._write_queued(queue)
            return self._insert(self._inserts.box[queue], {"message": self._kept(envelope), **box})
        if is_near(self._open):
            self._queued[queue].append({"message": inserted[0], **box})
        return True

    def _kept(self, envelope: Envelope) -> int:
        """Return the row that holds this very message; a party that writes to itself holds it once.

        Raises:
            SenderError: ``MESSAGE_ID_REUSED`` when the row holds another one: nothing may be taken for it.
        """
        row = self._message_row(envelope.key)
        if row is None:
            raise _missing(tables.messages)
        if rows.heading_value(row).content_hash != envelope.content_hash:
            raise SenderError("MESSAGE_ID_REUSED", f"{envelope.sender} gave this id to another message before")
        return int(row.position)

    def _finish(self, queue: Queue, key: RowKey, values: rows.Values) -> bool:
        """Change a row that waits; tell whether it did.

        Raises:
            StorageError: ``STORE_ROW_MISSING`` when there is no such row.
        """
        table, which = row_of(queue, key)
        query = sa.update(table).where(which, table.c.state == tables.WAITING).values(values)
        return self._connection.execute(query).rowcount == 1 or self._refuse_missing(queue, key)

    def _refuse_missing(self, queue: Queue, key: RowKey) -> bool:
        """Return False for a row that does not wait any more.

        Raises:
            StorageError: ``STORE_ROW_MISSING`` when there is no such row.
        """
        table, which = row_of(queue, key)
        if self._connection.execute(sa.select(table.c.position).where(which)).first() is None:
            raise _missing(table)
        return False

    def _update(self, table: sa.Table, which: sa.ColumnElement[bool], values: rows.Values) -> None:
        if self._connection.execute(sa.update(table).where(which).values(values)).rowcount != 1:
            raise _missing(table)

    def _mark(self, queue: Queue, update: Any, marks: Sequence[tuple[MessageKey, rows.Values]]) -> list[bool]:
        """Finish rows that wait, as `_finish` does, with a statement made before."""
        self._write_queued(queue)
        asked = [
            quick.run(self._open, update, {"b_sender": key.sender, "b_id": key.id, **values}) for key, values in marks
        ]
        done = [answer.has_row() for answer in asked]
        return [was or self._refuse_missing(queue, key) for was, (key, _) in zip(done, marks, strict=True)]

    def _insert(self, insert: sa.Insert, values: rows.Values) -> bool:
        """Insert unless a row with this key is there; tell whether it was inserted."""
        return quick.run(self._open, insert, values, sets=True).has_row()

    def _write_cases(self) -> None:
        if self._saved_cases:
            saved = [rows.case_values(case) for case in self._saved_cases.values()]
            quick.run_many(self._open, self._inserts.case, saved)
            self._saved_cases = {}

    def _write_timers(self) -> None:
        if self._timers:
            quick.run_many(self._open, self._inserts.timer, self._timers)
            self._timers = []

    def _write_collected(self) -> None:
        self._write_cases()
        self._write_timers()
        if self._entries:
            quick.run_many(self._open, statements.INSERT_ENTRY, self._entries)
            self._entries = []
        for queue in self._queued:
            self._write_queued(queue)

    def _write_queued(self, queue: Queue) -> None:
        if self._queued[queue]:
            quick.run_many(self._open, statements.INSERT_BOX[queue], self._queued[queue])
            self._queued[queue] = []


_EMPTY: dict[Queue, rows.Values] = {
    Queue.INBOX: {"handled_at": None},
    Queue.OUTBOX: {"receipt": None, "delivered_at": None},
}
"""Columns of a queue's row that nobody has filled yet."""


def _waiting(due: datetime) -> rows.Values:
    """Return the columns of a queue's row that has not been tried yet."""
    return {"state": tables.WAITING, "due_at": rows.time_text(due), "attempts": 0, "failure": ""}


def _missing(table: sa.Table) -> StorageError:
    return StorageError("STORE_ROW_MISSING", f"a row of {table.name} that should be there is not")
