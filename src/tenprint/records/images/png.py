"""PNG of finger images: 8-bit grayscale with its resolution, within limits that a hostile file cannot stretch."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image

from tenprint.core.errors import EngineError, RecordError
from tenprint.core.fingers import FingerPosition, Impression
from tenprint.core.image import MAX_PPI, MAX_SIDE_PX, MIN_PPI, FingerImage
from tenprint.records.image_headers import PNG_MAGIC

MAX_PIXELS = 24_000_000
MAX_FILE_BYTES = 64 << 20
METRES_PER_INCH = 0.0254
GRAY_MODES = ("L", "1")
_DECODER_ERRORS = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, OverflowError, MemoryError)


def read_png(
    data: bytes,
    *,
    ppi: int | None = None,
    fgp: FingerPosition = FingerPosition.UNKNOWN,
    impression: Impression = Impression.LIVESCAN_PLAIN,
) -> FingerImage:
    """Read a grayscale PNG.

    Args:
        data: the file.
        ppi: resolution to use instead of the file's own (pHYs, whole pixels a metre).
        fgp, impression: what the image shows.

    Raises:
        RecordError: ``IMAGE_DECODE`` when it is no 8-bit or bilevel grayscale PNG, is damaged, or says no usable
            resolution and none was given; ``IMAGE_TOO_LARGE`` when it announces more pixels than we accept.
    """
    if not data.startswith(PNG_MAGIC) or data[12:16] != b"IHDR" or len(data) < 33:
        raise RecordError("IMAGE_DECODE", "the data is no PNG image")
    width, height = struct.unpack_from(">II", data, 16)
    # Checked before Pillow sees a byte: a few kilobytes may announce gigabytes.
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE_PX or len(data) > MAX_FILE_BYTES:
        raise RecordError("IMAGE_TOO_LARGE", f"a PNG image announces {width}x{height} pixels")
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
            mode, dots = picture.mode, picture.info.get("dpi")
            pixels = np.asarray(picture.convert("L")) if mode in GRAY_MODES else None
    except (*_DECODER_ERRORS, Image.DecompressionBombError) as problem:
        raise RecordError("IMAGE_DECODE", "the PNG image is damaged") from problem
    if pixels is None:
        raise RecordError("IMAGE_DECODE", f"the PNG image is not 8-bit grayscale but of mode {mode}")
    resolution = ppi if ppi is not None else round(dots[0]) if dots else 0
    if not MIN_PPI <= resolution <= MAX_PPI:
        raise RecordError(
            "IMAGE_DECODE", "the PNG image does not say a usable resolution", hint="give it as ppi (--ppi)"
        )
    try:
        return FingerImage(np.array(pixels, dtype=np.uint8), resolution, fgp, impression)
    except EngineError as problem:
        raise RecordError("IMAGE_DECODE", problem.message) from problem


def write_png(image: FingerImage) -> bytes:
    """Return `image` as PNG with its resolution in pHYs."""
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image.pixels)).save(out, "PNG", dpi=(image.ppi, image.ppi))
    return out.getvalue()
