"""What makes one finger: its pattern type, singular points, size, ridge period and slow individual deviations.

Finger frame: origin in the middle of the pattern, x to the right as seen on the print, y towards the tip, pixels at
500 ppi.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from tenprint.core.fingers import FingerPosition
from tenprint.synth.parameters import FLOW, PERIOD

F64 = npt.NDArray[np.float64]


class Pattern(IntEnum):
    """The five pattern types, whorls apart into plain whorl and twin loop."""

    ARCH = 0
    TENTED_ARCH = 1
    LEFT_LOOP = 2
    RIGHT_LOOP = 3
    WHORL = 4
    TWIN_LOOP = 5

    @property
    def singular_points(self) -> int:
        """Return the number of cores, which equals the number of deltas."""
        return {Pattern.ARCH: 0, Pattern.WHORL: 2, Pattern.TWIN_LOOP: 2}.get(self, 1)


_TYPE_SHARES: dict[int, tuple[float, float, float, float, float, float]] = {
    # arch, tented, ulnar loop, radial loop, whorl, twin loop: rounded from published counts of inked cards
    1: (0.035, 0.010, 0.535, 0.005, 0.285, 0.130),
    2: (0.090, 0.060, 0.340, 0.190, 0.250, 0.070),
    3: (0.060, 0.030, 0.705, 0.025, 0.140, 0.040),
    4: (0.020, 0.015, 0.525, 0.010, 0.390, 0.040),
    5: (0.015, 0.010, 0.835, 0.005, 0.110, 0.025),
}
_SIZE = {1: 1.14, 2: 0.98, 3: 1.01, 4: 0.97, 5: 0.83}
"""Size of a finger relative to the mean of the four, thumb to little."""
LARGEST_SIZE = 1.13
"""The largest finger whose skin fits on the canvas."""
WHORL_TRAIT_SD = 0.9
"""Spread over people of the log odds of whorls: the ten patterns of one person are related."""

LOOP_LEAN_DEG = 22.0
"""Mean lean of a loop's axis from upright towards the side where it opens."""


@dataclass(frozen=True, eq=False)
class FingerPlan:
    """The parameters from which one finger's ridges follow.

    Args:
        fgp: position 1 to 10.
        pattern: pattern type.
        cores, deltas: shape (n, 2), finger frame, px.
        arch: (angle amplitude rad, centre height px, half width px, half height px) of the bump of an arch, or zeros.
        core_turn_rad: turn of the ridges around a single core, so that a loop leans as people's loops do.
        base_y: height of the crease below the pattern, px.
        size: 1 is the mean finger.
        period_px: mean ridge period.
        waves: shape (n, 4): amplitude rad, wave vector x and y (rad/px), phase, of the flow's slow deviation.
        seed: seed of everything that is grown from this plan.
    """

    fgp: FingerPosition
    pattern: Pattern
    cores: F64
    deltas: F64
    arch: tuple[float, float, float, float]
    core_turn_rad: float
    base_y: float
    size: float
    period_px: float
    waves: F64
    seed: int


@dataclass(frozen=True)
class HandTraits:
    """What the ten fingers of one person share."""

    size: float
    period_px: float
    whorl_trait: float


def draw_traits(rng: np.random.Generator, female: bool) -> HandTraits:
    """Return the shared traits of one person's fingers."""
    mean = PERIOD.mean_female_px if female else PERIOD.mean_male_px
    size = (0.94 if female else 1.03) * float(np.clip(rng.normal(1, 0.04), 0.9, 1.1))
    return HandTraits(size, float(rng.normal(mean, PERIOD.person_sd_px)), float(rng.normal(0, WHORL_TRAIT_SD)))


def draw_plan(rng: np.random.Generator, fgp: FingerPosition, traits: HandTraits) -> FingerPlan:
    """Return the plan of one finger, `fgp` 1 to 10."""
    digit = (int(fgp) - 1) % 5 + 1
    pattern = _draw_pattern(rng, fgp, traits.whorl_trait)
    size = min(traits.size * _SIZE[digit] * float(rng.normal(1, 0.02)), LARGEST_SIZE)
    cores, deltas, arch = _draw_shape(rng, pattern, size)
    period = float(np.clip(rng.normal(traits.period_px * size**0.3, PERIOD.finger_sd_px), 7.6, 11.4))
    return FingerPlan(
        fgp=fgp,
        pattern=pattern,
        cores=cores,
        deltas=deltas,
        arch=arch,
        core_turn_rad=_loop_turn(rng, pattern, cores, deltas),
        base_y=-float(rng.uniform(215, 255)) * size,
        size=size,
        period_px=period,
        waves=_draw_waves(rng),
        seed=int(rng.integers(2**63)),
    )


