"""How well a finger was captured, and what to do about it: measures of the print, named causes, an advice each.

It judges prints, never persons: a dry or worn finger is no fault of whoever has it. What cannot be mended by taking the
print again (few minutiae, creases) gives no cause to do so. NFIQ 2 is another measure (`records.images.nfiq2`); this
one needs nothing but the image and its template, takes some hundredths of a second and says why.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
import numpy.typing as npt

from tenprint.core.fingers import FingerPosition, Impression
from tenprint.core.image import ENGINE_PPI, FingerImage
from tenprint.core.template import SUREST, Template
from tenprint.engine import imaging
from tenprint.engine.parameters.extraction import DEFAULT_EXTRACTION, ExtractionParameters
from tenprint.engine.parameters.quality import DEFAULT_QUALITY, QualityParameters

MM_PER_PX = 25.4 / ENGINE_PPI
SMOOTH_PX = 1.0
BRIGHTEST_PERCENTILE = 98

Values = npt.NDArray[np.float32]


class Cause(StrEnum):
    """Why a print should be taken again, in the order in which an operator should mend them."""

    CUT_OFF = "cut_off"
    TOO_LITTLE = "too_little"
    UNEVEN = "uneven"
    TOO_DRY = "too_dry"
    TOO_WET = "too_wet"
    UNCLEAR = "unclear"

    @property
    def words(self) -> str:
        """Return the cause as a person says it: ``too dry``."""
        return _WORDS[self]

    @property
    def advice(self) -> str:
        """Return what to do, one sentence."""
        return _ADVICE[self]


_WORDS = {
    Cause.CUT_OFF: "cut off at one side",
    Cause.TOO_LITTLE: "too little of the finger",
    Cause.UNEVEN: "faint or smudged in places",
    Cause.TOO_DRY: "too dry",
    Cause.TOO_WET: "too wet or too much pressure",
    Cause.UNCLEAR: "ridges cannot be followed",
}
_ADVICE = {
    Cause.CUT_OFF: "Put the finger in the middle of the glass.",
    Cause.TOO_LITTLE: "Lay the whole pad of the finger down, up to the joint.",
    Cause.UNEVEN: "Clean finger and glass, press evenly and hold the finger still.",
    Cause.TOO_DRY: "Moisten the finger a little, then press more firmly.",
    Cause.TOO_WET: "Dry the finger and the glass, then press less.",
    Cause.UNCLEAR: "Clean finger and glass, then take it again with even pressure.",
}


MISSING_PART = frozenset({Cause.CUT_OFF, Cause.TOO_LITTLE})
"""Causes that no number of minutiae makes up for: the other part of the finger may be the one that is compared."""


class Grade(StrEnum):
    """How good a print is for comparison."""

    GOOD = "good"
    USABLE = "usable"
    POOR = "poor"


@dataclass(frozen=True)
class Measures:
    """What was measured on one print.

    Args:
        area_mm2: print.
        ink_share: dark part between the middle of ridges and the middle of valleys, 0 to 1: low is dry, high is wet.
        fill: how far valleys are darkened, from the print's brightest ones (0) to its ridges (1).
        contrast: mean grey levels between ridge and valley.
        weak_share: part of the print whose contrast is well below its own middle one, 0 to 1.
        clarity: mean coherence of the ridges' direction, 0 to 1.
        minutiae: usable ones.
        cut_mm: length of print along an edge of the image, when there is room at the opposite one; else 0.
        off_centre_mm: from the image's middle to the print's.
    """

    area_mm2: float
    ink_share: float
    fill: float
    contrast: float
    weak_share: float
    clarity: float
    minutiae: int
    cut_mm: float
    off_centre_mm: float


@dataclass(frozen=True)
class FingerQuality:
    """The quality of one print.

    Args:
        fgp, impression: whose, and how it was taken.
        score: 0 to 100, higher is better for comparison. grade: the score in words.
        causes: what is wrong with it that taking it again could mend.
        measures: what was measured.
    """

    fgp: FingerPosition
    impression: Impression
    score: int
    grade: Grade
    causes: tuple[Cause, ...]
    measures: Measures

    @property
    def retake(self) -> bool:
        """Tell whether it should be taken again.

        A part that is missing can only be had again; a fault of skin or contact counts when the print is not good.
        """
        return any(cause in MISSING_PART or self.grade is not Grade.GOOD for cause in self.causes)

    @property
    def sentence(self) -> str:
        """Return what to do: ``Retake the right ring finger (rolled): too dry. ...``, or that it can be kept."""
        finger = f"{_spoken(self.fgp)} ({'rolled' if self.impression.is_rolled else 'plain'})"
        words = ", ".join(cause.words for cause in self.causes)
        if self.retake:
            advice = " ".join(cause.advice for cause in self.causes[:2])
            return f"Retake the {finger}: {words}. {advice}"
        if words:
            return f"Keep the {finger}: {self.grade}, though {words}."
        worn = "" if self.grade is Grade.GOOD else " No cause was found that another try would mend."
        return f"Keep the {finger}: {self.grade}.{worn}"


def assess(
    image: FingerImage,
    template: Template,
    *,
    parameters: QualityParameters = DEFAULT_QUALITY,
    extraction: ExtractionParameters = DEFAULT_EXTRACTION,
) -> FingerQuality:
    """Return the quality of one finger's print. `template` is what extraction gave of `image`.

    Raises:
        EngineError: as extraction, for images that extraction refuses.
    """
    measures = _measured(image, template, parameters, extraction)
    causes = tuple(_causes(measures, image.fgp, image.impression, parameters))
    score = _score(measures, parameters)
    grade = (
        Grade.GOOD if score >= parameters.good_score
        else Grade.USABLE if score >= parameters.usable_score
        else Grade.POOR
    )  # fmt: skip
    return FingerQuality(image.fgp, image.impression, score, grade, causes, measures)


def retakes(fingers: Iterable[FingerQuality]) -> tuple[FingerQuality, ...]:
    """Return the prints of a card that should be taken again, the one that gains most first.

    The gain is what is missing to a full score; where it is equal, the finger that usually shows more comes first:
    index, thumb, middle, ring, little.
    """
    again = (finger for finger in fingers if finger.retake)
    return tuple(sorted(again, key=lambda finger: (finger.score, _rank(finger.fgp))))


def _measured(
    image: FingerImage, template: Template, parameters: QualityParameters, extraction: ExtractionParameters
) -> Measures:
    pixels = imaging.at_engine_resolution(image, extraction)
    blocks = imaging.foreground(pixels, extraction)
    imaging.crop_box(blocks, pixels, extraction)  # refuses what shows no print
    judged = _without_rim(blocks, parameters.rim_blocks)
    coherence = imaging.ridge_flow(pixels, extraction.block_px)[1]
    smooth = cv2.GaussianBlur(pixels.astype(np.float32), (0, 0), SMOOTH_PX)
    ridge, valley = _ridge_and_valley(smooth, parameters.ridge_window_px)
    contrast = imaging.block_means(valley - ridge, extraction.block_px)
    valleys, ridges = (imaging.block_means(level, extraction.block_px)[judged] for level in (valley, ridge))
    bright = float(np.percentile(valleys, BRIGHTEST_PERCENTILE))
    ink = imaging.block_means((smooth < (ridge + valley) / 2).astype(np.float32), extraction.block_px)
    weak = judged & (contrast < parameters.weak_contrast * float(np.median(contrast[judged])))
    patch = np.ones((parameters.patch_blocks, parameters.patch_blocks), np.uint8)
    wiped = cv2.morphologyEx(weak.astype(np.uint8), cv2.MORPH_OPEN, patch)
    block_mm = extraction.block_px * MM_PER_PX
    rows, columns = np.nonzero(blocks)
    middle = (blocks.shape[1] / 2 - columns.mean() - 0.5, blocks.shape[0] / 2 - rows.mean() - 0.5)
    return Measures(
        area_mm2=float(np.count_nonzero(blocks)) * block_mm**2,
        ink_share=float(ink[judged].mean()),
        fill=float((bright - valleys.mean()) / max(1.0, bright - float(ridges.mean()))),
        contrast=float(contrast[judged].mean()),
        weak_share=float(np.count_nonzero(wiped) / np.count_nonzero(judged)),
        clarity=float(coherence[judged].mean()),
        minutiae=int((template.quality >= parameters.usable_confidence * SUREST).sum()),
        cut_mm=_cut_blocks(blocks, round(parameters.room_mm / block_mm)) * block_mm,
        off_centre_mm=float(np.hypot(*middle)) * block_mm,
    )


def _cut_blocks(blocks: imaging.Blocks, room: int) -> int:
    """Return how many blocks of print touch the left, right or upper edge while the opposite one is free.

    A print that fills its frame on both sides cannot be moved, and the lower end of a finger goes on to the joint.
    """
    across = (blocks, blocks[:, ::-1], blocks.T)
    touching = [int(np.count_nonzero(side[:, 0])) for side in across if not side[:, -room:].any()]
    return max(touching, default=0)


def _without_rim(blocks: imaging.Blocks, width: int) -> imaging.Blocks:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 1, 2 * width + 1))
    inner = np.asarray(cv2.erode(blocks.astype(np.uint8), kernel, borderValue=0), dtype=np.bool_)
    return inner if inner.any() else blocks


def _ridge_and_valley(smooth: Values, window_px: int) -> tuple[Values, Values]:
    """Return how dark ridges and how bright valleys are around each pixel."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (window_px, window_px))
    ridge, valley = cv2.erode(smooth, kernel), cv2.dilate(smooth, kernel)
    size = (window_px, window_px)
    return np.asarray(cv2.blur(ridge, size), np.float32), np.asarray(cv2.blur(valley, size), np.float32)


