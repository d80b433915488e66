"""Bodies of what follows a booking: arrest notice, disposition, cancellation, outcome; see `model.bodies` for the form.

Days are text of the form YYYY-MM-DD and must be days that exist.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from tenprint.exchange.model.bodies import CONTROL_NUMBER, Body
from tenprint.exchange.model.words import DispositionOutcome, OutcomeEvent

ARREST = "arrest"
EBTS_DAY_DIGITS = 8
ORI = re.compile(r"[A-Za-z0-9]{9}")
CHARGE_NUMBER = re.compile(r"[1-9][0-9]{0,3}")


def day_of(text: str) -> date | None:
    """Return the day that a text of the form YYYY-MM-DD names, or None when there is no such day."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text else None


def day_of_ebts(text: str) -> date | None:
    """Return the day that YYYYMMDD names (EBTS 2.045, 2.047), or None when there is no such day."""
    if len(text) != EBTS_DAY_DIGITS or not text.isdecimal():
        return None
    return day_of(f"{text[:4]}-{text[4:6]}-{text[6:]}")


@dataclass(frozen=True)
class ArrestNotice(Body):
    """NOTICE of an arrest: a booking agency tells the court which charges it will have to decide on.

    Args:
        topic: ``arrest``.
        ori, tcn: the agency's ORI, or ``""``, and the booking's control number.
        arrested_on: day of the arrest (EBTS 2.045), or ``""`` when the booking names none.
        charges: text of each charge by its number from 1, as it stands in the booking (`tasks.charges.numbered`).
    """

    TYPE: ClassVar[str] = "arrest_notice"
    topic: str
    ori: str
    tcn: str
    arrested_on: str
    charges: dict[str, str]

    def __post_init__(self) -> None:
        self._require("topic", self.topic == ARREST)
        self._require("ori", not self.ori or ORI.fullmatch(self.ori) is not None)
        self._require("tcn", CONTROL_NUMBER.fullmatch(self.tcn) is not None)
        self._require("arrested_on", not self.arrested_on or day_of(self.arrested_on) is not None)
        numbers = [str(number) for number in range(1, len(self.charges) + 1)]
        self._require("charges", sorted(self.charges) == sorted(numbers) != [] and all(self.charges.values()))


@dataclass(frozen=True)
class Disposition(Body):
    """DISPOSITION: how the criminal case ended for one charge; a later one about the same charge takes its place.

    Args:
        disposition_id: unique; made from court, task and number of the answer. It stays the same on every hop.
        court: party id of the court that says it.
        ori, tcn: of the booking.
        charge_outcome: of `DispositionOutcome`.
        charge: the charge as it stood in the booking.
        charge_number: its number in the agency's NOTICE of the arrest, or ``""`` in a message from before numbers were
            carried: then it is known by its text only.
        offence: NCIC code of the charge as disposed (a reduced one has another), or ``""``.
        decided_on: the day of the decision.
        reference: the court's docket number.
        by: the court's clerk.
        said_at: when the clerk said it; of two about one charge the later one holds, in whatever order they come.
        origin_signature: the court's over all that (`tasks.origin`), base64; nobody on the way can change a word.
    """

    TYPE: ClassVar[str] = "disposition"
    OPTIONAL: ClassVar[frozenset[str]] = frozenset({"charge_number", "origin_signature"})
    disposition_id: str
    court: str
    ori: str
    tcn: str
    charge_outcome: str
    charge: str
    offence: str
    decided_on: str
    reference: str
    by: str
    said_at: datetime
    charge_number: str = ""
    origin_signature: str = ""

    def __post_init__(self) -> None:
        self._require("charge_outcome", self.charge_outcome in tuple(DispositionOutcome))
        self._require("decided_on", day_of(self.decided_on) is not None)
        self._require("offence", not self.offence or (len(self.offence) == 4 and self.offence.isdecimal()))
        number = self.charge_number
        self._require("charge_number", not number or CHARGE_NUMBER.fullmatch(number) is not None)
        for name in ("disposition_id", "court", "tcn", "charge", "reference", "by"):
            self._require(name, bool(getattr(self, name)))


@dataclass(frozen=True)
class CancellationNotice(Body):
    """CANCELLATION: the field office takes its request to hold back.

    Args:
        detainer_id: id of the DETAINER message.
        officer, reason: who, and why.
        decided_at: when.
    """

    TYPE: ClassVar[str] = "cancellation"
    detainer_id: str
    officer: str
    reason: str
    decided_at: datetime

    def __post_init__(self) -> None:
        for name in ("detainer_id", "officer", "reason"):
            self._require(name, bool(getattr(self, name)))


@dataclass(frozen=True)
class OutcomeReport(Body):
    """OUTCOME: what became of a person whom the field office took over; removals are counted from these only.

    Args:
        outcome: of `OutcomeEvent`.
        on: the day on which it happened.
        legal_ground: on which it rests.
        offence_level, level_rule: level and the rule that gave it (`tasks.levels`).
        priority, priority_rule: the same for the priority.
        rule_version: version of these rules.
        officer, reason: who reported it, and what they say.
        is_last: True when nothing follows.
        rules_on: which rules level and priority were asked of, and why these; empty in reports from before.
        level_unknown: in words, what nobody knew and for whose sake the level might be another one.
    """

    TYPE: ClassVar[str] = "outcome"
    OPTIONAL: ClassVar[frozenset[str]] = frozenset({"rules_on", "level_unknown"})
    outcome: str
    on: str
    legal_ground: str
    offence_level: str
    level_rule: str
    priority: str
    priority_rule: str
    rule_version: str
    officer: str
    reason: str
    is_last: bool
    rules_on: str = ""
    level_unknown: str = ""

    def __post_init__(self) -> None:
        self._require("outcome", self.outcome in tuple(OutcomeEvent))
        self._require("on", day_of(self.on) is not None)
        self._require("legal_ground", bool(self.legal_ground))
        self._require("officer", bool(self.officer))
