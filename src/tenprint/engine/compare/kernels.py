"""The compiled steps of one comparison, in the order they run.

similar codes -> candidate links -> links that agree in rotation and place -> rigid alignment -> one-to-one pairing
under an elastic warp -> terms. All kernels that call each other stand in this file (see `_jit.kernel`). Positions are
pixels at 500 ppi with y downwards; angles are 65,536 steps a turn, counter-clockwise, so that differences wrap by
themselves. "a" is the first finger in canonical order, "b" the second; b is moved onto a.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tenprint.engine.compare._jit import count_ones, kernel
from tenprint.engine.parameters.comparison import PairingParameters, ScoreWeights

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
TERMS = 7
COVERAGE, PAIRS, SIMILARITY, DISTANCE, TURN, KIND, MISSED = range(TERMS)
FEWEST = 2
STEPS_PER_RADIAN = 65536 / (2 * math.pi)
SIMILARITY_BINS = 1024


class Columns(NamedTuple):
    """One finger as the kernels read it, or all fingers of a gallery one after the other.

    Shapes (n,) and, for `codes`, (n, 4); types as in `core.template.Template` and `codes.build_codes`.
    """

    x: npt.NDArray[np.uint16]
    y: npt.NDArray[np.uint16]
    angle: npt.NDArray[np.uint16]
    kind: npt.NDArray[np.uint8]
    quality: npt.NDArray[np.uint8]
    codes: npt.NDArray[np.uint64]


class Links(NamedTuple):
    """Candidate links: minutia of a, minutia of b, code similarity, rotation b to a as cosine and sine; (m,) each."""

    a: Indices
    b: Indices
    similarity: Floats
    cosine: Floats
    sine: Floats


class Placed(NamedTuple):
    """One finger's minutiae as pixels and angle steps, shape (n,) each, after a movement."""

    x: Floats
    y: Floats
    angle: Floats


class Motion(NamedTuple):
    """A rigid movement of b onto a: turn by (cosine, sine) in image axes, then shift by pixels."""

    cosine: float
    sine: float
    right: float
    down: float


@kernel
def code_similarities(codes_a: npt.NDArray[np.uint64], codes_b: npt.NDArray[np.uint64]) -> Floats:
    """Return the Dice similarity of all codes, shape (n_a, n_b), 0 to 1 (exclusive)."""
    similar = np.empty((codes_a.shape[0], codes_b.shape[0]))
    ones_b = np.zeros(codes_b.shape[0], np.int64)
    for j in range(codes_b.shape[0]):
        for word in range(codes_b.shape[1]):
            ones_b[j] += np.int64(count_ones(codes_b[j, word]))
    for i in range(codes_a.shape[0]):
        ones = np.int64(1)
        for word in range(codes_a.shape[1]):
            ones += np.int64(count_ones(codes_a[i, word]))
        for j in range(codes_b.shape[0]):
            common = np.int64(0)
            for word in range(codes_a.shape[1]):
                common += np.int64(count_ones(codes_a[i, word] & codes_b[j, word]))
            similar[i, j] = 2.0 * common / (ones + ones_b[j])
    return similar


@kernel
def _keep_best(best: Floats, value: float) -> None:
    """Insert `value` into `best` (falling, fixed length) if it belongs there."""
    place = best.shape[0] - 1
    if value <= best[place]:
        return
    while place > 0 and best[place - 1] < value:
        best[place] = best[place - 1]
        place -= 1
    best[place] = value


@kernel
def link_floor(similar: Floats, rivals: int, min_similarity: float) -> tuple[Floats, Floats]:
    """Return, per minutia of a and of b, the similarity of its `rivals`-th best partner, at least the minimum."""
    best_a = np.full((similar.shape[0], rivals), min_similarity)
    best_b = np.full((similar.shape[1], rivals), min_similarity)
    for i in range(similar.shape[0]):
        for j in range(similar.shape[1]):
            value = similar[i, j]
            if value > min_similarity:
                _keep_best(best_a[i], value)
                _keep_best(best_b[j], value)
    return best_a[:, rivals - 1].copy(), best_b[:, rivals - 1].copy()


