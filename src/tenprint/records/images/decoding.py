"""From an image inside a record to pixels, whatever it was compressed with; and back."""

from __future__ import annotations

import numpy as np

from tenprint.core.downsampling import FINE_PPI, to_500_ppi
from tenprint.core.errors import EngineError, RecordError
from tenprint.core.image import FingerImage
from tenprint.records.image_headers import FAMILIES, Announced, announced
from tenprint.records.images.png import write_png
from tenprint.records.images.worker import HINT, Codec, Pixels
from tenprint.records.itl.impressions import EncodedImage

DECOMPRESSION_ERROR = "L0009"
"""The EBTS 8.001 code for an image that cannot be decompressed, whatever our own code says."""
WRITTEN = ("WSQ20", "JP2", "JP2L", "PNG", "NONE")
LOSSLESS = frozenset({"JPEGL", "JP2L"})


def contradictions(encoded: EncodedImage) -> tuple[RecordError, ...]:
    """Return where an image's data contradicts what its record declares, from its first bytes: nothing is decoded.

    Codes: ``IMAGE_KIND`` (the data is of another kind, such as a JPEG in a WSQ record; or lossy where the record
    declares none), ``IMAGE_SIZE``. Data of no known kind is none: only a codec can say what it is.
    """
    found = announced(encoded.data)
    if encoded.compression == "NONE" and (found is None or _is_raw(encoded)):
        return () if _is_raw(encoded) else (_other_length(encoded),)
    if found is None:
        return ()
    problems = []
    if found.family != FAMILIES.get(encoded.compression):
        problems.append(f"the record declares {encoded.compression}, its data is a {found.family} image")
    elif encoded.compression in LOSSLESS and found.kind not in LOSSLESS:
        problems.append(f"the record declares {encoded.compression}, its data is compressed with loss ({found.kind})")
    errors = [RecordError("IMAGE_KIND", message, hint=HINT) for message in problems]
    if found.width and found.height and (found.width, found.height) != (encoded.width, encoded.height):
        errors.append(_other_size(encoded, found))
    return tuple(errors)


def decode(encoded: EncodedImage, codec: Codec, *, tolerant: bool = False) -> FingerImage:
    """Decode one image of a record; its resolution is passed on as declared.

    A lossy image declared as lossless is decoded; `contradictions` names it.

    Args:
        encoded: the image; WSQ20, PNG, JPEGB, JPEGL, JP2, JP2L or NONE.
        codec: runs the codecs in processes of their own.
        tolerant: believe the data where it contradicts the record: its kind, and its size.

    Raises:
        RecordError: ``IMAGE_DECODE``, ``IMAGE_TOO_LARGE``, ``IMAGE_SIZE`` (declared and real size differ),
            ``IMAGE_KIND`` (declared and real compression differ), ``IMAGE_CODEC`` (an unknown compression). EBTS
            answers all of them with L0009.
    """
    if encoded.compression != "NONE" and encoded.compression not in FAMILIES:
        raise RecordError("IMAGE_CODEC", f"{encoded.compression} images cannot be decoded", hint="send WSQ20 or PNG")
    found = announced(encoded.data)
    if not tolerant:
        _refuse_contradiction(encoded, found)
    if encoded.compression == "NONE" and (found is None or _is_raw(encoded)):
        pixels = _raw(encoded)
    else:
        pixels = codec.decode(encoded.data)
    height, width = pixels.shape
    if not tolerant and (width, height) != (encoded.width, encoded.height):
        raise _other_size(encoded, Announced(encoded.compression, width, height))
    try:
        return FingerImage(pixels, encoded.ppi, encoded.fgp, encoded.impression)
    except EngineError as problem:
        raise RecordError("IMAGE_DECODE", problem.message, hint=HINT) from problem


def encode(image: FingerImage, codec: Codec, *, compression: str = "WSQ20", record_type: int = 14) -> EncodedImage:
    """Encode one image for a record; the IDC is set when the transaction is written.

    Args:
        image: 500 ppi for WSQ20; 1000 ppi is brought to 500 first (`to_500_ppi`), as NIST SP 500-289 has it: WSQ is for
            500 ppi only. JP2 and JP2L keep 1000 ppi.
        codec: runs the codecs in processes of their own.
        compression: WSQ20 (about 15:1), JP2 (10:1), JP2L, PNG or NONE.
        record_type: 14 or 4.

    Raises:
        RecordError: ``IMAGE_ENCODE``, or ``IMAGE_CODEC`` for another compression.
    """
    if compression not in WRITTEN:
        raise RecordError("IMAGE_CODEC", f"{compression} images are not written", hint=f"use {', '.join(WRITTEN)}")
    if compression == "WSQ20" and image.ppi == FINE_PPI:
        image = to_500_ppi(image)
    if compression == "PNG":
        data = write_png(image)
    elif compression == "NONE":
        data = np.ascontiguousarray(image.pixels).tobytes()
    else:
        data = codec.encode(image.pixels, image.ppi, compression)
    size = (image.width, image.height)
    return EncodedImage(0, record_type, image.fgp, image.impression, *size, image.ppi, compression, data)


def _refuse_contradiction(encoded: EncodedImage, found: Announced | None) -> None:
    other_family = found is not None and found.family != FAMILIES.get(encoded.compression)
    for problem in contradictions(encoded):
        if problem.code == "IMAGE_SIZE" or other_family:
            raise problem


def _is_raw(encoded: EncodedImage) -> bool:
    """Return whether the data has the length of raw pixels, which may begin like any file."""
    return len(encoded.data) == encoded.width * encoded.height


def _raw(encoded: EncodedImage) -> Pixels:
    if not _is_raw(encoded):
        raise _other_length(encoded)
    return np.frombuffer(encoded.data, dtype=np.uint8).reshape(encoded.height, encoded.width)


def _other_length(encoded: EncodedImage) -> RecordError:
    message = f"uncompressed data has {len(encoded.data)} bytes, declared are {encoded.width}x{encoded.height} pixels"
    return RecordError("IMAGE_SIZE", message, hint=HINT)


def _other_size(encoded: EncodedImage, found: Announced) -> RecordError:
    message = f"the record declares {encoded.width}x{encoded.height} pixels, the image has {found.width}x{found.height}"
    return RecordError("IMAGE_SIZE", message, hint=HINT)
