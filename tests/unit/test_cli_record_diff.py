"""`tenprint records diff`: fields, items, records and images of two files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from records_rig import a_booking, picture, refusal, run, told

from tenprint.records.images.pictures import difference
from tenprint.records.itl import comparing
from tenprint.records.itl.comparing import matched
from tenprint.records.itl.description import RecordShown


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    one, other = tmp_path / "one.an2", tmp_path / "other.an2"
    one.write_bytes(a_booking())
    other.write_bytes(a_booking())
    return one, other


def test_equal_files_are_the_same_and_the_exit_code_says_so(pair: tuple[Path, Path]) -> None:
    done = run("diff", *pair)
    assert (done.exit_code, done.stdout) == (0, "The files are the same, byte by byte.\n")


def test_a_changed_item_is_named_with_its_field_occurrence_and_mnemonic(pair: tuple[Path, Path]) -> None:
    pair[1].write_bytes(a_booking(nam="SAMPLESON,PERSEUS", charges=(("20101003", "DUI"), ("", "ARSON"))))
    assert run("diff", *pair).exit_code == 1
    found = told("diff", *pair)
    rows = [(d["field"], d["occurrence"], d["item"], d["left"], d["right"]) for d in found["fields"]]
    assert rows == [
        ("2.018", 0, "", "SAMPLESON,PERCIVAL", "SAMPLESON,PERSEUS"),
        ("2.047", 2, "AOL", "THEFT", "ARSON"),
    ]
    assert found["images"] == []
    assert "2.047 ASL #2 AOL" in run("diff", *pair).stdout


def test_a_field_or_a_record_that_one_file_alone_has_is_told(pair: tuple[Path, Path]) -> None:
    data = a_booking(amp=())
    pair[1].write_bytes(data[: data.rindex(b"14.001:")])
    found = told("diff", *pair)
    told_rows = [(d["kind"], d["type"], d["idc"], d["field"]) for d in found["fields"]]
    assert told_rows == [("field", 2, 0, "2.084"), ("record", 14, 3, "")]
    assert (found["fields"][0]["left"], found["fields"][0]["right"]) == ("03 | XX", "")


def minutiae(*subfields: bytes) -> bytes:
    """Return a booking with one Type-9 record more, whose field 9.012 has these subfields."""
    body = b"9.002:04\x1d9.012:" + b"\x1e".join(subfields) + b"\x1c"
    size = len(body) + len(b"9.001:\x1d")
    total = next(n for n in range(size, size + 10) if n == size + len(str(n)))
    header, rest = a_booking().split(b"\x1c", 1)
    return header + b"\x1c" + rest + b"9.001:%d\x1d" % total + body


@pytest.mark.parametrize(
    ("left", "right", "number", "told_values"),
    [
        ([b"%d" % n for n in range(30_000)], [b"%d" % n for n in range(29_999)] + [b"X"], 30_000, ("29999", "X")),
        ([b"1"] * 20_001, [b"1"] * 20_003, 20_002, ("", "1")),
        ([b"1"] * 30_000, [b"1"] * 15_000, 15_001, ("1", "")),
    ],
    ids=["the last one", "two more", "half of them"],
)
def test_a_field_differs_also_beyond_the_subfields_that_are_shown(
    pair: tuple[Path, Path], left: list[bytes], right: list[bytes], number: int, told_values: tuple[str, str]
) -> None:
    for path, subfields in zip(pair, (left, right), strict=True):
        path.write_bytes(minutiae(*subfields))
    (row,) = [d for d in told("diff", *pair)["fields"] if d["field"] == "9.012"]
    assert (row["kind"], row["occurrence"], row["left"], row["right"]) == ("rest", number, *told_values)
    shown = " ".join(run("diff", *pair).stdout.split())
    assert "are the same" not in shown and f"#{number}" in shown


def test_a_subfield_differs_also_beyond_the_items_that_are_shown(pair: tuple[Path, Path]) -> None:
    for path, last in zip(pair, (b"1", b"2"), strict=True):
        path.write_bytes(minutiae(b"\x1f".join([b"1"] * 25_000 + [last])))
    (row,) = told("diff", *pair)["fields"]
    assert (row["field"], row["item"]) == ("9.012", "items beyond 20000 differ")


def test_images_are_compared_by_digest_and_by_pixels(pair: tuple[Path, Path]) -> None:
    raw = picture(2, "NONE").data
    changed = bytes([raw[0] ^ 1]) + raw[1:]
    pair[1].write_bytes(pair[1].read_bytes().replace(raw, changed))
    (row,) = told("diff", *pair)["images"]
    assert (row["type"], row["idc"], row["largest"]) == (14, 2, 1)
    assert row["share"] == pytest.approx(1 / len(raw))
    assert row["left"] != row["right"]
    assert told("diff", *pair, "--no-pixels")["images"][0]["pixels"] == "not compared"
    broken = picture(1).data
    pair[1].write_bytes(pair[1].read_bytes().replace(broken[60:90], b"?" * 30))
    assert told("diff", *pair)["images"][0]["pixels"].startswith("IMAGE_DECODE")


def test_files_that_are_only_written_otherwise_differ_and_say_where(pair: tuple[Path, Path]) -> None:
    data = pair[0].read_bytes()
    pair[1].write_bytes(data + b"left over")
    done = run("diff", *pair)
    assert done.exit_code == 1
    assert "The fields and images are the same" in done.stdout
    assert told("diff", *pair)["first_byte"] == len(data)


def test_records_are_matched_by_type_and_idc_then_by_order() -> None:
    def shown(*pairs: tuple[int, int]) -> list[RecordShown]:
        return [RecordShown(n, kind, idc, 0, 0, True, ()) for n, (kind, idc) in enumerate(pairs)]

    assert matched(shown((1, -1), (14, 1), (14, 2)), shown((1, -1), (14, 2), (14, 1))) == [(0, 0), (1, 2), (2, 1)]
    assert matched(shown((14, 1), (14, 1), (4, 3)), shown((14, 1), (14, 7))) == [(0, 0), (1, 1), (2, -1)]
    assert matched(shown((2, 0)), shown((2, 0), (4, 1))) == [(0, 0), (-1, 1)]


def test_more_differences_than_can_be_told_end_with_a_word(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "MAX_DIFFERENCES", 1)
    pair[1].write_bytes(a_booking(nam="OTHER,PERSON", sex="M"))
    assert [d["kind"] for d in told("diff", *pair)["fields"]] == ["value", "more"]


def test_a_file_that_cannot_be_read_is_refused(pair: tuple[Path, Path], tmp_path: Path) -> None:
    pair[1].write_bytes(b"")
    assert refusal("diff", *pair).code == "FILE_EMPTY"
    assert refusal("diff", tmp_path, pair[0]).code == "FILE_UNREADABLE"


def test_pixels_of_another_shape_are_not_compared() -> None:
    gray, color = np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.uint8)
    assert difference(gray, color) is None
    assert difference(color, color + np.uint8(2)) == (1.0, 2.0, 2)
