"""What can be asked of one party's database over one connection, inside whatever transaction that connection is in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tenprint.adapters import quick, rows, statements, tables, witnessing
from tenprint.adapters.database import is_near
from tenprint.adapters.statements import BOXES
from tenprint.core.errors import StorageError, TenprintError
from tenprint.core.fingers import FingerPosition
from tenprint.core.template import Template
from tenprint.exchange.model.case import Case, Task, Timer
from tenprint.exchange.model.envelope import Envelope, Heading, MessageKey
from tenprint.exchange.model.known import erased_number
from tenprint.exchange.model.stored import ENROLMENT, DeadLetter, Erasure, ErasureKind, WitnessedNote
from tenprint.exchange.ports import Blobs, Queue, RowKey
from tenprint.ledger.entry import Entry
from tenprint.ledger.tree import Frontier
from tenprint.ledger.witness import Seen


def _earliest_of(*times: sa.Select[Any]) -> sa.Select[Any]:
    """Return one question for the earliest of several times: every page asks it of every party."""
    found = sa.union_all(*times).subquery()
    return sa.select(sa.func.min(found.c[0]))


_QUEUE_TIMES = tuple(sa.select(sa.func.min(table.c.due_at)) for table in (*BOXES.values(), tables.enrolments))
# Nobody waits for the end of a period of keeping: a clock that jumps to what is due next never jumps over years.
_TIMER_TIME = sa.select(sa.func.min(tables.timers.c.due_at)).where(sa.text(tables.IS_AWAITED))
NEXT_QUEUE_DUE = _earliest_of(*_QUEUE_TIMES)
NEXT_DUE = _earliest_of(*_QUEUE_TIMES, _TIMER_TIME)


class Reader:
    """The questions of the `Transaction` port, and those that only pages and commands ask.

    Args:
        connection: open, inside a transaction.
        blobs: where long bodies lie.
    """

    def __init__(self, connection: sa.Connection, blobs: Blobs) -> None:
        self._open = connection
        self._blobs = blobs

    @property
    def _connection(self) -> sa.Connection:
        """Return the connection; a writer first writes what it has collected."""
        return self._open

    def case(self, case_id: str) -> Case | None:
        """Return the case, or None."""
        return case_in(quick.first(self._open, statements.CASE, {"b_id": case_id}))

    def case_by_tcn(self, ori: str, tcn: str) -> Case | None:
        """Return the case of the submission with this ORI and TCN, or None; the oldest if there are several."""
        asked = {"b_ori": ori, "b_tcn": tcn, "b_erased": erased_number(ori, tcn)}
        return case_in(quick.first(self._open, statements.CASE_BY_TCN, asked))

    def cases(self) -> list[Case]:
        """Return all cases, oldest first."""
        query = sa.select(tables.cases).order_by(tables.cases.c.position)
        return [rows.case_value(row) for row in self._connection.execute(query)]

    def task(self, task_id: str) -> Task | None:
        """Return the task, or None."""
        row = quick.first(self._open, statements.TASK, {"b_id": task_id})
        return None if row is None else rows.task_value(row)

    def tasks(self, case_id: str | None = None, *, open_only: bool = False) -> list[Task]:
        """Return tasks, oldest first."""
        return [rows.task_value(row) for row in self._connection.execute(tasks_query(case_id, open_only=open_only))]

    def message(self, key: MessageKey) -> Envelope | None:
        """Return a message received or sent by this party, or None."""
        row = self._message_row(key)
        return None if row is None else rows.message_value(row, self._blobs)

    def load(self, keys: Sequence[MessageKey], most_bytes: int) -> list[tuple[MessageKey, Envelope | TenprintError]]:
        """Return the first of these messages, or for each why it cannot be read, as many as fit; at least one."""
        found = self._found_at_once(keys)
        loaded: list[tuple[MessageKey, Envelope | TenprintError]] = []
        for key in keys:
            row = self._message_row(key) if found is None else found.get(key)
            most_bytes -= row.body_size if row is not None else 0
            if loaded and most_bytes < 0:
                break
            loaded.append((key, self._message_or_why(key, row)))
        return loaded

    def _found_at_once(self, keys: Sequence[MessageKey]) -> dict[MessageKey, rows.Row] | None:
        """Return the rows of these messages in one trip to a server; None on SQLite, where a trip costs nothing."""
        if is_near(self._open):
            return None
        asked = {"b_senders": sorted({key.sender for key in keys}), "b_ids": [key.id for key in keys]}
        found = quick.every(self._connection, statements.MESSAGES, asked)
        return {MessageKey(row.sender, row.id): row for row in found}

    def _message_or_why(self, key: MessageKey, row: rows.Row | None) -> Envelope | TenprintError:
        if row is None:
            return StorageError("MESSAGE_MISSING", f"there is no message {key}")
        try:
            return rows.message_value(row, self._blobs)
        except TenprintError as problem:
            return problem

    def messages(self, case_id: str) -> list[Envelope]:
        """Return messages of a case that this party received or sent, in the order in which it wrote them."""
        return [rows.message_value(row, self._blobs) for row in self._messages_of(case_id)]

    def heading(self, key: MessageKey) -> Heading | None:
        """Return a message's header without reading its body, or None."""
        row = self._message_row(key)
        return None if row is None else rows.heading_value(row)

    def headings(self, case_id: str) -> list[Heading]:
        """Return the headers of `messages` without reading a body."""
        return [rows.heading_value(row) for row in self._messages_of(case_id)]

    def receipt_of(self, key: MessageKey) -> bytes | None:
        """Return the receipt that was signed when this message was first taken in, or None."""
        return self._receipt(Queue.INBOX, key)

    def delivery_receipt(self, key: MessageKey) -> bytes | None:
        """Return the receiver's receipt for a message that this party sent, or None while it is under way."""
        return self._receipt(Queue.OUTBOX, key)

    def failures_of(self, queue: Queue, key: RowKey) -> int:
        """Return how often working on this row of the queue has failed; 0 when there is none."""
        table, which = row_of(queue, key)
        return int(self._connection.execute(sa.select(table.c.attempts).where(which)).scalar_one_or_none() or 0)

    def is_dead_letter(self, queue: Queue, key: RowKey) -> bool:
        """Tell whether this row was given up."""
        table, which = row_of(queue, key)
        return self._connection.execute(sa.select(table.c.state).where(which)).scalar_one_or_none() == tables.DEAD

    def due_messages(self, queue: Queue, now: datetime, limit: int) -> list[MessageKey]:
        """Return waiting messages of `inbox` or `outbox` whose time has come, in the order in which it came."""
        found = quick.every(self._connection, statements.DUE[queue], {"now": rows.time_text(now), "most": limit})
        return [MessageKey(row.sender, row.id) for row in found]

    def due_enrolments(self, now: datetime, limit: int) -> list[str]:
        """Return the subjects of queued enrolments whose time has come, in the order in which it came."""
        asked = {"now": rows.time_text(now), "most": limit}
        return [row.subject_id for row in quick.every(self._connection, statements.DUE_ENROLMENTS, asked)]

    def enrolment(self, subject_id: str) -> dict[FingerPosition, Template]:
        """Return the templates of a queued enrolment.

        Raises:
            StorageError: ``STORE_ROW_MISSING`` or ``STORE_DAMAGED``.
        """
        row = quick.first(self._connection, statements.ENROLMENT, {"b_id": subject_id})
        if row is None:
            raise StorageError("STORE_ROW_MISSING", "an enrolment that should be queued is not")
        return rows.templates_value(row.templates)

    def forgotten(self, subject_ids: Iterable[str]) -> frozenset[str]:
        """Return those of the subjects whose prints were removed for good."""
        asked = ({"b_id": subject_id} for subject_id in subject_ids)
        found = (quick.first(self._open, statements.FORGOTTEN, one) for one in asked)
        return frozenset(row.subject_id for row in found if row is not None)

    def erasures(self, limit: int) -> list[Erasure]:
        """Return what is to be removed from the disk, in the order in which it was listed."""
        listed = quick.every(self._connection, statements.ERASURES, {"most": limit})
        return [Erasure(ErasureKind(row.kind), row.name) for row in listed]

    def due_timers(self, now: datetime, limit: int) -> list[Timer]:
        """Return unfired timers whose time has come, earliest first."""
        asked = {"now": rows.time_text(now), "most": limit}
        return [rows.timer_value(row) for row in quick.every(self._connection, statements.DUE_TIMERS, asked)]

    def next_due(self) -> datetime | None:
        """Return the earliest time at which a row of a queue or a timer becomes due, or None."""
        return self._earliest(NEXT_DUE)

    def next_queue_due(self) -> datetime | None:
        """Return the earliest time at which a row of a queue is to be worked on, or None."""
        return self._earliest(NEXT_QUEUE_DUE)

    def _earliest(self, query: sa.Select[Any]) -> datetime | None:
        return rows.time_value(quick.first(self._connection, query, {})[0])

    def dead_letters(self) -> list[DeadLetter]:
        """Return what was given up, queue by queue, oldest first."""
        found = []
        message = tables.messages
        for queue, box in BOXES.items():
            query = (
                sa.select(message.c.sender, message.c.id, message.c.kind, message.c.case_id)
                .add_columns(box.c.position, box.c.attempts, box.c.failure)
                .join(box, box.c.message == message.c.position)
                .where(box.c.state == tables.DEAD)
                .order_by(box.c.position)
            )
            for row in self._connection.execute(query):
                key = MessageKey(row.sender, row.id)
                found.append(DeadLetter(queue, key, row.kind, row.case_id, row.attempts, row.failure, row.position))
        table = tables.enrolments
        given_up = sa.select(table).where(table.c.state == tables.DEAD).order_by(table.c.position)
        for row in self._connection.execute(given_up):
            key = row.subject_id
            found.append(DeadLetter(Queue.ENROLMENTS, key, ENROLMENT, "", row.attempts, row.failure, row.position))
        return found

    def message_counts(self) -> Counter[str]:
        """Return how many messages of each kind this party sent."""
        query = (
            sa.select(tables.messages.c.kind, sa.func.count())
            .join(tables.outbox, tables.outbox.c.message == tables.messages.c.position)
            .group_by(tables.messages.c.kind)
        )
        return Counter({str(kind): int(count) for kind, count in self._connection.execute(query)})

    def ledger_size(self) -> int:
        """Return the number of ledger entries."""
        return self.frontier().size

    def frontier(self) -> Frontier:
        """Return the ledger's right edge: its size and what its root is made of."""
        return frontier_in(quick.first(self._connection, statements.FRONTIER, {}))

    def entries(self, start: int = 0, end: int | None = None) -> list[Entry]:
        """Return ledger entries from `start` up to and without `end`."""
        table = tables.ledger_entries
        query = sa.select(table).where(table.c.sequence >= start).order_by(table.c.sequence)
        if end is not None:
            query = query.where(table.c.sequence < end)
        return [rows.entry_value(row) for row in self._connection.execute(query)]

    def case_entries(self, case_id: str) -> list[Entry]:
        """Return the ledger entries of a case, in their order."""
        table = tables.ledger_entries
        query = sa.select(table).where(table.c.case_id == case_id).order_by(table.c.sequence)
        return [rows.entry_value(row) for row in self._connection.execute(query)]

    def case_places(self, case_id: str) -> list[int]:
        """Return the places of a case's ledger entries, in their order, also of such as cannot be read."""
        table = tables.ledger_entries
        query = sa.select(table.c.sequence).where(table.c.case_id == case_id).order_by(table.c.sequence)
        return [int(place) for place in self._connection.execute(query).scalars()]

    def leaf_hashes(self) -> list[bytes]:
        """Return the hash of every leaf of the ledger, as kept beside the entries; `ledger.verify` checks them."""
        query = sa.select(tables.ledger_entries.c.leaf_hash).order_by(tables.ledger_entries.c.sequence)
        return [bytes.fromhex(leaf) for leaf in self._connection.execute(query).scalars()]

    def exemplars(self, subject_id: str) -> list[str]:
        """Return the SHA-256 of the files under which a subject is enrolled, the newest first."""
        table = tables.exemplars
        query = sa.select(table.c.file_sha256).where(table.c.subject_id == subject_id)
        return list(self._connection.execute(query.order_by(table.c.position.desc())).scalars())

    def file(self, digest: str) -> bytes:
        """Return a kept file: a blob, or a message's short body.

        Raises:
            StorageError: ``STORE_BLOB_MISSING`` or ``STORE_BLOB_DAMAGED``.
        """
        table = tables.messages
        query = sa.select(table.c.body).where(table.c.body_sha256 == digest, table.c.body.is_not(None)).limit(1)
        try:
            return self._blobs.get(digest)
        except StorageError as problem:
            body = self._connection.execute(query).scalar_one_or_none()
            if body is None or problem.code != "STORE_BLOB_MISSING":
                raise
            return bytes(body)

    def checkpoints(self) -> list[bytes]:
        """Return all signed checkpoints of this ledger with their witnesses' lines, smallest first."""
        return witnessing.checkpoints(self._connection)

    def cosigned_sizes(self) -> dict[str, int]:
        """Return, by witness, the size of the newest checkpoint of this ledger that it cosigned."""
        return witnessing.cosigned_sizes(self._connection)

    def witnessed(self, origin: str) -> Seen:
        """Return what this party cosigned last of another log."""
        return witnessing.last_cosigned(self._connection, origin)

    def witnessed_notes(self) -> list[WitnessedNote]:
        """Return all checkpoints of other logs that this party was shown, cosigned or refused, by log and size."""
        return witnessing.notes(self._connection)

    def _message_row(self, key: MessageKey) -> rows.Row | None:
        row: rows.Row | None = quick.first(self._open, statements.MESSAGE, {"b_sender": key.sender, "b_id": key.id})
        return row

    def _messages_of(self, case_id: str) -> sa.CursorResult[Any]:
        table = tables.messages
        return self._connection.execute(sa.select(table).where(table.c.case_id == case_id).order_by(table.c.position))

    def _receipt(self, queue: Queue, key: MessageKey) -> bytes | None:
        table, which = row_of(queue, key)
        receipt = self._connection.execute(sa.select(table.c.receipt).where(which)).scalar_one_or_none()
        return None if receipt is None else bytes(receipt)


