"""Error rates of a comparison algorithm, from genuine and impostor scores, with intervals.

A score is higher for more alike; a pair matches when its score is at or above the threshold. FNMR is the share of
genuine pairs that do not match, FMR the share of impostor pairs that do (ISO/IEC 19795-1). The equal error rate is
the midpoint of the tightest bracket of both curves, as in the FVC2000 report (Maio et al., TPAMI 24(3), 2002).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tenprint.core.errors import SenderError

FloatArray = npt.NDArray[np.float64]
Scores = npt.ArrayLike
NORMAL_QUANTILE_95 = 1.959963984540054
BOOTSTRAP_ROUNDS = 1000


@dataclass(frozen=True)
class Interval:
    """A confidence interval of a rate, both ends in 0 to 1."""

    low: float
    high: float


@dataclass(frozen=True)
class EqualErrorRate:
    """The equal error rate and the bracket it is the midpoint of, all in 0 to 1."""

    rate: float
    low: float
    high: float


@dataclass(frozen=True)
class ErrorRates:
    """The figures of one set of comparisons, rates in 0 to 1.

    Args:
        eer: equal error rate.
        fmr100, fmr1000: lowest FNMR at an FMR of at most 1/100, 1/1000.
        zero_fmr: lowest FNMR at which no impostor pair matches.
        genuine, impostor: numbers of pairs.
    """

    eer: float
    fmr100: float
    fmr1000: float
    zero_fmr: float
    genuine: int
    impostor: int


@dataclass(frozen=True)
class ErrorCurve:
    """FNMR and FMR at each threshold that changes one of them, thresholds ascending; shape (n,) each.

    The last threshold is above every score.
    """

    thresholds: FloatArray
    fnmr: FloatArray
    fmr: FloatArray


def error_curve(
    genuine: Scores,
    impostor: Scores,
    *,
    genuine_weights: Scores | None = None,
    impostor_weights: Scores | None = None,
) -> ErrorCurve:
    """Return both error rates over all thresholds.

    Args:
        genuine, impostor: scores, shape (g,) and (i,), finite.
        genuine_weights, impostor_weights: how often each pair counts, not negative; 1 when left out.

    Raises:
        SenderError: ``STATS_SCORES`` when there are no scores, weights are all 0, or a score is not finite.
    """
    good, good_weights = _checked(genuine, genuine_weights, "genuine")
    bad, bad_weights = _checked(impostor, impostor_weights, "impostor")
    values = np.unique(np.concatenate([good, bad]))
    thresholds = np.append(values, np.nextafter(values[-1], np.inf))
    return ErrorCurve(
        thresholds,
        _share_below(good, good_weights, thresholds),
        1.0 - _share_below(bad, bad_weights, thresholds),
    )


def equal_error_rate(curve: ErrorCurve) -> EqualErrorRate:
    """Return the midpoint of the tightest bracket of FNMR and FMR (FVC2000 report, section 3)."""
    left = int(np.flatnonzero(curve.fnmr <= curve.fmr)[-1])
    right = int(np.flatnonzero(curve.fnmr >= curve.fmr)[0])
    if curve.fnmr[left] + curve.fmr[left] <= curve.fnmr[right] + curve.fmr[right]:
        low, high = float(curve.fnmr[left]), float(curve.fmr[left])
    else:
        low, high = float(curve.fmr[right]), float(curve.fnmr[right])
    return EqualErrorRate((low + high) / 2, low, high)


def fnmr_at_fmr(curve: ErrorCurve, fmr: float) -> float:
    """Return the lowest FNMR over thresholds whose FMR is at most `fmr` (0 to 1)."""
    return float(curve.fnmr[_first_allowed(curve, fmr)])


def threshold_at_fmr(curve: ErrorCurve, fmr: float) -> float:
    """Return the lowest threshold whose FMR is at most `fmr` (0 to 1)."""
    return float(curve.thresholds[_first_allowed(curve, fmr)])


def error_rates(genuine: Scores, impostor: Scores) -> ErrorRates:
    """Return the figures of one set of comparisons.

    Args:
        genuine, impostor: scores, shape (g,) and (i,), higher is more alike.

    Raises:
        SenderError: ``STATS_SCORES`` as in `error_curve`.
    """
    curve = error_curve(genuine, impostor)
    return ErrorRates(
        eer=equal_error_rate(curve).rate,
        fmr100=fnmr_at_fmr(curve, 1 / 100),
        fmr1000=fnmr_at_fmr(curve, 1 / 1000),
        zero_fmr=fnmr_at_fmr(curve, 0.0),
        genuine=int(np.size(genuine)),
        impostor=int(np.size(impostor)),
    )


def wilson_interval(errors: int, trials: int, quantile: float = NORMAL_QUANTILE_95) -> Interval:
    """Return the Wilson score interval of `errors` among `trials` independent trials.

    Args:
        errors: 0 to trials.
        trials: at least 1.
        quantile: of the standard normal distribution; 1.96 gives 95 %.

    Raises:
        SenderError: ``STATS_COUNTS`` when the counts are impossible.
    """
    if trials < 1 or not 0 <= errors <= trials:
        raise SenderError("STATS_COUNTS", f"{errors} errors among {trials} trials are impossible")
    share, square = errors / trials, quantile * quantile / trials
    centre = (share + square / 2) / (1 + square)
    half = quantile / (1 + square) * math.sqrt(share * (1 - share) / trials + square / (4 * trials))
    return Interval(
        0.0 if errors == 0 else max(0.0, centre - half),
        1.0 if errors == trials else min(1.0, centre + half),
    )


def bootstrap_eer_over_fingers(
    genuine: Scores,
    genuine_fingers: Sequence[Hashable],
    impostor: Scores,
    impostor_fingers: Sequence[tuple[Hashable, Hashable]],
    *,
    rounds: int = BOOTSTRAP_ROUNDS,
    seed: int = 0,
) -> Interval:
    """Return the 95 % percentile interval of the equal error rate when fingers are drawn anew.

    Pairs of one finger are not independent, so whole fingers are drawn with replacement: a genuine pair then counts
    as often as its finger was drawn, an impostor pair as often as the product of both (Bolle et al., CVIU 93, 2004).
    Rounds that leave no genuine or no impostor pair are drawn again.

    Args:
        genuine, genuine_fingers: score and finger of each genuine pair, length g.
        impostor, impostor_fingers: score and both fingers of each impostor pair, length i.
        rounds: number of draws.
        seed: of the draws; the same seed gives the same interval.

    Raises:
        SenderError: ``STATS_SCORES`` when lengths disagree or fewer than two fingers are given.
    """
    names = sorted({*genuine_fingers, *(f for pair in impostor_fingers for f in pair)}, key=repr)
    place = {name: number for number, name in enumerate(names)}
    own = np.array([place[f] for f in genuine_fingers], dtype=np.int64)
    first = np.array([place[a] for a, _ in impostor_fingers], dtype=np.int64)
    second = np.array([place[b] for _, b in impostor_fingers], dtype=np.int64)
    if len(names) < 2 or own.size != np.size(genuine) or first.size != np.size(impostor):
        raise SenderError("STATS_SCORES", "fingers and scores disagree in length, or there is only one finger")
    generator = np.random.default_rng(seed)
    rates: list[float] = []
    while len(rates) < rounds:
        drawn = np.bincount(generator.integers(0, len(names), len(names)), minlength=len(names))
        good_weights, bad_weights = drawn[own], drawn[first] * drawn[second]
        if good_weights.any() and bad_weights.any():
            curve = error_curve(genuine, impostor, genuine_weights=good_weights, impostor_weights=bad_weights)
            rates.append(equal_error_rate(curve).rate)
    low, high = np.quantile(rates, [0.025, 0.975])
    return Interval(float(low), float(high))


def _checked(scores: Scores, weights: Scores | None, name: str) -> tuple[FloatArray, FloatArray]:
    """Return scores and weights as float columns of one length, or refuse."""
    column = np.asarray(scores, dtype=np.float64).ravel()
    counts = np.ones_like(column) if weights is None else np.asarray(weights, dtype=np.float64).ravel()
    if column.size == 0 or counts.shape != column.shape or not np.isfinite(column).all():
        raise SenderError("STATS_SCORES", f"{name} scores are missing, not finite or differ in number from weights")
    if (counts < 0).any() or counts.sum() == 0:
        raise SenderError("STATS_SCORES", f"{name} weights must be 0 or more and not all 0")
    return column, counts


def _share_below(scores: FloatArray, weights: FloatArray, thresholds: FloatArray) -> FloatArray:
    """Return the weighted share of scores strictly below each threshold, shape of `thresholds`."""
    order = np.argsort(scores, kind="stable")
    total = np.concatenate([[0.0], np.cumsum(weights[order])])
    share: FloatArray = total[np.searchsorted(scores[order], thresholds, side="left")] / total[-1]
    return share


def _first_allowed(curve: ErrorCurve, fmr: float) -> int:
    """Return the index of the first threshold whose FMR is at most `fmr`; a hair of rounding is forgiven."""
    return int(np.flatnonzero(curve.fmr <= fmr + 1e-12)[0])
