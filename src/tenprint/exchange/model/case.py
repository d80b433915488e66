"""A case as one party knows it, the tasks that wait for its people, and its timers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from tenprint.exchange.model.words import FINAL_STATES, CaseState, TaskKind

REPLACED = "replaced"
"""Answer of a task that was closed without a person, because what it showed was no longer so: it is asked anew."""


@dataclass(frozen=True)
class Case:
    """What one party knows of one booking.

    Args:
        case_id: one id through the whole chain.
        opened_at: when this party first heard of it.
        state: where it stands for this party.
        ori, tcn: booking agency's ORI and the submission's TCN; together they find a second copy.
        known: this party's own JSON-able knowledge (message ids, TCNs, repository states, subject ids).
    """

    case_id: str
    opened_at: datetime
    state: CaseState
    ori: str = ""
    tcn: str = ""
    known: dict[str, Any] = field(default_factory=dict)

    @property
    def is_final(self) -> bool:
        """Tell whether this party expects nothing more."""
        return self.state in FINAL_STATES

    def moved(self, state: CaseState | None = None, **known: Any) -> Case:
        """Return the case in another state and with more known."""
        return replace(self, state=state or self.state, known=self.known | known)


@dataclass(frozen=True)
class Task:
    """A question to a person; open until `decided_at` is set.

    Args:
        id: made from case, kind and round, so that a repeated message opens no second task.
        shown: JSON-able evidence that the person sees; `shown_hash` is its hash.
        answers: the words that close it (`tasks show` prints them).
        findings: how many answers were recorded (n of the TASK_ANSWER id).
        answer, reason, decided_by, decided_at: the last finding; empty while open.
    """

    id: str
    case_id: str
    party: str
    kind: TaskKind
    opened_at: datetime
    due_at: datetime | None
    shown: dict[str, Any]
    shown_hash: str
    answers: tuple[str, ...]
    findings: int = 0
    claimed_by: str = ""
    answer: str = ""
    reason: str = ""
    decided_by: str = ""
    decided_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether it still waits for a person."""
        return self.decided_at is None

    @property
    def was_replaced(self) -> bool:
        """Tell whether another task asks the same, because what this one showed was no longer so."""
        return self.answer == REPLACED


@dataclass(frozen=True)
class Timer:
    """A wake-up that is due at a time; firing it is the message ``TIMER`` with id ``timer-{id}``."""

    id: str
    case_id: str
    purpose: str
    due_at: datetime
