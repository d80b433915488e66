"""Truth minutiae of a grown ridge pattern: thin it, count crossings, drop what is no minutia.

Thinning after Guo and Hall, "Parallel thinning with two-subiteration algorithms" (1989); crossing number after
Rutovitz (1966). The direction comes from the flow that grew the ridges; the skeleton only says which way it points.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from tenprint.core.template import KIND_BIFURCATION, KIND_ENDING
from tenprint.synth._jit import kernel
from tenprint.synth.parameters import TRUTH

U8 = npt.NDArray[np.uint8]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_RING_Y = np.array([-1, -1, 0, 1, 1, 1, 0, -1])
_RING_X = np.array([0, 1, 1, 1, 0, -1, -1, -1])
_PAD = 1
_STEP_Y = np.array([-1, 0, 1, 0, -1, 1, 1, -1])
_STEP_X = np.array([0, 1, 0, -1, 1, 1, -1, -1])


@dataclass(frozen=True, eq=False)
class Minutiae:
    """Minutiae with exact positions.

    Args:
        x, y: shape (n,), float64, px of the image they belong to, y downwards.
        angle: shape (n,), radians as in `tenprint.core.template`, 0 to 2 pi.
        kind: shape (n,), uint8, ending or bifurcation.
    """

    x: F64
    y: F64
    angle: F64
    kind: U8

    def __len__(self) -> int:
        return len(self.x)

    def keep(self, chosen: Mask) -> Minutiae:
        """Return the minutiae where `chosen`, shape (n,), is true."""
        return Minutiae(self.x[chosen], self.y[chosen], self.angle[chosen], self.kind[chosen])


def thin(ridges: Mask) -> U8:
    """Return the one pixel wide skeleton, shape (height, width), uint8 0 or 1."""
    work = np.pad(ridges.astype(np.uint8), _PAD)
    _thin_in_place(work, _removal_tables())
    return work[_PAD:-_PAD, _PAD:-_PAD].copy()


def find_minutiae(skeleton: U8, theta: F64, mask: Mask) -> Minutiae:
    """Return the minutiae of a skeleton.

    Args:
        skeleton: shape (height, width), 0 or 1; short spurs are removed from it in place.
        theta: shape (height, width), ridge orientation in radians.
        mask: the ridge area; minutiae nearer than ``TRUTH.border_px`` to its border are dropped.
    """
    padded = np.pad(skeleton, _PAD)
    _remove_spurs(padded, TRUTH.spur_px)
    skeleton[:] = padded[_PAD:-_PAD, _PAD:-_PAD]
    depth = cv2.distanceTransform(np.pad(mask.astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    found = _crossings(padded, depth > TRUTH.border_px)
    x, y, kind = found[:, 0].astype(np.float64), found[:, 1].astype(np.float64), found[:, 2].astype(np.uint8)
    kind = np.where(kind == 1, KIND_ENDING, KIND_BIFURCATION).astype(np.uint8)
    heading = np.array([_heading(padded, *row) for row in found], dtype=np.float64).reshape(-1)
    axis = theta[found[:, 1], found[:, 0]]
    angle = np.where(np.cos(heading - axis) >= 0, axis, axis + math.pi) % (2 * math.pi)
    minutiae = Minutiae(x, y, angle, kind)
    return minutiae.keep(_alone(minutiae))


def _alone(minutiae: Minutiae) -> Mask:
    if not len(minutiae):
        return np.zeros(0, dtype=bool)
    points = minutiae.x + 1j * minutiae.y
    distance = np.abs(points[:, None] - points[None, :])
    np.fill_diagonal(distance, np.inf)
    return np.asarray(distance.min(axis=1) > TRUTH.pair_px)


def _heading(padded: U8, x: int, y: int, crossing: int) -> float:
    """Return the direction, radians counter-clockwise, in which the ridge (or the valley of a fork) leaves."""
    ends = _walk_out(padded, x + _PAD, y + _PAD, TRUTH.trace_px)
    directions = [math.atan2(y + _PAD - end_y, end_x - x - _PAD) for end_x, end_y in ends]
    if crossing == 1 or len(directions) < 2:
        return directions[0] if directions else 0.0
    # the valley begins between the two branches that lie closest together
    pairs = [(a, b) for i, a in enumerate(directions) for b in directions[i + 1 :]]
    a, b = max(pairs, key=lambda pair: math.cos(pair[0] - pair[1]))
    return math.atan2(math.sin(a) + math.sin(b), math.cos(a) + math.cos(b))


def _walk_out(padded: U8, x: int, y: int, steps: int) -> list[tuple[int, int]]:
    """Return where each branch of the minutia ends up after at most `steps` pixels."""
    ring = [(x + int(dx), y + int(dy)) for dx, dy in zip(_RING_X, _RING_Y, strict=True)]
    starts = [point for point in ring if padded[point[1], point[0]]]
    # of diagonal neighbours that touch, the straight one begins the branch
    starts = [p for p in starts if not (_is_diagonal(p, x, y) and any(_touch(p, q) for q in starts))]
    around = {(x, y), *ring}
    return [_follow(padded, start, around, steps) for start in starts]


def _is_diagonal(point: tuple[int, int], x: int, y: int) -> bool:
    return point[0] != x and point[1] != y


def _touch(p: tuple[int, int], q: tuple[int, int]) -> bool:
    return abs(p[0] - q[0]) + abs(p[1] - q[1]) == 1


def _follow(padded: U8, start: tuple[int, int], around: set[tuple[int, int]], steps: int) -> tuple[int, int]:
    seen = set(around)
    x, y = start
    for _ in range(steps):
        near = [(x + int(dx), y + int(dy)) for dx, dy in zip(_RING_X, _RING_Y, strict=True)]
        step = next((p for p in near if padded[p[1], p[0]] and p not in seen), None)
        if step is None:
            break
        seen.update(near)
        x, y = step
    return x, y


def _removal_tables() -> Mask:
    """Return for both passes and all 256 neighbourhoods whether Guo and Hall's rule removes the pixel."""
    tables = np.zeros((2, 256), dtype=np.bool_)
    for code in range(256):
        p2, p3, p4, p5, p6, p7, p8, p9 = ((code >> bit) & 1 for bit in range(8))
        crossings = (1 - p2 & (p3 | p4)) + (1 - p4 & (p5 | p6)) + (1 - p6 & (p7 | p8)) + (1 - p8 & (p9 | p2))
        first = (p9 | p2) + (p3 | p4) + (p5 | p6) + (p7 | p8)
        second = (p2 | p3) + (p4 | p5) + (p6 | p7) + (p8 | p9)
        fits = crossings == 1 and 2 <= min(first, second) <= 3
        tables[0, code] = fits and not ((p6 | p7 | 1 - p9) & p8)
        tables[1, code] = fits and not ((p2 | p3 | 1 - p5) & p4)
    return tables


