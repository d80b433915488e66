"""Redaction record by record. Default deny: what is not called structural is replaced, what no table knows is blanked.

Lengths, file content (1.003), IDCs that cannot be read, and hashes are computed; so the framing of the result is right
even where that of the original was not. What is wrong about an image stays wrong (L0006), such as a size (14.006) or a
position (14.013) that is missing: it may be the fault that the file is to show. A resemblance in shape stays: how many
records, fields and items there are, and how long numbers are.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tenprint.core.errors import RecordError
from tenprint.records.images.worker import Codec
from tenprint.records.itl.character_sets import decode_text
from tenprint.records.itl.conformance import STANDARD
from tenprint.records.itl.description import DOMAIN_TYPES, rule_of
from tenprint.records.itl.impressions import COMPRESSIONS, FINGER_BINARY_TYPES, TYPE_4_HEADER, UNUSED_POSITION
from tenprint.records.itl.pictures import SIGNATURE, TAGGED_IMAGES
from tenprint.records.itl.record import (
    BINARY_HEADER_BYTES,
    BINARY_TYPES,
    DATA_FIELD,
    FS,
    GS,
    RS,
    TEXT_ONLY_TYPES,
    US,
    Field,
    Record,
)
from tenprint.records.itl.record_view import SIGNATURE_HEADER, RecordView, view_of
from tenprint.records.itl.table_model import FieldRule, Table
from tenprint.records.itl.tables import load_table
from tenprint.records.itl.transaction import Transaction
from tenprint.records.itl.validation import EDITION, load_profile
from tenprint.records.itl.writer import framed
from tenprint.records.redaction.blanks import Blanks
from tenprint.records.redaction.classes import field_classes
from tenprint.records.redaction.fiction import LEAST_TELLING, LONGEST_KNOWN, Fiction

LENGTH, IDC, CONTENTS, COMPRESSION, HASH = 1, 2, 3, 11, 996
TRANSACTION = "1.004"
POSITIONS = slice(6, 12)
"""Of the fingers in a header of Types 3 to 6."""
LAST_POSITION = 15
"""Of a finger or a plain set; palms have records of their own."""
LAST_TYPE = 99
LARGEST_FIELD = 9_999
"""A field number above is no number of a field, but somebody's."""
MAX_OCCURRENCES = 2_000
"""Occurrences kept of one field, and items of one occurrence."""
_WORD = re.compile(rf"[^\W_]{{{LEAST_TELLING},}}")


@dataclass(frozen=True)
class Note:
    """Something that could not be kept.

    Args:
        record: index in the original.
        field: its tag, or ``""``.
        message: a sentence without personal data.
    """

    record: int
    field: str
    message: str


@dataclass(frozen=True)
class Redacted:
    """The result.

    Args:
        data: the file.
        counts: how many fields were kept, replaced, blanked; images; records left out.
        notes: what could not be kept.
    """

    data: bytes
    counts: Mapping[str, int]
    notes: tuple[Note, ...]


def redact(transaction: Transaction, codec: Codec, *, profile: str | Table = EDITION) -> Redacted:
    """Return a transaction's bytes without persons and images, and what was done.

    Args:
        transaction: as read; also one that broke in reading, as far as it was read.
        codec: encodes the blank images in processes of its own; nothing of the original is decoded.
        profile: knows the fields of Type-1 and Type-2; the others are known from the standard.

    Raises:
        RecordError: ``E0004`` when there is no Type-1 record.
        SenderError: the profile cannot be used.
    """
    if not transaction.records or transaction.records[0].type != 1:
        raise RecordError("E0004", "there is no Type-1 record, so nothing is known about this file", field="1.001")
    table = profile if isinstance(profile, Table) else load_profile(profile)
    return _Redaction(transaction, table, Blanks(codec)).run()


