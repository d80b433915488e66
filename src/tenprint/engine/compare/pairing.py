"""One-to-one pairing of two fingers that lie on each other, rigid first and then under an elastic warp."""

from __future__ import annotations

import math

import numpy as np

from tenprint.engine.compare._jit import kernel
from tenprint.engine.compare.placement import (
    STEPS_PER_RADIAN,
    Floats,
    Indices,
    Motion,
    Placed,
    angle_off,
    moved,
    rigid_motion,
)
from tenprint.engine.parameters.comparison import PairingParameters

FEWEST = 2


@kernel
def rows_of(finger: Placed, reach_px: float) -> tuple[float, Indices, Indices]:
    """Sort minutiae into strips of height `reach_px`: top, first minutia of each strip, next one in the same strip."""
    top = finger.y.min()
    heads = np.full(int((finger.y.max() - top) / reach_px) + 1, -1, np.int64)
    following = np.empty(finger.y.shape[0], np.int64)
    for j in range(finger.y.shape[0] - 1, -1, -1):
        strip = int((finger.y[j] - top) / reach_px)
        following[j] = heads[strip]
        heads[strip] = j
    return top, heads, following


@kernel
def near_pairs(
    a: Placed, b: Placed, similar: Floats, reach: tuple[float, float], weight: float
) -> tuple[Indices, Indices, Floats]:
    """Return all pairs of a and of the moved b within `reach` (px, rad) and their costs, equal shapes (m,).

    The cost is squared distance and squared turn in units of the reach, less the weighted code similarity.
    """
    capacity = 4 * (a.x.shape[0] + b.x.shape[0])
    first, second, cost = np.empty(capacity, np.int64), np.empty(capacity, np.int64), np.empty(capacity)
    found = 0
    reach_px, reach_steps = reach[0], reach[1] * STEPS_PER_RADIAN
    top, heads, following = rows_of(b, reach_px)
    for i in range(a.x.shape[0]):
        strip = math.floor((a.y[i] - top) / reach_px)
        for row in range(max(strip - 1, 0), min(strip + 2, heads.shape[0])):
            j = heads[row]
            while j >= 0:
                right, down = a.x[i] - b.x[j], a.y[i] - b.y[j]
                distance = (right * right + down * down) / (reach_px * reach_px)
                if distance <= 1.0 and found < capacity:
                    turn = angle_off(a.angle[i], b.angle[j]) / reach_steps
                    if abs(turn) <= 1.0:
                        first[found], second[found] = i, j
                        cost[found] = distance + turn * turn - weight * similar[i, j]
                        found += 1
                j = following[j]
    return first[:found], second[:found], cost[:found]


@kernel
def one_to_one(
    a: Placed, b: Placed, similar: Floats, reach: tuple[float, float], weight: float
) -> tuple[Indices, Indices]:
    """Pair minutiae of a and of the moved b within reach one to one, the cheapest pairs first; shapes (pairs,)."""
    first, second, cost = near_pairs(a, b, similar, reach, weight)
    free_a, free_b = np.ones(a.x.shape[0], np.bool_), np.ones(b.x.shape[0], np.bool_)
    pairs = 0
    for p in np.argsort(cost, kind="mergesort"):
        if free_a[first[p]] and free_b[second[p]]:
            free_a[first[p]] = free_b[second[p]] = False
            cost[pairs] = p
            pairs += 1
    kept = cost[:pairs].astype(np.int64)
    return first[kept], second[kept]


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
def elastic_pairing(
    a: Placed, b: Placed, similar: Floats, motion: Motion, rule: PairingParameters
) -> tuple[Motion, Placed, Indices, Indices]:
    """Pair rigidly, then under a warp that follows the pairs found; return movement, warped b and the pairs."""
    placed = moved(b, motion)
    first, second = one_to_one(a, placed, similar, (rule.first_px, rule.first_rad), rule.similarity_weight)
    for _ in range(rule.warp_rounds):
        if first.shape[0] < FEWEST:
            break
        motion = rigid_motion(a, b, first, second, np.ones(first.shape[0]))
        rigid = moved(b, motion)
        placed = warped(a, rigid, first, second, rule)
        first, second = one_to_one(a, placed, similar, (rule.final_px, rule.final_rad), rule.similarity_weight)
    return motion, placed, first, second
