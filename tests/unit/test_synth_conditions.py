"""Conditions and marks: each changes the print as its name says, hides what it covers, and leaves the rest alone."""

import collections

import numpy as np
import pytest

from tenprint.core.fingers import FingerPosition
from tenprint.synth.cards import _chance_condition, render_plain
from tenprint.synth.conditions import Condition, draw_condition
from tenprint.synth.impression import Rendered
from tenprint.synth.marks import crease_depth, cut_relief, cut_truth, draw_scar
from tenprint.synth.parameters import SCAR
from tenprint.synth.person import make_person
from tenprint.synth.skeleton import Minutiae

PERSON = make_person(41, 0)
INDEX = FingerPosition.RIGHT_INDEX


@pytest.fixture(scope="module")
def prints() -> dict[Condition, Rendered]:
    return {condition: render_plain(PERSON, 1, INDEX, condition) for condition in Condition}


def _dark_share(made: Rendered) -> float:
    return float((made.image.pixels < 128).mean())


def test_most_impressions_come_from_good_skin_and_every_condition_occurs() -> None:
    rng = np.random.default_rng(1)
    counts = collections.Counter(draw_condition(rng) for _ in range(2000))
    assert set(counts) == set(Condition)
    assert 0.75 < counts[Condition.GOOD] / 2000 < 0.85


def test_the_condition_is_drawn_from_seed_and_kind_of_impression() -> None:
    drawn = [_chance_condition(PERSON, seed, 11, INDEX) for seed in range(40)]
    assert drawn == [_chance_condition(PERSON, seed, 11, INDEX) for seed in range(40)]
    assert len(set(drawn)) > 2
    assert drawn != [_chance_condition(PERSON, seed, 12, INDEX) for seed in range(40)]


def test_an_asked_for_condition_gives_the_very_print_that_chance_would_have(prints: dict[Condition, Rendered]) -> None:
    by_chance = render_plain(PERSON, 1, INDEX)
    assert by_chance.image.digest == prints[by_chance.condition].image.digest


def test_dry_skin_leaves_less_ink_than_good_skin_and_wet_skin_more(prints: dict[Condition, Rendered]) -> None:
    dry, good, wet = (_dark_share(prints[c]) for c in (Condition.DRY, Condition.GOOD, Condition.WET))
    assert dry < 0.85 * good
    assert wet > 1.15 * good


def test_partial_contact_leaves_a_smaller_print_and_marks_the_rest_as_lost(prints: dict[Condition, Rendered]) -> None:
    good, partial = prints[Condition.GOOD], prints[Condition.PARTIAL]
    assert _dark_share(partial) < 0.9 * _dark_share(good)
    assert len(partial.truth) < len(good.truth)
    assert len(partial.lost) > len(good.lost)


@pytest.mark.parametrize("condition", list(Condition))
def test_shown_and_lost_minutiae_together_are_those_of_the_whole_contact(
    condition: Condition, prints: dict[Condition, Rendered]
) -> None:
    def places(made: Rendered) -> set[tuple[int, int]]:
        both = (made.truth, made.lost)
        return {(int(x), int(y)) for part in both for x, y in zip(part.x, part.y, strict=True)}

    # the finger lies in the same place whatever its condition
    assert places(prints[condition]) == places(prints[Condition.GOOD])
    assert not prints[condition].lost.quality.any()


def test_a_smudge_and_creases_change_the_print_in_places_only(prints: dict[Condition, Rendered]) -> None:
    good = prints[Condition.GOOD].image.pixels.astype(int)
    smudged = np.abs(prints[Condition.SMUDGED].image.pixels.astype(int) - good) > 40
    assert 0.01 < smudged.mean() < 0.2


def test_creases_belong_to_the_finger() -> None:
    plan, other = PERSON.plan(INDEX), PERSON.plan(FingerPosition.RIGHT_MIDDLE)
    depth = crease_depth(plan).copy()
    crease_depth.cache_clear()
    assert np.array_equal(depth, crease_depth(plan))
    assert not np.array_equal(depth, crease_depth(other))
    assert 0 <= depth.min() < 0.8 < depth.max() <= 1.001


def test_few_fingers_have_a_scar_and_keep_it() -> None:
    plans = [plan for index in range(60) for plan in make_person(71, index).plans]
    scars = [draw_scar(plan) for plan in plans]
    assert 0.01 < sum(scar is not None for scar in scars) / len(plans) < 0.06
    assert scars == [draw_scar(plan) for plan in plans]


def test_a_scar_takes_the_minutiae_under_it_and_moves_no_distant_ones() -> None:
    plans = (plan for index in range(60) for plan in make_person(71, index).plans)
    scar = next(scar for scar in map(draw_scar, plans) if scar is not None)
    y, x = np.mgrid[5:750:15, 5:800:15].astype(float)
    grid = Minutiae(x.ravel(), y.ravel(), np.zeros(x.size), np.ones(x.size, np.uint8))
    kept, taken = cut_truth(scar, grid)
    assert len(kept) + len(taken) == len(grid)
    across, strength, _ = scar.local(taken.x, taken.y)
    assert len(taken) > 0
    assert (np.abs(across) <= SCAR.width_px[1] / 2 + SCAR.loss_px).all()
    assert (strength > 0).all()
    far = np.hypot(kept.x - scar.x, kept.y - scar.y) > scar.length_px
    moved = np.hypot((kept.x + 5) % 15 - 10, (kept.y + 5) % 15 - 10)
    assert moved[far].max() < 0.5 * abs(scar.slip_px)
    assert moved.max() <= abs(scar.slip_px)


def test_a_scar_is_a_light_band_in_the_relief() -> None:
    plans = (plan for index in range(60) for plan in make_person(71, index).plans)
    scar = next(scar for scar in map(draw_scar, plans) if scar is not None)
    flat = cut_relief(scar, np.zeros((750, 800), dtype=np.float32))
    assert flat.min() < -0.9
    assert np.count_nonzero(flat[:20]) == 0
    assert np.unravel_index(int(flat.argmin()), flat.shape) == pytest.approx((scar.y, scar.x), abs=scar.length_px)
