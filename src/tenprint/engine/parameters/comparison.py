"""Every tuned number of the comparison, with its unit. Numba kernels read these as named tuples.

All numbers were chosen on the development sets alone (FVC2000 DB1, DB3, DB4, FVC2002 DB1 to DB4).
"""

from __future__ import annotations

import math
from typing import NamedTuple


class CodeParameters(NamedTuple):
    """The local code of a minutia, after the Minutia Cylinder-Code (Cappelli et al., TPAMI 32(12), 2010)."""

    radius_px: float = 70.0
    cells: int = 51
    directions: int = 5
    position_sigma_px: float = 7.0
    direction_sigma_rad: float = 0.75
    bit_threshold: float = 0.2


class PairingParameters(NamedTuple):
    """From similar local codes to one consistent pairing."""

    min_quality: int = 0  # of 63; minutiae below are left out
    max_minutiae: int = 100  # the surest ones are kept
    min_similarity: float = 0.25  # Dice similarity of two local codes
    rivals: int = 2  # partners per minutia that may become links
    max_links: int = 80
    max_hypotheses: int = 2
    consistent_px: float = 8.0
    consistent_px_per_px: float = 0.10  # growth of the tolerance with the length of an edge
    consistent_cosine: float = math.cos(math.radians(30))  # of the difference of two rotations
    first_px: float = 16.0  # reach of the rigid pairing
    first_rad: float = math.radians(35)
    final_px: float = 11.0  # reach of the warped pairing
    final_rad: float = math.radians(25)
    similarity_weight: float = 1.0  # of code similarity against squared reach, when pairs compete
    warp_reach_px: float = 45.0
    warp_stiffness: float = 0.3  # in pairs at distance 0
    warp_rounds: int = 2
    overlap_margin_px: float = 8.0


class ScoreWeights(NamedTuple):
    """Points per unit of each term; among impostors of the development sets, a point more is about ten times rarer.

    Rounded from a logistic regression (base 10) on the development sets, genuine and impostor pairs weighing the same.
    Its intercept is left out: it would only push weak scores below 0, where they could not be told apart.
    """

    coverage: float = 0.20  # per pair, times the share of the common area's minutiae that are paired
    pairs: float = 0.15
    similarity: float = 0.17  # per unit of Dice similarity, summed over pairs
    distance: float = -0.15  # per squared reach, summed over pairs
    turn: float = -0.70  # per squared reach, summed over pairs
    kind: float = 0.16  # per pair of two endings or two bifurcations
    missed: float = -0.03  # per minutia of the common area without a partner
    base: float = 0.0


class ScreenParameters(NamedTuple):
    """The cheap first look at a gallery."""

    lanes: int = 32  # codes of the probe
    max_codes: int = 96  # codes of an enrolled finger
    min_similarity: float = 0.4  # cosine of two codes below which nothing is added


class GalleryParameters(NamedTuple):
    """How a gallery is searched and when its log is folded into the segment."""

    subjects_per_shard: int = 2048
    full_share: tuple[float, ...] = (1.0, 0.5, 0.25, 0.125, 0.05)  # of subjects, by common fingers 1, 2, 3, 4, 5+
    full_at_least: int = 32  # subjects of a shard that are compared in full whatever the share
    log_subjects: int = 256  # a longer log is folded at the next enrolment, unless the segment is far longer
    log_share: float = 0.05  # of the segment's subjects that may stand in the log


# A finger's score is clipped here before it is added: one very good finger cannot carry nine bad ones.
FUSION_CLIP = 8000  # thousandths of a point

# Fused scores (thousandths of a point) from which people count as alike, for 1 to 10 compared fingers. Estimated by
# adding independent draws from the 20,160 impostor scores of the development sets, their tail above the best percent
# replaced by an exponential, rounded up to a tenth of a point. The fingers of one hand are not independent, so the
# true error rates are higher; one-finger values at 1e-6 lie beyond what so few pairs can show.
FMR_1E4_BY_FINGERS = (3100, 4000, 4800, 5500, 6200, 6800, 7400, 8000, 8500, 9100)
FMR_1E6_BY_FINGERS = (4400, 5500, 6400, 7200, 8000, 8700, 9400, 10100, 10700, 11300)
FMR_1E4 = FMR_1E4_BY_FINGERS[-1]
FMR_1E6 = FMR_1E6_BY_FINGERS[-1]
