"""How well an extractor finds the minutiae that synthetic prints truly show, and how long such a print takes.

A true minutia counts as found when an extracted one lies within 12 px (at 500 ppi) and 20 degrees of it, one to one;
the pairing is a largest one. One print a person, so that prints are independent of each other.
"""

from __future__ import annotations

import itertools
import math
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import cv2
import numpy as np

from tenprint.core.errors import SenderError
from tenprint.core.fingers import SINGLE_FINGERS, FingerPosition
from tenprint.core.image import FingerImage
from tenprint.core.template import MAX_MINUTIAE, Template
from tenprint.engine.extract import extract
from tenprint.engine.parameters.extraction import DEFAULT_EXTRACTION
from tenprint.stats.errors import Interval
from tenprint.stats.shares import bootstrap_share_over_groups
from tenprint.synth.cards import render_plain, render_rolled
from tenprint.synth.conditions import Condition
from tenprint.synth.impression import Rendered
from tenprint.synth.marks import draw_scar
from tenprint.synth.person import SyntheticPerson, make_person

NEAR_PX = 12.0
NEAR_DEG = 20.0
STUDY_SEED = 10
"""Population of the measured people; the demo's are others."""
OCCASION = 1
KEPT = DEFAULT_EXTRACTION.max_minutiae
"""Minutiae that a template keeps at most."""
SCARRED = "scarred"
"""Row of fingers that have a scar, otherwise good; they are fingers of other people than in the other rows."""
ROWS = (*(condition.value for condition in Condition), SCARRED)


@dataclass(frozen=True)
class ConditionFigures:
    """Figures of one condition.

    Args:
        condition: of skin and contact, or `SCARRED`.
        prints: number of impressions, each of another person.
        truth, lost: true minutiae that show, and those of a whole contact that do not.
        extracted: minutiae that the extractor gave.
        found, lost_found: of truth and of lost, those found; a lost one that is found was not lost after all, or by
            accident.
        share, interval: found of truth, with its 95 % interval (prints drawn anew).
        share_with_hidden: found of truth and lost together: what is marked as hidden is our own rule, this is not.
        precision: found (of both kinds) of extracted.
        share_kept, interval_kept: as share and interval, counting only the surest minutiae that a template keeps
            (`KEPT`): of a large print with many, the cap leaves out sure ones.
    """

    condition: str
    prints: int
    truth: int
    lost: int
    extracted: int
    found: int
    lost_found: int
    share: float
    interval: Interval
    share_with_hidden: float
    precision: float
    share_kept: float
    interval_kept: Interval


@dataclass(frozen=True)
class SynthesisFigures:
    """What the study gives.

    Args:
        conditions: figures by condition.
        first_s: median seconds of a finger's first impression, growing its ridges included, on one core: time of the
            processor, so that other programs on a busy machine do not count.
        again_s: median seconds of a further impression of the same finger.
    """

    conditions: tuple[ConditionFigures, ...]
    first_s: float
    again_s: float


def extract_all(image: FingerImage) -> Template:
    """Return all minutiae that the engine's extractor finds, surest first: `tenprint.extract` keeps the first `KEPT`.

    Raises:
        EngineError: as `tenprint.engine.extract.extract`.
    """
    return extract(image, parameters=replace(DEFAULT_EXTRACTION, max_minutiae=MAX_MINUTIAE))


def surest(template: Template, count: int) -> Template:
    """Return the first `count` minutiae of a template, which are its surest."""
    columns = {name: getattr(template, name)[:count] for name in ("x", "y", "angle", "kind", "quality")}
    return replace(template, **columns)


