"""The accuracy study measures what it says: a perfect matcher has no errors, a blind one errs half the time."""

from pathlib import Path

import pytest

from tenprint.core.errors import SenderError
from tenprint.core.fingers import FingerPosition, Impression
from tenprint.core.template import Template
from tenprint.studies import accuracy
from tenprint.synth.person import make_person
from tenprint.synth.population import truth_templates

FINGERS, IMPRESSIONS = 4, 3


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "invented_set"
    folder.mkdir()
    for finger in range(FINGERS):
        for impression in range(IMPRESSIONS):
            (folder / f"{101 + finger}_{impression + 1}.png").write_bytes(b"")
    (folder / "notes.txt").write_text("not an image")
    return tmp_path


def invented(path: Path) -> Template:
    finger, impression = (int(part) for part in path.stem.split("_"))
    person = make_person(3, 0)
    return truth_templates(person, impression, Impression.LIVESCAN_PLAIN)[FingerPosition(finger - 100)]


def measured(root: Path, matcher: accuracy.Matcher) -> accuracy.SetAccuracy:
    (result,) = accuracy.measure(accuracy.find_sets(root), invented, matcher)
    return result


def test_all_genuine_and_all_impostor_pairs_are_compared(root: Path) -> None:
    result = measured(root, accuracy.Matcher(lambda t: t, lambda a, b: int(a.fgp == b.fgp)))
    assert result.images == FINGERS * IMPRESSIONS
    assert result.rates.genuine == FINGERS * 3
    assert result.rates.impostor == 6 * IMPRESSIONS * IMPRESSIONS


def test_a_matcher_that_knows_the_finger_has_no_errors(root: Path) -> None:
    assert measured(root, accuracy.Matcher(lambda t: int(t.fgp), lambda a, b: int(a == b))).rates.eer == 0


def test_a_matcher_that_knows_nothing_errs_half_the_time(root: Path) -> None:
    assert measured(root, accuracy.Matcher(lambda t: t, lambda a, b: 0)).rates.eer == pytest.approx(0.5)


def test_a_folder_without_sets_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(SenderError) as refused:
        accuracy.find_sets(tmp_path)
    assert refused.value.code == "SAMPLES_MISSING"
    assert "--sets" in refused.value.hint
