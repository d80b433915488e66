"""A contact sheet of synthetic prints: all pattern types and conditions, rolled and plain, for people to judge."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

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
SHEET_SEED = 11
OCCASION = 2
CELL_PX = 290
LABEL_PX = 24
GAP_PX = 10
ROLLED_SIDE_PX, PLAIN_SIDE_PX = 680, 500
"""Side of the square cut out around the middle of an impression."""
PAPER_MARGIN_GREY = 14
"""Pixels this near to the paper's grey become white: noise of the paper would fill the file."""
BLACKEST_GREY = 20
GREY_LEVELS = 10
"""Levels kept in the file: a sheet of full depth is three times as large and looks the same."""
_TEXT_SCALE = 0.42
_INK = 40


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
            cells.append(_cell(render(person, OCCASION, plan.fgp, condition), _label(plan, condition, rolled), rolled))
            on_progress(next(done))
        lines.append(np.hstack(cells))
    sheet = np.vstack(lines)
    step = 255 / (GREY_LEVELS - 1)
    levels = np.rint(np.rint(sheet / step) * step).astype(np.uint8)
    _, encoded = cv2.imencode(".png", levels, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    return encoded.tobytes()


_Wanted = tuple[SyntheticPerson, FingerPlan, Condition, bool]


def _rows() -> list[list[_Wanted]]:
    by_pattern = [_first(lambda plan, p=pattern: plan.pattern is p) for pattern in Pattern]  # type: ignore[misc]
    by_condition = [_first(lambda plan, f=finger: plan.fgp == f, skip=5) for finger in (1, 3, 9, 2, 8)]  # type: ignore[misc]
    scarred = _first(lambda plan: draw_scar(plan) is not None and plan.fgp in (2, 3, 4, 7, 8, 9))
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
        person = make_person(SHEET_SEED, index)
        for plan in person.plans:
            yield person, plan


def _label(plan: FingerPlan, condition: Condition, rolled: bool) -> str:
    pattern = plan.pattern.name.lower().replace("_", " ")
    scar = ", scar" if draw_scar(plan) is not None else ""
    return f"{'rolled' if rolled else 'plain'}, {pattern}, {condition.value}{scar}"


def _cell(made: Rendered, label: str, rolled: bool) -> Grey:
    side = ROLLED_SIDE_PX if rolled else PLAIN_SIDE_PX
    pixels = made.image.pixels
    black, white = float(np.percentile(pixels, 1)), float(np.median(pixels[:40])) - PAPER_MARGIN_GREY
    height, width = pixels.shape
    top, left = max(0, (height - side) // 2), max(0, (width - side) // 2)
    if rolled:
        top = max(0, top - 10)
    part = pixels[top : top + side, left : left + side]
    square = np.full((side, side), 255, dtype=np.uint8)
    y, x = (side - part.shape[0]) // 2, (side - part.shape[1]) // 2
    square[y : y + part.shape[0], x : x + part.shape[1]] = np.clip(
        (part - black) * ((255 - BLACKEST_GREY) / (white - black)) + BLACKEST_GREY, 0, 255
    ).astype(np.uint8)
    cell = np.full((CELL_PX + LABEL_PX + GAP_PX, CELL_PX + GAP_PX), 255, dtype=np.uint8)
    cell[:CELL_PX, :CELL_PX] = cv2.resize(square, (CELL_PX, CELL_PX), interpolation=cv2.INTER_AREA)
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(cell, label, (4, CELL_PX + 16), font, _TEXT_SCALE, _INK, 1, cv2.LINE_AA)
    return cell
