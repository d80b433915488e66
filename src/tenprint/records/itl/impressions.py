"""Finger images inside Type-4 and Type-14 records: declared values checked, bytes untouched."""

from __future__ import annotations

import hashlib
import re
import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from tenprint.core.fingers import FingerPosition, Impression
from tenprint.records.itl.character_sets import decode_text
from tenprint.records.itl.record import TYPE_4_HEADER_BYTES, Problem, Record, number_of

TYPE_4_HEADER = struct.Struct(">IBB6sBHHB")
"""LEN, IDC, IMP, FGP (six), ISR, HLL, VLL, GCA, of Types 3 to 6 alike (ANSI/NIST-ITL 1-2007, clause 11)."""
COMPRESSIONS = ("NONE", "WSQ20", "JPEGB", "JPEGL", "JP2", "JP2L", "PNG")
"""By the binary value of EBTS 8.001, Table 3-2. EBTS writes WSQ, everybody else WSQ20: we write WSQ20, read both."""
STANDARD_PPI = (500, 1000)
PPI_TOLERANCE = 0.01
"""Nominal resolutions are given rounded (19.69 a millimetre, 197 a centimetre); ITL allows one per cent."""
MILLIMETRES_PER_INCH, CENTIMETRES_PER_INCH = 25.4, 2.54
MAX_WIRE_SIDE = 65_535
UNUSED_POSITION = 255
FINGER_BINARY_TYPES = (3, 4, 5, 6)
"""Finger images with a binary header (`TYPE_4_HEADER`)."""
OTHER_IMPRESSIONS = frozenset({*range(4, 9), *range(10, 16), *range(20, 42)})
"""Impression codes of ITL 1-2007 to 1-2011 Update 2015 (Table 8) that are no rolled or plain exemplar: latent, swipe,
palm, contactless."""
EXEMPLAR_IMPRESSIONS = frozenset(int(impression) for impression in Impression)
_LAST_EXEMPLAR = max(FingerPosition)
_DECIMAL = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?\Z")


class FingerSegment(NamedTuple):
    """Where a finger lies in a plain set, px of that image, as 14.021 SEG orders it; right and bottom inclusive."""

    fgp: FingerPosition
    left: int
    right: int
    top: int
    bottom: int


class FingerPolygon(NamedTuple):
    """The outline of a finger in a plain set, corners (x, y) px of that image, clockwise (14.025 ASEG)."""

    fgp: FingerPosition
    corners: tuple[tuple[int, int], ...]


class MissingFinger(NamedTuple):
    """A finger of a plain set that is not there (14.018 AMP): XX amputated, UP unable to print."""

    fgp: FingerPosition
    why: str


class QualityMetric(NamedTuple):
    """One measure of quality as 14.024 FQM orders it: 0 to 100, and whose algorithm gave it (CBEFF identifiers).

    `vendor` is four hexadecimal digits, `product` the vendor's own number.
    """

    fgp: FingerPosition
    value: int
    vendor: str
    product: int


@dataclass(frozen=True)
class EncodedImage:
    """One finger image as it lies in a record, still compressed.

    Args:
        idc: image designation character, 0 to 99.
        record_type: 4 or 14.
        fgp: single finger (1 to 10), plain set (11 to 15) or unknown (0).
        impression: rolled or plain, live-scan or not, as declared.
        width, height: declared size, pixels.
        ppi: declared resolution, pixels per inch.
        compression: WSQ20, NONE, PNG, JPEGB, JPEGL, JP2 or JP2L, as declared; what the data holds is not looked at.
        data: image bytes as received.
        segments: boxes of single fingers in a plain set, to be written (14.021 SEG); those of a record that was read
            stay in the record's field, see `records.itl.segments`.
        polygons: outlines of single fingers, to be written (14.025 ASEG).
        missing: fingers of a plain set that are not there, to be written (14.018 AMP).
        qualities: measures of quality, to be written (14.024 FQM).
    """

    idc: int
    record_type: int
    fgp: FingerPosition
    impression: Impression
    width: int
    height: int
    ppi: int
    compression: str
    data: bytes
    segments: tuple[FingerSegment, ...] = ()
    polygons: tuple[FingerPolygon, ...] = ()
    missing: tuple[MissingFinger, ...] = ()
    qualities: tuple[QualityMetric, ...] = ()

    @property
    def digest(self) -> str:
        """Return SHA-256 in hex over the declared parameters and the data, without IDC and record type.

        Equal images have equal digests wherever they travel: the key under which results about them are kept.
        """
        head = (
            f"{int(self.fgp)};{int(self.impression)};{self.width}x{self.height}@{self.ppi};"
            f"{self.compression};{len(self.data)};"
        )
        return hashlib.sha256(head.encode() + self.data).hexdigest()


class _Declared(NamedTuple):
    """A record's image header as plain numbers; -1 for what could not be read."""

    impression: int
    fgp: int
    width: int
    height: int
    ppi: int
    compression: str
    depth: int = 8


