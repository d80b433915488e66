"""Handling one message is one transaction: prepare outside it, write inside it, commit all or nothing."""

from __future__ import annotations

from tenprint.core.errors import SenderError, TenprintError
from tenprint.exchange.dispatch.points import HANDLE_AFTER_COMMIT, HANDLE_BEFORE_COMMIT, HANDLE_PREPARED
from tenprint.exchange.dispatch.retry import next_try
from tenprint.exchange.model.envelope import Envelope
from tenprint.exchange.model.words import Kind, Role
from tenprint.exchange.parties import (
    agency,
    criminal_repository,
    field_office,
    immigration_repository,
    jail,
    state_bureau,
    support_center,
)
from tenprint.exchange.ports import Handler, Node, Preparer, Work

HANDLERS: dict[Role, dict[Kind, Handler]] = {
    Role.AGENCY: agency.HANDLERS,
    Role.STATE_BUREAU: state_bureau.HANDLERS,
    Role.CRIMINAL_REPOSITORY: criminal_repository.HANDLERS,
    Role.IMMIGRATION_REPOSITORY: immigration_repository.HANDLERS,
    Role.SUPPORT_CENTER: support_center.HANDLERS,
    Role.FIELD_OFFICE: field_office.HANDLERS,
    Role.JAIL: jail.HANDLERS,
}
PREPARERS: dict[Role, dict[Kind, Preparer]] = {
    Role.AGENCY: agency.PREPARERS,
    Role.STATE_BUREAU: state_bureau.PREPARERS,
    Role.CRIMINAL_REPOSITORY: criminal_repository.PREPARERS,
    Role.IMMIGRATION_REPOSITORY: immigration_repository.PREPARERS,
    Role.SUPPORT_CENTER: support_center.PREPARERS,
    Role.FIELD_OFFICE: field_office.PREPARERS,
    Role.JAIL: jail.PREPARERS,
}


def handle_due(node: Node, limit: int) -> int:
    """Handle at most `limit` inbox messages whose time has come, in order; return how many were tried.

    An error of our families puts the message off (`retry`) or makes it a dead letter, and nothing else of it is
    written. Any other exception is a bug: it propagates, and the message stays due.
    """
    due = node.store.due_inbox(node.services.clock.now(), limit)
    for envelope in due:
        try:
            _handle(node, envelope)
        except TenprintError as problem:
            _put_off(node, envelope, problem)
    return len(due)


def _handle(node: Node, envelope: Envelope) -> None:
    role = node.party.role
    handler = HANDLERS.get(role, {}).get(envelope.kind)
    if handler is None:
        raise SenderError("NO_HANDLER", f"{role} has no use for {envelope.kind} in this release")
    preparer = PREPARERS.get(role, {}).get(envelope.kind)
    prepared = preparer(node.services, envelope) if preparer else None
    node.trigger(HANDLE_PREPARED)
    with node.store.transaction() as tx:
        work = Work(tx, node.services, envelope)
        handler(work, prepared)
        tx.mark_handled(envelope.id, work.now)
        node.trigger(HANDLE_BEFORE_COMMIT)
    node.trigger(HANDLE_AFTER_COMMIT)


def _put_off(node: Node, envelope: Envelope, problem: TenprintError) -> None:
    with node.store.transaction() as tx:
        now = node.services.clock.now()
        again = next_try(problem, envelope.id, tx.failures_of(envelope.id) + 1, now)
        tx.mark_failed(envelope.id, problem.code, again)
        if again is None:
            Work(tx, node.services, envelope).log("dead_letter", note=problem.code)
