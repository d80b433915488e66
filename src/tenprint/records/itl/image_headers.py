"""What the bytes of an image say of themselves: format, size and depth, read from the header without decoding."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

MAX_MARKERS = 1_000
"""Marker segments looked at before the size is found; an honest JPEG or WSQ has a dozen."""
_JPEG_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


@dataclass(frozen=True)
class ImageHeader:
    """What an image's header says.

    Args:
        format: WSQ, JPEG, JP2, PNG, or ``""`` for bytes that begin like none of them.
        width, height: pixels, 0 when unreadable.
        depth: bits a pixel, all channels together; 0 when unreadable.
        channels: 1 for gray, 3 for color.
    """

    format: str = ""
    width: int = 0
    height: int = 0
    depth: int = 0
    channels: int = 1


def image_header(data: bytes) -> ImageHeader:
    """Return what the header of an image says; never raises.

    Args:
        data: image bytes as they lie in the record.
    """
    for magic, read in _READERS.items():
        if data.startswith(magic):
            try:
                return read(data)
            except struct.error:
                return ImageHeader(_format(data))
    return ImageHeader()


def _format(data: bytes) -> str:
    return {b"\xff\xa0": "WSQ", b"\xff\xd8": "JPEG", b"\x89P": "PNG"}.get(data[:2], "JP2")


def _wsq(data: bytes) -> ImageHeader:
    position = 2
    for _ in range(MAX_MARKERS):
        marker, length = struct.unpack_from(">HH", data, position)
        if marker == 0xFFA2:
            _, _, height, width = struct.unpack_from(">BBHH", data, position + 4)
            return ImageHeader("WSQ", width, height, 8)
        if length < 2 or marker >> 8 != 0xFF:
            break
        position += 2 + length
    return ImageHeader("WSQ")


def _jpeg(data: bytes) -> ImageHeader:
    position = 2
    for _ in range(MAX_MARKERS):
        fill, marker = struct.unpack_from(">BB", data, position)
        if fill != 0xFF:
            break
        if marker in (0xFF, 0x01):
            position += 1 if marker == 0xFF else 2
            continue
        if marker in _JPEG_FRAMES:
            _, bits, height, width, channels = struct.unpack_from(">HBHHB", data, position + 2)
            return ImageHeader("JPEG", width, height, bits * channels, channels)
        (length,) = struct.unpack_from(">H", data, position + 2)
        if length < 2:
            break
        position += 2 + length
    return ImageHeader("JPEG")


def _png(data: bytes) -> ImageHeader:
    width, height, bits, color = struct.unpack_from(">IIBB", data, 16)
    channels = _PNG_CHANNELS.get(color, 0)
    return ImageHeader("PNG", width, height, bits * channels, channels)


def _boxed_jpeg_2000(data: bytes) -> ImageHeader:
    return _jpeg_2000(data, data.find(b"\xff\x4f\xff\x51"))


def _jpeg_2000(data: bytes, start: int = 0) -> ImageHeader:
    if start < 0:
        return ImageHeader("JP2")
    right, bottom, left, top = struct.unpack_from(">IIII", data, start + 8)
    (channels,) = struct.unpack_from(">H", data, start + 40)
    (bits,) = struct.unpack_from(">B", data, start + 42)
    return ImageHeader("JP2", max(right - left, 0), max(bottom - top, 0), ((bits & 0x7F) + 1) * channels, channels)


_READERS: dict[bytes, Callable[[bytes], ImageHeader]] = {
    b"\xff\xa0": _wsq,
    b"\xff\xd8\xff": _jpeg,
    b"\x89PNG\r\n\x1a\n": _png,
    b"\x00\x00\x00\x0cjP  \r\n\x87\n": _boxed_jpeg_2000,
    b"\xff\x4f\xff\x51": _jpeg_2000,
}
