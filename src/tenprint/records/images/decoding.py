"""From an image inside a record to pixels, whatever it was compressed with; and back."""

from __future__ import annotations

import numpy as np

from tenprint.core.errors import EngineError, RecordError
from tenprint.core.image import FingerImage
from tenprint.records.images.png import read_png, write_png
from tenprint.records.images.wsq import CodecWorker
from tenprint.records.itl.impressions import EncodedImage

DECOMPRESSION_ERROR = "L0009"
"""The EBTS 8.001 code for an image that cannot be decompressed, whatever our own code says."""


def decode(encoded: EncodedImage, worker: CodecWorker) -> FingerImage:
    """Decode one image of a record; its resolution is passed on as declared.

    Args:
        encoded: the image; WSQ20, PNG or NONE.
        worker: runs the WSQ codec.

    Raises:
        RecordError: ``IMAGE_DECODE``, ``IMAGE_TOO_LARGE``, ``IMAGE_SIZE`` (declared and real size differ),
            ``IMAGE_CODEC`` (a compression that cannot be decoded yet). EBTS answers all of them with L0009.
    """
    if encoded.compression == "WSQ20":
        pixels = worker.decode(encoded.data)
    elif encoded.compression == "PNG":
        pixels = read_png(encoded.data, ppi=encoded.ppi).pixels
    elif encoded.compression == "NONE":
        if len(encoded.data) != encoded.width * encoded.height:
            raise RecordError("IMAGE_SIZE", "uncompressed data is not as long as its declared size", hint="EBTS L0009")
        pixels = np.frombuffer(encoded.data, dtype=np.uint8).reshape(encoded.height, encoded.width)
    else:
        raise RecordError("IMAGE_CODEC", f"{encoded.compression} images cannot be decoded", hint="send WSQ20 or PNG")
    height, width = pixels.shape
    if (width, height) != (encoded.width, encoded.height):
        message = f"the record declares {encoded.width}x{encoded.height} pixels, the image has {width}x{height}"
        raise RecordError("IMAGE_SIZE", message, hint="EBTS L0009")
    try:
        return FingerImage(pixels, encoded.ppi, encoded.fgp, encoded.impression)
    except EngineError as problem:
        raise RecordError("IMAGE_DECODE", problem.message, hint="EBTS L0009") from problem


def encode(
    image: FingerImage, worker: CodecWorker, *, compression: str = "WSQ20", record_type: int = 14
) -> EncodedImage:
    """Encode one image for a record; the IDC is set when the transaction is written.

    Args:
        image: 500 ppi for WSQ20.
        worker: runs the WSQ codec.
        compression: WSQ20, PNG or NONE.
        record_type: 14 or 4.

    Raises:
        RecordError: ``IMAGE_ENCODE``, or ``IMAGE_CODEC`` for another compression.
    """
    if compression == "WSQ20":
        data = worker.encode(image.pixels, image.ppi)
    elif compression == "PNG":
        data = write_png(image)
    elif compression == "NONE":
        data = np.ascontiguousarray(image.pixels).tobytes()
    else:
        raise RecordError("IMAGE_CODEC", f"{compression} images cannot be encoded", hint="use WSQ20, PNG or NONE")
    size = (image.width, image.height)
    return EncodedImage(0, record_type, image.fgp, image.impression, *size, image.ppi, compression, data)
