"""One impression of a finger: placement, contact, ink, and the grey values of a live-scan; truth carried along.

Trace keys, of the layer's shape: ``synth.contact`` (px inside the outline, negative outside), ``synth.ink`` (0 to 1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from tenprint.core.fingers import FingerPosition, Impression
from tenprint.core.image import FingerImage
from tenprint.core.template import MAX_MINUTIAE, Template, angle_from_radians
from tenprint.core.trace import trace
from tenprint.synth.condition_parameters import CREASE, SMUDGE, ConditionParameters
from tenprint.synth.conditions import Condition
from tenprint.synth.damage import cut_contact, smudge
from tenprint.synth.distortion import Placement, draw_placement
from tenprint.synth.marks import crease_depth
from tenprint.synth.master import Master
from tenprint.synth.noise import smooth_noise
from tenprint.synth.parameters import HAND, INK, PLAIN, ROLLED, SENSOR, VISIBLE, WHITE, ContactParameters
from tenprint.synth.skeleton import Minutiae

F32 = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
_MAX_QUALITY = 63
_EXPONENT = 30.0
"""Largest exponent in a soft step: beyond, float32 sees only 0 or 1."""


@dataclass(frozen=True, eq=False)
class Rendered:
    """An impression and what is truly in it.

    Args:
        image: 500 ppi, 8-bit.
        truth: the minutiae that the impression shows, in the image's px.
        condition: the state of skin and contact.
        lost: minutiae of the finger that would lie in a whole contact, but that a scar, a crease, a smudge, missing
            contact, moisture or the lack of it hides, in the image's px, quality 0.
    """

    image: FingerImage
    truth: Template
    condition: Condition
    lost: Template


@dataclass(frozen=True, eq=False)
class InkLayer:
    """The darkness that one finger leaves, before the sensor sees it.

    Args:
        darkness: shape (height, width), float32, 0 paper to 1 full ridge.
        truth: visible minutiae, px of this layer.
        quality: shape (n,), uint8, 0 to 63: how well each one's surroundings came out.
        box: (left, right, top, bottom) of the contact, px, right and bottom inclusive.
        condition: the state of skin and contact.
        lost: minutiae of a whole contact that do not show.
    """

    darkness: F32
    truth: Minutiae
    quality: npt.NDArray[np.uint8]
    box: tuple[int, int, int, int]
    condition: Condition
    lost: Minutiae


def press(
    master: Master,
    impression: Impression,
    rng: np.random.Generator,
    *,
    size: tuple[int, int],
    origin: tuple[float, float],
    lean_rad: float = 0.0,
    condition: Condition = Condition.GOOD,
    moisture: float = 0.0,
) -> InkLayer:
    """Press or roll a finger once.

    Args:
        master: the finger.
        impression: rolled or plain.
        rng: chance of this impression.
        size: width and height of the layer, px.
        origin: where the finger's origin comes to lie, px, up to a random shift.
        lean_rad: mean turn, counter-clockwise.
        condition: the state of skin and contact.
        moisture: what this occasion adds to the threshold of ink for all fingers, in units of relief; above 0 is drier.
    """
    numbers = condition.numbers
    contact = ROLLED if impression.is_rolled else PLAIN
    placement = draw_placement(rng, contact, size, origin, lean_rad)
    maps = placement.sampling_maps()
    relief = cv2.remap(master.relief, *maps, cv2.INTER_LINEAR)
    skin = cv2.remap(master.mask.astype(np.float32), *maps, cv2.INTER_LINEAR)
    rim = _contact_depth(placement, contact, master.plan.size, rng)
    # where the contact would reach past the ridge skin, it fades towards the nail instead of ending in a straight edge
    to_nail = cv2.distanceTransform((skin > INK.skin_share).astype(np.uint8), cv2.DIST_L2, 3) - np.float32(
        INK.overrun_px
    )
    rim = np.where(skin > INK.skin_share, np.minimum(rim, to_nail), np.float32(-INK.far_px)).astype(np.float32)
    whole = rim
    trace("synth.contact", lambda: rim)
    hidden = np.zeros(rim.shape, dtype=bool)
    if numbers.crease_depth:
        depth = cv2.remap(crease_depth(master.plan), *maps, cv2.INTER_LINEAR)
        relief = relief - np.float32(numbers.crease_depth) * depth
        hidden |= cv2.dilate(depth, np.ones((CREASE.loss_px, CREASE.loss_px))) > CREASE.loss_depth
    if numbers.reach is not None:
        rim = cut_contact(rim, placement, contact, size=master.plan.size, reach=numbers.reach, rng=rng)
    ink = _ink(relief, rim, numbers, moisture, rng)
    if numbers.smudges[1]:
        ink, wiped = smudge(ink, rim, numbers.smudges, rng)
        hidden |= wiped > SMUDGE.loss
    trace("synth.ink", lambda: ink)
    carried = placement.carry(master.truth)
    seen, quality = _visible(carried, relief, ink, np.where(hidden, np.float32(-1), rim))
    scarred = placement.carry(master.scarred)
    lost = _joined(carried.keep(~seen & _deeper(carried, whole)), scarred.keep(_deeper(scarred, whole)))
    return InkLayer(ink, carried.keep(seen), quality[seen], _box_of(rim > -INK.overrun_px), condition, lost)


def develop(darkness: F32, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Return what the sensor sees of `darkness` (shape (height, width), 0 to 1): 8-bit grey, ridges dark."""
    shape = (darkness.shape[0], darkness.shape[1])
    paper = rng.uniform(*SENSOR.paper_grey)
    ridge = rng.uniform(*SENSOR.ridge_grey)
    pale = SENSOR.pale * np.abs(smooth_noise(shape, SENSOR.pale_px, rng))
    tone = 1 - pale - SENSOR.ridge_noise_grey / WHITE * smooth_noise(shape, SENSOR.ridge_noise_px, rng)
    small = cv2.resize(darkness, None, fx=1 / SENSOR.halo_shrink, fy=1 / SENSOR.halo_shrink)
    halo = SENSOR.halo * cv2.GaussianBlur(small, (0, 0), SENSOR.halo_px / SENSOR.halo_shrink)
    halo = cv2.resize(halo, shape[::-1], interpolation=cv2.INTER_LINEAR)
    cover = np.clip(cv2.GaussianBlur(darkness, (0, 0), SENSOR.blur_px) * tone + halo, 0, 1)
    grey = paper - (paper - ridge) * cover + SENSOR.shade_grey * smooth_noise(shape, SENSOR.shade_px, rng)
    grey += SENSOR.noise_grey * smooth_noise(shape, 0, rng)
    grey += SENSOR.column_noise_grey * rng.standard_normal(shape[1], dtype=np.float32)
    grey -= _dust(shape, rng)
    return np.asarray(np.clip(np.rint(grey), 0, WHITE), dtype=np.uint8)


