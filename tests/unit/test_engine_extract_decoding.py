"""From maps to minutiae, and from minutiae to a template."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenprint.core.fingers import FingerPosition, Impression
from tenprint.core.image import FingerImage
from tenprint.core.template import KIND_BIFURCATION, KIND_ENDING, Template
from tenprint.engine.imaging import Box
from tenprint.engine.minutiae.decoding import MinutiaSet, decoded
from tenprint.engine.minutiae.network import Maps
from tenprint.engine.parameters.extraction import DEFAULT_EXTRACTION as P
from tenprint.engine.template import overall_quality, template_of


def maps_of(quality, direction=None, kind=None):
    flat = np.zeros_like(quality)
    return Maps(quality, flat if direction is None else direction, flat if kind is None else kind, quality)


def test_a_peak_is_read_with_its_direction_kind_and_confidence():
    quality, direction, kind = (np.zeros((64, 96), dtype=np.float32) for _ in range(3))
    quality[20, 50], direction[20, 50], kind[20, 50] = 0.8, -1.5, 0.9
    quality[40, 10], direction[40, 10], kind[40, 10] = 0.9, 2.5, 0.1
    found = decoded(maps_of(quality, direction, kind), Box(0, 0, 96, 64), (64, 96), P)
    assert found.x.tolist() == [10, 50]
    assert found.y.tolist() == [40, 20]
    assert found.kind.tolist() == [KIND_BIFURCATION, KIND_ENDING]
    np.testing.assert_allclose(found.radians, [2.5, -1.5])
    np.testing.assert_allclose(found.confidence, [0.9, 0.8])


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_peaks_are_those_a_slow_search_finds(seed):
    quality = np.random.default_rng(seed).random((40, 48), dtype=np.float32)
    found = decoded(maps_of(quality), Box(0, 0, 48, 40), (40, 48), P)
    slow = set()
    for y in range(40):
        for x in range(48):
            window = quality[max(0, y - 3) : y + 4, max(0, x - 3) : x + 4]
            if quality[y, x] >= P.minutia_threshold and quality[y, x] == window.max():
                slow.add((x, y))
    assert set(zip(found.x.tolist(), found.y.tolist(), strict=True)) == slow
    assert np.all(np.diff(found.confidence) <= 0)


def test_coordinates_are_the_images_and_what_lies_beside_it_is_dropped():
    quality = np.zeros((64, 64), dtype=np.float32)
    quality[5, 30] = quality[30, 30] = quality[60, 30] = 0.7
    found = decoded(maps_of(quality), Box(96, -10, 160, 54), (50, 300), P)
    assert list(zip(found.x.tolist(), found.y.tolist(), strict=True)) == [(126, 20)]


def minutiae(count, confidence=0.9):
    x = np.arange(count, dtype=np.int64)
    certain = np.linspace(confidence, 0.3, count, dtype=np.float32)
    return MinutiaSet(x, x + 1, np.full(count, -0.5, dtype=np.float32), np.full(count, 1, dtype=np.uint8), certain)


IMAGE = FingerImage(
    np.zeros((400, 300), dtype=np.uint8), fgp=FingerPosition.LEFT_RING, impression=Impression.NONLIVE_ROLLED
)


def test_a_template_keeps_the_surest_and_says_whose_finger_it_is():
    template = template_of(minutiae(150), IMAGE, width=300, height=400, parameters=P)
    assert len(template) == P.max_minutiae
    assert template.x.tolist() == list(range(P.max_minutiae))
    assert (template.fgp, template.impression) == (FingerPosition.LEFT_RING, Impression.NONLIVE_ROLLED)
    assert (template.width, template.height) == (300, 400)
    assert template.quality[0] == round(0.9 * 63)
    assert np.isclose(template.radians[0], 2 * np.pi - 0.5, atol=1e-4)
    assert Template.from_bytes(template.to_bytes()).to_bytes() == template.to_bytes()


def test_no_minutiae_make_an_empty_template_of_quality_0():
    template = template_of(minutiae(0), IMAGE, width=300, height=400, parameters=P)
    assert len(template) == 0
    assert template.overall_quality == 0


@pytest.mark.parametrize(
    ("confidence", "expected"),
    [([], 0), ([1.0] * 30, 100), ([1.0] * 200, 100), ([0.5] * 30, 50), ([0.9] * 15, 45), ([0.6] * 300, 60)],
)
def test_overall_quality_counts_how_many_minutiae_there_are_and_how_sure(confidence, expected):
    assert overall_quality(np.array(confidence, dtype=np.float32), P) == expected


@given(st.lists(st.floats(0, 1, width=32), max_size=120), st.floats(0, 1, width=32))
def test_one_more_minutia_never_lowers_the_overall_quality(confidence, one_more):
    before = overall_quality(np.array(confidence, dtype=np.float32), P)
    after = overall_quality(np.array([*confidence, one_more], dtype=np.float32), P)
    assert 0 <= before <= after <= 100
