"""From fingertips to positions: the gap pattern, heights and widths of a hand say which finger is which."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tenprint.core.fingers import FingerPosition
from tenprint.engine.parameters import slaps as numbers
from tenprint.engine.parameters.slaps import SlapParameters
from tenprint.engine.slaps.pieces import Piece


@dataclass(frozen=True)
class HandModel:
    """What a set looks like: fingers left to right, their tips (px right, px up) and relative widths."""

    fingers: tuple[FingerPosition, ...]
    tips: tuple[tuple[float, float], ...]
    widths: tuple[float, ...]


@dataclass(frozen=True)
class Naming:
    """One way to name the pieces: `places` gives a finger's place in the model for each piece, None for a stray."""

    places: tuple[int | None, ...]
    cost: float


def _mirrored(tips: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    return tuple((-x, up) for x, up in reversed(tips))


_RIGHT = tuple(FingerPosition(n) for n in range(2, 6))
_LEFT = tuple(FingerPosition(n) for n in range(10, 6, -1))
MODELS = {
    FingerPosition.PLAIN_RIGHT_FOUR: HandModel(_RIGHT, numbers.RIGHT_FOUR_TIPS, numbers.RIGHT_FOUR_WIDTHS),
    FingerPosition.PLAIN_LEFT_FOUR: HandModel(
        _LEFT, _mirrored(numbers.RIGHT_FOUR_TIPS), numbers.RIGHT_FOUR_WIDTHS[::-1]
    ),
    FingerPosition.PLAIN_BOTH_THUMBS: HandModel(
        (FingerPosition.LEFT_THUMB, FingerPosition.RIGHT_THUMB), numbers.THUMB_TIPS, numbers.THUMB_WIDTHS
    ),
    FingerPosition.PLAIN_RIGHT_THUMB: HandModel((FingerPosition.RIGHT_THUMB,), ((0.0, 0.0),), (1.0,)),
    FingerPosition.PLAIN_LEFT_THUMB: HandModel((FingerPosition.LEFT_THUMB,), ((0.0, 0.0),), (1.0,)),
}
"""A finger's order is that of the print: right hands from index to little, left hands from little to index."""


def namings(
    pieces: Sequence[Piece],
    model: HandModel,
    missing: frozenset[FingerPosition],
    *,
    image_width: int,
    angle_rad: float,
    parameters: SlapParameters,
) -> list[Naming]:
    """Return every way to name the pieces in the order of the hand, the most plausible one first."""
    usual_area = float(np.median([piece.area_px for piece in pieces])) if pieces else 1.0
    found = []
    for count in range(min(len(pieces), len(model.fingers)) + 1):
        for chosen in itertools.combinations(range(len(pieces)), count):
            stray = _stray_cost(pieces, chosen, usual_area, parameters)
            for slots in itertools.combinations(range(len(model.fingers)), count):
                absent = _absence_cost(model, slots, missing, parameters)
                shape = _shape_cost([pieces[n] for n in chosen], model, slots, (image_width, angle_rad), parameters)
                places: list[int | None] = [None] * len(pieces)
                for piece, slot in zip(chosen, slots, strict=True):
                    places[piece] = slot
                found.append(Naming(tuple(places), stray + absent + shape))
    return sorted(found, key=lambda naming: naming.cost)


def certainty(found: Sequence[Naming], piece: int) -> float:
    """Return how sure the best naming's place of a piece is: the posterior over all namings, 0 to 1."""
    best = found[0]
    weights = [math.exp(-(naming.cost - best.cost) / 2) for naming in found]
    agreeing = sum(w for w, n in zip(weights, found, strict=True) if n.places[piece] == best.places[piece])
    return agreeing / sum(weights)


def _stray_cost(
    pieces: Sequence[Piece], chosen: tuple[int, ...], usual_area: float, parameters: SlapParameters
) -> float:
    cost = 0.0
    for number, piece in enumerate(pieces):
        if number not in chosen:
            share = min(1.0, piece.area_px / usual_area)
            cost += parameters.stray_cost * share * (parameters.border_share if piece.cut else 1.0)
    return cost


def _absence_cost(
    model: HandModel, slots: tuple[int, ...], missing: frozenset[FingerPosition], parameters: SlapParameters
) -> float:
    cost = 0.0
    for slot, finger in enumerate(model.fingers):
        if slot in slots and finger in missing:
            cost += parameters.present_cost
        elif slot not in slots and finger not in missing:
            cost += parameters.missing_cost
    return cost


def _shape_cost(
    pieces: Sequence[Piece],
    model: HandModel,
    slots: tuple[int, ...],
    frame: tuple[int, float],
    parameters: SlapParameters,
) -> float:
    """Return the squared deviations of place, spread, turn and widths from the model's, fitted to the pieces.

    `frame` is the width of the image (px) and the turn of the hand (rad).
    """
    image_width, angle_rad = frame
    if not pieces:
        return 0.0
    cos, sin = math.cos(angle_rad), math.sin(angle_rad)
    right = np.array([piece.middle * cos - piece.top * sin for piece in pieces])
    up = np.array([-piece.top * cos - piece.middle * sin for piece in pieces])
    want_x = np.array([model.tips[s][0] for s in slots])
    want_up = np.array([model.tips[s][1] for s in slots])
    spread = parameters.spread_px
    dx, mx = right - right.mean(), want_x - want_x.mean()
    # ridge regression towards a hand of the usual spread
    prior = (spread / parameters.stretch_sd) ** 2
    stretch = (float(mx @ dx) + prior) / (float(mx @ mx) + prior)
    cost = float(((dx - stretch * mx) ** 2).sum()) / spread**2 + ((stretch - 1) / parameters.stretch_sd) ** 2
    rise = up - up.mean() - (want_up - want_up.mean())
    high = parameters.height_px
    prior = (high / parameters.turn_sd) ** 2
    slope = float(dx @ rise) / (float(dx @ dx) + prior)
    cost += float(((rise - slope * dx) ** 2).sum()) / high**2 + (slope / parameters.turn_sd) ** 2
    widths = np.array([piece.width / model.widths[s] for piece, s in zip(pieces, slots, strict=True)])
    cost += float(((widths / widths.mean() - 1) ** 2).sum()) / parameters.width_sd**2
    centre = np.mean([tip[0] for tip in model.tips])
    middle = float(np.mean([piece.middle for piece in pieces])) - stretch * float(want_x.mean() - centre)
    return cost + ((middle / image_width - 0.5) / parameters.place_sd) ** 2
