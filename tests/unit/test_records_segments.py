"""Boxes, outlines and missing fingers of a plain set are written as the standard has them, and read back."""

from dataclasses import replace

import pytest

from tenprint.core.errors import RecordError
from tenprint.core.fingers import FingerPosition, Impression
from tenprint.records import EncodedImage, read
from tenprint.records.itl.booking import Booking, build_car
from tenprint.records.itl.impressions import FingerPolygon, FingerSegment, MissingFinger
from tenprint.records.itl.segments import read_missing, read_polygons, read_segments
from tenprint.records.itl.validation import load_profile, validate

INDEX, MIDDLE, RING = (FingerPosition(n) for n in (2, 3, 4))
SEGMENTS = (FingerSegment(INDEX, 0, 39, 5, 79), FingerSegment(MIDDLE, 30, 69, 0, 60))
POLYGONS = (FingerPolygon(MIDDLE, ((40, 0), (69, 20), (60, 60), (30, 40))),)
MISSING = (MissingFinger(RING, "XX"),)
PLAIN = EncodedImage(
    0, 14, FingerPosition.PLAIN_RIGHT_FOUR, Impression.LIVESCAN_PLAIN, 100, 80, 500, "NONE", bytes(8000),
    segments=SEGMENTS, polygons=POLYGONS, missing=MISSING,
)  # fmt: skip


def written(image: EncodedImage) -> bytes:
    booking = Booking(
        nam="SPECIMEN,OPAL", dob="19791103", sex="F", rac="U", hgt="506", wgt="140", eye="BRO", hai="BRO", pob="MM",
        doa="20261101", charges=(("20261101", "5404 DRIVING"),), cri=("XX0000001",), ori="XX0000001", ret="Y",
        dai="XXFBI0001", tcn="TP0000000001", dat="20261101", amp=((4, "XX"),),
    )  # fmt: skip
    return build_car(booking, [image], checked=False)


def plain_record(data: bytes):
    (record,) = read(data).of_type(14)
    return record


def test_what_is_written_is_read_back():
    record = plain_record(written(PLAIN))
    assert read_segments(record) == SEGMENTS
    assert read_polygons(record) == POLYGONS
    assert read_missing(record) == MISSING


def test_an_outline_is_finger_number_of_corners_and_pairs():
    assert plain_record(written(PLAIN)).value("14.025") == b"3\x1f4\x1f40\x1f0\x1f69\x1f20\x1f60\x1f60\x1f30\x1f40"


def wrong_in_type_14(data: bytes) -> set[str]:
    findings = validate(read(data), profile=load_profile("itl-2011"))
    return {f.field for f in findings if f.severity == "error" and f.field.startswith("14.")}


def test_the_standard_finds_no_error_in_them():
    assert wrong_in_type_14(written(PLAIN)) == set()
    assert wrong_in_type_14(written(PLAIN).replace(b"3\x1f4\x1f40", b"3\x1f9\x1f40")) == {"14.025"}


@pytest.mark.parametrize("corners", [(), ((0, 0), (5, 5)), tuple((n, n) for n in range(100))])
def test_an_outline_of_too_few_or_too_many_corners_is_not_written(corners):
    with pytest.raises(RecordError) as refused:
        written(replace(PLAIN, polygons=(FingerPolygon(MIDDLE, corners),)))
    assert refused.value.field == "14.025"


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (b"3\x1f4\x1f40\x1f0", b"3\x1f5\x1f40\x1f0"),
        (b"3\x1f4\x1f40\x1f0", b"x\x1f4\x1f40\x1f0"),
        (b"3\x1f4\x1f40\x1f0", b"3\x1f4\x1f-4\x1f0"),
        (b"3\x1f4\x1f40\x1f0", b"3\x1e4\x1f40\x1f0"),
    ],
    ids=["number of corners", "no finger", "negative", "subfields"],
)
def test_an_outline_that_is_none_is_left_out(good, bad):
    record = plain_record(written(PLAIN).replace(good, bad))
    assert read_polygons(record) == ()
    assert read_segments(record) == SEGMENTS


def test_a_box_upside_down_is_left_out():
    data = written(PLAIN).replace(b"2\x1f0\x1f39\x1f5\x1f79", b"2\x1f0\x1f39\x1f9\x1f07")
    assert [s.fgp for s in read_segments(plain_record(data))] == [MIDDLE]
