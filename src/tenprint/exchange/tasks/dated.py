"""Answers that say when something happened: a court on a charge, a jail on a release, a field office on an outcome.

A day or a time must exist, must not lie in the future, and must not lie before what it follows from. Such a question
may be answered several times; `stays_open` tells which answer is not the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta

from tenprint.core.clock import from_wire, truncated_to_ms
from tenprint.core.errors import SenderError
from tenprint.exchange.model.aftermath import day_of
from tenprint.exchange.model.bodies import TaskAnswer
from tenprint.exchange.model.case import Task
from tenprint.exchange.model.words import LAST_OUTCOMES, DispositionOutcome, TaskKind
from tenprint.exchange.ports import Work
from tenprint.exchange.store import Transaction

CHARGE, DECIDED_ON, REFERENCE, OFFENCE = "charge", "decided_on", "reference", "offence"
HAPPENED_ON, LEGAL_GROUND = "happened_on", "legal_ground"
DISPOSED = "disposed"
"""In a court's `Case.known`: by number of the charge, the id of its newest disposition."""
MAX_REFERENCE, OFFENCE_DIGITS = 80, 4
A_DAY = timedelta(days=1)
DAY_HINT = "write it as 2010-10-05"
AT, TIME_HINT = "at", "write it with its zone, such as 2010-10-05T09:30Z"


def check(task: Task, answer: TaskAnswer, now: datetime) -> None:
    """Refuse an answer whose day or charge cannot be; tasks of other kinds pass.

    Raises:
        SenderError: ``DAY_MISSING``, ``DAY_IMPOSSIBLE``, ``DAY_IN_FUTURE``, ``DAY_TOO_EARLY``, ``CHARGE_UNKNOWN``,
            ``REFERENCE_MISSING``, ``OFFENCE_INVALID``, ``LEGAL_GROUND_MISSING``, ``TIME_IMPOSSIBLE``,
            ``TIME_IN_FUTURE``, ``TIME_TOO_EARLY``, ``TIME_TOO_LATE``.
    """
    checking = _CHECKS.get(task.kind)
    if checking is not None:
        checking(task, answer, now)


def stays_open(tx: Transaction, task: Task, answer: TaskAnswer) -> bool:
    """Tell whether the question is still open after this answer, whatever its person says: something must follow."""
    if task.kind == TaskKind.REPORT_OUTCOME:
        return answer.answer not in LAST_OUTCOMES
    if task.kind != TaskKind.DISPOSE:
        return False
    case = tx.case(task.case_id)
    disposed = set(case.known.get(DISPOSED, {})) if case else set()
    return not set(task.shown["charges"]) <= disposed | {answer.details.get(CHARGE, "")} | _only_charge(task)


def charge_number(task: Task, details: Mapping[str, str]) -> str:
    """Return the number of the charge that an answer is about; with one charge it need not be said.

    Raises:
        SenderError: ``CHARGE_UNKNOWN``.
    """
    charges = task.shown["charges"]
    number = details.get(CHARGE) or next(iter(_only_charge(task)), "")
    if number not in charges:
        known = ", ".join(sorted(charges, key=int))
        raise SenderError("CHARGE_UNKNOWN", f"say which charge this is about: {known}", hint="add --detail charge=1")
    return number


def day_told(details: Mapping[str, str], name: str, *, not_before: date | None, now: datetime) -> date:
    """Return a day that a person names.

    Raises:
        SenderError: ``DAY_MISSING``, ``DAY_IMPOSSIBLE``, ``DAY_IN_FUTURE``, ``DAY_TOO_EARLY``.
    """
    said = details.get(name, "")
    if not said:
        raise SenderError("DAY_MISSING", "say on which day it happened", hint=f"add --detail {name}=YYYY-MM-DD")
    day = day_of(said)
    if day is None:
        raise SenderError("DAY_IMPOSSIBLE", f"{said!r} is no day of the calendar", hint=DAY_HINT)
    if day > now.date():
        raise SenderError("DAY_IN_FUTURE", f"{said} has not come yet", hint=DAY_HINT)
    if not_before is not None and day < not_before:
        raise SenderError("DAY_TOO_EARLY", f"{said} lies before {not_before.isoformat()}, from which it follows")
    return day


