"""What lies in one party's database besides cases and messages: rows that wait or were given up, counts, evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tenprint.exchange.model.envelope import MessageKey


class Queue(StrEnum):
    """What waits to be worked on, row by row; a row that fails again and again becomes a dead letter."""

    INBOX = "inbox"
    OUTBOX = "outbox"
    ENROLMENTS = "enrolments"


RowKey = MessageKey | str
"""What names a row of a queue: the message's key, or the subject id of an enrolment."""


HELD = "ANSWER_HELD"
"""Code of an answer that waits until a party that was restored has said again what is answered."""
HELD_TRIES = 5
"""For about half a minute such an answer waits for what is said without a person."""
MESSAGE_ERASED = "MESSAGE_ERASED"
"""Code of a message whose period of keeping is over; its error says when and under which rule."""
ENROLMENT = "ENROLMENT"
"""Stands as the kind of a dead letter that is no message: a subject who could not be put into the gallery."""


@dataclass(frozen=True)
class DeadLetter:
    """A row of a queue that was given up, with why. Told from columns alone: its message may be what is damaged.

    Args:
        queue: ``inbox`` (handling failed), ``outbox`` (delivery failed) or ``enrolments``.
        key: of the message; the subject id of an enrolment.
        kind: of the message, or `ENROLMENT`.
        case_id: of the message; empty for an enrolment.
        attempts: how often it was tried.
        failure: code of the last error.
        row: its number in the queue; names it where its key must not be told.
    """

    queue: Queue
    key: RowKey
    kind: str
    case_id: str
    attempts: int
    failure: str
    row: int = field(default=0, compare=False)

    @property
    def id(self) -> str:
        """Return the message's id without its sender, or the subject id of an enrolment."""
        return self.key if isinstance(self.key, str) else self.key.id


@dataclass(frozen=True)
class Counts:
    """What can be counted of a party's database without reading what anybody wrote.

    Args:
        states: number of cases by state.
        matched: cases in which this party knows that the immigration repository found a match.
        cases_by_message: by kind of message, in how many cases this party sent one.
        answers: by kind of task and answer, how many tasks people have closed.
        first_entry_at: time of the first ledger entry; None while there is none.
    """

    states: Mapping[str, int]
    matched: int
    cases_by_message: Mapping[str, int]
    answers: Mapping[tuple[str, str], int]
    first_entry_at: datetime | None

    @property
    def cases(self) -> int:
        """Return the number of cases."""
        return sum(self.states.values())


@dataclass(frozen=True)
class WitnessedNote:
    """A checkpoint of another log that a party was shown.

    Args:
        origin: name of the log.
        size: number of its entries.
        note: the checkpoint as its log signed it.
        seen_at: when it was shown first.
        is_cosigned: False when it was refused, and is kept as evidence.
    """

    origin: str
    size: int
    note: bytes
    seen_at: datetime
    is_cosigned: bool


@dataclass(frozen=True)
class Rule:
    """Under what something was erased: id of the rule that spoke, and version of the programme."""

    id: str
    version: str

    def __str__(self) -> str:
        """Return ``rule ID of VERSION``."""
        return f"rule {self.id} of {self.version}"


class ErasureKind(StrEnum):
    """Where something is to be removed that is no row of the database."""

    FILE = "file"
    SUBJECT = "subject"
    TEMPLATE = "template"
    PAGES = "pages"


@dataclass(frozen=True)
class Erasure:
    """Something to be removed from the disk once the transaction that erased it is committed.

    Args:
        kind: a blob file, a subject of the gallery, a remembered template, or the database's own free pages.
        name: SHA-256 of the file or the image, subject id, or ``""``.
    """

    kind: ErasureKind
    name: str = ""
