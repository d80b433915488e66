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

    def moved(self, x: int, y: int) -> MinutiaSet:
        """Return the set moved by `x` columns and `y` rows."""
        return self._replace(x=self.x + x, y=self.y + y)


def decoded(maps: Maps, inside: Box, parameters: ExtractionParameters) -> MinutiaSet:
    """Return the minutiae whose peak lies in the box `inside` of the maps; coordinates count from its corner.

    A minutia is a pixel whose quality reaches the threshold and is the highest of the window around it, as the
    network's author decodes it.
    """
    peaks = _peaks(maps.quality, parameters)
    y, x = np.nonzero(peaks[inside.top : inside.bottom, inside.left : inside.right])
    at = y + inside.top, x + inside.left
    confidence = maps.quality[at]
    order = np.lexsort((x, y, -confidence))
    kind = np.where(maps.kind[at] >= parameters.ending_threshold, KIND_ENDING, KIND_BIFURCATION).astype(np.uint8)
    return MinutiaSet(x[order], y[order], maps.direction[at][order], kind[order], confidence[order])


def _peaks(quality: Map, parameters: ExtractionParameters) -> npt.NDArray[np.bool_]:
    window = np.ones((parameters.peak_window_px, parameters.peak_window_px), dtype=np.uint8)
    highest = np.asarray(cv2.dilate(quality, window), dtype=np.float32)
    return np.asarray((quality == highest) & (quality >= parameters.minutia_threshold), dtype=np.bool_)
