"""Handling one message is one transaction: prepare outside it, write inside it, commit all or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from tenprint.core.errors import SenderError, StorageError, TenprintError
from tenprint.exchange.dispatch.batches import CONCERNS_ALL, Loaded, loaded_in_parts, working_on
from tenprint.exchange.dispatch.faults import ProgramFault, contained, tell_fault
from tenprint.exchange.dispatch.points import HANDLE_AFTER_COMMIT, HANDLE_BEFORE_COMMIT, HANDLE_PREPARED
from tenprint.exchange.dispatch.retention import in_charge_of
from tenprint.exchange.dispatch.retry import put_off
from tenprint.exchange.dispatch.wakes import enrol_all_due_unmarked
from tenprint.exchange.model.envelope import Envelope, MessageKey
from tenprint.exchange.model.observing import Event, Stage
from tenprint.exchange.model.stored import HELD
from tenprint.exchange.model.words import Kind, Role
from tenprint.exchange.parties import (
    agency,
    auditor,
    court,
    criminal_repository,
    everyone,
    field_office,
    immigration_repository,
    jail,
    jurisdiction,
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

DEAD_LETTER = "dead_letter"
NOT_TOLD = "failure_not_told"

SEARCHES_TOGETHER = frozenset({Role.IMMIGRATION_REPOSITORY})
"""Whose searches hardly ever enrol anybody: it keeps what it searched only by a setting of its own."""


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
    Role.COURT: court,
    Role.JURISDICTION: jurisdiction,
}


@dataclass(frozen=True)
class _Ready:
    """A message with what is to be done with it, and what was computed before."""

    envelope: Envelope
    handler: Handler
    prepared: Any


class _Stale(Exception):
    """A search was prepared before a message that stands in front of it in the batch enrolled somebody."""


class _Unsure(Exception):
    """A batch without savepoints failed as a whole; which message is at fault is not known."""


def handle_due(node: Node, limit: int) -> int:
    """Handle at most `limit` inbox messages whose time has come, in order; return how many were tried.

    They are handled in batches: what can be computed first is prepared outside, then one transaction handles them one
    after the other. An error of our families, also in reading a message, puts that message off
    (`retry`) or makes it a dead letter, and nothing else of it is written; the others are not disturbed. Any other
    exception is a bug: the batch is rolled back, and it propagates, so that its messages stay due. Where the node
    contains faults they are handled one by one, and the one at fault is put off like one that met an error.
    """
    keys = node.store.claim_inbox(node.services.clock.now(), limit)
    with working_on(node, Queue.INBOX, keys) as open_keys:
        for batch in _batches(node, keys):
            # A search sees everybody whose enrolment was committed before it, whether or not the process was killed
            # since. What was put into the gallery is marked in the batch's transaction.
            enrolled = enrol_all_due_unmarked(node) if _has_search(node, batch) else []
            _handle_batch(node, batch, enrolled)
            open_keys.difference_update(key for key, _ in batch)
    return len(keys)


def _batches(node: Node, keys: list[MessageKey]) -> Iterator[list[Loaded]]:
    """Cut messages into batches in which a search finds whom the one before enrolled, wherever a batch happens to end.

    Where nearly every search enrols somebody, there is at most one in a batch. Where hardly one does, they stand
    together, and are done one by one once one of them did (`_Stale`).
    """
    for loaded in loaded_in_parts(node, keys):
        if node.party.role in SEARCHES_TOGETHER:
            yield loaded
            continue
        batch = list[Loaded]()
        for each in loaded:
            if _has_search(node, [each]) and _has_search(node, batch):
                yield batch
                batch = []
            batch.append(each)
        yield batch


def _has_search(node: Node, batch: list[Loaded]) -> bool:
    party = PARTIES.get(node.party.role)
    return party is not None and any(
        isinstance(message, Envelope) and message.kind in party.PREPARERS for _, message in batch
    )


def _handle_batch(node: Node, batch: list[Loaded], enrolled: list[str]) -> None:
    ready = []
    for key, message in batch:
        try:
            if isinstance(message, TenprintError):
                raise message
            with contained(node):
                ready.append(_prepare(node, message))
        except TenprintError as problem:
            _put_off(node, key, None if isinstance(message, TenprintError) else message, problem)
    try:
        failed = _committed(node, ready, enrolled)
    except _Stale:
        for each in ready:
            _handle_batch(node, [(each.envelope.key, each.envelope)], enrol_all_due_unmarked(node))
        return
    for envelope, failure in failed:
        _put_off(node, envelope.key, envelope, failure)


def _committed(node: Node, ready: list[_Ready], enrolled: list[str]) -> list[tuple[Envelope, TenprintError]]:
    """Handle prepared messages; return those that failed.

    Nearly always none fails, so that the first try does without savepoints. When one does fail, that try is undone as a
    whole and the next one finds out which; whom the database itself refuses, is found one by one.
    """
    try:
        return _commit(node, ready, enrolled, each_in_savepoint=False)
    except _Unsure:
        pass
    try:
        return _commit(node, ready, enrolled, each_in_savepoint=True)
    except StorageError as problem:
        if not ready:
            raise
        if len(ready) == 1 or problem.code in CONCERNS_ALL:
            return [(each.envelope, problem) for each in ready]
    return [failure for each in ready for failure in _committed(node, [each], [])]


def _prepare(node: Node, envelope: Envelope) -> _Ready:
    role = node.party.role
    party = PARTIES.get(role)
    handler = (everyone.HANDLERS | (party.HANDLERS if party else {})).get(envelope.kind)
    handler = in_charge_of(envelope, handler)
    if handler is None:
        raise SenderError("NO_HANDLER", f"{role} has no use for {envelope.kind} in this release")
    preparer = party.PREPARERS.get(envelope.kind) if party else None
    prepared = None
    if preparer:
        with node.timed(Stage.PREPARE, envelope.kind):
            prepared = preparer(node.services, envelope)
    node.trigger(HANDLE_PREPARED)
    return _Ready(envelope, handler, prepared)


def _commit(
    node: Node, ready: list[_Ready], enrolled: list[str], *, each_in_savepoint: bool
) -> list[tuple[Envelope, TenprintError]]:
    """Handle prepared messages in one transaction; return those that failed, each with its error and undone.

    Raises:
        _Unsure: without savepoints something failed, and nothing was written.
        _Stale: nothing was written either.
    """
    failed: list[tuple[Envelope, TenprintError]] = []
    if not ready and not enrolled:
        return failed
    try:
        with contained(node, _Stale), node.store.transaction() as tx:
            handled = list[Work | None]()
            for subject_id in enrolled:
                tx.mark_enrolled(subject_id)
            tx.foresee({each.envelope.case_id for each in ready})
            marked = None if each_in_savepoint else _marked(node, tx, ready)
            for each in ready:
                if each.prepared is not None and tx.has_enrolled:
                    raise _Stale
                try:
                    with tx.savepoint() if each_in_savepoint else nullcontext():
                        handled.append(_handle(node, tx, each, marked))
                except TenprintError as problem:
                    if not each_in_savepoint:
                        raise
                    failed.append((each.envelope, problem))
            node.trigger(HANDLE_BEFORE_COMMIT)
    except TenprintError as problem:
        if each_in_savepoint:
            raise
        raise _Unsure from problem
    node.trigger(HANDLE_AFTER_COMMIT)
    for work in handled:
        if work is not None:
            _note_handled(node, work)
    return failed


def _marked(node: Node, tx: Transaction, ready: list[_Ready]) -> dict[MessageKey, bool]:
    """Mark messages handled before they are; tell of each whether it was still waiting."""
    keys = [each.envelope.key for each in ready]
    return dict(zip(keys, tx.mark_handled_all(keys, node.services.clock.now()), strict=True))


def _handle(node: Node, tx: Transaction, ready: _Ready, marked: dict[MessageKey, bool] | None) -> Work | None:
    """Handle a message; return None when another worker was faster (see `Store.claim_inbox`).

    Args:
        node, tx, ready: at hand.
        marked: of all messages of the transaction, or None when each is marked with what it causes.
    """
    work = Work(tx, node.services, ready.envelope)
    if tx.is_held(ready.envelope):
        raise StorageError(HELD, "what is answered was said before a restore, and is yet to be said again")
    key = ready.envelope.key
    if not (tx.mark_handled(key, work.now) if marked is None else marked[key]):
        return None
    with node.timed(Stage.HANDLE, ready.envelope.kind):
        ready.handler(work, ready.prepared)
    return work


def _note_handled(node: Node, work: Work) -> None:
    node.note(Event.MESSAGE_HANDLED, work.message)
    for task in work.opened:
        node.note(Event.TASK_OPENED, work.message, kind=str(task.kind))


def _put_off(node: Node, key: MessageKey, envelope: Envelope | None, problem: TenprintError) -> None:
    def give_up(tx: Transaction, fault: ProgramFault | None = None) -> None:
        message = envelope or _heading(tx, key)
        if message is None:
            # Nothing of the message can be read; that it was given up is written down all the same.
            write_down(tx, node.services, DEAD_LETTER, node.services.clock.now(), message=key.id, note=problem.code)
            return
        work = Work(tx, node.services, message)
        work.log(DEAD_LETTER, note=problem.code)
        if fault is None:
            _tell_of_failure(work, problem)
        else:
            work.log(NOT_TOLD, note=fault.code)

    try:
        with contained(node):
            put_off(node, Queue.INBOX, key, problem, give_up, about=envelope)
    except ProgramFault as another:  # in what tells of the failure; the dead letter is to stay one
        tell_fault(node, another, envelope)
        put_off(node, Queue.INBOX, key, problem, partial(give_up, fault=another), about=envelope)


def _heading(tx: Transaction, key: MessageKey) -> Envelope | None:
    try:
        return tx.heading(key)
    except StorageError:
        return None


def _tell_of_failure(work: Work, problem: TenprintError) -> None:
    """Call the party's failure handler; what it wrote is undone when it fails, and the dead letter stays one."""
    party = PARTIES.get(work.services.party.role)
    handler = (everyone.FAILED | party.FAILED).get(work.message.kind) if party else None
    if handler is None:
        return
    try:
        with work.tx.savepoint():
            handler(work, problem)
    except TenprintError as another:
        work.log(NOT_TOLD, note=another.code)
