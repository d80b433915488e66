"""Whether a case still moves at a party, seen in its database."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from tenprint.adapters import rows, tables
from tenprint.adapters.faults import storage_faults


def case_activity(engine: sa.Engine, case_id: str, now: datetime) -> tuple[bool, int]:
    """Return whether a message of a case is to be handled or delivered now, and how many messages the case has here.

    Raises:
        StorageError: a code of `faults`.
    """
    message = tables.messages
    with storage_faults("reading a case's messages"), engine.begin() as connection:
        counted = sa.select(sa.func.count()).where(message.c.case_id == case_id)
        count = int(connection.execute(counted).scalar_one())
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


def has_unhandled(engine: sa.Engine, case_id: str) -> bool:
    """Tell whether a message of a case came in that nobody has handled, or tried to.

    Raises:
        StorageError: a code of `faults`.
    """
    message, inbox = tables.messages, tables.inbox
    query = (
        sa.select(message.c.position)
        .join(inbox, inbox.c.message == message.c.position)
        .where(message.c.case_id == case_id, inbox.c.state == tables.WAITING, inbox.c.attempts == 0)
        .limit(1)
    )
    with storage_faults("reading a case's messages"), engine.begin() as connection:
        return connection.execute(query).first() is not None
