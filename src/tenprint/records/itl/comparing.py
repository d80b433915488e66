"""What differs between two transactions, field by field: records are matched by type and IDC, then by their order."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from tenprint.records.itl.character_sets import decode_text
from tenprint.records.itl.description import MAX_OCCURRENCES, FieldShown, RecordShown
from tenprint.records.itl.record import RS, Record

LENGTH = "001"
MAX_DIFFERENCES = 10_000
"""Differences told of two files; one more says that there are others."""


@dataclass(frozen=True)
class Difference:
    """One difference.

    Args:
        kind: ``record`` (one file alone has it), ``field``, ``value``, ``data``, ``rest`` (subfields or items beyond
            those that are described; the first that differs is told) or ``more`` (too many to tell).
        type, idc: of the record.
        field: tag, ``""`` for the record as a whole.
        occurrence: of a repeating field, from 1; 0 for the field as a whole.
        item: mnemonic or number of the item.
        left, right: what the two files have, ``""`` where one has nothing.
        records: index of the record in either file, -1 where it is missing.
    """

    kind: str
    type: int
    idc: int
    field: str = ""
    occurrence: int = 0
    item: str = ""
    left: str = ""
    right: str = ""
    records: tuple[int, int] = (-1, -1)


def matched(left: Sequence[RecordShown], right: Sequence[RecordShown]) -> list[tuple[int, int]]:
    """Return which records belong together, as indices; -1 stands for none.

    Records of the same type and IDC are matched in order; what is left over of a type is matched in order too.
    """
    pairs = _paired([(r.type, r.idc) for r in left], [(r.type, r.idc) for r in right])
    alone = [a for a, b in pairs if b < 0], [b for a, b in pairs if a < 0]
    again = _paired([left[a].type for a in alone[0]], [right[b].type for b in alone[1]])
    rest = [(alone[0][a] if a >= 0 else -1, alone[1][b] if b >= 0 else -1) for a, b in again]
    found = [pair for pair in pairs if min(pair) >= 0] + rest
    return sorted(found, key=lambda pair: (pair[0] if pair[0] >= 0 else len(left), pair[1]))


def differences(
    left: Sequence[RecordShown], right: Sequence[RecordShown], read: tuple[Sequence[Record], Sequence[Record]]
) -> list[Difference]:
    """Return what differs between the fields of two files; images are not looked at here.

    A record's length is told only where nothing else tells why it differs.

    Args:
        left, right: the records of either file, as `describe` gives them.
        read: the same records as they were read: a description leaves out what is too much to show.
    """
    found: list[Difference] = []
    for a, b in matched(left, right):
        for one in _of_records(left[a] if a >= 0 else None, right[b] if b >= 0 else None, read):
            if len(found) >= MAX_DIFFERENCES:
                return [*found, Difference("more", one.type, one.idc)]
            found.append(one)
    return found


def _paired(left: Sequence[object], right: Sequence[object]) -> list[tuple[int, int]]:
    waiting: defaultdict[object, list[int]] = defaultdict(list)
    for number in reversed(range(len(right))):
        waiting[right[number]].append(number)
    pairs = [(n, waiting[key].pop() if waiting[key] else -1) for n, key in enumerate(left)]
    taken = {b for _, b in pairs}
    return pairs + [(-1, n) for n in range(len(right)) if n not in taken]


def _of_records(
    left: RecordShown | None, right: RecordShown | None, read: tuple[Sequence[Record], Sequence[Record]]
) -> Iterator[Difference]:
    if left is None or right is None:
        here = left or right
        assert here is not None
        told = f"{here.size} bytes"
        places = (left.index if left else -1, right.index if right else -1)
        yield Difference("record", here.type, here.idc, "", 0, "", told * bool(left), told * bool(right), places)
        return
    places = (left.index, right.index)
    both = (read[0][left.index], read[1][right.index])
    found = [d for a, b in _fields(left, right) for d in _of_fields(left, a, b, both, places)]
    telling = [d for d in found if not d.field.endswith(f".{LENGTH}")]
    yield from telling or found


def _fields(left: RecordShown, right: RecordShown) -> Iterator[tuple[FieldShown | None, FieldShown | None]]:
    pairs = _paired([f.tag for f in left.fields], [f.tag for f in right.fields])
    for a, b in pairs:
        yield left.fields[a] if a >= 0 else None, right.fields[b] if b >= 0 else None


def _of_fields(
    record: RecordShown,
    left: FieldShown | None,
    right: FieldShown | None,
    read: tuple[Record, Record],
    places: tuple[int, int],
) -> Iterator[Difference]:
    if left is None or right is None:
        here = left or right
        assert here is not None
        told = "; ".join(" | ".join(items) for items in here.values) if here.values else f"{here.size} bytes"
        yield Difference(
            "field", record.type, record.idc, here.tag, 0, "", told * bool(left), told * bool(right), places
        )
        return
    if not left.values and not right.values:
        if left.size != right.size:
            sizes = f"{left.size} bytes", f"{right.size} bytes"
            yield Difference("data", record.type, record.idc, left.tag, 0, "", *sizes, places)
        return
    many = max(len(left.values), len(right.values)) > 1
    is_cut = _is_cut(left) or _is_cut(right)
    both = min(len(left.values), len(right.values))
    most = both if is_cut else None
    for number, (a, b) in enumerate(zip_longest(left.values[:most], right.values[:most], fillvalue=()), 1):
        grouped = bool(left.items) or max(len(a), len(b)) > 1
        for at, (one, other) in enumerate(zip_longest(a, b, fillvalue=""), 0):
            if one != other:
                name = (left.items[at] if at < len(left.items) else str(at + 1)) if grouped else ""
                yield Difference("value", record.type, record.idc, left.tag, number * many, name, one, other, places)
    if is_cut:
        yield from _beyond(record, (left, right), read, places)


def _is_cut(field: FieldShown) -> bool:
    """Tell whether the field has more subfields, or one of them more items, than are described."""
    return field.left_out > 0 or any(len(items) >= MAX_OCCURRENCES for items in field.values)


def _beyond(
    record: RecordShown, fields: tuple[FieldShown, FieldShown], read: tuple[Record, Record], places: tuple[int, int]
) -> Iterator[Difference]:
    """Yield where a field differs in what its description leaves out."""
    both = min(len(field.values) for field in fields)
    parts = [_value(one, field.offset).split(RS, both) for one, field in zip(read, fields, strict=True)]
    for number, (a, b) in enumerate(zip(fields[0].values[:both], fields[1].values[:both], strict=True), 1):
        if a == b and len(a) >= MAX_OCCURRENCES and parts[0][number - 1] != parts[1][number - 1]:
            one, other = (f"{len(part[number - 1])} bytes" for part in parts)
            what = f"items beyond {len(a)} differ"
            yield Difference("rest", record.type, record.idc, fields[0].tag, number, what, one, other, places)
    rests = [part[both].split(RS) if len(part) > both else [] for part in parts]
    for number, values in enumerate(zip_longest(*rests), both + 1):
        if values[0] != values[1]:
            one, other = (decode_text(v or b"", r.character_set) for v, r in zip(values, read, strict=True))
            what = f"subfields beyond {both} differ"
            yield Difference("rest", record.type, record.idc, fields[0].tag, number, what, one, other, places)
            return


def _value(record: Record, offset: int) -> bytes:
    """Return the bytes of the value of the field that begins there in the file."""
    field = record.fields[bisect_left(record.fields, offset - record.offset, key=lambda one: one.tag_start)]
    return record.raw[field.value_start : field.value_end]
