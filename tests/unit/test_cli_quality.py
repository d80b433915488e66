"""`tenprint quality`: cards and bare images, what to take again, what cannot be read; NFIQ 2 when it is there."""

from __future__ import annotations

import json
import os
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from tenprint import records
from tenprint.cli import quality
from tenprint.cli.app import app
from tenprint.core.errors import EngineError
from tenprint.core.fingers import FingerPosition, Impression
from tenprint.core.image import FingerImage
from tenprint.engine.slaps import SegmentedFinger, Slap, segment
from tenprint.records.images import nfiq2, write_png
from tenprint.records.itl.impressions import EncodedImage, FingerSegment, MissingFinger, QualityMetric
from tenprint.records.itl.writer import TaggedRecord, finger_record, write
from tenprint.synth.cards import SlapLayout, render_plain, render_plain_set
from tenprint.synth.conditions import Condition
from tenprint.synth.person import make_person

HEADER = {2: "0502", 4: "CAR", 5: "20101004", 7: "FBICJIS00", 8: "COSIB0000", 9: "TCN-1", 11: "19.69", 12: "19.69"}
STUB = """
class NbisExtractorSettings:
    def __init__(self, **given):
        assert given["compute_nfiq2"] and given["ppi"] == 500.0
class Value:
    name, value = "Contrast", 1.5
class Found:
    actionable = [Value()]
    score = 61
    def quality(self): return self
    def extract_minutiae(self, data):
        {what}
        return self
def new_nbis_extractor(settings): return Found()
"""


@pytest.fixture(scope="module")
def dry() -> FingerImage:
    made = render_plain(make_person(6301, 1), 1, FingerPosition.RIGHT_RING, Condition.DRY)
    return FingerImage(np.ascontiguousarray(made.image.pixels), 500, made.image.fgp, made.image.impression)


def encoded(image: FingerImage, fgp: FingerPosition, *qualities: QualityMetric) -> EncodedImage:
    return EncodedImage(
        0, 14, fgp, image.impression, image.width, image.height, 500, "PNG", write_png(image), qualities=qualities
    )  # fmt: skip


def card(*images: EncodedImage, amp: str = "") -> bytes:
    second = [TaggedRecord(2, {84: [[amp, "XX"]]})] if amp else []
    return write(HEADER, [*second, *(finger_record(image, "COSIB0000", "20101004") for image in images)])