@kernel
def candidate_links(similar: Floats, angle_a: Floats, angle_b: Floats, rule: PairingParameters) -> Links:
    """Return the links that are among the best of either end, the most similar ones if there are too many."""
    floor_a, floor_b = link_floor(similar, rule.rivals, rule.min_similarity)
    counts = np.zeros(SIMILARITY_BINS + 1, np.int64)
    for i in range(similar.shape[0]):
        for j in range(similar.shape[1]):
            value = similar[i, j]
            if value > rule.min_similarity and (value >= floor_a[i] or value >= floor_b[j]):
                counts[int(value * SIMILARITY_BINS)] += 1
    lowest, total = SIMILARITY_BINS, counts[SIMILARITY_BINS]
    while lowest > 0 and total + counts[lowest - 1] <= rule.max_links:
        lowest -= 1
        total += counts[lowest]
    links = Links(
        np.empty(total, np.int64), np.empty(total, np.int64), np.empty(total), np.empty(total), np.empty(total)
    )
    found = 0
    lowest_similarity = max(rule.min_similarity, lowest / SIMILARITY_BINS)
    for i in range(similar.shape[0]):
        for j in range(similar.shape[1]):
            value = similar[i, j]
            wanted = value >= lowest_similarity and value > rule.min_similarity
            if wanted and (value >= floor_a[i] or value >= floor_b[j]):
                # y runs downwards while angles are counter-clockwise, hence the sign
                turn = (angle_b[j] - angle_a[i]) / STEPS_PER_RADIAN
                links.a[found], links.b[found], links.similarity[found] = i, j, value
                links.cosine[found], links.sine[found] = math.cos(turn), math.sin(turn)
                found += 1
    return links


@kernel
def agreement(  # noqa: PLR0917
    links: Links, p: int, q: int, a: Placed, b: Placed, rule: PairingParameters
) -> float:
    """Return how well two links agree on one rigid movement: 1 perfectly, 0 at the tolerance, -1 not at all.

    The edge between both minutiae must be the same edge in both fingers, up to a distance that grows with its length
    because skin stretches.
    """
    if links.a[p] == links.a[q] or links.b[p] == links.b[q]:
        return -1.0
    same_turn = links.cosine[p] * links.cosine[q] + links.sine[p] * links.sine[q]
    if same_turn < math.cos(rule.consistent_rad):
        return -1.0
    cosine, sine = links.cosine[p] + links.cosine[q], links.sine[p] + links.sine[q]
    length = math.sqrt(cosine * cosine + sine * sine)
    edge_ax, edge_ay = a.x[links.a[q]] - a.x[links.a[p]], a.y[links.a[q]] - a.y[links.a[p]]
    edge_bx, edge_by = b.x[links.b[q]] - b.x[links.b[p]], b.y[links.b[q]] - b.y[links.b[p]]
    off_x = (cosine * edge_bx - sine * edge_by) / length - edge_ax
    off_y = (sine * edge_bx + cosine * edge_by) / length - edge_ay
    allowed = rule.consistent_px + rule.consistent_px_per_px * math.sqrt(edge_ax * edge_ax + edge_ay * edge_ay)
    return float(1.0 - (off_x * off_x + off_y * off_y) / (allowed * allowed))


@kernel
def link_support(links: Links, a: Placed, b: Placed, rule: PairingParameters) -> Floats:
    """Return per link its own similarity plus that of all links that agree with it, shape (m,)."""
    support = links.similarity.copy()
    for p in range(support.shape[0]):
        for q in range(p + 1, support.shape[0]):
            agree = agreement(links, p, q, a, b, rule)
            if agree > 0:
                support[p] += agree * links.similarity[q]
                support[q] += agree * links.similarity[p]
    return support


