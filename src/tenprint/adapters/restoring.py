"""After a restore: the statements by which peers send again, and by which a party takes its own words back.

A message that came back is a delivered row of the outbox whose `failure` says `RETURNED`, until the party says the same
thing again (`said_before`): then the mark goes, and nothing is sent a second time.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from tenprint.adapters import rows, tables
from tenprint.exchange.model.envelope import Envelope, Heading, MessageKey
from tenprint.exchange.model.stored import HELD, HELD_TRIES
from tenprint.exchange.ports import Blobs

RETURNED = "RETURNED"
_message, _inbox, _outbox = tables.messages, tables.inbox, tables.outbox


class Restorer:
    """The part of the `Transaction` port that repairs what a restore forgot; a `Writer` is one."""

    _blobs: Blobs
    has_queued: bool
    has_returned: bool

    @property
    def _connection(self) -> sa.Connection:
        """Return the connection, inside a transaction that may write."""
        raise NotImplementedError

    def held_keys(self) -> frozenset[MessageKey]:
        """Return every message that was taken in here, or that was sent from here and has its receipt."""
        taken = sa.select(_message.c.sender, _message.c.id).join(_inbox, _inbox.c.message == _message.c.position)
        sent = sa.select(_message.c.sender, _message.c.id).join(_outbox, _outbox.c.message == _message.c.position)
        query = taken.union(sent.where(_outbox.c.state == tables.DONE))
        return frozenset(MessageKey(row.sender, row.id) for row in self._connection.execute(query))

    def delivered_to(self, party: str, since: datetime | None) -> list[Heading]:
        """Return the messages that `party` signed for since then and whose bodies are still here, in their order."""
        query = sa.select(_message).join(_outbox, _outbox.c.message == _message.c.position)
        query = query.where(_outbox.c.state == tables.DONE, _message.c.erased_at.is_(None))
        if since is not None:
            query = query.where(_outbox.c.delivered_at >= rows.time_text(since))
        found = map(rows.heading_value, self._connection.execute(query.order_by(_outbox.c.position)).all())
        return [heading for heading in found if heading.recipient == party]

    def received_from(self, party: str, since: datetime | None) -> list[MessageKey]:
        """Return the messages of `party` that were taken in since then and whose bodies are still here, in order."""
        query = sa.select(_message.c.sender, _message.c.id).join(_inbox, _inbox.c.message == _message.c.position)
        query = query.where(_message.c.sender == party, _message.c.erased_at.is_(None))
        if since is not None:
            query = query.where(_inbox.c.received_at >= rows.time_text(since))
        found = self._connection.execute(query.order_by(_inbox.c.position))
        return [MessageKey(row.sender, row.id) for row in found]

    def deliver_again(self, key: MessageKey, at: datetime) -> None:
        """Make a delivered message due again; the receipt that comes then replaces the one that is held."""
        again = {"state": tables.WAITING, "due_at": rows.time_text(at), "attempts": 0, "failure": ""}
        self._connection.execute(sa.update(_outbox).where(_is(_outbox, key)).values(again))
        self.has_queued = True

    def take_back(self, envelope: Envelope, receipt: bytes, at: datetime) -> bool:
        """Keep an own message as it was first sent, delivered, with its receipt; False when it was delivered already.

        A row that waits to be sent once more in other bytes (of another time) becomes the first one.
        """
        delivered = {"state": tables.DONE, "due_at": None, "receipt": receipt, "delivered_at": rows.time_text(at)}
        marked = delivered | {"attempts": 0, "failure": RETURNED}
        known = self._connection.execute(
            sa.select(_outbox.c.state).join(_message, _outbox.c.message == _message.c.position).where(_of(envelope.key))
        ).scalar_one_or_none()
        if known == tables.DONE:
            return False
        values = rows.message_values(envelope, self._blobs)
        if known is not None:
            self._connection.execute(sa.update(_message).where(_of(envelope.key)).values(head=values["head"]))
            # What was said again before it came back is not said once more: no mark.
            self._connection.execute(sa.update(_outbox).where(_is(_outbox, envelope.key)).values(delivered))
            return True
        insert = sa.insert(_message).values(values).returning(_message.c.position)
        position = self._connection.execute(insert).scalar_one()
        self._connection.execute(sa.insert(_outbox).values(message=position, **marked))
        self.has_returned = True
        return True

    def said_before(self, envelope: Envelope) -> Envelope | None:
        """Return the message that came back after a restore and stands for this one, once; None when there is none.

        It is the same one, or of the same kind, to the same party, in the same case and in reply to the same message:
        a body that tells a time is written anew when its cause is handled again.
        """
        if not self.has_returned:
            return None
        query = sa.select(_message).join(_outbox, _outbox.c.message == _message.c.position)
        alike = (_message.c.case_id == envelope.case_id, _message.c.kind == str(envelope.kind))
        query = query.where(_outbox.c.failure == RETURNED, *alike).order_by(_outbox.c.position)
        found = [(row, rows.heading_value(row)) for row in self._connection.execute(query).all()]
        same = [(row, one) for row, one in found if one.id == envelope.id]
        for row, heading in same or [pair for pair in found if _stands_for(pair[1], envelope)]:
            box = sa.update(_outbox).where(_outbox.c.message == row.position)
            self._connection.execute(box.values(failure=""))
            self._release_answers(envelope.case_id)
            return heading if row.erased_at is not None else rows.message_value(row, self._blobs)
        return None

    def is_held(self, envelope: Envelope) -> bool:
        """Tell whether an answer came to something that this party said before a restore and has yet to say again.

        It waits while somebody is asked something in its case, or for its first tries: what is said by itself comes
        soon, and what a person has to say comes when the person does.
        """
        if not self.has_returned or not envelope.in_reply_to:
            return False
        own = sa.select(_outbox.c.position).join(_message, _outbox.c.message == _message.c.position)
        own = own.where(_message.c.id == envelope.in_reply_to, _outbox.c.failure == RETURNED)
        if self._connection.execute(own.limit(1)).first() is None:
            return False
        task = tables.tasks.c
        asked = sa.select(task.id).where(task.case_id == envelope.case_id, task.decided_at.is_(None)).limit(1)
        tries = self._connection.execute(sa.select(_inbox.c.attempts).where(_is(_inbox, envelope.key))).scalar_one()
        return int(tries) < HELD_TRIES or self._connection.execute(asked).first() is not None

    def park(self, key: MessageKey) -> None:
        """Let a held answer wait for no time, which a simulated clock would jump to, but for `_release_answers`."""
        self._connection.execute(sa.update(_inbox).where(_is(_inbox, key)).values(due_at=None))

    def _release_answers(self, case_id: str) -> None:
        """Let the held answers of a case be looked at now: something was said again, or a person has answered."""
        of_case = sa.select(_message.c.position).where(_message.c.case_id == case_id)
        held = (_inbox.c.message.in_(of_case), _inbox.c.state == tables.WAITING, _inbox.c.failure == HELD)
        self._connection.execute(sa.update(_inbox).where(*held).values(due_at=_inbox.c.received_at))
        self.has_queued = True

    def set_aside(self, origin: str, size: int) -> int:
        """Let checkpoints of a log over more than `size` entries be evidence only, and no beginning; tell how many."""
        table = tables.witnessed
        query = sa.update(table).where(table.c.origin == origin, table.c.size > size, table.c.is_cosigned)
        return int(self._connection.execute(query.values(is_cosigned=False)).rowcount)


def has_returned(connection: sa.Connection) -> bool:
    """Tell whether there is a message that came back and was not said again yet."""
    query = sa.select(_outbox.c.position).where(_outbox.c.failure == RETURNED).limit(1)
    return connection.execute(query).first() is not None


def _stands_for(heading: Heading, envelope: Envelope) -> bool:
    return (heading.recipient, heading.in_reply_to) == (envelope.recipient, envelope.in_reply_to)


def _of(key: MessageKey) -> sa.ColumnElement[bool]:
    return sa.and_(_message.c.sender == key.sender, _message.c.id == key.id)


def _is(box: sa.Table, key: MessageKey) -> sa.ColumnElement[bool]:
    return box.c.message == sa.select(_message.c.position).where(_of(key)).scalar_subquery()
