"""The field office: a named officer decides on each case: nothing, an interview, or a request to hold the person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from tenprint.core.clock import from_wire, to_wire
from tenprint.core.errors import SenderError
from tenprint.exchange.model.bodies import (
    ACCEPT,
    CANCELLED,
    LAPSED,
    RELEASED,
    TRANSFERRED,
    CustodyReport,
    DetainerAnswer,
    DetainerRequest,
    TaskAnswer,
)
from tenprint.exchange.model.case import Case, Task
from tenprint.exchange.model.corrections import corrections_of
from tenprint.exchange.model.known import LAPSE, Wake, advanced, message_of, with_lapse, with_message
from tenprint.exchange.model.words import CaseState, Kind, OfficerDecision, Review, Role, SecondLook, TaskKind
from tenprint.exchange.ports import FailureHandler, Handler, Preparer, Work
from tenprint.exchange.tasks import anew, detainers, levels, outcomes, questions, requests, waits
from tenprint.exchange.tasks.answers import DETAINER_HINT, answered, close_unanswered, record_answer
from tenprint.exchange.tasks.cases import asked_case, is_repeat, keep
from tenprint.exchange.tasks.corrections import look_again_after
from tenprint.exchange.tasks.dated import refuse_impossible
from tenprint.exchange.tasks.spread import WITHOUT_CONVICTION, dispositions_of, take_disposition, told_of_charge
from tenprint.exchange.tasks.withdrawals import on_withdrawal, unless_withdrawn
from tenprint.policy.evaluate import refuse_unless
from tenprint.records.nlets.iar import Iar
from tenprint.records.nlets.offences import offence_in_words

FULL_AGE = 18
DECISIONS = tuple(str(decision) for decision in OfficerDecision)
ENDS = {
    TRANSFERRED: CaseState.TRANSFERRED,
    RELEASED: CaseState.LAPSED,
    LAPSED: CaseState.LAPSED,
    CANCELLED: CaseState.CANCELLED,
}
"""How the case stands after the jail's report of an end."""
LAPSED_AT = "lapsed_at"
"""In `Case.known`: when a hold ended by the clock, while no person at the jail has said how."""


def on_status_answer(work: Work, _: None) -> None:
    """Put the specialist's answer before an officer."""
    answer = Iar.from_bytes(work.message.body)
    if work.message.sender != work.peer(Role.SUPPORT_CENTER):
        raise SenderError("NOT_ASKED", f"{work.message.sender} is not the support center of this office")
    if work.tx.case(work.message.case_id) is not None:
        work.log("repeat", note="this case lies before an officer already")
        return
    case = Case(case_id=work.message.case_id, opened_at=work.now, state=CaseState.AWAITING_DECISION, tcn=answer.ref)
    case = case.moved(told_by=work.message.sender)
    work.open_task(TaskKind.DECIDE, _shown(work, answer), DECISIONS)
    keep(work, with_message(case, Kind.IAR, work.message.id))


def on_answer(work: Work, _: None) -> None:
    """Record what an officer answered, and follow it."""
    task, answer = record_answer(work)
    _FOLLOW[task.kind](work, task, answer)


def on_disposition(work: Work, _: None) -> None:
    """Note how a charge ended, for an officer who has not decided yet to see.

    Without a conviction, an officer looks again at a detainer that stands.
    """
    taken = take_disposition(work)
    if taken is None:
        return
    case, said = taken
    anew.ask_anew(work, case, anew.BY_DISPOSITION, "a court has said how a charge ended", said.disposition_id)
    _look_again_after(work, case, asdict(said))


def on_taken_back(work: Work, _: None) -> None:
    """End a case that nobody has decided; a detainer that stands is an officer's to take back, who is asked."""
    on_withdrawal(work, None)
    detainers.ask_again(work, work.case(), "the booking agency takes the booking back", work.message.id)


def _look_again_after(work: Work, case: Case, said: Mapping[str, Any]) -> None:
    if said["charge_outcome"] in WITHOUT_CONVICTION:
        what = f"a court reports: {said['charge_outcome'].replace('_', ' ')}"
        detainers.ask_again(work, case, what, said["disposition_id"], **told_of_charge(said))


def _reviewed(work: Work, task: Task, answer: TaskAnswer) -> None:
    """Keep a detainer, or take it back, as the officer says."""
    del task
    case = work.case()
    if not answer.closes or answer.answer != Review.CANCEL:
        return
    if not detainers.stands(case):
        work.log("too_late", note="the request had ended when it was to be taken back")
        return
    at, jail = work.message.sent_at, detainers.jail_of(work, case)
    keep(work, detainers.cancel(work, case, officer=answer.by, reason=answer.reason, at=at, jail=jail))


