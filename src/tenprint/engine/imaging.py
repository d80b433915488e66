"""The door for pixels: one resolution, and only the part of the image that is print."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from tenprint.core.downsampling import FINE_PPI, to_500_ppi
from tenprint.core.errors import EngineError
from tenprint.core.image import ENGINE_PPI, FingerImage
from tenprint.engine.parameters.extraction import ExtractionParameters

Pixels = npt.NDArray[np.uint8]
Blocks = npt.NDArray[np.bool_]
Values = npt.NDArray[np.float32]

_SOBEL_GAIN = 8.0  # a 3x3 Sobel answers eight times the slope in grey levels a pixel
_ENERGY_OF_NOTHING = 1e-3  # keeps a flat block's coherence at 0


class Box(NamedTuple):
    """A rectangle in pixels; `right` and `bottom` lie one past its last column and row."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def area_px(self) -> int:
        """Return the number of pixels inside."""
        return (self.right - self.left) * (self.bottom - self.top)


def at_engine_resolution(image: FingerImage, parameters: ExtractionParameters) -> Pixels:
    """Return the pixels at 500 ppi, shape (height, width), uint8.

    1000 ppi is filtered and halved as NIST advises; other finer images are averaged by area, coarser ones interpolated
    with cubics; at 500 ppi nothing is copied.

    Raises:
        EngineError: ``EXTRACT_TOO_SMALL`` or ``EXTRACT_TOO_LARGE`` by the size at 500 ppi.
    """
    scale = ENGINE_PPI / image.ppi
    width, height = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    if min(width, height) < parameters.min_side_px:
        raise EngineError(
            "EXTRACT_TOO_SMALL",
            f"the image is {width}x{height} px at {ENGINE_PPI} ppi; its shorter side needs {parameters.min_side_px}",
            hint="send a larger image, or state its true resolution",
        )
    if width * height > parameters.max_image_px:
        raise _too_large(width * height, parameters.max_image_px)
    if image.ppi == ENGINE_PPI:
        return image.pixels
    if image.ppi == FINE_PPI:
        return to_500_ppi(image).pixels
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image.pixels, (width, height), interpolation=method), dtype=np.uint8)


def foreground(pixels: Pixels, parameters: ExtractionParameters) -> Blocks:
    """Return which blocks show print, shape (ceil(height / block), ceil(width / block)), bool.

    Print is where slopes of grey are strong beside the image's own strong ones and agree on a direction, as ridges do
    and the grain of paper does not (structure tensor, Bigun and Granlund 1987). Gaps are closed, lines, letters and
    small pieces dropped; all pieces of a comparable size stay, so the fingers of a slap do.
    """
    strength, coherence = ridge_flow(pixels, parameters.block_px)
    high = float(np.percentile(strength, parameters.strength_percentile))
    strong = strength > max(parameters.strength_floor, parameters.strength_share * high)
    ridges = strong & (coherence > parameters.least_coherence)
    closed = _morphed(ridges, cv2.MORPH_CLOSE, parameters.close_blocks)
    opened = _morphed(closed, cv2.MORPH_OPEN, parameters.open_blocks)
    return _large_pieces(opened, parameters.component_share)


def crop_box(blocks: Blocks, pixels: Pixels, parameters: ExtractionParameters) -> Box:
    """Return the box around the foreground with its margin, inside the image.

    Raises:
        EngineError: ``EXTRACT_NO_FOREGROUND`` when there is too little print, ``EXTRACT_TOO_LARGE`` when too much.
    """
    if int(np.count_nonzero(blocks)) < parameters.min_foreground_blocks:
        raise EngineError(
            "EXTRACT_NO_FOREGROUND",
            "the image shows no print",
            hint="look whether the image is blank, inverted or too faint",
        )
    height, width = pixels.shape
    top, bottom = _span(np.asarray(blocks.any(axis=1)), height, parameters)
    left, right = _span(np.asarray(blocks.any(axis=0)), width, parameters)
    box = Box(left, top, right, bottom)
    if box.area_px > parameters.max_area_px:
        raise _too_large(box.area_px, parameters.max_area_px)
    return box


