"""The door for pixels: resolution, foreground, crop on the network's grid."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenprint.core.errors import EngineError
from tenprint.core.image import FingerImage
from tenprint.engine import imaging
from tenprint.engine.imaging import Box
from tenprint.engine.parameters.extraction import DEFAULT_EXTRACTION as P


def print_on_paper(height, width, box, *, background=230, amplitude=80):
    """Return paper with slanted waves of a ridge's period inside `box`."""
    y, x = np.mgrid[:height, :width]
    waves = 128 + amplitude * np.cos(2 * np.pi * (0.6 * x + 0.8 * y) / 9)
    page = np.full((height, width), background, dtype=np.float64)
    inside = np.s_[box.top : box.bottom, box.left : box.right]
    page[inside] = waves[inside]
    return page.astype(np.uint8)


def test_at_500_ppi_the_pixels_are_passed_on_untouched():
    image = FingerImage(np.arange(100 * 100, dtype=np.uint16).reshape(100, 100).astype(np.uint8))
    assert imaging.at_engine_resolution(image, P) is image.pixels


@pytest.mark.parametrize(("ppi", "side", "expected"), [(1000, 400, 200), (569, 569, 500), (250, 100, 200)])
def test_other_resolutions_become_500_ppi(ppi, side, expected):
    pixels = np.full((side, side), 77, dtype=np.uint8)
    resampled = imaging.at_engine_resolution(FingerImage(pixels, ppi=ppi), P)
    assert resampled.shape == (expected, expected)
    assert resampled.dtype == np.uint8
    assert np.all(resampled == 77)


def test_resolutions_that_no_standard_filter_covers_are_averaged_by_area():
    pixels = np.tile(np.array([0, 200], dtype=np.uint8), (400, 200))
    assert np.all(imaging.at_engine_resolution(FingerImage(pixels, ppi=2000), P) == 100)


@pytest.mark.parametrize(("height", "width", "ppi"), [(8, 500, 500), (63, 500, 500), (120, 120, 1000), (1, 1, 500)])
def test_a_side_under_the_least_one_is_refused(height, width, ppi):
    image = FingerImage(np.zeros((height, width), dtype=np.uint8), ppi=ppi)
    with pytest.raises(EngineError, match="EXTRACT_TOO_SMALL"):
        imaging.at_engine_resolution(image, P)


def test_an_image_too_large_at_500_ppi_is_refused_before_it_is_made():
    image = FingerImage(np.zeros((4000, 4000), dtype=np.uint8), ppi=200)
    with pytest.raises(EngineError, match="EXTRACT_TOO_LARGE"):
        imaging.at_engine_resolution(image, P)


def test_the_foreground_is_where_the_ridges_are():
    truth = Box(120, 160, 320, 400)
    blocks = imaging.foreground(print_on_paper(512, 448, truth), P)
    seen = np.kron(blocks, np.ones((8, 8), dtype=bool))
    inside, near = np.zeros_like(seen), np.zeros_like(seen)
    reach = 3 * P.block_px
    inside[truth.top : truth.bottom, truth.left : truth.right] = True
    near[truth.top - reach : truth.bottom + reach, truth.left - reach : truth.right + reach] = True
    assert (seen & inside).sum() > 0.97 * inside.sum()
    assert not (seen & ~near).any()


def test_the_grain_of_paper_is_no_print():
    generator = np.random.default_rng(5)
    truth = Box(64, 64, 256, 256)
    page = print_on_paper(512, 512, truth, background=200).astype(np.float64)
    grainy = np.clip(page + generator.normal(0, 8, page.shape), 0, 255).astype(np.uint8)
    box = imaging.crop_box(imaging.foreground(grainy, P), grainy, P)
    assert box.right <= 256 + P.margin_px + 4 * P.block_px
    assert box.bottom <= 256 + P.margin_px + 4 * P.block_px


def test_both_fingers_of_a_slap_stay():
    page = print_on_paper(400, 600, Box(40, 100, 220, 360))
    page[:, 300:] = print_on_paper(400, 600, Box(340, 60, 560, 360))[:, 300:]
    box = imaging.crop_box(imaging.foreground(page, P), page, P)
    assert box.left <= 40
    assert box.right >= 560


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_blank_image_shows_no_print(value):
    blank = np.full((300, 300), value, dtype=np.uint8)
    with pytest.raises(EngineError, match="EXTRACT_NO_FOREGROUND"):
        imaging.crop_box(imaging.foreground(blank, P), blank, P)


def test_too_much_print_is_refused():
    pixels = np.zeros((2000, 2000), dtype=np.uint8)
    with pytest.raises(EngineError, match="EXTRACT_TOO_LARGE"):
        imaging.crop_box(np.ones((250, 250), dtype=bool), pixels, P)


@given(st.data(), st.integers(64, 300), st.integers(64, 300))
def test_the_network_sees_a_piece_of_the_canvas_its_author_would_have_made(data, height, width):
    pixels = np.random.default_rng(height * 1000 + width).integers(0, 256, (height, width), dtype=np.uint8)
    left, top = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    box = Box(left, top, data.draw(st.integers(left + 1, width)), data.draw(st.integers(top + 1, height)))
    whole = whole_canvas(pixels)
    part, at = imaging.network_input(pixels, box, P.grid_px)
    above, before = (-height % 32) // 2, (-width % 32) // 2
    assert part.shape[2] % 32 == part.shape[3] % 32 == 0
    assert (at.top + above) % 32 == (at.left + before) % 32 == 0
    assert at.left <= left
    assert at.top <= top
    assert at.right >= box.right
    assert at.bottom >= box.bottom
    expected = whole[at.top + above : at.bottom + above, at.left + before : at.right + before]
    assert np.array_equal(part[0, 0], expected)


def whole_canvas(pixels):
    """Lay the image in the middle of a canvas of multiples of 32, filled with the first pixel."""
    height, width = pixels.shape
    below, beside = -height % 32, -width % 32
    borders = ((below // 2, below - below // 2), (beside // 2, beside - beside // 2))
    return np.pad(pixels, borders, constant_values=pixels[0, 0]).astype(np.float32)
