"""Boxes and outlines of single fingers in a plain set, read back from Type-14: 14.021 SEG, 14.025 ASEG, 14.018 AMP.

Reading is lenient: an entry that is none is left out here, and named by `validate`.
"""

from __future__ import annotations

from tenprint.core.fingers import SINGLE_FINGERS, FingerPosition
from tenprint.records.itl.impressions import FingerPolygon, FingerSegment, MissingFinger
from tenprint.records.itl.record import Record, number_of
from tenprint.records.itl.writer import LEAST_CORNERS, MOST_CORNERS

_SEGMENT_ITEMS = 5
_HEAD_ITEMS = 2


def read_segments(record: Record) -> tuple[FingerSegment, ...]:
    """Return the boxes of 14.021; those that are upside down or no finger's are left out."""
    found = []
    for items in record.items("14.021"):
        values = [number_of(item) for item in items]
        if len(values) == _SEGMENT_ITEMS and values[0] in SINGLE_FINGERS and min(values) >= 0:
            segment = FingerSegment(FingerPosition(values[0]), *values[1:])
            if segment.left <= segment.right and segment.top <= segment.bottom:
                found.append(segment)
    return tuple(found)


def read_polygons(record: Record) -> tuple[FingerPolygon, ...]:
    """Return the outlines of 14.025; those whose number of corners is not the one they state are left out."""
    found = []
    for items in record.items("14.025"):
        values = [number_of(item) for item in items]
        if len(values) < _HEAD_ITEMS or values[0] not in SINGLE_FINGERS or min(values) < 0:
            continue
        finger, count, *places = values
        if LEAST_CORNERS <= count <= MOST_CORNERS and len(places) == 2 * count:
            found.append(FingerPolygon(FingerPosition(finger), tuple(zip(places[::2], places[1::2], strict=True))))
    return tuple(found)


def read_missing(record: Record) -> tuple[MissingFinger, ...]:
    """Return the fingers that 14.018 names as not there."""
    found = []
    for finger, *why in record.items("14.018"):
        if number_of(finger) in SINGLE_FINGERS and why:
            found.append(MissingFinger(FingerPosition(number_of(finger)), why[0]))
    return tuple(found)
