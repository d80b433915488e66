"""The tolerant reader of ISO/IEC 19794-2:2005 and ANSI INCITS 378-2004: it reads as far as it can and says where not.

Both begin with the same eight bytes. They are told apart by the length: an ANSI record has its u16 length where the
upper half of ISO's u32 lies, and that half is 0 in any ISO record below 64 KiB. In a longer one it is smaller than any
ANSI record can be, or the file is as long as ISO's length says, which for an ANSI record would be 64 Ki times too long.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tenprint.records.templates import complaints
from tenprint.records.templates.complaints import Complaints, refusal
from tenprint.records.templates.layout import (
    ANSI_HEADER,
    ANSI_LONG_HEADER,
    ANSI_LONG_LENGTH,
    COORDINATE_BITS,
    EXTENDED_LENGTH,
    IMPRESSIONS,
    ISO_HEADER,
    LENGTH_AT,
    MAGIC,
    MAX_COORDINATE,
    MAX_POSITION,
    MAX_QUALITY,
    MINUTIA_BYTES,
    MINUTIA_FIELDS,
    VERSION,
    VIEW_HEADER,
    Format,
)
from tenprint.records.templates.record import MinutiaeRecord, View

SMALLEST_VIEW = VIEW_HEADER.size + EXTENDED_LENGTH.size


class _Header(NamedTuple):
    format: Format
    bytes: int
    length: int
    product: tuple[int, int]
    equipment: int
    width: int
    height: int
    across: int
    down: int
    views: int
    reserved: int


def read(data: bytes, *, strict: bool = False) -> MinutiaeRecord:
    """Read a template record; which of the two formats it is, is found out.

    Args:
        data: the whole file. It may be longer than its header says; reading stops where the header says.
        strict: raise at the first thing that the standard forbids, padding behind the record included.

    Returns:
        header, views and problems. Minutiae are kept as written, also those outside the image.

    Raises:
        RecordError: ``TEMPLATE_HEADER`` when there is no usable header; with `strict` any code of `complaints`.
    """
    data = bytes(data)
    header = _header(data)
    notes = Complaints(strict)
    end = _check_header(header, len(data), notes)
    views, position = _views(data, header, end, notes)
    if position < end:
        notes.add(complaints.LENGTH, f"{end - position} bytes of the record follow its last view", position)
    return MinutiaeRecord(
        format=header.format,
        length=header.length,
        equipment=header.equipment,
        product=header.product,
        width=header.width,
        height=header.height,
        across=header.across,
        down=header.down,
        views=tuple(views),
        problems=tuple(notes.problems),
        rest=data[end:],
    )


def _header(data: bytes) -> _Header:
    if data[:4] != MAGIC:
        raise refusal(complaints.HEADER, "this is no minutiae record: it does not begin with FMR", 0)
    if len(data) >= LENGTH_AT and data[4:8] != VERSION:
        message = "only version ' 20' is read (ISO/IEC 19794-2:2005, ANSI INCITS 378-2004), this is another one"
        raise refusal(complaints.HEADER, message, 4)
    if len(data) < ISO_HEADER.size:
        raise refusal(complaints.HEADER, "the header is cut short", len(data))
    short = int.from_bytes(data[8:10], "big")
    as_iso = int.from_bytes(data[8:12], "big")
    as_long = int.from_bytes(data[10:14], "big")
    # The long form of ANSI begins with 0 as ISO does; read as ISO its length would end inside the header.
    is_long = short == 0 and as_iso < ISO_HEADER.size and as_long >= ANSI_LONG_LENGTH
    is_huge_iso = short > 0 and (short < ANSI_HEADER.size + SMALLEST_VIEW or as_iso <= len(data))
    if is_huge_iso or (short == 0 and not is_long):
        _, _, length, equipment, *rest = ISO_HEADER.unpack_from(data)
        return _Header(Format.ISO, ISO_HEADER.size, length, (0, 0), equipment, *rest)
    layout = ANSI_LONG_HEADER if is_long else ANSI_HEADER
    if len(data) < layout.size:
        raise refusal(complaints.HEADER, "the header is cut short", len(data))
    values = layout.unpack_from(data)
    owner, product, equipment, *rest = values[4 if is_long else 3 :]
    return _Header(
        Format.ANSI, layout.size, as_long if is_long else short, (owner, product), equipment, *rest
    )  # fmt: skip


def _check_header(header: _Header, size: int, notes: Complaints) -> int:
    """Note what is wrong with the header; return where the record ends in the file."""
    end = min(header.length, size)
    if header.length < header.bytes + SMALLEST_VIEW * header.views:
        notes.add(complaints.LENGTH, f"a length of {header.length} is too short for the views announced", LENGTH_AT)
        end = size if header.length < header.bytes else end
    elif header.length > size:
        notes.add(complaints.LENGTH, f"the header says {header.length} bytes, the file has {size}", LENGTH_AT)
    elif header.length < size:
        message = f"{size - header.length} bytes lie behind the record's declared end"
        notes.add(complaints.LENGTH, message, header.length)
    # These fields end both headers: size, resolution, number of views, reserved byte.
    sized_at = header.bytes - 10
    if not (0 < header.width <= MAX_COORDINATE + 1 and 0 < header.height <= MAX_COORDINATE + 1):
        notes.add(complaints.HEADER, f"an image of {header.width}x{header.height} pixels is impossible", sized_at)
    if not header.across or not header.down:
        notes.add(complaints.HEADER, "the resolution is 0; 500 ppi is assumed", sized_at + 4)
    if not header.views:
        notes.add(complaints.HEADER, "the record announces no finger view", header.bytes - 2)
    if header.reserved:
        notes.add(complaints.HEADER, f"the reserved byte is {header.reserved}, not 0", header.bytes - 1)
    return end


def _views(data: bytes, header: _Header, end: int, notes: Complaints) -> tuple[list[View], int]:
    views: list[View] = []
    position = header.bytes
    expected: dict[int, int] = {}
    for number in range(header.views):
        if end - position < VIEW_HEADER.size:
            notes.add(complaints.LENGTH, f"the record ends before view {number + 1} of {header.views}", position)
            break
        view, position = _view(data, position, end, notes)
        views.append(view)
        _check_view(view, header, expected, notes)
        expected[view.position] = view.number + 1
    return views, position


def _view(data: bytes, start: int, end: int, notes: Complaints) -> tuple[View, int]:
    position, numbers, quality, count = VIEW_HEADER.unpack_from(data, start)
    first = start + VIEW_HEADER.size
    fitting = min(count, (end - first) // MINUTIA_BYTES)
    stop = first + fitting * MINUTIA_BYTES
    if fitting < count:
        notes.add(complaints.LENGTH, f"a view announces {count} minutiae, {fitting} are there", start + 3)
        stop = end
    rows = np.frombuffer(data, dtype=np.dtype(MINUTIA_FIELDS), count=fitting, offset=first)
    extended, stop = _extended(data, stop, end, notes)
    view = View(
        position=position,
        number=numbers >> 4,
        impression=numbers & 15,
        quality=quality,
        x=rows["x"].astype(np.int64) & MAX_COORDINATE,
        y=rows["y"].astype(np.int64) & MAX_COORDINATE,
        angle=rows["angle"].astype(np.int64),
        kind=rows["x"].astype(np.int64) >> COORDINATE_BITS,
        minutia_quality=rows["quality"].astype(np.int64),
        extended=extended,
        offset=start,
    )
    reserved = rows["y"] >> COORDINATE_BITS
    if reserved.any():
        notes.add(complaints.MINUTIA, "reserved bits of a minutia are not 0", first)
    return view, stop


def _extended(data: bytes, position: int, end: int, notes: Complaints) -> tuple[bytes, int]:
    if end - position < EXTENDED_LENGTH.size:
        notes.add(complaints.LENGTH, "a view ends without the length of its extended data", position)
        return b"", end
    (length,) = EXTENDED_LENGTH.unpack_from(data, position)
    first = position + EXTENDED_LENGTH.size
    if length > end - first:
        notes.add(complaints.LENGTH, f"extended data of {length} bytes does not fit the record", position)
    return data[first : min(first + length, end)], min(first + length, end)


def _check_view(view: View, header: _Header, expected: dict[int, int], notes: Complaints) -> None:
    """Note what the standard forbids; each kind of fault once a view, at its first minutia."""
    at = view.offset
    if view.position > MAX_POSITION:
        notes.add(complaints.VIEW, f"finger position {view.position} is none of 0 to {MAX_POSITION}", at)
    if view.impression not in IMPRESSIONS:
        notes.add(complaints.VIEW, f"impression type {view.impression} is reserved", at + 1)
    if view.number != expected.get(view.position, 0):
        message = f"view number {view.number} of a finger stands where {expected.get(view.position, 0)} is due"
        notes.add(complaints.VIEW, message, at + 1)
    if view.quality > MAX_QUALITY:
        notes.add(complaints.VIEW, f"finger quality {view.quality} is above {MAX_QUALITY}", at + 2)
    faults = (
        ((view.x >= header.width) | (view.y >= header.height), "lie outside the image"),
        (view.kind == 3, "have the reserved type 3"),
        (view.angle >= header.format.steps_a_turn, "have an angle of a turn or more"),
        (view.minutia_quality > MAX_QUALITY, f"have a quality above {MAX_QUALITY}"),
    )
    for wrong, what in faults:
        if wrong.any():
            first = at + VIEW_HEADER.size + MINUTIA_BYTES * int(np.flatnonzero(wrong)[0])
            notes.add(complaints.MINUTIA, f"{int(wrong.sum())} of {len(view)} minutiae {what}", first)
