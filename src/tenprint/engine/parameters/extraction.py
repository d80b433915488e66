"""Tuned numbers of extraction: from an image of any resolution to a template."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ExtractionParameters:
    """How an image is cut, read and turned into a template. Pixels are at 500 ppi.

    The foreground numbers were chosen on the seven development sets (FVC2000 DB1, DB3, DB4; FVC2002 DB1 to DB4) so
    that the crop loses next to nothing: 4 of 21,286 minutiae of confidence 0.3 lie outside it, none of 0.6.

    Args:
        min_side_px: a shorter side is refused: 64 px are 3.3 mm, about seven ridges.
        max_area_px: a larger foreground is refused; memory grows by about 1 kB a pixel.
        max_image_px: a larger image is refused before anything is computed.
        block_px: side of the squares that are judged, near one ridge period.
        strength_floor: grey levels a pixel; directed slopes below it are paper, whatever the rest of the image is.
        strength_share: print is above this share of the image's strong slopes. Low, for faint edges hold minutiae.
        strength_percentile: which percentile of the blocks' strengths stands for the image's print.
        least_coherence: 0 to 1; below it slopes have no common direction. Paper's grain has about 0.1, ridges 0.6; 0.4
            already refuses whole prints of the capacitive sensor.
        close_blocks: gaps up to about this many blocks inside a print are filled.
        open_blocks: lines and letters narrower than this many blocks are dropped.
        component_share: a piece smaller than this share of the largest piece is dropped.
        min_foreground_blocks: less print than this is no print.
        margin_px: kept around the foreground's box, for the network looks around. With 16 px 99.2 % and with 32 px
            99.6 % of the whole image's minutiae come back within a pixel; of those of confidence 0.6, all but two of
            18,110 within two pixels.
        grid_px: sides of the network's input are multiples of it: five halvings (LEADER: 32).
        minutia_threshold: least confidence, 0 to 1. The network's author gives 0.6. On the development sets alone the
            mean EER of `engine.compare` was 1.63 % at 0.6, 1.12 % at 0.52, 0.82 % at 0.44, 0.66 % at 0.38 and 0.67 %
            at 0.3 (numbers of the comparison chosen at 0.3); SourceAFIS's matcher gave 1.47 % at 0.6, 0.81 % at 0.3.
            The lower of two equal ones stays: each minutia keeps its quality, so a matcher can still drop it.
        ending_threshold: from this type score on a minutia is a ridge ending, below it a bifurcation.
        peak_window_px: a minutia is the highest confidence in a square of this side (LEADER: 7).
        max_minutiae: only the surest ones are kept, so that a slow or hostile image bounds the cost of comparison.
        full_quality_minutiae: so many minutiae of confidence 1 give an overall quality of 100.
    """

    min_side_px: int = 64
    max_area_px: int = 2_000_000
    max_image_px: int = 20_000_000
    block_px: int = 8
    strength_floor: float = 0.3
    strength_share: float = 0.05
    strength_percentile: float = 90.0
    least_coherence: float = 0.25
    close_blocks: int = 5
    open_blocks: int = 7
    component_share: float = 0.1
    min_foreground_blocks: int = 48
    margin_px: int = 32
    grid_px: int = 32
    minutia_threshold: float = 0.3
    ending_threshold: float = 0.5
    peak_window_px: int = 7
    max_minutiae: int = 100
    full_quality_minutiae: int = 30


DEFAULT_EXTRACTION = ExtractionParameters()
