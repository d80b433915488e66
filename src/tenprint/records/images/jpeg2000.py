"""The resolution box of a JP2 file (ISO/IEC 15444-1, Annex I.5.3.7), which Pillow reads but does not write."""

from __future__ import annotations

import struct

SIGNATURE_AND_TYPE_BYTES = 12
RATIO_OF_PPI = (254, 4)
"""Pixels a metre are ppi / 254 times 10 to the fourth: exactly, as numerator, denominator and exponent."""


def with_resolution(data: bytes, ppi: int) -> bytes:
    """Return a JP2 file with its capture resolution stated; anything else comes back as it is.

    Args:
        data: a file as the codec writes it: signature, file type, header (``jp2h``), codestream.
        ppi: pixels per inch.
    """
    start = SIGNATURE_AND_TYPE_BYTES + int.from_bytes(data[12:16], "big")
    length = int.from_bytes(data[start : start + 4], "big")
    if data[start + 4 : start + 8] != b"jp2h" or start + length > len(data):
        return data
    denominator, exponent = RATIO_OF_PPI
    capture = struct.pack(">I4sHHHHBB", 18, b"resc", ppi, denominator, ppi, denominator, exponent, exponent)
    box = struct.pack(">I4s", 8 + len(capture), b"res ") + capture
    header = (length + len(box)).to_bytes(4, "big") + data[start + 4 : start + length] + box
    return data[:start] + header + data[start + length :]
