"""Bodies of corrections and of what was done about them; see `model.bodies` for the form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from tenprint.exchange.model.aftermath import day_of
from tenprint.exchange.model.bodies import Body
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.words import CorrectionKind, OutcomeEvent, StatusFinding

CORRECTIONS = "corrections"
"""In `Case.known`: by id of the correction, what was said, what was done here, and who has acknowledged."""

DID_NOT_HAPPEN = "did_not_happen"
"""What is right of an outcome that was reported and never was."""
GROUND_FORM = re.compile(r"[!-~][ -~]{0,119}")
"""A ground of law, as an IAR's line holds it."""


def corrections_of(case: Case) -> list[dict[str, Any]]:
    """Return what was corrected in a case, in the order in which it was said."""
    return sorted(case.known.get(CORRECTIONS, {}).values(), key=lambda one: (one["made_at"], one["correction_id"]))


def was_expunged(case: Case) -> bool:
    """Tell whether a correction said that the booking is expunged."""
    return any(one["correction_kind"] == CorrectionKind.EXPUNGED for one in case.known.get(CORRECTIONS, {}).values())


def is_to_be_forgotten(case: Case) -> bool:
    """Tell whether a correction said that the booking is expunged or sealed."""
    kinds = {one["correction_kind"] for one in case.known.get(CORRECTIONS, {}).values()}
    return not kinds.isdisjoint({CorrectionKind.EXPUNGED, CorrectionKind.SEALED})


@dataclass(frozen=True)
class Correction(Body):
    """CORRECTION: something that others were told is wrong, or must be forgotten; it travels to everyone who was told.

    Args:
        correction_id: unique; it stays the same on every hop.
        origin: party id of whoever corrects.
        tcn: of the booking.
        correction_kind: of `CorrectionKind`.
        what: what is wrong, or which order it was, in one line.
        reason, by: why, and who says it.
        made_at: when.
        status: of `StatusFinding`, what a wrong status is corrected to, or ``""``; a support center's to say.
        legal_ground: on which that status rests, or ``""``.
        outcome, outcome_on: which outcome that a field office reported is wrong, and its day; or ``""``.
        right_outcome, right_on: what is right, and its day; or `DID_NOT_HAPPEN`, and ``""``.
        origin_signature: the origin's over all that (`tasks.origin`), base64; nobody on the way can change a word.
    """

    TYPE: ClassVar[str] = "correction"
    OPTIONAL: ClassVar[frozenset[str]] = frozenset(
        {"status", "legal_ground", "outcome", "outcome_on", "right_outcome", "right_on", "origin_signature"}
    )
    correction_id: str
    origin: str
    tcn: str
    correction_kind: str
    what: str
    reason: str
    by: str
    made_at: datetime
    status: str = ""
    legal_ground: str = ""
    outcome: str = ""
    outcome_on: str = ""
    right_outcome: str = ""
    right_on: str = ""
    origin_signature: str = ""

    def __post_init__(self) -> None:
        self._require("correction_kind", self.correction_kind in tuple(CorrectionKind))
        is_corrected = self.correction_kind == CorrectionKind.CORRECTED
        self._require("status", not self.status or (is_corrected and self.status in tuple(StatusFinding)))
        self._require("legal_ground", not self.legal_ground or GROUND_FORM.fullmatch(self.legal_ground) is not None)
        self._require("legal_ground", bool(self.status) or not self.legal_ground)
        self._require("outcome", not self.outcome or (is_corrected and self.outcome in tuple(OutcomeEvent)))
        self._require("outcome_on", (day_of(self.outcome_on) is not None) if self.outcome else not self.outcome_on)
        rights = (*OutcomeEvent, DID_NOT_HAPPEN) if self.outcome else ("",)
        self._require("right_outcome", self.right_outcome in rights)
        has_day = self.right_outcome not in ("", DID_NOT_HAPPEN)
        self._require("right_on", (day_of(self.right_on) is not None) if has_day else not self.right_on)
        for name in ("correction_id", "origin", "what", "reason", "by"):
            self._require(name, bool(getattr(self, name)))


@dataclass(frozen=True)
class OfOutcome:
    """Which outcome a field office corrects, and to what.

    Args:
        outcome, on: as it stands: of `OutcomeEvent`, and its day (YYYY-MM-DD).
        right: what is right: of `OutcomeEvent`, or `DID_NOT_HAPPEN`.
        right_on: its day, or ``""`` when it did not happen.
    """

    outcome: str
    on: str
    right: str
    right_on: str = ""


@dataclass(frozen=True)
class CorrectionDone(Body):
    """ACK of a correction: what one party did about it; it goes back along the way that the correction came.

    Args:
        correction_id: of the correction.
        party: whose acknowledgement this is.
        done: what it did: words with blanks between, such as ``noted prints_removed``.
        passed_on_to: ids of the parties that it told, with blanks between.
    """

    TYPE: ClassVar[str] = "correction_done"
    correction_id: str
    party: str
    done: str
    passed_on_to: str = ""

    def __post_init__(self) -> None:
        for name in ("correction_id", "party", "done"):
            self._require(name, bool(getattr(self, name)))
