"""Minutiae as places that can be moved, and the rigid movement of one finger onto another.

Positions are pixels at 500 ppi with y downwards; angles are 65,536 steps a turn, counter-clockwise. "a" is the first
finger in canonical order, "b" the second; b is moved onto a.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tenprint.engine.compare._jit import kernel

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
STEPS_PER_RADIAN = 65536 / (2 * math.pi)


class Columns(NamedTuple):
    """One finger as the kernels read it, or all fingers of a gallery one after the other.

    Shapes (n,) and, for `codes`, (n, 4); types as in `core.template.Template` and `codes.build_codes`.
    """

    x: npt.NDArray[np.uint16]
    y: npt.NDArray[np.uint16]
    angle: npt.NDArray[np.uint16]
    kind: npt.NDArray[np.uint8]
    quality: npt.NDArray[np.uint8]
    codes: npt.NDArray[np.uint64]


class Placed(NamedTuple):
    """One finger's minutiae as pixels and angle steps, shape (n,) each, after a movement."""

    x: Floats
    y: Floats
    angle: Floats


class Motion(NamedTuple):
    """A rigid movement of b onto a: turn by (cosine, sine) in image axes, then shift by pixels."""

    cosine: float
    sine: float
    right: float
    down: float


@kernel
def as_placed(finger: Columns) -> Placed:
    """Return positions and angles as floating numbers."""
    return Placed(finger.x.astype(np.float64), finger.y.astype(np.float64), finger.angle.astype(np.float64))


@kernel
def rigid_motion(a: Placed, b: Placed, first: Indices, second: Indices, weight: Floats) -> Motion:
    """Return the movement that brings b's `second` onto a's `first` with the least weighted squared distance."""
    total = weight.sum()
    ax = ay = bx = by = 0.0
    for p in range(first.shape[0]):
        ax += weight[p] * a.x[first[p]]
        ay += weight[p] * a.y[first[p]]
        bx += weight[p] * b.x[second[p]]
        by += weight[p] * b.y[second[p]]
    ax, ay, bx, by = ax / total, ay / total, bx / total, by / total
    along = across = 0.0
    for p in range(first.shape[0]):
        x, y = b.x[second[p]] - bx, b.y[second[p]] - by
        u, v = a.x[first[p]] - ax, a.y[first[p]] - ay
        along += weight[p] * (x * u + y * v)
        across += weight[p] * (x * v - y * u)
    length = math.sqrt(along * along + across * across)
    cosine, sine = (along / length, across / length) if length > 0 else (1.0, 0.0)
    return Motion(cosine, sine, ax - (cosine * bx - sine * by), ay - (sine * bx + cosine * by))


@kernel
def moved(b: Placed, motion: Motion) -> Placed:
    """Return b after the movement."""
    turn = math.atan2(motion.sine, motion.cosine) * STEPS_PER_RADIAN
    return Placed(
        motion.cosine * b.x - motion.sine * b.y + motion.right,
        motion.sine * b.x + motion.cosine * b.y + motion.down,
        b.angle - turn,
    )


@kernel
def inverse(motion: Motion) -> Motion:
    """Return the movement of a onto b."""
    return Motion(
        motion.cosine,
        -motion.sine,
        -(motion.cosine * motion.right + motion.sine * motion.down),
        motion.sine * motion.right - motion.cosine * motion.down,
    )


@kernel
def angle_off(one: float, other: float) -> float:
    """Return the difference of two angles in steps, -32768 to 32768."""
    return one - other - 65536.0 * math.floor((one - other) / 65536.0 + 0.5)


@kernel
def octagon(finger: Placed) -> Floats:
    """Return the least and greatest x, y, x + y and x - y of the minutiae, shape (8,)."""
    total, difference = finger.x + finger.y, finger.x - finger.y
    return np.array(
        [
            finger.x.min(),
            finger.x.max(),
            finger.y.min(),
            finger.y.max(),
            total.min(),
            total.max(),
            difference.min(),
            difference.max(),
        ]
    )


@kernel
def count_inside(finger: Placed, bounds: Floats, margin: float) -> int:
    """Return how many minutiae lie in the octagon widened by `margin` px."""
    slant = margin * math.sqrt(2.0)
    inside = 0
    for i in range(finger.x.shape[0]):
        x, y = finger.x[i], finger.y[i]
        if (
            bounds[0] - margin <= x <= bounds[1] + margin
            and bounds[2] - margin <= y <= bounds[3] + margin
            and bounds[4] - slant <= x + y <= bounds[5] + slant
            and bounds[6] - slant <= x - y <= bounds[7] + slant
        ):
            inside += 1
    return inside
