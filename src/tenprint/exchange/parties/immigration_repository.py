"""The immigration repository: searches its gallery of encounters; an examiner, not a score, makes a match.

Candidates above the identification threshold become a task. An inconclusive finding is put to another examiner, who
does not see the first one's finding. No candidate, or an exclusion of all: the answer is `no_match`, unless the search
did not reach the whole gallery, or somebody in it has no finger in common with the probe; then it is `partial`, because
who was not compared was not excluded. Examiners who
cannot tell leave it `partial` too: the candidate was neither identified nor excluded, and the case is `not_confirmed`.

When an examiner is not done within the repository's own time, an interim answer says `pending`; the final one follows.
A record enrolled later that fits a booking kept here is put to an examiner too, and told as a late hit.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tenprint.core.chance import content_id
from tenprint.core.errors import TenprintError
from tenprint.exchange.model.bodies import TimerFired
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.known import (
    EMPTY_REPOSITORY,
    LATE,
    Repository,
    Wake,
    advanced,
    is_file_empty,
    message_of,
    reopened,
    with_message,
    with_repository,
)
from tenprint.exchange.model.numbers import control_number
from tenprint.exchange.model.words import CaseState, Kind, RepositoryState, TaskKind
from tenprint.exchange.ports import FailureHandler, Handler, Preparer, Work
from tenprint.exchange.tasks import questions
from tenprint.exchange.tasks.anew import unless_replaced
from tenprint.exchange.tasks.answers import record_answer
from tenprint.exchange.tasks.cases import keep
from tenprint.exchange.tasks.forgetting import without_forgotten
from tenprint.exchange.tasks.late_hits import FINDINGS, examine_late, is_late
from tenprint.exchange.tasks.news import SUBMITTER
from tenprint.exchange.tasks.prints import ReadCard, candidates_above, prepare_card, threshold_of
from tenprint.exchange.tasks.results import end_of
from tenprint.exchange.tasks.submissions import SUBJECT, SUBMISSION, keep_prints, opened_case, searched
from tenprint.exchange.tasks.waits import overdue_or
from tenprint.exchange.tasks.withdrawals import on_withdrawal, unless_withdrawn
from tenprint.policy.response_times import limit_of
from tenprint.records.ident import IdentDataResponse
from tenprint.records.itl.ebts import priority_of
from tenprint.records.words import ExaminerFinding as RecordFinding
from tenprint.records.words import RepositoryState as RecordState

INTERIM, EXAMINATION = "IDR:pending", "examination"
"""Purpose of the interim answer's message; class of response times of an examination."""
UNREADABLE_TCN = "UNKNOWN"
NOBODY_HERE = f"{EMPTY_REPOSITORY}: nobody is on file here to be compared with"
FIN_DIGITS = 15
"""As many as an IAQ's line FIN holds. Made from content: the chance that any two of ten million share one is 5 %."""


def on_search(work: Work, card: ReadCard) -> None:
    """Answer at once when there is nobody to look at or the search failed; else ask an examiner."""
    card = without_forgotten(work, card)
    if work.tx.case(work.message.case_id) is not None:
        work.log("repeat", note="this case was searched already")
        return
    case = opened_case(work, card, CaseState.SEARCHING)
    threshold = threshold_of(work.services.party)
    found = candidates_above(card.search, threshold)
    if card.findings or card.search is None:
        codes = " ".join(dict.fromkeys(f.code for f in card.findings)) or "L0008"
        case = searched(work, case, Repository.IMMIGRATION, RepositoryState.ERROR, card)
        _answer(work, case, RecordState.ERROR, text=f"the prints could not be searched: {codes}")
        return
    coverage = {"shards_answered": card.search.shards_answered, "shards_total": card.search.shards_total}
    case = case.moved(coverage=coverage, is_complete=card.search.is_complete)
    case = keep_prints(work, case, card, Repository.IMMIGRATION, "")
    if case.known.get("enrolled"):
        examine_late(work.tx, work.services, str(case.known[SUBJECT]), card.templates, card.search)
    best = found[0] if found else None
    if best is None:
        result = RepositoryState.NO_MATCH if card.search.is_complete else RepositoryState.PARTIAL
        case = searched(work, case, Repository.IMMIGRATION, result, card)
        is_empty = is_file_empty(case, Repository.IMMIGRATION)
        _answer(work, case, RecordState(result), text=NOBODY_HERE if is_empty else "")
        return
    case = searched(work, case, Repository.IMMIGRATION, RepositoryState.PENDING, card, candidates=len(found))
    needed = threshold.for_candidate(best)
    ways = questions.verify_candidate(work.decide, Repository.IMMIGRATION, best.score, needed, threshold.name)
    case = case.moved(candidates=len(found))
    if ways.outcome == questions.BY_RULE:
        _answer(work, case, RecordState.MATCH, subject=best.subject_id)
        return
    waits = questions.answer_within_seconds(work.decide, priority_of(card.received))
    work.open_task(
        TaskKind.EXAMINE, _shown(work, card), FINDINGS, due_at=work.now + timedelta(seconds=int(waits.outcome))
    )
    within = limit_of(EXAMINATION, work.now.date())
    work.set_timer(Wake.INTERIM_DUE, work.now + timedelta(seconds=within.seconds))
    keep(work, case.moved(CaseState.AWAITING_EXAMINER))


