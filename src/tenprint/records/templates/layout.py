r"""Byte layout of ISO/IEC 19794-2:2005 (clause 7, record format) and ANSI INCITS 378-2004 (clause 6), big-endian.

Record header::

    ISO    ANSI
    0      0      4s   format identifier b"FMR\0"
    4      4      4s   version b" 20\0"
    8      8      length of the whole record: ISO u32; ANSI u16, or 0 and then u32 when it is 65,536 or more
    -      10     u16  CBEFF product owner, u16 CBEFF product type (both 0: not reported)
    12     14     u16  capture equipment: 4 bits of compliance, 12 bits of id
    14     16     u16  width, u16 height of the image in pixels
    18     20     u16  pixels per centimetre across, u16 down
    22     24     u8   number of finger views
    23     25     u8   reserved, 0

Each finger view::

    0  u8   finger position 0..10            1  u8  view number (upper 4 bits), impression type (lower 4)
    2  u8   finger quality 0..100            3  u8  number of minutiae
    4  6 bytes a minutia: type (2 bits) and x (14), reserved (2) and y (14), angle (8), quality (8)
    .. u16  length of extended data, then that data (ridge counts, cores and deltas, vendor data), kept as it is

The origin is the upper left corner, y points down, angles run counter-clockwise from the x axis. The one difference
inside a view is the angle's unit: 1.40625 degrees (360/256) in ISO, 2 degrees in ANSI. Minutia quality is 1 to 100;
0 says that none was reported.
"""

from __future__ import annotations

import struct
from enum import StrEnum

MAGIC = b"FMR\0"
VERSION = b" 20\0"
ISO_HEADER = struct.Struct(">4s4sIHHHHHBB")
ANSI_HEADER = struct.Struct(">4s4sHHHHHHHHBB")
ANSI_LONG_HEADER = struct.Struct(">4s4sHIHHHHHHHBB")
VIEW_HEADER = struct.Struct(">BBBB")
EXTENDED_LENGTH = struct.Struct(">H")
LENGTH_AT = 8
MINUTIA_BYTES = 6
MINUTIA_FIELDS = [("x", ">u2"), ("y", ">u2"), ("angle", "u1"), ("quality", "u1")]
COORDINATE_BITS = 14
MAX_COORDINATE = (1 << COORDINATE_BITS) - 1
MAX_POSITION = 10
MAX_QUALITY = 100
MAX_VIEWS = 255
MAX_VIEW_NUMBER = 15
IMPRESSIONS = {0: "live-scan plain", 1: "live-scan rolled", 2: "non-live plain", 3: "non-live rolled", 8: "swipe"}
ANSI_LONG_LENGTH = 1 << 16
"""Records from this length on write it in the 6-byte form."""
PIXELS_PER_CENTIMETRE = 197
"""500 ppi as the whole number these formats can write (196.85)."""


class Format(StrEnum):
    """A template format of other systems."""

    ISO = "iso"
    ANSI = "ansi"
    XYT = "xyt"

    @property
    def words(self) -> str:
        """Return the format's name with its edition."""
        return {
            Format.ISO: "ISO/IEC 19794-2:2005",
            Format.ANSI: "ANSI INCITS 378-2004",
            Format.XYT: "NBIS xyt",
        }[self]

    @property
    def steps_a_turn(self) -> int:
        """Return how many units of angle make a whole turn."""
        return {Format.ISO: 256, Format.ANSI: 180, Format.XYT: 360}[self]
