"""The law of placements: what lies on the skin is found in the image where the map says."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tenprint.synth.distortion import draw_placement
from tenprint.synth.master import to_canvas
from tenprint.synth.parameters import PLAIN, ROLLED
from tenprint.synth.skeleton import Minutiae


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), rolled=st.booleans(), lean=st.floats(-0.3, 0.3))
def test_going_to_the_image_and_back_returns_to_the_same_place(seed: int, rolled: bool, lean: float) -> None:
    rng = np.random.default_rng(seed)
    placement = draw_placement(rng, ROLLED if rolled else PLAIN, (800, 750), (400, 340), lean)
    x, y = rng.uniform(-250, 250, (2, 50))
    back_x, back_y = placement.skin_points(*placement.image_points(x, y))
    assert np.hypot(back_x - x, back_y - y).max() < 0.5


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), lean=st.floats(-1.0, 1.0))
def test_directions_turn_with_the_finger(seed: int, lean: float) -> None:
    rng = np.random.default_rng(seed)
    placement = draw_placement(rng, PLAIN, (800, 750), (400, 340), lean)
    x, y = to_canvas(*rng.uniform(-200, 200, (2, 40)))
    angle = rng.uniform(0, 2 * math.pi, 40)
    carried = placement.carry(Minutiae(x, y, angle, np.ones(40, np.uint8)))
    turned = np.angle(np.exp(1j * (carried.angle - angle)))
    # the elastic part turns directions only a little around the turn of the whole finger
    assert np.abs(np.angle(np.exp(1j * (turned - placement.turn_rad)))).max() < 0.45


def test_a_finger_that_leans_is_turned_by_that_much_on_average() -> None:
    rng = np.random.default_rng(3)
    for lean in (-0.4, 0.0, 0.4):
        turns = [draw_placement(rng, PLAIN, (800, 750), (400, 340), lean).turn_rad for _ in range(200)]
        assert abs(np.mean(turns) - lean) < 4 * PLAIN.turn_sd_rad / math.sqrt(200)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_the_maps_that_draw_the_image_agree_with_those_that_carry_the_truth(seed: int) -> None:
    rng = np.random.default_rng(seed)
    placement = draw_placement(rng, ROLLED, (800, 750), (400, 340))
    map_x, map_y = placement.sampling_maps()
    assert map_x.shape == map_y.shape == (750, 800)
    canvas_x, canvas_y = to_canvas(*rng.uniform(-180, 180, (2, 30)))
    carried = placement.carry(Minutiae(canvas_x, canvas_y, np.zeros(30), np.ones(30, np.uint8)))
    column, row = np.rint(carried.x).astype(int), np.rint(carried.y).astype(int)
    # rounding to a pixel moves a point by up to 0.71 px
    assert np.hypot(map_x[row, column] - canvas_x, map_y[row, column] - canvas_y).max() < 1.2