def finish(layer: InkLayer, fgp: FingerPosition, impression: Impression, rng: np.random.Generator) -> Rendered:
    """Return the image and the truth template of a layer that makes up a whole image."""
    pixels = develop(layer.darkness, rng)
    height, width = pixels.shape
    image = FingerImage(pixels, fgp=fgp, impression=impression)
    truth = to_template(layer.truth, layer.quality, (width, height), fgp, impression)
    return Rendered(image, truth, layer.condition, lost_template(layer.lost, (width, height), fgp, impression))


def lost_template(minutiae: Minutiae, size: tuple[int, int], fgp: FingerPosition, impression: Impression) -> Template:
    """Return minutiae that do not show as a template of an image of `size` (width, height): quality 0."""
    return to_template(minutiae, np.zeros(len(minutiae), dtype=np.uint8), size, fgp, impression)


def to_template(
    minutiae: Minutiae,
    quality: npt.NDArray[np.uint8],
    size: tuple[int, int],
    fgp: FingerPosition,
    impression: Impression,
) -> Template:
    """Return minutiae inside an image of `size` (width, height) as a template, the best ones if there are too many."""
    x, y = np.rint(minutiae.x).astype(np.int64), np.rint(minutiae.y).astype(np.int64)
    inside = np.flatnonzero((x >= 0) & (y >= 0) & (x < size[0]) & (y < size[1]))
    best = np.sort(inside[np.argsort(-quality[inside].astype(np.int64), kind="stable")[:MAX_MINUTIAE]])
    overall = round(float(quality[best].mean()) * 100 / _MAX_QUALITY) if best.size else 0
    return Template(
        x=x[best].astype(np.uint16),
        y=y[best].astype(np.uint16),
        angle=angle_from_radians(minutiae.angle[best]),
        kind=minutiae.kind[best],
        quality=quality[best],
        width=size[0],
        height=size[1],
        fgp=fgp,
        impression=impression,
        overall_quality=overall,
    )