def image_of(record: Record, native_ppmm: str) -> EncodedImage | Problem | None:
    """Return the finger image of a Type-4 or Type-14 record.

    Args:
        record: the record.
        native_ppmm: field 1.011, pixels per millimetre as text, used when a Type-4 record refers to it.

    Returns:
        the image; a problem (L0006) when the header cannot be used; None when the record is of another type or shows
        something else than a rolled or plain finger on purpose (a palm, a latent print, a swipe).
    """
    if record.type == 4:
        declared = _declared_in_type_4(record, native_ppmm)
    elif record.type == 14:
        declared = _declared_in_type_14(record)
    else:
        return None
    if declared is None or not record.complete:
        return _problem(record, "the image record is cut short")
    if declared.fgp > _LAST_EXEMPLAR or declared.impression in OTHER_IMPRESSIONS:
        return None
    data = record.data
    wrong = _what_is_wrong(declared, data)
    if wrong:
        return _problem(record, wrong)
    return EncodedImage(
        idc=max(record.idc, 0),
        record_type=record.type,
        fgp=FingerPosition(declared.fgp),
        impression=Impression(declared.impression),
        width=declared.width,
        height=declared.height,
        ppi=declared.ppi,
        compression=declared.compression,
        data=data,
    )


def nominal_ppi(pixels_per_inch: float) -> int:
    """Return a resolution in whole ppi; within one per cent of 500 or 1000 it is that."""
    for standard in STANDARD_PPI:
        if abs(pixels_per_inch - standard) <= standard * PPI_TOLERANCE:
            return standard
    return round(pixels_per_inch)


def native_ppi(text: str) -> int:
    """Return the resolution that 1.011 or 1.012 state, 0 when it is no number.

    EBTS 8.001 writes 500 ppi as 19.69, its examples and old systems as 20.00; both mean 500.
    """
    stated = float(text) if _DECIMAL.match(text := text.strip()) else 0.0
    return STANDARD_PPI[0] if stated == 20.0 else nominal_ppi(stated * MILLIMETRES_PER_INCH)


@lru_cache(maxsize=256)
def scaled_ppi(unit: int, scale: int) -> int:
    """Return the resolution of a tagged record: its scale in pixels an inch (SLC 1) or a centimetre (2), else 0."""
    return nominal_ppi(max(scale, 0) * {1: 1.0, 2: CENTIMETRES_PER_INCH}.get(unit, 0.0))


def compression_of(text: str) -> str:
    """Return the compression that a tagged record declares, one of `COMPRESSIONS`; ``""`` for none that is known."""
    code = text.strip().upper()
    return "WSQ20" if code == "WSQ" else code if code in COMPRESSIONS else ""


def _declared_in_type_4(record: Record, native_ppmm: str) -> _Declared | None:
    if len(record.raw) < TYPE_4_HEADER_BYTES:
        return None
    _, _, impression, positions, isr, width, height, gca = TYPE_4_HEADER.unpack_from(record.raw)
    used = [p for p in positions if p != UNUSED_POSITION]
    ppi = STANDARD_PPI[0] if isr == 0 else native_ppi(native_ppmm)
    compression = COMPRESSIONS[gca] if gca < len(COMPRESSIONS) else ""
    return _Declared(impression, used[0] if used else 0, width, height, ppi, compression)


def _declared_in_type_14(record: Record) -> _Declared:
    across, down = record.number_of(9), record.number_of(10)
    positions = record.occurrences("14.013")
    return _Declared(
        impression=record.number_of(3),
        fgp=number_of(positions[0]) if positions else -1,
        width=record.number_of(6),
        height=record.number_of(7),
        ppi=scaled_ppi(record.number_of(8), across) if across == down else -1,
        compression=compression_of(decode_text(record.value_of(11) or b"")),
        depth=record.number_of(12),
    )


def _what_is_wrong(declared: _Declared, data: bytes) -> str:
    checks = (
        (declared.fgp >= 0, "the finger position is missing or unreadable"),
        (declared.impression in EXEMPLAR_IMPRESSIONS, "the impression type is not one of a finger exemplar"),
        (
            0 < declared.width <= MAX_WIRE_SIDE and 0 < declared.height <= MAX_WIRE_SIDE,
            "the declared size is missing or zero",
        ),
        (declared.ppi > 0, "the declared resolution is missing, zero, or differs between the axes"),
        (bool(declared.compression), "the declared compression is unknown"),
        (declared.depth == 8, "the declared depth is not 8 bits a pixel"),
        (bool(data), "the record holds no image"),
    )
    for is_fine, sentence in checks:
        if not is_fine:
            return sentence
    return ""


def _problem(record: Record, message: str) -> Problem:
    return Problem("L0006", message, record.offset, f"{record.type}.999" if record.type == 14 else "4.009")
