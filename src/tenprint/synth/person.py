"""A synthetic person: an invented biography and ten related fingers, all of it from two integers."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from tenprint.core.errors import SenderError
from tenprint.core.fingers import SINGLE_FINGERS, FingerPosition
from tenprint.synth.biography import Biography, draw_biography
from tenprint.synth.master import Master, grow_master
from tenprint.synth.patterns import FingerPlan, draw_plan, draw_traits

_CACHED_PEOPLE = 64
_BIOGRAPHY_STREAM, _FINGER_STREAM = 1, 2


@dataclass(frozen=True, eq=False)
class SyntheticPerson:
    """Nobody, in full.

    Args:
        person_id: unique among all seeds and indices.
        seed, index: what the person was made from.
        biography: visibly fictitious.
        plans: the parameters of the fingers 1 to 10, in that order; ridges are grown from them when asked for.
    """

    person_id: str
    seed: int
    index: int
    biography: Biography
    plans: tuple[FingerPlan, ...]

    def plan(self, fgp: FingerPosition) -> FingerPlan:
        """Return the plan of one finger.

        Raises:
            SenderError: ``SYNTH_FINGER`` when `fgp` is not one of 1 to 10.
        """
        if fgp not in SINGLE_FINGERS:
            raise SenderError("SYNTH_FINGER", f"position {int(fgp)} is no single finger", field="fgp")
        return self.plans[SINGLE_FINGERS.index(fgp)]

    def master(self, fgp: FingerPosition) -> Master:
        """Return the skin of one finger, `fgp` 1 to 10: grown at the first call (about 0.6 s), then remembered."""
        return grow_master(self.plan(fgp))

    def chance(self, *stream: int) -> np.random.Generator:
        """Return the generator of one purpose: equal person and `stream` give equal numbers.

        Raises:
            SenderError: ``SYNTH_SEED`` when a number is negative.
        """
        _refuse_negative(*stream)
        return np.random.default_rng(np.random.SeedSequence([self.seed, self.index, _FINGER_STREAM, *stream]))


@functools.lru_cache(maxsize=_CACHED_PEOPLE)
def make_person(seed: int, index: int, known_share: float = 0.5) -> SyntheticPerson:
    """Return person number `index` of population `seed` (both not negative).

    Args:
        seed: of the population.
        index: within it.
        known_share: probability that the immigration repository knows the person. Half by default, unlike in life
            (3 to 6 % of bookings match), so that a short run meets most final states.

    Raises:
        SenderError: ``SYNTH_SEED`` when `seed` or `index` is negative.
    """
    _refuse_negative(seed, index)
    biography = draw_biography(
        np.random.default_rng(np.random.SeedSequence([seed, index, _BIOGRAPHY_STREAM])), known_share
    )
    rng = np.random.default_rng(np.random.SeedSequence([seed, index, _FINGER_STREAM]))
    return SyntheticPerson(
        person_id=f"synthetic-{seed}-{index:06d}",
        seed=seed,
        index=index,
        biography=biography,
        plans=draw_fingers(rng, biography.sex == "F"),
    )


def draw_fingers(rng: np.random.Generator, female: bool) -> tuple[FingerPlan, ...]:
    """Return the ten related finger plans of one person, positions 1 to 10."""
    traits = draw_traits(rng, female)
    return tuple(draw_plan(rng, fgp, traits) for fgp in SINGLE_FINGERS)


def _refuse_negative(*numbers: int) -> None:
    if any(number < 0 for number in numbers):
        raise SenderError("SYNTH_SEED", "seeds and indices of synthetic people are not negative", field="seed")