def _contact_depth(placement: Placement, contact: ContactParameters, size: float, rng: np.random.Generator) -> F32:
    """Return about how many px each pixel lies inside the contact area (negative outside), with a ragged outline."""
    gridx, gridy = placement.grid()
    x, y = placement.flat_points(gridx, gridy)
    width, tip, root = (
        length * size * float(rng.normal(1, contact.spread))
        for length in (contact.half_width_px, contact.tip_px, contact.root_px)
    )
    power = np.where(y > 0, contact.tip_power, contact.root_power)
    radius = (np.abs(x / width) ** power + np.abs(y / np.where(y > 0, tip, root)) ** power) ** (1 / power)
    depth = placement.enlarge((1 - radius) * min(width, tip))
    shape = (placement.height, placement.width)
    wide = INK.outline_wide_px * smooth_noise(shape, INK.outline_wide_length_px, rng)
    fine = INK.outline_fine_px * smooth_noise(shape, INK.outline_fine_length_px, rng)
    return np.asarray(depth + wide + fine, dtype=np.float32)


def _ink(relief: F32, rim: F32, numbers: ConditionParameters, moisture: float, rng: np.random.Generator) -> F32:
    """Return how much ink each pixel takes, 0 to 1: relief above a threshold that follows moisture and pressure."""
    shape = (relief.shape[0], relief.shape[1])
    own = INK.moisture_sd * math.sqrt(1 - HAND.moisture_share) * float(rng.normal())
    level = INK.threshold + numbers.threshold_shift + moisture + numbers.threshold_spread * own
    cloud = numbers.cloud_gain * INK.cloud * smooth_noise(shape, INK.cloud_px, rng)
    fade = INK.fade_depth * np.clip(1 - rim / INK.fade_px, 0, INK.fade_most) ** 2
    threshold = _bounded(level + cloud) + fade
    dryness = np.clip(threshold, 0, INK.dryness_most)
    grade = math.exp(numbers.grade_spread * min(float(rng.normal(0, INK.grade_sd)), INK.grade_most))
    ragged = numbers.ragged_gain * grade * (INK.ragged + INK.ragged_dry * dryness)
    patches = numbers.patch_gain * grade * (INK.patch + INK.patch_dry * dryness)
    height = relief if not numbers.fill_px else cv2.GaussianBlur(relief, (0, 0), numbers.fill_px)
    # valleys do not touch the glass: what varies along the ridges breaks them, and leaves no specks between them
    touch = np.clip((relief - INK.valley_relief) / INK.valley_span, INK.valley_share, 1)
    grain = ragged * smooth_noise(shape, INK.grain_px, rng)
    height = height + touch * (grain + patches * smooth_noise(shape, INK.patch_px, rng)) - threshold
    ink = 1 / (1 + np.exp(np.clip(-height / INK.softness, -_EXPONENT, _EXPONENT)))
    gate = np.clip(rim / INK.overrun_px + 1, 0, 1)
    return np.asarray(ink * gate, dtype=np.float32)


