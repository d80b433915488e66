"""The master print: all ridges of one finger as they are on the skin, nail to nail, and their truth minutiae.

Trace keys, in the order in which they arise: ``synth.orientation`` (rad), ``synth.period`` (px), ``synth.ridges``
(-127 to 127), ``synth.skeleton`` (0 or 1), all of the canvas' shape.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from tenprint.core.trace import trace
from tenprint.synth import flow
from tenprint.synth.growth import RIDGE_PEAK, grow_ridges
from tenprint.synth.marks import Scar, cut_relief, cut_truth, draw_scar
from tenprint.synth.parameters import GROWTH, MASTER_HEIGHT_PX, MASTER_WIDTH_PX, ORIGIN_X_PX, ORIGIN_Y_PX, SKIN
from tenprint.synth.patterns import FingerPlan
from tenprint.synth.skeleton import Minutiae, find_minutiae, thin

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
_CACHED_MASTERS = 12
_ROUNDS_STREAM = 4


@dataclass(frozen=True, eq=False)
class Master:
    """One finger's skin.

    Args:
        plan: what it was grown from.
        relief: shape (750, 800), float32, -1 (valley) to 1 (ridge); with pores, fine creases and a scar. Read-only.
        mask: shape (750, 800), where there is ridge skin.
        truth: minutiae in px of this canvas.
        scar: what a cut has left, or None.
        scarred: minutiae that grew and that the scar has taken.
    """

    plan: FingerPlan
    relief: F32
    mask: Mask
    truth: Minutiae
    scar: Scar | None
    scarred: Minutiae


def to_canvas(x: F64, y: F64) -> tuple[F64, F64]:
    """Return canvas px (y downwards) of points of the finger frame (y towards the tip)."""
    return x + ORIGIN_X_PX, ORIGIN_Y_PX - y


def skin_mask(plan: FingerPlan) -> Mask:
    """Return the ridge area nail to nail, shape (750, 800)."""
    x, y = _finger_frame()
    height = np.where(y > 0, SKIN.tip_px, SKIN.root_px) * plan.size
    power = np.where(y > 0, SKIN.tip_power, SKIN.root_power)
    return np.asarray(np.abs(x / (SKIN.half_width_px * plan.size)) ** power + np.abs(y / height) ** power < 1)


@functools.lru_cache(maxsize=_CACHED_MASTERS)
def grow_master(plan: FingerPlan) -> Master:
    """Grow the finger of `plan` (about half a second): orientation, ridges, skeleton, truth, then pores and creases."""
    rng = np.random.default_rng(np.random.SeedSequence([plan.seed, 1]))
    x, y = _finger_frame()
    mask = skin_mask(plan)
    theta, period = np.zeros(mask.shape), np.zeros(mask.shape)
    theta[mask] = flow.ridge_orientation(plan, x[mask], y[mask])
    trace("synth.orientation", lambda: theta)
    period[mask] = flow.ridge_period(plan, x[mask], y[mask])
    trace("synth.period", lambda: period)
    ridges = grow_ridges(theta, period, mask, rng, _rounds_of(plan))
    trace("synth.ridges", lambda: ridges)
    skeleton = thin((ridges > 0) & mask)
    truth = find_minutiae(skeleton, theta, mask)
    trace("synth.skeleton", lambda: skeleton)
    relief = cv2.GaussianBlur(ridges / np.float32(RIDGE_PEAK), (0, 0), SKIN.rounding_px)
    relief -= _pores(skeleton, rng)
    relief -= _creases(plan, rng)
    scar, scarred = draw_scar(plan), truth.keep(np.zeros(len(truth), dtype=bool))
    if scar is not None:
        relief = cut_relief(scar, relief)
        truth, scarred = cut_truth(scar, truth)
    relief.flags.writeable = False
    return Master(plan, relief, mask, truth, scar, scarred)


def _rounds_of(plan: FingerPlan) -> int:
    """Return the finger's own number of rounds of growth, log-uniform: fingers differ in minutiae."""
    rng = np.random.default_rng(np.random.SeedSequence([plan.seed, _ROUNDS_STREAM]))
    return round(math.exp(rng.uniform(*np.log(GROWTH.half_rounds))))


def _pores(skeleton: npt.NDArray[np.uint8], rng: np.random.Generator) -> F32:
    """Return the depth of the sweat pores: one every few pixels along the ridges, at the same places for ever."""
    rows, columns = np.nonzero(skeleton)
    chosen = rng.random(rows.size) < 1 / SKIN.pore_distance_px
    depth = np.zeros(skeleton.shape, dtype=np.float32)
    depth[rows[chosen], columns[chosen]] = rng.uniform(0.3, 1.0, int(chosen.sum()))
    depth = cv2.GaussianBlur(depth, (0, 0), SKIN.pore_radius_px)
    return np.asarray(depth * np.float32(SKIN.pore_depth * 2 * np.pi * SKIN.pore_radius_px**2), dtype=np.float32)


def _creases(plan: FingerPlan, rng: np.random.Generator) -> F32:
    """Return the depth of the flexion crease at the finger's root and of a few fine white lines across the ridges."""
    depth = np.zeros((MASTER_HEIGHT_PX, MASTER_WIDTH_PX), dtype=np.float32)
    base_x, base_y = to_canvas(np.linspace(-320, 320, 17), plan.base_y + np.cumsum(rng.normal(0, 3.0, 17)) - 20)
    lines = [(np.column_stack([base_x, base_y]), float(rng.uniform(2, 6)))]
    for _ in range(rng.poisson(SKIN.fine_creases)):
        centre = rng.uniform([-150, -180], [150, 120])
        heading, length = rng.normal(0, 0.5), rng.uniform(40, 170)
        along = np.linspace(-length / 2, length / 2, 13)
        bend = np.cumsum(rng.normal(0, 1.8, 13))
        x = centre[0] + along * np.cos(heading) - bend * np.sin(heading)
        y = centre[1] + along * np.sin(heading) + bend * np.cos(heading)
        lines.append((np.column_stack(to_canvas(x, y)), float(rng.uniform(0.6, 1.8))))
    for points, width in lines:
        fixed_point = np.rint(points * 16).astype(np.int32).reshape(-1, 1, 2)
        one = np.zeros_like(depth)
        cv2.polylines(one, [fixed_point], False, min(1.0, width), max(1, round(width)), cv2.LINE_AA, 4)
        depth = np.maximum(depth, cv2.GaussianBlur(one, (0, 0), 0.8 + 0.2 * width))
    return depth * np.float32(SKIN.crease_depth)


def _finger_frame() -> tuple[F64, F64]:
    y, x = np.mgrid[0:MASTER_HEIGHT_PX, 0:MASTER_WIDTH_PX].astype(np.float64)
    return x - ORIGIN_X_PX, ORIGIN_Y_PX - y
