"""Capture at the booking agency: from a card and a person's data to a CAR.

The rolled positions may be filled with plain impressions cut from the plain sets; their impression type stays plain and
the plain sets themselves are kept, so that a receiver sees what was done.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

import numpy as np

from tenprint.core.errors import SenderError
from tenprint.core.fingers import ALL_PLAIN_SETS, PLAIN_SETS, SINGLE_FINGERS, FingerPosition
from tenprint.core.image import FingerImage
from tenprint.engine.slaps import Slap
from tenprint.records import EncodedImage, read
from tenprint.records.itl.booking import Booking, build_car, missing_fingers, read_booking
from tenprint.records.itl.impressions import FingerPolygon, FingerSegment, MissingFinger

Decode = Callable[[EncodedImage], FingerImage]
Encode = Callable[[FingerImage], EncodedImage]
Segment = Callable[[FingerImage, frozenset[FingerPosition]], Slap]
"""A plain set and the fingers that are said to be missing, to the fingers found in it."""
MOST_NEIGHBOURS = 0.02
"""A box with a larger share of other fingers' print gets an outline beside it."""
MISSING_WORDS = frozenset({"XX", "UP"})
MIN_BOX_SIDE_PX = 64
_COPY_TO = re.compile(r"[A-Za-z]{2}[A-Za-z0-9]{7}[ -~]{0,10}")
FEDERAL_DESTINATION = "XXFBI0001"
SENDER_FIELDS = frozenset({"tot", "tcn", "tcr", "ori", "dai", "dat", "amp"})
"""What the capture station sets, not the person's file."""


@dataclass(frozen=True)
class FingerBox:
    """Where a finger lies in a plain set, pixels of that set's image; right and bottom inclusive (14.021 SEG)."""

    fgp: FingerPosition
    left: int
    right: int
    top: int
    bottom: int


def read_boxes(text: str) -> tuple[FingerBox, ...]:
    """Return the boxes of a TOML file of ``[[box]]`` tables with fgp (1 to 10), left, right, top, bottom.

    Raises:
        SenderError: ``BOXES_INVALID`` with the number of the box at fault.
    """
    try:
        tables = tomllib.loads(text)["box"]
    except (tomllib.TOMLDecodeError, KeyError) as problem:
        raise SenderError("BOXES_INVALID", "no TOML file with [[box]] tables", hint=_BOX_HINT) from problem
    boxes = []
    for number, table in enumerate(tables, 1):
        try:
            box = FingerBox(FingerPosition(table["fgp"]), *(table[n] for n in ("left", "right", "top", "bottom")))
            sides = (box.right - box.left + 1, box.bottom - box.top + 1)
        except (KeyError, TypeError, ValueError) as problem:
            raise SenderError("BOXES_INVALID", f"box {number} lacks a value", hint=_BOX_HINT) from problem
        if box.fgp not in SINGLE_FINGERS or min(box.left, box.top) < 0 or min(sides) < MIN_BOX_SIDE_PX:
            message = f"box {number} is no single finger of at least {MIN_BOX_SIDE_PX} px a side"
            raise SenderError("BOXES_INVALID", message, hint=_BOX_HINT)
        boxes.append(box)
    return tuple(boxes)


def read_missing(words: Iterable[str]) -> dict[FingerPosition, str]:
    """Return the fingers that ``4=XX`` (amputated) and ``9=UP`` (unable to print, such as bandaged) name.

    Raises:
        SenderError: ``MISSING_INVALID`` for other words.
    """
    found = {}
    for word in words:
        finger, _, why = word.partition("=")
        if not (finger.isascii() and finger.isdecimal() and int(finger[:3]) in set(SINGLE_FINGERS)) or (
            why.upper() not in MISSING_WORDS
        ):
            hint = "write the finger's number (1 to 10) and why: 4=XX amputated, 9=UP bandaged or unable to print"
            raise SenderError("MISSING_INVALID", f"{word[:20]!r} names no missing finger", hint=hint)
        found[FingerPosition(int(finger))] = why.upper()
    return found


def read_person(text: str) -> dict[str, Any]:
    """Return the fields of a person's TOML file; names are EBTS mnemonics in lower case (`Booking`).

    Charges are ``[[charge]]`` tables with ``date`` (YYYYMMDD, may be left out) and ``literal``.

    Raises:
        SenderError: ``PERSON_INVALID`` naming the field.
    """
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise SenderError("PERSON_INVALID", f"the person's file is no TOML: {problem}") from problem
    charges = found.pop("charge", [])
    known = {field.name for field in fields(Booking)} - SENDER_FIELDS - {"charges"}
    unknown = sorted(set(found) - known)
    if unknown:
        hint = "fields: " + ", ".join(sorted(known)) + ", and [[charge]] tables"
        raise SenderError("PERSON_INVALID", f"unknown field {unknown[0]!r} in the person's file", hint=hint)
    try:
        person = {name: tuple(value) if isinstance(value, list) else str(value) for name, value in found.items()}
        person["charges"] = tuple((str(c.get("date", "")), str(c["literal"])) for c in charges)
    except (KeyError, AttributeError, TypeError) as problem:
        raise SenderError("PERSON_INVALID", "a [[charge]] needs a literal", field="2.047") from problem
    return person


