"""Templates of another vendor against ours of the same images: whether the two understand each other.

Genuine pairs are two impressions of one finger, never one image with itself, which would flatter. Across vendors each
image lends its template of ours to one side and theirs to the other, so there are twice as many pairs as within one.
Their templates were made from squeezed images (samples' README): they are laid over the image's true size first. One
row leaves that out, to show what it is worth.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tenprint.core.errors import SenderError
from tenprint.core.template import Template
from tenprint.records import templates as formats
from tenprint.stats.errors import ErrorRates, Interval
from tenprint.studies.accuracy import FILE_NAME, Extract, Matcher, Prepared, score_pairs

SUFFIX = ".iso"


@dataclass(frozen=True)
class InterchangeRow:
    """Figures of one pairing of template makers.

    Args:
        name: who is compared with whom.
        rates: EER, FMR100, FMR1000, ZeroFMR and the numbers of pairs, rates in 0 to 1.
        interval: 95 % bootstrap interval of the EER over fingers.
    """

    name: str
    rates: ErrorRates
    interval: Interval


@dataclass(frozen=True)
class InterchangeFigures:
    """Figures of one run.

    Args:
        images: number of images that have a template of both makers.
        minutiae_ours, minutiae_theirs: mean minutiae an image.
        problems: of reading their templates.
        rows: ours with ours, theirs with theirs, across, across without the correction of size.
    """

    images: int
    minutiae_ours: float
    minutiae_theirs: float
    problems: int
    rows: tuple[InterchangeRow, ...]


def find_pairs(images: Path, theirs: Path) -> dict[str, tuple[Path, Path]]:
    """Return image and template file by common name (``101_1``).

    Raises:
        SenderError: ``SAMPLES_MISSING`` when no image has a template of the same name.
    """
    found = {
        path.stem: (path, theirs / f"{path.stem}{SUFFIX}")
        for path in sorted(images.iterdir() if images.is_dir() else [])
        if FILE_NAME.fullmatch(path.name) and (theirs / f"{path.stem}{SUFFIX}").is_file()
    }
    if not found:
        hint = "name the folders of images and of templates with --images and --theirs"
        raise SenderError("SAMPLES_MISSING", f"no image of {images} has a template in {theirs}", hint=hint)
    return found


def measure(
    pairs: Mapping[str, tuple[Path, Path]],
    extract: Extract,
    matcher: Matcher[Prepared],
    on_progress: Callable[[int], None] = lambda done: None,
) -> InterchangeFigures:
    """Compare both makers' templates with themselves and with each other.

    Args:
        pairs: as `find_pairs` gives them.
        extract: image file to template.
        matcher: the comparison.
        on_progress: called with the number of images done.

    Raises:
        RecordError: when one of their files cannot be read at all.
    """
    ours, theirs, as_written = {}, {}, {}
    problems = 0
    for done, (name, (image, file)) in enumerate(pairs.items(), 1):
        ours[name] = extract(image)
        record = formats.read(file.read_bytes())
        problems += len(record.problems)
        theirs[name] = formats.to_template(record, laid_over=(ours[name].width, ours[name].height))
        as_written[name] = formats.to_template(record)
        on_progress(done)
    own, other, raw = (_prepared(kind, matcher) for kind in (ours, theirs, as_written))
    rows = (
        _row("ours, ours", _within(own), matcher),
        _row("theirs, theirs", _within(other), matcher),
        _row("ours, theirs", _across(own, other), matcher),
        _row("ours, theirs as written", _across(own, raw), matcher),
    )
    return InterchangeFigures(len(ours), _mean_length(ours), _mean_length(theirs), problems, rows)


def _prepared(templates: Mapping[str, Template], matcher: Matcher[Prepared]) -> dict[str, tuple[str, Prepared]]:
    return {name: (name.partition("_")[0], matcher.prepare(template)) for name, template in templates.items()}


def _within(
    one: dict[str, tuple[str, Prepared]],
) -> Iterable[tuple[tuple[str, Prepared], tuple[str, Prepared]]]:
    return itertools.combinations(one.values(), 2)


def _across(
    one: dict[str, tuple[str, Prepared]], other: dict[str, tuple[str, Prepared]]
) -> Iterable[tuple[tuple[str, Prepared], tuple[str, Prepared]]]:
    return ((one[a], other[b]) for a in one for b in other if a != b)


def _row(
    name: str, pairs: Iterable[tuple[tuple[str, Prepared], tuple[str, Prepared]]], matcher: Matcher[Prepared]
) -> InterchangeRow:
    scores = score_pairs(pairs, matcher)
    return InterchangeRow(name, scores.rates, scores.interval())


def _mean_length(templates: Mapping[str, Template]) -> float:
    return statistics.fmean(len(template) for template in templates.values())
