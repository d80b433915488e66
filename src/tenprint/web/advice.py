"""What the rules in force say about a case, asked without a trace: for a person to read before deciding.

Nothing here decides anything, and a fact that nobody knows is left out, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tenprint.exchange.model.case import Case, Task
from tenprint.exchange.model.words import EvidenceBox, TaskKind
from tenprint.exchange.ports import Services
from tenprint.exchange.tasks import levels, questions
from tenprint.exchange.tasks.anew import latest
from tenprint.exchange.tasks.answers import person_key
from tenprint.policy.evaluate import Decision

QUESTIONS_BY_KIND = {
    TaskKind.DECIDE: ("offence_level", "priority", "detainer"),
    TaskKind.SECOND_LOOK: ("offence_level", "priority", "detainer"),
    TaskKind.REPORT_OUTCOME: ("offence_level", "priority"),
    TaskKind.ANSWER_DETAINER: ("hold_hours",),
    TaskKind.REPORT_RELEASE: ("hold_hours",),
    TaskKind.REPORT_CUSTODY: ("hold_hours",),
}
WAITS_FOR_LOOK = (
    "A second officer must look at this detainer before anything is sent. Until then you can decide no action or an "
    "interview here."
)
LOOK_TO_TAKE = (
    "{first} proposes a detainer, and a second officer must look at it first. You can take that look: it is a task of "
    "its own in the queue."
)
BACK_WITH_YOU = (
    "did not agree, so no detainer can be sent in this case. It is your move: decide no action or an interview."
)
BACK_WITH_FIRST = (
    "{who} did not agree, so no detainer can be sent in this case. It is the move of {first}, who decides no action or "
    "an interview. You need to do nothing. If {first} cannot answer, you can decide one of the two here, under your "
    "own name."
)


@dataclass(frozen=True)
class Advice:
    """What the rules say to the questions behind a task.

    Args:
        programme: title of the rules in force.
        version: of which month.
        by_question: the decision by the name of its question.
        unknown: by the name of its question, what is not known and could lead to another answer, in words.
    """

    programme: str
    version: str
    by_question: dict[str, Decision]
    unknown: dict[str, tuple[str, ...]]


def advice(task: Task, services: Services, case: Case | None = None) -> Advice | None:
    """Return what the rules in force say now, or None for a task on which they have nothing to say.

    Level and priority are asked with what is known in the case, as they are when an outcome is reported.

    Whether a detainer would be permitted is asked as if the form were filled in and no claim were made: what is refused
    even then no officer can send.
    """
    asked = QUESTIONS_BY_KIND.get(task.kind, ())
    if not asked:
        return None
    ask = questions.quietly(services)
    status = str(task.shown.get("status", "unknown"))
    answers = {
        "offence_level": lambda: levels.rank(ask, levels.facts_of(case, task.shown), status).level,
        "priority": lambda: levels.rank(ask, levels.facts_of(case, task.shown), status).priority,
        "detainer": lambda: questions.detainer(ask, task.shown, _form(task.shown)),
        "hold_hours": lambda: questions.hold_hours(ask),
    }
    programme = services.programme
    said = {name: answers[name]() for name in asked}
    facts = programme.vocabulary.facts
    unknown = {name: tuple(facts[fact].label for fact in one.unknown_facts) for name, one in said.items()}
    return Advice(programme.title, programme.version, said, unknown)


def has_looked(task: Task, tasks: Iterable[Task], person: str) -> bool:
    """Tell whether this person took the second look at a decision that is still open, so that it is another's move.

    Args:
        task: the decision.
        tasks: of the same case.
        person: who asks.
    """
    look = _look_at(task, tasks)
    return look is not None and not look.is_open and person_key(look.decided_by) == person_key(person)


def whose_move(task: Task, tasks: Iterable[Task], person: str) -> str:
    """Return whose move a decision is once a second officer was asked, and what the reader can do; else ``""``.

    Args: as `has_looked`.
    """
    look = _look_at(task, tasks)
    if look is None:
        return ""
    first = task.decided_by
    is_first = person_key(first) == person_key(person)
    if look.is_open:
        return WAITS_FOR_LOOK if is_first else LOOK_TO_TAKE.format(first=first)
    if is_first:
        return f"{look.decided_by} {BACK_WITH_YOU}"
    who = "You" if person_key(look.decided_by) == person_key(person) else look.decided_by
    return BACK_WITH_FIRST.format(who=who, first=first)


def _look_at(task: Task, tasks: Iterable[Task]) -> Task | None:
    if task.kind != TaskKind.DECIDE or not task.is_open or not task.findings:
        return None
    return latest(tasks, TaskKind.SECOND_LOOK)


def _form(shown: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the form that a first officer filled in, or one with the strongest evidence and without a claim."""
    if "proposal" in shown:
        return dict(shown["proposal"]["details"])
    by_status = {"final_order": EvidenceBox.FINAL_ORDER, "in_proceedings": EvidenceBox.PENDING_PROCEEDINGS}
    evidence = by_status.get(str(shown["status"]), EvidenceBox.OWN_STATEMENT_OR_OTHER)
    return {"evidence": str(evidence), "citizenship_claim": questions.NO, "victim_or_witness": questions.NO}
