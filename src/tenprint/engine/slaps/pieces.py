"""From pixels to fingertips without names: foreground, parting of touching fingers, cutting off lower joints."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from tenprint.engine import imaging
from tenprint.engine.imaging import Blocks, Pixels, Values
from tenprint.engine.parameters.extraction import DEFAULT_EXTRACTION
from tenprint.engine.parameters.slaps import SlapParameters
from tenprint.engine.slaps.ink import CELLS, ink_cells

_MOST_TURN_RAD = math.radians(30)
_SPIKE_BLOCKS = 4
"""Columns with fewer blocks of print, at a part's sides, are what a cut through a waist left over."""
_BUMP = 0.4
"""A part whose depth is below this share of its neighbour's is a bump on it."""

Labels = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Print:
    """Where there is print.

    Args:
        blocks: print, holes filled.
        ridges: blocks that show clear ridges.
        faint: cells (half a block a side) with any ink.
    """

    blocks: Blocks
    ridges: Blocks
    faint: Blocks


@dataclass(frozen=True, eq=False)
class Piece:
    """One connected part of the print, px; right and bottom inclusive.

    Args:
        left, right, top, bottom: its box.
        area_px: print in it.
        turn_rad: its long axis against the vertical, counter-clockwise; 0 for a round one.
        elongation: long over short axis, 1 for a round one.
        cut: the border of the image cuts it at the left or right.
        part: its blocks.
    """

    left: int
    right: int
    top: int
    bottom: int
    area_px: int
    turn_rad: float
    elongation: float
    cut: bool
    part: Blocks

    @property
    def width(self) -> int:
        """Return the width of the box."""
        return self.right - self.left + 1

    @property
    def height(self) -> int:
        """Return the height of the box."""
        return self.bottom - self.top + 1

    @property
    def middle(self) -> float:
        """Return the column in the middle."""
        return (self.left + self.right) / 2


def find_pieces(seen: Print, shape: tuple[int, ...], parameters: SlapParameters) -> list[Piece]:
    """Return the parts of the print that may be fingers or joints, left to right; `shape` is the image's, px."""
    found: list[Piece] = []
    waiting = [(seen.blocks, 0)]
    while waiting:
        region, rank = waiting.pop()
        labels, depth = _parted(region, parameters.welds[rank])
        for label in range(1, int(labels.max(initial=0)) + 1):
            part = labels == label
            deepest = float(depth[part].max(initial=0))
            if deepest < parameters.least_depth_blocks:
                continue
            part = _trimmed(part, deepest * parameters.trim_share)
            piece = _piece(part, shape, parameters.block_px)
            if not _too_large(piece, parameters):
                # writing and the rims of other prints are ink, but show few clear ridges
                if float(seen.ridges[part].mean()) >= parameters.clear_share:
                    found = _largest([*found, piece], parameters.most_parts)
            elif rank + 1 < len(parameters.welds):
                waiting.append((part, rank + 1))
            else:
                waiting += [(half, rank) for half in _halved(part, piece, parameters)]
    return sorted(found, key=lambda piece: piece.middle)


def _largest(found: list[Piece], most: int) -> list[Piece]:
    """Keep the largest parts: no hand has as many, and each holds a mask of the whole image."""
    return found if len(found) <= most else sorted(found, key=lambda piece: -piece.area_px)[:most]


def _trimmed(part: Blocks, radius: float) -> Blocks:
    """Return a part without what juts out of it: letters beside it, what a cut left over."""
    side = 2 * int(radius) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    padded = np.pad(part.astype(np.uint8), side)
    opened = cv2.morphologyEx(padded, cv2.MORPH_OPEN, kernel)[side:-side, side:-side]
    return np.asarray(opened, dtype=np.bool_) if opened.any() else part


def _too_large(piece: Piece, parameters: SlapParameters) -> bool:
    """Tell whether a part must be more than one finger, or a finger with its joints."""
    broad = piece.width > parameters.broad_ratio * piece.height and piece.width > parameters.broad_px
    tall = piece.height > parameters.tall_ratio * piece.width and piece.height > parameters.tall_px
    return broad or tall or piece.width > parameters.widest_px


def _halved(part: Blocks, piece: Piece, parameters: SlapParameters) -> list[Blocks]:
    """Return a part without a waist, cut where its profile along the long side of its box is least."""
    axis = 0 if piece.width > parameters.widest_px or piece.width > piece.height else 1
    profile = part.sum(axis=axis).astype(np.float64)
    occupied = np.flatnonzero(profile)
    first, last = int(occupied[0]), int(occupied[-1])
    quarter = (last - first) // 4
    cut = first + quarter + int(np.argmin(profile[first + quarter : last - quarter + 1]))
    before = np.arange(len(profile)) <= cut
    mask = before[None, :] if axis == 0 else before[:, None]
    return [half for half in (part & mask, part & ~mask) if half.any()]


