"""The writer of the traditional encoding. It cannot write a transaction that contradicts itself.

Lengths, file content (1.003) and IDCs are computed, never given; values that hold a separator are refused.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tenprint.core.errors import RecordError
from tenprint.records.folding import is_plain
from tenprint.records.itl.character_sets import WRITABLE, CharacterSet, character_set_of
from tenprint.records.itl.impressions import (
    COMPRESSIONS,
    MAX_WIRE_SIDE,
    TYPE_4_HEADER,
    UNUSED_POSITION,
    EncodedImage,
    FingerPolygon,
)
from tenprint.records.itl.record import BINARY_TYPES, DATA_FIELD, FS, GS, RS, TYPE_4_HEADER_BYTES, US

FieldValue = str | Sequence[Sequence[str]]
"""A field's text, or its subfields, each a sequence of items."""
MAX_IDC = 99
VERSION_FIELD, CHARACTER_SETS_FIELD = 2, 15
VERSION = "0502"
"""ANSI/NIST-ITL 1-2011 Update 2015; a profile may say otherwise."""
CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories that no field holds: control characters, halves of pairs, separators of lines."""
LEAST_CORNERS, MOST_CORNERS = 3, 99
NATIVE_RESOLUTION = 1


@dataclass(frozen=True)
class TaggedRecord:
    """A tagged record to be written; LEN (1) and IDC (2) are computed.

    Args:
        type: 2, or 9 to 99.
        fields: value by field number, without 1, 2 and 999.
        data: the image for field 999, or None.
    """

    type: int
    fields: Mapping[int, FieldValue]
    data: bytes | None = None


@dataclass(frozen=True)
class FingerRecord:
    """A Type-4 record to be written; LEN and IDC are computed.

    Args:
        image: its position, impression type, size and bytes; a compression that Table 3-2 of EBTS 8.001 knows.
    """

    image: EncodedImage

    @property
    def type(self) -> int:
        """Return 4."""
        return 4


def write(header: Mapping[int, FieldValue], records: Sequence[TaggedRecord | FingerRecord]) -> bytes:
    """Write a transaction.

    Args:
        header: fields of Type-1 by number, without LEN (1) and CNT (3); VER (2) is `VERSION` unless it is given.
        records: the others in order; the n-th gets IDC n, beginning with 0.

    Raises:
        RecordError: ``E0005`` for a value with separators or control characters (line breaks are allowed), or with
            characters outside the set that the header declares in 1.015 (7-bit ASCII without it, and always in
            Type-1; UTF-8 and Latin-1 can be declared), ``E0006`` for a field that is computed, ``E0012`` for more than
            100 records, ``L0006`` for an image that Type-4 cannot describe.
    """
    if len(records) > MAX_IDC + 1:
        raise RecordError("E0012", f"a transaction holds at most {MAX_IDC + 1} records behind Type-1")
    contents = [("1", str(len(records)))] + [(str(r.type), f"{n:02d}") for n, r in enumerate(records)]
    if 1 in header or 3 in header:
        raise RecordError("E0006", "length and file content are computed, not given", field="1.003")
    first = {number: _encode(1, number, value) for number, value in ({VERSION_FIELD: VERSION} | dict(header)).items()}
    first[3] = _encode(1, 3, contents)
    written_in = _declared(header)
    bodies = [_write_one(record, idc, written_in) for idc, record in enumerate(records)]
    return _tagged(1, first, None) + b"".join(bodies)


def finger_record(image: EncodedImage, source: str, captured: str) -> TaggedRecord:
    """Return a Type-14 record for `image` (ITL 1-2007, clause 17; formats.md section 1.2).

    Args:
        image: the image; its ppi is written as pixels per inch (SLC 1).
        source: 14.004, the agency that took the print.
        captured: 14.005, date, YYYYMMDD.

    Raises:
        RecordError: ``E0005`` for an outline of fewer than 3 or more than 99 corners.
    """
    fields: dict[int, FieldValue] = {
        3: str(int(image.impression)),
        4: source,
        5: captured,
        6: str(image.width),
        7: str(image.height),
        8: "1",
        9: str(image.ppi),
        10: str(image.ppi),
        11: image.compression,
        12: "8",
        13: str(int(image.fgp)),
    }
    if image.missing:
        fields[18] = [[str(int(finger.fgp)), finger.why] for finger in image.missing]
    if image.polygons:
        fields[25] = [_polygon(polygon) for polygon in image.polygons]
    if image.segments:
        fields[21] = [[str(int(value)) for value in segment] for segment in image.segments]
    if image.qualities:
        fields[24] = [[str(int(q.fgp)), str(q.value), q.vendor, str(q.product)] for q in image.qualities]
    return TaggedRecord(14, fields, image.data)


def _declared(header: Mapping[int, FieldValue]) -> CharacterSet:
    """Return the character set that a header declares for the other records."""
    value = header.get(CHARACTER_SETS_FIELD)
    if value is None:
        return CharacterSet.ASCII
    declared = character_set_of(value if isinstance(value, str) else next(iter(next(iter(value), ())), ""))
    if declared not in WRITABLE:
        message = "only ASCII (0), Latin-1 (1) and UTF-8 (3) can be written: others may hold separators inside letters"
        raise RecordError("E0005", message, field="1.015")
    return declared


def _polygon(polygon: FingerPolygon) -> list[str]:
    if not LEAST_CORNERS <= len(polygon.corners) <= MOST_CORNERS:
        message = f"an outline has {LEAST_CORNERS} to {MOST_CORNERS} corners"
        raise RecordError("E0005", message, field="14.025")
    places = [str(value) for corner in polygon.corners for value in corner]
    return [str(int(polygon.fgp)), str(len(polygon.corners)), *places]


def _write_one(record: TaggedRecord | FingerRecord, idc: int, written_in: CharacterSet) -> bytes:
    if isinstance(record, FingerRecord):
        return _binary(record.image, idc)
    if record.type == 1 or record.type in BINARY_TYPES or not 0 < record.type <= MAX_IDC:
        raise RecordError("E0004", f"Type-{record.type} cannot be written as a tagged record behind Type-1")
    taken = [n for n in (1, 2, DATA_FIELD) if n in record.fields]
    if taken:
        raise RecordError(
            "E0006", "length, IDC and data are not given as fields", field=f"{record.type}.{taken[0]:03d}"
        )
    values = {number: _encode(record.type, number, value, written_in) for number, value in record.fields.items()}
    values[2] = f"{idc:02d}".encode()
    return _tagged(record.type, values, record.data)


def _tagged(kind: int, values: Mapping[int, bytes], data: bytes | None) -> bytes:
    parts = [b"%d.%03d:%s" % (kind, number, value) for number, value in sorted(values.items())]
    if data is not None:
        parts.append(b"%d.%03d:%s" % (kind, DATA_FIELD, data))
    return framed(kind, GS + GS.join(parts) + FS)


def framed(kind: int, body: bytes) -> bytes:
    """Return a tagged record: `body`, separators included, with its type and length (T.001) in front."""
    tag = b"%d.001:" % kind
    length = len(tag) + len(body)
    # The number counts its own digits: 99 without them may be 102 with them.
    total = length + len(str(length))
    total = length + len(str(total))
    return tag + b"%d" % total + body


def _binary(image: EncodedImage, idc: int) -> bytes:
    if image.compression not in COMPRESSIONS or max(image.width, image.height) > MAX_WIRE_SIDE:
        raise RecordError("L0006", "Type-4 cannot describe this image's size or compression", field="4.009")
    positions = bytes([int(image.fgp)]) + bytes([UNUSED_POSITION]) * 5
    head = TYPE_4_HEADER.pack(
        TYPE_4_HEADER_BYTES + len(image.data),
        idc,
        int(image.impression),
        positions,
        NATIVE_RESOLUTION,
        image.width,
        image.height,
        COMPRESSIONS.index(image.compression),
    )
    return head + image.data


def _encode(kind: int, number: int, value: FieldValue, written_in: CharacterSet = CharacterSet.ASCII) -> bytes:
    subfields = [[value]] if isinstance(value, str) else value
    for text in (item for subfield in subfields for item in subfield):
        if not _can_be_written(text.replace("\r\n", "\n"), written_in):
            name = "printable 7-bit ASCII" if written_in is CharacterSet.ASCII else f"printable {written_in.codec}"
            message = f"a value holds a separator or a character outside {name}"
            raise RecordError("E0005", message, field=f"{kind}.{number:03d}")
    return RS.join(US.join(item.encode(written_in.codec) for item in subfield) for subfield in subfields)


def _can_be_written(text: str, written_in: CharacterSet) -> bool:
    if written_in is CharacterSet.ASCII:
        return is_plain(text, lines=True)
    try:
        text.encode(written_in.codec)
    except UnicodeEncodeError:
        return False
    return all(character == "\n" or unicodedata.category(character) not in CONTROLS for character in text)
