"""The compiled comparison against a slow twin, written from the description in plain NumPy and Python."""

import math
from itertools import pairwise

import numpy as np
import pytest
from test_compare_fingers import TURN, another_impression, drawn_finger

from tenprint.engine.compare import PAIRING, WEIGHTS, compare, prepare
from tenprint.engine.compare.codes import build_codes, cell_centres
from tenprint.engine.compare.kernels import TERMS
from tenprint.engine.compare.links import best_links, code_similarities
from tenprint.engine.compare.screen import probe_lanes, screen_finger
from tenprint.engine.parameters.comparison import CodeParameters, ScreenParameters

CODES = CodeParameters()


def twin_bits(x, y, angle):
    """Return the codes as booleans, shape (n, cells * directions), from one dense formula."""
    turn = angle * (2 * math.pi / TURN)
    right, up = x[None, :] - x[:, None], y[:, None] - y[None, :]
    along = right * np.cos(turn)[:, None] + up * np.sin(turn)[:, None]
    across = up * np.cos(turn)[:, None] - right * np.sin(turn)[:, None]
    centres = cell_centres(CODES)
    distance = np.hypot(along[..., None] - centres[:, 0], across[..., None] - centres[:, 1])
    near = np.where(
        distance < 2.5 * CODES.position_sigma_px, np.exp(-(distance**2) / (2 * CODES.position_sigma_px**2)), 0
    )
    slots = 2 * math.pi * (np.arange(CODES.directions) + 0.5) / CODES.directions
    off = np.angle(np.exp(1j * ((turn[None, :] - turn[:, None])[..., None] - slots)))
    pointing = np.exp(-(off**2) / (2 * CODES.direction_sigma_rad**2))
    near[np.arange(len(x)), np.arange(len(x))] = 0
    sums = np.einsum("ijc,ijd->icd", near, pointing)
    return sums.reshape(len(x), -1) > CODES.bit_threshold


def twin_similarities(bits_a, bits_b):
    common = bits_a.astype(int) @ bits_b.astype(int).T
    return 2 * common / (1 + bits_a.sum(1)[:, None] + bits_b.sum(1)[None, :])


def twin_links(similar):
    floor_a = np.maximum(np.sort(similar, axis=1)[:, -PAIRING.rivals], PAIRING.min_similarity)
    floor_b = np.maximum(np.sort(similar, axis=0)[-PAIRING.rivals], PAIRING.min_similarity)
    wanted = ((similar >= floor_a[:, None]) | (similar >= floor_b)) & (similar > PAIRING.min_similarity)
    links = np.argwhere(wanted)
    bins = np.floor(similar[wanted] * 1024).astype(int)
    for lowest in range(1025):
        if (bins >= lowest).sum() <= PAIRING.max_links:
            return links[bins >= lowest]
    return links[:0]


def twin_agreement(places, angles, p, q):
    """Return how well links p and q agree; places of both fingers are complex, with y downwards."""
    (a, b), (angle_a, angle_b) = places, angles
    if p[0] == q[0] or p[1] == q[1]:
        return -1.0
    turns = [np.exp(1j * (angle_b[j] - angle_a[i]) * 2 * math.pi / TURN) for i, j in (p, q)]
    if (turns[0] * turns[1].conjugate()).real < PAIRING.consistent_cosine:
        return -1.0
    turn = (turns[0] + turns[1]) / abs(turns[0] + turns[1])
    edge = a[q[0]] - a[p[0]]
    allowed = PAIRING.consistent_px + PAIRING.consistent_px_per_px * abs(edge)
    return 1 - (abs(turn * (b[q[1]] - b[p[1]]) - edge) / allowed) ** 2


def twin_motion(a, b, weight):
    """Return turn and shift (complex) that bring b onto a with least weighted squares."""
    centre_a, centre_b = np.average(a, weights=weight), np.average(b, weights=weight)
    turn = (weight * (a - centre_a) * (b - centre_b).conj()).sum()
    turn /= abs(turn)
    return turn, centre_a - turn * centre_b


def twin_pairs(places, angles, similar, reach_px, reach_rad):
    (a, b), (angle_a, angle_b) = places, angles
    off = np.abs(a[:, None] - b[None, :]) / reach_px
    turn = ((angle_a[:, None] - angle_b[None, :] + TURN / 2) % TURN - TURN / 2) * (2 * math.pi / TURN) / reach_rad
    cost = off**2 + turn**2 - PAIRING.similarity_weight * similar
    order = sorted((cost[i, j], i, j) for i, j in np.argwhere((off <= 1) & (np.abs(turn) <= 1)))
    used_a, used_b, pairs = set(), set(), []
    for _, i, j in order:
        if i not in used_a and j not in used_b:
            used_a.add(i)
            used_b.add(j)
            pairs.append((i, j))
    return pairs


