"""Templates of other systems: padded, cut, squeezed and hostile files are read as far as they go, and told apart."""

from __future__ import annotations

import os
import struct
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tenprint.core.errors import RecordError
from tenprint.core.fingers import FingerPosition, Impression
from tenprint.core.template import Template
from tenprint.records import templates

SAMPLES = Path(os.environ.get("TENPRINT_SAMPLES", Path(__file__).resolve().parents[2].parent / "shared/samples"))
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"no sample files in {SAMPLES}")
MIB = 1024 * 1024


def template(*minutiae: tuple[int, int, int], size: tuple[int, int] = (300, 400), fgp: int = 2) -> Template:
    """Return a template of minutiae given as x, y and degrees."""
    x, y, degrees = np.array(minutiae, dtype=np.int64).reshape(-1, 3).T
    return Template(
        x=x.astype(np.uint16),
        y=y.astype(np.uint16),
        angle=(degrees * 65536 // 360).astype(np.uint16),
        kind=np.ones(len(minutiae), np.uint8),
        quality=np.full(len(minutiae), 40, np.uint8),
        width=size[0],
        height=size[1],
        fgp=FingerPosition(fgp),
    )


GOOD = templates.write_iso([template((10, 20, 45), (30, 40, 90), (50, 60, 270))])
GOOD_ANSI = templates.write_ansi([template((10, 20, 45), (30, 40, 90), (50, 60, 270))])


def changed(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


CASES = {
    "padding behind the record": (GOOD + bytes(121), "TEMPLATE_LENGTH", 48),
    "a length larger than the file": (changed(GOOD, 8, b"\0\0\1\0"), "TEMPLATE_LENGTH", 8),
    "a length just below 64 KiB": (changed(GOOD, 8, b"\0\0\xff\xff"), "TEMPLATE_LENGTH", 8),
    "a length inside the header": (changed(GOOD, 8, b"\0\0\0\5"), "TEMPLATE_LENGTH", 8),
    "a width of 0": (changed(GOOD, 14, b"\0\0"), "TEMPLATE_HEADER", 14),
    "a resolution of 0": (changed(GOOD, 18, b"\0\0"), "TEMPLATE_HEADER", 18),
    "no view": (changed(GOOD, 22, b"\0"), "TEMPLATE_HEADER", 22),
    "more views than there are": (changed(GOOD, 22, b"\2"), "TEMPLATE_LENGTH", 48),
    "a reserved byte": (changed(GOOD, 23, b"\7"), "TEMPLATE_HEADER", 23),
    "a position that is no finger": (changed(GOOD, 24, b"\x0b"), "TEMPLATE_VIEW", 24),
    "a first view with number 1": (changed(GOOD, 25, b"\x10"), "TEMPLATE_VIEW", 25),
    "a reserved impression": (changed(GOOD, 25, b"\x05"), "TEMPLATE_VIEW", 25),
    "a finger quality above 100": (changed(GOOD, 26, b"\xff"), "TEMPLATE_VIEW", 26),
    "more minutiae than there are": (changed(GOOD, 27, b"\xff"), "TEMPLATE_LENGTH", 27),
    "fewer minutiae than there are": (changed(GOOD, 27, b"\2"), "TEMPLATE_LENGTH", 40),
    "a minutia outside the image": (changed(GOOD, 34, b"\x7f"), "TEMPLATE_MINUTIA", 34),
    "a reserved type": (changed(GOOD, 28, b"\xc0"), "TEMPLATE_MINUTIA", 28),
    "reserved bits before y": (changed(GOOD, 30, b"\x40"), "TEMPLATE_MINUTIA", 28),
    "a minutia quality above 100": (changed(GOOD, 39, b"\x65"), "TEMPLATE_MINUTIA", 34),
    "extended data that does not fit": (changed(GOOD, 46, b"\xff\xff"), "TEMPLATE_LENGTH", 46),
    "an angle of a turn in ANSI": (changed(GOOD_ANSI, 34, b"\xb4"), "TEMPLATE_MINUTIA", 30),
}


@pytest.mark.parametrize(("data", "code", "offset"), CASES.values(), ids=CASES)
def test_what_the_standard_forbids_is_named_with_its_byte_and_refused_when_strict(
    data: bytes, code: str, offset: int
) -> None:
    problem = templates.read(data).problems[0]
    assert (problem.code, problem.offset) == (code, offset)
    with pytest.raises(RecordError, match=rf"\(byte {offset}\)") as refused:
        templates.read(data, strict=True)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "does not begin with FMR"),
        (b"FIR\0 20\0" + bytes(40), "does not begin with FMR"),
        (b"FMR\x00030\0" + bytes(40), "another one"),
        (b"FMR\0 20\0" + bytes(10), "cut short"),
        (b"FMR\0 20\0\0\x30" + bytes(15), "cut short"),
    ],
    ids=["nothing", "a finger image record", "edition 2011", "half an ISO header", "an ANSI header short of a byte"],
)
def test_bytes_without_a_usable_header_are_refused_also_when_lenient(data: bytes, word: str) -> None:
    with pytest.raises(RecordError, match=word) as refused:
        templates.read(data)
    assert refused.value.code == "TEMPLATE_HEADER"


