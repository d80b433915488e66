"""Slaps: every finger gets its box and its name, touching and missing ones included; doubt is said."""

import itertools
from dataclasses import replace

import cv2
import numpy as np
import pytest

from tenprint.core.errors import EngineError
from tenprint.core.fingers import FingerPosition
from tenprint.core.image import FingerImage
from tenprint.engine.slaps import segment
from tenprint.studies import slaps as study
from tenprint.synth.cards import SlapLayout, render_plain_set
from tenprint.synth.person import make_person

RIGHT_FOUR, LEFT_FOUR = FingerPosition.PLAIN_RIGHT_FOUR, FingerPosition.PLAIN_LEFT_FOUR
SIZE = (1000, 1600)
# middles and half axes of ellipses, px: index to little finger of a right hand
HAND = {
    FingerPosition.RIGHT_INDEX: ((250, 480), (125, 180)),
    FingerPosition.RIGHT_MIDDLE: ((600, 340), (130, 185)),
    FingerPosition.RIGHT_RING: ((950, 400), (128, 180)),
    FingerPosition.RIGHT_LITTLE: ((1290, 610), (105, 150)),
}


def drawn(fingers, position=RIGHT_FOUR, shift=0):
    """Rings of ridges, nine px apart, in ellipses on paper; no synthetic person is needed."""
    pixels = np.full(SIZE, 235, np.float32)
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    for (x, y), (wide, high) in fingers:
        inside = ((columns - x - shift) / wide) ** 2 + ((rows - y) / high) ** 2 < 1
        ridges = 130 + 90 * np.cos(2 * np.pi * np.hypot(columns - x - shift, (rows - y) * 0.8) / 9)
        pixels = np.where(inside, ridges, pixels)
    pixels += np.random.default_rng(3).normal(0, 4, SIZE)
    return FingerImage(np.clip(pixels, 0, 255).astype(np.uint8), fgp=position)


def boxes(slap):
    return {f.fgp: (f.left, f.right, f.top, f.bottom) for f in slap.fingers}


def test_four_fingers_get_their_boxes_and_names():
    found = boxes(segment(drawn(HAND.values())))
    assert list(found) == list(HAND)
    for finger, ((x, y), (wide, high)) in HAND.items():
        assert np.abs(np.array(found[finger]) - (x - wide, x + wide, y - high, y + high)).max() <= study.EDGE_PX


def test_a_left_hand_is_named_from_little_to_index():
    mirrored = [((SIZE[1] - x, y), axes) for (x, y), axes in HAND.values()]
    names = [int(f.fgp) for f in segment(drawn(mirrored, LEFT_FOUR)).fingers]
    assert names == [10, 9, 8, 7]


def test_touching_fingers_are_parted_at_their_waist():
    close = [((x - 85 * place, y), axes) for place, ((x, y), axes) in enumerate(HAND.values())]
    found = segment(drawn(close, shift=120))
    assert [f.fgp for f in found.fingers] == list(HAND)
    assert max(f.right - f.left for f in found.fingers) < 300


def test_a_missing_middle_finger_is_found_by_the_gap_it_leaves():
    left = {f: place for f, place in HAND.items() if f != FingerPosition.RIGHT_MIDDLE}
    found = segment(drawn(left.values()))
    assert [f.fgp for f in found.fingers] == list(left)
    assert found.absent == {FingerPosition.RIGHT_MIDDLE}


def test_lower_joints_are_cut_off():
    joints = [((x, y + 2 * high - 10), axes) for (x, y), axes in HAND.values() for high in axes[1:]]
    found = boxes(segment(drawn([*HAND.values(), *joints])))
    for finger, ((_, y), (_, high)) in HAND.items():
        assert abs(found[finger][3] - (y + high)) <= study.TALL_EDGE_PX


def test_one_finger_alone_in_the_middle_is_named_without_certainty():
    (found,) = segment(drawn([((800, 450), (125, 180))])).fingers
    assert found.confidence < 0.8


def test_a_finger_that_is_said_to_be_missing_makes_the_next_one_likelier():
    alone = drawn([((800, 450), (125, 180))])
    others = frozenset(HAND) - {FingerPosition.RIGHT_INDEX}
    (found,) = segment(alone, others).fingers
    assert found.fgp == FingerPosition.RIGHT_INDEX
    assert found.confidence > 0.9


def test_four_fingers_where_one_is_said_to_be_missing_show_the_contradiction():
    found = segment(drawn(HAND.values()), frozenset({FingerPosition.RIGHT_RING}))
    assert found.unexpected == {FingerPosition.RIGHT_RING}


def test_a_blank_sheet_has_no_fingers():
    found = segment(drawn([]))
    assert found.fingers == ()
    assert found.absent == set(HAND)


