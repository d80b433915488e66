"""Relations inside a record: impression and position against record type, boxes against the image, and the like."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tenprint.records.itl.file_rules import VERSION_2007, VERSION_2011, VERSION_2015
from tenprint.records.itl.findings import ERROR, WARNING
from tenprint.records.itl.photo_rules import check_photograph
from tenprint.records.itl.record import number_of
from tenprint.records.itl.record_view import RecordView
from tenprint.records.itl.verdicts import Findings

LATENT = frozenset({4, 5, 6, 7, 12, 13, 14, 15, *range(32, 40)})
"""Impression codes of a latent print, which only Type-13 and Type-9 carry."""
ANY_IMPRESSION = frozenset({28, 29})
FINGERS, PALMS = frozenset({*range(20), *range(40, 55)}), frozenset({*range(20, 39), *range(81, 87)})
HAND_SIDES = frozenset({33, 36})
"""The hypothenars: the standard lets Type-14 carry the side of a hand beside the fingers."""
POSITIONS = {3: FINGERS, 4: FINGERS, 5: FINGERS, 6: FINGERS, 14: FINGERS | HAND_SIDES, 15: PALMS | {18}}
TYPE_4_FINGERS = frozenset(range(16))
"""Type-4 carries single fingers, plain thumbs and plain sets, and none of the later combinations."""
PALM_IMPRESSIONS, SOLE_IMPRESSIONS = frozenset(range(10, 16)), frozenset(range(30, 36))
PALM_EXEMPLARS = frozenset({10, 11})
"""Impressions of a palm in 2011 and 2013; since 2015 fingers and palms share plain and rolled."""
SINGLE = frozenset({*range(1, 13), 16, 17})
UNKNOWN_RIDGE, JOINT = 18, 19
"""19 is an entire joint image or a tip: the only position that is described part by part."""
MEMBERS = {
    11: {1}, 12: {6}, 13: {2, 3, 4, 5}, 14: {7, 8, 9, 10}, 15: {1, 6, 11, 12},
    40: {2, 3}, 41: {3, 4}, 42: {4, 5}, 43: {7, 8}, 44: {8, 9}, 45: {9, 10}, 46: {2, 7},
    47: {2, 3, 4}, 48: {3, 4, 5}, 49: {7, 8, 9}, 50: {8, 9, 10},
    51: {2, 3, 4, 5}, 52: {7, 8, 9, 10}, 53: {1, 2, 3, 4, 5}, 54: {6, 7, 8, 9, 10},
}  # fmt: skip
"""Fingers of a plain thumb and of an image of several."""
EXTRA_DIGITS = {16, 17}
UNKNOWN_PALM = 20
QUALITY_OF = {14: frozenset({*range(18)}), 15: PALMS}
"""Positions that a quality may be about, by record type; a latent print is of any."""
CORNERS_OF = {"C": 2, "E": 3}
PLACE_RANGES = {1: (-90, 90), 2: (0, 60), 3: (0, 60), 4: (-180, 180), 5: (0, 60), 6: (0, 60), 7: (-422, 8848)}
"""Items of 998: latitude, longitude (degrees, minutes, seconds) and elevation in meters."""
SUBJECT, DEAD = 46, "D"
_REAL = re.compile(r"[+\-]?[0-9]{1,9}(\.[0-9]{0,9})?")


def check_record(view: RecordView, version: int, findings: Findings) -> None:
    """Judge how the fields of one record fit each other.

    Args:
        view: a record of any type.
        version: 1.002 as a number.
        findings: where to write.
    """
    if view.type in (3, 4, 5, 6, 13, 14, 15):
        _impression_and_position(view, version, findings)
    if view.type in (13, 14):
        _joints(view, findings)
        _boxes(view, 15, 2, findings)
    if view.type == 14:
        _segments(view, findings)
        _boxes(view, 21, 1, findings)
        _polygons(view, 25, 1, findings)
    if view.type in (13, 14, 15):
        _qualities(view, findings)
    if view.type in (14, 15):
        _amputations(view, findings)
    if view.type == 10:
        check_photograph(view, version, findings)
        _boxes(view, 14, 0, findings)
        _polygons(view, 15, 1, findings)
        _polygons(view, 33, 1, findings)
        _polygons(view, 45, 2, findings)
    if view.type == 17:
        _spectrum(view, version, findings)
        for number in (33, 34, 35, 36):
            _polygons(view, number, 1, findings)
        _polygons(view, 37, 2, findings)
    if view.type > 9:
        _place(view, findings)
        _subject(view, findings)


def _impression_and_position(view: RecordView, version: int, findings: Findings) -> None:
    impression = view.number(3)
    place = 4 if view.type < 9 else 13
    positions = view.numbers(place)
    is_latent = impression in LATENT
    is_told = impression >= 0 and impression not in ANY_IMPRESSION
    # Before 2011 latent prints travelled in exemplar records too.
    if version >= VERSION_2011 and view.type in (13, 14, 15) and is_told and is_latent != (view.type == 13):
        what = "a latent impression" if view.type == 13 else "no latent impression"
        message = f"a Type-{view.type} record must hold {what}"
        findings.add("impression-type", message, view=view, number=3, found=str(impression), expected=what)
    wrong_kind = view.type in (4, 14) and impression in (PALM_IMPRESSIONS | SOLE_IMPRESSIONS) - LATENT
    if wrong_kind and version >= VERSION_2011:
        findings.add(
            "impression-type",
            "the impression is none of a finger",
            view=view,
            number=3,
            found=str(impression),
            expected="an impression of a finger",
        )
    is_palm_time = VERSION_2011 <= version < VERSION_2015
    if view.type == 15 and is_palm_time and is_told and not is_latent and impression not in PALM_EXEMPLARS:
        findings.add(
            "impression-type",
            "the impression is none of a palm",
            view=view,
            number=3,
            found=str(impression),
            expected="10, 11, 28 or 29; others since 2015",
        )
    allowed = TYPE_4_FINGERS if view.type == 4 and version >= VERSION_2007 else POSITIONS.get(view.type)
    for at, position in enumerate(positions, 1):
        if allowed and position >= 0 and position not in allowed:
            findings.add(
                "position-type",
                f"the position does not belong into a Type-{view.type} record",
                view=view,
                number=place,
                occurrence=at,
                found=str(position),
                expected="a palm" if view.type == 15 else "a finger",
            )
    if view.type == 14 and version >= VERSION_2011 and len(positions) > 1:
        findings.add(
            "position-once",
            "a Type-14 record has one position",
            view=view,
            number=13,
            found=str(len(positions)),
            expected="1",
        )


def _joints(view: RecordView, findings: Findings) -> None:
    """Print position descriptors and coordinates go with position 19, and 19 goes with descriptors."""
    positions = view.numbers(13)
    if JOINT in positions:
        if not view.all(14):
            findings.add(
                "joint-only-19",
                "position 19 needs descriptors of the print's position",
                view=view,
                number=14,
                expected="mandatory with position 19",
            )
        if view.type == 14 and not view.all(15):
            # Public sources differ on whether the coordinates are mandatory: a remark.
            findings.add(
                "joint-only-19",
                "position 19 is described without coordinates",
                view=view,
                number=15,
                expected="where the parts lie",
                severity=WARNING,
            )
        return
    for number in (14, 15):
        if view.all(number):
            findings.add(
                "joint-only-19",
                "only position 19 is described part by part",
                view=view,
                number=number,
                found=view.text(number),
                expected="absent, or position 19 in field 13",
            )


def _segments(view: RecordView, findings: Findings) -> None:
    # Before 2011 a record could name each of its fingers: then no single position says what it shows.
    positions = view.numbers(13)
    position = positions[0] if len(positions) == 1 else -1
    members = MEMBERS.get(position)
    for number in (21, 25):
        found = view.numbers(number)
        # An entire joint image may show several fingers: 14.025 is seen there, 14.021 has no meaning.
        is_out = position in SINGLE or (number == 21 and position in (0, UNKNOWN_RIDGE, JOINT))
        if found and is_out:
            findings.add(
                "segments-of-a-set",
                "segments belong to an image of several fingers",
                view=view,
                number=number,
                found=view.text(number),
                expected="absent, or a position of several",
                # The table of the standard makes 14.025 optional whatever the position: a remark, no refusal.
                severity=ERROR if number == 21 else WARNING,
            )
            continue
        for at, segment in enumerate(found, 1):
            if members and segment >= 0 and segment not in members | EXTRA_DIGITS:
                # 14.025 of NIST's own files names an index finger in an image of thumbs: a remark, no refusal.
                findings.add(
                    "segments-of-a-set",
                    "the segment's finger is not in this image",
                    view=view,
                    number=number,
                    occurrence=at,
                    found=str(segment),
                    expected=_listed(members),
                    severity=ERROR if number == 21 else WARNING,
                )


def _qualities(view: RecordView, findings: Findings) -> None:
    """A quality is about a position of this record. Of the kind of ridge it must be; of the record it should be."""
    kind = QUALITY_OF.get(view.type)
    allowed = _shown(view)
    for number in (24,) if view.type != 14 else (22, 23, 24):
        for at, position in enumerate(view.numbers(number), 1):
            is_wrong = kind is not None and position not in kind
            if position >= 0 and (is_wrong or (allowed and position not in allowed)):
                findings.add(
                    "quality-position",
                    "the quality is about a position that is not in this record",
                    view=view,
                    number=number,
                    occurrence=at,
                    found=str(position),
                    expected=_listed(allowed) if 0 < len(allowed) < 9 else "a position of the record's kind",
                    severity=ERROR if is_wrong else WARNING,
                )
    segments = set(view.numbers(21)) | set(view.numbers(25)) if view.type == 14 else set()
    for at, position in enumerate(view.numbers(23) if view.type == 14 else [], 1):
        if position >= 0 and position not in segments:
            findings.add(
                "quality-position",
                "the segmentation quality is about a segment that is not given",
                view=view,
                number=23,
                occurrence=at,
                found=str(position),
                expected="a finger of 14.021 or 14.025",
            )


def _shown(view: RecordView) -> set[int]:
    """Return the positions that a record may show, none where that is open."""
    positions = set(view.numbers(13)) - {-1}
    if positions & {0, UNKNOWN_RIDGE, JOINT, UNKNOWN_PALM}:
        return set()
    if view.type != 14:
        return positions
    extra = EXTRA_DIGITS if positions & set(MEMBERS) else set()
    return set().union(*(MEMBERS.get(p, {p}) for p in positions), positions, extra)


def _amputations(view: RecordView, findings: Findings) -> None:
    allowed = set(PALMS) | set(range(18)) if view.type == 15 else {*range(1, 11), *EXTRA_DIGITS}
    for at, position in enumerate(view.numbers(18), 1):
        if position >= 0 and position not in allowed:
            findings.add(
                "amputation-explained",
                "an amputation is of one finger or palm",
                view=view,
                number=18,
                occurrence=at,
                found=str(position),
                expected="one finger or palm",
            )


def _boxes(view: RecordView, number: int, first: int, findings: Findings) -> None:
    """Check boxes left, right, top, bottom, which begin at item `first`."""
    width, height = view.number(6), view.number(7)
    for at, occurrence in enumerate(view.all(number), 1):
        sides = [number_of(i) for i in occurrence.items[first : first + 4]]
        if len(sides) < 4 or min(sides) < 0 or min(width, height) < 1:
            continue  # the field's own rules speak of these
        left, right, top, bottom = sides
        is_inside = left <= right <= width and top <= bottom <= height
        if not (is_inside and left < right and top < bottom):
            # A part that is not seen is written as a box without area (13.015 and 14.015): a remark, no refusal.
            severity = WARNING if is_inside and number == 15 else ERROR
            findings.add(
                "box-inside",
                "a box is empty or lies outside the image",
                view=view,
                number=number,
                occurrence=at,
                found=f"{left} {right} {top} {bottom}",
                severity=severity,
                expected=f"left < right <= {width}, top < bottom <= {height}",
            )


def _polygons(view: RecordView, number: int, first: int, findings: Findings) -> None:
    """Check point lists; item `first` says how many points follow, the item before it may name the shape."""
    width, height = view.number(6), view.number(7)
    for at, occurrence in enumerate(view.all(number), 1):
        values = [number_of(i) for i in occurrence.items[first:]]
        if len(values) < 3 or min(values) < 0:
            continue
        shape = occurrence.items[0] if first == 1 else ""
        wanted = CORNERS_OF.get(shape, 0) if view.type == 17 or number == 15 else 0
        points = values[1:]
        is_area = shape not in CORNERS_OF or not wanted
        if len(points) != 2 * values[0] or (wanted and values[0] != wanted) or (is_area and values[0] < 3):
            findings.add(
                "polygon",
                "the number of points is not the one announced",
                view=view,
                number=number,
                occurrence=at,
                found=str(len(points) // 2),
                expected=str(wanted or max(3, values[0])),
            )
        elif 0 < width < max(points[::2]) or 0 < height < max(points[1::2]):
            findings.add(
                "box-inside",
                "a point lies outside the image",
                view=view,
                number=number,
                occurrence=at,
                found=f"{max(points[::2])} {max(points[1::2])}",
                expected=f"within {width}x{height}",
            )


def _spectrum(view: RecordView, version: int, findings: Findings) -> None:
    """The bounds of an iris's light (17.027) go with DEFINED light, and only with it."""
    is_defined, has_bounds = view.text(25) == "DEFINED", bool(view.all(27))
    if version >= VERSION_2011 and is_defined != has_bounds:
        findings.add(
            "iris-spectrum",
            "defined light needs its bounds" if is_defined else "the bounds belong to defined light",
            view=view,
            number=27,
            found=view.text(27),
            expected="mandatory with DEFINED in 17.025, else absent",
        )


