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

    min_similarity: float = 0.3
    rivals: int = 3
    max_candidates: int = 80
    max_hypotheses: int = 4
    consistent_px: float = 8.0
    consistent_px_per_px: float = 0.10
    consistent_rad: float = math.radians(30)
    first_px: float = 16.0
    first_rad: float = math.radians(35)
    final_px: float = 10.0
    final_rad: float = math.radians(25)
    similarity_weight: float = 1.0
    warp_reach_px: float = 60.0
    warp_stiffness: float = 0.3
    edge_reach_px: float = 80.0
    edge_px: float = 5.0
    overlap_margin_px: float = 8.0
