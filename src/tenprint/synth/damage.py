"""What goes wrong at the platen: a finger that touches only in part, and one that slides while it lies there."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from tenprint.synth.condition_parameters import PARTIAL, SMUDGE
from tenprint.synth.distortion import Placement
from tenprint.synth.noise import smooth_noise
from tenprint.synth.parameters import ContactParameters

F32 = npt.NDArray[np.float32]
GRID_PX = 8
"""Middles of smudges lie on a grid of this step: nobody sees a finer one."""


def cut_contact(
    rim: F32,
    placement: Placement,
    contact: ContactParameters,
    *,
    size: float,
    reach: tuple[float, float],
    rng: np.random.Generator,
) -> F32:
    """Return `rim` (px inside the contact, shape (height, width)) when one side of the finger does not touch.

    Args:
        rim: of the whole contact.
        placement, contact, size: of the finger.
        reach: range of how far contact goes beyond the middle, in half lengths of the finger (-1 none, 1 whole).
        rng: chance.
    """
    heading = float(rng.uniform(0, 2 * math.pi))
    share, bow = float(rng.uniform(*reach)), float(rng.uniform(*PARTIAL.bow_per_px))
    x, y = placement.flat_points(*placement.grid())
    ahead = x * math.cos(heading) + y * math.sin(heading)
    beside = -x * math.sin(heading) + y * math.cos(heading)
    half = size * math.hypot(
        contact.half_width_px * math.cos(heading),
        (contact.tip_px if math.sin(heading) > 0 else contact.root_px) * math.sin(heading),
    )
    # the edge of a contact bends back at its sides
    edge = placement.enlarge(share * half - ahead - bow * beside**2)
    ragged = np.float32(PARTIAL.ragged) * smooth_noise((rim.shape[0], rim.shape[1]), PARTIAL.ragged_px, rng)
    return np.asarray(np.minimum(rim, edge + ragged), dtype=np.float32)


def smudge(ink: F32, rim: F32, count: tuple[int, int], rng: np.random.Generator) -> tuple[F32, F32]:
    """Return the ink after the finger slid, and how strongly each pixel was wiped (0 to 1), both of ink's shape.

    Args:
        ink: 0 to 1.
        rim: px inside the contact; smudges begin where there is contact.
        count: least and largest number of wiped places.
        rng: chance.
    """
    shape = (ink.shape[0], ink.shape[1])
    wiped = np.zeros_like(ink)
    heading = float(rng.uniform(0, math.pi))
    length = float(rng.uniform(*SMUDGE.slide_px))
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    rows, columns = np.nonzero(rim[::GRID_PX, ::GRID_PX] > SMUDGE.inside_px)
    for _ in range(int(rng.integers(*count, endpoint=True)) if rows.size else 0):
        chosen = int(rng.integers(rows.size))
        right, down = x - GRID_PX * columns[chosen], y - GRID_PX * rows[chosen]
        along = (right * math.cos(heading) - down * math.sin(heading)) / rng.uniform(*SMUDGE.half_length_px)
        across = (right * math.sin(heading) + down * math.cos(heading)) / rng.uniform(*SMUDGE.half_width_px)
        inside = 1 - np.sqrt(along**2 + across**2) + SMUDGE.ragged * smooth_noise(shape, SMUDGE.ragged_px, rng)
        wiped = np.maximum(wiped, np.clip(inside / SMUDGE.edge, 0, 1)).astype(np.float32)
    slid = cv2.filter2D(ink, -1, _slide(length, heading))
    streaks = cv2.filter2D(smooth_noise(shape, SMUDGE.streak_px, rng), -1, _slide(2 * length, heading))
    # sweat that was dragged along dries in streaks, some full and some bare
    drag = slid + SMUDGE.streak * streaks * np.minimum(1, SMUDGE.streak_gain * slid) - SMUDGE.bare
    slid = SMUDGE.darkness / (1 + np.exp(np.clip(-drag / SMUDGE.softness, -30, 30)))
    return np.asarray(ink + (slid - ink) * wiped, dtype=np.float32), wiped


def _slide(length: float, heading: float) -> F32:
    """Return a filter that spreads ink over `length` px along `heading` (radians, counter-clockwise), of sum 1."""
    side = 2 * math.ceil(length / 2) + 1
    kernel = np.zeros((side, side), dtype=np.float32)
    middle, half = side // 2, length / 2
    reach_x, reach_y = round(half * math.cos(heading)), round(half * math.sin(heading))
    cv2.line(kernel, (middle - reach_x, middle + reach_y), (middle + reach_x, middle - reach_y), 1.0, 1, cv2.LINE_AA)
    return np.asarray(kernel / kernel.sum(), dtype=np.float32)
