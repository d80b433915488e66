"""Tuned numbers of print quality: where a measure becomes a cause to take the print again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class QualityParameters:
    """How prints are measured and graded. Pixels are at 500 ppi.

    Causes were tuned on 20 synthetic people of population 6301, rolled and plain, in six conditions;
    `studies.quality` measures others. The score is the number of usable minutiae and nothing else: on the seven
    development sets neither clarity, area nor dryness foretold genuine scores better once that was known.

    Args:
        ridge_window_px: side of the window in which a ridge and a valley are certainly met.
        rim_blocks: the outline's rim of this width is not judged: it is half paper, and pressure fades there.
        dry_plain, dry_rolled: below this share of dark ink between ridge and valley ridges fall into dots. A plain
            finger is pressed less than a rolled one, so its ridges are thinner.
        wet_plain, wet_rolled: above this share of ink, and
        wet_fill: above this fill of the valleys (0 to 1, from the print's brightest valleys to its ridges) it is wet.
        weak_contrast: a block is weak when its contrast is below this share of the print's middle one.
        patch_blocks: weak places smaller than this many blocks a side are creases and pores, and no smudge.
        uneven_share: above this share of weak places ridges were wiped, or pressed unevenly. Many real prints are.
        least_plain_mm2, least_rolled_mm2: below this area too little of the finger was on the glass.
        thumb_size, little_size: factor on that for these fingers.
        cut_mm, room_mm: print along one edge of the image from this length on was cut off, when the opposite side has
            this much room.
        least_clarity: below this coherence ridges cannot be followed, whatever the reason.
        usable_confidence: from this confidence on, 0 to 1, a minutia counts as usable (the author's 0.6).
        full_minutiae: so many usable ones give the full score; it grows with the square root.
        good_score, usable_score: from here on a print is good, or usable.
    """

    ridge_window_px: int = 13
    rim_blocks: int = 2
    dry_plain: float = 0.275
    dry_rolled: float = 0.295
    wet_plain: float = 0.445
    wet_rolled: float = 0.465
    wet_fill: float = 0.17
    weak_contrast: float = 0.7
    patch_blocks: int = 3
    uneven_share: float = 0.03
    least_plain_mm2: float = 205.0
    least_rolled_mm2: float = 540.0
    thumb_size: float = 1.2
    little_size: float = 0.8
    cut_mm: float = 6.0
    room_mm: float = 2.5
    least_clarity: float = 0.45
    usable_confidence: float = 0.6
    full_minutiae: int = 60
    good_score: int = 65
    usable_score: int = 45


DEFAULT_QUALITY = QualityParameters()
