"""A person's answer to a task: what is checked before it is written down, and how it is recorded.

The same checks run twice: when the person answers, so that a refusal is told at once and nothing is written, and when
the answer is handled, because a day may lie between the two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from tenprint.core.errors import PolicyRefusal, SenderError
from tenprint.exchange.model.bodies import TaskAnswer
from tenprint.exchange.model.case import Task
from tenprint.exchange.model.words import EvidenceBox, OfficerDecision, StatusFinding, TaskKind
from tenprint.exchange.ports import Transaction, Work
from tenprint.exchange.tasks.questions import detainer_decision
from tenprint.policy.evaluate import Decision

Ask = Callable[[str, Mapping[str, Any]], Decision]
Details = Mapping[str, str | list[str] | tuple[str, ...]]

MAX_LINE = 500
_LINE = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,%d}" % MAX_LINE)
NEEDS_NO_GROUND = frozenset({StatusFinding.CITIZEN, StatusFinding.UNKNOWN})


def draft_answer(
    tx: Transaction, task_id: str, *, answer: str, reason: str, by: str, details: Details, closes: bool, ask: Ask
) -> tuple[Task, TaskAnswer]:
    """Return the task and the answer as it may be recorded; write nothing.

    Args:
        tx: the party's database.
        task_id: which task.
        answer, reason, by: what, why and who.
        details: what the kind of task asks besides; a list is joined with commas.
        closes: False when the task stays open for a later finding.
        ask: how to ask the programme in force.

    Raises:
        SenderError: ``UNKNOWN_TASK``, ``TASK_CLOSED``, ``ANSWER_NOT_ALLOWED``, ``PERSON_MISSING``, ``REASON_MISSING``,
            ``TEXT_INVALID``, ``SAME_EXAMINER``, ``LEGAL_GROUND_MISSING``, ``LEGAL_GROUND_DIFFERS``,
            ``EVIDENCE_MISSING``.
        PolicyRefusal: a rule in force forbids the answer; the code is the rule's id.
    """
    task = _open_task(tx, task_id)
    if answer not in task.answers:
        raise SenderError("ANSWER_NOT_ALLOWED", f"this task is answered with {' or '.join(task.answers)}")
    drafted = TaskAnswer(
        task_id=task.id,
        kind=str(task.kind),
        n=task.findings + 1,
        answer=answer,
        reason=_line(reason, "REASON_MISSING", "a decision needs a reason"),
        by=_line(by, "PERSON_MISSING", "a decision needs a named person"),
        shown_hash=task.shown_hash,
        details={name: _detail(name, value) for name, value in details.items()},
        closes=closes,
    )
    check_answer(tx, task, drafted, ask)
    return task, drafted


def check_answer(tx: Transaction, task: Task, answer: TaskAnswer, ask: Ask) -> None:
    """Ask what the kind of task asks besides; raises as `draft_answer` does."""
    check = _CHECKS.get(task.kind)
    if check is not None:
        check(tx, task, answer, ask)


def record_answer(work: Work) -> tuple[Task, TaskAnswer]:
    """Write the answer at hand to its task and to the ledger; return the task as it is now, and the answer.

    Raises:
        RecordError: ``BODY_INVALID``.
        SenderError, PolicyRefusal: as `draft_answer`; the task may have been closed since the person answered.
    """
    answer = TaskAnswer.from_bytes(work.message.body)
    task = _open_task(work.tx, answer.task_id)
    check_answer(work.tx, task, answer, work.decide)
    task = answered(task, answer, work.message.sent_at)
    work.tx.save_task(task)
    work.log(
        "task_answered",
        task=task.id,
        person=answer.by,
        outcome=answer.answer,
        reason=answer.reason,
        shown_hash=answer.shown_hash,
        note=str(task.kind),
    )
    return task, answer


def answered(task: Task, answer: TaskAnswer, at: datetime) -> Task:
    """Return the task with this finding recorded; closed at `at` when the answer closes it."""
    return replace(
        task,
        findings=answer.n,
        answer=answer.answer,
        reason=answer.reason,
        decided_by=answer.by,
        decided_at=at if answer.closes else None,
    )


def close_unanswered(work: Work, kind: TaskKind, answer: str, reason: str) -> None:
    """Close this case's open task of a kind without a person: a clock made it pointless."""
    for task in work.tx.tasks(work.message.case_id, open_only=True):
        if task.kind == kind:
            work.tx.save_task(replace(task, answer=answer, reason=reason, decided_at=work.now))
            work.log("task_closed", task=task.id, outcome=answer, reason=reason, note=str(kind))