def refuse_impossible(work: Work, since: datetime | None, *said: datetime | date | None) -> None:
    """Refuse a time or a day of another party's message that has not come yet, or lies before what it follows from.

    Clocks differ, and so do time zones: a day is left on either side.

    Args:
        work: the transaction at hand.
        since: from what it follows, or None.
        said: what the message says; None is passed over.

    Raises:
        SenderError: ``TIME_IN_FUTURE`` or ``TIME_TOO_EARLY``.
    """
    for one in said:
        if one is None:
            continue
        day = one.date() if isinstance(one, datetime) else one
        if day > (work.now + A_DAY).date():
            raise SenderError("TIME_IN_FUTURE", "the message tells of a time that has not come yet")
        if since is not None and day < (since - A_DAY).date():
            raise SenderError("TIME_TOO_EARLY", "the message tells of a time before what it follows from")


def moment_told(answer: TaskAnswer, otherwise: datetime) -> datetime:
    """Return the time that a jail names, or the other one when it names none.

    Raises:
        SenderError: ``TIME_IMPOSSIBLE``.
    """
    said = answer.details.get(AT, "")
    if not said:
        return otherwise
    try:
        moment = datetime.fromisoformat(said)
        if moment.tzinfo is None:
            raise SenderError("TIME_IMPOSSIBLE", f"{said!r} does not say of which zone it is", hint=TIME_HINT)
        return truncated_to_ms(moment)
    except (ValueError, OverflowError) as problem:  # such as the year 1 east of Greenwich
        raise SenderError("TIME_IMPOSSIBLE", f"{said!r} is no time", hint=TIME_HINT) from problem


def _only_charge(task: Task) -> set[str]:
    charges = task.shown["charges"]
    return set(charges) if len(charges) == 1 else set()


def _check_disposition(task: Task, answer: TaskAnswer, now: datetime) -> None:
    charge_number(task, answer.details)
    day_told(answer.details, DECIDED_ON, not_before=day_of(task.shown["arrested_on"]), now=now)
    if not 1 <= len(answer.details.get(REFERENCE, "")) <= MAX_REFERENCE:
        raise SenderError(
            "REFERENCE_MISSING",
            "name the court's docket number, in at most 80 characters",
            hint="add --detail reference=…",
        )
    offence = answer.details.get(OFFENCE, "")
    is_code = len(offence) == OFFENCE_DIGITS and offence.isascii() and offence.isdecimal()
    if (offence and not is_code) or (not offence and answer.answer == DispositionOutcome.REDUCED):
        raise SenderError(
            "OFFENCE_INVALID", "an offence is an NCIC code of four digits", hint="add --detail offence=5404"
        )


def _check_outcome(task: Task, answer: TaskAnswer, now: datetime) -> None:
    # The hour is kept in UTC; west of Greenwich the calendar may still have shown the day before.
    transferred = from_wire(task.shown["transferred_at"]).date() - A_DAY
    day_told(answer.details, HAPPENED_ON, not_before=transferred, now=now)
    if not answer.details.get(LEGAL_GROUND, ""):
        raise SenderError(
            "LEGAL_GROUND_MISSING", "name the ground of law on which it rests", hint="add --detail legal_ground=TEXT"
        )


def _check_release(task: Task, answer: TaskAnswer, now: datetime) -> None:
    if not answer.details.get(AT, ""):
        return  # it is now, whatever the clock said when the request was accepted
    if _past(answer, now) < from_wire(task.shown["accepted_at"]):
        raise SenderError("TIME_TOO_EARLY", f"the request was accepted only at {task.shown['accepted_at']}")


def _check_custody(task: Task, answer: TaskAnswer, now: datetime) -> None:
    """Refuse an end that lies outside of the hold: after 48 hours the clock has ended it (8 CFR 287.7(d))."""
    at = _past(answer, now)
    if answer.details.get(AT, "") and at < from_wire(task.shown["held_from"]):
        raise SenderError("TIME_TOO_EARLY", f"the hold began only at {task.shown['held_from']}")
    ends_at = from_wire(task.shown["hold_ends_at"])
    is_unsaid = not answer.details.get(AT, "") and task.opened_at >= ends_at  # asked again: it is not now
    if at > ends_at or is_unsaid:
        said = f"the hold ended at {task.shown['hold_ends_at']}, and nobody is held or handed over on it afterwards"
        raise SenderError("TIME_TOO_LATE", said, hint="if it happened before, say when: --detail at=TIME")


def _past(answer: TaskAnswer, now: datetime) -> datetime:
    at = moment_told(answer, now)
    if at > now:
        raise SenderError("TIME_IN_FUTURE", "that time has not come yet; answer when it has", hint=TIME_HINT)
    return at


_CHECKS: dict[TaskKind, Callable[[Task, TaskAnswer, datetime], None]] = {
    TaskKind.DISPOSE: _check_disposition,
    TaskKind.REPORT_RELEASE: _check_release,
    TaskKind.REPORT_CUSTODY: _check_custody,
    TaskKind.REPORT_OUTCOME: _check_outcome,
}
