"""A booking that its agency takes back: tasks are closed, clocks stopped, and whoever was asked is told.

What has ended already stays as it ended. Late answers to a withdrawn booking are logged and change nothing.
"""

from __future__ import annotations

from dataclasses import replace

from tenprint.core.canonical import sha256_hex
from tenprint.core.errors import SenderError
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.known import Wake
from tenprint.exchange.model.withdrawal import Withdrawal
from tenprint.exchange.model.words import CaseState, Role
from tenprint.exchange.ports import Handler, Work
from tenprint.exchange.tasks.cases import keep
from tenprint.exchange.tasks.forgetting import forget_withdrawn_prints
from tenprint.exchange.tasks.news import copied_parties, is_informant
from tenprint.exchange.tasks.submissions import forward
from tenprint.exchange.tasks.waits import OUTLIVING

WITHDRAWN = "withdrawn"
ONWARD: dict[Role, frozenset[Role]] = {
    Role.STATE_BUREAU: frozenset({Role.CRIMINAL_REPOSITORY}),
    Role.CRIMINAL_REPOSITORY: frozenset({Role.IMMIGRATION_REPOSITORY, Role.SUPPORT_CENTER}),
    Role.SUPPORT_CENTER: frozenset({Role.FIELD_OFFICE}),
}
"""Whom a party tells, if it has sent them something of the case; and whoever it has sent a copy of an answer."""
DECIDED = frozenset({CaseState.AWAITING_JAIL, CaseState.LODGED, CaseState.HELD})
"""An officer has asked for a hold: only an officer takes that back."""
_CLOCKS = frozenset(Wake) - OUTLIVING - {Wake.HOLD_END}


def on_withdrawal(work: Work, _: None) -> None:
    """End the case as withdrawn, and tell whoever was asked.

    Raises:
        RecordError: ``BODY_INVALID``.
        SenderError: ``NOT_ASKED``: it was not on the sender's word that this party took the booking in.
        StorageError: ``UNKNOWN_CASE``: the booking itself may be under way.
    """
    said = Withdrawal.from_bytes(work.message.body)
    case, me = work.case(), work.services.party
    headings = work.tx.headings(case.case_id)
    if not is_informant(case, work.message.sender):
        raise SenderError("NOT_ASKED", f"{work.message.sender} has not told this party of the booking")
    roles = {party.id: party.role for party in work.services.directory.parties}
    told = {m.recipient for m in headings if m.sender == me.id and roles.get(m.recipient) in ONWARD.get(me.role, ())}
    for recipient in sorted(told | copied_parties(work, case)):
        forward(work, work.message, recipient)
    take_back(work, case, said)


def take_back(work: Work, case: Case, said: Withdrawal) -> Case:
    """End a case as withdrawn, unless it has ended or an officer has decided; close its tasks, stop its clocks.

    Prints that were kept because of this booking only leave the gallery in any case.
    """
    work.log(WITHDRAWN, person=said.by, reason_hash=sha256_hex(said.reason.encode()))
    forget_withdrawn_prints(work, case)
    if case.is_final or case.state in DECIDED:
        work.log("repeat", note=f"the case is {case.state} already and stays so")
        return keep(work, case.moved(taken_back=True))
    for wake in sorted(_CLOCKS):
        work.tx.cancel_timers(case.case_id, wake)
    for task in work.tx.tasks(case.case_id, open_only=True):
        why = "the booking was withdrawn"
        work.tx.save_task(replace(task, answer=WITHDRAWN, reason=why, decided_at=work.now))
        work.log("task_closed", task=task.id, outcome=WITHDRAWN, reason=why, note=str(task.kind))
    return keep(work, case.moved(CaseState.WITHDRAWN))


def unless_withdrawn(handler: Handler) -> Handler:
    """Return a handler that does nothing, and says so on the ledger, once the booking was withdrawn."""

    def handle(work: Work, prepared: object) -> None:
        case = work.tx.case(work.message.case_id)
        if case is not None and case.state == CaseState.WITHDRAWN:
            work.log("after_withdrawal", note="the booking was withdrawn, so this changes nothing")
            return
        handler(work, prepared)

    return handle
