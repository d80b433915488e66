"""Taking rows of a queue to work on them. On PostgreSQL several workers share a queue; on SQLite there is one.

A claim is a lease: the row's time moves on by `LEASE`, so that other workers pass it over, and a worker that dies
leaves nothing to clean up: its rows become due again, at the latest when its time is up (`bring_forward`). A lease is
no lock. Whoever works longer than it lasts may find
that another one was faster, as the transaction that marks a row handled or delivered tells (`Writer.mark_handled`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa

from tenprint.adapters import quick, rows, tables
from tenprint.adapters.statements import BOXES
from tenprint.exchange.model.envelope import MessageKey
from tenprint.exchange.ports import Queue

LEASE = timedelta(minutes=2)
"""Longer than handling a batch takes, extraction of a card's fingers included; a dead worker's rows wait that long
when nobody takes its place."""


def _claiming(box: sa.Table) -> sa.Select[tuple[str, str, str]]:
    message = tables.messages
    free = (
        sa.select(box.c.position, box.c.due_at)
        .where(box.c.due_at <= sa.bindparam("b_now"))
        .order_by(box.c.due_at, box.c.position)
        .limit(sa.bindparam("b_most"))
        .with_for_update(skip_locked=True)
        .cte("free")
    )
    taken = (
        sa.update(box)
        .where(box.c.position == free.c.position)
        .values(due_at=sa.bindparam("b_until"))
        .returning(box.c.message, box.c.position, free.c.due_at.label("was_due"))
        .cte("taken")
    )
    # A claim that a crash of the server forgets is none: nobody need wait until it is on the disk.
    unsynced = sa.func.set_config("synchronous_commit", "off", True).label("unsynced")
    return (
        sa.select(message.c.sender, message.c.id, unsynced)
        .join(taken, taken.c.message == message.c.position)
        .order_by(taken.c.was_due, taken.c.position)
    )


CLAIM = {queue: _claiming(box) for queue, box in BOXES.items()}


def claim(connection: sa.Connection, queue: Queue, now: datetime, limit: int, lease: timedelta) -> list[MessageKey]:
    """Claim at most `limit` rows of `inbox` or `outbox` whose time has come, in the order in which it came.

    Rows that another worker is claiming at this moment are skipped, never waited for. It is one statement, which needs
    no transaction around it.
    """
    asked = {"b_now": rows.time_text(now), "b_most": limit, "b_until": rows.time_text(now + lease)}
    return [MessageKey(row.sender, row.id) for row in quick.every(connection, CLAIM[queue], asked)]


def release(connection: sa.Connection, queue: Queue, keys: Iterable[MessageKey], now: datetime) -> None:
    """Make claimed rows due again that were not worked on."""
    box, message = BOXES[queue], tables.messages
    named = [(key.sender, key.id) for key in keys]
    positions = sa.select(message.c.position).where(sa.tuple_(message.c.sender, message.c.id).in_(named))
    waiting = sa.and_(box.c.message.in_(positions.scalar_subquery()), box.c.state == tables.WAITING)
    connection.execute(
        sa.update(box).where(waiting, box.c.due_at > rows.time_text(now)).values(due_at=rows.time_text(now))
    )


def bring_forward(connection: sa.Connection, now: datetime) -> None:
    """Make due now what was never tried and is due later: a dead worker's claims, and what a clock ahead has written.

    What another worker has claimed and not begun may be done by both: then one of them finds that the other was faster.
    What was put off after a failure keeps its time, so that a party that falls again and again wears out no attempts.
    """
    moment = rows.time_text(now)
    for box in (*BOXES.values(), tables.enrolments):
        never_tried = sa.and_(box.c.state == tables.WAITING, box.c.attempts == 0, box.c.due_at > moment)
        connection.execute(sa.update(box).where(never_tried).values(due_at=moment))
