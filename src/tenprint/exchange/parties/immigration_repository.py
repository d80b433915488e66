"""The immigration repository: searches its gallery of encounters; an examiner, not a score, makes a match.

Candidates above the identification threshold become a task. An inconclusive finding is put to another examiner, who
does not see the first one's finding. No candidate, or an exclusion of all: the answer is `no_match`, unless the search
did not reach the whole gallery, or somebody in it has no finger in common with the probe; then it is `partial`, because
who was not compared was not excluded. Examiners who
cannot tell leave it `partial` too: the candidate was neither identified nor excluded, and the case is `not_confirmed`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tenprint.core.chance import content_id
from tenprint.core.errors import TenprintError
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.known import Repository, advanced, message_of, with_message, with_repository
from tenprint.exchange.model.numbers import control_number
from tenprint.exchange.model.words import CaseState, ExaminerFinding, Kind, RepositoryState, TaskKind
from tenprint.exchange.ports import FailureHandler, Handler, Preparer, Work
from tenprint.exchange.tasks import questions
from tenprint.exchange.tasks.answers import record_answer
from tenprint.exchange.tasks.cases import keep
from tenprint.exchange.tasks.forgetting import without_forgotten
from tenprint.exchange.tasks.prints import ReadCard, candidates_above, prepare_card, threshold_of
from tenprint.exchange.tasks.results import end_of
from tenprint.exchange.tasks.submissions import SUBMISSION, SUBMITTER, keep_prints, opened_case, searched
from tenprint.records.ident import IdentDataResponse
from tenprint.records.itl.ebts import priority_of
from tenprint.records.words import ExaminerFinding as RecordFinding
from tenprint.records.words import RepositoryState as RecordState

FINDINGS = tuple(str(finding) for finding in ExaminerFinding)
UNREADABLE_TCN = "UNKNOWN"
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
    best = found[0] if found else None
    if best is None:
        result = RepositoryState.NO_MATCH if card.search.is_complete else RepositoryState.PARTIAL
        _answer(work, searched(work, case, Repository.IMMIGRATION, result, card), RecordState(result))
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
    keep(work, case.moved(CaseState.AWAITING_EXAMINER))


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
        work.open_task(TaskKind.EXAMINE_SECOND, task.shown, FINDINGS)
        return
    finding = RecordFinding(answer.answer)
    if finding == RecordFinding.IDENTIFICATION:
        subject = answer.details.get("candidate") or str(task.shown["candidates"][0]["subject_id"])
        _answer(work, case, RecordState.MATCH, subject=subject, finding=finding, examiner=answer.by)
        return
    is_excluded = finding == RecordFinding.EXCLUSION
    result = RecordState.NO_MATCH if is_excluded and case.known.get("is_complete") else RecordState.PARTIAL
    _answer(work, case, result, finding=finding, examiner=answer.by)


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


HANDLERS: dict[Kind, Handler] = {Kind.IDENT_SEARCH: on_search, Kind.TASK_ANSWER: on_examined}
PREPARERS: dict[Kind, Preparer] = {Kind.IDENT_SEARCH: prepare_card}
FAILED: dict[Kind, FailureHandler] = {Kind.IDENT_SEARCH: on_search_given_up}
