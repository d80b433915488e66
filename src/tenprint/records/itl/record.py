"""One logical record as received: its bytes, and the tagged fields found in them (ANSI/NIST-ITL, Annex B).

Nothing here raises on content: what does not parse is kept and reported as a `Problem`.
"""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from tenprint.records.itl.character_sets import CharacterSet, decode_text

FS, GS, RS, US = b"\x1c", b"\x1d", b"\x1e", b"\x1f"

BINARY_TYPES = frozenset(range(3, 9))
"""Record types that begin with a 4-byte length instead of a tag."""
TEXT_ONLY_TYPES = frozenset({1, 2, 9})
"""Tagged types without an image: they end at the first FS, whatever their LEN says."""
DATA_FIELD = 999
MAX_FIELDS = 20_000
"""Fields read of one record; a hostile file of separators must not become millions of objects."""
MAX_FIELDS_OF_FILE = 200_000
"""Fields read of one file: 1,000 hostile records must not multiply the limit of one."""
MAX_ITEMS = 100_000
"""Subfields read of one field, and items read of one subfield."""

BINARY_HEADER_BYTES = 5
TYPE_4_HEADER_BYTES = 18
_TAG = re.compile(rb"([0-9]{1,2})\.([0-9]{1,9}):")
_MAX_TAG_BYTES = 13
"""Of a tag, colon included."""
_MAX_DIGITS = 9
_MAX_TAGS_KNOWN = 4_096
"""Different tags whose numbers are kept; the tables have some hundreds."""


@dataclass(frozen=True)
class Problem:
    """What is wrong with received bytes.

    Args:
        code: EBTS 8.001 code (Appendix M): E0004 record, E0005 field, E0006 relation, E0012 length, L0006 image.
        message: one sentence without personal data.
        offset: byte in the file at which it was noticed.
        field: the field at fault such as ``1.003``, or an empty string.
    """

    code: str
    message: str
    offset: int
    field: str = ""


class Field(NamedTuple):
    """One tagged field: number, and where its tag and value lie inside the record's bytes.

    Args:
        number: 18 for ``2.018:``; -1 when the tag could not be read or names another record type.
        tag_start, value_start, value_end: offsets in the record; between the first two lies the tag as written.
    """

    number: int
    tag_start: int
    value_start: int
    value_end: int


@dataclass(frozen=True)
class Record:
    """One logical record.

    Args:
        type: record type, 1 to 99.
        idc: image designation character as a number; -1 when it is absent or unreadable (Type-1 has none).
        raw: the record's bytes as received, separator included.
        offset: where the record begins in the file.
        fields: tagged fields in file order; empty for the binary types 3 to 8.
        complete: False when the file ended, or the record's own length was wrong, before the record did.
        character_set: of its text, as Type-1 declares it (1.015); None when it declares none that is known.
    """

    type: int
    idc: int
    raw: bytes
    offset: int = 0
    fields: tuple[Field, ...] = ()
    complete: bool = True
    character_set: CharacterSet | None = None

    def get(self, tag: str) -> str:
        """Return the text of the first field `tag` (``"2.018"``), or ``""`` when it is absent or the data field."""
        number = _number_in(tag, self.type)
        value = self.value_of(number)
        return "" if value is None or number == DATA_FIELD else decode_text(value, self.character_set)

    def value(self, tag: str) -> bytes | None:
        """Return the bytes of field `tag` as received, None when absent.

        The first occurrence counts, for the data field (999) the last, behind which the image lies.
        """
        return self.value_of(_number_in(tag, self.type))

    def value_of(self, number: int) -> bytes | None:
        """Return the bytes of a field by its number, as `value` does by its tag."""
        field = self._places.get(number)
        return None if field is None else self.raw[field.value_start : field.value_end]

    def number_of(self, number: int) -> int:
        """Return a field's whole number by the field's number, -1 when it is absent or none."""
        field = self._places.get(number)
        return -1 if field is None else number_of(self.raw[field.value_start : field.value_end])

    def items(self, tag: str) -> list[list[str]]:
        """Return field `tag` as subfields of items (``[["19940915", "DUI"], …]``), ``[]`` when it is absent."""
        number = _number_in(tag, self.type)
        value = self.value_of(number)
        if value is None or number == DATA_FIELD:
            return []
        of = self.character_set
        if RS not in value and US not in value:
            return [[decode_text(value, of)]]  # as most fields are
        return [[decode_text(i, of) for i in s.split(US, MAX_ITEMS)] for s in value.split(RS, MAX_ITEMS)]

    def occurrences(self, tag: str) -> tuple[str, ...]:
        """Return the subfields of a repeating field, read leniently: RS separates them, US is accepted too."""
        return tuple([item for subfield in self.items(tag) for item in subfield if item])

    @property
    def data(self) -> bytes:
        """Return the image bytes: field 999 of a tagged record, what follows the header of a Type-4, else nothing."""
        if self.type in BINARY_TYPES:
            return self.raw[TYPE_4_HEADER_BYTES:] if self.type not in (7, 8) else self.raw[BINARY_HEADER_BYTES:]
        return self.value_of(DATA_FIELD) or b""

    @property
    def numbers(self) -> Set[int]:
        """Return the numbers of the fields that are there; those without a readable tag have none."""
        return self._places.keys()

    @cached_property
    def _places(self) -> dict[int, Field]:
        """The field that counts, by number: the first of several, for the data field the last."""
        places = {field.number: field for field in reversed(self.fields)}
        places.pop(-1, None)
        if DATA_FIELD in places:
            places[DATA_FIELD] = next(field for field in reversed(self.fields) if field.number == DATA_FIELD)
        return places


