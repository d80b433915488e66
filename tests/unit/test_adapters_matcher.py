"""Extraction by way of cache, codec and workers: each image once, each failure with its reason."""

import os
from pathlib import Path

import numpy as np
import pytest

from tenprint.adapters import pool as pools
from tenprint.adapters.matcher import Extractor, LocalMatcher
from tenprint.adapters.pool import Failed, WorkerPool, default_workers
from tenprint.adapters.templates import TemplateCache
from tenprint.core.candidate import SearchResult
from tenprint.core.errors import RecordError, SenderError
from tenprint.core.fingers import FingerPosition, Impression
from tenprint.core.image import FingerImage
from tenprint.core.template import Template
from tenprint.records import EncodedImage


def encoded(fgp: int = 1, data: bytes = b"print", impression: int = 1) -> EncodedImage:
    return EncodedImage(1, 14, FingerPosition(fgp), Impression(impression), 8, 8, 500, "NONE", data)


def template(count: int = 5, fgp: int = 1) -> Template:
    column = np.arange(count, dtype=np.uint16)
    kinds = np.ones(count, np.uint8)
    return Template(column, column, column, kinds, kinds, 300, 300, FingerPosition(fgp))


class CountingPool:
    """Answers with as many minutiae as the first pixel says; 0 gives an empty template, 255 a failure."""

    def __init__(self) -> None:
        self.images = 0

    def run(self, images):
        self.images += len(images)
        counts = [(int(image.pixels[0, 0]), image.fgp) for image in images]
        return [Failed("EXTRACT_NO_FOREGROUND", "nothing there") if n == 255 else template(n, fgp) for n, fgp in counts]

    def close(self) -> None:
        pass


def decode(image: EncodedImage) -> FingerImage:
    if image.data.startswith(b"bad"):
        raise RecordError("IMAGE_DECODE", "cannot be decoded")
    return FingerImage(np.full((8, 8), image.data[0], np.uint8), fgp=image.fgp)


def extractor(root: Path, version: str = "v1"):
    pool = CountingPool()
    return Extractor(TemplateCache(root, version), decode, pool), pool


def test_an_image_is_extracted_once_per_extractor_version(tmp_path: Path) -> None:
    first, pool = extractor(tmp_path)
    images = [encoded(1, b"\x07"), encoded(2, b"\x09")]
    found = first.extract(images)
    assert {fgp: len(t) for fgp, t in found.templates.items()} == {1: 7, 2: 9}
    again, idle = extractor(tmp_path)
    repeated = again.extract(images)
    assert [t.to_bytes() for t in repeated.templates.values()] == [t.to_bytes() for t in found.templates.values()]
    assert (pool.images, idle.images) == (2, 0)
    newer, busy = extractor(tmp_path, "v2")
    newer.extract(images)
    assert busy.images == 2


def test_only_single_fingers_are_extracted(tmp_path: Path) -> None:
    line, pool = extractor(tmp_path)
    found = line.extract([encoded(0, b"\x05"), encoded(13, b"\x05"), encoded(10, b"\x05")])
    assert list(found.templates) == [FingerPosition.LEFT_LITTLE]
    assert (pool.images, found.failures) == (1, {})


def test_a_position_fails_with_its_reason_and_the_others_go_on(tmp_path: Path) -> None:
    line, _ = extractor(tmp_path)
    found = line.extract([encoded(1, b"bad"), encoded(2, b"\xff"), encoded(3, b"\x00"), encoded(4, b"\x05")])
    assert list(found.templates) == [4]
    assert found.failures == {
        1: "IMAGE_DECODE: cannot be decoded",
        2: "EXTRACT_NO_FOREGROUND: nothing there",
        3: "EXTRACT_NO_MINUTIAE: the image shows no sure minutia",
    }


