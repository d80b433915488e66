"""The state in which a finger comes to the platen. One condition an impression, drawn by seeded chance.

Dry and wet are the skin of a person, so all fingers of an occasion share them; a crease, a smudge or missing contact
befalls one finger and leaves the others alone.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from tenprint.synth.condition_parameters import (
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


SKINS = (Condition.GOOD, Condition.DRY, Condition.WET)
"""Conditions that all fingers of a person have together; the others befall one finger."""


def draw_skin(rng: np.random.Generator) -> Condition:
    """Return the skin of one occasion, one of `SKINS`, by the shares of `parameters`: mostly good."""
    rest = 1 - sum(skin.numbers.share for skin in SKINS[1:])
    return SKINS[int(rng.choice(len(SKINS), p=[rest, *(skin.numbers.share for skin in SKINS[1:])]))]


def draw_condition(rng: np.random.Generator, skin: Condition = Condition.GOOD) -> Condition:
    """Return the condition of one impression: `skin`, or by the shares of `parameters` what befalls a finger alone."""
    alone = [condition for condition in Condition if condition not in SKINS]
    shares = [condition.numbers.share for condition in alone]
    return (skin, *alone)[int(rng.choice(1 + len(alone), p=[1 - sum(shares), *shares]))]
