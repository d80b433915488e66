"""The `Transaction` port: what may be written into one party's database, all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from tenprint.adapters import rows, tables
from tenprint.adapters.erasing import Eraser
from tenprint.adapters.reading import BOXES, Reader, row_of
from tenprint.core.errors import SenderError, StorageError
from tenprint.core.fingers import FingerPosition
from tenprint.core.template import Template
from tenprint.exchange.model.case import Case, Task, Timer
from tenprint.exchange.model.envelope import Envelope, MessageKey
from tenprint.exchange.ports import Blobs, Queue, RowKey
from tenprint.ledger.checkpoint import Checkpoint
from tenprint.ledger.entry import Entry
from tenprint.ledger.tree import Frontier, leaf_hash


class Writer(Eraser, Reader):
    """One write transaction; the store commits it or rolls it back.

    Args:
        connection: open, inside a transaction that may write.
        blobs: where long bodies go.
    """

    def __init__(self, connection: sa.Connection, blobs: Blobs) -> None:
        super().__init__(connection, blobs)
        self._frontier: Frontier | None = None
        self._frontier_is_new = False

    def save_case(self, case: Case) -> None:
        """Insert or replace a case."""
        self._save(tables.cases, rows.case_values(case))

    def save_task(self, task: Task) -> None:
        """Insert or replace a task."""
        self._save(tables.tasks, rows.task_values(task))

    def set_timer(self, timer: Timer) -> None:
        """Insert a timer; one with the same id is left as it is."""
        self._insert_once(tables.timers, "id", rows.timer_values(timer) | {"state": tables.WAITING})

    def cancel_timers(self, case_id: str, purpose: str) -> None:
        """Remove timers of this purpose that have not fired."""
        table = tables.timers
        self._connection.execute(
            sa.delete(table).where(
                table.c.case_id == case_id, table.c.purpose == purpose, table.c.state == tables.WAITING
            )
        )

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Open a part of this transaction: an exception inside undoes that part only, and goes on upwards."""
        ledger = self._frontier, self._frontier_is_new
        try:
            with self._connection.begin_nested():
                yield
        except BaseException:
            self._frontier, self._frontier_is_new = ledger
            raise

    def put_outbox(self, envelope: Envelope) -> bool:
        """Queue a signed message for delivery; False when this very message was queued before.

        Raises:
            SenderError: ``MESSAGE_ID_REUSED`` when its sender gave this id to another message.
        """
        return self._put(Queue.OUTBOX, envelope, envelope.sent_at, {})

    def put_inbox(self, envelope: Envelope, received_at: datetime, receipt: bytes) -> bool:
        """Take a message in, with the signed receipt; False when this very message was taken before.

        Raises:
            SenderError: ``MESSAGE_ID_REUSED`` when its sender gave this id to another message.
        """
        more = {"received_at": rows.time_text(received_at), "receipt": receipt}
        return self._put(Queue.INBOX, envelope, received_at, more)

    def mark_handled(self, key: MessageKey, at: datetime) -> None:
        """Mark an inbox row handled."""
        done = {"state": tables.DONE, "due_at": None, "handled_at": rows.time_text(at)}
        self._update(*row_of(Queue.INBOX, key), done)

    def mark_delivered(self, key: MessageKey, at: datetime, receipt: bytes) -> None:
        """Mark an outbox row delivered, with the receiver's receipt."""
        done = {"state": tables.DONE, "due_at": None, "delivered_at": rows.time_text(at), "receipt": receipt}
        self._update(*row_of(Queue.OUTBOX, key), done)

    def mark_failed(self, queue: Queue, key: RowKey, code: str, next_try: datetime | None) -> None:
        """Count a failed attempt of a row; without `next_try` it becomes a dead letter."""
        table, which = row_of(queue, key)
        failed = {
            "attempts": table.c.attempts + 1,
            "failure": code,
            "due_at": rows.time_text(next_try),
            "state": tables.DEAD if next_try is None else tables.WAITING,
        }
        self._update(table, which, failed)

    def revive(self, queue: Queue, key: RowKey, at: datetime) -> bool:
        """Make a dead letter due again at `at`, with its attempts counted anew; False when it is none."""
        table, which = row_of(queue, key)
        waiting = {"state": tables.WAITING, "due_at": rows.time_text(at), "attempts": 0}
        query = sa.update(table).where(which, table.c.state == tables.DEAD).values(waiting)
        return self._connection.execute(query).rowcount == 1

    def mark_fired(self, timer_id: str, at: datetime) -> None:
        """Mark a timer fired."""
        done = {"state": tables.DONE, "fired_at": rows.time_text(at)}
        self._update(tables.timers, tables.timers.c.id == timer_id, done)

    def put_enrolment(self, subject_id: str, templates: Mapping[FingerPosition, Template], at: datetime) -> None:
        """Queue an enrolment into this party's gallery, due at `at`; the same one again changes nothing."""
        table = tables.enrolments
        text = rows.templates_text(templates)
        stored = self._connection.execute(sa.select(table.c.templates).where(table.c.subject_id == subject_id))
        if stored.scalar_one_or_none() != text:
            row = {"subject_id": subject_id, "templates": text, **_waiting(at)}
            self._save(table, row, key="subject_id")

    def keep_exemplar(self, subject_id: str, digest: str, at: datetime) -> bool:
        """Note that a subject is enrolled under a kept file; False when that was noted before."""
        row = {"subject_id": subject_id, "file_sha256": digest, "kept_at": rows.time_text(at)}
        return self._insert_once(tables.exemplars, ("subject_id", "file_sha256"), row)

    def mark_enrolled(self, subject_id: str) -> None:
        """Mark a queued enrolment done."""
        self._update(*row_of(Queue.ENROLMENTS, subject_id), {"state": tables.DONE, "due_at": None})

    def frontier(self) -> Frontier:
        """Return the ledger's right edge with the entries of this transaction."""
        if self._frontier is None:
            # Whoever appends next waits here; SQLite has one writer anyway and leaves the lock out.
            state = tables.ledger_state
            self._connection.execute(sa.select(state.c.size).with_for_update())
            self._frontier = super().frontier()
        return self._frontier

    def append_entry(self, entry: Entry) -> None:
        """Append to the ledger; its sequence must be `ledger_size()`.

        Raises:
            StorageError: ``LEDGER_SEQUENCE`` when it is another.
        """
        frontier = self.frontier()
        if entry.fields.get("sequence") != frontier.size:
            raise StorageError("LEDGER_SEQUENCE", f"the next entry of this ledger is number {frontier.size}")
        self._connection.execute(sa.insert(tables.ledger_entries).values(rows.entry_values(frontier.size, entry)))
        self._frontier = frontier.append(leaf_hash(entry.leaf()))
        self._frontier_is_new = True

    def put_checkpoint(self, size: int, root: bytes, signed_at: datetime, note: bytes) -> None:
        """Keep a signed checkpoint; the first one of a size stays."""
        row = {"size": size, "root": root.hex(), "signed_at": rows.time_text(signed_at), "note": note}
        self._insert_once(tables.checkpoints, "size", row)

    def keep_cosignature(self, size: int, witness: str, line: bytes, at: datetime) -> None:
        """Keep a witness's line under the checkpoint of that size; the first one stays."""
        row = {"size": size, "witness": witness, "line": line, "kept_at": rows.time_text(at)}
        self._insert_once(tables.cosignatures, ("size", "witness"), row)

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
        return self._insert_once(tables.witnessed, ("origin", "size", "root"), row)

    def finish(self) -> None:
        """Write what was collected: once a transaction, whatever number of entries it appended."""
        if self._frontier is not None and self._frontier_is_new:
            row = {"id": 1, "size": self._frontier.size, "frontier": self._frontier.to_bytes()}
            self._save(tables.ledger_state, row)

    def _put(self, queue: Queue, envelope: Envelope, due: datetime, more: rows.Values) -> bool:
        box, position = BOXES[queue], self._kept(envelope)
        if position is None:
            query = sa.insert(tables.messages).values(rows.message_values(envelope, self._blobs))
            position = self._connection.execute(query.returning(tables.messages.c.position)).scalar_one()
        return self._insert_once(box, "message", {"message": position, **_waiting(due), **more})

    def _kept(self, envelope: Envelope) -> int | None:
        """Return the row that holds this very message, or None; a party that writes to itself holds it once.

        Raises:
            SenderError: ``MESSAGE_ID_REUSED`` when the row holds another one: nothing may be taken for it.
        """
        row = self._message_row(envelope.key)
        if row is None:
            return None
        if rows.heading_value(row).content_hash != envelope.content_hash:
            raise SenderError("MESSAGE_ID_REUSED", f"{envelope.sender} gave this id to another message before")
        return int(row.position)

    def _update(self, table: sa.Table, which: sa.ColumnElement[bool], values: rows.Values) -> None:
        if self._connection.execute(sa.update(table).where(which).values(values)).rowcount != 1:
            raise StorageError("STORE_ROW_MISSING", f"a row of {table.name} that should be there is not")

    def _save(self, table: sa.Table, values: rows.Values, key: str = "id") -> None:
        changed = self._connection.execute(sa.update(table).where(table.c[key] == values[key]).values(values))
        if changed.rowcount == 0:
            self._connection.execute(sa.insert(table).values(values))

    def _insert_once(self, table: sa.Table, key: str | tuple[str, ...], values: rows.Values) -> bool:
        """Insert unless a row with this key is there; tell whether it was inserted. Both databases know the clause."""
        insert = postgresql.insert if self._connection.dialect.name == "postgresql" else sqlite.insert
        query = (
            insert(table).values(values).on_conflict_do_nothing(index_elements=[key] if isinstance(key, str) else key)
        )
        return self._connection.execute(query).rowcount == 1


def _waiting(due: datetime) -> rows.Values:
    """Return the columns of a queue's row that has not been tried yet."""
    return {"state": tables.WAITING, "due_at": rows.time_text(due), "attempts": 0, "failure": ""}
