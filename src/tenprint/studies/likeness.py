"""How alike synthetic plain impressions and real ones are in what an extractor reads from them.

Counts and qualities of synthetic impressions stand beside those of the development sets of the Fingerprint
Verification Competitions. Sensors differ in size, so counts are compared twice: among impressions of a comparable area,
and for each 100 mm2. Two of the sets are themselves synthetic (SFinGe) and are kept apart.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tenprint.core.errors import EngineError, SenderError
from tenprint.core.fingers import SINGLE_FINGERS
from tenprint.core.image import ENGINE_PPI, FingerImage
from tenprint.core.template import SUREST, Template
from tenprint.engine.imaging import at_engine_resolution, foreground
from tenprint.engine.parameters.extraction import DEFAULT_EXTRACTION
from tenprint.stats.distances import distance_by_chance, kolmogorov_smirnov
from tenprint.studies.accuracy import FILE_NAME
from tenprint.synth.cards import render_plain
from tenprint.synth.person import make_person

STUDY_SEED, OCCASION = 12, 1
"""Population of the measured people and their occasion."""
SYNTHETIC_SETS = ("fvc2000_db4_b", "fvc2002_db4_b")
"""Development sets that SFinGe made."""
IMPRESSIONS = (1, 3, 5, 7)
"""Impressions of each real finger that are read: half of them, spread over the sessions."""
COMPARABLE_MM2 = (150.0, 300.0)
"""Foreground of impressions whose counts are compared as they are."""
PRINTS_PER_CONDITION = 3
"""Synthetic impressions read for each one that is asked for in a condition: distributions want more of them."""
UNUSABLE = frozenset({"EXTRACT_NO_FOREGROUND", "EXTRACT_TOO_SMALL", "EXTRACT_TOO_LARGE"})
"""Refusals that are the image's fault."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
MM_PER_INCH = 25.4


@dataclass(frozen=True)
class Reading:
    """What was read from one impression.

    Args:
        minutiae: their number.
        confidence: mean quality of the minutiae, 0 to 1.
        quality: of the template, 0 to 100; it grows with the number of sure minutiae.
        area_mm2: foreground.
    """

    minutiae: int
    confidence: float
    quality: int
    area_mm2: float

    @property
    def density(self) -> float:
        """Return minutiae for each 100 mm2 of foreground."""
        return 100 * self.minutiae / self.area_mm2

    @property
    def is_comparable(self) -> bool:
        """Return whether the area is one that both kinds have."""
        return COMPARABLE_MM2[0] <= self.area_mm2 <= COMPARABLE_MM2[1]


@dataclass(frozen=True)
class Spread:
    """Quantiles 5, 25, 50, 75 and 95 % of one measure over `prints` impressions."""

    prints: int
    quantiles: tuple[float, ...]


@dataclass(frozen=True)
class Measure:
    """One measure in all groups.

    Args:
        name: what is measured.
        groups: its spread by group name; a group without impressions is missing.
        distance: Kolmogorov-Smirnov distance of synthetic and real impressions, None when there are none of one kind.
        by_chance: distance that chance alone exceeds in 5 of 100 cases, if impressions were independent (those of one
            real finger are not).
    """

    name: str
    groups: dict[str, Spread]
    distance: float | None
    by_chance: float | None


@dataclass(frozen=True)
class Likeness:
    """All measures; `skipped` says why the real sets are left out, None when they are not."""

    measures: tuple[Measure, ...]
    skipped: str | None = None


OURS, REAL, SFINGE = "ours", "FVC, real", "FVC, SFinGe"
Extract = Callable[[FingerImage], Template]
Measured = Callable[[Reading], float]
MEASURES: tuple[tuple[str, bool, Measured], ...] = (
    ("area, mm2", False, lambda reading: reading.area_mm2),
    ("minutiae, comparable area", True, lambda reading: reading.minutiae),
    ("minutiae a 100 mm2", False, lambda reading: reading.density),
    ("quality, comparable area", True, lambda reading: reading.quality),
    ("mean confidence, percent", False, lambda reading: 100 * reading.confidence),
)
"""Name, whether only impressions of comparable area count, and what is measured."""


