"""Writing ANSI/NIST-ITL files that cannot contradict themselves."""

from __future__ import annotations

import pytest

from tenprint import records
from tenprint.core.errors import RecordError
from tenprint.core.fingers import FingerPosition, Impression

HEADER = {2: "0300", 4: "CAR", 9: "TCN0000000001", 11: "19.69", 12: "19.69"}


def an_image(fgp: int = 2, compression: str = "NONE", **changes: int) -> records.EncodedImage:
    return records.EncodedImage(
        idc=0, record_type=14, fgp=FingerPosition(fgp), impression=Impression.LIVESCAN_ROLLED,
        width=changes.get("width", 4), height=3, ppi=500, compression=compression, data=b"\x1c\x1d\x1e\x1f12345678",
    )  # fmt: skip


def test_the_version_is_that_of_update_2015_unless_it_is_given() -> None:
    assert records.read(records.write({4: "CAR", 9: "TCN"}, [])).ver == "0502"
    assert records.read(records.write(HEADER, [])).ver == "0300"


def test_what_is_written_is_read_without_a_problem_and_counts_itself() -> None:
    image = an_image()
    second = records.TaggedRecord(2, {18: "A,B", 47: [["", "DUI"], ["20101003", "THEFT"]]})
    pictures = [records.finger_record(image, "CO0010000", "20101004"), records.FingerRecord(image)]
    data = records.write(HEADER, [second, *pictures])
    transaction = records.read(data, strict=True)
    assert [(r.type, r.idc) for r in transaction.records] == [(1, -1), (2, 0), (14, 1), (4, 2)]
    assert transaction.get("1.003") == "1\x1f3\x1e2\x1f00\x1e14\x1f01\x1e4\x1f02"
    assert [i.data for i in transaction.images()] == [image.data] * 2
    assert transaction.first(2).items("2.047") == [["", "DUI"], ["20101003", "THEFT"]]  # type: ignore[union-attr]
    assert [i.digest for i in transaction.images()] == [image.digest] * 2


@pytest.mark.parametrize("size", range(60, 130))
def test_a_length_counts_its_own_digits_at_every_size(size: int) -> None:
    data = records.write(HEADER, [records.TaggedRecord(2, {56: "X" * size})])
    assert records.read(data, strict=True).problems == ()


@pytest.mark.parametrize("value", ["A\x1cB", "A\x1dB", "A\x1eB", "A\x1fB", "\x00", "\x7f", "É"])
def test_a_value_with_a_separator_or_foreign_character_is_refused(value: str) -> None:
    for fields in ({18: value}, {47: [["", value]]}):
        with pytest.raises(RecordError) as refused:
            records.write(HEADER, [records.TaggedRecord(2, fields)])
        assert refused.value.code == "E0005"
        assert refused.value.field in ("2.018", "2.047")
        assert value not in refused.value.message
    with pytest.raises(RecordError):
        records.write(HEADER | {8: value}, [])


def test_computed_fields_cannot_be_given() -> None:
    for number in (1, 3):
        with pytest.raises(RecordError, match="E0006"):
            records.write(HEADER | {number: "9"}, [])
    for number in (1, 2, 999):
        with pytest.raises(RecordError, match="E0006"):
            records.write(HEADER, [records.TaggedRecord(2, {number: "9"})])


def test_records_that_the_format_cannot_hold_are_refused() -> None:
    with pytest.raises(RecordError, match="E0012"):
        records.write(HEADER, [records.TaggedRecord(2, {})] * 101)
    for kind in (0, 1, 4, 7, 100):
        with pytest.raises(RecordError, match="E0004"):
            records.write(HEADER, [records.TaggedRecord(kind, {})])
    for image in (an_image(compression="ZIP"), an_image(width=70_000)):
        with pytest.raises(RecordError, match="L0006"):
            records.write(HEADER, [records.FingerRecord(image)])
