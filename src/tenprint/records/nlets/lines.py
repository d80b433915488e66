"""The layout that IAQ and IAR share: labelled lines in a fixed order, strict in both directions.

Field names are those of the Nlets IAQ (formats.md section 4); the framing is Tenprint's own. The published one ends
each value with a period, which values may hold too, and has no place for REF, FIN, CNF. A record is ASCII with CR LF::

    IAQ 1
    ORI/COSIB0000
    ...
    END

Lines stand in the order of the record's own field list; an optional field without value has no line. Free text follows
its label folded (`tenprint.records.folding`). One value has exactly one form, so equal records have equal bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tenprint.core.errors import RecordError
from tenprint.records.folding import CONTINUED, LINE_BREAK, NEW_LINE, fold, is_plain, unfold

MAX_BYTES = 64 << 10
END = "END"
AGENCY = r"[A-Z]{2}[A-Z0-9]{7}"
DESTINATION = r"[A-Z]{2}|" + AGENCY
NAME = r"[A-Z&][A-Z&,\- ]{2,29}"
SEX = r"[FGMNXYZ]"
DATE = r"[0-9]{8}"
REFERENCE = r"[!-~][ -~]{0,39}"
A_NUMBER = r"A?[0-9]{7,9}"
FBI_NUMBER = r"[A-Z0-9]{1,9}"
STATE_NUMBER = r"[A-Z]{2}[!-~]{1,8}"
PERSON = r"[!-~][ -~]{1,29}"


@dataclass(frozen=True)
class Line:
    """One field of a record.

    Args:
        label: mnemonic at the line's beginning.
        name: attribute of the record's class.
        pattern: what the whole value matches; ``""`` for free text of any lines.
        is_optional: may be empty, and has no line then.
    """

    label: str
    name: str
    pattern: str
    is_optional: bool = False


def check(values: Mapping[str, str], layout: tuple[Line, ...]) -> None:
    """Refuse values that do not fit the layout.

    Raises:
        RecordError: ``E0001`` for a missing mandatory value, ``E0002`` for an invalid one; `field` is the label.
    """
    for line in layout:
        value = values[line.name]
        if not value and line.is_optional:
            continue
        if not value:
            raise RecordError("E0001", f"the mandatory field {line.label} is missing", field=line.label)
        fits = re.fullmatch(line.pattern, value) if line.pattern else is_plain(value, lines=True)
        if not fits:
            raise RecordError("E0002", f"{line.label} contains invalid data", field=line.label)


def to_bytes(title: str, values: Mapping[str, str], layout: tuple[Line, ...]) -> bytes:
    """Return the record's bytes; `values` have been checked.

    Raises:
        RecordError: ``E0003`` when the record is larger than 64 KiB.
    """
    lines = [title]
    for line in layout:
        value = values[line.name]
        if value:
            lines += [f"{line.label}/{value}"] if line.pattern else [f"{line.label}/", *fold(value)]
    data = LINE_BREAK.join([*lines, END, ""]).encode("ascii")
    if len(data) > MAX_BYTES:
        raise RecordError("E0003", f"the record is larger than {MAX_BYTES} bytes")
    return data


def from_bytes(title: str, data: bytes, layout: tuple[Line, ...]) -> dict[str, str]:
    """Return the record's values by attribute name, absent ones as ``""``.

    Raises:
        RecordError: ``E0004`` when the bytes are not this kind of record, ``E0005`` for an unknown label, one out of
            order or one given twice, ``E0003`` when they are larger than 64 KiB.
    """
    if len(data) > MAX_BYTES:
        raise RecordError("E0003", f"the record is larger than {MAX_BYTES} bytes")
    try:
        lines = data.decode("ascii").split(LINE_BREAK)
    except UnicodeDecodeError as problem:
        raise RecordError("E0004", "the record is not 7-bit ASCII") from problem
    if lines[0] != title or lines[-2:] != [END, ""]:
        raise RecordError("E0004", f"the bytes are no complete {title.split(maxsplit=1)[0]} record")
    values = {line.name: "" for line in layout}
    open_fields = list(layout)
    body = lines[1:-2]
    position = 0
    while position < len(body):
        label, slash, value = body[position].partition("/")
        position += 1
        names = [line.label for line in open_fields]
        if not slash or label not in names:
            raise RecordError("E0005", "a line is unknown, repeated or out of order", field=label[:10])
        line = open_fields[names.index(label)]
        open_fields = open_fields[names.index(label) + 1 :]
        if not line.pattern:
            start = position
            while position < len(body) and body[position].startswith((NEW_LINE, CONTINUED)):
                position += 1
            value = unfold(body[start:position])
        values[line.name] = value
    return values
