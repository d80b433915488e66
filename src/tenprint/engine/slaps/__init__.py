"""Segmentation of plain sets: where each finger lies, which finger it is, and how sure that is.

    segment(image, missing).fingers

Print is told from paper by the strength, direction and distance of its ridges, its edge is that of the ink; touching
fingers are parted at the waists of the print; of what lies in one column along the hand only the distal phalanx stays;
positions come from the order, the gaps, the heights and the widths of a hand.
Pure: the same image gives the same boxes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tenprint.core.errors import EngineError
from tenprint.core.fingers import FingerPosition
from tenprint.core.image import ENGINE_PPI, FingerImage
from tenprint.engine import imaging
from tenprint.engine.imaging import Blocks
from tenprint.engine.parameters.extraction import DEFAULT_EXTRACTION
from tenprint.engine.parameters.slaps import DEFAULT_SLAPS, SlapParameters
from tenprint.engine.slaps.ink import CELLS
from tenprint.engine.slaps.naming import MODELS, certainty, namings
from tenprint.engine.slaps.outline import in_cells, outlined, polygon
from tenprint.engine.slaps.pieces import Piece, find_pieces, find_print, hand_angle, tips

__all__ = ["LEAST_CONFIDENCE", "SegmentedFinger", "Slap", "segment"]

_MOST_PIECES = 8

LEAST_CONFIDENCE = 0.8
"""A position found with less is not sure: a person looks at it."""


@dataclass(frozen=True)
class SegmentedFinger:
    """One finger of a plain set.

    Args:
        fgp: which finger.
        left, right, top, bottom: its distal phalanx, px of the image as given; right and bottom inclusive.
        confidence: 0 to 1, how sure the position is, lowered for parts too small for a finger.
        outline: corners (x, y) of a convex polygon around it, px of the image as given, clockwise.
        neighbours: share of the box, 0 to 1, that is print of other fingers.
    """

    fgp: FingerPosition
    left: int
    right: int
    top: int
    bottom: int
    confidence: float
    outline: tuple[tuple[int, int], ...] = ()
    neighbours: float = 0.0


@dataclass(frozen=True)
class Slap:
    """What was found in a plain set.

    Args:
        fingers: left to right on the print.
        angle_rad: turn of the hand, counter-clockwise.
        absent: fingers of the set that were not found.
        unexpected: fingers that were found although they were said to be missing.
    """

    fingers: tuple[SegmentedFinger, ...]
    angle_rad: float
    absent: frozenset[FingerPosition]
    unexpected: frozenset[FingerPosition]

    @property
    def sure(self) -> tuple[SegmentedFinger, ...]:
        """Return the fingers that are surely what they are called: only these are booked, compared and judged."""
        return tuple(f for f in self.fingers if f.confidence >= LEAST_CONFIDENCE and f.fgp not in self.unexpected)

    @property
    def unsure(self) -> tuple[SegmentedFinger, ...]:
        """Return the others: a person looks at them, and gives their boxes."""
        sure = self.sure
        return tuple(finger for finger in self.fingers if finger not in sure)


def segment(
    image: FingerImage,
    missing: frozenset[FingerPosition] = frozenset(),
    *,
    parameters: SlapParameters = DEFAULT_SLAPS,
) -> Slap:
    """Return the fingers of a plain set, FGP 11 to 15; about 0.1 s for four fingers on one core.

    Args:
        image: any resolution.
        missing: fingers that are said not to be there (AMP). Fingers that are missing without being named are found
            by the pattern of gaps, with a lower confidence.
        parameters: tuned numbers.

    Raises:
        EngineError: ``SLAP_POSITION`` for an image of one finger; as `extract` for one too small or too large.
    """
    model = MODELS.get(image.fgp)
    if model is None:
        raise EngineError("SLAP_POSITION", f"position {int(image.fgp)} is no plain set", hint="plain sets are 11 to 15")
    pixels = imaging.at_engine_resolution(image, DEFAULT_EXTRACTION)
    seen = find_print(pixels, parameters)
    pieces = find_pieces(seen, pixels.shape, parameters)
    angle = hand_angle(pieces)
    found = sorted(tips(pieces, angle, parameters), key=lambda piece: -piece.area_px)[:_MOST_PIECES]
    found.sort(key=lambda piece: piece.middle)
    ways = namings(
        found, model, missing, image_width=pixels.shape[1], angle_rad=angle, parameters=parameters
    )  # fmt: skip
    usual = sorted(piece.area_px for piece in found)[len(found) // 2] if found else 1
    others = _others(pieces, found)
    whole = outlined([piece.part for piece in found], others, seen.faint, parameters)
    print_ = np.logical_or.reduce([*whole, *map(in_cells, others)]) if whole else seen.faint
    fingers = tuple(
        _finger(
            model.fingers[slot],
            cells,
            print_,
            image,
            parameters=parameters,
            confidence=certainty(ways, n) * _whole(piece, usual, parameters),
        )
        for n, (piece, cells, slot) in enumerate(zip(found, whole, ways[0].places, strict=True))
        if slot is not None
    )
    there = frozenset(finger.fgp for finger in fingers)
    return Slap(fingers, angle, frozenset(model.fingers) - there, there & missing)


def _whole(piece: Piece, usual_area: int, parameters: SlapParameters) -> float:
    return min(1.0, piece.area_px / (parameters.least_area * usual_area))


def _others(pieces: list[Piece], found: list[Piece]) -> list[Blocks]:
    """Return the parts that belong to no fingertip."""
    taken = np.logical_or.reduce([piece.part for piece in found]) if found else None
    return [piece.part for piece in pieces if taken is None or not (piece.part & taken).any()]


def _finger(
    fgp: FingerPosition,
    cells: Blocks,
    all_print: Blocks,
    image: FingerImage,
    *,
    parameters: SlapParameters,
    confidence: float,
) -> SegmentedFinger:
    scale = image.ppi / ENGINE_PPI
    side, rim = parameters.block_px // CELLS, parameters.rim_px
    rows, columns = (np.flatnonzero(cells.any(axis=axis)) for axis in (1, 0))
    left, top = (max(0, math.floor((int(line[0]) * side - rim) * scale)) for line in (columns, rows))
    right, bottom = (
        min(math.ceil(((int(line[-1]) + 1) * side + rim) * scale), length) - 1
        for line, length in ((columns, image.width), (rows, image.height))
    )
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    outline = tuple(
        (min(round(x * scale), image.width - 1), min(round(y * scale), image.height - 1))
        for x, y in polygon(cells, side, parameters.corner_px)
    )
    neighbours = float((all_print & ~cells)[box].mean())
    return SegmentedFinger(fgp, left, right, top, bottom, confidence, outline, neighbours)
