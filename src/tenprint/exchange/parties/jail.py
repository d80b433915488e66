"""The jail: answers a detainer, holds at most as long as the rule allows, reports each step of that with its time.

Accepting a request lodges it. The hold begins when the person would otherwise be released (8 CFR 287.7(d)), and
somebody at the jail says when that is. The clock runs from then by plain hours and ends by itself: when nobody came,
the hold lapses and the field office is told, whether or not anybody at the jail thinks of it. The jail may also end
it earlier: the person is released, and the case lapses as well, for nobody came.

That a hold lapsed is a presumption by the clock: nobody had said anything. What the jail says later about a time within
the hold stands, and both stay on record.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tenprint.core.clock import from_wire, to_wire
from tenprint.core.errors import SenderError
from tenprint.exchange.model.aftermath import CancellationNotice, OutcomeReport, day_of
from tenprint.exchange.model.bodies import (
    ACCEPT,
    CANCELLED,
    DECLINE,
    LAPSED,
    RELEASED,
    TRANSFERRED,
    WOULD_BE_RELEASED,
    CustodyReport,
    DetainerAnswer,
    DetainerRequest,
    TaskAnswer,
    TimerFired,
)
from tenprint.exchange.model.case import Case, Task
from tenprint.exchange.model.known import Wake, message_of, with_lapse, with_message
from tenprint.exchange.model.words import CaseState, Kind, TaskKind
from tenprint.exchange.ports import FailureHandler, Handler, Preparer, Work
from tenprint.exchange.tasks import questions, waits
from tenprint.exchange.tasks.anew import GROUND_BEFORE, STATUS_BEFORE, unless_replaced, up_to_date
from tenprint.exchange.tasks.answers import close_unanswered, record_answer
from tenprint.exchange.tasks.cases import keep
from tenprint.exchange.tasks.dated import moment_told, refuse_impossible
from tenprint.exchange.tasks.outcomes import with_outcome

REQUESTER = "requester"
HELD_FROM, HOLD_HOURS = "held_from", "hold_hours"
REQUEST = (
    "name", "birth_date", "booking", "status", "legal_ground", STATUS_BEFORE, GROUND_BEFORE, "evidence", "officer",
    "second_officer",
)  # fmt: skip
"""What of the request is shown again while the hold runs: on whose word, and on what ground, the person is held."""
TIME_RAN_OUT = "the longest time of the hold ran out"
RELEASED_EARLY = "the jail released the person before the time ran out"
SAID_AFTER_LAPSE = "the jail says so after the time ran out"
RELEASED_AT_ONCE = "the jail released the person, and no hold had begun"
TAKEN_BACK = "the field office took its request back"
ENDS = {
    TRANSFERRED: CaseState.TRANSFERRED,
    RELEASED: CaseState.LAPSED,
    LAPSED: CaseState.LAPSED,
    CANCELLED: CaseState.CANCELLED,
}
"""How the case stands after an event that ends the hold."""


def on_detainer(work: Work, _: None) -> None:
    """Put the request before somebody who answers for the jail. It is a request: declining is an answer like any."""
    request = DetainerRequest.from_bytes(work.message.body)
    if work.tx.case(work.message.case_id) is not None:
        work.log("repeat", note="this request lies here already")
        return
    case = Case(
        case_id=work.message.case_id, opened_at=work.now, state=CaseState.AWAITING_JAIL, tcn=request.booking_tcn
    )
    case = case.moved(requester=work.message.sender, hold_hours=request.hold_hours)
    shown = {
        "name": request.name,
        "birth_date": request.birth_date,
        "booking": request.booking_tcn,
        "status": request.status,
        "legal_ground": request.legal_ground,
        "evidence": request.evidence,
        "officer": request.officer,
        "second_officer": request.second_officer,
        "reason": request.reason,
        "decided_at": to_wire(request.decided_at),
        "longest_hold_hours": request.hold_hours,
        "remember": "This is a request. The jail may decline it; it is no warrant.",
        "message": work.message.id,
    }
    work.open_task(TaskKind.ANSWER_DETAINER, shown, (ACCEPT, DECLINE))
    keep(work, with_message(case, Kind.DETAINER, work.message.id))


def on_answer(work: Work, _: None) -> None:
    """Record what somebody at the jail answered: to the request, or how the hold ended."""
    task, answer = record_answer(work)
    if not answer.closes:
        return
    case = work.case()
    if task.kind == TaskKind.REPORT_CUSTODY:
        work.tx.cancel_timers(case.case_id, Wake.HOLD_END)
        at = moment_told(answer, work.message.sent_at)
        _report(work, with_lapse(case), answer.answer, answer.reason, at=at, by=answer.by)
    elif task.kind == TaskKind.REPORT_RELEASE:
        _release_is_due(work, case, task, answer)
    elif answer.answer == ACCEPT:
        _lodge(work, case, task, answer)
    else:
        _send_answer(work, case, answer, 0)
        keep(work, case.moved(CaseState.DECLINED))


def on_timer(work: Work, _: None) -> None:
    """End a hold whose time ran out."""
    timer = TimerFired.from_bytes(work.message.body)
    case = work.case()
    if timer.purpose != Wake.HOLD_END or case.state != CaseState.HELD:
        return
    close_unanswered(work, TaskKind.REPORT_CUSTODY, LAPSED, TIME_RAN_OUT)
    _report(work, case, LAPSED, TIME_RAN_OUT, at=timer.due_at)


def ask_after_lapse(work: Work, case: Case) -> Task:
    """Ask again how a hold ended that has lapsed by the clock; return the task.

    Raises:
        SenderError: ``NOT_LAPSED``: a hold that goes on, or of whose end a person has spoken.
    """
    asked = [task for task in work.tx.tasks(case.case_id) if task.kind == TaskKind.REPORT_CUSTODY]
    if case.state != CaseState.LAPSED or not asked or any(task.is_open or task.decided_by for task in asked):
        raise SenderError("NOT_LAPSED", "no hold of this case has lapsed without a word of the jail")
    return work.open_task(
        TaskKind.REPORT_CUSTODY, asked[-1].shown, (TRANSFERRED, RELEASED), about=f"after-lapse-{len(asked)}"
    )


def on_cancellation(work: Work, _: None) -> None:
    """End what was asked for: close the open question, stop the clock, say when the hold ended.

    A cancellation that comes after the end changes nothing: the field office has the report of that end already.
    """
    said = CancellationNotice.from_bytes(work.message.body)
    case = _case_of_request(work, said.detainer_id)
    if case.is_final:
        work.log("too_late", note=f"the case was {case.state} when the cancellation came")
        return
    for kind in (TaskKind.ANSWER_DETAINER, TaskKind.REPORT_RELEASE, TaskKind.REPORT_CUSTODY):
        close_unanswered(work, kind, CANCELLED, TAKEN_BACK)
    work.tx.cancel_timers(case.case_id, Wake.HOLD_END)
    _report(work, case, CANCELLED, TAKEN_BACK, at=work.now)


def on_outcome(work: Work, _: None) -> None:
    """Note what the field office reports of the person who was handed over."""
    report = OutcomeReport.from_bytes(work.message.body)
    case = work.case()
    if work.message.sender != case.known[REQUESTER]:
        raise SenderError("NOT_ASKED", f"{work.message.sender} did not take this person over")
    if case.state != CaseState.TRANSFERRED:
        raise SenderError("NOT_TRANSFERRED", "nobody was handed over in this case")
    refuse_impossible(work, None, day_of(report.on))
    keep(work, with_outcome(case, report))


def _case_of_request(work: Work, detainer_id: str) -> Case:
    case = work.case()
    if work.message.sender != case.known[REQUESTER]:
        raise SenderError("NOT_ASKED", f"{work.message.sender} asked for nothing in this case")
    if message_of(case, Kind.DETAINER) != detainer_id:
        raise SenderError("UNKNOWN_DETAINER", "no such request lies here in this case")
    return case


def _lodge(work: Work, case: Case, task: Task, answer: TaskAnswer) -> None:
    """Accept: the request lies at the jail, and somebody is asked when the person would be released."""
    longest = questions.hold_hours(work.decide)
    hours = min(int(case.known[HOLD_HOURS]), int(longest.outcome))
    shown = {name: task.shown[name] for name in REQUEST if name in task.shown} | {
        "requested_by": case.known[REQUESTER],
        "accepted_by": answer.by,
        "accepted_at": to_wire(work.message.sent_at),
        "longest_hold_hours": hours,
        "hold_rule": longest.sentence,
        "message": work.message.id,
    }
    shown = up_to_date(work, case, shown)
    work.open_task(TaskKind.REPORT_RELEASE, shown, (WOULD_BE_RELEASED, TRANSFERRED, RELEASED))
    _send_answer(work, case, answer, hours)
    keep(work, case.moved(CaseState.LODGED, hold_hours=hours))


def _release_is_due(work: Work, case: Case, task: Task, answer: TaskAnswer) -> None:
    """Begin the hold when the person would be released; handed over or let go at that moment, it never begins."""
    at = moment_told(answer, max(work.message.sent_at, from_wire(task.shown["accepted_at"])))
    if answer.answer == WOULD_BE_RELEASED:
        _begin_hold(work, case, task, answer, at)
        return
    if answer.answer == TRANSFERRED:
        case = case.moved(held_from=to_wire(at))
    _report(work, case, answer.answer, answer.reason, at=at, by=answer.by)


def _begin_hold(work: Work, case: Case, task: Task, answer: TaskAnswer, held_from: datetime) -> None:
    """Set a wake-up for the hold's end, tell the field office, and ask somebody to report a transfer or a release.

    The clock starts when the person would be released, not when this is handled or said: nobody is held longer.
    """
    ends_at = held_from + timedelta(hours=int(case.known[HOLD_HOURS]))
    work.set_timer(Wake.HOLD_END, ends_at)
    shown = {name: value for name, value in task.shown.items() if name not in ("accepted_at", "longest_hold_hours")}
    shown |= {"held_from": to_wire(held_from), "hold_ends_at": to_wire(ends_at), "message": work.message.id}
    work.open_task(TaskKind.REPORT_CUSTODY, shown, (TRANSFERRED, RELEASED), due_at=ends_at)
    detainer = message_of(case, Kind.DETAINER)
    body = CustodyReport(detainer, WOULD_BE_RELEASED, held_from, None, answer.reason, answer.by)
    sent = work.send(Kind.CUSTODY, case.known[REQUESTER], body.to_bytes(), in_reply_to=detainer)
    case = with_message(case, f"{Kind.CUSTODY}:{WOULD_BE_RELEASED}", sent.id)
    keep(work, case.moved(CaseState.HELD, held_from=to_wire(held_from)))


def _send_answer(work: Work, case: Case, answer: TaskAnswer, hours: int) -> None:
    detainer = message_of(case, Kind.DETAINER)
    body = DetainerAnswer(detainer, answer.answer, answer.reason, answer.by, hours)
    work.send(Kind.DETAINER_ANSWER, case.known[REQUESTER], body.to_bytes(), in_reply_to=detainer)


def _report(work: Work, case: Case, event: str, reason: str, *, at: datetime, by: str = "") -> None:
    detainer = message_of(case, Kind.DETAINER)
    held_from = from_wire(case.known[HELD_FROM]) if HELD_FROM in case.known else None
    body = CustodyReport(
        detainer_id=detainer,
        event=event,
        held_from=held_from,
        # A clock that was set back between two answers does not make a hold end before it began.
        ended_at=at if held_from is None else max(at, held_from),
        reason=reason,
        by=by,
    )
    sent = work.send(Kind.CUSTODY, case.known[REQUESTER], body.to_bytes(), in_reply_to=detainer)
    early = RELEASED_EARLY if HELD_FROM in case.known else RELEASED_AT_ONCE
    why = SAID_AFTER_LAPSE if case.state == CaseState.LAPSED else early if event == RELEASED else ""
    keep(work, with_message(case, Kind.CUSTODY, sent.id).moved(ENDS[event]), why)


HANDLERS: dict[Kind, Handler] = {
    Kind.DETAINER: on_detainer,
    Kind.CANCELLATION: on_cancellation,
    Kind.OUTCOME: on_outcome,
    Kind.TASK_ANSWER: unless_replaced(on_answer),
    Kind.TIMER: waits.overdue_or(on_timer),
}
PREPARERS: dict[Kind, Preparer] = {}
FAILED: dict[Kind, FailureHandler] = {}
