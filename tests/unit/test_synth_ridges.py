"""Ridges and the truth in them: flow, growth, skeleton; kernels against slow twins."""

import math

import cv2
import numpy as np
import pytest

from tenprint.core.fingers import FingerPosition
from tenprint.core.template import KIND_BIFURCATION, KIND_ENDING
from tenprint.core.trace import collect
from tenprint.synth import growth, patterns
from tenprint.synth.flow import ridge_orientation, ridge_period
from tenprint.synth.master import grow_master, to_canvas
from tenprint.synth.parameters import TRUTH
from tenprint.synth.patterns import Pattern
from tenprint.synth.person import make_person
from tenprint.synth.skeleton import find_minutiae, thin


def _plan(pattern: Pattern) -> patterns.FingerPlan:
    for index in range(400):
        for plan in make_person(31, index).plans:
            if plan.pattern is pattern:
                return plan
    raise AssertionError(f"no {pattern.name} among 400 people")


def _half_turns(plan: patterns.FingerPlan, x: float, y: float, radius: float) -> int:
    """How often the ridges turn by half a turn on a walk around a point: 1 for a core, -1 for a delta."""
    around = np.linspace(0, 2 * math.pi, 721)
    theta = ridge_orientation(plan, x + radius * np.cos(around), y + radius * np.sin(around))
    steps = (np.diff(theta) + math.pi / 2) % math.pi - math.pi / 2
    return round(steps.sum() / math.pi)


@pytest.mark.parametrize("pattern", list(Pattern), ids=lambda pattern: pattern.name.lower())
def test_the_flow_turns_around_cores_and_deltas_and_nowhere_else(pattern: Pattern) -> None:
    plan = _plan(pattern)
    assert len(plan.cores) == len(plan.deltas) == pattern.singular_points
    assert all(_half_turns(plan, x, y, 5) == 1 for x, y in plan.cores)
    assert all(_half_turns(plan, x, y, 5) == -1 for x, y in plan.deltas)
    assert _half_turns(plan, 0, 0, 330) == 0


def test_ridges_lie_level_at_the_crease_and_arch_over_the_tip() -> None:
    for pattern in Pattern:
        plan = _plan(pattern)
        x = np.array([-150.0, 0.0, 150.0])
        tip = (ridge_orientation(plan, x, np.full(3, 220.0)) + math.pi / 2) % math.pi - math.pi / 2
        crease = (ridge_orientation(plan, x, np.full(3, plan.base_y - 40)) + math.pi / 2) % math.pi - math.pi / 2
        assert tip[0] > 0.15
        assert tip[2] < -0.15
        assert np.abs(crease).max() < 0.6


def test_the_period_stays_in_its_range_and_grows_towards_the_crease() -> None:
    plan = _plan(Pattern.WHORL)
    x, y = np.random.default_rng(1).uniform(-200, 200, (2, 4000))
    period = ridge_period(plan, x, y)
    assert 7 <= period.min() <= period.max() <= 12.5
    assert period[y < -120].mean() > period[y > 50].mean() + 0.3


