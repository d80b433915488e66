"""`tenprint records template` and `tenprint bench fuzz`: what they print, write and refuse."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tenprint.cli.app import app
from tenprint.core.errors import TenprintError
from tenprint.core.fingers import FingerPosition
from tenprint.core.template import Template
from tenprint.records import templates


def a_template(fgp: int = 2) -> Template:
    column = np.array([10, 20, 30], np.uint16)
    narrow = np.array([1, 2, 1], np.uint8)
    return Template(column, column + np.uint16(5), column, narrow, narrow * 20, 300, 400, FingerPosition(fgp))


def call(*words: object) -> str:
    done = CliRunner().invoke(app, [*map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def refusal(*words: object) -> TenprintError:
    with pytest.raises(TenprintError) as refused:
        CliRunner().invoke(app, [*map(str, words)], catch_exceptions=False)
    return refused.value


@pytest.fixture
def iso(tmp_path: Path) -> Path:
    path = tmp_path / "print.iso"
    path.write_bytes(templates.write_iso([a_template()]))
    return path


@pytest.fixture
def two(tmp_path: Path) -> Path:
    path = tmp_path / "two.iso"
    path.write_bytes(templates.write_iso([a_template(2), a_template(7)]))
    return path


def test_inspect_shows_header_views_and_problems(iso: Path) -> None:
    iso.write_bytes(iso.read_bytes() + b"\0\0")
    shown = json.loads(call("records", "template", "inspect", iso, "--json"))
    assert shown["header"]["format"] == "ISO/IEC 19794-2:2005"
    assert shown["header"]["size"] == "300x400"
    assert shown["views"][0]["minutiae"] == 3
    assert [p["code"] for p in shown["problems"]] == ["TEMPLATE_LENGTH"]
    assert "TEMPLATE_LENGTH" in call("records", "template", "inspect", iso)


def test_a_template_goes_round_all_formats_and_comes_back_to_the_byte(iso: Path, tmp_path: Path) -> None:
    start = iso.read_bytes()
    previous = iso
    for to in ("tpt", "iso", "ansi", "tpt", "iso"):
        following = tmp_path / f"next.{to}"
        call("records", "template", "convert", previous, following, "--to", to, "--force")
        previous = following
    assert previous.read_bytes() == start
    call("records", "template", "convert", iso, tmp_path / "p.xyt", "--to", "xyt")
    call("records", "template", "convert", tmp_path / "p.xyt", tmp_path / "p.iso", "--to", "iso", "--size", "300x400")
    again = templates.to_template(templates.read((tmp_path / "p.iso").read_bytes()))
    assert again.y.tolist() == [15, 25, 35]


def test_all_views_are_converted_and_one_when_it_is_named(two: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert json.loads(call("records", "template", "convert", two, out, "--to", "ansi", "--json"))["views"] == 2
    call("records", "template", "convert", two, out, "--to", "ansi", "--view", 1, "--force")
    assert [v.position for v in templates.read(out.read_bytes()).views] == [7]


def test_no_file_is_replaced_unless_that_is_asked_for(iso: Path) -> None:
    before = iso.read_bytes()
    assert refusal("records", "template", "convert", iso, iso, "--to", "xyt").code == "FILE_EXISTS"
    assert iso.read_bytes() == before


def test_what_cannot_be_converted_is_refused_and_nothing_is_written(two: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    nonsense = tmp_path / "nonsense"
    nonsense.write_bytes(b"FMR\0 20\0short")
    padded = tmp_path / "padded"
    padded.write_bytes(two.read_bytes() + b"\0")
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    convert = ("records", "template", "convert")
    assert refusal(*convert, two, out, "--to", "xyt").code == "TEMPLATE_VIEWS"
    assert refusal(*convert, two, out, "--to", "iso", "--view", 2).code == "TEMPLATE_VIEW"
    assert refusal(*convert, nonsense, out, "--to", "iso").code == "TEMPLATE_HEADER"
    assert refusal(*convert, padded, out, "--to", "iso", "--strict").code == "TEMPLATE_LENGTH"
    assert refusal(*convert, empty, out, "--to", "iso").code == "FILE_EMPTY"
    assert refusal(*convert, tmp_path, out, "--to", "iso").code == "FILE_UNREADABLE"
    assert refusal(*convert, tmp_path / "none", out, "--to", "iso").code == "FILE_MISSING"
    nonsense.write_bytes(b"1 2 3\n")
    assert refusal(*convert, nonsense, out, "--to", "iso", "--size", "300").code == "SIZE_INVALID"
    assert not out.exists()


def test_the_fuzzer_reports_its_counts_and_exits_0_when_nothing_is_found(iso: Path, tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "a.iso").write_bytes(iso.read_bytes())
    asked = ("bench", "fuzz", "--files", 50, "--seed", 3, "--samples", tmp_path)
    figures = json.loads(call(*asked, "--json"))
    assert (figures["files"], figures["samples"], figures["foreign"], figures["hangs"]) == (50, 1, 0, 0)
    assert "foreign exceptions" in call(*asked)
