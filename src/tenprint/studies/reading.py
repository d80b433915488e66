"""How long it takes to read a booking of fourteen images, without decoding any of them."""

from __future__ import annotations

import random
import statistics
import time
from dataclasses import dataclass

from tenprint import records
from tenprint.core.fingers import PLAIN_SETS, SINGLE_FINGERS, Impression

STUDY_SEED = 17
FILE_BYTES = 600_000
"""A ten-print card of fourteen images at 0.75 bits a pixel."""
WSQ_START = b"\xff\xa0\xff\xa8"
TARGET_MS = 2.0


@dataclass(frozen=True)
class ReadingFigures:
    """Milliseconds for one file, medians; `worst_ms` is the slowest reading with image headers.

    Args:
        read_ms: `records.read` alone.
        images_ms: reading and the list of images, still compressed.
    """

    bytes: int
    records: int
    images: int
    rounds: int
    read_ms: float
    images_ms: float
    worst_ms: float
    target_ms: float = TARGET_MS


def make_card(size: int = FILE_BYTES, seed: int = STUDY_SEED) -> bytes:
    """Return a CAR of fourteen Type-14 records, about `size` bytes; its images are noise, full of separators."""
    chance = random.Random(seed)  # noqa: S311 - noise, not a secret
    positions = [*SINGLE_FINGERS, *PLAIN_SETS][:14]
    each = size // len(positions)
    images = [
        records.EncodedImage(
            0, 14, fgp, Impression.LIVESCAN_ROLLED, 800, 750, 500, "WSQ20", WSQ_START + chance.randbytes(each)
        )
        for fgp in positions
    ]
    header = {2: "0502", 4: "CAR", 5: "20101004", 7: "DCFBIWA6Z", 8: "CO0010000", 9: "STUDY-0001"}
    return records.write(header, [records.finger_record(image, "CO0010000", "20101004") for image in images])


def measure(rounds: int) -> ReadingFigures:
    """Return the figures of `rounds` readings of one file, each from its bytes anew."""
    data = make_card()
    reading, listing = [], []
    for _ in range(rounds):
        start = time.perf_counter()
        found = records.read(data)
        between = time.perf_counter()
        images = found.images()
        listing.append(time.perf_counter() - start)
        reading.append(between - start)
    return ReadingFigures(
        bytes=len(data),
        records=len(found.records),
        images=len(images),
        rounds=rounds,
        read_ms=1000 * statistics.median(reading),
        images_ms=1000 * statistics.median(listing),
        worst_ms=1000 * max(listing),
    )