def network_input(pixels: Pixels, box: Box, grid_px: int) -> tuple[npt.NDArray[np.float32], Box]:
    """Return the part of the network's canvas that covers `box`, and where on the image this part lies.

    LEADER's author lays an image in the middle of a canvas whose sides are multiples of `grid_px`, filled with the
    image's first pixel. The network halves its maps five times, so what it says depends on where a ridge lies on that
    grid: the part begins and ends on it, and a cropped image gives what the whole one gives. The part has the shape
    (1, 1, rows, columns), float32, 0 to 255; its box may reach beyond the image.
    """
    height, width = pixels.shape
    top, bottom = _on_grid(box.top, box.bottom, height, grid_px)
    left, right = _on_grid(box.left, box.right, width, grid_px)
    part = np.full((1, 1, bottom - top, right - left), pixels[0, 0], dtype=np.float32)
    seen = Box(max(0, left), max(0, top), min(width, right), min(height, bottom))
    part[0, 0, seen.top - top : seen.bottom - top, seen.left - left : seen.right - left] = pixels[
        seen.top : seen.bottom, seen.left : seen.right
    ]
    return part, Box(left, top, right, bottom)


def ridge_flow(pixels: Pixels, block_px: int) -> tuple[Values, Values]:
    """Return per block the strength of directed slopes (grey levels a pixel at half size) and their coherence, 0 to 1.

    Half size is enough for ridges and averages grain away. Each block looks at its neighbours too.
    """
    height, width = pixels.shape
    small = cv2.resize(pixels, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    across = cv2.Sobel(small, cv2.CV_32F, 1, 0, scale=1 / _SOBEL_GAIN)
    down = cv2.Sobel(small, cv2.CV_32F, 0, 1, scale=1 / _SOBEL_GAIN)
    rows, columns = -(-height // block_px), -(-width // block_px)
    cosine, sine, energy = (
        _block_means(values, rows, columns, block_px // 2)
        for values in (across * across - down * down, 2 * across * down, across * across + down * down)
    )
    directed = np.hypot(cosine, sine)
    return np.sqrt(directed), directed / (energy + _ENERGY_OF_NOTHING)


def block_means(values: Values, side: int) -> Values:
    """Return the mean of each block of `side` pixels; the last row and column of blocks go on as the edge."""
    rows, columns = -(-values.shape[0] // side), -(-values.shape[1] // side)
    return _means(values, rows, columns, side)


def _block_means(values: Values, rows: int, columns: int, side: int) -> Values:
    return np.asarray(cv2.blur(_means(values, rows, columns, side), (3, 3)), dtype=np.float32)


def _means(values: Values, rows: int, columns: int, side: int) -> Values:
    below, beside = rows * side - values.shape[0], columns * side - values.shape[1]
    whole = np.pad(values, ((0, below), (0, beside)), mode="edge")
    return np.asarray(whole.reshape(rows, side, columns, side).mean(axis=(1, 3)), dtype=np.float32)


def _morphed(blocks: Blocks, operation: int, size: int) -> Blocks:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(cv2.morphologyEx(blocks.astype(np.uint8), operation, kernel), dtype=np.bool_)


def _large_pieces(blocks: Blocks, share: float) -> Blocks:
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(blocks.astype(np.uint8), connectivity=4)
    if count <= 1:
        return blocks
    areas = statistics[:, cv2.CC_STAT_AREA]
    kept = areas >= share * areas[1:].max()
    kept[0] = False
    return np.asarray(kept[labels], dtype=np.bool_)


def _span(occupied: npt.NDArray[np.bool_], side_px: int, parameters: ExtractionParameters) -> tuple[int, int]:
    """Return start and end in pixels of the occupied blocks of one axis, with the margin."""
    found = np.flatnonzero(occupied)
    start = int(found[0]) * parameters.block_px - parameters.margin_px
    end = (int(found[-1]) + 1) * parameters.block_px + parameters.margin_px
    return max(0, start), min(side_px, end)


def _on_grid(start: int, end: int, side_px: int, grid_px: int) -> tuple[int, int]:
    """Return start and end moved outwards to the grid of the canvas in whose middle the axis lies."""
    before = (-side_px % grid_px) // 2
    first = (start + before) // grid_px * grid_px
    last = -(-(end + before) // grid_px) * grid_px
    return first - before, last - before


def _too_large(area_px: int, limit_px: int) -> EngineError:
    return EngineError(
        "EXTRACT_TOO_LARGE",
        f"{area_px} px of print at {ENGINE_PPI} ppi are more than the {limit_px} px that are read at once",
        hint="cut the image to one finger, or state its true resolution",
    )
