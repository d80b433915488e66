"""Lossless JPEG, against an encoder written here from the standard, and against damage."""

from __future__ import annotations

import random
import struct
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from tenprint.core.errors import RecordError
from tenprint.core.image import FingerImage
from tenprint.records.images import Announced, CodecWorker, announced, contradictions, decode, encode, lossless_jpeg


def picture(height: int = 70, width: int = 90) -> npt.NDArray[np.uint8]:
    y, x = np.mgrid[:height, :width].astype(np.float64)
    noise = np.random.default_rng(2).integers(0, 9, (height, width))
    return (120 + 100 * np.cos(np.hypot(y - 30, x - 40) / 1.5) + noise).astype(np.uint8)


def predicted(kind: int, a: int, b: int, c: int) -> int:
    """Table H.1 of ISO/IEC 10918-1."""
    return {1: a, 2: b, 3: c, 4: a + b - c, 5: a + ((b - c) >> 1), 6: b + ((a - c) >> 1), 7: (a + b) >> 1}[kind]


def written(pixels: npt.NDArray[np.uint8], predictor: int, *, shift: int = 0, restart_rows: int = 0) -> bytes:
    """Return a lossless JPEG with five-bit codes for the seventeen categories."""
    values = pixels.astype(int) >> shift
    height, width = values.shape
    head = b"\xff\xd8\xff\xc4" + struct.pack(">HB", 36, 0) + bytes([0, 0, 0, 0, 17] + [0] * 11) + bytes(range(17))
    head += b"\xff\xc3" + struct.pack(">HBHHBBBB", 11, 8, height, width, 1, 1, 0x11, 0)
    if restart_rows:
        head += b"\xff\xdd" + struct.pack(">HH", 4, restart_rows * width)
    head += b"\xff\xda" + struct.pack(">HBBBBBB", 8, 1, 1, 0, predictor, 0, shift)
    bits, out, part = "", bytearray(head), 0
    for row in range(height):
        first = row % restart_rows == 0 if restart_rows else row == 0
        if first and row:
            out += packed(bits) + bytes([0xFF, 0xD0 + part % 8])
            bits, part = "", part + 1
        for column in range(width):
            a = values[row, column - 1]
            if column == 0:
                guess = 1 << (7 - shift) if first else values[row - 1, 0]
            else:
                guess = a if first else predicted(predictor, a, values[row - 1, column], values[row - 1, column - 1])
            difference = int(values[row, column] - guess)
            category = abs(difference).bit_length()
            extra = difference if difference >= 0 else difference + (1 << category) - 1
            bits += f"{category:05b}" + (f"{extra:0{category}b}" if category else "")
    return bytes(out + packed(bits) + b"\xff\xd9")


def packed(bits: str) -> bytes:
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")


@pytest.mark.parametrize("predictor", range(1, 8))
def test_each_predictor_gives_the_pixels_back(predictor: int) -> None:
    data = written(picture(), predictor)
    assert announced(data) == Announced("JPEGL", 90, 70, 8, 1)
    assert lossless_jpeg.decode(data) == (picture().tobytes(), 90, 70)


@pytest.mark.parametrize("predictor", [1, 4, 7])
def test_restarts_and_a_point_transform_are_followed(predictor: int) -> None:
    assert lossless_jpeg.decode(written(picture(), predictor, restart_rows=16))[0] == picture().tobytes()
    coarse = (picture() >> 2) << 2
    assert lossless_jpeg.decode(written(picture(), predictor, shift=2))[0] == coarse.tobytes()


def test_a_record_that_declares_it_is_decoded_in_the_codec_process() -> None:
    with CodecWorker() as worker:
        image = encode(FingerImage(picture()), worker, compression="NONE")
        lossless = replace(image, compression="JPEGL", data=written(picture(), 4))
        assert contradictions(lossless) == ()
        assert np.array_equal(decode(lossless, worker).pixels, picture())
        with pytest.raises(RecordError, match="IMAGE_DECODE: the image codec refused"):
            decode(replace(lossless, data=lossless.data[:2000]), worker)


def test_damage_anywhere_is_refused_or_gives_a_picture_of_the_announced_size() -> None:
    chance = random.Random(3)
    good = written(picture(24, 30), 4, restart_rows=8)
    refused = decoded = 0
    for _ in range(2_000):
        data = bytearray(good)
        for _ in range(chance.choice((1, 1, 3))):
            data[chance.randrange(2, len(data))] = chance.randrange(256)
        if chance.random() < 0.2:
            del data[chance.randrange(2, len(data)) :]
        found = announced(bytes(data)) or Announced("JPEGL")
        if found.width * found.height > 100_000:
            continue
        try:
            pixels, width, height = lossless_jpeg.decode(bytes(data))
            assert len(pixels) == width * height
            decoded += 1
        except lossless_jpeg.Damaged:
            refused += 1
    assert min(refused, decoded) > 50
