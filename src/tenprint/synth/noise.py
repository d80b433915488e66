"""Smooth random fields of unit variance: what skin, sweat and glass add to a print."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]


def smooth_noise(shape: tuple[int, int], spread_px: float, rng: np.random.Generator) -> F32:
    """Return noise of unit variance, shape (height, width), blurred by `spread_px`; wide noise is made small first."""
    shrink = max(1, int(spread_px / 2.5))
    small = (-(-shape[0] // shrink) + 1, -(-shape[1] // shrink) + 1)
    field = rng.standard_normal(small, dtype=np.float32)
    spread = spread_px / shrink
    if spread > 0:
        # a Gaussian blur of spread s leaves 1 / (2 s sqrt(pi)) of white noise's deviation
        field = cv2.GaussianBlur(field, (0, 0), spread) * np.float32(2 * spread * math.sqrt(math.pi))
    if shrink == 1:
        return np.asarray(field[: shape[0], : shape[1]])
    enlarged = cv2.resize(field, (small[1] * shrink, small[0] * shrink), interpolation=cv2.INTER_CUBIC)
    return np.asarray(enlarged[: shape[0], : shape[1]])
