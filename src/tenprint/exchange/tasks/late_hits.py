"""A later enrolment at the immigration repository that fits a booking kept there: an examiner looks before it is told.

Only bookings that were searched, kept and not matched are looked for: who was told of a match needs no late hit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tenprint.core.candidate import Candidate, SearchResult
from tenprint.core.fingers import FingerPosition
from tenprint.core.template import Template
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.envelope import MessageKey
from tenprint.exchange.model.known import LATE, Repository, message_of, repository_state
from tenprint.exchange.model.withdrawal import was_withdrawn
from tenprint.exchange.model.words import ExaminerFinding, Kind, TaskKind
from tenprint.exchange.ports import Services, Transaction, Work
from tenprint.exchange.tasks.anew import up_to_date
from tenprint.exchange.tasks.news import SUBMITTER
from tenprint.exchange.tasks.prints import candidates_above, threshold_of
from tenprint.exchange.tasks.results import LATE_HIT_FOLLOWS
from tenprint.exchange.tasks.submissions import SUBJECT, SUBMISSION

FINDINGS = tuple(str(finding) for finding in ExaminerFinding)


def examine_late(
    tx: Transaction,
    services: Services,
    subject: str,
    templates: Mapping[FingerPosition, Template],
    search: SearchResult | None,
) -> int:
    """Open an examiner's task in every kept booking that a new subject's prints reach; return how many.

    Args:
        tx, services: of the immigration repository.
        subject: who was enrolled just now.
        templates: the subject's.
        search: what the gallery answered to the subject's prints.
    """
    above = candidates_above(search, threshold_of(services.party))
    found = {each.subject_id: each for each in above if each.subject_id != subject}
    if search is None or not found:
        return 0
    known = [case for subject_id in found for case in tx.cases_with(SUBJECT, subject_id)]
    cases = [case for case in known if case.known.get("enrolled") and case.known.get(SUBJECT) in found]
    opened = 0
    for case in cases:
        asked = tx.message(MessageKey(case.known[SUBMITTER], message_of(case, SUBMISSION)))
        is_waiting = repository_state(case, Repository.IMMIGRATION) in LATE_HIT_FOLLOWS and not was_withdrawn(case)
        if asked is None or not is_waiting or message_of(case, Kind.LATE_HIT):
            continue
        work = Work(tx, services, asked)
        candidate = replace(found[str(case.known[SUBJECT])], subject_id=subject, rank=1)
        shown = _shown(work, case, candidate, search, len(templates))
        task = work.open_task(TaskKind.EXAMINE, shown, FINDINGS, about=subject)
        tx.save_case(case.moved(**{LATE: case.known.get(LATE, {}) | {task.id: subject}}))
        opened += 1
    return opened


def is_late(case: Case, task_id: str) -> bool:
    """Tell whether an examination is about a subject who was enrolled after the case was answered."""
    return task_id in case.known.get(LATE, {})


def _shown(work: Work, case: Case, candidate: Candidate, search: SearchResult, usable: int) -> dict[str, Any]:
    """Return what the examiner sees: as of a first search, with the later record as the one candidate."""
    threshold = threshold_of(work.services.party)
    shown = {
        "candidates": [
            {
                "subject_id": candidate.subject_id,
                "rank": 1,
                "score": candidate.score,
                "threshold": threshold.for_candidate(candidate),
                "fingers": {finger.title: score for finger, score in sorted(candidate.fingers.items())},
            }
        ],
        "best_below_threshold": {},
        "subjects_searched": search.subjects_searched,
        "shards_answered": search.shards_answered,
        "shards_total": search.shards_total,
        "subjects_without_common_finger": search.subjects_without_common_finger,
        "threshold": {"score": threshold.for_fingers(usable), "name": threshold.name},
        "usable_fingers": usable,
        "failures": {FingerPosition(int(n)).title: why for n, why in sorted(case.known.get("failures", {}).items())},
        "submission": work.message.id,
    }
    return up_to_date(work, case, shown)
