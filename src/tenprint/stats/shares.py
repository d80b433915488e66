"""Shares of things that come in groups, such as minutiae on prints, with intervals that respect the groups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tenprint.core.errors import SenderError
from tenprint.stats.errors import Interval

BOOTSTRAP_ROUNDS = 1000


def bootstrap_share_over_groups(
    hits: Sequence[int], trials: Sequence[int], *, rounds: int = BOOTSTRAP_ROUNDS, seed: int = 0
) -> Interval:
    """Return the 95 % percentile interval of ``sum(hits) / sum(trials)`` when whole groups are drawn anew.

    Things of one group are not independent, so whole groups are drawn with replacement (a cluster bootstrap).

    Args:
        hits: number of hits in each group, 0 to its trials.
        trials: number of things in each group; at least one group, at least one thing.
        rounds: number of draws.
        seed: of the draws; the same seed gives the same interval.

    Raises:
        SenderError: ``STATS_COUNTS`` when the counts are impossible.
    """
    hit, tried = np.asarray(hits, dtype=np.int64), np.asarray(trials, dtype=np.int64)
    if hit.shape != tried.shape or tried.sum() < 1 or (hit < 0).any() or (hit > tried).any():
        raise SenderError("STATS_COUNTS", "hits and trials of groups disagree, or there are no trials")
    drawn = np.random.default_rng(seed).integers(0, hit.size, (rounds, hit.size))
    total = tried[drawn].sum(axis=1)
    shares = hit[drawn].sum(axis=1)[total > 0] / total[total > 0]
    low, high = np.quantile(shares, [0.025, 0.975])
    return Interval(float(low), float(high))
