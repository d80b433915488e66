"""`tenprint records inspect`: the tree, its JSON, and thumbnails."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from records_rig import FILES, a_booking, needs_samples, picture, refusal, run, told
from rich.console import Console

from tenprint import records
from tenprint.cli import records as command
from tenprint.cli.record_tree import tree_of
from tenprint.cli.thumbnails import COLUMNS, ROWS, Way, graphic, half_blocks, reduced, way_of
from tenprint.records.itl.description import FieldShown, RecordShown, describe, noticed_in
from tenprint.records.itl.tables import load_table


@pytest.fixture
def booking(tmp_path: Path) -> Path:
    path = tmp_path / "booking.an2"
    path.write_bytes(a_booking())
    return path


def test_the_tree_names_records_fields_items_codes_and_images(booking: Path) -> None:
    shown = run("inspect", booking).stdout
    for line in (
        "CAR from COSIB0000 to FBICJIS00, TCN TCN-2010-0000001",
        "Type-2, IDC 0:",
        "2.018 NAM Name: SAMPLESON,PERCIVAL",
        "2.024 SEX Sex: F  (female)",
        "#1 DOO 20101003, AOL DUI",
        "14.013 FGP friction ridge generalized position: 2  (right index)",
        "image: right index, rolled, contact, 96x80, 500 ppi, NONE, 7680 bytes",
        "14.999 DATA image or other data: 7680 bytes of data",
    ):
        assert line in shown, line


def test_a_problem_stands_where_it_is(booking: Path) -> None:
    data = booking.read_bytes()
    booking.write_bytes(data.replace(b"14.006:96", b"14.006:97", 1).replace(b"2.005:", b"2x005:", 1) + b"left over")
    shown = run("inspect", booking).stdout
    lines = [line.strip(" │├└─") for line in shown.splitlines()]
    assert "E0012 9 bytes follow the last record" in shown
    at = next(n for n, line in enumerate(lines) if line.startswith("14.999") and "IMAGE_SIZE" in lines[n + 1])
    assert at < len(lines) - 30
    assert any("no field of Type-2 begins here" in line for line in lines)


def test_a_problem_of_an_image_stands_in_its_own_record_though_another_has_its_idc(booking: Path) -> None:
    data = booking.read_bytes().replace(b"14.002:02", b"14.002:01", 1)
    start = data.index(b"14.002:01", data.index(b"14.002:01") + 1)
    booking.write_bytes(data[:start] + data[start:].replace(b"14.006:96", b"14.006:97", 1))
    problems = [problem for problem in told("inspect", booking)["problems"] if problem["code"] == "IMAGE_SIZE"]
    assert [problem["record"] for problem in problems] == [3]


def test_a_resolution_of_20_00_means_500_for_every_reader(tmp_path: Path) -> None:
    path = tmp_path / "old.an2"
    path.write_bytes(a_booking(record_type=4).replace(b"1.011:19.69", b"1.011:20.00"))
    shown = told("inspect", path)
    assert {image["ppi"] for image in shown["images"]} == {500}
    assert {record["image"]["ppi"] for record in shown["records"] if record["image"]} == {500}


def test_long_values_are_shortened_unless_all_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "long.an2"
    charges = tuple(("20101003", f"THEFT NUMBER {n} " + "X" * 100) for n in range(9))
    path.write_bytes(a_booking(charges=charges))
    shown = run("inspect", path).stdout
    assert "5 subfields more" in shown
    assert "(115 characters)" in shown
    assert "#9" in run("inspect", path, "--whole").stdout


@pytest.mark.parametrize("taken", [3, 1])
def test_subfields_that_are_not_taken_are_counted_too(taken: int) -> None:
    values = tuple((str(n),) for n in range(taken))
    field = FieldShown("9.012", "MIN", "", 0, 50, values, left_out=20_000)
    console = Console(width=120, file=io.StringIO())
    console.print(tree_of("a file", [RecordShown(0, 9, 0, 0, 99, True, (field,))], (), ()))
    shown = console.file.getvalue()
    assert f"9.012 MIN: {20_000 + taken} subfields" in shown
    assert "#1 0" in shown and "20000 subfields more" in shown


def test_json_keeps_its_keys_and_gains_the_fields(booking: Path) -> None:
    found = told("inspect", booking)
    assert set(found) == {"header", "records", "images", "problems"}
    assert found["header"]["tcn"] == "TCN-2010-0000001"
    assert found["images"][0] == {
        "idc": 1, "position": "right thumb", "impression": "livescan_rolled", "size": "96x80", "ppi": 500,
        "compression": "PNG", "bytes": len(picture(1).data),
    }  # fmt: skip
    second = found["records"][1]
    assert (second["type"], second["idc"]) == (2, 0)
    name = next(f for f in second["fields"] if f["tag"] == "2.018")
    assert (name["mnemonic"], name["values"]) == ("NAM", [["SAMPLESON,PERCIVAL"]])
    assert booking.read_bytes()[name["offset"] :].startswith(b"2.018:SAMPLESON")
    assert found["records"][2]["image"]["width"] == 96


def test_an_empty_or_foreign_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"")
    assert refusal("inspect", path).code == "FILE_EMPTY"
    path.write_bytes(b"hello")
    assert "E0004 the file does not begin with a Type-1 record" in run("inspect", path).stdout


@needs_samples
def test_every_sample_file_has_a_tree_whose_fields_cover_it() -> None:
    profile, standard = load_table("ebts-8.001"), load_table("itl-2011")
    unnamed = 0
    for path in FILES:
        found = records.read(path.read_bytes())
        shown = describe(found, profile, standard, noticed_in(found))
        assert [len(r.raw) for r in found.records] == [r.size for r in shown]
        unnamed += sum(not f.mnemonic for r in shown if r.type in (1, 4, 10, 13, 14, 15, 17) for f in r.fields)
    assert len(FILES) == 77
    assert unnamed < 40


def test_a_terminal_is_believed_by_its_environment_alone() -> None:
    assert way_of({"TERM": "xterm-256color"}) is Way.BLOCKS
    assert way_of({"TERM": "xterm-kitty"}) is Way.KITTY
    assert way_of({"TERM": "xterm-kitty", "TMUX": "/tmp/x"}) is Way.BLOCKS
    assert way_of({"TERM_PROGRAM": "iTerm.app"}) is Way.ITERM
    assert way_of({"TERM": "foot"}) is Way.SIXEL
    assert way_of({}) is Way.BLOCKS


def test_a_thumbnail_shows_the_image_in_every_way() -> None:
    pixels = np.zeros((400, 200), np.uint8)
    pixels[200:] = 255
    lines = list(half_blocks(pixels))
    assert (len(lines), len(lines[0].plain)) == (ROWS, 2 * ROWS * 200 // 400)
    assert [line.spans[0].style.color.triplet.red for line in lines] == [0] * (ROWS // 2) + [255] * (ROWS // 2)
    assert reduced(np.zeros((5, 900, 3), np.uint8), COLUMNS, 10).shape == (1, COLUMNS)
    sent = graphic(pixels, Way.KITTY)
    payload = "".join(part.split(";", 1)[1] for part in sent.rstrip("\n").split("\x1b\\") if part)
    with Image.open(io.BytesIO(base64.b64decode(payload))) as shown:
        assert shown.size == (96, 192)
    assert graphic(pixels, Way.ITERM).startswith("\x1b]1337;File=inline=1")
    sixel = graphic(pixels, Way.SIXEL)
    assert sixel.startswith('\x1bPq"1;1;96;192#0;2;0;0;0')
    assert sixel.count("-") == 192 // 6 - 1


def test_images_are_shown_only_in_a_terminal_and_a_bad_one_is_named(
    booking: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refusal("inspect", booking, "--thumbnails").code == "CLI_NO_TERMINAL"
    assert "\u2580" not in run("inspect", booking).stdout
    booking.write_bytes(booking.read_bytes().replace(picture(1).data[60:90], b"?" * 30))
    for name in ("TMUX", "STY", "KITTY_WINDOW_ID", "TERM_PROGRAM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(command.console.rich, "_force_terminal", True)
    monkeypatch.setattr(command.console.rich, "_color_system", command.console.rich._color_system or 3)
    shown = run("inspect", booking, "--thumbnails").stdout
    assert shown.count("\u2580") == 2 * COLUMNS * 14
    assert "IMAGE_DECODE" in shown
    assert "\u2580" not in run("inspect", booking).stdout
