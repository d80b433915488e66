"""The court: is told of an arrest, and a named clerk says how each charge ended. What it says goes to those who booked.

One question is open from the notice on, until every charge has been disposed of. A later decision (a charge reduced, a
judgment reversed) is a further disposition: it is said under the same question while that is open, or under one that
the court opens again (`dispatch.reviews`). A charge is named by its number in the notice. When the agency tells of the
arrest anew, since its booking was rejected and came again with other charges, these are asked about instead. When the
agency takes the booking back, nobody is asked any more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tenprint.core.chance import content_id
from tenprint.core.errors import SenderError
from tenprint.exchange.model.aftermath import ArrestNotice, Disposition
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.envelope import MessageKey
from tenprint.exchange.model.known import is_erased, message_of, with_message
from tenprint.exchange.model.words import CaseState, DispositionOutcome, Kind, TaskKind
from tenprint.exchange.ports import FailureHandler, Handler, Preparer, Work
from tenprint.exchange.tasks.answers import record_answer
from tenprint.exchange.tasks.cases import keep
from tenprint.exchange.tasks.dated import DISPOSED, charge_number
from tenprint.exchange.tasks.news import told_parties, with_told
from tenprint.exchange.tasks.origin import signed_by_origin
from tenprint.exchange.tasks.spread import with_disposition
from tenprint.exchange.tasks.withdrawals import on_withdrawal, unless_withdrawn

TOLD_ANEW = "told_anew"
"""Outcome of a question that nobody answers any more: another one asks about the charges as they are now."""
OUTCOMES = tuple(str(outcome) for outcome in DispositionOutcome)
A_DISPOSITION_NEEDS = "details: charge (its number), decided_on (YYYY-MM-DD), reference; offence (NCIC code) if reduced"


def on_notice(work: Work, _: None) -> None:
    """Ask a clerk how the charges of an arrest end; anew, when the same agency tells them anew and otherwise."""
    notice = ArrestNotice.from_bytes(work.message.body)
    sender = work.services.directory.party(work.message.sender)
    if sender.ori != notice.ori:
        raise SenderError("OTHER_BOOKING", "the notice is about an arrest by another agency")
    known = work.tx.case(work.message.case_id)
    if known is not None and known.known.get("agency") != sender.id:
        raise SenderError("CASE_TAKEN", "another agency has told this court of this case")
    if known is not None:
        _told_anew(work, known, notice)
        return
    case = Case(
        case_id=work.message.case_id,
        opened_at=work.now,
        state=CaseState.AWAITING_COURT,
        ori=notice.ori,
        tcn=notice.tcn,
    )
    case = case.moved(agency=sender.id, arrested_on=notice.arrested_on, charges=notice.charges)
    work.open_task(TaskKind.DISPOSE, shown_to_clerk(case, work.message.id), OUTCOMES)
    keep(work, with_message(case, Kind.NOTICE, work.message.id))


def _told_anew(work: Work, case: Case, notice: ArrestNotice) -> None:
    """Note the number under which the booking came again, and ask anew when its charges or the day are others now.

    A repeat, and a notice that a newer one has overtaken, change nothing.
    """
    before = work.tx.heading(MessageKey(str(case.known["agency"]), message_of(case, Kind.NOTICE)))
    if before is None or work.message.sent_at <= before.sent_at or is_erased(case):
        work.log("repeat", note="this court was told of the arrest before")
        return
    known = (case.known["arrested_on"], case.known["charges"])
    is_other = (notice.arrested_on, notice.charges) != known
    work.log("resubmitted", note=f"the arrest is told anew, {'with other' if is_other else 'with the same'} charges")
    case = with_message(replace(case, tcn=notice.tcn), Kind.NOTICE, work.message.id)
    if is_other:
        case = case.moved(arrested_on=notice.arrested_on, charges=notice.charges, disposed={})
        case = _asked_anew(work, case)
    keep(work, case)


def _asked_anew(work: Work, case: Case) -> Case:
    asked = [task for task in work.tx.tasks(case.case_id) if task.kind == TaskKind.DISPOSE]
    why = "the agency has told the charges of this arrest anew"
    for task in (task for task in asked if task.is_open):
        work.tx.save_task(replace(task, answer=TOLD_ANEW, reason=why, decided_at=work.now))
        work.log("task_closed", task=task.id, outcome=TOLD_ANEW, reason=why, note=str(task.kind))
    work.open_task(TaskKind.DISPOSE, shown_to_clerk(case, work.message.id), OUTCOMES, about=f"again-{len(asked)}")
    return case.moved(CaseState.AWAITING_COURT)


def shown_to_clerk(case: Case, message: str) -> dict[str, Any]:
    """Return what the clerk sees: the charges by number, and the day of the arrest."""
    return {
        "booking": case.tcn,
        "arrested_on": case.known["arrested_on"],
        "charges": case.known["charges"],
        "a_disposition_needs": A_DISPOSITION_NEEDS,
        "message": message,
    }


def on_answer(work: Work, _: None) -> None:
    """Send on how a charge ended; the case is done for the court when every charge has been disposed of."""
    task, answer = record_answer(work)
    case = work.case()
    number = charge_number(task, answer.details)
    said = Disposition(
        disposition_id=content_id("disposition", work.services.party.id, task.id, str(answer.n)),
        court=work.services.party.id,
        ori=case.ori,
        tcn=case.tcn,
        charge_outcome=answer.answer,
        charge=str(task.shown["charges"][number]),
        charge_number=number,
        offence=answer.details.get("offence", ""),
        decided_on=answer.details["decided_on"],
        reference=answer.details["reference"],
        by=answer.by,
        said_at=work.message.sent_at,
    )
    said = signed_by_origin(work.services.signer, said)
    case = case.moved(**{DISPOSED: case.known.get(DISPOSED, {}) | {number: said.disposition_id}})
    case = _told(work, case, said)
    keep(work, case.moved(CaseState.ANSWERED) if answer.closes else case)


def _told(work: Work, case: Case, said: Disposition) -> Case:
    told = list(told_parties(work, case))
    sent = [work.send(Kind.DISPOSITION, party, said.to_bytes(), in_reply_to=work.message.id) for party in told]
    return with_told(with_disposition(case, said, sent[0], came_from=""), said.disposition_id, told)


HANDLERS: dict[Kind, Handler] = {
    Kind.NOTICE: on_notice,
    Kind.TASK_ANSWER: unless_withdrawn(on_answer),
    Kind.WITHDRAWAL: on_withdrawal,
}
PREPARERS: dict[Kind, Preparer] = {}
FAILED: dict[Kind, FailureHandler] = {}