def test_a_finer_image_gives_the_same_boxes_in_its_own_pixels():
    coarse = drawn(HAND.values())
    doubled = cv2.resize(np.asarray(coarse.pixels), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    fine = boxes(segment(FingerImage(doubled, ppi=1000, fgp=RIGHT_FOUR)))
    for finger, box in boxes(segment(coarse)).items():
        assert np.abs(np.array(fine[finger]) - 2 * np.array(box)).max() <= 32


def test_a_wallpaper_of_hundreds_of_spots_gives_an_answer():
    rows, columns = np.mgrid[:112, :112].astype(np.float32)
    away = np.hypot(columns - 56, rows - 56)
    spot = np.where(away < 46, 130 + 90 * np.cos(2 * np.pi * away / 9), 235).astype(np.uint8)
    found = segment(FingerImage(np.tile(spot, (16, 18)), fgp=RIGHT_FOUR))
    assert len(found.fingers) <= len(HAND)


def test_one_finger_by_itself_is_no_plain_set():
    with pytest.raises(EngineError, match="no plain set"):
        segment(replace(drawn(HAND.values()), fgp=FingerPosition.RIGHT_INDEX))


@pytest.mark.slow
def test_fingers_of_people_that_were_not_used_for_tuning_are_placed_right():
    figures = study.measure(2, population=88)
    assert figures.total.placed >= 0.98 * figures.total.fingers
    assert figures.total.edges >= 0.9 * figures.total.fingers


@pytest.mark.slow
def test_a_layout_leaves_out_the_missing_and_lets_neighbours_touch():
    person = make_person(88, 0)
    gone = FingerPosition.RIGHT_MIDDLE
    slap = render_plain_set(person, 1, RIGHT_FOUR, layout=SlapLayout(frozenset({gone}), touching=True))
    assert set(slap.boxes) == set(HAND) - {gone}
    edges = sorted(slap.boxes.values())
    assert all(right[0] - left[1] <= 3 for left, right in itertools.pairwise(edges))


def test_handwriting_above_a_finger_does_not_take_its_place():
    pixels = np.array(drawn(HAND.values()).pixels)
    rng = np.random.default_rng(5)
    for _ in range(14):
        points = np.stack([rng.integers(130, 370, 6), rng.integers(20, 190, 6)], axis=1).astype(np.int32)
        cv2.polylines(pixels, [points], isClosed=False, color=40, thickness=5)
    found = boxes(segment(FingerImage(pixels, fgp=RIGHT_FOUR)))
    (x, y), (wide, high) = HAND[FingerPosition.RIGHT_INDEX]
    assert np.abs(np.array(found[FingerPosition.RIGHT_INDEX]) - (x - wide, x + wide, y - high, y + high)).max() <= 64


def test_a_smear_without_ridges_belongs_to_the_finger_that_was_smeared():
    pixels = np.array(drawn(HAND.values()).pixels)
    (x, y), (wide, high) = HAND[FingerPosition.RIGHT_MIDDLE]
    inside = np.asarray(drawn([HAND[FingerPosition.RIGHT_MIDDLE]]).pixels) < 180
    smeared = cv2.dilate(inside.astype(np.uint8), np.ones((9, 9))) > 0
    smeared[:, : x + 50] = False
    pixels[smeared] = 110
    found = boxes(segment(FingerImage(pixels, fgp=RIGHT_FOUR)))[FingerPosition.RIGHT_MIDDLE]
    assert np.abs(np.array(found) - (x - wide, x + wide, y - high, y + high)).max() <= study.EDGE_PX


def test_an_outline_runs_clockwise_around_its_finger_and_inside_its_box():
    for finger in segment(drawn(HAND.values())).fingers:
        corners = np.array(finger.outline)
        after = np.roll(corners, -1, axis=0)
        # twice the area; with y downwards it is positive for a way that a person sees as clockwise
        area = float((corners[:, 0] * after[:, 1] - after[:, 0] * corners[:, 1]).sum())
        box = (finger.right - finger.left) * (finger.bottom - finger.top)
        assert 0.6 * box < area / 2 < 0.9 * box
        assert corners.min(axis=0).tolist() >= [finger.left, finger.top]
        assert (corners.max(axis=0) <= (finger.right, finger.bottom)).all()
        assert 6 <= len(corners) <= 30


def test_a_box_says_how_much_of_it_is_print_of_other_fingers():
    assert max(f.neighbours for f in segment(drawn(HAND.values())).fingers) == 0
    # pushed under each other, so that no upright box can part them
    close = [((x - 130 * place, y + 20 * place), axes) for place, ((x, y), axes) in enumerate(HAND.values())]
    assert max(f.neighbours for f in segment(drawn(close, shift=190)).fingers) > 0.02
