"""Error rates against hand-counted cases."""

import numpy as np
import pytest

from tenprint.core.errors import SenderError
from tenprint.stats.errors import (
    bootstrap_eer_over_fingers,
    equal_error_rate,
    error_curve,
    error_rates,
    fnmr_at_fmr,
    threshold_at_fmr,
    wilson_interval,
)


def test_separated_scores_have_no_errors():
    rates = error_rates([10, 11, 12], [1, 2, 3])
    assert (rates.eer, rates.fmr100, rates.fmr1000, rates.zero_fmr) == (0, 0, 0, 0)
    assert (rates.genuine, rates.impostor) == (3, 3)


def test_equal_error_rate_is_the_midpoint_of_the_tightest_bracket():
    # At threshold 5: FNMR 1/4 (the 4), FMR 1/3 (the 6). At 6: FNMR 2/4, FMR 1/3. The bracket 1/4..1/3 is tightest.
    found = equal_error_rate(error_curve([4, 5, 8, 9], [1, 2, 6]))
    assert (found.low, found.high) == (pytest.approx(1 / 4), pytest.approx(1 / 3))
    assert found.rate == pytest.approx((1 / 4 + 1 / 3) / 2)


def test_identical_distributions_err_half_of_the_time():
    scores = np.arange(1000)
    assert error_rates(scores, scores).eer == pytest.approx(0.5, abs=0.002)


def test_zero_fmr_counts_genuine_pairs_at_or_below_the_best_impostor():
    rates = error_rates([5, 6, 7, 8], [1, 2, 3, 6])
    assert rates.zero_fmr == 0.5


def test_fnmr_at_fmr_takes_the_lowest_threshold_that_is_allowed():
    curve = error_curve([50, 150, 250], np.arange(200))
    assert fnmr_at_fmr(curve, 0.01) == pytest.approx(2 / 3)
    assert threshold_at_fmr(curve, 0.01) == 198


def test_weights_count_like_repeated_scores():
    weighted = error_curve([4, 5, 8], [1, 6], genuine_weights=[2, 1, 3], impostor_weights=[3, 1])
    repeated = error_curve([4, 4, 5, 8, 8, 8], [1, 1, 1, 6])
    np.testing.assert_allclose(weighted.fnmr, repeated.fnmr)
    np.testing.assert_allclose(weighted.fmr, repeated.fmr)


@pytest.mark.parametrize(
    ("errors", "trials", "low", "high"),
    [(0, 10, 0.0, 0.27753), (1, 10, 0.01788, 0.40415), (10, 10, 0.72247, 1.0), (81, 263, 0.25525, 0.36619)],
)
def test_wilson_interval_agrees_with_published_values(errors, trials, low, high):
    interval = wilson_interval(errors, trials)
    assert (interval.low, interval.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_bootstrap_over_fingers_contains_the_rate_and_repeats_with_its_seed():
    generator = np.random.default_rng(3)
    genuine = generator.normal(3, 1, 100)
    impostor = generator.normal(0, 1, 900)
    own = [number // 10 for number in range(100)]
    pairs = [(number % 10, (number // 10) % 10) for number in range(900)]
    first = bootstrap_eer_over_fingers(genuine, own, impostor, pairs, rounds=100, seed=5)
    assert first == bootstrap_eer_over_fingers(genuine, own, impostor, pairs, rounds=100, seed=5)
    assert first.low <= error_rates(genuine, impostor).eer <= first.high


def test_the_bootstrap_is_that_of_pairs_written_out_as_often_as_their_fingers_are_drawn():
    generator = np.random.default_rng(4)
    fingers = [number // 3 for number in range(18)]
    pairs = [(one, other) for one in range(6) for other in range(6) if one < other] * 3
    genuine, impostor = generator.normal(1.5, 1, 18), generator.normal(0, 1, len(pairs))
    found = bootstrap_eer_over_fingers(genuine, fingers, impostor, pairs, rounds=60, seed=8)
    draws, rates = np.random.default_rng(8), []
    for _ in range(60):
        times = np.bincount(draws.integers(0, 6, 6), minlength=6)
        good = np.repeat(genuine, [times[finger] for finger in fingers])
        bad = np.repeat(impostor, [times[one] * times[other] for one, other in pairs])
        rates.append(error_rates(good, bad).eer)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(rates, [0.025, 0.975])))


@pytest.mark.parametrize(("genuine", "impostor"), [([], [1]), ([1], []), ([float("nan")], [1])])
def test_missing_or_broken_scores_are_refused(genuine, impostor):
    with pytest.raises(SenderError, match="STATS_SCORES"):
        error_rates(genuine, impostor)


def test_impossible_counts_are_refused():
    with pytest.raises(SenderError, match="STATS_COUNTS"):
        wilson_interval(3, 2)