@kernel
def rigid_motion(a: Placed, b: Placed, first: Indices, second: Indices, weight: Floats) -> Motion:
    """Return the movement that brings b's `second` onto a's `first` with the least weighted squared distance."""
    total = weight.sum()
    ax = ay = bx = by = 0.0
    for p in range(first.shape[0]):
        ax += weight[p] * a.x[first[p]]
        ay += weight[p] * a.y[first[p]]
        bx += weight[p] * b.x[second[p]]
        by += weight[p] * b.y[second[p]]
    ax, ay, bx, by = ax / total, ay / total, bx / total, by / total
    along = across = 0.0
    for p in range(first.shape[0]):
        x, y = b.x[second[p]] - bx, b.y[second[p]] - by
        u, v = a.x[first[p]] - ax, a.y[first[p]] - ay
        along += weight[p] * (x * u + y * v)
        across += weight[p] * (x * v - y * u)
    length = math.sqrt(along * along + across * across)
    cosine, sine = (along / length, across / length) if length > 0 else (1.0, 0.0)
    return Motion(cosine, sine, ax - (cosine * bx - sine * by), ay - (sine * bx + cosine * by))


@kernel
def moved(b: Placed, motion: Motion) -> Placed:
    """Return b after the movement."""
    turn = math.atan2(motion.sine, motion.cosine) * STEPS_PER_RADIAN
    return Placed(
        motion.cosine * b.x - motion.sine * b.y + motion.right,
        motion.sine * b.x + motion.cosine * b.y + motion.down,
        b.angle - turn,
    )


@kernel
def angle_off(one: float, other: float) -> float:
    """Return the difference of two angles in steps, -32768 to 32768."""
    return one - other - 65536.0 * math.floor((one - other) / 65536.0 + 0.5)


@kernel
def one_to_one(  # noqa: PLR0917
    a: Placed, b: Placed, similar: Floats, reach_px: float, reach_rad: float, weight: float
) -> tuple[Indices, Indices]:
    """Pair minutiae of a and of the moved b within reach, the cheapest pairs first; equal shapes (pairs,).

    The cost is squared distance and squared turn in units of the reach, less the weighted code similarity.
    """
    count_a, count_b = a.x.shape[0], b.x.shape[0]
    capacity = 4 * (count_a + count_b)
    first, second, cost = np.empty(capacity, np.int64), np.empty(capacity, np.int64), np.empty(capacity)
    found = 0
    reach_steps = reach_rad * STEPS_PER_RADIAN
    for i in range(count_a):
        for j in range(count_b):
            right, down = a.x[i] - b.x[j], a.y[i] - b.y[j]
            distance = (right * right + down * down) / (reach_px * reach_px)
            if distance <= 1.0 and found < capacity:
                turn = angle_off(a.angle[i], b.angle[j]) / reach_steps
                if abs(turn) <= 1.0:
                    first[found], second[found] = i, j
                    cost[found] = distance + turn * turn - weight * similar[i, j]
                    found += 1
    order = np.argsort(cost[:found], kind="mergesort")
    free_a, free_b = np.ones(count_a, np.bool_), np.ones(count_b, np.bool_)
    pairs = 0
    kept_a, kept_b = np.empty(min(count_a, count_b), np.int64), np.empty(min(count_a, count_b), np.int64)
    for p in order:
        if free_a[first[p]] and free_b[second[p]]:
            free_a[first[p]] = free_b[second[p]] = False
            kept_a[pairs], kept_b[pairs] = first[p], second[p]
            pairs += 1
    return kept_a[:pairs], kept_b[:pairs]


@kernel
def warped(a: Placed, b: Placed, first: Indices, second: Indices, rule: PairingParameters) -> Placed:
    """Return the moved b, each minutia shifted by what the pairs around it are off, itself left out.

    Weights fall with the fourth power of distance; the stiffness pulls the shift towards none where pairs are few.
    """
    x, y = np.empty(b.x.shape[0]), np.empty(b.x.shape[0])
    for j in range(b.x.shape[0]):
        total, right, down = rule.warp_stiffness, 0.0, 0.0
        for p in range(first.shape[0]):
            k = second[p]
            if k != j:
                square = (b.x[k] - b.x[j]) ** 2 + (b.y[k] - b.y[j]) ** 2
                weight = 1.0 / (1.0 + square / (2 * rule.warp_reach_px**2)) ** 2
                total += weight
                right += weight * (a.x[first[p]] - b.x[k])
                down += weight * (a.y[first[p]] - b.y[k])
        x[j], y[j] = b.x[j] + right / total, b.y[j] + down / total
    return Placed(x, y, b.angle)


