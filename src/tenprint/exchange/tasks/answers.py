"""A person's answer to a task: what is checked before it is written down, and how it is recorded.

The same checks run twice: when the person answers, so that a refusal is told at once and nothing is written, and when
the answer is handled, because a day may lie between the two.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from tenprint.core.canonical import sha256_hex
from tenprint.core.errors import PolicyRefusal, SenderError
from tenprint.exchange.model.bodies import TaskAnswer
from tenprint.exchange.model.case import Task
from tenprint.exchange.model.corrections import GROUND_FORM
from tenprint.exchange.model.words import EvidenceBox, OfficerDecision, TaskKind
from tenprint.exchange.ports import Transaction, Work
from tenprint.exchange.tasks import dated, findings, levels, questions
from tenprint.exchange.tasks.anew import latest
from tenprint.exchange.tasks.details import refuse_unknown
from tenprint.exchange.tasks.questions import Ask
from tenprint.records.nlets.iar import NEEDS_GROUND
from tenprint.records.words import IarStatus

Details = Mapping[str, str]

MAX_LINE = 500
_LINE = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
DETAINER_HINT = "details: evidence, legal_ground, citizenship_claim, victim_or_witness (yes or no)"
_REPEAT_GROUND = "the officer repeats the legal ground of the specialist's answer word for word"
MIN_NAME = 2
INVISIBLE = "Cf"
"""Unicode's category of signs that are not seen, such as joiners and marks of direction."""
NO_NAMES = frozenset({"yes", "no", "none", "n/a", "na", "unknown", "nobody", "me", "name", "??", "--"})
"""Words that forms are filled with where a name should stand."""


def draft_answer(
    tx: Transaction,
    task_id: str,
    *,
    answer: str,
    reason: str,
    by: str,
    details: Details,
    closes: bool,
    ask: Ask,
    now: datetime,
) -> tuple[Task, TaskAnswer]:
    """Return the task and the answer as it may be recorded; write nothing.

    Args:
        tx: the party's database.
        task_id: which task.
        answer, reason, by: what, why and who.
        details: what the kind of task asks besides (`tasks.details`); no other name is taken.
        closes: False when the task stays open for a later finding. A detainer that a second officer must look at first
            leaves it open too, and so does what `dated.stays_open` names.
        ask: how to ask the programme in force.
        now: nothing that a person reports may lie after it.

    Raises:
        SenderError: ``UNKNOWN_TASK``, ``TASK_CLOSED``, ``TASK_CLAIMED``, ``ANSWER_NOT_ALLOWED``, ``PERSON_MISSING``,
            ``REASON_MISSING``, ``TEXT_INVALID``, ``SAME_EXAMINER``, ``SAME_OFFICER``, ``SECOND_LOOK_OPEN``,
            ``SECOND_LOOK_DISAGREES``, ``LEGAL_GROUND_MISSING``,
            ``LEGAL_GROUND_INVALID``, ``LEGAL_GROUND_DIFFERS``, ``EVIDENCE_UNKNOWN``,
            ``CANDIDATE_UNKNOWN``, ``DETAIL_INVALID``, ``DETAIL_UNKNOWN``, ``CONVICTION_ON_RECORD``;
            and what `findings.check_fingers` and `dated.check` raise.
        PolicyRefusal: a rule in force forbids the answer; the code is the rule's id.
    """
    task = open_task(tx, task_id)
    if answer not in task.answers:
        raise SenderError("ANSWER_NOT_ALLOWED", f"this task is answered with {' or '.join(task.answers)}")
    refuse_unknown(task.kind, details)
    details = {name: _line(text, "TEXT_INVALID", f"detail {name} is empty") for name, text in details.items() if text}
    by = official_name(by)
    refuse_claimed(task, by)
    drafted = TaskAnswer(
        task_id=task.id,
        kind=str(task.kind),
        n=task.findings + 1,
        answer=answer,
        reason=reason_given(reason),
        by=by,
        shown_hash=task.shown_hash,
        details=details,
        closes=closes,
    )
    if _waits_for_second_look(task, drafted, ask) or dated.stays_open(tx, task, drafted):
        drafted = replace(drafted, closes=False)
    check_answer(tx, task, drafted, ask, now)
    return task, drafted


def check_answer(tx: Transaction, task: Task, answer: TaskAnswer, ask: Ask, now: datetime) -> None:
    """Ask what the kind of task asks besides; raises as `draft_answer` does."""
    dated.check(task, answer, now)
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
    task = open_task(work.tx, answer.task_id)
    check_answer(work.tx, task, answer, questions.quietly(work.services), work.message.sent_at)
    task = answered(task, answer, work.message.sent_at)
    work.tx.save_task(task)
    work.log(
        "task_answered",
        task=task.id,
        person=answer.by,
        outcome=answer.answer,
        # Free text may name somebody, and a ledger holds no names: the words stand in the message.
        reason_hash=sha256_hex(answer.reason.encode()),
        shown_hash=answer.shown_hash,
        note=str(task.kind),
    )
    return task, answer


