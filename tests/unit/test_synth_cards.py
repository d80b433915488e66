"""Cards: sizes, boxes, truth carried along, and that the same seed presses the same prints."""

import itertools
import math

import cv2
import numpy as np
import pytest

from tenprint.core.errors import SenderError
from tenprint.core.fingers import PLAIN_SETS, SINGLE_FINGERS, FingerPosition, Impression
from tenprint.core.image import FingerImage
from tenprint.core.template import Template
from tenprint.core.trace import collect
from tenprint.synth.cards import finger_places, render_card, render_plain, render_plain_set, render_rolled
from tenprint.synth.conditions import SKINS, Condition
from tenprint.synth.impression import _visible
from tenprint.synth.person import make_person
from tenprint.synth.skeleton import Minutiae

PERSON = make_person(41, 0)
INDEX = FingerPosition.RIGHT_INDEX


def _ridge_share_at(image: FingerImage, truth: Template) -> float:
    """Share of minutiae in whose neighbourhood both ridge and paper are seen."""
    seen = 0
    for x, y in zip(truth.x.astype(int), truth.y.astype(int), strict=True):
        window = image.pixels[max(0, y - 6) : y + 7, max(0, x - 6) : x + 7]
        seen += int(window.min()) < 140 < int(window.max())
    return seen / len(truth)


def _orientation_errors(image: FingerImage, truth: Template) -> np.ndarray:
    """Angles (rad, 0 to pi/2) between each minutia's direction and the ridges drawn around it."""
    down, right = np.gradient(cv2.GaussianBlur(image.pixels.astype(np.float64), (0, 0), 1.5))
    doubled = cv2.GaussianBlur((right + 1j * -down).view(np.float64).reshape(*right.shape, 2), (0, 0), 1)
    square = (doubled[..., 0] + 1j * doubled[..., 1]) ** 2
    tensor = cv2.GaussianBlur(square.real, (0, 0), 7) + 1j * cv2.GaussianBlur(square.imag, (0, 0), 7)
    across = np.angle(tensor[truth.y.astype(int), truth.x.astype(int)]) / 2
    off = truth.radians.astype(np.float64) - (across + math.pi / 2)
    return np.abs((off + math.pi / 2) % math.pi - math.pi / 2)


def test_truth_counts_only_what_the_ink_shows_inside_the_contact() -> None:
    stripes = np.tile(np.sin(np.arange(120) * 2 * np.pi / 9), (120, 1)).astype(np.float32)
    ink = (stripes > 0).astype(np.float32)
    ink[:, 60:] = 1 - ink[:, 60:]  # smeared: paper where the skin has ridges
    rim = np.full((120, 120), 30, np.float32)
    rim[60:] = -30  # outside the contact
    x, y = np.array([30.0, 90.0, 30.0, 90.0, -5.0]), np.array([30.0, 30.0, 90.0, 90.0, 30.0])
    seen, quality = _visible(Minutiae(x, y, np.zeros(5), np.ones(5, np.uint8)), stripes, ink, rim)
    assert (x[seen].tolist(), y[seen].tolist()) == ([30.0], [30.0])
    assert quality[seen].tolist() == [63]


def test_ridges_are_drawn_in_the_direction_that_the_truth_says() -> None:
    rolled = render_rolled(PERSON, 1, INDEX)
    thumb_set = render_plain_set(PERSON, 1, FingerPosition.PLAIN_LEFT_THUMB)
    for image, truth in (
        (rolled.image, rolled.truth),
        (thumb_set.image, thumb_set.truth[FingerPosition.LEFT_THUMB]),
    ):
        errors = _orientation_errors(image, truth)
        assert np.median(errors) < math.radians(12)
        assert (errors < math.radians(30)).mean() > 0.8


def test_the_box_of_a_plain_set_is_where_the_ink_is() -> None:
    plain_set = render_plain_set(PERSON, 1, FingerPosition.PLAIN_LEFT_THUMB)
    left, right, top, bottom = plain_set.boxes[FingerPosition.LEFT_THUMB]
    dark = plain_set.image.pixels < 140
    columns, rows = np.flatnonzero(dark.sum(axis=0) > 2), np.flatnonzero(dark.sum(axis=1) > 2)
    found = np.array([columns[0], columns[-1], rows[0], rows[-1]])
    inwards = np.array([1, -1, 1, -1]) * (found - [left, right, top, bottom])
    assert (inwards >= -3).all()
    assert (inwards <= 45).all()


