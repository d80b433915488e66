"""What can be asked of one party's database over one connection, inside whatever transaction that connection is in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from tenprint.adapters import rows, tables
from tenprint.exchange.model.case import Case, Task, Timer
from tenprint.exchange.model.envelope import Envelope
from tenprint.exchange.ports import Blobs
from tenprint.ledger.entry import Entry
from tenprint.ledger.tree import Frontier


@dataclass(frozen=True)
class DeadLetter:
    """A message that was given up, with why.

    Args:
        message: as received or sent.
        box: ``inbox`` (handling failed) or ``outbox`` (delivery failed).
        attempts: how often it was tried.
        failure: code of the last error.
    """

    message: Envelope
    box: str
    attempts: int
    failure: str


class Reader:
    """The questions of the `Transaction` port, and those that only pages and commands ask.

    Args:
        connection: open, inside a transaction.
        blobs: where long bodies lie.
    """

    def __init__(self, connection: sa.Connection, blobs: Blobs) -> None:
        self._connection = connection
        self._blobs = blobs

    def case(self, case_id: str) -> Case | None:
        """Return the case, or None."""
        row = self._connection.execute(sa.select(tables.cases).where(tables.cases.c.id == case_id)).first()
        return None if row is None else rows.case_value(row)

    def case_by_tcn(self, ori: str, tcn: str) -> Case | None:
        """Return the case of the submission with this ORI and TCN, or None; the oldest if there are several."""
        table = tables.cases
        query = sa.select(table).where(table.c.ori == ori, table.c.tcn == tcn).order_by(table.c.position).limit(1)
        row = self._connection.execute(query).first()
        return None if row is None else rows.case_value(row)

    def cases(self) -> list[Case]:
        """Return all cases, oldest first."""
        query = sa.select(tables.cases).order_by(tables.cases.c.position)
        return [rows.case_value(row) for row in self._connection.execute(query)]

    def task(self, task_id: str) -> Task | None:
        """Return the task, or None."""
        row = self._connection.execute(sa.select(tables.tasks).where(tables.tasks.c.id == task_id)).first()
        return None if row is None else rows.task_value(row)

    def tasks(self, case_id: str | None = None, *, open_only: bool = False) -> list[Task]:
        """Return tasks, oldest first."""
        table = tables.tasks
        query = sa.select(table).order_by(table.c.position)
        if case_id is not None:
            query = query.where(table.c.case_id == case_id)
        if open_only:
            query = query.where(table.c.decided_at.is_(None))
        return [rows.task_value(row) for row in self._connection.execute(query)]

    def message(self, message_id: str) -> Envelope | None:
        """Return a message received or sent by this party, or None."""
        row = self._connection.execute(sa.select(tables.messages).where(tables.messages.c.id == message_id)).first()
        return None if row is None else rows.message_value(row, self._blobs)

    def messages(self, case_id: str) -> list[Envelope]:
        """Return messages of a case that this party received or sent, in the order in which it wrote them."""
        table = tables.messages
        query = sa.select(table).where(table.c.case_id == case_id).order_by(table.c.position)
        return [rows.message_value(row, self._blobs) for row in self._connection.execute(query)]

    def receipt_of(self, message_id: str) -> bytes | None:
        """Return the receipt that was signed when this message was first taken in, or None."""
        query = sa.select(tables.inbox.c.receipt).where(tables.inbox.c.message_id == message_id)
        receipt = self._connection.execute(query).scalar_one_or_none()
        return None if receipt is None else bytes(receipt)

    def delivery_receipt(self, message_id: str) -> bytes | None:
        """Return the receiver's receipt for a message that this party sent, or None while it is under way."""
        query = sa.select(tables.outbox.c.receipt).where(tables.outbox.c.message_id == message_id)
        receipt = self._connection.execute(query).scalar_one_or_none()
        return None if receipt is None else bytes(receipt)

    def failures_of(self, message_id: str) -> int:
        """Return how often handling (inbox) or delivering (outbox) this message has failed."""
        for box in (tables.inbox, tables.outbox):
            query = sa.select(box.c.attempts).where(box.c.message_id == message_id)
            found = self._connection.execute(query).scalar_one_or_none()
            if found is not None:
                return int(found)
        return 0

    def due_messages(self, box: sa.Table, now: datetime, limit: int) -> list[Envelope]:
        """Return waiting messages of `inbox` or `outbox` whose time has come, in the order of writing."""
        query = (
            sa.select(tables.messages)
            .join(box, box.c.message_id == tables.messages.c.id)
            .where(box.c.due_at <= rows.time_text(now))
            .order_by(box.c.position)
            .limit(limit)
        )
        return [rows.message_value(row, self._blobs) for row in self._connection.execute(query)]

    def due_timers(self, now: datetime, limit: int) -> list[Timer]:
        """Return unfired timers whose time has come, earliest first."""
        table = tables.timers
        query = (
            sa.select(table)
            .where(table.c.state == tables.WAITING, table.c.due_at <= rows.time_text(now))
            .order_by(table.c.due_at, table.c.position)
            .limit(limit)
        )
        return [rows.timer_value(row) for row in self._connection.execute(query)]

    def next_due(self) -> datetime | None:
        """Return the earliest time at which a message or timer becomes due, or None."""
        query = sa.select(sa.func.min(tables.timers.c.due_at)).where(tables.timers.c.state == tables.WAITING)
        timer = rows.time_value(self._connection.execute(query).scalar_one())
        return min((moment for moment in (self.next_message_due(), timer) if moment is not None), default=None)

    def next_message_due(self) -> datetime | None:
        """Return the earliest time at which a message is to be handled or delivered, or None."""
        queries = (sa.select(sa.func.min(box.c.due_at)) for box in (tables.inbox, tables.outbox))
        found = [self._connection.execute(query).scalar_one() for query in queries]
        return rows.time_value(min((text for text in found if text is not None), default=None))

    def dead_letters(self) -> list[DeadLetter]:
        """Return messages that were given up, oldest first."""
        found = []
        for box in (tables.inbox, tables.outbox):
            query = (
                sa.select(tables.messages, box.c.attempts, box.c.failure)
                .join(box, box.c.message_id == tables.messages.c.id)
                .where(box.c.state == tables.DEAD)
                .order_by(box.c.position)
            )
            for row in self._connection.execute(query):
                found.append(DeadLetter(rows.message_value(row, self._blobs), box.name, row.attempts, row.failure))
        return found

    def message_counts(self) -> Counter[str]:
        """Return how many messages of each kind this party sent."""
        query = (
            sa.select(tables.messages.c.kind, sa.func.count())
            .join(tables.outbox, tables.outbox.c.message_id == tables.messages.c.id)
            .group_by(tables.messages.c.kind)
        )
        return Counter({str(kind): int(count) for kind, count in self._connection.execute(query)})

    def ledger_size(self) -> int:
        """Return the number of ledger entries."""
        return self.frontier().size

    def frontier(self) -> Frontier:
        """Return the ledger's right edge: its size and what its root is made of."""
        stored = self._connection.execute(sa.select(tables.ledger_state.c.frontier)).scalar_one_or_none()
        return Frontier() if stored is None else Frontier.from_bytes(bytes(stored))

    def entries(self, start: int = 0, end: int | None = None) -> list[Entry]:
        """Return ledger entries from `start` up to and without `end`."""
        table = tables.ledger_entries
        query = sa.select(table).where(table.c.sequence >= start).order_by(table.c.sequence)
        if end is not None:
            query = query.where(table.c.sequence < end)
        return [rows.entry_value(row) for row in self._connection.execute(query)]

    def checkpoints(self) -> list[bytes]:
        """Return all signed checkpoints of this ledger, smallest first."""
        query = sa.select(tables.checkpoints.c.note).order_by(tables.checkpoints.c.size)
        return [bytes(note) for note in self._connection.execute(query).scalars()]
