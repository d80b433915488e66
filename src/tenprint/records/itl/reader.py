"""The tolerant reader of the traditional encoding: it cuts a file into records and says where it broke.

Type-1 lists the records (1.003 CNT). Binary records 3 to 8 are framed by their 4-byte length, tagged records by LEN,
text-only ones by their closing FS. A data field is found by parsing from the record's start, never by searching.
"""

from __future__ import annotations

import re

from tenprint.core.errors import RecordError
from tenprint.records.itl.character_sets import CharacterSet, character_set_of
from tenprint.records.itl.record import (
    BINARY_HEADER_BYTES,
    BINARY_TYPES,
    FS,
    MAX_FIELDS,
    MAX_FIELDS_OF_FILE,
    TEXT_ONLY_TYPES,
    Problem,
    Record,
    number_of,
    parse_fields,
    tagged_type,
)
from tenprint.records.itl.transaction import Transaction

MAX_RECORDS = 1_000
"""Records read of one file; IDCs end at 99, so an honest file stays far below."""
IDC_FIELD = 2
MAX_PROBLEMS = 1_000
"""Problems listed of one file; one more says that there are others."""
_LENGTH = re.compile(rb"[0-9]{1,2}\.0{0,8}1:([0-9]{1,10})[\x1c\x1d]")


def read(data: bytes, *, strict: bool = False) -> Transaction:
    """Read an ANSI/NIST-ITL file in the traditional encoding (ITL 1-2007 clause 6, Annex B of 1-2011).

    Args:
        data: the whole file.
        strict: raise at the first problem instead of collecting them.

    Returns:
        the transaction; `read(data).to_bytes() == data` for any bytes at all.

    Raises:
        RecordError: only with `strict`; the code is the problem's (E0004, E0005, E0006, E0012, L0006).
    """
    reader = _Reader(bytes(data), strict)
    reader.read_all()
    transaction = Transaction(tuple(reader.records), tuple(reader.problems), reader.data[reader.position :])
    if strict and transaction.problems:
        _refuse(transaction.problems[0])
    return transaction


def _refuse(problem: Problem) -> None:
    raise RecordError(problem.code, f"{problem.message} (byte {problem.offset})", field=problem.field)