def on_timer(work: Work, _: None) -> None:
    """Say that the answer is pending when the examiner is not done within the repository's own time."""
    timer, case = TimerFired.from_bytes(work.message.body), work.case()
    if timer.purpose != Wake.INTERIM_DUE or message_of(case, Kind.IDR) or message_of(case, INTERIM):
        return
    tcn = control_number(work.services.party.id, case.case_id, INTERIM)
    body = IdentDataResponse(
        tcn=tcn,
        tcr=case.tcn[:40] or UNREADABLE_TCN,
        result=RecordState.PENDING,
        candidates_considered=int(case.known.get("candidates", 0)),
        text="an examiner has not finished; this is neither a match nor a no match",
        **case.known.get("coverage", {}),
    )
    asked = message_of(case, SUBMISSION)
    sent = work.send(Kind.IDR, case.known[SUBMITTER], body.to_bytes(), tcn=tcn, tcr=case.tcn, in_reply_to=asked)
    keep(work, with_message(case, INTERIM, sent.id, tcn))


def on_search_given_up(work: Work, problem: TenprintError) -> None:
    """Answer a search that became a dead letter with an error: the criminal repository is not left with a pending."""
    if work.tx.case(work.message.case_id) is not None:
        return
    message = work.message
    case = Case(case_id=message.case_id, opened_at=work.now, state=CaseState.SEARCHING, tcn=message.tcn)
    case = with_message(case.moved(submitter=message.sender), SUBMISSION, message.id, message.tcn)
    _answer(work, case, RecordState.ERROR, text=f"the search could not be made: {problem.code}")


def on_examined(work: Work, _: None) -> None:
    """Record an examiner's finding; answer, or ask another examiner when the first one could not tell."""
    task, answer = record_answer(work)
    if not answer.closes:
        return
    case = work.case()
    asked = 1 if task.kind == TaskKind.EXAMINE else 2
    decision = questions.second_examiner(work.decide, answer.answer, asked)
    if decision.outcome == questions.ASK_ANOTHER:
        about = str(case.known[LATE][task.id]) if is_late(case, task.id) else ""
        second = work.open_task(TaskKind.EXAMINE_SECOND, task.shown, FINDINGS, about=about)
        if about:
            keep(work, case.moved(**{LATE: case.known[LATE] | {second.id: about}}))
        return
    finding = RecordFinding(answer.answer)
    if is_late(case, task.id):
        _end_late(work, case, task.id, finding, answer.by)
        return
    if finding == RecordFinding.IDENTIFICATION:
        subject = answer.details.get("candidate") or str(task.shown["candidates"][0]["subject_id"])
        _answer(work, case, RecordState.MATCH, subject=subject, finding=finding, examiner=answer.by)
        return
    is_excluded = finding == RecordFinding.EXCLUSION
    result = RecordState.NO_MATCH if is_excluded and case.known.get("is_complete") else RecordState.PARTIAL
    _answer(work, case, result, finding=finding, examiner=answer.by)


