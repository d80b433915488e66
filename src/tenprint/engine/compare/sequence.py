"""Sequence check: whether each plain finger is the one that was rolled under the same position.

A sound card answers itself: the plain finger cut from a set matches its own rolled one. Where it does not, it may
match another (swapped, misplaced), one finger may have been rolled twice (duplicated), or it may be somebody else's
(foreign).
A print that matches nothing and shows little is "not confirmed", never foreign.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tenprint.core.fingers import FingerPosition
from tenprint.core.template import Template
from tenprint.engine.compare import PreparedFinger, compare_prepared, prepare
from tenprint.engine.parameters.comparison import FMR_1E4_BY_FINGERS, FMR_1E6_BY_FINGERS

FMR_1E4, FMR_1E6 = FMR_1E4_BY_FINGERS[0], FMR_1E6_BY_FINGERS[0]
"""One-finger thresholds, thousandths of a point. A finger's own position needs FMR_1E4; another one, of nine that
are tried, FMR_1E6."""
CLEAR_MINUTIAE = 40
"""With as many in both prints, a pair of the same finger would be expected to match. A plain print of fewer may show
only the tip, of which the rolled one has little."""


class SequenceFault(StrEnum):
    """What is wrong with a position."""

    SWAPPED = "swapped"
    MISPLACED = "misplaced"
    DUPLICATED = "duplicated"
    FOREIGN = "foreign"
    NOT_CONFIRMED = "not confirmed"


@dataclass(frozen=True)
class SequenceFinding:
    """One fault.

    Args:
        fault: which.
        finger: the position at fault.
        other: the position it matches, if any.
        score: of the match that shows the fault; without one, of the finger with its own position.
    """

    fault: SequenceFault
    finger: FingerPosition
    other: FingerPosition | None
    score: int

    @property
    def sentence(self) -> str:
        """Return the finding in words."""
        name, other = self.finger.title, self.other.title if self.other else ""
        return {
            SequenceFault.SWAPPED: f"The plain {name} is the rolled {other}, and the other way round.",
            SequenceFault.MISPLACED: f"The plain {name} is the rolled {other}.",
            SequenceFault.DUPLICATED: f"The rolled {name} and the rolled {other} are the same finger.",
            SequenceFault.FOREIGN: f"The plain {name} matches no rolled finger of this card, though both are clear.",
            SequenceFault.NOT_CONFIRMED: (
                f"The plain {name} is not confirmed: it matches no rolled finger, but shows too little to tell."
            ),
        }[self.fault]


def check_sequence(
    rolled: Mapping[FingerPosition, Template], plain: Mapping[FingerPosition, Template]
) -> tuple[SequenceFinding, ...]:
    """Return what is wrong with the order of a card's fingers; nothing for a sound card.

    Args:
        rolled, plain: templates by declared position. A position that is not in both is not judged.
    """
    rolls = {finger: prepare(template) for finger, template in sorted(rolled.items())}
    plains = {finger: prepare(template) for finger, template in sorted(plain.items())}
    findings = list(_duplicates(rolls))
    twice = {finger for finding in findings for finger in (finding.finger, finding.other)}
    best = {
        finger: _best_elsewhere(finger, probe, rolls)
        for finger, probe in plains.items()
        if finger in rolls and compare_prepared(probe, rolls[finger]).score < FMR_1E4
    }
    for finger, (other, score) in best.items():
        if score >= FMR_1E6 and other is not None:
            back = best.get(other, (None, 0))
            mutual = back[0] == finger and back[1] >= FMR_1E6
            fault = SequenceFault.SWAPPED if mutual else SequenceFault.MISPLACED
            if fault is SequenceFault.MISPLACED and finger in twice:
                continue
            findings.append(SequenceFinding(fault, finger, other, score))
        elif finger not in twice:
            own = compare_prepared(plains[finger], rolls[finger]).score
            clear = min(len(plain[finger]), len(rolled[finger])) >= CLEAR_MINUTIAE
            fault = SequenceFault.FOREIGN if clear else SequenceFault.NOT_CONFIRMED
            findings.append(SequenceFinding(fault, finger, None, own))
    return tuple(findings)


def _duplicates(rolls: Mapping[FingerPosition, PreparedFinger]) -> list[SequenceFinding]:
    found = []
    for one, other in itertools.combinations(rolls, 2):
        score = compare_prepared(rolls[one], rolls[other]).score
        if score >= FMR_1E6:
            found.append(SequenceFinding(SequenceFault.DUPLICATED, one, other, score))
    return found


def _best_elsewhere(
    finger: FingerPosition, probe: PreparedFinger, rolls: Mapping[FingerPosition, PreparedFinger]
) -> tuple[FingerPosition | None, int]:
    scores = [(compare_prepared(probe, roll).score, other) for other, roll in rolls.items() if other != finger]
    if not scores:
        return None, 0
    score, other = max(scores)
    return other, score
