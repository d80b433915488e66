"""Bodies of the messages that are our own: frozen values, canonical JSON, strict readers.

A body is ``{"type": …, "v": 1, field: value, …}`` as RFC 8785 bytes. A reader takes exactly the bytes that the writer
would write: no field more or less, no other type, no other spelling. What comes from an EBTS or Nlets record is not
here but in `tenprint.records`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, ClassVar, Self

from tenprint.core.canonical import canonical_json
from tenprint.core.clock import from_wire, to_wire
from tenprint.core.errors import RecordError
from tenprint.exchange.model.words import EvidenceBox, StatusFinding, TaskKind
from tenprint.ledger.vocabulary import TCN, VOCABULARY

BODY_VERSION = 1
MAX_BODY_BYTES = 65_536
CONTROL_NUMBER = re.compile(VOCABULARY[TCN].form)
"""As a header has it: what a party keeps of a body fits where it keeps what a header says."""
ACCEPT, DECLINE = "accept", "decline"
TRANSFERRED, RELEASED, LAPSED = "transferred", "released", "lapsed"
CANCELLED, WOULD_BE_RELEASED = "cancelled", "would_be_released"


@dataclass(frozen=True)
class Body:
    """Base of all bodies: text, whole numbers, truth values, times, text by name.

    A body with an `OPTIONAL` field that is empty is written without it; none may be longer than `MAX_BYTES`.
    """

    TYPE: ClassVar[str] = ""
    OPTIONAL: ClassVar[frozenset[str]] = frozenset()
    MAX_BYTES: ClassVar[int] = MAX_BODY_BYTES

    def to_bytes(self) -> bytes:
        """Return the canonical JSON in this module's docstring."""
        values = {item.name: _to_json(getattr(self, item.name)) for item in fields(self)}
        values = {name: value for name, value in values.items() if value or name not in self.OPTIONAL}
        return canonical_json({"type": self.TYPE, "v": BODY_VERSION, **values})

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the body that `to_bytes` wrote.

        Raises:
            RecordError: ``BODY_INVALID`` with the field at fault when the bytes are something else.
        """
        if len(data) > cls.MAX_BYTES:
            raise _invalid(cls.TYPE, "it is too long")
        try:
            parsed = json.loads(data)
        except (ValueError, RecursionError) as problem:
            raise _invalid(cls.TYPE, "it is no JSON") from problem
        if not isinstance(parsed, dict) or parsed.get("type") != cls.TYPE or parsed.get("v") != BODY_VERSION:
            raise _invalid(cls.TYPE, "it is of another type or version")
        readers = {item.name: _READERS[str(item.type)] for item in fields(cls)}
        named = parsed.keys() - {"type", "v"}
        if not readers.keys() - cls.OPTIONAL <= named <= readers.keys():
            raise _invalid(cls.TYPE, "a field is missing or unknown")
        body = cls(**{name: _read(readers[name], parsed[name], cls.TYPE, name) for name in sorted(named)})
        if body.to_bytes() != data:
            raise _invalid(cls.TYPE, "it is not written in the one form it has")
        return body

    def _require(self, name: str, is_good: bool) -> None:
        if not is_good:
            raise _invalid(self.TYPE, "a value is missing or not one of those allowed", name)


@dataclass(frozen=True)
class Acknowledgement(Body):
    """ACK: the state bureau has taken a submission in.

    Args:
        tcn: the submission's control number.
        usable_fingers: how many single fingers gave a template, 0 to 10.
        failures: per finger position (as text) why its image gave none.
    """

    TYPE: ClassVar[str] = "acknowledgement"
    tcn: str
    usable_fingers: int
    failures: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._require("usable_fingers", 0 <= self.usable_fingers <= 10)


@dataclass(frozen=True)
class TaskAnswer(Body):
    """TASK_ANSWER: what a person answered, on its way into the party's own inbox.

    Args:
        task_id, kind: which task.
        n: number of this finding of the task, from 1.
        answer: one of the task's answers.
        reason: why, in the person's words.
        by: the person, by name or staff number.
        shown_hash: SHA-256 of what the person saw.
        details: what the kind of task asks besides (``legal_ground``, ``evidence``).
        closes: False when it is recorded and the task stays open for a later finding.
    """

    TYPE: ClassVar[str] = "task_answer"
    task_id: str
    kind: str
    n: int
    answer: str
    reason: str
    by: str
    shown_hash: str
    details: dict[str, str] = field(default_factory=dict)
    closes: bool = True

    def __post_init__(self) -> None:
        self._require("kind", self.kind in tuple(TaskKind))
        self._require("n", self.n >= 1)
        for name in ("task_id", "answer", "reason", "by", "shown_hash"):
            self._require(name, bool(getattr(self, name)))

    @property
    def message_id(self) -> str:
        """Return the id of the message that carries it: never one made of the case alone (ARCHITECTURE section 7)."""
        return f"{self.kind}-{self.task_id}-{self.n}"


@dataclass(frozen=True)
class TimerFired(Body):
    """TIMER: a wake-up whose time has come, on its way into the party's own inbox."""

    TYPE: ClassVar[str] = "timer"
    timer_id: str
    purpose: str
    due_at: datetime


