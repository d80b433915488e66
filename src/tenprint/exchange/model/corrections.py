"""Bodies of corrections and of what was done about them; see `model.bodies` for the form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from tenprint.exchange.model.bodies import Body
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.words import CorrectionKind

CORRECTIONS = "corrections"
"""In `Case.known`: by id of the correction, what was said, what was done here, and who has acknowledged."""


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
        origin_signature: the origin's over all that (`tasks.origin`), base64; nobody on the way can change a word.
    """

    TYPE: ClassVar[str] = "correction"
    OPTIONAL: ClassVar[frozenset[str]] = frozenset({"origin_signature"})
    correction_id: str
    origin: str
    tcn: str
    correction_kind: str
    what: str
    reason: str
    by: str
    made_at: datetime
    origin_signature: str = ""

    def __post_init__(self) -> None:
        self._require("correction_kind", self.correction_kind in tuple(CorrectionKind))
        for name in ("correction_id", "origin", "what", "reason", "by"):
            self._require(name, bool(getattr(self, name)))


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