@kernel
def octagon(finger: Placed) -> Floats:
    """Return the least and greatest x, y, x + y and x - y of the minutiae, shape (8,)."""
    total, difference = finger.x + finger.y, finger.x - finger.y
    return np.array(
        [
            finger.x.min(),
            finger.x.max(),
            finger.y.min(),
            finger.y.max(),
            total.min(),
            total.max(),
            difference.min(),
            difference.max(),
        ]
    )


@kernel
def count_inside(finger: Placed, bounds: Floats, margin: float) -> int:
    """Return how many minutiae lie in the octagon widened by `margin` px."""
    slant = margin * math.sqrt(2.0)
    inside = 0
    for i in range(finger.x.shape[0]):
        x, y = finger.x[i], finger.y[i]
        if (
            bounds[0] - margin <= x <= bounds[1] + margin
            and bounds[2] - margin <= y <= bounds[3] + margin
            and bounds[4] - slant <= x + y <= bounds[5] + slant
            and bounds[6] - slant <= x - y <= bounds[7] + slant
        ):
            inside += 1
    return inside


@kernel
def inverse(motion: Motion) -> Motion:
    """Return the movement of a onto b."""
    return Motion(
        motion.cosine,
        -motion.sine,
        -(motion.cosine * motion.right + motion.sine * motion.down),
        motion.sine * motion.right - motion.cosine * motion.down,
    )


@kernel
def hypothesis(  # noqa: PLR0917
    links: Links, support: Floats, used: npt.NDArray[np.bool_], a: Placed, b: Placed, rule: PairingParameters
) -> tuple[Indices, Indices, Floats]:
    """Return the links that agree with the best supported unused one: minutiae of a, of b, weights; marks them used."""
    seed = -1
    for p in range(support.shape[0]):
        if not used[p] and (seed < 0 or support[p] > support[seed]):
            seed = p
    first, second = np.empty(support.shape[0], np.int64), np.empty(support.shape[0], np.int64)
    weight = np.empty(support.shape[0])
    found = 0
    if seed >= 0:
        used[seed] = True
        for p in range(support.shape[0]):
            agree = 1.0 if p == seed else agreement(links, seed, p, a, b, rule)
            if agree > 0:
                used[p] = True
                first[found], second[found], weight[found] = links.a[p], links.b[p], support[p] * agree
                found += 1
    return first[:found], second[:found], weight[:found]


@kernel
def elastic_pairing(
    a: Placed, b: Placed, similar: Floats, motion: Motion, rule: PairingParameters
) -> tuple[Motion, Placed, Indices, Indices]:
    """Pair rigidly, then under a warp that follows the pairs found; return movement, warped b and the pairs."""
    placed = moved(b, motion)
    first, second = one_to_one(a, placed, similar, rule.first_px, rule.first_rad, rule.similarity_weight)
    for _ in range(rule.warp_rounds):
        if first.shape[0] < FEWEST:
            break
        motion = rigid_motion(a, b, first, second, np.ones(first.shape[0]))
        rigid = moved(b, motion)
        placed = warped(a, rigid, first, second, rule)
        first, second = one_to_one(a, placed, similar, rule.final_px, rule.final_rad, rule.similarity_weight)
    return motion, placed, first, second


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
    points = int(np.rint(1000 * weights.base))
    for term in range(TERMS):
        points += int(np.rint(1000 * weights[term] * terms[term]))
    return max(points, 0)


@kernel
def as_placed(finger: Columns) -> Placed:
    """Return positions and angles as floating numbers."""
    return Placed(finger.x.astype(np.float64), finger.y.astype(np.float64), finger.angle.astype(np.float64))


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
    links = candidate_links(similar, a.angle, b.angle, rule)
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