def evidence_of(answer: TaskAnswer) -> tuple[str, ...]:
    """Return the evidence boxes that an officer ticked, in the form's order."""
    ticked = {word.strip() for word in answer.details.get("evidence", "").split(",")}
    return tuple(str(box) for box in EvidenceBox if box in ticked)


def _open_task(tx: Transaction, task_id: str) -> Task:
    task = tx.task(task_id)
    if task is None:
        raise SenderError("UNKNOWN_TASK", f"no task {task_id!r} here", hint="see: tenprint tasks list --all")
    if not task.is_open:
        raise SenderError("TASK_CLOSED", f"this task was closed with {task.answer!r}")
    return task


def _line(text: str, code: str, message: str) -> str:
    text = text.strip()
    if not text:
        raise SenderError(code, message)
    if not _LINE.fullmatch(text):
        raise SenderError("TEXT_INVALID", f"one line of at most {MAX_LINE} characters is needed")
    return text


def _detail(name: str, value: str | list[str] | tuple[str, ...]) -> str:
    text = value if isinstance(value, str) else ",".join(value)
    return _line(text, "TEXT_INVALID", f"detail {name} is empty")


def _check_second_examiner(tx: Transaction, task: Task, answer: TaskAnswer, ask: Ask) -> None:
    del ask
    first = [t.decided_by for t in tx.tasks(task.case_id) if t.kind == TaskKind.EXAMINE]
    if answer.by.casefold() in {person.casefold() for person in first}:
        raise SenderError("SAME_EXAMINER", "the second examination is made by another person than the first")


def _check_status(tx: Transaction, task: Task, answer: TaskAnswer, ask: Ask) -> None:
    del tx, task, ask
    if StatusFinding(answer.answer) not in NEEDS_NO_GROUND and not answer.details.get("legal_ground"):
        raise SenderError(
            "LEGAL_GROUND_MISSING",
            f"the status {answer.answer} needs the legal ground on which it rests",
            hint="add --detail legal_ground=TEXT",
        )


def _check_decision(tx: Transaction, task: Task, answer: TaskAnswer, ask: Ask) -> None:
    del tx
    if answer.answer != OfficerDecision.DETAINER:
        return
    decision = detainer_decision(ask, task.shown, evidence_of(answer))
    if not decision.allowed:
        raise PolicyRefusal(decision.rule, decision.sentence)
    if not evidence_of(answer):
        boxes = ", ".join(EvidenceBox)
        raise SenderError("EVIDENCE_MISSING", "a detainer names its evidence", hint=f"--detail evidence=… of {boxes}")
    ground = str(task.shown.get("legal_ground", ""))
    if answer.details.get("legal_ground", "") != ground:
        raise SenderError(
            "LEGAL_GROUND_DIFFERS",
            "the officer repeats the legal ground of the specialist's answer word for word",
            hint=f"--detail legal_ground={ground!r}",
        )


_CHECKS: dict[TaskKind, Callable[[Transaction, Task, TaskAnswer, Ask], None]] = {
    TaskKind.EXAMINE_SECOND: _check_second_examiner,
    TaskKind.STATUS: _check_status,
    TaskKind.DECIDE: _check_decision,
}
