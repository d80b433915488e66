"""Print quality: each fault has its name and its advice, and only what another try can mend is asked for again."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from tenprint.core.errors import EngineError
from tenprint.core.fingers import FingerPosition, Impression
from tenprint.core.image import FingerImage
from tenprint.core.template import Template
from tenprint.engine.parameters.quality import DEFAULT_QUALITY
from tenprint.engine.quality import Cause, FingerQuality, Grade, assess, retakes
from tenprint.studies import quality as study
from tenprint.synth.cards import render_plain
from tenprint.synth.conditions import Condition
from tenprint.synth.person import make_person

SIZE = (480, 400)
RING = FingerPosition.RIGHT_RING


def drawn(
    *, ink: float = 0.0, middle: tuple[int, int] = (200, 240), axes: tuple[int, int] = (150, 200), dark: float = 60.0,
    bright: float = 230.0, wiped: bool = False, broken: bool = False,
) -> FingerImage:  # fmt: skip
    """Rings of ridges, nine px apart, in an ellipse on paper; `ink` above 0 makes ridges broad, below 0 thin."""
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    waves = np.cos(2 * np.pi * np.hypot(columns - middle[0], (rows - middle[1]) * 0.8) / 9) + ink
    level = np.clip(0.5 + 1.5 * waves, 0, 1)
    if wiped:
        level = np.where((abs(columns - 230) < 50) & (abs(rows - 200) < 60), 0.35 + 0.15 * level, level)
    if broken:
        grain = cv2.GaussianBlur(np.random.default_rng(5).normal(0, 1, SIZE).astype(np.float32), (0, 0), 1.2)
        level = level * (grain > 0)
    inside = ((columns - middle[0]) / axes[0]) ** 2 + ((rows - middle[1]) / axes[1]) ** 2 < 1
    pixels = np.where(inside, bright + (dark - bright) * level, 240.0)
    pixels = cv2.GaussianBlur(pixels, (0, 0), 0.8) + np.random.default_rng(3).normal(0, 3, SIZE)
    return FingerImage(np.clip(pixels, 0, 255).astype(np.uint8), fgp=RING)


def template(count: int, image: FingerImage) -> Template:
    """Return a template with so many usable minutiae, and ten unsure ones."""
    column = (np.arange(count + 10) % 200 + 60).astype(np.uint16)
    quality = np.r_[np.full(count, 50), np.full(10, 20)].astype(np.uint8)
    kind = np.ones(count + 10, np.uint8)
    return Template(column, column, column, kind, quality, image.width, image.height, image.fgp, image.impression)


def judged(image: FingerImage, minutiae: int = 40) -> FingerQuality:
    return assess(image, template(minutiae, image))


def test_a_good_print_has_no_cause_and_is_kept() -> None:
    found = judged(drawn())
    assert (found.causes, found.grade, found.retake) == ((), Grade.GOOD, False)
    assert found.sentence == "Keep the right ring finger (plain): good."


@pytest.mark.parametrize(
    ("image", "cause", "words"),
    [
        (drawn(ink=-0.5, broken=True), Cause.TOO_DRY, "too dry"),
        (drawn(ink=0.5, bright=200.0), Cause.TOO_WET, "too wet"),
        (drawn(wiped=True), Cause.UNEVEN, "smudged"),
        (drawn(axes=(90, 120)), Cause.TOO_LITTLE, "too little"),
        (drawn(middle=(110, 240)), Cause.CUT_OFF, "cut off"),
        (drawn(middle=(290, 240)), Cause.CUT_OFF, "cut off"),
        (drawn(middle=(200, 150)), Cause.CUT_OFF, "cut off"),
    ],
    ids=["thin broken ridges", "filled valleys", "a wiped place", "small", "left", "right", "top"],
)
def test_a_fault_has_its_name_and_an_advice(image: FingerImage, cause: Cause, words: str) -> None:
    found = judged(image, minutiae=15)
    assert found.causes == (cause,)
    assert found.sentence.startswith("Retake the right ring finger (plain): ")
    assert words in found.sentence and found.sentence.endswith(cause.advice)


def test_a_fault_of_the_skin_asks_for_another_try_only_when_the_print_is_not_good() -> None:
    dry = drawn(ink=-0.5, broken=True)
    assert judged(dry, minutiae=20).retake
    kept = judged(dry, minutiae=40)
    assert not kept.retake and kept.sentence == "Keep the right ring finger (plain): good, though too dry."


def test_a_missing_part_is_asked_for_whatever_the_rest_is_worth() -> None:
    assert judged(drawn(axes=(90, 120)), minutiae=80).retake
    assert judged(drawn(middle=(110, 240)), minutiae=80).retake


def test_a_poor_print_without_a_cause_is_kept_and_says_so() -> None:
    found = judged(drawn(), minutiae=5)
    assert found.grade is Grade.POOR and not found.retake
    assert "No cause was found that another try would mend." in found.sentence


def test_a_print_that_fills_its_frame_from_side_to_side_is_not_cut_off() -> None:
    pixels = drawn().pixels[:, 60:340]
    assert Cause.CUT_OFF not in judged(FingerImage(pixels, fgp=RING)).causes


def test_the_score_grows_with_usable_minutiae_and_with_nothing_else() -> None:
    scores = [judged(drawn(), minutiae=n).score for n in (0, 5, 15, 30, 60, 90)]
    assert scores == [0, 29, 50, 71, 100, 100]
    assert judged(drawn(wiped=True), minutiae=30).score == 71


def test_a_rolled_print_must_show_more_of_the_finger_and_a_thumb_more_than_a_little_finger() -> None:
    rolled = FingerImage(drawn().pixels, fgp=RING, impression=Impression.LIVESCAN_ROLLED)
    assert judged(rolled).causes == (Cause.TOO_LITTLE,)
    pixels = drawn(axes=(125, 170)).pixels
    named = {fgp: judged(FingerImage(pixels, fgp=fgp)).causes for fgp in (FingerPosition.LEFT_THUMB, RING)}
    assert named == {FingerPosition.LEFT_THUMB: (Cause.TOO_LITTLE,), RING: ()}
    smaller = drawn(axes=(110, 150)).pixels
    named = {fgp: judged(FingerImage(smaller, fgp=fgp)).causes for fgp in (RING, FingerPosition.LEFT_LITTLE)}
    assert named == {RING: (Cause.TOO_LITTLE,), FingerPosition.LEFT_LITTLE: ()}


def test_resolution_does_not_change_what_is_measured() -> None:
    fine = FingerImage(cv2.resize(drawn().pixels, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), 1000, RING)
    one, other = judged(drawn()).measures, judged(fine).measures
    assert one.area_mm2 == pytest.approx(other.area_mm2, rel=0.05)
    assert one.ink_share == pytest.approx(other.ink_share, abs=0.03)


def test_retakes_come_with_the_greatest_gain_first() -> None:
    small = drawn(axes=(90, 120)).pixels
    prints = [
        assess(image := FingerImage(small, fgp=FingerPosition(fgp)), template(minutiae, image))
        for fgp, minutiae in ((1, 30), (5, 10), (2, 10), (3, 50), (4, 20))
    ]
    kept = judged(drawn())
    assert [int(one.fgp) for one in retakes([kept, *prints])] == [2, 5, 4, 1, 3]


def test_paper_without_a_print_is_refused() -> None:
    image = FingerImage(np.full(SIZE, 240, np.uint8))
    with pytest.raises(EngineError, match="EXTRACT_NO_FOREGROUND"):
        assess(image, template(0, image))


def test_a_synthetic_finger_that_was_tuned_on_is_called_what_it_is_in_every_condition() -> None:
    person = make_person(6301, 1)
    called = {}
    for condition in (Condition.GOOD, *study.EXPECTED):
        made = render_plain(person, study.OCCASION, RING, condition)
        called[condition] = assess(made.image, made.truth).causes
    assert called.pop(Condition.GOOD) == ()
    assert all(study.EXPECTED[condition] in causes for condition, causes in called.items()), called


def test_rank_correlation_knows_ties_and_what_does_not_vary() -> None:
    assert study.spearman([1, 2, 3, 4], [10, 20, 30, 40]) == pytest.approx(1)
    assert study.spearman([1, 2, 3, 4], [4, 3, 2, 1]) == pytest.approx(-1)
    assert study.spearman([1, 1, 2, 2], [1, 1, 2, 2]) == pytest.approx(1)
    assert study.spearman([1, 1, 1], [1, 2, 3]) == 0


def test_leaving_out_the_worst_prints_lowers_the_error_rate_only_of_a_measure_that_knows() -> None:
    prints: list[tuple[str, object]] = [(str(n // 4), n) for n in range(40)]
    bad = {3, 7, 11, 15}
    known = [0.0 if n in bad else 1.0 for n in range(40)]

    def score(one: int, other: int) -> int:
        return 100 if one // 4 == other // 4 and not {one, other} & bad else 0

    figures = study.ranked("set", prints, {"knows": known, "does not": known[::-1]}, study.Matcher(int, score))
    knows, other = figures
    assert knows.eer[1] == 0 < knows.eer[0] and other.eer[1] > 0
    assert knows.correlation == pytest.approx(1)


def test_the_guide_names_every_cause_with_its_advice_and_its_python_runs() -> None:
    guide = (Path(__file__).resolve().parents[2] / "docs" / "guide" / "quality.md").read_text()
    for cause in Cause:
        assert re.search(rf"^\| `{cause}` \| .* \| {re.escape(cause.advice)} \|$", guide, re.MULTILINE), cause
    assert f"the share of {DEFAULT_QUALITY.full_minutiae} usable minutiae" in guide
    assert f"From {DEFAULT_QUALITY.good_score} a print" in guide
    exec(compile(guide.split("```python\n")[1].split("```")[0], "quality.md", "exec"), {})
