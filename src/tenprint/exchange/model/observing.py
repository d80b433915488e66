"""What an operator's tools may hear of a party's work as it happens: words, numbers and ids, never what anybody wrote.

The dispatch tells an `Observer` what it has done, after it is committed. There is no field here for a body, a name or a
print, so that nobody who listens can keep one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Event(StrEnum):
    """What happened at a party."""

    PARTY_STARTED = "party_started"
    MESSAGE_ACCEPTED = "message_accepted"
    REFUSED = "refused"
    MESSAGE_HANDLED = "message_handled"
    MESSAGE_PUT_OFF = "message_put_off"
    DEAD_LETTER = "dead_letter"
    DELIVERED = "delivered"
    DELIVERY_PUT_OFF = "delivery_put_off"
    UNDELIVERABLE = "undeliverable"
    ENROLMENT_PUT_OFF = "enrolment_put_off"
    NOT_ENROLLED = "not_enrolled"
    TIMER_FIRED = "timer_fired"
    TASK_OPENED = "task_opened"
    TASK_ANSWERED = "task_answered"
    CHECKPOINT_SIGNED = "checkpoint_signed"
    REVIVED = "revived"
    PROGRAM_FAULT = "program_fault"
    STAGE_DONE = "stage_done"


class Stage(StrEnum):
    """A part of the work on one message or batch, whose time is taken."""

    PREPARE = "prepare"
    HANDLE = "handle"
    DELIVER = "deliver"


@dataclass(frozen=True)
class Happening:
    """One thing that happened.

    Args:
        event: what.
        party: where.
        kind: of the message or task; a purpose of a timer; a stage's message kind.
        message: id of the message, or ``""``.
        case: id of the case, or ``""``.
        code: of an error, or ``""``.
        stage: whose time was taken, or ``""``.
        seconds: how long it took; None where no time was taken.
        error: type of an exception, or ``""``.
        where: the calls that led to it, as ``module:function:line``.
    """

    event: Event
    party: str
    kind: str = ""
    message: str = ""
    case: str = ""
    code: str = ""
    stage: str = ""
    seconds: float | None = None
    error: str = ""
    where: tuple[str, ...] = ()


Observer = Callable[[Happening], None]


def no_observer(happening: Happening) -> None:
    """Hear nothing."""
