"""The outline of each finger: its faint rim and stray dots belong to it, as far as they are nobody else's."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from tenprint.engine.imaging import Blocks
from tenprint.engine.parameters.slaps import SlapParameters
from tenprint.engine.slaps.ink import CELLS


def outlined(
    parts: Sequence[Blocks], others: Sequence[Blocks], faint: Blocks, parameters: SlapParameters
) -> list[Blocks]:
    """Return each part with the faint ink around it, in cells (half a block a side).

    Args:
        parts: the blocks of each fingertip.
        others: the blocks of other print: what lies nearer to it is its own.
        faint: cells with any ink.
        parameters: tuned numbers.
    """
    owner = np.zeros(faint.shape, dtype=np.uint16)
    for number, part in enumerate([*others, *parts], 1):
        owner[in_cells(part)] = number
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    for _ in range(parameters.follow_cells):
        near = cv2.dilate(owner, cross)
        owner = np.where((owner == 0) & faint, near, owner)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (parameters.speck_cells, parameters.speck_cells))
    found = []
    for number, part in enumerate(parts, 1 + len(others)):
        opened = cv2.morphologyEx((owner == number).astype(np.uint8), cv2.MORPH_OPEN, kernel)
        found.append(np.asarray(opened, dtype=np.bool_) | in_cells(part))
    return found


def polygon(cells: Blocks, cell_px: int, tolerance_px: float) -> list[tuple[int, int]]:
    """Return the corners (x, y px) of a convex outline around the cells, clockwise as one sees it, at least three.

    Args:
        cells: of one finger, not empty.
        cell_px: side of a cell.
        tolerance_px: how far the outline may run inside the true one.
    """
    rows, columns = np.nonzero(cells)
    corners = [(columns + across, rows + down) for across in (0, 1) for down in (0, 1)]
    points = np.concatenate([np.stack(corner, axis=1) for corner in corners]).astype(np.int32) * cell_px
    # OpenCV's "clockwise" is for y upwards
    hull = cv2.convexHull(points, clockwise=False)
    simple = cv2.approxPolyDP(hull, tolerance_px, closed=True)
    return [(int(x), int(y)) for x, y in (simple if len(simple) > 2 else hull)[:, 0]]


def in_cells(blocks: Blocks) -> Blocks:
    """Return blocks in cells."""
    return np.asarray(np.repeat(np.repeat(blocks, CELLS, axis=0), CELLS, axis=1), dtype=np.bool_)