def answered(task: Task, answer: TaskAnswer, at: datetime) -> Task:
    """Return the task with this finding recorded; closed at `at` when the answer closes it."""
    return replace(
        task,
        findings=max(task.findings, answer.n),  # an earlier one may come late, revived from the dead letters
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


def open_task(tx: Transaction, task_id: str) -> Task:
    """Return a task that waits for a person.

    Raises:
        SenderError: ``UNKNOWN_TASK`` or ``TASK_CLOSED``.
    """
    task = tx.task(task_id)
    if task is None:
        raise SenderError("UNKNOWN_TASK", f"no task {task_id!r} here", hint="see: tenprint tasks list --all")
    if not task.is_open:
        has_lapsed = task.kind == TaskKind.REPORT_CUSTODY and not task.decided_by
        hint = f"ask anew: tenprint case reopen {task.case_id} --party {task.party}" if has_lapsed else ""
        raise SenderError("TASK_CLOSED", f"this task was closed with {task.answer!r}", hint=hint)
    return task


def refuse_claimed(task: Task, by: str) -> None:
    """Refuse what only the person who claimed the task may do; a task that nobody claimed is everybody's.

    Raises:
        SenderError: ``TASK_CLAIMED``.
    """
    if task.claimed_by and person_key(task.claimed_by) != person_key(by):
        raise SenderError(
            "TASK_CLAIMED",
            f"{task.claimed_by} has claimed this task",
            hint=f"ask {task.claimed_by} to release it, or take it over: tenprint tasks claim {task.id} --take-over",
        )


def refuse_same_person(tx: Transaction, task: Task, by: str) -> None:
    """Refuse a second examination or a second look by the person of the first one.

    Raises:
        SenderError: ``SAME_EXAMINER`` or ``SAME_OFFICER``.
    """
    first_kind, code, said = _OTHER_PERSON.get(task.kind, (None, "", ""))
    first = {person_key(t.decided_by) for t in tx.tasks(task.case_id) if t.kind == first_kind}
    if first_kind is not None and person_key(by) in first:
        raise SenderError(code, said)


def reason_line(text: str) -> str:
    """Return why somebody does something, as one line.

    Raises:
        SenderError: ``REASON_MISSING`` or ``TEXT_INVALID``.
    """
    return _line(text, "REASON_MISSING", "a decision needs a reason", hint="add --reason TEXT")


def person_key(name: str) -> str:
    """Return a person's name as names are compared.

    Case, width, accents' spelling, blanks and signs that cannot be seen make no other person.
    """
    seen = "".join(sign for sign in unicodedata.normalize("NFKC", name) if unicodedata.category(sign) != INVISIBLE)
    return " ".join(seen.casefold().split())


def official_name(text: str) -> str:
    """Return the name of the person who answers, without blanks around it; one word of a form is no name.

    Raises:
        SenderError: ``PERSON_MISSING`` or ``TEXT_INVALID``.
    """
    name = _line(text, "PERSON_MISSING", "a decision needs a named person", hint="add --by NAME")
    if any(unicodedata.category(sign) == INVISIBLE for sign in name):
        raise SenderError("TEXT_INVALID", "a name has no signs that cannot be seen", hint="type the name anew")
    if len(name) < MIN_NAME or person_key(name) in NO_NAMES:
        raise SenderError("PERSON_MISSING", "a decision needs a named person", hint="add --by NAME")
    return name


def reason_given(text: str) -> str:
    """Return a person's reason, without blanks around it.

    Raises:
        SenderError: ``REASON_MISSING`` or ``TEXT_INVALID``.
    """
    return _line(text, "REASON_MISSING", "a decision needs a reason", hint="add --reason TEXT")


def refuse_ground(status: str, ground: str, *, hint: str) -> None:
    """Refuse a status without the ground of law that it needs, or a ground that no answer can carry.

    Raises:
        SenderError: ``LEGAL_GROUND_MISSING`` or ``LEGAL_GROUND_INVALID``.
    """
    if IarStatus(status) in NEEDS_GROUND and not ground:
        why = f"the status {status} needs the legal ground on which it rests"
        raise SenderError("LEGAL_GROUND_MISSING", why, hint=hint)
    if ground and not GROUND_FORM.fullmatch(ground):
        raise SenderError("LEGAL_GROUND_INVALID", "a legal ground has at most 120 characters of printable ASCII")


def _line(text: str, code: str, message: str, *, hint: str = "") -> str:
    text = text.strip()
    if not text:
        raise SenderError(code, message, hint=hint)
    if len(text) > MAX_LINE or not _LINE.fullmatch(text):
        raise SenderError("TEXT_INVALID", f"one line of at most {MAX_LINE} characters is needed")
    return text


def _check_examination(tx: Transaction, task: Task, answer: TaskAnswer, ask: Ask) -> None:
    del ask
    shown = [candidate["subject_id"] for candidate in task.shown["candidates"]]
    if answer.details.get(findings.CANDIDATE, shown[0]) not in shown:
        raise SenderError("CANDIDATE_UNKNOWN", "the candidate is one of those shown", hint="see: tenprint tasks show")
    earlier = findings.recorded(tx, task) if task.findings else ()
    own = [e for e in earlier if e.answer.n < answer.n and person_key(e.answer.by) == person_key(answer.by)]
    findings.check_fingers(task, answer, own)


def _check_second_examiner(tx: Transaction, task: Task, answer: TaskAnswer, ask: Ask) -> None:
    _check_examination(tx, task, answer, ask)
    refuse_same_person(tx, task, answer.by)


def _check_status(tx: Transaction, task: Task, answer: TaskAnswer, ask: Ask) -> None:
    del tx, task, ask
    refuse_ground(answer.answer, answer.details.get("legal_ground", ""), hint="add --detail legal_ground=TEXT")


def _check_decision(tx: Transaction, task: Task, answer: TaskAnswer, ask: Ask) -> None:
    _check_words_of_the_form(answer)
    levels.check_statements(tx, task, answer)
    ground = str(task.shown["legal_ground"])
    if answer.answer == OfficerDecision.DETAINER:
        _check_earlier_look(tx, task)
        decision = questions.detainer(ask, task.shown, answer.details)
        is_put_to_another = not answer.closes and questions.waits_for_second_look(ask, task.shown, answer.details)
        if decision.outcome != questions.PERMITTED and not is_put_to_another:
            # No detail lifts a ban, so only an answer that lacks something says what to add.
            hint = DETAINER_HINT if decision.outcome == questions.NEEDS else ""
            raise PolicyRefusal(decision.rule, decision.sentence, hint=hint)
        if "legal_ground" not in answer.details:
            raise SenderError("LEGAL_GROUND_MISSING", _REPEAT_GROUND, hint=f"--detail legal_ground={ground!r}")
    if answer.details.get("legal_ground", ground) != ground:
        raise SenderError("LEGAL_GROUND_DIFFERS", _REPEAT_GROUND, hint=f"--detail legal_ground={ground!r}")


def _check_earlier_look(tx: Transaction, task: Task) -> None:
    look = latest(tx.tasks(task.case_id), TaskKind.SECOND_LOOK)
    if look is not None and look.is_open:
        raise SenderError("SECOND_LOOK_OPEN", "a second officer is looking at this already", hint=f"task {look.id}")
    if look is not None:
        said = "the second officer did not agree to a detainer in this case"
        raise SenderError("SECOND_LOOK_DISAGREES", said, hint="no_action or interview can still be decided")


def _check_second_look(tx: Transaction, task: Task, answer: TaskAnswer, ask: Ask) -> None:
    del ask
    refuse_same_person(tx, task, answer.by)


def _waits_for_second_look(task: Task, answer: TaskAnswer, ask: Ask) -> bool:
    if task.kind != TaskKind.DECIDE or answer.answer != OfficerDecision.DETAINER:
        return False
    _check_words_of_the_form(answer)
    return questions.waits_for_second_look(ask, task.shown, answer.details)


def _check_statements(tx: Transaction, task: Task, answer: TaskAnswer, ask: Ask) -> None:
    del ask
    levels.check_statements(tx, task, answer)


def _check_words_of_the_form(answer: TaskAnswer) -> None:
    evidence = answer.details.get("evidence")
    if evidence is not None and evidence not in tuple(EvidenceBox):
        raise SenderError("EVIDENCE_UNKNOWN", f"the evidence is one of {', '.join(EvidenceBox)}")
    for name in ("citizenship_claim", "victim_or_witness"):
        if answer.details.get(name, questions.NO) not in (questions.YES, questions.NO):
            raise SenderError("DETAIL_INVALID", f"{name} is answered with yes or no")


_OTHER_PERSON: dict[TaskKind, tuple[TaskKind, str, str]] = {
    TaskKind.EXAMINE_SECOND: (
        TaskKind.EXAMINE, "SAME_EXAMINER", "the second examination is made by another person than the first",
    ),
    TaskKind.SECOND_LOOK: (
        TaskKind.DECIDE, "SAME_OFFICER", "the second look at a case is taken by another officer",
    ),
}  # fmt: skip
_CHECKS: dict[TaskKind, Callable[[Transaction, Task, TaskAnswer, Ask], None]] = {
    TaskKind.EXAMINE: _check_examination,
    TaskKind.EXAMINE_SECOND: _check_second_examiner,
    TaskKind.STATUS: _check_status,
    TaskKind.DECIDE: _check_decision,
    TaskKind.SECOND_LOOK: _check_second_look,
    TaskKind.REPORT_OUTCOME: _check_statements,
}
