"""Every image of a transaction, whatever record it lies in: what is declared about it, and its bytes.

`Transaction.images` gives the finger exemplars that the engine can use. This gives all that a person may want to see:
faces, palms, eyes, latent prints, signatures too, and those whose header is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tenprint.records.itl.impressions import (
    COMPRESSIONS,
    FINGER_BINARY_TYPES,
    STANDARD_PPI,
    compression_of,
    native_ppi,
    scaled_ppi,
)
from tenprint.records.itl.record_view import RecordView, view_of
from tenprint.records.itl.table_model import Table
from tenprint.records.itl.transaction import Transaction

SIGNATURE = 8
TAGGED_IMAGES = frozenset({10, 13, 14, 15, 16, 17, 19})
ONE_BIT = (5, 6, SIGNATURE)


@dataclass(frozen=True)
class Picture:
    """One image as its record declares it; -1 and ``""`` for what is not declared or cannot be read.

    Args:
        record: index in the file.
        type, idc: of the record.
        position: friction ridge position (FGP), the first of several.
        shows: position, kind of photograph or eye, in words.
        impression: in words.
        width, height: pixels.
        ppi: pixels per inch.
        compression: code, such as WSQ20.
        depth: bits a pixel.
        data: as received.
    """

    record: int
    type: int
    idc: int
    position: int
    shows: str
    impression: str
    width: int
    height: int
    ppi: int
    compression: str
    depth: int
    data: bytes

    @property
    def name(self) -> str:
        """Return a name for a file, made of numbers alone: ``004-type-14-idc-03-fgp-02``."""
        place = f"-fgp-{self.position:02d}" if self.position >= 0 else ""
        return f"{self.record:03d}-type-{self.type:02d}-idc-{max(self.idc, 0):02d}{place}"

    @property
    def sentence(self) -> str:
        """Return what is declared, in one line of words."""
        parts = (
            self.shows,
            self.impression,
            f"{self.width}x{self.height}" if min(self.width, self.height) > 0 else "size not declared",
            f"{self.ppi} ppi" if self.ppi > 0 else "",
            self.compression or "unknown compression",
            f"{len(self.data)} bytes",
        )
        return ", ".join(part for part in parts if part)


def pictures_of(transaction: Transaction, table: Table) -> Iterator[Picture]:
    """Yield the images in file order.

    Args:
        transaction: as read.
        table: the standard's, whose code tables have the words.
    """
    native = transaction.get("1.011")
    for index, record in enumerate(transaction.records):
        if record.type in (*FINGER_BINARY_TYPES, SIGNATURE, *TAGGED_IMAGES):
            view = view_of(index, record)
            if view.data:
                yield _tagged(view, table) if record.type in TAGGED_IMAGES else _binary(view, table, native)


def _words(table: Table, tag: str, code: str) -> str:
    rule = table.fields.get(tag)
    values = table.codes[rule.codes].values if rule and rule.codes else {}
    return values.get(code, code)


def _tagged(view: RecordView, table: Table) -> Picture:
    is_friction = view.type in (13, 14, 15, 19)
    shown = 13 if is_friction else 3
    depth = view.number(12)
    if view.type == 10:
        depth = 8 if view.text(12) == "GRAY" else 24
    return Picture(
        record=view.index,
        type=view.type,
        idc=view.record.idc,
        position=view.number(13) if is_friction else -1,
        shows=_words(table, view.tag(shown), view.text(shown)),
        impression=_words(table, view.tag(3), view.text(3)) if is_friction else "",
        width=view.number(6),
        height=view.number(7),
        ppi=scaled_ppi(view.number(8), view.number(9)) or -1,
        compression=compression_of(view.text(11)),
        depth=depth,
        data=view.data,
    )


def _binary(view: RecordView, table: Table, native: str) -> Picture:
    is_finger = view.type in FINGER_BINARY_TYPES
    code = view.number(8) if is_finger else -1
    ppi = STANDARD_PPI[0] if view.number(5) == 0 else native_ppi(native) or -1
    raw_signature = "NONE" if view.text(4) == "0" else ""
    return Picture(
        record=view.index,
        type=view.type,
        idc=view.record.idc,
        position=view.number(4) if is_finger else -1,
        shows=_words(table, "4.004", view.text(4)) if is_finger else "signature",
        impression=_words(table, "4.003", view.text(3)) if is_finger else "",
        width=view.number(6),
        height=view.number(7),
        ppi=ppi,
        compression=(COMPRESSIONS[code] if 0 <= code < len(COMPRESSIONS) else "") if is_finger else raw_signature,
        depth=1 if view.type in ONE_BIT else 8,
        data=view.data,
    )
