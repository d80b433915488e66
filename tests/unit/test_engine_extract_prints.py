"""Extraction on real prints, where the samples are at hand."""

import dataclasses
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tenprint.core.image import FingerImage
from tenprint.core.template import KIND_BIFURCATION, KIND_ENDING
from tenprint.core.trace import collect
from tenprint.engine.extract import extract
from tenprint.engine.parameters.extraction import DEFAULT_EXTRACTION

BESIDE = Path(__file__).resolve().parents[2].parent / "shared/samples"
SAMPLES = Path(os.environ.get("TENPRINT_SAMPLES", BESIDE))
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"real prints are absent: no folder {SAMPLES}")

METRE_PER_INCH = 0.0254


def finger_image(set_and_file):
    with Image.open(SAMPLES / "fingerprints" / set_and_file) as picture:
        return FingerImage(np.asarray(picture.convert("L")), ppi=round(picture.info["dpi"][0]))


def iso_minutiae(name):
    """Return x, y, radians and kind of a SecuGen template, laid over the image it was squeezed from."""
    data = (SAMPLES / "templates/iso_secugen_fvc2002_db1_b" / f"{name}.iso").read_bytes()
    rows = [struct.unpack(">HHBB", data[28 + 6 * n : 34 + 6 * n]) for n in range(data[27])]
    x, y, angle, _ = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    kind = x.astype(int) >> 14
    return (x.astype(int) & 0x3FFF) * 388 / 300, (y.astype(int) & 0x3FFF) * 374 / 400, angle * 2 * np.pi / 256, kind


@pytest.mark.slow
def test_another_makers_minutiae_are_found_at_their_place_with_their_angle_and_kind():
    total = near = turned = same_kind = 0
    for name in ("101_1", "102_1", "104_1", "107_1", "109_1"):
        template = extract(finger_image(f"fvc2002_db1_b/{name}.png"))
        for x, y, radians, kind in zip(*iso_minutiae(name), strict=True):
            gap = np.hypot(template.x - x, template.y - y)
            nearest = int(gap.argmin())
            total += 1
            if gap[nearest] > 10:
                continue
            near += 1
            turn = np.angle(np.exp(1j * (template.radians[nearest] - radians)))
            turned += abs(turn) < np.radians(40)  # the squeezed image distorts their angles
            same_kind += template.kind[nearest] == (KIND_ENDING if kind == 1 else KIND_BIFURCATION)
    assert near > 0.8 * total
    assert turned > 0.95 * near
    assert same_kind > 0.75 * near


@pytest.mark.slow
@pytest.mark.parametrize(
    "print_name", ["fvc2002_db1_b/103_4.png", "fvc2000_db4_b/101_1.png", "fvc2002_db2_b/105_4.png"]
)
def test_the_crop_gives_what_the_whole_image_gives(print_name):
    image = finger_image(print_name)
    whole = dataclasses.replace(DEFAULT_EXTRACTION, margin_px=2000)
    with collect(("extract.position",)) as seen:
        cut, full = extract(image), extract(image, parameters=whole)
    assert seen["extract.position"].size >= cut.width * cut.height
    gap = np.hypot(full.x[:, None].astype(float) - cut.x, full.y[:, None].astype(float) - cut.y)
    sure = full.quality >= round(0.45 * 63)
    assert np.mean(gap.min(axis=1)[sure] < 2) >= 0.97


@pytest.mark.slow
def test_every_development_set_gives_templates_worth_comparing():
    for folder in sorted((SAMPLES / "fingerprints").iterdir()):
        template = extract(finger_image(f"{folder.name}/103_2.png"))
        assert 10 <= len(template) <= DEFAULT_EXTRACTION.max_minutiae, folder.name
        assert template.overall_quality >= 25, folder.name


@pytest.mark.slow
def test_a_print_at_569_ppi_is_read_at_500():
    image = finger_image("fvc2002_db2_b/101_1.png")
    assert image.ppi == 569
    template = extract(image)
    assert (template.width, template.height) == (round(image.width * 500 / 569), round(image.height * 500 / 569))