@lru_cache(_MAX_TAGS_KNOWN)
def _number_in(tag: str, record_type: int) -> int:
    """Return the field's number that a tag of this record type has (18 for ``2.018``), -1 for any other tag."""
    kind, _, number = tag.partition(".")
    return int(number) if kind == str(record_type) and number.isdecimal() else -1


def number_of(value: bytes | str | None) -> int:
    """Return a field's whole number (blanks around it allowed), or -1 when it is none of at most nine digits."""
    if isinstance(value, str):
        value = value.encode("utf-8", "replace")
    if not value:
        return -1
    digits = value if value.isdigit() else value.strip()
    return int(digits) if len(digits) <= _MAX_DIGITS and digits.isdigit() else -1


def tagged_type(data: bytes, position: int) -> int:
    """Return the record type if field 1 of a tagged record (``14.001:``) begins at `position`, else -1."""
    match = _TAG.match(data, position)
    return int(match[1]) if match and int(match[2]) == 1 else -1


def parse_fields(
    raw: bytes, record_type: int, offset: int, limit: int = MAX_FIELDS
) -> tuple[tuple[Field, ...], list[Problem]]:
    """Cut a tagged record into fields.

    Args:
        raw: the record's bytes.
        record_type: what its first tag says.
        offset: of the record in the file, for the problems.
        limit: most fields to cut; the rest of the record stays uncut, and a problem says so.

    Returns:
        fields in order, which cover `raw` without gaps but for one separator behind each, and what was wrong.
    """
    end = len(raw) - raw.endswith(FS)
    fields = _fields_before_data(raw, record_type, end, limit)
    position = fields[-1].value_end + 1 if fields else 0
    while position <= end and len(fields) < limit:
        fields.append(_field_at(raw, position, end, record_type))
        position = fields[-1].value_end + 1
    problems = [
        Problem("E0005", f"no field of Type-{record_type} begins here", offset + field.tag_start, f"{record_type}.?")
        for place, field in enumerate(fields)
        if field.number < 0 and not (field.tag_start == end and place)
    ]
    if position <= end:
        message = f"more than {MAX_FIELDS} fields in one record, or {MAX_FIELDS_OF_FILE} in one file"
        problems.append(Problem("E0005", message, offset + position, f"{record_type}.?"))
    return tuple(fields), problems


def _fields_before_data(raw: bytes, record_type: int, end: int, limit: int) -> list[Field]:
    """Return the fields that surely lie before the data field: they end where the next GS is, so one cut does."""
    if record_type not in TEXT_ONLY_TYPES and (data := raw.find(b"999:", 0, end)) >= 0:
        end = raw.rfind(GS, 0, data)  # before the first 999: there is no tag of a data field
    if end < 0:
        return []
    fields, position, usual = [], 0, len(f"{record_type}.001:")
    for part in raw[:end].split(GS, limit)[:limit]:
        number, length = _tag_as_written(part[:usual], record_type)
        if not length:
            colon = part.find(b":", 0, _MAX_TAG_BYTES)
            number, length = _tag_as_written(part[: colon + 1], record_type)
        stop = position + len(part)
        # As `Field(...)` does it, without the call in between: this is where reading spends its time.
        fields.append(tuple.__new__(Field, (number, position, position + length, stop)))
        position = stop + 1
    return fields


def _field_at(raw: bytes, position: int, end: int, record_type: int) -> Field:
    colon = raw.find(b":", position, min(position + _MAX_TAG_BYTES, end))
    number, length = _tag_as_written(raw[position : colon + 1], record_type)
    start = position + length
    if number == DATA_FIELD and record_type not in TEXT_ONLY_TYPES:
        stop = _end_of_data(raw, start, end, record_type)
    else:
        stop = raw.find(GS, start, end)
        stop = end if stop < 0 else stop
    return Field(number, position, start, stop)


@lru_cache(_MAX_TAGS_KNOWN)
def _tag_as_written(tag: bytes, record_type: int) -> tuple[int, int]:
    """Return the number that a tag gives to a field of this record type, -1 for none, and the bytes of the tag.

    Args:
        tag: ``2.018:``; empty, or whatever else ends in a colon, is no tag but belongs to the value.
        record_type: of the record; a tag of another one gives no number, but is one.
    """
    match = _TAG.fullmatch(tag)
    if match is None:
        return -1, 0
    return int(match[2]) if int(match[1]) == record_type else -1, len(tag)


def _end_of_data(raw: bytes, start: int, end: int, record_type: int) -> int:
    """Return where field 999 ends: at the record's end, unless it is a number in digits with another 999 behind it.

    Files in the wild write 999 twice, a length in digits first; an image never begins that way.
    """
    twice = _second_data_field(record_type).match(raw, start, end)
    return raw.index(GS, start) if twice else end


@lru_cache
def _second_data_field(record_type: int) -> re.Pattern[bytes]:
    return re.compile(rb"[0-9]{0,20}\x1d0?%d\.0*999:" % record_type)
