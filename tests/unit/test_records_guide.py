"""The guide to `tenprint records`: every example runs, exits as it says, and shows what it shows."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tenprint.cli import record_compare, record_files
from tenprint.cli.app import app
from tenprint.cli.output import READ_LIMIT_BYTES
from tenprint.records.images import worker
from tenprint.records.itl import comparing, reader, record

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "records.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = {"inspect", "validate", "roundtrip", "diff", "extract-images", "redact"}


def blocks() -> Iterator[tuple[str, str]]:
    yield from BLOCK.findall(GUIDE.read_text())


def test_the_examples_of_the_guide_run_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    said, seen = "", set()
    for kind, text in blocks():
        if kind == "python":
            exec(compile(text, str(GUIDE), "exec"), {})
        elif kind == "sh":
            said = ""
            for line in text.splitlines():
                words, _, remark = line.partition(" #")
                expected = re.search(r"exit code (\d)", remark)
                done = CliRunner().invoke(app, shlex.split(words)[1:], catch_exceptions=False)
                assert done.exit_code == int(expected[1] if expected else 0), line
                seen.add(shlex.split(words)[2])
                said += done.output
        else:
            flat = " ".join(said.split())
            assert [line for line in text.splitlines() if " ".join(line.split()) not in flat] == []
    assert seen == COMMANDS
    assert len(list((tmp_path / "images").glob("*.png"))) == 14
    assert (tmp_path / "images" / "002-type-14-idc-01-fgp-01.png").exists()


def test_the_bounds_of_the_guide_are_those_of_the_code() -> None:
    text = " ".join(GUIDE.read_text().split())
    millions = worker.MAX_PIXELS // 1_000_000
    for number in (
        f"{READ_LIMIT_BYTES >> 20} MiB",
        f"{record_files.MAX_FILES:,}",
        f"| {reader.MAX_RECORDS:,}; {record.MAX_FIELDS:,}, {record.MAX_FIELDS_OF_FILE:,} |",
        f"{millions} million pixels, {worker.MAX_SIDE_PX:,} a side, {worker.TIME_LIMIT_SECONDS:.0f} s",
        f"{comparing.MAX_DIFFERENCES:,}; the table shows {record_compare.MOST_ROWS}",
    ):
        assert number in text, number
