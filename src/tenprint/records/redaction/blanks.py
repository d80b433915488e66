"""Blank images in the place of real ones: white, of the same size and, as far as we can write it, compression."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

import numpy as np

from tenprint.core.errors import RecordError, TenprintError
from tenprint.core.image import ENGINE_PPI, MAX_PPI, MIN_PPI
from tenprint.records.image_headers import PNG_MAGIC, announced
from tenprint.records.images.worker import MAX_PIXELS, MIN_ENCODE_SIDE, Codec
from tenprint.records.itl.impressions import COMPRESSIONS, FINGER_BINARY_TYPES, compression_of, scaled_ppi
from tenprint.records.itl.record_view import RecordView

WHITE = 255
MAX_BLANK_PIXELS = 100_000_000
"""A white PNG of this size has 100 kB; a larger size is declared by nobody who means it."""
SMALL_SIDE = 64
"""Side of the image that stands for one whose declared size is none."""
MAX_PIXELS_OF_FILE = 100_000_000
"""Pixels encoded for one file, and pixels of its uncompressed images of one bit: a file of a hundred images, each of
another large size, must not take minutes. A card of 14 images at 1000 ppi has half of it."""
ROWS_AT_A_TIME = 1 << 18
"""Bytes of white rows that are packed once and written as often as they are needed."""
ZLIB_HEADER = b"\x78\xda"
"""RFC 1950: deflate, a window of 32 KiB, packed as well as can be."""
ADLER_MODULUS = 65_521
ENCODED = ("WSQ20", "JP2", "JP2L")


@dataclass(frozen=True)
class Blank:
    """What takes the place of an image.

    Args:
        data: the image.
        compression: its code, as in 14.011; ``""`` where the record declares none.
        note: what could not be kept, ``""`` when everything was.
    """

    data: bytes
    compression: str
    note: str = ""


@dataclass
class Blanks:
    """Makes blank images; equal ones once.

    Args:
        codec: runs the encoders in processes of their own.
    """

    codec: Codec
    _made: dict[tuple[str, int, int, int, int, int], bytes] = field(default_factory=dict)
    _pixels_left: int = MAX_PIXELS_OF_FILE

    @property
    def pixels(self) -> int:
        """Return how many pixels were encoded so far."""
        return MAX_PIXELS_OF_FILE - self._pixels_left

    def of(self, view: RecordView) -> Blank:
        """Return the blank for the image of a record that declares one (Types 3 to 6, 10, 13 to 17, 19)."""
        width, height = view.number(6), view.number(7)
        declared = _compression(view)
        if declared == "NONE" and view.data:
            return Blank(bytes([WHITE]) * len(view.data), declared)
        if view.type in (5, 6):  # one bit a pixel; a fax code, if it is one, is not written
            size = (max(width, 1) + 7) // 8 * max(height, 1)
            if self.spends(size * 8):
                return Blank(bytes([WHITE]) * size, "NONE", "its fax code is not written here: uncompressed")
        if not (width > 0 and height > 0 and width * height <= MAX_BLANK_PIXELS):
            note = "its declared size is none that an image has: a small PNG stands for it"
            return Blank(white_png(SMALL_SIDE, SMALL_SIDE), "PNG", note)
        channels, depth = _shape(view)
        fits = min(width, height) >= MIN_ENCODE_SIDE and width * height <= MAX_PIXELS and (channels, depth) == (1, 8)
        if declared in ENCODED and fits:
            try:
                return Blank(self._encoded(declared, width, height, _ppi(view, declared)), declared)
            except TenprintError:
                pass  # the PNG below says that this compression could not be written
        made = self._png(width, height, channels, depth)
        note = "" if declared == "PNG" else f"{declared or 'its compression'} is not written here for it: PNG"
        return Blank(made, "PNG", note)

    def spends(self, pixels: int) -> bool:
        """Tell whether the file may still have an image of so many pixels; if so, they are counted."""
        if pixels > self._pixels_left:
            return False
        self._pixels_left -= pixels
        return True

    def _encoded(self, compression: str, width: int, height: int, ppi: int) -> bytes:
        key = (compression, width, height, ppi, 1, 8)
        if key not in self._made:
            if not self.spends(width * height):
                raise RecordError("IMAGE_TOO_LARGE", "the images of this file have too many pixels to encode them all")
            self._made[key] = self.codec.encode(np.full((height, width), WHITE, np.uint8), ppi, compression)
        return self._made[key]

    def _png(self, width: int, height: int, channels: int, depth: int) -> bytes:
        key = ("PNG", width, height, 0, channels, depth)
        if key not in self._made:
            self._made[key] = white_png(width, height, channels, depth)
        return self._made[key]


def white_png(width: int, height: int, channels: int = 1, depth: int = 8) -> bytes:
    """Return a white PNG (ISO/IEC 15948): some rows are packed once and repeated, so a large one takes no time.

    Args:
        width, height: pixels.
        channels: 1 gray or 3 color.
        depth: bits a channel, 1, 8 or 16; 1 for gray only.
    """
    row = b"\0" + bytes([WHITE]) * ((width * channels * depth + 7) // 8)
    times, left = divmod(height, max(1, ROWS_AT_A_TIME // len(row)))
    block, rest = row * ((height - left) // max(1, times)), row * left
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)  # what follows does not look back
    check = zlib.adler32(rest, _repeated_adler(zlib.adler32(block), len(block), times))
    stream = ZLIB_HEADER + packed * times + packer.compress(rest) + packer.flush() + struct.pack(">I", check)
    head = struct.pack(">IIBBBBB", width, height, depth, 0 if channels == 1 else 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", stream), (b"IEND", b""))
    return PNG_MAGIC + b"".join(_chunk(kind, body) for kind, body in parts)


def _repeated_adler(one: int, size: int, times: int) -> int:
    """Return the Adler-32 (RFC 1950) of bytes repeated, from that of the bytes once."""
    low, high = (one & 0xFFFF) - 1, one >> 16
    # The first sum grows by `low` each time; the second by its own growth, and by the first at each of the bytes.
    first = (1 + times * low) % ADLER_MODULUS
    second = (times * high + size * low * (times * (times - 1) // 2)) % ADLER_MODULUS
    return second << 16 | first


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _compression(view: RecordView) -> str:
    if view.type in FINGER_BINARY_TYPES:
        code = view.number(8)
        return COMPRESSIONS[code] if 0 <= code < len(COMPRESSIONS) else ""
    return compression_of(view.text(11))


def _shape(view: RecordView) -> tuple[int, int]:
    """Return channels and bits a channel: as the data says of itself, else as the record declares."""
    found = announced(view.data)
    if found and found.channels in (1, 3) and found.depth // found.channels in (8, 16):
        return found.channels, found.depth // found.channels
    is_color = view.text(12) not in ("", "GRAY", "UNK") if view.type == 10 else view.number(12) == 24
    return (3, 8) if is_color and view.type > 8 else (1, 8)


def _ppi(view: RecordView, compression: str) -> int:
    if compression == "WSQ20":
        return ENGINE_PPI  # the encoder knows no other; the record's own scale says what is meant
    ppi = 0 if view.type in FINGER_BINARY_TYPES else scaled_ppi(view.number(8), view.number(9))
    return ppi if MIN_PPI <= ppi <= MAX_PPI else ENGINE_PPI
