"""A redacted file tells nothing of the person: over every sample file, and over hostile ones."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenprint import records
from tenprint.core.errors import TenprintError
from tenprint.records.images import CodecPool
from tenprint.records.itl.record import BINARY_TYPES, Record
from tenprint.records.itl.validation import validate
from tenprint.records.redaction import redact
from tenprint.records.redaction.classes import field_classes

SAMPLES = Path(os.environ.get("TENPRINT_SAMPLES", Path(__file__).resolve().parents[2].parent / "shared/samples"))
FILES = [p for p in sorted((SAMPLES / "transactions").rglob("*")) if p.is_file() and p.suffix != ".csv"]
PERSON = ("2.018", "2.019", "2.022", "2.016", "2.017", "2.014", "2.015", "2.041", "2.047", "1.009", "9.012", "10.033")
LEAST, RUN = 4, 32


@pytest.fixture(scope="module")
def pool() -> Iterator[CodecPool]:
    with CodecPool() as made:
        yield made


def texts(record: Record, structural: bool | None = None) -> Iterator[bytes]:
    """Yield the items of a record's text fields: all, those that a table calls structural, or those that none does."""
    for one in record.fields:
        tag = f"{record.type}.{one.number:03d}"
        if one.number in (1, 2, 996, 999) or tag == "1.003":
            continue
        if structural is not None and structural != (tag in field_classes().kept):
            continue
        for subfield in record.raw[one.value_start : one.value_end].split(b"\x1e"):
            yield from (item for item in subfield.split(b"\x1f") if len(item) >= LEAST)


def image_of(record: Record) -> bytes:
    return record.raw[18:] if record.type in BINARY_TYPES else record.data


def runs(image: bytes) -> set[bytes]:
    """Return the runs of 32 bytes behind an image's header; those of fewer than four values are background.

    The header says size and compression, which stay, and the codec's tables.
    """
    ends = {b"\x89PNG": 41, b"\xff\xa0": image.find(b"\xff\xa2") + 19, b"\x00\x00\x00\x0c": image.find(b"\xff\x93")}
    begin = next((end for magic, end in ends.items() if image.startswith(magic)), 0)
    found = {image[n : n + RUN] for n in range(begin, len(image) - RUN + 1)}
    return {run for run in found if len(set(run)) >= LEAST}


def check(data: bytes, pool: CodecPool) -> None:
    was = records.read(data)
    done = redact(was, pool)
    now = records.read(done.data, strict=True)
    assert [(r.type, r.idc) for r in now.records] == [(r.type, r.idc) for r in was.records]
    said = b"\x00".join(item for record in now.records for item in texts(record))
    # 0000 may be the angle of an eye and the number of a vendor's product too: what is structural tells nothing.
    structural = b"\x00".join(item for record in was.records for item in texts(record, structural=True))
    told = {item for record in was.records for item in texts(record, structural=False) if item not in structural}
    assert sorted(item for item in told if item in said) == []
    seen = b"".join(image_of(r) for r in was.records)
    assert not any(run in seen for image in {image_of(r) for r in now.records} for run in runs(image))
    for profile in ("itl-2011", "ebts-8.001"):
        errors = {(f.rule, f.field, f.code) for f in validate(was, profile=profile) if f.severity == "error"}
        assert {(f.rule, f.field, f.code) for f in validate(now, profile=profile) if f.severity == "error"} <= errors


def test_no_field_about_a_person_is_called_structural() -> None:
    assert set(PERSON).isdisjoint(field_classes().kept)


@pytest.mark.slow
@pytest.mark.skipif(not FILES, reason=f"no sample files in {SAMPLES}")
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_a_sample_file_without_its_person_reads_strictly_and_tells_nothing(path: Path, pool: CodecPool) -> None:
    check(path.read_bytes(), pool)


@pytest.mark.skipif(not FILES, reason=f"no sample files in {SAMPLES}")
def test_any_bytes_are_redacted_to_a_file_that_reads_strictly_or_refused_by_us(pool: CodecPool) -> None:
    chance = random.Random(20261128)
    seeds = [p.read_bytes() for p in FILES if p.stat().st_size < 60_000]
    for _ in range(150):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 30)):
            data[chance.randrange(min(len(data), 4_000))] = chance.choice(b"\x1c\x1d\x1e\x1f0129:.A\x00\xff")
        try:
            done = redact(records.read(bytes(data)), pool)
        except TenprintError:
            continue
        problems = records.read(done.data).reading_problems
        assert problems == (), problems
