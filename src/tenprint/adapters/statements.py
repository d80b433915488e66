"""The statements that every booking needs many times, built once: building one takes longer than running it on SQLite.

Parameters are named ``b_…`` where a column of that name is set in the same statement.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from tenprint.adapters import tables
from tenprint.exchange.model.failures import UNREACHED
from tenprint.exchange.ports import Queue

BOXES = {Queue.INBOX: tables.inbox, Queue.OUTBOX: tables.outbox}
POSITION = "position"
_ONCE_ERASED = ("erased_at", "erased_under", "content_hash")
"""Columns of a message that nobody fills before it is erased."""
_message, _case, _task = tables.messages, tables.cases, tables.tasks
_IS_MESSAGE = sa.and_(_message.c.sender == sa.bindparam("b_sender"), _message.c.id == sa.bindparam("b_id"))
_POSITION = sa.select(_message.c.position).where(_IS_MESSAGE).scalar_subquery()

CASE = sa.select(_case).where(_case.c.id == sa.bindparam("b_id"))
CASE_BY_TCN = (
    sa.select(_case)
    .where(_case.c.ori == sa.bindparam("b_ori"), _case.c.tcn.in_((sa.bindparam("b_tcn"), sa.bindparam("b_erased"))))
    .order_by(_case.c.tcn == sa.bindparam("b_erased"), _case.c.position)
    .limit(1)
)
TASK = sa.select(_task).where(_task.c.id == sa.bindparam("b_id"))
MESSAGE = sa.select(_message).where(_IS_MESSAGE)
MESSAGES = sa.select(_message).where(
    _message.c.sender == sa.any_(sa.bindparam("b_senders", type_=sa.ARRAY(sa.String))),
    _message.c.id == sa.any_(sa.bindparam("b_ids", type_=sa.ARRAY(sa.String))),
)
"""Of PostgreSQL, in one trip: whoever asks looks which sender gave which id."""
FRONTIER = sa.select(tables.ledger_state.c.frontier)
INSERT_ENTRY = sa.insert(tables.ledger_entries)
INSERT_BOX = {queue: sa.insert(box) for queue, box in BOXES.items()}
DUE = {
    queue: sa.select(_message.c.sender, _message.c.id)
    .join(box, box.c.message == _message.c.position)
    .where(box.c.due_at <= sa.bindparam("now"))
    .order_by(box.c.due_at, box.c.position)
    .limit(sa.bindparam("most"))
    for queue, box in BOXES.items()
}
"""In the order of an index that has the waiting rows in front: by `position` alone, SQLite walks every row there is."""
DUE_ENROLMENTS = (
    sa.select(tables.enrolments.c.subject_id)
    .where(tables.enrolments.c.due_at <= sa.bindparam("now"))
    .order_by(tables.enrolments.c.due_at, tables.enrolments.c.position)
    .limit(sa.bindparam("most"))
)
_IS_FORGOTTEN = tables.enrolments.c.state == tables.FORGOTTEN
FORGOTTEN = sa.select(tables.enrolments.c.subject_id).where(
    tables.enrolments.c.subject_id == sa.bindparam("b_id"), _IS_FORGOTTEN
)
ERASURES = sa.select(tables.erasures).order_by(tables.erasures.c.position).limit(sa.bindparam("most"))
ENROLMENT = sa.select(tables.enrolments.c.templates).where(tables.enrolments.c.subject_id == sa.bindparam("b_id"))
DUE_TIMERS = (
    sa.select(tables.timers)
    .where(sa.text(tables.IS_WAITING), tables.timers.c.due_at <= sa.bindparam("now"))
    .order_by(tables.timers.c.due_at, tables.timers.c.position)
    .limit(sa.bindparam("most"))
)
CANCEL_TIMERS = sa.delete(tables.timers).where(
    tables.timers.c.case_id == sa.bindparam("b_case"),
    tables.timers.c.purpose == sa.bindparam("b_purpose"),
    sa.text(tables.IS_WAITING),
)


def _finishing(queue: Queue, **values: Any) -> Any:
    box = BOXES[queue]
    done = {"state": tables.DONE, "due_at": sa.null(), **values}
    waits = sa.and_(box.c.message == _POSITION, box.c.state == tables.WAITING)
    return sa.update(box).where(waits).values(done).returning(box.c.position)


_ENROLLED_UNLESS_FORGOTTEN = sa.case((_IS_FORGOTTEN, tables.enrolments.c.state), else_=tables.DONE)
MARK_ENROLLED = (
    sa.update(tables.enrolments)
    .where(tables.enrolments.c.subject_id == sa.bindparam("b_id"))
    .values(state=_ENROLLED_UNLESS_FORGOTTEN, due_at=sa.null())
    .returning(tables.enrolments.c.position)
)


def waits_for_receiver(box: sa.Table) -> sa.ColumnElement[bool]:
    """Return what holds for a row that was tried and did not reach its receiver. `due_at` is NULL unless it waits."""
    unreached = sa.or_(*(box.c.failure == code for code in UNREACHED))
    return sa.and_(box.c.due_at > "", box.c.attempts > 0, unreached)


def naming_recipient(party: str) -> str:
    """Return the pattern of headers of messages to a party: they are canonical JSON, in which a quote is escaped.

    Of what a pattern gives a meaning, an id may hold the underscore alone.
    """
    return '%"recipient":"' + party.replace("_", "\\_") + '"%'


def _hastening() -> Any:
    box = tables.outbox
    first = (
        sa.select(box.c.position)
        .join(_message, _message.c.position == box.c.message)
        .where(waits_for_receiver(box), _message.c.head.like(sa.bindparam("b_recipient"), escape="\\"))
        # Sorting the few that failed, instead of walking all rows in their order.
        .order_by(box.c.position + 0)
        .limit(sa.bindparam("b_most"))
    )
    later = sa.and_(box.c.position.in_(first), box.c.due_at > sa.bindparam("b_at"))
    return sa.update(box).where(later).values(due_at=sa.bindparam("b_at"))


HASTEN = _hastening()
MARK_HANDLED = _finishing(Queue.INBOX, handled_at=sa.bindparam("b_at"))
MARK_DELIVERED = _finishing(Queue.OUTBOX, delivered_at=sa.bindparam("b_at"), receipt=sa.bindparam("b_receipt"))


class Inserts:
    """Inserts that know what to do with a row that is there, in the dialect of one kind of database."""

    def __init__(self, dialect: str) -> None:
        self._insert: Any = sqlite.insert
        if dialect == "postgresql":
            from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - loads all of its drivers' modules

            self._insert = postgresql.insert
        self.message = self.once(tables.messages, ("sender", "id"), returning=POSITION)
        self.case = self.saving(tables.cases, "id")
        self.task = self.saving(tables.tasks, "id")
        enrolments = tables.enrolments
        self.enrolment = self.saving(enrolments, "subject_id", unless_same="templates", but=_IS_FORGOTTEN)
        self.forgetting = self.saving(enrolments, "subject_id")
        self.ledger_state = self.saving(tables.ledger_state, "id")
        self.box = {queue: self.once(box, ("message",)) for queue, box in BOXES.items()}
        self.queued = {queue: self.with_message(box) for queue, box in BOXES.items()}
        self.timer = self.once(tables.timers, ("id",))
        self.exemplar = self.once(tables.exemplars, ("subject_id", "file_sha256"))
        self.checkpoint = self.once(tables.checkpoints, ("size",))
        self.cosignature = self.once(tables.cosignatures, ("size", "witness"))
        self.witnessed = self.once(tables.witnessed, ("origin", "size", "root"))

    def once(self, table: sa.Table, key: tuple[str, ...], *, returning: str = "") -> Any:
        """Return an insert that leaves a row with this key as it is; it returns a row only when it inserted one."""
        return self._insert(table).on_conflict_do_nothing(index_elements=key).returning(table.c[returning or key[0]])

    def with_message(self, box: sa.Table) -> Any:
        """Return an insert of a message and of its row in a queue, if it was not there, for PostgreSQL alone.

        It returns the message's place only when it inserted it; parameters are the columns of both.
        """
        own = [column for column in _message.c if column.name not in (POSITION, *_ONCE_ERASED)]
        put = self.message.values({column: sa.bindparam(column.name, type_=column.type) for column in own}).cte("put")
        rest = [column for column in box.c if column.name not in (POSITION, "message")]
        columns = [sa.bindparam(column.name, type_=column.type) for column in rest]
        both = sa.select(put.c.position, *columns)
        return sa.insert(box).from_select(["message", *(column.name for column in rest)], both).returning(box.c.message)

    def saving(
        self, table: sa.Table, key: str, *, unless_same: str = "", but: sa.ColumnElement[bool] | None = None
    ) -> Any:
        """Return an insert that replaces all columns of a row with this key but its place.

        Args:
            table, key: which.
            unless_same: a row that has this column's value already is left as it is.
            but: rows for which this holds are left as they are, too.
        """
        insert = self._insert(table)
        others = {column.name: insert.excluded[column.name] for column in table.c if column.name not in (key, POSITION)}
        differs = table.c[unless_same] != insert.excluded[unless_same] if unless_same else None
        if differs is not None and but is not None:
            differs = sa.and_(differs, sa.not_(but))
        return insert.on_conflict_do_update(index_elements=[key], set_=others, where=differs)


@cache
def inserts(dialect: str) -> Inserts:
    """Return the inserts of one kind of database."""
    return Inserts(dialect)
