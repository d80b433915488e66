"""A picture of segmented synthetic slaps: touching fingers, a missing one, lower joints; boxes, outlines and names."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from tenprint.core.fingers import FingerPosition
from tenprint.core.image import FingerImage
from tenprint.engine.slaps import SegmentedFinger, segment
from tenprint.exchange.capture import MOST_NEIGHBOURS
from tenprint.synth.cards import SlapLayout, render_plain_set
from tenprint.synth.person import make_person

RIGHT, LEFT = FingerPosition.PLAIN_RIGHT_FOUR, FingerPosition.PLAIN_LEFT_FOUR
SHOWN = (
    (3, RIGHT, SlapLayout(touching=True)),
    (1, LEFT, SlapLayout(missing=frozenset({FingerPosition.LEFT_MIDDLE}))),
    (2, RIGHT, SlapLayout(joints=True)),
)
"""Number of the person, set, how the hand lies."""
POPULATION, OCCASION = 7605, 1
SLAPS = len(SHOWN)
SIZE = (640, 400)
"""Of each slap in the picture, px."""
LINE, OUTLINE = (44, 72, 110), (170, 90, 20)
"""Colours (blue, green, red) of boxes and of the outlines of crowded fingers."""
LEVELS = 24
"""Levels kept in the file: more would treble it and look the same."""

Picture = npt.NDArray[np.uint8]


def make_sheet(on_progress: Callable[[int], None] = lambda done: None) -> bytes:
    """Return the picture as a PNG file, the slaps one below the other.

    Args:
        on_progress: called with the number of slaps done, of `SLAPS`.
    """
    rows = []
    for number, position, layout in SHOWN:
        image = render_plain_set(make_person(POPULATION, number), OCCASION, position, layout=layout).image
        rows.append(_drawn(image, segment(image).fingers))
        on_progress(len(rows))
    step = 255 / (LEVELS - 1)
    sheet = (np.rint(np.vstack(rows) / step) * step).astype(np.uint8)
    return bytes(cv2.imencode(".png", sheet, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1])


def _drawn(image: FingerImage, fingers: tuple[SegmentedFinger, ...]) -> Picture:
    small = cv2.resize(np.asarray(image.pixels), SIZE, interpolation=cv2.INTER_AREA)
    picture = cv2.cvtColor(small, cv2.COLOR_GRAY2BGR)
    across, down = SIZE[0] / image.width, SIZE[1] / image.height
    for finger in fingers:
        left, right = (round(x * across) for x in (finger.left, finger.right))
        top, bottom = (round(y * down) for y in (finger.top, finger.bottom))
        cv2.rectangle(picture, (left, top), (right, bottom), LINE, 2)
        if finger.neighbours > MOST_NEIGHBOURS:
            corners = np.rint(np.array(finger.outline) * (across, down)).astype(np.int32)
            cv2.polylines(picture, [corners], isClosed=True, color=OUTLINE, thickness=2)
        label = f"{finger.fgp.title} {finger.confidence:.2f}"
        cv2.putText(picture, label, (left, max(12, top - 6)), cv2.FONT_HERSHEY_SIMPLEX, 0.42, LINE, 1, cv2.LINE_AA)
    return np.asarray(picture, dtype=np.uint8)
