"""From similar local codes to hypotheses: links between minutiae that agree on one rigid movement.

Every link means a movement of its own. Two links agree when the edge between their minutiae is the same edge in both
fingers; the link with the most agreement, and all that agree with it, is a hypothesis. After the relaxation of local
similarities by global consistency (LSS-R of the Minutia Cylinder-Code, TPAMI 32(12), 2010), in one round.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tenprint.engine.compare._jit import count_ones, kernel
from tenprint.engine.compare.placement import STEPS_PER_RADIAN, Floats, Indices, Placed
from tenprint.engine.parameters.comparison import PairingParameters

SIMILARITY_BINS = 1024


class Links(NamedTuple):
    """Candidate links: minutia of a, minutia of b, code similarity, rotation b to a as cosine and sine; (m,) each."""

    a: Indices
    b: Indices
    similarity: Floats
    cosine: Floats
    sine: Floats


@kernel
def code_similarities(codes_a: npt.NDArray[np.uint64], codes_b: npt.NDArray[np.uint64]) -> Floats:
    """Return the Dice similarity of all codes, shape (n_a, n_b), 0 to 1 (exclusive)."""
    similar = np.empty((codes_a.shape[0], codes_b.shape[0]))
    # word by word, so that the innermost loop runs in vector registers
    word_0, word_1 = codes_b[:, 0].copy(), codes_b[:, 1].copy()
    word_2, word_3 = codes_b[:, 2].copy(), codes_b[:, 3].copy()
    ones_b = np.empty(codes_b.shape[0])
    for j in range(codes_b.shape[0]):
        ones_b[j] = np.int64(
            count_ones(word_0[j]) + count_ones(word_1[j]) + count_ones(word_2[j]) + count_ones(word_3[j])
        )
    for i in range(codes_a.shape[0]):
        a, b, c, d = codes_a[i, 0], codes_a[i, 1], codes_a[i, 2], codes_a[i, 3]
        ones = 1.0 + np.int64(count_ones(a) + count_ones(b) + count_ones(c) + count_ones(d))
        for j in range(codes_b.shape[0]):
            common = np.int64(
                count_ones(word_0[j] & a)
                + count_ones(word_1[j] & b)
                + count_ones(word_2[j] & c)
                + count_ones(word_3[j] & d)
            )
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
def best_links(similar: Floats, rule: PairingParameters) -> tuple[Indices, Indices]:
    """Return the links that are among the best of either end, in rows; the most similar ones if there are too many.

    Similarities are counted in bins, and only whole bins are kept, so that at most `max_links` remain.
    """
    floor_a, floor_b = link_floor(similar, rule.rivals, rule.min_similarity)
    capacity = 2 * rule.rivals * (similar.shape[0] + similar.shape[1])
    first, second = np.empty(capacity, np.int64), np.empty(capacity, np.int64)
    counts = np.zeros(SIMILARITY_BINS + 1, np.int64)
    found = 0
    for i in range(similar.shape[0]):
        for j in range(similar.shape[1]):
            value = similar[i, j]
            if (value >= floor_a[i] or value >= floor_b[j]) and value > rule.min_similarity and found < capacity:
                counts[int(value * SIMILARITY_BINS)] += 1
                first[found], second[found] = i, j
                found += 1
    lowest, total = SIMILARITY_BINS, counts[SIMILARITY_BINS]
    while lowest > 0 and total + counts[lowest - 1] <= rule.max_links:
        lowest -= 1
        total += counts[lowest]
    kept = 0
    for p in range(found):
        if int(similar[first[p], second[p]] * SIMILARITY_BINS) >= lowest:
            first[kept], second[kept] = first[p], second[p]
            kept += 1
    return first[:kept], second[:kept]


@kernel
def candidate_links(similar: Floats, a: Placed, b: Placed, rule: PairingParameters) -> Links:
    """Return the best links with their similarity and the rotation that each one means."""
    first, second = best_links(similar, rule)
    links = Links(first, second, np.empty(len(first)), np.empty(len(first)), np.empty(len(first)))
    for p in range(len(first)):
        # y runs downwards while angles are counter-clockwise, hence the sign
        turn = (b.angle[second[p]] - a.angle[first[p]]) / STEPS_PER_RADIAN
        links.similarity[p] = similar[first[p], second[p]]
        links.cosine[p], links.sine[p] = math.cos(turn), math.sin(turn)
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
    if same_turn < rule.consistent_cosine:
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