def _draw_pattern(rng: np.random.Generator, fgp: FingerPosition, whorl_trait: float) -> Pattern:
    arch, tented, ulnar, radial, whorl, twin = _TYPE_SHARES[(int(fgp) - 1) % 5 + 1]
    # on the print of a right hand the little finger's side is the right one: ulnar loops open to the right
    right_hand = fgp <= FingerPosition.RIGHT_LITTLE
    left, right = (radial, ulnar) if right_hand else (ulnar, radial)
    lift = math.exp(whorl_trait)
    shares = np.array([arch / lift, tented / lift, left, right, whorl * lift, twin * lift])
    return Pattern(int(rng.choice(6, p=shares / shares.sum())))


def _draw_shape(
    rng: np.random.Generator, pattern: Pattern, size: float
) -> tuple[F64, F64, tuple[float, float, float, float]]:
    def near(x: float, y: float, spread_x: float, spread_y: float) -> tuple[float, float]:
        return x + float(rng.normal(0, spread_x)), y + float(rng.normal(0, spread_y))

    bump = (0.0, 0.0, 1.0, 1.0)
    cores: list[tuple[float, float]] = []
    deltas: list[tuple[float, float]] = []
    if pattern is Pattern.ARCH:
        bump = (float(rng.uniform(0.35, 0.75)), float(rng.uniform(-70, -20)), float(rng.uniform(70, 110)), 130.0)
    elif pattern is Pattern.TENTED_ARCH:
        x, y = near(0, 5, 12, 12)
        cores, deltas = [(x, y)], [(x + float(rng.normal(0, 8)), y - float(rng.uniform(55, 110)))]
        bump = (0.35, -40.0, 80.0, 110.0)
    elif pattern in (Pattern.LEFT_LOOP, Pattern.RIGHT_LOOP):
        side = 1 if pattern is Pattern.LEFT_LOOP else -1  # the delta lies opposite to where the loop opens
        cores = [near(side * 8, 15, 14, 14)]
        deltas = [(side * float(rng.uniform(70, 150)), -float(rng.uniform(95, 165)))]
    elif pattern is Pattern.WHORL:
        half = float(rng.uniform(14, 34))
        lean = float(rng.normal(0, 8))
        cores = [(lean, half), (-lean, -half)]
        deltas = [near(-128, -120, 20, 20), near(128, -120, 20, 20)]
    else:
        side = 1 if rng.random() < 0.5 else -1
        reach, half = float(rng.uniform(24, 40)), float(rng.uniform(26, 44))
        cores = [(side * reach, half), (-side * reach, -half)]
        deltas = [near(-135, -120, 20, 20), near(135, -120, 20, 20)]
    shape = (-1, 2)
    arch = (bump[0], bump[1] * size, bump[2] * size, bump[3] * size)
    return np.array(cores).reshape(shape) * size, np.array(deltas).reshape(shape) * size, arch


def _loop_turn(rng: np.random.Generator, pattern: Pattern, cores: F64, deltas: F64) -> float:
    """Return the turn at the core that makes a loop lean by about 20 degrees from upright towards its open side."""
    if pattern not in (Pattern.LEFT_LOOP, Pattern.RIGHT_LOOP):
        return 0.0
    x, y = cores[0] - deltas[0]
    lean = -0.5 * math.atan2(x, -y)  # what the delta does to the ridge above the core, modulo pi
    lean = (lean + math.pi / 2 + math.pi / 2) % math.pi - math.pi / 2
    # the axis of a loop turns by twice the turn of the ridge above it
    wanted = math.copysign(math.radians(float(rng.normal(LOOP_LEAN_DEG, 6))) / 2, lean)
    return wanted - lean


def _draw_waves(rng: np.random.Generator) -> F64:
    count = FLOW.wobble_waves
    length = rng.uniform(*FLOW.wobble_length_px, count)
    heading = rng.uniform(0, 2 * math.pi, count)
    amplitude = np.abs(rng.normal(0, FLOW.wobble_rad * math.sqrt(2 / count), count))
    k = 2 * math.pi / length
    return np.column_stack([amplitude, k * np.cos(heading), k * np.sin(heading), rng.uniform(0, 2 * math.pi, count)])
