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
from tenprint.synth.conditions import SKINS, Condition, draw_condition, draw_skin
from tenprint.synth.impression import InkLayer, Rendered, develop, finish, lost_template, press, to_template
from tenprint.synth.parameters import HAND, INK, MASTER_HEIGHT_PX, MASTER_WIDTH_PX, ORIGIN_X_PX, ORIGIN_Y_PX, SETS
from tenprint.synth.person import SyntheticPerson
from tenprint.synth.skeleton import Minutiae

Box = tuple[int, int, int, int]
"""left, right, top, bottom in px; right and bottom inclusive."""
Progress = Callable[[int, int], None]
"""Called with (impressions done, impressions in all)."""

THUMB_SET_SIZE, FOUR_SET_SIZE = SETS.thumb_size, SETS.four_size
SETS_OF_FINGERS: dict[FingerPosition, tuple[FingerPosition, ...]] = {
    **PLAIN_SETS,
    FingerPosition.PLAIN_BOTH_THUMBS: (FingerPosition.LEFT_THUMB, FingerPosition.RIGHT_THUMB),
}
"""Fingers of each set that can be rendered, left to right as a right hand, or the thumbs, lie on the print."""
_SIZES = {1: SETS.thumb_size, 2: SETS.thumbs_size, 4: SETS.four_size}
_ROLLED_STREAM, _PLAIN_STREAM, _SET_STREAM, _CONDITION_STREAM, _SKIN_STREAM, _LAYOUT_STREAM = 11, 12, 13, 14, 15, 16


