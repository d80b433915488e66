"""The study of synthetic prints counts what it says: a perfect extractor finds all, a blind one nothing."""

import itertools

import numpy as np
import pytest

from tenprint.core.errors import SenderError
from tenprint.core.fingers import FingerPosition, Impression
from tenprint.core.template import Template, angle_from_radians
from tenprint.stats.shares import bootstrap_share_over_groups
from tenprint.studies import print_sheet, synthesis
from tenprint.synth.cards import render_plain
from tenprint.synth.impression import Rendered
from tenprint.synth.person import make_person
from tenprint.synth.population import truth_templates


def _template(x: list[int], y: list[int], degrees: list[float]) -> Template:
    count = len(x)
    return Template(
        x=np.array(x, np.uint16),
        y=np.array(y, np.uint16),
        angle=angle_from_radians(np.radians(np.array(degrees, dtype=np.float64))),
        kind=np.ones(count, np.uint8),
        quality=np.ones(count, np.uint8),
        width=800,
        height=750,
    )


@pytest.mark.parametrize(
    ("x", "y", "degrees", "found"),
    [
        (100, 100, 0, 1),
        (112, 100, 0, 1),
        (113, 100, 0, 0),
        (109, 109, 0, 0),
        (100, 100, 19.9, 1),
        (100, 100, 20.2, 0),
        (100, 100, 340.2, 1),
        (100, 100, 180, 0),
    ],
)
def test_found_means_within_twelve_pixels_and_twenty_degrees(x: int, y: int, degrees: float, found: int) -> None:
    assert synthesis.pair_up(_template([100], [100], [0]), _template([x], [y], [degrees])) == found


def test_one_extracted_minutia_finds_one_true_one() -> None:
    assert synthesis.pair_up(_template([100, 104], [100, 100], [0, 0]), _template([102], [100], [0])) == 1
    assert synthesis.pair_up(_template([], [], []), _template([102], [100], [0])) == 0


def test_the_pairing_is_as_large_as_the_best_of_all_pairings() -> None:
    rng = np.random.default_rng(5)
    for _ in range(12):
        truth, got = (_template(*rng.integers(0, 22, (2, 4)).tolist(), rng.uniform(0, 30, 4).tolist()) for _ in "ab")
        best = max(
            sum(synthesis.pair_up(_one(truth, i), _one(got, j)) for i, j in enumerate(order))
            for order in itertools.permutations(range(4))
        )
        assert synthesis.pair_up(truth, got) == best


def _one(whole: Template, i: int) -> Template:
    return _template([int(whole.x[i])], [int(whole.y[i])], [float(np.degrees(whole.radians[i]))])


def test_a_template_finds_itself_whole() -> None:
    whole = truth_templates(make_person(3, 0), 1, Impression.LIVESCAN_ROLLED)[FingerPosition.RIGHT_INDEX]
    assert synthesis.pair_up(whole, whole) == len(whole)


def test_a_blind_extractor_finds_nothing_in_any_condition() -> None:
    done: list[int] = []
    figures = synthesis.measure(lambda image: _template([], [], []), 1, plain=True, on_progress=done.append)
    assert done == [1, 2, 3, 4, 5, 6, 7]
    assert [row.condition for row in figures.conditions] == [
        "good", "dry", "wet", "creased", "smudged", "partial", "scarred",
    ]  # fmt: skip
    assert all(row.found == 0 and row.share == 0 and row.truth > 5 and row.prints == 1 for row in figures.conditions)
    assert 0 < figures.again_s < 5


def test_what_a_template_keeps_is_counted_apart_from_what_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthesis, "KEPT", 5)
    truths: list[Template] = []

    def render(*args: object) -> Rendered:
        made = render_plain(*args)
        truths.append(made.truth)
        return made

    monkeypatch.setattr(synthesis, "render_plain", render)
    figures = synthesis.measure(lambda image: truths[-1], 1, plain=True)
    assert all(row.share == 1 and row.precision == 1 for row in figures.conditions)
    assert [round(row.share_kept * row.truth) for row in figures.conditions] == [5] * 7
    assert figures.conditions[-1].lost > 0  # the scar took some


def test_the_surest_minutiae_are_a_prefix() -> None:
    whole = _template([1, 2, 3], [4, 5, 6], [7, 8, 9])
    assert synthesis.surest(whole, 2).x.tolist() == [1, 2]
    assert len(synthesis.surest(whole, 9)) == 3


def test_no_prints_cannot_be_measured_on() -> None:
    with pytest.raises(SenderError, match="SYNTH_PRINTS"):
        synthesis.measure(lambda image: _template([], [], []), 0)


def test_an_interval_over_groups_holds_the_share_and_widens_with_unequal_groups() -> None:
    even = bootstrap_share_over_groups([8] * 20, [10] * 20)
    uneven = bootstrap_share_over_groups([10, 6] * 10, [10] * 20)
    assert even.low == even.high == pytest.approx(0.8)
    assert uneven.low < 0.8 < uneven.high
    for hits, trials in (([], []), ([2], [1]), ([-1], [3]), ([0], [0]), ([1, 1], [2])):
        with pytest.raises(SenderError, match="STATS_COUNTS"):
            bootstrap_share_over_groups(hits, trials)


@pytest.mark.slow
def test_the_contact_sheet_is_a_small_png_of_twenty_four_impressions() -> None:
    steps: list[int] = []
    sheet = print_sheet.make_sheet(steps.append)
    assert sheet.startswith(b"\x89PNG")
    assert len(sheet) < 600_000
    assert steps == list(range(1, 25))
    assert print_sheet.IMPRESSIONS == 24


@pytest.mark.slow
def test_leader_finds_most_minutiae_of_good_prints() -> None:
    good = synthesis.measure(synthesis.extract_all, 1).conditions[0]
    assert good.share > 0.85
    assert good.precision > 0.75
    assert good.share_kept <= good.share