@kernel
def _neighbourhood(image: U8, y: int, x: int) -> int:
    """Return the eight neighbours as bits, clockwise from the one above."""
    code = 0
    for bit in range(8):
        code |= int(image[y + _RING_Y[bit], x + _RING_X[bit]]) << bit
    return code


@kernel
def _thin_in_place(image: U8, tables: Mask) -> None:
    height, width = image.shape
    ys = np.empty(height * width, np.int32)
    xs = np.empty(height * width, np.int32)
    alive = 0
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            if image[y, x]:
                ys[alive] = y
                xs[alive] = x
                alive += 1
    doomed = np.empty(alive, np.bool_)
    changed = True
    while changed:
        changed = False
        for step in range(2):
            for i in range(alive):
                doomed[i] = tables[step, _neighbourhood(image, ys[i], xs[i])]
            kept = 0
            for i in range(alive):
                if doomed[i]:
                    image[ys[i], xs[i]] = 0
                    changed = True
                else:
                    ys[kept] = ys[i]
                    xs[kept] = xs[i]
                    kept += 1
            alive = kept


@kernel
def _crossing_number(image: U8, y: int, x: int) -> int:
    code = _neighbourhood(image, y, x)
    rises = 0
    for bit in range(8):
        if not (code >> bit) & 1 and (code >> ((bit + 1) & 7)) & 1:
            rises += 1
    return rises


@kernel
def _crossings(image: U8, deep: Mask) -> I64:
    """Return ends (1) and forks (3) as rows x, y, crossing number, without the padding's offset."""
    height, width = image.shape
    found = np.empty((height * width // 8, 3), np.int64)
    count = 0
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            if image[y, x] and deep[y - 1, x - 1]:
                crossing = _crossing_number(image, y, x)
                if crossing in (1, 3) and count < found.shape[0]:
                    found[count, 0] = x - 1
                    found[count, 1] = y - 1
                    found[count, 2] = crossing
                    count += 1
    return found[:count].copy()


@kernel
def _next_pixel(image: U8, path: I64, length: int) -> tuple[int, int]:
    """Return a ridge neighbour of the path's last pixel that is not on the path, straight ones first; else (-1, -1)."""
    y, x = path[length - 1]
    for diagonal in range(2):
        for k in range(4):
            dy = _STEP_Y[4 * diagonal + k]
            dx = _STEP_X[4 * diagonal + k]
            if not image[y + dy, x + dx]:
                continue
            known = False
            for i in range(length):
                known = known or (path[i, 0] == y + dy and path[i, 1] == x + dx)
            if not known:
                return y + dy, x + dx
    return -1, -1


@kernel
def _remove_spurs(image: U8, limit: int) -> None:
    """Erase each branch that leads from an end to a fork or to another end within `limit` pixels."""
    height, width = image.shape
    path = np.empty((limit + 1, 2), np.int64)
    for y0 in range(1, height - 1):
        for x0 in range(1, width - 1):
            if not image[y0, x0] or _crossing_number(image, y0, x0) > 1:
                continue
            path[0] = y0, x0
            length = 1
            while length <= limit:
                y, x = _next_pixel(image, path, length)
                if y < 0 or _crossing_number(image, y, x) > 2:
                    for i in range(length):
                        image[path[i, 0], path[i, 1]] = 0
                    break
                path[length] = y, x
                length += 1
