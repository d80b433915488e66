"""Doors for what nobody is asked for.

An officer takes a detainer back, a court opens its charges again, a jail says how a hold ended that has lapsed.
"""

from __future__ import annotations

from tenprint.core.chance import content_id
from tenprint.core.errors import SenderError
from tenprint.exchange.dispatch.wakes import own_message
from tenprint.exchange.model.case import Case, Task
from tenprint.exchange.model.known import is_erased
from tenprint.exchange.model.withdrawal import was_withdrawn
from tenprint.exchange.model.words import CaseState, Kind, Role, TaskKind
from tenprint.exchange.parties import court, jail
from tenprint.exchange.ports import Node, Transaction, Work
from tenprint.exchange.tasks import detainers
from tenprint.exchange.tasks.answers import official_name, reason_given
from tenprint.exchange.tasks.cases import keep


def cancel_detainer(node: Node, case_id: str, *, by: str, reason: str) -> Case:
    """Take a request to hold back, at any time while it stands; return the field office's case.

    Args:
        node: the field office.
        case_id: which case.
        by, reason: which officer, and why.

    Raises:
        SenderError: ``NOT_A_FIELD_OFFICE``, ``UNKNOWN_CASE``, ``NO_DETAINER_STANDS``, ``PERSON_MISSING``,
            ``REASON_MISSING``, ``TEXT_INVALID``; nothing was written.
        StorageError: it could not be written.
    """
    if node.party.role != Role.FIELD_OFFICE:
        raise SenderError("NOT_A_FIELD_OFFICE", f"{node.party.id} asks no jail to hold anybody")
    by, reason = official_name(by), reason_given(reason)
    with node.store.transaction() as tx:
        case = known_case(tx, node, case_id)
        work = work_of(tx, node, Kind.CANCELLATION, case_id, by, reason)
        case = detainers.cancel(work, case, officer=by, reason=reason, at=work.now, jail=detainers.jail_of(work, case))
        return keep(work, case)


def reopen_charges(node: Node, case_id: str, *, by: str, reason: str) -> Task:
    """Ask the court's clerk again how the charges ended: a judgment was reversed, or a charge reduced later.

    Args:
        node: the court.
        case_id: which case.
        by, reason: which clerk, and why.

    Raises:
        SenderError: ``NOT_A_COURT``, ``UNKNOWN_CASE``, ``CASE_ERASED``, ``CASE_WITHDRAWN``, ``CHARGES_OPEN``
            while they are open, ``PERSON_MISSING``, ``REASON_MISSING``, ``TEXT_INVALID``; nothing was written.
        StorageError: it could not be written.
    """
    if node.party.role != Role.COURT:
        raise SenderError("NOT_A_COURT", f"{node.party.id} disposes of no charges")
    by, reason = official_name(by), reason_given(reason)
    with node.store.transaction() as tx:
        case = known_case(tx, node, case_id)
        if is_erased(case):
            raise SenderError("CASE_ERASED", "what the court was told of this arrest has been erased")
        if was_withdrawn(case):
            raise SenderError("CASE_WITHDRAWN", "the agency has taken the booking back")
        asked = [task for task in tx.tasks(case_id) if task.kind == TaskKind.DISPOSE]
        if any(task.is_open for task in asked):
            raise SenderError("CHARGES_OPEN", "the charges of this case are open", hint="see: tenprint tasks list")
        work = work_of(tx, node, Kind.TASK_ANSWER, case_id, by, reason)
        work.log("reopened", person=by, note="the charges are opened again")
        shown = court.shown_to_clerk(case, asked[-1].shown["message"])
        task = work.open_task(TaskKind.DISPOSE, shown, court.OUTCOMES, about=f"again-{len(asked)}")
        keep(work, case.moved(CaseState.AWAITING_COURT, disposed={}))
        return task


def reopen_custody(node: Node, case_id: str, *, by: str, reason: str) -> Task:
    """Ask the jail's clerk how a hold ended that has lapsed by the clock, because nobody had said anything in time.

    Args:
        node: the jail.
        case_id: which case.
        by, reason: which clerk, and why.

    Raises:
        SenderError: ``NOT_A_JAIL``, ``UNKNOWN_CASE``, ``CASE_ERASED``, ``NOT_LAPSED``, ``PERSON_MISSING``,
            ``REASON_MISSING``, ``TEXT_INVALID``; nothing was written.
        StorageError: it could not be written.
    """
    if node.party.role != Role.JAIL:
        raise SenderError("NOT_A_JAIL", f"{node.party.id} holds nobody")
    by, reason = official_name(by), reason_given(reason)
    with node.store.transaction() as tx:
        case = known_case(tx, node, case_id)
        if is_erased(case):
            raise SenderError("CASE_ERASED", "what this jail held of the case has been erased")
        work = work_of(tx, node, Kind.TASK_ANSWER, case_id, by, reason)
        task = jail.ask_after_lapse(work, case)
        work.log("reopened", person=by, note="how the hold ended is asked again")
        return task


def known_case(tx: Transaction, node: Node, case_id: str) -> Case:
    """Return a party's case.

    Raises:
        SenderError: ``UNKNOWN_CASE``.
    """
    case = tx.case(case_id)
    if case is None:
        raise SenderError("UNKNOWN_CASE", f"{node.party.id} knows no case {case_id!r}", hint="see: tenprint case list")
    return case


def work_of(tx: Transaction, node: Node, kind: Kind, case_id: str, *content: str) -> Work:
    """Return a transaction as if a message of the person had come: what the ledger speaks about."""
    message_id = content_id("said", node.party.id, case_id, *content)
    return Work(tx, node.services, own_message(node, message_id=message_id, kind=kind, case_id=case_id, body=b""))