def find_print(pixels: Pixels, parameters: SlapParameters) -> Print:
    """Tell print from paper.

    Ridges are strong slopes of one direction at the distance of ridges; ink that lies beside them belongs to the print.
    """
    extraction = replace(
        DEFAULT_EXTRACTION,
        block_px=parameters.block_px,
        close_blocks=parameters.close_blocks,
        open_blocks=parameters.open_blocks,
        component_share=parameters.component_share,
    )
    ridges = imaging.foreground(pixels, extraction)
    ridges &= _ridge_share(pixels, parameters)[: ridges.shape[0], : ridges.shape[1]] > parameters.ridge_share
    cells = ink_cells(pixels, ridges, parameters)
    blocks = _with_ink(ridges, cells, parameters)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (parameters.open_blocks, parameters.open_blocks))
    opened = cv2.morphologyEx(blocks.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    # a bald spot belongs to the finger; the room between four fingers and their joints does not
    _, holes, statistics, _ = cv2.connectedComponentsWithStats(1 - opened, connectivity=4)
    small = statistics[:, cv2.CC_STAT_AREA] <= parameters.hole_blocks
    print_ = np.asarray((opened > 0) | small[holes], dtype=np.bool_)
    return Print(print_, ridges, np.asarray(cells > parameters.faint_least, dtype=np.bool_))


def _with_ink(ridges: Blocks, cells: Values, parameters: SlapParameters) -> Blocks:
    """Return the blocks with ink that can be reached from clear ridges by a short way through ink."""
    shape = (ridges.shape[0], CELLS, ridges.shape[1], CELLS)
    ink = ((cells > parameters.ink_least).reshape(shape).sum(axis=(1, 3)) >= CELLS**2 // 2).astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (parameters.open_blocks, parameters.open_blocks))
    ink = cv2.morphologyEx(ink, cv2.MORPH_OPEN, kernel)
    reached = ridges.astype(np.uint8) & ink
    for _ in range(parameters.grow_blocks):
        reached = cv2.dilate(reached, np.ones((3, 3), dtype=np.uint8)) & ink
    return np.asarray(reached, dtype=np.bool_)


def tips(pieces: list[Piece], angle_rad: float, parameters: SlapParameters) -> list[Piece]:
    """Return the distal phalanges: halves joined, and of what lies in one column along the hand only the top."""
    if not pieces:
        return []
    usual = _usual_width(pieces)
    joined = _joined_columns(_joined_halves(pieces, usual, parameters), usual, angle_rad, parameters)
    lower = {
        below
        for below, piece in enumerate(joined)
        for above, other in enumerate(joined)
        if above != below and _lies_below(piece, other, usual, angle_rad, parameters)
    }
    return [piece for number, piece in enumerate(joined) if number not in lower]


def hand_angle(pieces: list[Piece]) -> float:
    """Return the turn of the hand, rad counter-clockwise: the mean of the parts' axes, long parts counting more."""
    weights = np.array([piece.area_px * max(piece.elongation - 1, 0.0) for piece in pieces if not piece.cut])
    turns = np.array([piece.turn_rad for piece in pieces if not piece.cut])
    mean = float(np.average(turns, weights=weights)) if weights.sum() > 0 else 0.0
    return max(-_MOST_TURN_RAD, min(_MOST_TURN_RAD, mean))


def _ridge_share(pixels: Pixels, parameters: SlapParameters) -> Values:
    """Return per block which share of the variance lies between the shortest and longest distance of ridges."""
    small = cv2.resize(pixels, (pixels.shape[1] // 2, pixels.shape[0] // 2), interpolation=cv2.INTER_AREA)
    grey = small.astype(np.float32)
    # a Gaussian of this sigma (px of the half-size image) halves a wave of the given period
    fine, coarse = (math.sqrt(2 * math.log(2)) * period / 2 / (2 * math.pi) for period in parameters.period_px)
    band = cv2.GaussianBlur(grey, (0, 0), fine) - cv2.GaussianBlur(grey, (0, 0), coarse)
    side = parameters.block_px
    mean = cv2.blur(grey, (side, side))
    variance = np.maximum(cv2.blur(grey * grey, (side, side)) - mean * mean, 1.0)
    share = cv2.blur(band * band, (side, side)) / variance
    rows, columns = -(-pixels.shape[0] // side), -(-pixels.shape[1] // side)
    return np.asarray(cv2.resize(share, (columns, rows), interpolation=cv2.INTER_AREA), dtype=np.float32)


def _parted(blocks: Blocks, weld: float, sigma: float = 1.0) -> tuple[Labels, Values]:
    """Return the parts of the print, cut at their waists (watershed of the distance from the edge), and the distance.

    Where two fingers touch, the print is narrow; where it is not narrow enough, they are one.
    """
    padded = np.pad(blocks.astype(np.uint8), 1)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    smooth = cv2.GaussianBlur(depth, (0, 0), sigma)
    smooth[~blocks] = 0
    order = np.argsort(-smooth, axis=None, kind="stable")[: int(np.count_nonzero(smooth))]
    labels = np.zeros(blocks.shape, dtype=np.int32)
    peaks: list[float] = [0.0]
    owner: list[int] = [0]
    for row, column in zip(*np.unravel_index(order, blocks.shape), strict=True):
        window = (slice(max(0, row - 1), row + 2), slice(max(0, column - 1), column + 2))
        near, heights = labels[window], smooth[window]
        here = float(smooth[row, column])
        if not near.any():
            peaks.append(here)
            owner.append(len(owner))
            labels[row, column] = len(owner) - 1
            continue
        # a block belongs to the steepest way up, so that the cut runs across the waist
        labels[row, column] = near.flat[int(np.argmax(np.where(near > 0, heights, -1)))]
        roots = sorted({_root(owner, int(n)) for n in near[near > 0]}, key=lambda n: -peaks[n])
        for other in roots[1:]:
            if here > weld * peaks[other] or peaks[other] < _BUMP * peaks[roots[0]]:
                owner[other] = roots[0]
    table = np.array([_root(owner, n) for n in range(len(owner))], dtype=np.int32)
    names, compact = np.unique(table[labels], return_inverse=True)
    del names
    return compact.reshape(blocks.shape).astype(np.int32), np.asarray(depth, dtype=np.float32)


def _root(owner: list[int], label: int) -> int:
    while owner[label] != label:
        label = owner[label]
    return label


def _piece(part: Blocks, shape: tuple[int, ...], side: int) -> Piece:
    rows, columns = np.nonzero(part)
    covariance = np.cov(np.stack([columns, -rows]).astype(np.float64)) + np.eye(2) / 12
    values, vectors = np.linalg.eigh(covariance)
    right, up = vectors[:, 1] if vectors[1, 1] >= 0 else -vectors[:, 1]
    left, last = _reach(part.sum(axis=0), side, shape[1])
    top, bottom = int(rows.min()) * side, min(shape[0], (int(rows.max()) + 1) * side) - 1
    return Piece(
        left, last, top, bottom, len(rows) * side * side,
        turn_rad=math.atan2(-float(right), float(up)),
        elongation=math.sqrt(float(values[1] / values[0])),
        cut=left == 0 or last == shape[1] - 1,
        part=part,
    )  # fmt: skip


def _reach(profile: npt.NDArray[np.int_], side: int, length: int) -> tuple[int, int]:
    """Return the first and last px of a part, without the thin spikes that a cut through a waist leaves."""
    thick = np.flatnonzero(profile >= min(_SPIKE_BLOCKS, int(profile.max())))
    return int(thick[0]) * side, min(length, (int(thick[-1]) + 1) * side) - 1


def _usual_width(pieces: list[Piece]) -> float:
    """Return the width of a finger here: that of the wider half of the parts."""
    widths = sorted(piece.width for piece in pieces if not piece.cut) or [piece.width for piece in pieces]
    return float(np.median(widths[len(widths) // 2 :]))


def _joined_halves(pieces: list[Piece], usual: float, parameters: SlapParameters) -> list[Piece]:
    """Join neighbours that are both too narrow and together no wider than a finger."""
    joined: list[Piece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if (
            last is not None
            and max(last.width, piece.width) < parameters.split_width * usual
            and max(last.right, piece.right) - min(last.left, piece.left) <= usual
            and min(last.bottom, piece.bottom) > max(last.top, piece.top)
        ):
            joined[-1] = _union(last, piece)
        else:
            joined.append(piece)
    return joined


def _joined_columns(pieces: list[Piece], usual: float, angle_rad: float, parameters: SlapParameters) -> list[Piece]:
    """Join what a gap across the finger parted: together it is still no longer than a distal phalanx."""
    joined = sorted(pieces, key=lambda piece: piece.top)
    number = 0
    while number < len(joined):
        top = joined[number]
        for other in joined[number + 1 :]:
            height = max(top.bottom, other.bottom) - top.top
            if (
                _lies_below(other, top, usual, angle_rad, parameters)
                and height <= parameters.longest_ratio * usual
                and top.height < parameters.whole_ratio * top.width
                and min(top.height, other.height) < parameters.fragment_ratio * usual
            ):
                joined.remove(other)
                top = joined[number] = _union(top, other)
        number += 1
    return sorted(joined, key=lambda piece: piece.middle)


def _lies_below(piece: Piece, other: Piece, usual: float, angle_rad: float, parameters: SlapParameters) -> bool:
    down = (piece.top + piece.bottom - other.top - other.bottom) / 2
    if other.area_px < parameters.upper_share * piece.area_px:
        return False
    if down <= 0 or piece.top < other.top + other.height * parameters.same_column:
        return False
    offset = piece.middle - other.middle
    # fingers are spread, so each lies between upright and the hand's own turn
    across = min(abs(offset), abs(offset - math.tan(angle_rad) * down))
    return across < parameters.same_column * usual


def _union(one: Piece, other: Piece) -> Piece:
    larger = one if one.area_px >= other.area_px else other
    return replace(
        larger,
        left=min(one.left, other.left),
        right=max(one.right, other.right),
        top=min(one.top, other.top),
        bottom=max(one.bottom, other.bottom),
        area_px=one.area_px + other.area_px,
        cut=one.cut or other.cut,
        part=one.part | other.part,
    )
