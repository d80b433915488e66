"""A file written again from what was understood of it: tags, values, headers and images, not the bytes as received.

`Transaction.to_bytes` gives back what was kept. This gives back what was told apart: a reader that loses or invents
something between two fields is found out by the difference.
"""

from __future__ import annotations

from tenprint.records.itl.record import BINARY_TYPES, FS, GS, Record
from tenprint.records.itl.transaction import Transaction

CHUNK_BYTES = 1 << 16


def rebuilt(transaction: Transaction) -> bytes:
    """Return the file that the parts make up; equal to what was read for a file that was understood to its end."""
    return b"".join(_rebuilt(record) for record in transaction.records) + transaction.rest


def first_difference(one: bytes, other: bytes) -> int:
    """Return the first byte in which two files differ, -1 when they are equal."""
    if one == other:
        return -1
    end = min(len(one), len(other))
    for start in range(0, end, CHUNK_BYTES):
        a, b = one[start : start + CHUNK_BYTES], other[start : start + CHUNK_BYTES]
        if a != b:
            return start + next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return end


def _rebuilt(record: Record) -> bytes:
    if record.type in BINARY_TYPES:
        return record.raw  # framed by its length alone: there is nothing between its parts
    body = GS.join(record.raw[f.tag_start : f.value_end] for f in record.fields)
    return body + FS if record.raw.endswith(FS) else body
