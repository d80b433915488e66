"""One logical record as received: its bytes, and the tagged fields found in them (ANSI/NIST-ITL, Annex B).

Nothing here raises on content: what does not parse is kept and reported as a `Problem`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

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
_NUMBER = re.compile(rb"[0-9]{1,9}\Z")


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


@dataclass(frozen=True, slots=True)
class Field:
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
        value = self.value(tag)
        return "" if value is None or self._number(tag) == DATA_FIELD else decode_text(value, self.character_set)

    def value(self, tag: str) -> bytes | None:
        """Return the bytes of field `tag` as received, None when absent.

        The first occurrence counts, for the data field (999) the last, behind which the image lies.
        """
        number = self._number(tag)
        found = [f for f in self.fields if f.number == number] if number >= 0 else []
        if not found:
            return None
        field = found[-1] if number == DATA_FIELD else found[0]
        return self.raw[field.value_start : field.value_end]

    def items(self, tag: str) -> list[list[str]]:
        """Return field `tag` as subfields of items (``[["19940915", "DUI"], …]``), ``[]`` when it is absent."""
        value = self.value(tag)
        if value is None or self._number(tag) == DATA_FIELD:
            return []
        of = self.character_set
        return [[decode_text(i, of) for i in s.split(US, MAX_ITEMS)] for s in value.split(RS, MAX_ITEMS)]

    def occurrences(self, tag: str) -> tuple[str, ...]:
        """Return the subfields of a repeating field, read leniently: RS separates them, US is accepted too."""
        return tuple(item for subfield in self.items(tag) for item in subfield if item)

    @property
    def data(self) -> bytes:
        """Return the image bytes: field 999 of a tagged record, what follows the header of a Type-4, else nothing."""
        if self.type in BINARY_TYPES:
            return self.raw[TYPE_4_HEADER_BYTES:] if self.type not in (7, 8) else self.raw[BINARY_HEADER_BYTES:]
        return self.value(f"{self.type}.{DATA_FIELD}") or b""

    def _number(self, tag: str) -> int:
        kind, _, number = tag.partition(".")
        return int(number) if kind == str(self.type) and number.isdecimal() else -1


def number_of(value: bytes | str | None) -> int:
    """Return a field's whole number (blanks around it allowed), or -1 when it is none of at most nine digits."""
    raw = value.encode("utf-8", "replace") if isinstance(value, str) else value or b""
    match = _NUMBER.match(raw.strip())
    return int(match[0]) if match else -1


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
    fields: list[Field] = []
    problems: list[Problem] = []
    end = len(raw) - raw.endswith(FS)
    position = 0
    while position <= end:
        if len(fields) >= limit:
            message = f"more than {MAX_FIELDS} fields in one record, or {MAX_FIELDS_OF_FILE} in one file"
            problems.append(Problem("E0005", message, offset + position, f"{record_type}.?"))
            break
        field = _field_at(raw, position, end, record_type)
        fields.append(field)
        if field.number < 0 and not (position == end and len(fields) > 1):
            message = f"no field of Type-{record_type} begins here"
            problems.append(Problem("E0005", message, offset + position, f"{record_type}.?"))
        position = field.value_end + 1
    return tuple(fields), problems


def _field_at(raw: bytes, position: int, end: int, record_type: int) -> Field:
    match = _TAG.match(raw, position, end)
    start, number = (match.end(), int(match[2])) if match else (position, -1)
    if match and int(match[1]) != record_type:
        number = -1
    if number == DATA_FIELD and record_type not in TEXT_ONLY_TYPES:
        stop = _end_of_data(raw, start, end, record_type)
    else:
        stop = raw.find(GS, start, end)
        stop = end if stop < 0 else stop
    return Field(number, position, start, stop)


def _end_of_data(raw: bytes, start: int, end: int, record_type: int) -> int:
    """Return where field 999 ends: at the record's end, unless it is a number in digits with another 999 behind it.

    Files in the wild write 999 twice, a length in digits first; an image never begins that way.
    """
    twice = re.compile(rb"[0-9]{0,20}\x1d0?%d\.0*999:" % record_type).match(raw, start, end)
    return raw.index(GS, start) if twice else end
