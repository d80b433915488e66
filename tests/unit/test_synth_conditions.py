"""Conditions and marks: each changes the print as its name says, hides what it covers, and leaves the rest alone."""

import collections

import cv2
import numpy as np
import pytest

from tenprint.core.errors import SenderError
from tenprint.core.fingers import SINGLE_FINGERS, FingerPosition
from tenprint.synth.cards import _state, occasion_of, render_plain
from tenprint.synth.condition_parameters import SCAR
from tenprint.synth.conditions import SKINS, Condition, draw_condition, draw_skin
from tenprint.synth.impression import Rendered
from tenprint.synth.marks import crease_depth, cut_relief, cut_truth, draw_scar
from tenprint.synth.person import make_person
from tenprint.synth.skeleton import Minutiae

PERSON = make_person(41, 0)
INDEX = FingerPosition.RIGHT_INDEX


@pytest.fixture(scope="module")
def prints() -> dict[Condition, Rendered]:
    return {condition: render_plain(PERSON, 1, INDEX, condition) for condition in Condition}


def _dark_share(made: Rendered) -> float:
    return float((made.image.pixels < 128).mean())


def _drawn(seed: int, stream: int, finger: FingerPosition = INDEX) -> Condition:
    return _state(PERSON, seed, finger, stream=stream, condition=None, skin=None)[0]


def test_most_impressions_come_from_good_skin_and_every_condition_occurs() -> None:
    rng = np.random.default_rng(1)
    counts = collections.Counter(draw_condition(rng, draw_skin(rng)) for _ in range(2000))
    assert set(counts) == set(Condition)
    assert 0.75 < counts[Condition.GOOD] / 2000 < 0.85
    assert 0.03 < counts[Condition.DRY] / 2000 < 0.09


def test_the_condition_is_drawn_from_seed_and_kind_of_impression() -> None:
    drawn = [_drawn(seed, 11) for seed in range(60)]
    assert drawn == [_drawn(seed, 11) for seed in range(60)]
    assert len(set(drawn)) > 2
    assert drawn != [_drawn(seed, 12) for seed in range(60)]


def test_all_fingers_of_an_occasion_share_their_skin_and_troubles_come_alone() -> None:
    skins, troubled = collections.Counter(), 0
    for seed in range(200):
        drawn = {_drawn(seed, stream, finger) for stream in (11, 12) for finger in SINGLE_FINGERS}
        skin = occasion_of(PERSON, seed).skin
        assert drawn & set(SKINS) == {skin}
        skins[skin] += 1
        troubled += bool(drawn - set(SKINS))
    assert set(skins) == set(SKINS)
    assert skins[Condition.GOOD] > 150
    assert 20 < troubled < 200


def test_a_creased_finger_of_a_dry_hand_is_drier_than_that_of_a_good_hand() -> None:
    moisture = {}
    for skin in (Condition.GOOD, Condition.DRY):
        seed = next(
            s for s in range(500) if _state(PERSON, s, INDEX, stream=11, condition=None, skin=skin)[0] == "creased"
        )
        moisture[skin] = _state(PERSON, seed, INDEX, stream=11, condition=None, skin=skin)[1]
    assert moisture[Condition.DRY] > moisture[Condition.GOOD] + 0.2


def test_a_hand_is_never_creased_or_smudged_as_a_whole() -> None:
    for condition in set(Condition) - set(SKINS):
        with pytest.raises(SenderError, match="SYNTH_SKIN"):
            occasion_of(PERSON, 1, condition)


def test_an_asked_for_condition_gives_the_very_print_that_chance_would_have(prints: dict[Condition, Rendered]) -> None:
    by_chance = render_plain(PERSON, 1, INDEX)
    assert by_chance.image.digest == prints[by_chance.condition].image.digest


def test_dry_skin_leaves_less_ink_than_good_skin_and_wet_skin_more(prints: dict[Condition, Rendered]) -> None:
    dry, good, wet = (_dark_share(prints[c]) for c in (Condition.DRY, Condition.GOOD, Condition.WET))
    assert dry < 0.85 * good
    assert wet > 1.15 * good


def test_dry_skin_breaks_ridges_and_leaves_no_specks_in_the_valleys(prints: dict[Condition, Rendered]) -> None:
    """Of all dark pieces, those too small for a stretch of ridge hold little of the ink."""
    dark = (prints[Condition.DRY].image.pixels < 140).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
    sizes = stats[1:, cv2.CC_STAT_AREA]
    assert sizes[sizes < 8].sum() < 0.06 * sizes.sum()


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
