"""How a party's work stands, in figures: what waits, since when, what is tried again, what was given up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from tenprint.core.clock import to_wire

LATE_AFTER = timedelta(minutes=1)
"""A running party takes up what is due within a second; what has been due, or on its way, for longer is late."""


class Condition(StrEnum):
    """How a party's work stands in one word; the later ones are worse."""

    OK = "ok"
    WAITING = "waiting"
    BEHIND = "behind"
    STUCK = "stuck"
    STOPPED = "stopped"
    """Nobody does the work: told by who looks for the party's process, never by the figures."""


@dataclass(frozen=True)
class QueueFigures:
    """One queue of a party.

    Args:
        waiting: rows that are not finished.
        due: those of them whose time has come.
        due_since: when the longest due row became due.
        oldest_since: when the oldest waiting row was written; of enrolments only while it was not tried yet.
        retrying: waiting rows that have failed before.
        next_try: when the first of these is tried again.
        unreached: those of them whose receiver could not be reached, or was too busy.
        unreached_since: when the oldest of these was written.
        dead: rows that were given up.
    """

    waiting: int = 0
    due: int = 0
    due_since: datetime | None = None
    oldest_since: datetime | None = None
    retrying: int = 0
    next_try: datetime | None = None
    unreached: int = 0
    unreached_since: datetime | None = None
    dead: int = 0


@dataclass(frozen=True)
class Retry:
    """A row that failed and is tried again; its subject is not told, which could be a number of a person's record.

    Args:
        queue: where it waits.
        kind: of the message; empty for an enrolment.
        case_id: of the message; empty for an enrolment.
        code: of the last failure.
        attempts: failures so far.
        next_try: when it is tried again.
    """

    queue: str
    kind: str
    case_id: str
    code: str
    attempts: int
    next_try: datetime


@dataclass(frozen=True)
class TimerFigures:
    """Timers that have not fired: how many, the next one that is to come, and those whose time has passed."""

    waiting: int = 0
    next_due: datetime | None = None
    overdue: int = 0
    overdue_since: datetime | None = None


@dataclass(frozen=True)
class TaskFigures:
    """What people are asked: open tasks by kind, those past their time, the next deadline, the oldest."""

    open: Mapping[str, int] = field(default_factory=dict)
    overdue: int = 0
    next_deadline: datetime | None = None
    oldest_since: datetime | None = None


@dataclass(frozen=True)
class LedgerFigures:
    """The ledger: entries, the newest checkpoint and its time, and who cosigned that one.

    Args:
        size: entries.
        checkpoint_size, checkpoint_at: of the newest signed checkpoint; 0 and None before the first one.
        cosigned_by: witnesses whose line stands under the newest checkpoint.
    """

    size: int = 0
    checkpoint_size: int = 0
    checkpoint_at: datetime | None = None
    cosigned_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Health:
    """How one party's work stands at one moment, counted in its database; no message's body was read.

    Args:
        at: the party's clock when it was counted.
        queues: by name: ``inbox``, ``outbox``, ``enrolments``.
        retries: the first rows that are tried again, soonest first.
        timers, tasks, ledger: figures.
        last_handled_at: when a message was handled last.
        database_bytes: size of the database, without blobs.
    """

    at: datetime
    queues: Mapping[str, QueueFigures] = field(default_factory=dict)
    retries: tuple[Retry, ...] = ()
    timers: TimerFigures = TimerFigures()
    tasks: TaskFigures = TaskFigures()
    ledger: LedgerFigures = LedgerFigures()
    last_handled_at: datetime | None = None
    database_bytes: int = 0

    @property
    def dead(self) -> int:
        """Return how many rows of all queues were given up."""
        return sum(queue.dead for queue in self.queues.values())

    @property
    def condition(self) -> Condition:
        """Return how it stands: given up goes before late, late before waiting."""
        if self.dead:
            return Condition.STUCK
        queues = self.queues.values()
        since = [moment for queue in queues for moment in (queue.due_since, queue.unreached_since)]
        since.append(self.timers.overdue_since)
        if self.tasks.overdue or any(moment is not None and self.at - moment > LATE_AFTER for moment in since):
            return Condition.BEHIND
        if self.tasks.open or any(queue.waiting for queue in queues):
            return Condition.WAITING
        return Condition.OK

    def as_json(self) -> dict[str, Any]:
        """Return all figures as JSON values; times as on the wire, or None."""
        figures = {each.name: _plain(getattr(self, each.name)) for each in fields(self)}
        return {"condition": str(self.condition), "dead": self.dead, **figures}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return to_wire(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if hasattr(value, "__dataclass_fields__"):
        return _plain(asdict(value))
    return value
