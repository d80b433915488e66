"""How well plain sets are segmented, on synthetic slaps whose boxes are known.

A finger counts as found when its box covers the middle of the true one under the right position; its edges are right
when left, right, top and bottom lie within 32 px of the truth (`EDGE_PX`). `edges_tall` allows 64 px at the bottom.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from tenprint.core.fingers import FingerPosition
from tenprint.core.image import FingerImage
from tenprint.engine.slaps import Slap, segment
from tenprint.stats.errors import Interval, wilson_interval
from tenprint.synth.cards import SETS_OF_FINGERS, PlainSet, SlapLayout, render_plain_set
from tenprint.synth.person import make_person

Segment = Callable[[FingerImage, frozenset[FingerPosition]], Slap]
EDGE_PX, TALL_EDGE_PX = 32, 64
TEST_POPULATION = 7601
"""Numbers were tuned on population 501 alone."""
KINDS = ("open", "touching", "missing", "missing, named", "joints")
POSITIONS = (FingerPosition.PLAIN_RIGHT_FOUR, FingerPosition.PLAIN_LEFT_FOUR, FingerPosition.PLAIN_BOTH_THUMBS)
PERCENTILES = (50, 95, 99)
SIDES = ("left", "right", "top", "bottom")
_SURE = 0.9


@dataclass
class KindFigures:
    """Counts of one kind of slap.

    Args:
        slaps, fingers: how many.
        placed: fingers found under the right position.
        edges, edges_tall: of these, boxes within 32 px; within 32 px and 64 px at the bottom.
        invented: boxes where no finger is.
        off: by side, edges of placed fingers more than 32 px away.
    """

    slaps: int = 0
    fingers: int = 0
    placed: int = 0
    edges: int = 0
    edges_tall: int = 0
    invented: int = 0
    off: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SIDES, 0))

    @property
    def placed_interval(self) -> Interval:
        """Return the 95 % interval of the share of fingers placed right."""
        return wilson_interval(self.placed, self.fingers)

    @property
    def edges_interval(self) -> Interval:
        """Return the 95 % interval of the share of fingers with all edges within 32 px, those not found counted too."""
        return wilson_interval(self.edges, self.fingers)


@dataclass
class SlapFigures:
    """All figures of a run.

    Args:
        population: of the synthetic people.
        kinds: counts by kind of slap.
        edge_percentiles: absolute error by side, px, at the 50th, 95th and 99th percentile.
        seconds: median of a segmentation on this machine.
        sure_wrong: wrongly placed or invented boxes with a confidence of 0.9 or more.
    """

    population: int
    kinds: dict[str, KindFigures] = field(default_factory=lambda: {kind: KindFigures() for kind in KINDS})
    edge_percentiles: dict[str, dict[int, float]] = field(default_factory=dict)
    seconds: float = 0.0
    sure_wrong: int = 0

    @property
    def total(self) -> KindFigures:
        """Return the counts over all kinds."""
        names = ("slaps", "fingers", "placed", "edges", "edges_tall", "invented")
        total = KindFigures(*(sum(getattr(kind, name) for kind in self.kinds.values()) for name in names))
        total.off = {side: sum(kind.off[side] for kind in self.kinds.values()) for side in SIDES}
        return total


def make_slaps(people: int, population: int = TEST_POPULATION) -> Iterator[tuple[str, PlainSet]]:
    """Yield kind and slap, all kinds of each person's three sets; thumbs have no touching kind."""
    for index in range(people):
        person = make_person(population, index)
        for position in POSITIONS:
            fingers = SETS_OF_FINGERS[position]
            gone = frozenset({fingers[(index + int(position)) % len(fingers)]})
            layouts = {
                "open": SlapLayout(),
                "touching": SlapLayout(touching=True),
                "missing": SlapLayout(missing=gone),
                "missing, named": SlapLayout(missing=gone, touching=index % 2 == 1),
                "joints": SlapLayout(joints=True, touching=index % 2 == 1),
            }
            for occasion, (kind, layout) in enumerate(layouts.items()):
                if kind != "touching" or len(fingers) > len(POSITIONS):
                    yield kind, render_plain_set(person, occasion, position, layout=layout)


def slap_count(people: int) -> int:
    """Return how many slaps `make_slaps` gives."""
    return people * (len(POSITIONS) * len(KINDS) - 1)


def measure(
    people: int,
    on_progress: Callable[[int], None] = lambda done: None,
    *,
    population: int = TEST_POPULATION,
    segmenter: Segment = segment,
) -> SlapFigures:
    """Return the figures over all kinds of slaps of so many people; about 30 s a person on one core."""
    figures = SlapFigures(population)
    errors: list[tuple[int, ...]] = []
    seconds: list[float] = []
    for done, (kind, slap) in enumerate(make_slaps(people, population), 1):
        named = frozenset(SETS_OF_FINGERS[slap.image.fgp]) - slap.boxes.keys() if kind == "missing, named" else ()
        started = time.perf_counter()
        found = segmenter(slap.image, frozenset(named))
        seconds.append(time.perf_counter() - started)
        figures.sure_wrong += _count(figures.kinds[kind], slap, found, errors)
        on_progress(done)
    figures.seconds = float(np.median(seconds)) if seconds else 0.0
    if errors:
        table = np.abs(np.array(errors))
        figures.edge_percentiles = {
            side: {p: float(np.percentile(table[:, n], p)) for p in PERCENTILES} for n, side in enumerate(SIDES)
        }
    return figures


def _count(kind: KindFigures, slap: PlainSet, found: Slap, errors: list[tuple[int, ...]]) -> int:
    """Count one slap in place; return how many wrong boxes are sure of themselves."""
    kind.slaps += 1
    kind.fingers += len(slap.boxes)
    sure_wrong = 0
    for finger in found.fingers:
        box = slap.boxes.get(finger.fgp)
        kind.invented += box is None
        middle = ((box[0] + box[1]) / 2, (box[2] + box[3]) / 2) if box else (-1.0, -1.0)
        if box is None or not (finger.left <= middle[0] <= finger.right and finger.top <= middle[1] <= finger.bottom):
            sure_wrong += finger.confidence >= _SURE
            continue
        error = (finger.left - box[0], finger.right - box[1], finger.top - box[2], finger.bottom - box[3])
        errors.append(error)
        sides = max(abs(side) for side in error[:3]) <= EDGE_PX
        kind.placed += 1
        for side, distance in zip(SIDES, error, strict=True):
            kind.off[side] += abs(distance) > EDGE_PX
        kind.edges += sides and abs(error[3]) <= EDGE_PX
        kind.edges_tall += sides and abs(error[3]) <= TALL_EDGE_PX
    return sure_wrong


def report(figures: SlapFigures) -> dict[str, Any]:
    """Return the figures as plain values, shares of the fingers with their interval."""
    rows = {
        name: asdict(kind)
        | {"placed_interval": asdict(kind.placed_interval), "edges_interval": asdict(kind.edges_interval)}
        for name, kind in [*figures.kinds.items(), ("all", figures.total)]
    }
    return {
        "population": figures.population,
        "kinds": rows,
        "edge_percentiles_px": figures.edge_percentiles,
        "seconds_a_slap": figures.seconds,
        "sure_wrong": figures.sure_wrong,
    }
