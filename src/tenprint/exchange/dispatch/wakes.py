"""What is due without a message: timers become messages to oneself, queued enrolments enter the gallery."""

from __future__ import annotations

from collections.abc import Mapping

from tenprint.core.errors import StorageError, TenprintError
from tenprint.core.fingers import FingerPosition
from tenprint.core.template import Template
from tenprint.exchange.dispatch.faults import ProgramFault, contained, tell_fault
from tenprint.exchange.dispatch.intake import signed_receipt
from tenprint.exchange.dispatch.points import ENROLL_AFTER_GALLERY, TIMER_AFTER_COMMIT, TIMER_BEFORE_COMMIT
from tenprint.exchange.dispatch.retry import put_off
from tenprint.exchange.model.bodies import TimerFired
from tenprint.exchange.model.case import Timer
from tenprint.exchange.model.envelope import Envelope
from tenprint.exchange.model.observing import Event
from tenprint.exchange.model.words import Kind, Role
from tenprint.exchange.ports import Node, Queue, Transaction, write_down
from tenprint.exchange.tasks.late_hits import examine_late
from tenprint.exchange.tasks.prints import SEARCH_LIMIT


def fire_due_timers(node: Node, limit: int) -> int:
    """Put a TIMER message into the own inbox for at most `limit` timers whose time has come; return how many.

    Message and mark are one transaction, and the id is the timer's: however often this runs, a timer fires once.

    Raises:
        ProgramFault: a bug was met at a timer; the others have fired. It stays due and is never given up: a hold ends
            by a timer. It is among the overdue ones that `Store.health` counts.
    """
    due = node.store.due_timers(node.services.clock.now(), limit)
    if not due:
        return 0
    try:
        with contained(node, families=StorageError):
            _fire(node, due)
    except ProgramFault as fault:
        if len(due) == 1:
            raise
        _fire_one_by_one(node, due, fault)
    return len(due)


def _fire_one_by_one(node: Node, due: list[Timer], fault: ProgramFault) -> None:
    """Fire what can be fired; raise as `fire_due_timers` when a timer could not."""
    faults = []
    for timer in due:
        try:
            with contained(node, families=StorageError):
                _fire(node, [timer])
        except ProgramFault as another:
            faults.append(another)
            tell_fault(node, another, kind=timer.purpose)
    if faults:
        raise faults[0] from fault


def _fire(node: Node, due: list[Timer]) -> None:
    fired = []
    with node.store.transaction() as tx:
        for timer in due:
            envelope = own_message(
                node,
                message_id=f"timer-{timer.id}",
                kind=Kind.TIMER,
                case_id=timer.case_id,
                body=_body_of(timer),
            )
            now = node.services.clock.now()
            tx.put_inbox(envelope, now, signed_receipt(node.services, envelope))
            tx.mark_fired(timer.id, now)
            fired.append((envelope, timer.purpose))
        node.trigger(TIMER_BEFORE_COMMIT)
    node.trigger(TIMER_AFTER_COMMIT)
    for envelope, purpose in fired:
        node.note(Event.TIMER_FIRED, envelope, kind=purpose)


def enrol_all_due(node: Node) -> int:
    """Put every queued subject whose time has come into the gallery; return how many were tried."""
    total = 0
    while count := enrol_due(node):
        total += count
    return total


def enrol_due(node: Node, limit: int = 32) -> int:
    """Put at most `limit` queued subjects into the gallery, which is no database table; return how many were tried.

    A kill between gallery and mark repeats the enrolment, which changes nothing. One that fails is tried again later
    or given up (`retry`); the others, and messages, do not wait for it.
    """
    due = node.store.due_enrolments(node.services.clock.now(), limit)
    enrolled = _into_gallery(node, due)
    if enrolled:
        with node.store.transaction() as tx:
            for subject_id in enrolled:
                tx.mark_enrolled(subject_id)
    return len(due)


def enrol_all_due_unmarked(node: Node, limit: int = 32) -> list[str]:
    """Put every queued subject whose time has come into the gallery, as `enrol_all_due`; return the last ones.

    Those are in the gallery and not yet marked so: whoever calls marks them in the transaction that he opens anyway.
    """
    while True:
        due = node.store.due_enrolments(node.services.clock.now(), limit)
        enrolled = _into_gallery(node, due)
        if len(due) < limit:
            return enrolled
        if enrolled:
            with node.store.transaction() as tx:
                for subject_id in enrolled:
                    tx.mark_enrolled(subject_id)


def _into_gallery(node: Node, subjects: list[str]) -> list[str]:
    """Enrol subjects; return those that are in the gallery now. The others are put off."""
    enrolled = []
    for subject_id in subjects:
        try:
            with contained(node):
                templates = node.store.enrolment(subject_id)
                node.services.matcher.enroll(subject_id, templates)
                if node.party.role == Role.IMMIGRATION_REPOSITORY:
                    _look_for_kept_bookings(node, subject_id, templates)
        except TenprintError as problem:
            _put_off(node, subject_id, problem)
            continue
        enrolled.append(subject_id)
        node.trigger(ENROLL_AFTER_GALLERY)
    return enrolled


def _look_for_kept_bookings(node: Node, subject_id: str, templates: Mapping[FingerPosition, Template]) -> None:
    """Ask an examiner about every kept booking that a new subject's prints fit; done again, it changes nothing."""
    search = node.services.matcher.search(templates, SEARCH_LIMIT)
    with node.store.transaction() as tx:
        examine_late(tx, node.services, subject_id, templates, search)


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


def _put_off(node: Node, subject_id: str, problem: TenprintError) -> None:
    def give_up(tx: Transaction) -> None:
        write_down(tx, node.services, "not_enrolled", node.services.clock.now(), note=problem.code)

    put_off(node, Queue.ENROLMENTS, subject_id, problem, give_up)