@dataclass(frozen=True)
class DetainerRequest(Body):
    """DETAINER: a field office asks a jail to hold a person at most `hold_hours` after the would-be release.

    Args:
        name, birth_date: whom, as the IAR names the person.
        booking_tcn: control number of the booking it is about.
        status, legal_ground: the specialist's finding that the officer repeats.
        evidence: the box of `EvidenceBox` that the officer ticked.
        reason, officer: why, and who decided.
        second_officer: who looked at the case too, or ``""`` when no rule asked for that.
        rule, rule_version: the rule that allowed it.
        hold_hours: longest hold asked for.
        decided_at: when the officer decided.
    """

    TYPE: ClassVar[str] = "detainer"
    name: str
    birth_date: str
    booking_tcn: str
    status: str
    legal_ground: str
    evidence: str
    reason: str
    officer: str
    rule: str
    rule_version: str
    hold_hours: int
    decided_at: datetime
    second_officer: str = ""

    def __post_init__(self) -> None:
        self._require("status", self.status in tuple(StatusFinding))
        self._require("evidence", self.evidence in tuple(EvidenceBox))
        self._require("hold_hours", self.hold_hours > 0)
        self._require("booking_tcn", not self.booking_tcn or CONTROL_NUMBER.fullmatch(self.booking_tcn) is not None)
        for name in ("name", "reason", "officer"):
            self._require(name, bool(getattr(self, name)))


@dataclass(frozen=True)
class DetainerAnswer(Body):
    """DETAINER_ANSWER: the jail accepts or declines.

    Args:
        detainer_id: id of the DETAINER message.
        answer: ``accept`` or ``decline``.
        reason, by: why, and who answered for the jail.
        hold_hours: how long a hold may last, counted from when the person would otherwise be released; 0 when declined.
    """

    TYPE: ClassVar[str] = "detainer_answer"
    detainer_id: str
    answer: str
    reason: str
    by: str
    hold_hours: int = 0

    def __post_init__(self) -> None:
        self._require("answer", self.answer in (ACCEPT, DECLINE))
        self._require("hold_hours", (self.hold_hours > 0) == (self.answer == ACCEPT))


@dataclass(frozen=True)
class CustodyReport(Body):
    """CUSTODY: from when on a person is held for the field office, or how that ended.

    Args:
        detainer_id: id of the DETAINER message.
        event: ``would_be_released`` (the jail would have let the person go: from now on the hold counts),
            ``transferred`` (to the field office's custody), ``released`` (by the jail, before the time ran out),
            ``lapsed`` (the time ran out, the person is released) or ``cancelled`` (the field office took its request
            back; a hold that had begun has ended). After ``lapsed`` one ``transferred`` or ``released`` may follow,
            with a time within the hold: the jail says what the clock did not know.
        held_from, ended_at: the hold's beginning and end; `held_from` is None when no hold had begun, `ended_at` while
            it lasts.
        reason: the jail's words, or that the time ran out.
        by: who reported; empty when a clock or a cancellation did.
    """

    TYPE: ClassVar[str] = "custody"
    detainer_id: str
    event: str
    held_from: datetime | None
    ended_at: datetime | None
    reason: str
    by: str = ""

    def __post_init__(self) -> None:
        events = (WOULD_BE_RELEASED, TRANSFERRED, RELEASED, LAPSED, CANCELLED)
        self._require("event", self.event in events)
        self._require("held_from", self.held_from is not None or self.event in (CANCELLED, RELEASED))
        self._require("ended_at", (self.ended_at is None) == (self.event == WOULD_BE_RELEASED))
        if self.held_from is not None and self.ended_at is not None:
            self._require("ended_at", self.ended_at >= self.held_from)
        self._require("by", bool(self.by) or self.event in (LAPSED, CANCELLED))


def body_type(data: bytes) -> str:
    """Return which type of body the bytes claim to be, or ``""``: for a kind of message that has more than one."""
    try:
        parsed = json.loads(data) if len(data) <= MAX_BODY_BYTES else None
    except (ValueError, RecursionError):
        return ""
    return str(parsed.get("type", "")) if isinstance(parsed, dict) else ""


def _invalid(kind: str, why: str, name: str = "") -> RecordError:
    return RecordError("BODY_INVALID", f"this is no body of type {kind}: {why}", field=name)


def _to_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return to_wire(value)
    return value


def _read(reader: Any, value: Any, kind: str, name: str) -> Any:
    try:
        return reader(value)
    except (ValueError, TypeError) as problem:
        raise _invalid(kind, "a field has another type", name) from problem


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("text")
    return value


def _whole_number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("whole number")
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("truth value")
    return value


def _moment(value: Any) -> datetime:
    return from_wire(_text(value))


def _maybe_moment(value: Any) -> datetime | None:
    return None if value is None else _moment(value)


def _texts_by_name(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise TypeError("object")
    return {_text(name): _text(item) for name, item in value.items()}


_READERS = {
    "str": _text,
    "int": _whole_number,
    "bool": _truth,
    "datetime": _moment,
    "datetime | None": _maybe_moment,
    "dict[str, str]": _texts_by_name,
}