class _Reader:
    """Position in the file, and what was found so far."""

    def __init__(self, data: bytes, strict: bool) -> None:
        self.data = data
        self.strict = strict
        self.position = 0
        self.records: list[Record] = []
        self.problems: list[Problem] = []
        self.fields_left = MAX_FIELDS_OF_FILE
        self.character_set: CharacterSet | None = None

    def read_all(self) -> None:
        """Cut records until the file ends or nothing more can be told apart."""
        if tagged_type(self.data, 0) != 1:
            self._report("E0004", "the file does not begin with a Type-1 record", "1.001")
            return
        self._read_tagged(1, None)
        contents = self._contents()
        for expected, idc in contents or []:
            if not self._read_next(expected, idc):
                return
        while self.position < len(self.data):
            kind = tagged_type(self.data, self.position)
            if kind < 0 or len(self.records) > MAX_RECORDS:
                left = len(self.data) - self.position
                self._report("E0012", f"{left} bytes follow the last record", "1.003")
                return
            if contents is not None:
                self._report("E0006", f"a Type-{kind} record is not listed in the file content", "1.003")
            if not self._read_tagged(kind, None):
                return

    def _report(self, code: str, message: str, field: str = "", offset: int | None = None) -> None:
        problem = Problem(code, message, self.position if offset is None else offset, field)
        if self.strict:
            _refuse(problem)
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)
        elif len(self.problems) == MAX_PROBLEMS:
            self.problems.append(Problem("E0004", f"more than {MAX_PROBLEMS} problems in one file", problem.offset))

    def _contents(self) -> list[tuple[int, int]] | None:
        """Return type and IDC of the records that Type-1 announces, None when its list cannot be read."""
        subfields = self.records[0].items("1.003")
        entries = [(number_of(s[0]), number_of(s[1]) if len(s) > 1 else -1) for s in subfields]
        if not entries or entries[0][0] != 1 or any(kind < 1 or kind > 99 for kind, _ in entries):
            self._report("E0005", "the file content is missing or cannot be parsed", "1.003")
            return None
        count, listed = entries[0][1], entries[1:]
        if count != len(listed):
            self._report("E0006", f"the file content announces {count} records and lists {len(listed)}", "1.003")
        if len(listed) > MAX_RECORDS:
            self._report("E0005", f"the file content lists more than {MAX_RECORDS} records", "1.003")
        return listed[:MAX_RECORDS]

    def _read_next(self, expected: int, idc: int) -> bool:
        """Read the record that the file content announces here; False when the rest cannot be told apart."""
        if self.position >= len(self.data):
            self._report("E0006", f"the file ends before a Type-{expected} record that its content lists", "1.003")
            return False
        kind = tagged_type(self.data, self.position)
        if kind < 0 and expected in BINARY_TYPES:
            return self._read_binary(expected, idc)
        if kind < 0:
            self._report("E0004", f"no Type-{expected} record begins here", f"{expected}.001")
            return False
        if kind != expected:
            self._report("E0006", f"a Type-{kind} record stands where the content lists Type-{expected}", "1.003")
        return self._read_tagged(kind, idc)

    def _read_binary(self, kind: int, idc: int) -> bool:
        start, left = self.position, len(self.data) - self.position
        length = int.from_bytes(self.data[start : start + 4], "big")
        complete = BINARY_HEADER_BYTES <= length <= left
        if not complete:
            self._report("E0012", f"the length {length} of a Type-{kind} record does not fit the file", f"{kind}.001")
        if left < BINARY_HEADER_BYTES or length < BINARY_HEADER_BYTES:
            return False
        raw = self.data[start : start + length]
        self._keep(Record(kind, raw[4], raw, start, (), complete), idc)
        return complete

    def _read_tagged(self, kind: int, idc: int | None) -> bool:
        start = self.position
        end, complete = self._end_of_text(kind) if kind in TEXT_ONLY_TYPES else self._end_by_length(kind)
        if end <= start:
            return False
        raw = self.data[start:end]
        fields, problems = parse_fields(raw, kind, start, min(MAX_FIELDS, self.fields_left))
        self.fields_left -= len(fields)
        for problem in problems:
            self._report(problem.code, problem.message, problem.field, problem.offset)
        idc_field = next((f for f in fields if f.number == IDC_FIELD), None) if kind > 1 else None
        number = number_of(raw[idc_field.value_start : idc_field.value_end]) if idc_field else -1
        record = Record(kind, number, raw, start, fields, complete, self.character_set if kind > 1 else None)
        if kind == 1 and not self.records:
            declared = record.items("1.015")
            self.character_set = character_set_of(declared[0][0]) if declared else None
        self._keep(record, idc)
        return True

    def _keep(self, record: Record, idc: int | None) -> None:
        if idc is not None and record.idc != idc:
            message = f"the IDC of a Type-{record.type} record differs from the one in the file content"
            self._report("E0006", message, f"{record.type}.002")
        self.records.append(record)
        self.position = record.offset + len(record.raw)

    def _declared_length(self) -> int:
        match = _LENGTH.match(self.data, self.position)
        return int(match[1]) if match else -1

    def _end_of_text(self, kind: int) -> tuple[int, bool]:
        """Return where a text-only record ends (behind its first FS), and whether it is whole."""
        declared = self._declared_length()
        stop = self.data.find(FS, self.position)
        end = len(self.data) if stop < 0 else stop + 1
        if stop < 0 or declared != end - self.position:
            message = f"a Type-{kind} record of {end - self.position} bytes says that it has {declared}"
            self._report("E0012", message if stop >= 0 else f"a Type-{kind} record is cut short", f"{kind}.001")
        return end, stop >= 0

    def _end_by_length(self, kind: int) -> tuple[int, bool]:
        """Return where a record that may hold an image ends by its LEN, and whether it is whole."""
        declared, start = self._declared_length(), self.position
        if declared < len(b"1.001:1") or start + declared > len(self.data):
            self._report("E0012", f"the length of a Type-{kind} record does not fit the file", f"{kind}.001")
            return (start, False) if declared < len(b"1.001:1") else (len(self.data), False)
        end = start + declared
        if self.data[end - 1 : end] != FS:
            self._report("E0012", f"a Type-{kind} record does not end where its length says", f"{kind}.001")
            return end, False
        return end, True
