"""From the network's maps to a list of minutiae: peaks of confidence, and what the other maps say there."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from tenprint.core.template import KIND_BIFURCATION, KIND_ENDING
from tenprint.engine.imaging import Box
from tenprint.engine.minutiae.network import Map, Maps
from tenprint.engine.parameters.extraction import ExtractionParameters


class MinutiaSet(NamedTuple):
    """Minutiae of one image as columns of shape (n,), by falling confidence, then y, then x.

    Args:
        x, y: int64, pixels.
        radians: float32, counter-clockwise with y downwards.
        kind: uint8, `KIND_ENDING` or `KIND_BIFURCATION`.
        confidence: float32, 0 to 1.
    """

    x: npt.NDArray[np.int64]
    y: npt.NDArray[np.int64]
    radians: npt.NDArray[np.float32]
    kind: npt.NDArray[np.uint8]
    confidence: npt.NDArray[np.float32]

    def first(self, count: int) -> MinutiaSet:
        """Return the first, that is the surest, `count` minutiae."""
        part = slice(count)
        return MinutiaSet(self.x[part], self.y[part], self.radians[part], self.kind[part], self.confidence[part])


def decoded(maps: Maps, part: Box, image_size: tuple[int, int], parameters: ExtractionParameters) -> MinutiaSet:
    """Return the minutiae in `maps`, which lie at `part` of an image of (height, width); coordinates are the image's.

    A minutia is a pixel of the image whose quality reaches the threshold and is the highest of the window around it,
    as the network's author decodes it.
    """
    rows, columns = np.nonzero(_peaks(maps.quality, parameters))
    height, width = image_size
    inside = _within(rows + part.top, height) & _within(columns + part.left, width)
    at = rows[inside], columns[inside]
    y, x = at[0] + part.top, at[1] + part.left
    confidence = maps.quality[at]
    order = np.lexsort((x, y, -confidence))
    kind = np.where(maps.kind[at] >= parameters.ending_threshold, KIND_ENDING, KIND_BIFURCATION).astype(np.uint8)
    return MinutiaSet(x[order], y[order], maps.direction[at][order], kind[order], confidence[order])


def _within(coordinates: npt.NDArray[np.int64], side: int) -> npt.NDArray[np.bool_]:
    return np.asarray((coordinates >= 0) & (coordinates < side), dtype=np.bool_)


def _peaks(quality: Map, parameters: ExtractionParameters) -> npt.NDArray[np.bool_]:
    window = np.ones((parameters.peak_window_px, parameters.peak_window_px), dtype=np.uint8)
    highest = np.asarray(cv2.dilate(quality, window), dtype=np.float32)
    return np.asarray((quality == highest) & (quality >= parameters.minutia_threshold), dtype=np.bool_)
