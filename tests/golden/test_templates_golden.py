"""The bytes of one small hand-made template in each format: a change of layout, unit or angle sense must be meant.

Three minutiae in an image of 300 x 400: an ending in the upper left whose ridge leaves to the right (0 degrees), a
bifurcation in the middle whose ridge leaves to the top (90), and one of neither kind in the last pixel (315).
"""

from __future__ import annotations

import numpy as np

from tenprint.core.fingers import FingerPosition, Impression
from tenprint.core.template import KIND_BIFURCATION, KIND_ENDING, KIND_OTHER, Template
from tenprint.records import templates

SMALL = Template(
    x=np.array([1, 150, 299], np.uint16),
    y=np.array([2, 200, 399], np.uint16),
    angle=np.array([0, 65536 // 4, 65536 * 7 // 8], np.uint16),
    kind=np.array([KIND_ENDING, KIND_BIFURCATION, KIND_OTHER], np.uint8),
    quality=np.array([63, 31, 0], np.uint8),
    width=300,
    height=400,
    fgp=FingerPosition.RIGHT_INDEX,
    impression=Impression.LIVESCAN_ROLLED,
    overall_quality=80,
)
ISO = bytes.fromhex(
    "464d5200 20323000 00000030 0000 012c 0190 00c5 00c5 01 00"  # FMR, 20, 48 bytes, 300x400, 197 per cm, one view
    "02 01 50 03"  # right index, view 0, rolled, quality 80, three minutiae
    "4001 0002 00 64"  # ending at 1, 2; 0 degrees; quality 100
    "8096 00c8 40 32"  # bifurcation at 150, 200; 64 of 256; quality 50
    "012b 018f e0 01"  # other at 299, 399; 224 of 256; quality 1
    "0000"
)
ANSI = bytes.fromhex(
    "464d5200 20323000 0032 0000 0000 0000 012c 0190 00c5 00c5 01 00"
    "02 01 50 03"
    "4001 0002 00 64"
    "8096 00c8 2d 32"  # 45 times 2 degrees
    "012b 018f 9e 01"  # 157.5 times 2 degrees, rounded up
    "0000"
)
XYT = b"1 398 180 100\n150 200 270 50\n299 1 135 1\n"


def test_the_three_minutiae_are_written_as_the_standards_say() -> None:
    assert templates.write_iso([SMALL]) == ISO
    assert templates.write_ansi([SMALL]) == ANSI
    assert templates.write_xyt(SMALL) == XYT


def test_the_golden_bytes_read_back_as_the_three_minutiae() -> None:
    for record, step in (
        (templates.read(ISO, strict=True), 0),
        (templates.read(ANSI, strict=True), 65536 // 360),
        (templates.read_xyt(XYT, size=(300, 400), strict=True), 0),
    ):
        again = templates.to_template(record)
        assert again.x.tolist() == [1, 150, 299]
        assert again.y.tolist() == [2, 200, 399]
        assert np.abs(again.angle.astype(int) - SMALL.angle).max() <= step
        assert again.quality.tolist() == [63, 31, 0]
        if record.format != templates.Format.XYT:
            assert again.kind.tolist() == SMALL.kind.tolist()
            assert (again.fgp, again.impression, again.overall_quality) == (2, 1, 80)
