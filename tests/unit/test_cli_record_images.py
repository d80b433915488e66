"""`tenprint records extract-images` and `redact`: what is written, named and refused."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from records_rig import a_booking, picture, refusal, run, told

from tenprint import records
from tenprint.records.image_headers import announced
from tenprint.records.images import CodecPool
from tenprint.records.itl.writer import TaggedRecord, write
from tenprint.records.redaction import redact
from tenprint.records.redaction.blanks import white_png

HEADER = {
    2: "0502", 4: "CAR", 5: "20101004", 7: "FBICJIS00", 8: "COSIB0000", 9: "TCN-2010-0000001", 11: "19.69", 12: "19.69",
}  # fmt: skip


def photograph(width: int = 96, height: int = 64, **fields: str) -> TaggedRecord:
    rows = np.arange(height * width * 3, dtype=np.uint32).reshape(height, width, 3) % 251
    out = io.BytesIO()
    Image.fromarray(rows.astype(np.uint8)).save(out, "JPEG")
    values = {
        3: "FACE", 4: "COSIB0000", 5: "20101004", 6: str(width), 7: str(height), 8: "1", 9: "500", 10: "500",
        11: "JPEGB", 12: "SRGB", 13: "1",
    }  # fmt: skip
    return TaggedRecord(10, values | {int(n.lstrip("_")): v for n, v in fields.items()}, out.getvalue())


@pytest.fixture
def booking(tmp_path: Path) -> Path:
    path = tmp_path / "booking.an2"
    path.write_bytes(a_booking())
    return path


def names(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_every_image_becomes_a_file_named_by_record_type_idc_and_position(booking: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    done = run("extract-images", booking, "--out", out)
    assert (done.exit_code, done.stdout) == (0, "3 images written\n")
    expected = ["002-type-14-idc-01-fgp-01", "003-type-14-idc-02-fgp-02", "004-type-14-idc-03-fgp-13"]
    assert names(out) == [f"{name}.png" for name in expected]
    with Image.open(out / f"{expected[1]}.png") as shown:
        assert np.asarray(shown).tobytes() == picture(2, "NONE").data
        assert round(shown.info["dpi"][0]) == 500
    assert (
        told("extract-images", booking, "--out", out, "--format", "original")["failed"] == 2
    )  # two are PNG, which stand there
    again = told("extract-images", booking, "--out", out, "--format", "original", "--force")
    assert again["written"] == 3
    assert (out / f"{expected[1]}.raw").read_bytes() == picture(2, "NONE").data
    assert (out / f"{expected[0]}.png").read_bytes() == picture(1).data


def test_a_photograph_keeps_its_colors(tmp_path: Path) -> None:
    path = tmp_path / "face.an2"
    path.write_bytes(write(HEADER, [TaggedRecord(2, {}), photograph()]))
    assert run("extract-images", path, "--out", tmp_path / "out").exit_code == 0
    with Image.open(tmp_path / "out" / "002-type-10-idc-01.png") as shown:
        assert (shown.mode, shown.size) == ("RGB", (96, 64))


def test_one_bad_image_is_named_and_the_others_are_written(booking: Path, tmp_path: Path) -> None:
    bomb = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + bomb + struct.pack(">I", zlib.crc32(b"IHDR" + bomb))
    first = picture(1).data
    booking.write_bytes(booking.read_bytes().replace(first, first[:8] + chunk + first[33:]))
    found = told("extract-images", booking, "--out", tmp_path / "out")
    assert run("extract-images", booking, "--out", tmp_path / "again").exit_code == 1
    assert [(row["idc"], row.get("code")) for row in found["images"]] == [(1, "IMAGE_TOO_LARGE"), (2, None), (3, None)]
    assert len(names(tmp_path / "out")) == 2


def test_names_of_files_and_fields_lead_nowhere_else(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a..%2f..\n x.an2").write_bytes(a_booking())
    (folder / "plain.an2").write_bytes(a_booking(4))
    out = tmp_path / "out"
    assert run("extract-images", folder, "--out", out).exit_code == 0
    assert {Path(name).parts[0] for name in names(out)} == {"0001-a___2f____x", "0002-plain"}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "out"]


def test_a_redacted_file_has_the_same_records_and_nobody_in_it(booking: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.an2"
    done = told("redact", booking, "--out", out)
    now, was = records.read(out.read_bytes(), strict=True), records.read(booking.read_bytes())
    assert done["counts"]["images"] == 3
    assert [(r.type, r.idc) for r in now.records] == [(r.type, r.idc) for r in was.records]
    assert [[f.number for f in r.fields] for r in now.records] == [[f.number for f in r.fields] for r in was.records]
    assert now.get("2.018") == "FICTITIOUS,PERSON A"
    assert now.get("2.022") < now.get("2.045")
    assert [len(s) for s in now.first(2).items("2.047")] == [2, 2]
    assert now.first(2).items("2.047")[1][0] == ""
    for keeps in ("1.004", "2.005", "2.084", "14.013", "14.006", "14.011"):
        assert now.get(keeps) == was.get(keeps)
    for drops in ("1.009", "1.008", "2.018", "2.022", "2.020", "2.073", "14.004", "14.005"):
        assert now.get(drops) != was.get(drops), drops
    assert [(i.fgp, i.width, i.height, i.compression) for i in now.images()] == [
        (i.fgp, i.width, i.height, i.compression) for i in was.images()
    ]
    assert set(now.images()[1].data) == {255}
    assert records.validate(now) == records.validate(now, profile="ebts-8.001")
    assert {f.rule for f in records.validate(now)} <= {f.rule for f in records.validate(was)}


def test_what_no_table_knows_is_blanked_and_a_structural_field_with_a_name_in_it_too() -> None:
    second = TaggedRecord(2, {5: "PERCIVAL", 18: "SAMPLESON,PERCIVAL", 910: "PERCIVAL", 2099: [["PERCIVAL", "X"]]})
    data = write(HEADER | {4: "PERCIVAL S."}, [second, photograph(_3="PERCIVAL1", _38="PERCIVAL", _200="PERCIVAL")])
    with CodecPool(1) as pool:
        done = redact(records.read(data), pool)
    assert b"PERCIVAL" not in done.data
    now = records.read(done.data, strict=True)
    assert (now.get("2.910"), now.get("2.2099"), now.get("10.200")) == ("", "", "")
    assert now.get("10.011") == "PNG"
    assert [n.field for n in done.notes] == ["10.011"]
    assert announced(now.records[2].data).channels == 3


@pytest.mark.parametrize("size", [(70_000, 70_000), (0, 5), (9_000, 9_000), (20, 20)], ids=str)
def test_a_size_that_no_encoder_takes_gives_an_image_all_the_same(size: tuple[int, int]) -> None:
    data = write(HEADER, [TaggedRecord(2, {}), photograph(_6=str(size[0]), _7=str(size[1]), _11="WSQ20", _12="GRAY")])
    with CodecPool(1) as pool:
        done = redact(records.read(data), pool)
    found = announced(records.read(done.data).records[2].data)
    assert found.kind == "PNG"
    assert (found.width, found.height) == (size if size in ((9_000, 9_000), (20, 20)) else (64, 64))
    assert len(done.data) < 300_000
    assert [n.field for n in done.notes] == ["10.011"]


def test_a_file_that_broke_is_redacted_as_far_as_it_was_read() -> None:
    data = a_booking()
    cut = data[: len(data) - 200]
    assert records.read(cut).problems
    with CodecPool(1) as pool:
        done = redact(records.read(cut + b"\x1c garbage SAMPLESON"), pool)
        second = redact(records.read(data + b"SAMPLESON"), pool)
    assert records.read(done.data, strict=True).to_bytes() == done.data
    assert [n.message for n in second.notes] == ["bytes behind the last record are left out"]
    assert b"SAMPLESON" not in second.data + done.data


def test_nothing_is_written_over_or_for_a_file_that_is_none(booking: Path, tmp_path: Path) -> None:
    before = booking.read_bytes()
    assert refusal("redact", booking, "--out", booking).code == "FILE_EXISTS"
    assert booking.read_bytes() == before
    other = tmp_path / "other"
    other.write_bytes(b"no transaction")
    assert refusal("redact", other, "--out", tmp_path / "x").code == "E0004"
    assert refusal("redact", booking, "--out", tmp_path / "x", "--profile", "none").code == "PROFILE_UNKNOWN"
    assert not (tmp_path / "x").exists()
    assert run("redact", booking, "--out", other, "--force").exit_code == 0
    assert len(records.read(other.read_bytes(), strict=True).images()) == 3


def test_a_white_png_is_what_it_says(tmp_path: Path) -> None:
    for channels, depth, mode in ((1, 8, "L"), (3, 8, "RGB"), (1, 1, "1"), (1, 16, "I;16")):
        (tmp_path / "x.png").write_bytes(white_png(70, 50, channels, depth))
        with Image.open(tmp_path / "x.png") as shown:
            assert (shown.size, shown.mode) == ((70, 50), mode)
            assert np.asarray(shown).min() == np.asarray(shown).max()
