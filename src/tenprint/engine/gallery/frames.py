"""The append-only log: one frame a commit, checksummed, so that a torn tail is known and dropped.

Layout, little-endian::

    frame    4s magic b"TPLF"    u32 payload length    u32 CRC-32 of the payload    payload
    payload  operations, one after the other:
             u8 kind (1 enrol, 2 delete)    u8 length of the id    id, UTF-8    u8 count of fingers (0 for delete),
             per finger: u8 FGP    u16 length    Template v1 bytes
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tenprint.core.errors import StorageError
from tenprint.core.fingers import FingerPosition

MAGIC = b"TPLF"
FRAME = struct.Struct("<4sII")
FINGER = struct.Struct("<BH")
ENROL, DELETE = 1, 2


class Operation(NamedTuple):
    """One change: the templates of a subject (bytes of Template v1), or its deletion when there are none."""

    subject_id: str
    templates: dict[FingerPosition, bytes]


def encode_frame(operations: Sequence[Operation]) -> bytes:
    """Return one frame that commits the operations together."""
    payload = b"".join(_encode_operation(operation) for operation in operations)
    return FRAME.pack(MAGIC, len(payload), zlib.crc32(payload)) + payload


def read_frames(data: bytes | memoryview, offset: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield end and payload of each frame from `offset`, up to the first torn one.

    Raises:
        StorageError: ``GALLERY_LOG_DAMAGED`` when a whole frame stands behind a broken one: a torn tail cannot do that.
    """
    while offset < len(data):
        payload = _payload_at(data, offset)
        if payload is None:
            if _whole_frame_behind(data, offset + 1):
                raise StorageError(
                    "GALLERY_LOG_DAMAGED",
                    f"the gallery's log is damaged at byte {offset}",
                    hint="restore the gallery from a copy, or enrol again",
                )
            return
        offset += FRAME.size + len(payload)
        yield offset, payload


def decode_payload(payload: bytes) -> list[Operation]:
    """Return the operations of a frame.

    Raises:
        StorageError: ``GALLERY_LOG_DAMAGED`` when a checksummed payload does not follow the layout.
    """
    operations: list[Operation] = []
    offset = 0
    try:
        while offset < len(payload):
            operation, offset = _decode_operation(payload, offset)
            operations.append(operation)
    except (struct.error, IndexError, ValueError) as problem:
        raise StorageError("GALLERY_LOG_DAMAGED", f"a frame of the gallery's log is malformed: {problem}") from problem
    return operations


def _encode_operation(operation: Operation) -> bytes:
    name = operation.subject_id.encode()
    kind = ENROL if operation.templates else DELETE
    parts = [bytes([kind, len(name)]), name, bytes([len(operation.templates)])]
    for position, template in sorted(operation.templates.items()):
        parts += [FINGER.pack(int(position), len(template)), template]
    return b"".join(parts)


def _decode_operation(payload: bytes, offset: int) -> tuple[Operation, int]:
    """Return the operation at `offset` and the offset behind it."""
    kind, length = payload[offset], payload[offset + 1]
    name = payload[offset + 2 : offset + 2 + length].decode()
    offset += 2 + length
    count = payload[offset]
    offset += 1
    templates: dict[FingerPosition, bytes] = {}
    for _ in range(count):
        position, size = FINGER.unpack_from(payload, offset)
        offset += FINGER.size
        if offset + size > len(payload):
            raise ValueError("a template is cut short")
        templates[FingerPosition(position)] = payload[offset : offset + size]
        offset += size
    if kind not in (ENROL, DELETE) or (kind == DELETE) != (not templates):
        raise ValueError(f"operation of kind {kind} with {count} fingers")
    return Operation(name, templates), offset


def _payload_at(data: bytes | memoryview, offset: int) -> bytes | None:
    """Return the payload of the whole frame at `offset`, or None."""
    if offset + FRAME.size > len(data):
        return None
    magic, length, checksum = FRAME.unpack_from(data, offset)
    start = offset + FRAME.size
    if magic != MAGIC or start + length > len(data):
        return None
    payload = bytes(data[start : start + length])
    return payload if zlib.crc32(payload) == checksum else None


def _whole_frame_behind(data: bytes | memoryview, offset: int) -> bool:
    """Tell whether a whole frame starts anywhere at or behind `offset`."""
    rest = bytes(data[offset:])
    place = rest.find(MAGIC)
    while place >= 0:
        if _payload_at(rest, place) is not None:
            return True
        place = rest.find(MAGIC, place + 1)
    return False
