"""A transaction as a person reads it: records, fields with their names, values with the words of their codes.

Nothing is judged here. What the reader noticed is put where it belongs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from tenprint.records.itl.character_sets import decode_text
from tenprint.records.itl.record import BINARY_TYPES, DATA_FIELD, RS, TEXT_ONLY_TYPES, Field, Record
from tenprint.records.itl.record_view import view_of
from tenprint.records.itl.table_model import FieldRule, Table
from tenprint.records.itl.transaction import Transaction

MAX_OCCURRENCES = 20_000
"""Subfields shown of one field, and items of one subfield."""
MAX_SUBFIELDS_OF_FILE = 200_000
"""Subfields shown of one file; a hostile file of separators must not become millions of objects."""
DOMAIN_TYPES = (1, 2)
"""Record types whose fields a profile knows better than the standard."""


class Noticed(NamedTuple):
    """Something that is wrong.

    Args:
        code: such as ``E0012``.
        field: tag or ``""``.
        offset: byte in the file, None when it is about an image.
        message: a sentence.
        record: index in the file, -1 for the file as a whole.
    """

    code: str
    field: str
    offset: int | None
    message: str
    record: int = -1


@dataclass(frozen=True)
class FieldShown:
    """One field.

    Args:
        tag: such as ``2.018``; ``2.?`` for what begins like no field.
        mnemonic, title: from the tables, ``""`` when they do not know the field.
        offset: byte in the file.
        size: bytes of the value.
        values: subfields of items; empty for a data field.
        items: mnemonics of the items of a grouped field.
        words: what the code means, of a field that holds one.
        left_out: subfields that are not among the values, as there are too many.
    """

    tag: str
    mnemonic: str
    title: str
    offset: int
    size: int
    values: tuple[tuple[str, ...], ...] = ()
    items: tuple[str, ...] = ()
    words: str = ""
    left_out: int = 0


@dataclass(frozen=True)
class RecordShown:
    """One record.

    Args:
        index, type, idc, offset, size: where it is and how large.
        complete: False when it was cut short.
        fields: in file order; of a binary record the parts of its header.
        noticed: what is wrong in it.
    """

    index: int
    type: int
    idc: int
    offset: int
    size: int
    complete: bool
    fields: tuple[FieldShown, ...]
    noticed: tuple[Noticed, ...] = ()


def describe(
    transaction: Transaction,
    profile: Table,
    standard: Table,
    noticed: Sequence[Noticed] = (),
    *,
    most: int = MAX_SUBFIELDS_OF_FILE,
) -> tuple[RecordShown, ...]:
    """Return the records of a transaction with the names of their fields.

    Args:
        transaction: as read.
        profile: knows Type-1 and Type-2.
        standard: knows the others.
        noticed: what is wrong; each goes to its record.
        most: subfields to take of the whole file; the first of every field is taken in any case.
    """
    left = _Left(most)
    return tuple(
        RecordShown(
            index,
            record.type,
            record.idc,
            record.offset,
            len(record.raw),
            record.complete,
            tuple(_fields(index, record, profile, standard, left)),
            tuple(n for n in noticed if n.record == index),
        )
        for index, record in enumerate(transaction.records)
    )


def noticed_in(transaction: Transaction) -> tuple[Noticed, ...]:
    """Return what the reader noticed, with the record in which it stands."""
    return tuple(
        Noticed(p.code, p.field, p.offset, p.message, _record_at(transaction.records, p.offset))
        for p in transaction.problems
    )


def rule_of(tag: str, tables: Iterable[Table]) -> tuple[FieldRule, Table] | None:
    """Return the rule of a field, and the first table that has one."""
    return next(((t.fields[tag], t) for t in tables if tag in t.fields), None)


@dataclass
class _Left:
    """How many subfields of a file may still be taken."""

    subfields: int


def _record_at(records: Sequence[Record], offset: int) -> int:
    return next((n for n, r in enumerate(records) if r.offset <= offset < r.offset + len(r.raw)), -1)


def _fields(index: int, record: Record, profile: Table, standard: Table, left: _Left) -> Iterator[FieldShown]:
    tables = (profile, standard) if record.type in DOMAIN_TYPES else (standard, profile)
    if record.type in BINARY_TYPES:
        for number, found in view_of(index, record).fields.items():
            texts = [o.text for o in found]
            is_data = texts == ["(data)"]
            offset = found[0].offset if found else record.offset
            size = len(record.raw) - (offset - record.offset) if is_data else 0
            yield _shown(_tag(record, number), (offset, size), [] if is_data else [(t,) for t in texts], tables)
        return
    for one in record.fields:
        if one.number < 0 and one.value_end == one.tag_start:
            continue  # what a separator at the end leaves
        is_data = one.number == DATA_FIELD and record.type not in TEXT_ONLY_TYPES
        values, left_out = ([], 0) if is_data else _values(record, one, left)
        place = (record.offset + one.tag_start, one.value_end - one.value_start)
        yield replace(_shown(_tag(record, one.number), place, values, tables), left_out=left_out)


def _tag(record: Record, number: int) -> str:
    return f"{record.type}.{number:03d}" if number >= 0 else f"{record.type}.?"


def _values(record: Record, one: Field, left: _Left) -> tuple[list[tuple[str, ...]], int]:
    """Return a field's subfields of items, and how many subfields more there are."""
    value, most = record.raw[one.value_start : one.value_end], min(MAX_OCCURRENCES, max(1, left.subfields))
    parts = value.split(RS, most)[:most]
    left.subfields -= len(parts)
    texts = (decode_text(part, record.character_set) for part in parts)
    return [tuple(t.split("\x1f", MAX_OCCURRENCES)[:MAX_OCCURRENCES]) for t in texts], value.count(RS) + 1 - len(parts)


def _shown(tag: str, place: tuple[int, int], values: list[tuple[str, ...]], tables: tuple[Table, ...]) -> FieldShown:
    offset, size = place
    found = rule_of(tag, tables)
    if found is None:
        return FieldShown(tag, "", "", offset, size, tuple(values))
    rule, table = found
    words = ""
    if rule.codes and len(values) == 1 and len(values[0]) == 1:
        words = table.codes[rule.codes].values.get(values[0][0].strip(), "")
    grouped = next((t.fields[tag].items for t in tables if tag in t.fields and t.fields[tag].items), ())
    names = tuple(item.mnemonic for item in grouped)
    return FieldShown(tag, rule.mnemonic, rule.title, offset, size, tuple(values), names, words)
