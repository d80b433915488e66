"""What the rules in force say about a case, asked without a trace: for a person to read before deciding.

Nothing here decides anything, and a fact that nobody knows is left out, never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenprint.exchange.model.case import Task
from tenprint.exchange.model.words import EvidenceBox, TaskKind
from tenprint.exchange.ports import Services
from tenprint.exchange.tasks import questions
from tenprint.policy.evaluate import Decision

QUESTIONS_BY_KIND = {
    TaskKind.DECIDE: ("offence_level", "priority", "detainer"),
    TaskKind.SECOND_LOOK: ("offence_level", "priority", "detainer"),
    TaskKind.ANSWER_DETAINER: ("hold_hours",),
    TaskKind.REPORT_CUSTODY: ("hold_hours",),
}


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


def advice(task: Task, services: Services) -> Advice | None:
    """Return what the rules in force say now, or None for a task on which they have nothing to say.

    Whether a detainer would be permitted is asked as if the form were filled in and no claim were made: what is refused
    even then no officer can send.
    """
    asked = QUESTIONS_BY_KIND.get(task.kind, ())
    if not asked:
        return None
    ask = questions.quietly(services)
    level = str(ask("offence_level", {}).outcome)
    answers = {
        "offence_level": lambda: ask("offence_level", {}),
        "priority": lambda: ask("priority", {"status": str(task.shown["status"]), "offence_level": level}),
        "detainer": lambda: questions.detainer(ask, task.shown, _form(task.shown)),
        "hold_hours": lambda: questions.hold_hours(ask),
    }
    programme = services.programme
    said = {name: answers[name]() for name in asked}
    facts = programme.vocabulary.facts
    unknown = {name: tuple(facts[fact].label for fact in one.unknown_facts) for name, one in said.items()}
    return Advice(programme.title, programme.version, said, unknown)


def _form(shown: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the form that a first officer filled in, or one with the strongest evidence and without a claim."""
    if "proposal" in shown:
        return dict(shown["proposal"]["details"])
    by_status = {"final_order": EvidenceBox.FINAL_ORDER, "in_proceedings": EvidenceBox.PENDING_PROCEEDINGS}
    evidence = by_status.get(str(shown["status"]), EvidenceBox.OWN_STATEMENT_OR_OTHER)
    return {"evidence": str(evidence), "citizenship_claim": questions.NO, "victim_or_witness": questions.NO}