def pair_up(truth: Template, extracted: Template) -> int:
    """Return how many true minutiae have an extracted one near them, one to one: the size of a largest pairing."""
    apart = np.hypot(
        truth.x[:, None].astype(np.float64) - extracted.x[None, :], truth.y[:, None].astype(np.float64) - extracted.y
    )
    turned = np.cos(truth.radians[:, None].astype(np.float64) - extracted.radians[None, :])
    near = (apart <= NEAR_PX) & (turned >= math.cos(math.radians(NEAR_DEG)))
    partners: list[list[int]] = [np.flatnonzero(row).tolist() for row in near]
    owner: dict[int, int] = {}

    def finds_one(minutia: int, tried: set[int]) -> bool:
        for other in partners[minutia]:
            if other not in tried:
                tried.add(other)
                if other not in owner or finds_one(owner[other], tried):
                    owner[other] = minutia
                    return True
        return False

    return sum(finds_one(minutia, set()) for minutia in range(len(truth)))


def measure(
    extractor: Callable[[FingerImage], Template],
    prints: int,
    *,
    plain: bool = False,
    on_progress: Callable[[int], None] = lambda done: None,
) -> SynthesisFigures:
    """Return the figures of `prints` impressions in each condition.

    Args:
        extractor: the one that is measured, surest minutiae first.
        prints: impressions a condition, at least 1; the fingers take turns.
        plain: plain impressions instead of rolled ones.
        on_progress: called with the number of impressions done over all of `ROWS`.

    Raises:
        SenderError: ``SYNTH_PRINTS`` when `prints` is below 1.
    """
    if prints < 1:
        raise SenderError("SYNTH_PRINTS", f"cannot measure on {prints} prints", hint="give --prints 1 or more")
    render = render_plain if plain else render_rolled
    counts: dict[str, list[tuple[int, ...]]] = {row: [] for row in ROWS}
    first_s: list[float] = []
    again_s: list[float] = []
    done = itertools.count(1)

    def take(row: str, made: Rendered) -> None:
        got = extractor(made.image)
        found = (pair_up(made.truth, got), pair_up(made.lost, got), pair_up(made.truth, surest(got, KEPT)))
        counts[row].append((len(made.truth), len(made.lost), len(got), *found))
        on_progress(next(done))

    render(make_person(STUDY_SEED, prints), OCCASION, SINGLE_FINGERS[0])  # loads the kernels, outside the measurement
    with one_core():
        for index in range(prints):
            person, finger = make_person(STUDY_SEED, index), SINGLE_FINGERS[index % len(SINGLE_FINGERS)]
            for number, condition in enumerate(Condition):
                started = time.thread_time()
                made = render(person, OCCASION, finger, condition)
                (again_s if number else first_s).append(time.thread_time() - started)
                take(condition.value, made)
        for person, finger in itertools.islice(_scarred_fingers(prints), prints):
            take(SCARRED, render(person, OCCASION, finger, Condition.GOOD))
    figures = tuple(_figures(row, rows) for row, rows in counts.items())
    return SynthesisFigures(figures, statistics.median(first_s), statistics.median(again_s))


def _scarred_fingers(skip: int) -> Iterator[tuple[SyntheticPerson, FingerPosition]]:
    """Yield one scarred finger of each person who has one, from person `skip` on."""
    for index in itertools.count(skip):
        person = make_person(STUDY_SEED, index)
        finger = next((plan.fgp for plan in person.plans if draw_scar(plan) is not None), None)
        if finger is not None:
            yield person, finger


def _figures(row: str, rows: list[tuple[int, ...]]) -> ConditionFigures:
    truth, lost, extracted, found, lost_found, kept = (sum(column) for column in zip(*rows, strict=True))
    return ConditionFigures(
        condition=row,
        prints=len(rows),
        truth=truth,
        lost=lost,
        extracted=extracted,
        found=found,
        lost_found=lost_found,
        share=found / truth,
        interval=bootstrap_share_over_groups([one[3] for one in rows], [one[0] for one in rows]),
        share_with_hidden=(found + lost_found) / (truth + lost),
        precision=min(1.0, (found + lost_found) / extracted) if extracted else 0.0,
        share_kept=kept / truth,
        interval_kept=bootstrap_share_over_groups([one[5] for one in rows], [one[0] for one in rows]),
    )


@contextmanager
def one_core() -> Iterator[None]:
    """Keep OpenCV to one thread; everything else that draws prints has only one."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