def twin_warp(a, rigid, pairs):
    shifted = rigid.copy()
    for j in range(len(rigid)):
        others = [(i, k) for i, k in pairs if k != j]
        weight = [(1 + abs(rigid[k] - rigid[j]) ** 2 / (2 * PAIRING.warp_reach_px**2)) ** -2 for _, k in others]
        pull = sum(w * (a[i] - rigid[k]) for w, (i, k) in zip(weight, others, strict=True))
        shifted[j] = rigid[j] + pull / (PAIRING.warp_stiffness + sum(weight))
    return shifted


def twin_inside(points, outline):
    def within(values, bounds, margin):
        return (values >= bounds.min() - margin) & (values <= bounds.max() + margin)

    margin, slant = PAIRING.overlap_margin_px, PAIRING.overlap_margin_px * math.sqrt(2)
    inside = within(points.real, outline.real, margin) & within(points.imag, outline.imag, margin)
    inside &= within(points.real + points.imag, outline.real + outline.imag, slant)
    return int((inside & within(points.real - points.imag, outline.real - outline.imag, slant)).sum())


def twin_score(one, other):
    """Return score and terms as the compiled comparison should."""
    first, second = sorted((prepare(one), prepare(other)), key=lambda finger: finger.key)
    (a, angle_a, kind_a, bits_a), (b, angle_b, kind_b, bits_b) = (
        (
            f.columns.x.astype(float) + 1j * f.columns.y.astype(float),
            f.columns.angle.astype(float),
            f.columns.kind,
            twin_bits(f.columns.x.astype(float), f.columns.y.astype(float), f.columns.angle.astype(float)),
        )
        for f in (first, second)
    )
    similar = twin_similarities(bits_a, bits_b)
    links = twin_links(similar)
    agree = np.array([[twin_agreement((a, b), (angle_a, angle_b), p, q) for q in links] for p in links])
    own = similar[links[:, 0], links[:, 1]]
    support = own + np.maximum(agree, 0) @ own
    best, used = (0, np.zeros(TERMS)), np.zeros(len(links), bool)
    for _ in range(PAIRING.max_hypotheses):
        if used.all():
            break
        seed = int(np.argmax(np.where(used, -1, support)))
        weight = np.maximum(agree[seed], 0) * support
        weight[seed] = support[seed]
        members = np.flatnonzero(weight > 0)
        used[members] = True
        if len(members) < 2:
            continue
        chosen = links[members]
        turn, shift = twin_motion(a[chosen[:, 0]], b[chosen[:, 1]], weight[members])
        found = twin_hypothesis((a, angle_a, kind_a), (b, angle_b, kind_b), similar, turn, shift)
        best = max(best, found, key=lambda pair: pair[0])
    return best


def twin_hypothesis(finger_a, finger_b, similar, turn, shift):
    (a, angle_a, kind_a), (b, angle_b, kind_b) = finger_a, finger_b

    def turned(angle):
        return angle - np.angle(turn) * TURN / (2 * math.pi)

    pairs = twin_pairs((a, turn * b + shift), (angle_a, turned(angle_b)), similar, PAIRING.first_px, PAIRING.first_rad)
    for _ in range(PAIRING.warp_rounds):
        if len(pairs) < 2:
            return 0, np.zeros(TERMS)
        i, j = np.array(pairs).T
        turn, shift = twin_motion(a[i], b[j], np.ones(len(pairs)))
        placed = twin_warp(a, turn * b + shift, pairs)
        pairs = twin_pairs((a, placed), (angle_a, turned(angle_b)), similar, PAIRING.final_px, PAIRING.final_rad)
    if len(pairs) < 2:
        return 0, np.zeros(TERMS)
    i, j = np.array(pairs).T
    off = (angle_a[i] - turned(angle_b)[j] + TURN / 2) % TURN - TURN / 2
    expected_a = max(len(pairs), twin_inside((a - shift) * turn.conjugate(), b))
    expected_b = max(len(pairs), twin_inside(turn * b + shift, a))
    terms = np.array(
        [
            len(pairs) ** 2 / math.sqrt(expected_a * expected_b),
            len(pairs),
            similar[i, j].sum(),
            (np.abs(a[i] - placed[j]) ** 2).sum() / PAIRING.final_px**2,
            ((off * 2 * math.pi / TURN / PAIRING.final_rad) ** 2).sum(),
            (kind_a[i] == kind_b[j]).sum(),
            expected_a + expected_b - 2 * len(pairs),
        ]
    )
    points = round(1000 * WEIGHTS.base) + sum(round(1000 * w * t) for w, t in zip(WEIGHTS, terms, strict=False))
    return max(points, 0), terms


