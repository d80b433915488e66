"""What image data says of itself: kind, size and depth, read from its first bytes without decoding anything.

A file of a hundred bytes may announce gigabytes, and a record may declare one compression and hold another. Both are
found here, in our own process, before a codec sees a byte. Codecs and the judging of records ask here alike.
"""

from __future__ import annotations

from dataclasses import dataclass

PNG_MAGIC, JPEG_MAGIC, WSQ_MAGIC = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"\xff\xa0"
JP2_MAGIC, CODESTREAM_MAGIC = b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"
WSQ_DEPTH = 8
"""Bits a pixel of every WSQ image."""
WSQ_FRAME, WSQ_SEGMENTS = 0xA2, range(0xA3, 0xA9)
JPEG_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""Start of frame, all processes of ISO/IEC 10918-1 (Table B.1): C4, C8 and CC are tables and an extension."""
JPEG_LOSSLESS_FRAMES = frozenset({0xC3, 0xC7, 0xCB, 0xCF})
TEMPORARY = 0x01
"""Marker of ISO/IEC 10918-1 without a length behind it."""
PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Channels by color type (ISO/IEC 15948, Table 11.1)."""
CODING_STYLE, REVERSIBLE = 0x52, 1
"""Marker of ISO/IEC 15444-1, A.6.1, and its transformation without loss (5-3)."""
MAX_SEGMENTS = 4_096
"""Segments or boxes that are walked before giving up."""
FAMILIES = {"WSQ20": "WSQ", "JPEGB": "JPEG", "JPEGL": "JPEG", "JP2": "JPEG 2000", "JP2L": "JPEG 2000", "PNG": "PNG"}
"""What people call the compressions of ANSI/NIST-ITL; those of one family are decoded by one codec."""


@dataclass(frozen=True)
class Announced:
    """What the data says.

    Args:
        kind: WSQ20, PNG, JPEGB, JPEGL, JP2 or JP2L; JP2L stands for a transformation without loss.
        width, height: pixels; 0 when the data has this kind's magic but ends or breaks before its size.
        depth: bits a pixel, all channels together; 0 when it is not known.
        channels: 1 for gray, 3 for color; 0 when they are not known.
    """

    kind: str
    width: int = 0
    height: int = 0
    depth: int = 0
    channels: int = 0

    @property
    def family(self) -> str:
        """Return WSQ, JPEG, JPEG 2000 or PNG."""
        return FAMILIES[self.kind]


def announced(data: bytes) -> Announced | None:
    """Return kind and size that `data` announces, or None when it starts like no image that we know."""
    if data.startswith(PNG_MAGIC):
        return _png(data)
    if data.startswith(JPEG_MAGIC):
        return _jpeg(data)
    if data.startswith(JP2_MAGIC):
        return _codestream(data, _codestream_offset(data))
    if data.startswith(CODESTREAM_MAGIC):
        return _codestream(data, 0)
    if data.startswith(WSQ_MAGIC):
        return _wsq(data)
    return None


def _number(data: bytes, offset: int, size: int) -> int:
    return int.from_bytes(data[offset : offset + size], "big")


def _png(data: bytes) -> Announced:
    if data[12:16] != b"IHDR" or len(data) < 33:
        return Announced("PNG")
    channels = PNG_CHANNELS.get(data[25], 0)
    return Announced("PNG", _number(data, 16, 4), _number(data, 20, 4), data[24] * channels, channels)


def _wsq(data: bytes) -> Announced:
    position = len(WSQ_MAGIC)
    for _ in range(MAX_SEGMENTS):
        if position + 10 > len(data) or data[position] != 0xFF:
            break
        marker = data[position + 1]
        if marker == WSQ_FRAME:
            return Announced("WSQ20", _number(data, position + 8, 2), _number(data, position + 6, 2), WSQ_DEPTH, 1)
        if marker not in WSQ_SEGMENTS:
            break
        position += 2 + _number(data, position + 2, 2)
    return Announced("WSQ20")


def _jpeg(data: bytes) -> Announced:
    position = 2
    for _ in range(MAX_SEGMENTS):
        if position + 10 > len(data) or data[position] != 0xFF:
            break
        marker = data[position + 1]
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        if marker == TEMPORARY:
            position += 2
            continue
        if marker in JPEG_FRAMES:
            kind = "JPEGL" if marker in JPEG_LOSSLESS_FRAMES else "JPEGB"
            width, height = _number(data, position + 7, 2), _number(data, position + 5, 2)
            return Announced(kind, width, height, data[position + 4] * data[position + 9], data[position + 9])
        position += 2 + _number(data, position + 2, 2)
    return Announced("JPEGB")


def _codestream_offset(data: bytes) -> int:
    """Return where the codestream lies in a JP2 file (ISO/IEC 15444-1, Annex I.4), or the end of the data."""
    position = 0
    for _ in range(MAX_SEGMENTS):
        if position + 8 > len(data):
            break
        length, header = _number(data, position, 4), 8
        if length == 1:
            length, header = _number(data, position + 8, 8), 16
        if data[position + 4 : position + 8] == b"jp2c":
            return position + header
        if length < header:
            break
        position += length
    return len(data)


def _codestream(data: bytes, start: int) -> Announced:
    if data[start : start + 4] != CODESTREAM_MAGIC or start + 43 > len(data):
        return Announced("JP2")
    width, height, left, top = (_number(data, start + 8 + 4 * n, 4) for n in range(4))
    channels, depth = _number(data, start + 40, 2), (data[start + 42] & 0x7F) + 1
    kind, position = "JP2", start + 4 + _number(data, start + 4, 2)
    for _ in range(MAX_SEGMENTS):
        if position + 14 > len(data) or data[position] != 0xFF:
            break
        if data[position + 1] == CODING_STYLE:
            kind = "JP2L" if data[position + 13] == REVERSIBLE else "JP2"
            break
        position += 2 + _number(data, position + 2, 2)
    return Announced(kind, max(0, width - left), max(0, height - top), depth * channels, channels)
