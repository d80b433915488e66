"""A small booking file with faults in it, made up: what the validation desk and its guide show."""

from __future__ import annotations

from functools import cache

import numpy as np

from tenprint.core.fingers import PLAIN_SETS, SINGLE_FINGERS, FingerPosition, Impression
from tenprint.records.itl.booking import Booking, build_car
from tenprint.records.itl.impressions import EncodedImage

SIDE, WIDE = 120, 300
"""Pixels; far smaller than a real impression, so that the file stays small."""
RIDGE_PIXELS = 9.0
PPI = 500
BOOKING = Booking(
    nam="SAMPLESON,EXAMPLE PERSON", pob="ZZ", dob="19790231", sex="F", rac="U", hgt="509", wgt="160", eye="BRO",
    hai="PURPLE", doa="20101004", charges=(("20101003", "5404 DRIVING UNDER INFLUENCE"),), ret="Y",
    cri=("ZZ0000000",), tcn="EXAMPLE-2010-0000001", ori="ZZ0000000", dai="ZZFBI0000", dat="20101004", ndr=("1", "55"),
    amp=((3, "XX"),),
)  # fmt: skip
"""Four faults: a birthday on 31 February, a color that is no code, a repository that nobody knows, and a finger that is
said to be missing although its image is here."""


@cache
def example_file() -> bytes:
    """Return the file: a CAR with fourteen small images of rings, uncompressed."""
    return build_car(BOOKING, ring_images(), checked=False)


def ring_images() -> list[EncodedImage]:
    """Return ten rolled fingers and four plain sets that are visibly no prints."""
    images = [_rings(FingerPosition(finger), SIDE, Impression.LIVESCAN_ROLLED) for finger in SINGLE_FINGERS]
    images += [_rings(FingerPosition(finger), WIDE, Impression.LIVESCAN_PLAIN) for finger in PLAIN_SETS]
    return images


def _rings(finger: FingerPosition, width: int, impression: Impression) -> EncodedImage:
    """Return rings around a point that differs from finger to finger: like ridges, and visibly no print."""
    rows, columns = np.mgrid[0:SIDE, 0:width]
    middle = SIDE / 2 + int(finger)
    radius = np.hypot(rows - middle, (columns - width / 2) * SIDE / width)
    pixels = (128 + 100 * np.cos(2 * np.pi * radius / RIDGE_PIXELS)).astype(np.uint8)
    return EncodedImage(
        idc=0, record_type=14, fgp=finger, impression=impression, width=width, height=SIDE, ppi=PPI,
        compression="NONE", data=pixels.tobytes(),
    )  # fmt: skip
