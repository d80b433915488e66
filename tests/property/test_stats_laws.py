"""Laws that error rates obey for any scores."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tenprint.stats.errors import equal_error_rate, error_curve, error_rates, wilson_interval

SCORES = st.lists(st.integers(-50, 50), min_size=1, max_size=40)


@given(SCORES, SCORES)
def test_error_rates_do_not_depend_on_a_rising_change_of_scale(genuine, impostor):
    def stretched(scores):
        return [score * 3 + 7 for score in scores]

    assert error_rates(genuine, impostor) == error_rates(stretched(genuine), stretched(impostor))


@given(SCORES, SCORES)
def test_curves_are_monotone_and_the_bracket_holds_the_rate(genuine, impostor):
    curve = error_curve(genuine, impostor)
    assert (np.diff(curve.fnmr) >= 0).all()
    assert (np.diff(curve.fmr) <= 0).all()
    found = equal_error_rate(curve)
    assert found.low <= found.rate <= found.high


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_wilson_interval_holds_the_observed_share(counts):
    errors, trials = counts
    interval = wilson_interval(errors, trials)
    assert 0 <= interval.low <= errors / trials <= interval.high <= 1
