"""Extraction as its callers see it: one pure function, coded errors, a version, traces."""

import dataclasses

import numpy as np
import pytest

from tenprint.core.errors import EngineError
from tenprint.core.image import FingerImage
from tenprint.core.trace import collect
from tenprint.engine import extract as extraction
from tenprint.engine.extract import EXTRACTOR_VERSION, extract, extractor_version, warm, weights_path
from tenprint.engine.parameters.extraction import DEFAULT_EXTRACTION

KEYS = ["pixels", "foreground", "crop", "position", "direction", "kind", "quality", "minutiae"]


def waves_with_dislocations(height=256, width=224):
    """Return ridges with five extra half ridges, at places and with turns known by construction."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    phase = 2 * np.pi * y / 9
    places = [(60, 70), (160, 60), (110, 130), (60, 190), (165, 200)]
    for sign, (left, top) in zip((1, -1, 1, -1, 1), places, strict=True):
        phase += sign * np.arctan2(y - top, x - left)
    return np.clip(128 + 90 * np.cos(phase), 0, 255).astype(np.uint8), places


def test_minutiae_are_found_where_ridges_begin():
    pixels, places = waves_with_dislocations()
    template = extract(FingerImage(pixels))
    found = np.stack([template.x, template.y], axis=1).astype(np.float64)
    for place in places:
        assert np.hypot(*(found - place).T).min() < 10, place


def test_a_half_turn_of_the_image_turns_positions_and_angles():
    pixels, _ = waves_with_dislocations()
    upright, turned = extract(FingerImage(pixels)), extract(FingerImage(pixels[::-1, ::-1].copy()))
    matched = 0
    for x, y, angle, quality in zip(upright.x, upright.y, upright.angle, upright.quality, strict=True):
        gap = np.hypot(turned.x.astype(float) - (223 - x), turned.y.astype(float) - (255 - y))
        nearest = int(gap.argmin())
        if quality < 32 or gap[nearest] > 5:
            continue
        matched += 1
        turn = (int(turned.angle[nearest]) - int(angle)) % 65536
        assert abs(turn - 32768) < 65536 // 24
    assert matched >= 4


def test_the_same_image_gives_the_same_bytes():
    pixels, _ = waves_with_dislocations()
    assert extract(FingerImage(pixels)).to_bytes() == extract(FingerImage(pixels.copy())).to_bytes()


def test_a_finer_image_gives_positions_at_500_ppi():
    pixels, _ = waves_with_dislocations()
    fine = np.kron(pixels, np.ones((2, 2), dtype=np.uint8))
    template = extract(FingerImage(fine, ppi=1000))
    assert (template.width, template.height) == (224, 256)
    coarse = extract(FingerImage(pixels))
    apart = np.hypot(*(np.subtract.outer(getattr(template, axis), getattr(coarse, axis), dtype=float) for axis in "xy"))
    assert len(template) == len(coarse) > 0
    assert apart.min(axis=0).max() < 2


def test_intermediates_are_traced_in_order_and_only_for_who_listens():
    pixels, _ = waves_with_dislocations()
    with collect() as seen:
        extract(FingerImage(pixels))
    assert list(seen) == [f"extract.{key}" for key in KEYS]
    assert seen["extract.quality"].shape == seen["extract.position"].shape
    assert len({id(value) for value in seen.values()}) == len(KEYS)


def test_every_trace_key_is_told_in_the_modules_docstring():
    for key in KEYS:
        assert f"``extract.{key}``" in extraction.__doc__


@pytest.mark.parametrize(
    ("pixels", "ppi", "code"),
    [
        (np.full((400, 400), 255, dtype=np.uint8), 500, "EXTRACT_NO_FOREGROUND"),
        (np.zeros((400, 400), dtype=np.uint8), 500, "EXTRACT_NO_FOREGROUND"),
        (np.full((8, 500), 90, dtype=np.uint8), 500, "EXTRACT_TOO_SMALL"),
        (np.full((1, 1), 90, dtype=np.uint8), 500, "EXTRACT_TOO_SMALL"),
        (np.full((128, 128), 90, dtype=np.uint8), 2000, "EXTRACT_TOO_SMALL"),
        (np.zeros((6000, 6000), dtype=np.uint8), 500, "EXTRACT_TOO_LARGE"),
    ],
    ids=["white", "black", "strip", "one pixel", "small at its resolution", "huge"],
)
def test_an_image_that_cannot_be_a_print_is_refused_with_a_code(pixels, ppi, code):
    with pytest.raises(EngineError) as refusal:
        extract(FingerImage(pixels, ppi=ppi))
    assert refusal.value.code == code


def test_noise_gives_hardly_a_minutia_and_no_crash():
    noise = np.random.default_rng(7).integers(0, 256, (256, 256), dtype=np.uint8)
    try:
        template = extract(FingerImage(noise))
    except EngineError as refusal:
        assert refusal.code == "EXTRACT_NO_FOREGROUND"
    else:
        assert len(template) <= 5
        assert template.overall_quality <= 10


def test_the_version_changes_with_any_number():
    for field in dataclasses.fields(DEFAULT_EXTRACTION):
        changed = dataclasses.replace(DEFAULT_EXTRACTION, **{field.name: getattr(DEFAULT_EXTRACTION, field.name) * 2})
        assert extractor_version(changed) != EXTRACTOR_VERSION, field.name
    assert extractor_version(DEFAULT_EXTRACTION) == EXTRACTOR_VERSION


def test_a_higher_threshold_gives_a_part_of_the_minutiae():
    pixels, _ = waves_with_dislocations()
    strict = dataclasses.replace(DEFAULT_EXTRACTION, minutia_threshold=0.6)
    loose, sure = extract(FingerImage(pixels)), extract(FingerImage(pixels), parameters=strict)
    assert 0 < len(sure) <= len(loose)
    assert sure.x.tolist() == loose.x[: len(sure)].tolist()


def test_warming_builds_the_network_from_the_installed_weights():
    warm()
    assert weights_path().name == "LEADER.weights.h5"