def tasks_query(case_id: str | None, *, open_only: bool) -> sa.Select[Any]:
    """Return the question for tasks, oldest first: of one case or of all, open ones or decided ones too."""
    table = tables.tasks
    query = sa.select(table)
    if case_id is not None:
        query = query.where(table.c.case_id == case_id)
    if open_only:
        query = query.where(table.c.decided_at.is_(None))
    # Sorting the open ones, which have an index, instead of walking all tasks in their order.
    return query.order_by(table.c.position + 0 if open_only and case_id is None else table.c.position)


def case_in(row: rows.Row | None) -> Case | None:
    """Return the case that a row holds, or None without a row."""
    return None if row is None else rows.case_value(row)


def frontier_in(row: rows.Row | None) -> Frontier:
    """Return the ledger's right edge that a row holds; without a row nothing was appended yet."""
    return Frontier() if row is None else Frontier.from_bytes(bytes(row.frontier))


def row_of(queue: Queue, key: RowKey) -> tuple[sa.Table, sa.ColumnElement[bool]]:
    """Return a queue's table and the condition for one of its rows."""
    if isinstance(key, str):
        return tables.enrolments, tables.enrolments.c.subject_id == key
    box = BOXES[queue]
    position = sa.select(tables.messages.c.position).where(is_message(key)).scalar_subquery()
    return box, box.c.message == position


def is_message(key: MessageKey) -> sa.ColumnElement[bool]:
    """Return the condition for one message."""
    return sa.and_(tables.messages.c.sender == key.sender, tables.messages.c.id == key.id)