def test_a_padded_record_gives_its_minutiae_and_keeps_what_lies_behind() -> None:
    record = templates.read(GOOD + b"vendor")
    assert record.rest == b"vendor"
    assert templates.write_iso([templates.to_template(record)]) == GOOD


def test_minutiae_outside_the_image_are_left_out_of_the_template() -> None:
    found = templates.to_template(templates.read(changed(GOOD, 34, b"\x7f")))
    assert found.x.tolist() == [10, 50]


def test_extended_data_is_kept_and_the_next_view_is_found_behind_it() -> None:
    two = templates.write_iso([template((1, 2, 0)), template((3, 4, 0), fgp=3)])
    first_view_ends = 24 + 4 + 6
    with_data = two[:first_view_ends] + b"\0\3abc" + two[first_view_ends + 2 :]
    record = templates.read(changed(with_data, 8, struct.pack(">I", len(with_data))), strict=True)
    assert record.views[0].extended == b"abc"
    assert templates.to_template(record, 1).fgp == FingerPosition.RIGHT_MIDDLE
    with pytest.raises(RecordError, match="no view 2"):
        templates.to_template(record, 2)


def test_a_file_of_1000_ppi_becomes_500() -> None:
    data = changed(templates.write_iso([template((100, 201, 90))]), 18, b"\1\x8a\1\x8a")
    found = templates.to_template(templates.read(data))
    assert (found.width, found.height) == (150, 200)
    assert (found.x.tolist(), found.y.tolist()) == ([50], [100])
    assert found.angle.tolist() == [16384]


def test_two_resolutions_turn_the_angles_as_they_stretch_the_picture() -> None:
    data = changed(templates.write_iso([template((100, 100, 45), (0, 0, 180))]), 20, b"\1\x8a")
    found = templates.to_template(templates.read(data))
    assert (found.width, found.height) == (300, 200)
    # 45 degrees in a picture twice too high is arctan(1/2) = 26.57 degrees.
    assert found.angle.tolist() == [round(26.565 / 360 * 65536), 32768]


def test_a_resolution_that_makes_an_impossible_size_is_refused() -> None:
    data = changed(GOOD, 18, b"\0\1\0\1")
    with pytest.raises(RecordError, match="too large"):
        templates.to_template(templates.read(data))


def test_an_ansi_record_of_64_kib_or_more_writes_its_length_in_six_bytes() -> None:
    many = [template(*[(n, n, 0) for n in range(255)], fgp=n % 10 + 1) for n in range(60)]
    data = templates.write_ansi(many)
    assert data[8:10] == b"\0\0"
    assert struct.unpack(">I", data[10:14])[0] == len(data)
    record = templates.read(data, strict=True)
    assert (record.format, len(record.views)) == ("ansi", 60)


def test_an_iso_record_of_64_kib_or_more_is_not_taken_for_an_ansi_record() -> None:
    many = [template(*[(n, n, 0) for n in range(255)], fgp=n % 10 + 1) for n in range(60)]
    data = templates.write_iso(many)
    assert data[8:10] == b"\0\1"
    record = templates.read(data, strict=True)
    assert (record.format, len(record.views)) == ("iso", 60)
    cut = templates.read(data[:-1_000])
    assert (cut.format, len(cut.views), cut.problems[0].code) == ("iso", 60, "TEMPLATE_LENGTH")


@pytest.mark.parametrize(
    ("several", "word"),
    [
        ([], "1 to 255 views"),
        ([template((1, 1, 0), fgp=13)], "position 13"),
        ([template((1, 1, 0)), template((1, 1, 0), size=(301, 400))], "template 2: its image size"),
        ([template((1, 1, 0))] * 17, "template 17: a finger has at most 16"),
        ([template((1, 1, 0), size=(16385, 400))], "16,384"),
        ([replace(template((1, 1, 0)), overall_quality=101)], "quality of 101"),
    ],
    ids=["nothing", "a plain set", "two sizes", "17 views of a finger", "a huge image", "a quality above 100"],
)
def test_the_writers_refuse_what_the_formats_cannot_say(several: list[Template], word: str) -> None:
    for write in (templates.write_iso, templates.write_ansi):
        with pytest.raises(RecordError, match=word) as refused:
            write(several)
        assert refused.value.code == "TEMPLATE_UNWRITABLE"


