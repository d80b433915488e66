"""What is counted of one party's database, and its few rows of one kind: for pages, without reading a body."""

from __future__ import annotations

import json

import sqlalchemy as sa

from tenprint.adapters import rows, tables
from tenprint.exchange.model.stored import Counts

MATCHED = '%"immigration":"match"%'
"""In the text of `cases.known`. Quotes inside a text are written with a backslash, so no name can look like it."""


def counts(connection: sa.Connection) -> Counts:
    """Return how many cases, messages, answers and ledger entries a party has."""
    case, task, message, entry = tables.cases, tables.tasks, tables.messages, tables.ledger_entries
    by_state = sa.select(case.c.state, sa.func.count()).group_by(case.c.state)
    matched = sa.select(sa.func.count()).where(case.c.known.like(MATCHED))
    sent = (
        sa.select(message.c.kind, sa.func.count(sa.distinct(message.c.case_id)))
        .join(tables.outbox, tables.outbox.c.message == message.c.position)
        .group_by(message.c.kind)
    )
    answered = (
        sa.select(task.c.kind, task.c.answer, sa.func.count())
        .where(task.c.decided_at.is_not(None), task.c.decided_by != "")
        .group_by(task.c.kind, task.c.answer)
    )
    states = {str(state): int(count) for state, count in connection.execute(by_state)}
    first = connection.execute(sa.select(entry.c.fields).where(entry.c.sequence == 0)).scalar_one_or_none()
    return Counts(
        states=states,
        matched=int(connection.execute(matched).scalar_one()),
        cases_by_message={str(kind): int(count) for kind, count in connection.execute(sent)},
        answers={(str(kind), str(answer)): int(count) for kind, answer, count in connection.execute(answered)},
        first_entry_at=None if first is None else rows.time_value(json.loads(first).get("time")),
    )
