"""What the page of operations shows of a party: how its work stands, in words, without a person's data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tenprint.core.errors import StorageError
from tenprint.exchange import story
from tenprint.exchange.model.failures import what_to_do, why
from tenprint.exchange.model.health import Condition, Health, QueueFigures, Retry
from tenprint.exchange.model.stored import ENROLMENT, DeadLetter, Queue
from tenprint.exchange.ports import Node
from tenprint.web import words

CONDITIONS: dict[Condition, tuple[str, str, str]] = {
    Condition.OK: ("●", "ok", "nothing waits"),
    Condition.WAITING: ("◐", "waiting", "something waits for a person or for its next try"),
    Condition.BEHIND: ("▲", "behind", "something should have been done, or delivered, by now"),
    Condition.STOPPED: ("■", "stopped", "the process that does this party's work does not run; start it"),
    Condition.STUCK: ("■", "stuck", "something was given up and waits for you"),
}
"""Shape, word and sentence of each condition."""
UNREADABLE = ("■", "stuck", "the database cannot be read")
QUEUES = {Queue.INBOX: "to handle", Queue.OUTBOX: "to deliver", Queue.ENROLMENTS: "to enrol"}
DOINGS = {Queue.INBOX: "handling", Queue.OUTBOX: "delivering", Queue.ENROLMENTS: "enrolling"}
A_SUBJECT = "a subject into the gallery"


@dataclass(frozen=True)
class Letter:
    """A given-up row, as an operator sees it.

    Args:
        queue, row: what names it in a form; the number of an enrolment's subject is not told.
        what: what was given up.
        case_id: of its case, or ``""``.
        why, code: why, as a sentence and as the code.
        advice: what to do, as a sentence.
        attempts: how often it was tried.
    """

    queue: str
    row: int
    what: str
    case_id: str
    why: str
    code: str
    advice: str
    attempts: int


@dataclass(frozen=True)
class PartyView:
    """One party.

    Args:
        party: its id.
        standing: shape, word and sentence.
        health: its figures; None when its database cannot be read.
        lines: name and words of each figure that says something.
        retries: sentences.
        letters: what was given up.
        fault: why nothing can be told, or ``""``.
    """

    party: str
    standing: tuple[str, str, str]
    health: Health | None
    lines: tuple[tuple[str, str, bool], ...] = ()
    retries: tuple[str, ...] = ()
    letters: tuple[Letter, ...] = ()
    fault: str = ""

    @property
    def condition(self) -> str:
        """Return the condition's word."""
        return self.standing[1]

    def as_json(self) -> dict[str, Any] | None:
        """Return the figures as JSON values, with this condition; None when they cannot be read."""
        return None if self.health is None else self.health.as_json() | {"condition": self.condition}

    @property
    def dead_count(self) -> int:
        """Return how much was given up."""
        return len(self.letters)


def view_of(node: Node, *, is_stopped: bool = False) -> PartyView:
    """Return how a party's work stands; `is_stopped` tells that nobody does it."""
    try:
        health, letters = node.store.health(node.services.clock.now()), node.store.dead_letters()
    except StorageError as problem:
        return PartyView(node.party.id, UNREADABLE, None, fault=f"{words.sentence(problem.message)} ({problem.code})")
    return PartyView(
        party=node.party.id,
        standing=CONDITIONS[Condition.STOPPED if is_stopped else health.condition],
        health=health,
        lines=_lines(health),
        retries=tuple(_retry(retry) for retry in health.retries),
        letters=tuple(letter_view(letter) for letter in letters),
    )


def letter_view(letter: DeadLetter) -> Letter:
    """Return a dead letter as an operator sees it."""
    title = story.TITLES.get(letter.kind, "")
    what = A_SUBJECT if letter.kind == ENROLMENT else letter.kind + (f" ({title})" if title else "")
    advice = what_to_do(letter.queue, letter.kind, letter.failure)
    return Letter(
        queue=str(letter.queue),
        row=letter.row,
        what=f"{DOINGS[letter.queue]} {what}",
        case_id=letter.case_id,
        why=why(letter.failure),
        code=letter.failure,
        advice=words.sentence(advice),
        attempts=letter.attempts,
    )


def clock_time(moment: datetime) -> str:
    """Return a moment to the second: tries follow each other by seconds."""
    return f"{words.spoken_date(moment.date())}, {moment:%H:%M:%S} UTC"


def _lines(health: Health) -> tuple[tuple[str, str, bool], ...]:
    """Return name, words and whether it is late, of what there is to say."""
    lines = [(QUEUES[Queue(name)], *_queue(queue, health.at)) for name, queue in health.queues.items() if queue.waiting]
    tasks, timers, ledger = health.tasks, health.timers, health.ledger
    if tasks.open:
        titled = ((words.TASK_TITLES.get(kind, words.spoken_name(kind)), count) for kind, count in tasks.open.items())
        kinds = "; ".join(f"{title}: {count}" for title, count in titled)
        since = f", the oldest since {words.spoken_time(tasks.oldest_since)}" if tasks.oldest_since else ""
        lines.append(("open tasks", kinds + since, False))
    if tasks.overdue:
        lines.append(("deadlines passed", f"{tasks.overdue} of these tasks should have been answered", True))
    coming = [moment for moment in (tasks.next_deadline, timers.next_due) if moment is not None]
    if coming:
        lines.append(("next deadline", words.spoken_time(min(coming)), False))
    if timers.overdue:
        lines.append(("clocks that ran out", f"{timers.overdue}, not acted on yet", True))
    handled = words.spoken_time(health.last_handled_at) if health.last_handled_at else "never"
    lines.append(("last message handled", handled, False))
    signed = f"; checkpoint over {ledger.checkpoint_size}" if ledger.checkpoint_size else "; no checkpoint yet"
    by = ", ".join(words.spoken_name(name) for name in ledger.cosigned_by)
    lines.append(("ledger", f"{ledger.size} entries{signed}" + (f", cosigned by {by}" if by else ""), False))
    return tuple(lines)


def _queue(queue: QueueFigures, now: datetime) -> tuple[str, bool]:
    said = [f"{queue.waiting} waiting"]
    if queue.due:
        said.append(f"{queue.due} due now")
    if queue.retrying:
        said.append(f"{queue.retrying} failed before")
    if queue.unreached:
        said.append(f"{queue.unreached} for a receiver that cannot be reached")
    if queue.oldest_since:
        said.append(f"the oldest since {clock_time(queue.oldest_since)}")
    is_late = Health(now, {"": replace(queue, dead=0)}).condition == Condition.BEHIND
    return ", ".join(said), is_late


def _retry(retry: Retry) -> str:
    what = words.sentence(f"{DOINGS[Queue(retry.queue)]} {retry.kind or A_SUBJECT}").removesuffix(".")
    case = f", case {retry.case_id}" if retry.case_id else ""
    times = "once" if retry.attempts == 1 else f"{retry.attempts} times"
    said = f"{why(retry.code)} ({retry.code}) Failed {times}; next try {clock_time(retry.next_try)}."
    return f"{what}{case}: {said}"
