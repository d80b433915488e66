"""Fingers without ridges: statistics, structure, and that one person's readings are more alike than two people's."""

import math
from dataclasses import replace

import numpy as np

from tenprint.core.fingers import SINGLE_FINGERS, Impression
from tenprint.core.template import Template
from tenprint.synth.flow import ridge_orientation
from tenprint.synth.parameters import ROLLED, SPARSE
from tenprint.synth.person import make_person
from tenprint.synth.population import _keep_apart, _turned, background, sparse_truth, truth_templates
from tenprint.synth.skeleton import Minutiae

SUBJECTS = list(background(40, 9))
PERSON, STRANGER = make_person(51, 0), make_person(51, 1)


def likeness(a: Template, b: Template) -> float:
    """Naive: the largest share of minutiae that one shift brings together, directions agreeing."""
    turn = a.radians[:, None] - b.radians[None, :]
    alike = np.cos(turn) > math.cos(0.4)
    shift_x = a.x.astype(int)[:, None] - b.x.astype(int)[None, :]
    shift_y = a.y.astype(int)[:, None] - b.y.astype(int)[None, :]
    votes, _, _ = np.histogram2d(shift_x[alike], shift_y[alike], bins=np.arange(-700, 701, 20))
    return float(votes.max()) / min(len(a), len(b))


def test_every_subject_has_ten_rolled_templates_and_a_name_of_its_own() -> None:
    assert len({name for name, _ in SUBJECTS}) == len(SUBJECTS)
    for _, templates in SUBJECTS:
        assert tuple(templates) == SINGLE_FINGERS
        for fgp, template in templates.items():
            assert template.fgp is fgp
            assert template.impression is Impression.LIVESCAN_ROLLED
            assert (template.width, template.height) == (800, 750)
            assert Template.from_bytes(template.to_bytes()).to_bytes() == template.to_bytes()


def test_counts_spread_as_on_rolled_prints() -> None:
    counts = np.array([len(template) for _, templates in SUBJECTS for template in templates.values()])
    assert 75 < counts.mean() < 110
    assert 15 < counts.std() < 40
    assert counts.min() >= 25


def test_a_subject_does_not_depend_on_how_many_are_drawn() -> None:
    name, templates = list(background(3, 9))[2]
    assert name == SUBJECTS[2][0]
    assert all(templates[fgp].to_bytes() == SUBJECTS[2][1][fgp].to_bytes() for fgp in SINGLE_FINGERS)
    assert next(background(1, 10))[1][SINGLE_FINGERS[0]].to_bytes() != SUBJECTS[0][1][SINGLE_FINGERS[0]].to_bytes()


def test_directions_follow_the_flow_and_are_no_uniform_noise() -> None:
    for plan in PERSON.plans:
        truth = sparse_truth(plan, np.random.default_rng(1))
        away = np.abs(np.sin(truth.angle - ridge_orientation(plan, truth.x, truth.y)))
        assert np.percentile(away, 95) < 0.25


def test_minutiae_crowd_at_singular_points_and_keep_apart() -> None:
    near, all_of_them, near_area, area = 0, 0, 0.0, 0.0
    for index in range(8):
        for plan in make_person(52, index).plans:
            truth = sparse_truth(plan, np.random.default_rng(index))
            points = truth.x + 1j * truth.y
            apart = np.abs(points[:, None] - points[None, :])
            np.fill_diagonal(apart, 99)
            assert apart.min() >= SPARSE.apart_px
            all_of_them, area = all_of_them + len(truth), area + 310_000 * plan.size**2
            for core_x, core_y in plan.cores[:1]:
                near += int((np.abs(points - complex(core_x, core_y)) < 40).sum())
                near_area += math.pi * 40**2
    assert near / near_area > 1.5 * all_of_them / area


def test_keeping_apart_equals_the_slow_twin() -> None:
    x, y = np.random.default_rng(6).uniform(0, 100, (2, 150))
    kept: list[int] = []
    for i in range(150):
        if all(math.hypot(x[i] - x[j], y[i] - y[j]) >= 9 for j in kept):
            kept.append(i)
    assert np.flatnonzero(_keep_apart(x, y, 9.0)).tolist() == kept


def test_two_readings_of_one_person_are_alike_and_those_of_two_people_are_not() -> None:
    enrolled = truth_templates(PERSON, 1, Impression.LIVESCAN_ROLLED)
    booked = truth_templates(PERSON, 2, Impression.LIVESCAN_PLAIN)
    other = truth_templates(STRANGER, 2, Impression.LIVESCAN_PLAIN)
    own = [likeness(enrolled[fgp], booked[fgp]) for fgp in SINGLE_FINGERS]
    foreign = [likeness(enrolled[fgp], other[fgp]) for fgp in SINGLE_FINGERS]
    assert np.mean(own) > 2 * np.mean(foreign)
    assert min(own) > np.mean(foreign)


def test_readings_repeat_with_their_seed_and_differ_between_seeds() -> None:
    first, again, second = (truth_templates(PERSON, seed, Impression.LIVESCAN_ROLLED) for seed in (1, 1, 2))
    for fgp in SINGLE_FINGERS:
        assert first[fgp].to_bytes() == again[fgp].to_bytes()
        assert first[fgp].to_bytes() != second[fgp].to_bytes()


def test_a_finger_that_turns_turns_its_minutiae_with_it():
    """Two minutiae, the second in the direction of the first: after any turn it still lies there."""
    pair = Minutiae(np.array([0.0, 60.0]), np.array([0.0, 0.0]), np.zeros(2), np.ones(2, np.uint8))
    for seed in range(5):
        turned = _turned(pair, replace(ROLLED, turn_sd_rad=1.0), np.random.default_rng(seed))
        towards = math.atan2(turned.y[1] - turned.y[0], turned.x[1] - turned.x[0])
        assert np.allclose(np.exp(1j * turned.angle), np.exp(1j * towards))