def _subject(view: RecordView, findings: Findings) -> None:
    """The state of a body (046) is told of the dead, and only of them."""
    for at, occurrence in enumerate(view.all(SUBJECT), 1):
        status, *body = occurrence.items
        if status != DEAD and any(body):
            findings.add(
                "subject-condition",
                "the state of a body is told of the dead alone",
                view=view,
                number=SUBJECT,
                occurrence=at,
                expected="nothing behind the status, or status D",
            )
        elif status == DEAD and not (len(body) > 1 and all(body[:2])):
            # Public sources agree on this for Type-14 alone.
            findings.add(
                "subject-condition",
                "the state of the body is not told",
                view=view,
                number=SUBJECT,
                occurrence=at,
                expected="status, whole or fragment, state of the tissue",
                severity=ERROR if view.type == 14 else WARNING,
            )


def _place(view: RecordView, findings: Findings) -> None:
    """Check 998: degrees come in pairs and before minutes, the three UTM items together, all within their ranges."""
    for at, occurrence in enumerate(view.all(998), 1):
        items = occurrence.items[:15] + [""] * 15
        given = [bool(i) for i in items]
        wrong = (
            (given[1] != given[4], "latitude without longitude, or the other way round"),
            ((given[2] and not given[1]) or (given[5] and not given[4]), "minutes without degrees"),
            ((given[3] and not given[2]) or (given[6] and not given[5]), "seconds without minutes"),
            (len({given[9], given[10], given[11]}) > 1, "zone, easting and northing belong together"),
            (given[14] and not given[13], "a value of another system without the system's name"),
            *((_is_beyond(items[n], *PLACE_RANGES[n]), "a coordinate is out of its range") for n in PLACE_RANGES),
        )
        for is_wrong, message in wrong:
            if is_wrong:
                findings.add("geography", message, view=view, number=998, occurrence=at)


def _is_beyond(text: str, least: float, most: float) -> bool:
    return bool(_REAL.fullmatch(text)) and not least <= float(text) <= most


def _listed(numbers: Iterable[int]) -> str:
    return " ".join(map(str, sorted(numbers)))