@dataclass(frozen=True, eq=False)
class PlainSet:
    """One plain set.

    Args:
        image: FGP 11 to 15.
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


@dataclass(frozen=True)
class Occasion:
    """What all fingers of a person have in common when they are taken.

    Args:
        skin: good, dry or wet.
        moisture: deviation of this occasion's skin from what is usual for it, in units of relief; above 0 is drier.
    """

    skin: Condition
    moisture: float


@dataclass(frozen=True, eq=False)
class Card:
    """All fourteen images of a booking: `rolled` by FGP 1 to 10, `plain_sets` by FGP 11 to 14."""

    rolled: dict[FingerPosition, Rendered]
    plain_sets: dict[FingerPosition, PlainSet]

    def images(self) -> list[FingerImage]:
        """Return the images in card order: ten rolled, then the plain sets 11 to 14."""
        return [self.rolled[fgp].image for fgp in SINGLE_FINGERS] + [self.plain_sets[fgp].image for fgp in PLAIN_SETS]


@dataclass(frozen=True)
class SlapLayout:
    """How a hand lies on the glass beyond what every set has.

    Args:
        missing: fingers that are not there.
        touching: neighbours are pressed together until their contacts meet.
        joints: the middle phalanx of each finger prints too, below its crease. A stand-in: ridges of the fingertip.
    """

    missing: frozenset[FingerPosition] = frozenset()
    touching: bool = False
    joints: bool = False


OPEN_HAND = SlapLayout()


def render_rolled(
    person: SyntheticPerson,
    seed: int,
    finger: FingerPosition,
    condition: Condition | None = None,
    skin: Condition | None = None,
) -> Rendered:
    """Return one rolled impression, 800x750 px.

    Args:
        person: whose.
        seed: the occasion, not negative.
        finger: 1 to 10.
        condition: of skin and contact; when it is None, the occasion's skin or, by chance, what befalls one finger.
        skin: good, dry or wet on all fingers of this occasion; drawn by chance when it is None.

    Raises:
        SenderError: ``SYNTH_SKIN`` when `skin` is no state of a whole hand.
    """
    rng = person.chance(seed, _ROLLED_STREAM, int(finger))
    size, origin = (MASTER_WIDTH_PX, MASTER_HEIGHT_PX), (ORIGIN_X_PX, ORIGIN_Y_PX + 10)
    kind = Impression.LIVESCAN_ROLLED
    condition, moisture = _state(person, seed, finger, stream=_ROLLED_STREAM, condition=condition, skin=skin)
    layer = press(
        person.master(finger), kind, rng, size=size, origin=origin, condition=condition, moisture=moisture
    )  # fmt: skip
    return finish(layer, finger, kind, rng)


def render_plain(
    person: SyntheticPerson,
    seed: int,
    finger: FingerPosition,
    condition: Condition | None = None,
    skin: Condition | None = None,
) -> Rendered:
    """Return one plain impression by itself, 460x620 px; arguments as for `render_rolled`."""
    layer = _plain_layer(person, seed, finger, lean_rad=0.0, condition=condition, skin=skin)
    rng = person.chance(seed, _SET_STREAM, int(finger))
    return finish(layer, finger, Impression.LIVESCAN_PLAIN, rng)


def render_plain_set(
    person: SyntheticPerson,
    seed: int,
    position: FingerPosition,
    skin: Condition | None = None,
    layout: SlapLayout = OPEN_HAND,
) -> PlainSet:
    """Return one plain set with each finger's box and truth in it.

    Args:
        person, seed, skin: as for `render_rolled`.
        position: 11 or 12 (one thumb, 500x1000 px), 13 or 14 (four fingers, 1600x1000 px), 15 (thumbs, 1000x1000 px).
        layout: missing fingers, touching fingers, middle phalanges.

    Raises:
        SenderError: ``SYNTH_FINGER`` for another position, ``SYNTH_SKIN`` as `render_rolled`.
    """
    if position not in SETS_OF_FINGERS:
        raise SenderError("SYNTH_FINGER", f"position {int(position)} is no plain set", field="position")
    rng = person.chance(seed, _SET_STREAM, int(position))
    fingers = SETS_OF_FINGERS[position]
    size = _SIZES[len(fingers)]
    darkness = np.zeros(size[::-1], dtype=np.float32)
    hand_turn = float(rng.normal(0, SETS.hand_turn_sd_deg)) if len(fingers) > 1 else 0.0
    layers: dict[FingerPosition, tuple[InkLayer, int, int]] = {}
    for finger, (place_x, place_y, turn) in zip(fingers, finger_places(position, hand_turn), strict=True):
        layer = _plain_layer(person, seed, finger, lean_rad=math.radians(turn), condition=None, skin=skin)
        left = round(place_x - SETS.layer_origin[0] + float(rng.normal(0, SETS.place_sd_px)))
        top = round(place_y - SETS.layer_origin[1] + float(rng.normal(0, SETS.place_sd_px)))
        layers[finger] = (layer, left, top)
    layers = {finger: placed for finger, placed in layers.items() if finger not in layout.missing}
    # what only a layout needs comes from a stream of its own: an open hand stays what it was
    chance = person.chance(seed, _LAYOUT_STREAM, int(position))
    placed = _pressed_together(layers, chance) if layout.touching else _side_by_side(layers)
    if layout.joints:
        turns = {f: turn for f, (_, _, turn) in zip(fingers, finger_places(position, hand_turn), strict=True)}
        _lay_joints(darkness, person, chance, placed, turns)
    boxes: dict[FingerPosition, Box] = {}
    truth: dict[FingerPosition, Template] = {}
    lost: dict[FingerPosition, Template] = {}
    for finger, (layer, left, top) in placed.items():
        boxes[finger] = _lay_down(darkness, layer, left, top)
        kind = Impression.LIVESCAN_PLAIN
        truth[finger] = to_template(_moved(layer.truth, left, top), layer.quality, size, finger, kind)
        lost[finger] = lost_template(_moved(layer.lost, left, top), size, finger, kind)
    image = FingerImage(develop(darkness, rng), fgp=position, impression=Impression.LIVESCAN_PLAIN)
    conditions = {finger: layer.condition for finger, (layer, _, _) in layers.items()}
    return PlainSet(image, boxes, truth, conditions, lost)


def render_card(
    person: SyntheticPerson,
    seed: int,
    on_progress: Progress | None = None,
    skin: Condition | None = Condition.GOOD,
) -> Card:
    """Return a whole card (ten rolled, four plain sets), about ten seconds on one core.

    Args:
        person: whose.
        seed: the occasion, not negative; another seed gives other impressions of the same fingers.
        on_progress: called after each of the fourteen images.
        skin: good, dry or wet on all fingers; drawn by chance when it is None. Single fingers may still be creased,
            smudged or touch in part.

    Raises:
        SenderError: ``SYNTH_SKIN`` as `render_rolled`.
    """
    total = len(SINGLE_FINGERS) + len(PLAIN_SETS)
    rolled: dict[FingerPosition, Rendered] = {}
    for fgp in SINGLE_FINGERS:
        rolled[fgp] = render_rolled(person, seed, fgp, skin=skin)
        if on_progress:
            on_progress(len(rolled), total)
    plain_sets: dict[FingerPosition, PlainSet] = {}
    for position in PLAIN_SETS:
        plain_sets[position] = render_plain_set(person, seed, position, skin)
        if on_progress:
            on_progress(len(rolled) + len(plain_sets), total)
    return Card(rolled, plain_sets)


def occasion_of(person: SyntheticPerson, seed: int, skin: Condition | None = None) -> Occasion:
    """Return what all fingers of `person` have in common on the occasion `seed`; `skin` as for `render_rolled`.

    Raises:
        SenderError: ``SYNTH_SKIN`` when `skin` is no state of a whole hand.
    """
    if skin is not None and skin not in SKINS:
        raise SenderError("SYNTH_SKIN", f"{skin.value} befalls one finger, no whole hand", field="skin")
    rng = person.chance(seed, _SKIN_STREAM)
    drawn = draw_skin(rng)
    skin = skin or drawn
    spread = skin.numbers.threshold_spread * INK.moisture_sd * math.sqrt(HAND.moisture_share)
    return Occasion(skin, spread * float(rng.normal()))


def finger_places(position: FingerPosition, hand_turn_deg: float = 0.0) -> tuple[tuple[float, float, float], ...]:
    """Return origin x and y (px) and turn (degrees, counter-clockwise) of each finger, in `SETS_OF_FINGERS` order.

    A left hand is a right one in a mirror; a turned hand turns as a whole, about the middle of the image.

    Args:
        position: 11 to 15.
        hand_turn_deg: counter-clockwise.
    """
    width, height = _SIZES[len(SETS_OF_FINGERS[position])]
    places = SETS.right_four_places
    if position is FingerPosition.PLAIN_LEFT_FOUR:
        places = tuple(_mirrored(place, width) for place in places)
    elif position is FingerPosition.PLAIN_BOTH_THUMBS:
        places = (_mirrored(SETS.right_thumb_of_pair, width), SETS.right_thumb_of_pair)
    elif position is not FingerPosition.PLAIN_RIGHT_FOUR:
        places = (SETS.thumb_place,)
    cos, sin = math.cos(math.radians(hand_turn_deg)), math.sin(math.radians(hand_turn_deg))
    turned = []
    for x, y, turn in places:
        right, up = x - width / 2, height / 2 - y
        turned.append((width / 2 + right * cos - up * sin, height / 2 - right * sin - up * cos, turn + hand_turn_deg))
    return tuple(turned)


def _mirrored(place: tuple[float, float, float], width: int) -> tuple[float, float, float]:
    return width - place[0], place[1], -place[2]


def _side_by_side(
    layers: dict[FingerPosition, tuple[InkLayer, int, int]],
) -> dict[FingerPosition, tuple[InkLayer, int, int]]:
    """Push layers (with their left and top, px) apart until no two contacts share a column; the order stays."""
    edge = -math.inf
    moved = dict(layers)
    for finger, (layer, left, top) in sorted(layers.items(), key=lambda item: item[1][1]):
        left_now = max(left, math.ceil(edge) - layer.box[0]) if edge > -math.inf else left
        moved[finger] = (layer, left_now, top)
        edge = left_now + layer.box[1] + SETS.gap_px
    return moved


def _pressed_together(
    layers: dict[FingerPosition, tuple[InkLayer, int, int]], rng: np.random.Generator
) -> dict[FingerPosition, tuple[InkLayer, int, int]]:
    """Move layers until the columns of neighbours' contacts overlap a little, so that most of them touch."""
    moved: dict[FingerPosition, tuple[InkLayer, int, int]] = {}
    edge: float | None = None
    for finger, (layer, left, top) in sorted(layers.items(), key=lambda item: item[1][1]):
        wanted = left if edge is None else round(edge + float(rng.uniform(*SETS.touching_px))) - layer.box[0]
        moved[finger] = (layer, wanted, top)
        edge = wanted + layer.box[1]
    return moved


