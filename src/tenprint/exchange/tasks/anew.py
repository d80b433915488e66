"""A question that is asked anew because what it rests on has changed: a record was corrected, a court has spoken.

The open task is closed without a person, and a fresh one opened in its place that shows what is new, in the transaction
of the news; so whoever has the old one before them can no longer answer it. What a task shows when it is opened has all
that is known by then, so that it does not matter which comes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from tenprint.exchange.model.bodies import TaskAnswer
from tenprint.exchange.model.case import REPLACED, Case, Task
from tenprint.exchange.model.corrections import CORRECTIONS, corrections_of
from tenprint.exchange.model.words import TaskKind
from tenprint.exchange.ports import Handler, Transaction, Work
from tenprint.exchange.tasks import levels, questions
from tenprint.exchange.tasks.spread import dispositions_of, told_of_charge

CHARGES_ENDED = "charges_ended"
"""In what an officer is shown: how charges of the booking have ended, as courts have said so far."""
STATUS_BEFORE, GROUND_BEFORE = "status_before", "legal_ground_before"
"""In what somebody is shown: the status that was corrected, and its ground of law."""
BY_CORRECTION = frozenset(
    {
        TaskKind.EXAMINE,
        TaskKind.EXAMINE_SECOND,
        TaskKind.STATUS,
        TaskKind.DECIDE,
        TaskKind.ANSWER_DETAINER,
        TaskKind.REPORT_RELEASE,
        TaskKind.REPORT_CUSTODY,
        TaskKind.REPORT_OUTCOME,
    }
)
"""What is asked anew after a correction. A second look is not: what was proposed rests on the record as it was, so the
first officer is asked again, and a proposal on the corrected one opens a second look of its own."""
BY_DISPOSITION = frozenset({TaskKind.DECIDE, TaskKind.SECOND_LOOK})
"""What is asked anew after a court's word. It changes nothing on which a detainer rests, so a proposal stands."""


def latest(tasks: Iterable[Task], kind: TaskKind) -> Task | None:
    """Return the task of a kind that was not replaced by another one, or None."""
    return next((task for task in tasks if task.kind == kind and not task.was_replaced), None)


def up_to_date(work: Work, case: Case, shown: Mapping[str, Any], *, with_charges: bool = False) -> dict[str, Any]:
    """Return what a person is shown with what has been corrected, and on demand how the charges ended.

    A corrected status stands in the place of the one before, which is named beside it.
    """
    now = dict(shown)
    if corrected := corrections_of(case):
        now[CORRECTIONS] = [_told_of(one) for one in corrected]
    if with_charges and (said := dispositions_of(case)):
        now[CHARGES_ENDED] = [told_of_charge(one) for one in said]
    status = next((one for one in reversed(corrected) if one.get("status")), None)
    if status is None or "status" not in now:
        return now
    before = (now["status"], now.get("legal_ground", ""))
    after = (status["status"], status.get("legal_ground", ""))
    if before != after:
        now |= {"status": after[0], "legal_ground": after[1]}
        now |= {STATUS_BEFORE: before[0], GROUND_BEFORE: before[1]}
    if before != after and "priority" in now:
        ranked = levels.rank(questions.quietly(work.services), levels.facts_of(case, now), after[0])
        now["priority"] = {"is": str(ranked.priority.outcome), "why": ranked.priority.sentence}
    return now


def ask_anew(work: Work, case: Case, kinds: Iterable[TaskKind], why: str, about: str) -> dict[str, str]:
    """Replace a case's open tasks of some kinds; return the id of each one's successor by its own.

    Args:
        work: at hand.
        case: with what is new.
        kinds: which tasks; a proposal of a decision stands if the second look at it is among them.
        why: a sentence: what is new.
        about: id of what is new.
    """
    chosen = frozenset(kinds)
    found = [task for task in work.tx.tasks(case.case_id, open_only=True) if task.kind in chosen]
    successors = {}
    for task in found:
        close_as_replaced(work, task, why)
        shown = up_to_date(work, case, task.shown, with_charges=task.kind in BY_DISPOSITION)
        fresh = work.open_task(task.kind, shown, task.answers, due_at=task.due_at, about=f"{task.id} {about}")
        is_proposal = task.kind == TaskKind.DECIDE and TaskKind.SECOND_LOOK in chosen
        if is_proposal or task.kind == TaskKind.REPORT_OUTCOME:  # which of several outcomes the next one is
            kept = {name: getattr(task, name) for name in ("findings", "answer", "reason", "decided_by")}
            work.tx.save_task(replace(fresh, **kept))
        successors[task.id] = fresh.id
    return successors


def close_as_replaced(work: Work, task: Task, why: str) -> None:
    """Close an open task without a person: what it shows is no longer so."""
    work.tx.save_task(replace(task, answer=REPLACED, reason=why, decided_by="", decided_at=work.now))
    work.log("task_closed", task=task.id, outcome=REPLACED, reason=why, note=str(task.kind))


def answers_replaced(tx: Transaction, answer: TaskAnswer) -> bool:
    """Tell whether an answer was under way when its question was replaced by a fresh one."""
    task = tx.task(answer.task_id)
    return task is not None and task.was_replaced


def unless_replaced(handler: Handler) -> Handler:
    """Return a handler of answers that does nothing, and says so on the ledger, with one to a replaced task."""

    def handle(work: Work, prepared: object) -> None:
        answer = TaskAnswer.from_bytes(work.message.body)
        if answers_replaced(work.tx, answer):
            why = "what this rests on has changed since, so it is asked anew"
            work.log("answer_not_taken", task=answer.task_id, person=answer.by, outcome=answer.answer, note=why)
            return
        handler(work, prepared)

    return handle


def _told_of(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a person is shown of a correction."""
    told = {
        "correction": said["correction_kind"],
        "correction_says": said["what"],
        "corrected_by": said["origin"],
        "said_by": said["by"],
        "corrected_at": said["made_at"],
    }
    return told | ({"status": said["status"], "legal_ground": said["legal_ground"]} if said.get("status") else {})