def test_a_rolled_impression_has_the_size_of_ebts_and_shows_its_truth() -> None:
    rolled = render_rolled(PERSON, 1, INDEX)
    assert rolled.image.pixels.shape == (750, 800)
    assert (rolled.image.fgp, rolled.image.impression, rolled.image.ppi) == (INDEX, Impression.LIVESCAN_ROLLED, 500)
    assert (rolled.truth.width, rolled.truth.height, rolled.truth.fgp) == (800, 750, INDEX)
    assert rolled.truth.impression is Impression.LIVESCAN_ROLLED
    assert 45 <= len(rolled.truth) <= 150
    assert _ridge_share_at(rolled.image, rolled.truth) > 0.95


def test_paper_is_light_and_ridges_are_dark() -> None:
    pixels = render_rolled(PERSON, 1, INDEX).image.pixels
    border = np.concatenate([pixels[:12].ravel(), pixels[:, :12].ravel()])
    assert np.median(border) > 215
    assert np.percentile(pixels[250:450, 300:500], 15) < 110


def test_the_same_seed_presses_the_same_print_and_another_seed_another() -> None:
    first, again, other = (render_plain(PERSON, seed, INDEX) for seed in (1, 1, 2))
    assert first.image.digest == again.image.digest
    assert first.truth.to_bytes() == again.truth.to_bytes()
    assert first.image.digest != other.image.digest


def test_a_plain_impression_shows_less_than_the_rolled_one() -> None:
    assert 12 <= len(render_plain(PERSON, 1, INDEX).truth) < len(render_rolled(PERSON, 1, INDEX).truth)


def test_pressing_names_its_intermediates() -> None:
    with collect(("synth.contact", "synth.ink")) as seen:
        render_plain(PERSON, 1, INDEX)
    assert seen["synth.ink"].shape == seen["synth.contact"].shape == (620, 460)
    assert 0 <= seen["synth.ink"].min() < seen["synth.ink"].max() <= 1


def test_a_thumb_set_keeps_the_box_of_its_thumb_and_cuts_it_out() -> None:
    thumb = FingerPosition.LEFT_THUMB
    plain_set = render_plain_set(PERSON, 1, FingerPosition.PLAIN_LEFT_THUMB)
    assert plain_set.image.pixels.shape == (1000, 500)
    left, right, top, bottom = plain_set.boxes[thumb]
    truth = plain_set.truth[thumb]
    assert left <= truth.x.min() <= truth.x.max() <= right
    assert top <= truth.y.min() <= truth.y.max() <= bottom
    cut = plain_set.cut(thumb)
    assert (cut.image.width, cut.image.height) == (right - left + 1, bottom - top + 1)
    assert cut.image.fgp is thumb
    assert np.array_equal(cut.truth.x.astype(int) + left, truth.x.astype(int))
    assert np.array_equal(cut.truth.angle, truth.angle)
    with pytest.raises(SenderError, match="SYNTH_FINGER"):
        plain_set.cut(FingerPosition.RIGHT_THUMB)


def test_a_turned_hand_turns_as_a_whole() -> None:
    straight, turned = (np.array(finger_places(FingerPosition.PLAIN_RIGHT_FOUR, turn)) for turn in (0.0, 7.0))
    between = [np.hypot(*(one[:, None, :2] - one[None, :, :2]).T) for one in (straight, turned)]
    assert np.allclose(*between)
    assert np.allclose(turned[:, 2] - straight[:, 2], 7.0)
    assert turned[-1, 1] < straight[-1, 1]  # counter-clockwise: the right side goes up
    assert turned[0, 1] > straight[0, 1]