def with_copies(person: Mapping[str, Any], entries: Iterable[str]) -> dict[str, Any]:
    """Return a person's fields with more agencies that get copies of the answers (2.007 SCO), each once.

    Raises:
        SenderError: ``COPY_TO_INVALID`` for an entry that does not begin with an ORI, or is too long.
    """
    for entry in (entries := tuple(entries)):
        if _COPY_TO.fullmatch(entry) is None:
            hint = "nine letters and digits, then at most ten more characters for routing: XX0000011/JAIL"
            raise SenderError("COPY_TO_INVALID", f"{entry[:20]!r} names no agency", hint=hint, field="2.007")
    named = tuple(dict.fromkeys((*person.get("sco", ()), *entries)))
    return {**person, "sco": named} if named else dict(person)


def cut_fingers(
    images: Iterable[EncodedImage], boxes: Sequence[FingerBox], decode: Decode, encode: Encode
) -> list[EncodedImage]:
    """Return the boxed fingers, cut out of the plain sets and compressed anew; their impression type stays plain.

    Raises:
        SenderError: ``BOXES_INVALID`` when a set is missing, or a box lies outside its image.
    """
    sets = {image.fgp: image for image in images if image.fgp in PLAIN_SETS}
    decoded: dict[FingerPosition, FingerImage] = {}
    fingers = []
    for box in boxes:
        position = next(p for p, members in PLAIN_SETS.items() if box.fgp in members)
        if position not in sets:
            raise SenderError("BOXES_INVALID", f"the card has no {position.title}", hint=_BOX_HINT)
        if position not in decoded:
            decoded[position] = decode(sets[position])
        fingers.append(encode(cut(decoded[position], box)))
    return fingers


def book_card(
    person: Mapping[str, Any],
    images: Sequence[EncodedImage],
    ori: str,
    tcn: str,
    now: datetime,
    *,
    record_type: int = 14,
    amputated: Mapping[FingerPosition, str] = MappingProxyType({}),
) -> bytes:
    """Return the CAR of a person and fourteen images; fingers without an image are named in AMP as UP.

    Args:
        person: fields of `Booking` by name; ``cri`` and ``dai`` have defaults.
        images: single fingers and plain sets, in any order.
        ori: the booking agency.
        tcn: unique control number, 10 to 40 characters.
        now: the date of the submission, and of the arrest when the person's data has none.
        record_type: 14 or 4.
        amputated: what the card says of fingers without an image (XX amputated, UP unable to print).

    Raises:
        RecordError: EBTS code and field of what a receiver would reject.
    """
    today = now.strftime("%Y%m%d")
    present = {image.fgp for image in images}
    missing = tuple((int(finger), amputated.get(finger, "UP")) for finger in SINGLE_FINGERS if finger not in present)
    values = {"doa": today, "cri": (ori,), "ret": "Y", **person}
    booking = Booking(**values, ori=ori, dai=FEDERAL_DESTINATION, tcn=tcn, dat=today, amp=missing)
    ordered = sorted(images, key=lambda image: image.fgp)
    return build_car(booking, ordered, record_type=record_type)