@dataclass
class _Redaction:
    transaction: Transaction
    profile: Table
    blanks: Blanks
    counts: Counter[str] = field(default_factory=Counter)
    notes: list[Note] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.standard = load_table(STANDARD)
        self.classes = field_classes()
        self.kept = self._structural()
        self.fiction = Fiction(frozenset(self._told()))

    def run(self) -> Redacted:
        """Return the result."""
        bodies: list[tuple[int, int, bytes]] = []
        numbers = self._idcs()
        first: list[tuple[bytes, bytes]] = []
        for index, record in enumerate(self.transaction.records):
            if index == 0:
                first = self._fields(index, record, 0)
                continue
            if not 0 < record.type <= LAST_TYPE:
                self._leave_out(index, "", f"a record of a type that is none, 1 to {LAST_TYPE}, is left out")
                continue
            body = self._binary(index, record) if record.type in BINARY_TYPES else b""
            if record.type == 1 or (record.type in BINARY_TYPES and not body):
                self._leave_out(index, f"{record.type}.001", "the record is too short, or a second Type-1")
                continue
            if not body:
                body = _framed(record.type, self._fields(index, record, numbers[index]))
            bodies.append((record.type, numbers[index], body))
        if self.transaction.rest:
            self._leave_out(len(self.transaction.records), "", "bytes behind the last record are left out")
        listed = [b"1%b%d" % (US, len(bodies)), *(b"%d%b%02d" % (kind, US, idc) for kind, idc, _ in bodies)]
        first.insert(0, (b"1.003:", RS.join(listed)))
        if first[1:] and _number(first[1][0]) < CONTENTS:  # the version stands before the content
            first[0], first[1] = first[1], first[0]
        whole = _framed(1, first) + b"".join(body for _, _, body in bodies)
        return Redacted(whole, dict(self.counts), tuple(self.notes))

    def _idcs(self) -> list[int]:
        """Return the IDC of each record: its own, or one that nobody has where it cannot be read."""
        taken = {r.idc for r in self.transaction.records}
        free = (n for n in range(100) if n not in taken)
        return [r.idc if 0 <= r.idc <= 255 else next(free, 0) for r in self.transaction.records]

    def _leave_out(self, index: int, tag: str, message: str) -> None:
        self.counts["left out"] += 1
        self.notes.append(Note(index, tag, message))

    def _texts(self) -> Iterator[tuple[tuple[int, int], str, list[str]]]:
        """Yield place, tag and occurrences of each text field of the file that is not computed."""
        for index, record in enumerate(self.transaction.records):
            for place, one in enumerate(record.fields):
                is_data = one.number == DATA_FIELD and record.type not in TEXT_ONLY_TYPES
                is_computed = one.number in (LENGTH, CONTENTS if record.type == 1 else IDC)
                if not is_data and not is_computed:
                    yield (index, place), f"{record.type}.{one.number:03d}", _occurrences(record, one)

    def _structural(self) -> frozenset[tuple[int, int]]:
        """Return the places of the fields that stay: they look structural, and hold no word of a field that goes."""
        kept: set[tuple[int, int]] = set()
        free: dict[tuple[int, int], set[str]] = {}
        for place, tag, parts in self._texts():
            is_known = tag == TRANSACTION and len(parts) == 1 and parts[0] in self.profile.transactions
            if is_known or self.classes.keeps(tag, parts):
                kept.add(place)
                if tag in self.classes.free and not is_known and (words := _words(parts)):
                    free[place] = words
        if free:
            told = {word for place, _, parts in self._texts() if place not in kept for word in _words(parts)}
            kept -= {place for place, words in free.items() if words & told}
        return frozenset(kept)

    def _told(self) -> Iterator[str]:
        """Yield the values that must not come back."""
        for place, _, parts in self._texts():
            if place not in self.kept:
                for text in parts:
                    yield from (i for i in text.split("\x1f") if LEAST_TELLING <= len(i) <= LONGEST_KNOWN)

    def _rule(self, tag: str, kind: int) -> tuple[FieldRule, Table] | None:
        is_domain = kind in DOMAIN_TYPES
        return rule_of(tag, (self.profile, self.standard) if is_domain else (self.standard, self.profile))

    def _fields(self, index: int, record: Record, idc: int) -> list[tuple[bytes, bytes]]:
        """Return tags and values of a tagged record, without its length."""
        found: list[tuple[bytes, bytes]] = []
        image = None
        last = max((n for n, f in enumerate(record.fields) if f.number == DATA_FIELD), default=-1)
        seen: set[int] = set()
        for place, one in enumerate(record.fields):
            is_computed = one.number == LENGTH or (record.type == 1 and one.number == CONTENTS)
            is_second_idc = record.type > 1 and one.number == IDC and IDC in seen
            if is_computed or is_second_idc or not 0 <= one.number <= LARGEST_FIELD:
                continue
            seen.add(one.number)
            tag = record.raw[one.tag_start : one.value_start]
            if one.number == DATA_FIELD and record.type not in TEXT_ONLY_TYPES:
                if place == last:
                    image = self._data(index, record)
                    found.append((tag, image[0]))
                continue
            found.append((tag, self._value(record, one, idc, is_kept=(index, place) in self.kept)))
        if record.type > 1 and IDC not in seen:
            found.insert(0, (b"%d.002:" % record.type, b"%02d" % idc))
        if image is not None:
            found = [(tag, _dependent(tag, value, *image)) for tag, value in found]
        return found

    def _value(self, record: Record, one: Field, idc: int, *, is_kept: bool) -> bytes:
        if record.type > 1 and one.number == IDC:
            text = record.raw[one.value_start : one.value_end]
            return text if text.isdigit() and len(text) <= 2 and int(text) == idc else b"%02d" % idc
        tag = f"{record.type}.{one.number:03d}"
        parts = _occurrences(record, one)
        if is_kept:
            self.counts["kept"] += 1
            return RS.join(p.encode("ascii") for p in parts)
        known = self._rule(tag, record.type)
        if known is None or not any(parts):
            self.counts["blanked"] += 1
            return b""
        rule, table = known
        self.counts["replaced"] += 1
        kind = self.classes.kinds.get(tag, "")
        made = [self.fiction.occurrence(rule, table, part, kind) if part else "" for part in parts]
        return RS.join(value.encode("ascii", "replace") for value in made)

    def _data(self, index: int, record: Record) -> tuple[bytes, str]:
        """Return what stands in field 999, and the compression to declare or ``""``."""
        view = view_of(index, record)
        if record.type not in TAGGED_IMAGES or not view.data:
            self.counts["data blanked"] += bool(view.data)
            return b"\0" * len(view.data), ""
        blank = self.blanks.of(view)
        self.counts["images"] += 1
        if blank.note:
            self.notes.append(Note(index, f"{record.type}.{COMPRESSION:03d}", f"the image: {blank.note}"))
        was = view.text(COMPRESSION).strip().upper()
        return blank.data, "" if was in (blank.compression, "WSQ") and not blank.note else blank.compression

    def _binary(self, index: int, record: Record) -> bytes:
        """Return a binary record with a blank image; nothing when its header is cut short."""
        view, raw = view_of(index, record), record.raw
        if record.type in FINGER_BINARY_TYPES:
            return self._finger(index, view)
        size = SIGNATURE_HEADER.size if record.type == SIGNATURE else BINARY_HEADER_BYTES
        if len(raw) < size:
            return b""
        head, data = bytearray(raw[:size]), b"\0" * (len(raw) - size)
        if record.type == SIGNATURE:
            self.counts["images"] += 1
            form, width, height = view.number(4), view.number(6), view.number(7)
            area = (width * height + 7) // 8
            is_image = form == 1 and 0 < area <= len(raw) * 100
            if is_image and self.blanks.spends(width * height):  # a fax code is not written: uncompressed
                head[6], data = 0, bytes([255]) * area
                self.notes.append(Note(index, "8.004", "the signature: its fax code is not written here: uncompressed"))
            elif form == 0:
                data = bytes([255]) * len(data)
        else:
            self.counts["data blanked"] += 1
        head[:4] = struct.pack(">I", size + len(data))
        return bytes(head) + data

    def _finger(self, index: int, view: RecordView) -> bytes:
        raw = view.record.raw
        if len(raw) < TYPE_4_HEADER.size:
            return b""
        head, data = bytearray(raw[: TYPE_4_HEADER.size]), b""
        head[POSITIONS] = bytes(p if p <= LAST_POSITION else UNUSED_POSITION for p in head[POSITIONS])
        if view.data:
            blank = self.blanks.of(view)
            data, head[-1] = blank.data, COMPRESSIONS.index(blank.compression)
            self.counts["images"] += 1
            if blank.note:
                self.notes.append(Note(index, f"{view.type}.008", f"the image: {blank.note}"))
        head[:4] = struct.pack(">I", TYPE_4_HEADER.size + len(data))
        return bytes(head) + data


