"""Bodies of REQUEST and REQUEST_ANSWER: a city or county asks, a named person answers; see `model.bodies` for the form.

A request gives no power: what is asked for is granted or refused by whoever is asked. Nobody's name stands in it; a
person is spoken of by the control number of the booking and by the permission that the person gave.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from tenprint.exchange.model.aftermath import day_of
from tenprint.exchange.model.bodies import Body

MAX_QUESTION, MAX_REFERENCE, MAX_LINES = 500, 120, 200
"""Characters of a question and of a reference; lines of an answer."""
MAX_ANSWER_BYTES = 4 * 1024 * 1024
"""An answer about an own record carries up to `MAX_LINES` proofs of some five thousand characters."""


class RequestTopic(StrEnum):
    """What may be asked."""

    DISCLOSED = "disclosed"
    ACTIVATION = "activation"
    LIMIT = "limit"
    OWN_RECORD = "own_record"


class RequestOutcome(StrEnum):
    """How a person answers a request. A refusal is an answer; that nothing has come is none."""

    ANSWER = "answer"
    REFUSE = "refuse"


@dataclass(frozen=True)
class Request(Body):
    """REQUEST: a jurisdiction asks a party about its own agency or jail.

    Args:
        topic: of `RequestTopic`: counts of what was ``disclosed``, since when the ``activation`` holds, a wish to
            ``limit`` participation, or what was disclosed of one person's ``own_record``.
        about: id of the agency or jail.
        question: what is asked, in one line.
        since, until: first and last day that it is about (YYYY-MM-DD), or ``""``.
        tcn: control number of the booking; for an own record only.
        permission: reference of the person's written permission; for an own record only.
        by: who asks.
        asked_at: when.
    """

    TYPE: ClassVar[str] = "request"
    topic: str
    about: str
    question: str
    since: str
    until: str
    tcn: str
    permission: str
    by: str
    asked_at: datetime

    def __post_init__(self) -> None:
        is_of_person = self.topic == RequestTopic.OWN_RECORD
        self._require("topic", self.topic in tuple(RequestTopic))
        self._require("question", 0 < len(self.question) <= MAX_QUESTION)
        for name in ("since", "until"):
            day = getattr(self, name)
            self._require(name, not day or day_of(day) is not None)
        self._require("until", not (self.since and self.until) or self.since <= self.until)
        for name in ("tcn", "permission"):
            text = getattr(self, name)
            self._require(name, bool(text) == is_of_person and len(text) <= MAX_REFERENCE)
        for name in ("about", "by"):
            self._require(name, 0 < len(getattr(self, name)) <= MAX_REFERENCE)


@dataclass(frozen=True)
class RequestAnswer(Body):
    """REQUEST_ANSWER: what a person answered, with what the party's own ledger and cases hold.

    Args:
        request_id: id of the REQUEST message.
        outcome: of `RequestOutcome`.
        text: the answer, or why it is refused, in the person's words.
        found: lines by number from 1; empty when it is refused.
        as_of: when that was looked up.
        by: who answered.
        answered_at: when.
        trail: for an own record, the proofs of the disclosures that the lines name, in the form of `ledger.trail`.
    """

    TYPE: ClassVar[str] = "request_answer"
    OPTIONAL: ClassVar[frozenset[str]] = frozenset({"trail"})
    MAX_BYTES: ClassVar[int] = MAX_ANSWER_BYTES
    request_id: str
    outcome: str
    text: str
    as_of: datetime
    by: str
    answered_at: datetime
    found: dict[str, str] = field(default_factory=dict)
    trail: str = ""

    def __post_init__(self) -> None:
        self._require("outcome", self.outcome in tuple(RequestOutcome))
        self._require("text", 0 < len(self.text) <= MAX_QUESTION)
        self._require("found", len(self.found) <= MAX_LINES + 1)
        self._require("found", self.outcome == RequestOutcome.ANSWER or not self.found)
        self._require("trail", bool(self.found) or not self.trail)
        for name in ("request_id", "by"):
            self._require(name, bool(getattr(self, name)))
