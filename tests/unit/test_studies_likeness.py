"""Likeness stands synthetic beside real prints, and packing says what WSQ does: each counts what it says."""

import math
from pathlib import Path

import numpy as np
import pytest

from tenprint.core.errors import EngineError, SenderError
from tenprint.core.fingers import FingerPosition, Impression
from tenprint.core.image import FingerImage
from tenprint.core.template import Template, angle_from_radians
from tenprint.records.itl.impressions import EncodedImage
from tenprint.studies import likeness, packing
from tenprint.studies.likeness import Reading
from tenprint.synth.cards import render_plain
from tenprint.synth.person import make_person


def _fake(image: FingerImage) -> Template:
    return Template(
        x=np.array([30, 60], np.uint16),
        y=np.array([30, 60], np.uint16),
        angle=angle_from_radians(np.zeros(2)),
        kind=np.ones(2, np.uint8),
        quality=np.array([63, 21], np.uint8),
        width=image.width,
        height=image.height,
        overall_quality=40,
    )


def test_a_reading_has_the_foreground_of_the_print_and_the_mean_of_its_minutiae() -> None:
    image = render_plain(make_person(41, 0), 1, FingerPosition.RIGHT_INDEX).image
    reading = likeness.read(image, _fake)
    assert reading is not None
    assert (reading.minutiae, reading.quality) == (2, 40)
    assert reading.confidence == pytest.approx(2 / 3)
    assert 120 < reading.area_mm2 < 420
    assert reading.density == pytest.approx(200 / reading.area_mm2)


def test_an_image_that_cannot_be_used_is_left_out() -> None:
    def refuse(image: FingerImage) -> Template:
        raise EngineError("EXTRACT_NO_FOREGROUND", "the image shows no print")

    assert likeness.readings([FingerImage(np.full((90, 90), 250, np.uint8))], refuse, lambda: None) == []


def test_a_broken_extractor_is_no_unusable_image() -> None:
    def broken(image: FingerImage) -> Template:
        raise EngineError("EXTRACT_WEIGHTS", "the weights are missing")

    with pytest.raises(EngineError, match="EXTRACT_WEIGHTS"):
        likeness.read(FingerImage(np.full((90, 90), 250, np.uint8)), broken)


def test_only_prints_of_comparable_area_are_compared_by_count() -> None:
    ours = [Reading(40, 0.9, 90, 200.0), Reading(90, 0.9, 95, 600.0)]
    real = [Reading(38, 0.8, 80, 210.0)]
    measures = {m.name: m for m in likeness.compare({likeness.OURS: ours, likeness.REAL: real})}
    counts = measures["minutiae, comparable area"]
    assert (counts.groups[likeness.OURS].prints, counts.groups[likeness.REAL].prints) == (1, 1)
    assert counts.distance == 1
    assert measures["minutiae a 100 mm2"].groups[likeness.OURS].prints == 2
    assert measures["area, mm2"].distance == pytest.approx(0.5)


def test_without_real_prints_ours_stand_alone() -> None:
    figures = likeness.measure(_fake, lambda path: FingerImage(np.zeros((90, 90), np.uint8)), {}, 2)
    assert all(list(measure.groups) == [likeness.OURS] for measure in figures.measures if measure.groups)
    assert all(measure.distance is None and measure.by_chance is None for measure in figures.measures)
    with pytest.raises(SenderError, match="SYNTH_PRINTS"):
        likeness.measure(_fake, lambda path: FingerImage(np.zeros((90, 90), np.uint8)), {}, 0)


def test_sets_that_are_synthetic_themselves_are_a_group_of_their_own() -> None:
    names = [Path(f"101_{number}.png") for number in range(1, 9)]
    chosen = likeness.chosen_files({"fvc2002_db1_b": names, "fvc2002_db4_b": names})
    assert [path.name for path in chosen[likeness.REAL]] == ["101_1.png", "101_3.png", "101_5.png", "101_7.png"]
    assert len(chosen[likeness.SFINGE]) == 4


def _coded(image: FingerImage) -> EncodedImage:
    kept = np.ascontiguousarray(image.pixels[::3, ::5])
    kind = Impression.LIVESCAN_PLAIN
    size = (image.width, image.height)
    return EncodedImage(1, 14, FingerPosition.RIGHT_INDEX, kind, *size, 500, "WSQ20", kept.tobytes())


def test_packing_gives_the_ratio_of_sizes_and_the_noise_that_is_added() -> None:
    image = FingerImage(np.full((90, 100), 200, np.uint8))
    packed = packing.pack(image, lambda encoded: FingerImage(image.pixels + np.uint8(5)), _coded)
    assert packed.ratio == pytest.approx(15.0)
    assert packed.psnr_db == pytest.approx(20 * math.log10(255 / 5))
    same = packing.pack(image, lambda encoded: image, _coded)
    assert same.psnr_db == math.inf
    figures = packing.summarise([packed, packing.PackedImage(20.0, 30.0)])
    assert (figures.images, figures.ratios, figures.mean_ratio) == (2, (pytest.approx(15.0), 20.0), pytest.approx(17.5))
    with pytest.raises(SenderError, match="SYNTH_PRINTS"):
        packing.summarise([])


@pytest.mark.slow
def test_the_bench_says_why_real_sets_are_left_out(tmp_path: Path) -> None:
    import json

    from typer.testing import CliRunner

    from tenprint.cli.bench import app

    asked = ["synth", "--part", "likeness", "--prints", "1", "--sets", str(tmp_path), "--json"]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0
    report = json.loads(result.stdout)["likeness"]
    assert "no fingerprint sets" in report["skipped"]
    assert report["measures"][0]["groups"]["ours"]["prints"] == 3
