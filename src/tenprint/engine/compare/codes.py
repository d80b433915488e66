"""A minutia's local code: which neighbours stand where, and which way they point, as 256 bits.

The neighbourhood is turned into the minutia's own frame, so the code does not change when the finger is turned or
moved. Cells fill a disc; each cell has one slot per relative direction. A neighbour adds to near slots; a slot whose
sum exceeds a threshold sets its bit. After the Minutia Cylinder-Code, bit version (Cappelli, Ferrara, Maltoni, TPAMI
32(12), 2010), without its validity mask, and with the cells of a sunflower's head (Vogel, Mathematical Biosciences
44, 1979) instead of a square grid: any number of cells then covers the disc evenly, so 255 of 256 bits are in use.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tenprint.engine.compare._jit import kernel
from tenprint.engine.parameters.comparison import CodeParameters

CODE_WORDS = 4
_TURN = 65536
_REACH_SIGMAS = 2.5


@lru_cache(maxsize=4)
def cell_centres(parameters: CodeParameters) -> npt.NDArray[np.float64]:
    """Return the centres of the cells, shape (cells, 2), pixels along and across the minutia's direction."""
    number = np.arange(parameters.cells)
    distance = parameters.radius_px * np.sqrt((number + 0.5) / parameters.cells)
    turn = number * (math.pi * (3 - math.sqrt(5)))
    return np.stack([distance * np.cos(turn), distance * np.sin(turn)], axis=1)


def build_codes(
    x: npt.NDArray[np.uint16],
    y: npt.NDArray[np.uint16],
    angle: npt.NDArray[np.uint16],
    parameters: CodeParameters,
) -> npt.NDArray[np.uint64]:
    """Return the local code of every minutia, shape (n, 4), uint64; bit `cell * directions + direction`.

    Args:
        x, y, angle: shape (n,), as in `core.template.Template`.
        parameters: cells times directions is at most 256.
    """
    centres = cell_centres(parameters)
    codes = np.zeros((x.shape[0], CODE_WORDS), dtype=np.uint64)
    _build(x, y, angle, np.ascontiguousarray(centres[:, 0]), np.ascontiguousarray(centres[:, 1]), parameters, codes)
    return codes


@kernel
def _build(  # noqa: PLR0917
    x: npt.NDArray[np.uint16],
    y: npt.NDArray[np.uint16],
    angle: npt.NDArray[np.uint16],
    along: npt.NDArray[np.float64],
    across: npt.NDArray[np.float64],
    parameters: CodeParameters,
    codes: npt.NDArray[np.uint64],
) -> None:
    """Fill `codes` (n, 4), which is zero before."""
    slots = along.shape[0] * parameters.directions
    sums = np.empty(slots)
    near_direction = np.empty(parameters.directions)
    reach = parameters.radius_px + _REACH_SIGMAS * parameters.position_sigma_px
    for i in range(x.shape[0]):
        sums[:] = 0.0
        turn = angle[i] * (2 * math.pi / _TURN)
        cosine, sine = math.cos(turn), math.sin(turn)
        for other in range(x.shape[0]):
            right = float(x[other]) - float(x[i])
            up = float(y[i]) - float(y[other])
            if other != i and right * right + up * up <= reach * reach:
                u, v = right * cosine + up * sine, up * cosine - right * sine
                delta = ((np.int64(angle[other]) - np.int64(angle[i])) % _TURN) * (2 * math.pi / _TURN)
                _direction_nearness(delta, parameters, near_direction)
                _add_neighbour((u, v), (along, across), near_direction, parameters, sums)
        for slot in range(slots):
            if sums[slot] > parameters.bit_threshold:
                codes[i, slot >> 6] |= np.uint64(1) << np.uint64(slot & 63)


@kernel
def _direction_nearness(delta: float, parameters: CodeParameters, near: npt.NDArray[np.float64]) -> None:
    """Fill `near` (directions,) with how near the relative direction `delta` (rad) is to each slot's, 0 to 1."""
    for slot in range(near.shape[0]):
        off = delta - 2 * math.pi * (slot + 0.5) / near.shape[0]
        off -= 2 * math.pi * math.floor(off / (2 * math.pi) + 0.5)
        near[slot] = math.exp(-off * off / (2 * parameters.direction_sigma_rad**2))


@kernel
def _add_neighbour(
    place: tuple[float, float],
    centres: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
    near_direction: npt.NDArray[np.float64],
    parameters: CodeParameters,
    sums: npt.NDArray[np.float64],
) -> None:
    """Add one neighbour at `place` (px along and across) to the slots (cells x directions)."""
    along, across = centres
    count = near_direction.shape[0]
    square = 2 * parameters.position_sigma_px**2
    limit = (_REACH_SIGMAS * parameters.position_sigma_px) ** 2
    for cell in range(along.shape[0]):
        distance = (place[0] - along[cell]) ** 2 + (place[1] - across[cell]) ** 2
        if distance < limit:
            near = math.exp(-distance / square)
            for slot in range(count):
                sums[cell * count + slot] += near * near_direction[slot]
