"""The state in which a finger comes to the platen. One condition an impression, drawn by seeded chance."""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from tenprint.synth.parameters import (
    CREASED_SKIN,
    DRY_SKIN,
    GOOD_SKIN,
    PARTIAL_CONTACT,
    SMUDGED_CONTACT,
    WET_SKIN,
    ConditionParameters,
)


class Condition(StrEnum):
    """What an impression suffers from, if anything. Scars are no condition: they belong to the finger."""

    GOOD = "good"
    DRY = "dry"
    WET = "wet"
    CREASED = "creased"
    SMUDGED = "smudged"
    PARTIAL = "partial"

    @property
    def numbers(self) -> ConditionParameters:
        """Return the numbers that this condition changes."""
        return _NUMBERS[self]


_NUMBERS = {
    Condition.GOOD: GOOD_SKIN,
    Condition.DRY: DRY_SKIN,
    Condition.WET: WET_SKIN,
    Condition.CREASED: CREASED_SKIN,
    Condition.SMUDGED: SMUDGED_CONTACT,
    Condition.PARTIAL: PARTIAL_CONTACT,
}


def draw_condition(rng: np.random.Generator) -> Condition:
    """Return a condition by the shares of `parameters`: mostly good skin."""
    conditions = list(Condition)
    shares = np.array([condition.numbers.share for condition in conditions])
    return conditions[int(rng.choice(len(conditions), p=shares / shares.sum()))]
