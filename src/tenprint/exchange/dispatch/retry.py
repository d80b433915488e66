"""What becomes of a row of a queue that failed: when it is tried again, and when it is given up."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

from tenprint.core.errors import PolicyRefusal, RecordError, SenderError, TenprintError
from tenprint.exchange.dispatch.faults import tell_fault
from tenprint.exchange.model.envelope import Envelope
from tenprint.exchange.model.failures import UNREACHED
from tenprint.exchange.model.observing import Event
from tenprint.exchange.model.stored import HELD, HELD_TRIES
from tenprint.exchange.ports import Node, Queue, RowKey, Transaction

GiveUp = Callable[[Transaction], None]

FIRST_DELAY = timedelta(seconds=1)
LONGEST_DELAY = timedelta(minutes=24)
"""With its jitter at most half an hour. Only what waits for a receiver is tried so often that it gets there."""
MAX_ATTEMPTS = 12
"""1 s, 2 s, 4 s … 1024 s: a row is given up after about half an hour of failures."""
JITTER_PARTS = 4
"""A delay is stretched by up to a quarter, so that rows that failed together do not come back together."""

EVENTS = {
    Queue.INBOX: (Event.MESSAGE_PUT_OFF, Event.DEAD_LETTER),
    Queue.OUTBOX: (Event.DELIVERY_PUT_OFF, Event.UNDELIVERABLE),
    Queue.ENROLMENTS: (Event.ENROLMENT_PUT_OFF, Event.NOT_ENROLLED),
}
"""What an observer is told when a row is tried again, and when it is given up."""


def put_off(
    node: Node, queue: Queue, key: RowKey, problem: TenprintError, give_up: GiveUp, *, about: Envelope | None = None
) -> None:
    """Count a failure of a row, in a transaction of its own, and say when to try again, or give the row up.

    Args:
        node, queue, key: whose row.
        problem: why it failed.
        give_up: called in that transaction when the row becomes a dead letter.
        about: the row's message, where it is at hand, for the observer.
    """
    with node.store.transaction() as tx:
        attempts = tx.failures_of(queue, key) + 1
        again = next_try(problem, queue, str(key), attempts, node.services.clock.now())
        if tx.mark_failed(queue, key, problem.code, again) and again is None:
            give_up(tx)
        elif problem.code == HELD and attempts > HELD_TRIES and not isinstance(key, str):
            tx.park(key)
    # An enrolment's key is a number of a person's record: no observer is told it.
    known = {} if about is not None or isinstance(key, str) else {"message": key.id}
    tell_fault(node, problem, about, **known)
    node.note(EVENTS[queue][again is None], about, code=problem.code, **known)


def next_try(problem: TenprintError, queue: Queue, name: str, attempts: int, now: datetime) -> datetime | None:
    """Return when to try again, or None when the row becomes a dead letter.

    A delivery that did not reach the receiver, or found it too busy, is never given up: how long a party is away says
    nothing about the message.

    Args:
        problem: why it failed. An error that is the sender's, the format's or a rule's would only come again.
        queue: where the row waits.
        name: of the row; its jitter is made from it, so that runs can be repeated.
        attempts: failures including this one, from 1.
        now: the time of the failure.
    """
    is_kept = problem.code == HELD or (queue == Queue.OUTBOX and problem.code in UNREACHED)
    if isinstance(problem, SenderError | RecordError | PolicyRefusal) or (attempts >= MAX_ATTEMPTS and not is_kept):
        return None
    delay = min(FIRST_DELAY * (1 << (min(attempts, MAX_ATTEMPTS) - 1)), LONGEST_DELAY)
    digest = hashlib.sha256(f"{name}/{attempts}".encode()).digest()
    return now + delay + delay * (digest[0] / 255 / JITTER_PARTS)