def _occurrences(record: Record, one: Field) -> list[str]:
    """Return a field's occurrences as text; of a hostile number of them the first."""
    value = record.raw[one.value_start : one.value_end]
    if value.isascii():  # nearly always: decoded at once
        texts = value.decode("ascii").split("\x1e", MAX_OCCURRENCES)[:MAX_OCCURRENCES]
    else:
        texts = [decode_text(part) for part in value.split(RS, MAX_OCCURRENCES)[:MAX_OCCURRENCES]]
    return [t if t.count("\x1f") < MAX_OCCURRENCES else _first_items(t) for t in texts]


def _first_items(text: str) -> str:
    return "\x1f".join(text.split("\x1f", MAX_OCCURRENCES)[:MAX_OCCURRENCES])


def _words(parts: list[str]) -> set[str]:
    return {word.upper() for part in parts for word in _WORD.findall(part)}


def _number(tag: bytes) -> int:
    return int(tag.rstrip(b":").partition(b".")[2])


def _dependent(tag: bytes, value: bytes, data: bytes, compression: str) -> bytes:
    """Return a field that follows from the image: its compression where that is another one, and its hash."""
    number = _number(tag)
    if number == COMPRESSION and compression:
        return compression.encode()
    return hashlib.sha256(data).hexdigest().upper().encode() if number == HASH else value


def _framed(kind: int, fields: list[tuple[bytes, bytes]]) -> bytes:
    """Return a tagged record with its length in front."""
    return framed(kind, b"".join(GS + tag + value for tag, value in fields) + FS)
