"""Offence level and priority of a person, from what is known in a case, under the rules that held on a day.

Known is what courts have said of the booking's charges and what officers have stated. What nobody knows is left out, so
that a level is unknown rather than guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from tenprint.core.errors import SenderError
from tenprint.exchange.model.bodies import TaskAnswer
from tenprint.exchange.model.case import Case, Task
from tenprint.exchange.model.words import DispositionOutcome
from tenprint.exchange.ports import Services, Transaction, Work
from tenprint.exchange.tasks.convictions import disposed
from tenprint.exchange.tasks.questions import Ask
from tenprint.exchange.tasks.spread import dispositions_of
from tenprint.exchange.tasks.stated import AGGRAVATED_FELONY, COUNTS, stated_in, stated_of, with_stated
from tenprint.policy.evaluate import Decision
from tenprint.policy.programme import Programme, available, load, programme_in_force
from tenprint.policy.vocabulary import FactValue, house_vocabulary

STATED_ENTRY = "stated"
"""Kind of a ledger entry: an officer stated something of a person that rules read."""


@dataclass(frozen=True)
class Ranked:
    """A person's offence level and priority, as two decisions."""

    level: Decision
    priority: Decision

    @property
    def unknown(self) -> str:
        """Return in words what nobody knows and for whose sake the level might be another one, or ``""``."""
        facts = house_vocabulary().facts
        return "; ".join(facts[name].label for name in self.level.unknown_facts)


def facts_of(case: Case | None, shown: Mapping[str, Any]) -> dict[str, FactValue]:
    """Return what is known for level and priority.

    That a court convicted says neither felony nor misdemeanour, and that it dismissed says nothing of other
    convictions: from a disposition only that there was a charge is taken.

    Args:
        case: the field office's, or None.
        shown: what an officer is shown: ``offence`` is the charge of the specialist's answer.
    """
    said = dispositions_of(case) if case is not None else []
    stated = stated_of(case) if case is not None else {}
    if case is not None and denies_conviction(case):
        # Said before the court convicted: whether of a felony or a misdemeanour nobody has said since.
        stated = {name: value for name, value in stated.items() if name not in COUNTS}
    is_charged = any(one["charge_outcome"] != DispositionOutcome.NOT_CHARGED for one in said)
    charged: dict[str, FactValue] = {"charged": True} if is_charged or shown.get("offence") else {}
    return charged | stated


def denies_conviction(case: Case) -> bool:
    """Tell whether officers have stated that there is no conviction, and a court has convicted of a charge."""
    known = stated_of(case)
    is_clean = all(known.get(name) == 0 for name in COUNTS) and known.get(AGGRAVATED_FELONY) is False
    return is_clean and disposed(case).is_conviction


def check_statements(tx: Transaction, task: Task, answer: TaskAnswer) -> None:
    """Refuse statements that cannot be read, or that deny a conviction of which a court has told.

    Raises:
        SenderError: ``DETAIL_INVALID``, ``CONVICTION_ON_RECORD``.
    """
    case = tx.case(task.case_id)
    if not stated_in(answer.details) or case is None:
        return
    if denies_conviction(with_stated(case, answer.details, answer.by, task.opened_at)):
        raise SenderError(
            "CONVICTION_ON_RECORD",
            "a court has convicted the person of a charge of this booking",
            hint="count it as a felony or a misdemeanour, or leave out the number that you do not know",
        )


def rank(ask: Ask, facts: Mapping[str, FactValue], status: str) -> Ranked:
    """Ask for level and priority.

    Args:
        ask: as in `questions`.
        facts: of `facts_of`.
        status: that the specialist found.
    """
    level = ask("offence_level", facts)
    return Ranked(level, ask("priority", {**facts, "status": status, "offence_level": str(level.outcome)}))


def take_statements(work: Work, case: Case, answer: TaskAnswer) -> Case:
    """Return the case, not yet saved, with what an officer states in an answer; each one goes on the ledger.

    The ledger says who stated which fact; what was stated stands in the message.
    """
    for name in stated_in(answer.details):
        work.log(STATED_ENTRY, person=answer.by, note=name)
    return with_stated(case, answer.details, answer.by, work.message.sent_at)


def rules_on(services: Services, day: date) -> tuple[Programme, str]:
    """Return the rules under which something of a day is judged, and in a sentence why these.

    Of several versions of the programme it is the one that was in force on that day; where only one is at hand, or none
    was in force, it is the one in force at this party, and the sentence says so.
    """
    own = services.programme
    versions = [name for name in available() if load(name).id == own.id]
    if len(versions) > 1:
        try:
            then = programme_in_force(own.id, day)
        except SenderError:
            return own, f"{own.name}: in force at this party; no version of it was in force on {day.isoformat()}"
        return then, f"{then.name}: in force on {day.isoformat()}"
    return own, f"{own.name}: in force at this party, which has no other version"
