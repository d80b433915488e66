"""How a party's work stands: counted by the database, by index where there is one, and without reading a body."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tenprint.adapters import rows, tables
from tenprint.adapters.database import open_engine
from tenprint.adapters.faults import storage_faults
from tenprint.adapters.statements import waits_for_receiver
from tenprint.exchange.model.health import Health, LedgerFigures, QueueFigures, Retry, TaskFigures, TimerFigures
from tenprint.exchange.model.stored import Queue

MOST_RETRIES = 20
"""So many rows that are tried again are told one by one; the others are counted."""
BOXES = {Queue.INBOX: tables.inbox, Queue.OUTBOX: tables.outbox, Queue.ENROLMENTS: tables.enrolments}
_DISK_USE = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}


def health_at(url: str | sa.URL, name: str, now: datetime) -> Health:
    """Return the figures of a party's work whose database nobody has open here.

    Args:
        url: the database's address.
        name: the party's id, for error sentences.
        now: the moment.

    Raises:
        StorageError: a code of `faults`.
    """
    engine = open_engine(url)
    try:
        with storage_faults(f"reading the database of {name}"), engine.begin() as connection:
            return health(connection, now)
    finally:
        engine.dispose()


def health(connection: sa.Connection, now: datetime) -> Health:
    """Return the figures of a party's work at a moment of its clock."""
    handled_at = tables.inbox.c.handled_at
    handled = connection.execute(sa.select(sa.func.max(handled_at)).where(handled_at.is_not(None))).scalar_one()
    size = connection.execute(sa.text(_DISK_USE[connection.dialect.name])).scalar_one()
    return Health(
        at=now,
        queues={str(queue): _queue(connection, queue, now) for queue in Queue},
        retries=_retries(connection),
        timers=_timers(connection, now),
        tasks=_tasks(connection, now),
        ledger=_ledger(connection),
        last_handled_at=rows.time_value(handled),
        database_bytes=int(size),
    )


def _queue(connection: sa.Connection, queue: Queue, now: datetime) -> QueueFigures:
    box, moment = BOXES[queue], rows.time_text(now)
    due = sa.case((box.c.due_at <= moment, 1), else_=0)
    failed_at = sa.case((box.c.attempts > 0, box.c.due_at))
    query = sa.select(
        sa.func.count(), sa.func.sum(due), sa.func.min(box.c.due_at), sa.func.count(failed_at), sa.func.min(failed_at)
    ).where(_waits(box))
    waiting, is_due, first, retrying, next_try = connection.execute(query).one()
    dead = connection.execute(sa.select(sa.func.count()).select_from(box).where(sa.text(tables.IS_DEAD))).scalar_one()
    unreached = _unreached(connection) if retrying and queue == Queue.OUTBOX else 0
    return QueueFigures(
        waiting=int(waiting),
        due=int(is_due or 0),
        due_since=rows.time_value(first) if is_due else None,
        oldest_since=_oldest(connection, queue) if waiting else None,
        retrying=int(retrying),
        next_try=rows.time_value(next_try),
        unreached=unreached,
        unreached_since=_oldest_sent(connection, waits_for_receiver(box)) if unreached else None,
        dead=int(dead),
    )


def _unreached(connection: sa.Connection) -> int:
    box = tables.outbox
    query = sa.select(sa.func.count()).select_from(box).where(waits_for_receiver(box))
    return int(connection.execute(query).scalar_one())


def _waits(box: sa.Table) -> sa.ColumnElement[bool]:
    # `due_at` is NULL unless a row waits. Said as a range, SQLite takes the index; finished rows are not touched.
    return sa.and_(box.c.due_at > "", box.c.state == tables.WAITING)


def _oldest(connection: sa.Connection, queue: Queue) -> datetime | None:
    """Return when the oldest waiting row was written: received, signed for sending, or queued for the gallery."""
    box = BOXES[queue]
    waits = _waits(box)
    if queue == Queue.INBOX:
        query: sa.Select[Any] = sa.select(sa.func.min(box.c.received_at)).where(waits)
    elif queue == Queue.ENROLMENTS:
        query = sa.select(sa.func.min(box.c.due_at)).where(waits, box.c.attempts == 0)
    else:
        return _oldest_sent(connection, waits)
    return rows.time_value(connection.execute(query).scalar_one())


