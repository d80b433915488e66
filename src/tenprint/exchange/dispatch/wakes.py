"""What is due without a message: timers become messages to oneself, queued enrolments enter the gallery."""

from __future__ import annotations

from tenprint.exchange.dispatch.intake import signed_receipt
from tenprint.exchange.dispatch.points import ENROLL_AFTER_GALLERY, TIMER_AFTER_COMMIT, TIMER_BEFORE_COMMIT
from tenprint.exchange.model.bodies import TimerFired
from tenprint.exchange.model.case import Timer
from tenprint.exchange.model.envelope import Envelope
from tenprint.exchange.model.words import Kind
from tenprint.exchange.ports import Node


def fire_due_timers(node: Node, limit: int) -> int:
    """Put a TIMER message into the own inbox for at most `limit` timers whose time has come; return how many.

    Message and mark are one transaction, and the id is the timer's: however often this runs, a timer fires once.
    """
    due = node.store.due_timers(node.services.clock.now(), limit)
    for timer in due:
        envelope = own_message(
            node,
            message_id=f"timer-{timer.id}",
            kind=Kind.TIMER,
            case_id=timer.case_id,
            body=_body_of(timer),
        )
        with node.store.transaction() as tx:
            now = node.services.clock.now()
            tx.put_inbox(envelope, now, signed_receipt(node.services, envelope))
            tx.mark_fired(timer.id, now)
            node.trigger(TIMER_BEFORE_COMMIT)
        node.trigger(TIMER_AFTER_COMMIT)
    return len(due)


def enrol_due(node: Node, limit: int = 32) -> int:
    """Put at most `limit` queued subjects into the gallery, which is no database table; return how many.

    A kill between gallery and mark repeats the enrolment, which changes nothing.
    """
    due = node.store.due_enrolments(limit)
    for subject_id, templates in due:
        node.services.matcher.enroll(subject_id, templates)
        node.trigger(ENROLL_AFTER_GALLERY)
        with node.store.transaction() as tx:
            tx.mark_enrolled(subject_id)
    return len(due)


def own_message(node: Node, *, message_id: str, kind: Kind, case_id: str, body: bytes) -> Envelope:
    """Return a signed message of the party to itself."""
    party = node.party.id
    envelope = Envelope(
        id=message_id,
        kind=kind,
        sender=party,
        recipient=party,
        case_id=case_id,
        sent_at=node.services.clock.now(),
        body=body,
    )
    return envelope.signed(node.services.signer.sign(envelope.signed_bytes()))


def _body_of(timer: Timer) -> bytes:
    return TimerFired(timer.id, timer.purpose, timer.due_at).to_bytes()