def test_a_left_hand_is_a_right_one_in_a_mirror_and_the_middle_finger_reaches_highest() -> None:
    right = np.array(finger_places(FingerPosition.PLAIN_RIGHT_FOUR))
    left = np.array(finger_places(FingerPosition.PLAIN_LEFT_FOUR))
    assert np.allclose(left, np.column_stack([1600 - right[:, 0], right[:, 1], -right[:, 2]]))
    assert right[:, 1].argmin() == 1
    assert right[:, 1].argmax() == 3
    assert (np.diff(right[:, 2]) < 0).all()  # fingers fan out


def test_thumbs_lie_side_by_side_each_in_its_box_with_its_truth() -> None:
    thumbs = render_plain_set(PERSON, 1, FingerPosition.PLAIN_BOTH_THUMBS)
    assert thumbs.image.pixels.shape == (1000, 1000)
    assert thumbs.image.fgp is FingerPosition.PLAIN_BOTH_THUMBS
    assert tuple(thumbs.boxes) == (FingerPosition.LEFT_THUMB, FingerPosition.RIGHT_THUMB)
    assert thumbs.boxes[FingerPosition.LEFT_THUMB][1] < thumbs.boxes[FingerPosition.RIGHT_THUMB][0]
    assert (thumbs.conditions[FingerPosition.LEFT_THUMB] in SKINS) or len(set(thumbs.conditions.values())) == 2
    dark = thumbs.image.pixels < 110
    outside = dark.copy()
    for finger, (left, right, top, bottom) in thumbs.boxes.items():
        truth = thumbs.truth[finger]
        assert len(truth) > 10
        assert ((truth.x >= left) & (truth.x <= right) & (truth.y >= top) & (truth.y <= bottom)).all()
        outside[top : bottom + 1, left : right + 1] = False
    assert outside.sum() < 0.005 * dark.sum()  # specks of dust only


def test_a_single_finger_is_no_plain_set() -> None:
    with pytest.raises(SenderError, match="SYNTH_FINGER"):
        render_plain_set(PERSON, 1, INDEX)


@pytest.mark.slow
def test_a_card_has_fourteen_images_in_order_and_boxes_that_hold_their_minutiae_apart() -> None:
    steps: list[tuple[int, int]] = []
    card = render_card(PERSON, 3, lambda done, total: steps.append((done, total)))
    images = card.images()
    assert [image.fgp for image in images] == [*SINGLE_FINGERS, *PLAIN_SETS]
    assert [image.impression.is_rolled for image in images] == [True] * 10 + [False] * 4
    assert steps == [(done, 14) for done in range(1, 15)]
    conditions = [made.condition for made in card.rolled.values()]
    conditions += [condition for one in card.plain_sets.values() for condition in one.conditions.values()]
    assert not {Condition.DRY, Condition.WET} & set(conditions)
    assert conditions.count(Condition.GOOD) >= 12
    for position, fingers in PLAIN_SETS.items():
        plain_set = card.plain_sets[position]
        width = 500 if len(fingers) == 1 else 1600
        assert plain_set.image.pixels.shape == (1000, width)
        assert tuple(plain_set.boxes) == fingers
        for finger in fingers:
            left, right, top, bottom = plain_set.boxes[finger]
            truth = plain_set.truth[finger]
            assert 0 <= left < right < width
            assert 0 <= top < bottom < 1000
            assert len(truth) >= 8
            assert ((truth.x >= left) & (truth.x <= right) & (truth.y >= top) & (truth.y <= bottom)).all()
        lefts = sorted((plain_set.boxes[finger][0], plain_set.boxes[finger][1]) for finger in fingers)
        assert all(before[1] < after[0] for before, after in itertools.pairwise(lefts))


@pytest.mark.slow
def test_index_lies_left_on_a_right_hand_and_right_on_a_left_one() -> None:
    right = render_plain_set(PERSON, 4, FingerPosition.PLAIN_RIGHT_FOUR).boxes
    left = render_plain_set(PERSON, 4, FingerPosition.PLAIN_LEFT_FOUR).boxes
    assert right[FingerPosition.RIGHT_INDEX][0] < right[FingerPosition.RIGHT_LITTLE][0]
    assert left[FingerPosition.LEFT_INDEX][0] > left[FingerPosition.LEFT_LITTLE][0]
