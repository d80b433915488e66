"""Handling one message is one transaction: prepare outside it, write inside it, commit all or nothing."""

from __future__ import annotations

from typing import Protocol

from tenprint.core.errors import SenderError, StorageError, TenprintError
from tenprint.exchange.dispatch.points import HANDLE_AFTER_COMMIT, HANDLE_BEFORE_COMMIT, HANDLE_PREPARED
from tenprint.exchange.dispatch.retry import put_off
from tenprint.exchange.dispatch.wakes import enrol_all_due
from tenprint.exchange.model.envelope import Envelope, MessageKey
from tenprint.exchange.model.observing import Event, Stage
from tenprint.exchange.model.words import Kind, Role
from tenprint.exchange.parties import (
    agency,
    auditor,
    criminal_repository,
    field_office,
    immigration_repository,
    jail,
    state_bureau,
    support_center,
)
from tenprint.exchange.ports import (
    FailureHandler,
    Handler,
    Node,
    Preparer,
    Queue,
    Transaction,
    Work,
    write_down,
)
from tenprint.exchange.tasks import audit

DEAD_LETTER = "dead_letter"


class PartyModule(Protocol):
    """What a module of `parties` has: by kind of message, what to do with it, before it, and when it is given up."""

    HANDLERS: dict[Kind, Handler]
    PREPARERS: dict[Kind, Preparer]
    FAILED: dict[Kind, FailureHandler]


PARTIES: dict[Role, PartyModule] = {
    Role.AGENCY: agency,
    Role.STATE_BUREAU: state_bureau,
    Role.CRIMINAL_REPOSITORY: criminal_repository,
    Role.IMMIGRATION_REPOSITORY: immigration_repository,
    Role.SUPPORT_CENTER: support_center,
    Role.FIELD_OFFICE: field_office,
    Role.JAIL: jail,
    Role.AUDITOR: auditor,
}
EVERYBODYS: dict[Kind, Handler] = {Kind.AUDIT_QUERY: audit.on_query}
"""What every party does alike, whatever its role."""


def handle_due(node: Node, limit: int) -> int:
    """Handle at most `limit` inbox messages whose time has come, in order; return how many were tried.

    An error of our families, also in reading the message, puts it off (`retry`) or makes it a dead letter, and nothing
    else of it is written. Any other exception is a bug: it propagates, and the message stays due.
    """
    due = node.store.due_inbox(node.services.clock.now(), limit)
    for key in due:
        # A search sees everybody whose enrolment was committed before it, whether or not the process was killed since.
        enrol_all_due(node)
        envelope: Envelope | None = None
        try:
            envelope = node.store.message(key)
            _handle(node, envelope)
        except TenprintError as problem:
            _put_off(node, key, envelope, problem)
    return len(due)


def _handle(node: Node, envelope: Envelope) -> None:
    role = node.party.role
    party = PARTIES.get(role)
    handler = (party.HANDLERS if party else {}).get(envelope.kind) or EVERYBODYS.get(envelope.kind)
    if handler is None:
        raise SenderError("NO_HANDLER", f"{role} has no use for {envelope.kind} in this release")
    preparer = party.PREPARERS.get(envelope.kind) if party else None
    prepared = None
    if preparer:
        with node.timed(Stage.PREPARE, envelope.kind):
            prepared = preparer(node.services, envelope)
    node.trigger(HANDLE_PREPARED)
    with node.timed(Stage.HANDLE, envelope.kind), node.store.transaction() as tx:
        work = Work(tx, node.services, envelope)
        handler(work, prepared)
        tx.mark_handled(envelope.key, work.now)
        node.trigger(HANDLE_BEFORE_COMMIT)
    node.trigger(HANDLE_AFTER_COMMIT)
    _note_handled(node, work)


def _note_handled(node: Node, work: Work) -> None:
    node.note(Event.MESSAGE_HANDLED, work.message)
    for task in work.opened:
        node.note(Event.TASK_OPENED, work.message, kind=str(task.kind))


def _put_off(node: Node, key: MessageKey, envelope: Envelope | None, problem: TenprintError) -> None:
    def give_up(tx: Transaction) -> None:
        message = envelope or _heading(tx, key)
        if message is None:
            # Nothing of the message can be read; that it was given up is written down all the same.
            write_down(tx, node.services, DEAD_LETTER, node.services.clock.now(), message=key.id, note=problem.code)
            return
        work = Work(tx, node.services, message)
        work.log(DEAD_LETTER, note=problem.code)
        _tell_of_failure(work, problem)

    put_off(node, Queue.INBOX, key, problem, give_up, about=envelope)


def _heading(tx: Transaction, key: MessageKey) -> Envelope | None:
    try:
        return tx.heading(key)
    except StorageError:
        return None


def _tell_of_failure(work: Work, problem: TenprintError) -> None:
    """Call the party's failure handler; what it wrote is undone when it fails, and the dead letter stays one."""
    party = PARTIES.get(work.services.party.role)
    handler = party.FAILED.get(work.message.kind) if party else None
    if handler is None:
        return
    try:
        with work.tx.savepoint():
            handler(work, problem)
    except TenprintError as another:
        work.log("failure_not_told", note=another.code)
