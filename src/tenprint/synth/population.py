"""Many fingers without ridges: minutiae drawn as they lie on real fingers, for galleries and for tests of other rooms.

These minutiae follow the flow of a pattern type, crowd at cores and deltas, keep apart, and begin where ridges spread.
They are not those that `grow_master` would grow from the same plan: a person's sparse truth and rendered truth are two
different sets of fingers, so enrol and search with one kind.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tenprint.core.fingers import SINGLE_FINGERS, FingerPosition, Impression
from tenprint.core.template import KIND_BIFURCATION, KIND_ENDING, Template
from tenprint.synth._jit import kernel
from tenprint.synth.distortion import draw_placement
from tenprint.synth.flow import ridge_orientation
from tenprint.synth.impression import to_template
from tenprint.synth.master import to_canvas
from tenprint.synth.parameters import (
    MASTER_HEIGHT_PX,
    MASTER_WIDTH_PX,
    ORIGIN_X_PX,
    ORIGIN_Y_PX,
    PERIOD,
    PLAIN,
    REREAD,
    ROLLED,
    SETS,
    SKIN,
    SPARSE,
    ContactParameters,
)
from tenprint.synth.patterns import FingerPlan
from tenprint.synth.person import SyntheticPerson, draw_fingers
from tenprint.synth.skeleton import Minutiae

F64 = npt.NDArray[np.float64]
_BACKGROUND_STREAM, _SPARSE_STREAM, _REREAD_STREAM = 21, 22, 23
_PLAIN_SIZE, _PLAIN_ORIGIN = SETS.layer_size, (float(SETS.layer_origin[0]), float(SETS.layer_origin[1]))
_ROLLED_SIZE, _ROLLED_ORIGIN = (MASTER_WIDTH_PX, MASTER_HEIGHT_PX), (float(ORIGIN_X_PX), float(ORIGIN_Y_PX))
_DIVERGENCE_STEP_PX = 6.0


def background(count: int, seed: int) -> Iterator[tuple[str, dict[FingerPosition, Template]]]:
    """Yield `count` gallery subjects, each with ten rolled templates, about 4 ms a subject.

    Subject number i is the same whatever `count` is. Identifiers are ``background-SEED-NUMBER``.
    """
    for index in range(count):
        rng = np.random.default_rng(np.random.SeedSequence([seed, index, _BACKGROUND_STREAM]))
        plans = draw_fingers(rng, bool(rng.random() < 0.24))
        yield f"background-{seed}-{index:07d}", {plan.fgp: _one_reading(plan, rng) for plan in plans}


def truth_templates(
    person: SyntheticPerson, impression_seed: int, impression: Impression
) -> dict[FingerPosition, Template]:
    """Return ten templates of a person without rendering, as one occasion would give them.

    Two seeds give two readings of the same ten fingers: turned, shifted, stretched, with jitter, dropouts and spurious
    minutiae. They do not belong to the person's rendered impressions (see the module's docstring).
    """
    templates = {}
    for fgp in SINGLE_FINGERS:
        truth = _on_canvas(sparse_truth(person.plan(fgp), person.chance(0, _SPARSE_STREAM, int(fgp))))
        rng = person.chance(impression_seed, _REREAD_STREAM, int(impression), int(fgp))
        templates[fgp] = _reread(truth, person.plan(fgp), impression, rng)
    return templates


def sparse_truth(plan: FingerPlan, rng: np.random.Generator) -> Minutiae:
    """Return drawn minutiae of a whole finger, in the finger frame (x, y px with y towards the tip)."""
    x, y = _places(plan, rng)
    theta = ridge_orientation(plan, x, y)
    step = _DIVERGENCE_STEP_PX
    beside = ridge_orientation(plan, x - step * np.sin(theta), y + step * np.cos(theta))
    # the ridges' divergence is the turn of the flow from one ridge to the next (modulo pi)
    divergence = ((beside - theta + math.pi / 2) % math.pi - math.pi / 2) / step
    odds = np.clip(SPARSE.turn_gain_px * divergence, -30, 30)
    forward = rng.random(x.size) < 1 / (1 + np.exp(-odds))
    angle = theta + np.where(forward, 0, math.pi) + rng.normal(0, SPARSE.wobble_rad, x.size)
    kind = np.where(rng.random(x.size) < SPARSE.ending_share, KIND_ENDING, KIND_BIFURCATION).astype(np.uint8)
    return Minutiae(x, y, angle % (2 * math.pi), kind)


def _places(plan: FingerPlan, rng: np.random.Generator) -> tuple[F64, F64]:
    """Return where minutiae lie: denser at singular points, never closer than ``SPARSE.apart_px``."""
    half, tip, root = SKIN.half_width_px * plan.size, SKIN.tip_px * plan.size, SKIN.root_px * plan.size
    u = rng.random((3, SPARSE.candidates))
    x, y = (2 * u[0] - 1) * half, -root + u[1] * (tip + root)
    density = np.ones_like(x)
    for point_x, point_y in [*plan.cores, *plan.deltas]:
        squared = (x - point_x) ** 2 + (y - point_y) ** 2
        density += SPARSE.crowd_gain * np.exp(-squared / (2 * SPARSE.crowd_px**2))
    wanted = SPARSE.density_per_px2 * max(0.4, 1 + SPARSE.density_spread * float(rng.standard_normal()))
    wanted *= (PERIOD.mean_male_px / plan.period_px) ** SPARSE.period_power
    chance = wanted * density * (2 * half * (tip + root) / SPARSE.candidates)
    inside = np.abs(x / half) ** 2.6 + np.abs(y / np.where(y > 0, tip, root)) ** 2.6 < 1
    kept = np.flatnonzero((u[2] < chance) & inside)
    kept = kept[_keep_apart(x[kept], y[kept], SPARSE.apart_px)]
    return x[kept], y[kept]


@kernel
def _keep_apart(x: F64, y: F64, distance: float) -> npt.NDArray[np.bool_]:
    """Return for points in order whether each is at least `distance` from every one kept before it."""
    kept = np.ones(x.size, np.bool_)
    limit = distance * distance
    for i in range(x.size):
        for j in range(i):
            if kept[j] and (x[i] - x[j]) ** 2 + (y[i] - y[j]) ** 2 < limit:
                kept[i] = False
                break
    return kept


def _one_reading(plan: FingerPlan, rng: np.random.Generator) -> Template:
    """Return one rolled template: turned and shifted; stretching would change nothing about a finger seen only once."""
    truth = _on_canvas(_turned(_touched(sparse_truth(plan, rng), plan, ROLLED, rng), ROLLED, rng))
    quality = rng.integers(20, 64, len(truth)).astype(np.uint8)
    return to_template(truth, quality, _ROLLED_SIZE, plan.fgp, Impression.LIVESCAN_ROLLED)


def _touched(truth: Minutiae, plan: FingerPlan, contact: ContactParameters, rng: np.random.Generator) -> Minutiae:
    """Return the minutiae (finger frame) inside the contact area of one impression."""
    width, tip, root = (
        length * plan.size * float(rng.normal(1, contact.spread))
        for length in (contact.half_width_px, contact.tip_px, contact.root_px)
    )
    above = truth.y > 0
    power = np.where(above, contact.tip_power, contact.root_power)
    return truth.keep(np.abs(truth.x / width) ** power + np.abs(truth.y / np.where(above, tip, root)) ** power < 0.94)


def _turned(truth: Minutiae, contact: ContactParameters, rng: np.random.Generator) -> Minutiae:
    turn = float(rng.normal(0, contact.turn_sd_rad))
    shift_x, shift_y = rng.normal(0, contact.shift_sd_px, 2)
    cos, sin = math.cos(turn), math.sin(turn)
    return Minutiae(
        truth.x * cos - truth.y * sin + shift_x, truth.x * sin + truth.y * cos + shift_y, truth.angle + turn, truth.kind
    )


def _on_canvas(truth: Minutiae) -> Minutiae:
    return Minutiae(*to_canvas(truth.x, truth.y), truth.angle, truth.kind)


def _reread(truth: Minutiae, plan: FingerPlan, impression: Impression, rng: np.random.Generator) -> Template:
    contact = ROLLED if impression.is_rolled else PLAIN
    size, origin = (_ROLLED_SIZE, _ROLLED_ORIGIN) if impression.is_rolled else (_PLAIN_SIZE, _PLAIN_ORIGIN)
    origin_x, origin_y = to_canvas(np.zeros(1), np.zeros(1))
    in_frame = Minutiae(truth.x - origin_x, origin_y - truth.y, truth.angle, truth.kind)
    touched = _on_canvas(_touched(in_frame, plan, contact, rng))
    seen = draw_placement(rng, contact, size, origin).carry(touched)
    seen = seen.keep(rng.random(len(seen)) >= REREAD.dropout)
    count, extra = len(seen), int(rng.poisson(REREAD.spurious * len(seen)))
    spread = (origin[0] * 0.5, origin[1] * 0.5)
    x = np.append(seen.x + rng.normal(0, REREAD.jitter_px, count), rng.normal(origin[0], spread[0], extra))
    y = np.append(seen.y + rng.normal(0, REREAD.jitter_px, count), rng.normal(origin[1], spread[1], extra))
    angle = np.append(seen.angle + rng.normal(0, REREAD.jitter_rad, count), rng.uniform(0, 2 * math.pi, extra))
    kind = np.append(seen.kind, np.full(extra, KIND_ENDING, np.uint8))
    quality = np.append(rng.integers(20, 64, count), rng.integers(5, 40, extra)).astype(np.uint8)
    return to_template(Minutiae(x, y, angle, kind), quality, size, plan.fgp, impression)
