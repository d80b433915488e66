"""Ten fingers as one: comparison by position, and the sum of clipped scores.

Only positions that both people have are compared, each with itself; a missing finger adds nothing. The fused score is
the sum over fingers of the finger's score, clipped at `FUSION_CLIP`. Its threshold depends on how many fingers were
compared and is named by its error rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tenprint.core.errors import SenderError
from tenprint.core.fingers import SINGLE_FINGERS, FingerPosition
from tenprint.core.template import Template
from tenprint.engine.compare import PreparedFinger, compare_prepared, prepare
from tenprint.engine.parameters.comparison import FMR_1E4_BY_FINGERS, FMR_1E6_BY_FINGERS, FUSION_CLIP


@dataclass(frozen=True)
class FusedScore:
    """The likeness of two people.

    Args:
        score: thousandths of a point, 0 or more.
        fingers: score per position that both have, not clipped.
    """

    score: int
    fingers: dict[FingerPosition, int]


def fused_score(fingers: Mapping[FingerPosition, int]) -> int:
    """Return the sum of clipped scores (thousandths of a point)."""
    return sum(min(score, FUSION_CLIP) for score in fingers.values())


def prepare_fingers(templates: Mapping[FingerPosition, Template]) -> dict[FingerPosition, PreparedFinger]:
    """Return the fingers ready for comparison, in the order of positions.

    Raises:
        SenderError: ``FINGER_POSITION`` when a position is no single finger or disagrees with its template.
    """
    for position, template in templates.items():
        check_position(position, template)
    return {FingerPosition(position): prepare(templates[position]) for position in sorted(templates)}


def check_position(position: FingerPosition, template: Template) -> None:
    """Refuse a position that is no single finger or that the template contradicts.

    Raises:
        SenderError: ``FINGER_POSITION``.
    """
    if position not in SINGLE_FINGERS:
        raise SenderError("FINGER_POSITION", f"position {int(position)} is no single finger (1 to 10)")
    if template.fgp not in (FingerPosition.UNKNOWN, position):
        raise SenderError("FINGER_POSITION", f"the template of position {int(position)} says {int(template.fgp)}")


def compare_people(
    probe: Mapping[FingerPosition, Template], candidate: Mapping[FingerPosition, Template]
) -> FusedScore:
    """Return how alike two people's fingers are, position by position.

    Raises:
        SenderError: ``FINGER_POSITION`` as in `prepare_fingers`.
    """
    first, second = prepare_fingers(probe), prepare_fingers(candidate)
    fingers = {
        position: compare_prepared(finger, second[position]).score
        for position, finger in first.items()
        if position in second
    }
    return FusedScore(fused_score(fingers), fingers)


def fused_threshold(fingers: int, by_fingers: tuple[int, ...] = FMR_1E6_BY_FINGERS) -> int:
    """Return the fused score from which two people count as alike when `fingers` positions were compared.

    Args:
        fingers: 1 to 10.
        by_fingers: `FMR_1E4_BY_FINGERS` or `FMR_1E6_BY_FINGERS` of the parameters.

    Raises:
        SenderError: ``FINGER_COUNT`` outside 1 to 10.
    """
    if not 1 <= fingers <= len(by_fingers):
        raise SenderError("FINGER_COUNT", f"{fingers} fingers were compared; thresholds are for 1 to {len(by_fingers)}")
    return by_fingers[fingers - 1]


__all__ = [
    "FMR_1E4_BY_FINGERS",
    "FMR_1E6_BY_FINGERS",
    "FusedScore",
    "check_position",
    "compare_people",
    "fused_score",
    "fused_threshold",
    "prepare_fingers",
]
