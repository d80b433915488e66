"""The studies behind `tenprint bench images` and `bench records`: damaged files harm nobody, figures are complete."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from typer.testing import CliRunner

from tenprint import records
from tenprint.cli.app import app
from tenprint.core.errors import SenderError
from tenprint.records.images import CodecPool, announced
from tenprint.studies import image_codecs as study
from tenprint.studies import reading

SAMPLES = Path(os.environ.get("TENPRINT_SAMPLES", Path(__file__).resolve().parents[2].parent / "shared/samples"))


def print_like(number: int) -> npt.NDArray[np.uint8]:
    """Return a picture of the size of a rolled print: rings and noise."""
    y, x = np.mgrid[:750, :800].astype(np.float64)
    noise = np.random.default_rng(number).normal(0, 12, x.shape)
    rings = 128 + 80 * np.cos(np.hypot(y - 300 - 20 * number, x - 400) * 2 * np.pi / 9) + noise
    return np.clip(rings, 0, 255).astype(np.uint8)


def good_files() -> list[bytes]:
    """Return WSQ files of our own and, where they lie, NIST's references, those with other filter taps among them."""
    return study.originals([print_like(0), print_like(1)], SAMPLES / "wsq" if SAMPLES.is_dir() else None)


def test_damage_is_repeated_by_its_seed_and_by_no_other() -> None:
    good = [bytes(range(256)) * 8, b"\xff\xa0" + bytes(1000)]
    once, again, other = (list(study.mutated(good, 300, seed)) for seed in (7, 7, 8))
    assert once == again
    assert sum(a != b for a, b in zip(once, other, strict=True)) > 290
    assert sum(data not in good for data in once) > 280
    assert all(isinstance(data, bytes) for data in study.mutated([b"\xff\xa0\xff"], 2_000, 9))  # nothing left to damage
    assert {len(data) - len(good[0]) for data in once if data[:1] == b"\0"} > {-1, 0, 1}


@pytest.mark.slow
def test_hundreds_of_damaged_wsq_files_harm_nobody() -> None:
    found = study.measure_mutations(good_files(), 300, seed=7)
    assert (found.foreign, found.sane_after) == ({}, True)
    assert found.decoded + found.refused == 300
    assert found.refused_by_header + found.refused_by_codec + found.crashed + found.late == found.refused
    assert min(found.decoded, found.refused_by_header, found.refused_by_codec) > 20


@pytest.mark.bench
def test_ten_thousand_damaged_wsq_files_harm_nobody() -> None:
    found = study.measure_mutations(good_files(), 10_000, seed=1)
    assert (found.foreign, found.sane_after) == ({}, True)
    assert found.decoded + found.refused == 10_000


def test_what_is_no_error_of_ours_is_counted_as_foreign(monkeypatch: pytest.MonkeyPatch) -> None:
    good = study.originals([print_like(0)])
    decode = CodecPool.decode

    def leaky(self: CodecPool, data: bytes) -> npt.NDArray[np.uint8]:
        if data not in good:
            raise ZeroDivisionError
        return decode(self, data)

    monkeypatch.setattr(CodecPool, "decode", leaky)
    found = study.measure_mutations(good, 12, seed=3)
    assert found.foreign == {"ZeroDivisionError": 12 - found.decoded}
    assert found.refused == 0


def test_a_folder_without_wsq_files_is_named(tmp_path: Path) -> None:
    with pytest.raises(SenderError, match="FILE_MISSING"):
        study.originals([print_like(0)], tmp_path)


@pytest.mark.slow
def test_speed_is_measured_beside_the_codec_in_this_process() -> None:
    figures = study.measure_speed([print_like(0)], images=4, rounds=2)
    assert (figures.size, figures.images, figures.rounds) == ((800, 750), 4, 2)
    assert figures.decode_range[0] <= figures.decode_per_s <= figures.decode_range[1]
    rates = (figures.encode_per_s, figures.reference_decode_per_s, figures.reference_encode_per_s)
    assert min(*rates, figures.jp2_decode_per_s, figures.jp2_encode_per_s) > 0


def test_the_file_that_is_read_is_a_whole_card_of_600_kb() -> None:
    data = reading.make_card()
    assert abs(len(data) - 600_000) < 6_000
    found = records.read(data, strict=True)
    images = found.images()
    assert [int(image.fgp) for image in images] == list(range(1, 15))
    assert {announced(image.data).family for image in images} == {"WSQ"}  # type: ignore[union-attr]
    assert all({0x1C, 0x1D, 0x1E, 0x1F} <= set(image.data) for image in images)
    assert found.to_bytes() == data


def test_reading_a_card_and_listing_its_images_starts_no_codec(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subprocess.Popen", None)
    answer = CliRunner().invoke(app, ["bench", "records", "--rounds", "3", "--json"])
    assert answer.exit_code == 0, answer.output
    figures = json.loads(answer.stdout)
    assert (figures["images"], figures["records"], figures["rounds"]) == (14, 15, 3)
    assert 0 < figures["read_ms"] <= figures["images_ms"] <= figures["worst_ms"]


@pytest.mark.slow
def test_the_commands_tell_people_and_scripts_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "make_prints", lambda advance: [print_like(0)])
    damage = ["bench", "images", "--mutations", "20", "--seed", "5"]
    found = json.loads(CliRunner().invoke(app, [*damage, "--json"]).stdout)
    assert (found["count"], found["seed"], found["foreign"]) == (20, 5, {})
    table = CliRunner().invoke(app, damage)
    assert table.exit_code == 0
    assert f"│ {found['decoded']} " in table.stdout
    speed = ["bench", "images", "--images", "2", "--rounds", "1"]
    assert json.loads(CliRunner().invoke(app, [*speed, "--json"]).stdout)["size"] == [800, 750]
    assert "WSQ decoded" in CliRunner().invoke(app, speed).stdout


def test_the_command_fails_when_something_foreign_came_out(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = study.MutationFigures(1, 1, 1, 0, 0, 0, 0, 0, 0, {"ValueError": 1})
    monkeypatch.setattr(study, "make_prints", lambda advance: [print_like(0)])
    monkeypatch.setattr(study, "measure_mutations", lambda *_: bad)
    assert CliRunner().invoke(app, ["bench", "images", "--mutations", "1"]).exit_code == 1


def test_inspect_names_a_jpeg_in_a_wsq_record(tmp_path: Path) -> None:
    image = records.read(reading.make_card()).images()[0]
    jpeg = b"\xff\xd8\xff\xc0\x00\x0b\x08" + (750).to_bytes(2, "big") + (799).to_bytes(2, "big") + bytes(40)
    record = records.finger_record(replace(image, data=jpeg), "CO0010000", "20101004")
    (tmp_path / "card.an2").write_bytes(records.write({2: "0502", 4: "CAR"}, [record]))
    found = json.loads(CliRunner().invoke(app, ["records", "inspect", str(tmp_path / "card.an2"), "--json"]).stdout)
    assert [(problem["code"], problem["field"]) for problem in found["problems"]] == [
        ("IMAGE_KIND", "14.999"),
        ("IMAGE_SIZE", "14.999"),
    ]
    assert found["problems"][0]["message"] == "IDC 0: the record declares WSQ20, its data is a JPEG image"
