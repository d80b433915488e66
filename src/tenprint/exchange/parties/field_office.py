"""The field office: a named officer decides on each case: nothing, an interview, or a request to hold the person."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from tenprint.core.errors import SenderError
from tenprint.exchange.model.bodies import (
    ACCEPT,
    LAPSED,
    CustodyReport,
    DetainerAnswer,
    DetainerRequest,
    TaskAnswer,
)
from tenprint.exchange.model.case import Case, Task
from tenprint.exchange.model.known import advanced, message_of, with_message
from tenprint.exchange.model.words import CaseState, Kind, OfficerDecision, Role, TaskKind
from tenprint.exchange.ports import FailureHandler, Handler, Preparer, Work
from tenprint.exchange.tasks import questions
from tenprint.exchange.tasks.answers import DETAINER_HINT, record_answer
from tenprint.exchange.tasks.cases import keep
from tenprint.records.nlets.iar import Iar

FULL_AGE = 18
DECISIONS = tuple(str(decision) for decision in OfficerDecision)


def on_status_answer(work: Work, _: None) -> None:
    """Put the specialist's answer before an officer."""
    answer = Iar.from_bytes(work.message.body)
    if work.tx.case(work.message.case_id) is not None:
        work.log("repeat", note="this case lies before an officer already")
        return
    case = Case(case_id=work.message.case_id, opened_at=work.now, state=CaseState.AWAITING_DECISION, tcn=answer.ref)
    work.open_task(TaskKind.DECIDE, _shown(work, answer), DECISIONS)
    keep(work, with_message(case, Kind.IAR, work.message.id))


def on_decision(work: Work, _: None) -> None:
    """Record the officer's decision; a detainer goes to the jail only if a rule permits it."""
    task, answer = record_answer(work)
    if not answer.closes:
        return
    case = work.case()
    if answer.answer == OfficerDecision.DETAINER:
        request = _request(work, task, answer)
        sent = work.send(Kind.DETAINER, work.peer(Role.JAIL), request.to_bytes())
        keep(work, with_message(case, Kind.DETAINER, sent.id).moved(CaseState.AWAITING_JAIL))
        return
    ends = CaseState.INTERVIEWED if answer.answer == OfficerDecision.INTERVIEW else CaseState.NO_ACTION
    keep(work, case.moved(ends))


def on_jail_answer(work: Work, _: None) -> None:
    """Note that the jail accepts or declines."""
    answer = DetainerAnswer.from_bytes(work.message.body)
    case = _case_of_detainer(work, answer.detainer_id)
    state = CaseState.HELD if answer.answer == ACCEPT else CaseState.DECLINED
    keep(work, advanced(with_message(case, Kind.DETAINER_ANSWER, work.message.id), state))


def on_custody(work: Work, _: None) -> None:
    """Note how the hold ended."""
    report = CustodyReport.from_bytes(work.message.body)
    case = _case_of_detainer(work, report.detainer_id)
    state = CaseState.LAPSED if report.event == LAPSED else CaseState.TRANSFERRED
    keep(work, advanced(with_message(case, Kind.CUSTODY, work.message.id), state))


def _shown(work: Work, answer: Iar) -> dict[str, Any]:
    """Return what the officer sees. An IAR answers a query that follows a confirmed match, never a mere candidate."""
    level = work.decide("offence_level", {})
    priority = work.decide("priority", {"status": str(answer.status), "offence_level": str(level.outcome)})
    return {
        "name": answer.nam,
        "birth_date": answer.dob,
        "status": str(answer.status),
        "legal_ground": answer.legal_ground,
        "specialist": answer.specialist,
        "specialist_says": answer.text,
        "caveat": answer.caveat,
        "match_confirmed": True,
        "juvenile": is_juvenile(answer.dob, work.now),
        "offence_level": {"is": str(level.outcome), "why": level.sentence},
        "priority": {"is": str(priority.outcome), "why": priority.sentence},
        "booking": answer.ref,
        "a_detainer_needs": DETAINER_HINT,
        "message": work.message.id,
    }


def is_juvenile(birth_date: str, now: datetime) -> bool | None:
    """Tell whether somebody born on YYYYMMDD is under eighteen; None when the day is not known."""
    try:
        born = date(int(birth_date[:4]), int(birth_date[4:6]), int(birth_date[6:8]))
    except ValueError:
        return None
    has_had_birthday = (now.month, now.day) >= (born.month, born.day)
    return now.year - born.year - (not has_had_birthday) < FULL_AGE


def _request(work: Work, task: Task, answer: TaskAnswer) -> DetainerRequest:
    permitted = questions.detainer(questions.quietly(work.services), task.shown, answer.details)
    return DetainerRequest(
        name=str(task.shown["name"]),
        birth_date=str(task.shown["birth_date"]),
        booking_tcn=str(task.shown["booking"]),
        status=str(task.shown["status"]),
        legal_ground=str(task.shown["legal_ground"]),
        evidence=answer.details["evidence"],
        reason=answer.reason,
        officer=answer.by,
        rule=permitted.rule,
        rule_version=permitted.version,
        hold_hours=int(questions.hold_hours(work.decide).outcome),
        decided_at=work.message.sent_at,
    )


def _case_of_detainer(work: Work, detainer_id: str) -> Case:
    case = work.case()
    if message_of(case, Kind.DETAINER) != detainer_id:
        raise SenderError("UNKNOWN_DETAINER", "the jail answers a request that this office did not send in this case")
    return case


HANDLERS: dict[Kind, Handler] = {
    Kind.IAR: on_status_answer,
    Kind.TASK_ANSWER: on_decision,
    Kind.DETAINER_ANSWER: on_jail_answer,
    Kind.CUSTODY: on_custody,
}
PREPARERS: dict[Kind, Preparer] = {}
FAILED: dict[Kind, FailureHandler] = {}
