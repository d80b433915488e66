"""How far the measure of print quality can be trusted: what it calls synthetic prints, and whether it foretells scores.

Causes: synthetic impressions whose condition is known, of people who were not used for tuning. Ranking: on real sets,
the equal error rate when the prints that a measure calls the worst are left out (measures that know nothing leave it as
it is), and the rank correlation between the worse print of a genuine pair and the pair's score.
"""

from __future__ import annotations

import itertools
import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tenprint.core.fingers import SINGLE_FINGERS
from tenprint.core.image import FingerImage
from tenprint.core.template import Template
from tenprint.engine.quality import Cause, assess
from tenprint.stats.errors import Interval, error_rates, wilson_interval
from tenprint.studies.accuracy import Matcher
from tenprint.synth.cards import render_plain, render_rolled
from tenprint.synth.conditions import Condition
from tenprint.synth.person import make_person

TEST_POPULATION = 6303
"""Numbers were tuned on population 6301; 6302 showed that the limits of dryness were too low, so it is used up."""
OCCASION = 1
RENDERS = {"rolled": render_rolled, "plain": render_plain}
EXPECTED = {
    Condition.DRY: Cause.TOO_DRY,
    Condition.WET: Cause.TOO_WET,
    Condition.SMUDGED: Cause.UNEVEN,
    Condition.PARTIAL: Cause.TOO_LITTLE,
}
"""What a print in this condition should be called. Good and creased ones should be left alone."""
REJECTED = (0.1, 0.2)
PRINTS_A_PERSON = len(RENDERS) * len(Condition)

Extract = Callable[[FingerImage], Template]
Measure = Callable[[FingerImage, Template], float]


@dataclass
class ConditionFigures:
    """What prints of one condition were called.

    Args:
        kind: rolled or plain. condition: of the synthetic print.
        prints: how many, each of another person. causes: prints by cause; a print can have several.
        kept: prints without a cause. scores: of each.
    """

    kind: str
    condition: Condition
    prints: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    kept: int = 0
    scores: list[int] = field(default_factory=list)

    @property
    def right(self) -> int:
        """Return how many were called what they are, or were left alone when nothing can be mended."""
        expected = EXPECTED.get(self.condition)
        return self.kept if expected is None else self.causes[expected]

    @property
    def interval(self) -> Interval:
        """Return the 95 % interval (Wilson) of the share that is right."""
        return wilson_interval(self.right, self.prints)

    @property
    def median_score(self) -> float:
        """Return the middle of the scores."""
        return statistics.median(self.scores)


@dataclass(frozen=True)
class RankFigures:
    """How one measure ranks the prints of one set.

    Args:
        measure, name: of the measure, of the set.
        eer: over all prints, and with the worst share left out, in the order of `REJECTED`.
        correlation: Spearman's, between the worse quality of a genuine pair and its score.
    """

    measure: str
    name: str
    eer: tuple[float, ...]
    correlation: float


def measure_causes(
    extract: Extract,
    people: int,
    on_progress: Callable[[int], None] = lambda done: None,
    *,
    population: int = TEST_POPULATION,
) -> list[ConditionFigures]:
    """Return what prints of each kind and condition are called; the fingers take turns over the people."""
    figures = {(kind, one): ConditionFigures(kind, one) for kind in RENDERS for one in Condition}
    done = itertools.count(1)
    for index in range(people):
        person = make_person(population, index)
        finger = SINGLE_FINGERS[3 * index % len(SINGLE_FINGERS)]
        for (kind, condition), row in figures.items():
            image = RENDERS[kind](person, OCCASION, finger, condition).image
            found = assess(image, extract(image))
            row.prints += 1
            row.causes.update(found.causes)
            row.kept += not found.causes
            row.scores.append(found.score)
            on_progress(next(done))
    return list(figures.values())


def own_score(image: FingerImage, template: Template) -> float:
    """Return the score of `engine.quality`."""
    return assess(image, template).score


def template_score(_image: FingerImage, template: Template) -> float:
    """Return the template's own quality, the one to beat: how much there is to compare."""
    return template.overall_quality


MEASURES: dict[str, Measure] = {"engine.quality": own_score, "template quality": template_score}
"""Measures that `bench quality` compares."""


def measure_ranking(
    sets: Mapping[str, Sequence[Path]],
    read: Callable[[Path], FingerImage],
    extract: Extract,
    matcher: Matcher[object],
    measures: Mapping[str, Measure],
    *,
    on_progress: Callable[[int], None] = lambda done: None,
) -> Iterator[RankFigures]:
    """Yield the figures of each measure on each set as soon as they are known."""
    done = itertools.count(1)
    for name, files in sets.items():
        prints: list[tuple[str, object]] = []
        quality: dict[str, list[float]] = {measure: [] for measure in measures}
        for path in files:
            image = read(path)
            template = extract(image)
            prints.append((path.name.partition("_")[0], matcher.prepare(template)))
            for measure, value in measures.items():
                quality[measure].append(value(image, template))
            on_progress(next(done))
        yield from ranked(name, prints, quality, matcher)


def ranked(
    name: str, prints: list[tuple[str, object]], quality: Mapping[str, list[float]], matcher: Matcher[object]
) -> Iterator[RankFigures]:
    """Yield the figures of each measure on one set, whose prints were prepared."""
    pairs = list(itertools.combinations(range(len(prints)), 2))
    scores = {(a, b): matcher.score(prints[a][1], prints[b][1]) for a, b in pairs}
    for measure, values in quality.items():
        worst_first = np.argsort(values, kind="stable")
        rates = []
        for share in (0.0, *REJECTED):
            kept = set(worst_first[round(share * len(prints)) :].tolist())
            split: dict[bool, list[int]] = {True: [], False: []}
            for a, b in pairs:
                if a in kept and b in kept:
                    split[prints[a][0] == prints[b][0]].append(scores[a, b])
            rates.append(error_rates(split[True], split[False]).eer)
        genuine = [(a, b) for a, b in pairs if prints[a][0] == prints[b][0]]
        worse = [min(values[a], values[b]) for a, b in genuine]
        yield RankFigures(measure, name, tuple(rates), spearman(worse, [scores[pair] for pair in genuine]))


def spearman(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the rank correlation; ties have their mean rank. 0 when one side does not vary."""
    ranks = [_mean_ranks(np.asarray(values, dtype=np.float64)) for values in (one, other)]
    if any(np.ptp(values) == 0 for values in ranks):
        return 0.0
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def _mean_ranks(values: np.ndarray) -> np.ndarray:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - (count - 1) / 2)[place])
