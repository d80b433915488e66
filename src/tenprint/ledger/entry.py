"""One entry of a log: fields that can be opened one by one, or erased while every proof still verifies.

    leaf   = canonical JSON (RFC 8785) of  {"v": 1, "c": {name: commitment, ...}}
    commitment = hex SHA-256( salt (16 bytes) || name (ASCII) || 0x00 || value (UTF-8; whole numbers as decimal text) )

The tree holds leaves, so it holds commitments only. Fields and salts lie beside it. Whoever is shown a value with its
salt can check it against the leaf; without the salt a commitment tells nothing, not even to somebody who tries all
values. A name has one type (`vocabulary`), so decimal text needs no tag to be unambiguous.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from tenprint.core.canonical import canonical_json
from tenprint.core.chance import RandomSource
from tenprint.core.errors import RecordError, SenderError, StorageError
from tenprint.ledger.vocabulary import VOCABULARY, check_field

LEAF_VERSION: Final = 1
SALT_BYTES: Final = 16
_COMMITMENT: Final = re.compile(r"[0-9a-f]{64}")

FieldValue = str | int


@dataclass(frozen=True)
class OpenedField:
    """One field with what is needed to check it: value and salt (16 bytes)."""

    name: str
    value: FieldValue
    salt: bytes


@dataclass(frozen=True)
class Entry:
    """What a party wrote down.

    Args:
        fields: the values that have not been erased.
        salts: the salt (16 bytes) of each of them.
        commitments: hex commitment of every field that the entry ever had.

    Raises:
        RecordError: ``LEDGER_ENTRY_FORM`` when the three do not belong together in shape. Whether values fit their
            commitments is what `verify.verify_log` tells, since a stored entry must be readable to be found wrong.
    """

    fields: dict[str, FieldValue]
    salts: dict[str, bytes]
    commitments: dict[str, str]

    def __post_init__(self) -> None:
        if self.fields.keys() != self.salts.keys() or not self.fields.keys() <= self.commitments.keys():
            raise RecordError("LEDGER_ENTRY_FORM", "fields, salts and commitments do not belong together")
        if any(len(salt) != SALT_BYTES for salt in self.salts.values()):
            raise RecordError("LEDGER_ENTRY_FORM", f"a salt has other than {SALT_BYTES} bytes")
        _check_commitments(self.commitments)

    @property
    def erased(self) -> frozenset[str]:
        """Return the names whose values are gone."""
        return frozenset(self.commitments.keys() - self.fields.keys())

    def leaf(self) -> bytes:
        """Return the bytes that enter the tree."""
        return self._leaf

    @cached_property
    def _leaf(self) -> bytes:
        return _leaf_of(self.commitments)

    def to_bytes(self) -> bytes:
        """Return fields, salts and commitments as canonical JSON, for storage beside the tree; never for the tree."""
        salts = {name: salt.hex() for name, salt in self.salts.items()}
        return canonical_json({"fields": self.fields, "salts": salts, "commitments": self.commitments})

    @classmethod
    def from_bytes(cls, data: bytes) -> Entry:
        """Return the entry that `to_bytes` wrote.

        Raises:
            StorageError: ``LEDGER_ENTRY_DAMAGED`` when the bytes are something else.
        """
        try:
            stored = json.loads(data)
            salts = {str(name): bytes.fromhex(salt) for name, salt in stored["salts"].items()}
            fields = {str(name): _as_field_value(value) for name, value in stored["fields"].items()}
            return cls(fields, salts, dict(stored["commitments"]))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, RecordError) as problem:
            raise StorageError("LEDGER_ENTRY_DAMAGED", "a stored ledger entry cannot be read") from problem


def seal(fields: Mapping[str, FieldValue], random_source: RandomSource) -> Entry:
    """Return the entry of `fields`, with a fresh salt for each, drawn together in the order of the names.

    Raises:
        RecordError: ``LEDGER_FIELD_UNKNOWN`` or ``LEDGER_FIELD_VALUE`` for a field outside the vocabulary,
            ``LEDGER_ENTRY_FORM`` for an entry without fields.
    """
    for name, value in fields.items():
        check_field(name, value)
    names = sorted(fields)
    drawn = random_source.token(SALT_BYTES * len(names))  # the system is asked once, not once a field
    salts = {name: drawn[SALT_BYTES * place : SALT_BYTES * (place + 1)] for place, name in enumerate(names)}
    commitments = {name: commit(name, fields[name], salt) for name, salt in salts.items()}
    return _put_together(dict(fields), salts, commitments)


def commit(name: str, value: FieldValue, salt: bytes) -> str:
    """Return the hex commitment in this module's docstring."""
    return hashlib.sha256(salt + f"{name}\0{value}".encode("utf-8", "surrogatepass")).hexdigest()


