"""Redaction of hostile files: little work whatever they hold, no name in a structural field, and readable output."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tenprint import records
from tenprint.core.image import ENGINE_PPI
from tenprint.records.image_headers import announced
from tenprint.records.images import CodecPool
from tenprint.records.itl.conformance import STANDARD
from tenprint.records.itl.record import Record
from tenprint.records.itl.record_view import view_of
from tenprint.records.itl.tables import load_table
from tenprint.records.itl.writer import TaggedRecord, write
from tenprint.records.redaction import Redacted, redact
from tenprint.records.redaction.blanks import MAX_PIXELS_OF_FILE, Blanks, white_png
from tenprint.records.redaction.classes import field_classes
from tenprint.records.redaction.fiction import (
    LONGEST_SHAPE,
    MAX_ITEMS_OF_FILE,
    MAX_TRIES_OF_FILE,
    Fiction,
)

HEADER = {2: "0502", 4: "CAR", 5: "20101004", 7: "FBICJIS00", 8: "COSIB0000", 9: "TCN-2010-0000001"}
WHOLE = {"9.007": "shape", "9.012": "numbered", "17.033": "points"}


class Told(frozenset[str]):
    """Values that count how often they are looked into."""

    looks = 0

    def __contains__(self, value: object) -> bool:
        """Count and tell."""
        Told.looks += 1
        return super().__contains__(value)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    monkeypatch.setattr(Told, "looks", 0)
    return Told({"SMITH", "a" * 199})


@pytest.mark.parametrize("tag", WHOLE)
def test_a_long_item_of_minutiae_is_left_blank_and_not_searched(tag: str, told: Told) -> None:
    table = load_table(STANDARD)
    made = Fiction(told).occurrence(table.fields[tag], table, "1\x1f" + "a" * 100_000, WHOLE[tag])
    assert len(made) <= LONGEST_SHAPE
    assert Told.looks < 1_000


def test_only_pieces_as_long_as_a_value_of_the_file_are_looked_for(told: Told) -> None:
    fiction = Fiction(told)
    assert fiction.tells("X" * 500 + "SMITH")
    Told.looks = 0
    assert not fiction.tells("X" * 1_000)
    assert Told.looks < 2 * 1_000


@pytest.mark.parametrize("tag", ["2.009", *WHOLE])
def test_the_tries_of_a_file_are_bounded_whatever_is_in_the_place_of_numbers(tag: str) -> None:
    table = load_table("ebts-8.001" if tag == "2.009" else STANDARD)
    fiction = Fiction(frozenset())
    for number in range(2 * MAX_TRIES_OF_FILE):
        made = fiction.occurrence(table.fields[tag], table, f"{number:011d}", WHOLE.get(tag, "number"))
    assert fiction.tries == MAX_TRIES_OF_FILE <= 20_000
    assert made == ""


def test_the_items_of_a_file_are_bounded_and_the_rest_is_left_blank() -> None:
    table = load_table(STANDARD)
    fiction = Fiction(frozenset())
    made = [fiction.occurrence(table.fields["9.012"], table, "1\x1f2\x1f3\x1f4", "numbered") for _ in range(60_000)]
    assert made[0] == "1\x1f0\x1f0\x1f0"
    assert made[-1] == ""
    assert fiction.items == MAX_ITEMS_OF_FILE


class Counting:
    """An encoder that counts pixels, and writes something small."""

    def __init__(self) -> None:
        self.pixels = 0

    def decode(self, data: bytes) -> npt.NDArray[np.uint8]:
        """Nothing of the original is decoded."""
        raise AssertionError(len(data))

    def encode(self, pixels: npt.NDArray[np.uint8], ppi: int = ENGINE_PPI, compression: str = "WSQ20") -> bytes:
        """Count."""
        self.pixels += pixels.size
        return compression.encode()


def slap(width: int, height: int, compression: str = "WSQ20") -> TaggedRecord:
    values = {
        3: "0", 6: str(width), 7: str(height), 8: "1", 9: "500", 10: "500", 11: compression, 12: "8", 13: "13",
    }  # fmt: skip
    return TaggedRecord(14, values, b"image")


def without_persons(data: bytes, profile: str = "ebts-8.001") -> Redacted:
    with CodecPool(1) as pool:
        return redact(records.read(data), pool, profile=profile)


NOT_KEPT = [
    ("1.002", "1984"), ("1.004", "MUELLER-ANNA"), ("1.004", "SMITH"), ("1.011", "19.84"), ("1.012", "31.12"),
    ("1.013", "NORAM\x1f19.84"), ("1.015", "123\x1fASCII\x1f1984"), ("2.052", "JO"), ("2.057", "19\x1f84\x1f12\x1f31"),
    ("2.074", "555"), ("2.098", "123"), ("9.006", "1984"), ("9.130", "84"), ("9.131", "1984"), ("9.134", "184"),
    ("10.008", "1984"), ("10.009", "19841"), ("10.010", "1231"), ("10.016", "1984"), ("10.017", "84123"),
    ("17.022", "1984"), ("98.003", "1984"), ("99.100", "1231"), ("99.101", "19841231"), ("99.103", "1984"),
    ("99.104", "1231"), ("99.102", "1\x1f1984\x1f1"), ("99.102", "1\x1f0000\x1f98410"),
    ("14.024", "1\x1f50\x1f1231\x1f1"),
]  # fmt: skip


@pytest.mark.parametrize(("tag", "value"), NOT_KEPT)
def test_a_name_a_year_or_a_part_of_a_number_is_no_structure(tag: str, value: str) -> None:
    assert tag in field_classes().kept
    assert not field_classes().keeps(tag, [value])


@pytest.mark.parametrize(("tot", "stays"), [("ANNA", False), ("TPRS", True), ("CAR", True), ("MUELLER", False)])
def test_a_type_of_transaction_that_another_field_holds_is_no_type_of_transaction(tot: str, stays: bool) -> None:
    data = write(HEADER | {4: tot}, [TaggedRecord(2, {18: "MUELLER,ANNA CAR"})])
    now = records.read(without_persons(data).data, strict=True)
    assert (now.tot == tot) is stays
    assert b"MUELLER" not in now.to_bytes()
    assert b"ANNA" not in now.to_bytes()


def test_a_long_type_of_transaction_stays_when_the_profile_knows_it() -> None:
    data = write(HEADER | {4: "CARAAR"}, [TaggedRecord(2, {18: "MUELLER,CARAAR"})])
    assert records.read(without_persons(data, "example-state").data).tot == "CARAAR"
    assert records.read(without_persons(data).data).tot != "CARAAR"


def test_a_place_in_an_image_that_is_a_year_in_another_field_is_made_up() -> None:
    box = [["1", "10", "1984", "20", "30"]]
    for comment, stays in (("born in 1984", False), ("born in 1985", True)):
        data = write(HEADER, [TaggedRecord(2, {}), TaggedRecord(14, {13: "13", 20: comment, 21: box}, b"x")])
        assert (b"1984" in without_persons(data).data) is stays


def test_the_pixels_encoded_for_a_file_are_bounded_and_then_an_image_is_a_png_of_its_size() -> None:
    data = write(HEADER, [TaggedRecord(2, {}), *(slap(4_900 - n, 4_800) for n in range(30))])
    codec = Counting()
    done = redact(records.read(data), codec)
    now = records.read(done.data, strict=True).images()
    assert MAX_PIXELS_OF_FILE // 2 < codec.pixels <= MAX_PIXELS_OF_FILE
    assert now[0].compression == "WSQ20"
    last = announced(now[-1].data)
    assert (now[-1].compression, last.width, last.height) == ("PNG", now[-1].width, now[-1].height)
    assert len(done.notes) == sum(i.compression == "PNG" for i in now) > 20


def test_a_card_of_fourteen_images_at_1000_ppi_keeps_its_compression() -> None:
    sizes = [*((1_600, 1_500 - n) for n in range(10)), *((3_200 - n, 3_000) for n in range(2)), (1_000, 2_000)]
    data = write(HEADER, [TaggedRecord(2, {}), *(slap(*size, "JP2") for size in sizes)])
    codec = Counting()
    assert redact(records.read(data), codec).notes == ()
    assert codec.pixels == sum(width * height for width, height in sizes)


def test_fax_coded_images_of_a_file_do_not_become_gigabytes_of_white() -> None:
    raw = struct.pack(">IBB6sBHHB", 19, 1, 0, b"\1" + b"\xff" * 5, 0, 9_000, 9_000, 1) + b"x"
    blanks = Blanks(Counting())
    view = view_of(1, Record(type=6, idc=1, raw=raw))
    sizes = [len(blanks.of(view).data) for _ in range(40)]
    assert sum(sizes) * 8 <= 2 * MAX_PIXELS_OF_FILE
    assert 0 < blanks.pixels <= MAX_PIXELS_OF_FILE


@pytest.mark.parametrize(
    ("width", "height", "channels", "depth"),
    [(1, 1, 1, 8), (65, 131, 1, 1), (262, 1_000, 1, 8), (1_023, 256, 1, 8), (70, 5_000, 3, 16), (300_000, 3, 1, 8)],
)
def test_a_white_png_is_right_to_its_last_row(width: int, height: int, channels: int, depth: int) -> None:
    made = white_png(width, height, channels, depth)
    assert len(zlib.decompress(made[41:-16])) == height * (1 + (width * channels * depth + 7) // 8)
    image = Image.open(io.BytesIO(made))
    assert image.size == (width, height)
    assert bool(np.all(np.asarray(image) == (1 if depth == 1 else 255)))


def test_no_letters_pass_through_the_finger_positions_of_a_type_4_record() -> None:
    kept, letters = b"\x00\x0d\x0f\xff\xff\xff", b"\x01MITHX"
    for positions, become in ((kept, kept), (letters, b"\x01" + b"\xff" * 5)):
        raw = struct.pack(">IBB6sBHHB", 18, 1, 1, positions, 0, 0, 0, 1)
        data = write(HEADER | {11: "19.69", 12: "19.69"}, [TaggedRecord(2, {})])
        data = data.replace(b"1\x1f1\x1e2\x1f00", b"1\x1f2\x1e2\x1f00\x1e4\x1f01") + raw
        (record,) = [r for r in records.read(without_persons(data).data).records if r.type == 4]
        assert record.raw[6:12] == become


@pytest.mark.parametrize("kind", [0, 100, 140])
def test_a_record_of_a_type_that_is_none_is_left_out_and_the_rest_is_readable(kind: int) -> None:
    data = write(HEADER, [TaggedRecord(2, {18: "MUELLER,ANNA"})])
    body = b"\x1d%d.002:01\x1d%d.003:MUELLER\x1c" % (kind, kind)
    tag = b"%d.001:" % kind
    done = without_persons(data + tag + b"%d" % (len(tag) + len(body) + 2) + body)
    assert [r.type for r in records.read(done.data, strict=True).records] == [1, 2]
    assert done.counts["left out"] == 1
    assert "left out" in done.notes[0].message
