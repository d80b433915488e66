"""What became of a person whom the field office took over: dated, under the rules of that day, by a named officer.

Removals are counted from these reports and from nothing else: a transfer is no removal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any

from tenprint.core.clock import to_wire
from tenprint.core.errors import SenderError, StorageError
from tenprint.exchange.model.aftermath import OutcomeReport
from tenprint.exchange.model.bodies import TaskAnswer
from tenprint.exchange.model.case import Case, Task
from tenprint.exchange.model.corrections import DID_NOT_HAPPEN, OfOutcome, corrections_of
from tenprint.exchange.model.known import message_of, with_message
from tenprint.exchange.model.words import LAST_OUTCOMES, REMOVALS, Kind, OutcomeEvent, Role, TaskKind
from tenprint.exchange.ports import Work
from tenprint.exchange.tasks import detainers, levels
from tenprint.exchange.tasks.anew import up_to_date
from tenprint.exchange.tasks.dated import HAPPENED_ON, LEGAL_GROUND, day_told

OUTCOMES = "outcomes"
"""In `Case.known`: the reported outcomes in their order, each with day, ground, level and priority."""
ANSWERS = tuple(str(event) for event in OutcomeEvent)
AN_OUTCOME_NEEDS = "details: happened_on (YYYY-MM-DD), legal_ground; convictions, as far as they are known"


def ask_outcome(work: Work, case: Case, transferred_at: datetime) -> None:
    """Ask an officer what becomes of a person who was handed over; the question stays open until the last outcome."""
    shown = detainers.whom(work, case) | {
        "transferred_at": to_wire(transferred_at),
        "an_outcome_needs": AN_OUTCOME_NEEDS,
        "message": work.message.id,
    }
    work.open_task(TaskKind.REPORT_OUTCOME, shown, ANSWERS)


def report_outcome(work: Work, case: Case, task: Task, answer: TaskAnswer, told: Iterable[str]) -> Case:
    """Tell jail and jurisdiction of an outcome; return the case with it noted, and with what the officer states.

    Level and priority come from what is known in the case, under the rules of the day on which it happened.
    """
    case = levels.take_statements(work, case, answer)
    rules, why_these = levels.rules_on(work.services, date.fromisoformat(answer.details[HAPPENED_ON]))
    shown = up_to_date(work, case, task.shown)
    ranked = levels.rank(
        partial(work.decide, rules=rules), levels.facts_of(case, shown), str(shown.get("status", "unknown"))
    )
    level, priority = ranked.level, ranked.priority
    report = OutcomeReport(
        outcome=answer.answer,
        on=answer.details[HAPPENED_ON],
        legal_ground=answer.details[LEGAL_GROUND],
        offence_level=str(level.outcome),
        level_rule=level.rule,
        priority=str(priority.outcome),
        priority_rule=priority.rule,
        rule_version=level.version,
        officer=answer.by,
        reason=answer.reason,
        is_last=answer.answer in LAST_OUTCOMES,
        rules_on=why_these,
        level_unknown=ranked.unknown,
    )
    work.log("outcome", outcome=report.outcome, person=report.officer, rule=report.level_rule, version=level.version)
    for party in told:
        sent = work.send(Kind.OUTCOME, party, report.to_bytes(), in_reply_to=message_of(case, Kind.CUSTODY))
        case = with_message(case, f"{Kind.OUTCOME}:{answer.n}:{party}", sent.id)
    return with_outcome(case, report)


def with_outcome(case: Case, report: OutcomeReport) -> Case:
    """Return the case with an outcome noted; the same report again changes nothing.

    Raises:
        StorageError: ``OUTCOME_CHANGED``: another last outcome was reported before; its correction may be under way.
    """
    noted = {
        "outcome": report.outcome,
        "on": report.on,
        "legal_ground": report.legal_ground,
        "offence_level": report.offence_level,
        "priority": report.priority,
        "rule_version": report.rule_version,
    }
    earlier = case.known.get(OUTCOMES, [])
    if noted in earlier:
        return case
    if report.outcome in LAST_OUTCOMES and any(one["outcome"] in LAST_OUTCOMES for one in standing(case)):
        raise StorageError("OUTCOME_CHANGED", "another last outcome of this person was reported before")
    more: dict[str, Any] = {OUTCOMES: [*earlier, noted]}
    return case.moved(**more)


def standing(case: Case) -> list[dict[str, Any]]:
    """Return the outcomes that stand: as they were reported, with what the field office has corrected since."""
    found = [dict(one) for one in case.known.get(OUTCOMES, [])]
    for said in (one for one in corrections_of(case) if one.get("outcome")):
        wrong = next(
            (one for one in found if (one["outcome"], one["on"]) == (said["outcome"], said["outcome_on"])), None
        )
        if wrong is not None and said["right_outcome"] == DID_NOT_HAPPEN:
            found.remove(wrong)
        elif wrong is not None:
            wrong |= {"outcome": said["right_outcome"], "on": said["right_on"]}
    return found


def refuse_correction(case: Case, said: OfOutcome, tasks: Iterable[Task], now: datetime) -> None:
    """Refuse to correct an outcome that does not stand, or to what cannot be beside the others.

    Raises:
        SenderError: ``OUTCOME_UNKNOWN``, ``OUTCOME_INVALID``, ``OUTCOME_CHANGED``, ``OUTCOME_OPEN``, ``DAY_MISSING``,
            ``DAY_IMPOSSIBLE``, ``DAY_IN_FUTURE``.
    """
    found = standing(case)
    wrong = next((one for one in found if (one["outcome"], one["on"]) == (said.outcome, said.on)), None)
    if wrong is None:
        known = ", ".join(f"{one['outcome']} on {one['on']}" for one in found)
        raise SenderError("OUTCOME_UNKNOWN", f"no such outcome stands in this case: {known or 'none was reported'}")
    if said.right not in (*ANSWERS, DID_NOT_HAPPEN) or (said.right == DID_NOT_HAPPEN and said.right_on):
        raise SenderError("OUTCOME_INVALID", f"what is right is {', '.join(ANSWERS)} with its day, or {DID_NOT_HAPPEN}")
    if said.right != DID_NOT_HAPPEN:
        day_told({"right_on": said.right_on}, "right_on", not_before=None, now=now)
    if said.right not in LAST_OUTCOMES:
        return
    if any(one["outcome"] in LAST_OUTCOMES for one in found if one is not wrong):
        raise SenderError("OUTCOME_CHANGED", "another last outcome stands in this case")
    if any(task.kind == TaskKind.REPORT_OUTCOME and task.is_open for task in tasks):
        raise SenderError("OUTCOME_OPEN", "an officer is asked what follows: report the last outcome there")


def ask_after_correction(work: Work, case: Case, about: str) -> None:
    """Ask again what becomes of a person of whom no last outcome stands any more."""
    asked = [task for task in work.tx.tasks(case.case_id) if task.kind == TaskKind.REPORT_OUTCOME]
    is_ended = any(one["outcome"] in LAST_OUTCOMES for one in standing(case))
    if is_ended or not asked or any(task.is_open for task in asked):
        return
    shown = up_to_date(work, case, asked[-1].shown)
    fresh = work.open_task(TaskKind.REPORT_OUTCOME, shown, ANSWERS, about=about)
    work.tx.save_task(replace(fresh, findings=max(task.findings for task in asked)))


def told_of_outcomes(work: Work, jail: str) -> tuple[str, ...]:
    """Return who is told of outcomes: the jail that held the person, and the city or county whose own jail that is.

    One that names no jail as its own is told of all.
    """
    directory = work.services.directory
    counties = (directory.party(one) for one in work.services.party.peers_of(Role.JURISDICTION))
    own = (one.id for one in counties if not one.peers_of(Role.JAIL) or jail in one.peers_of(Role.JAIL))
    return tuple(party for party in (jail, *own) if party)


def removals(cases: Iterable[Case]) -> int:
    """Return in how many of a field office's cases the person was returned or removed, by the outcomes that stand."""
    return sum(any(one["outcome"] in REMOVALS for one in standing(case)) for case in cases)
