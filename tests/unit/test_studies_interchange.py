"""The study of another vendor's templates counts the right pairs and lays their squeezed coordinates over the image."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tenprint.core.errors import SenderError
from tenprint.core.fingers import FingerPosition, Impression
from tenprint.core.template import Template
from tenprint.records import templates
from tenprint.studies import accuracy, interchange
from tenprint.synth.person import make_person
from tenprint.synth.population import truth_templates

SAMPLES = Path(os.environ.get("TENPRINT_SAMPLES", Path(__file__).resolve().parents[2].parent / "shared/samples"))
FINGERS, IMPRESSIONS = 3, 3
SQUEEZED = (300, 400)


def invented(path: Path) -> Template:
    finger, impression = (int(part) for part in path.stem.split("_"))
    person = make_person(3, 0)
    return truth_templates(person, impression, Impression.LIVESCAN_PLAIN)[FingerPosition(finger - 100)]


def squeezed(template: Template) -> Template:
    """Return the template as made from an image squeezed to 300 x 400."""
    to_x, to_y = SQUEEZED[0] / template.width, SQUEEZED[1] / template.height
    direction = np.arctan2(np.sin(template.radians) * to_y, np.cos(template.radians) * to_x)
    return Template(
        x=(template.x * to_x).astype(np.uint16),
        y=(template.y * to_y).astype(np.uint16),
        angle=(np.rint(direction * 65536 / (2 * np.pi)).astype(np.int64) % 65536).astype(np.uint16),
        kind=template.kind,
        quality=template.quality,
        width=SQUEEZED[0],
        height=SQUEEZED[1],
    )


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    folder = tmp_path_factory.mktemp("interchange")
    images, theirs = folder / "images", folder / "theirs"
    images.mkdir()
    theirs.mkdir()
    for finger in range(101, 101 + FINGERS):
        for impression in range(1, IMPRESSIONS + 1):
            image = images / f"{finger}_{impression}.png"
            image.write_bytes(b"")
            (theirs / f"{image.stem}.iso").write_bytes(templates.write_iso([squeezed(invented(image))]))
    (images / "109_1.png").write_bytes(b"")  # no template of theirs
    return interchange.find_pairs(images, theirs)


def test_no_image_is_compared_with_itself_and_across_makers_there_are_twice_the_pairs(
    pairs: dict[str, tuple[Path, Path]],
) -> None:
    matcher = accuracy.Matcher(lambda t: t, lambda a, b: 1)
    figures = interchange.measure(pairs, invented, matcher)
    assert figures.images == FINGERS * IMPRESSIONS
    within, across = (FINGERS * 3, 3 * IMPRESSIONS**2), (FINGERS * 6, 6 * IMPRESSIONS**2)
    assert [(r.rates.genuine, r.rates.impostor) for r in figures.rows] == [within, within, across, across]


def test_each_row_compares_the_templates_that_it_names(pairs: dict[str, tuple[Path, Path]]) -> None:
    seen: list[tuple[str, str]] = []

    def whose(template: Template) -> str:
        # Ours know their finger; theirs were written without, and as written they are 300 wide.
        return "ours" if template.fgp else "written" if template.width == SQUEEZED[0] else "theirs"

    interchange.measure(pairs, invented, accuracy.Matcher(whose, lambda a, b: seen.append((a, b)) or 1))
    order = list(dict.fromkeys(seen))
    assert order == [("ours", "ours"), ("theirs", "theirs"), ("ours", "theirs"), ("ours", "written")]


def test_coordinates_and_angles_come_back_to_the_image_and_without_the_correction_they_do_not(
    pairs: dict[str, tuple[Path, Path]],
) -> None:
    for image, file in pairs.values():
        true = invented(image)
        record = templates.read(file.read_bytes(), strict=True)
        found = templates.to_template(record, laid_over=(true.width, true.height))
        assert (found.width, found.height) == (true.width, true.height)
        assert np.abs(found.x.astype(int) - true.x).max() <= 2
        assert np.abs(found.y.astype(int) - true.y).max() <= 2
        turned = (found.angle.astype(int) - true.angle + 32768) % 65536 - 32768
        assert np.abs(turned).max() <= 300
        raw = templates.to_template(record)
        assert np.abs(raw.x.astype(int) - true.x).max() > 2 or np.abs(raw.y.astype(int) - true.y).max() > 2


def test_folders_without_a_common_name_are_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(SenderError) as refused:
        interchange.find_pairs(tmp_path, tmp_path)
    assert refused.value.code == "SAMPLES_MISSING"
    assert "--theirs" in refused.value.hint


@pytest.mark.bench
@pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"no sample files in {SAMPLES}")
def test_templates_of_another_vendor_match_ours_nearly_as_well_as_each_other() -> None:
    from tenprint import bootstrap
    from tenprint.engine.compare import compare_prepared, prepare

    pairs = interchange.find_pairs(
        SAMPLES / "fingerprints/fvc2002_db1_b", SAMPLES / "templates/iso_secugen_fvc2002_db1_b"
    )
    matcher = accuracy.Matcher(prepare, lambda a, b: compare_prepared(a, b).score)
    _, theirs, across, as_written = interchange.measure(pairs, bootstrap.extract_file, matcher).rows
    assert (across.rates.genuine, across.rates.impostor) == (560, 5760)
    assert across.rates.eer < theirs.rates.eer + 0.01
    assert as_written.rates.eer > 5 * across.rates.eer
