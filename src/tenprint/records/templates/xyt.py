"""The .xyt files of NBIS (mindtct, bozorth3): one minutia a line, ``x y theta quality``, the last one optional.

The origin is the lower left corner and y points up: a minutia in row r of an image of height h has y = h - r, from 1
to h. Theta is in whole degrees, counter-clockwise from the x axis, and points out of the ridge ending: half a turn away
from the sense of ISO and ANSI. (mindtct -m1 writes another file under the same name, which is not told apart here.)
Neither size nor resolution nor kind is in the file.
"""

from __future__ import annotations

import re

import numpy as np

from tenprint.core.errors import RecordError
from tenprint.core.template import Template
from tenprint.records.templates import complaints
from tenprint.records.templates.complaints import Complaints
from tenprint.records.templates.conversion import angle_steps, quality_to_percent
from tenprint.records.templates.layout import MAX_COORDINATE, MAX_QUALITY, Format
from tenprint.records.templates.record import MinutiaeRecord, Numbers, View

HALF_TURN, TURN = 180, 360
MAX_LINES = 10_000
"""Lines read of one file; mindtct finds at most 1,000 minutiae."""
_LINE = re.compile(rb"\s*([0-9]{1,5})\s+([0-9]{1,5})\s+(-?[0-9]{1,3})(?:\s+([0-9]{1,3}))?\s*")


def read_xyt(data: bytes, *, size: tuple[int, int] | None = None, strict: bool = False) -> MinutiaeRecord:
    """Read an .xyt file of NBIS.

    Args:
        data: the whole file.
        size: width and height of the image in pixels; without them the smallest image that holds the minutiae is
            assumed, which moves all of them up or down by the same amount.
        strict: raise at the first line that is wrong.

    Raises:
        RecordError: ``TEMPLATE_HEADER`` when nothing in the file is a minutia; with `strict` ``TEMPLATE_MINUTIA``.
    """
    notes = Complaints(strict)
    rows = _rows(bytes(data), notes)
    if not rows and data.strip():
        raise complaints.refusal(complaints.HEADER, "no line holds x, y and theta", 0)
    table = np.array(rows, dtype=np.int64).reshape(len(rows), 5)
    offsets, x, upwards, theta, quality = table.T
    width, height = size or (int(x.max(initial=0)) + 1, int(upwards.max(initial=1)))
    y = height - upwards
    outside = np.flatnonzero((x >= width) | (y < 0) | (y >= height))
    if outside.size:
        message = f"{outside.size} of {len(rows)} minutiae lie outside an image of {width}x{height}"
        notes.add(complaints.MINUTIA, message, int(offsets[outside[0]]))
    view = View(0, 0, 0, 0, x, y, (theta + HALF_TURN) % TURN, np.zeros_like(x), quality)
    problems = tuple(notes.problems)
    return MinutiaeRecord(Format.XYT, len(data), 0, (0, 0), width, height, 0, 0, (view,), problems)


def write_xyt(template: Template) -> bytes:
    """Write an .xyt file as mindtct does; kinds, position and image size are lost.

    Raises:
        RecordError: ``TEMPLATE_UNWRITABLE`` when the image is larger than 16,384 pixels.
    """
    if max(template.width, template.height) > MAX_COORDINATE + 1:
        raise RecordError(complaints.UNWRITABLE, "the image is larger than 16,384 pixels")
    theta = (angle_steps(template, Format.XYT) + HALF_TURN) % TURN
    upwards = template.height - template.y.astype(np.int64)
    quality: Numbers = quality_to_percent(template.quality.astype(np.int64))
    rows = zip(template.x.tolist(), upwards.tolist(), theta.tolist(), quality.tolist(), strict=True)
    return b"".join(b"%d %d %d %d\n" % row for row in rows)


def _rows(data: bytes, notes: Complaints) -> list[tuple[int, int, int, int, int]]:
    rows = []
    offset = 0
    for number, line in enumerate(data.split(b"\n", MAX_LINES)):
        match = _LINE.fullmatch(line)
        if number == MAX_LINES:
            notes.add(complaints.MINUTIA, f"more than {MAX_LINES} lines", offset)
            break
        if match:
            x, y, theta, quality = (int(part or 0) for part in match.groups())
            if not -TURN < theta < TURN or quality > MAX_QUALITY:
                notes.add(complaints.MINUTIA, f"line {number + 1}: theta or quality is out of range", offset)
            rows.append((offset, x, y, theta, quality))
        elif line.strip():
            notes.add(complaints.MINUTIA, f"line {number + 1} is no minutia", offset)
        offset += len(line) + 1
    return rows