def stripes(height: int, width: int) -> FingerImage:
    return FingerImage(np.tile((np.arange(width) // 5 % 2 * 200 + 30).astype(np.uint8), (height, 1)))


@pytest.mark.slow
def test_a_card_is_judged_finger_by_finger_and_a_bad_image_does_not_hide_the_others(
    tmp_path: Path, dry: FingerImage
) -> None:
    broken = EncodedImage(0, 14, FingerPosition.LEFT_RING, dry.impression, 300, 300, 500, "PNG", b"\x89PNG nothing")
    path = tmp_path / "card.an2"
    path.write_bytes(card(encoded(dry, dry.fgp), broken))
    done = CliRunner().invoke(app, ["quality", str(path), str(tmp_path / "none.an2"), "--json"])
    assert done.exit_code == 2  # one file is not there
    (report,) = json.loads(done.stdout)
    (finger,) = report["fingers"]
    assert finger["position"] == "right ring" and "too_dry" in finger["causes"] and finger["nfiq2"] is None
    assert report["failures"] == ["left ring: IMAGE_DECODE: the data is no WSQ, PNG, JPEG or JPEG 2000 image"]
    assert "FILE_MISSING" in done.stderr


@pytest.mark.slow
def test_a_bare_image_takes_position_and_resolution_from_the_command(tmp_path: Path, dry: FingerImage) -> None:
    path = tmp_path / "[red]finger.png"
    path.write_bytes(write_png(FingerImage(dry.pixels[:300, :260])))
    told = CliRunner().invoke(app, ["quality", str(path), "--fgp", "4", "--rolled"])
    assert told.exit_code == 0, told.output
    flat = " ".join(told.stdout.split())
    assert "[red]finger.png" in flat and "1. Retake the right ring finger (rolled): " in flat
    assert "too little of the finger" in flat
    assert "nothing about the person" in flat


@pytest.mark.parametrize("shown", [FingerImage(np.full((900, 1500), 255, np.uint8)), stripes(900, 1500)])
def test_a_plain_set_without_a_finger_is_said_and_is_no_success(tmp_path: Path, shown: FingerImage) -> None:
    path = tmp_path / "card.an2"
    path.write_bytes(card(encoded(shown, FingerPosition.PLAIN_RIGHT_FOUR)))
    done = CliRunner().invoke(app, ["quality", str(path), "--json"])
    (report,) = json.loads(done.stdout)
    assert done.exit_code == 1 and report["fingers"] == []
    assert [line.partition(": ")[2].partition(",")[0] for line in report["failures"]] == [
        "SLAP_EMPTY: no finger was found in it; look at it"
    ]
    told = CliRunner().invoke(app, ["quality", str(path)]).stdout
    assert "no finger could be judged" in told and "plain right four: SLAP_EMPTY" in told
    assert "Nothing to take again" not in told


@pytest.mark.slow
@pytest.mark.parametrize("where", ["2.084", "14.018"])
def test_a_finger_that_the_card_names_as_missing_is_never_asked_for_again(tmp_path: Path, where: str) -> None:
    ring = FingerPosition.LEFT_RING
    four = FingerPosition.PLAIN_LEFT_FOUR
    hand = render_plain_set(
        make_person(6301, 1), 1, four, Condition.GOOD, layout=SlapLayout(missing=frozenset({ring}))
    ).image
    # The gap is closed: by its place alone the middle finger is taken for the one that is gone.
    closed = np.concatenate([np.full((hand.height, 330), 255, np.uint8), hand.pixels[:, :430], hand.pixels[:, 760:]], 1)
    assert ring in {f.fgp for f in segment(replace(hand, pixels=closed)).fingers}
    plain = encoded(replace(hand, pixels=closed), four)
    if where == "14.018":
        plain = replace(plain, missing=(MissingFinger(ring, "XX"),))
    rolled = replace(encoded(FINGER, ring), impression=Impression.LIVESCAN_ROLLED)
    path = tmp_path / "card.an2"
    path.write_bytes(card(plain, rolled, amp="09" if where == "2.084" else ""))
    (report,) = json.loads(CliRunner().invoke(app, ["quality", str(path), "--json"]).stdout)
    assert sorted(f["fgp"] for f in report["fingers"]) == [7, 8, 10]
    assert report["failures"] == [] and not any("left ring" in sentence for sentence in report["retakes"])
    assert report["missing"] == [
        "left ring: named as missing, and the plain left four does not show it",
        "left ring: named as missing; the image in its place is not judged",
    ]


@pytest.mark.parametrize("doubt", ["unsure", "unexpected", "absent"])
def test_a_finger_of_a_set_that_is_unsure_is_not_judged_and_said(doubt: str) -> None:
    index, middle = FingerPosition.RIGHT_INDEX, FingerPosition.RIGHT_MIDDLE
    boxes = tuple(
        SegmentedFinger(f, 0, 9, 0, 9, 0.79 if f is middle and doubt == "unsure" else 1.0) for f in (index, middle)
    )
    found = Slap(
        boxes[:1] if doubt == "absent" else boxes,
        0.0,
        frozenset({middle} if doubt == "absent" else ()),
        frozenset({middle} if doubt == "unexpected" else ()),
    )
    assert [one.fgp for one in found.sure] == [index]
    (told,) = quality.left_out("plain right four", found, frozenset())
    assert told.failure.startswith(f"right middle: SLAP_{doubt.upper()}: ")


@pytest.mark.slow
def test_under_a_poor_print_nobody_reads_that_all_is_well(tmp_path: Path) -> None:
    path = tmp_path / "stripes.png"
    path.write_bytes(write_png(stripes(600, 600)))
    told = CliRunner().invoke(app, ["quality", str(path), "--fgp", "2"]).stdout
    assert "poor" in told and "Nothing to take again" not in told
    assert "Keep the right index finger (plain): poor. No cause was found that another try would mend." in told


@pytest.mark.parametrize("mode", ["RGB", "I;16"])
def test_a_png_that_is_no_8_bit_grayscale_is_told_so(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "finger.png"
    Image.new(mode, (300, 300)).save(path, dpi=(500, 500))
    done = CliRunner().invoke(app, ["quality", str(path)])
    assert done.exit_code == 2
    assert f"IMAGE_DECODE the PNG image is not 8-bit grayscale but of mode {mode}" in done.stderr
    path.write_bytes(b"\xff\xa0\xff")
    assert "next: EBTS" not in CliRunner().invoke(app, ["quality", str(path)]).stderr


@pytest.mark.parametrize("data", [b"", b"nothing", b"\x89PNG\r\n\x1a\n", b"\xff\xa0\xff"])
def test_what_is_no_image_and_no_card_is_refused_with_a_code(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    done = CliRunner().invoke(app, ["quality", str(path), "--json"])
    assert done.exit_code == 2 and json.loads(done.stdout) == []
    assert done.stderr.startswith(("NO_FINGER_IMAGE", "IMAGE_DECODE"))


@pytest.mark.slow
def test_a_small_card_of_many_large_images_takes_one_at_a_time(tmp_path: Path) -> None:
    sheet = FingerImage(np.full((4_800, 4_900), 255, np.uint8), 500)
    path = tmp_path / "large.an2"
    path.write_bytes(card(*[encoded(sheet, FingerPosition.LEFT_RING)] * 20))
    tracemalloc.start()
    try:
        done = CliRunner().invoke(app, ["quality", str(path), "--json"])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    (report,) = json.loads(done.stdout)
    assert done.exit_code == 1 and len(report["failures"]) == 20 and "EXTRACT_TOO_LARGE" in report["failures"][0]
    assert peak < 6 * sheet.pixels.nbytes  # all of them would be twenty times


def stub(folder: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Put a library of the name in the way that does what the real one was seen to do."""
    (folder / "nbis.py").write_text(STUB.format(what=what))
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))


FINGER = FingerImage(np.full((300, 260), 200, np.uint8), 500, FingerPosition.RIGHT_RING, Impression.LIVESCAN_PLAIN)


def test_a_measure_is_written_as_14_024_and_is_no_finding_of_the_standard() -> None:
    metric = nfiq2.Nfiq2Score(61, {}).metric(FINGER)
    data = card(encoded(FINGER, FINGER.fgp, metric))
    assert b"\x1d14.024:4\x1f61\x1f0101\x1f57\x1d" in data
    findings = records.validate_itl(records.read(data, strict=True))
    assert [f for f in findings if f.field.startswith("14.024")] == []
    wrong = card(encoded(FINGER, FINGER.fgp, QualityMetric(FingerPosition.LEFT_LITTLE, 101, "1", 57)))
    found = records.validate_itl(records.read(wrong, strict=True))
    assert [f for f in found if f.field.startswith("14.024")] != []


@pytest.mark.parametrize(
    "what",
    [
        "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
        "raise RuntimeError('error -80')",
        "self.score = 101",
        "self.score = float('nan')",
        "bytearray(1 << 32)",
        "import os; os._exit(0)",
    ],
    ids=["a signal", "an exception", "an impossible score", "no number", "four gigabytes", "a silent end"],
)
def test_whatever_the_library_does_ends_with_its_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    stub(tmp_path, monkeypatch, what)
    with pytest.raises(EngineError, match="NFIQ2_FAILED"):
        nfiq2.nfiq2(FINGER)


def test_the_library_is_stopped_when_it_takes_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub(tmp_path, monkeypatch, "import time; time.sleep(600)")
    monkeypatch.setattr(nfiq2, "TIME_LIMIT_SECONDS", 1.0)
    with pytest.raises(EngineError, match="NFIQ2_FAILED"):
        nfiq2.nfiq2(FINGER)


def test_what_the_library_prints_does_not_reach_the_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub(tmp_path, monkeypatch, "print('noise'); import os; os.write(1, b'noise')")
    assert nfiq2.nfiq2(FINGER) == nfiq2.Nfiq2Score(61, {"Contrast": 1.5})


@pytest.mark.parametrize("size", [(500, 8), (1, 1), (149, 300), (1700, 300), (1500, 1100)])
def test_sizes_that_are_no_finger_never_reach_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    stub(tmp_path, monkeypatch, f"open({str(tmp_path / 'reached')!r}, 'w')")
    with pytest.raises(EngineError, match="NFIQ2_SIZE"):
        nfiq2.nfiq2(FingerImage(np.full(size, 200, np.uint8)))
    assert not (tmp_path / "reached").exists()


@pytest.mark.parametrize(
    ("size", "kept"), [((300, 804), (300, 800)), ((1400, 900), (1000, 800)), ((300, 260), (300, 260))]
)
def test_of_a_print_that_is_too_large_for_the_library_the_margin_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], kept: tuple[int, int]
) -> None:
    pixels = np.full(size, 255, np.uint8)
    pixels[size[0] - 200 :, 6:200] = 0  # ink at the bottom left
    stub(tmp_path, monkeypatch, "self.ink = 0")
    given = []
    run = nfiq2.subprocess.run

    def heard(command: list[str], *, input: bytes, **how: object) -> object:  # noqa: A002 - its name there
        given.append(input)
        return run(command, input=input, **how)

    monkeypatch.setattr(nfiq2.subprocess, "run", heard)
    nfiq2.nfiq2(FingerImage(pixels))
    (sent,) = given
    assert nfiq2.HEAD.unpack_from(sent) == (kept[1], kept[0])
    assert sent[nfiq2.HEAD.size :].count(0) == 200 * 194


def test_asking_for_it_without_the_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    card_file, out = tmp_path / "card.an2", tmp_path / "out.an2"
    card_file.write_text("person = 1")
    monkeypatch.setattr(nfiq2, "LIBRARY", "nbis_that_is_not_there")
    booking = ["book", str(card_file), "--person", str(card_file), "--agency", "CO0010000", "-o", str(out), "--nfiq2"]
    for words in (["quality", "any.png", "--nfiq2"], booking):
        with pytest.raises(EngineError, match="NFIQ2_MISSING") as refused:
            CliRunner().invoke(app, words, catch_exceptions=False)
        assert refused.value.hint == "pip install 'tenprint[nfiq2]'"
    assert not out.exists()


def test_each_finger_of_a_plain_set_gets_its_own_measure_and_a_failed_one_says_so() -> None:
    pixels = np.full((300, 600), 255, np.uint8)
    pixels[50:250, 100:260] = 10
    pixels[60:260, 300:470] = 20
    boxes = (
        FingerSegment(FingerPosition.RIGHT_INDEX, 100, 259, 50, 249),
        FingerSegment(FingerPosition.RIGHT_MIDDLE, 300, 469, 60, 259),
    )
    plain = replace(encoded(FINGER, FingerPosition.PLAIN_RIGHT_FOUR), segments=boxes)

    def measure(finger: FingerImage) -> nfiq2.Nfiq2Score:
        if finger.pixels.max() > 10:
            raise EngineError("NFIQ2_FAILED", "no measure")
        return nfiq2.Nfiq2Score(finger.width // 4, {})

    found = nfiq2.measured(plain, lambda _: FingerImage(pixels), measure)
    assert [(int(q.fgp), q.value) for q in found.qualities] == [(2, 40), (3, nfiq2.FAILED)]
    assert nfiq2.measured(encoded(FINGER, FINGER.fgp), lambda _: FINGER, lambda _: nfiq2.Nfiq2Score(7, {})).qualities
    findings = records.validate_itl(records.read(card(found), strict=True))
    assert [f for f in findings if f.field.startswith("14.024")] == []


@pytest.mark.slow
def test_the_real_library_gives_a_score_for_a_print_and_none_for_paper(dry: FingerImage) -> None:
    pytest.importorskip("nbis", reason="the optional package nbis-py is not installed")
    found = nfiq2.nfiq2(dry)
    assert 0 <= found.score <= nfiq2.MAX_SCORE and "FingerprintImageWithMinutiae" in found.reasons
    with pytest.raises(EngineError, match="NFIQ2_FAILED"):
        nfiq2.nfiq2(FINGER)
