"""One whole comparison in compiled code: links, hypotheses, pairing, terms, score; and one finger against many."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tenprint.engine.compare._jit import kernel
from tenprint.engine.compare.links import candidate_links, code_similarities, hypothesis, link_support
from tenprint.engine.compare.pairing import FEWEST, elastic_pairing
from tenprint.engine.compare.placement import (
    STEPS_PER_RADIAN,
    Columns,
    Floats,
    Indices,
    Placed,
    angle_off,
    as_placed,
    count_inside,
    inverse,
    moved,
    octagon,
    rigid_motion,
)
from tenprint.engine.parameters.comparison import PairingParameters, ScoreWeights

TERMS = 7
COVERAGE, PAIRS, SIMILARITY, DISTANCE, TURN, KIND, MISSED = range(TERMS)
POINT = 1000


@kernel
def measured_terms(  # noqa: PLR0917
    a: Placed,
    placed: Placed,
    kinds: tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]],
    similar: Floats,
    pairs: tuple[Indices, Indices],
    overlap: tuple[int, int],
    rule: PairingParameters,
) -> Floats:
    """Return the terms of one pairing, shape (7,), in the order of the constants above.

    `overlap` counts the minutiae of a inside b's outline and of b inside a's; all of them would pair in an ideal mate.
    """
    terms = np.zeros(TERMS)
    first, second = pairs
    count = first.shape[0]
    for p in range(count):
        i, j = first[p], second[p]
        right, down = a.x[i] - placed.x[j], a.y[i] - placed.y[j]
        turn = angle_off(a.angle[i], placed.angle[j]) / (rule.final_rad * STEPS_PER_RADIAN)
        terms[SIMILARITY] += similar[i, j]
        terms[DISTANCE] += (right * right + down * down) / (rule.final_px * rule.final_px)
        terms[TURN] += turn * turn
        if kinds[0][i] == kinds[1][j]:
            terms[KIND] += 1
    expected_a, expected_b = max(count, overlap[0]), max(count, overlap[1])
    terms[PAIRS] = count
    terms[MISSED] = expected_a + expected_b - 2 * count
    if count > 0:
        terms[COVERAGE] = count * count / math.sqrt(expected_a * expected_b)
    return terms


@kernel
def score_of(terms: Floats, weights: ScoreWeights) -> int:
    """Return the similarity in thousandths of a point: each term's points rounded, then added; never below 0."""
    points = int(np.rint(POINT * weights.base))
    for term in range(TERMS):
        points += int(np.rint(POINT * weights[term] * terms[term]))
    return max(points, 0)


@kernel
def compare_columns(
    finger_a: Columns, finger_b: Columns, rule: PairingParameters, weights: ScoreWeights
) -> tuple[int, Floats, Indices, Indices]:
    """Return score, terms and pairs of the best hypothesis; all zero and empty when nothing agrees."""
    best, best_terms = 0, np.zeros(TERMS)
    best_first = best_second = np.empty(0, np.int64)
    if finger_a.x.shape[0] < FEWEST or finger_b.x.shape[0] < FEWEST:
        return best, best_terms, best_first, best_second
    a, b = as_placed(finger_a), as_placed(finger_b)
    similar = code_similarities(finger_a.codes, finger_b.codes)
    links = candidate_links(similar, a, b, rule)
    support = link_support(links, a, b, rule)
    used = np.zeros(support.shape[0], np.bool_)
    bounds_a, bounds_b = octagon(a), octagon(b)
    for _ in range(rule.max_hypotheses):
        first, second, weight = hypothesis(links, support, used, a, b, rule)
        if first.shape[0] < FEWEST:
            continue
        start = rigid_motion(a, b, first, second, weight)
        motion, placed, first, second = elastic_pairing(a, b, similar, start, rule)
        if first.shape[0] < FEWEST:
            continue
        overlap = (
            count_inside(moved(a, inverse(motion)), bounds_b, rule.overlap_margin_px),
            count_inside(moved(b, motion), bounds_a, rule.overlap_margin_px),
        )
        kinds = (finger_a.kind, finger_b.kind)
        terms = measured_terms(a, placed, kinds, similar, (first, second), overlap, rule)
        score = score_of(terms, weights)
        if score > best:
            best, best_terms, best_first, best_second = score, terms, first, second
    return best, best_terms, best_first, best_second


@kernel
def compare_chosen(
    probe: Columns,
    gallery: Columns,
    place: tuple[np.uint64, npt.NDArray[np.uint64], Indices, Indices],
    rule: PairingParameters,
    weights: ScoreWeights,
) -> Indices:
    """Return the scores of one finger against the chosen enrolled fingers, shape of `chosen`; 0 for an empty finger.

    Args:
        probe: the finger searched.
        gallery: all enrolled fingers of the position, one after the other.
        place: the probe's key, the enrolled fingers' keys (n,), their first rows (n + 1,), the chosen ones (m,).
    """
    probe_key, keys, starts, chosen = place
    scores = np.zeros(chosen.shape[0], np.int64)
    for number in range(chosen.shape[0]):
        first, last = starts[chosen[number]], starts[chosen[number] + 1]
        other = Columns(
            gallery.x[first:last],
            gallery.y[first:last],
            gallery.angle[first:last],
            gallery.kind[first:last],
            gallery.quality[first:last],
            gallery.codes[first:last],
        )
        if keys[chosen[number]] < probe_key:
            scores[number] = compare_columns(other, probe, rule, weights)[0]
        else:
            scores[number] = compare_columns(probe, other, rule, weights)[0]
    return scores
