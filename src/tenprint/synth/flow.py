"""Ridge orientation and ridge period anywhere on a finger: a zero-pole field over an arch.

Orientation after Sherlock and Monro, "A model for interpreting fingerprint topology" (1993): each core turns the
ridges by half the angle under which it is seen, each delta by minus half. Their field becomes flat far away, so it
lies here over an arch that follows the outline of the finger (the correction of Vizcaya and Gerhardt has the same aim).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tenprint.synth._jit import kernel
from tenprint.synth.parameters import FLOW, PERIOD
from tenprint.synth.patterns import FingerPlan

F64 = npt.NDArray[np.float64]


def ridge_orientation(plan: FingerPlan, x: F64, y: F64) -> F64:
    """Return the ridge orientation at points of the finger frame (px, y towards the tip).

    Radians counter-clockwise from the x axis, any representative modulo pi; `x` and `y` of one shape (n,).
    """
    shape = np.array(
        [
            FLOW.arch_slope_rad,
            FLOW.arch_half_width_px * plan.size,
            FLOW.arch_rise_px * plan.size,
            plan.base_y,
            *plan.arch,
            plan.core_turn_rad,
            FLOW.core_turn_reach_px * plan.size,
        ]
    )
    return np.asarray(_orientation(x, y, plan.cores, plan.deltas, shape, plan.waves))


def ridge_period(plan: FingerPlan, x: F64, y: F64) -> F64:
    """Return the wanted ridge period in pixels at points of the finger frame; `x` and `y` of one shape (n,)."""
    below = np.clip(y / plan.base_y, 0, 1.3)
    # the flow's own waves, turned and shifted, so that no more numbers need to be kept
    slow = _waves(x, y, plan.waves) / FLOW.wobble_rad
    period = plan.period_px * (1 + PERIOD.below_delta_gain * below - 0.05 + PERIOD.variation * 0.6 * slow)
    return np.asarray(np.clip(period, PERIOD.minimum_px, PERIOD.maximum_px))


@kernel
def _orientation(x: F64, y: F64, cores: F64, deltas: F64, shape: F64, waves: F64) -> F64:  # noqa: PLR0917 - kernel
    slope, half_width, rise_px, base_y, bump, bump_y, bump_width, bump_height, turn, reach = shape
    theta = np.empty(x.size)
    for i in range(x.size):
        u, v = x[i], y[i]
        # the arch that follows the finger's outline, from nothing at the crease to its full slope
        side = min(max(u / half_width, -1.6), 1.6)
        rise = min(max((v - base_y) / rise_px, 0.0), 1.0)
        angle = -slope * rise * rise * (3 - 2 * rise) * math.sin(0.5 * math.pi * side) / (1 + 0.35 * side * side)
        if bump != 0.0:
            across, up = u / bump_width, (v - bump_y) / bump_height
            angle -= bump * across * math.exp(0.5 - 0.5 * across * across - up * up)
        for k in range(waves.shape[0]):
            angle += waves[k, 0] * math.sin(waves[k, 1] * u + waves[k, 2] * v + waves[k, 3])
        for k in range(cores.shape[0]):
            # a core turns the flow by a quarter for itself and its delta; seen from it, straight up is zero
            right, up = u - cores[k, 0], v - cores[k, 1]
            angle += 0.5 * math.pi + 0.5 * math.atan2(-right, up)
            if turn != 0.0:
                angle += turn * math.exp(-(right * right + up * up) / (2 * reach * reach))
        for k in range(deltas.shape[0]):
            # seen from a delta, straight down is zero
            angle -= 0.5 * math.atan2(u - deltas[k, 0], deltas[k, 1] - v)
        theta[i] = angle
    return theta


@kernel
def _waves(x: F64, y: F64, waves: F64) -> F64:
    total = np.empty(x.size)
    for i in range(x.size):
        value = 0.0
        for k in range(waves.shape[0]):
            value += waves[k, 0] * math.sin(waves[k, 2] * x[i] - waves[k, 1] * y[i] + 2.3 * waves[k, 3])
        total[i] = value
    return total