def _oldest_sent(connection: sa.Connection, waits: sa.ColumnElement[bool]) -> datetime | None:
    """Return when the oldest of some rows of the outbox was signed."""
    message, box = tables.messages, tables.outbox
    query = sa.select(message.c.head).join(box, box.c.message == message.c.position).where(waits)
    # Sorting those that wait, instead of walking all rows in their order until one waits.
    query = query.order_by(box.c.position + 0).limit(1)
    head = connection.execute(query).scalar_one_or_none()
    return None if head is None else _sent_at(head)


def _sent_at(head: str) -> datetime | None:
    """Return when a message was signed; None for a header that cannot be read, which its delivery will tell."""
    try:
        return rows.time_value(json.loads(head)["sent_at"])
    except (ValueError, KeyError, TypeError):
        return None


def _retries(connection: sa.Connection) -> tuple[Retry, ...]:
    found: list[Retry] = []
    message = tables.messages
    for queue, box in BOXES.items():
        waits = sa.and_(_waits(box), box.c.attempts > 0)
        told = (box.c.failure, box.c.attempts, box.c.due_at)
        if queue == Queue.ENROLMENTS:
            nothing = sa.literal("")
            query: Any = sa.select(nothing.label("kind"), nothing.label("case_id"), *told)
        else:
            query = sa.select(message.c.kind, message.c.case_id, *told)
            query = query.join_from(box, message, box.c.message == message.c.position)
        for row in connection.execute(query.where(waits).order_by(box.c.due_at).limit(MOST_RETRIES)):
            again = rows.time_value(row.due_at)
            if again is not None:
                found.append(Retry(str(queue), row.kind, row.case_id, row.failure, int(row.attempts), again))
    return tuple(sorted(found, key=lambda retry: retry.next_try)[:MOST_RETRIES])


def _timers(connection: sa.Connection, now: datetime) -> TimerFigures:
    table, moment = tables.timers, rows.time_text(now)
    coming = sa.case((table.c.due_at > moment, table.c.due_at))
    passed = sa.case((table.c.due_at <= moment, table.c.due_at))
    query = sa.select(sa.func.count(), sa.func.min(coming), sa.func.count(passed), sa.func.min(passed))
    waiting, next_due, overdue, since = connection.execute(query.where(sa.text(tables.IS_WAITING))).one()
    return TimerFigures(int(waiting), rows.time_value(next_due), int(overdue), rows.time_value(since))


def _tasks(connection: sa.Connection, now: datetime) -> TaskFigures:
    table, moment = tables.tasks, rows.time_text(now)
    is_open = table.c.decided_at.is_(None)
    kinds = sa.select(table.c.kind, sa.func.count()).where(is_open).group_by(table.c.kind).order_by(table.c.kind)
    coming = sa.case((table.c.due_at > moment, table.c.due_at))
    passed = sa.case((table.c.due_at <= moment, 1))
    query = sa.select(sa.func.count(passed), sa.func.min(coming), sa.func.min(table.c.opened_at)).where(is_open)
    overdue, deadline, oldest = connection.execute(query).one()
    by_kind = {str(kind): int(count) for kind, count in connection.execute(kinds)}
    return TaskFigures(by_kind, int(overdue), rows.time_value(deadline), rows.time_value(oldest))


def _ledger(connection: sa.Connection) -> LedgerFigures:
    notes, lines = tables.checkpoints, tables.cosignatures
    size = connection.execute(sa.select(tables.ledger_state.c.size)).scalar_one_or_none() or 0
    newest = connection.execute(
        sa.select(notes.c.size, notes.c.signed_at).order_by(notes.c.size.desc()).limit(1)
    ).first()
    if newest is None:
        return LedgerFigures(int(size))
    witnesses = connection.execute(
        sa.select(lines.c.witness).where(lines.c.size == newest.size).order_by(lines.c.witness)
    ).scalars()
    return LedgerFigures(int(size), int(newest.size), rows.time_value(newest.signed_at), tuple(witnesses))