def _outcome_reported(work: Work, task: Task, answer: TaskAnswer) -> None:
    case = work.case()
    told = outcomes.told_of_outcomes(work, detainers.jail_of(work, case))
    keep(work, outcomes.report_outcome(work, case, task, answer, told))


def _decided(work: Work, task: Task, answer: TaskAnswer) -> None:
    """Follow an officer's decision; a detainer goes to the jail only if a rule permits it."""
    _note_statements(work, task, answer)
    is_detainer = answer.answer == OfficerDecision.DETAINER
    if is_detainer and questions.waits_for_second_look(questions.quietly(work.services), task.shown, answer.details):
        _ask_second_officer(work, task, answer)
        return
    if not answer.closes:
        return
    close_unanswered(work, TaskKind.SECOND_LOOK, answer.answer, "the first officer decided otherwise")
    case = work.case()
    if is_detainer:
        _send_request(work, case, _request(work, task, answer))
        return
    ends = CaseState.INTERVIEWED if answer.answer == OfficerDecision.INTERVIEW else CaseState.NO_ACTION
    keep(work, case.moved(ends))


def _note_statements(work: Work, task: Task, answer: TaskAnswer) -> None:
    """Keep what the officer states of convictions, and put down which level and priority follow from it."""
    case = work.case()
    stated = levels.take_statements(work, case, answer)
    if stated != case:
        levels.rank(work.decide, levels.facts_of(stated, task.shown), str(task.shown["status"]))
        keep(work, stated)


def _ask_second_officer(work: Work, task: Task, answer: TaskAnswer) -> None:
    """Put a detainer before another officer before it goes anywhere."""
    why = questions.detainer(work.decide, task.shown, answer.details)
    proposal = {"by": answer.by, "reason": answer.reason, "answer": answer.answer, "details": answer.details}
    shown = task.shown | {"why_a_second_look": why.sentence, "proposal": proposal}
    # A look that was asked for before a record was corrected was about another proposal.
    earlier = any(t.kind == TaskKind.SECOND_LOOK for t in work.tx.tasks(task.case_id))
    answers = tuple(str(said) for said in SecondLook)
    work.open_task(TaskKind.SECOND_LOOK, shown, answers, about=task.id if earlier else "")


def _looked_at(work: Work, look: Task, said: TaskAnswer) -> None:
    """Send the first officer's detainer when the second one agrees; else leave the decision with the first one."""
    if not said.closes or said.answer != SecondLook.AGREE:
        return
    proposal = look.shown["proposal"]
    tasks = work.tx.tasks(look.case_id, open_only=True)
    task = next((t for t in tasks if t.kind == TaskKind.DECIDE), None)
    if task is None:
        raise SenderError("TASK_CLOSED", "the first officer has decided otherwise since")
    answer = TaskAnswer(
        task_id=task.id,
        kind=str(task.kind),
        n=task.findings,
        answer=proposal["answer"],
        reason=proposal["reason"],
        by=proposal["by"],
        shown_hash=task.shown_hash,
        details=dict(proposal["details"]),
    )
    work.tx.save_task(answered(task, answer, work.now))
    _send_request(work, work.case(), _request(work, task, answer, second_officer=said.by))


def _send_request(work: Work, case: Case, request: DetainerRequest) -> None:
    sent = work.send(Kind.DETAINER, work.peer(Role.JAIL), request.to_bytes())
    waits.begin(work, sent)
    case = keep(work, with_message(case, Kind.DETAINER, sent.id).moved(CaseState.AWAITING_JAIL))
    # What came while the officer's answer was under way is looked at all the same, as what comes afterwards is.
    for said in dispositions_of(case):
        _look_again_after(work, case, said)
    for correction in corrections_of(case):
        look_again_after(work, case, correction)


def on_jail_answer(work: Work, _: None) -> None:
    """Note that the jail accepts or declines."""
    answer = DetainerAnswer.from_bytes(work.message.body)
    case = _case_of_detainer(work, answer.detainer_id)
    if is_repeat(work, case, Kind.DETAINER_ANSWER):
        return
    waits.end(work)
    state = CaseState.LODGED if answer.answer == ACCEPT else CaseState.DECLINED
    keep(work, advanced(with_message(case, Kind.DETAINER_ANSWER, work.message.id), state))


