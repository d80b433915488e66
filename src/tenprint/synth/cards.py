"""A ten-print card: ten rolled impressions and the four plain sets composed of plain ones, with everything's truth."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tenprint.core.errors import SenderError
from tenprint.core.fingers import PLAIN_SETS, SINGLE_FINGERS, FingerPosition, Impression
from tenprint.core.image import FingerImage
from tenprint.core.template import Template
from tenprint.synth.conditions import Condition, draw_condition
from tenprint.synth.impression import InkLayer, Rendered, develop, finish, lost_template, press, to_template
from tenprint.synth.parameters import MASTER_HEIGHT_PX, MASTER_WIDTH_PX, ORIGIN_X_PX, ORIGIN_Y_PX
from tenprint.synth.person import SyntheticPerson
from tenprint.synth.skeleton import Minutiae

Box = tuple[int, int, int, int]
"""left, right, top, bottom in px; right and bottom inclusive."""
Progress = Callable[[int, int], None]
"""Called with (impressions done, impressions in all)."""

THUMB_SET_SIZE = (500, 1000)
FOUR_SET_SIZE = (1600, 1000)
_PLAIN_LAYER_SIZE = (460, 620)
_PLAIN_LAYER_ORIGIN = (230, 290)
_THUMB_PLACE = (250.0, 440.0, 0.0)
_RIGHT_FOUR_PLACES: tuple[tuple[float, float, float], ...] = (
    # index to little of a right hand, left to right on the print: origin x, y (px), turn (degrees, counter-clockwise)
    (255.0, 440.0, 5.0),
    (620.0, 335.0, 2.0),
    (985.0, 405.0, -2.0),
    (1335.0, 610.0, -8.0),
)
_PLACE_SD_PX = 14.0
_HAND_TURN_SD_DEG = 4.0
_GAP_PX = 12
"""Least distance between the contacts of two neighbouring fingers."""
_ROLLED_STREAM, _PLAIN_STREAM, _SET_STREAM, _CONDITION_STREAM = 11, 12, 13, 14


@dataclass(frozen=True, eq=False)
class PlainSet:
    """One plain set.

    Args:
        image: FGP 11 to 14.
        boxes: each finger's contact in the image, (left, right, top, bottom) px, right and bottom inclusive.
        truth: each finger's visible minutiae, px of the whole image.
        conditions: the state of each finger's skin and contact.
        lost: each finger's minutiae that a whole contact would show and this one does not, px of the whole image.
    """

    image: FingerImage
    boxes: dict[FingerPosition, Box]
    truth: dict[FingerPosition, Template]
    conditions: dict[FingerPosition, Condition]
    lost: dict[FingerPosition, Template]

    def cut(self, fgp: FingerPosition) -> Rendered:
        """Return one finger, cut out by its box, its truth shifted along.

        Raises:
            SenderError: ``SYNTH_FINGER`` when the finger is not in this set.
        """
        if fgp not in self.boxes:
            raise SenderError("SYNTH_FINGER", f"position {int(fgp)} is not in this plain set", field="fgp")
        left, right, top, bottom = self.boxes[fgp]
        pixels = self.image.pixels[top : bottom + 1, left : right + 1]
        image = FingerImage(np.ascontiguousarray(pixels), fgp=fgp, impression=self.image.impression)
        truth, lost = (_cut_out(part[fgp], left, top, image) for part in (self.truth, self.lost))
        return Rendered(image, truth, self.conditions[fgp], lost)


@dataclass(frozen=True, eq=False)
class Card:
    """All fourteen images of a booking: `rolled` by FGP 1 to 10, `plain_sets` by FGP 11 to 14."""

    rolled: dict[FingerPosition, Rendered]
    plain_sets: dict[FingerPosition, PlainSet]

    def images(self) -> list[FingerImage]:
        """Return the images in card order: ten rolled, then the plain sets 11 to 14."""
        return [self.rolled[fgp].image for fgp in SINGLE_FINGERS] + [self.plain_sets[fgp].image for fgp in PLAIN_SETS]


def render_rolled(
    person: SyntheticPerson, seed: int, finger: FingerPosition, condition: Condition | None = None
) -> Rendered:
    """Return one rolled impression, 800x750 px.

    Args:
        person: whose.
        seed: the occasion, not negative.
        finger: 1 to 10.
        condition: of skin and contact; drawn by chance when it is None.
    """
    rng = person.chance(seed, _ROLLED_STREAM, int(finger))
    size, origin = (MASTER_WIDTH_PX, MASTER_HEIGHT_PX), (ORIGIN_X_PX, ORIGIN_Y_PX + 10)
    condition = condition or _chance_condition(person, seed, _ROLLED_STREAM, finger)
    kind = Impression.LIVESCAN_ROLLED
    layer = press(person.master(finger), kind, rng, size=size, origin=origin, condition=condition)
    return finish(layer, finger, kind, rng)


def render_plain(
    person: SyntheticPerson, seed: int, finger: FingerPosition, condition: Condition | None = None
) -> Rendered:
    """Return one plain impression by itself, 460x620 px; arguments as for `render_rolled`."""
    layer = _plain_layer(person, seed, finger, 0.0, condition)
    rng = person.chance(seed, _SET_STREAM, int(finger))
    return finish(layer, finger, Impression.LIVESCAN_PLAIN, rng)


def render_plain_set(person: SyntheticPerson, seed: int, position: FingerPosition) -> PlainSet:
    """Return one plain set: `position` 11 or 12 (500x1000 px), 13 or 14 (1600x1000 px).

    Raises:
        SenderError: ``SYNTH_FINGER`` for another position.
    """
    if position not in PLAIN_SETS:
        raise SenderError("SYNTH_FINGER", f"position {int(position)} is no plain set", field="position")
    rng = person.chance(seed, _SET_STREAM, int(position))
    fingers = PLAIN_SETS[position]
    width, height = THUMB_SET_SIZE if len(fingers) == 1 else FOUR_SET_SIZE
    darkness = np.zeros((height, width), dtype=np.float32)
    hand_turn = float(rng.normal(0, _HAND_TURN_SD_DEG)) if len(fingers) > 1 else 0.0
    layers: dict[FingerPosition, tuple[InkLayer, int, int]] = {}
    for finger, (place_x, place_y, turn) in zip(fingers, _places(position), strict=True):
        layer = _plain_layer(person, seed, finger, math.radians(turn + hand_turn))
        # a turned hand moves the outer fingers up and down
        lift = (place_x - width / 2) * math.sin(math.radians(hand_turn)) if len(fingers) > 1 else 0.0
        left = round(place_x - _PLAIN_LAYER_ORIGIN[0] + float(rng.normal(0, _PLACE_SD_PX)))
        top = round(place_y - lift - _PLAIN_LAYER_ORIGIN[1] + float(rng.normal(0, _PLACE_SD_PX)))
        layers[finger] = (layer, left, top)
    boxes: dict[FingerPosition, Box] = {}
    truth: dict[FingerPosition, Template] = {}
    lost: dict[FingerPosition, Template] = {}
    for finger, (layer, left, top) in _side_by_side(layers).items():
        boxes[finger] = _lay_down(darkness, layer, left, top)
        kind = Impression.LIVESCAN_PLAIN
        truth[finger] = to_template(_moved(layer.truth, left, top), layer.quality, (width, height), finger, kind)
        lost[finger] = lost_template(_moved(layer.lost, left, top), (width, height), finger, kind)
    image = FingerImage(develop(darkness, rng), fgp=position, impression=Impression.LIVESCAN_PLAIN)
    conditions = {finger: layer.condition for finger, (layer, _, _) in layers.items()}
    return PlainSet(image, boxes, truth, conditions, lost)


def render_card(person: SyntheticPerson, seed: int, on_progress: Progress | None = None) -> Card:
    """Return a whole card (ten rolled, four plain sets), about ten seconds on one core.

    Args:
        person: whose.
        seed: the occasion, not negative; another seed gives other impressions of the same fingers.
        on_progress: called after each of the fourteen images.
    """
    total = len(SINGLE_FINGERS) + len(PLAIN_SETS)
    rolled: dict[FingerPosition, Rendered] = {}
    for fgp in SINGLE_FINGERS:
        rolled[fgp] = render_rolled(person, seed, fgp)
        if on_progress:
            on_progress(len(rolled), total)
    plain_sets: dict[FingerPosition, PlainSet] = {}
    for position in PLAIN_SETS:
        plain_sets[position] = render_plain_set(person, seed, position)
        if on_progress:
            on_progress(len(rolled) + len(plain_sets), total)
    return Card(rolled, plain_sets)


def _places(position: FingerPosition) -> tuple[tuple[float, float, float], ...]:
    """Return origin and turn of each finger in the order of PLAIN_SETS; a left hand is a right one in a mirror."""
    if position is FingerPosition.PLAIN_RIGHT_FOUR:
        return _RIGHT_FOUR_PLACES
    if position is FingerPosition.PLAIN_LEFT_FOUR:
        return tuple((FOUR_SET_SIZE[0] - x, y, -turn) for x, y, turn in _RIGHT_FOUR_PLACES)
    return (_THUMB_PLACE,)


def _side_by_side(
    layers: dict[FingerPosition, tuple[InkLayer, int, int]],
) -> dict[FingerPosition, tuple[InkLayer, int, int]]:
    """Push layers (with their left and top, px) apart until no two contacts share a column; the order stays."""
    edge = -math.inf
    moved = dict(layers)
    for finger, (layer, left, top) in sorted(layers.items(), key=lambda item: item[1][1]):
        left_now = max(left, math.ceil(edge) - layer.box[0]) if edge > -math.inf else left
        moved[finger] = (layer, left_now, top)
        edge = left_now + layer.box[1] + _GAP_PX
    return moved


def _chance_condition(person: SyntheticPerson, seed: int, stream: int, finger: FingerPosition) -> Condition:
    """Return the condition of one impression, from a stream of its own: nothing else changes with it."""
    return draw_condition(person.chance(seed, _CONDITION_STREAM, stream, int(finger)))


def _plain_layer(
    person: SyntheticPerson, seed: int, finger: FingerPosition, lean_rad: float, condition: Condition | None = None
) -> InkLayer:
    return press(
        person.master(finger),
        Impression.LIVESCAN_PLAIN,
        person.chance(seed, _PLAIN_STREAM, int(finger)),
        size=_PLAIN_LAYER_SIZE,
        origin=(float(_PLAIN_LAYER_ORIGIN[0]), float(_PLAIN_LAYER_ORIGIN[1])),
        lean_rad=lean_rad,
        condition=condition or _chance_condition(person, seed, _PLAIN_STREAM, finger),
    )


def _lay_down(darkness: np.ndarray[tuple[int, int], np.dtype[np.float32]], layer: InkLayer, left: int, top: int) -> Box:
    """Add a layer to the set's darkness in place, its corner at `left` and `top`; return its box."""
    height, width = darkness.shape
    layer_height, layer_width = layer.darkness.shape
    x0, x1 = max(0, left), min(width, left + layer_width)
    y0, y1 = max(0, top), min(height, top + layer_height)
    part = layer.darkness[y0 - top : y1 - top, x0 - left : x1 - left]
    np.maximum(darkness[y0:y1, x0:x1], part, out=darkness[y0:y1, x0:x1])
    box_left, box_right, box_top, box_bottom = layer.box
    return (
        max(0, box_left + left),
        min(width - 1, box_right + left),
        max(0, box_top + top),
        min(height - 1, box_bottom + top),
    )


def _moved(minutiae: Minutiae, right: float, down: float) -> Minutiae:
    return Minutiae(minutiae.x + right, minutiae.y + down, minutiae.angle, minutiae.kind)


def _cut_out(whole: Template, left: int, top: int, image: FingerImage) -> Template:
    """Return a template of the whole set as it lies in the `image` cut out of it at `left` and `top`."""
    columns = (whole.x.astype(np.float64), whole.y.astype(np.float64), whole.radians.astype(np.float64))
    minutiae = _moved(Minutiae(*columns, whole.kind), -left, -top)
    return to_template(minutiae, whole.quality, (image.width, image.height), image.fgp, image.impression)
