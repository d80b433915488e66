"""Hostile files: every command says a sentence with a code, writes nothing it should not, and stays small."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from records_rig import a_booking, picture, run
from typer.testing import CliRunner

from tenprint import records
from tenprint.cli.app import app
from tenprint.core.errors import TenprintError

MEMORY_BYTES = 128 << 20
"""What a command may hold more than an honest file of some kilobytes needs; the hostile ones announce gigabytes."""
COMMANDS = ("inspect", "validate", "roundtrip", "redact", "extract-images", "diff")


def png_bomb() -> bytes:
    """Return a PNG of 40,000 x 40,000 pixels in a few kilobytes."""
    packer = zlib.compressobj(9)
    rows = packer.compress(b"\0" * (1 << 22)) + packer.flush()
    head = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(b)) + k + b + struct.pack(">I", zlib.crc32(k + b)) for k, b in parts
    )


def with_image(data: bytes) -> bytes:
    """Return the booking with another image in the place of the first, its lengths right."""
    transaction = records.read(a_booking())
    raw = [r.raw for r in transaction.records]
    image = picture(1).data
    head = raw[2][: raw[2].index(b"14.999:") + 7].replace(b"14.006:96", b"14.006:40000")
    body = head[head.index(b"\x1d") :] + data + b"\x1c"
    length = len(b"14.001:") + len(body)
    length += len(str(length + len(str(length))))
    raw[2] = b"14.001:%d" % length + body
    assert image not in raw[2]
    return b"".join(raw)


def lying_counts() -> bytes:
    """Return a content list that lists Type-1 inside itself, and a hundred thousand records that are none."""
    data = a_booking()
    start, end = data.index(b"1.003:"), data.index(b"\x1d", data.index(b"1.003:"))
    return data[:start] + b"1.003:1\x1f99" + b"\x1e1\x1f0\x1e14\x1f1" * 50_000 + data[end:]


def numbers() -> bytes:
    """Return twenty fields of two thousand case numbers, each another one."""
    fields = (b"\x1e".join(b"%039d" % (f * 2_000 + n) for n in range(2_000)) for f in range(20))
    return b"\x1d".join(b"2.009:" + field for field in fields)


HOSTILE: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "a zip bomb in a PNG": lambda: with_image(png_bomb()),
    "a binary record of 4 GB": lambda: a_booking(4).replace(
        records.read(a_booking(4)).records[2].raw[:4], b"\xff\xff\xff\xff", 1
    ),
    "a tagged record of 4 GB": lambda: a_booking().replace(b"14.001:", b"14.001:4294967295\x1d14.020:", 1),
    "an image of 4 GB a side": lambda: a_booking().replace(b"14.006:96", b"14.006:4294967295", 1),
    "counts that lie and list themselves": lying_counts,
    "one IDC for all": lambda: a_booking().replace(b"14.002:02", b"14.002:01").replace(b"14.002:03", b"14.002:01"),
    "negative boxes": lambda: a_booking().replace(b"14.013:13", b"14.013:13\x1d14.021:2\x1f-5\x1f-9\x1f1\x1f-1"),
    "two million separators": lambda: a_booking()[:-1] + b"\x1d\x1e\x1f" * 700_000 + b"\x1c",
    "a name of a million letters": lambda: a_booking().replace(b"SAMPLESON", b"S" * 1_000_000, 1),
    "thousands of numbers of their own": lambda: a_booking().replace(b"2.018:", numbers() + b"\x1d2.018:", 1),
    "bytes of no character set": lambda: a_booking().replace(b"SAMPLESON", b"\xff\xfe\x80AMPLE", 1),
}  # fmt: skip


def words_for(command: str, path: Path, out: Path, honest: Path) -> list[str]:
    more = {"redact": ["--out", str(out / "redacted")], "extract-images": ["--out", str(out / "images")]}
    return [command, str(path), *more.get(command, []), *([str(honest)] if command == "diff" else [])]


@pytest.mark.parametrize("name", HOSTILE)
def test_every_command_tells_a_hostile_file_with_a_code_or_reads_it_and_raises_nothing_foreign(
    name: str, tmp_path: Path
) -> None:
    path, honest = tmp_path / "hostile.an2", tmp_path / "honest.an2"
    path.write_bytes(HOSTILE[name]())
    honest.write_bytes(a_booking())
    out = tmp_path / "out"
    out.mkdir()
    codes = {}
    for command in COMMANDS:
        words = ["records", *words_for(command, path, out, honest)]
        try:
            codes[command] = CliRunner().invoke(app, words, catch_exceptions=False).exit_code
        except TenprintError as problem:
            assert problem.code
            assert len(problem.message) < 1_000
            codes[command] = 2
    assert set(codes.values()) <= {0, 1, 2}
    assert path.read_bytes() == HOSTILE[name]()
    assert {p.name for p in tmp_path.iterdir()} == {"hostile.an2", "honest.an2", "out"}
    assert (out / "redacted").exists() == (codes["redact"] == 0)
    if codes["redact"] == 0:
        assert records.read((out / "redacted").read_bytes()).reading_problems == ()


def test_what_is_wrong_has_its_code(tmp_path: Path) -> None:
    def problems(name: str, *more: str) -> set[str]:
        path = tmp_path / "hostile.an2"
        path.write_bytes(HOSTILE[name]())
        (found,) = json.loads(run("validate", path, "--json", *more).stdout)
        return {f["rule"] if more else f["code"] for f in found["findings"] if f["severity"] == "error"}

    standard = ("--profile", "itl-2011")
    assert "E0012" in problems("a binary record of 4 GB")
    assert "E0012" in problems("a tagged record of 4 GB")
    assert "E0006" in problems("counts that lie and list themselves")
    assert problems("one IDC for all", *standard) & {"content-idc", "idc-shared"}
    assert "field-characters" in problems("negative boxes", *standard)
    assert "L0006" in problems("an image of 4 GB a side")


MEASURED = """
import resource, sys
from typer.testing import CliRunner
from tenprint.cli.app import app
from tenprint.core.errors import TenprintError
for words in WORDS:
    try:
        CliRunner().invoke(app, ["records", *words], catch_exceptions=False)
    except TenprintError:
        pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10)
"""


@pytest.mark.slow
def test_memory_stays_bounded_whatever_is_announced(tmp_path: Path) -> None:
    honest = tmp_path / "honest.an2"
    honest.write_bytes(a_booking())

    def peak(files: list[Path], out: Path) -> tuple[int, int]:
        words = [words_for(c, f, out / f.name, honest) for f in files for c in COMMANDS]
        script = MEASURED.replace("WORDS", repr(words))
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ
        )
        own, workers = map(int, done.stdout.split()[-2:])
        return own, workers

    paths = []
    for number, make in enumerate(HOSTILE.values()):
        paths.append(tmp_path / f"hostile-{number}.an2")
        paths[-1].write_bytes(make())
    calm = peak([honest], tmp_path / "calm")
    hostile = peak(paths, tmp_path / "hostile")
    told = f"honest {[n >> 20 for n in calm]} MiB, hostile {[n >> 20 for n in hostile]} MiB (own, codec process)"
    assert hostile[0] - calm[0] < MEMORY_BYTES, told
    assert hostile[1] - calm[1] < MEMORY_BYTES, told
    print(told)  # noqa: T201 - the figure
