"""Lasting marks of the skin: white lines (creases) and scars. They belong to the finger and lie in every impression.

Creases deepen and fade with the skin's condition, so an impression asks for them; a scar is part of the master print.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from tenprint.synth.condition_parameters import CREASE, SCAR
from tenprint.synth.parameters import MASTER_HEIGHT_PX, MASTER_WIDTH_PX, ORIGIN_X_PX, ORIGIN_Y_PX
from tenprint.synth.patterns import FingerPlan
from tenprint.synth.skeleton import Minutiae

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
_CREASE_STREAM, _SCAR_STREAM = 2, 3
_CACHED_FINGERS = 12
_SHAPE = (MASTER_HEIGHT_PX, MASTER_WIDTH_PX)
_SUBPIXEL_BITS = 4


@dataclass(frozen=True)
class Scar:
    """A healed cut: a light, bent band; the ridges on its two sides no longer meet.

    Args:
        x, y: middle, px of the master canvas.
        heading_rad: direction, counter-clockwise.
        length_px, width_px: of the band.
        bend_px: how far the middle lies off the straight line between the ends.
        slip_px: how far the two sides have slid against each other at the band.
    """

    x: float
    y: float
    heading_rad: float
    length_px: float
    width_px: float
    bend_px: float
    slip_px: float

    def local(self, x: F64, y: F64) -> tuple[F64, F64, F64]:
        """Return how points (canvas px) lie to the scar: px across, 0 to 1 how much of a scar is there, px of slip."""
        cos, sin = math.cos(self.heading_rad), math.sin(self.heading_rad)
        right, down = x - self.x, y - self.y
        along, across = right * cos - down * sin, right * sin + down * cos
        place = np.clip(along / (0.5 * self.length_px), -1, 1)
        across = across - self.bend_px * (1 - place**2)
        strength = np.sqrt(np.clip(1 - place**2, 0, 1))
        slip = self.slip_px * strength * np.sign(across) * np.exp(-np.abs(across) / SCAR.reach_px)
        return across, strength, slip

    def shift(self, slip: F64) -> tuple[F64, F64]:
        """Return a slip along the scar as px right and px down."""
        return slip * math.cos(self.heading_rad), -slip * math.sin(self.heading_rad)


def draw_scar(plan: FingerPlan) -> Scar | None:
    """Return the finger's scar; most fingers have none. The same plan gives the same answer."""
    rng = np.random.default_rng(np.random.SeedSequence([plan.seed, _SCAR_STREAM]))
    if rng.random() >= SCAR.share:
        return None
    return Scar(
        x=ORIGIN_X_PX + float(rng.uniform(-SCAR.place_px, SCAR.place_px)),
        y=ORIGIN_Y_PX + float(rng.uniform(-SCAR.place_px, SCAR.place_px)),
        heading_rad=float(rng.uniform(0, math.pi)),
        length_px=float(rng.uniform(*SCAR.length_px)),
        width_px=float(rng.uniform(*SCAR.width_px)),
        bend_px=float(rng.normal(0, SCAR.bend_sd_px)),
        slip_px=float(rng.uniform(*SCAR.slip_px)) * (1 if rng.random() < 0.5 else -1),
    )


def cut_relief(scar: Scar, relief: F32) -> F32:
    """Return the relief, shape (750, 800), with the scar in it."""
    y, x = np.mgrid[0:MASTER_HEIGHT_PX, 0:MASTER_WIDTH_PX].astype(np.float64)
    across, strength, slip = scar.local(x, y)
    right, down = scar.shift(slip)
    slid = cv2.remap(relief, (x - right).astype(np.float32), (y - down).astype(np.float32), cv2.INTER_LINEAR)
    half = 0.5 * scar.width_px * strength
    band = np.clip(half - np.abs(across) + 1, 0, 1) * (strength > 0)
    # healed skin is puckered: a swollen lip runs along both sides of the band
    lip = SCAR.lip * strength * np.exp(-(((np.abs(across) - half - SCAR.lip_px) / SCAR.lip_px) ** 2))
    return np.asarray(slid * (1 - SCAR.filled * band) - SCAR.depth * band + lip, dtype=np.float32)


def cut_truth(scar: Scar, truth: Minutiae) -> tuple[Minutiae, Minutiae]:
    """Return the minutiae that remain, slid along, and those that the scar has taken."""
    across, strength, slip = scar.local(truth.x, truth.y)
    right, down = scar.shift(slip)
    moved = Minutiae(truth.x + right, truth.y + down, truth.angle, truth.kind)
    taken = (np.abs(across) < 0.5 * scar.width_px * strength + SCAR.loss_px) & (strength > 0)
    return moved.keep(~taken), moved.keep(taken)


@functools.lru_cache(maxsize=_CACHED_FINGERS)
def crease_depth(plan: FingerPlan) -> F32:
    """Return how deep the finger's white lines are, shape (750, 800), float32, 0 to 1. Read-only.

    Most of them run in one common direction, as skin folds do; ends are thinner than the middle.
    """
    rng = np.random.default_rng(np.random.SeedSequence([plan.seed, _CREASE_STREAM]))
    depth = np.zeros(_SHAPE, dtype=np.uint8)
    common = float(rng.uniform(0, math.pi))
    for _ in range(int(rng.integers(*CREASE.count, endpoint=True))):
        middle = rng.uniform([-CREASE.place_px, -CREASE.place_px], [CREASE.place_px, CREASE.place_px])
        stray = rng.random() < CREASE.stray_share
        heading = float(rng.uniform(0, math.pi)) if stray else common + float(rng.normal(0, CREASE.heading_sd_rad))
        length, width = float(rng.uniform(*CREASE.length_px)), float(rng.uniform(*CREASE.width_px))
        _draw_fold(depth, _bent_line(rng, middle, heading, length), width)
    soft = cv2.GaussianBlur(depth.astype(np.float32) / 255, (0, 0), CREASE.softness_px)
    soft.flags.writeable = False
    return np.asarray(soft)


def _bent_line(rng: np.random.Generator, middle: F64, heading: float, length: float) -> F64:
    """Return the points of a slightly wandering line, shape (n, 2), canvas px."""
    count = max(6, round(length / CREASE.step_px))
    along = np.linspace(-length / 2, length / 2, count)
    off = np.cumsum(rng.normal(0, CREASE.wander_px, count))
    x = ORIGIN_X_PX + middle[0] + along * math.cos(heading) - off * math.sin(heading)
    y = ORIGIN_Y_PX - middle[1] - along * math.sin(heading) - off * math.cos(heading)
    return np.column_stack([x, y])


def _draw_fold(depth: npt.NDArray[np.uint8], points: F64, width: float) -> None:
    """Draw a line into `depth` as a chain of thick strokes, thin at both ends."""
    one = np.zeros_like(depth)
    fixed_point = np.rint(points * 2**_SUBPIXEL_BITS).astype(np.int32)
    for i in range(len(points) - 1):
        taper = math.sin(math.pi * (i + 0.75) / (len(points) + 0.5))
        start, end = (tuple(int(value) for value in fixed_point[j]) for j in (i, i + 1))
        grey = round(255 * min(1.0, CREASE.end_depth + taper))
        cv2.line(one, start, end, grey, max(1, round(width * taper)), cv2.LINE_AA, _SUBPIXEL_BITS)
    np.maximum(depth, one, out=depth)