def _causes(
    measures: Measures, fgp: FingerPosition, impression: Impression, parameters: QualityParameters
) -> Iterable[Cause]:
    rolled = impression.is_rolled
    least_mm2 = parameters.least_rolled_mm2 if rolled else parameters.least_plain_mm2
    if measures.cut_mm >= parameters.cut_mm:
        yield Cause.CUT_OFF
    if measures.area_mm2 < least_mm2 * _size(fgp, parameters):
        yield Cause.TOO_LITTLE
    is_dark = measures.ink_share > (parameters.wet_rolled if rolled else parameters.wet_plain)
    is_wet = is_dark and measures.fill > parameters.wet_fill
    is_dry = measures.ink_share < (parameters.dry_rolled if rolled else parameters.dry_plain)
    if measures.weak_share > parameters.uneven_share and not is_wet:
        yield Cause.UNEVEN
    if is_dry:
        yield Cause.TOO_DRY
    if is_wet:
        yield Cause.TOO_WET
    if measures.clarity < parameters.least_clarity and not is_dry:
        yield Cause.UNCLEAR


def _size(fgp: FingerPosition, parameters: QualityParameters) -> float:
    if fgp in (FingerPosition.RIGHT_THUMB, FingerPosition.LEFT_THUMB):
        return parameters.thumb_size
    return parameters.little_size if fgp in (FingerPosition.RIGHT_LITTLE, FingerPosition.LEFT_LITTLE) else 1.0


def _score(measures: Measures, parameters: QualityParameters) -> int:
    return round(100 * math.sqrt(min(1.0, measures.minutiae / parameters.full_minutiae)))


def _rank(fgp: FingerPosition) -> int:
    """Return the order of fingers of equal gain: index, thumb, middle, ring, little."""
    return (2, 1, 3, 4, 5).index((int(fgp) - 1) % 5 + 1) if 1 <= fgp <= 10 else 5


def _spoken(fgp: FingerPosition) -> str:
    if fgp is FingerPosition.UNKNOWN:
        return "finger"
    return fgp.title if "thumb" in fgp.title else f"{fgp.title} finger"