def rebook(
    card: bytes,
    person: Mapping[str, Any],
    boxes: Sequence[FingerBox],
    codec: tuple[Decode, Encode],
    *,
    ori: str,
    tcn: str,
    now: datetime,
    segment: Segment | None = None,
    missing: Mapping[FingerPosition, str] = MappingProxyType({}),
    measure: Callable[[EncodedImage], EncodedImage] | None = None,
) -> bytes:
    """Return a CAR from an existing card: its images as they are, or with plain fingers in rolled positions.

    Args:
        card: ANSI/NIST-ITL file with the card's images.
        person: as for `book_card`.
        boxes: when given, the rolled positions are filled by these fingers and by nothing else.
        codec: how to decode and encode an image.
        ori, tcn, now: as for `book_card`.
        segment: when given, and there are no boxes, the plain sets are segmented: their boxes are written (14.021 SEG),
            and single fingers that the card lacks are cut out by them.
        missing: fingers that the caller says are not there (XX amputated, UP bandaged or otherwise unable to print),
            beside those that the card names.
        measure: adds measures of quality to an image, to be written beside it (14.024 FQM).

    Raises:
        SenderError: ``CARD_EMPTY``, ``BOXES_INVALID``, ``SLAP_UNSURE``, ``MISSING_PRESENT`` when there is an image of
            a finger that is said to be missing; RecordError as for `book_card`.
    """
    transaction = read(card)
    images = transaction.images()
    if not images:
        raise SenderError("CARD_EMPTY", "the card has no finger images that can be read")
    if boxes:
        plain_sets = [replace(image, record_type=14) for image in images if image.fgp in PLAIN_SETS]
        images = cut_fingers(images, boxes, *codec) + plain_sets
    amputated = {FingerPosition(n): why for n, why in read_booking(transaction).amp if n in set(SINGLE_FINGERS)}
    amputated |= missing
    for finger in sorted(missing.keys() & {image.fgp for image in images}):
        message = f"the {finger.title} is said to be missing, but there is an image of it"
        raise SenderError("MISSING_PRESENT", message, hint="look at the card; leave this finger out of --missing")
    if segment is not None and not boxes:
        images = segmented(images, amputated, segment, codec)
    if measure is not None:
        images = [measure(image) for image in images]
    return book_card(person, images, ori, tcn, now, amputated=amputated)


def named_missing(booking: bytes) -> tuple[FingerPosition, ...]:
    """Return the fingers that a CAR names as missing (AMP), in the order of their positions."""
    return tuple(sorted(missing_fingers(read_booking(read(booking)))))


def segmented(
    images: Sequence[EncodedImage],
    amputated: Mapping[FingerPosition, str],
    segment: Segment,
    codec: tuple[Decode, Encode],
) -> list[EncodedImage]:
    """Return the images with boxes in their plain sets, and with plain fingers where single ones are lacking.

    A finger that AMP names is not cut out, and is named in its plain set too (14.018); one that is found nevertheless
    is a reason to ask. Where a box holds too much of other fingers, an outline is given beside it (14.025 ASEG).

    Raises:
        SenderError: ``SLAP_UNSURE`` when a box that is needed is unsure, or shows a finger that AMP says is not there.
    """
    decode, encode = codec
    present = {image.fgp for image in images}
    result, lacking = [], []
    for image in images:
        if image.fgp not in ALL_PLAIN_SETS:
            result.append(image)
            continue
        pixels = decode(image)
        slap = segment(pixels, frozenset(amputated))
        needed = [finger for finger in slap.fingers if finger.fgp not in present]
        unsure = [finger for finger in slap.unsure if finger in needed]
        if unsure:
            names = " and the ".join(finger.fgp.title for finger in unsure)
            message = f"the {image.fgp.title} does not show surely which finger is the {names}"
            raise SenderError("SLAP_UNSURE", message, hint="look at it and give the boxes: --boxes FILE.toml")
        result.append(_described(image, slap, amputated))
        boxes = [FingerBox(f.fgp, f.left, f.right, f.top, f.bottom) for f in needed]
        lacking += [encode(cut(pixels, box)) for box in boxes]
        present |= {box.fgp for box in boxes}
    return lacking + result


def _described(image: EncodedImage, slap: Slap, amputated: Mapping[FingerPosition, str]) -> EncodedImage:
    """Return a plain set with what its record says of its fingers."""
    alone = len(ALL_PLAIN_SETS[image.fgp]) == 1
    # the standard has segments in images of several fingers alone
    sure = () if alone else slap.sure
    gone = [finger for finger in ALL_PLAIN_SETS[image.fgp] if finger in amputated and finger in slap.absent]
    return replace(
        image,
        record_type=14,
        segments=tuple(FingerSegment(f.fgp, f.left, f.right, f.top, f.bottom) for f in sure),
        polygons=tuple(FingerPolygon(f.fgp, f.outline) for f in sure if f.neighbours > MOST_NEIGHBOURS and f.outline),
        missing=tuple(MissingFinger(finger, amputated[finger]) for finger in sorted(gone)),
    )


def cut(image: FingerImage, box: FingerBox) -> FingerImage:
    """Return one finger of a plain set, of the set's resolution and impression type.

    Raises:
        SenderError: ``BOXES_INVALID`` when the box reaches beyond the image.
    """
    if box.right >= image.width or box.bottom >= image.height:
        message = f"the box of the {box.fgp.title} lies outside its image of {image.width}x{image.height} px"
        raise SenderError("BOXES_INVALID", message)
    pixels = np.ascontiguousarray(image.pixels[box.top : box.bottom + 1, box.left : box.right + 1])
    return FingerImage(pixels, image.ppi, box.fgp, image.impression)


_BOX_HINT = "write [[box]] tables: fgp = 1 to 10, left, right, top, bottom in pixels of the plain set's image"
