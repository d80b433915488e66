"""Accuracy of extraction and comparison together, on sets laid out as in the Fingerprint Verification Competitions.

Protocol (shared reference, engine.md section 2): all genuine pairs i < j of one finger, all pairs of impressions of
different fingers as impostors; the equal error rate is the midpoint of the tightest bracket. Fingers are drawn anew
for the interval, since pairs of one finger are not independent.
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from tenprint.core.errors import SenderError
from tenprint.core.template import Template
from tenprint.stats.errors import ErrorRates, Interval, bootstrap_eer_over_fingers, error_rates

Extract = Callable[[Path], Template]
Prepared = TypeVar("Prepared")
FILE_NAME = re.compile(r"(\d+)_(\d+)\.png")
BOOTSTRAP_ROUNDS = 200


@dataclass(frozen=True)
class Matcher(Generic[Prepared]):
    """A comparison under measurement.

    Args:
        prepare: what is done once a template.
        score: similarity of two prepared templates, higher is more alike.
    """

    prepare: Callable[[Template], Prepared]
    score: Callable[[Prepared, Prepared], int]


@dataclass(frozen=True)
class SetAccuracy:
    """Figures of one set.

    Args:
        name: folder name.
        rates: EER, FMR100, FMR1000, ZeroFMR and the numbers of pairs, rates in 0 to 1.
        interval: 95 % bootstrap interval of the EER over fingers.
        images, minutiae: number of images, mean minutiae an image.
        extract_s, compare_us: mean seconds an extraction, mean microseconds a comparison.
    """

    name: str
    rates: ErrorRates
    interval: Interval
    images: int
    minutiae: float
    extract_s: float
    compare_us: float


@dataclass(frozen=True)
class PairScores:
    """Scores of comparisons, and which fingers were compared.

    Args:
        genuine, genuine_fingers: score and finger of each pair of one finger.
        impostor, impostor_fingers: score and both fingers of each pair of two fingers.
    """

    genuine: list[int]
    genuine_fingers: list[str]
    impostor: list[int]
    impostor_fingers: list[tuple[str, str]]

    @property
    def rates(self) -> ErrorRates:
        """Return EER, FMR100, FMR1000, ZeroFMR and the numbers of pairs."""
        return error_rates(self.genuine, self.impostor)

    def interval(self) -> Interval:
        """Return the 95 % bootstrap interval of the EER over fingers."""
        return bootstrap_eer_over_fingers(
            self.genuine, self.genuine_fingers, self.impostor, self.impostor_fingers, rounds=BOOTSTRAP_ROUNDS
        )


def score_pairs(
    pairs: Iterable[tuple[tuple[str, Prepared], tuple[str, Prepared]]], matcher: Matcher[Prepared]
) -> PairScores:
    """Compare pairs of (finger, prepared template); pairs of one finger are genuine, the others impostors."""
    scores = PairScores([], [], [], [])
    for (finger, one), (other_finger, other) in pairs:
        score = matcher.score(one, other)
        if finger == other_finger:
            scores.genuine.append(score)
            scores.genuine_fingers.append(finger)
        else:
            scores.impostor.append(score)
            scores.impostor_fingers.append((finger, other_finger))
    return scores


def find_sets(root: Path) -> dict[str, list[Path]]:
    """Return the image files of every set folder below `root`, by folder name.

    Raises:
        SenderError: ``SAMPLES_MISSING`` when there is none.
    """
    found = {
        folder.name: sorted(p for p in folder.iterdir() if FILE_NAME.fullmatch(p.name))
        for folder in sorted(root.iterdir() if root.is_dir() else [])
        if folder.is_dir()
    }
    found = {name: files for name, files in found.items() if files}
    if not found:
        raise SenderError(
            "SAMPLES_MISSING",
            f"no fingerprint sets in {root}",
            hint="put folders of FFF_I.png files there, or name another folder with --sets",
        )
    return found


def measure(
    sets: Mapping[str, Sequence[Path]],
    extract: Extract,
    matcher: Matcher[Prepared],
    on_progress: Callable[[int], None] = lambda done: None,
) -> Iterator[SetAccuracy]:
    """Yield the figures of each set as soon as they are known.

    Args:
        sets: image files per set.
        extract: image file to template.
        matcher: the comparison.
        on_progress: called with the number of images done over all sets.
    """
    done = 0
    for name, files in sets.items():
        started = time.perf_counter()
        templates: list[tuple[str, Template]] = []
        for path in files:
            templates.append((_finger(path), extract(path)))
            done += 1
            on_progress(done)
        extract_s = (time.perf_counter() - started) / len(files)
        yield _measured_set(name, templates, matcher, extract_s)


def _measured_set(
    name: str, templates: list[tuple[str, Template]], matcher: Matcher[Prepared], extract_s: float
) -> SetAccuracy:
    prepared = [(finger, matcher.prepare(template)) for finger, template in templates]
    started = time.perf_counter()
    pairs = list(itertools.combinations(prepared, 2))
    scores = score_pairs(pairs, matcher)
    compare_us = (time.perf_counter() - started) / len(pairs) * 1e6
    return SetAccuracy(
        name=name,
        rates=scores.rates,
        interval=scores.interval(),
        images=len(templates),
        minutiae=sum(len(t) for _, t in templates) / len(templates),
        extract_s=extract_s,
        compare_us=compare_us,
    )


def _finger(path: Path) -> str:
    matched = FILE_NAME.fullmatch(path.name)
    assert matched is not None  # find_sets chose by this pattern
    return matched.group(1)