def test_one_filtering_equals_the_slow_twin() -> None:
    rng = np.random.default_rng(3)
    shape, taps = (24, 31), 11
    image = rng.integers(-127, 128, shape).astype(np.float32)
    mask = rng.random(shape) < 0.7
    bins = (rng.integers(0, 48, shape).astype(np.uint8), rng.integers(0, 10, shape).astype(np.uint8))
    bank = growth._bank(taps, 2)
    fast = growth._run(image, bins, mask, bank, 1)
    padded, table = np.pad(image * mask, taps // 2), growth._saturation_table()
    for y, x in np.argwhere(mask):
        window = padded[y : y + taps, x : x + taps].astype(np.int64)
        total = int((window * bank[bins[0][y, x], bins[1][y, x], :, :taps].astype(np.int64)).sum())
        assert fast[y, x] == table[np.clip((total >> 10) + 1024, 0, 2047)]


def test_filters_answer_to_ridges_and_not_to_a_flat_field() -> None:
    bank = growth._bank(17, 1)
    sums = np.abs(bank.sum(axis=(2, 3)))
    weights = np.abs(bank).sum(axis=(2, 3))
    assert sums.max() < 80
    assert weights.max() * 127 < 2**24  # whole numbers that float32 adds without rounding
    assert not bank[..., 17:].any()


def test_grown_ridges_have_the_period_that_was_asked_for() -> None:
    shape = (160, 160)
    mask = np.ones(shape, dtype=bool)
    ridges = growth.grow_ridges(np.zeros(shape), np.full(shape, 9.0), mask, np.random.default_rng(2), 60)
    middle = ridges[20:140, 20:140]
    crossings = (np.diff(np.sign(middle), axis=0) != 0).sum(axis=0).mean()
    assert 2 * 119 / crossings == pytest.approx(9.0, abs=0.6)


def test_thinning_keeps_pieces_and_leaves_lines_of_one_pixel() -> None:
    noise = np.random.default_rng(4).standard_normal((90, 110)).astype(np.float32)
    blobs = cv2.GaussianBlur(noise, (0, 0), 3) > 0.03
    skeleton = thin(blobs)
    assert not (skeleton.astype(bool) & ~blobs).any()
    assert cv2.connectedComponents(skeleton, connectivity=8)[0] == cv2.connectedComponents(blobs.astype(np.uint8))[0]
    full = skeleton[:-1, :-1] & skeleton[1:, :-1] & skeleton[:-1, 1:] & skeleton[1:, 1:]
    assert not full.any()


def test_an_end_points_into_its_ridge_and_a_fork_into_its_valley() -> None:
    drawing = np.zeros((120, 160), dtype=np.uint8)
    cv2.line(drawing, (60, 30), (150, 30), 1, 3)  # a ridge that ends on the left and runs to the right
    cv2.line(drawing, (10, 80), (80, 80), 1, 3)  # a ridge that forks towards the right
    cv2.line(drawing, (80, 80), (150, 70), 1, 3)
    cv2.line(drawing, (80, 80), (150, 90), 1, 3)
    mask = np.zeros(drawing.shape, dtype=bool)
    mask[10:110, 25:130] = True
    found = find_minutiae(thin(drawing > 0), np.zeros(drawing.shape), mask)
    assert sorted(found.kind.tolist()) == [KIND_ENDING, KIND_BIFURCATION]
    for x, y, angle, kind in zip(found.x, found.y, found.angle, found.kind, strict=True):
        assert angle == pytest.approx(0, abs=1e-9)
        assert (abs(x - 60) < 5 and abs(y - 30) < 3) if kind == KIND_ENDING else (0 <= x - 80 < 30 and abs(y - 80) < 3)


def test_spurs_and_crumbs_are_no_minutiae() -> None:
    drawing = np.zeros((80, 140), dtype=np.uint8)
    drawing[40, 5:135] = 1
    drawing[36:40, 70] = 1  # a spur
    drawing[60, 60:66] = 1  # a crumb
    mask = np.zeros(drawing.shape, dtype=bool)
    mask[5:75, 20:120] = True
    assert len(find_minutiae(drawing, np.zeros(drawing.shape), mask)) == 0


def test_truth_lies_inside_the_skin_follows_the_flow_and_is_of_natural_number() -> None:
    plan = make_person(31, 0).plan(FingerPosition.RIGHT_MIDDLE)
    master = grow_master(plan)
    truth = master.truth
    depth = cv2.distanceTransform(master.mask.astype(np.uint8), cv2.DIST_L2, 5)
    rows, columns = truth.y.astype(int), truth.x.astype(int)
    assert depth[rows, columns].min() >= TRUTH.border_px
    assert 65 <= len(truth) <= 190
    assert 0.25 < (truth.kind == KIND_ENDING).mean() < 0.8
    origin_x, origin_y = to_canvas(np.zeros(1), np.zeros(1))
    theta = ridge_orientation(plan, truth.x - origin_x, origin_y - truth.y)
    assert np.abs(np.sin(truth.angle - theta)).max() < 1e-6
    apart = np.abs((truth.x + 1j * truth.y)[:, None] - (truth.x + 1j * truth.y)[None, :])
    np.fill_diagonal(apart, 99)
    assert apart.min() > TRUTH.pair_px


def test_growing_again_gives_the_same_skin_and_names_its_intermediates() -> None:
    plan = make_person(31, 0).plan(FingerPosition.RIGHT_MIDDLE)
    first = grow_master(plan)
    grow_master.cache_clear()
    with collect() as seen:
        second = grow_master(plan)
    assert first is not second
    assert np.array_equal(first.relief, second.relief)
    assert np.array_equal(first.truth.x, second.truth.x)
    assert {"synth.orientation", "synth.period", "synth.ridges", "synth.skeleton"} <= set(seen)
