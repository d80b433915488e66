"""An examiner's findings finger by finger: the words of a form, what contradicts itself, and what stays on record.

A finding of a finger travels as a detail of the task's answer (``finger_1`` to ``finger_10``). A later finding repeats
only the fingers that change; what a person found earlier stays in the earlier message, and both are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from tenprint.core.errors import SenderError
from tenprint.core.fingers import SINGLE_FINGERS, FingerPosition
from tenprint.exchange.model.bodies import TaskAnswer
from tenprint.exchange.model.case import Task
from tenprint.exchange.model.words import ExaminerFinding, Kind
from tenprint.exchange.ports import Queue, Transaction

FINGER_PREFIX = "finger_"
FINGER_DETAILS: dict[str, FingerPosition] = {f"{FINGER_PREFIX}{int(finger)}": finger for finger in SINGLE_FINGERS}
NOT_COMPARED = "not_compared"
FINGER_FINDINGS = (*(str(finding) for finding in ExaminerFinding), NOT_COMPARED)
CANDIDATE = "candidate"
_CONTRADICTION = "FINDING_CONTRADICTS"


@dataclass(frozen=True)
class Recorded:
    """One finding of a task as it stands on record.

    Args:
        answer: what was found, by whom and why.
        at: when it was recorded.
    """

    answer: TaskAnswer
    at: datetime

    @property
    def fingers(self) -> dict[FingerPosition, str]:
        """Return the finding of each finger that this answer speaks about."""
        return fingers_of(self.answer.details)


def recorded(tx: Transaction, task: Task) -> tuple[Recorded, ...]:
    """Return the findings recorded on a task, the first one first; all people's, so mind who is shown them.

    Raises:
        StorageError: a message cannot be read any more.
    """
    prefix, found = f"{task.kind}-{task.id}-", []
    for heading in tx.headings(task.case_id):
        if heading.kind != Kind.TASK_ANSWER or not heading.id.startswith(prefix):
            continue
        message = None if tx.is_dead_letter(Queue.INBOX, heading.key) else tx.message(heading.key)
        if message is not None:
            found.append(Recorded(TaskAnswer.from_bytes(message.body), message.sent_at))
    return tuple(sorted((each for each in found if each.answer.n <= task.findings), key=lambda each: each.answer.n))


def fingers_of(details: Mapping[str, str]) -> dict[FingerPosition, str]:
    """Return the finding of each finger in an answer's details, thumb first."""
    return {finger: details[name] for name, finger in FINGER_DETAILS.items() if details.get(name)}


def candidate_of(task: Task, details: Mapping[str, str]) -> str:
    """Return the subject that was compared: the one named, else the first of those shown."""
    return details.get(CANDIDATE) or str(task.shown["candidates"][0]["subject_id"])


def check_fingers(task: Task, answer: TaskAnswer, earlier: Iterable[Recorded]) -> None:
    """Refuse findings by finger that are no words of the form, or that contradict the finding as a whole.

    An answer without any finger is taken as it is: the command line need not go finger by finger.

    Args:
        task, answer: the examination and its answer.
        earlier: what the same person found before; it counts for fingers of the same candidate that are not repeated.

    Raises:
        SenderError: ``FINGER_UNKNOWN``, ``FINGER_FINDING_UNKNOWN``, ``FINGER_FINDING_MISSING``,
            ``FINDING_CONTRADICTS``.
    """
    for name, word in answer.details.items():
        if name.startswith(FINGER_PREFIX) and name not in FINGER_DETAILS:
            raise SenderError("FINGER_UNKNOWN", f"fingers are numbered 1 to {len(SINGLE_FINGERS)}", field=name[:20])
        if name in FINGER_DETAILS and word not in FINGER_FINDINGS:
            known = ", ".join(FINGER_FINDINGS)
            raise SenderError("FINGER_FINDING_UNKNOWN", f"a finger's finding is one of {known}", field=name)
    fingers: dict[FingerPosition, str] = {}
    for each in earlier:
        if candidate_of(task, each.answer.details) == candidate_of(task, answer.details):
            fingers |= each.fingers
    fingers |= fingers_of(answer.details)
    if not fingers:
        return
    words = frozenset(fingers.values())
    if words == {NOT_COMPARED}:
        said = "at least one finger must have been compared"
        raise SenderError("FINGER_FINDING_MISSING", said, hint="compare one, or say inconclusive for it")
    _check_whole(answer.answer, words)


def _check_whole(whole: str, words: frozenset[str]) -> None:
    identified, excluded = ExaminerFinding.IDENTIFICATION in words, ExaminerFinding.EXCLUSION in words
    if whole == ExaminerFinding.IDENTIFICATION and not identified:
        raise SenderError(_CONTRADICTION, "an identification as a whole needs at least one identified finger")
    if whole == ExaminerFinding.EXCLUSION and not excluded:
        raise SenderError(_CONTRADICTION, "an exclusion as a whole needs at least one excluded finger")
    if whole != ExaminerFinding.INCONCLUSIVE and identified and excluded:
        # Fingers of two people on one card, or a finger in another one's place: no finding about one person.
        said = "one finger is identified and another excluded, so the finding as a whole can only be inconclusive"
        raise SenderError(_CONTRADICTION, said)
