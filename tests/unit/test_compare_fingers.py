"""Drawn fingers and other impressions of them, for the tests of comparison and gallery; no rendering, no real print."""

import math

import numpy as np

from tenprint.core.template import Template

TURN = 65536


def drawn_finger(generator, count=35, side=320):
    """Draw minutiae that keep their distance, in a smoothly turning direction field."""
    points = []
    while len(points) < count:
        point = generator.uniform(10, side - 10, 2)
        if all(np.hypot(*(point - other)) > 12 for other in points):
            points.append(point)
    x, y = np.array(points).T
    direction = (x + 2 * y) / side + generator.normal(0, 0.2, count) + math.pi * generator.integers(0, 2, count)
    return template_of(
        x, y, direction * TURN / (2 * math.pi), generator.integers(1, 3, count), side=side, generator=generator
    )


def template_of(x, y, angle, kind, *, side, generator):
    inside = (x >= 0) & (x < side) & (y >= 0) & (y < side)
    return Template(
        x=x[inside].astype(np.uint16),
        y=y[inside].astype(np.uint16),
        angle=(np.rint(angle[inside]).astype(np.int64) % TURN).astype(np.uint16),
        kind=kind[inside].astype(np.uint8),
        quality=generator.integers(20, 64, int(inside.sum())).astype(np.uint8),
        width=side,
        height=side,
    )


def another_impression(generator, template, side=320):
    """Turn, shift, jitter and thin a finger out."""
    keep = generator.random(len(template)) > 0.25
    turn, middle = generator.normal(0, 0.25), side / 2
    x, y = template.x[keep] - middle, template.y[keep] - middle
    cosine, sine = math.cos(turn), math.sin(turn)
    moved_x = cosine * x - sine * y + middle + generator.normal(0, 12) + generator.normal(0, 2, len(x))
    moved_y = sine * x + cosine * y + middle + generator.normal(0, 12) + generator.normal(0, 2, len(x))
    angle = template.angle[keep] - turn * TURN / (2 * math.pi) + generator.normal(0, 900, len(x))
    return template_of(moved_x, moved_y, angle, template.kind[keep], side=side, generator=generator)


def test_another_impression_keeps_most_minutiae_and_moves_them():
    generator = np.random.default_rng(0)
    finger = drawn_finger(generator)
    other = another_impression(generator, finger)
    assert 0.4 * len(finger) < len(other) < len(finger)
    assert set(zip(other.x.tolist(), other.y.tolist(), strict=True)).isdisjoint(
        zip(finger.x[:5].tolist(), finger.y[:5].tolist(), strict=True)
    )
