"""The cheap first look at a whole gallery: how well a probe's surest local codes occur in each enrolled finger.

No geometry: every code of the probe takes its most similar code of the enrolled finger. The loop over the probe's
codes is innermost and has a fixed length, so that it runs in vector registers. The similarity is the cosine of both
codes as 0/1 vectors, because its part that belongs to the enrolled code can be kept outside that loop.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tenprint.engine.compare._jit import count_ones, kernel
from tenprint.engine.parameters.comparison import ScreenParameters


@kernel
def screen_finger(  # noqa: PLR0917
    lanes: npt.NDArray[np.uint64],
    lane_scale: npt.NDArray[np.float64],
    codes: npt.NDArray[np.uint64],
    starts: npt.NDArray[np.int64],
    rule: ScreenParameters,
    likeness: npt.NDArray[np.float64],
) -> None:
    """Fill `likeness` (subjects,) for one finger position; 0 where the finger is missing.

    Args:
        lanes: codes of the probe, shape (4, lanes), unused lanes 0.
        lane_scale: one over the root of each lane's number of ones, 0 for unused lanes, shape (lanes,).
        codes: enrolled codes of this position, all subjects one after the other, surest first, shape (m, 4).
        starts: first code of each subject and the end of the last, shape (subjects + 1,).
    """
    best = np.empty(lanes.shape[1])
    word_0, word_1, word_2, word_3 = lanes[0], lanes[1], lanes[2], lanes[3]
    for subject in range(likeness.shape[0]):
        first = starts[subject]
        last = min(starts[subject + 1], first + rule.max_codes)
        best[:] = 0.0
        for j in range(first, last):
            a, b, c, d = codes[j, 0], codes[j, 1], codes[j, 2], codes[j, 3]
            scale = 1.0 / math.sqrt(
                1.0 + float(np.int64(count_ones(a) + count_ones(b) + count_ones(c) + count_ones(d)))
            )
            for lane in range(lanes.shape[1]):
                common = (
                    count_ones(word_0[lane] & a)
                    + count_ones(word_1[lane] & b)
                    + count_ones(word_2[lane] & c)
                    + count_ones(word_3[lane] & d)
                )
                value = float(np.int64(common)) * scale
                best[lane] = max(best[lane], value)
        total = 0.0
        for lane in range(lanes.shape[1]):
            above = best[lane] * lane_scale[lane] - rule.min_similarity
            if above > 0:
                total += above**2
        likeness[subject] = total


def probe_lanes(
    codes: npt.NDArray[np.uint64], rule: ScreenParameters
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.float64]]:
    """Return a probe's surest codes as (4, lanes) and their scale (lanes,), as `screen_finger` reads them."""
    chosen = codes[: rule.lanes]
    lanes = np.zeros((codes.shape[1], rule.lanes), np.uint64)
    lanes[:, : len(chosen)] = chosen.T
    ones = np.bitwise_count(chosen).sum(axis=1)
    scale = np.zeros(rule.lanes)
    scale[: len(chosen)] = 1.0 / np.sqrt(1.0 + ones)
    return lanes, scale