def leaf_from_commitments(commitments: Mapping[str, str]) -> bytes:
    """Return the leaf of an entry of which only the commitments are known.

    Raises:
        RecordError: ``LEDGER_ENTRY_FORM`` when a commitment is no lower-case hex SHA-256, or there is none.
    """
    _check_commitments(commitments)
    return _leaf_of(commitments)


def open_field(entry: Entry, name: str) -> OpenedField:
    """Return one field with its salt, to be shown to somebody who is entitled to it.

    Raises:
        SenderError: ``LEDGER_FIELD_ERASED`` when the value is gone, ``LEDGER_FIELD_ABSENT`` when it never was there.
    """
    if name in entry.erased:
        raise SenderError("LEDGER_FIELD_ERASED", "this field of the entry has been erased", field=name)
    if name not in entry.fields:
        raise SenderError("LEDGER_FIELD_ABSENT", "the entry has no such field", field=name[:64])
    return OpenedField(name, entry.fields[name], entry.salts[name])


def verify_opened(commitments: Mapping[str, str], opened: OpenedField) -> bool:
    """Tell whether an opened field is what the entry committed to, in value and in type."""
    if len(opened.salt) != SALT_BYTES:
        return False
    try:
        check_field(opened.name, opened.value)
    except RecordError:
        return False
    return commitments.get(opened.name) == commit(opened.name, opened.value, opened.salt)


def erase(entry: Entry, names: Iterable[str]) -> Entry:
    """Return the entry without the values and salts of `names`; its leaf stays the same. Erasing twice is harmless.

    Raises:
        SenderError: ``LEDGER_FIELD_ABSENT`` when the entry never had a field of that name.
    """
    gone = set(names)
    for name in sorted(gone - entry.commitments.keys()):
        raise SenderError("LEDGER_FIELD_ABSENT", "the entry has no such field", field=name[:64])
    return Entry(
        {name: value for name, value in entry.fields.items() if name not in gone},
        {name: salt for name, salt in entry.salts.items() if name not in gone},
        dict(entry.commitments),
    )


def _as_field_value(value: Any) -> FieldValue:
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise TypeError("neither text nor a whole number")


def _put_together(fields: dict[str, FieldValue], salts: dict[str, bytes], commitments: dict[str, str]) -> Entry:
    """Return an entry without `Entry.__post_init__`: what was sealed just now need not be checked again."""
    if not fields:
        raise RecordError("LEDGER_ENTRY_FORM", "an entry commits to at least one field")
    entry = object.__new__(Entry)
    entry.__dict__.update(fields=fields, salts=salts, commitments=commitments)
    return entry


def _leaf_of(commitments: Mapping[str, str]) -> bytes:
    """Return the canonical JSON of checked commitments: names and hex digits need no escapes, so it is put together."""
    pairs = ",".join([f'"{name}":"{commitments[name]}"' for name in sorted(commitments)])
    return f'{{"c":{{{pairs}}},"v":{LEAF_VERSION}}}'.encode()


def _check_commitments(commitments: Mapping[str, str]) -> None:
    if not commitments:
        raise RecordError("LEDGER_ENTRY_FORM", "an entry commits to at least one field")
    for name, commitment in commitments.items():
        is_name = name in VOCABULARY or (isinstance(name, str) and name.isascii() and name.isidentifier())
        if not is_name or not isinstance(commitment, str) or _COMMITMENT.fullmatch(commitment) is None:
            raise RecordError("LEDGER_ENTRY_FORM", "a commitment is no named SHA-256 in lower-case hex")
