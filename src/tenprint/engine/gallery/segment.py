r"""The segment: an immutable file that holds a block column by column and is used by mapping it into memory.

Layout, little-endian::

    0    8s   magic b"TPSEG\0\0\1"    8  u64 length of the index    16  u32 CRC-32 of the index    20  44 bytes of 0
    64        index: canonical JSON, {"epoch": hex, "features": hex, "people": n, "arrays": {name: [type, offset,
              count, CRC-32]}}; offsets from the start of the file
    ...       arrays, each at a multiple of 64 bytes

Arrays: ``ids`` (UTF-8, each ended by a line feed), and per position ``FGP.column`` for `starts`, `keys`,
`template_starts`, `templates` and the minutia columns of `block.COLUMN_TYPES`.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tenprint.core.canonical import canonical_json, sha256_hex
from tenprint.core.errors import StorageError
from tenprint.core.fingers import FingerPosition
from tenprint.engine.compare.codes import CODE_WORDS
from tenprint.engine.compare.placement import Columns
from tenprint.engine.gallery.block import COLUMN_TYPES, Block, FingerBlock, build_block, store_finger
from tenprint.engine.gallery.files import write_durably
from tenprint.engine.parameters.comparison import CodeParameters, PairingParameters

MAGIC = b"TPSEG\0\0\1"
HEADER = struct.Struct("<8sQI44x")
ALIGNMENT = 64
CODE_FORMAT = 1
PLAIN_TYPES = {"starts": "<i8", "keys": "<u8", "template_starts": "<i8", "templates": "|u1"}


class Segment(NamedTuple):
    """A block as read from its file, the epoch it stands for, and whether its codes are of today's parameters."""

    block: Block
    epoch: str
    is_current: bool

    def rebuilt(self) -> Block:
        """Return the block with codes of today's parameters, made anew from the templates (about 1 ms a person)."""
        return build_block(
            (subject_id, {position: store_finger(finger.template) for position, finger in fingers.items()})
            for subject_id, fingers in self.block.people(range(len(self.block)))
        )


def features_id() -> str:
    """Return what the stored columns depend on, hashed: other parameters give other codes."""
    pairing = PairingParameters()
    return sha256_hex(repr((CODE_FORMAT, CodeParameters(), pairing.min_quality, pairing.max_minutiae)).encode())[:16]


def write_segment(path: Path, block: Block, epoch: str) -> None:
    """Write a block durably: temporary file, fsync, rename, fsync of the folder.

    Raises:
        StorageError: ``GALLERY_WRITE`` when the disk refuses.
    """
    arrays = dict(_arrays(block))
    sized = _index(block, epoch, arrays, start=0)
    start = _aligned(HEADER.size + len(sized) + 20 * len(arrays))
    index = _index(block, epoch, arrays, start=start)
    head = HEADER.pack(MAGIC, len(index), zlib.crc32(index)) + index
    write_durably(path, _pieces(head.ljust(start, b"\0"), arrays))


def read_segment(path: Path) -> Segment:
    """Map a segment; its index and where each finger begins are checked here (`verify_segment` checks all columns).

    Raises:
        StorageError: ``GALLERY_SEGMENT_DAMAGED``; FileNotFoundError is left to the caller, who may look again.
    """
    data = _mapped(path)
    index = _read_index(data)
    columns = {name: _array(data, entry) for name, entry in index["arrays"].items()}
    ids = _ids(columns["ids"])
    positions = sorted({int(name.split(".")[0]) for name in columns if name != "ids"})
    if len(ids) != index["people"]:
        raise _damaged("the list of people is not as long as the index says")
    block = Block(ids, {FingerPosition(p): _finger_block(columns, p, len(ids)) for p in positions})
    return Segment(block, index["epoch"], index["features"] == features_id())


def verify_segment(path: Path) -> None:
    """Read every column and compare its checksum.

    Raises:
        StorageError: ``GALLERY_SEGMENT_DAMAGED`` naming the column.
    """
    data = _mapped(path)
    for name, entry in _read_index(data)["arrays"].items():
        if zlib.crc32(np.ascontiguousarray(_array(data, entry)).tobytes()) != entry[3]:
            raise _damaged(f"column {name} does not match its checksum")