def test_of_several_images_of_a_finger_the_richest_counts_and_a_bad_one_does_no_harm(tmp_path: Path) -> None:
    line, _ = extractor(tmp_path)
    found = line.extract([encoded(1, b"\x05"), encoded(1, b"\x09"), encoded(1, b"\x07"), encoded(1, b"bad")])
    assert len(found.templates[FingerPosition.RIGHT_THUMB]) == 9
    assert found.failures == {}


def test_a_prepared_template_needs_no_pixels(tmp_path: Path) -> None:
    cache = TemplateCache(tmp_path, "v1")
    image = encoded(1, b"bad, but prepared")
    cache.put(image.digest, template(12))
    line, pool = extractor(tmp_path)
    assert len(line.extract([image]).templates[FingerPosition.RIGHT_THUMB]) == 12
    assert pool.images == 0


def test_a_cache_asks_for_its_version_only_when_it_is_used(tmp_path: Path) -> None:
    asked: list[str] = []

    def version() -> str:
        asked.append("v1")
        return "v1"

    cache = TemplateCache(tmp_path, version)
    assert asked == []
    cache.put("abcd", template(3))
    assert (len(TemplateCache(tmp_path, "v1").get("abcd") or ()), cache.get("ffff"), asked) == (3, None, ["v1"])


def test_a_damaged_cache_file_is_made_anew(tmp_path: Path) -> None:
    line, _ = extractor(tmp_path)
    image = encoded(1, b"\x07")
    line.extract([image])
    (file,) = tmp_path.rglob("*.tpt")
    file.write_bytes(file.read_bytes()[:-3])
    assert len(line.extract([image]).templates[FingerPosition.RIGHT_THUMB]) == 7
    assert len(Template.from_bytes(file.read_bytes())) == 7


def test_a_party_without_gallery_says_so_and_one_with_opens_it_once(tmp_path: Path) -> None:
    class Gallery:
        opened = 0

        def __init__(self) -> None:
            Gallery.opened += 1

        def search(self, probe, limit) -> SearchResult:
            return SearchResult((), 0)

    line, _ = extractor(tmp_path)
    with pytest.raises(SenderError, match="NO_GALLERY"):
        LocalMatcher(line, None).search({}, 5)
    matcher = LocalMatcher(line, Gallery)
    assert Gallery.opened == 0
    matcher.search({}, 5)
    matcher.search({}, 5)
    assert Gallery.opened == 1


def test_enrolling_the_same_again_changes_nothing_and_others_replace_it(tmp_path: Path) -> None:
    class Gallery(dict):
        changes = 0

        def templates(self, subject_id):
            return self[subject_id]

        def enroll(self, subject_id, templates) -> None:
            self.changes += 1
            self[subject_id] = templates

    gallery = Gallery()
    matcher = LocalMatcher(extractor(tmp_path)[0], lambda: gallery)
    thumb = FingerPosition.RIGHT_THUMB
    for templates in ({thumb: template(5)}, {thumb: template(5)}, {thumb: template(6)}, {thumb: template(6)}):
        matcher.enroll("S1", templates)
    assert (gallery.changes, len(gallery["S1"][thumb])) == (2, 6)


def test_one_core_is_left_free() -> None:
    assert default_workers() == max(1, len(os.sched_getaffinity(0)) - 1)


class _Suspect(FingerImage):
    """An image that ends whatever process unpacks it."""

    def __reduce__(self):
        return os._exit, (3,)


@pytest.mark.slow
def test_an_image_that_kills_its_worker_fails_alone(monkeypatch) -> None:
    monkeypatch.setattr(pools, "_prepare_worker", _nothing)
    monkeypatch.setattr(pools, "_extracted", _measured)
    pool = WorkerPool(1)
    fine = FingerImage(np.zeros((20, 30), np.uint8))
    outcomes = pool.run([fine, _Suspect(np.zeros((20, 30), np.uint8)), fine])
    pool.close()
    assert outcomes == [(20, 30), Failed("EXTRACT_CRASHED", "the extractor's process ended on this image"), (20, 30)]


def _nothing() -> None:
    pass


def _measured(image: FingerImage):
    return image.pixels.shape