def _bounded(threshold: F32) -> F32:
    """Return a threshold of moisture within the skin's bounds, softly.

    However dry the skin, the tops of its ridges touch; however wet, few valleys fill up to the last. Only missing
    contact, towards the rim, leaves nothing at all.
    """
    inside = np.clip(threshold, INK.wettest, INK.driest)
    return np.asarray(inside + np.float32(INK.beyond) * (threshold - inside), dtype=np.float32)


def _dust(shape: tuple[int, int], rng: np.random.Generator) -> F32:
    """Return how much darker (grey levels) specks on the glass make the pixels."""
    specks = np.zeros(shape, dtype=np.float32)
    for _ in range(int(rng.poisson(SENSOR.dust_per_megapixel * shape[0] * shape[1] / 1e6))):
        place = (int(rng.integers(shape[1])), int(rng.integers(shape[0])))
        cv2.circle(specks, place, max(1, round(rng.uniform(*SENSOR.dust_px))), rng.uniform(*SENSOR.dust_grey), -1)
    return np.asarray(cv2.GaussianBlur(specks, (0, 0), SENSOR.blur_px))


def _visible(minutiae: Minutiae, relief: F32, ink: F32, rim: F32) -> tuple[Mask, npt.NDArray[np.uint8]]:
    """Return which minutiae can be seen in the ink, shape (n,), and a quality of 0 to 63 for each of the n."""
    window = (VISIBLE.window_px, VISIBLE.window_px)
    ridge = (relief > 0).astype(np.float32)
    likeness = _at(minutiae, cv2.blur(1 - np.abs(ink - ridge), window))
    cover = _at(minutiae, cv2.blur(ink, window))
    drawn = (cover > VISIBLE.least_ink) & (cover < VISIBLE.most_ink) & (likeness > VISIBLE.least_likeness)
    # broad wet ridges are unlike the skin's, yet readable as long as valleys stay lighter than ridges
    on_ridge, in_valley = cv2.blur(ink * ridge, window), cv2.blur(ink * (1 - ridge), window)
    share = np.clip(cv2.blur(ridge, window), VISIBLE.least_share, 1 - VISIBLE.least_share)
    contrast = _at(minutiae, on_ridge / share - in_valley / (1 - share))
    broad = (cover > VISIBLE.broad_ink) & (contrast > VISIBLE.least_contrast)
    seen = _deeper(minutiae, rim) & (drawn | broad)
    quality = np.clip((likeness - VISIBLE.worthless) * VISIBLE.quality_gain * _MAX_QUALITY, 1, _MAX_QUALITY).astype(
        np.uint8
    )
    return seen, quality


def _at(minutiae: Minutiae, field: F32) -> F32:
    """Return the values of `field` (shape (height, width)) at the minutiae; the nearest one outside of it."""
    height, width = field.shape
    column = np.clip(np.rint(minutiae.x).astype(np.int64), 0, width - 1)
    row = np.clip(np.rint(minutiae.y).astype(np.int64), 0, height - 1)
    return np.asarray(field[row, column])


def _deeper(minutiae: Minutiae, rim: F32) -> Mask:
    """Return which minutiae lie in the image and far enough inside the contact to be seen."""
    height, width = rim.shape
    x, y = np.rint(minutiae.x), np.rint(minutiae.y)
    inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    return np.asarray(inside & (_at(minutiae, rim) > VISIBLE.rim_px))


def _joined(one: Minutiae, other: Minutiae) -> Minutiae:
    pairs = ((one.x, other.x), (one.y, other.y), (one.angle, other.angle))
    x, y, angle = (np.concatenate(pair) for pair in pairs)
    return Minutiae(x, y, angle, np.concatenate([one.kind, other.kind]))


def _box_of(area: npt.NDArray[np.bool_]) -> tuple[int, int, int, int]:
    columns, rows = np.flatnonzero(area.any(axis=0)), np.flatnonzero(area.any(axis=1))
    if not columns.size:
        return 0, 0, 0, 0
    return int(columns[0]), int(columns[-1]), int(rows[0]), int(rows[-1])