def _end_late(work: Work, case: Case, task_id: str, finding: RecordFinding, examiner: str) -> None:
    """Tell whoever asked for the search of a late hit, once an examiner has identified it; else nobody hears of it."""
    if finding != RecordFinding.IDENTIFICATION or message_of(case, Kind.LATE_HIT):
        return
    subject = str(case.known[LATE][task_id])
    tcn = control_number(work.services.party.id, case.case_id, Kind.LATE_HIT)
    body = IdentDataResponse(
        tcn=tcn,
        tcr=case.tcn[:40] or UNREADABLE_TCN,
        result=RecordState.MATCH,
        subject_id=subject,
        encounter_id=content_id("encounter", subject),
        fin=_fingerprint_number(subject),
        finding=finding,
        examiner=examiner[:80],
        candidates_considered=1,
        text="a record that was enrolled after the search fits the booking",
        **case.known.get("coverage", {}),
    )
    asked = message_of(case, SUBMISSION)
    sent = work.send(Kind.LATE_HIT, case.known[SUBMITTER], body.to_bytes(), tcn=tcn, tcr=case.tcn, in_reply_to=asked)
    work.log("reopened", note="a record that was enrolled later fits the booking")
    case = with_repository(case, Repository.IMMIGRATION, RepositoryState.MATCH)
    keep(work, with_message(reopened(case, CaseState.ANSWERED), Kind.LATE_HIT, sent.id, tcn), why="a late hit")


def _answer(
    work: Work,
    case: Case,
    result: RecordState,
    *,
    subject: str = "",
    finding: RecordFinding = RecordFinding.NONE,
    examiner: str = "",
    text: str = "",
) -> None:
    """Send the IDR to whoever asked, and end the case for this party."""
    tcn = control_number(work.services.party.id, case.case_id, Kind.IDR)
    body = IdentDataResponse(
        tcn=tcn,
        tcr=case.tcn[:40] or UNREADABLE_TCN,
        result=result,
        subject_id=subject,
        encounter_id=content_id("encounter", subject) if subject else "",
        fin=_fingerprint_number(subject) if subject else "",
        finding=finding,
        examiner=examiner[:80],
        candidates_considered=int(case.known.get("candidates", 0)),
        text=text,
        **case.known.get("coverage", {}),
    )
    sent = work.send(
        Kind.IDR,
        case.known[SUBMITTER],
        body.to_bytes(),
        tcn=tcn,
        tcr=case.tcn,
        in_reply_to=message_of(case, SUBMISSION),
    )
    work.tx.cancel_timers(case.case_id, Wake.INTERIM_DUE)
    case = with_repository(case, Repository.IMMIGRATION, RepositoryState(result))
    keep(work, advanced(with_message(case, Kind.IDR, sent.id, tcn), end_of(case, RepositoryState(result), finding)))


def _shown(work: Work, card: ReadCard) -> dict[str, Any]:
    """Return what the examiner sees: candidates, coverage, threshold. Whole numbers; similarities are milli-units."""
    threshold = threshold_of(work.services.party)
    if card.search is None:
        return {}
    found = candidates_above(card.search, threshold)
    others = [candidate for candidate in card.search.candidates if candidate not in found]
    return {
        "candidates": [
            {
                "subject_id": candidate.subject_id,
                "rank": candidate.rank,
                "score": candidate.score,
                "threshold": threshold.for_candidate(candidate),
                "fingers": {finger.title: score for finger, score in sorted(candidate.fingers.items())},
            }
            for candidate in found
        ],
        "best_below_threshold": {"score": others[0].score, "threshold": threshold.for_candidate(others[0])}
        if others
        else {},
        "subjects_searched": card.search.subjects_searched,
        "shards_answered": card.search.shards_answered,
        "shards_total": card.search.shards_total,
        "subjects_without_common_finger": card.search.subjects_without_common_finger,
        "threshold": {"score": threshold.for_fingers(len(card.templates)), "name": threshold.name},
        "usable_fingers": len(card.templates),
        "failures": {finger.title: why for finger, why in sorted(card.failures.items())},
        "submission": work.message.id,
    }


def _fingerprint_number(subject_id: str) -> str:
    """Return the record's fingerprint identification number (FIN): digits made from the subject id."""
    return str(int(content_id("fin", subject_id).partition("-")[2], 16))[-FIN_DIGITS:]


HANDLERS: dict[Kind, Handler] = {
    Kind.IDENT_SEARCH: on_search,
    Kind.TASK_ANSWER: unless_withdrawn(unless_replaced(on_examined)),
    Kind.WITHDRAWAL: on_withdrawal,
    Kind.TIMER: overdue_or(unless_withdrawn(on_timer)),
}
PREPARERS: dict[Kind, Preparer] = {Kind.IDENT_SEARCH: prepare_card}
FAILED: dict[Kind, FailureHandler] = {Kind.IDENT_SEARCH: on_search_given_up}
