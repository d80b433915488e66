"""The exhaustive search: exact scores, nobody left out, honest about what was not searched."""

import os
import stat

import numpy as np
import pytest
from test_compare_fingers import another_impression, drawn_finger

from tenprint.core.errors import SenderError
from tenprint.core.fingers import SINGLE_FINGERS, FingerPosition
from tenprint.engine.fusion import compare_people, fused_threshold
from tenprint.engine.gallery import Gallery
from tenprint.engine.gallery.search import most_likely
from tenprint.engine.parameters.comparison import GalleryParameters

THREE = SINGLE_FINGERS[:3]
PEOPLE = 60


@pytest.fixture(scope="module")
def enrolled():
    generator = np.random.default_rng(11)
    return {f"p{n:02}": {position: drawn_finger(generator, count=20) for position in THREE} for n in range(PEOPLE)}


@pytest.fixture(scope="module")
def gallery(enrolled, tmp_path_factory):
    with Gallery(tmp_path_factory.mktemp("search") / "gallery") as opened:
        people = list(enrolled.items())
        opened.enroll_many(people[:45])
        opened.compact()
        opened.enroll_many(people[45:])
        yield opened


def again(person, seed=0):
    generator = np.random.default_rng(seed)
    return {position: another_impression(generator, template) for position, template in person.items()}


@pytest.mark.parametrize("name", ["p00", "p44", "p45", "p59"])
def test_the_mate_is_first_from_segment_and_log_alike(gallery, enrolled, name):
    result = gallery.search(again(enrolled[name]), limit=5)
    assert result.candidates[0].subject_id == name
    assert result.candidates[0].score >= fused_threshold(3)
    assert result.subjects_searched == PEOPLE
    assert result.is_complete


def test_candidates_carry_the_exact_scores_of_the_comparison(gallery, enrolled):
    probe = again(enrolled["p10"])
    for candidate in gallery.search(probe, limit=20).candidates:
        expected = compare_people(probe, enrolled[candidate.subject_id])
        assert (candidate.score, candidate.fingers) == (expected.score, expected.fingers)


def test_with_one_finger_everybody_is_compared_in_full(gallery, enrolled):
    position = THREE[1]
    probe = {position: again(enrolled["p20"])[position]}
    scores = {name: compare_people(probe, person).score for name, person in enrolled.items()}
    expected = sorted((-score, name) for name, score in scores.items() if score)
    found = gallery.search(probe, limit=PEOPLE).candidates
    assert [(-c.score, c.subject_id) for c in found] == expected
    assert [c.rank for c in found] == list(range(1, len(found) + 1))


def test_people_of_equal_score_are_listed_by_identifier_however_they_were_enrolled(enrolled, tmp_path):
    for names in (("zoe", "amy", "mia"), ("mia", "zoe", "amy")):
        with Gallery(tmp_path / names[0]) as gallery:
            gallery.enroll_many((name, enrolled["p07"]) for name in names)
            found = gallery.search(again(enrolled["p07"]), limit=2).candidates
        assert [(c.rank, c.subject_id) for c in found] == [(1, "amy"), (2, "mia")]


def test_small_shards_find_the_same(enrolled, tmp_path):
    probe = again(enrolled["p33"])
    results = []
    for size in (7, 2048):
        rule = GalleryParameters(subjects_per_shard=size, full_share=(1.0,))
        with Gallery(tmp_path / str(size), rule=rule) as gallery:
            gallery.enroll_many(enrolled.items())
            gallery.compact()
            results.append(gallery.search(probe, limit=10))
    assert results[0].candidates == results[1].candidates
    assert (results[0].shards_total, results[1].shards_total) == (9, 1)


def test_a_passed_deadline_gives_a_partial_answer_that_says_so(enrolled, tmp_path):
    ticks = iter(range(1000))
    rule = GalleryParameters(subjects_per_shard=10)
    with Gallery(tmp_path / "gallery", rule=rule, timer=lambda: float(next(ticks))) as gallery:
        gallery.enroll_many(enrolled.items())
        gallery.compact()
        partial = gallery.search(again(enrolled["p00"]), deadline=3.0)
        none = gallery.search(again(enrolled["p00"]), deadline=0.0)
    assert (partial.shards_answered, partial.shards_total, partial.subjects_searched) == (2, 6, 20)
    assert not partial.is_complete
    assert (none.candidates, none.subjects_searched, none.shards_answered) == ((), 0, 0)


def test_a_person_with_one_enrolled_finger_is_found_by_a_whole_hand(enrolled, tmp_path):
    rule = GalleryParameters(full_at_least=1, full_share=(0.02,))
    with Gallery(tmp_path / "gallery", rule=rule) as gallery:
        gallery.enroll_many(enrolled.items())
        gallery.enroll("p05", {THREE[2]: enrolled["p05"][THREE[2]]})
        candidate = gallery.search(again(enrolled["p05"]), limit=1).candidates[0]
    assert candidate.subject_id == "p05"
    assert set(candidate.fingers) == {THREE[2]}


