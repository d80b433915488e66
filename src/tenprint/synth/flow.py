"""Ridge orientation and ridge period anywhere on a finger: a zero-pole field over an arch.

Orientation after Sherlock and Monro, "A model for interpreting fingerprint topology" (1993): each core turns the
ridges by half the angle under which it is seen, each delta by minus half. Their field becomes flat far away, so it
lies here over an arch that follows the outline of the finger (the correction of Vizcaya and Gerhardt has the same aim).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tenprint.synth.parameters import FLOW, PERIOD
from tenprint.synth.patterns import FingerPlan

F64 = npt.NDArray[np.float64]


def ridge_orientation(plan: FingerPlan, x: F64, y: F64) -> F64:
    """Return the ridge orientation at points of the finger frame (px, y towards the tip).

    Radians counter-clockwise from the x axis, any representative modulo pi; same shape as `x` and `y`.
    """
    theta = _background(plan, x, y) + math.pi / 2 * len(plan.cores)
    for core_x, core_y in plan.cores:
        # seen from the core, straight up is zero
        theta = theta + 0.5 * np.arctan2(-(x - core_x), y - core_y)
        if plan.core_turn_rad:
            reach = FLOW.core_turn_reach_px * plan.size
            theta = theta + plan.core_turn_rad * np.exp(-((x - core_x) ** 2 + (y - core_y) ** 2) / (2 * reach**2))
    for delta_x, delta_y in plan.deltas:
        # seen from the delta, straight down is zero
        theta = theta - 0.5 * np.arctan2(x - delta_x, -(y - delta_y))
    return np.asarray(theta)


def ridge_period(plan: FingerPlan, x: F64, y: F64) -> F64:
    """Return the wanted ridge period in pixels at points of the finger frame; same shape as `x` and `y`."""
    below = np.clip(-y / -plan.base_y, 0, 1.3)
    slow = np.zeros_like(x)
    for amplitude, kx, ky, phase in plan.waves:
        # the flow's own waves, turned and shifted, so that no more numbers need to be kept
        slow += amplitude / FLOW.wobble_rad * np.sin(ky * x - kx * y + 2.3 * phase)
    period = plan.period_px * (1 + PERIOD.below_delta_gain * below - 0.05 + PERIOD.variation * 0.6 * slow)
    return np.clip(period, PERIOD.minimum_px, PERIOD.maximum_px)


def _background(plan: FingerPlan, x: F64, y: F64) -> F64:
    """Slope of the arch that follows the finger's outline, plus the bump of an arch, plus the slow deviation."""
    half_width = FLOW.arch_half_width_px * plan.size
    side = np.clip(x / half_width, -1.6, 1.6)
    rise = _smooth_step((y - plan.base_y) / (FLOW.arch_rise_px * plan.size))
    slope = -FLOW.arch_slope_rad * rise * np.sin(0.5 * math.pi * side) / (1 + 0.35 * side**2)
    amplitude, centre_y, bump_x, bump_y = plan.arch
    if amplitude:
        u, v = x / bump_x, (y - centre_y) / bump_y
        slope = slope - amplitude * u * np.exp(0.5 - 0.5 * u**2 - v**2)
    for wave_amplitude, kx, ky, phase in plan.waves:
        slope = slope + wave_amplitude * np.sin(kx * x + ky * y + phase)
    return slope


def _smooth_step(t: F64) -> F64:
    t = np.clip(t, 0, 1)
    return t * t * (3 - 2 * t)
