"""What the reader says is wrong, to the code, field and byte; and that hostile files cannot multiply its limits."""

from __future__ import annotations

import pytest

from tenprint import records
from tenprint.records.itl.record import MAX_ITEMS

GS, FS, RS, US = b"\x1d", b"\x1c", b"\x1e", b"\x1f"


def tagged(kind: int, rest: bytes, *, off_by: int = 0) -> bytes:
    """Return a tagged record; its LEN is off by so many bytes."""
    tag, body = b"%d.001:" % kind, GS + rest + FS
    length = len(tag) + len(body) + 2
    length += length > 99
    assert len(str(length)) in (2, 3)
    return tag + b"%d" % (length + off_by) + body


def header(*contents: bytes, count: int | None = None) -> bytes:
    number = len(contents) if count is None else count
    return tagged(1, b"1.002:0300" + GS + b"1.003:" + RS.join([b"1\x1f%d" % number, *contents]) + GS + b"1.004:CAR")


SECOND = tagged(2, b"2.002:00" + GS + b"2.018:A,B")
FINGER = bytes.fromhex("00000016 01 01 02ffffffffff 00 0002 0002 00") + b"abcd"
PIXELS = (
    b"14.002:01|14.003:1|14.006:2|14.007:2|14.008:1|14.009:500|14.010:500|14.011:NONE|14.012:8|14.013:2|14.999:abcd"
)
PICTURE = tagged(14, PIXELS.replace(b"|", GS))


def told(data: bytes) -> list[tuple[str, str, int]]:
    """Return code, field and offset (from the end of the first record) of each problem, the bytes being kept."""
    transaction = records.read(data)
    assert transaction.to_bytes() == data
    start = len(transaction.records[0].raw)
    return [(p.code, p.field, p.offset - start) for p in transaction.problems]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_file_content_that_counts_too_few_or_too_many_is_told(count: int) -> None:
    data = header(b"2\x1f00", b"4\x1f01", count=count) + SECOND + FINGER
    assert [(code, field) for code, field, _ in told(data)] == [("E0006", "1.003")]
    assert len(records.read(data).images()) == 1


def test_a_record_of_another_type_than_listed_is_told_where_it_stands() -> None:
    data = header(b"9\x1f00", b"14\x1f01") + SECOND + PICTURE
    assert told(data) == [("E0006", "1.003", 0)]
    assert records.read(data).get("2.018") == "A,B"


@pytest.mark.parametrize("length", [0, 4])
def test_a_binary_record_shorter_than_its_head_ends_the_reading(length: int) -> None:
    data = header(b"4\x1f01", b"2\x1f00") + length.to_bytes(4, "big") + FINGER[4:] + SECOND
    assert told(data) == [("E0012", "4.001", 0)]
    assert [r.type for r in records.read(data).records] == [1]


def test_a_record_without_a_readable_idc_is_told() -> None:
    nameless = tagged(2, b"2.018:A,B")
    assert told(header(b"2\x1f00") + nameless) == [("E0006", "2.002", 0)]


@pytest.mark.parametrize("off_by", [-1, 1])
def test_a_text_record_whose_length_is_off_by_one_is_told_either_way(off_by: int) -> None:
    wrong = tagged(2, b"2.002:00" + GS + b"2.018:A,B", off_by=off_by)
    assert told(header(b"2\x1f00", b"14\x1f01") + wrong + PICTURE) == [("E0012", "2.001", 0)]


def test_an_image_record_that_does_not_end_where_it_says_gives_no_image() -> None:
    cut = PICTURE[:-1] + b"x"
    transaction = records.read(header(b"14\x1f01") + cut)
    assert [(p.code, p.field) for p in transaction.problems] == [("E0012", "14.001"), ("L0006", "14.999")]
    assert not transaction.records[1].complete
    assert transaction.images() == []


def test_a_text_record_has_no_data_field_that_swallows_the_others() -> None:
    record = records.read(header(b"2\x1f00") + tagged(2, b"2.002:00" + GS + b"2.999:x" + GS + b"2.018:A,B")).records[1]
    assert record.get("2.018") == "A,B"


@pytest.mark.parametrize(("scale", "stated", "ppi"), [(0, b"39.37", 500), (1, b"39.37", 1000), (0, b"00.00", 500)])
def test_a_type_4_image_at_the_least_resolution_is_500_whatever_the_file_says_of_itself(
    scale: int, stated: bytes, ppi: int
) -> None:
    head = tagged(
        1, b"1.002:0300" + GS + b"1.003:1\x1f1" + RS + b"4\x1f01" + GS + b"1.004:CAR" + GS + b"1.011:" + stated
    )
    image = FINGER[:12] + bytes([scale]) + FINGER[13:]
    assert [i.ppi for i in records.read(head + image, strict=True).images()] == [ppi]


@pytest.mark.parametrize("depth", [b"16", b"1", b""])
def test_an_image_of_another_depth_than_eight_bits_is_no_usable_image(depth: bytes) -> None:
    picture = tagged(14, PIXELS.replace(b"14.012:8", b"14.012:" + depth).replace(b"|", GS))
    assert [(p.code, p.field) for p in records.read(header(b"14\x1f01") + picture).problems] == [("L0006", "14.999")]


def test_of_several_positions_of_one_image_the_first_counts() -> None:
    picture = tagged(14, PIXELS.replace(b"14.013:2", b"14.013:2" + RS + b"3").replace(b"|", GS))
    (image,) = records.read(header(b"14\x1f01") + picture).images()
    assert image.fgp == 2


@pytest.mark.slow
def test_a_thousand_records_of_nothing_but_separators_do_not_multiply_the_limits() -> None:
    hollow = b"2.001:5030" + GS + b"2.002:00" + GS * 5_010 + FS
    contents = [b"2\x1f00"] * 1_000
    listed = b"1.003:" + RS.join([b"1\x1f1000", *contents])
    data = b"1.001:%d" % (len(listed) + 13) + GS + listed + FS + hollow * 1_000
    transaction = records.read(data)
    assert transaction.to_bytes() == data
    assert len(transaction.records) == 1_001
    assert sum(len(r.fields) for r in transaction.records) <= 200_000
    assert len(transaction.problems) == 1_001
    assert "more than 1000 problems" in transaction.problems[-1].message


def test_more_records_than_anybody_sends_are_not_read() -> None:
    contents = [b"2\x1f00"] * 1_200
    listed = b"1.003:" + RS.join([b"1\x1f1200", *contents])
    data = b"1.001:%d" % (len(listed) + 13) + GS + listed + FS + SECOND * 1_200
    transaction = records.read(data)
    assert len(transaction.records) == 1_001
    assert transaction.to_bytes() == data


def test_a_field_of_nothing_but_separators_is_read_to_a_limit() -> None:
    for separator in (US, RS):
        rest = b"2.002:00" + GS + b"2.007:" + separator * (3 * MAX_ITEMS)
        data = header(b"2\x1f00") + b"2.001:%d" % (len(rest) + 14) + GS + rest + FS
        (_, second) = records.read(data, strict=True).records
        items = second.items("2.007")
        assert len(items) <= MAX_ITEMS + 1
        assert max(len(one) for one in items) <= MAX_ITEMS + 1
