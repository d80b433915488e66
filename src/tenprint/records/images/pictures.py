"""Any image of a transaction as pixels, gray or color; decoded in the codecs' processes."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from tenprint.core.errors import RecordError
from tenprint.records.image_headers import announced
from tenprint.records.images.pool import CodecPool
from tenprint.records.images.worker import HINT, MAX_PIXELS
from tenprint.records.itl.pictures import SIGNATURE, Picture

ENDINGS = {"WSQ20": "wsq", "PNG": "png", "JPEGB": "jpg", "JPEGL": "jpg", "JP2": "jp2", "JP2L": "jp2"}


def decode_picture(picture: Picture, codec: CodecPool) -> npt.NDArray[np.uint8]:
    """Return an image's pixels, uint8, shape (height, width) when it is gray, else (height, width, 3).

    The data is believed where it contradicts its record: it is to be seen, not to be compared.

    Raises:
        RecordError: ``IMAGE_DECODE``, ``IMAGE_TOO_LARGE``, ``IMAGE_SIZE``, or ``IMAGE_CODEC`` for a compression that is
            not known here (a fax code, a signature as strokes).
        EngineError: ``CODEC_UNAVAILABLE``.
    """
    if picture.compression == "NONE":
        needed = (picture.width * picture.depth + 7) // 8 * picture.height
        if min(picture.width, picture.height) > 0 and len(picture.data) == needed:
            return _raw(picture)
    found = announced(picture.data)
    if found is not None:
        return codec.decode_color(picture.data) if found.channels >= 3 else codec.decode(picture.data)
    if picture.compression == "NONE":
        size = f"{picture.width}x{picture.height} of {picture.depth} bits"
        message = f"uncompressed data has {len(picture.data)} bytes, declared are {size}"
        raise RecordError("IMAGE_SIZE", message, hint=HINT)
    if picture.type == SIGNATURE or not picture.compression:
        raise RecordError("IMAGE_CODEC", "the compression of this image is not known here", hint="take it as it is")
    raise RecordError("IMAGE_DECODE", f"the data is no {picture.compression} image", hint=HINT)


def png_of(pixels: npt.NDArray[np.uint8], ppi: int = -1) -> bytes:
    """Return pixels, shape (height, width) or (height, width, 3), as a PNG, with a resolution where one is known."""
    out = io.BytesIO()
    more = {"dpi": (ppi, ppi)} if ppi > 0 else {}
    Image.fromarray(np.ascontiguousarray(pixels)).save(out, "PNG", **more)
    return out.getvalue()


def difference(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> tuple[float, float, int] | None:
    """Return how two images of one shape differ: share of pixels that do, mean and largest difference in gray levels.

    None when they have not the same shape. For color images a pixel differs where any of its colors does.
    """
    if one.shape != other.shape:
        return None
    levels = np.abs(one.astype(np.int16) - other.astype(np.int16))
    anywhere = levels if levels.ndim == 2 else levels.max(axis=2)
    return float((anywhere > 0).mean()), float(levels.mean()), int(levels.max())


def ending_of(data: bytes) -> str:
    """Return the ending for a file of image data as received, ``raw`` where it says nothing of itself."""
    found = announced(data)
    return ENDINGS[found.kind] if found else "raw"


def _raw(picture: Picture) -> npt.NDArray[np.uint8]:
    width, height = picture.width, picture.height
    if width * height > MAX_PIXELS:
        raise RecordError("IMAGE_TOO_LARGE", f"an image is of {width}x{height} pixels", hint=HINT)
    values = np.frombuffer(picture.data, np.uint8)
    if picture.depth == 1:
        # A set bit is ink in Types 5, 6 and 8.
        return (255 * (1 - np.unpackbits(values.reshape(height, -1), axis=1)[:, :width])).astype(np.uint8)
    if picture.depth == 24:
        return values.reshape(height, width, 3)
    if picture.depth == 8:
        return values.reshape(height, width)
    raise RecordError("IMAGE_CODEC", f"uncompressed images of {picture.depth} bits are not read here")
