"""A record as a judge looks at it: fields as occurrences of items with their place in the file.

Binary records have no tags; the parts of their header get the tags that the standard's tables give them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from tenprint.records.itl.character_sets import decode_text
from tenprint.records.itl.impressions import FINGER_BINARY_TYPES, TYPE_4_HEADER, UNUSED_POSITION
from tenprint.records.itl.record import (
    BINARY_HEADER_BYTES,
    BINARY_TYPES,
    DATA_FIELD,
    MAX_ITEMS,
    RS,
    TYPE_4_HEADER_BYTES,
    Record,
    number_of,
)

MAX_OCCURRENCES_OF_FILE = 20_000
"""Subfields judged of one file, some tenths of a second; an honest file of a hundred records has some thousands."""
SIGNATURE_HEADER = struct.Struct(">IBBBBHH")
"""LEN, IDC, SIG, SRT, ISR, HLL, VLL of Type 8."""


@dataclass(frozen=True)
class Occurrence:
    """One subfield.

    Args:
        text: as received, items separated by US.
        offset: byte in the file.
    """

    text: str
    offset: int

    @property
    def items(self) -> list[str]:
        """Return the items."""
        return self.text.split("\x1f", MAX_ITEMS)


@dataclass(frozen=True)
class RecordView:
    """A record with its index in the file.

    Args:
        index: 0 for Type-1.
        record: as read.
        fields: occurrences by field number; of a field that is given twice, those of the first.
        twice: numbers of fields that are given more than once.
        cut: numbers of fields of which not every occurrence is here, as there are too many.
    """

    index: int
    record: Record
    fields: dict[int, tuple[Occurrence, ...]] = field(default_factory=dict)
    twice: tuple[int, ...] = ()
    cut: tuple[int, ...] = ()

    @property
    def type(self) -> int:
        """Return the record type."""
        return self.record.type

    def tag(self, number: int) -> str:
        """Return the tag of a field, such as ``14.013``."""
        return f"{self.type}.{number:03d}"

    def all(self, number: int) -> tuple[Occurrence, ...]:
        """Return the occurrences of a field that hold anything."""
        return tuple(o for o in self.fields.get(number, ()) if o.text)

    def text(self, number: int) -> str:
        """Return the first occurrence of a field, ``""`` when absent."""
        found = self.fields.get(number, ())
        return found[0].text if found else ""

    def number(self, number: int) -> int:
        """Return a field as a whole number, -1 when it is none."""
        return number_of(self.text(number))

    def numbers(self, number: int, item: int = 0) -> list[int]:
        """Return one item of every occurrence as a whole number, -1 where it is none."""
        return [number_of(o.items[item]) if len(o.items) > item else -1 for o in self.all(number)]

    def offset(self, number: int) -> int:
        """Return where a field begins in the file, else where the record does."""
        found = self.fields.get(number, ())
        return found[0].offset if found else self.record.offset

    @cached_property
    def data(self) -> bytes:
        """Return the image."""
        if self.type == 8:
            return self.record.raw[SIGNATURE_HEADER.size :]
        return self.record.data


def views_of(records: Iterable[Record]) -> list[RecordView]:
    """Return the views of a file's records, which together hold at most `MAX_OCCURRENCES_OF_FILE` occurrences."""
    views, left = [], MAX_OCCURRENCES_OF_FILE
    for index, record in enumerate(records):
        views.append(view_of(index, record, left))
        left -= sum(map(len, views[-1].fields.values()))
    return views


def view_of(index: int, record: Record, most: int = MAX_OCCURRENCES_OF_FILE) -> RecordView:
    """Return the view of a record.

    Args:
        index: 0 for Type-1.
        record: as read.
        most: occurrences to take; the first of every field is taken in any case.
    """
    if record.type in BINARY_TYPES:
        return RecordView(index, record, _binary_fields(record))
    fields: dict[int, tuple[Occurrence, ...]] = {}
    twice, cut = [], []
    for one in record.fields:
        if one.number < 0:
            continue
        if one.number in fields:
            twice.append(one.number)
            continue
        begin = record.offset + one.value_start
        if one.number == DATA_FIELD and record.type not in (1, 2, 9):
            has_data = bool(record.value(f"{record.type}.{DATA_FIELD}"))
            fields[one.number] = (Occurrence("(data)" if has_data else "", begin),)
            continue
        parts = record.raw[one.value_start : one.value_end].split(RS, max(1, most))
        if len(parts) > max(1, most):
            parts.pop()
            cut.append(one.number)
        most -= len(parts)
        found = []
        for part in parts:
            found.append(Occurrence(decode_text(part, record.character_set), begin))
            begin += len(part) + 1
        fields[one.number] = tuple(found)
    return RecordView(index, record, fields, tuple(dict.fromkeys(twice)), tuple(cut))


def _binary_fields(record: Record) -> dict[int, tuple[Occurrence, ...]]:
    raw, places = record.raw, (0, 4, 5, 6, 12, 13, 15, 17)
    if record.type == 8 and len(raw) >= SIGNATURE_HEADER.size:
        places = (0, 4, 5, 6, 7, 8, 10, 12)
        values: list[object] = [*SIGNATURE_HEADER.unpack_from(raw)]
        held = len(raw) > SIGNATURE_HEADER.size
    elif record.type in FINGER_BINARY_TYPES and len(raw) >= TYPE_4_HEADER.size:
        values = [*TYPE_4_HEADER.unpack_from(raw)]
        held = len(raw) > TYPE_4_HEADER_BYTES
    elif len(raw) >= BINARY_HEADER_BYTES:
        length, idc = struct.unpack_from(">IB", raw)
        values, held = [length, idc], False
    else:
        return {}
    fields: dict[int, tuple[Occurrence, ...]] = {}
    for number, (value, place) in enumerate(zip(values, places, strict=False), 1):
        texts = [str(p) for p in value if p != UNUSED_POSITION] if isinstance(value, bytes) else [str(value)]
        fields[number] = tuple(Occurrence(t, record.offset + place + n) for n, t in enumerate(texts))
    if held:
        begin = SIGNATURE_HEADER.size if record.type == 8 else TYPE_4_HEADER_BYTES
        fields[len(values) + 1] = (Occurrence("(data)", record.offset + begin),)
    return fields