def measure(
    extract: Extract,
    read_file: Callable[[Path], FingerImage],
    files: Mapping[str, Sequence[Path]],
    prints: int,
    on_progress: Callable[[int], None] = lambda done: None,
) -> Likeness:
    """Return every measure of `prints` synthetic impressions and of the real ones in `files`.

    Args:
        extract: the extractor that reads.
        read_file: gives the image in a file.
        files: of real impressions by group (`chosen_files`); may be empty.
        prints: number of synthetic impressions, at least 1.
        on_progress: called with the number of impressions read.

    Raises:
        SenderError: ``SYNTH_PRINTS`` when `prints` is below 1.
    """
    done = itertools.count(1)
    sources = {OURS: synthetic_images(prints), **{group: map(read_file, paths) for group, paths in files.items()}}
    groups = {
        group: readings(images, extract, lambda: on_progress(next(done))) for group, images in sources.items()
    }  # fmt: skip
    return Likeness(compare(groups))


def read(image: FingerImage, extract: Extract) -> Reading | None:
    """Return what `extract` reads from `image`, None when it cannot be used.

    Raises:
        EngineError: when the fault is not the image's.
    """
    try:
        template = extract(image)
    except EngineError as refusal:
        if refusal.code in UNUSABLE:
            return None
        raise
    blocks = foreground(at_engine_resolution(image, DEFAULT_EXTRACTION), DEFAULT_EXTRACTION)
    side_mm = DEFAULT_EXTRACTION.block_px * MM_PER_INCH / ENGINE_PPI
    confidence = float(template.quality.mean()) / SUREST if len(template) else 0.0
    return Reading(len(template), confidence, template.overall_quality, float(blocks.sum()) * side_mm**2)


def synthetic_images(prints: int) -> Iterator[FingerImage]:
    """Yield `prints` plain impressions, each of another person, fingers in turn, conditions by their shares.

    Raises:
        SenderError: ``SYNTH_PRINTS`` when `prints` is below 1.
    """
    if prints < 1:
        raise SenderError("SYNTH_PRINTS", f"cannot measure on {prints} prints", hint="give --prints 1 or more")
    for index in range(prints):
        finger = SINGLE_FINGERS[index % len(SINGLE_FINGERS)]
        yield render_plain(make_person(STUDY_SEED, index), OCCASION, finger).image


def chosen_files(sets: Mapping[str, Sequence[Path]]) -> dict[str, list[Path]]:
    """Return the files that are read, by group: real sensors and SFinGe."""
    groups: dict[str, list[Path]] = {REAL: [], SFINGE: []}
    for name, files in sets.items():
        groups[SFINGE if name in SYNTHETIC_SETS else REAL] += [
            path for path in files if _impression(path) in IMPRESSIONS
        ]
    return groups


def readings(images: Iterable[FingerImage], extract: Extract, on_progress: Callable[[], None]) -> list[Reading]:
    """Return what is read from `images`, without those that cannot be used; `on_progress` after each."""
    taken = []
    for image in images:
        reading = read(image, extract)
        if reading is not None and reading.area_mm2 > 0:
            taken.append(reading)
        on_progress()
    return taken


def compare(groups: Mapping[str, Sequence[Reading]]) -> tuple[Measure, ...]:
    """Return every measure's spread in each group, and the distance of the groups `OURS` and `REAL`."""
    measures = []
    for name, only_comparable, value in MEASURES:
        values = {
            group: [value(reading) for reading in taken if reading.is_comparable or not only_comparable]
            for group, taken in groups.items()
        }
        ours, real = values.get(OURS, []), values.get(REAL, [])
        both = bool(ours and real)
        measures.append(
            Measure(
                name=name,
                groups={group: _spread(numbers) for group, numbers in values.items() if numbers},
                distance=kolmogorov_smirnov(ours, real) if both else None,
                by_chance=distance_by_chance(len(ours), len(real)) if both else None,
            )
        )
    return tuple(measures)


def _spread(values: Sequence[float]) -> Spread:
    return Spread(len(values), tuple(float(value) for value in np.quantile(values, QUANTILES)))


def _impression(path: Path) -> int:
    matched = FILE_NAME.fullmatch(path.name)
    return int(matched.group(2)) if matched else 0
