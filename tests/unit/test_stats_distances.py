"""The distance of two samples is the largest gap between their distribution functions, and chance has its bound."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenprint.core.errors import SenderError
from tenprint.stats.distances import distance_by_chance, kolmogorov_smirnov

SAMPLES = st.lists(st.integers(0, 8).map(float), min_size=1, max_size=12)


@given(SAMPLES, SAMPLES)
def test_the_distance_is_the_largest_gap_at_any_value(one: list[float], other: list[float]) -> None:
    gaps = [
        abs(sum(v <= place for v in one) / len(one) - sum(v <= place for v in other) / len(other)) for place in range(9)
    ]
    assert kolmogorov_smirnov(one, other) == pytest.approx(max(gaps))
    assert kolmogorov_smirnov(other, one) == kolmogorov_smirnov(one, other)
    assert kolmogorov_smirnov(one, one) == 0


def test_samples_without_overlap_are_wholly_apart() -> None:
    assert kolmogorov_smirnov([1, 2], [3, 4, 5]) == 1


def test_chance_exceeds_its_bound_in_about_five_of_a_hundred_cases() -> None:
    rng = np.random.default_rng(3)
    bound = distance_by_chance(60, 90)
    above = sum(kolmogorov_smirnov(rng.normal(size=60), rng.normal(size=90)) > bound for _ in range(1500))
    assert 0.02 < above / 1500 < 0.07
    assert distance_by_chance(1, 1) == 1


def test_an_empty_sample_or_one_with_a_gap_has_no_distance() -> None:
    for one in ([], [1.0, float("nan")], [float("inf")]):
        with pytest.raises(SenderError, match="STATS_SAMPLE"):
            kolmogorov_smirnov(one, [1.0])
    with pytest.raises(SenderError, match="STATS_SAMPLE"):
        distance_by_chance(0, 5)