def _mapped(path: Path) -> npt.NDArray[np.uint8]:
    """Map a file, copy-on-write though nothing writes: kernels are compiled once, for arrays that may be written."""
    if path.stat().st_size < HEADER.size:
        raise _damaged("shorter than its header")
    return np.memmap(path, dtype=np.uint8, mode="c")


def _ids(column: npt.NDArray[np.uint8]) -> tuple[str, ...]:
    """Return the people's identifiers."""
    try:
        return tuple(column.tobytes().decode().split("\n")[:-1])
    except UnicodeDecodeError as problem:
        raise _damaged("the list of people is no text") from problem


def _arrays(block: Block) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """Yield every array of a block under its name."""
    yield "ids", np.frombuffer("".join(f"{name}\n" for name in block.ids).encode(), dtype=np.uint8)
    for position, fingers in block.fingers.items():
        for name in PLAIN_TYPES:
            yield f"{int(position)}.{name}", getattr(fingers, name)
        for name in COLUMN_TYPES:
            yield f"{int(position)}.{name}", getattr(fingers.columns, name)


def _index(block: Block, epoch: str, arrays: dict[str, npt.NDArray[Any]], start: int) -> bytes:
    """Return the index for arrays laid out from `start`."""
    entries: dict[str, list[str | int]] = {}
    offset = start
    for name, array in arrays.items():
        checksum = zlib.crc32(np.ascontiguousarray(array).tobytes()) if start else 0
        entries[name] = [_type_of(name), offset, int(array.size), checksum]
        offset = _aligned(offset + array.nbytes)
    return canonical_json({"epoch": epoch, "features": features_id(), "people": len(block), "arrays": entries})


def _pieces(head: bytes, arrays: dict[str, npt.NDArray[Any]]) -> Iterator[bytes]:
    """Yield the file's bytes, arrays padded to the alignment."""
    yield head
    for name, array in arrays.items():
        data = np.ascontiguousarray(array, dtype=_type_of(name)).tobytes()
        yield data.ljust(_aligned(len(data)), b"\0")


def _read_index(data: npt.NDArray[np.uint8]) -> dict[str, Any]:
    """Return the checked index of a mapped file."""
    magic, length, checksum = HEADER.unpack(data[: HEADER.size].tobytes())
    index = data[HEADER.size : HEADER.size + length].tobytes() if magic == MAGIC else b""
    if len(index) != length or magic != MAGIC or zlib.crc32(index) != checksum:
        raise _damaged("header or index does not match its checksum")
    parsed: dict[str, Any] = json.loads(index)
    return parsed


def _array(data: npt.NDArray[np.uint8], entry: list[Any]) -> npt.NDArray[Any]:
    """Return one array as a read-only view of the mapped file."""
    kind, offset, count, _ = entry
    size = np.dtype(kind).itemsize * count
    if offset + size > data.size:
        raise _damaged("the file is cut short")
    return np.frombuffer(data, dtype=kind, count=count, offset=offset) if count else np.empty(0, dtype=kind)


def _finger_block(columns: dict[str, npt.NDArray[Any]], position: int, people: int) -> FingerBlock:
    """Return one position's block from the named arrays; kernels trust its bounds, so they are checked first."""
    minutiae = {name: columns[f"{position}.{name}"] for name in COLUMN_TYPES}
    plain = {name: columns[f"{position}.{name}"] for name in PLAIN_TYPES}
    for name, whole in (("starts", minutiae["x"]), ("template_starts", plain["templates"])):
        starts = plain[name]
        if len(starts) != people + 1 or starts[0] != 0 or starts[-1] != len(whole) or (starts[1:] < starts[:-1]).any():
            raise _damaged(f"column {position}.{name} does not fit the others")
    return FingerBlock(
        columns=Columns(**{**minutiae, "codes": minutiae["codes"].reshape(-1, CODE_WORDS)}),
        **plain,
    )


def _type_of(name: str) -> str:
    """Return the type of an array by its name."""
    column = name.rsplit(".", maxsplit=1)[-1]
    return "|u1" if name == "ids" else {**PLAIN_TYPES, **COLUMN_TYPES}[column]


def _aligned(size: int) -> int:
    """Return `size` rounded up to the alignment."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def _damaged(what: str) -> StorageError:
    return StorageError("GALLERY_SEGMENT_DAMAGED", f"the gallery's segment is damaged: {what}")
