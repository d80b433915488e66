"""What waits in one party's database, counted for its operator: queues, timers, dead letters, ledger, checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from tenprint.adapters import rows, tables
from tenprint.adapters.database import open_engine
from tenprint.adapters.faults import storage_faults


@dataclass(frozen=True)
class QueueState:
    """What an operator asks of a party first.

    Args:
        cases, open_tasks: how many.
        inbox_waiting, outbox_waiting, enrolments_waiting: rows that are not done, due or put off.
        oldest_waiting: when the longest waiting of the messages was written by its sender, or None.
        retried: waiting rows that have failed at least once.
        dead_letters: rows that were given up.
        next_timer: the earliest timer that has not fired, or None.
        ledger_entries: number of entries.
        checkpoint_entries: how many of them the newest checkpoint covers; 0 before the first one.
        checkpoint_at: when it was signed, or None.
    """

    cases: int
    open_tasks: int
    inbox_waiting: int
    outbox_waiting: int
    enrolments_waiting: int
    oldest_waiting: datetime | None
    retried: int
    dead_letters: int
    next_timer: datetime | None
    ledger_entries: int
    checkpoint_entries: int
    checkpoint_at: datetime | None


def queue_state(url: str | sa.URL, name: str) -> QueueState:
    """Return what waits in a party's database.

    Args:
        url: the database's address.
        name: the party's id, for error sentences.

    Raises:
        StorageError: a code of `faults`.
    """
    engine = open_engine(url)
    try:
        with storage_faults(f"reading the database of {name}"), engine.begin() as connection:
            return _state(connection)
    finally:
        engine.dispose()


def case_activity(engine: sa.Engine, case_id: str, now: datetime) -> tuple[bool, int]:
    """Return whether a message of a case is to be handled or delivered now, and how many messages the case has here.

    Raises:
        StorageError: a code of `faults`.
    """
    message = tables.messages
    with storage_faults("reading a case's messages"), engine.begin() as connection:
        count = _count(connection, message, message.c.case_id == case_id)
        for box in (tables.inbox, tables.outbox):
            query = (
                sa.select(message.c.position)
                .join(box, box.c.message == message.c.position)
                .where(message.c.case_id == case_id, box.c.due_at <= rows.time_text(now))
                .limit(1)
            )
            if connection.execute(query).first() is not None:
                return True, count
    return False, count


def _state(connection: sa.Connection) -> QueueState:
    inbox, outbox, enrolments = tables.inbox, tables.outbox, tables.enrolments
    waiting = {box.name: _count(connection, box, box.c.state == tables.WAITING) for box in (inbox, outbox, enrolments)}
    boxes = (inbox, outbox, enrolments)
    failed = [_count(connection, box, box.c.state == tables.WAITING, box.c.attempts > 0) for box in boxes]
    checkpoint = connection.execute(
        sa.select(tables.checkpoints.c.size, tables.checkpoints.c.signed_at).order_by(tables.checkpoints.c.size.desc())
    ).first()
    size = connection.execute(sa.select(tables.ledger_state.c.size)).scalar_one_or_none()
    timer = sa.select(sa.func.min(tables.timers.c.due_at)).where(tables.timers.c.state == tables.WAITING)
    return QueueState(
        cases=_count(connection, tables.cases),
        open_tasks=_count(connection, tables.tasks, tables.tasks.c.decided_at.is_(None)),
        inbox_waiting=waiting["inbox"],
        outbox_waiting=waiting["outbox"],
        enrolments_waiting=waiting["enrolments"],
        oldest_waiting=_oldest(connection),
        retried=sum(failed),
        dead_letters=sum(_count(connection, box, box.c.state == tables.DEAD) for box in boxes),
        next_timer=rows.time_value(connection.execute(timer).scalar_one()),
        ledger_entries=int(size or 0),
        checkpoint_entries=int(checkpoint.size) if checkpoint else 0,
        checkpoint_at=rows.time_value(checkpoint.signed_at) if checkpoint else None,
    )


def _count(connection: sa.Connection, table: sa.Table, *which: sa.ColumnElement[bool]) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(*which)).scalar_one())


def _oldest(connection: sa.Connection) -> datetime | None:
    """Return when the first written of all waiting messages was sent: queues are worked on in the order of writing."""
    found = []
    for box in (tables.inbox, tables.outbox):
        query = (
            sa.select(tables.messages)
            .join(box, box.c.message == tables.messages.c.position)
            .where(box.c.state == tables.WAITING)
            .order_by(box.c.position)
            .limit(1)
        )
        row = connection.execute(query).first()
        if row is not None:
            found.append(rows.heading_value(row).sent_at)
    return min(found, default=None)