@pytest.mark.parametrize("seed", range(6))
def test_codes_agree_with_the_twin(seed):
    finger = drawn_finger(np.random.default_rng(seed))
    codes = build_codes(finger.x, finger.y, finger.angle, CODES)
    bits = np.unpackbits(codes.view(np.uint8).reshape(len(finger), -1), axis=1, bitorder="little")
    expected = twin_bits(finger.x.astype(float), finger.y.astype(float), finger.angle.astype(float))
    assert (bits[:, : expected.shape[1]] == expected).all()
    assert not bits[:, expected.shape[1] :].any()
    assert 0.02 < expected.mean() < 0.5


def test_similarities_agree_with_the_twin():
    generator = np.random.default_rng(1)
    codes_a, codes_b = (generator.integers(0, 2**63, (n, 4), dtype=np.uint64) for n in (7, 13))
    bits_a, bits_b = (np.unpackbits(c.view(np.uint8).reshape(len(c), -1), axis=1) for c in (codes_a, codes_b))
    np.testing.assert_allclose(code_similarities(codes_a, codes_b), twin_similarities(bits_a, bits_b), rtol=1e-12)


@pytest.mark.parametrize("seed", range(12))
def test_scores_and_terms_agree_with_the_twin(seed):
    generator = np.random.default_rng(seed)
    finger = drawn_finger(generator)
    other = another_impression(generator, finger) if seed % 2 else drawn_finger(generator)
    expected, terms = twin_score(finger, other)
    found = compare(finger, other)
    assert abs(found.score - expected) <= 2
    np.testing.assert_allclose(
        [getattr(found.terms, name) for name in found.terms.__dataclass_fields__], terms, atol=1e-6
    )
    if seed % 2:
        assert found.score > 4000


@pytest.mark.parametrize("seed", range(3))
def test_fingers_of_more_minutiae_than_links_allow_agree_with_the_twin(seed):
    generator = np.random.default_rng(seed)
    finger = drawn_finger(generator, count=95, side=380)
    other = another_impression(generator, finger, side=380)
    bits = [twin_bits(*(c.astype(float) for c in (f.x, f.y, f.angle))) for f in (finger, other)]
    similar = twin_similarities(*bits)
    assert (similar > PAIRING.min_similarity).sum() > 2 * PAIRING.max_links
    assert len(twin_links(similar)) <= PAIRING.max_links
    expected, terms = twin_score(finger, other)
    found = compare(finger, other)
    assert abs(found.score - expected) <= 2
    np.testing.assert_allclose(
        [getattr(found.terms, name) for name in found.terms.__dataclass_fields__], terms, atol=1e-6
    )


def test_no_more_links_are_followed_than_the_parameters_allow():
    similar = np.random.default_rng(4).uniform(0.3, 0.99, (90, 80))
    first, second = best_links(similar, PAIRING)
    assert 0.8 * PAIRING.max_links <= len(first) <= PAIRING.max_links
    kept = similar[first, second]
    assert np.array_equal(np.stack([first, second], axis=1), twin_links(similar))
    assert kept.min() > 0.9


def test_the_screen_agrees_with_the_twin():
    generator = np.random.default_rng(5)
    rule = ScreenParameters(lanes=8, max_codes=10)
    probe = generator.integers(0, 2**63, (6, 4), dtype=np.uint64)
    codes = generator.integers(0, 2**63, (40, 4), dtype=np.uint64)
    starts = np.array([0, 15, 15, 22, 40])
    likeness = np.zeros(4)
    lanes, scale = probe_lanes(probe, rule)
    screen_finger(lanes, scale, codes, starts, rule, likeness)
    expected = []
    for first, last in pairwise(starts):
        total = 0.0
        for lane in probe:
            cosines = [
                sum(bin(int(v & w)).count("1") for v, w in zip(lane, code, strict=True))
                / math.sqrt((1 + sum(int(v).bit_count() for v in lane)) * (1 + sum(int(v).bit_count() for v in code)))
                for code in codes[first : min(last, first + rule.max_codes)]
            ]
            total += max(0.0, max(cosines, default=0.0) - rule.min_similarity) ** 2
        expected.append(total)
    np.testing.assert_allclose(likeness, expected, rtol=1e-9)
    assert likeness[1] == 0
    assert (likeness[[0, 2, 3]] > 0).all()