def test_the_deleted_and_the_replaced_are_not_found(enrolled, tmp_path):
    with Gallery(tmp_path / "gallery") as gallery:
        gallery.enroll_many(enrolled.items())
        gallery.compact()
        gallery.delete("p01")
        gallery.enroll("p02", enrolled["p03"])
        result = gallery.search(enrolled["p01"], limit=3)
        assert "p01" not in [c.subject_id for c in result.candidates]
        assert result.subjects_searched == PEOPLE - 1
        assert {c.subject_id for c in gallery.search(enrolled["p03"], limit=2).candidates} == {"p02", "p03"}


def test_an_empty_gallery_answers_completely_with_nobody(tmp_path):
    with Gallery(tmp_path / "gallery") as gallery:
        result = gallery.search({THREE[0]: drawn_finger(np.random.default_rng(0))})
    assert (result.candidates, result.subjects_searched) == ((), 0)
    assert result.is_complete


def test_a_probe_without_common_fingers_is_compared_with_nobody_and_excludes_nobody(gallery):
    result = gallery.search({FingerPosition.LEFT_LITTLE: drawn_finger(np.random.default_rng(0))})
    assert (result.candidates, result.subjects_searched, result.is_complete) == ((), 0, False)
    assert result.subjects_without_common_finger == len(gallery)


def test_only_people_who_share_a_finger_with_the_probe_count_as_searched(tmp_path):
    generator = np.random.default_rng(5)
    drawn = {position: drawn_finger(generator, count=20) for position in THREE}
    with Gallery(tmp_path / "gallery") as gallery:
        gallery.enroll("both", {THREE[0]: drawn[THREE[0]], THREE[1]: drawn[THREE[1]]})
        gallery.enroll("first", {THREE[0]: drawn[THREE[0]]})
        gallery.compact()
        gallery.enroll("third", {THREE[2]: drawn[THREE[2]]})
        gallery.enroll("gone", {THREE[0]: drawn[THREE[0]]})
        gallery.delete("gone")
        counts = [gallery.search({position: drawn[position]}).subjects_searched for position in THREE]
        assert counts == [2, 1, 1]
        assert gallery.search(drawn).subjects_searched == 3


def test_the_files_of_a_gallery_are_for_their_owner_only(tmp_path):
    before = os.umask(0)
    try:
        with Gallery(tmp_path / "gallery") as gallery:
            gallery.enroll("p", {THREE[0]: drawn_finger(np.random.default_rng(0))})
            gallery.compact()
            gallery.enroll("q", {THREE[0]: drawn_finger(np.random.default_rng(1))})
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "gallery").iterdir()}
    assert {"CURRENT", "lock", "segment-1", "log-1"} <= modes.keys()
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize(("probe", "limit", "code"), [({}, 5, "GALLERY_NO_FINGERS"), (None, 0, "GALLERY_LIMIT")])
def test_a_search_for_nothing_is_refused(gallery, enrolled, probe, limit, code):
    with pytest.raises(SenderError, match=code):
        gallery.search(enrolled["p00"] if probe is None else probe, limit=limit)


def test_the_first_look_keeps_every_mate_of_people_with_many_fingers(enrolled, tmp_path):
    """With a share of one in twelve still nobody's mate is lost among three-finger people."""
    rule = GalleryParameters(full_at_least=5, full_share=(0.08,))
    with Gallery(tmp_path / "gallery", rule=rule) as gallery:
        gallery.enroll_many(enrolled.items())
        found = [gallery.search(again(person, 3), limit=1).candidates[0].subject_id for person in enrolled.values()]
    assert found == list(enrolled)


def test_a_small_gallery_is_compared_in_full_up_to_a_fixed_number_of_people():
    likeness = np.random.default_rng(0).random((40, 6))
    assert len(most_likely(likeness, np.ones((40, 6), bool), GalleryParameters(full_at_least=32))) == 32
    assert GalleryParameters().full_at_least >= 20, "as many as a search lists by default"


def test_the_share_compared_in_full_falls_with_common_fingers():
    rule = GalleryParameters(full_at_least=1)
    likeness = np.random.default_rng(0).random((1000, 6))
    for fingers, expected in [(1, 1000), (2, 500), (3, 250), (4, 125), (5, 50), (6, 50)]:
        present = np.zeros((1000, 6), bool)
        present[:, :fingers] = True
        assert len(most_likely(likeness, present, rule)) == expected
    assert len(most_likely(likeness, np.zeros((1000, 6), bool), rule)) == 0
