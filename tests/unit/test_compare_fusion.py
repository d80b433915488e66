"""Ten fingers as one."""

import numpy as np
import pytest
from test_compare_fingers import another_impression, drawn_finger

from tenprint.core.errors import SenderError
from tenprint.core.fingers import SINGLE_FINGERS, FingerPosition
from tenprint.engine.compare import compare
from tenprint.engine.fusion import (
    FMR_1E4_BY_FINGERS,
    FMR_1E6_BY_FINGERS,
    compare_people,
    fused_score,
    fused_threshold,
)
from tenprint.engine.parameters.comparison import FUSION_CLIP

THUMB, INDEX, RING = FingerPosition.RIGHT_THUMB, FingerPosition.RIGHT_INDEX, FingerPosition.RIGHT_RING


def test_one_very_good_finger_is_clipped_before_adding():
    assert fused_score({THUMB: 50_000, INDEX: 100}) == FUSION_CLIP + 100


def test_only_positions_that_both_have_are_compared():
    generator = np.random.default_rng(0)
    person = {position: drawn_finger(generator) for position in (THUMB, INDEX, RING)}
    again = {position: another_impression(generator, person[position]) for position in (THUMB, INDEX)}
    result = compare_people(person, again)
    assert set(result.fingers) == {THUMB, INDEX}
    assert result.fingers[THUMB] == compare(person[THUMB], again[THUMB]).score
    assert result.score == fused_score(result.fingers)
    assert result.score >= fused_threshold(2)


def test_the_same_finger_in_another_position_is_no_match():
    generator = np.random.default_rng(1)
    thumb, index = drawn_finger(generator), drawn_finger(generator)
    right = compare_people({THUMB: thumb, INDEX: index}, {THUMB: thumb, INDEX: index})
    swapped = compare_people({THUMB: thumb, INDEX: index}, {THUMB: index, INDEX: thumb})
    assert right.score >= fused_threshold(2) > swapped.score


def test_people_without_a_common_finger_score_nothing():
    generator = np.random.default_rng(2)
    assert compare_people({THUMB: drawn_finger(generator)}, {INDEX: drawn_finger(generator)}).score == 0


@pytest.mark.parametrize("position", [FingerPosition.UNKNOWN, FingerPosition.PLAIN_RIGHT_FOUR])
def test_a_position_that_is_no_single_finger_is_refused(position):
    finger = drawn_finger(np.random.default_rng(3))
    with pytest.raises(SenderError, match="FINGER_POSITION"):
        compare_people({position: finger}, {})


def test_thresholds_grow_with_fingers_and_with_strictness():
    assert len(FMR_1E4_BY_FINGERS) == len(FMR_1E6_BY_FINGERS) == len(SINGLE_FINGERS)
    assert (np.diff(FMR_1E4_BY_FINGERS) > 0).all()
    assert (np.diff(FMR_1E6_BY_FINGERS) > 0).all()
    assert (np.array(FMR_1E6_BY_FINGERS) > FMR_1E4_BY_FINGERS).all()
    assert fused_threshold(10, FMR_1E4_BY_FINGERS) == FMR_1E4_BY_FINGERS[9]


def test_the_threshold_is_that_of_the_number_of_fingers_compared():
    for fingers in range(1, 11):
        assert fused_threshold(fingers) == FMR_1E6_BY_FINGERS[fingers - 1]


def test_one_finger_alone_never_reaches_the_threshold_of_ten():
    """What the clip is for: a copied finger among nine strangers' fingers is nobody's identity."""
    assert fused_score({INDEX: 10**6}) < fused_threshold(10, FMR_1E4_BY_FINGERS)


@pytest.mark.parametrize("fingers", [0, 11])
def test_no_threshold_is_made_up_for_an_impossible_number_of_fingers(fingers):
    with pytest.raises(SenderError, match="FINGER_COUNT"):
        fused_threshold(fingers)
