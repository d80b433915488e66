"""A contact sheet of synthetic prints: all pattern types and conditions, rolled and plain, for people to judge."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from tenprint.synth.cards import render_plain, render_rolled
from tenprint.synth.conditions import Condition
from tenprint.synth.impression import Rendered
from tenprint.synth.marks import draw_scar
from tenprint.synth.patterns import FingerPlan, Pattern
from tenprint.synth.person import SyntheticPerson, make_person

Grey = npt.NDArray[np.uint8]
IMPRESSIONS = 2 * (len(Pattern) + len(Condition))


@dataclass(frozen=True)
class SheetParameters:
    """How the sheet is laid out and what it shows. Lengths are px, greys 0 to 255."""

    seed: int = 11
    occasion: int = 2
    skip_people: int = 5
    """People left out before the fingers with a condition, so that they are not the same as those by pattern."""
    condition_fingers: tuple[int, ...] = (1, 3, 9, 2, 8)
    """Finger positions shown dry, wet, creased, smudged and in partial contact."""
    scarred_fingers: tuple[int, ...] = (2, 3, 4, 7, 8, 9)
    """Finger positions among which a scarred one is looked for: large enough to show it."""
    cell: int = 290
    label: int = 24
    gap: int = 10
    rolled_side: int = 680
    plain_side: int = 500
    """Sides of the square cut out around the middle of an impression."""
    rolled_lift: int = 10
    """How far above the image's middle a rolled impression lies."""
    paper_rows: int = 40
    """Rows at the top that are paper."""
    black_percentile: float = 1.0
    paper_margin: int = 14
    """Pixels this near to the paper's grey become white: noise of the paper would fill the file."""
    blackest: int = 20
    grey_levels: int = 10
    """Levels kept in the file: a sheet of full depth is three times as large and looks the same."""
    text_scale: float = 0.42
    text_place: tuple[int, int] = (4, 16)
    """Where a label begins, from the left and from the picture's lower edge."""
    text_grey: int = 40
    compression: int = 9


SHEET = SheetParameters()


def make_sheet(on_progress: Callable[[int], None] = lambda done: None) -> bytes:
    """Return the sheet as a PNG file, about 1,800 x 1,300 px: four rows of six impressions, named below each.

    Args:
        on_progress: called with the number of impressions done, of `IMPRESSIONS`.
    """
    done = itertools.count(1)
    lines = []
    for row in _rows():
        cells = []
        for person, plan, condition, rolled in row:
            render = render_rolled if rolled else render_plain
            cells.append(
                _cell(render(person, SHEET.occasion, plan.fgp, condition), _label(plan, condition, rolled), rolled)
            )
            on_progress(next(done))
        lines.append(np.hstack(cells))
    sheet = np.vstack(lines)
    step = 255 / (SHEET.grey_levels - 1)
    levels = np.rint(np.rint(sheet / step) * step).astype(np.uint8)
    _, encoded = cv2.imencode(".png", levels, [cv2.IMWRITE_PNG_COMPRESSION, SHEET.compression])
    return encoded.tobytes()


_Wanted = tuple[SyntheticPerson, FingerPlan, Condition, bool]


def _rows() -> list[list[_Wanted]]:
    by_pattern = [_first(lambda plan, p=pattern: plan.pattern is p) for pattern in Pattern]  # type: ignore[misc]
    by_condition = [
        _first(lambda plan, f=finger: plan.fgp == f, skip=SHEET.skip_people)  # type: ignore[misc]
        for finger in SHEET.condition_fingers
    ]
    scarred = _first(lambda plan: draw_scar(plan) is not None and plan.fgp in SHEET.scarred_fingers)
    bad = [condition for condition in Condition if condition is not Condition.GOOD]
    return [
        [(*found, Condition.GOOD, True) for found in by_pattern],
        [(*scarred, Condition.GOOD, True)]
        + [(*found, condition, True) for found, condition in zip(by_condition, bad, strict=True)],
        [(*found, Condition.GOOD, False) for found in by_pattern],
        [(*scarred, Condition.GOOD, False)]
        + [(*found, condition, False) for found, condition in zip(by_condition, bad, strict=True)],
    ]


def _first(wanted: Callable[[FingerPlan], bool], skip: int = 0) -> tuple[SyntheticPerson, FingerPlan]:
    """Return the first finger of the population that is `wanted`, after `skip` people."""
    return next((person, plan) for person, plan in _fingers(skip) if wanted(plan))


def _fingers(skip: int) -> Iterator[tuple[SyntheticPerson, FingerPlan]]:
    for index in itertools.count(skip):
        person = make_person(SHEET.seed, index)
        for plan in person.plans:
            yield person, plan


def _label(plan: FingerPlan, condition: Condition, rolled: bool) -> str:
    pattern = plan.pattern.name.lower().replace("_", " ")
    scar = ", scar" if draw_scar(plan) is not None else ""
    return f"{'rolled' if rolled else 'plain'}, {pattern}, {condition.value}{scar}"


def _cell(made: Rendered, label: str, rolled: bool) -> Grey:
    side = SHEET.rolled_side if rolled else SHEET.plain_side
    pixels = made.image.pixels
    black = float(np.percentile(pixels, SHEET.black_percentile))
    white = float(np.median(pixels[: SHEET.paper_rows])) - SHEET.paper_margin
    height, width = pixels.shape
    top, left = max(0, (height - side) // 2), max(0, (width - side) // 2)
    if rolled:
        top = max(0, top - SHEET.rolled_lift)
    part = pixels[top : top + side, left : left + side]
    square = np.full((side, side), 255, dtype=np.uint8)
    y, x = (side - part.shape[0]) // 2, (side - part.shape[1]) // 2
    square[y : y + part.shape[0], x : x + part.shape[1]] = np.clip(
        (part - black) * ((255 - SHEET.blackest) / (white - black)) + SHEET.blackest, 0, 255
    ).astype(np.uint8)
    cell = np.full((SHEET.cell + SHEET.label + SHEET.gap, SHEET.cell + SHEET.gap), 255, dtype=np.uint8)
    cell[: SHEET.cell, : SHEET.cell] = cv2.resize(square, (SHEET.cell, SHEET.cell), interpolation=cv2.INTER_AREA)
    font, place = cv2.FONT_HERSHEY_SIMPLEX, (SHEET.text_place[0], SHEET.cell + SHEET.text_place[1])
    cv2.putText(cell, label, place, font, SHEET.text_scale, SHEET.text_grey, 1, cv2.LINE_AA)
    return cell
