"""The fuzzer repeats itself, finds what it is there to find, and finds nothing in the readers."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tenprint import records
from tenprint.core.errors import RecordError, SenderError
from tenprint.core.template import Template
from tenprint.records import templates
from tenprint.studies import fuzzing
from tenprint.studies.mutation import MAX_BYTES, Seed

SAMPLES = Path(os.environ.get("TENPRINT_SAMPLES", Path(__file__).resolve().parents[2].parent / "shared/samples"))
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"no sample files in {SAMPLES}")
SEED = 20101004


def small_seeds() -> list[Seed]:
    second = records.TaggedRecord(2, {18: "SAMPLESON,P", 22: "19800229"})
    picture = records.TaggedRecord(14, {6: "2", 7: "2", 13: "1"}, b"abcd")
    transaction = records.write({2: "0300", 4: "CAR", 9: "TCN0000000001"}, [second, picture, picture])
    column = np.arange(20, dtype=np.uint16)
    narrow = np.ones(20, np.uint8)
    made = templates.write_iso([Template(column, column, column, narrow, narrow, 300, 400)])
    return [fuzzing.seed_of("transactions/a.an2", transaction), fuzzing.seed_of("templates/a.iso", made)]


def run(check: Callable[[bytes], list[str]], files: int = 40, **more: object) -> fuzzing.FuzzFigures:
    return fuzzing.fuzz(small_seeds(), files, SEED, checks=(check, check), **more)


def test_a_file_of_a_seed_and_number_is_always_the_same_and_others_differ() -> None:
    seeds = small_seeds()
    made = [fuzzing.mutated_file(seeds, SEED, n)[1] for n in range(200)]
    assert made == [fuzzing.mutated_file(seeds, SEED, n)[1] for n in range(200)]
    assert made != [fuzzing.mutated_file(seeds, SEED + 1, n)[1] for n in range(200)]
    assert len(set(made)) > 170  # short files are sometimes damaged in the same way
    assert max(map(len, made)) <= MAX_BYTES


def test_every_mutation_is_used_on_both_kinds_of_file() -> None:
    seeds = small_seeds()
    for name in ("transactions/a.an2", "templates/a.iso"):
        made = [fuzzing.mutated_file(seeds, SEED, n) for n in range(400)]
        used = {step for sample, _, steps in made if sample.name == name for step in steps}
        assert used == {
            "bit flips", "truncation", "splice", "length field", "separators", "flood", "repeated record", "snippet",
        }  # fmt: skip


def test_equal_seeds_give_equal_counts() -> None:
    counts = [
        (f.clean, f.damaged, f.refused, f.codes, f.mutations)
        for f in (fuzzing.fuzz(small_seeds(), 300, SEED) for _ in range(2))
    ]
    assert counts[0] == counts[1]


def test_a_foreign_exception_is_found_counted_and_its_file_kept() -> None:
    def check(data: bytes) -> list[str]:
        if len(data) % 2:
            raise ValueError("a foreign one")
        return []

    kept: dict[int, bytes] = {}
    figures = run(check, keep=kept.__setitem__)
    assert figures.foreign == sum(len(d) % 2 for d in kept.values()) == len(kept) > 0
    assert figures.foreign + figures.clean == 40
    assert "ValueError" in figures.findings[0].what
    number = figures.findings[0].number
    assert kept[number] == fuzzing.mutated_file(small_seeds(), SEED, number)[1]
    assert not figures.is_clean


def test_a_reader_that_never_ends_is_cut_off_and_counted_as_a_hang() -> None:
    def check(data: bytes) -> list[str]:
        while True:
            try:
                len(data)
            except Exception:  # noqa: BLE001 - what hangs may well swallow exceptions
                continue

    figures = run(check, files=1)
    assert (figures.hangs, figures.findings[0].kind) == (1, "hang")


def test_a_broken_promise_is_no_error_of_ours() -> None:
    def check(data: bytes) -> list[str]:
        raise fuzzing.BrokenLawError("bytes differ")

    assert run(check).broken_laws == 40


def test_an_error_of_ours_is_a_refusal_and_no_finding() -> None:
    def check(data: bytes) -> list[str]:
        raise RecordError("E0004", "no")

    figures = run(check)
    assert (figures.refused, figures.codes, figures.is_clean) == (40, {"E0004": 40}, True)


def test_a_reader_that_loses_a_byte_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records.Transaction, "to_bytes", lambda self: b"".join(r.raw for r in self.records))
    figures = fuzzing.fuzz(small_seeds(), 200, SEED)
    assert figures.broken_laws > 0
    assert {f.what for f in figures.findings} == {"read and written again, the bytes differ"}


def test_a_folder_without_samples_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(SenderError, match="SAMPLES_MISSING"):
        fuzzing.find_seeds(tmp_path)


@pytest.mark.slow
@needs_samples
def test_two_thousand_damaged_files_give_only_values_and_errors_of_ours() -> None:
    figures = fuzzing.fuzz(fuzzing.find_seeds(SAMPLES), 2_000, SEED)
    assert figures.samples == 160
    assert figures.findings == []


@pytest.mark.bench
@needs_samples
def test_a_hundred_thousand_damaged_files_give_only_values_and_errors_of_ours() -> None:
    figures = fuzzing.fuzz(fuzzing.find_seeds(SAMPLES), 100_000, SEED)
    assert figures.findings == []
    assert (figures.foreign, figures.broken_laws, figures.hangs) == (0, 0, 0)