def test_a_swipe_and_an_unreported_quality_have_their_plain_meaning() -> None:
    found = templates.to_template(templates.read(changed(changed(GOOD, 25, b"\x08"), 33, b"\0")))
    assert found.impression == Impression.LIVESCAN_PLAIN
    assert found.quality[0] == 0
    assert found.quality[1] == 40


def test_an_xyt_file_turns_its_axis_and_its_angles() -> None:
    found = templates.to_template(templates.read_xyt(b"10 400 0 50\r\n\n 20 1 -90\n", size=(300, 400), strict=True))
    assert (found.x.tolist(), found.y.tolist()) == ([10, 20], [0, 399])
    assert found.angle.tolist() == [32768, 16384]


def test_an_xyt_file_without_a_size_gets_the_smallest_image_that_holds_it() -> None:
    found = templates.to_template(templates.read_xyt(b"10 30 0 50\n20 12 90 60\n"))
    assert (found.width, found.height) == (21, 30)
    assert found.y.tolist() == [0, 18]


def test_of_too_many_xyt_lines_the_surest_255_stay_in_their_order() -> None:
    lines = b"".join(b"%d 10 0 %d\n" % (n, 100 - n % 100) for n in range(400))
    found = templates.to_template(templates.read_xyt(lines))
    assert len(found) == 255
    assert found.x.tolist() == sorted(found.x.tolist())
    assert found.quality.min() > 20


@pytest.mark.parametrize(
    ("data", "offset"),
    [(b"1 2 3 4\n1 2\n", 8), (b"1 2 400 4\n", 0), (b"1 2 3 4\n1 2 3 101\n", 8), (b"1 2 3\nx y t\n", 6)],
    ids=["a short line", "theta", "quality", "words"],
)
def test_a_wrong_line_is_named_with_its_byte_and_refused_when_strict(data: bytes, offset: int) -> None:
    problem = templates.read_xyt(data).problems[0]
    assert (problem.code, problem.offset) == ("TEMPLATE_MINUTIA", offset)
    with pytest.raises(RecordError, match="TEMPLATE_MINUTIA"):
        templates.read_xyt(data, strict=True)


@pytest.mark.parametrize(
    "data",
    [
        changed(GOOD, 8, b"\0\0\xff\xff") + bytes(4 * MIB),
        changed(changed(GOOD, 22, b"\xff"), 8, b"\0\x40\0\0") + bytes(4 * MIB),
        b"FMR\0 20\0\0\x40\0\0" + b"\xff" * (4 * MIB),
    ],
    ids=["zeros behind", "255 views of zeros", "views of 255 minutiae and 64 KiB of extended data"],
)
def test_a_hostile_record_costs_a_few_times_its_size(data: bytes) -> None:
    tracemalloc.start()
    record = templates.read(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(record.views) <= 255
    assert len(record.problems) <= 1_000
    assert peak < 3 * len(data)


def test_a_hostile_xyt_file_costs_no_more_than_its_first_ten_thousand_lines() -> None:
    for data in (b"1 1 1\n" * 700_000, b" " * (4 * MIB), b"1 1 1" + b" " * (4 * MIB) + b"x", b"x\n" * (2 * MIB)):
        tracemalloc.start()
        try:
            assert len(templates.read_xyt(data).views[0]) <= 10_000
        except RecordError as refused:
            assert refused.code == "TEMPLATE_HEADER"
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 3 * len(data)


def test_no_more_than_a_thousand_problems_of_one_file_are_listed() -> None:
    assert len(templates.read_xyt(b"1 2 3\n" + b"x\n" * 5_000).problems) == 1_000


@needs_samples
def test_all_83_published_templates_are_read_and_only_the_padded_ones_are_complained_of() -> None:
    files = sorted(p for p in (SAMPLES / "templates").rglob("*") if p.is_file())
    told = {p.name: [x.message for x in templates.read(p.read_bytes()).problems] for p in files}
    assert len(told) == 83
    assert {name for name, problems in told.items() if problems} == {
        "iso-probe.dat",
        "iso-matching.dat",
        "iso-nonmatching.dat",
    }
    for path in files:
        data = path.read_bytes()
        written = templates.write_iso([templates.to_template(templates.read(data))])
        minutiae_end = len(written) - 2  # extended data, which one of the sources has, is not written
        assert written[24:minutiae_end] == data[24:minutiae_end], path.name