def _lay_joints(
    darkness: np.ndarray[tuple[int, int], np.dtype[np.float32]],
    person: SyntheticPerson,
    rng: np.random.Generator,
    placed: dict[FingerPosition, tuple[InkLayer, int, int]],
    turns: dict[FingerPosition, float],
) -> None:
    """Lay the middle phalanx of each finger below its fingertip, across a crease without ink."""
    for finger, (layer, left, top) in placed.items():
        lean = math.radians(turns[finger])
        joint = press(
            person.master(finger),
            Impression.LIVESCAN_PLAIN,
            rng,
            size=SETS.layer_size,
            origin=(float(SETS.layer_origin[0]), float(SETS.layer_origin[1])),
            lean_rad=lean,
        )
        down = layer.box[3] - joint.box[2] + float(rng.uniform(*SETS.crease_px))
        across = (layer.box[0] + layer.box[1] - joint.box[0] - joint.box[1]) / 2 + math.sin(lean) * down
        _lay_down(darkness, joint, left + round(across), top + round(down))


def _state(
    person: SyntheticPerson,
    seed: int,
    finger: FingerPosition,
    *,
    stream: int,
    condition: Condition | None,
    skin: Condition | None,
) -> tuple[Condition, float]:
    """Return the condition of one impression and what the occasion adds to its threshold of ink."""
    occasion = occasion_of(person, seed, skin)
    if condition is None:
        # from a stream of its own: nothing else changes with it
        chance = person.chance(seed, _CONDITION_STREAM, stream, int(finger))
        condition = draw_condition(chance, occasion.skin)
        if condition not in SKINS:
            # a creased finger of a dry hand is dry as well
            return condition, occasion.moisture + occasion.skin.numbers.threshold_shift
    return condition, occasion.moisture


def _plain_layer(
    person: SyntheticPerson,
    seed: int,
    finger: FingerPosition,
    *,
    lean_rad: float,
    condition: Condition | None,
    skin: Condition | None,
) -> InkLayer:
    condition, moisture = _state(person, seed, finger, stream=_PLAIN_STREAM, condition=condition, skin=skin)
    return press(
        person.master(finger),
        Impression.LIVESCAN_PLAIN,
        person.chance(seed, _PLAIN_STREAM, int(finger)),
        size=SETS.layer_size,
        origin=(float(SETS.layer_origin[0]), float(SETS.layer_origin[1])),
        lean_rad=lean_rad,
        condition=condition,
        moisture=moisture,
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
