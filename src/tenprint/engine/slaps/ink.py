"""Where there is ink: a mask much sharper than the foreground of ridges, which needs several ridges to see one."""

from __future__ import annotations

import cv2
import numpy as np

from tenprint.engine.imaging import Blocks, Pixels, Values
from tenprint.engine.parameters.slaps import SlapParameters

CELLS = 2
"""Cells along the side of a block."""
_PAPER_STEP = 16
"""Paper is looked for on an image this many times smaller: no ridge survives there."""


def ink_cells(pixels: Pixels, ridges: Blocks, parameters: SlapParameters) -> Values:
    """Return how much ink lies around each cell (half a block a side), 0 to 1; twice as many a side as blocks.

    Ink is what is nearer to the grey of ridges than to that of the paper around it. A window as wide as the distance of
    two ridges is looked at, so that a valley counts as print.

    Args:
        pixels: at 500 ppi.
        ridges: blocks that show ridges; what they look like is measured there.
        parameters: tuned numbers.
    """
    rows, columns = ridges.shape
    if not ridges.any():
        return np.zeros((CELLS * rows, CELLS * columns), dtype=np.float32)
    side = parameters.block_px
    padded = cv2.copyMakeBorder(
        pixels, 0, rows * side - pixels.shape[0], 0, columns * side - pixels.shape[1], cv2.BORDER_REPLICATE
    )
    half = cv2.resize(padded, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA).astype(np.float32)
    paper = _paper(half, parameters)
    shown = cv2.resize(ridges.astype(np.uint8), half.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    depth = float(np.percentile((paper - half)[shown], parameters.ridge_percentile))
    dark = (paper - half > parameters.ink_share * depth).astype(np.float32)
    window = parameters.ink_window_px // 2
    share = cv2.resize(cv2.blur(dark, (window, window)), (CELLS * columns, CELLS * rows), interpolation=cv2.INTER_AREA)
    return np.asarray(share, dtype=np.float32)


def _paper(half: Values, parameters: SlapParameters) -> Values:
    """Return the grey of the paper around each px of the half-size image: the lightest large spot nearby."""
    shape = (max(1, half.shape[1] * 2 // _PAPER_STEP), max(1, half.shape[0] * 2 // _PAPER_STEP))
    coarse = cv2.resize(half, shape, interpolation=cv2.INTER_AREA)
    reach = 2 * (parameters.paper_reach_px // _PAPER_STEP) + 1
    light = cv2.dilate(cv2.blur(coarse, (3, 3)), np.ones((reach, reach), dtype=np.uint8))
    light = cv2.blur(light, (reach, reach))
    return np.asarray(cv2.resize(light, half.shape[::-1], interpolation=cv2.INTER_LINEAR), dtype=np.float32)
