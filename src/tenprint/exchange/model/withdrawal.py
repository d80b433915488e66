"""WITHDRAWAL: the booking agency takes a booking back while it is being searched or waits for somebody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tenprint.exchange.model.bodies import Body
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.words import CaseState


def was_withdrawn(case: Case) -> bool:
    """Tell whether the agency took the booking back, before or after the case ended here (then it is noted only)."""
    return case.state == CaseState.WITHDRAWN or bool(case.known.get("taken_back"))


@dataclass(frozen=True)
class Withdrawal(Body):
    """A booking is taken back; goes along the way of the booking, byte for byte.

    Args:
        tcn: control number of the booking.
        reason, by: why, and who at the agency said so.
    """

    TYPE: ClassVar[str] = "withdrawal"
    tcn: str
    reason: str
    by: str

    def __post_init__(self) -> None:
        for name in ("reason", "by"):
            self._require(name, bool(getattr(self, name)))
