"""How far two samples' distributions lie apart."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tenprint.core.errors import SenderError

CRITICAL_AT_5_PERCENT = 1.358
"""Asymptotic critical value of the two-sample Kolmogorov-Smirnov test, times ``sqrt((n + m) / (n m))``."""


def kolmogorov_smirnov(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the largest distance between two empirical distribution functions, 0 (alike) to 1 (apart).

    The two-sample statistic of Kolmogorov and Smirnov (Smirnov 1939); ties are taken together.

    Args:
        one, other: finite values, at least one each.

    Raises:
        SenderError: ``STATS_SAMPLE`` when a sample is empty or holds something that is not finite.
    """
    first, second = _sorted(one), _sorted(other)
    places = np.concatenate([first, second])
    below_first = np.searchsorted(first, places, side="right") / first.size
    below_second = np.searchsorted(second, places, side="right") / second.size
    return float(np.abs(below_first - below_second).max())


def distance_by_chance(n: int, m: int) -> float:
    """Return the distance that independent samples of one distribution exceed in 5 of 100 cases, `n` and `m` values.

    Raises:
        SenderError: ``STATS_SAMPLE`` when a sample is empty.
    """
    if min(n, m) < 1:
        raise SenderError("STATS_SAMPLE", "an empty sample has no distribution")
    return min(1.0, CRITICAL_AT_5_PERCENT * math.sqrt((n + m) / (n * m)))


def _sorted(values: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    array = np.sort(np.asarray(values, dtype=np.float64).ravel())
    if not array.size or not np.isfinite(array).all():
        raise SenderError("STATS_SAMPLE", "a sample is empty or holds a value that is not finite")
    return array