def on_custody(work: Work, _: None) -> None:
    """Note what the jail reports: from when on it holds, or how that ended. Reports may come in any order."""
    report = CustodyReport.from_bytes(work.message.body)
    case = _case_of_detainer(work, report.detainer_id)
    begun = waits.HOLD_BEGUN
    is_after_lapse = LAPSED_AT in case.known and report.event in (TRANSFERRED, RELEASED)
    purpose = LAPSE if is_after_lapse else Kind.CUSTODY
    if is_repeat(work, case, begun if report.ended_at is None else purpose):
        return
    refuse_impossible(work, case.opened_at, report.held_from, report.ended_at)
    if report.event == CANCELLED and not message_of(case, Kind.CANCELLATION):
        raise SenderError("NOT_CANCELLED", "this office did not take its request back")
    if not message_of(case, Kind.DETAINER_ANSWER):
        work.tx.cancel_timers(case.case_id, Wake.DETAINER_OVERDUE)
    if report.ended_at is None:
        if not message_of(case, Kind.CUSTODY):
            waits.begin(work, work.message)
        keep(work, advanced(with_message(case, begun, work.message.id), CaseState.HELD))
        return
    if is_after_lapse:
        case = _said_after_lapse(case, report.ended_at)
    if message_of(case, begun):
        work.tx.cancel_timers(case.case_id, Wake.HOLD_OVERDUE)
    case = with_message(case, Kind.CUSTODY, work.message.id)
    if report.event == LAPSED:
        case = case.moved(lapsed_at=to_wire(report.ended_at))
    why = "the jail released the person before the time ran out" if report.event == RELEASED else ""
    why = "the jail says so after the time ran out" if is_after_lapse else why
    is_moved = is_after_lapse and case.state == CaseState.LAPSED
    case = keep(work, case.moved(ENDS[report.event]) if is_moved else advanced(case, ENDS[report.event]), why)
    close_unanswered(work, TaskKind.REVIEW, report.event, "the hold has ended")
    if case.state == CaseState.TRANSFERRED:
        outcomes.ask_outcome(work, case, report.ended_at)


def _said_after_lapse(case: Case, ended_at: datetime) -> Case:
    """Return the case with the clock's report kept apart: a person at the jail has said how the hold ended."""
    if ended_at > from_wire(case.known[LAPSED_AT]):
        raise SenderError("TIME_TOO_LATE", "the hold had ended by then")
    return with_lapse(case)


def _shown(work: Work, answer: Iar) -> dict[str, Any]:
    """Return what the officer sees; who confirmed the match only if the answer says so."""
    ranked = levels.rank(work.decide, levels.facts_of(None, {"offence": answer.off}), str(answer.status))
    level, priority = ranked.level, ranked.priority
    return {
        "name": answer.nam,
        "birth_date": answer.dob,
        "status": str(answer.status),
        "legal_ground": answer.legal_ground,
        "specialist": answer.specialist,
        "specialist_says": answer.text,
        "caveat": answer.caveat,
        "offence": answer.off,
        "offence_in_words": offence_in_words(answer.off),
        "match_confirmed": True if answer.confirmed_by else None,
        "match_confirmed_by": str(answer.confirmed_by),
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


def _request(work: Work, task: Task, answer: TaskAnswer, *, second_officer: str = "") -> DetainerRequest:
    decision = questions.detainer(work.decide, task.shown, answer.details, is_looked_at=bool(second_officer))
    permitted = refuse_unless(decision, questions.PERMITTED)
    return DetainerRequest(
        name=str(task.shown["name"]),
        birth_date=str(task.shown["birth_date"]),
        booking_tcn=str(task.shown["booking"]),
        status=str(task.shown["status"]),
        legal_ground=str(task.shown["legal_ground"]),
        evidence=answer.details["evidence"],
        reason=answer.reason,
        officer=answer.by,
        second_officer=second_officer,
        rule=permitted.rule,
        rule_version=permitted.version,
        hold_hours=int(questions.hold_hours(work.decide).outcome),
        decided_at=work.message.sent_at,
    )


def _case_of_detainer(work: Work, detainer_id: str) -> Case:
    case = asked_case(work, Kind.DETAINER)
    if message_of(case, Kind.DETAINER) != detainer_id:
        raise SenderError("UNKNOWN_DETAINER", "the jail answers a request that this office did not send in this case")
    return case


_FOLLOW: dict[TaskKind, Callable[[Work, Task, TaskAnswer], None]] = {
    TaskKind.DECIDE: _decided,
    TaskKind.SECOND_LOOK: _looked_at,
    TaskKind.REVIEW: _reviewed,
    TaskKind.REPORT_OUTCOME: _outcome_reported,
    TaskKind.ANSWER_REQUEST: requests.follow,
}
HANDLERS: dict[Kind, Handler] = {
    Kind.IAR: unless_withdrawn(on_status_answer),
    Kind.TASK_ANSWER: unless_withdrawn(anew.unless_replaced(on_answer)),
    Kind.DETAINER_ANSWER: on_jail_answer,
    Kind.CUSTODY: on_custody,
    Kind.WITHDRAWAL: on_taken_back,
    Kind.DISPOSITION: on_disposition,
}
PREPARERS: dict[Kind, Preparer] = {}
FAILED: dict[Kind, FailureHandler] = {}
