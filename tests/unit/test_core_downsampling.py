"""1000 to 500 ppi: the filter that NIST advises, held against a slow twin written from its description."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tenprint.core.downsampling import to_500_ppi, weights
from tenprint.core.errors import EngineError
from tenprint.core.fingers import FingerPosition, Impression
from tenprint.core.image import FingerImage
from tenprint.engine import imaging
from tenprint.engine.parameters.extraction import DEFAULT_EXTRACTION

SIGMA, RADIUS = 0.8475, 4


def by_the_book(pixels, row, column):
    """Return the filtered value at one pixel as NISTIR 7839 describes it: a round Gaussian over a square, sum 1."""
    total = mass = 0.0
    for down in range(-RADIUS, RADIUS + 1):
        for right in range(-RADIUS, RADIUS + 1):
            weight = math.exp(-(down**2 + right**2) / (2 * SIGMA**2))
            total += weight * int(pixels[row + down, column + right])
            mass += weight
    return total / mass


def test_pixels_of_odd_rows_and_columns_are_the_gaussian_means_of_their_surroundings():
    pixels = np.random.default_rng(3).integers(0, 256, (41, 52), dtype=np.uint8)
    small = to_500_ppi(FingerImage(pixels, 1000)).pixels
    assert small.shape == (20, 26)
    for row in range(2, 18):
        for column in range(2, 23):
            expected = by_the_book(pixels, 2 * row + 1, 2 * column + 1)
            assert abs(float(small[row, column]) - expected) <= 0.501


def test_the_filter_is_symmetric_and_keeps_even_grey_up_to_the_edge():
    assert weights().shape == (9,)
    assert np.array_equal(weights(), weights()[::-1])
    for grey in (0, 100, 255):
        small = to_500_ppi(FingerImage(np.full((31, 33), grey, np.uint8), 1000))
        assert np.all(small.pixels == grey)


def test_detail_too_fine_for_500_ppi_fades_and_ridges_stay():
    columns = np.arange(300)
    for period, least, most in ((3.0, 0.0, 0.25), (18.0, 0.9, 1.0)):
        wave = np.tile(128 + 100 * np.cos(columns * 2 * np.pi / period), (60, 1)).astype(np.uint8)
        kept = to_500_ppi(FingerImage(wave, 1000)).pixels[10:-10, 10:-10].std() / wave.std()
        assert least <= kept <= most


def test_position_and_impression_stay_and_another_resolution_is_refused():
    image = FingerImage(np.zeros((40, 60), np.uint8), 1000, FingerPosition.LEFT_RING, Impression.LIVESCAN_ROLLED)
    small = to_500_ppi(image)
    assert (small.ppi, small.width, small.height) == (500, 30, 20)
    assert (small.fgp, small.impression) == (image.fgp, image.impression)
    for ppi in (500, 999, 2000):
        with pytest.raises(EngineError, match="IMAGE_PPI"):
            to_500_ppi(FingerImage(image.pixels, ppi))
    with pytest.raises(EngineError, match="IMAGE_SHAPE"):
        to_500_ppi(FingerImage(np.zeros((1, 60), np.uint8), 1000))


def test_the_engine_halves_1000_ppi_in_the_same_way():
    pixels = np.random.default_rng(5).integers(0, 256, (400, 420), dtype=np.uint8)
    image = FingerImage(pixels, 1000)
    assert np.array_equal(imaging.at_engine_resolution(image, DEFAULT_EXTRACTION), to_500_ppi(image).pixels)
